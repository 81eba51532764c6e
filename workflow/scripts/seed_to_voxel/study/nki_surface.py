"""What is known of nilearn's NKI runs on the surface before anything is fetched: participants, names, atlas.

nilearn 0.14.1 has this in the code of its fetchers, which would have to be imported; the tests hold it against them.
"""

from ..base.errors import InputError
from ..base.hints import meant

KIND = "nki_surface"
"""The dataset's name in the config, and of its folder."""

T_R = 0.645
"""Repetition time, seconds; nilearn's description of the dataset says it, the files do not."""

ATLAS = "destrieux"
"""What a table of seeds calls the atlas that comes with the dataset."""

LISTED = """
A00028185 A00033747 A00035072 A00035827 A00035840 A00037112 A00037511 A00038998 A00039391 A00039431
A00039488 A00040524 A00040623 A00040944 A00043299 A00043520 A00043677 A00043722 A00045589 A00050998
A00051063 A00051064 A00051456 A00051457 A00051477 A00051513 A00051514 A00051517 A00051528 A00051529
A00051539 A00051604 A00051638 A00051658 A00051676 A00051678 A00051679 A00051726 A00051774 A00051796
A00051835 A00051882 A00051925 A00051927 A00052070 A00052117 A00052118 A00052126 A00052180 A00052197
A00052214 A00052234 A00052307 A00052319 A00052499 A00052502 A00052577 A00052612 A00052639 A00053202
A00053369 A00053456 A00053474 A00053546 A00053576 A00053577 A00053578 A00053625 A00053626 A00053627
A00053874 A00053901 A00053927 A00053949 A00054038 A00054153 A00054173 A00054358 A00054482 A00054532
A00054533 A00054534 A00054621 A00054895 A00054897 A00054913 A00054929 A00055061 A00055215 A00055352
A00055353 A00055542 A00055738 A00055763 A00055806 A00056097 A00056098 A00056164 A00056372 A00056452
A00056489 A00056949
"""
PARTICIPANTS = tuple(LISTED.split())
"""Labels in nilearn's order, which the addresses of the files follow."""


def stem(subject: str, inputs: str) -> str:
    """Path of a participant's files up to the hemisphere; `subject` may be a wildcard."""
    return f"{inputs}/{KIND}/sub-{subject}/func/sub-{subject}_task-rest"


def bold(subject: str, inputs: str, hemisphere: str) -> str:
    """Path of the image of one hemisphere, ``L`` or ``R``."""
    return f"{stem(subject, inputs)}_hemi-{hemisphere}_space-fsaverage5_desc-fwhm6_bold.func.gii"


def atlas_files(inputs: str) -> tuple[str, str]:
    """Paths of the Destrieux atlas, the left hemisphere first; in FreeSurfer's names."""
    left, right = (f"{inputs}/{KIND}/atlas/{side}h.aparc.a2009s.annot" for side in "lr")
    return left, right


def check_participant(participant: str) -> str:
    """Return a participant's label without ``sub-``.

    Raises
    ------
    InputError
        When the dataset has none of that label.
    """
    label = participant.removeprefix("sub-")
    if label not in PARTICIPANTS:
        hint = meant(label, PARTICIPANTS)
        raise InputError(
            f"participant {participant!r} is not in {KIND}, which has {len(PARTICIPANTS)} participants, "
            f"{PARTICIPANTS[0]} to {PARTICIPANTS[-1]}{f'; {hint}' if hint else '.'} Correct the list "
            "dataset.nki_surface.participants in the config."
        )
    return label

"""nilearn's NKI runs on the cortical surface and the Destrieux atlas: their addresses, names and receipts.

Addresses and names are those of ``fetch_surf_nki_enhanced`` and ``fetch_atlas_surf_destrieux`` of nilearn 0.14.1, so
that its folder and ours are interchangeable.
"""

import os
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from ..study.nki_surface import PARTICIPANTS, check_participant
from .download import Source, checked_url, obtain
from .records import Held

BASE_URL = "https://www.nitrc.org/frs/download.php"
FIRST_NUMBER = 8260
"""Number of the first participant's left hemisphere on the host; the right one is next, and so on."""

SIDES = {"bold": ("lh", "left", 0), "bold_right": ("rh", "right", 1)}
"""Of each file of a participant: the hemisphere on the host and in nilearn's folder, and its place in the numbers."""

ATLAS_NUMBERS = {"left": ("lh", 9343), "right": ("rh", 9342)}
# Where nilearn puts the files below the folder its users name.
SUBFOLDERS = ("", "nki_enhanced_surface")
ATLAS_SUBFOLDERS = ("", "destrieux_surface")


def sources(participant: str, base_url: str = BASE_URL) -> list[Source]:
    """List the two files of one participant.

    Parameters
    ----------
    participant : str
        Such as ``A00028185``; ``sub-`` may stand before it.
    base_url : str
        What stands before the files' numbers, with or without a slash at its end.

    Returns
    -------
    list of Source
        ``bold``, the left hemisphere, and ``bold_right``, as served.

    Raises
    ------
    InputError
        When the participant is not in the dataset, or the base URL is no HTTP address.
    """
    base_url, label = checked_url(base_url), check_participant(participant)
    first = FIRST_NUMBER + 2 * PARTICIPANTS.index(label)
    return [
        Source(
            kind,
            f"{label}/{label}_{side}_preprocessed_fwhm6.gii",
            f"{base_url}/{first + place}/{label}_{short}_preprocessed_fsaverage5_fwhm6.gii",
        )
        for kind, (short, side, place) in SIDES.items()
    ]


def atlas_sources(base_url: str = BASE_URL) -> list[Source]:
    """List the annotations of the atlas, ``left`` and ``right``; parameters and errors as in `sources`."""
    base_url = checked_url(base_url)
    return [
        Source(side, f"{side}.aparc.a2009s.annot", f"{base_url}/{number}/{short}.aparc.a2009s.annot")
        for side, (short, number) in ATLAS_NUMBERS.items()
    ]


def fetch(
    participant: str | None, data_dir: str | PathLike[str], base_url: str = BASE_URL, retries: int = 5
) -> dict[str, Held]:
    """Make sure that the files of one participant, or of the atlas, are on disk and are what they were.

    Parameters
    ----------
    participant : str or None
        None for the atlas.
    data_dir : str or path-like
        Where the files are kept; made if need be. nilearn's own folder will do.
    base_url : str
        What stands before the files' numbers.
    retries : int
        Further attempts after the first that failed, per file.

    Returns
    -------
    dict of str to Held
        ``bold`` and ``bold_right``, or ``left`` and ``right``.

    Raises
    ------
    InputError
        Unknown participant, unusable folder, a file that has changed, or a host that does not deliver.
    """
    folder = Path(os.path.abspath(Path(data_dir).expanduser()))
    wanted = atlas_sources(base_url) if participant is None else sources(participant, base_url)
    below: Sequence[str] = ATLAS_SUBFOLDERS if participant is None else SUBFOLDERS
    return {source.kind: obtain(source, folder, below, retries) for source in wanted}

"""Names of runs and of everything derived from them, in the style of BIDS derivatives."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..base.errors import InputError

ENTITIES = {
    "subject": "sub",
    "session": "ses",
    "task": "task",
    "acquisition": "acq",
    "ceagent": "ce",
    "reconstruction": "rec",
    "direction": "dir",
    "run": "run",
    "echo": "echo",
    "part": "part",
    "space": "space",
    "cohort": "cohort",
    "resolution": "res",
    "density": "den",
}
"""Entities that tell runs apart, in the order they take in a file name, with their BIDS keys."""

CIFTI = ".dtseries.nii"
GIFTI = ".func.gii"
"""Endings of runs on the cortical surface."""

REQUIRED = ("subject", "task", "space")

OPTIONAL = tuple(entity for entity in ENTITIES if entity not in REQUIRED)

MAX_LABEL = 60
MAX_STEM = 130
"""Characters; a disk's names have 255, and a map's name has a seed's label and 60 characters besides."""

LABEL = re.compile(r"[a-zA-Z0-9]+")

RUN_PATTERN = r"sub-[a-zA-Z0-9]+/(?:ses-[a-zA-Z0-9]+/)?func/sub-[a-zA-Z0-9]+" + "".join(
    rf"_{key}-[a-zA-Z0-9]+" if entity in REQUIRED else rf"(?:_{key}-[a-zA-Z0-9]+)?"
    for entity, key in ENTITIES.items()
    if entity != "subject"
)
"""Regular expression of what `Run.path` gives, the constraint of the workflow's ``run`` wildcard."""


SURFACES = ("fsaverage", "fsLR")
"""How the labels of spaces begin that are surfaces, whose vertices have MNI coordinates."""

MNI = "MNI"
"""How the labels of spaces begin that share MNI coordinates, to within a few millimetres."""


def in_mni(space: str) -> bool:
    """Whether a space has MNI coordinates."""
    return space.startswith(MNI)


def on_surface(space: str) -> bool:
    """Whether a space is one of the cortical surface."""
    return space.startswith(SURFACES)


def parse_name(name: str) -> tuple[dict[str, str], str, str] | None:
    """Take a BIDS file name apart.

    Parameters
    ----------
    name : str
        File name without its folder: ``sub-01_task-rest_desc-preproc_bold.nii.gz``.

    Returns
    -------
    entities : dict of str to str
        Labels by BIDS key, in the order of the name.
    suffix : str
        What stands after the last ``_``, without the ending: ``bold``.
    ending : str
        From the first full stop on: ``.nii.gz``.

    None is returned in place of all three for a name that is not of this form.
    """
    stem, dot, ending = name.partition(".")
    *pairs, suffix = stem.split("_")
    entities = {}
    for pair in pairs:
        key, dash, label = pair.partition("-")
        if not (dash and LABEL.fullmatch(label)) or key in entities:
            return None
        entities[key] = label
    return entities, suffix, dot + ending


def check_label(value: str, where: str) -> str:
    """Return an entity's label, or refuse it.

    Parameters
    ----------
    value : str
        The label, for instance ``PCC``.
    where : str
        File, row and column it came from, for the message.

    Raises
    ------
    InputError
        If it is long, or has other characters than letters and digits, which would make file names ambiguous.
    """
    if len(value) > MAX_LABEL:
        raise InputError(f"{where}: a label of {len(value)} characters; expected at most {MAX_LABEL}: {value[:20]}...")
    if not LABEL.fullmatch(value):
        raise InputError(
            f"{where}: {value!r} is no label; expected letters and digits only (a-z, A-Z, 0-9), "
            "because '_' and '-' separate the parts of a BIDS file name"
        )
    return value


@dataclass(frozen=True)
class Run:
    """One run of preprocessed fMRI: what names it and where its files lie.

    Attributes
    ----------
    subject, task, space : str
        BIDS labels.
    session, acquisition, ceagent, reconstruction, direction, run, echo, part, cohort, resolution, density : str or None
        BIDS labels, where the dataset has them.
    bold : str
        The 4-D NIfTI image, a dense series of CIFTI, or the GIFTI file of the left hemisphere.
    bold_right : str or None
        The GIFTI file of the right hemisphere.
    mask, confounds, sidecar, confounds_sidecar : str or None
        Brain mask, confounds table, and the JSON files beside the image and beside the confounds.
    t_r : float or None
        Repetition time in seconds that the dataset's table states, if any.
    source : str
        Where the run was declared (file and row), for messages.
    excluded : str or None
        Why the run is left out before anything is computed, if it is.
    """

    subject: str
    task: str
    space: str
    bold: str
    session: str | None = None
    acquisition: str | None = None
    ceagent: str | None = None
    reconstruction: str | None = None
    direction: str | None = None
    run: str | None = None
    echo: str | None = None
    part: str | None = None
    cohort: str | None = None
    resolution: str | None = None
    density: str | None = None
    bold_right: str | None = None
    mask: str | None = None
    confounds: str | None = None
    sidecar: str | None = None
    confounds_sidecar: str | None = None
    t_r: float | None = None
    source: str = ""
    excluded: str | None = None

    @property
    def form(self) -> str:
        """How the run's images stand in files: ``volume``, ``gifti`` or ``cifti``."""
        if self.bold_right is not None:
            return "gifti"
        return "cifti" if self.bold.endswith(CIFTI) else "volume"

    @property
    def stem(self) -> str:
        """The file name up to the space entity: ``sub-01_task-rest_space-MNI``."""
        return "_".join(
            f"{key}-{value}" for entity, key in ENTITIES.items() if (value := getattr(self, entity)) is not None
        )

    @property
    def path(self) -> str:
        """Folder and stem, relative to the derivatives' root: ``sub-01/func/sub-01_task-...``."""
        session = f"ses-{self.session}/" if self.session else ""
        return f"sub-{self.subject}/{session}func/{self.stem}"

    @property
    def labels(self) -> dict[str, str]:
        """The entities that this run has, by name, for labels and sidecars."""
        return {name: value for name in ENTITIES if (value := getattr(self, name)) is not None}


def run_title(labels: Mapping[str, str]) -> str:
    """Name of a run in titles, from its `Run.labels`: its entities but the space."""
    return ", ".join(f"{entity} {label}" for entity, label in labels.items() if entity != "space")


def sidecar_of(path: str) -> str:
    """Path of the JSON file beside an image or a table: ``x.nii.gz`` -> ``x.json``."""
    for ending in (".nii.gz", CIFTI, GIFTI, ".nii", ".tsv"):
        if path.endswith(ending):
            return path[: -len(ending)] + ".json"
    return path + ".json"


def sidecar_there(path: str | None) -> str | None:
    """The JSON file beside an image or a table, where there is one."""
    sidecar = sidecar_of(path) if path else None
    return sidecar if sidecar and os.path.isfile(sidecar) else None


def index(runs: Iterable[Run]) -> dict[str, Run]:
    """Look runs up by their path.

    Parameters
    ----------
    runs : iterable of Run

    Returns
    -------
    dict of str to Run

    Raises
    ------
    InputError
        If two runs would write the same files, also where upper and lower case are the same, or there is none.
    """
    found: dict[str, Run] = {}
    alike: dict[str, str] = {}
    for run in runs:
        if len(run.stem) > MAX_STEM:
            raise InputError(
                f"{run.source}: the run's name has {len(run.stem)} characters; expected at most {MAX_STEM}, so that "
                f"names of files can be made from it: {run.stem[:60]}..."
            )
        if run.path in found:
            raise InputError(
                f"{run.source}: {run.stem} is there twice, first in {found[run.path].source}; "
                f"give the runs different labels ({', '.join(ENTITIES)})"
            )
        if alike.setdefault(run.path.lower(), run.stem) != run.stem:
            raise InputError(
                f"{run.source}: {run.stem} differs from {alike[run.path.lower()]} in upper and lower case alone; "
                "expected labels that differ otherwise, as some file systems do not tell them apart"
            )
        found[run.path] = run
    if not found:
        raise InputError("the dataset has no run")
    return found


def part_of(runs: dict[str, Run], part: str | None) -> dict[str, Run]:
    """One of several parts of a dataset, each of neighbouring runs.

    Parameters
    ----------
    runs : dict of str to Run
    part : str or None
        ``3/40`` for the third of forty; None for all runs.

    Returns
    -------
    dict of str to Run

    Raises
    ------
    InputError
        If there is no such part, or fewer runs than parts.
    """
    if part is None:
        return runs
    number, parts = map(int, part.split("/"))
    if not 1 <= number <= parts <= len(runs):
        raise InputError(
            f"part is {part}; expected k/n with k from 1 to n and n at most {len(runs)}, the number of runs"
        )
    chosen = list(runs.items())
    return dict(chosen[len(chosen) * (number - 1) // parts : len(chosen) * number // parts])


def folder_of_part(part: str | None) -> str:
    """Folder of what is said of a part of the runs: ``parts/3of40`` for ``3/40``, empty for all runs."""
    return f"parts/{part.replace('/', 'of')}" if part else ""

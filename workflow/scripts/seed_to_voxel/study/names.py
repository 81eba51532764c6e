"""Where everything lies that a study leaves."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import bids, checksums

HEMISPHERES = ("L", "R")

OWNER = re.compile(r".*\{(?:run|unit|model|contrast|test)\}|(?:.*/)?study(?=_)")
"""What a file's name begins with: whose it is."""


def in_form(path: str, form: str) -> list[str]:
    """The files of an image.

    Parameters
    ----------
    path : str
        The image's, as it is for runs of voxels: ``{run}_seed-PCC_stat-z_statmap.nii.gz``.
    form : str
        Of the study's runs: ``volume``, ``gifti`` or ``cifti``.

    Returns
    -------
    list of str
        For ``gifti`` the left hemisphere's and the right one's, with ``hemi`` behind the name of the run, or of the
        subject, model or contrast, or of the study.
    """
    stem = path.removesuffix(".nii.gz")
    if form == "volume" or stem == path:
        return [path]
    if form == "cifti":
        return [f"{stem}.dscalar.nii"]
    found = OWNER.match(stem)
    owner = found[0] if found else ""
    return [f"{owner}_hemi-{hemisphere}{stem[len(owner) :]}.func.gii" for hemisphere in HEMISPHERES]


def image_in_form(path: str, form: str) -> str | list[str]:
    """The file of an image, or those of both hemispheres; see `in_form`."""
    files = in_form(path, form)
    return files if len(files) > 1 else files[0]


def as_volume(path: str) -> str:
    """What a file of an image would be called for runs of voxels; any other file as it is called. See `in_form`."""
    path = re.sub(rf"_hemi-(?:{'|'.join(HEMISPHERES)})(_[^/]*)\.func\.gii$", r"\1.nii.gz", path)
    return re.sub(r"\.dscalar\.nii$", ".nii.gz", path)


RESULTS = "results"
"""Folder of everything that is generated, relative to the working directory."""


@dataclass(frozen=True)
class Names:
    """Names of a study's files, those of a run with ``{run}`` as their wildcard.

    Attributes
    ----------
    part : str or None
        Which part of the runs is worked on, such as ``3/40``; None for all.
    report_format : {"html", "zip"}
    results : str
        Folder of everything that is generated.
    form : {"volume", "gifti", "cifti"}
        How images stand in files.
    """

    part: str | None = None
    report_format: str = "html"
    results: str = RESULTS
    form: str = "volume"

    @property
    def derivatives(self) -> str:
        """Folder of the derivatives."""
        return f"{self.results}/derivatives/seed_to_voxel"

    @property
    def inputs(self) -> str:
        """Where runs that the workflow makes or fetches are put."""
        return f"{self.results}/inputs"

    @property
    def over_runs(self) -> str:
        """Folder of what is said of all runs together, or of the part that is worked on."""
        return "/".join(filter(None, [self.derivatives, bids.folder_of_part(self.part)]))

    @property
    def pages(self) -> str:
        """Folder of the report's pages."""
        return "/".join(filter(None, [self.results, bids.folder_of_part(self.part)]))

    @property
    def report(self) -> str:
        """The report."""
        return f"{self.pages}/report.{self.report_format}"

    @property
    def checksums(self) -> str:
        """The list of SHA-256 of what there is."""
        return f"{self.over_runs}/{checksums.NAME}"

    @property
    def crate(self) -> str:
        """The archive of the study."""
        return f"{self.results}/crate.zip"

    @property
    def paper(self) -> str:
        """Folder of the paper."""
        return f"{self.results}/paper"

    @property
    def failed_runs(self) -> str:
        """The list of runs that failed."""
        return f"{self.pages}/failed_runs.tsv"

    def derived(self, suffix: str, **entities: str) -> str:
        """A derivative of a run: ``derived("mask.nii.gz", desc="brain")``."""
        middle = "".join(f"_{key}-{value}" for key, value in entities.items())
        return f"{self.derivatives}/{{run}}{middle}_{suffix}"

    def image(self, suffix: str, **entities: str) -> str | list[str]:
        """An image of a run, ``image("mask", desc="brain")``: its file, or those of both hemispheres."""
        return image_in_form(self.derived(f"{suffix}.nii.gz", **entities), self.form)

    def maps(self, stat: str, ending: str, labels: Sequence[str], descs: Iterable[str | None] = (None,)) -> list[str]:
        """Maps of all seeds of a run, in the order of the seeds' labels; both hemispheres of each together.

        Those without the entity desc (None), or with each of some labels of it in turn.
        """
        paths = [
            self.derived(f"statmap.{ending}", seed=label, **({"desc": desc} if desc else {}), stat=stat)
            for desc in descs
            for label in labels
        ]
        return [file for path in paths for file in in_form(path, self.form)]

    def maps_of_study(self, stat: str, ending: str, labels: Sequence[str]) -> list[str]:
        """Maps of all seeds over the runs of the study, as `maps` has those of a run."""
        paths = [f"{self.over_runs}/study_seed-{label}_stat-{stat}_statmap.{ending}" for label in labels]
        return [file for path in paths for file in in_form(path, self.form)]

    def log(self, rule: str, wildcard: str = "run") -> str:
        """Log of a rule's job for each value of a wildcard; of its one job where that is empty."""
        return f"{self.results}/logs/{rule}{_of(wildcard)}.log"

    def benchmark(self, rule: str, wildcard: str = "run") -> str:
        """Time and memory of the same job."""
        return f"{self.results}/benchmarks/{rule}{_of(wildcard)}.tsv"


def _of(wildcard: str) -> str:
    return f"/{{{wildcard}}}" if wildcard else ""

"""Where everything lies that a study leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import bids, checksums

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
    """

    part: str | None = None
    report_format: str = "html"
    results: str = RESULTS

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
    def failed_runs(self) -> str:
        """The list of runs that failed."""
        return f"{self.pages}/failed_runs.tsv"

    def derived(self, suffix: str, **entities: str) -> str:
        """A derivative of a run: ``derived("mask.nii.gz", desc="brain")``."""
        middle = "".join(f"_{key}-{value}" for key, value in entities.items())
        return f"{self.derivatives}/{{run}}{middle}_{suffix}"

    def maps(self, stat: str, ending: str, labels: Sequence[str]) -> list[str]:
        """Maps of all seeds of a run, in the order of the seeds' labels."""
        return [self.derived(f"statmap.{ending}", seed=label, stat=stat) for label in labels]

    def log(self, rule: str, wildcard: str = "run") -> str:
        """Log of a rule's job for each value of a wildcard; of its one job where that is empty."""
        return f"{self.results}/logs/{rule}{_of(wildcard)}.log"

    def benchmark(self, rule: str, wildcard: str = "run") -> str:
        """Time and memory of the same job."""
        return f"{self.results}/benchmarks/{rule}{_of(wildcard)}.tsv"


def _of(wildcard: str) -> str:
    return f"/{{{wildcard}}}" if wildcard else ""

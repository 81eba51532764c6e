"""Which runs go on: verdicts on each, kept beside its results."""

import json
from collections.abc import Iterable
from pathlib import Path

from ..base import tables

SUFFIX = "_desc-admission_metrics.json"
"""What a verdict's name has after the run's."""


class Verdicts:
    """Verdicts read from their files, each once until it is made anew."""

    def __init__(self) -> None:
        self._known: dict[str | Path, tuple[int, bool]] = {}

    def is_refused(self, path: str | Path) -> bool:
        """Whether a run is refused.

        Parameters
        ----------
        path : str or path-like
            The verdict, which must be there. Snakemake asks again whenever another run has been assessed.

        Returns
        -------
        bool
        """
        made = Path(path).stat().st_mtime_ns
        if path not in self._known or self._known[path][0] != made:
            self._known[path] = made, bool(json.loads(Path(path).read_text(encoding="utf-8"))["refused"])
        return self._known[path][1]

    def refused(self, paths: Iterable[str]) -> list[str]:
        """Those of some verdicts that are there by now and refuse their run."""
        return [path for path in paths if Path(path).exists() and self.is_refused(path)]


def count_warned(table: str | Path) -> int:
    """How many runs the table of quality has that are used although something was noted of them; 0 without a table."""
    if not Path(table).is_file():
        return 0
    header, *rows = tables.cells(str(table))
    return sum(row[header.index("verdict")] == "warned" for row in rows)


def of_warned_in_words(n_warned: int, n_runs: int, page: str) -> list[str]:
    """A sentence on the runs of which something was noted, with the page that says what; none without any."""
    runs = f"{n_runs} run{'' if n_runs == 1 else 's'}"
    return [f"{n_warned} of {runs} {'has' if n_warned == 1 else 'have'} a warning; see {page}"] if n_warned else []

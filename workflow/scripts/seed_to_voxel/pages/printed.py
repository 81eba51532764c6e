"""Comparison of a study's results with numbers that a paper or a page has printed."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..base import tables
from ..base.errors import InputError
from .page import render

FILES = ("printed.html.j2",)

QUANTITIES = {
    "volumes": lambda r, z: r["NumberOfVolumes"],
    "voxels": lambda r, z: r["NumberOfVoxels"],
    "r_min": lambda r, z: r["Range"][0],
    "r_max": lambda r, z: r["Range"][1],
    "z_min": lambda r, z: z["Range"][0],
    "z_max": lambda r, z: z["Range"][1],
}
"""What can be compared, and where the sidecars of the maps of r and z have it."""


@dataclass(frozen=True)
class Comparison:
    """One printed number beside ours."""

    subject: str
    seed: str
    quantity: str
    printed: float
    ours: float | None
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the two differ by no more than the tolerance."""
        return self.ours is not None and abs(self.ours - self.printed) <= self.tolerance


def compare(
    path: str | os.PathLike, results: Mapping[tuple[str, str], Sequence[tuple[dict, dict]]]
) -> list[Comparison]:
    """Hold results against a table of printed numbers.

    Parameters
    ----------
    path : str or path-like
        Tab-separated table ``subject seed quantity printed tolerance``.
    results : dict of (str, str) to list of (dict, dict)
        By subject and seed, for each run the sidecars of the map of r and of the map of z.

    Returns
    -------
    list of Comparison
        In the table's order.

    Raises
    ------
    InputError
        If a row names a subject, seed or quantity that is not there, or a subject with several runs.
    """
    rows = []
    for where, row in tables.read(path, ("subject", "seed", "quantity", "printed", "tolerance")):
        if row["quantity"] not in QUANTITIES:
            raise InputError(f"{where}: unknown quantity {row['quantity']!r}; expected one of {', '.join(QUANTITIES)}")
        key = (row["subject"].removeprefix("sub-"), row["seed"])
        if key not in results:
            raise InputError(
                f"{where}: there is no result for subject {key[0]!r} and seed {key[1]!r}; the study has "
                + ", ".join(f"{subject} {seed}" for subject, seed in results)
            )
        if len(results[key]) > 1:
            raise InputError(
                f"{where}: subject {key[0]!r} has {len(results[key])} runs in this study; expected one, which "
                "the printed number is of. Choose it with dataset.fmriprep.tasks and sessions, or in the table of runs"
            )
        printed, tolerance = (tables.number(row[name], where, name) for name in ("printed", "tolerance"))
        rows.append(
            Comparison(*key, row["quantity"], printed, QUANTITIES[row["quantity"]](*results[key][0]), tolerance)
        )
    return rows


HEADER = ("subject", "seed", "quantity", "printed", "ours", "tolerance", "agrees")


def cells(row: Comparison) -> dict[str, str]:
    """A row of the table, by its header."""
    ours = "n/a" if row.ours is None else f"{row.ours:.6g}"
    agrees = "yes" if row.agrees else "NO"
    values = (row.subject, row.seed, row.quantity, f"{row.printed:g}", ours, f"{row.tolerance:g}", agrees)
    return dict(zip(HEADER, values, strict=True))


def columns(rows: Sequence[Comparison]) -> dict[str, list[str]]:
    """The comparison as the columns of a table."""
    return {name: [cells(row)[name] for row in rows] for name in HEADER}


def verdict(rows: Sequence[Comparison]) -> str:
    """The comparison in one sentence."""
    wrong = [row for row in rows if not row.agrees]
    if not wrong:
        return f"All {len(rows)} printed numbers agree with ours."
    names = ", ".join(f"{row.quantity} of {row.subject} {row.seed}" for row in wrong)
    return f"{len(wrong)} of {len(rows)} printed numbers DISAGREE with ours: {names}."


def as_page(rows: Sequence[Comparison]) -> str:
    """The comparison as a self-contained HTML page."""
    return render(
        "printed.html.j2",
        FILES,
        verdict=verdict(rows),
        agree=all(row.agrees for row in rows),
        header=HEADER,
        numbers=("printed", "ours", "tolerance"),
        rows=[cells(row) for row in rows],
    )

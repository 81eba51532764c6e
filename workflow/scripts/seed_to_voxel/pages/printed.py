"""Comparison of a study's results with numbers that a paper or a page has printed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..base import tables
from ..base.errors import InputError
from ..connectivity import quantities
from ..images import nifti
from ..study import printed_numbers
from .page import render

FILES = ("printed.html.j2",)

SUMMARIES: dict[str, Callable[[Result], float | None]] = {
    "volumes": lambda result: result.r["NumberOfVolumes"],
    "voxels": lambda result: result.r["NumberOfVoxels"],
    "r_min": lambda result: result.r["Range"][0],
    "r_max": lambda result: result.r["Range"][1],
    "z_min": lambda result: result.z["Range"][0],
    "z_max": lambda result: result.z["Range"][1],
}
"""What the sidecars of the maps of r and Fisher z say."""

PLACES = ("r_at", "z_at")
"""A map's value at the place that the row names."""

FILES_OF = {
    **dict.fromkeys(("r_mean", "z_mean"), quantities.mean_in),
    **dict.fromkeys(("r_spatial", "z_spatial"), quantities.spatial_correlation),
}
"""A map beside the file that the row names: its mean in a region, and how like another map it is."""

QUANTITIES = (*SUMMARIES, *PLACES, *FILES_OF)
"""What can be compared."""


@dataclass(frozen=True)
class Result:
    """A seed's maps of a run.

    Attributes
    ----------
    r, z : dict
        Sidecars of the maps of r and of Fisher z.
    r_map, z_map : str
        The maps.
    """

    r: Mapping
    z: Mapping
    r_map: str
    z_map: str


@dataclass(frozen=True)
class Comparison:
    """One printed number beside ours."""

    subject: str
    seed: str
    quantity: str
    printed: float
    ours: float | None
    tolerance: float
    why: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether the two differ by no more than the tolerance."""
        return self.ours is not None and abs(self.ours - self.printed) <= self.tolerance


def ours(where: str, row: Mapping[str, str | None], result: Result) -> float | None:
    """What the study has for a row.

    Parameters
    ----------
    where : str
        The row, for messages.
    row : dict
        Its cells.
    result : Result

    Raises
    ------
    InputError
        If the row lacks what its quantity needs, or the map has no value there.
    """
    quantity = str(row["quantity"])
    if quantity in SUMMARIES:
        return SUMMARIES[quantity](result)
    needed = ("x", "y", "z") if quantity in PLACES else ("file",)
    absent = [name for name in needed if row[name] is None]
    if absent:
        raise InputError(f"{where}: the quantity {quantity} needs {', '.join(needed)}; {', '.join(absent)} is empty")
    image = nifti.load(result.r_map if quantity.startswith("r") else result.z_map, 3)
    if quantity in PLACES:
        return quantities.value_at(image, [tables.number(str(row[axis]), where, axis, "mm") for axis in "xyz"])
    return FILES_OF[quantity](image, str(row["file"]))


def compare(path: str | os.PathLike, results: Mapping[tuple[str, str], Sequence[Result]]) -> list[Comparison]:
    """Hold results against a table of printed numbers.

    Parameters
    ----------
    path : str or path-like
        Tab-separated table ``subject seed quantity printed tolerance``, and perhaps ``x y z`` (mm) and ``file``.
    results : dict of (str, str) to list of Result
        By subject and seed, of each run.

    Returns
    -------
    list of Comparison
        In the table's order.

    Raises
    ------
    InputError
        If a row names a subject, seed, quantity, place or file that is not there, or a subject with several runs.
    """
    rows = []
    for where, row in printed_numbers.read(path):
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
        # A place without a value is one disagreement, and no reason to lose the other comparisons.
        value, why = None, None
        try:
            value = ours(where, row, results[key][0])
        except quantities.NoValueError as error:
            why = str(error)
        rows.append(Comparison(*key, named(row), printed, value, tolerance, why))
    return rows


def named(row: Mapping[str, str | None]) -> str:
    """What a row compares, with its place or file."""
    quantity = str(row["quantity"])
    if quantity in PLACES:
        return f"{quantity} ({', '.join(str(row[axis]) for axis in 'xyz')})"
    return f"{quantity} {os.path.basename(str(row['file']))}" if quantity in FILES_OF else quantity


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
    why = "".join(f" {row.why}." for row in wrong if row.why)
    return f"{len(wrong)} of {len(rows)} printed numbers DISAGREE with ours: {names}.{why}"


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

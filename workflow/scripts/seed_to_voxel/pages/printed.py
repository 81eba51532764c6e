"""Comparison of a study's results with numbers that a paper or a page has printed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base import tables
from ..base.errors import InputError
from ..connectivity import cortical_quantities, quantities
from ..images import layouts, nifti, places
from ..study import printed_numbers
from .page import render

FILES = ("printed.html.j2",)

SUMMARIES: dict[str, Callable[[Result], float | None]] = {
    "volumes": lambda result: result.r["NumberOfVolumes"],
    "voxels": lambda result: result.r["NumberOfVoxels"],
    "vertices": lambda result: sum(result.r["NumberOfVerticesWithData"].values()),
    "r_min": lambda result: result.r["Range"][0],
    "r_max": lambda result: result.r["Range"][1],
    "z_min": lambda result: result.z["Range"][0],
    "z_max": lambda result: result.z["Range"][1],
}
"""What the sidecars of the maps of r and Fisher z say."""

PLACES = ("r_at", "z_at")
"""A map's value at the place that the row names."""

ON_SURFACE = ("vertex", "hemisphere", "file_right", "label")
"""Columns for runs on the cortical surface."""

FILES_OF: dict[str, Callable[[Any, str], float]] = {
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
    r_map, z_map : str, or list of str
        The maps; on the cortical surface perhaps a file for each hemisphere.
    surfaces : dict or None
        The meshes of a run on the cortical surface.
    """

    r: Mapping
    z: Mapping
    r_map: str | Sequence[str]
    z_map: str | Sequence[str]
    surfaces: Mapping[str, Any] | None = None


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


def ours(where: str, row: Mapping[str, str | None], result: Result) -> tuple[float | None, dict[str, Any]]:
    """What the study has for a row.

    Parameters
    ----------
    where : str
        The row, for messages.
    row : dict
        Its cells.
    result : Result

    Returns
    -------
    value : float or None
    facts : dict
        Where on the cortical surface it is from; see `cortical_quantities.value_at`. Empty for volumes.

    Raises
    ------
    InputError
        If the row lacks what its quantity needs, or the map has no value there.
    """
    quantity = str(row["quantity"])
    if quantity in SUMMARIES:
        if quantity == "vertices" and result.surfaces is None:
            raise InputError(f"{where}: vertices are of runs on the cortical surface; expected voxels")
        return SUMMARIES[quantity](result), {}
    on_surface = result.surfaces is not None
    by_vertex = on_surface and quantity in PLACES and row.get("vertex") is not None
    needed = ("file",) if quantity in FILES_OF else ("vertex", "hemisphere") if by_vertex else ("x", "y", "z")
    absent = [name for name in needed if row[name] is None]
    if absent:
        raise InputError(f"{where}: the quantity {quantity} needs {', '.join(needed)}; {', '.join(absent)} is empty")
    if not on_surface and (more := [name for name in ON_SURFACE if row.get(name) is not None]):
        raise InputError(f"{where}: {', '.join(more)} is for runs on the cortical surface, and these are volumes")
    path = result.r_map if quantity.startswith("r") else result.z_map
    if on_surface:
        return _on_surface(where, quantity, row, layouts.listed(path), result.surfaces)
    image = nifti.load(layouts.listed(path)[0], 3)
    if quantity in PLACES:
        return quantities.value_at(image, _point(where, row)), {}
    return FILES_OF[quantity](image, str(row["file"])), {}


def _point(where: str, row: Mapping[str, str | None]) -> list[float]:
    return [tables.number(str(row[axis]), where, axis, "mm") for axis in "xyz"]


def _on_surface(
    where: str, quantity: str, row: Mapping[str, str | None], paths: Sequence[str], surfaces: Mapping[str, Any] | None
) -> tuple[float, dict[str, Any]]:
    """A number of a map on the cortical surface, and where it is from."""
    run = places.of_mask(paths, surfaces)
    assert run is not None
    values, side = run.layout.read(paths), row.get("hemisphere")
    if side is not None and side not in layouts.CORTEX:
        raise InputError(f"{where}: hemisphere is {side!r}; expected L or R")
    if quantity in PLACES:
        if row.get("vertex") is None:
            return cortical_quantities.value_at(values, run, _point(where, row), side)
        number = tables.number(str(row["vertex"]), where, "vertex")
        if number < 0 or number != int(number):
            raise InputError(f"{where}: vertex is {row['vertex']!r}; expected a whole number from 0 on")
        return cortical_quantities.value_at(values, run, None, side, int(number))
    files = [str(path) for path in (row["file"], row.get("file_right")) if path is not None]
    if len(files) > 1 and side is not None:
        raise InputError(f"{where}: file_right and hemisphere {side} are given; expected one of them")
    if quantity.endswith("_mean"):
        label = row.get("label")
        # Names are never numbers alone in the atlases that are in use.
        wanted = int(label) if label is not None and str(label).isdecimal() else label
        return cortical_quantities.mean_in(values, run, files, wanted, side), {}
    r, n = cortical_quantities.spatial_correlation(values, run, files, side)
    return r, {"n_places": n}


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
        facts: dict[str, Any] = {}
        try:
            value, facts = ours(where, row, results[key][0])
        except quantities.NoValueError as error:
            why = str(error)
        rows.append(Comparison(*key, named(row, facts), printed, value, tolerance, why))
    return rows


def named(row: Mapping[str, str | None], facts: Mapping[str, Any]) -> str:
    """What a row compares, with its place or file, and on the cortical surface where that is found."""
    quantity = str(row["quantity"])
    if quantity in PLACES:
        asked = [] if row["x"] is None else [f"({', '.join(str(row[axis]) for axis in 'xyz')})"]
    elif quantity in FILES_OF:
        asked = [os.path.basename(str(row["file"])), *([str(row["label"])] if row.get("label") is not None else [])]
    else:
        asked = []
    found = cortical_quantities.in_words(facts)
    return " ".join([quantity, *asked, *([f"[{found}]"] if found else [])])


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

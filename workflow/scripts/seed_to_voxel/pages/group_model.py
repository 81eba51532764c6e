"""A model of groups as a page: who is in it, its design, and what holds of each contrast."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ..base import tables
from .page import render

FILES = ("group_model.html.j2",)

MOST_CLUSTERS = 12
"""Rows of a table of clusters on the page; the table beside the maps has all."""

SHOWN = {
    "x": "x (mm)",
    "y": "y (mm)",
    "z": "z (mm)",
    "peak": "peak z",
    "effect": "effect",
    "volume_mm3": "volume (mm³)",
    "p_voxel": "p, max-T",
    "p_mass": "p, mass",
    "p_tfce": "p, TFCE",
    "p_tfce_study": "p, TFCE, all maps",
    "p_voxel_study": "p, max-T, all maps",
    "node": "near",
    "network": "network",
    "distance_mm": "away (mm)",
}
"""Columns of the table of clusters that the page shows."""

WORDS = ("node", "network")


def picture(content: bytes) -> str:
    """A PNG as an address that a page can hold."""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def clusters(rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    """A table of clusters for the page.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells of the table, its header first.

    Returns
    -------
    dict
        ``columns`` (title and whether it holds numbers), ``rows``, and ``more``, how many are not shown.
    """
    header, *lines = rows
    cells = [dict(zip(header, line, strict=True)) for line in lines]
    # What was not asked for is n/a in every row.
    names = [name for name in SHOWN if any(row.get(name, "") not in tables.MISSING for row in cells)]
    return {
        "columns": [{"title": SHOWN[name], "number": name not in WORDS} for name in names],
        "rows": [[_short(row[name], name) for name in names] for row in cells[:MOST_CLUSTERS]],
        "more": max(len(cells) - MOST_CLUSTERS, 0),
    }


def _short(cell: str, name: str) -> str:
    return cell if name in WORDS or cell in tables.MISSING else tables.cell(float(cell), digits=3)


def as_page(
    design: Mapping[str, Any],
    left_out: Sequence[Sequence[str]],
    runs_apart: Sequence[str],
    n_voxels: int,
    picture_of_design: bytes,
    contrasts: Sequence[Mapping[str, Any]],
) -> str:
    """Fill the page of a model.

    Parameters
    ----------
    design : dict
        Beside the design's table.
    left_out : sequence of (str, str)
        Who is in no row, and why.
    runs_apart : sequence of str
        Runs that lie apart from the others of their subject.
    n_voxels : int
        Of the group mask.
    picture_of_design : bytes
        PNG.
    contrasts : sequence of dict
        ``about`` (beside a map: ``Contrast`` and perhaps ``Permutations``), and ``seeds``: of each
        ``label``, ``sentence``, ``picture`` (bytes of a PNG) and ``clusters`` (cells of the table).

    Returns
    -------
    str
        HTML.
    """
    return render(
        "group_model.html.j2",
        FILES,
        design=design,
        left_out=left_out,
        runs_apart=runs_apart,
        n_voxels=n_voxels,
        picture_of_design=picture(picture_of_design),
        contrasts=[
            {
                **contrast,
                "permutations": contrast["about"].get("Permutations"),
                "weights": [
                    " ".join(
                        f"{'+' if weight > 0 else '−'} {'' if abs(weight) == 1 else f'{abs(weight):g} '}{name}"
                        for weight, name in zip(row, contrast["about"]["Contrast"]["Columns"], strict=True)
                        if weight
                    ).removeprefix("+ ")
                    for row in contrast["about"]["Contrast"]["Weights"]
                ],
                "seeds": [
                    {**seed, "picture": picture(seed["picture"]), "clusters": clusters(seed["clusters"])}
                    for seed in contrast["seeds"]
                ],
            }
            for contrast in contrasts
        ],
    )

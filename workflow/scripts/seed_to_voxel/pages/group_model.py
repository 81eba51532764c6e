"""A model of groups as a page: who is in it, its design, and what holds of each contrast."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ..base import tables
from ..groups.attainable import out_of_reach
from .page import render

FILES = ("group_model.html.j2",)

MOST_CLUSTERS = 12
"""Rows of a table of clusters on the page; the table beside the maps has all."""

SHOWN = {
    "structure": "structure",
    "vertex": "vertex",
    "x": "x (mm)",
    "y": "y (mm)",
    "z": "z (mm)",
    "peak": "peak z",
    "effect": "effect",
    "area_mm2": "area (mm²)",
    "volume_mm3": "volume (mm³)",
    "p_voxel": "p, max-T",
    "p_mass": "p, mass",
    "p_tfce": "p, TFCE",
    "p_tfce_study": "p, TFCE, all maps",
    "p_voxel_study": "p, max-T, all maps",
    "node": "near",
    "network": "network",
    "distance_mm": "away (mm)",
    "region": "region",
}
"""Columns of the table of clusters that the page shows."""

SHOWN_OF_PAIRS = {
    "seed_1": "seed",
    "seed_2": "and seed",
    "effect": "effect",
    "statistic": "statistic",
    "z": "z",
    "p": "p, uncorrected",
    "p_fdr": "p, false discovery rate",
    "p_fwe": "p, max-T",
    "hedges_g": "Hedges' g",
}
"""Columns of the table of seeds among themselves that it shows."""

MOST_PAIRS = 45
"""Rows of that table, those with the smallest p: all of ten seeds."""

WORDS = ("node", "network", "region", "seed_1", "seed_2", "structure", "vertex")


def picture(content: bytes) -> str:
    """A PNG as an address that a page can hold."""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def clusters(rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    """A table of clusters for the page, in its own order; see `shortened`."""
    return shortened(rows, SHOWN, MOST_CLUSTERS)


def pairs(rows: Sequence[Sequence[str]]) -> dict[str, Any] | None:
    """A table of seeds among themselves for the page, the smallest p first; None where there is none."""
    if not rows:
        return None
    header, *lines = rows
    at = header.index("p")
    ordered = sorted(lines, key=lambda line: 2.0 if line[at] in tables.MISSING else float(line[at]))
    return shortened([header, *ordered], SHOWN_OF_PAIRS, MOST_PAIRS)


def shortened(rows: Sequence[Sequence[str]], shown: Mapping[str, str], most: int) -> dict[str, Any]:
    """A table for the page.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells of the table, its header first.
    shown : dict of str to str
        Titles of the columns that are shown, by their names.
    most : int
        Rows that are shown.

    Returns
    -------
    dict
        ``columns`` (title and whether it holds numbers), ``rows``, and ``more``, how many are not shown.
    """
    header, *lines = rows
    cells = [dict(zip(header, line, strict=True)) for line in lines]
    # What was not asked for is n/a in every row.
    names = [name for name in shown if any(row.get(name, "") not in tables.MISSING for row in cells)]
    return {
        "columns": [{"title": shown[name], "number": name not in WORDS} for name in names],
        "rows": [[_short(row[name], name) for name in names] for row in cells[:most]],
        "more": max(len(cells) - most, 0),
    }


def _short(cell: str, name: str) -> str:
    return cell if name in WORDS or cell in tables.MISSING else tables.cell(float(cell), digits=3)


def as_page(
    design: Mapping[str, Any],
    left_out: Sequence[Sequence[str]],
    runs_apart: Sequence[str],
    tested: str,
    picture_of_design: bytes,
    contrasts: Sequence[Mapping[str, Any]],
    level: float,
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
    tested : str
        How many voxels, or other places, the group mask has.
    picture_of_design : bytes
        PNG.
    contrasts : sequence of dict
        ``about`` (beside a map: ``Contrast`` and perhaps ``Permutations``), and ``seeds``: of each
        ``label``, ``sentence``, ``picture`` (bytes of a PNG) and ``clusters`` (cells of the table); ``pairs`` has the
        cells of the table of seeds among themselves, none for one seed, and ``related`` the ``picture`` and the
        ``sentence`` of their figure, or None.
    level : float
        p at most of what passes.

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
        tested=tested,
        picture_of_design=picture(picture_of_design),
        contrasts=[
            {
                **contrast,
                "permutations": contrast["about"].get("Permutations"),
                "out_of_reach": out_of_reach(contrast["about"], level),
                "summarised": contrast["about"].get("SubjectsSummarised"),
                "pairs": pairs(contrast["pairs"]),
                "related": (shown := contrast["related"]) and {**shown, "picture": picture(shown["picture"])},
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

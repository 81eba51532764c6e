"""Tables of a paper: chosen columns of the study's, for LaTeX, for a word processor, and as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..base import tables
from ..base.errors import InputError
from .latex import escape

if TYPE_CHECKING:
    import pandas

CHOSEN: dict[str, dict[str, str]] = {
    "clusters": {
        "cluster": "Cluster",
        "hemisphere": "Hemisphere",
        "structure": "Structure",
        "vertex": "Vertex",
        "x": "x (mm)",
        "y": "y (mm)",
        "z": "z (mm)",
        "peak_r": "Peak r",
        "peak_z": "Peak z",
        "peak": "Peak z",
        "effect": "Effect",
        "volume_mm3": "Volume (mm³)",
        "area_mm2": "Area (mm²)",
        "p_tfce": "p (TFCE)",
        "p_voxel": "p (voxel)",
        "region": "Region",
        "node": "Nearest node",
        "network": "Network",
    },
    "participants": {},
    "quality": {
        "subject": "Participant",
        "session": "Session",
        "task": "Task",
        "run": "Run",
        "n_volumes": "Volumes",
        "n_volumes_kept": "Kept",
        "mean_fd": "Mean FD (mm)",
        "median_tsnr": "tSNR",
        "effective_degrees_of_freedom": "ν",
        "verdict": "Verdict",
    },
}
"""Columns that are printed where none are asked for, those of them that the table has, with their headings."""


def read(table: Mapping[str, Any], path: str) -> pandas.DataFrame:
    """The table to print.

    Parameters
    ----------
    table : dict
        From `study.paper`: ``columns`` with their headings, or None; at most so many ``rows``.
    path : str

    Returns
    -------
    pandas.DataFrame
        Of text; empty where nothing is known.

    Raises
    ------
    InputError
        If a column is not there, or two have one heading.
    """
    header, *rows = tables.cells(path)
    asked = table["columns"]
    absent = [name for name in asked or () if name not in header]
    if absent:
        raise InputError(
            f"paper.tables: table {table['name']}: {path} has no column {', '.join(absent)}; expected some of "
            f"{', '.join(header)}"
        )
    chosen = CHOSEN[table["kind"]]
    shown = asked or {name: title for name, title in chosen.items() if name in header} or dict.fromkeys(header)
    headings = [title or name for name, title in shown.items()]
    if twice := [title for title, count in Counter(headings).items() if count > 1]:
        raise InputError(
            f"paper.tables: table {table['name']}: the heading {twice[0]!r} is there more than once; expected one "
            "of its own for each column"
        )
    content = {
        title or name: printed([row[header.index(name)] for row in rows[: table["rows"]]], digits_of(name))
        for name, title in shown.items()
    }
    if asked is None:
        # A column without a value in any row says nothing.
        content = {title: cells for title, cells in content.items() if any(cells) or not rows}
    import pandas

    return pandas.DataFrame(content)


def digits_of(column: str) -> int | None:
    """After the point, where a column has always as many: three of p, none of coordinates in mm."""
    return 3 if column.startswith("p_") else 0 if column in ("x", "y", "z") else None


def printed(cells: Sequence[str], digits: int | None = None) -> list[str]:
    """Cells of a column as they are printed.

    Parameters
    ----------
    cells : sequence of str
    digits : int or None
        After the point; None for as many as the size of the numbers asks for.

    Returns
    -------
    list of str
        Numbers with as many digits after the point throughout: those asked for, else 2 where the largest is below 10, 1
        below 100, and none above;
        nothing for what is missing; all else as it is.
    """
    known = ["" if cell in tables.MISSING else cell for cell in cells]
    try:
        values = [float(cell) for cell in known if cell]
    except ValueError:
        return known
    # Labels such as 007, and whole numbers, stay.
    if not any("." in cell or "e" in cell.lower() for cell in known):
        return [cell.replace("-", "−") for cell in known]
    largest = max(map(abs, values))
    if digits is None:
        digits = 2 if largest < 10 else 1 if largest < 100 else 0
    shown = [f"{float(cell):z.{digits}f}".replace("-", "−") if cell else "" for cell in known]
    return ["<0.001" if cell == "0.000" else cell for cell in shown]


def as_latex(table: Mapping[str, Any], frame: pandas.DataFrame) -> str:
    """The table as a float for LaTeX with the package booktabs.

    Parameters
    ----------
    table : dict
    frame : pandas.DataFrame

    Returns
    -------
    str
    """
    escaped = frame.map(escape)
    escaped.columns = [escape(name) for name in frame.columns]
    numeric = ["r" if _is_numeric(frame[name].tolist()) else "l" for name in frame.columns]
    text = escaped.to_latex(
        index=False,
        escape=False,
        column_format="".join(numeric),
        caption=escape(table["caption"]) or None,
        label=f"tab:{table['name']}",
        position="tbp",
    )
    # A label without a caption is of the section, whose number \ref would print.
    return text if table["caption"] else text.replace("\\label{", "\\caption{}\n\\label{", 1)


def _is_numeric(cells: list[str]) -> bool:
    """Whether a column is of numbers, and stands at the right."""
    known = [cell.replace("−", "-").removeprefix("<") for cell in cells if cell]
    try:
        [float(cell) for cell in known]
    except ValueError:
        return False
    return bool(known)


def as_html(table: Mapping[str, Any], frame: pandas.DataFrame) -> str:
    """The table as plain HTML, which word processors open as a table of their own.

    Parameters
    ----------
    table : dict
    frame : pandas.DataFrame

    Returns
    -------
    str
    """
    from markupsafe import escape as escape_html

    body = frame.to_html(index=False, border=1, justify="left")
    caption = f"<p>{escape_html(table['caption'])}</p>\n" if table["caption"] else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{table["name"]}</title></head>\n'
        f"<body>\n{caption}{body}\n</body>\n</html>\n"
    )

"""Numbers that a paper's text quotes, each with where it comes from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..base import provenance, tables
from ..base.errors import InputError
from ..images import layouts
from ..pages import printed
from .latex import escape

OVER: dict[str, Callable[[np.ndarray], float]] = {
    "mean": lambda values: float(values.mean()),
    "sd": lambda values: float(values.std(ddof=1)),
    "median": lambda values: float(np.median(values)),
    "min": lambda values: float(values.min()),
    "max": lambda values: float(values.max()),
}
"""What a column of the table of quality is summarised by."""


def value_of(number: Mapping[str, Any], files: Mapping[str, Any]) -> tuple[float | str, dict[str, Any]]:
    """A number, or the text of a cell of a table of clusters.

    Parameters
    ----------
    number : dict
        From `study.paper`.
    files : dict of str to str, or list of str

    Returns
    -------
    value : float or str
    facts : dict
        Where on the cortical surface it is from; see `pages.printed.ours`.

    Raises
    ------
    InputError
        If there is no such value.
    """
    where = f"paper.numbers: {number['name']}"
    if number["quantity"] in ("participants", "runs", "quality"):
        return _of_study(where, number, files["table"]), {}
    if number["quantity"] == "clusters":
        return _of_clusters(where, number, files["table"]), {}
    row: dict[str, str | None] = {"quantity": number["quantity"]}
    row |= {name: files.get(name) for name in ("file", "file_right")}
    row |= {
        name: None if (asked := number.get(name)) is None else str(asked) for name in ("vertex", "hemisphere", "label")
    }
    row |= dict(zip("xyz", map(str, number["at"]), strict=True)) if number["at"] else dict.fromkeys("xyz")
    read = provenance.read_json
    maps = (files["r_map"], files["z_map"])
    result = printed.Result(read(files["r"]), read(files["z"]), *maps, number.get("surfaces"))
    try:
        found, facts = printed.ours(where, row, result)
    except InputError as error:
        # What a file lacks is told with the file; which number needs it stands before.
        said = str(error)
        raise InputError(said if said.startswith(where) else f"{where}: {said}") from error
    if found is None:
        raise InputError(f"{where}: the map {maps[0]} has no {number['quantity']}, as no place has a value")
    return float(found), facts


def _of_clusters(where: str, number: Mapping[str, Any], path: str) -> float | str:
    """A cell of a table of clusters; what is no number, such as the name of a region, as it is."""
    header, *rows = tables.cells(path)
    if number["column"] not in header:
        raise InputError(f"{where}: {path} has no column {number['column']}; expected one of {', '.join(header)}")
    if number["row"] > len(rows):
        raise InputError(
            f"{where}: {path} has {len(rows)} clusters; expected a row of them, and row is {number['row']}"
        )
    cell = rows[number["row"] - 1][header.index(number["column"])]
    if cell in tables.MISSING:
        raise InputError(f"{where}: {path} has no {number['column']} in its row {number['row']}")
    try:
        return float(cell)
    except ValueError:
        return cell


def _of_study(where: str, number: Mapping[str, Any], path: str) -> float:
    """A number over all runs that go on."""
    header, *rows = tables.cells(path)
    verdict = header.index("verdict")
    rows = [row for row in rows if row[verdict] not in ("refused", "excluded")]
    if number["quantity"] == "runs":
        return len(rows)
    if number["quantity"] == "participants":
        return len({row[header.index("subject")] for row in rows})
    if number["column"] not in header:
        raise InputError(f"{where}: {path} has no column {number['column']}; expected one of {', '.join(header)}")
    cells = [row[header.index(number["column"])] for row in rows]
    known = [tables.number(cell, where, number["column"]) for cell in cells if cell not in tables.MISSING]
    if len(known) < (2 if number["of"] == "sd" else 1):
        raise InputError(f"{where}: {len(known)} runs have a {number['column']}, too few for its {number['of']}")
    return OVER[number["of"]](np.array(known))


def written(value: float, form: str | None) -> str:
    """A number as the text prints it, with a true minus sign; whole ones without digits where nothing is asked."""
    if form is None:
        form = "d" if value == round(value) and abs(value) >= 1 else ".2f"
    text = format(round(value) if form == "d" else value, form)
    # What rounds to zero has no sign.
    return re.sub(r"^-(?=0(\.0*)?%?$)", "", text).replace("-", "−")


def entry(number: Mapping[str, Any], files: Mapping[str, Any], version: str) -> dict[str, Any]:
    """All that is known of a number.

    Parameters
    ----------
    number : dict
    files : dict of str to str
    version : str
        Of this workflow.

    Returns
    -------
    dict
        ``value``, ``text``, what it is of, and the files that it comes from with their SHA-256.
    """
    value, facts = value_of(number, files)
    names = ["quantity", "run", "model", "seed", "at", "vertex", "hemisphere", "label"]
    names += {"quality": ["column", "of"], "clusters": ["column", "row"]}.get(number["quantity"], [])
    asked = {key: number[key] for key in names if number.get(key) is not None}
    # Of a map alone: what its sidecar says is of the map, and names places that are others on another machine.
    used = "table" if "table" in files else "z_map" if number["quantity"].startswith("z") else "r_map"
    sources = {path: path for path in layouts.listed(files[used])}
    sources |= named([files[name] for name in ("file", "file_right") if name in files])
    return {
        "value": value,
        "text": value if isinstance(value, str) else written(value, number["format"]),
        **asked,
        **({"found_at": facts} if facts else {}),
        "from": {name: hashlib.sha256(Path(path).read_bytes()).hexdigest() for name, path in sources.items()},
        "made_by": f"seed-to-voxel {version}",
    }


def named(paths: Sequence[str]) -> dict[str, str]:
    """Files by their names alone, as an archive has them in another folder.

    Parameters
    ----------
    paths : sequence of str

    Returns
    -------
    dict of str to str
        Two files of one name are told apart by their last folders that differ.
    """
    parts = [Path(path).parts for path in dict.fromkeys(paths)]
    n = 1
    while len({part[-n:] for part in parts}) < len(parts):
        n += 1
    return {"/".join(part[-n:]): str(Path(*part)) for part in parts}


def as_latex(entries: Mapping[str, Mapping[str, Any]]) -> str:
    r"""The numbers as macros: ``\PCCpeakR`` prints that of the name ``PCCpeakR``.

    Parameters
    ----------
    entries : dict of str to dict
        From `entry`, by name.

    Returns
    -------
    str
        For ``\input{numbers.tex}``.
    """
    lines = ["% Numbers of the text; where each comes from stands in numbers.json."]
    for name, found in entries.items():
        known = ("quantity", "seed", "column", "row", "of")
        about = ", ".join(f"{key} {found[key]}" for key in known if key in found)
        number = found["text"].replace("−", r"\ensuremath{-}").replace("%", r"\%")
        text = escape(found["text"]) if isinstance(found["value"], str) else number
        lines.append(f"\\newcommand{{\\{name}}}{{{text}}}% {about}")
    return "\n".join([*lines, ""])


def rows(entries: Mapping[str, Mapping[str, Any]]) -> Sequence[dict[str, str]]:
    """The numbers as rows for the page."""
    return [
        {
            "macro": f"\\{name}",
            "text": found["text"],
            "quantity": str(found["quantity"]),
            "from": ", ".join(Path(path).name for path in found["from"]),
        }
        for name, found in entries.items()
    ]

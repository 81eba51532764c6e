"""Tab-separated tables with a header: the one place that writes them, and how they are read.

What planning needs is read by `read`, with the standard library alone and with words for every mistake of a user. Our
own tables of numbers (series, motion) are read by `read_numbers`: importing pandas costs 0.35 s of processor time, and
the jobs that read them take about a second. pandas reads where it is worked with anyway (clusters, QC-FC).
"""

import csv
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import Any, Protocol, TextIO

from .errors import InputError
from .hints import meant

MISSING = ("", "n/a")
"""What stands in a table's cell where there is no value."""

UNKNOWN = frozenset({*MISSING, "na", "<na>", "nan", "null"})
"""The same in tables that R, pandas or a database wrote, in small letters."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A decimal number, as pandas and R read it too."""

SHOWN = 60
"""Characters of a cell that a message shows."""


class Columns(Protocol):
    """Columns by name, as a dict or a pandas DataFrame holds them."""

    def __iter__(self) -> Iterator[str]: ...

    def __getitem__(self, name: str, /) -> Iterable[object]: ...


def write(path: str | PathLike[str], columns: Columns, digits: int = 6) -> None:
    """Write a tab-separated table with a header.

    Parameters
    ----------
    path : str or path-like
    columns : dict of str to iterable, or pandas.DataFrame
        Columns of one length. None, NaN and an empty text become ``n/a``, truth values 0 and 1.
    digits : int
        Significant digits of numbers that are not whole, as in ``%.6g``.
    """
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        names = list(columns)
        table.writerow(names)
        rows = zip(*(columns[name] for name in names), strict=True)
        table.writerows([cell(value, digits) for value in row] for row in rows)


def cell(value: object, digits: int = 6) -> str:
    """Write a value as `write` does."""
    # NaN alone differs from itself.
    if value is None or value != value or value == "":
        return "n/a"
    # numpy's numbers become Python's by it.
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def read_numbers(path: str | PathLike[str]) -> tuple[list[str], list[list[float]]]:
    """Read a table of numbers that this workflow has written.

    Returns
    -------
    names : list of str
        Of the columns.
    rows : list of list of float
        NaN where a cell is ``n/a``.

    Raises
    ------
    InputError
        See `made`.
    """
    names, *lines = made(path)
    return names, [[float("nan") if text in MISSING else float(text) for text in line] for line in lines]


def made(path: str | PathLike[str]) -> list[list[str]]:
    """Read a table that this workflow has written, as it stands, its header first.

    Raises
    ------
    InputError
        If it is empty, which none is that was made; or see `cells`.
    """
    lines = cells(path)
    if not lines:
        raise InputError(f"{path}: the table is empty, and was not when it was made; delete it and start again")
    return lines


def cells(path: str | PathLike[str]) -> list[list[str]]:
    """Read a tab-separated table as it stands, its header first.

    Empty lines are left out, and so is what has neither a name nor a value: some programs end lines with a tab.

    Raises
    ------
    InputError
        If the file is missing or no text, or a row has more or fewer cells than the header.
    """
    try:
        with _open(path) as file:
            lines = [line for line in csv.reader(file, delimiter="\t", strict=True) if any(map(str.strip, line))]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected a tab-separated table") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; expected a tab-separated table") from None
    except csv.Error as error:
        raise InputError(
            f"{path}: cannot be taken apart ({error}: a quotation mark that is not closed, or a cell of more than "
            f"{csv.field_size_limit()} characters?); expected a tab-separated table"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file in UTF-8 ({error}); expected a tab-separated table") from None
    width = max((column for line in lines[:1] for column, name in enumerate(line, start=1) if name.strip()), default=0)
    lines = [line if any(map(str.strip, line[width:])) else line[:width] for line in lines]
    for number, line in enumerate(lines[1:], start=1):
        if any("\n" in cell for cell in line):
            raise InputError(
                f"{path}, row {number}: a cell goes over several lines ({_some(line)}); is a quotation mark not closed?"
            )
        if len(line) != len(lines[0]):
            raise InputError(
                f"{path}, row {number}: found {len(line)} cells ({_some(line)}), expected {len(lines[0])}, one for "
                f"each of {_some(lines[0])}"
            )
    return lines


def _open(path: str | PathLike[str]) -> TextIO:
    """Open a table; a pipe, which would be waited for and can be read but once, is refused."""
    if stat.S_ISFIFO(os.stat(path).st_mode):
        raise InputError(f"{path}: is a pipe, which can be read but once; expected a tab-separated table in a file")
    return open(path, newline="", encoding="utf-8-sig")


def header(path: str | PathLike[str]) -> list[str]:
    """Names of a table's columns; nothing below them is read.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    list of str
        Without what stands around them; none for an empty file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no text, or its first line cannot be taken apart.
    """
    with _open(path) as file:
        try:
            lines = csv.reader(file, delimiter="\t", strict=True)
            names = [name.strip() for name in next((line for line in lines if any(map(str.strip, line))), [])]
        except csv.Error as error:
            raise ValueError(f"{path}: {error}") from None
    if any("\0" in name for name in names):
        raise ValueError(f"{path}: no text")
    return names


def shown(cell: str) -> str:
    """A cell for a message: its beginning, where it is long."""
    return repr(cell if len(cell) <= SHOWN else f"{cell[:SHOWN]}... ({len(cell)} characters)")


def _some(cells: Sequence[str], at_most: int = 8) -> str:
    """A few of many cells for a message."""
    return ", ".join(cell.strip()[:20] for cell in cells[:at_most]) + (", ..." if len(cells) > at_most else "")


def read(
    path: str | PathLike[str], required: Sequence[str], optional: Sequence[str] = ()
) -> list[tuple[str, dict[str, Any]]]:
    """Read a tab-separated table whose columns are known.

    Parameters
    ----------
    path : str or path-like
    required, optional : sequence of str
        Names of the columns that must, and that may, be there.

    Returns
    -------
    list of (str, dict of str to str or None)
        For each row where it stands (``"config/seeds.tsv, row 2"``, counting from 1 after the
        header) and its cells; an empty cell or ``n/a`` in an optional column is None.

    Raises
    ------
    InputError
        If the file is missing, empty or has other columns, or a row lacks a required value.
    """
    lines = cells(path)
    if not lines:
        raise InputError(f"{path}: the table is empty; expected a header {' '.join(required)} and rows below it")
    header = [cell.strip() for cell in lines[0]]
    known = [*required, *optional]
    if len(header) == 1 and len(known) > 1 and any(mark in header[0] for mark in (",", ";", " ")):
        raise InputError(f"{path}: found the header {header[0]!r}; expected columns separated by tabs")
    for problem, names in {
        "lacks the column": [name for name in required if name not in header],
        "has the unknown column": [name for name in header if name not in known],
        "has twice the column": sorted({name for name in header if header.count(name) > 1}),
    }.items():
        if names:
            spare = [name for name in known if name not in header]
            hints = [hint for name in names if (hint := meant(name, spare))] if "unknown" in problem else []
            raise InputError(
                f"{path}: the header {problem} {', '.join(map(repr, names))}{', ' * bool(hints)}{' '.join(hints)}; "
                f"expected {' '.join(required)}" + (f" and perhaps {' '.join(optional)}" if optional else "")
            )
    rows = []
    for number, line in enumerate(lines[1:], start=1):
        where = f"{path}, row {number}"
        row = {name: cell.strip() for name, cell in zip(header, line, strict=True)}
        for name in required:
            if row[name] in MISSING:
                raise InputError(f"{where}: the column {name!r} is empty; expected a value")
        rows.append((where, {name: None if (cell := row.get(name)) in MISSING else cell for name in known}))
    if not rows:
        raise InputError(f"{path}: the table has a header but no row")
    return rows


def number(cell: str, where: str, column: str, unit: str = "") -> float:
    """Read a finite number, or say which cell is none.

    Raises
    ------
    InputError
    """
    # Python takes 2_0 for 20, and digits of other scripts.
    value = float(cell) if NUMBER.fullmatch(cell) else float("nan")
    if value - value != 0:
        raise InputError(f"{where}: the column {column!r} is {shown(cell)}; expected a number{unit and f' in {unit}'}")
    return value

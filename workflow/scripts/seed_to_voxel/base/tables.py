"""Tab-separated tables with a header, read row by row with the standard library."""

import csv

from .errors import InputError

MISSING = ("", "n/a")
"""What stands in a table's cell where there is no value."""


def read(path, required, optional=()):
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
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file, delimiter="\t") if any(cell.strip() for cell in line)]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected a table with the columns {list(required)}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file in UTF-8 ({error}); expected a tab-separated table") from None
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
            raise InputError(
                f"{path}: the header {problem} {', '.join(map(repr, names))}; expected "
                f"{' '.join(required)}" + (f" and perhaps {' '.join(optional)}" if optional else "")
            )
    rows = []
    for number, line in enumerate(lines[1:], start=1):
        where = f"{path}, row {number}"
        if len(line) != len(header):
            raise InputError(
                f"{where}: found {len(line)} cells ({line}), expected {len(header)}, one for each of {header}"
            )
        row = {name: cell.strip() for name, cell in zip(header, line, strict=True)}
        for name in required:
            if row[name] in MISSING:
                raise InputError(f"{where}: the column {name!r} is empty; expected a value")
        rows.append((where, {name: None if (cell := row.get(name)) in MISSING else cell for name in known}))
    if not rows:
        raise InputError(f"{path}: the table has a header but no row")
    return rows


def number(cell, where, column, unit=""):
    """Read a finite number, or say which cell is none.

    Raises
    ------
    InputError
    """
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if value - value != 0:
        raise InputError(f"{where}: the column {column!r} is {cell!r}; expected a number{unit and f' in {unit}'}")
    return value

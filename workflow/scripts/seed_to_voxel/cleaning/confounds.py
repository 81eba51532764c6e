"""A run's confounds table, read once: its columns as text, and as numbers where they are wanted."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from ..base import tables
from ..base.errors import InputError
from ..base.hints import meant
from ..base.provenance import read_json

MISSING = tables.UNKNOWN | {"none"}
"""What stands in a cell, in small letters, where there is no value."""


@dataclass(frozen=True)
class Confounds:
    """A confounds table.

    Attributes
    ----------
    path : str
        Where it was read from, for messages.
    header : tuple of str
        Names of its columns.
    rows : list of list of str
        Its cells, a row a volume, as they stand in the file.
    described : dict or None
        What the JSON file beside an fMRIPrep table says of its columns; None without such a file.
    """

    path: str
    header: tuple[str, ...]
    rows: list[list[str]]
    described: dict | None = None

    def numbers(self, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Some columns as numbers.

        Parameters
        ----------
        names : sequence of str
            Of the header.

        Returns
        -------
        values : numpy.ndarray of float64, shape (n_rows, n_names)
            NaN where a cell is empty or no number.
        empty : numpy.ndarray of bool, shape (n_rows, n_names)
            Cells that hold no value, as against text or an infinity.

        Raises
        ------
        InputError
            If a column stands twice in the table.
        """
        twice = sorted({name for name in names if self.header.count(name) > 1})
        if twice:
            raise InputError(
                f"{self.path}: the column {', '.join(map(repr, twice))} stands twice; expected it once: remove or "
                "rename the one that is not meant"
            )
        at = [self.header.index(name) for name in names]
        cells = [[row[column].strip() for column in at] for row in self.rows]
        shape = (len(cells), len(at))
        values = np.array([[_number(cell) for cell in row] for row in cells], dtype=np.float64).reshape(shape)
        empty = np.array([[cell.lower() in MISSING for cell in row] for row in cells], dtype=bool).reshape(shape)
        return values, empty

    def check_rows(self, n_volumes: int) -> None:
        """Refuse a table that has not a row for each volume.

        Raises
        ------
        InputError
        """
        if len(self.rows) != n_volumes:
            raise InputError(
                f"{self.path}: found {len(self.rows)} rows of confounds, expected {n_volumes}, one for each volume of "
                "the run"
            )


def _number(cell: str) -> float:
    # Python takes 2_0 for 20.
    value = float(cell) if tables.NUMBER.fullmatch(cell) else math.nan
    return value if math.isfinite(value) else math.nan


def read(path: str | os.PathLike) -> Confounds:
    """Read a confounds table and the JSON file beside it, if there is one.

    Parameters
    ----------
    path : str or path-like
        Tab-separated, with a header, a row a volume, ``n/a`` or empty where there is no value.

    Returns
    -------
    Confounds

    Raises
    ------
    InputError
        If there is no such table, or a row has another number of cells than the header.
    """
    lines = tables.cells(path)
    if not lines:
        raise InputError(f"{path}: the table is empty; expected a header and a row for each volume of the run")
    header, *rows = lines
    sidecar = Path(path).with_suffix(".json")
    described = read_json(sidecar) if sidecar.is_file() else None
    return Confounds(str(path), tuple(name.strip() for name in header), rows, described)


def match(table: Confounds, patterns: Sequence[str]) -> list[str]:
    """Find the columns that names and patterns mean.

    Parameters
    ----------
    table : Confounds
    patterns : sequence of str
        Names, or patterns with ``*`` for any text.

    Returns
    -------
    list of str
        In the order of the patterns, each once.

    Raises
    ------
    InputError
        If nothing matches a pattern.
    """
    columns: list[str] = []
    for name in patterns:
        found = [column for column in table.header if fnmatchcase(column, name)] if "*" in name else [name]
        if not found:
            raise InputError(
                f"{table.path}: no column matches {name!r} of cleaning.confounds; it has {', '.join(table.header)}"
            )
        columns += [column for column in found if column not in columns]
    return columns


def values_of(table: Confounds, columns: Sequence[str], n_volumes: int) -> tuple[np.ndarray, list[str]]:
    """Take some columns of a confounds table as regressors.

    Parameters
    ----------
    table : Confounds
    columns : sequence of str
        Names of the columns, in the order they are wanted.
    n_volumes : int
        Volumes of the run.

    Returns
    -------
    values : numpy.ndarray of float64, shape (n_volumes, n_columns)
    filled : list of str
        Columns whose first row had no value (derivatives have none there) and was given the second
        row's, as nilearn's ``load_confounds`` does.

    Raises
    ------
    InputError
        If a column is missing, the number of rows is wrong, or a value is missing or no number.
    """
    absent = [name for name in columns if name not in table.header]
    if absent:
        hints = [hint for name in absent if (hint := meant(name, table.header))]
        raise InputError(
            f"{table.path}: lacks the confound {', '.join(map(repr, absent))} named in cleaning.confounds; "
            f"{' '.join([*hints, 'It' if hints else 'it'])} has {', '.join(table.header)}"
        )
    table.check_rows(n_volumes)
    values, empty = table.numbers(columns)
    # Only an honest gap in the first row is filled: text there is a mistake to be told.
    first = empty[0].copy()
    if n_volumes > 1:
        values[0, first] = values[1, first]
    spoilt = np.isnan(values)
    if spoilt.any():
        row, column = np.argwhere(spoilt)[0]
        cell = table.rows[row][table.header.index(columns[column])]
        raise InputError(
            f"{table.path}, row {row + 1}, column {columns[column]!r}: found {cell!r}, expected a finite "
            f"number ({int(spoilt.sum())} such cells in all; only a gap in the first row is filled by itself)"
        )
    return values, [name for name, gap in zip(columns, first, strict=True) if gap]

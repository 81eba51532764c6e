"""The table of numbers that a publication printed."""

import os
from typing import Any

from ..base import tables
from ..base.errors import InputError

REQUIRED = ("subject", "seed", "quantity", "printed", "tolerance")
OPTIONAL = ("x", "y", "z", "file")
"""Columns of which some quantities need some: a place, mm, or an image."""


def read(path: str | os.PathLike[str]) -> list[tuple[str, dict[str, Any]]]:
    """Rows of the table, each with where it stands; see `tables.read`."""
    return tables.read(path, REQUIRED, OPTIONAL)


def files_in(path: str | None) -> list[str]:
    """Images that the table names, each once.

    Parameters
    ----------
    path : str or None
        The table; None where nothing is compared.

    Raises
    ------
    InputError
        If one of them is not there.
    """
    found: dict[str, None] = {}
    for where, row in read(path) if path else ():
        if row["file"] is not None:
            if not os.path.isfile(row["file"]):
                raise InputError(
                    f"{where}: no such file: {row['file']} (looked for from {os.getcwd()}); expected an image, its "
                    "path absolute or relative to the working directory"
                )
            found[row["file"]] = None
    return list(found)

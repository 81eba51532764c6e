"""The table of numbers that a publication printed."""

import os
from typing import Any

from ..base import tables
from ..base.errors import InputError

REQUIRED = ("subject", "seed", "quantity", "printed", "tolerance")
OPTIONAL = ("x", "y", "z", "file", "vertex", "hemisphere", "file_right", "label")
"""Columns of which some quantities need some: a place, mm, or an image; on the cortical surface also a vertex, a
hemisphere, the file of the right hemisphere, and which label of an atlas is meant."""


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
        for file in filter(None, (row["file"], row["file_right"])):
            if not os.path.isfile(file):
                raise InputError(
                    f"{where}: no such file: {file} (looked for from {os.getcwd()}); expected an image, its "
                    "path absolute or relative to the working directory"
                )
            found[file] = None
    return list(found)

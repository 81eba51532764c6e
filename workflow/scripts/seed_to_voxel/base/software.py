"""Versions of software that are known to compute wrong maps, and their refusal."""

import re
from importlib import metadata
from os import PathLike
from pathlib import Path

from . import fingerprint
from .errors import InputError

WRONG_MAPS = (0, 13), (0, 14, 1)
"""nilearn from the first to before the second.

0.13.0 and 0.13.1 save maps in the data type of the mask, 256 levels with a mask of bytes; 0.14.0 cuts
the series of integer runs to whole numbers, and was withdrawn.
"""


def uses_nilearn(script: Path) -> bool:
    """Whether a script, or a module of this package that it reaches, imports nilearn.

    Parameters
    ----------
    script : pathlib.Path

    Returns
    -------
    bool
    """
    files = (script, *fingerprint.reached(script))
    return any(name.partition(".")[0] == "nilearn" for path in files for name in fingerprint.imports(path))


def check_nilearn(version: str) -> None:
    """Refuse a nilearn that computes wrong maps.

    Parameters
    ----------
    version : str

    Raises
    ------
    InputError
        If it is 0.13.0 to 0.14.0.
    """
    release = tuple(map(int, re.findall(r"\d+", version)[:3]))
    first, fixed = WRONG_MAPS
    if first <= release < fixed:
        raise InputError(
            f"nilearn {version} is installed here, and the versions 0.13.0 to 0.14.0 compute wrong maps: 0.13 saves "
            "them in the data type of the mask (256 levels with a mask of bytes), 0.14.0 cuts the series of integer "
            "runs to whole numbers. Install nilearn 0.14.1: `uv sync`, or run with `--sdm conda`"
        )


def check_script(script: str | PathLike[str]) -> None:
    """Refuse to run a script that uses nilearn where its version computes wrong maps; nilearn is not imported.

    Parameters
    ----------
    script : str or path-like

    Raises
    ------
    InputError
    """
    script = Path(script)
    # A script may run where another Python's nilearn is on the path that it never uses.
    if not script.is_file() or uses_nilearn(script):
        try:
            version = metadata.version("nilearn")
        except metadata.PackageNotFoundError:
            return
        check_nilearn(version)

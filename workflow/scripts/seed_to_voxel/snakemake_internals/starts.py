"""How a script of the workflow starts: with what it is handed, and without the whole of Snakemake."""

import inspect
import os
from functools import wraps
from pathlib import Path
from typing import Any

from snakemake.script import PythonScript

from .patches import Patch

WHOLE = "import pickle;"
"""Where Snakemake's own opening of a script begins to import."""

PART = (
    "import importlib.util,pickle;"
    "sys.modules['snakemake']=importlib.util.module_from_spec(importlib.util.find_spec('snakemake'));"
)
"""The package without what is in its `__init__`, so that a module of it can be imported alone."""

UNUSED = "from snakemake.logging import logger;"

LAST = "from snakemake.iocontainers import Snakemake;"

AS_BEFORE = "del sys.modules['snakemake'];"
"""Whoever imports the package later gets the whole of it."""

LIGHT = Patch(
    name="light start of scripts",
    replaces="the opening that PythonScript.generate_preamble writes",
    without="each job takes 0.06 s of processor time longer to start",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/script/__init__.py",
    is_there=lambda: has_parts(inspect.getsource(PythonScript.generate_preamble)),
)


def has_parts(opening: str) -> bool:
    """Whether an opening has what `lightened` changes, each once."""
    return all(opening.count(part) == 1 for part in (WHOLE, UNUSED, LAST))


def lightened(opening: str) -> str:
    """The opening of a script that needs nothing of Snakemake but the object that it is handed.

    That object's classes are in `snakemake.iocontainers`, which imports the standard library alone; yet importing it
    runs Snakemake's `__init__`, which draws in asyncio, ssl and much of Snakemake.
    """
    if not has_parts(opening):
        return opening
    return opening.replace(WHOLE, PART).replace(UNUSED, "").replace(LAST, LAST + AS_BEFORE)


def start_lightly(scripts: str | os.PathLike[str], script_class: Any = PythonScript) -> None:
    """Let the scripts of a folder start without the whole of Snakemake; those of an importing workflow start as ever.

    Parameters
    ----------
    scripts : path-like
        Folder of the workflow's scripts.
    script_class : type
        `snakemake.script.PythonScript`, changed in place.
    """
    write = script_class.generate_preamble
    folder = Path(scripts).resolve()

    @wraps(write)
    def write_lightly(path: Any, *arguments: Any, **options: Any) -> str:
        opening: str = write(path, *arguments, **options)
        file = Path(path.get_path_or_uri(secret_free=True)).resolve()
        return lightened(opening) if file.parent == folder else opening

    script_class.generate_preamble = staticmethod(write_lightly)

"""What Snakemake needs of the machine and would not say, or would wait for without end."""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any

from ..base import fingerprint
from ..base.errors import InputError
from .scheduling import is_slurm


def check_python(executable: str = sys.executable) -> None:
    """Refuse a Python that Snakemake cannot start scripts with: it puts the path into a command as it is.

    Raises
    ------
    InputError
        If there is a space in the path.
    """
    if re.search(r"\s", executable):
        raise InputError(
            f"Python lies at {executable!r}, and Snakemake starts no script by a path with a space in it. Move the "
            "project to a folder without, or its environment: "
            "`export UV_PROJECT_ENVIRONMENT=$HOME/.venvs/seed-to-voxel`, and the same command"
        )


def check_cluster(executor: Any) -> None:
    """Refuse to submit jobs to a Slurm that is not here: Snakemake's executor would wait without end.

    Parameters
    ----------
    executor : snakemake_interface_executor_plugins.executors.base.AbstractExecutor

    Raises
    ------
    InputError
    """
    if is_slurm(executor) and shutil.which("sbatch") is None:
        raise InputError(
            "the profile asks for Slurm, and its command sbatch is not found here. Start Snakemake on the cluster's "
            "login node (perhaps after `module load slurm`), or leave the profile out: `uv run snakemake --cores 2`"
        )


def check_folders(folders: Iterable[str | PathLike]) -> None:
    """Refuse to begin where nothing can be written: Snakemake would end in the trace of its own code.

    Parameters
    ----------
    folders : iterable of str or path-like
        In which files will be written. They need not be there yet, and are not made.

    Raises
    ------
    InputError
        With the folder in full, as the working directory may be another than the user's.
    """
    for place in map(os.path.abspath, folders):
        there = place
        while not os.path.exists(there):
            there = os.path.dirname(there)
        if not os.access(there, os.W_OK | os.X_OK):
            what = "" if there == place else f", where {os.path.relpath(place, there)} is to be made"
            raise InputError(f"cannot write in {there}{what}; choose another folder with --directory")


def absent_packages(script: str) -> list[str]:
    """Packages that a script of this workflow imports, itself or by our modules, and that are not installed here.

    Parameters
    ----------
    script : str
        Its file name.

    Returns
    -------
    list of str
    """
    path = fingerprint.PACKAGE.parent / script
    if not path.is_file():
        return []
    files: list[Path] = [path, *fingerprint.reached(path)]
    tops = {name.partition(".")[0] for file in files for name in fingerprint.imports(file)}
    return sorted(name for name in tops - {"", fingerprint.PACKAGE.name} if find_spec(name) is None)

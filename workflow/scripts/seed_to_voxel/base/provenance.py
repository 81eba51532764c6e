"""JSON sidecars: what a file is, what it was made from, how, and with which versions."""

import json
import os
import sys
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from .errors import InputError


def versions(*packages: str) -> dict[str, str]:
    """Versions of packages, as they state them.

    Parameters
    ----------
    *packages : str
        Which this process has imported, as it has used them.

    Returns
    -------
    dict of str to str

    Raises
    ------
    KeyError
        If one is not imported: to leave it out would make a file depend on which jobs have shared their imports.
    """
    return {name: sys.modules[name].__version__ for name in packages}


def write_json(path: str | PathLike[str], content: Mapping[str, Any]) -> None:
    """Write a JSON file, refusing NaN and infinities, which JSON does not have."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")


def read_json(path: str | PathLike[str]) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InputError
        If the file is no JSON object.
    """
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: found {type(content).__name__}, expected a JSON object")
    return content


def uri(path: str | PathLike[str], datasets: Mapping[str, str]) -> str:
    """Name a file as BIDS does.

    Parameters
    ----------
    path : str or path-like
    datasets : dict of str to str
        Folders of datasets by name; the name ``""`` is the dataset that is being written.

    Returns
    -------
    str
        ``bids:<name>:<path in the dataset>``, or a ``file:`` URI for a file of no dataset.
    """
    absolute = os.path.abspath(path)
    for name, folder in datasets.items():
        inside = os.path.relpath(absolute, os.path.abspath(folder))
        if not inside.startswith(os.pardir):
            return f"bids:{name}:{Path(inside).as_posix()}"
    return Path(absolute).as_uri()


def dataset_links(datasets: Mapping[str, str], root: str | PathLike[str]) -> dict[str, str]:
    """Where the datasets are that BIDS URIs name, for ``DatasetLinks``.

    Parameters
    ----------
    datasets : dict of str to str
        See `uri`.
    root : str or path-like
        Folder of the dataset that is being written.

    Returns
    -------
    dict of str to str
        Relative to the root: nobody who gets the results learns how somebody's disk is laid out, and a study
        can be moved as a whole.
    """
    return {name: Path(os.path.relpath(folder, root)).as_posix() for name, folder in datasets.items() if name}


def source_dataset(url: str, description: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Describe a dataset that results were made from, for ``SourceDatasets``.

    Parameters
    ----------
    url : str
    description : dict, optional
        Its own ``dataset_description.json``.

    Returns
    -------
    dict
    """
    found = {"URL": url}
    if description:
        doi = description.get("DatasetDOI")
        made_by: Mapping[str, Any] = next(iter(description.get("GeneratedBy") or []), {})
        version = made_by.get("Version")
        found |= {"DOI": doi} if doi else {}
        found |= {"Version": version} if version else {}
    return found

"""JSON sidecars: what a file is, what it was made from, how, and with which versions."""

import json
from importlib import metadata

from .errors import InputError


def versions(*distributions):
    """Versions of installed distributions.

    Parameters
    ----------
    *distributions : str
        Names as on PyPI.

    Returns
    -------
    dict of str to str
    """
    return {name: metadata.version(name) for name in distributions}


def write_json(path, content):
    """Write a JSON file, refusing NaN and infinities, which JSON does not have."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")


def read_json(path):
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

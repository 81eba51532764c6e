"""What a place of a run is called: a voxel, a vertex, or, where a file has both, a grayordinate."""

import re
from collections.abc import Mapping
from typing import Any

SINGULAR = {"voxels": "voxel", "vertices": "vertex", "grayordinates": "grayordinate"}
"""By the word for several."""

VOXEL = re.compile(r"(?<![\w/-])([Vv]oxels?)(?![\w-])")

KEPT = ("Sources", "Seed", "Seeds", "Cleaning", "Software")
"""Parts of sidecars that name files and what others wrote."""


def of_places(content: Any, words: str) -> Any:
    """What is said of voxels, said of other places.

    Parameters
    ----------
    content : str, dict or list
        Texts in it are changed, other values are not; ``seed-to-voxel`` is a name and stays.
    words : str
        One of `SINGULAR`.
    """
    if words == "voxels":
        return content
    if isinstance(content, str):
        return VOXEL.sub(lambda found: _like(found[1], words), content)
    if isinstance(content, Mapping):
        return {key: value if key in KEPT else of_places(value, words) for key, value in content.items()}
    return [of_places(value, words) for value in content] if isinstance(content, list) else content


def of_keys(content: Mapping[str, Any], words: str) -> dict[str, Any]:
    """Keys such as ``NumberOfVoxels``, with the word for other places: ``NumberOfVertices``; in dicts within too."""
    return {
        key.replace("Voxels", words.capitalize()): (
            of_keys(value, words) if isinstance(value, Mapping) and key not in KEPT else value
        )
        for key, value in content.items()
    }


def _like(found: str, words: str) -> str:
    """The word for one or several, as a text has it: with a capital where the text has one."""
    word = words if found.endswith("s") else SINGULAR[words]
    return word.capitalize() if found[0].isupper() else word

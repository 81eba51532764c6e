"""What a place of a run is called: a voxel, a vertex, or, where a file has both, a grayordinate."""

import re
from collections.abc import Mapping
from typing import Any

SINGULAR = {"voxels": "voxel", "vertices": "vertex", "grayordinates": "grayordinate"}
"""By the word for several."""

VOXEL = re.compile(r"(?<![\w/-])(voxels?)(?![\w-])")

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
        return VOXEL.sub(lambda found: words if found[1].endswith("s") else SINGULAR[words], content)
    if isinstance(content, Mapping):
        return {key: value if key in KEPT else of_places(value, words) for key, value in content.items()}
    return [of_places(value, words) for value in content] if isinstance(content, list) else content

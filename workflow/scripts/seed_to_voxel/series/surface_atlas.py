"""Names of places on the cortical surface after an atlas of the user's own, and how much of its regions has data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..images.places import Places
from .cortical import CIFTI, on_places

NAMELESS = ("???", "")
"""What atlases call places that belong to no region, beside the number 0."""

COLUMNS = {
    "region": ("Name of the region, after figures.atlas", None),
    "structure": ("Cortex of which hemisphere, or structure of voxels, by its name in CIFTI", None),
    "n_places": ("Vertices, or voxels, that the region has in the run's file", None),
    "n_with_data": ("Those of them that have data at some volume", None),
    "area_mm2": ("Area of the region's vertices, a third of the triangles around each; n/a for voxels", "mm2"),
    "coverage": ("Share of the region that has data: of the area of vertices, of the number of voxels", "1"),
}
"""Columns of the table of coverage, with what they are and their units."""


@dataclass(frozen=True)
class SurfaceAtlas:
    """Regions of the places of a run.

    Attributes
    ----------
    names : list of str
    number : numpy.ndarray of int, shape (n_places,)
        Position of each place's region among the names, -1 for none.
    """

    names: list[str]
    number: np.ndarray

    def at(self, places: np.ndarray) -> list[str | None]:
        """The region of each of some places, None where there is none.

        Parameters
        ----------
        places : numpy.ndarray of int
        """
        return [self.names[number] if number >= 0 else None for number in self.number[places]]


def read(files: Sequence[str], places: Places) -> SurfaceAtlas:
    """Read an atlas onto the places of a run.

    Parameters
    ----------
    files : sequence of str
        A file of labels for each hemisphere, the left one first (``.label.gii`` or ``.annot``), or one of CIFTI
        (``.dlabel.nii``).
    places : Places

    Returns
    -------
    SurfaceAtlas

    Raises
    ------
    InputError
        If a file is of another mesh or of the other hemisphere, or no atlas.
    """
    names: list[str] = []
    number = np.full(len(places.axis), -1)
    sides = [None] if files[0].endswith(CIFTI) else ["L", "R"]
    for path, side in zip(files, sides, strict=True):
        values, known = on_places(path, side, places, "figures.atlas")
        of_number = {value: name for name, numbers in known.items() for value in numbers if name not in NAMELESS}
        for value in np.unique(values[values != 0]).astype(int).tolist():
            if known and value not in of_number:
                continue
            name = of_number.get(value, f"region {value}")
            if name not in names:
                names.append(name)
            number[values == value] = names.index(name)
    return SurfaceAtlas(names, number)


def coverage(atlas: SurfaceAtlas, places: Places, brain: np.ndarray) -> dict[str, list[Any]]:
    """How much of each region has data.

    Parameters
    ----------
    atlas : SurfaceAtlas
    places : Places
    brain : numpy.ndarray of bool, shape (n_places,)
        Places with data.

    Returns
    -------
    dict of str to list
        `COLUMNS`, a row a region of a structure, the least covered first.
    """
    rows = []
    for structure, part in places.parts:
        of_structure = np.zeros(len(places.axis), dtype=bool)
        of_structure[part] = True
        for number, name in enumerate(atlas.names):
            own = of_structure & (atlas.number == number)
            if not own.any():
                continue
            sizes = places.extents[own]
            voxels = bool(places.are_voxels[own].any())
            rows.append(
                (
                    name,
                    structure.removeprefix("CIFTI_STRUCTURE_"),
                    int(own.sum()),
                    int((own & brain).sum()),
                    np.nan if voxels else float(sizes.sum()),
                    float(sizes[brain[own]].sum() / sizes.sum()),
                )
            )
    rows.sort(key=lambda row: (row[5], row[1], row[0]))
    return {name: [row[column] for row in rows] for column, name in enumerate(COLUMNS)}


def describe(files: Sequence[str], words: str) -> dict[str, Any]:
    """The JSON file beside the table of coverage.

    Parameters
    ----------
    files : sequence of str
        Of the atlas.
    words : str
        What the places of the run are called.
    """
    return {
        "Description": (
            f"How much of each region of an atlas has data in this run, by the {words} of its file; those that the "
            "file leaves out are not counted"
        ),
        "Atlas": [path.rsplit("/", 1)[-1] for path in files],
        **{name: {"Description": text, **({"Units": unit} if unit else {})} for name, (text, unit) in COLUMNS.items()},
    }

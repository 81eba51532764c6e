"""The cortex as a page can draw it without three dimensions: which vertex is seen at each pixel of a few views."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..images.grid import nearest_voxels
from ..images.views import nearest_faces

VIEWS = {
    "left, from the side": ("left", -1),
    "left, from the middle": ("left", 1),
    "right, from the middle": ("right", -1),
    "right, from the side": ("right", 1),
}
"""Hemisphere of each view, and from which side of the x axis it is seen."""

GREYS = (0.72, 0.5)
"""Of gyri and of sulci."""


@dataclass(frozen=True)
class View:
    """What is seen of the cortex from one side.

    Attributes
    ----------
    vertices : numpy.ndarray of int32, shape (height, width)
        Vertex of both hemispheres, the left first, at each pixel from the top left; -1 where there is none.
    grey : numpy.ndarray of uint8, shape (height, width)
    """

    vertices: np.ndarray
    grey: np.ndarray


@cache
def views() -> tuple[tuple[View, ...], np.ndarray]:
    """Views of fsaverage5, and where its vertices are.

    Returns
    -------
    tuple of View
        In the order of `VIEWS`.
    numpy.ndarray of shape (n_vertices, 3)
        MNI mm of each vertex, in the middle of the cortex's thickness, the left hemisphere's first.
    """
    from nilearn import datasets

    meshes: Any = datasets.load_fsaverage("fsaverage5")
    curvature = datasets.load_fsaverage_data("fsaverage5", data_type="curvature").data.parts
    made: list[View] = []
    middles: list[np.ndarray] = []
    start: dict[str, int] = {}
    for side in ("left", "right"):
        start[side] = sum(len(part) for part in middles)
        pial, white = (meshes[name].parts[side].coordinates for name in ("pial", "white_matter"))
        middles.append((pial + white) / 2)
    for side, sign in VIEWS.values():
        mesh = meshes["inflated"].parts[side]
        toward = np.array([sign, 0.0, 0.0])
        seen = nearest_faces(
            mesh.coordinates, mesh.faces, np.array([0.0, sign, 0.0]), np.array([0.0, 0.0, 1.0]), toward
        )
        there = seen >= 0
        shade = np.where(np.ravel(curvature[side])[seen] > 0, GREYS[1], GREYS[0])
        grey = np.where(there, np.rint(255 * shade), 0).astype(np.uint8)
        made.append(View(np.where(there, seen + start[side], -1).astype(np.int32), grey))
    return tuple(made), np.concatenate(middles)


def voxels_at(places: np.ndarray, mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Number of the voxel of a mask at each place, -1 outside of it.

    Parameters
    ----------
    places : numpy.ndarray of shape (n, 3)
        mm.
    mask : numpy.ndarray of bool, shape (x, y, z)
    affine : numpy.ndarray of shape (4, 4)

    Returns
    -------
    numpy.ndarray of int32, shape (n,)
    """
    voxels = nearest_voxels(affine, places)
    inside = ((voxels >= 0) & (voxels < mask.shape)).all(axis=1)
    numbers = np.full(mask.shape, -1, dtype=np.int32)
    numbers[mask] = np.arange(int(mask.sum()))
    found = np.full(len(places), -1, dtype=np.int32)
    found[inside] = numbers[tuple(voxels[inside].T)]
    return found

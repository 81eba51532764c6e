"""The cortex as a page can draw it without three dimensions: which vertex is seen at each pixel of a few views."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..images.grid import nearest_voxels

VIEWS = {
    "left, from the side": ("left", -1),
    "left, from the middle": ("left", 1),
    "right, from the middle": ("right", -1),
    "right, from the side": ("right", 1),
}
"""Hemisphere of each view, and from which side of the x axis it is seen."""

PIXEL = 1.75
"""mm of the inflated cortex that a pixel is wide."""

DIVISIONS = 8
"""Points that are tried along each edge of a triangle: pixels are smaller than a triangle."""

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


def nearest_faces(
    vertices: np.ndarray, faces: np.ndarray, across: np.ndarray, up: np.ndarray, toward: np.ndarray
) -> np.ndarray:
    """Vertex that is seen at each pixel of a mesh, without perspective.

    Parameters
    ----------
    vertices : numpy.ndarray of shape (n_vertices, 3)
        mm.
    faces : numpy.ndarray of int, shape (n_faces, 3)
    across, up, toward : numpy.ndarray of shape (3,)
        Directions to the right and to the top of the picture, and to the one who looks.

    Returns
    -------
    numpy.ndarray of int32, shape (height, width)
        The nearest corner of the triangle in front; -1 where there is none.
    """
    first, second = np.meshgrid(np.arange(DIVISIONS + 1), np.arange(DIVISIONS + 1), indexing="ij")
    inside = first + second <= DIVISIONS
    shares = np.stack([first[inside], second[inside], (DIVISIONS - first - second)[inside]], 1) / DIVISIONS
    places = vertices @ np.column_stack([across, up, toward])
    points = np.einsum("pc,fca->fpa", shares, places[faces])
    corner = faces[:, shares.argmax(axis=1)].ravel()
    points = points.reshape(-1, 3)
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    column = ((points[:, 0] - low[0]) / PIXEL).astype(int) + 1
    row = ((high[1] - points[:, 1]) / PIXEL).astype(int) + 1
    seen = np.full((row.max() + 2, column.max() + 2), -1, dtype=np.int32)
    # Of points that fall on one pixel, the last is kept: the nearest.
    order = np.argsort(points[:, 2], kind="stable")
    seen[row[order], column[order]] = corner[order]
    return seen


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

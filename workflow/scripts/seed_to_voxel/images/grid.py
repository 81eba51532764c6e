"""Where voxels are: places on a grid, and what an image has at a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage

BOX = np.array([[-90, 90], [-126, 90], [-72, 108]])
"""mm that the MNI brain spans along x, y and z."""


def box_around(image: SpatialImage) -> np.ndarray:
    """A box as large as `BOX` around the brain of an image that is not in MNI space.

    Parameters
    ----------
    image : nibabel image, 3-D
        Not 0 in the brain.

    Returns
    -------
    numpy.ndarray of shape (3, 2)
        mm; its middle is that of the voxels that are not 0, to the next mm.
    """
    voxels = np.argwhere(np.nan_to_num(np.asarray(image.dataobj)) != 0)
    world = voxels @ image.affine[:3, :3].T + image.affine[:3, 3] if len(voxels) else np.zeros((1, 3))
    middle = np.rint((world.min(axis=0) + world.max(axis=0)) / 2)
    return BOX - np.rint(BOX.mean(axis=1, keepdims=True)) + middle[:, None]


def sphere_voxels(
    centre: Sequence[float] | np.ndarray, radius_mm: float, affine: np.ndarray, shape: Sequence[int]
) -> np.ndarray:
    """Voxels whose centres lie in a sphere, and the voxel that holds its centre.

    The same voxels as `nilearn.maskers.NiftiSpheresMasker` without a mask takes.

    Parameters
    ----------
    centre : tuple of float
        World coordinates in mm.
    radius_mm : float
    affine : numpy.ndarray of shape (4, 4)
    shape : tuple of int
        The image's first three dimensions.

    Returns
    -------
    numpy.ndarray of int, shape (n, 3)
        Voxel indices inside the image; empty if the sphere lies outside of it.
    """
    to_voxels = np.linalg.inv(affine)
    middle = to_voxels[:3, :3] @ centre + to_voxels[:3, 3]
    # The sphere is an ellipsoid in voxel space; a row's norm is its half-width along that axis.
    half = radius_mm * np.linalg.norm(to_voxels[:3, :3], axis=1)
    low = np.maximum(np.floor(middle - half).astype(int), 0)
    high = np.minimum(np.ceil(middle + half).astype(int) + 1, shape)
    if (low >= high).any():
        return np.empty((0, 3), dtype=int)
    box = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.linalg.norm(box @ affine[:3, :3].T + affine[:3, 3] - centre, axis=1)
    nearest = (box == np.round(middle).astype(int)).all(axis=1)
    return box[(distance <= radius_mm) | nearest]


def nearest_voxels(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The voxel that each point lies in; half-way between two, the even one.

    Parameters
    ----------
    affine : numpy.ndarray of shape (4, 4)
    points : numpy.ndarray of shape (..., 3)
        World mm.

    Returns
    -------
    numpy.ndarray of int, shape (..., 3)
        Perhaps outside of the image.
    """
    return np.rint(_in_voxels(affine, points)).astype(int)


def _in_voxels(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points in units of voxels."""
    to_voxels = np.linalg.inv(affine)
    return points @ to_voxels[:3, :3].T + to_voxels[:3, 3]


def sample(data: np.ndarray, affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values of an image at points, of the nearest voxel; half-way between two, of the one further up.

    Parameters
    ----------
    data : numpy.ndarray of shape (x, y, z)
    affine : numpy.ndarray of shape (4, 4)
    points : numpy.ndarray of shape (..., 3)
        World mm.

    Returns
    -------
    numpy.ndarray of shape (...)
        0 outside of the image.
    """
    # Half-way between voxels, rounding to even ones would make these thick and the others thin; and what is half-way
    # but for the rounding error of the affine must not be tossed about by it.
    voxels = np.floor(_in_voxels(affine, points) + 0.5 + 1e-6).astype(int)
    inside = ((voxels >= 0) & (voxels < data.shape[:3])).all(axis=-1)
    values = np.zeros(points.shape[:-1], dtype=np.float32)
    values[inside] = data[tuple(voxels[inside].T)]
    return values

"""Grids of pages on which every voxel is a seed: a run's, turned, cut to the brain and thinned out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage


@dataclass(frozen=True)
class Grid:
    """A grid of a page: the run's, its axes turned to right, anterior and superior, and perhaps every n-th voxel of it.

    Attributes
    ----------
    mask : numpy.ndarray of bool, shape (x, y, z)
    affine : numpy.ndarray of shape (4, 4)
    voxels : numpy.ndarray of int, shape (n_voxels,)
        Position among the voxels of the run's mask of each voxel of this mask, in C order.
    background : numpy.ndarray of float32, shape (x, y, z)
    step : int
        Every so manieth voxel along each axis.
    """

    mask: np.ndarray
    affine: np.ndarray
    voxels: np.ndarray
    background: np.ndarray
    step: int

    @property
    def where(self) -> np.ndarray:
        """What foretells a value from others; see `reduced.differences`."""
        return self.mask


def grid_of(mask: SpatialImage, mean: SpatialImage, defined: np.ndarray, step: int = 1, cut: bool = True) -> Grid:
    """Turn a run's grid, cut it to its brain, and thin it out.

    Parameters
    ----------
    mask, mean : nibabel image
        The run's.
    defined : numpy.ndarray of bool, shape (n_voxels,)
        Voxels of the mask that have a series.
    step : int
    cut : bool
        To the brain; False keeps the whole grid, which runs with other brains have too.

    Returns
    -------
    Grid
    """
    import nibabel

    brain = np.asarray(mask.dataobj) != 0
    position = np.full(brain.shape, -1, dtype=np.int32)
    position[brain] = np.where(defined, np.arange(len(defined)), -1)
    turned = nibabel.as_closest_canonical(nibabel.Nifti1Image(position, mask.affine))
    below = nibabel.as_closest_canonical(nibabel.Nifti1Image(np.asarray(mean.dataobj, np.float32), mask.affine))
    position = np.asarray(turned.dataobj)
    low, high = around(position >= 0) if cut else (np.zeros(3, dtype=int), np.array(position.shape))
    part = tuple(slice(int(first), int(last), step) for first, last in zip(low, high, strict=True))
    affine = turned.affine @ np.vstack([np.column_stack([np.eye(3) * step, low]), [0, 0, 0, 1]])
    position = position[part]
    chosen = position >= 0
    return Grid(chosen, affine, position[chosen], np.asarray(below.dataobj)[part], step)


def around(brain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first voxel along each axis of the box around a brain, and that after the last.

    Parameters
    ----------
    brain : numpy.ndarray of bool, shape (x, y, z)

    Returns
    -------
    low, high : numpy.ndarray of int, shape (3,)
        With a margin of two voxels, so that the edge of the brain is seen as one.
    """
    inside = np.argwhere(brain)
    return np.maximum(inside.min(axis=0) - 2, 0), np.minimum(inside.max(axis=0) + 3, brain.shape)

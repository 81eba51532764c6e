"""Numbers that a publication may print of a map: its value at a place, in a region, beside another map."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..images import grid, nifti, resampling
from ..series.regions import on_grid

if TYPE_CHECKING:
    from nibabel import Nifti1Pair

LEAST = 100
"""Fewer voxels in common say nothing of how alike two maps are."""


class NoValueError(InputError):
    """A map has no value where one was asked for."""


def value_at(image: Nifti1Pair, point: Sequence[float]) -> float:
    """A map's value at a place.

    Parameters
    ----------
    image : nibabel image, 3-D
        0 outside of the brain.
    point : sequence of float
        mm.

    Returns
    -------
    float
        Of the voxel whose centre is nearest.

    Raises
    ------
    NoValueError
        If the map has no value there.
    """
    voxel = grid.nearest_voxels(image.affine, np.array(point, dtype=float))
    inside = (voxel >= 0).all() and (voxel < image.shape).all()
    value = float(np.asarray(image.dataobj)[tuple(voxel)]) if inside else float("nan")
    if not np.isfinite(value) or value == 0:
        place = ", ".join(f"{value:g}" for value in point)
        raise NoValueError(f"{image.get_filename()}: has no value at ({place}) mm; expected a place in the brain")
    return value


def mean_in(image: Nifti1Pair, mask: str | PathLike[str]) -> float:
    """Mean of a map in a region.

    Parameters
    ----------
    image : nibabel image, 3-D
        0 outside of the brain.
    mask : str or path-like
        An image, not 0 in the region; on another grid it is resampled with nearest neighbour.

    Returns
    -------
    float
        Over the region's voxels in the brain.

    Raises
    ------
    NoValueError
        If the map has no value in the region.
    """
    values, region = np.asarray(image.dataobj), on_grid(mask, image)[0] != 0
    own = values[region & np.isfinite(values) & (values != 0)]
    if not own.size:
        raise NoValueError(f"{mask}: {image.get_filename()} has no value in this region; expected a part of the brain")
    return float(own.mean(dtype=np.float64))


def spatial_correlation(image: Nifti1Pair, other: str | PathLike[str]) -> float:
    """Pearson correlation over voxels between a map and another one.

    Parameters
    ----------
    image : nibabel image, 3-D
        0 outside of the brain.
    other : str or path-like
        A published map, 0 or NaN where it has no value; on another grid it is interpolated linearly, between the voxels
        that have one (`resampling.resample`).

    Returns
    -------
    float
        Over the voxels in which both have a value.

    Raises
    ------
    NoValueError
        If these are too few, or one of the maps has one value alone.
    """
    theirs = nifti.load(other, 3)
    ours, values = (np.asarray(each.dataobj, dtype=np.float64) for each in (image, theirs))
    values[values == 0] = np.nan
    if not resampling.same_grid(theirs, image):
        values = resampling.resample(values, theirs.affine, image.shape, image.affine)
    both = np.isfinite(ours) & np.isfinite(values) & (ours != 0)
    a, b = ours[both], values[both]
    if both.sum() < LEAST or np.ptp(a) == 0 or np.ptp(b) == 0:
        raise NoValueError(
            f"{other}: has {int(both.sum())} voxels in common with {image.get_filename()}; expected at least {LEAST}, "
            "with more than one value"
        )
    return float(np.corrcoef(a, b)[0, 1])

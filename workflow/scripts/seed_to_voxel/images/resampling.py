"""Images on another grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage

CLOSE = 1e-3
"""mm by which affines of one grid may differ."""


def same_grid(image: SpatialImage, other: SpatialImage) -> bool:
    """Whether two images have their voxels in the same places, whatever the number of their volumes.

    Parameters
    ----------
    image, other : nibabel image

    Returns
    -------
    bool
    """
    return image.shape[:3] == other.shape[:3] and np.allclose(image.affine, other.affine, atol=CLOSE)


def in_words(shape: Sequence[int], affine: np.ndarray) -> str:
    """A grid in an error's words: its voxels, their size, and where the first one lies."""
    size = np.linalg.norm(affine[:3, :3], axis=0)
    return (
        f"{' x '.join(map(str, shape[:3]))} voxels of {' x '.join(f'{edge:g}' for edge in size)} mm from "
        f"({', '.join(f'{place:g}' for place in affine[:3, 3])}) mm"
    )


def resample(values: np.ndarray, affine: np.ndarray, shape: Sequence[int], target: np.ndarray) -> np.ndarray:
    """Values of an image on another grid, linear between its voxels (scipy.ndimage.affine_transform).

    Parameters
    ----------
    values : numpy.ndarray of shape (x, y, z)
        NaN where undefined.
    affine : numpy.ndarray of shape (4, 4)
    shape : sequence of int
        Of the other grid.
    target : numpy.ndarray of shape (4, 4)
        Its affine.

    Returns
    -------
    numpy.ndarray of float64, shape `shape`
        The mean of the defined voxels around, by their nearness; NaN where they have less than half of the weight.
    """
    from scipy.ndimage import affine_transform

    matrix = np.linalg.inv(affine) @ target
    known = np.isfinite(values)

    def moved(data: np.ndarray) -> np.ndarray:
        return affine_transform(data, matrix[:3, :3], matrix[:3, 3], tuple(shape[:3]), order=1, cval=0.0)

    share = moved(known.astype(float))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(share >= 0.5, moved(np.where(known, values, 0.0).astype(float)) / share, np.nan)


def refuse_unless(may_resample: bool, name: str, image: SpatialImage, first: str, reference: SpatialImage) -> None:
    """Refuse an image on another grid, unless the config lets it be resampled.

    Raises
    ------
    InputError
        That names both.
    """
    if not may_resample:
        raise InputError(
            f"{name} is on another grid than {first}: {in_words(image.shape, image.affine)}, expected "
            f"{in_words(reference.shape, reference.affine)}. Take runs of one resolution, or set groups.resample to "
            "true"
        )

"""The carpet of a run: courses of voxels all over the brain, before and after cleaning."""

import numpy as np

from ..cleaning.operators import clean_voxels, used_volumes

SHOWN = 500
"""Voxels of a carpet at most."""


def spread_over(n_voxels: int, n_shown: int = SHOWN) -> np.ndarray:
    """Positions of a few voxels, evenly spread over a mask.

    Parameters
    ----------
    n_voxels : int
        Voxels of the mask.
    n_shown : int
        Positions at most.

    Returns
    -------
    numpy.ndarray of int
    """
    return np.unique(np.linspace(0, n_voxels - 1, n_shown).astype(int))


def before_and_after(raw: np.ndarray, operator: np.ndarray) -> np.ndarray:
    """Courses in standard deviations of the kept volumes (Power 2017, NeuroImage 154, 150).

    Parameters
    ----------
    raw : numpy.ndarray of shape (T, n_voxels)
        Intensities, before smoothing.
    operator : numpy.ndarray of shape (n_kept, T)
        What cleans the run.

    Returns
    -------
    numpy.ndarray of float32, shape (2, n_voxels, T)
        First with the linear trend taken off, then cleaned (NaN at volumes that are not kept, and where a voxel is
        constant). Voxels are sorted by how closely they follow the mean of all before cleaning.
    """
    used = used_volumes(operator)
    after = np.array(raw[used], dtype=np.float32)
    clean_voxels(operator[:, used], after)
    times = np.column_stack([np.ones(len(raw)), np.linspace(-1, 1, len(raw))])
    before = raw - times @ np.linalg.lstsq(times[used], raw[used], rcond=None)[0]
    before /= np.maximum(before[used].std(axis=0, ddof=1), 1e-6)
    order = np.argsort(-(before[used].mean(axis=1) @ before[used]))
    both = np.full((2, raw.shape[1], len(raw)), np.nan, dtype=np.float32)
    both[0] = before[:, order].T
    both[1][:, used] = after[:, order].T
    return both

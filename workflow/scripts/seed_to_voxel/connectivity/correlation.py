"""Pearson correlation of seeds with voxels, and its Fisher transform."""

import numpy as np

R_BOUND = 1 - 1e-7
"""Where |r| is clipped before the inverse hyperbolic tangent, so that z is finite (at most 8.41)."""


def pearson(seeds: np.ndarray, voxels: np.ndarray, slab: int = 1024) -> np.ndarray:
    """Exact Pearson correlation of every seed with every voxel.

    Parameters
    ----------
    seeds : numpy.ndarray of shape (T, n_seeds)
    voxels : numpy.ndarray of shape (T, n_voxels)
        Centred and scaled here, so that any series will do.
    slab : int
        Voxels worked on at once.

    Returns
    -------
    numpy.ndarray of float32, shape (n_seeds, n_voxels)
        Within [-1, 1]; NaN where a series is constant or not finite.
    """
    units = np.array(seeds, dtype=np.float64)
    units /= _centre(units)
    r = np.empty((units.shape[1], voxels.shape[1]), dtype=np.float32)
    # Used again for each slab: fresh memory takes longer than the sums.
    memory = np.empty((len(voxels), min(slab, voxels.shape[1])))
    for start in range(0, voxels.shape[1], slab):
        chosen = voxels[:, start : start + slab]
        part = memory[:, : chosen.shape[1]]
        np.copyto(part, chosen)
        r[:, start : start + slab] = units.T @ part / _centre(part)
    return np.clip(r, -1, 1, out=r)


def _centre(series: np.ndarray) -> np.ndarray:
    """Take their means off columns, in place, and return their lengths; NaN where a column is constant."""
    # A product is the quickest sum, and one of ones exact for numbers that were in single precision.
    mean = np.ones(len(series)) @ series / len(series)
    series -= mean
    length = np.sqrt(np.einsum("tv,tv->v", series, series))
    # What is left of a constant is the rounding error of its mean, to which each number that was added may add.
    length[length <= 8 * len(series) * np.finfo(np.float64).eps * np.abs(mean)] = np.nan
    return length


def fisher_z(r: np.ndarray | float) -> np.ndarray:
    """Fisher transform of correlations, arctanh(r).

    This is no z-score: its standard deviation under independence is about 1 / sqrt(nu - 2), with the
    degrees of freedom nu that the cleaning left.

    Parameters
    ----------
    r : numpy.ndarray
        Correlations, |r| <= 1.

    Returns
    -------
    numpy.ndarray of float32
        Finite wherever r is; |r| is clipped at `R_BOUND`.
    """
    return np.arctanh(np.clip(np.asarray(r, dtype=np.float64), -R_BOUND, R_BOUND)).astype(np.float32)

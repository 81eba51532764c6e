"""Pearson correlation of seeds with voxels, and its Fisher transform."""

import numpy as np

R_BOUND = 1 - 1e-7
"""Where |r| is clipped before the inverse hyperbolic tangent, so that z is finite (at most 8.41)."""


def pearson(seeds: np.ndarray, voxels: np.ndarray, slab: int = 2048) -> np.ndarray:
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
    seeds, seed_lengths = _centred(seeds)
    unit_seeds = (seeds / seed_lengths).T
    r = np.empty((len(unit_seeds), voxels.shape[1]), dtype=np.float32)
    for start in range(0, voxels.shape[1], slab):
        part, lengths = _centred(voxels[:, start : start + slab])
        r[:, start : start + slab] = unit_seeds @ part / lengths
    return np.clip(r, -1, 1, out=r)


def _centred(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns less their means, in double precision, and their lengths; a length is NaN where a column is constant."""
    mean = series.mean(axis=0, dtype=np.float64)
    centred = series - mean
    length = np.sqrt(np.einsum("tv,tv->v", centred, centred))
    # What is left of a constant is the rounding error of its mean.
    length[length <= 8 * np.sqrt(len(series)) * np.finfo(np.float64).eps * np.abs(mean)] = np.nan
    return centred, length


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

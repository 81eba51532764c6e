"""Several seeds at once: what a seed shares with a voxel that the other seeds do not explain.

The semipartial correlation is that of the voxel with what is left of the seed's series once the others are regressed
out of it. It is 0 where the partial correlation is, for which the others are regressed out of the voxel too. That is
what can be held against noise: regressing them out is one more linear step of the cleaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..connectivity.correlation import pearson
from . import null, significance

INFLATED = 5
"""Variance inflation from which it is said: little of the seed is its own (James et al. 2013, section 3.3.3)."""

COLLINEAR = 1e4
"""Variance inflation from which a seed has nothing of its own but rounding errors."""


@dataclass(frozen=True)
class Semipartial:
    """Maps of a seed given other seeds.

    Attributes
    ----------
    r, z, minus_log10_p, nu : numpy.ndarray of float32, shape (n_voxels,)
        Semipartial correlation; standard normal deviate of the partial one under the null, its two-sided p, and its
        degrees of freedom.
    inflation : float
        Variance inflation factor of the seed, 1 / (1 - R^2) with R^2 that of the seed by the others.
    """

    r: np.ndarray
    z: np.ndarray
    minus_log10_p: np.ndarray
    nu: np.ndarray
    inflation: float


def inflations(seeds: np.ndarray) -> np.ndarray:
    """Variance inflation factor of each seed by all others, 1 / (1 - R^2).

    Parameters
    ----------
    seeds : numpy.ndarray of shape (n_kept, n_seeds)
        Cleaned series.

    Returns
    -------
    numpy.ndarray of shape (n_seeds,)
        Infinite where the others make up a seed.
    """
    units = seeds - seeds.mean(axis=0)
    units = units / np.linalg.norm(units, axis=0)
    left = [_given(units[:, [seed]], np.delete(units, seed, axis=1)) for seed in range(units.shape[1])]
    with np.errstate(divide="ignore"):
        return np.array([1 / float((series**2).sum()) for series in left])


def _given(series: np.ndarray, others: np.ndarray) -> np.ndarray:
    """What is left of series once centred others are regressed out."""
    basis = np.linalg.qr(others)[0].astype(series.dtype)
    return series - basis @ (basis.T @ series)


def check_own(labels: Sequence[str], inflation: np.ndarray, volumes: int) -> None:
    """Refuse seeds of which the others leave nothing.

    Parameters
    ----------
    labels : sequence of str
    inflation : numpy.ndarray of shape (n_seeds,)
        From `inflations`.
    volumes : int
        That are kept.

    Raises
    ------
    InputError
    """
    for label, factor in zip(labels, inflation, strict=True):
        if not factor < COLLINEAR:
            raise InputError(
                f"maps.semipartial: the other seeds make up the series of the seed {label!r} (variance inflation "
                f"{factor:.3g}, {len(labels)} seeds, {volumes} volumes kept), so that nothing of it is its own; "
                f"expected less than {COLLINEAR:g}. Leave out one of the seeds that overlap, or semipartial maps"
            )


def of_seed(
    operator: np.ndarray,
    kept: np.ndarray,
    seeds: np.ndarray,
    number: int,
    voxels: np.ndarray,
    swelling: np.ndarray | None = None,
    slab: int = 8192,
) -> Semipartial:
    """Correlate voxels with what is a seed's own.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
        That cleaned the run.
    kept : numpy.ndarray of bool, shape (T,)
    seeds : numpy.ndarray of shape (n_kept, n_seeds)
        Cleaned series; all of them defined.
    number : int
        Of the seed; the others are held constant.
    voxels : numpy.ndarray of float32, shape (n_kept, n_voxels)
        Cleaned series.
    swelling : numpy.ndarray of shape (T,), optional
        From `bursts.deviations`.
    slab : int
        Voxels worked on at once.

    Returns
    -------
    Semipartial
    """
    centred = seeds - seeds.mean(axis=0)
    others = np.delete(centred, number, axis=1)
    own = _given(centred[:, [number]], others)
    left = np.empty(voxels.shape, dtype=np.float32)
    for start in range(0, voxels.shape[1], slab):
        part = slice(start, start + slab)
        left[:, part] = _given(np.asarray(voxels[:, part]), others)
    through, model, _ = significance.noise_of(_given(operator, others), kept, left, swelling)
    partial = pearson(own, left)
    z, nu = null.calibrate(through, model, own, left, partial)
    inflation = float((centred[:, number] ** 2).sum() / (own**2).sum())
    return Semipartial(pearson(own, voxels)[0], z[0], null.minus_log10_p(z[0]), nu[0], inflation)

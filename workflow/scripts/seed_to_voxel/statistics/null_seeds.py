"""Seeds that have nothing to do with a run's voxels, made from the run's own, to see whether z holds there.

A null seed has the power spectrum of one of the run's raw seeds and random phases (Theiler et al. 1992, Physica D 58,
77), and swells where the run's noise does; it is then cleaned as the run was. What share of the voxels passes is known
for it: 5 % at p = 0.05, and so on. Phases are drawn before cleaning, since a cleaned series lives in few dimensions,
which a seed of new phases would leave.
"""

from dataclasses import dataclass

import numpy as np

from ..connectivity.correlation import pearson
from .null import degrees_of_freedom, moments, z_score
from .spectra import Spectra
from .verdicts import BOUNDS, LEVELS


def randomised(
    series: np.ndarray,
    kept: np.ndarray,
    n: int,
    rng: np.random.Generator,
    deviations: np.ndarray | None = None,
) -> np.ndarray:
    """Raw null seeds.

    Parameters
    ----------
    series : numpy.ndarray of shape (T, n_seeds)
        Raw series of the run's seeds.
    kept : numpy.ndarray of bool, shape (T,)
        Other volumes are bridged by a straight line first, since what was censored there must not come back.
    n : int
        How many, of the seeds in turn.
    rng : numpy.random.Generator
    deviations : numpy.ndarray of shape (T,), optional
        Standard deviation of the noise at each volume, from `bursts.deviations`.

    Returns
    -------
    numpy.ndarray of shape (T, n)
    """
    times = np.arange(len(series))
    swelling = np.ones(len(series)) if deviations is None else deviations
    trend = np.column_stack([np.ones(len(series)), np.linspace(-1, 1, len(series))])
    series = series - trend @ np.linalg.lstsq(trend[kept], series[kept], rcond=None)[0]
    even = series / swelling[:, None]
    even = np.column_stack([np.interp(times, times[kept], column[kept]) for column in even.T])
    size = np.abs(np.fft.rfft(even, axis=0))[:, np.arange(n) % series.shape[1]]
    phases = np.exp(2j * np.pi * rng.random(size.shape))
    return np.fft.irfft(size * phases, len(series), axis=0) * swelling[:, None]


@dataclass(frozen=True)
class Check:
    """How many of a run's voxels pass for null seeds.

    Attributes
    ----------
    shares : tuple of float or None
        Share of all pairs of a null seed and a voxel beyond each of `LEVELS`.
    errors : tuple of float or None
        Standard errors of these, from the spread over null seeds.
    counts : numpy.ndarray of int
        z of all pairs, as a histogram over `EDGES`.
    n_seeds, n_voxels : int
    """

    shares: tuple[float | None, ...]
    errors: tuple[float | None, ...]
    counts: np.ndarray
    n_seeds: int
    n_voxels: int


EDGES = np.linspace(-6, 6, 121)
"""Edges of the histogram of z; what is beyond counts in the outermost bins."""

UNKNOWN = Check((None,) * len(LEVELS), (None,) * len(LEVELS), np.zeros(len(EDGES) - 1, dtype=int), 0, 0)
"""Of a run that covers no seed."""


def check(
    operator: np.ndarray, null_seeds: np.ndarray, kinds: int, voxels: np.ndarray, model: Spectra, slab: int = 1000
) -> Check:
    """Test null seeds against voxels as the run's seeds are tested.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
    null_seeds : numpy.ndarray of shape (n_kept, n)
        Cleaned.
    kinds : int
        How many seeds they were made of, in turn.
    voxels : numpy.ndarray of shape (n_kept, n_voxels)
        A sample of the run's cleaned voxels.
    model : spectra.Spectra
        Of the run.

    Returns
    -------
    Check
    """
    second, fourth = moments(operator, null_seeds, model.spectra, kinds)
    passing = np.zeros((len(LEVELS), len(second)))
    counts = np.zeros(len(EDGES) - 1, dtype=int)
    n_tests = 0
    for start in range(0, voxels.shape[1], slab):
        part = voxels[:, start : start + slab]
        r = pearson(null_seeds, part)
        z = z_score(r, *degrees_of_freedom(second, fourth, model.weights(model.periodogram.of(part))))
        defined = np.isfinite(z)
        n_tests += defined.sum(axis=1)
        passing += [(np.abs(z) > bound).sum(axis=1) for bound in BOUNDS]
        # By their number, edges are reckoned with; given one by one, values are sorted.
        within = np.clip(z[defined].astype(np.float64), EDGES[0], EDGES[-1])
        counts += np.histogram(within, len(EDGES) - 1, (EDGES[0], EDGES[-1]))[0]
    size = {"n_seeds": len(second), "n_voxels": voxels.shape[1]}
    if not np.all(n_tests):
        return Check((None,) * len(LEVELS), (None,) * len(LEVELS), counts, **size)
    shares = passing / n_tests
    errors = shares.std(axis=1, ddof=1) / np.sqrt(shares.shape[1])
    return Check(tuple(map(float, shares.mean(axis=1))), tuple(map(float, errors)), counts, **size)

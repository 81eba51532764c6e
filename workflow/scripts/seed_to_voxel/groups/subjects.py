"""From maps of runs to maps of subjects: means of Fisher z by what each run is worth, and how far the runs agree.

A run's Fisher z has the variance 1 / (nu - 2) with its effective degrees of freedom nu, voxel by voxel, so that its
weight is w = nu - 2 (`statistics.null`). The weighted mean over runs is that with the smallest variance, 1 / sum w. A
mean over sessions of means over their runs, each weighted by the inverse of its variance, is the same number: there is
no step between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Combined:
    """Maps of one seed over several runs.

    Attributes
    ----------
    mean : numpy.ndarray of shape (...)
        Weighted mean of Fisher z; NaN where no run has one.
    variance : numpy.ndarray
        Of the mean, if the runs differ by chance alone: 1 / sum w.
    q : numpy.ndarray
        Cochran's Q, chi-squared with n_runs - 1 degrees of freedom if they do; NaN where fewer than two runs are.
    i2 : numpy.ndarray
        Share of the variance between runs that is no chance, max(0, 1 - (n_runs - 1) / Q).
    n_runs : numpy.ndarray of int
        Runs that have the voxel.
    """

    mean: np.ndarray
    variance: np.ndarray
    q: np.ndarray
    i2: np.ndarray
    n_runs: np.ndarray


def weights(z: np.ndarray, nu: np.ndarray) -> np.ndarray:
    """What each value is worth: nu - 2, the inverse of its variance; 0 where there is none.

    Parameters
    ----------
    z, nu : numpy.ndarray of one shape
        Fisher z, and its effective degrees of freedom; NaN where undefined.

    Returns
    -------
    numpy.ndarray of float64
    """
    with np.errstate(invalid="ignore"):
        known = np.isfinite(z) & np.isfinite(nu) & (nu > 2)
    return np.where(known, nu - 2.0, 0.0)


def combine(z: np.ndarray, nu: np.ndarray) -> Combined:
    """Mean over runs, weighted by the inverse of the variance, and heterogeneity.

    Cochran 1954, Biometrics 10, 101; I2: Higgins & Thompson 2002, Statistics in Medicine 21, 1539.

    Parameters
    ----------
    z, nu : numpy.ndarray of shape (n_runs, ...)
        NaN where a run has no value.

    Returns
    -------
    Combined
    """
    w = weights(z, nu)
    z = np.where(w > 0, z, 0.0)
    total, n_runs = w.sum(axis=0), (w > 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n_runs > 0, (w * z).sum(axis=0) / total, np.nan)
        variance = np.where(n_runs > 0, 1 / total, np.nan)
        q = np.where(n_runs > 1, (w * (z - mean) ** 2).sum(axis=0), np.nan)
        i2 = np.where(n_runs > 1, np.maximum(0, 1 - (n_runs - 1) / q), np.nan)
    return Combined(mean, variance, q, i2, n_runs)


def distances(z: np.ndarray, nu: np.ndarray) -> list[float | None]:
    """How far each run's map lies from the mean of the subject's other runs.

    Parameters
    ----------
    z, nu : numpy.ndarray of shape (n_runs, n_voxels)
        NaN where a run has no value.

    Returns
    -------
    list of float or None
        For each run the mean over voxels of (z - mean of the others)^2 over its variance: 1 where runs differ by chance
        alone. Of two runs both have the same. None where there is no other run.
    """
    w = weights(z, nu)
    z = np.where(w > 0, z, 0.0)
    total, sums = w.sum(axis=0), (w * z).sum(axis=0)
    found: list[float | None] = []
    for own, value in zip(w, z, strict=True):
        others = total - own
        both = (own > 0) & (others > 1e-9 * np.maximum(total, 1))
        if not both.any():
            found.append(None)
            continue
        of_others = (sums[both] - own[both] * value[both]) / others[both]
        found.append(float(((value[both] - of_others) ** 2 / (1 / own[both] + 1 / others[both])).mean()))
    return found


def apart(found: Sequence[float | None], limit: float) -> list[int]:
    """Which runs lie apart from the subject's others.

    Parameters
    ----------
    found : sequence of float or None
        From `distances`.
    limit : float

    Returns
    -------
    list of int
        Positions; where a run is far off, the others lie far from a mean that it is part of, so that of those beyond
        the limit only the ones are named whose distance is at least half of the largest.
    """
    known = [value for value in found if value is not None]
    largest = max(known, default=0.0)
    return [
        position for position, value in enumerate(found) if value is not None and value > limit and value >= largest / 2
    ]


def coverage(covered: np.ndarray) -> np.ndarray:
    """Share of the subjects that cover each voxel.

    Parameters
    ----------
    covered : numpy.ndarray of bool, shape (n_subjects, ...)
        Subjects with several sessions count by their sessions.

    Returns
    -------
    numpy.ndarray of float
    """
    return covered.mean(axis=0)

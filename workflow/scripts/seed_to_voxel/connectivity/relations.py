"""Seeds among themselves: their correlations, and what two of them share that the others do not explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base.provenance import versions
from .correlation import R_BOUND, fisher_z, pearson

FEWEST = 10
"""Degrees of freedom that a partial correlation must keep to be taken without shrinkage."""

COLLINEAR = 1e8
"""Condition number of a correlation matrix from which it has no inverse worth the name."""

KEPT = 1e-2
"""Share of its largest singular value below which a direction counts as taken out by cleaning."""


@dataclass(frozen=True)
class Relations:
    """What the seeds of a run have to do with each other; matrices are symmetric, of shape (n_seeds, n_seeds).

    Attributes
    ----------
    r, nu : numpy.ndarray
        Pearson's r, and its effective degrees of freedom; NaN on the diagonal of `nu`.
    partial : numpy.ndarray
        Correlation of two seeds given all others.
    partial_nu : numpy.ndarray
        Its effective degrees of freedom; NaN where the matrix was shrunk.
    shrinkage : float or None
        Weight of the identity in the matrix that was inverted for it; None where it was inverted as it is.
    """

    r: np.ndarray
    nu: np.ndarray
    partial: np.ndarray
    partial_nu: np.ndarray
    shrinkage: float | None

    @property
    def n_given(self) -> int:
        """Seeds that a partial correlation holds constant."""
        return max(int(np.isfinite(np.diag(self.r)).sum()) - 2, 0)


def _units(series: np.ndarray) -> np.ndarray:
    """Centred columns of unit length."""
    centred = series - series.mean(axis=0)
    return centred / np.linalg.norm(centred, axis=0)


def _inverted(r: np.ndarray) -> np.ndarray:
    """Partial correlations from the inverse of a correlation matrix (Whittaker 1990, section 5.8)."""
    precision = np.linalg.inv(r)
    scale = np.sqrt(np.diag(precision))
    partial = -precision / np.outer(scale, scale)
    np.fill_diagonal(partial, 1)
    return partial


def partial_correlations(seeds: np.ndarray, operator: np.ndarray, nu: float) -> tuple[np.ndarray, float | None]:
    """Correlation of each pair of seeds given all others.

    Where too few degrees of freedom would be left for that, the correlation matrix is shrunk towards the identity
    first (Ledoit & Wolf 2004, Journal of Multivariate Analysis 88, 365). Their estimate of how much goes by the number
    of independent samples. Cleaned volumes are not independent, and fewer than they seem; so the series are turned into
    the directions that cleaning leaves, which changes no correlation.

    Parameters
    ----------
    seeds : numpy.ndarray of shape (n_kept, n_seeds)
        Cleaned series.
    operator : numpy.ndarray of shape (n_kept, T)
        That cleaned them.
    nu : float
        Effective degrees of freedom of a typical pair.

    Returns
    -------
    partial : numpy.ndarray of shape (n_seeds, n_seeds)
    shrinkage : float or None
        Weight of the identity; None without shrinkage.
    """
    units = _units(seeds)
    r = units.T @ units
    if nu - (len(r) - 2) >= FEWEST and np.linalg.cond(r) < COLLINEAR:
        return _inverted(r), None
    left, size, _ = np.linalg.svd(operator - operator.mean(axis=0), full_matrices=False)
    shrinkage = ledoit_wolf_shrinkage(left[:, size > KEPT * size[0]].T @ units)
    return _inverted((1 - shrinkage) * r + shrinkage * np.eye(len(r))), shrinkage


def ledoit_wolf_shrinkage(samples: np.ndarray) -> float:
    """How much to shrink a correlation matrix (Ledoit & Wolf 2004, Journal of Multivariate Analysis 88, 365).

    What `sklearn.covariance.ledoit_wolf_shrinkage` gives, whose import takes longer than the job that needs it.

    Parameters
    ----------
    samples : numpy.ndarray of shape (n_samples, n_seeds)
        Independent, of mean 0; columns of unit length.

    Returns
    -------
    float
        Weight of the identity, 0 to 1.
    """
    n, n_seeds = samples.shape
    r = samples.T @ samples
    square = float((r**2).sum())
    # Of what the matrix is off the identity, the part that is the noise of its own estimation.
    noise = float(n * ((samples**2).T @ samples**2).sum() - square) / n
    off = square - n_seeds
    return min(noise / off, 1.0) if off > 0 else 1.0


def degrees_given_others(seeds: np.ndarray, operator: np.ndarray, nu: np.ndarray) -> np.ndarray:
    """Effective degrees of freedom of partial correlations.

    Holding k seeds constant projects the noise away from their series. These lie where the noise of a filtered run is
    strong, so that less than k degrees of freedom are lost of it. They are lost in the proportion that they are of
    white noise: with W the covariance that cleaning gives it and M the projection, of (tr MW)^2 / tr (MW)^2.

    Parameters
    ----------
    seeds : numpy.ndarray of shape (n_kept, n_seeds)
    operator : numpy.ndarray of shape (n_kept, T)
    nu : numpy.ndarray of shape (n_seeds, n_seeds)
        Of r.

    Returns
    -------
    numpy.ndarray of shape (n_seeds, n_seeds)
        NaN on the diagonal.
    """
    units = _units(seeds)
    centred = operator - operator.mean(axis=0)
    noise = centred @ centred.T
    square = noise @ noise
    total, squares = np.trace(noise), np.trace(square)
    found = np.full_like(nu, np.nan)
    for a in range(len(nu)):
        for b in range(a):
            basis = np.linalg.qr(np.delete(units, [a, b], axis=1))[0]
            seen = basis.T @ noise @ basis
            left = (total - np.trace(seen)) ** 2
            left /= squares - 2 * np.trace(basis.T @ square @ basis) + (seen**2).sum()
            found[a, b] = found[b, a] = nu[a, b] * left * squares / total**2
    return found


def relate(seeds: np.ndarray, operator: np.ndarray, nu: np.ndarray) -> Relations:
    """Relate the seeds of a run to each other.

    Parameters
    ----------
    seeds : numpy.ndarray of shape (n_kept, n_seeds)
        Cleaned series, two or more.
    operator : numpy.ndarray of shape (n_kept, T)
    nu : numpy.ndarray of shape (n_seeds, n_seeds)
        Degrees of freedom of r of the seed of each row, given its series, with that of each column.

    Returns
    -------
    Relations
        With nu that of r on average over both ways to see a pair: 1 / E r^2. NaN for a seed without a series, which
        is none of those that are held constant either.
    """
    r, both, partial, partial_nu = (np.full(nu.shape, np.nan) for _ in range(4))
    shrinkage = None
    defined = np.flatnonzero(np.isfinite(seeds).all(axis=0))
    r[defined, defined] = 1
    if len(defined) > 1:
        at, series = np.ix_(defined, defined), seeds[:, defined]
        own = 2 / (1 / nu[at] + 1 / nu[at].T)
        np.fill_diagonal(own, np.nan)
        partial[at], shrinkage = partial_correlations(series, operator, float(np.nanmedian(own)))
        correlations = pearson(series, series).astype(np.float64)
        r[at], both[at] = (correlations + correlations.T) / 2, own
        r[defined, defined] = 1
        if shrinkage is None:
            partial_nu[at] = degrees_given_others(series, operator, own)
    return Relations(r, both, partial, partial_nu, shrinkage)


def as_matrix(values: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """A matrix as a table, a row a seed: the column ``Node`` names it, as in XCP-D's ``relmat.tsv``."""
    return {"Node": list(labels), **{label: values[:, column] for column, label in enumerate(labels)}}


def standard_error(nu: np.ndarray) -> np.ndarray:
    """Standard error of Fisher z with nu degrees of freedom; NaN with 2 or fewer."""
    left = nu - 2
    return 1 / np.sqrt(np.where(left > 0, left, np.nan))


def as_pairs(found: Relations, labels: Sequence[str], z: np.ndarray, minus_log10_p: np.ndarray) -> dict[str, list]:
    """Every pair of seeds once, a row a pair.

    Parameters
    ----------
    found : Relations
    labels : sequence of str
    z, minus_log10_p : numpy.ndarray of shape (n_seeds, n_seeds)
        Standard normal deviate of r under the null, and its p.

    Returns
    -------
    dict of str to list
        Columns of `PAIRS`.
    """
    first, second = np.triu_indices(len(labels), 1)
    at = (first, second)
    return {
        "seed_1": [labels[number] for number in first.tolist()],
        "seed_2": [labels[number] for number in second.tolist()],
        "r": found.r[at].tolist(),
        "fisher_z": fisher_z(found.r[at]).tolist(),
        "standard_error": standard_error(found.nu[at]).tolist(),
        "nu": found.nu[at].tolist(),
        "z": z[at].tolist(),
        "minus_log10_p": minus_log10_p[at].tolist(),
        "partial_r": found.partial[at].tolist(),
        "partial_fisher_z": fisher_z(found.partial[at]).tolist(),
        "partial_nu": found.partial_nu[at].tolist(),
        "partial_standard_error": standard_error(found.partial_nu[at]).tolist(),
    }


PAIRS = {
    "seed_1": "One seed",
    "seed_2": "The other",
    "r": "Pearson's r of their cleaned series",
    "fisher_z": f"arctanh(r), |r| clipped at 1 - {1 - R_BOUND:.0e}; no z-score",
    "standard_error": "Of fisher_z under independence, 1 / sqrt(nu - 2)",
    "nu": "Effective degrees of freedom of r, given the cleaning and the noise that went in: 1 / E r^2",
    "z": "Standard normal deviate of r, where the seeds have nothing to do with each other",
    "minus_log10_p": "-log10 of its two-sided p, a pair at a time",
    "partial_r": "Correlation of the two given all other seeds",
    "partial_fisher_z": "arctanh(partial_r)",
    "partial_nu": (
        "Effective degrees of freedom of partial_r: nu less the share that the other seeds take of white noise; n/a "
        "where the matrix was shrunk, which biases towards 0"
    ),
    "partial_standard_error": "Of partial_fisher_z under independence, 1 / sqrt(partial_nu - 2)",
}
"""Columns of the table of pairs, and what they are."""


def sidecar(stat: str, found: Relations, labels: Sequence[str], run: Mapping) -> dict[str, Any]:
    """Describe a matrix.

    Parameters
    ----------
    stat : {"pearsoncorrelation", "partialcorrelation"}
    found : Relations
    labels : sequence of str
    run : dict
        Sidecar of the run's seed series.

    Returns
    -------
    dict
    """
    described = {
        "pearsoncorrelation": ("Pearson correlation of the seeds' cleaned series", "r = cov(a, b) / (sd(a) sd(b))"),
        "partialcorrelation": (
            "Correlation of the cleaned series of two seeds given those of all others",
            "-P_ab / sqrt(P_aa P_bb), P the inverse of the correlation matrix",
        ),
    }[stat]
    shrunk = {
        "Shrinkage": found.shrinkage,
        "ShrinkageDescription": (
            "Weight of the identity in the matrix that was inverted (Ledoit & Wolf 2004); null where it was inverted "
            "as it is. A shrunk partial correlation is biased towards 0 and has no standard error here"
        ),
        "NumberOfSeedsGiven": found.n_given,
    }
    return {
        "Description": described[0],
        "Units": "1 (correlation coefficient)",
        "Formula": described[1],
        "Nodes": list(labels),
        "DegreesOfFreedom": float(np.median(known)) if (known := found.nu[np.isfinite(found.nu)]).size else None,
        **(shrunk if stat == "partialcorrelation" else {}),
        **{
            key: run[key] for key in ("RepetitionTime", "NumberOfVolumes", "NumberOfVolumesKept", "Cleaning", "Sources")
        },
        "Software": versions("numpy"),
    }

"""How r is distributed between a seed and a voxel that have nothing in common, given the seed and the cleaning.

The cleaned voxel is y = P x with the operator P; x is Gaussian and stationary with the covariance V, and W = P V P' is
that of y. The seed's series u, of unit length, is what it is: nothing is assumed of it. With Q = y'y,

    a = u'W u,   c = E Q = tr W,   h = tr W^2 / c^2,   A = u'W^2 u / (a c),

and to second order in 1/nu (expand (u'y)^2k / Q^k around Q = c; moments of Gaussians by Isserlis' theorem)

    E r^2 = (a / c) (1 - 2A + 2h),   E r^4 / (E r^2)^2 = 3 + k,   k = 6h - 12A.

White noise without cleaning has a/c = A = h = 1/(n - 1), so that 1/E r^2 = nu = n - 1, as it must be. In general
nu = 1 / E r^2 are the effective degrees of freedom, by the matching of moments that Welch and Satterthwaite did.
"""

import math
from statistics import NormalDist

import numpy as np

from .spectra import Spectra, both_signs, fold, transfer

FEWEST = 3
"""z is undefined with that many degrees of freedom, or fewer."""

FARTHEST = 36.0
"""Normal deviate up to which `math.erfc` has all its digits."""


def spread_of_energy(operator: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """How concentrated the cleaned noise is, h = tr W^2 / (tr W)^2, under each spectrum.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
    spectra : numpy.ndarray of shape (n_spectra, T + 1)

    Returns
    -------
    numpy.ndarray of shape (n_spectra,)
    """
    n_volumes = operator.shape[1]
    n = 2 * n_volumes
    # tr(GVGV) with G = P'P: V is diagonal in the Fourier basis of 2T points.
    along = np.fft.rfft(operator.T @ operator, n, axis=1) / n
    weighted = spectra * both_signs(n_volumes)
    energy = np.zeros(len(spectra))
    # Some columns at a time: of a long run, the whole of it would be the largest thing in memory.
    for start in range(0, n_volumes + 1, 128):
        part = slice(start, start + 128)
        kernel = fold(np.abs(np.fft.fft(along[:, part], n, axis=0).T) ** 2)
        energy += np.einsum("sf,sf->s", weighted[:, part] @ kernel, spectra)
    return energy / (spectra @ transfer(operator)) ** 2


def moments(
    operator: np.ndarray, seeds: np.ndarray, spectra: np.ndarray, kinds: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """E r^2 and E r^4 of each seed under each spectrum.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
    seeds : numpy.ndarray of shape (n_kept, n_seeds)
        Cleaned series.
    spectra : numpy.ndarray of shape (n_spectra, T + 1)
    kinds : int, optional
        Every seed is like the one so many before it, as null seeds are: A, which takes longest and weighs least, is
        then computed of the first so many alone.

    Returns
    -------
    second, fourth : numpy.ndarray of shape (n_seeds, n_spectra)
    """
    n_volumes = operator.shape[1]
    n = 2 * n_volumes
    units = seeds - seeds.mean(axis=0)
    units /= np.linalg.norm(units, axis=0)
    seen = np.fft.rfft(operator.T @ units, n, axis=0).T
    total = spectra @ transfer(operator)
    along = (np.abs(seen) ** 2 * both_signs(n_volumes) / n) @ spectra.T
    spread = spread_of_energy(operator, spectra)
    shared = np.empty((min(kinds or len(seen), len(seen)), len(spectra)))
    for row, seed, level in zip(shared, seen, along, strict=False):
        carried = operator @ np.fft.irfft(spectra * seed, n, axis=1)[:, :n_volumes].T
        row[:] = np.einsum("ts,ts->s", carried, carried) / (level * total)
    shared = shared[np.arange(len(seen)) % len(shared)]
    second = along / total * (1 - 2 * shared + 2 * spread)
    return second, (3 + 6 * spread - 12 * shared) * second**2


def mean_square_form(operator: np.ndarray, model: Spectra, weights: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """E r^2 of any seed with the run's voxels, as a quadratic form.

    E r^2 of `moments` is quadratic in the seed's series u, so that its mean over spectra is one matrix M: the harmonic
    mean over the voxels of the degrees of freedom is 1 / (q'M q) for the seed u = U q of unit length.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
    model : Spectra
        From `spectra.learn`.
    weights : numpy.ndarray of shape (n_spectra,)
        Mean over voxels of the weights of their spectra.
    basis : numpy.ndarray of shape (n_kept, n_components)
        U, with orthonormal columns whose means are 0.

    Returns
    -------
    numpy.ndarray of shape (n_components, n_components)
        M, symmetric.
    """
    n_volumes = operator.shape[1]
    n = 2 * n_volumes
    seen = np.fft.rfft(operator.T @ basis, n, axis=0)
    total = model.spectra @ transfer(operator)
    spread = spread_of_energy(operator, model.spectra)
    form = np.zeros((basis.shape[1],) * 2)
    for weight, spectrum, level, energy in zip(weights, model.spectra, total, spread, strict=True):
        carried = operator @ np.fft.irfft(spectrum[:, None] * seen, n, axis=0)[:n_volumes] / level
        form += weight * ((1 + 2 * energy) * (basis.T @ carried) - 2 * (carried.T @ carried))
    return (form + form.T) / 2


def degrees_of_freedom(second: np.ndarray, fourth: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Effective degrees of freedom, and how much heavier the tails of r are than those of Student's t with them.

    Parameters
    ----------
    second, fourth : numpy.ndarray of shape (n_seeds, n_spectra)
        From `moments`.
    weights : numpy.ndarray of shape (n_spectra, n_voxels)
        Posterior of the voxels' spectra; the uncertainty that it leaves makes the tails heavier.

    Returns
    -------
    nu, excess : numpy.ndarray of float32, shape (n_seeds, n_voxels)
        1 / E r^2, and the excess kurtosis of r beyond the -6 / nu that white noise has to this order, within [-1, 0.5].
    """
    variance = second.astype(np.float32) @ weights
    excess = fourth.astype(np.float32) @ weights
    excess /= variance * variance
    nu = 1 / variance
    excess += 6 / nu - 3
    return nu, np.clip(excess, -1, 0.5, out=excess)


def z_score(r: np.ndarray, nu: np.ndarray, excess: np.ndarray | float = 0.0) -> np.ndarray:
    """Standard normal deviate of r under the null.

    sqrt(nu - 1) r / sqrt(1 - r^2) is taken for Student's t with nu - 1 degrees of freedom and turned into a normal
    deviate (Wallace 1959, Annals of Mathematical Statistics 30, 1121), less what the excess kurtosis adds (Cornish &
    Fisher 1938, Revue de l'Institut International de Statistique 5, 307); that grows no further beyond 4 standard
    deviations, so that z rises with r.

    Parameters
    ----------
    r, nu, excess : numpy.ndarray
        Of shapes that broadcast.

    Returns
    -------
    numpy.ndarray
        NaN where nu is `FEWEST` or less.
    """
    left = np.where(nu > FEWEST, nu - 1, np.nan)
    square = -left * np.log1p(-np.minimum(r * r, np.float32(1 - 1e-7)))
    square *= ((8 * left + 1) / (8 * left + 3)) ** 2
    return np.copysign(np.sqrt(square), r) * (1 - excess / 24 * (np.minimum(square, 16) - 3))


def critical_r(nu: float, level: float) -> float:
    """The smallest |r| that is significant at one voxel, two-sided: where `z_score` reaches the normal quantile.

    Parameters
    ----------
    nu : float
        Effective degrees of freedom.
    level : float
        Between 0 and 1.

    Returns
    -------
    float
        NaN where nu is `FEWEST` or less.
    """
    if not nu > FEWEST:
        return math.nan
    left = nu - 1
    quantile = NormalDist().inv_cdf(1 - level / 2) * (8 * left + 3) / (8 * left + 1)
    return math.sqrt(-math.expm1(-(quantile**2) / left))


def minus_log10_p(z: np.ndarray) -> np.ndarray:
    """Two-sided p of a normal deviate, as -log10(p), which does not underflow.

    Interpolated between values of `math.erfc`, and by the first terms of its asymptotic series where that underflows;
    importing scipy.special for it would take longer than all else that is done here.

    Parameters
    ----------
    z : numpy.ndarray

    Returns
    -------
    numpy.ndarray of float32
        Right to six digits.
    """
    size = np.abs(z, dtype=np.float64)
    grid = np.linspace(0, FARTHEST, 18 * 2**10 + 1)
    table = [-math.log10(math.erfc(value / math.sqrt(2))) for value in grid]
    found = np.interp(size, grid, table)
    far = size > FARTHEST
    square = size[far] ** 2
    found[far] = (square / 2 + np.log(size[far] * math.sqrt(math.pi / 2)) + 1 / square) / math.log(10)
    return found.astype(np.float32)


def standard_error(nu: np.ndarray) -> np.ndarray:
    """Standard error of arctanh(r), 1 / sqrt(nu - 2); NaN where nu is `FEWEST` or less."""
    return 1 / np.sqrt(np.where(nu > FEWEST, nu - 2, np.nan))


def calibrate(
    operator: np.ndarray, model: Spectra, seeds: np.ndarray, voxels: np.ndarray, r: np.ndarray, slab: int = 2048
) -> tuple[np.ndarray, np.ndarray]:
    """Turn a run's correlations into z-scores.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
        That the model was learnt with.
    model : spectra.Spectra
        From `spectra.learn`.
    seeds : numpy.ndarray of shape (n_kept, n_seeds)
    voxels : numpy.ndarray of shape (n_kept, n_voxels)
        Cleaned series.
    r : numpy.ndarray of shape (n_seeds, n_voxels)
    slab : int
        Voxels worked on at once.

    Returns
    -------
    z, nu : numpy.ndarray of float32, shape (n_seeds, n_voxels)
        NaN where r is, or (z) where too few degrees of freedom are left.
    """
    second, fourth = moments(operator, seeds, model.spectra)
    z, nu = np.empty_like(r, dtype=np.float32), np.empty_like(r, dtype=np.float32)
    for start in range(0, r.shape[1], slab):
        part = slice(start, start + slab)
        weights = model.weights(model.periodogram.of(voxels[:, part]))
        nu[:, part], excess = degrees_of_freedom(second, fourth, weights)
        z[:, part] = z_score(r[:, part], nu[:, part], excess)
    return z, nu

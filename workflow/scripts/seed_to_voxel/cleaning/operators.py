"""Detrending, filtering and confound regression as one matrix.

All three are linear along time, so that the cleaning of a run of T volumes is one T x T matrix: what
`nilearn.signal.clean` makes of the identity. Any number of series is then cleaned by one product.
"""

import numpy as np

from ..base.errors import UnusableRunError
from .filters import butterworth, check_filter, cosine_drifts, interpolation
from .filters import detrend as detrended


def cleaning_operator(
    n_volumes: int,
    t_r: float,
    detrend: bool,
    high_pass: float | None,
    low_pass: float | None,
    confounds: np.ndarray | None = None,
    filter: str = "butterworth",
    kept: np.ndarray | None = None,
) -> np.ndarray:
    """Build the matrix that cleans and centres any series of a run.

    Volumes that are not kept have no influence: they are left out at both ends, and inside they are
    interpolated, filtered, and dropped again before the confounds are regressed out, all in this one
    matrix (Lindquist et al. 2019; Power et al. 2014).

    Parameters
    ----------
    n_volumes : int
        T.
    t_r : float
        Repetition time, seconds.
    detrend : bool
        Remove the linear trend.
    high_pass, low_pass : float or None
        Cut-offs of the filter, Hz.
    confounds : numpy.ndarray of shape (T, n) or None
        Regressed out, after having been detrended and filtered themselves, so that filter and
        regression stay orthogonal (Lindquist et al. 2019, Human Brain Mapping 40, 2358).
    filter : {"butterworth", "cosine"}
        A zero-phase Butterworth filter, or the regression of slow cosines up to `high_pass`.
    kept : numpy.ndarray of bool, shape (T,), optional
        Volumes to keep; all by default.

    Returns
    -------
    numpy.ndarray of float64, shape (n_kept, T)
        Multiply it with series of shape (T, n_series): they come out cleaned, with mean zero, as
        `nilearn.signal.clean` and then centring make them, at the kept volumes. Columns of volumes
        that are not kept are zero.

    Raises
    ------
    InputError
        If the filter cannot be had.
    UnusableRunError
        If nothing of a series would be left.
    """
    kept = np.ones(n_volumes, dtype=bool) if kept is None else np.asarray(kept, dtype=bool)
    if kept.sum() < 4:
        raise UnusableRunError(
            f"{int(kept.sum())} of {n_volumes} volumes are left after censoring; expected at least 4: raise the "
            "thresholds of cleaning.scrubbing, lower min_segment, or leave the run out"
        )
    first, last = np.flatnonzero(kept)[[0, -1]]
    inner = kept[first : last + 1]
    cosine = filter == "cosine"
    filtered = not cosine and (high_pass is not None or low_pass is not None)
    check_filter(len(inner), t_r, high_pass, low_pass, filter)
    if filtered:
        # Interpolate, detrend and filter the stretch between the ends; then only the kept volumes count.
        operator = interpolation(inner)
        operator = butterworth(detrended(operator) if detrend else operator, t_r, high_pass, low_pass)[inner]
        if confounds is not None:
            confounds = operator @ confounds[first : last + 1]
        operator = np.pad(operator, ((0, 0), (first, n_volumes - 1 - last)))
    else:
        # Nothing to filter: whatever goes is regressed out at the kept volumes, each at its own time.
        regressors = [] if confounds is None else [confounds]
        if cosine:
            regressors.append(cosine_drifts(n_volumes, t_r, high_pass, confounds))
        if detrend:
            regressors.append(np.linspace(-1, 1, n_volumes)[:, None])
        operator = np.eye(n_volumes)[kept]
        confounds = np.concatenate(regressors, axis=1)[kept] if regressors else None
    if confounds is not None and confounds.size:
        basis = orthonormal(confounds)
        operator -= basis @ (basis.T @ operator)
    operator -= operator.mean(axis=0)
    nu = degrees_of_freedom(operator)
    if not nu > 2:
        n_confounds = 0 if confounds is None else confounds.shape[1]
        raise UnusableRunError(
            f"cleaning leaves {nu:.1f} degrees of freedom of {len(operator)} volumes ({n_confounds} regressors, "
            f"{high_pass} to {low_pass} Hz); expected more than 2: use fewer confounds or a wider band"
        )
    return operator


def orthonormal(regressors: np.ndarray) -> np.ndarray:
    """An orthonormal basis of what regressors can explain of a centred series.

    Parameters
    ----------
    regressors : numpy.ndarray of shape (n_kept, n)
        In any units.

    Returns
    -------
    numpy.ndarray of float64, shape (n_kept, rank)
    """
    centred = regressors - regressors.mean(axis=0)
    size = np.linalg.norm(centred, axis=0)
    varies = size > np.finfo(np.float64).eps * np.sqrt(len(centred))
    basis, values, _ = np.linalg.svd(centred[:, varies] / size[varies], full_matrices=False)
    return basis[:, values > np.finfo(np.float64).eps * max(centred.shape) * values.max(initial=0)]


def degrees_of_freedom(operator: np.ndarray) -> float:
    """Degrees of freedom that a cleaning leaves to white noise.

    With the singular values s of the operator, nu = (sum s^2)^2 / sum s^4, the Welch-Satterthwaite
    approximation to a weighted sum of chi-squares. A Fisher z of two independent cleaned series has
    a standard deviation of about 1 / sqrt(nu - 2).

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
        Centred.

    Returns
    -------
    float
    """
    # sum s^2 and sum s^4 are traces: no singular value decomposition is needed.
    gram = operator.T @ operator
    total = np.trace(gram)
    return float(total**2 / np.sum(gram * gram)) if total > 0 else 0.0


def clean_seeds(operator: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Clean a few raw series in full precision and standardise them.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
    series : numpy.ndarray of shape (T, n)

    Returns
    -------
    numpy.ndarray of float64, shape (n_kept, n)
        Mean 0 and sample standard deviation 1; NaN where nothing is left of a series.
    """
    used = used_volumes(operator)
    series = series[used]
    return _standardised(operator[:, used] @ series, series.std(axis=0), np.finfo(np.float64).eps)


def used_volumes(operator: np.ndarray) -> np.ndarray:
    """Volumes that a cleaning needs: as many as it keeps, and all those with an influence.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)

    Returns
    -------
    numpy.ndarray of int, shape (n_kept,)
        Their numbers, ascending. ``operator[:, used]`` is square.
    """
    # Stable: where a regressor takes a kept volume whole, an idle column makes up the number.
    return np.sort(np.argsort(~operator.any(axis=0), kind="stable")[: len(operator)])


def clean_voxels(
    operator: np.ndarray, series: np.ndarray, baseline: float | np.ndarray = 0.0, slab: int = 2048
) -> None:
    """Clean and standardise the series of all voxels, in place and slab by slab.

    Each voxel's mean is taken off before the single-precision product, since a BOLD baseline is a
    hundred times its fluctuation, and goes through the operator apart, as the baseline does.

    Parameters
    ----------
    operator : numpy.ndarray of shape (T, T)
    series : numpy.ndarray of float32, shape (T, n_voxels)
        Raw series; overwritten by the cleaned ones with mean 0 and sample standard deviation 1, or
        NaN where a voxel is constant or nothing is left of it.
    baseline : float or numpy.ndarray of shape (n_voxels,)
        What was taken off each voxel's series beforehand.
    slab : int
        Voxels worked on at once.
    """
    single = operator.astype(np.float32)
    of_constant = operator.sum(axis=1, keepdims=True).astype(np.float32)
    of_mean = np.full(len(series), 1 / len(series), dtype=np.float32)
    baseline = np.broadcast_to(np.float32(baseline), series.shape[1:])
    for start in range(0, series.shape[1], slab):
        part = series[:, start : start + slab]
        # Any constant near the mean will do, since it goes through the operator apart: a product is quickest.
        means = of_mean @ part
        raw = part - means
        means += baseline[start : start + slab]
        spread = np.sqrt(np.einsum("tv,tv->v", raw, raw) / len(raw))
        # A spread at the rounding error of the baseline is none.
        spread[spread <= 4 * np.finfo(np.float32).eps * np.abs(means)] = 0
        cleaned = single @ raw
        cleaned += of_constant * means
        part[...] = _standardised(cleaned, spread, np.finfo(np.float32).eps)


def _standardised(cleaned: np.ndarray, raw_spread: np.ndarray, eps: float) -> np.ndarray:
    """Divide by the sample standard deviation; NaN where only rounding error is left.

    `raw_spread` is each series' standard deviation before cleaning, the yardstick of rounding.
    """
    n = len(cleaned)
    cleaned -= cleaned.mean(axis=0)
    spread = np.sqrt(np.einsum("tv,tv->v", cleaned, cleaned) / (n - 1))
    spread[(raw_spread == 0) | (spread <= 8 * np.sqrt(n) * eps * raw_spread)] = np.nan
    cleaned /= spread
    return cleaned

"""Detrending, filtering and confound regression as one matrix.

All three are linear along time, so that the cleaning of a run of T volumes is one T x T matrix: what
`nilearn.signal.clean` makes of the identity. Any number of series is then cleaned by one product.
"""

import numpy as np

from ..base.errors import UnusableRunError
from . import butterworth, filters

REDUNDANT = 1e-3
"""A regressor is redundant if others explain it but for this share of its standard deviation.

That is a millionth of its variance. What is left of it then is the rounding of the printed table, and no direction to
regress out.
"""

EXACT = 1e-10
"""The same share for what must go to the last digit: rounding in double precision is all that is less."""


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
    interpolated, filtered, and dropped again before the confounds are regressed out (Butterworth), or nothing is
    asked of them (others), all in this one matrix (Lindquist et al. 2019; Power et al. 2014).

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
        regression stay orthogonal (Lindquist et al. 2019, Human Brain Mapping 40, 2358). Redundant ones
        are left out, see `independent`.
    filter : {"butterworth", "fourier", "cosine"}
        A zero-phase Butterworth filter, or the regression of the sines and cosines outside of the band, or that
        of slow cosines up to `high_pass`.
    kept : numpy.ndarray of bool, shape (T,), optional
        Volumes to keep; all by default.

    Returns
    -------
    numpy.ndarray of float64, shape (n_kept, T)
        Multiply it with series of shape (T, n_series): they come out cleaned, with mean zero, as
        `nilearn.signal.clean` and then centring make them, at the kept volumes. Columns of volumes
        that are not kept are zero. Except with the Butterworth filter it is an orthogonal projection.

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
    filters.check_filter(len(inner), t_r, high_pass, low_pass, filter)
    times = np.linspace(-1, 1, n_volumes)[:, None]
    confounds = np.empty((n_volumes, 0)) if confounds is None else confounds
    confounds = confounds[:, independent(confounds[kept], times[kept] if detrend else None)]
    operator = np.eye(n_volumes)[kept]
    if filter == "cosine" and high_pass is not None:
        drifts = filters.cosine_drifts(n_volumes, t_r, high_pass)
    else:
        drifts = np.empty((n_volumes, 0))
    if filter == "butterworth" and not (high_pass is None and low_pass is None):
        # Interpolate, detrend and filter the stretch between the ends; then only the kept volumes count.
        shaped = butterworth.interpolation(inner)
        shaped = butterworth.filtered(filters.detrend(shaped) if detrend else shaped, t_r, high_pass, low_pass)[inner]
        operator = np.pad(shaped, ((0, 0), (first, n_volumes - 1 - last)))
        basis = _basis(_centred(operator @ confounds), _sizes(confounds[kept]) * EXACT)
    elif filter == "fourier":
        projection = filters.fourier(inner, t_r, high_pass, low_pass)
        operator[:, kept] = projection
        # A baseline is a hundred times the fluctuation: it and the trend go to the last digit.
        trends = np.column_stack([np.ones(n_volumes), times] if detrend else [np.ones(n_volumes)])
        regressors = np.column_stack([trends, confounds])
        least = np.concatenate([np.linalg.norm(trends[kept], axis=0) * EXACT, _sizes(confounds[kept]) * REDUNDANT])
        basis = _basis(projection @ (projection @ regressors[kept]), least)
        basis = _basis(projection @ basis, np.zeros(basis.shape[1]))
    else:
        # Nothing to filter: whatever goes is regressed out at the kept volumes, each at its own time.
        regressors = np.column_stack([times, confounds, drifts] if detrend else [confounds, drifts])[kept]
        basis = _basis(_centred(regressors), _sizes(regressors) * REDUNDANT)
    operator -= basis @ (basis.T @ operator)
    operator -= operator.mean(axis=0)
    nu = degrees_of_freedom(operator)
    if not nu > 2:
        raise UnusableRunError(
            f"cleaning leaves {nu:.1f} degrees of freedom of {len(operator)} volumes ({confounds.shape[1]} confounds, "
            f"{high_pass} to {low_pass} Hz, filter {filter}, a repetition time of {t_r:g} s); expected more than 2: "
            "use fewer confounds or a wider band"
            + (", or raise the thresholds of cleaning.scrubbing" if not kept.all() else "")
        )
    return operator


def independent(regressors: np.ndarray, trend: np.ndarray | None = None) -> np.ndarray:
    """Find the regressors that a constant, a trend and those before them do not explain.

    Parameters
    ----------
    regressors : numpy.ndarray of shape (n_kept, n)
        In any units.
    trend : numpy.ndarray of shape (n_kept, 1) or None
        None where no trend is taken out.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        False for those that are explained but for `REDUNDANT` of their standard deviation, and for constant ones.
    """
    trend = np.empty((len(regressors), 0)) if trend is None else trend
    columns = np.column_stack([trend, regressors])
    least = np.maximum(_sizes(columns) * REDUNDANT, np.linalg.norm(columns, axis=0) * EXACT)
    least[: trend.shape[1]] = 0
    return _gram_schmidt(_centred(columns), least)[1][trend.shape[1] :]


def _centred(columns: np.ndarray) -> np.ndarray:
    return columns - columns.mean(axis=0)


def _sizes(columns: np.ndarray) -> np.ndarray:
    """Euclidean norm of each column about its mean."""
    return np.linalg.norm(_centred(columns), axis=0)


def _basis(columns: np.ndarray, least: np.ndarray) -> np.ndarray:
    return _gram_schmidt(columns, least)[0]


def _gram_schmidt(columns: np.ndarray, least: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make columns orthonormal in their order, and leave out those of which no more than `least` is left.

    numpy's singular values would do, but their algorithm fails where many of them are alike, as those of cosines are.

    Returns
    -------
    basis : numpy.ndarray of shape (n, rank)
    taken : numpy.ndarray of bool, shape (n_columns,)
    """
    basis = np.zeros(columns.shape, order="F")
    taken = np.zeros(columns.shape[1], dtype=bool)
    rank = 0
    for number, column in enumerate(columns.T):
        # Twice is enough (Giraud, Langou & Rozloznik 2005, Computers & Mathematics with Applications 50, 1069).
        for _ in range(2):
            column = column - basis[:, :rank] @ (basis[:, :rank].T @ column)
        size = np.linalg.norm(column)
        if size > least[number]:
            basis[:, rank] = column / size
            taken[number] = True
            rank += 1
    return basis[:, :rank], taken


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
    # Where regressors span everything, what is left is rounding error.
    return float(total**2 / np.sum(gram * gram)) if total > EXACT else 0.0


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
    means = series.mean(axis=0)
    return _standardised(operator[:, used] @ series, series.std(axis=0), means, float(np.finfo(np.float64).eps))


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


def clean_voxels(operator: np.ndarray, series: np.ndarray, baseline: float | np.ndarray = 0.0, slab: int = 512) -> None:
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
    n_kept, n_volumes = operator.shape
    # What a constant becomes is one more column of the matrix, and the means are one more row of what it multiplies.
    single = np.column_stack([operator, operator.sum(axis=1)]).astype(np.float32)
    of_mean = np.full(n_volumes, 1 / n_volumes, dtype=np.float32)
    baseline = np.broadcast_to(np.float32(baseline), series.shape[1:])
    # Used again for each slab: fresh memory takes longer than the sums.
    work = [np.empty((rows, min(slab, series.shape[1])), dtype=np.float32) for rows in (n_volumes + 1, n_kept)]
    for start in range(0, series.shape[1], slab):
        part = series[:, start : start + slab]
        raw, cleaned = (memory[:, : part.shape[1]] for memory in work)
        # Any constant near the mean will do, since it goes through the operator apart: a product is quickest.
        means = of_mean @ part
        np.subtract(part, means, out=raw[:-1])
        spread = np.sqrt(np.einsum("tv,tv->v", raw[:-1], raw[:-1]) / n_volumes)
        means += baseline[start : start + slab]
        raw[-1] = means
        np.matmul(single, raw, out=cleaned)
        part[...] = _standardised(cleaned, spread, means, float(np.finfo(np.float32).eps))


def _standardised(
    cleaned: np.ndarray, raw_spread: np.ndarray, baseline: np.ndarray, eps: float | np.floating
) -> np.ndarray:
    """Divide by the sample standard deviation; NaN where only rounding error is left.

    `raw_spread` and `baseline` are each series' standard deviation and mean before cleaning, `eps` the precision of the
    cleaning. Images are read in single precision, whatever the series are cleaned in: a spread at the rounding error
    of the baseline is none, before cleaning or after it.
    """
    n = len(cleaned)
    cleaned -= cleaned.mean(axis=0)
    spread = np.sqrt(np.einsum("tv,tv->v", cleaned, cleaned) / (n - 1))
    rounding = np.finfo(np.float32).eps * np.abs(baseline)
    gone = (raw_spread <= 4 * rounding) | (spread <= np.maximum(8 * np.sqrt(n) * eps * raw_spread, rounding))
    spread[gone] = np.nan
    cleaned /= spread
    return cleaned

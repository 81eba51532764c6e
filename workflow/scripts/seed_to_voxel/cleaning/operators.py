"""Detrending, filtering and confound regression as one matrix.

All three are linear along time, so that the cleaning of a run of T volumes is one T x T matrix; nilearn
itself is asked for it by cleaning the identity. Any number of series is then cleaned by one product.
"""

import numpy as np

from ..base.errors import InputError, UnusableRunError

BUTTERWORTH_ORDER = 5


def check_filter(n_volumes, t_r, high_pass, low_pass, filter="butterworth"):
    """Refuse a filter that a run of this length and sampling cannot have.

    Parameters
    ----------
    n_volumes : int
    t_r : float
        Repetition time, seconds.
    high_pass, low_pass : float or None
        Cut-off frequencies, Hz.
    filter : {"butterworth", "cosine"}
        A regression of cosines needs no run of a certain length.

    Raises
    ------
    InputError
        If a cut-off is not below the Nyquist frequency, the band is empty, or the run is too short.
    """
    nyquist = 0.5 / t_r
    for name, cutoff in {"low_pass": low_pass, "high_pass": high_pass}.items():
        if cutoff is not None and cutoff >= nyquist:
            raise InputError(
                f"cleaning.{name} is {cutoff:g} Hz; expected less than {nyquist:g} Hz, the Nyquist frequency at a "
                f"repetition time of {t_r:g} s (or null for none)"
            )
    if low_pass is not None and high_pass is not None and low_pass <= high_pass:
        raise InputError(f"cleaning.low_pass is {low_pass:g} Hz; expected more than high_pass, {high_pass:g} Hz")
    # scipy's sosfiltfilt pads both ends by 3 (2 sections + 1) samples, less the trivial zeros: an order-5
    # band-pass has 5 sections, a high- or low-pass 3 of which one is of first order.
    padded = filter == "butterworth"
    both = padded and low_pass is not None and high_pass is not None
    either = padded and (low_pass is not None or high_pass is not None)
    shortest = 34 if both else 19 if either else 3
    if n_volumes < shortest:
        raise UnusableRunError(
            f"the run has {n_volumes} volumes to work with; expected at least {shortest} for "
            + ("the filter of cleaning.high_pass and low_pass" if either else "a correlation")
        )


def interpolation(n_volumes, kept):
    """Build the matrix that fills censored volumes from the kept ones.

    Cubic splines through the kept volumes, as `nilearn.signal.clean` means to use them, with a boolean
    mask: up to nilearn 0.14.1 an index array is inverted with ``~`` there, so that a censored volume whose
    mirror volume T - 1 - t is censored too is never filled and leaks into the kept ones.

    Parameters
    ----------
    n_volumes : int
        T.
    kept : numpy.ndarray of bool, shape (T,)
        The first and the last volume are among the kept ones.

    Returns
    -------
    numpy.ndarray of float64, shape (T, T)
        Columns of censored volumes are zero.
    """
    from scipy.interpolate import CubicSpline

    times = np.arange(n_volumes)
    matrix = np.diag(kept.astype(np.float64))
    if not kept.all():
        weights = CubicSpline(times[kept], np.eye(int(kept.sum())))(times[~kept])
        matrix[np.ix_(~kept, kept)] = weights
    return matrix


def cosine_drifts(n_volumes, t_r, high_pass, confounds=None):
    """Slow cosines up to a cut-off, those left out that the confounds hold already.

    Parameters
    ----------
    n_volumes : int
    t_r : float
        Repetition time, seconds.
    high_pass : float
        Cut-off, Hz.
    confounds : numpy.ndarray of shape (T, n) or None

    Returns
    -------
    numpy.ndarray of shape (T, n_drifts)
    """
    from nilearn.glm.first_level.design_matrix import create_cosine_drift

    drifts = create_cosine_drift(high_pass, np.arange(n_volumes) * t_r)[:, :-1]
    if confounds is None or not drifts.size:
        return drifts
    # A drift that is there twice would leave a direction of rounding error to be regressed out.
    centred = confounds - confounds.mean(axis=0)
    left = drifts - centred @ np.linalg.lstsq(centred, drifts, rcond=None)[0]
    return drifts[:, np.linalg.norm(left, axis=0) > 1e-3 * np.linalg.norm(drifts, axis=0)]


def cleaning_operator(n_volumes, t_r, detrend, high_pass, low_pass, confounds=None, filter="butterworth", kept=None):
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
    from nilearn.signal import clean

    kept = np.ones(n_volumes, dtype=bool) if kept is None else np.asarray(kept, dtype=bool)
    if kept.sum() < 3:
        raise UnusableRunError(
            f"{int(kept.sum())} of {n_volumes} volumes are left after censoring; expected at least 3: raise the "
            "thresholds of cleaning.scrubbing, lower min_segment, or leave the run out"
        )
    first, last = np.flatnonzero(kept)[[0, -1]]
    inner = kept[first : last + 1]
    cosine = filter == "cosine"
    filtered = not cosine and (high_pass is not None or low_pass is not None)
    check_filter(len(inner), t_r, high_pass, low_pass, filter)
    if filtered:
        # Interpolate, detrend and filter the stretch between the ends; then only the kept volumes count.
        fill = interpolation(len(inner), inner)
        shaped = {"detrend": detrend, "standardize": None, "low_pass": low_pass, "high_pass": high_pass, "t_r": t_r}
        operator = clean(fill, **shaped, butterworth__copy=True)[inner]
        if confounds is not None:
            confounds = clean(fill @ confounds[first : last + 1], **shaped, butterworth__copy=True)[inner]
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
        operator = clean(
            operator,
            detrend=False,
            standardize=None,
            filter=False,
            confounds=confounds,
            standardize_confounds=True,
        )
    operator -= operator.mean(axis=0)
    nu = degrees_of_freedom(operator)
    if not nu > 2:
        n_confounds = 0 if confounds is None else confounds.shape[1]
        raise UnusableRunError(
            f"cleaning leaves {nu:.1f} degrees of freedom of {len(operator)} volumes ({n_confounds} regressors, "
            f"{high_pass} to {low_pass} Hz); expected more than 2: use fewer confounds or a wider band"
        )
    return operator


def degrees_of_freedom(operator):
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


def clean_seeds(operator, series):
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


def used_volumes(operator):
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


def clean_voxels(operator, series, baseline=0.0, slab=2048):
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


def _standardised(cleaned, raw_spread, eps):
    """Divide by the sample standard deviation; NaN where only rounding error is left.

    `raw_spread` is each series' standard deviation before cleaning, the yardstick of rounding.
    """
    n = len(cleaned)
    cleaned -= cleaned.mean(axis=0)
    spread = np.sqrt(np.einsum("tv,tv->v", cleaned, cleaned) / (n - 1))
    spread[(raw_spread == 0) | (spread <= 8 * np.sqrt(n) * eps * raw_spread)] = np.nan
    cleaned /= spread
    return cleaned

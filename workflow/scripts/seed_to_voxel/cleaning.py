"""Detrending, filtering and confound regression as one matrix.

All three are linear along time, so that the cleaning of a run of T volumes is one T x T matrix; nilearn
itself is asked for it by cleaning the identity. Any number of series is then cleaned by one product.
"""

import numpy as np

from .errors import InputError

BUTTERWORTH_ORDER = 5


def check_filter(n_volumes, t_r, high_pass, low_pass):
    """Refuse a filter that a run of this length and sampling cannot have.

    Parameters
    ----------
    n_volumes : int
    t_r : float
        Repetition time, seconds.
    high_pass, low_pass : float or None
        Cut-off frequencies, Hz.

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
    both = low_pass is not None and high_pass is not None
    either = low_pass is not None or high_pass is not None
    shortest = 34 if both else 19 if either else 3
    if n_volumes < shortest:
        raise InputError(
            f"the run has {n_volumes} volumes; expected at least {shortest} for "
            + ("the filter of cleaning.high_pass and low_pass" if either else "a correlation")
        )


def cleaning_operator(n_volumes, t_r, detrend, high_pass, low_pass, confounds=None):
    """Build the matrix that cleans and centres any series of a run.

    Parameters
    ----------
    n_volumes : int
        T.
    t_r : float
        Repetition time, seconds.
    detrend : bool
        Remove the linear trend.
    high_pass, low_pass : float or None
        Cut-offs of the zero-phase Butterworth filter, Hz.
    confounds : numpy.ndarray of shape (T, n) or None
        Regressed out, after having been detrended and filtered themselves, so that filter and
        regression stay orthogonal (Lindquist et al. 2019, Human Brain Mapping 40, 2358).

    Returns
    -------
    numpy.ndarray of float64, shape (T, T)
        Multiply it with series of shape (T, n_series): they come out cleaned, with mean zero, as
        `nilearn.signal.clean` and then centring make them.

    Raises
    ------
    InputError
        If the filter cannot be had, or nothing of a series would be left.
    """
    from nilearn.signal import clean

    check_filter(n_volumes, t_r, high_pass, low_pass)
    operator = clean(
        np.eye(n_volumes),
        detrend=detrend,
        standardize=None,
        confounds=confounds,
        standardize_confounds=True,
        low_pass=low_pass,
        high_pass=high_pass,
        t_r=t_r,
        butterworth__copy=True,
    )
    operator -= operator.mean(axis=0)
    nu = degrees_of_freedom(operator)
    if not nu > 2:
        n_confounds = 0 if confounds is None else confounds.shape[1]
        raise InputError(
            f"cleaning leaves {nu:.1f} degrees of freedom of {n_volumes} volumes ({n_confounds} confounds, "
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
    operator : numpy.ndarray of shape (T, T)
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
    operator : numpy.ndarray of shape (T, T)
    series : numpy.ndarray of shape (T, n)

    Returns
    -------
    numpy.ndarray of float64, shape (T, n)
        Mean 0 and sample standard deviation 1; NaN where nothing is left of a series.
    """
    return _standardised(operator @ series, series.std(axis=0), np.finfo(np.float64).eps)


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
    baseline = np.broadcast_to(np.float32(baseline), series.shape[1:])
    for start in range(0, series.shape[1], slab):
        part = series[:, start : start + slab]
        means = part.mean(axis=0, dtype=np.float64).astype(np.float32)
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

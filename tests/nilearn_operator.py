"""The cleaning operator as nilearn makes it, from the identity, to hold the project's own against.

Censored volumes are interpolated with a boolean mask, which nilearn up to 0.14.1 does not.
"""

import warnings

import numpy as np
from nilearn.glm.first_level.design_matrix import create_cosine_drift
from nilearn.signal import clean
from scipy.interpolate import CubicSpline


def filled(series, kept):
    """Cubic splines through the kept volumes."""
    times = np.arange(len(series))
    series = series.copy()
    series[~kept] = CubicSpline(times[kept], series[kept])(times[~kept])
    return series


def nilearn_operator(n_volumes, t_r, detrend, high_pass, low_pass, confounds=None, filter="butterworth", kept=None):
    """Clean the identity with `nilearn.signal.clean`, piece by piece, and centre it."""
    kept = np.ones(n_volumes, dtype=bool) if kept is None else kept
    first, last = np.flatnonzero(kept)[[0, -1]]
    inner = kept[first : last + 1]
    plain = {"standardize": None, "t_r": t_r}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if filter == "butterworth" and not (high_pass is None and low_pass is None):
            shaped = {
                **plain,
                "detrend": detrend,
                "low_pass": low_pass,
                "high_pass": high_pass,
                "butterworth__copy": True,
            }
            operator = clean(filled(np.eye(len(inner)), inner), **shaped)[inner]
            operator = np.pad(operator, ((0, 0), (first, n_volumes - 1 - last)))
            if confounds is not None:
                confounds = clean(filled(confounds[first : last + 1], inner), **shaped)[inner]
        else:
            operator = np.eye(n_volumes)[kept]
            regressors = [] if confounds is None else [confounds]
            if filter == "cosine":
                regressors.append(create_cosine_drift(high_pass, np.arange(n_volumes) * t_r)[:, :-1])
            if detrend:
                regressors.append(np.arange(n_volumes)[:, None])
            confounds = np.concatenate(regressors, axis=1)[kept] if regressors else None
        if confounds is not None and confounds.size:
            operator = clean(operator, detrend=False, filter=False, confounds=confounds, **plain)
    return operator - operator.mean(axis=0)

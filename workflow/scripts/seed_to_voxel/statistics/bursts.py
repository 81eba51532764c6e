"""Noise whose standard deviation differs from volume to volume, as head motion makes it."""

import numpy as np

from ..base.errors import InputError

QUIET = 1.5
"""DVARS up to this, in medians of the run, is no burst."""


def check(std_dvars: np.ndarray, source: str) -> None:
    """Refuse to follow a DVARS that a run does not have.

    Parameters
    ----------
    std_dvars : numpy.ndarray of shape (T,)
    source : str
        The run's sidecar, for the message.

    Raises
    ------
    InputError
        If no volume has one.
    """
    if not np.isfinite(std_dvars).any():
        raise InputError(
            f"{source}: the run's confounds table has no std_dvars, which statistics.bursts follows; give a table with "
            "that column, leave the run out, or set statistics.bursts to false"
        )


def deviations(dvars: np.ndarray, steps: int = 50) -> np.ndarray:
    """Standard deviation of the noise at each volume, from DVARS.

    The square of DVARS at a volume is the mean of the noise's variances at it and at the one before, which is undone by
    multiplicative steps that keep them positive (Richardson 1972, Journal of the Optical Society of America 62, 55).
    A single large difference is a step of the signal, and no burst.

    Parameters
    ----------
    dvars : numpy.ndarray of shape (T,)
        DVARS, standardised in whatever way; the first one is undefined, and others may be NaN.
    steps : int

    Returns
    -------
    numpy.ndarray of shape (T,)
        In that of a quiet volume, which has 1.
    """
    variance = np.ones(len(dvars))
    if not np.isfinite(dvars[1:]).any():
        return variance
    # Half of the volumes may be alike, as where a run was padded.
    usual = np.nanmedian(dvars[1:]) or np.nanmean(dvars[1:])
    if not usual > 0:
        return variance
    ratio = dvars[1:] / usual
    loud = ratio > QUIET
    square = np.where(loud, ratio**2, 1.0)
    burst = np.append(loud, True) & np.append(True, loud)
    share = np.full(len(dvars), 2.0)
    share[[0, -1]] = 1
    for _ in range(steps):
        missing = square / ((variance[1:] + variance[:-1]) / 2)
        variance[burst] *= ((np.append(missing, 0) + np.append(0, missing)) / share)[burst]
    return np.sqrt(np.maximum(variance, 1))

"""What can be filtered at all, trends, slow cosines, and the regression of frequencies."""

import numpy as np

from ..base.errors import InputError, UnusableRunError
from . import butterworth

GAP_SHARE = 0.05
"""Share of its energy in the band from which on a way to fill gaps is regressed out; see `fourier`."""


def check_band(t_r: float, high_pass: float | None, low_pass: float | None) -> None:
    """Refuse a pass band that a run of this sampling cannot have.

    Parameters
    ----------
    t_r : float
        Repetition time, seconds.
    high_pass, low_pass : float or None
        Cut-off frequencies, Hz.

    Raises
    ------
    InputError
        If a cut-off is not below the Nyquist frequency, or the band is empty.
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


def check_filter(
    n_volumes: int,
    t_r: float,
    high_pass: float | None,
    low_pass: float | None,
    filter: str = "butterworth",
) -> None:
    """Refuse a filter that a run of this length and sampling cannot have.

    Parameters
    ----------
    n_volumes : int
    t_r, high_pass, low_pass
        See `check_band`.
    filter : {"butterworth", "fourier", "cosine"}
        A regression needs no run of a certain length.

    Raises
    ------
    InputError
        If a cut-off is not below the Nyquist frequency, or the band is empty.
    UnusableRunError
        If the run is too short.
    """
    check_band(t_r, high_pass, low_pass)
    filtered = filter == "butterworth" and not (high_pass is None and low_pass is None)
    shortest = butterworth.padding(high_pass, low_pass) + 1 if filtered else 3
    if n_volumes < shortest:
        raise UnusableRunError(
            f"the run has {n_volumes} volumes to work with; expected at least {shortest} for "
            + ("the filter of cleaning.high_pass and low_pass" if filtered else "a correlation")
        )


def detrend(series: np.ndarray) -> np.ndarray:
    """Take the mean and the linear trend off each series.

    Parameters
    ----------
    series : numpy.ndarray of float64, shape (T, n)

    Returns
    -------
    numpy.ndarray of float64, shape (T, n)
    """
    times = np.arange(len(series)) - (len(series) - 1) / 2
    times /= np.linalg.norm(times)
    centred = series - series.mean(axis=0)
    return centred - np.outer(times, times @ centred)


def cosine_drifts(n_volumes: int, t_r: float, high_pass: float) -> np.ndarray:
    """Slow cosines up to a cut-off.

    A discrete cosine transform, II, as in nilearn and SPM.

    Parameters
    ----------
    n_volumes : int
    t_r : float
        Repetition time, seconds.
    high_pass : float
        Cut-off, Hz.

    Returns
    -------
    numpy.ndarray of shape (T, n_drifts)
    """
    n_drifts = min(n_volumes - 1, int(np.floor(2 * n_volumes * high_pass * t_r)))
    times = np.arange(n_volumes)[:, None] + 0.5
    return np.sqrt(2 / n_volumes) * np.cos(np.pi / n_volumes * times * np.arange(1, n_drifts + 1))


def fourier(kept: np.ndarray, t_r: float, high_pass: float | None, low_pass: float | None) -> np.ndarray:
    """Build the projection that takes sines and cosines outside of a band off series that have gaps.

    The frequencies are those of the discrete Fourier transform of the stretch, k / (T t_r); what lies outside of the
    band is regressed out at the kept volumes, as AFNI's 3dTproject does. Instead of with hundreds of regressors it is
    computed from the gaps: with B the projection on the band of a stretch without gaps, k its kept and g its censored
    volumes, the projection is the Schur complement B_kk - B_kg inv(B_gg) B_gk.

    An eigenvalue of B_gg is the share that one way to fill the gaps has in the band. Where it is small, a combination
    of removed frequencies lies nearly whole inside the gaps: to regress out the little that is left of it at the kept
    volumes would cost a degree of freedom each, and at a short repetition time all of them. Those of less than
    `GAP_SHARE` are left alone.

    Parameters
    ----------
    kept : numpy.ndarray of bool, shape (T,)
        The first and the last volume are among them.
    t_r : float
        Repetition time, seconds.
    high_pass, low_pass : float or None
        Ends of the band, Hz, which belong to it.

    Returns
    -------
    numpy.ndarray of float64, shape (n_kept, n_kept)
        Symmetric and idempotent.
    """
    n_volumes = len(kept)
    frequencies = np.fft.rfftfreq(n_volumes, t_r)
    passed = np.ones(len(frequencies), dtype=bool)
    if high_pass is not None:
        passed &= frequencies > high_pass * (1 - 1e-9)
    if low_pass is not None:
        passed &= frequencies < low_pass * (1 + 1e-9)
    times = np.arange(n_volumes)
    band = np.fft.irfft(passed.astype(np.float64), n_volumes)[(times[:, None] - times) % n_volumes]
    projection = band[np.ix_(kept, kept)]
    if not kept.all():
        shares, fillings = np.linalg.eigh(band[np.ix_(~kept, ~kept)])
        outside = band[np.ix_(kept, ~kept)] @ fillings
        removed = shares > GAP_SHARE
        # What is not removed is a direction of unit length again, which a gap had shortened.
        weights = np.where(removed, -1 / np.maximum(shares, GAP_SHARE), 1 / (1 - np.minimum(shares, GAP_SHARE)))
        projection = projection + (outside * weights) @ outside.T
    return projection

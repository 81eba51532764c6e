"""What the noise of a run's voxels was like before it was cleaned: spectra, and each voxel's weights over them.

Cleaning hides the spectrum of the noise that went in, and whitens or colours it anew. Here a grid of spectra is sent
through the cleaning and held against the periodograms of the cleaned series; it then moves towards what the run's
voxels show, so that the grid may be coarse. A voxel's spectrum is never one of the grid's but a mixture of them.

A spectrum is given at the T + 1 frequencies 0, 1/2T, 2/2T, ..., 1/2 (cycles a volume), those of a Fourier transform of
2T points, in which no lag of a run of T volumes is wrapped onto another.
"""

from dataclasses import dataclass

import numpy as np

AUTOREGRESSION = (0.2, 0.4, 0.6, 0.75, 0.85, 0.92, 0.97)
"""Coefficients of the grid's first-order autoregressions."""

MIXED = (0.2, 0.5, 0.8, 1.0)
"""Shares of an autoregression in the variance before cleaning; the rest is white."""

RESONANT = (0.3, 0.6, 0.9)
"""Shares of a resonance in the variance after cleaning; the rest was white."""

WIDTHS = (1, 4)
"""Half widths of the resonances, in steps of 1/T or of 4 % of their frequency, whichever is wider."""

PASSED = 0.05
"""The periodogram counts where white noise keeps more than this share of its largest power."""

FLAT = 0.05
"""Share of the prior that is even over the grid, whatever the run's voxels say."""

SAMPLE = 4000
"""Voxels that a run's spectra are learnt from, at most."""

OWN_WEIGHT = 20
"""How many voxels a spectrum of the grid counts as, when it moves towards those that it describes."""


def fold(power: np.ndarray) -> np.ndarray:
    """Add up what two frequencies of opposite sign have: the last axis shrinks from 2T to T + 1."""
    half = power.shape[-1] // 2
    folded = power[..., : half + 1].copy()
    folded[..., 1:half] += power[..., :half:-1]
    return folded


def both_signs(n_volumes: int) -> np.ndarray:
    """How often each of the T + 1 frequencies occurs among all 2T: 1 at either end, else 2."""
    counts = np.full(n_volumes + 1, 2.0)
    counts[[0, -1]] = 1
    return counts


def transfer(operator: np.ndarray) -> np.ndarray:
    """Power that a cleaning lets through, by the frequency of the noise.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)

    Returns
    -------
    numpy.ndarray of shape (T + 1,)
        tau; the expected sum of squares of a cleaned series is ``spectrum @ tau``.
    """
    n_volumes = operator.shape[1]
    power = np.abs(np.fft.rfft(operator, 2 * n_volumes, axis=1)) ** 2
    return both_signs(n_volumes) * power.sum(axis=0) / (2 * n_volumes)


def grid(tau: np.ndarray) -> np.ndarray:
    """The spectra to start from.

    White noise; first-order autoregressions with more or less white noise; resonances (second-order autoregressions)
    on white noise, narrow and wide ones, over all frequencies: one outside of the pass band leaks in at the ends of
    a run.

    Parameters
    ----------
    tau : numpy.ndarray of shape (T + 1,)
        From `transfer`.

    Returns
    -------
    numpy.ndarray of shape (n_spectra, T + 1)
        Each with a variance of 1 after cleaning.
    """
    n_volumes = len(tau) - 1
    frequencies = np.arange(n_volumes + 1) / (2 * n_volumes)
    lag = np.exp(-2j * np.pi * frequencies)
    white = np.ones(n_volumes + 1)
    spectra = [white]
    for phi in AUTOREGRESSION:
        coloured = (1 - phi**2) / np.abs(1 - phi * lag) ** 2
        spectra += [share * coloured + (1 - share) * white for share in MIXED]
    for width in WIDTHS:
        centre = 2 * width / n_volumes
        while centre < 0.5:
            half_width = width * max(1 / n_volumes, 0.04 * centre)
            pole = np.exp(-2 * np.pi * (half_width - 1j * centre))
            peak = 1 / np.abs((1 - pole * lag) * (1 - pole.conj() * lag)) ** 2
            spectra += [share * peak / (peak @ tau) + (1 - share) * white / tau.sum() for share in RESONANT]
            centre += 2 * half_width
    grid = np.array(spectra)
    return grid / (grid @ tau)[:, None]


@dataclass(frozen=True)
class Periodogram:
    """Periodograms of cleaned series, and what to expect of them.

    Attributes
    ----------
    cosines, sines : numpy.ndarray of float32, shape (n_frequencies, n)
        At the times of the kept volumes, about the middle of the run; of the first half of these (n = n_kept / 2, with
        the middle for the cosines) if volumes are kept alike before and after the middle, else of all.
    response : numpy.ndarray of shape (n_frequencies, T + 1)
        Expected periodogram of a cleaned series by the frequency of the noise before cleaning: filter, regression,
        leakage and gaps are all in.
    exponent : float
        Of the likelihood: cleaning leaves fewer dimensions than there are ordinates.
    """

    cosines: np.ndarray
    sines: np.ndarray
    response: np.ndarray
    exponent: float

    def of(self, series: np.ndarray) -> np.ndarray:
        """Periodograms of series of shape (n_kept, n_series); shape (n_frequencies, n_series)."""
        even = odd = series
        if self.sines.shape[1] < len(series):
            # What is even in time has no sine and what is odd no cosine: half of the work.
            half = len(series) // 2
            even, mirrored = series[: self.cosines.shape[1]].copy(), series[: -half - 1 : -1]
            odd = even[:half] - mirrored
            even[:half] += mirrored
        power = self.cosines @ even
        power *= power
        of_sines = self.sines @ odd
        of_sines *= of_sines
        power += of_sines
        return power


def periodogram(operator: np.ndarray, kept: np.ndarray) -> Periodogram:
    """Prepare the periodogram of a run.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
    kept : numpy.ndarray of int, shape (n_kept,)
        Volumes that the operator's rows stand for.

    Returns
    -------
    Periodogram
    """
    n_volumes = operator.shape[1]
    placed = np.zeros((n_volumes, n_volumes))
    placed[kept] = operator
    response = np.abs(np.fft.fft(np.fft.rfft(placed, axis=0), 2 * n_volumes, axis=1)) ** 2
    response = fold(response) / (2 * n_volumes)
    of_white = response.sum(axis=1)
    used = np.flatnonzero(of_white > PASSED * of_white.max())
    # From the middle on: a shift in time is none of the power.
    angles = 2 * np.pi * np.outer(used / n_volumes, kept - (kept[0] + kept[-1]) / 2)
    half = len(kept) // 2
    alike = len(kept) > 1 and np.array_equal(np.diff(kept), np.diff(kept)[::-1])
    gram = operator @ operator.T
    nu = np.trace(gram) ** 2 / np.sum(gram * gram)
    return Periodogram(
        cosines=np.cos(angles[:, : len(kept) - half] if alike else angles).astype(np.float32),
        sines=np.sin(angles[:, :half] if alike else angles).astype(np.float32),
        response=response[used],
        exponent=min(1.0, nu / (2 * len(used))),
    )


class Spectra:
    """The spectra of a run's noise, and how common each is.

    Attributes
    ----------
    spectra : numpy.ndarray of shape (n_spectra, T + 1)
        Each with a variance of 1 after cleaning.
    prior : numpy.ndarray of shape (n_spectra,)
        Sums to 1.
    periodogram : Periodogram
    """

    def __init__(self, spectra: np.ndarray, prior: np.ndarray, periodogram: Periodogram) -> None:
        self.spectra, self.prior, self.periodogram = spectra, prior, periodogram
        expected = spectra @ periodogram.response.T
        self._inverse = (1 / expected).astype(np.float32)
        level = np.log(prior) - periodogram.exponent * np.log(expected).sum(axis=1)
        self._level = level.astype(np.float32)[:, None]

    def scales(self, power: np.ndarray) -> np.ndarray:
        """Variance of each series under each spectrum, (n_spectra, n_series), from their periodograms."""
        return self._inverse @ power / np.float32(len(power))

    def weights(self, power: np.ndarray, scales: np.ndarray | None = None) -> np.ndarray:
        """Posterior weight of each spectrum for each series.

        Whittle's likelihood (Whittle 1953, Arkiv foer Matematik 2, 423), with the exact expectation of the
        periodogram (Sykulski et al. 2019, Biometrika 106, 251) and each series' scale profiled out.

        Parameters
        ----------
        power : numpy.ndarray of float32, shape (n_frequencies, n_series)
            Periodograms.
        scales : numpy.ndarray, optional
            From `scales`.

        Returns
        -------
        numpy.ndarray of float32, shape (n_spectra, n_series)
            Columns sum to 1; NaN for a series that is NaN or zero.
        """
        scales = self.scales(power) if scales is None else scales
        # 0 becomes infinite, and infinite less infinite NaN.
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = np.log(scales)
            weights *= np.float32(-self.periodogram.exponent * len(power))
            weights += self._level
            weights -= weights.max(axis=0)
        np.exp(weights, out=weights)
        weights /= weights.sum(axis=0)
        return weights


def sample(n_voxels: int, largest: int = SAMPLE) -> np.ndarray:
    """Positions of voxels evenly spread over a run's, `largest` at most."""
    # A step of one or more: no position comes twice.
    return np.linspace(0, n_voxels - 1, min(n_voxels, largest)).astype(int)


def learn(operator: np.ndarray, kept: np.ndarray, series: np.ndarray, rounds: int = 4, steps: int = 3) -> Spectra:
    """Learn from a run's voxels which spectra its noise had, and how common each is.

    Expectation-maximisation: each spectrum's prior becomes its mean weight over the voxels (empirical Bayes), and the
    spectrum moves towards the mean periodogram of the voxels that it describes, by the multiplicative steps of
    Itakura-Saito factorisation (Fevotte, Bertin & Durrieu 2009, Neural Computation 21, 793).

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
        That cleaned the run; ``operator * deviations`` where the noise's standard deviation differs from volume to
        volume.
    kept : numpy.ndarray of int, shape (n_kept,)
        Volumes that the operator's rows stand for.
    series : numpy.ndarray of shape (n_kept, n_voxels)
        Some thousand of the run's cleaned voxels, as `sample` picks them; those that are not finite or zero do not
        count.
    rounds, steps : int
        Of EM, and within a round.

    Returns
    -------
    Spectra
    """
    tau = transfer(operator)
    found = periodogram(operator, kept)
    spectra = grid(tau)
    even = np.full(len(spectra), 1 / len(spectra))
    model = Spectra(spectra, even, found)
    power = found.of(np.asarray(series, dtype=np.float32))
    power = power[:, np.isfinite(power).all(axis=0) & power.any(axis=0)]
    if not power.size:
        return model
    response = found.response
    for _ in range(rounds):
        scales = model.scales(power)
        weights = model.weights(power, scales)
        counts = weights.sum(axis=1, dtype=np.float64)[:, None]
        weights /= scales
        described = (weights @ power.T).astype(np.float64)
        for _ in range(steps):
            expected = spectra @ response.T
            wanted = (described / expected + OWN_WEIGHT) / expected
            have = (counts + OWN_WEIGHT) / expected
            spectra = spectra * (wanted @ response) / (have @ response)
        spectra /= (spectra @ tau)[:, None]
        prior = (1 - FLAT) * counts[:, 0] / counts.sum() + FLAT * even
        model = Spectra(spectra, prior, found)
    return model

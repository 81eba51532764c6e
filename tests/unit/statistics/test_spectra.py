"""Spectra of the noise before cleaning: held against dense covariances, scipy's filters and planted noise."""

import warnings

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from threadpoolctl import threadpool_limits

from seed_to_voxel.cleaning.operators import cleaning_operator
from seed_to_voxel.statistics import spectra

T = 90


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Products of this size are slower when they are shared out over threads."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def cleaning():
    """An operator with everything in it: filter, confounds, censored volumes."""
    rng = np.random.default_rng(3)
    kept = np.ones(T, dtype=bool)
    kept[[0, 17, 40, 41, 42, 70]] = False
    operator = cleaning_operator(T, 2.0, True, 0.01, 0.1, rng.standard_normal((T, 5)), kept=kept)
    return operator, np.flatnonzero(kept)


def covariance(spectrum):
    """Toeplitz covariance of T volumes that a spectrum at T + 1 frequencies has."""
    return scipy.linalg.toeplitz(np.fft.irfft(spectrum)[:T])


def test_transfer_is_the_trace_of_the_cleaned_covariance(cleaning):
    operator, _ = cleaning
    tau = spectra.transfer(operator)
    for spectrum in spectra.grid(tau)[::11]:
        wanted = np.trace(operator @ covariance(spectrum) @ operator.T)
        assert spectrum @ tau == pytest.approx(wanted, rel=1e-10)


def test_every_spectrum_has_a_variance_of_one_after_cleaning(cleaning):
    tau = spectra.transfer(cleaning[0])
    grid = spectra.grid(tau)
    assert np.all(grid > 0)
    np.testing.assert_allclose(grid @ tau, 1)


def test_the_grid_has_scipys_autoregressions_and_resonances():
    grid = spectra.grid(np.ones(T + 1))
    frequencies = np.pi * np.arange(T + 1) / T

    def nearest(numerator_and_denominator):
        response = np.abs(scipy.signal.freqz(*numerator_and_denominator, worN=frequencies)[1]) ** 2
        response /= response.sum()
        return np.min(np.abs(grid / response - 1).max(axis=1))

    assert nearest(([1], [1, -0.75])) < 1e-9
    assert nearest(([1], [1])) < 1e-9
    # 90 % of a resonance at 2/T with a half width of 1/T, on white noise.
    radius, angle = np.exp(-2 * np.pi / T), 2 * np.pi * 2 / T
    peak = np.abs(scipy.signal.freqz([1], [1, -2 * radius * np.cos(angle), radius**2], worN=frequencies)[1]) ** 2
    wanted = 0.9 * peak / peak.sum() + 0.1 / (T + 1)
    assert np.min(np.abs(grid / wanted - 1).max(axis=1)) < 1e-9


def test_the_expected_periodogram_is_exact_through_filter_confounds_and_gaps(cleaning):
    operator, kept = cleaning
    found = spectra.periodogram(operator, kept)
    spectrum = spectra.grid(spectra.transfer(operator))[5]
    cleaned = operator @ covariance(spectrum) @ operator.T
    # Of a series at the kept volumes, zero elsewhere, at the Fourier frequencies of all volumes.
    fourier = np.exp(-2j * np.pi * np.outer(np.arange(T // 2 + 1), kept) / T)
    wanted = np.einsum("fs,st,ft->f", fourier, cleaned, fourier.conj()).real
    expected = found.response @ spectrum
    used = [np.argmin(np.abs(wanted - value)) for value in expected]
    np.testing.assert_allclose(wanted[used], expected, rtol=1e-8)
    assert len(set(used)) == len(expected) < T // 2

    series = np.random.default_rng(0).standard_normal((len(kept), 3))
    filled = np.zeros((T, 3))
    filled[kept] = series
    np.testing.assert_allclose(
        found.of(series.astype(np.float32)), np.abs(np.fft.rfft(filled, axis=0)[used]) ** 2, rtol=1e-3
    )


GAPS = {
    "none": [],
    "odd": [0],
    "about the middle": [20, 44, 45, 69],
    "odd, about the middle": [0, 1, 2, 20, 46, 72],
    "to one side": [20, 21],
    "as many on both sides": [20, 70],
}


@pytest.mark.parametrize("left_out", GAPS.values(), ids=GAPS)
def test_a_periodogram_is_that_of_the_series_where_it_was_measured(left_out):
    kept = np.setdiff1d(np.arange(T), left_out)
    found = spectra.periodogram(cleaning_operator(T, 2.0, True, 0.01, 0.1, kept=np.isin(np.arange(T), kept)), kept)
    series = np.random.default_rng(6).standard_normal((len(kept), 5)).astype(np.float32)
    filled = np.zeros((T, 5))
    filled[kept] = series
    theirs = np.abs(np.fft.rfft(filled, axis=0)) ** 2
    before = series.copy()
    have = found.of(series)
    used = [np.argmin(np.abs(theirs[:, 0] - value)) for value in have[:, 0]]
    assert used == sorted(set(used))
    # Half of the work where it can be had.
    alike = np.array_equal(kept, kept[0] + kept[-1] - kept[::-1])
    assert found.sines.shape[1] == (len(kept) // 2 if alike else len(kept))
    np.testing.assert_allclose(have, theirs[used], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(series, before)


def test_weights_follow_whittles_likelihood(cleaning):
    operator, kept = cleaning
    found = spectra.periodogram(operator, kept)
    grid = spectra.grid(spectra.transfer(operator))
    prior = np.random.default_rng(1).dirichlet(np.ones(len(grid)))
    model = spectra.Spectra(grid, prior, found)
    power = np.random.default_rng(2).exponential(size=(len(found.response), 4)).astype(np.float32)
    weights = model.weights(power)
    expected = grid @ found.response.T
    for column, have in zip(power.T, weights.T, strict=True):
        scale = (column / expected).mean(axis=1, keepdims=True)
        # The exponential density of each ordinate, at the scale of greatest likelihood.
        density = -np.log(scale * expected) - column / (scale * expected)
        log = found.exponent * density.sum(axis=1) + np.log(prior)
        wanted = np.exp(log - log.max())
        np.testing.assert_allclose(have, wanted / wanted.sum(), atol=2e-4)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_the_spectrum_of_planted_noise_is_found(phi):
    rng = np.random.default_rng(5)
    noise = scipy.signal.lfilter([1], [1, -phi], rng.standard_normal((300, 1500)), axis=0)[300 - T :]
    operator = cleaning_operator(T, 2.0, True, 0.01, None, None)
    model = spectra.learn(operator, np.arange(T), operator @ noise)
    found = model.prior @ model.spectra
    wanted = np.abs(scipy.signal.freqz([1], [1, -phi], worN=np.pi * np.arange(T + 1) / T)[1]) ** 2
    wanted /= wanted @ spectra.transfer(operator)
    # Below the filter's cut-off nothing is known, and far below the largest power little.
    known = (np.arange(T + 1) / (2 * T) / 2.0 > 0.015) & (wanted > 0.02 * wanted.max())
    assert known.sum() > 15
    assert np.abs(np.log(found / wanted))[known].max() < 0.15


def test_what_is_undefined_counts_for_nothing():
    rng = np.random.default_rng(6)
    operator = cleaning_operator(T, 2.0, True, None, None, None)
    series = (operator @ rng.standard_normal((T, 50))).astype(np.float32)
    series /= series.std(axis=0, ddof=1)
    spoilt = np.column_stack([series, np.full((T, 2), np.nan), np.zeros((T, 2))]).astype(np.float32)
    kept = np.arange(T)
    whole, holed = (spectra.learn(operator, kept, part) for part in (series, spoilt))
    np.testing.assert_allclose(holed.prior, whole.prior)
    np.testing.assert_allclose(holed.spectra, whole.spectra)
    with warnings.catch_warnings():
        # They would stand in the log of a job.
        warnings.simplefilter("error")
        weights = holed.weights(holed.periodogram.of(spoilt))
    assert np.isnan(weights[:, 50:]).all()
    np.testing.assert_allclose(weights[:, :50].sum(axis=0), 1, rtol=1e-5)
    # Without a single voxel the grid is what it was.
    np.testing.assert_allclose(spectra.learn(operator, kept, spoilt[:, 50:]).prior, 1 / len(whole.prior))

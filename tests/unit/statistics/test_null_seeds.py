"""Null seeds have the power of the run's seeds, and say whether a run's z holds; bursts are found in DVARS."""

import numpy as np
import pytest
import scipy.signal
from threadpoolctl import threadpool_limits

from seed_to_voxel.cleaning.operators import clean_seeds, cleaning_operator
from seed_to_voxel.statistics import bursts, null_seeds, spectra
from seed_to_voxel.statistics.verdicts import LEVELS

T = 200


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Products of this size are slower when they are shared out over threads."""
    with threadpool_limits(1):
        yield


def noise(rng, n):
    return scipy.signal.lfilter([1], [1, -0.5], rng.standard_normal((T + 100, n)), axis=0)[100:]


def test_power_is_the_seeds_and_phases_are_not():
    rng = np.random.default_rng(0)
    raw = scipy.signal.detrend(noise(rng, 2), axis=0) + 1000 + np.linspace(0, 30, T)[:, None]
    kept = np.ones(T, dtype=bool)
    made = null_seeds.randomised(raw, kept, 7, rng)
    assert made.shape == (T, 7)
    power = np.abs(np.fft.rfft(scipy.signal.detrend(raw, axis=0), axis=0))
    for number, series in enumerate(made.T):
        np.testing.assert_allclose(np.abs(np.fft.rfft(series))[1:-1], power[1:-1, number % 2], rtol=1e-6, atol=1e-6)
    together = np.corrcoef(np.column_stack([scipy.signal.detrend(raw, axis=0), made]).T) - np.eye(9)
    assert np.abs(together).max() < 0.4


def test_what_was_censored_does_not_come_back():
    rng = np.random.default_rng(1)
    raw = noise(rng, 1)
    kept = np.ones(T, dtype=bool)
    kept[[0, 50, 51, 199]] = False
    spiked = raw.copy()
    spiked[~kept] = 1e6
    made = [null_seeds.randomised(series, kept, 5, np.random.default_rng(2)) for series in (raw, spiked)]
    np.testing.assert_allclose(*made)


def test_null_seeds_swell_where_the_noise_does():
    rng = np.random.default_rng(3)
    swelling = np.ones(T)
    swelling[60:64] = 5
    raw = noise(rng, 2) * swelling[:, None]
    made = null_seeds.randomised(raw, np.ones(T, dtype=bool), 300, rng, swelling)
    spread = made.std(axis=1)
    assert spread[60:64].mean() / np.delete(spread, range(60, 64)).mean() == pytest.approx(5, rel=0.2)


def test_deviations_are_found_in_dvars():
    rng = np.random.default_rng(4)
    planted = np.ones(T)
    planted[[30, 31, 90]] = 4, 3, 6
    voxels = rng.standard_normal((T, 5000)) * planted[:, None]
    dvars = np.append(np.nan, np.sqrt((np.diff(voxels, axis=0) ** 2).mean(axis=1)))
    dvars[150] = np.nan
    found = bursts.deviations(dvars)
    np.testing.assert_allclose(found, planted, rtol=0.12)
    np.testing.assert_array_equal(bursts.deviations(np.append(np.nan, np.full(T - 1, 1.3))), 1)


@pytest.fixture(scope="module")
def check():
    """The check of a run whose noise may have bursts that it was not told of."""

    def made(swelling):
        rng = np.random.default_rng(5)
        operator = cleaning_operator(T, 2.0, True, 0.01, 0.1, rng.standard_normal((T, 8)))
        raw = noise(rng, 6) * swelling[:, None]
        voxels = (operator @ (noise(rng, 1500) * swelling[:, None])).astype(np.float32)
        voxels /= voxels.std(axis=0, ddof=1)
        voxels[:, 4] = np.nan
        null = clean_seeds(operator, null_seeds.randomised(raw, np.ones(T, dtype=bool), 300, rng, swelling))
        model = spectra.learn(operator, np.arange(T), voxels)
        return null_seeds.check(operator, null, 6, voxels, model)

    return made


def test_a_quiet_run_is_on_its_line(check):
    found = check(np.ones(T))
    for share, level, slack in zip(found.shares, LEVELS, (0.1, 0.2, 0.4), strict=True):
        assert share == pytest.approx(level, rel=slack)
    assert found.counts.sum() == 300 * 1499
    assert 0 < found.errors[0] < 0.002


def test_a_run_with_bursts_is_off_its_line(check):
    swelling = np.ones(T)
    swelling[[40, 41, 100, 150, 151]] = 5
    found = check(swelling)
    assert found.shares[0] - 2 * found.errors[0] > 0.1


def test_nothing_to_test():
    operator = np.eye(20) - 1 / 20
    voxels = np.full((20, 3), np.nan, dtype=np.float32)
    model = spectra.learn(operator, np.arange(20), voxels)
    seeds = np.random.default_rng(6).standard_normal((20, 4))
    assert null_seeds.check(operator, seeds, 2, voxels, model).shares == (None, None, None)

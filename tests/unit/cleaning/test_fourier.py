"""The regression of sines and cosines: what gaps cost, what leaks through them, and what is left of the stop band."""

import numpy as np
import pytest
from nilearn_operator import nilearn_operator
from scipy import linalg

from seed_to_voxel.base.errors import UnusableRunError
from seed_to_voxel.cleaning import filters, operators

T, T_R, HIGH, LOW = 200, 2.0, 0.01, 0.1


def without(censored, n_volumes=T):
    kept = np.ones(n_volumes, dtype=bool)
    kept[list(censored)] = False
    return kept


def gap(length, start=90):
    return without(range(start, start + length))


PATTERNS = {
    "none": without([]),
    "one": gap(1),
    "singles": without(range(5, 195, 12)),
    "mirror": without([30, 31, 32, T - 1 - 30, T - 1 - 31, T - 1 - 32]),
    "five": gap(5),
    "fifteen": gap(15),
    "forty": gap(40),
    "several": without([*range(20, 31), *range(60, 62), 90, *range(120, 150)]),
    "ends": without([0, 1, 2, *range(100, 107), T - 2, T - 1]),
}


def operator_of(kept, confounds=None, detrend=True, high_pass=HIGH, low_pass=LOW, t_r=T_R, filter="fourier"):
    return operators.cleaning_operator(len(kept), t_r, detrend, high_pass, low_pass, confounds, filter, kept)


def stop_band(kept, t_r=T_R, high_pass=HIGH, low_pass=LOW):
    """Sines and cosines outside of the band, at the frequencies of the stretch between the ends, of all its volumes."""
    first, last = np.flatnonzero(kept)[[0, -1]]
    length, times = last + 1 - first, np.arange(len(kept)) - first
    waves = []
    for k in range(1, length // 2 + 1):
        frequency = k / (length * t_r)
        if not high_pass - 1e-12 <= frequency <= low_pass + 1e-12:
            waves += [wave(2 * np.pi * k * times / length) for wave in (np.cos, np.sin)]
    waves = np.array(waves).T
    # At the Nyquist frequency there is no sine.
    return waves[:, np.abs(waves).max(axis=0) > 0.1]


def projected_out(design):
    """I - A pinv(A) by a pivoted QR decomposition, another way than the one under test."""
    q, r, _ = linalg.qr(design / np.linalg.norm(design, axis=0), mode="economic", pivoting=True)
    q = q[:, np.abs(np.diag(r)) > 1e-9]
    return np.eye(len(design)) - q @ q.T


@pytest.mark.parametrize("n_confounds", [0, 12])
@pytest.mark.parametrize("pattern", ["none", "one", "singles"])
def test_is_the_regression_of_the_stop_band_with_trend_and_confounds(pattern, n_confounds):
    kept = PATTERNS[pattern]
    confounds = np.random.default_rng(0).standard_normal((T, n_confounds)).cumsum(axis=0)
    times = np.arange(T)
    design = np.column_stack([np.ones(T), times, stop_band(kept), confounds])[kept]
    found = operator_of(kept, confounds)
    np.testing.assert_allclose(found[:, kept], projected_out(design), atol=1e-9)
    assert not found[:, ~kept].any()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_is_an_orthogonal_projection_whatever_the_gaps(pattern):
    kept = PATTERNS[pattern]
    confounds = np.random.default_rng(1).standard_normal((T, 6)).cumsum(axis=0)
    projection = operator_of(kept, confounds)[:, kept]
    np.testing.assert_allclose(projection, projection.T, atol=1e-10)
    np.testing.assert_allclose(projection @ projection, projection, atol=1e-9)
    # What is a projection leaves white noise as many degrees of freedom as it has dimensions.
    assert operators.degrees_of_freedom(operator_of(kept, confounds)) == pytest.approx(np.trace(projection), abs=1e-6)


@pytest.mark.parametrize(
    ("length", "least"), [(0, 73), (1, 72), (2, 71), (5, 68), (10, 63), (15, 59), (25, 54), (40, 46)]
)
def test_a_gap_costs_its_share_and_no_more(length, least):
    # What the regression leaves with double precision's own tolerance; ours leaves as much or a little more.
    found = operators.degrees_of_freedom(operator_of(gap(length)))
    assert least <= found + 1e-6 and found < 73 - 0.35 * length + 1.5
    if length >= 10:
        butterworth = operators.degrees_of_freedom(operator_of(gap(length), filter="butterworth"))
        assert butterworth < 20


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "none"])
def test_what_happens_in_a_gap_moves_nothing(pattern):
    kept = PATTERNS[pattern]
    rng = np.random.default_rng(2)
    series, confounds = rng.standard_normal((T, 5)), rng.standard_normal((T, 4))
    spiked, spiked_confounds = series.copy(), confounds.copy()
    spiked[~kept] += 100
    spiked_confounds[~kept] += 100
    np.testing.assert_array_equal(
        operators.clean_seeds(operator_of(kept, confounds), series),
        operators.clean_seeds(operator_of(kept, spiked_confounds), spiked),
    )


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_frequency_of_the_stop_band_is_left(pattern):
    kept = PATTERNS[pattern]
    waves = stop_band(kept)
    waves = waves[:, np.linalg.norm(waves[kept], axis=0) > 1]
    left = np.linalg.norm(operator_of(kept) @ waves, axis=0) / np.linalg.norm(waves[kept], axis=0)
    # Where combinations of frequencies lie in the gaps but for a twentieth, their rest may stay.
    assert left.max() < (1e-9 if pattern in ("none", "one", "singles") else 0.07)
    assert np.sqrt(np.mean(left**2)) < 0.03


@pytest.mark.parametrize("pattern", ["fifteen", "forty", "several"])
def test_a_butterworth_filter_leaks_the_stop_band_through_long_gaps(pattern):
    kept = PATTERNS[pattern]
    waves = stop_band(kept)

    def leak(operator):
        cleaned = operator @ waves
        return np.linalg.norm(cleaned, axis=0).max() / np.sqrt(kept.sum() / 2)

    assert leak(operator_of(kept)) < 0.1 < 1 < leak(operator_of(kept, filter="butterworth"))


@pytest.mark.parametrize("detrend", [True, False])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_baseline_goes_to_the_last_digit_and_no_confound_is_left(pattern, detrend):
    kept = PATTERNS[pattern]
    confounds = np.random.default_rng(3).standard_normal((T, 8)).cumsum(axis=0)
    operator = operator_of(kept, confounds, detrend)
    trend = 1e4 + (50 * np.linspace(-1, 1, T) if detrend else np.zeros(T))
    assert np.abs(operator @ trend).max() < 1e-6
    filtered = operator_of(kept, None, detrend) @ confounds
    assert np.abs(filtered.T @ operator).max() < 1e-8 * np.linalg.norm(filtered, axis=0).max()


def test_one_sided_bands_and_none():
    kept = PATTERNS["several"]
    for high, low in ((HIGH, None), (None, LOW)):
        waves = stop_band(kept, high_pass=high or 0, low_pass=low or 1)
        left = np.linalg.norm(operator_of(kept, high_pass=high, low_pass=low) @ waves, axis=0)
        assert left.max() < 0.07 * np.sqrt(T / 2)
    plain = operators.cleaning_operator(T, T_R, True, None, None, kept=kept)
    np.testing.assert_allclose(operator_of(kept, high_pass=None, low_pass=None), plain, atol=1e-9)


def test_a_fifth_of_a_multiband_run_may_be_censored():
    # To regress out whatever little a frequency leaves at the kept volumes would leave nothing of 392 volumes.
    rng = np.random.default_rng(4)
    kept = np.ones(490, dtype=bool)
    while kept.mean() > 0.8:
        start = rng.integers(1, 480)
        kept[start : start + rng.integers(1, 6)] = False
    waves = stop_band(kept, 0.735)
    assert kept.sum() - np.linalg.matrix_rank(waves[kept]) < 5
    operator = operators.cleaning_operator(490, 0.735, True, HIGH, LOW, filter="fourier", kept=kept)
    assert operators.degrees_of_freedom(operator) > 20
    left = np.linalg.norm(operator @ waves, axis=0) / np.sqrt(kept.sum() / 2)
    assert left.max() < 0.1


def test_long_runs_are_quick_and_uncensored_ones_keep_the_band():
    operator = operators.cleaning_operator(1200, 0.72, True, HIGH, LOW, filter="fourier")
    n_passed = 2 * sum(HIGH <= k / (1200 * 0.72) <= LOW for k in range(1200))
    assert operators.degrees_of_freedom(operator) == pytest.approx(n_passed - 1, abs=1e-6)


def test_nothing_left_of_a_band_is_said():
    confounds = np.random.default_rng(5).standard_normal((T, 60))
    with pytest.raises(UnusableRunError, match=r"degrees of freedom of 160 volumes .*raise the thresholds of cleaning"):
        operator_of(gap(40), np.column_stack([confounds, np.roll(confounds, 7, axis=0)]))


def test_the_ends_of_the_band_belong_to_it():
    # Frequencies that belong to the band are those from its lower to its upper end, both included.
    kernel = filters.fourier(without([]), T_R, 0.01, 0.1)
    for k, passes in ((3, False), (4, True), (40, True), (41, False)):
        wave = np.cos(2 * np.pi * k * np.arange(T) / T)
        np.testing.assert_allclose(kernel @ wave, wave * passes, atol=1e-10)


def test_the_oracle_of_other_filters_agrees_that_butterworth_swings_out():
    # So that the comparison above is with nilearn's filter and not with a fault of ours.
    kept = PATTERNS["fifteen"]
    theirs = nilearn_operator(T, T_R, True, HIGH, LOW, kept=kept)
    np.testing.assert_allclose(operator_of(kept, filter="butterworth"), theirs, atol=1e-9)
    assert operators.degrees_of_freedom(theirs) < 10

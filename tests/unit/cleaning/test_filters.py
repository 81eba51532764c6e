"""Filters, splines and cosines, held against scipy and nilearn."""

import numpy as np
import pytest
from nilearn import signal as nilearn_signal
from nilearn.glm.first_level.design_matrix import create_cosine_drift
from scipy import signal
from scipy.interpolate import CubicSpline

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import butterworth, filters, operators

BANDS = [(0.01, 0.1), (0.008, 0.09), (0.01, None), (None, 0.1), (0.002, 0.15), (0.05, 0.06)]


@pytest.mark.parametrize(("high_pass", "low_pass"), BANDS)
@pytest.mark.parametrize("t_r", [0.5, 0.735, 1.0, 2.0, 3.0])
def test_the_impulse_response_is_scipys(t_r, high_pass, low_pass):
    cutoffs = [cutoff for cutoff in (high_pass, low_pass) if cutoff is not None]
    kind = "band" if len(cutoffs) == 2 else "low" if high_pass is None else "high"
    sos = signal.butter(5, cutoffs if len(cutoffs) == 2 else cutoffs[0], kind, output="sos", fs=1 / t_r)
    impulse = np.zeros(1500)
    impulse[0] = 1
    found = butterworth.impulse_response(1500, t_r, high_pass, low_pass)
    np.testing.assert_allclose(found, signal.sosfilt(sos, impulse), atol=1e-10)


@pytest.mark.parametrize(("high_pass", "low_pass"), BANDS)
@pytest.mark.parametrize(("n_volumes", "t_r"), [(34, 3.0), (35, 0.5), (168, 2.0), (490, 0.735), (1200, 0.72)])
def test_filtering_both_ways_is_nilearns(n_volumes, t_r, high_pass, low_pass):
    rng = np.random.default_rng(n_volumes)
    series = 100 + rng.standard_normal((n_volumes, 130)).cumsum(axis=0)
    expected = nilearn_signal.butterworth(series.copy(), 1 / t_r, low_pass, high_pass, copy=True)
    # In units of the series' own spread: nilearn's rounding grows with the sharpness of the filter.
    np.testing.assert_allclose(
        butterworth.filtered(series, t_r, high_pass, low_pass), expected, atol=1e-10 * np.ptp(series), rtol=0
    )


def test_the_padding_is_scipys():
    series = np.random.default_rng(0).standard_normal((60, 2))
    for band in BANDS[:4]:
        shortest = butterworth.padding(*band) + 1
        nilearn_signal.butterworth(series[:shortest].copy(), 0.5, band[1], band[0], copy=True)
        with pytest.raises(ValueError, match="padlen"):
            nilearn_signal.butterworth(series[: shortest - 1].copy(), 0.5, band[1], band[0], copy=True)


@pytest.mark.parametrize(
    "kept",
    [
        [0, 2, 3, 4],
        [0, 1, 3, 9],
        [0, 7, 8, 9],
        [0, 1, 2, 3, 4, 17, 18, 19],
        [0, 3, 4, 5, 6, 7, 8, 10],
        [*range(0, 300, 7), 299],
    ],
)
def test_the_interpolation_is_scipys(kept):
    mask = np.zeros(max(kept) + 1, dtype=bool)
    mask[kept] = True
    series = np.random.default_rng(1).standard_normal((len(mask), 5))
    expected = CubicSpline(kept, series[kept])(np.arange(len(mask)))
    matrix = butterworth.interpolation(mask)
    np.testing.assert_allclose(matrix @ series, expected, atol=1e-12)
    np.testing.assert_array_equal((matrix @ series)[kept], series[kept])
    assert not matrix[:, ~mask].any()


@pytest.mark.parametrize("n_volumes", [5, 168, 1201])
def test_detrending_is_scipys(n_volumes):
    series = 1000 + np.random.default_rng(2).standard_normal((n_volumes, 4)).cumsum(axis=0)
    np.testing.assert_allclose(filters.detrend(series), signal.detrend(series, axis=0), atol=1e-9)


@pytest.mark.parametrize(("n_volumes", "t_r", "high_pass"), [(168, 2.0, 0.01), (150, 2.0, 0.01), (490, 0.735, 0.008)])
def test_cosines_are_nilearns(n_volumes, t_r, high_pass):
    expected = create_cosine_drift(high_pass, np.arange(n_volumes) * t_r)[:, :-1]
    np.testing.assert_allclose(filters.cosine_drifts(n_volumes, t_r, high_pass), expected, atol=1e-14)


@pytest.mark.parametrize(
    ("n_volumes", "t_r", "high_pass", "low_pass", "words"),
    [
        (168, 2, 0.01, 0.25, ["cleaning.low_pass is 0.25 Hz", "less than 0.25 Hz", "Nyquist"]),
        (168, 2, 0.3, None, ["cleaning.high_pass is 0.3 Hz", "Nyquist"]),
        (168, 2, 0.1, 0.05, ["cleaning.low_pass is 0.05 Hz", "more than high_pass"]),
        (33, 2, 0.01, 0.1, ["33 volumes", "at least 34"]),
        (18, 2, None, 0.1, ["18 volumes", "at least 19"]),
    ],
)
def test_a_filter_that_cannot_be_is_refused(n_volumes, t_r, high_pass, low_pass, words):
    with pytest.raises(InputError) as error:
        operators.cleaning_operator(n_volumes, t_r, True, high_pass, low_pass)
    assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize(("n_volumes", "high_pass", "low_pass"), [(34, 0.01, 0.1), (19, None, 0.1), (19, 0.05, None)])
def test_the_shortest_run_that_a_filter_takes_is_taken(n_volumes, high_pass, low_pass):
    operator = operators.cleaning_operator(n_volumes, 2.0, True, high_pass, low_pass)
    assert operator.shape == (n_volumes, n_volumes)

"""The cleaning operator against nilearn's own cleaning, and its degrees of freedom."""

import nilearn.signal
import numpy as np
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import filters, operators
from seed_to_voxel.connectivity import correlation

T, T_R = 168, 2.0
OPTIONS = [
    {"detrend": True, "high_pass": 0.01, "low_pass": 0.1},
    {"detrend": True, "high_pass": None, "low_pass": 0.1},
    {"detrend": False, "high_pass": 0.01, "low_pass": None},
    {"detrend": False, "high_pass": None, "low_pass": 0.1},
    {"detrend": True, "high_pass": None, "low_pass": None},
    {"detrend": False, "high_pass": None, "low_pass": None},
]


@pytest.fixture
def series():
    rng = np.random.default_rng(0)
    drift = np.linspace(0, 300, T)[:, None] * rng.standard_normal(20)
    return 9000 + drift + 80 * rng.standard_normal((T, 20)).cumsum(axis=0)


@pytest.fixture
def confounds():
    return np.random.default_rng(1).standard_normal((T, 15)).cumsum(axis=0)


def nilearn_way(series, options, confounds):
    cleaned = nilearn.signal.clean(series, standardize="zscore_sample", t_r=T_R, confounds=confounds, **options)
    cleaned -= cleaned.mean(axis=0)
    return cleaned / cleaned.std(axis=0, ddof=1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("with_confounds", [True, False])
def test_the_operator_cleans_as_nilearn_does(series, confounds, options, with_confounds):
    confounds = confounds if with_confounds else None
    operator = operators.cleaning_operator(T, T_R, **options, confounds=confounds)
    expected = nilearn_way(series, options, confounds)
    np.testing.assert_allclose(operators.clean_seeds(operator, series), expected, atol=1e-8)
    voxels = series.astype(np.float32)
    expected = nilearn_way(voxels.astype(float), options, confounds)
    operators.clean_voxels(operator, voxels, slab=7)
    np.testing.assert_allclose(voxels, expected, atol=3e-4)


def test_nothing_of_confounds_trend_or_mean_is_left(series, confounds):
    operator = operators.cleaning_operator(T, T_R, True, 0.01, 0.1, confounds)
    cleaned = operators.clean_seeds(operator, series)
    filtered = nilearn.signal.clean(confounds, standardize="zscore_sample", t_r=T_R, low_pass=0.1, high_pass=0.01)
    assert np.abs(filtered.T @ cleaned).max() / T < 1e-9
    assert np.abs(cleaned.mean(axis=0)).max() < 1e-12
    np.testing.assert_allclose(cleaned.std(axis=0, ddof=1), 1)


def test_constant_series_are_undefined_and_leave_the_others_alone(series):
    operator = operators.cleaning_operator(T, T_R, True, 0.01, 0.1)
    voxels = series.astype(np.float32)
    alone = voxels.copy()
    operators.clean_voxels(operator, alone)
    voxels[:, 3] = 9000.1
    voxels[:, 5] = 0
    operators.clean_voxels(operator, voxels)
    assert np.isnan(voxels[:, [3, 5]]).all()
    rest = [column for column in range(20) if column not in (3, 5)]
    np.testing.assert_array_equal(voxels[:, rest], alone[:, rest])


@pytest.mark.parametrize("slab", [1, 7, 20, 64])
def test_what_becomes_of_the_mean_is_in_what_is_cleaned(series, slab):
    # Cleaning takes constants away; here one is left, as a pattern along time.
    pattern = np.sin(np.arange(T) / 3)
    operator = operators.cleaning_operator(T, T_R, True, 0.01, 0.1) + np.outer(pattern, np.full(T, 0.02 / T))
    expected = operator @ series.astype(np.float32).astype(float)
    expected -= expected.mean(axis=0)
    expected /= expected.std(axis=0, ddof=1)
    found = series.astype(np.float32)
    baseline = found[0].copy()
    found -= baseline
    operators.clean_voxels(operator, found, baseline, slab=slab)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_series_that_cleaning_removes_whole_is_undefined():
    operator = operators.cleaning_operator(T, T_R, True, None, None)
    trend = 9000 + 3.0 * np.arange(T)[:, None]
    assert np.isnan(operators.clean_seeds(operator, trend)).all()
    voxels = trend.astype(np.float32)
    operators.clean_voxels(operator, voxels)
    assert np.isnan(voxels).all()


@pytest.mark.parametrize("kind", ["constant", "trend"])
@pytest.mark.parametrize("baseline", [1.0, 9000.1, -2e6])
def test_a_seed_of_rounding_error_is_undefined(kind, baseline, confounds):
    # A mean of voxels that never change, as images in single precision give it.
    rng = np.random.default_rng(4)
    exact = baseline * (1 + (1e-4 * np.linspace(-1, 1, T) if kind == "trend" else np.zeros(T)))
    voxels = np.float32(exact[:, None] * (1 + 1e-7 * rng.standard_normal((T, 30))))
    seeds = np.column_stack([voxels.astype(float).mean(axis=1), voxels[:, 0], exact])
    assert len(np.unique(seeds[:, 0])) > 5
    operator = operators.cleaning_operator(T, T_R, True, 0.01, 0.1, confounds)
    assert np.isnan(operators.clean_seeds(operator, seeds)).all()
    operators.clean_voxels(operator, voxels)
    assert np.isnan(voxels).all()


def test_a_small_fluctuation_on_a_large_baseline_is_no_rounding_error(confounds):
    rng = np.random.default_rng(4)
    operator = operators.cleaning_operator(T, T_R, True, 0.01, 0.1, confounds)
    fluctuation = rng.standard_normal((T, 3))
    found = operators.clean_seeds(operator, 1e4 + 0.1 * fluctuation)
    np.testing.assert_allclose(found, operators.clean_seeds(operator, fluctuation), atol=1e-8)


def combined(confounds):
    """Confounds and what adds nothing to them, printed with the digits of a table."""
    exact = [confounds[:, 0] + 0.3 * confounds[:, 4], confounds.sum(axis=1), np.full(T, 7.0), np.linspace(0, 1, T)]
    printed = np.array([[float(f"{value:.7g}") for value in column] for column in exact])
    return np.column_stack([confounds, printed.T])


@pytest.mark.parametrize("filter", ["butterworth", "fourier", "cosine"])
def test_redundant_confounds_move_nothing(series, confounds, filter):
    band = {"high_pass": 0.01, "low_pass": None if filter == "cosine" else 0.1, "filter": filter}
    cleaned = [
        operators.clean_seeds(operators.cleaning_operator(T, T_R, True, confounds=values, **band), series)
        for values in (confounds, combined(confounds))
    ]
    np.testing.assert_allclose(*cleaned, atol=1e-9)


def test_nilearn_regresses_rounding_error_out_with_redundant_confounds(series, confounds):
    # So that the test above can fail.
    cleaned = [nilearn_way(series, OPTIONS[0], values) for values in (confounds, combined(confounds))]
    r = [np.corrcoef(values.T) for values in cleaned]
    assert np.abs(r[0] - r[1]).max() > 0.01


def test_redundant_confounds_are_told_apart(confounds):
    trend = np.linspace(-1, 1, T)[:, None]
    found = operators.independent(combined(confounds), trend)
    np.testing.assert_array_equal(found, [True] * 15 + [False] * 4)
    # Where no trend is taken out, one among the confounds is taken out by them.
    np.testing.assert_array_equal(operators.independent(combined(confounds)), [True] * 15 + [False] * 3 + [True])
    nearly = confounds[:, [0]] + 0.01 * confounds[:, 0].std() * np.random.default_rng(0).standard_normal((T, 1))
    assert operators.independent(np.column_stack([confounds, nearly])).all()


def test_many_cosines_are_no_trouble():
    # numpy's singular value decomposition does not converge on sets of regressors like these.
    cosines = filters.cosine_drifts(T, T_R, 0.1)
    assert operators.independent(cosines).all()
    assert operators.independent(np.column_stack([cosines, cosines])).sum() == cosines.shape[1]


def test_degrees_of_freedom_are_those_of_the_singular_values(confounds):
    operator = operators.cleaning_operator(T, T_R, True, 0.01, 0.1, confounds)
    s = np.linalg.svd(operator, compute_uv=False)
    assert operators.degrees_of_freedom(operator) == pytest.approx((s**2).sum() ** 2 / (s**4).sum())
    assert operators.degrees_of_freedom(np.eye(T) - 1 / T) == pytest.approx(T - 1)


def test_the_standard_error_of_fisher_z_is_calibrated():
    """A 5 % test of white noise with 1 / sqrt(nu - 2) rejects about 5 %; with 1 / sqrt(n - 3) far more."""
    rng = np.random.default_rng(3)
    operator = operators.cleaning_operator(T, T_R, True, 0.01, 0.1, rng.standard_normal((T, 15)))
    nu = operators.degrees_of_freedom(operator)
    seeds = operators.clean_seeds(operator, rng.standard_normal((T, 40)))
    voxels = operators.clean_seeds(operator, rng.standard_normal((T, 500)))
    z = correlation.fisher_z(correlation.pearson(seeds, voxels))
    assert np.mean(np.abs(z) > 1.96 / np.sqrt(nu - 2)) == pytest.approx(0.05, abs=0.01)
    assert np.mean(np.abs(z) > 1.96 / np.sqrt(T - 3)) > 0.25


def test_more_confounds_than_freedom_are_refused():
    confounds = np.random.default_rng(0).standard_normal((60, 60))
    with pytest.raises(InputError, match=r"of freedom of 60 volumes \(58 confounds, .* time of 2 s\)"):
        operators.cleaning_operator(60, T_R, True, 0.01, 0.1, confounds)

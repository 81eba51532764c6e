"""A run's maps after other cleanings, from one reading."""

import nibabel
import numpy as np
import pytest
from scipy.stats import t as student

from seed_to_voxel.cleaning.operators import clean_seeds, cleaning_operator, used_volumes
from seed_to_voxel.connectivity.correlation import pearson
from seed_to_voxel.series import passes
from seed_to_voxel.statistics import cleanings, null, significance

T, T_R, SHAPE = 90, 2.0, (7, 6, 5)


@pytest.fixture(scope="module")
def run():
    """An image with a course that all voxels share, and its mask but for one border."""
    rng = np.random.default_rng(3)
    shared = rng.standard_normal(T)
    data = 900 + 8 * rng.standard_normal((*SHAPE, T)) + 6 * shared
    data[2, 2, 2] = 500
    mask = np.ones(SHAPE, dtype=bool)
    mask[0] = False
    return nibabel.Nifti1Image(data.astype(np.float32), np.diag([4.0, 4, 4, 1])), mask, shared


def operators(shared):
    """Four ways: a band, none of it, the global signal out as well, and volumes that only one leaves out."""
    kept = np.ones(T, dtype=bool)
    kept[[0, 1, 40]] = False
    return {
        "main": (cleaning_operator(T, T_R, True, 0.01, 0.1), np.ones(T, dtype=bool)),
        "nofilter": (cleaning_operator(T, T_R, True, None, None), np.ones(T, dtype=bool)),
        "gsr": (cleaning_operator(T, T_R, True, 0.01, 0.1, shared[:, None]), np.ones(T, dtype=bool)),
        "censored": (cleaning_operator(T, T_R, True, 0.01, 0.1, filter="fourier", kept=kept), kept),
    }


@pytest.mark.parametrize("fwhm", [None, 6.0])
def test_one_reading_serves_every_operator_as_a_reading_of_its_own_does(run, fwhm):
    image, mask, shared = run
    ways = operators(shared)
    every = np.unique(np.concatenate([used_volumes(operator) for operator, _ in ways.values()]))
    once = passes.read_smoothed(image, mask, fwhm, every)
    before = once.series.copy()
    for operator, _ in ways.values():
        own = passes.read_voxels(image, mask, fwhm, operator).series
        found = once.cleaned(operator, slice(None))
        np.testing.assert_allclose(found, own, atol=2e-5)
        np.testing.assert_allclose(once.cleaned(operator, np.array([3, 8])), found[:, [3, 8]], atol=2e-5)
    np.testing.assert_array_equal(once.series, before)


def test_maps_are_those_of_the_main_way(run):
    image, mask, shared = run
    rng = np.random.default_rng(4)
    raw = 700 + 5 * rng.standard_normal((T, 3)) + 4 * shared[:, None]
    raw[:, 1] = np.nan
    for operator, kept in operators(shared).values():
        voxels = passes.read_voxels(image, mask, 6.0, operator).series
        seeds = clean_seeds(operator, raw)
        r = pearson(seeds, voxels)
        expected = significance.of_run(operator, kept, seeds, voxels, r, raw, 20)
        once = passes.read_smoothed(image, mask, 6.0, np.arange(T))
        found = cleanings.correlate(once, operator, kept, raw)
        np.testing.assert_allclose(found.r, r, atol=1e-5)
        np.testing.assert_allclose(found.nu, expected.nu, rtol=1e-3)
        assert np.isnan(found.r[1]).all() and np.isnan(found.nu[1]).all() and np.isfinite(found.r[0]).sum() > 100


def test_the_operators_that_are_tried_make_a_difference(run):
    image, mask, shared = run
    once = passes.read_smoothed(image, mask, None, np.arange(T))
    raw = 700 + 5 * np.random.default_rng(4).standard_normal((T, 1)) + 4 * shared[:, None]
    r = {name: np.nanmean(cleanings.correlate(once, *way, raw).r) for name, way in operators(shared).items()}
    # The course that all share makes every voxel correlate, until it is taken out.
    assert r["main"] > 0.2 and abs(r["gsr"]) < 0.1


def test_a_seed_of_which_nothing_is_left_has_no_map(run):
    image, mask, shared = run
    operator, kept = operators(shared)["gsr"]
    once = passes.read_smoothed(image, mask, None, np.arange(T))
    found = cleanings.correlate(once, operator, kept, 700 + shared[:, None])
    assert np.isnan(found.r).all() and np.isnan(found.nu).all()


@pytest.mark.parametrize("level", [0.05, 0.001])
@pytest.mark.parametrize("nu", [12.0, 40.0, 150.0])
def test_the_critical_r_is_students(nu, level):
    quantile = student.isf(level / 2, nu - 1)
    expected = quantile / np.sqrt(nu - 1 + quantile**2)
    assert null.critical_r(nu, level) == pytest.approx(expected, rel=2e-3)
    # It is where the workflow's own p is at the level.
    there = null.minus_log10_p(null.z_score(np.array([null.critical_r(nu, level)]), np.array([nu])))
    assert there[0] == pytest.approx(-np.log10(level), rel=1e-3)
    assert np.isnan(null.critical_r(2.9, level))


LEFT = {"NumberOfVolumesKept": 88, "DegreesOfFreedomWhiteNoise": 31.5}


def test_a_row_in_numbers():
    rng = np.random.default_rng(1)
    z = rng.normal(0.2, 0.3, 500)
    other = z - 0.25
    tested = np.arange(500) % 5 > 0
    r, main = np.tanh(other), np.tanh(z)
    r[~tested] = 0.99
    r[3] = np.nan
    row = cleanings.row("PCC", "gsr", LEFT, 26.0, r, main, tested, 0.05)
    used = tested & (np.arange(500) != 3)
    assert list(row) == list(cleanings.COLUMNS) and row["volumes_kept"] == 88 and row["nu_white"] == 31.5
    assert row["null_sd"] == pytest.approx(1 / np.sqrt(26)) and row["critical_r"] == null.critical_r(26.0, 0.05)
    assert row["share_negative"] == pytest.approx((other[used] < 0).mean())
    assert row["mean_r"] == pytest.approx(np.tanh(other[used]).mean())
    # A map that is moved as a whole is as alike as can be.
    assert row["similarity"] == pytest.approx(1) and row["mean_abs_difference"] == pytest.approx(0.25, abs=1e-6)


def test_a_map_that_is_not_there_has_no_numbers():
    main = np.linspace(-0.5, 0.5, 50)
    row = cleanings.row(
        "PCC", "gsr", LEFT, None, np.full(50, np.nan), main, np.ones(50, bool), 0.05, excluded="too short"
    )
    assert row["excluded"] == "too short"
    assert all(row[name] is None for name in list(cleanings.COLUMNS)[4:-1])

import numpy as np
import pytest

from seed_to_voxel.connectivity import correlation


def test_pearson_is_numpys_for_any_series():
    rng = np.random.default_rng(0)
    seeds = 5 + rng.standard_normal((50, 3))
    voxels = (1000 + 7 * rng.standard_normal((50, 101))).astype(np.float32)
    expected = np.corrcoef(seeds.T, voxels.T.astype(float))[:3, 3:]
    np.testing.assert_allclose(correlation.pearson(seeds, voxels, slab=10), expected, atol=1e-7)


def test_a_planted_correlation_is_found_within_its_standard_error():
    rng = np.random.default_rng(1)
    seed = rng.standard_normal((400, 1))
    voxels = 0.6 * seed + 0.8 * rng.standard_normal((400, 2000))
    z = correlation.fisher_z(correlation.pearson(seed, voxels))
    assert z.mean() == pytest.approx(np.arctanh(0.6), abs=3 / np.sqrt(397))
    assert z.std() == pytest.approx(1 / np.sqrt(397), rel=0.1)


def test_correlation_stays_in_its_bounds_and_is_undefined_for_constants():
    seed = np.sin(np.arange(30.0))[:, None]
    voxels = np.hstack([seed, -3 * seed + 1e4, np.full_like(seed, 7), np.full_like(seed, 0.1)])
    r = correlation.pearson(seed, voxels)
    assert r[0, 0] == 1
    assert r[0, 1] == pytest.approx(-1)
    assert np.abs(r[0, :2]).max() <= 1
    assert np.isnan(r[0, 2:]).all()


@pytest.mark.parametrize("n_volumes", [119, 500, 1200])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constants_are_undefined_however_long(n_volumes, dtype):
    rng = np.random.default_rng(2)
    constant = np.repeat(rng.uniform(-1e4, 1e4, (1, 2000)).astype(dtype), n_volumes, axis=0)
    series = rng.standard_normal((n_volumes, 5))
    assert np.isnan(correlation.pearson(series[:, :1], constant)).all()
    assert np.isnan(correlation.pearson(constant[:, :200], series)).all()
    # The smallest fluctuation that single precision holds is one.
    constant[::2] = np.nextafter(constant[::2], np.float32(np.inf), dtype=dtype)
    if dtype == np.float32:
        assert np.isfinite(correlation.pearson(series[:, :1], constant)).all()


def test_fisher_z_is_finite_wherever_r_is_defined():
    z = correlation.fisher_z(np.array([-1, -0.5, 0, 0.5, 1, np.nan], dtype=np.float32))
    assert np.isfinite(z[:5]).all()
    np.testing.assert_allclose(z[1:4], np.arctanh([-0.5, 0, 0.5]), rtol=1e-6)
    assert z[4] == -z[0] == np.float32(np.arctanh(correlation.R_BOUND))
    assert np.isnan(z[5])

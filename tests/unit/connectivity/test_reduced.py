"""A run in few dimensions: held against numpy's correlations of the whole series; its bytes against a plain reading."""

import numpy as np
import pytest

from seed_to_voxel.connectivity import reduced

SHAPE = (9, 8, 7)


@pytest.fixture(scope="module")
def run():
    """Smooth noise of 12 dimensions in 40 volumes on a ball of voxels, one of them constant."""
    rng = np.random.default_rng(3)
    axes = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij"), -1)
    mask = np.linalg.norm(axes, axis=-1) < 1
    sources = rng.standard_normal((12, *SHAPE))
    for axis in (1, 2, 3):
        sources = (sources + np.roll(sources, 1, axis)) / 2
    series = rng.standard_normal((40, 12)) @ sources[:, mask]
    series += 1e-4 * rng.standard_normal(series.shape)
    series[:, 5] = np.nan
    return mask, series.astype(np.float32)


def exact(series, voxels):
    return np.corrcoef(series[:, voxels].astype(float).T)


def test_the_basis_is_as_large_as_it_must_be(run):
    _, series = run
    voxels = np.flatnonzero(np.isfinite(series[0]))
    basis = reduced.principal_basis(series, voxels)
    # 12 sources, centred; the rest is a millionth of the variance.
    assert basis.shape == (40, 12)
    np.testing.assert_allclose(basis.T @ basis, np.eye(12), atol=1e-10)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-4)
    assert reduced.principal_basis(series, voxels, left_out=0.5).shape[1] < 12


@pytest.mark.parametrize("fineness", [500, 127])
def test_r_is_that_of_the_series_within_what_is_said(run, fineness):
    _, series = run
    voxels = np.flatnonzero(np.isfinite(series[0]))
    basis = reduced.principal_basis(series, voxels)
    values = reduced.reduce(series, voxels, basis)
    found = reduced.Reduced(basis, reduced.rounded(values, fineness), fineness)
    units = found.units()
    error = np.abs(units.T @ units - exact(series, voxels))
    largest, usual, pairs = reduced.rounding_errors(series, voxels, found, tried=len(voxels))
    assert largest == pytest.approx(error.max(), abs=1e-6) and pairs == error.size
    assert usual == pytest.approx(np.quantile(error, 0.999), abs=1e-6)
    # Rounding by h in K dimensions moves a product of two unit vectors by sqrt(K / 12) h each, at most twice that.
    assert 0.1 / fineness < error.max() < 4 / fineness


def test_levels_come_back_from_their_differences(run):
    mask, _ = run
    levels = np.random.default_rng(1).integers(-500, 501, int(mask.sum()))
    differences = reduced.differences(levels, mask)
    # As the page does it: voxel by voxel, from those before it; 0 outside.
    volume = np.zeros(np.add(SHAPE, 1), dtype=int)
    for (x, y, z), difference in zip(np.argwhere(mask) + 1, differences, strict=True):
        before = volume[x - 1, y, z] + volume[x, y - 1, z] + volume[x, y, z - 1]
        before -= volume[x - 1, y - 1, z] + volume[x - 1, y, z - 1] + volume[x, y - 1, z - 1]
        volume[x, y, z] = difference + before + volume[x - 1, y - 1, z - 1]
    np.testing.assert_array_equal(volume[1:, 1:, 1:][mask], levels)


def test_bytes_and_what_they_stand_for():
    lower, upper = reduced.in_bytes(np.array([0, -1, 1, -2, 127, -128, 128, -4000, 4000, 32767, -32768]))
    folded = lower.astype(int) + 256 * upper.astype(int)
    assert folded.tolist() == [0, 1, 2, 3, 254, 255, 256, 7999, 8000, 65534, 65535]


def test_the_size_that_is_foretold_is_that_of_the_best_code(run):
    mask, series = run
    assert reduced.entropy(np.arange(256)) == pytest.approx(256)
    assert reduced.entropy(np.zeros(100)) == 0
    voxels = np.flatnonzero(np.isfinite(series[0]))
    smaller = mask.copy()
    smaller[mask] = np.isfinite(series[0])
    values = reduced.reduce(series, voxels, reduced.principal_basis(series, voxels))
    sizes = [reduced.size(values, smaller, fineness) for fineness in (500, 127)]
    # Two bits a value less for a quarter of the steps; a small run has no more different values than voxels.
    assert 0 < sizes[0] - sizes[1] <= 1.05 * 2 * values.size / 8

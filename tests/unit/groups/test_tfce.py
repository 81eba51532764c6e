"""TFCE: the integral, cut at every height, by labelling; and the sums of nilearn, which come near it."""

import numpy as np
import pytest
import scipy.ndimage
from nilearn.mass_univariate._utils import calculate_tfce

from seed_to_voxel.groups import clusters, tfce

AXES = {6: 1, 18: 2, 26: 3}


def integral(values, mask, neighbours, extent, height):
    """By a label image for each height that occurs, between which no cluster changes."""
    structure = scipy.ndimage.generate_binary_structure(3, AXES[neighbours])
    found = np.zeros(mask.shape)
    for sign in (1, -1):
        signed = np.where(mask, np.nan_to_num(values) * sign, 0)
        below = 0.0
        for at in np.unique(signed[signed > 0]):
            labels, _ = scipy.ndimage.label(signed >= at, structure)
            sizes = np.bincount(labels.ravel()).astype(float) ** extent
            sizes[0] = 0
            found += sign * sizes[labels] * (at ** (height + 1) - below ** (height + 1)) / (height + 1)
            below = at
    return found


def noise(seed, shape=(9, 8, 10)):
    draw = np.random.default_rng(seed)
    mask = draw.random(shape) < 0.8
    rough = draw.standard_normal(shape)
    smoothed = scipy.ndimage.gaussian_filter(rough, 1)
    return mask, {
        "rough": rough,
        "smooth": smoothed * 4,
        "tied": np.round(smoothed * 8) / 2,
        "holed": np.where(rough > 1.5, np.nan, rough),
        "float32": rough.astype(np.float32),
    }


@pytest.mark.parametrize("neighbours", AXES)
@pytest.mark.parametrize("kind", ["rough", "smooth", "tied", "holed", "float32"])
@pytest.mark.parametrize("exponents", [(0.5, 2), (1, 1.5)])
def test_it_is_the_integral(neighbours, kind, exponents):
    mask, kinds = noise(neighbours)
    found = tfce.enhance(kinds[kind][mask], clusters.Grid(mask, neighbours), True, *exponents)
    expected = integral(kinds[kind].astype(float), mask, neighbours, *exponents)[mask]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_one_side_alone():
    mask, kinds = noise(0)
    grid = clusters.Grid(mask)
    both = tfce.enhance(kinds["smooth"][mask], grid)
    one = tfce.enhance(kinds["smooth"][mask], grid, two_sided=False)
    np.testing.assert_array_equal(one, np.where(kinds["smooth"][mask] > 0, both, 0))
    np.testing.assert_allclose(tfce.enhance(-kinds["smooth"][mask], grid), -both)
    assert both.min() < 0 < both.max()


@pytest.mark.parametrize("many", [0, 10**9])
def test_several_maps_at_once_and_one_by_one_are_the_same(many, monkeypatch):
    # With and without a spanning tree first.
    monkeypatch.setattr(tfce, "MANY", many)
    mask, kinds = noise(3)
    grid = clusters.Grid(mask)
    maps = np.stack([values[mask] for name, values in kinds.items() if name != "holed"])
    expected = [np.abs(integral(whole(row, mask), mask, 26, 0.5, 2)).max() for row in maps]
    np.testing.assert_allclose(tfce.largest(maps, grid)[""], expected, rtol=1e-9)


def whole(row, mask):
    """A map on its grid."""
    found = np.zeros(mask.shape)
    found[mask] = row
    return found


def test_nilearns_sums_come_near():
    mask, kinds = noise(2, (14, 14, 14))
    values = np.where(mask, kinds["smooth"], 0)
    dh = np.abs(values).max() / 1000
    structure = scipy.ndimage.generate_binary_structure(3, 1)
    sums = calculate_tfce(values[..., None], structure, dh=dh).reshape(mask.shape)
    ours = tfce.enhance(values[mask], clusters.Grid(mask, 6))
    np.testing.assert_allclose(sums[mask] * dh, ours, atol=0.005 * np.abs(ours).max())
    # A hundred steps, as nilearn and fslmaths take, miss the integral by several times as much.
    coarse = calculate_tfce(values[..., None], structure).reshape(mask.shape)[mask] * np.abs(values).max() / 100
    assert np.abs(coarse - ours).max() > 3 * np.abs(sums[mask] * dh - ours).max()


def test_a_single_voxel_and_none():
    grid = clusters.Grid(np.ones((3, 3, 3), bool))
    values = np.zeros(27)
    assert not tfce.enhance(values, grid).any()
    values[13] = 3
    assert tfce.enhance(values, grid)[13] == pytest.approx(3**3 / 3)


def test_a_ramp_has_a_closed_form():
    # A line of voxels of heights 1 to n: from k - 1 to k, n - k + 1 of them are together.
    n = 12
    heights = np.arange(1, n + 1)
    steps = np.sqrt(n - heights + 1) * (heights**3 - (heights - 1) ** 3) / 3
    found = tfce.enhance(heights.astype(float), clusters.Grid(np.ones((n, 1, 1), bool)))
    np.testing.assert_allclose(found, np.cumsum(steps))

"""Clusters beside scipy.ndimage.label and nilearn."""

import numpy as np
import pytest
import scipy.ndimage
from nilearn.mass_univariate._utils import calculate_cluster_measures

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.groups import clusters

AXES = {6: 1, 18: 2, 26: 3}


def smooth(seed, width, shape=(11, 9, 10)):
    draw = np.random.default_rng(seed)
    mask = draw.random(shape) < 0.85
    values = scipy.ndimage.gaussian_filter(draw.standard_normal(shape), width)
    return mask, values / values.std()


@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize("neighbours", AXES)
@pytest.mark.parametrize("width", [0, 1])
def test_clusters_are_those_of_scipy_and_nilearn(neighbours, width, two_sided):
    mask, values = smooth(width, width)
    structure = scipy.ndimage.generate_binary_structure(3, AXES[neighbours])
    grid = clusters.Grid(mask, neighbours)
    found = clusters.find(values[mask], 1.0, grid, two_sided)
    outside = np.where(mask, values, 0)
    number, masses = 0, []
    for sign in (1, -1) if two_sided else (1,):
        labels, count = scipy.ndimage.label(outside * sign > 1.0, structure)
        for label in range(1, count + 1):
            here = labels == label
            ours = found.labels[here[mask]]
            assert ours.min() == ours.max() > 0
            row = ours[0] - 1
            assert found.extent[row] == here.sum() and found.sign[row] == sign
            mass = (np.abs(values[here]) - 1).sum()
            assert found.mass[row] == pytest.approx(mass)
            assert np.abs(values[mask][found.peak[row]]) == np.abs(values[here]).max()
            masses.append(mass)
        number += count
    assert len(found.extent) == number > 3
    assert (np.diff(found.mass) <= 0).all()
    assert ((found.labels > 0) == ((np.abs(values) if two_sided else values)[mask] > 1)).all()
    extent, mass = calculate_cluster_measures(outside[..., None], 1.0, structure, two_sided)
    # Three maps at once, of which one is mirrored and one has nothing.
    maps = np.stack([values[mask], -values[mask], np.zeros(mask.sum())])
    extents, masses = clusters.largest(maps, 1.0, grid, two_sided)[""]
    assert (extents[0], masses[0], extents[2], masses[2]) == (extent[0], pytest.approx(mass[0]), 0, 0)
    if two_sided:
        assert (extents[1], masses[1]) == (extents[0], pytest.approx(masses[0]))


def test_opposite_signs_that_touch_are_two_clusters():
    grid = clusters.Grid(np.ones((2, 1, 1), bool))
    found = clusters.find(np.array([3.0, -4]), 2, grid)
    assert found.sign.tolist() == [-1, 1] and found.labels.tolist() == [2, 1]


def test_voxels_at_opposite_edges_do_not_touch():
    values = np.zeros((3, 4, 5))
    values[0, 0, 4] = values[0, 1, 0] = values[2, 3, 4] = values[0, 0, 0] = 5
    found = clusters.find(values.ravel(), 2, clusters.Grid(np.ones(values.shape, bool)))
    # (0, 0, 0) and (0, 1, 0) do; the others are alone.
    assert sorted(found.extent) == [1, 1, 2]


def test_none_is_beyond():
    grid = clusters.Grid(np.ones((3, 3, 3), bool))
    values = np.zeros(27)
    values[0] = np.nan
    found = clusters.find(values, 1, grid)
    assert len(found.extent) == len(found.peak) == 0 and not found.labels.any()


def test_what_is_no_grid_is_said():
    with pytest.raises(InputError, match="8 neighbours are none of 6, 18, 26"):
        clusters.Grid(np.ones((2, 2, 2), bool), 8)
    with pytest.raises(InputError, match="three dimensions and voxels"):
        clusters.Grid(np.zeros((2, 2, 2), bool))

"""The difference of two seeds' maps: against Williams's test, and what passes where there is none."""

import numpy as np
import pytest
import scipy.stats
from threadpoolctl import threadpool_limits

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning.operators import cleaning_operator
from seed_to_voxel.statistics import differences

T = 160
EVERY = np.ones(T, dtype=bool)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(1):
        yield


def made(operator, n_voxels, shares, rng):
    """Two cleaned seeds that overlap, and voxels of noise that hold so much of each."""
    seeds = operator @ (rng.standard_normal((T, 1)) + rng.standard_normal((T, 2)))
    seeds = seeds / seeds.std(axis=0)
    voxels = operator @ rng.standard_normal((T, n_voxels))
    return seeds, (voxels / voxels.std(axis=0) + seeds @ np.array(shares)[:, None]).astype(np.float32)


def williams(first, second, between, n):
    """Williams's t of two dependent correlations, as Steiger 1980 prints it (equation 7), on n - 3."""
    mean = (first + second) / 2
    determinant = 1 - first**2 - second**2 - between**2 + 2 * first * second * between
    below = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - between) ** 3
    return (first - second) * np.sqrt((n - 1) * (1 + between) / below)


def test_white_noise_gives_williams_test():
    operator = np.eye(T) - 1 / T
    seeds, voxels = made(operator, 400, (0.5, 0.3), np.random.default_rng(0))
    found = differences.of_pair(operator, EVERY, seeds, "AB", voxels)
    first, second = (np.array([np.corrcoef(seed, voxel)[0, 1] for voxel in voxels.T]) for seed in seeds.T)
    between = np.corrcoef(seeds.T)[0, 1]
    assert found.r_of_seeds == pytest.approx(between)
    np.testing.assert_allclose(found.effect, np.arctanh(first) - np.arctanh(second), atol=1e-5)
    t = williams(first, second, between, T)
    exact = np.sign(t) * scipy.stats.norm.isf(scipy.stats.t.sf(np.abs(t), T - 3))
    assert np.corrcoef(found.z, exact)[0, 1] > 0.99
    assert np.std(found.z - exact) < 0.2 and abs(np.polyfit(exact, found.z, 1)[0] - 1) < 0.1


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_where_both_correlate_alike_as_many_pass_as_should(share):
    """Voxels hold as much of each seed, with a band-pass that leaves far from white noise."""
    rng = np.random.default_rng(2)
    operator = cleaning_operator(T, 2.0, True, 0.01, 0.1, rng.standard_normal((T, 4)))
    passing, each = [], []
    for _ in range(60):
        seeds, voxels = made(operator, 400, (share, share), rng)
        found = differences.of_pair(operator, EVERY, seeds, "AB", voxels)
        passing.append((np.abs(found.z) > 1.96).mean())
        # As if the two were independent, and noise white: what a difference of z-scores would be.
        each.append((np.abs(found.effect) * np.sqrt((T - 3) / 2) > 1.96).mean())
    error = np.std(passing) / np.sqrt(len(passing))
    assert abs(np.mean(passing) - 0.05) < 3 * error + 0.004, (np.mean(passing), error)
    assert error < 0.012 and np.mean(each) > 0.1


def test_a_difference_is_found_and_has_its_sign():
    operator = np.eye(T) - 1 / T
    seeds, voxels = made(operator, 50, (0.8, 0.0), np.random.default_rng(4))
    found = differences.of_pair(operator, EVERY, seeds, "AB", voxels)
    turned = differences.of_pair(operator, EVERY, seeds[:, ::-1], "BA", voxels)
    assert (found.z > 3).mean() > 0.9 and (found.effect > 0).all()
    np.testing.assert_allclose(turned.z, -found.z, atol=1e-4)
    np.testing.assert_allclose(turned.effect, -found.effect)


def test_seeds_that_are_the_same_and_seeds_that_are_not_there():
    rng = np.random.default_rng(5)
    operator, series = np.eye(T) - 1 / T, rng.standard_normal((T, 1))
    voxels = rng.standard_normal((T, 5)).astype(np.float32)
    pair = np.hstack([series, series + 1e-3 * rng.standard_normal((T, 1))])
    with pytest.raises(InputError, match=r"maps.differences: the series of the seeds PCC and twin correlate by 1.0000"):
        differences.of_pair(operator, EVERY, pair, ("PCC", "twin"), voxels)
    pair[:, 1] = np.nan
    found = differences.of_pair(operator, EVERY, pair, ("PCC", "none"), voxels)
    assert np.isnan(found.effect).all() and np.isnan(found.z).all() and np.isnan(found.r_of_seeds)

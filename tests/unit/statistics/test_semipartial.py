"""Several seeds at once: against ordinary regression, and what passes where nothing is a seed's own."""

import numpy as np
import pytest
import scipy.stats
from threadpoolctl import threadpool_limits

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning.operators import cleaning_operator
from seed_to_voxel.statistics import semipartial

T = 160


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(1):
        yield


def residual(values, others):
    design = np.column_stack([np.ones(len(values)), others])
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def made(operator, n_voxels, shares, rng):
    """Cleaned seeds that overlap, and voxels of noise that hold so much of each seed."""
    common = rng.standard_normal((T, 1))
    seeds = operator @ (common + rng.standard_normal((T, 3)))
    voxels = operator @ rng.standard_normal((T, n_voxels)) + seeds @ np.array(shares)[:, None]
    return seeds, voxels.astype(np.float32)


def test_r_and_z_are_those_of_multiple_regression():
    operator = np.eye(T) - 1 / T
    seeds, voxels = made(operator, 300, (0.3, 0.5, 0), np.random.default_rng(0))
    found = semipartial.of_seed(operator, np.ones(T, dtype=bool), seeds, 0, voxels)
    own = residual(seeds[:, 0], seeds[:, 1:])
    np.testing.assert_allclose(found.r, [np.corrcoef(own, voxel)[0, 1] for voxel in voxels.T], atol=1e-5)
    # The t-test of the seed's coefficient beside those of the others and an intercept.
    left = np.array([residual(voxel, seeds[:, 1:]) for voxel in voxels.T])
    partial = np.array([np.corrcoef(own, voxel)[0, 1] for voxel in left])
    freedom = T - 4
    t = partial * np.sqrt(freedom / (1 - partial**2))
    exact = scipy.stats.norm.isf(scipy.stats.t.sf(t, freedom))
    # Each voxel's noise is not known to be white here, as it is there.
    assert np.corrcoef(found.z, exact)[0, 1] > 0.99
    assert np.std(found.z - exact) < 0.15 and abs(np.mean(found.z / exact) - 1) < 0.1


def test_the_inflation_is_that_of_the_inverse():
    seeds = made(np.eye(T), 1, (0, 0, 0), np.random.default_rng(1))[0]
    found = semipartial.inflations(seeds)
    np.testing.assert_allclose(found, np.diag(np.linalg.inv(np.corrcoef(seeds.T))))
    operator = np.eye(T) - 1 / T
    one = semipartial.of_seed(operator, np.ones(T, dtype=bool), seeds, 1, np.ones((T, 1), np.float32) + seeds[:, :1])
    assert one.inflation == pytest.approx(found[1])


def test_voxels_that_follow_another_seed_pass_as_often_as_they_should():
    """Each voxel holds half of another seed, and nothing of the first's own: its plain r is far off 0."""
    rng = np.random.default_rng(2)
    operator = cleaning_operator(T, 2.0, True, 0.01, 0.1, rng.standard_normal((T, 4)))
    passing, plain = [], []
    for _ in range(60):
        seeds, voxels = made(operator, 400, (0, 1.0, 0), rng)
        found = semipartial.of_seed(operator, np.ones(T, dtype=bool), seeds, 0, voxels)
        passing.append((np.abs(found.z) > 1.96).mean())
        r = np.corrcoef(seeds[:, 0], voxels.T)[0, 1:]
        plain.append(np.abs(r).mean())
    error = np.std(passing) / np.sqrt(len(passing))
    assert abs(np.mean(passing) - 0.05) < 3 * error + 0.003, (np.mean(passing), error)
    assert error < 0.01 and np.mean(plain) > 0.2


def test_seeds_of_which_nothing_is_their_own_are_refused():
    seeds = made(np.eye(T), 1, (0, 0, 0), np.random.default_rng(3))[0]
    semipartial.check_own(["A", "B", "C"], semipartial.inflations(seeds), T)
    again = np.column_stack([seeds, 2 * seeds[:, 0] - seeds[:, 1]])
    with pytest.raises(InputError, match=r"make up the series of the seed 'A'.* 4 seeds, 160 volumes kept"):
        semipartial.check_own(["A", "B", "C", "D"], semipartial.inflations(again), T)
    few = np.random.default_rng(4).standard_normal((10, 12))
    with pytest.raises(InputError, match="12 seeds, 10 volumes kept"):
        semipartial.check_own([f"S{n}" for n in range(12)], semipartial.inflations(few), 10)

"""Seeds among themselves: against regression, scikit-learn and nilearn, and the error rates of partial correlations."""

import numpy as np
import pytest
from conftest import LONG
from nilearn.connectome import ConnectivityMeasure
from sklearn.covariance import LedoitWolf, ledoit_wolf_shrinkage

from seed_to_voxel.cleaning.operators import cleaning_operator
from seed_to_voxel.connectivity import relations

T = 150


def chain(n_volumes, rng):
    """Series a -> b -> c, and d apart: a and c have nothing in common but b."""
    a, e, f, d = rng.standard_normal((4, n_volumes))
    b = a + e
    return np.column_stack([a, b, b + f, d])


@pytest.fixture(scope="module")
def operator():
    return cleaning_operator(T, 2.0, True, 0.01, 0.1, np.random.default_rng(5).standard_normal((T, 4)))


def nu_of(value, n):
    return np.full((n, n), float(value))


def residual(values, others):
    design = np.column_stack([np.ones(len(values)), others])
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def test_partial_r_is_that_of_the_residuals():
    seeds = chain(T, np.random.default_rng(0))
    found = relations.relate(seeds, np.eye(T), nu_of(T - 1, 4))
    assert found.shrinkage is None and found.n_given == 2
    np.testing.assert_allclose(found.r, np.corrcoef(seeds.T), atol=1e-6)
    for a in range(4):
        for b in range(a):
            others = np.delete(seeds, [a, b], axis=1)
            left = [residual(seeds[:, number], others) for number in (a, b)]
            assert found.partial[a, b] == pytest.approx(np.corrcoef(*left)[0, 1], abs=1e-9)
    np.testing.assert_array_equal(np.diag(found.partial), 1)


def test_too_many_seeds_are_shrunk_as_scikit_learn_and_nilearn_shrink():
    seeds = np.random.default_rng(1).standard_normal((40, 36))
    found = relations.relate(seeds, np.eye(40), nu_of(39, 36))
    standardised = (seeds - seeds.mean(axis=0)) / seeds.std(axis=0)
    # nilearn estimates with all volumes, here as many as there are directions, less the mean.
    measure = ConnectivityMeasure(LedoitWolf(assume_centered=True), kind="partial correlation")
    theirs = measure.fit_transform([standardised])[0]
    assert 0.05 < found.shrinkage < 1
    np.testing.assert_allclose(found.partial, theirs, atol=0.02)
    # Without, the inverse of nearly as many seeds as volumes is mostly noise.
    raw = relations._inverted(np.corrcoef(seeds.T))
    assert np.abs(found.partial[0, 1:]).max() < 0.6 * np.abs(raw[0, 1:]).max()


def test_the_shrinkage_is_scikit_learns():
    for n, p in ((30, 5), (40, 60), (200, 20)):
        samples = chain(n, np.random.default_rng(n))[:, [k % 4 for k in range(p)]]
        samples = samples + np.random.default_rng(p).standard_normal(samples.shape)
        samples /= np.linalg.norm(samples, axis=0)
        theirs = ledoit_wolf_shrinkage(samples * np.sqrt(n), assume_centered=True)
        assert relations.ledoit_wolf_shrinkage(samples) == pytest.approx(theirs, rel=1e-9)


def test_cleaned_volumes_do_not_count_as_independent_samples(operator):
    rng = np.random.default_rng(2)
    seeds = operator @ rng.standard_normal((T, 50))
    shrinkage = relations.partial_correlations(seeds, operator, 30.0)[1]
    by_volumes = LedoitWolf(assume_centered=True).fit(seeds / seeds.std(axis=0)).shrinkage_
    assert shrinkage > 1.3 * by_volumes


def test_a_seed_that_stands_twice_is_shrunk_and_not_inverted():
    seeds = chain(T, np.random.default_rng(3))
    found = relations.relate(np.column_stack([seeds, seeds[:, 0]]), np.eye(T), nu_of(T - 1, 5))
    assert found.shrinkage is not None and np.all(np.abs(found.partial) <= 1 + 1e-12)


def test_a_seed_without_a_series_is_left_out():
    seeds = chain(T, np.random.default_rng(8))
    with_none = np.insert(seeds, 1, np.nan, axis=1)
    whole = relations.relate(seeds, np.eye(T), nu_of(T - 1, 4))
    found = relations.relate(with_none, np.eye(T), nu_of(T - 1, 5))
    for name in ("r", "nu", "partial", "partial_nu"):
        values = getattr(found, name)
        assert np.isnan(values[1]).all() and np.isnan(values[:, 1]).all()
        np.testing.assert_allclose(np.delete(np.delete(values, 1, 0), 1, 1), getattr(whole, name))
    assert found.n_given == whole.n_given == 2
    alone = relations.relate(with_none[:, :2], np.eye(T), nu_of(T - 1, 2))
    np.testing.assert_array_equal(alone.r, [[1, np.nan], [np.nan, np.nan]])


def test_error_rates_of_partial_correlations(operator):
    """a and c of the chain, given b and d, pass at 5 % in 5 % of the runs: white noise that was cleaned."""
    rng = np.random.default_rng(10)
    squares = np.linalg.svd(operator, compute_uv=False) ** 2
    nu = squares.sum() ** 2 / (squares**2).sum()
    n, partial, plain = 2000 if LONG else 500, [], []
    for _ in range(n):
        found = relations.relate(operator @ chain(T, rng), operator, nu_of(nu, 4))
        error = relations.standard_error(found.partial_nu)[0, 2]
        partial.append(abs(np.arctanh(found.partial[0, 2])) / error > 1.96)
        plain.append(abs(np.arctanh(found.r[0, 2])) * np.sqrt(nu - 2) > 1.96)
    assert abs(np.mean(partial) - 0.05) < 2.7 * np.sqrt(0.05 * 0.95 / n), np.mean(partial)
    assert np.mean(plain) > 0.9, "without b, they have to do with each other"


def test_the_table_has_each_pair_once():
    seeds = chain(T, np.random.default_rng(6))
    nu = np.random.default_rng(7).uniform(60, 90, (4, 4))
    found = relations.relate(seeds, np.eye(T), nu)
    z = np.arange(16.0).reshape(4, 4)
    table = relations.as_pairs(found, list("abcd"), z, z)
    assert list(table) == list(relations.PAIRS)
    assert list(zip(table["seed_1"], table["seed_2"], strict=True))[:4] == [
        ("a", "b"),
        ("a", "c"),
        ("a", "d"),
        ("b", "c"),
    ]
    assert table["z"] == [1, 2, 3, 6, 7, 11]
    both = 1 / ((1 / nu[0, 1] + 1 / nu[1, 0]) / 2)
    assert table["nu"][0] == pytest.approx(both)
    assert table["standard_error"][0] == pytest.approx((both - 2) ** -0.5)
    # Of white noise that nothing was done to but to take its mean, two of T - 1 go.
    left = both * (T - 3) / (T - 1)
    assert table["partial_nu"][0] == pytest.approx(left)
    assert table["partial_standard_error"][0] == pytest.approx((left - 2) ** -0.5)
    assert table["partial_r"][3] == pytest.approx(found.partial[1, 2])
    matrix = relations.as_matrix(found.r, list("abcd"))
    assert list(matrix) == ["Node", "a", "b", "c", "d"] and matrix["b"][0] == found.r[0, 1]

"""Several comparisons: the same tests pass as with scipy; reach by plain distances."""

import numpy as np
import pytest
import scipy.stats

from seed_to_voxel.statistics import multiplicity


def p_values(seed, n, effects):
    z = np.random.default_rng(seed).standard_normal(n)
    z[:effects] += 3.5
    return 2 * scipy.stats.norm.sf(np.abs(z))


@pytest.mark.parametrize(("dependent", "method"), [(False, "bh"), (True, "by")])
@pytest.mark.parametrize(("n", "effects"), [(1, 1), (50, 0), (400, 60), (5000, 100)])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_the_same_pass_as_with_scipy(n, effects, level, dependent, method):
    p = p_values(n, n, effects)
    threshold = multiplicity.false_discovery_rate(-np.log10(p), level, dependent)
    passing = scipy.stats.false_discovery_control(p, method=method) <= level
    np.testing.assert_array_equal(-np.log10(p) >= threshold, passing)


def test_undefined_tests_are_none():
    p = p_values(1, 300, 40)
    holed = np.insert(-np.log10(p), [0, 7, 300], np.nan).reshape(3, 101)
    for function in (multiplicity.false_discovery_rate, multiplicity.bonferroni):
        assert function(holed) == function(-np.log10(p))
        assert function(np.full(4, np.nan)) == np.inf


def test_none_passes():
    assert multiplicity.false_discovery_rate(np.zeros(10)) == np.inf


def test_what_no_double_holds_passes():
    strengths = np.array([500.0, 400.0, 0.1, 0.2])
    assert multiplicity.false_discovery_rate(strengths) == 400.0


def test_bonferroni():
    assert 10 ** -multiplicity.bonferroni(np.zeros(1000)) == pytest.approx(5e-5)


def test_thresholds_say_what_passes():
    rng = np.random.default_rng(2)
    z = np.append(rng.standard_normal(900), [8.0, -7.0, 6.5])
    r = np.tanh(z / 7)
    found = multiplicity.thresholds(r, z, -np.log10(2 * scipy.stats.norm.sf(np.abs(z))), 0.05, False)
    for cut in found.values():
        passing = np.abs(z) >= cut["AbsZ"] - 1e-9
        assert passing.sum() == cut["NumberOfVoxels"] >= 3
        assert (z[passing] > 0).sum() == cut["NumberOfPositiveVoxels"]
        assert cut["SmallestAbsR"] == np.abs(r[passing]).min()
        assert cut["P"] == pytest.approx(2 * scipy.stats.norm.sf(cut["AbsZ"]))
    assert found["Bonferroni"]["P"] == pytest.approx(0.05 / 903)
    none = multiplicity.thresholds(*np.zeros((3, 5)), 0.05, True)
    assert none["FalseDiscoveryRate"]["P"] is None and none["Bonferroni"]["NumberOfVoxels"] == 0


@pytest.mark.parametrize("distance", [0.0, 4.0, 12.5])
def test_reach_is_plain_distance(distance):
    shape = (14, 15, 9)
    # Oblique, anisotropic, flipped.
    angle = np.deg2rad(20)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([-2.0, 2.5, 4.0])
    affine[:3, 3] = (3, -7, 11)
    voxels = np.array([[0, 0, 0], [1, 0, 0], [7, 8, 8], [7, 7, 8]])
    found = multiplicity.within_reach(voxels, distance, affine, shape)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(-1, 3)
    away = (grid[:, None] - voxels) @ affine[:3, :3].T
    wanted = np.linalg.norm(away, axis=2).min(axis=1) <= distance + 1e-6
    np.testing.assert_array_equal(found.ravel(), wanted)


@pytest.mark.parametrize(("dependent", "method"), [(False, "bh"), (True, "by")])
def test_adjusted_p_are_scipys(dependent, method):
    p = np.random.default_rng(3).uniform(size=200) ** 3
    values = np.append(-np.log10(p), np.nan)
    found = multiplicity.false_discovery_rates(values, dependent)
    np.testing.assert_allclose(10 ** -found[:-1], scipy.stats.false_discovery_control(p, method=method), rtol=1e-10)
    assert np.isnan(found[-1])
    # Cutting there is what the threshold says, too.
    cut = multiplicity.false_discovery_rate(values, 0.05, dependent)
    np.testing.assert_array_equal(found[:-1] >= -np.log10(0.05), values[:-1] >= cut)
    assert np.isnan(multiplicity.false_discovery_rates(np.array([np.nan]))).all()


@pytest.mark.parametrize("dependent", [False, True])
def test_what_is_in_no_family_passes_with_what_is(dependent):
    rng = np.random.default_rng(4)
    values = -np.log10(rng.uniform(size=300) ** 3)
    values[::40] = np.nan
    family = rng.uniform(size=300) > 0.3
    found = multiplicity.false_discovery_rates(values, dependent, family)
    alone = multiplicity.false_discovery_rates(values[family], dependent)
    np.testing.assert_array_equal(found[family], alone)
    # By the definition: cut at any rate, all tests pass whose p is that of a passing one of the family, or less.
    rates = 10 ** -alone[np.isfinite(alone)]
    for rate in rates[rates < 1]:
        cut = multiplicity.false_discovery_rate(values[family], rate * (1 + 1e-9), dependent)
        known = np.isfinite(values)
        np.testing.assert_array_equal(10 ** -found[known] <= rate * (1 + 1e-9), values[known] >= cut)
    assert np.isnan(found[::40]).all()
    nobody = multiplicity.false_discovery_rates(values, dependent, np.zeros(300, dtype=bool))
    assert (nobody[np.isfinite(values)] == 0).all()


def test_voxels_beside_a_seed_make_no_room_for_false_discoveries_elsewhere():
    # Of 600 voxels 150 lie beside the seed and are what it is, 30 more are true, and 420 nothing.
    near, null = np.arange(600) < 150, np.arange(600) >= 180
    shares = {"all": [], "beyond": []}
    for number in range(300):
        z = np.random.default_rng(number).standard_normal(600)
        z[near] += 8
        z[150:180] += 3.5
        strength = -np.log10(2 * scipy.stats.norm.sf(np.abs(z)))
        for name, family in (("all", None), ("beyond", ~near)):
            passing = (multiplicity.false_discovery_rates(strength, False, family) >= -np.log10(0.05)) & ~near
            shares[name].append((passing & null).sum() / max(passing.sum(), 1))
            assert (multiplicity.false_discovery_rates(strength, False, family)[near] > 2).all()
    assert np.mean(shares["all"]) > 0.12 and np.mean(shares["beyond"]) < 0.05


def test_near_points_are_those_of_all_distances():
    rng = np.random.default_rng(0)
    points, places = rng.uniform(-20, 20, (30, 3)), rng.uniform(-30, 30, (500, 3))
    distances = np.linalg.norm(points[:, None] - places, axis=2).min(axis=0)
    for distance in (0.0, 5.0, 12.0):
        np.testing.assert_array_equal(multiplicity.near_points(points, distance, places), distances <= distance)
    assert multiplicity.near_points(places[:3], 0.0, places).sum() == 3
    assert not multiplicity.near_points(np.zeros((0, 3)), 5.0, places).any()
    # At exactly the distance, as on a grid.
    assert multiplicity.near_points(np.zeros((1, 3)), 12.0, np.array([[12.0, 0, 0], [12.001, 0, 0]])).tolist() == [1, 0]

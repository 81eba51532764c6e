"""Runs to subjects: closed forms, chi-squared, and a planted run that lies apart."""

import numpy as np
import pytest
from scipy import stats

from seed_to_voxel.groups import subject_sidecars, subjects


def test_the_mean_is_weighted_by_the_inverse_of_the_variance():
    z, nu = np.array([[0.2, 0.5], [0.4, np.nan], [0.9, 0.1]]), np.array([[12.0, 30], [22, 30], [32, 2]])
    found = subjects.combine(z, nu)
    # numpy's own weighted mean; a run without a value, or with too few degrees of freedom, does not count.
    assert found.mean[0] == pytest.approx(np.average(z[:, 0], weights=[10, 20, 30]))
    assert found.mean[1] == 0.5
    np.testing.assert_allclose(found.variance, [1 / 60, 1 / 28])
    np.testing.assert_array_equal(found.n_runs, [3, 1])
    assert np.isnan(found.q[1]) and np.isnan(found.i2[1])


def test_sessions_first_is_the_same_as_all_runs_at_once():
    rng = np.random.default_rng(0)
    z, nu = rng.standard_normal((4, 50)), rng.uniform(10, 40, (4, 50))
    whole = subjects.combine(z, nu)
    sessions = [subjects.combine(z[part], nu[part]) for part in (slice(0, 3), slice(3, 4))]
    # 1 / (nu - 2) is the variance: the nu that a session's mean has.
    again = subjects.combine(
        np.stack([session.mean for session in sessions]), np.stack([1 / session.variance + 2 for session in sessions])
    )
    np.testing.assert_allclose(again.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(again.variance, whole.variance, rtol=1e-12)


def test_q_is_chi_squared_where_runs_differ_by_chance():
    rng = np.random.default_rng(1)
    nu = rng.uniform(15, 40, (5, 20000))
    z = 0.3 + rng.standard_normal(nu.shape) / np.sqrt(nu - 2)
    found = subjects.combine(z, nu)
    assert stats.kstest(found.q, stats.chi2(4).cdf).pvalue > 0.01
    assert np.std((found.mean - 0.3) / np.sqrt(found.variance)) == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(found.i2, np.clip(1 - 4 / found.q, 0, None))


@pytest.mark.parametrize("odd", [0, 2])
def test_a_run_that_lies_apart_is_named_and_no_other(odd):
    rng = np.random.default_rng(2)
    nu = np.full((4, 5000), 30.0)
    z = rng.standard_normal(5000) * 0.4 + rng.standard_normal(nu.shape) / np.sqrt(28)
    even = subjects.distances(z, nu)
    np.testing.assert_allclose(even, 1, atol=0.1)
    assert subjects.apart(even, 3) == []
    z[odd] = rng.standard_normal(5000) * 0.5
    found = subjects.distances(z, nu)
    assert subjects.apart(found, 3) == [odd]
    assert found[odd] == max(found)


def test_two_runs_lie_equally_far_and_one_lies_nowhere():
    rng = np.random.default_rng(3)
    z = rng.standard_normal((2, 100))
    one, other = subjects.distances(z, np.full(z.shape, 20.0))
    assert one == pytest.approx(other)
    # Of a difference of two: 2 / 18 is its variance.
    assert one == pytest.approx(np.mean((z[0] - z[1]) ** 2) * 9)
    assert subjects.distances(z[:1], np.full((1, 100), 20.0)) == [None]
    assert subjects.apart([None], 3) == []


def test_what_is_said_of_a_subject_names_runs_that_lie_apart():
    rng = np.random.default_rng(4)
    nu = np.full((3, 400), 30.0)
    z = rng.standard_normal(nu.shape) / np.sqrt(28)
    z[1] += 2 * rng.standard_normal(400)
    runs = ["sub-1/func/a", "sub-1/func/b", "sub-1/func/c"]
    seed = subject_sidecars.of_seed("PCC", subjects.combine(z, nu), subjects.distances(z, nu), runs, 3)
    assert seed["RunsApart"] == ["sub-1/func/b"] and seed["NumberOfVoxels"] == 400
    unit = {"name": "sub-1", "subject": "1", "session": None}
    said = subject_sidecars.of_unit(unit, runs, [seed], [], [], 3)
    (sentence,) = subject_sidecars.warnings(said)
    assert "sub-1/func/b lies apart" in sentence and "PCC (" in sentence
    table = subject_sidecars.table_of_runs([said])
    assert table["run"] == runs and table["apart"] == [False, True, False]
    assert set(table) == set(subject_sidecars.describe_runs())

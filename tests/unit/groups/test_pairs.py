"""Pairs of seeds over subjects: weights of runs, scipy's tests, and what is corrected."""

import numpy as np
import pytest
from scipy import stats

from seed_to_voxel.groups import pairs, testing
from seed_to_voxel.groups.design_files import Read

N = 20
GROUP = np.repeat([0.0, 1.0], N // 2)


def read(group=GROUP):
    names = [str(k) for k in range(len(group))]
    design = np.column_stack([np.ones(len(group)), group])
    return Read("m", "auto", names, np.array(names), ["Intercept", "group[b]"], design, {}, None)


DIFFERENCE = {"name": "difference", "rows": ["group[b]"], "joint": False}


def test_runs_are_weighted_by_what_they_are_worth():
    first = {"fisher_z": np.array([0.4, 0.2, np.nan]), "nu": np.array([12.0, 22, np.nan])}
    second = {"fisher_z": np.array([0.1, np.nan, np.nan]), "nu": np.array([32.0, np.nan, np.nan])}
    found = pairs.of_unit([first, second])
    assert found[0] == pytest.approx((10 * 0.4 + 30 * 0.1) / 40) and found[1] == pytest.approx(0.2)
    assert np.isnan(found[2])


def test_two_groups_are_scipys_and_corrected_over_the_pairs():
    rng = np.random.default_rng(0)
    data = rng.standard_normal((N, 15))
    data[N // 2 :, 3] += 3
    data[0, 7] = np.nan
    design = read()
    question = testing.question(design, DIFFERENCE, True)
    model = testing.model_of(design, [DIFFERENCE], 500, 1)
    found = pairs.test(data, question, model, "difference", False)
    second, first = data[N // 2 :], data[: N // 2]
    expected = stats.ttest_ind(second, first, nan_policy="omit")
    np.testing.assert_allclose(found["statistic"], expected.statistic, rtol=1e-4)
    np.testing.assert_allclose(found["p"], expected.pvalue, rtol=1e-3)
    np.testing.assert_allclose(found["p_fdr"], stats.false_discovery_control(expected.pvalue), rtol=1e-3)
    assert found["n_rows"].tolist() == [N] * 7 + [N - 1] + [N] * 7
    assert found["p_fwe"][3] == 1 / 500 and np.isnan(found["p_fwe"][7])
    others = np.delete(np.arange(15), [3, 7])
    assert (found["p_fwe"][others] >= found["p"][others]).all()
    assert found["hedges_g"][3] > 1 and set(found) | {"seed_1", "seed_2"} == set(pairs.COLUMNS)
    alone = pairs.test(data, question, None, "difference", False)
    assert np.isnan(alone["p_fwe"]).all()


def test_nothing_is_found_of_noise_more_often_than_it_should():
    rng = np.random.default_rng(3)
    design = read()
    question = testing.question(design, DIFFERENCE, True)
    model = testing.model_of(design, [DIFFERENCE], 100, 1)
    found = [
        (pairs.test(rng.standard_normal((N, 10)), question, model, "difference", False)["p_fwe"] <= 0.05).any()
        for _ in range(120)
    ]
    # 5 % of 120 is 6; more than 12 come once in a hundred times.
    assert sum(found) <= 12

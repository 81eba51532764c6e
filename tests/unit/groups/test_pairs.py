"""Pairs of seeds over subjects: weights of runs, scipy's tests, and what is corrected."""

import numpy as np
import pytest
from scipy import stats

from seed_to_voxel.base.errors import InputError
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


def test_a_subjects_pairs_are_read_from_its_runs_and_others_are_refused(tmp_path):
    first, second, other = (tmp_path / f"{name}.tsv" for name in "abc")
    first.write_text("seed_1\tseed_2\tr\tfisher_z\tnu\nA\tB\t0.4\t0.4\t12\nA\tC\t0\t0.2\t22\nB\tC\t0\tn/a\tn/a\n")
    second.write_text("seed_1\tseed_2\tr\tfisher_z\tnu\nA\tB\t0.1\t0.1\t32\nA\tC\t0\tn/a\tn/a\nB\tC\t0\tn/a\tn/a\n")
    other.write_text("seed_1\tseed_2\tr\tfisher_z\tnu\nA\tB\t0.1\t0.1\t32\n")
    labels, z = pairs.of_runs([first, second])
    assert labels == [("A", "B"), ("A", "C"), ("B", "C")]
    np.testing.assert_allclose(z, [(10 * 0.4 + 30 * 0.1) / 40, 0.2, np.nan])
    with pytest.raises(InputError, match=r"c\.tsv: its pairs of seeds are not those of the other runs"):
        pairs.of_runs([first, other])
    with pytest.raises(InputError, match=r"c\.tsv"):
        pairs.of_runs([other], labels)


def test_pairs_as_a_matrix_and_in_the_order_of_their_mean():
    labels = [("A", "B"), ("A", "C"), ("B", "C")]
    matrix, seeds = pairs.as_matrix(np.array([1.0, 2, 3]), labels)
    assert seeds == ["A", "B", "C"]
    np.testing.assert_array_equal(matrix, [[np.nan, 1, 2], [1, np.nan, 3], [2, 3, np.nan]])
    mean = pairs.mean_matrix(np.array([[0.2, np.nan, np.nan], [0.4, np.nan, np.nan]]), labels)
    np.testing.assert_allclose(mean[0, 1], np.tanh(0.3))
    np.testing.assert_array_equal(np.isfinite(np.diag(mean)), [True, True, False])


def test_a_matrix_of_a_contrast_says_what_it_is():
    shared = pairs.describe({"Model": "m", "Contrast": {"Name": "c"}, "Seed": {}}, 500)
    said = pairs.describe_matrix(shared, "pfwe", ["A", "B"])
    assert said["Description"].startswith("p, family-wise over the pairs") and said["NumberOfPermutations"] == 500
    assert said["Nodes"] == ["A", "B"] and said["Model"] == "m" and not set(pairs.COLUMNS) & set(said)

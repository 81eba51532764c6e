"""Runs beside each other: against numpy's correlations, and intraclass correlations that are printed."""

import itertools

import numpy as np
import pytest

from seed_to_voxel.quality import agreement
from seed_to_voxel.quality.agreement import BETWEEN, OTHERS, WITHIN, Source

# Shrout and Fleiss 1979, table 2: four judges' ratings of six targets.
RATINGS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


def test_intraclass_correlations_are_those_that_shrout_and_fleiss_print():
    absolute, consistency = agreement.intraclass(RATINGS[:, :, None])
    # Their table 4.
    assert absolute[0] == pytest.approx(0.29, abs=0.005) and consistency[0] == pytest.approx(0.71, abs=0.005)


def test_intraclass_correlations_are_the_shares_of_variance():
    rng = np.random.default_rng(0)
    n, k = 60, 2
    subjects = rng.standard_normal((n, 1, 800))
    values = subjects + 0.5 * rng.standard_normal((n, k, 800)) + np.array([0, 1.0])[None, :, None]
    absolute, consistency = agreement.intraclass(values)
    assert np.mean(consistency) == pytest.approx(1 / 1.25, abs=0.01)
    # The second occasion is higher by 1: the variance between occasions is 1 / 2.
    assert np.mean(absolute) == pytest.approx(1 / (1.25 + 0.5), abs=0.02)
    values[3, 1, 5] = np.nan
    assert np.isnan(agreement.intraclass(values)[1][5]) and np.isnan(agreement.intraclass(np.ones((5, 2, 1)))[0]).all()


def test_occasions_are_sessions_where_a_subject_has_two():
    labels = {
        "a": {"subject": "1", "session": "pre", "run": "1"},
        "b": {"subject": "1", "session": "post", "run": "1"},
        "c": {"subject": "2", "session": "pre", "run": "1"},
        "d": {"subject": "2", "session": "pre", "run": "2"},
    }
    found = agreement.sources(labels)
    assert [source.occasion for source in found] == ["pre", "post", "pre", "pre"]
    kinds = {(first.run, second.run): agreement.kind_of(first, second) for first in found for second in found}
    assert kinds["a", "b"] == BETWEEN and kinds["c", "d"] == WITHIN and kinds["a", "c"] == OTHERS
    of_runs = agreement.sources({name: {**row, "session": "pre"} for name, row in labels.items()})
    assert [source.occasion for source in of_runs] == ["1", "1", "1", "2"]
    # Two runs of a session are that, whatever occasions are.
    assert agreement.kind_of(of_runs[2], of_runs[3]) == WITHIN
    tasks = agreement.sources({name: {**row, "task": f"t{row['run']}"} for name, row in labels.items()})
    assert agreement.kind_of(tasks[2], tasks[3]) is None and agreement.main_task(tasks) == "t1"


def test_the_largest_table_without_a_gap():
    def having(table):
        return [
            Source(f"{subject}{at}", subject, at, "rest", at)
            for subject, occasions in table.items()
            for at in occasions
        ]

    assert agreement.complete(having({"1": "ab", "2": "ab", "3": "a"})) == (["1", "2"], ["a", "b"])
    # Four subjects with two occasions are more than two with three.
    assert agreement.complete(having({"1": "abc", "2": "abc", "3": "ab", "4": "ab"})) == (list("1234"), ["a", "b"])
    assert agreement.complete(having({"1": "a", "2": "b"})) == ([], [])
    assert agreement.complete(having({"1": "ax", "2": "bx", "3": "cx"})) == ([], [])
    assert agreement.complete(having({"1": "abx", "2": "abcx"}))[1] == ["a", "b", "x"]
    # What all have in common is no pair's intersection.
    mixed = {str(k): "ab" + "".join(three) for k, three in enumerate(itertools.combinations("cdefg", 3))}
    subjects, occasions = agreement.complete(having(mixed))
    assert len(subjects) == 10 and occasions == ["a", "b"]
    assert agreement.complete(having({"1": "1234", "2": "1235", "3": "1245"})) == (["1", "2", "3"], ["1", "2"])


def test_the_table_of_a_seed():
    rng = np.random.default_rng(2)
    own = rng.standard_normal((2, 500))
    maps = np.repeat(own, 2, axis=0) + 0.3 * rng.standard_normal((4, 500))
    r = agreement.agreements(maps)
    np.testing.assert_allclose(r, np.corrcoef(maps), atol=1e-10)
    found = [
        Source(run, subject, session, "rest", session)
        for run, subject, session in (("1a", "1", "a"), ("1b", "1", "b"), ("2a", "2", "a"), ("2a2", "2", "a"))
    ]
    rows = agreement.rows_of_seed("PCC", found, r)
    assert [(row["kind"], row["n_pairs"]) for row in rows] == [
        (BETWEEN, 1),
        (WITHIN, 1),
        (WITHIN, 1),
        (BETWEEN, 1),
        (OTHERS, 4),
    ]
    assert rows[0]["r"] == pytest.approx(r[0, 1]) and rows[1]["first"] == "2a" and rows[1]["second"] == "2a2"
    assert rows[-1]["r"] == pytest.approx(r[:2, 2:].mean()) and rows[-1]["sd"] == pytest.approx(r[:2, 2:].std(ddof=1))
    assert all(set(row) == set(agreement.COLUMNS) for row in rows)
    maps[0] = 1
    assert np.isnan(agreement.agreements(maps)[0]).all()
    # Nothing to compare is no correlation of 0.
    assert np.isnan(agreement.agreements(maps[:, :0])).all() and np.isnan(agreement.agreements(maps[:, :2])).all()


def test_runs_of_an_occasion_are_averaged():
    maps = np.arange(10.0).reshape(5, 2)
    found = [
        Source(str(run), subject, session, task, session)
        for run, (subject, session, task) in enumerate(
            [("1", "a", "rest"), ("1", "a", "rest"), ("1", "b", "rest"), ("2", "a", "rest"), ("2", "b", "film")]
        )
    ]
    values, used = agreement.by_occasion(maps, found, ["1"], ["a", "b"], "rest")
    np.testing.assert_array_equal(values, [[[1, 2], [4, 5]]])
    assert used.tolist() == [True, True, True, False, False]
    nothing, used = agreement.by_occasion(maps, found, [], [], "rest")
    assert np.isnan(nothing).all() and nothing.shape == (2, 2, 2) and not used.any()

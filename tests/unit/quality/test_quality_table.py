"""Limits on quality, and the table that lists all runs."""

import pandas
import pytest

from seed_to_voxel.base import tables
from seed_to_voxel.quality import limits, table

NO_LIMITS = dict.fromkeys(limits.LIMITS)


def test_limits():
    metrics = {"seconds_kept": 120, "degrees_of_freedom": 12.3, "min_seed_coverage": 0.4, "mean_fd": 0.31}
    assert limits.judge(metrics, NO_LIMITS) == []
    at = {"min_seconds_kept": 120, "min_degrees_of_freedom": 12, "min_seed_coverage": 0.4, "max_mean_fd": 0.31}
    assert limits.judge(metrics, at) == []
    beyond = {"min_seconds_kept": 121, "min_degrees_of_freedom": 13, "min_seed_coverage": 0.5, "max_mean_fd": 0.3}
    reasons = limits.judge(metrics, beyond)
    assert [reason.split("(")[1].rstrip(")") for reason in reasons] == list(beyond)
    assert reasons[0] == "120 s are kept, expected at least 121 (min_seconds_kept)"
    assert limits.judge(dict.fromkeys(metrics), beyond) == []
    # What is known of the voxels' own noise counts, where it is known.
    known = {**metrics, "effective_degrees_of_freedom": 14.2}
    assert limits.judge(known, {**NO_LIMITS, "min_degrees_of_freedom": 13}) == []
    assert "14.2 effective degrees" in limits.judge(known, {**NO_LIMITS, "min_degrees_of_freedom": 15})[0]


def entry(subject, refused=(), fd=0.2, session=None):
    labels = {"subject": subject, **({"session": session} if session else {}), "task": "rest"}
    return {
        "labels": labels,
        "refused": list(refused),
        "metrics": {"mean_fd": fd, "n_volumes": 50},
        "seeds": {} if refused else {"PCC": {"coverage": 1.0, "tsnr": 55.5}},
    }


def test_the_table_lists_all_runs(tmp_path):
    entries = [entry("01"), entry("02", ["too <short>"], fd=0.9), entry("03", fd=0.7, session="a")]
    rows = table.rows_of(entries, ["PCC"], {**NO_LIMITS, "max_mean_fd": 0.5})
    tables.write(tmp_path / "qc.tsv", table.columns(rows))
    read = pandas.read_csv(tmp_path / "qc.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert read["verdict"].tolist() == ["accepted", "refused", "warned"]
    assert read["session"].tolist() == ["n/a", "n/a", "a"]
    assert read["tsnr_PCC"].tolist() == ["55.5", "n/a", "55.5"]
    assert read["reasons"].tolist()[1] == "too <short>"
    assert table.verdict(rows) == "3 runs: 1 accepted, 1 warned, 1 refused"
    assert table.verdict(rows[:1]) == "1 run: 1 accepted, 0 warned, 0 refused"


def test_excluded_runs_are_told_from_refused_ones():
    left_out = {**entry("04", ["no brain mask beside it"]), "metrics": {}, "excluded": True}
    rows = table.rows_of([entry("01"), entry("02", ["too short"]), left_out], ["PCC"], NO_LIMITS)
    assert [row["verdict"] for row in rows] == ["accepted", "refused", "excluded"]
    assert rows[2]["reasons"] == "no brain mask beside it" and rows[2]["mean_fd"] is None
    assert table.verdict(rows) == "3 runs: 1 accepted, 0 warned, 1 refused, 1 excluded"


def test_a_run_whose_null_seeds_are_off_their_line_is_marked():
    statistics = {
        "effective_degrees_of_freedom": 36.1,
        "seeds": {"PCC": {"nu": 35.5}},
        "null_seeds": {"shares": [0.0512, 0.01, 0.0009], "errors": [0.001, 0.0005, 0.0001]},
    }
    off = {**statistics, "null_seeds": {"shares": [0.21, 0.1, 0.03], "errors": [0.01, 0.005, 0.002]}}
    undefined = {**statistics, "null_seeds": {"shares": [None] * 3, "errors": [None] * 3}}
    entries = [table.with_statistics(entry("01"), found) for found in (statistics, off, undefined)]
    rows = table.rows_of([*entries, entry("02", ["too short"])], ["PCC"], NO_LIMITS)
    assert [row["verdict"] for row in rows] == ["accepted", "warned", "accepted", "refused"]
    assert [row["null_seeds_5"] for row in rows] == [pytest.approx(5.12), pytest.approx(21), None, None]
    assert rows[0]["effective_degrees_of_freedom"] == 36.1
    assert rows[1]["reasons"] == "null seeds pass in 21 % of the voxels at 5 %"


def test_a_repetition_time_unlike_those_of_the_task_is_marked():
    def timed(subject, seconds, refused=(), task="rest"):
        made = entry(subject, refused)
        return {**made, "labels": {**made["labels"], "task": task}, "repetition_time": seconds}

    film = timed("03", 1.0, task="film")
    rows = [timed("01", 3.0), timed("02", 2.0), timed("03", 2.0002), timed("04", 9.0, ["too short"]), film]
    rows = table.rows_of(rows, ["PCC"], NO_LIMITS)
    assert [row["verdict"] for row in rows] == ["warned", "accepted", "accepted", "refused", "accepted"]
    assert rows[0]["reasons"] == "the repetition time is 3 s, and 2 s in 2 of 3 runs of task rest"
    # What is known of a run beforehand stays beside what its maps say.
    statistics = {
        "effective_degrees_of_freedom": 36.1,
        "seeds": {"PCC": {"nu": 35.5}},
        "null_seeds": {"shares": [0.21, 0.1, 0.03], "errors": [0.01, 0.005, 0.002]},
    }
    warned = table.with_statistics({**entry("01"), "warnings": ["the header"]}, statistics)["warnings"]
    assert warned == ["the header", "null seeds pass in 21 % of the voxels at 5 %"]


def test_every_column_of_measures_is_described():
    rows = table.rows_of([entry("01")], ["PCC"], NO_LIMITS)
    assert set(rows[0]) - {"subject", "task"} == set(table.describe(["PCC"]))


def test_a_number_just_beyond_a_limit_does_not_look_like_it():
    metrics = {"effective_degrees_of_freedom": 19.97, "mean_fd": 0.500004, "seconds_kept": 299.7}
    beyond = {**NO_LIMITS, "min_degrees_of_freedom": 20, "max_mean_fd": 0.5, "min_seconds_kept": 300}
    assert [reason.partition(",")[0] for reason in limits.judge(metrics, beyond)] == [
        "299.7 s are kept",
        "19.97 effective degrees of freedom are left",
        "the mean framewise displacement is 0.500004 mm",
    ]


def test_degrees_of_freedom_of_white_noise_are_not_called_effective():
    beyond = {**NO_LIMITS, "min_degrees_of_freedom": 20}
    (reason,) = limits.judge({"effective_degrees_of_freedom": None, "degrees_of_freedom": 12}, beyond)
    assert reason.startswith("12.0 degrees of freedom are left, expected at least 20")

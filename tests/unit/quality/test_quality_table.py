"""Limits on quality, and the table that lists all runs."""

import pandas

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


def test_every_column_of_measures_is_described():
    rows = table.rows_of([entry("01")], ["PCC"], NO_LIMITS)
    assert set(rows[0]) - {"subject", "task"} == set(table.describe(["PCC"]))

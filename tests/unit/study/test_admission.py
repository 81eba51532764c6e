"""Verdicts on runs, read once until they are made anew, and what refused runs have left."""

import json
import os

from seed_to_voxel.study import admission


def verdict(folder, stem, reasons):
    path = folder / f"{stem}{admission.SUFFIX}"
    path.write_text(json.dumps({"refused": reasons}))
    return path


def test_a_verdict_is_read_again_when_it_is_made_anew(tmp_path):
    path = verdict(tmp_path, "sub-01_task-rest", ["it moves"])
    verdicts = admission.Verdicts()
    assert verdicts.is_refused(str(path))
    # The same age: what is known stands, so that a thousand verdicts are not read a thousand times.
    age = path.stat().st_mtime_ns
    verdict(tmp_path, "sub-01_task-rest", [])
    os.utime(path, ns=(age, age))
    assert verdicts.is_refused(str(path))
    os.utime(path, ns=(age + 1, age + 1))
    assert not verdicts.is_refused(str(path))


def test_refused_are_those_that_have_a_verdict_by_now(tmp_path):
    refused, accepted = verdict(tmp_path, "a", ["x"]), verdict(tmp_path, "b", [])
    absent = tmp_path / f"c{admission.SUFFIX}"
    assert admission.Verdicts().refused(map(str, (refused, accepted, absent))) == [str(refused)]


def test_warned_runs_are_counted_in_the_table_of_quality(tmp_path):
    path = tmp_path / "qc.tsv"
    assert admission.count_warned(path) == 0
    path.write_text("subject\tverdict\treasons\n01\twarned\tx\n02\taccepted\tn/a\n03\twarned\ty\n")
    assert admission.count_warned(path) == 2
    assert admission.of_warned_in_words(2, 3, "results/quality.html") == [
        "2 of 3 runs have a warning; see results/quality.html"
    ]
    assert admission.of_warned_in_words(1, 1, "q.html") == ["1 of 1 run has a warning; see q.html"]
    assert admission.of_warned_in_words(0, 3, "q.html") == []

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


def test_what_a_refused_run_has_left_is_said_and_nothing_else(tmp_path):
    alone, with_results = (verdict(tmp_path, f"sub-{n}_task-rest", ["x"]) for n in ("01", "02"))
    (tmp_path / "sub-02_task-rest_desc-seeds_timeseries.tsv").touch()
    # The name of a run that is the beginning of another's.
    (tmp_path / "sub-01_task-resting_desc-seeds_timeseries.tsv").touch()
    (sentence,) = admission.leftovers([str(alone), str(with_results)])
    assert sentence.startswith("sub-02_task-rest is refused now")
    assert f"{tmp_path}/sub-02_task-rest_*" in sentence

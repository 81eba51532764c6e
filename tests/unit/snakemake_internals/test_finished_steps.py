"""What Snakemake's records say of files, with a workflow that stands in for Snakemake's."""

import os
from types import SimpleNamespace

import pytest

from seed_to_voxel.snakemake_internals import finished_steps

ENDED = 1_000_000.0


class APath(str):
    """A path as Snakemake has them."""

    def new_from(self, path):
        return APath(path)


def asked(tmp_path, late=0.0, ran=False, record=True):
    """What tells whether a file is as it was made, and the file, which was changed so many seconds after its job."""
    path = tmp_path / "map.nii.gz"
    path.write_bytes(b"map")
    os.utime(path, (ENDED + late, ENDED + late))
    job = SimpleNamespace(output=[APath(path)])
    workflow = SimpleNamespace(
        dag=SimpleNamespace(jobs=[job], needrun=lambda job: ran, noneedrun_finished=lambda job: True),
        persistence=SimpleNamespace(metadata=lambda path: {"endtime": ENDED} if record else None),
    )
    return finished_steps.as_made(workflow, list), str(path)


@pytest.mark.parametrize(
    ("since", "ran", "expected"),
    [(None, False, True), (ENDED - 1, False, True), (ENDED + 1, False, False), (ENDED + 1, True, True)],
    ids=["not listed", "made since", "changed since", "made by this start, by another clock"],
)
def test_what_no_job_has_made_since_it_was_listed_otherwise_is_changed(tmp_path, since, ran, expected):
    is_as_made, path = asked(tmp_path, ran=ran)
    assert is_as_made(path, since) is expected


@pytest.mark.parametrize("since", [None, ENDED - 1])
@pytest.mark.parametrize(("late", "expected"), [(-100, True), (30, True), (100, False)])
def test_what_is_later_than_its_job_is_changed(tmp_path, since, late, expected):
    is_as_made, path = asked(tmp_path, late, ran=True)
    assert is_as_made(path, since) is expected


def test_what_nothing_is_recorded_of_is_as_it_is(tmp_path):
    is_as_made, path = asked(tmp_path, 100, record=False)
    assert is_as_made(path, ENDED + 1)


def test_where_there_is_no_job_there_is_no_record():
    workflow = SimpleNamespace(dag=SimpleNamespace(jobs=[]), persistence=SimpleNamespace())
    assert finished_steps.as_made(workflow, list)("a", 1.0)


def test_a_step_knows_the_sha256_of_what_it_read_where_snakemake_has_kept_it():
    sums = {"a": "sha256:" + "0" * 64, "b": "1" * 64, "c": "md5:" + "2" * 32}
    job = SimpleNamespace(
        output=["out"], input=["a", "b", "c"], wildcards_dict={}, rule=SimpleNamespace(name="r", script=None)
    )
    workflow = SimpleNamespace(
        dag=SimpleNamespace(jobs=[job]),
        persistence=SimpleNamespace(metadata=lambda path: {"starttime": 1.0, "endtime": 2.0, "input_checksums": sums}),
    )
    (step,) = finished_steps.of_graph(workflow, list)
    assert step.sums == {"a": "0" * 64, "b": "1" * 64} and (step.began, step.ended) == (1.0, 2.0)

import logging
from types import SimpleNamespace

import pytest
from snakemake.exceptions import WorkflowError

from seed_to_voxel.snakemake_internals import failures, surroundings


class Wildcards(dict):
    pass


def job(tmp_path, rule, run, log=None, age=0, benchmark=False, output=(), inputs=(), jobid=1):
    """A job as Snakemake has it, with the files its script left: a log, and a benchmark if it ended well."""
    import os

    path = tmp_path / f"{rule}_{run}.log"
    table = tmp_path / f"{rule}_{run}.tsv"
    if log is not None:
        path.write_text(log)
        os.utime(path, (1000 - age, 1000 - age))
    if benchmark:
        table.write_text("s\n1\n")
        os.utime(table, (1000 - age + 0.5, 1000 - age + 0.5))
    return SimpleNamespace(
        is_group=lambda: False,
        rule=SimpleNamespace(name=rule, script=None),
        wildcards=Wildcards({"run": f"sub-{run}/func/sub-{run}_task-rest"} if run else {}),
        log=[str(path)],
        benchmark=str(table),
        output=list(output),
        input=list(inputs),
        jobid=jobid,
    )


def group(*levels):
    return SimpleNamespace(is_group=lambda: True, toposorted=levels, jobid="uuid")


def test_single_job(tmp_path):
    (found,) = failures.list_failures([job(tmp_path, "correlate", "01", "begun\nError: no voxel\n\n")], {}, {})
    assert (found.run, found.rule, found.message) == ("sub-01_task-rest", "correlate", "Error: no voxel")
    assert found.log.endswith("correlate_01.log")


def test_run_of_a_job_that_makes_it(tmp_path):
    maker = job(tmp_path, "simulate_run", None, "Error: full disk", output=["a_bold.nii.gz"])
    (found,) = failures.list_failures([maker], {"a_bold.nii.gz": "sub-07_task-rest"}, {})
    assert found.run == "sub-07_task-rest"
    (found,) = failures.list_failures([job(tmp_path, "compare", None, "Error: x")], {}, {})
    assert found.run == failures.STUDY


@pytest.mark.parametrize(("key", "name"), [("model", "age"), ("test", "age_contrast-slope")])
def test_a_model_that_failed_is_called_by_its_name(tmp_path, key, name):
    maker = job(tmp_path, "make_design", None, "Error: no column age")
    maker.wildcards = Wildcards({key: name})
    (found,) = failures.list_failures([maker], {}, {})
    assert found.run == f"model {name}"
    assert failures.as_text([found], 1).startswith(
        f"1 failed, the others are not affected:\n  model {name}: failed at make_design"
    )


def test_step_of_a_group(tmp_path):
    chain = group(
        [job(tmp_path, "extract_seeds", "01", "done", 9, benchmark=True)],
        [job(tmp_path, "extract_voxels", "01", "Error: damaged", 5)],
        # Left by an earlier attempt.
        [job(tmp_path, "correlate", "01", "Error: earlier", 50)],
    )
    (found,) = failures.list_failures([chain], {}, {})
    assert (found.rule, found.message) == ("extract_voxels", "Error: damaged")


def test_runs_of_a_shared_group_that_came_through_are_left_out(tmp_path):
    shared = group(
        [job(tmp_path, "correlate", "01", "done", 5, benchmark=True), job(tmp_path, "correlate", "02", "Error: x", 4)]
    )
    assert [found.run for found in failures.list_failures([shared], {}, {})] == ["sub-02_task-rest"]


@pytest.mark.parametrize("begun", [True, False])
def test_killed_without_a_word(tmp_path, begun):
    words = tmp_path / "5.log"
    words.write_text("Building DAG\nslurmstepd: error: *** JOB 5 CANCELLED AT 12:00 ***\nremoving files\n")
    first = job(tmp_path, "extract_seeds", "01", "half a line" if begun else None, jobid=3)
    second = job(tmp_path, "extract_voxels", "01", jobid=4)
    (found,) = failures.list_failures([group([first], [second])], {}, {3: [str(words)], 4: [str(words)]})
    assert found.rule == "extract_seeds"
    assert found.message == "slurmstepd: error: *** JOB 5 CANCELLED AT 12:00 ***"
    assert found.log.endswith("5.log")


def test_nothing_said_at_all(tmp_path):
    (found,) = failures.list_failures([job(tmp_path, "correlate", "01", "")], {}, {})
    assert found.message == failures.UNSAID


def test_ended_before_its_log_was_begun(tmp_path):
    (found,) = failures.list_failures([job(tmp_path, "correlate", "01")], {}, {}, here=True)
    assert (found.message, found.log) == (failures.NOT_BEGUN, "(none)")
    # A log of an earlier time says nothing of this one; the file's is of the second 1000.
    earlier = job(tmp_path, "correlate", "02", "Error: of an earlier time")
    (found,) = failures.list_failures([earlier], {}, {}, since=2000)
    assert found.message == failures.NOT_BEGUN
    (found,) = failures.list_failures([earlier], {}, {}, since=1010)
    assert found.message == "Error: of an earlier time"


def test_a_message_of_several_lines_is_told_whole(tmp_path):
    log = "begun\nError: of an earlier step\nError: found (\n  'a',\n)\n\n"
    (found,) = failures.list_failures([job(tmp_path, "correlate", "01", log)], {}, {})
    assert found.message == "Error: found ( 'a', )"


def test_a_package_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(surroundings, "find_spec", lambda name: None if name == "isal" else "found")
    lacking, other = job(tmp_path, "extract_seeds", "01"), job(tmp_path, "write_methods", None)
    lacking.rule.script, other.rule.script = "../scripts/extract_seeds.py", "../scripts/write_methods.py"
    found = {failure.rule: failure.message for failure in failures.list_failures([lacking, other], {}, {}, here=True)}
    assert found["extract_seeds"] == "Error: isal is not installed here: `uv sync` installs what is missing"
    assert found["write_methods"] == failures.NOT_BEGUN
    # In environments of their own, scripts have other packages than Snakemake.
    assert failures.list_failures([lacking], {}, {})[0].message == failures.NOT_BEGUN


def test_scheduler_logs_are_taken_from_snakemake_s_reports():
    logs = failures.SchedulerLogs()
    logger = logging.Logger("reports")
    logger.addHandler(logs)
    event = SimpleNamespace(value="group_error")
    logger.error("", extra={"event": event, "aux_logs": ["1.log", None], "job_error_info": [{"jobid": 3}]})
    event = SimpleNamespace(value="job_error")
    logger.error("", extra={"event": event, "jobid": 5, "indent": False, "log": ["own.log (check)", "2.log"]})
    logger.error("", extra={"event": event, "jobid": 3, "indent": True, "log": ["own.log"]})
    logger.error("something else")
    assert logs.paths == {3: ["1.log"], 5: ["own.log", "2.log"]}


def test_table_and_text(tmp_path):
    path = tmp_path / "results" / "failed_runs.tsv"
    failure = failures.Failure("sub-01", "correlate", "a.log", "Error: tab\there")
    failures.write_table([failure], path)
    assert path.read_text().splitlines()[0] == "run\trule\tlog\tmessage\tearlier_results"
    assert failures.as_text([failure], 2).startswith("1 failed, the others are not affected:\n  sub-01: failed at corr")
    assert failures.as_text([failure], 1).startswith("1 failed, and there are no others:\n")
    failures.write_table([], path)
    assert not path.exists()


def test_a_job_whose_input_has_vanished_fails_as_others_do(tmp_path, monkeypatch):
    said, reported = [], []
    monkeypatch.setattr(failures.logger, "error", said.append)

    def run(job):
        if job.input:
            raise WorkflowError("Missing files after 5 seconds.")
        reported.append("started")

    executor = SimpleNamespace(run_job=run, report_job_error=lambda info: reported.append(info.job.rule.name))
    failures.fail_without_input(executor)
    gone = job(tmp_path, "extract_seeds", "03", inputs=[str(tmp_path / "gone.nii.gz")])
    executor.run_job(gone)
    executor.run_job(job(tmp_path, "extract_seeds", "04"))
    assert reported == ["extract_seeds", "started"] and "Missing files" in said[0]
    (found,) = failures.list_failures([gone], {}, {})
    assert found.message == f"Error: {tmp_path / 'gone.nii.gz'} has vanished; it was there when this was planned"

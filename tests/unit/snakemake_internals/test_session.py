"""One start of Snakemake, with a workflow that stands in for Snakemake's."""

import errno
import os
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT
from snakemake.exceptions import WorkflowError

from seed_to_voxel.snakemake_internals import interruption, reporting, session
from seed_to_voxel.snakemake_internals.patches import Patch


class Executor:
    cancel = run_job = None


def a_workflow(main=True, failed=(), killed=None, targets=()):
    return SimpleNamespace(
        is_main_process=main,
        deployment_settings=SimpleNamespace(deployment_method=set()),
        modifier=SimpleNamespace(is_main_snakefile=lambda: True, path_modifier=None),
        current_basedir=SimpleNamespace(join=lambda path: path),
        output_settings=SimpleNamespace(verbose=False, dryrun=False, quiet=None),
        config={},
        overwrite_workdir=None,
        scheduler=SimpleNamespace(failed=list(failed), _user_kill=killed, _executor=Executor(), _local_executor=None),
        dryrun=False,
        touch=False,
        dag=SimpleNamespace(jobs=[SimpleNamespace(output=[])], finish=None),
        execute=lambda: "executed",
        dag_settings=SimpleNamespace(targets=set(targets), until=set(), omit_from=set()),
    )


def started(workflow):
    return session.Session(workflow, workflow.config, ROOT)


def a_job(rule, run):
    return SimpleNamespace(
        is_group=lambda: False,
        rule=SimpleNamespace(name=rule, script=None),
        wildcards={"run": f"sub-{run}/func/sub-{run}_task-rest"},
        log=[],
        benchmark=None,
        input=[],
        output=[],
        jobid=1,
    )


@pytest.fixture(autouse=True)
def nothing_of_the_tests_process_is_changed(monkeypatch):
    looked_at = tuple((patch, lambda: None) for patch, _ in session.ALL_THE_TIME)
    monkeypatch.setattr(session, "ALL_THE_TIME", looked_at)
    monkeypatch.setattr(session, "MADE", set())
    monkeypatch.setattr(session.copies, "run_in_copies", lambda root: None)
    monkeypatch.setattr(reporting, "hold_texts_back", lambda: None)
    monkeypatch.setattr(interruption, "leave_ctrl_c_to_snakemake", lambda: None)
    monkeypatch.setattr(interruption, "say_without_traceback", lambda advice: None)
    for name in ("look_seldom", "set_aside"):
        monkeypatch.setattr(session.garbage, name, lambda *arguments: None)
    monkeypatch.setattr(session.logger, "handlers", [])


@pytest.mark.parametrize("main", [True, False])
def test_the_main_process_says_once_what_cannot_be_changed(main, monkeypatch):
    said = []
    monkeypatch.setattr(session.logger, "warning", said.append)
    start = started(a_workflow(main))
    about = {"name": "a change", "replaces": "a habit", "without": "it goes on", "upstream": "https://"}
    refused = Patch(**about, is_there=lambda: False)
    assert not start.may(refused) and not start.may(refused)
    assert start.may(Patch(**about, is_there=lambda: True))
    assert len(said) == int(main)
    assert all(sentence.startswith("Note: With snakemake ") for sentence in said)


def test_what_is_changed_already_is_neither_changed_again_nor_missed(monkeypatch):
    # A module is read anew for each statement that uses its rules.
    made, said = [], []
    monkeypatch.setattr(session.logger, "warning", said.append)
    patch = Patch("name", "what it was", "it takes longer", "address", lambda: not made)
    monkeypatch.setattr(session, "ALL_THE_TIME", ((patch, lambda: made.append(1)),))
    for _ in range(3):
        started(a_workflow())
    assert made == [1] and not [sentence for sentence in said if "it takes longer" in sentence]


def test_an_interrupted_job_is_no_failed_run_and_a_list_of_earlier_stays(tmp_path, capsys):
    table = tmp_path / "failed_runs.tsv"
    table.write_text("of an earlier time\n")
    start = started(a_workflow())
    start.interrupt()
    assert start.note_failures({}, table) == []
    assert table.read_text() == "of an earlier time\n"
    start.end()
    assert capsys.readouterr().err.strip() == session.GO_ON


def test_what_had_failed_before_the_interruption_is_listed(tmp_path, capsys):
    table = tmp_path / "failed_runs.tsv"
    start = started(a_workflow(failed=[a_job("correlate", "02")]))
    start.interrupt()
    (failure,) = start.note_failures({}, table)
    assert (failure.run, failure.rule) == ("sub-02_task-rest", "correlate")
    assert "sub-02_task-rest\tcorrelate" in table.read_text()
    assert "1 failed" in capsys.readouterr().err


def test_nothing_failed_and_nothing_was_interrupted(tmp_path, capsys):
    table = tmp_path / "failed_runs.tsv"
    table.write_text("of an earlier time\n")
    start = started(a_workflow())
    assert start.note_failures({}, table) == []
    start.end()
    assert not table.exists()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("failed", [[], [a_job("correlate", "02")]], ids=["well", "failing"])
@pytest.mark.parametrize("asked", [{"targets": {"a.png"}}, {"until": {"correlate"}}], ids=["target", "until"])
def test_a_start_that_was_asked_for_a_part_leaves_the_list_of_the_whole(failed, asked, tmp_path, capsys):
    table = tmp_path / "failed_runs.tsv"
    table.write_text("of an earlier time\n")
    workflow = a_workflow(failed=failed)
    vars(workflow.dag_settings).update(asked)
    assert len(started(workflow).note_failures({}, table)) == len(failed)
    assert table.read_text() == "of an earlier time\n"
    said = capsys.readouterr().err
    assert ("1 failed" in said) == bool(failed) and "table:" not in said


def test_sigterm_is_an_interruption_too(capsys):
    start = started(a_workflow(killed="graceful"))
    start.end()
    assert session.GO_ON in capsys.readouterr().err
    assert start.interrupted


@pytest.mark.parametrize(("targets", "interrupted", "made"), [((), False, 1), (["a.png"], False, 0), ((), True, 0)])
def test_a_report_is_made_of_the_whole_alone(targets, interrupted, made, monkeypatch, tmp_path, capsys):
    written = []
    monkeypatch.setattr(reporting, "Finished", lambda *arguments: SimpleNamespace(n_shown=1, n_done=2))
    monkeypatch.setattr(reporting, "write", lambda *arguments: written.append(arguments))
    workflow = a_workflow(targets=targets)
    workflow.dag = None
    start = started(workflow)
    if interrupted:
        start.interrupt()
    start.write_report(tmp_path / "report.html", tmp_path / "report.css", {}, {"runs": 2})
    assert len(written) == made
    assert capsys.readouterr().err == (f"Report: {tmp_path / 'report.html'}\n" if made else "")
    assert workflow.config == ({"facts": {"runs": 2}, "runs_shown": 1, "runs_done": 2} if made else {})


# None where --directory was not given, as the user wrote it, and in full.
@pytest.mark.parametrize("folder", [None, "mine", "../mine", "/data/mine"])
def test_where_the_report_is_can_be_opened_from_the_shell(folder, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(reporting, "Finished", lambda *arguments: SimpleNamespace(n_shown=1, n_done=2))
    monkeypatch.setattr(reporting, "write", lambda *arguments: None)
    workflow = a_workflow()
    workflow.dag = None
    workflow.overwrite_workdir = folder and Path(folder)
    started(workflow).write_report("results/report.html", tmp_path / "report.css", {}, {})
    assert capsys.readouterr().err == f"Report: {f'{folder}/' if folder else ''}results/report.html\n"


def test_logs_of_failed_runs_can_be_opened_from_the_shell_and_tables_stay_as_they_are(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    job = a_job("correlate", "02")
    job.log = ["results/logs/02.log"]
    Path("results/logs").mkdir(parents=True)
    Path("results/logs/02.log").write_text("Error: no\n")
    workflow = a_workflow(failed=[job, a_job("correlate", "03")])
    workflow.overwrite_workdir = Path("mine")
    (failure, _) = started(workflow).note_failures({}, "results/failed_runs.tsv")
    printed = capsys.readouterr().err
    assert "log: mine/results/logs/02.log\n" in printed and "log: (none)\n" in printed
    assert "(table: mine/results/failed_runs.tsv)" in printed
    assert failure.log == "results/logs/02.log"
    assert "\tresults/logs/02.log\t" in Path("results/failed_runs.tsv").read_text()


def test_a_report_for_which_there_is_no_room_is_told_in_a_sentence(monkeypatch, tmp_path):
    def write(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(reporting, "Finished", lambda *arguments: SimpleNamespace(n_shown=1, n_done=2))
    monkeypatch.setattr(reporting, "write", write)
    with pytest.raises(WorkflowError, match="No space left on device.*the same command makes it"):
        started(a_workflow()).write_report(tmp_path / "report.html", tmp_path / "report.css", {}, {})


def test_a_report_in_which_names_could_run_is_not_made(monkeypatch, tmp_path):
    monkeypatch.setattr(reporting, "INERT", Patch("a", "b", "c", "https://", is_there=lambda: False))
    monkeypatch.setattr(reporting, "write", lambda *arguments: pytest.fail("it was made"))
    monkeypatch.setattr(session.logger, "warning", lambda sentence: None)
    started(a_workflow()).write_report(tmp_path / "report.html", tmp_path / "report.css", {}, {})


@pytest.mark.parametrize(
    ("there", "changed", "expected"),
    [
        (False, {}, 1),
        (True, {}, 0),
        (False, {"dryrun": True}, 0),
        (False, {"touch": True}, 0),
        (False, {"is_main_process": False}, 0),
    ],
)
def test_with_nothing_to_be_done_a_report_that_is_missing_is_made(there, changed, expected, tmp_path):
    report = tmp_path / "report.html"
    if there:
        report.write_text("made")
    workflow = SimpleNamespace(**{**vars(a_workflow()), **changed})
    concluded = []
    reminded = []
    started(workflow).conclude_after([report], list, lambda: concluded.append(1), remind=lambda: reminded.append(1))
    assert workflow.execute() == "executed"
    assert len(concluded) == expected and len(reminded) == there


def test_what_this_start_does_not_record_is_not_held_against_records_of_an_earlier_one(monkeypatch):
    monkeypatch.setattr(session.finished_steps, "as_made", lambda workflow, own: lambda path, since: False)
    workflow = a_workflow()
    for kept in (True, False):
        workflow.execution_settings = SimpleNamespace(keep_metadata=kept)
        assert started(workflow).as_made()("a.png", 1.0) is not kept


def a_module(**changed):
    """A workflow that is imported by another one, whose rules stand elsewhere; one job of each."""
    workflow = SimpleNamespace(**{**vars(a_workflow(**changed))})
    workflow.modifier = SimpleNamespace(
        is_main_snakefile=lambda: False,
        path_modifier=SimpleNamespace(replace_prefix=lambda path, property=None: f"conn/{path}"),
    )
    ours, theirs = (
        SimpleNamespace(
            **{**vars(a_job("correlate", run)), "rule": SimpleNamespace(name="correlate", script=None, basedir=folder)}
        )
        for run, folder in (("01", ROOT / "workflow" / "rules"), ("02", "/elsewhere"))
    )
    workflow.dag.jobs = [ours, theirs]
    workflow.scheduler.failed = [ours, theirs]
    return workflow


def test_a_module_lies_below_its_prefix_however_often_it_is_read():
    workflow = a_module()
    for _ in range(2):
        assert started(workflow).place("results") == "conn/results"
        # Snakemake puts nothing before it.
        assert workflow.modifier.path_modifier.replace_prefix("results/x") == "results/x"
    assert started(a_workflow()).place("results") == "results"


@pytest.mark.parametrize("fails", [True, False])
def test_a_module_concludes_after_its_importer_with_its_own_jobs_alone(fails, tmp_path):
    def execute():
        if fails:
            raise WorkflowError("At least one job did not complete successfully.")

    workflow = a_module()
    workflow.execute = execute
    start, concluded = started(workflow), []
    start.conclude_after(
        [tmp_path / "report.html"],
        lambda: start.note_failures({}, tmp_path / "failed.tsv"),
        lambda: concluded.append(1),
    )
    with pytest.raises(WorkflowError) if fails else nullcontext():
        workflow.execute()
    assert concluded == [1]
    assert "sub-01_task-rest" in (tmp_path / "failed.tsv").read_text()
    assert "sub-02_task-rest" not in (tmp_path / "failed.tsv").read_text()


def test_a_module_that_is_read_again_concludes_once_and_another_by_itself(tmp_path):
    workflow, concluded = a_module(), []
    for name in ("one", "one", "other"):
        started(workflow).conclude_after(
            [tmp_path / name], lambda: ["a failure"], lambda name=name: concluded.append(name)
        )
    workflow.execute()
    assert sorted(concluded) == ["one", "other"]


def test_what_ran_jobs_has_concluded_by_itself(tmp_path):
    workflow = a_workflow()
    start = started(workflow)
    start.conclude_after([tmp_path / "report.html"], list, lambda: pytest.fail("a second time"))
    workflow.scheduler._executor.cancel = lambda: None
    start.begin()
    workflow.execute()

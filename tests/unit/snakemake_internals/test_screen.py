"""What is kept from the screen, by records as Snakemake makes them."""

import logging
import logging.handlers
from pathlib import Path
from queue import Queue

import pytest
from snakemake.exceptions import RuleException, WorkflowError, print_exception
from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

from seed_to_voxel.snakemake_internals import screen


class Screen(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(str(record.msg))


@pytest.fixture
def handlers(tmp_path, monkeypatch):
    """Snakemake's logger with a screen, a queue for plugins and a log file, and nothing else."""
    shown, queue = Screen(), logging.handlers.QueueHandler(Queue())
    log = logging.FileHandler(tmp_path / "snakemake.log")
    monkeypatch.setattr(logger, "handlers", [shown, queue, log])
    monkeypatch.setattr(logger, "level", logging.INFO)
    logger.manager._clear_cache()
    yield shown, queue, log
    log.close()


def said_in(queue):
    return [queue.queue.get().msg for _ in range(queue.queue.qsize())]


CHATTER = [
    "Adding sub-01_task-rest_seed-PCC_timeseries.png (11.38 KB).",
    "Loading script code for rule show_overview",
    "Would remove temporary output results/sub-01_desc-voxels_timeseries.npy",
    "Removing temporary output results/sub-01_desc-voxels_timeseries.npy.",
    "Select jobs to execute...",
]
NEEDED = [
    "Building DAG of jobs...",
    "Nothing to be done (all requested files are present and up to date).",
    "Creating report...",
    "Complete log(s): .snakemake/log/1.log",
    "This was a dry-run (flag -n). The order of jobs does not reflect the order of execution.",
]


def test_chatter_stays_in_the_log_and_all_else_is_shown(handlers):
    shown, queue, log = handlers
    screen.watch()
    for message in CHATTER + NEEDED:
        logger.info(message)
    logger.warning("Adding up: a warning (of 3).")
    logger.info("Execute 2 jobs...", extra={"event": LogEvent.JOB_STARTED, "jobs": [1, 2]})
    logger.info("Extract the seeds", extra={"event": LogEvent.JOB_INFO})
    expected = [*NEEDED, "Adding up: a warning (of 3).", "Extract the seeds"]
    assert shown.lines == expected
    # Programs hear of every event.
    assert said_in(queue) == [*expected[:-1], "Execute 2 jobs...", expected[-1]]
    kept = Path(log.baseFilename).read_text()
    assert all(message in kept for message in CHATTER + NEEDED)


def test_all_is_shown_to_those_who_want_it(handlers):
    shown, *_ = handlers
    screen.watch(chatter=False)
    for message in CHATTER:
        logger.info(message)
    assert shown.lines == CHATTER


@pytest.mark.parametrize("interrupted", [False, True])
def test_what_looks_like_a_failure_is_shown_unless_the_user_has_interrupted(handlers, interrupted):
    shown, queue, log = handlers
    for calm in screen.watch():
        calm.interrupted = interrupted
    print_exception(RuleException("CalledProcessError: died with <Signals.SIGTERM: 15>."), {})
    logger.error("Error in rule correlate, jobid: 3", extra={"event": LogEvent.JOB_ERROR})
    logger.error(None, extra={"event": LogEvent.GROUP_ERROR})
    print_exception(WorkflowError("At least one job did not complete successfully."))
    logger.info("Terminating processes on user request, this might take some time.")
    print_exception(WorkflowError("Unable to write to the disk."))
    assert len(shown.lines) == (2 if interrupted else 6)
    assert shown.lines[-2].startswith("Terminating") and "Unable to write" in shown.lines[-1]
    assert len(said_in(queue)) == len(shown.lines)
    assert "died with" in Path(log.baseFilename).read_text()


RULES = "/home/me/seed to voxel/workflow/rules"


@pytest.mark.parametrize("chatter", [True, False])
@pytest.mark.parametrize("file", [f"{RULES}/common.smk", "/home/me/project/Snakefile"])
def test_a_refusal_is_a_sentence_and_an_error_elsewhere_says_where(handlers, chatter, file):
    shown, *_ = handlers
    screen.watch(chatter=chatter)
    said = "study.yaml: unknown key\nfound a, expected b"
    raising = compile(f"\n\nraise WorkflowError({said!r})", file, "exec")
    with pytest.raises(WorkflowError) as raised:
        exec(raising, {"WorkflowError": WorkflowError})
    print_exception(raised.value, {file: dict(enumerate(range(10)))})
    (line,) = shown.lines
    if chatter and file.startswith(RULES):
        assert line == f"Error: {said}"
    else:
        assert said in line and f'"{file}", line 3' in line


@pytest.mark.parametrize("module", ["seed_to_voxel/snakemake_internals/session.py", "elsewhere.py"])
def test_a_refusal_before_any_rule_is_a_sentence(handlers, module):
    shown, *_ = handlers
    screen.watch()
    raising = compile("raise WorkflowError('one\\ntwo')", f"/home/me/workflow/scripts/{module}", "exec")
    with pytest.raises(WorkflowError) as raised:
        exec(raising, {"WorkflowError": WorkflowError})
    print_exception(raised.value)
    (line,) = shown.lines
    assert (line == "Error: one\ntwo") == ("session" in module) and "one\ntwo" in line


@pytest.mark.parametrize(("quiet", "shown"), [(["all"], "no run\n"), (["host", "reason"], ""), ([], "")])
def test_why_snakemake_ends_is_printed_where_all_is_quiet_and_only_there(quiet, shown, handlers, capsys):
    logger.addHandler(screen.Refusals(quiet))
    print_exception(WorkflowError("no run"))
    logger.error("a job", extra={"event": LogEvent.JOB_ERROR})
    logger.info("a note")
    assert capsys.readouterr().err.replace("WorkflowError:\n", "") == shown


def test_a_refusal_is_printed_once_however_often_a_module_is_read(handlers, capsys):
    for _ in range(3):
        screen.show_refusals(["all"])
    print_exception(WorkflowError("no run"))
    assert capsys.readouterr().err.count("no run") == 1


def test_snakemake_calls_quietness_as_is_expected_here():
    assert str(Quietness.ALL) == "all"

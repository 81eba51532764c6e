"""Which runs failed, where and why: the list at the end of a workflow.

Jobs are Snakemake's, of which only names, wildcards and files are looked at.
"""

import inspect
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError
from snakemake.jobs import Job
from snakemake.logging import logger
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from ..base import tables
from .patches import Patch, source_of
from .surroundings import absent_packages

STUDY = "(all runs)"
"""What stands for the run where a job works on all of them."""

OF_MODEL = "model "
"""What stands before the name of a model, in the place of a run."""

KILLED = re.compile(r"slurmstepd|out.of.memory|oom|cancelled|killed|time limit|sbatch|error", re.IGNORECASE)
"""What a scheduler's last words look like."""

UNSAID = "ended without a message: killed from outside, or out of memory? Python's last words may stand above"

NOT_BEGUN = (
    "ended before its log was begun: what Python or the shell said of it stands above, or in the scheduler's log"
)

NO_LOG = "(none)"

FEW_BYTES = 1 << 16

SLACK = 60.0
"""Seconds by which clocks of a cluster's nodes may differ."""


def keeps_failed_jobs() -> bool:
    """Whether there is a set of failed jobs to look at."""
    from snakemake.api import Workflow

    return "failed" in JobScheduler.__init__.__code__.co_names and "scheduler" in vars(Workflow)


LIST = Patch(
    name="list of failed runs",
    replaces="the set of failed jobs that JobScheduler keeps",
    without="the runs that failed are not listed, and no report is made after a failure; Snakemake's own messages and "
    "the runs' logs say what failed",
    upstream="https://github.com/snakemake/snakemake/issues/2709",
    is_there=keeps_failed_jobs,
)


def prepares_before_it_runs() -> bool:
    """Whether the local executor looks for a job's inputs before it starts it, and can be told of errors."""
    executor = source_of("snakemake.executors.local")
    return (
        "self.workflow.async_run(job.prepare())" in executor
        and "self.report_job_error(job_info)" in executor
        and "raise WorkflowError(" in inspect.getsource(Job.prepare)
    )


VANISHED = Patch(
    name="inputs that vanish",
    replaces="what the local executor does before it starts a job",
    without="an input that vanishes while others are worked on stops all runs",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/executors/local.py",
    is_there=prepares_before_it_runs,
)


def fail_without_input(executor: Any) -> None:
    """Let a job whose input has vanished fail as others do, instead of stopping all.

    Parameters
    ----------
    executor : snakemake_interface_executor_plugins.executors.base.AbstractExecutor
        Changed in place.
    """
    run = executor.run_job

    def run_or_fail(job: Any) -> None:
        try:
            run(job)
        except WorkflowError as error:
            logger.error(f"{job.rule.name if not job.is_group() else job}: {error}")
            executor.report_job_error(SubmittedJobInfo(job))

    executor.run_job = run_or_fail


@dataclass(frozen=True)
class Failure:
    """A run that failed.

    Attributes
    ----------
    run : str
        Its name, ``sub-01_task-rest_space-MNI``, or ``model age`` where a model of groups failed.
    rule : str
        The step it failed at.
    log : str
        Path of the log that tells most.
    message : str
        That log's last line.
    earlier_results : int
        How many of the files that the run would have got from this step on lie there from an earlier time.
    """

    run: str
    rule: str
    log: str
    message: str
    earlier_results: int = 0


class SchedulerLogs(logging.Handler):
    """Remember the logs of failed jobs that a cluster's scheduler wrote, from what Snakemake reports of them.

    Attributes
    ----------
    paths : dict of int to list of str
        The logs of the last attempt, by the number that Snakemake gives a job.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.paths: dict[int, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take the logs out of the report of a failed job or group of jobs."""
        event = getattr(getattr(record, "event", None), "value", None)
        if event == "group_error":
            for job in getattr(record, "job_error_info", []):
                self.paths[job["jobid"]] = [path for path in getattr(record, "aux_logs", []) if path]
        elif event == "job_error" and not getattr(record, "indent", False):
            self.paths[getattr(record, "jobid", -1)] = [str(path).split(" ")[0] for path in getattr(record, "log", [])]


def last_line(path: str | os.PathLike, pattern: re.Pattern | None = None) -> str:
    """Last line of a text file that is not empty.

    Parameters
    ----------
    path : str or path-like
    pattern : re.Pattern, optional
        The last line in which this is found is preferred.

    Returns
    -------
    str
        Empty if there is no such file or line.
    """
    try:
        lines = [line.strip() for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return ""
    lines = [line for line in lines if line]
    matching = [line for line in lines if pattern and pattern.search(line)]
    return (matching or lines or [""])[-1]


def last_words(log: str | os.PathLike) -> str:
    """What a script said last, in one line: its error, over however many lines it goes, or else its log's last line."""
    try:
        text = Path(log).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    *_, error = re.split(r"^(?=Error: )", text, flags=re.MULTILINE)
    return " ".join(error.split()) if error.startswith("Error: ") else last_line(log)


def run_of(job: Any, runs: dict[str, str]) -> str:
    """Name of the run, or of the model of groups, that a job belongs to.

    Parameters
    ----------
    job : snakemake.jobs.Job
    runs : dict of str to str
        The runs' names by their images, for jobs that make these.
    """
    run = job.wildcards.get("run")
    if run:
        return Path(run).name
    model = job.wildcards.get("model") or job.wildcards.get("test")
    if model:
        return f"{OF_MODEL}{model}"
    return next((runs[path] for path in job.output if path in runs), STUDY)


def modified(path: str | os.PathLike) -> float:
    """When a file was last written, in seconds; 0 if it is not there."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0


def is_full(path: str | os.PathLike) -> bool:
    """Whether the disk that a file lies on has no room for a log's few words."""
    return shutil.disk_usage(path).free < FEW_BYTES


def earlier_results(job: Any) -> list[str]:
    """Files of a run that come after a job that failed, and lie there from a run of the workflow that went through."""
    dag = getattr(job, "dag", None)
    if dag is None or not hasattr(dag, "depending"):
        return []
    later = {one for one in dag.bfs(dag.depending, job) if one is not job and one.wildcards.get("run")}
    run = job.wildcards.get("run")
    return sorted(
        str(path)
        for one in later
        if run is None or one.wildcards["run"] == run
        for path in one.output
        if os.path.exists(path)
    )


def unfinished(job: Any) -> bool:
    """Whether a job's script has begun and not ended well, by its log and benchmark."""
    begun = max((modified(log) for log in job.log), default=0)
    return begun > 0 and not (job.benchmark and modified(job.benchmark) >= begun)


def describe(
    job: Any, run: str, scheduler_logs: list[str], since: float = 0, absent: Callable[[str], list[str]] | None = None
) -> Failure:
    """Tell how a job failed.

    Parameters
    ----------
    job : snakemake.jobs.Job
    run : str
    scheduler_logs : list of str
        What the cluster's scheduler wrote about it.
    since : float
        When Snakemake was started, in seconds: a log that is older is of an earlier time.
    absent : callable, optional
        Says which packages a script lacks here.

    Returns
    -------
    Failure
    """
    own = [str(log) for log in job.log if os.path.isfile(log) and modified(log) >= since - SLACK]
    message = last_words(own[0]) if own else ""
    foreign = [path for path in scheduler_logs if path not in own and os.path.isfile(path)]
    if foreign and not message.startswith("Error"):
        # The script was killed before it could say anything; the scheduler may know why.
        said = last_line(foreign[0], KILLED) or UNSAID
        return Failure(run, job.rule.name, os.path.relpath(foreign[0]), said, len(earlier_results(job)))
    # Snakemake makes an empty log where there is none.
    if not message:
        packages = absent(os.path.basename(job.rule.script)) if absent and job.rule.script else []
        if gone := [str(path) for path in job.input if not os.path.exists(path)]:
            message = f"Error: {gone[0]} has vanished; it was there when this was planned"
        elif packages:
            message = f"Error: {', '.join(packages)} is not installed here: `uv sync` installs what is missing"
        elif own and is_full(own[0]):
            message = "Error: there is no room left on the disk; make some, and start the same command again"
    message = message or (UNSAID if own else NOT_BEGUN)
    return Failure(run, job.rule.name, own[0] if own else NO_LOG, message, len(earlier_results(job)))


def list_failures(
    failed: Iterable[Any],
    runs: dict[str, str],
    scheduler_logs: dict[int, list[str]],
    since: float = 0,
    here: bool = False,
) -> list[Failure]:
    """List the runs that failed.

    Parameters
    ----------
    failed : iterable of snakemake.jobs.Job or snakemake.jobs.GroupJob
        In a group, the step of each run that began last and did not end well is named; runs that came
        through are left out.
    runs : dict of str to str
        See `run_of`.
    scheduler_logs : dict of int to list of str
        See `SchedulerLogs`.
    since : float
        When Snakemake was started, in seconds.
    here : bool
        Whether scripts run with the packages of this process.

    Returns
    -------
    list of Failure
        Sorted by run.
    """
    absent = absent_packages if here else None
    found = []
    for job in failed:
        chains: dict[str, list[Any]] = {}
        for part in (part for level in job.toposorted for part in level) if job.is_group() else [job]:
            chains.setdefault(run_of(part, runs), []).append(part)
        guilty = {}
        for run, chain in chains.items():
            if begun := [part for part in chain if unfinished(part)]:
                guilty[run] = max(begun, key=lambda part: modified(part.log[0]))
        # Where no script has begun, all runs of the job failed at their first step.
        guilty = guilty or {run: chain[0] for run, chain in chains.items()}
        found += [
            describe(part, run, scheduler_logs.get(part.jobid, []), since, absent) for run, part in guilty.items()
        ]
    return sorted(found, key=astuple)


def as_text(failures: list[Failure], n_runs: int, shown: Callable[[str], str] = str) -> str:
    """The list as lines for the screen, of a study of so many runs.

    Parameters
    ----------
    failures : list of Failure
    n_runs : int
    shown : callable, optional
        Says a path as it can be opened from the user's shell.

    Returns
    -------
    str
    """
    others = n_runs > len({failure.run for failure in failures if not failure.run.startswith(OF_MODEL)})
    lines = [f"{len(failures)} failed, {'the others are not affected' if others else 'and there are no others'}:"]
    for failure in failures:
        log = failure.log if failure.log == NO_LOG else shown(failure.log)
        lines += [f"  {failure.run}: failed at {failure.rule}", f"    {failure.message}", f"    log: {log}"]
        if failure.earlier_results:
            lines.append(f"    {failure.earlier_results} of its results lie there from an earlier time")
    return "\n".join(lines)


def write_table(failures: list[Failure], path: str | os.PathLike) -> None:
    """Write the list as a tab-separated table, or remove the table of an earlier time if nothing failed."""
    path = Path(path)
    if not failures:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [field.name for field in fields(Failure)]
    tables.write(path, {name: [getattr(failure, name) for failure in failures] for name in columns})

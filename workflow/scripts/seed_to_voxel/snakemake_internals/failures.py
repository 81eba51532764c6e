"""Which runs failed, where and why: the list at the end of a workflow.

Jobs are Snakemake's, of which only names, wildcards and files are looked at.
"""

import csv
import logging
import os
import re
from dataclasses import astuple, dataclass, fields
from pathlib import Path

STUDY = "(all runs)"
"""What stands for the run where a job works on all of them."""

KILLED = re.compile(r"slurmstepd|out.of.memory|oom|cancelled|killed|time limit|sbatch|error", re.IGNORECASE)
"""What a scheduler's last words look like."""

UNSAID = "ended without a message: killed from outside, or out of memory?"


@dataclass(frozen=True)
class Failure:
    """A run that failed.

    Attributes
    ----------
    run : str
        Its name, ``sub-01_task-rest_space-MNI``.
    rule : str
        The step it failed at.
    log : str
        Path of the log that tells most.
    message : str
        That log's last line.
    """

    run: str
    rule: str
    log: str
    message: str


class SchedulerLogs(logging.Handler):
    """Remember the logs of failed jobs that a cluster's scheduler wrote, from what Snakemake reports of them.

    Attributes
    ----------
    paths : dict of int to list of str
        The logs of the last attempt, by the number that Snakemake gives a job.
    """

    def __init__(self):
        super().__init__(logging.ERROR)
        self.paths = {}

    def emit(self, record):
        """Take the logs out of the report of a failed job or group of jobs."""
        event = getattr(getattr(record, "event", None), "value", None)
        if event == "group_error":
            for job in record.job_error_info:
                self.paths[job["jobid"]] = [path for path in record.aux_logs if path]
        elif event == "job_error" and not record.indent:
            self.paths[record.jobid] = [str(path).split(" ")[0] for path in record.log]


def last_line(path, pattern=None):
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


def run_of(job, runs):
    """Name of the run that a job belongs to.

    Parameters
    ----------
    job : snakemake.jobs.Job
    runs : dict of str to str
        The runs' names by their images, for jobs that make these.
    """
    run = job.wildcards.get("run")
    if run:
        return Path(run).name
    return next((runs[path] for path in job.output if path in runs), STUDY)


def modified(path):
    """When a file was last written, in seconds; 0 if it is not there."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0


def unfinished(job):
    """Whether a job's script has begun and not ended well, by its log and benchmark."""
    begun = max((modified(log) for log in job.log), default=0)
    return begun > 0 and not (job.benchmark and modified(job.benchmark) >= begun)


def describe(job, run, scheduler_logs):
    """Tell how a job failed.

    Parameters
    ----------
    job : snakemake.jobs.Job
    run : str
    scheduler_logs : list of str
        What the cluster's scheduler wrote about it.

    Returns
    -------
    Failure
    """
    own = [str(log) for log in job.log if os.path.isfile(log)]
    message = last_line(own[0]) if own else ""
    foreign = [path for path in scheduler_logs if path not in own and os.path.isfile(path)]
    if foreign and not message.startswith("Error"):
        # The script was killed before it could say anything; the scheduler may know why.
        return Failure(run, job.rule.name, os.path.relpath(foreign[0]), last_line(foreign[0], KILLED) or UNSAID)
    return Failure(run, job.rule.name, own[0] if own else "(none)", message or UNSAID)


def list_failures(failed, runs, scheduler_logs):
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

    Returns
    -------
    list of Failure
        Sorted by run.
    """
    found = []
    for job in failed:
        chains = {}
        for part in (part for level in job.toposorted for part in level) if job.is_group() else [job]:
            chains.setdefault(run_of(part, runs), []).append(part)
        guilty = {}
        for run, chain in chains.items():
            if begun := [part for part in chain if unfinished(part)]:
                guilty[run] = max(begun, key=lambda part: modified(part.log[0]))
        # Where no script has begun, all runs of the job failed at their first step.
        guilty = guilty or {run: chain[0] for run, chain in chains.items()}
        found += [describe(part, run, scheduler_logs.get(part.jobid, [])) for run, part in guilty.items()]
    return sorted(found, key=astuple)


def as_text(failures):
    """The list as lines for the screen."""
    lines = [f"{len(failures)} failed, the others are not affected:"]
    for failure in failures:
        lines += [f"  {failure.run}: failed at {failure.rule}", f"    {failure.message}", f"    log: {failure.log}"]
    return "\n".join(lines)


def write_table(failures, path):
    """Write the list as a tab-separated table, or remove the table of an earlier time if nothing failed."""
    path = Path(path)
    if not failures:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(field.name for field in fields(Failure))
        table.writerows(map(astuple, failures))

"""Which jobs made a study, and when: from Snakemake's graph of jobs and what it keeps of each file."""

import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

# Before `snakemake.dag`, which imports itself in a circle where it is the first.
import snakemake.api  # noqa: F401
from snakemake.dag import DAG
from snakemake.io import _IOFile, is_flagged

from ..base.steps import Step
from .patches import Patch, source_of


def keeps_times() -> bool:
    """Whether Snakemake keeps for each file when its job began and ended, and finds that by the file's path."""
    # One module, or a package of several ways to keep records.
    source = source_of("snakemake.persistence")
    return (
        all(part in source for part in ("def metadata(self, ", "starttime", "endtime"))
        and list(inspect.signature(_IOFile.new_from).parameters) == ["self", "new_value"]
        and {"needrun", "noneedrun_finished"} <= set(vars(DAG))
    )


SHA256 = re.compile("(?:sha256:)?([0-9a-f]{64})")
"""How Snakemake writes one; of earlier versions without its name."""

STEPS = Patch(
    name="times of jobs",
    replaces="the records of files that Persistence keeps",
    without="`snakemake crate` makes no archive, as it cannot say when its jobs ran; changed results are not noticed",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/persistence/__init__.py",
    is_there=keeps_times,
)


def of_graph(workflow: Any, own: Callable[[Iterable[Any]], list[Any]]) -> list[Step]:
    """The jobs of a finished study, in the order in which they ran; one that was spared since keeps its time.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        After it has run.
    own : callable
        Picks the jobs of this workflow.

    Returns
    -------
    list of Step
        Sorted by rule and outputs within what depends on nothing of each other; jobs without outputs are left out.
    """
    # What is kept in memory of the job that ended last is from before its records were written.
    if forget := getattr(workflow.persistence, "deactivate_cache", None):
        forget()
    steps = []
    for job in own(workflow.dag.jobs):
        if not job.output:
            continue
        record = workflow.persistence.metadata(job.output[0]) or {}
        steps.append(
            Step(
                rule=job.rule.name,
                script=str(job.rule.script).rpartition("/")[2] if job.rule.script else None,
                wildcards={name: str(value) for name, value in job.wildcards_dict.items()},
                taken=sorted(map(str, job.input)),
                made=sorted(map(str, job.output)),
                removed=sorted(str(path) for path in job.output if is_flagged(path, "temp")),
                began=record.get("starttime"),
                ended=record.get("endtime"),
                sums=_sums(record.get("input_checksums") or {}),
            )
        )
    return sorted(steps, key=lambda step: (step.began or 0, step.rule, step.made))


def _sums(recorded: Mapping[str, str]) -> dict[str, str]:
    """The SHA-256 of inputs; sums of other kinds are left out."""
    return {path: found[1] for path, value in recorded.items() if (found := SHA256.fullmatch(value))}


LATE = 60
"""Seconds for which a network file system may tell of a file that it is older than it is, as NFS does."""


def as_made(workflow: Any, own: Callable[[Iterable[Any]], list[Any]]) -> Callable[[str, float | None], bool]:
    """What tells files that are as their jobs made them from those that something else has changed since.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        After it has run, or had nothing to do.
    own : callable
        Picks the jobs of this workflow.

    Returns
    -------
    callable
        Of a path and the time (seconds since 1970) at which the file was known to have another content, None if it was
        not known: whether it is as its job left it, or nothing is recorded of it.
    """
    dag, persistence = workflow.dag, workflow.persistence
    if forget := getattr(persistence, "deactivate_cache", None):
        forget()
    jobs = own(dag.jobs)
    made_now = {str(path) for job in jobs if dag.needrun(job) and dag.noneedrun_finished(job) for path in job.output}
    # Records are found by Snakemake's own kind of path, also those of files that this start was not asked for.
    a_path = next((path for job in jobs for path in job.output), None)

    def is_as_made(path: str, since: float | None) -> bool:
        record = persistence.metadata(a_path.new_from(path)) if a_path is not None else None
        ended = record.get("endtime") if record else None
        if ended is None:
            return True
        if os.stat(path).st_mtime > ended + LATE:
            return False
        # Clocks of a file server and of this machine may differ: of jobs of this start, none is asked.
        return since is None or path in made_now or ended >= since

    return is_as_made

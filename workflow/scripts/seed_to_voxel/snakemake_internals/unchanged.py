"""Jobs that are spared, as those that they waited for have made the same bytes again."""

import inspect
from typing import Any

# Before `snakemake.dag`, which imports itself in a circle where it is the first.
import snakemake.api  # noqa: F401
from snakemake.dag import DAG
from snakemake.logging import logger
from snakemake.persistence.file import FilePersistence

from .patches import Patch

CHECKED = ("params_changed", "input_changed", "code_changed", "software_stack_changed")
"""What Snakemake compares of a job with its last run, beside the content of its inputs."""

UNCHANGED = Patch(
    name="inputs that came out the same",
    replaces="DAG.finish, after which whatever waited for a job runs, also where the job has made the same bytes again",
    without="a changed seed of a run draws the paper's figures of the other seeds again, to the same bytes",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/dag.py",
    is_there=lambda: (
        list(inspect.signature(DAG.finish).parameters) == ["self", "job", "update_checkpoint_dependencies"]
        and {"_running", "_ready_jobs", "mark_finished", "update_ready"} <= set(DAG.finish.__code__.co_names)
        and {"_running", "_ready_jobs"} <= set(DAG.register_running.__code__.co_names)
        and all(hasattr(FilePersistence, name) for name in (*CHECKED, "input_checksums", "has_metadata"))
        and "is_same_checksum" in inspect.getsource(DAG.update_needrun)
    ),
)


async def is_as_it_was(dag: Any, job: Any) -> bool:
    """Whether a job would find what it found when it ran last, by what Snakemake itself compares.

    Snakemake asks this of each job when it plans, but not of those that come after a job that is to run: what that will
    leave is not known by then.

    Parameters
    ----------
    dag : snakemake.dag.DAG
    job : snakemake.jobs.Job
        One that is ready to run.

    Returns
    -------
    bool
        False as well where it cannot be known: a file beyond ``--max-checksum-file-size``, a job without a record.
    """
    reason, persistence = dag.reason(job), dag.workflow.persistence
    if job.is_checkpoint or job.rule.norun or not job.output:
        return False
    # Of the reasons for which Snakemake runs a job, this one alone is that another job runs.
    if not reason.updated_input_run or not reason.derived or reason.missing_output:
        return False
    if job.rule in dag.forcerules or not dag.forcefiles.isdisjoint(job.output):
        return False
    oldest = await job.output_mintime
    if oldest is None or [path async for path in job.missing_output(job.output)]:
        return False
    if not persistence.has_metadata(job) or persistence.has_outdated_metadata(job):
        return False
    if await persistence.incomplete(job):
        return False
    async for _ in job.outputs_older_than_script_or_notebook():
        return False
    for change in CHECKED:
        found = getattr(persistence, change)(job)
        if any(found) if inspect.isgenerator(found) else found:
            return False
    for path in job.input:
        if not await path.exists():
            return False
        if not await path.is_newer(oldest):
            continue
        recorded = persistence.input_checksums(job, path)
        if len(recorded) != 1 or not await path.is_same_checksum(recorded.pop(), dag.max_checksum_file_size):
            return False
    return True


def spare_what_is_as_it_was(workflow: Any) -> None:
    """Let a job count as finished where all that it waited for has come out with the same bytes.

    Snakemake plans before anything is computed: where a job is to run, so is whatever follows from it. Here, a job that
    becomes ready is looked at once more, as it would be if Snakemake were started anew by then. Jobs within groups,
    which a cluster runs as one, run as planned.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Its graph, which is about to be run, is changed in place.
    """
    dag, finish = workflow.dag, workflow.dag.finish
    # In a dry run, and where files are touched alone, jobs end without having made anything.
    if not workflow.is_main_process or workflow.dryrun or workflow.touch:
        return

    async def finish_and_spare(job: Any, update_checkpoint_dependencies: bool = True) -> Any:
        before = set(dag._ready_jobs)
        ready = await finish(job, update_checkpoint_dependencies)
        for each in dag._ready_jobs - before:
            # Another that was spared meanwhile may have made it ready, and have looked at it.
            if each not in dag._ready_jobs or each.is_group() or not await is_as_it_was(dag, each):
                continue
            logger.info(f"Not needed, as its inputs came out the same: {each.message or each.rule.name}")
            dag.register_running({each})
            workflow.scheduler.finished_jobs += 1
            workflow.scheduler.progress()
            await finish_and_spare(each, update_checkpoint_dependencies)
        return ready

    dag.finish = finish_and_spare

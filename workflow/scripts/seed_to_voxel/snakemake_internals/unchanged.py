"""Jobs that are spared, as those that they waited for have made the same bytes again."""

import inspect
from collections.abc import Collection
from typing import Any

# Before `snakemake.dag`, which imports itself in a circle where it is the first.
import snakemake.api  # noqa: F401
from snakemake.dag import DAG
from snakemake.jobs import Job
from snakemake.logging import logger
from snakemake.persistence.file import FilePersistence
from snakemake_interface_logger_plugins.common import LogEvent

from .patches import Patch

UNCHANGED = Patch(
    name="inputs that came out the same",
    replaces="DAG.finish, after which whatever waited for a job runs, also where the job has made the same bytes again",
    without="a changed seed of a run draws the paper's figures of the other seeds again, to the same bytes",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/dag.py",
    is_there=lambda: (
        list(inspect.signature(DAG.finish).parameters) == ["self", "job", "update_checkpoint_dependencies"]
        and {"_running", "_ready_jobs", "mark_finished", "update_ready"} <= set(DAG.finish.__code__.co_names)
        and {"_running", "_ready_jobs"} <= set(DAG.register_running.__code__.co_names)
        and all(hasattr(FilePersistence, name) for name in ("metadata", "code_changed", "software_stack_changed"))
        and hasattr(FilePersistence._params, "cache_clear")
        and "infile in job.input" in inspect.getsource(FilePersistence.finished)
        and hasattr(Job, "reset_params_and_resources")
    ),
)


async def is_as_it_was(dag: Any, job: Any) -> bool:
    """Whether a job would find what it found when it ran last, and what it made then is still there.

    Snakemake asks this of each job when it plans, but not of those that come after a job that is to run: what that will
    leave is not known by then. More is asked here: every input must have a checksum, and the one that was recorded,
    whatever the times of the files; inputs must come in the same order, and outputs be those that the job left.

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
    # Of the reasons for which Snakemake runs a job, this one alone is that another job runs.
    if not reason.updated_input_run or not reason.derived or reason.missing_output:
        return False
    if job.is_checkpoint or job.rule in dag.forcerules or not dag.forcefiles.isdisjoint(job.output):
        return False
    if not persistence.has_metadata(job) or persistence.has_outdated_metadata(job):
        return False
    if await persistence.incomplete(job) or [path async for path in job.missing_output(job.output)]:
        return False
    async for _ in job.outputs_older_than_script_or_notebook():
        return False
    if any(persistence.code_changed(job)) or any(persistence.software_stack_changed(job)):
        return False
    # As when a job starts: what its parameters are made from may be there only now.
    job.reset_params_and_resources()
    persistence._params.cache_clear()
    params, checksums = persistence._params(job), persistence.metadata(job.output[0]).get("input_checksums") or {}
    if list(checksums) != list(dict.fromkeys(map(str, job.input))):
        return False
    for path in job.output:
        record = persistence.metadata(path)
        if record.get("params") != params or record.get("input_checksums") != checksums:
            return False
        if record.get("endtime") != (await path.mtime()).local_or_storage():
            return False
    for path in job.input:
        if not await path.is_same_checksum(checksums[str(path)], dag.max_checksum_file_size):
            return False
    return True


def spare_what_is_as_it_was(workflow: Any, names: Collection[str]) -> None:
    """Let jobs count as finished where all that they waited for has come out with the same bytes.

    Snakemake plans before anything is computed: where a job is to run, so is whatever follows from it. Here, a job that
    becomes ready is looked at once more, as it would be if Snakemake were started anew by then. Jobs within groups,
    which a cluster runs as one, run as planned.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Its graph, which is about to be run, is changed in place.
    names : collection of str
        Of the rules of which jobs are spared: those that have few files, and take longer to run than to look at.
    """
    dag, finish = workflow.dag, workflow.dag.finish
    # In a dry run, and where files are touched alone, jobs end without having made anything.
    if not workflow.is_main_process or workflow.dryrun or workflow.touch:
        return

    async def finish_and_spare(job: Any, update_checkpoint_dependencies: bool = True) -> Any:
        before = set(dag._ready_jobs)
        ready = await finish(job, update_checkpoint_dependencies)
        for each in dag._ready_jobs - before:
            if each.is_group() or each.rule.name not in names:
                continue
            # Another that was spared meanwhile may have made it ready, and have looked at it.
            if each not in dag._ready_jobs or not await is_as_it_was(dag, each):
                continue
            dag.register_running({each})
            tell(workflow.scheduler, each)
            await finish_and_spare(each, update_checkpoint_dependencies)
        return ready

    dag.finish = finish_and_spare


def tell(scheduler: Any, job: Any) -> None:
    """Say that a job is spared, to people and to what counts the jobs that have ended."""
    job.log_info()
    logger.info("Not needed, as its inputs came out the same")
    scheduler.finished_jobs += 1
    logger.info(
        f"Finished jobid: {job.jobid} (Rule: {job.rule.name})",
        extra={"event": LogEvent.JOB_FINISHED, "job_id": job.jobid},
    )
    scheduler.progress()

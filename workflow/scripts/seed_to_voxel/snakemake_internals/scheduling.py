"""Two habits of Snakemake's scheduler, mended: timers without end, and forgotten jobs."""

import inspect
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

from snakemake.scheduling.job_scheduler import JobScheduler

from .patches import Patch

ONE_TIMER = Patch(
    name="one timer",
    replaces="the timers of JobScheduler._schedule_reevalutation",
    without="the scheduler looks at its jobs ever more often in a study of many runs, and ends a second late",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/scheduling/job_scheduler.py",
    is_there=lambda: (
        "threading.Timer" in inspect.getsource(JobScheduler._schedule_reevalutation)
        and "_open_jobs" in JobScheduler.__init__.__code__.co_names
    ),
)

PATIENCE = Patch(
    name="patience with a silent cluster",
    replaces="check_active_jobs of the executor for Slurm, which leaves out jobs of which squeue or sacct said nothing",
    without="jobs are waited for without end once squeue or sacct has not answered for a while; Ctrl-C and the same "
    "command go on",
    upstream="https://github.com/snakemake/snakemake-executor-plugin-slurm/issues/207",
    is_there=lambda: looks_once_at_each_job(),
    versions=">=2,<3",
    package="snakemake-executor-plugin-slurm",
)


def looks_once_at_each_job() -> bool:
    """Whether the executor for Slurm hands back the jobs that go on, and reports those that ended, as it looks."""
    from snakemake_executor_plugin_slurm import Executor

    look = Executor.check_active_jobs
    reports = ("report_job_success", "report_job_error")
    return inspect.isasyncgenfunction(look) and all(name in look.__code__.co_names for name in reports)


def look_in_time(scheduler_class: Any = JobScheduler) -> None:
    """Let schedulers have one timer for the next look at their jobs, and none that holds up their end.

    To keep to `--max-jobs-per-timespan`, Snakemake (9.27) starts a timer of a second after each look at jobs that
    wait, and each timer ends in another look. As every job that ends adds a look of its own, a study of many runs comes
    to look hundreds of times a second, with as many threads; and the timers left at the end keep the process alive.

    Parameters
    ----------
    scheduler_class : type
        `snakemake.scheduling.job_scheduler.JobScheduler`, changed in place. It is the class, as the Snakemake inside
        of a cluster's job calls no hook that could name its scheduler.
    """
    waiting: set[tuple[int, float]] = set()

    def look_later(self: Any, delay: float) -> None:
        look_now = self._open_jobs.release
        key = id(self), delay
        if key in waiting:
            return
        waiting.add(key)

        def look() -> None:
            waiting.discard(key)
            look_now()

        timer = threading.Timer(delay, look)
        timer.daemon = True
        timer.start()

    scheduler_class._schedule_reevalutation = look_later


def is_slurm(executor: Any) -> bool:
    """Whether an executor is the one for Slurm; others keep to the contract of `check_active_jobs`, as far as known."""
    return type(executor).__module__.partition(".")[0] == "snakemake_executor_plugin_slurm"


def keep_in_sight(executor: Any) -> None:
    """Let an executor ask again about jobs of which a look at the cluster said nothing.

    Where neither squeue nor sacct answers, the executor for Slurm forgets the jobs it asked about, and
    Snakemake would wait for them for ever. Here, a job counts as running until it is said to have ended.

    Parameters
    ----------
    executor : snakemake_interface_executor_plugins.executors.remote.RemoteExecutor
        Changed in place.
    """
    ended: set[int] = set()

    def noting(report: Callable[..., None]) -> Callable[..., None]:
        def noted(info: Any, *arguments: Any, **options: Any) -> None:
            ended.add(id(info))
            report(info, *arguments, **options)

        return noted

    executor.report_job_success = noting(executor.report_job_success)
    executor.report_job_error = noting(executor.report_job_error)
    look = executor.check_active_jobs

    async def patient_look(jobs: list[Any]) -> AsyncIterator[Any]:
        running = set()
        async for info in look(jobs):
            running.add(id(info))
            yield info
        for info in jobs:
            if id(info) in ended:
                ended.discard(id(info))
            elif id(info) not in running:
                yield info

    executor.check_active_jobs = patient_look

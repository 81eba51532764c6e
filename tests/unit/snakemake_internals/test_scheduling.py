import asyncio
import importlib.util
import threading
from types import SimpleNamespace

from conftest import absent

from seed_to_voxel.snakemake_internals import scheduling


class Executor:
    """As the executor for Slurm: of jobs that it could not ask about, it says nothing."""

    def __init__(self, answers):
        self.answers = answers
        self.reported = []

    def report_job_success(self, info):
        self.reported.append(("success", info.name))

    def report_job_error(self, info, msg=None):
        self.reported.append((msg, info.name))

    async def check_active_jobs(self, jobs):
        answer = self.answers.pop(0)
        for info in jobs if answer is not None else []:
            state = answer.get(info.name, "RUNNING")
            if state == "COMPLETED":
                self.report_job_success(info)
            elif state == "FAILED":
                self.report_job_error(info, msg=state)
            else:
                yield info


def test_jobs_are_kept_while_nobody_answers():
    executor = Executor([None, {"a": "COMPLETED", "b": "FAILED"}, None, {"c": "COMPLETED"}])
    scheduling.keep_in_sight(executor)
    jobs = [SimpleNamespace(name=name) for name in "abc"]

    async def look():
        return [info async for info in executor.check_active_jobs(jobs)]

    seen = []
    while jobs:
        jobs = asyncio.run(look())
        seen.append("".join(info.name for info in jobs))
    assert seen == ["abc", "c", "c", ""]
    assert executor.reported == [("success", "a"), ("FAILED", "b"), ("success", "c")]


def test_only_the_executor_for_slurm_is_changed():
    from snakemake.executors.local import Executor as Local

    assert not scheduling.is_slurm(object.__new__(Local))
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        absent("cluster", "snakemake-executor-plugin-slurm is not installed")
    from snakemake_executor_plugin_slurm import Executor as Slurm

    assert scheduling.is_slurm(object.__new__(Slurm))


def test_one_timer_at_a_time_and_none_that_holds_up_the_end():
    class Scheduler:
        def __init__(self):
            self._open_jobs = threading.Semaphore(0)

    scheduling.look_in_time(Scheduler)
    scheduler = Scheduler()
    before = set(threading.enumerate())
    for _ in range(20):
        scheduler._schedule_reevalutation(0.05)
    timers = set(threading.enumerate()) - before
    assert len(timers) == 1
    assert all(timer.daemon for timer in timers)
    assert scheduler._open_jobs.acquire(timeout=10)
    assert not scheduler._open_jobs.acquire(timeout=0.2)
    # The next look is waited for anew, and a longer wait does not stand in for a shorter one.
    scheduler._schedule_reevalutation(30)
    scheduler._schedule_reevalutation(0.01)
    assert scheduler._open_jobs.acquire(timeout=10)

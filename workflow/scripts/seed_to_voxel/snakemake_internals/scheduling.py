"""Two habits of Snakemake's scheduler, mended: timers without end, and forgotten jobs."""

import threading


def look_in_time(scheduler_class):
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
    waiting = set()

    def look_later(self, delay):
        look_now = self._open_jobs.release
        key = id(self), delay
        if key in waiting:
            return
        waiting.add(key)

        def look():
            waiting.discard(key)
            look_now()

        timer = threading.Timer(delay, look)
        timer.daemon = True
        timer.start()

    scheduler_class._schedule_reevalutation = look_later


def keep_in_sight(executor):
    """Let an executor ask again about jobs of which a look at the cluster said nothing.

    Where neither squeue nor sacct answers, the executor for Slurm forgets the jobs it asked about, and
    Snakemake would wait for them for ever. Here, a job counts as running until it is said to have ended.

    Parameters
    ----------
    executor : snakemake_interface_executor_plugins.executors.remote.RemoteExecutor
        Changed in place; an executor that runs jobs on this machine is left alone.
    """
    if not hasattr(executor, "check_active_jobs"):
        return
    ended = set()

    def noting(report):
        def noted(info, *arguments, **options):
            ended.add(id(info))
            return report(info, *arguments, **options)

        return noted

    executor.report_job_success = noting(executor.report_job_success)
    executor.report_job_error = noting(executor.report_job_error)
    look = executor.check_active_jobs

    async def patient_look(jobs):
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

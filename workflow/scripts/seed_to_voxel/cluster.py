"""Keep a cluster's jobs in sight while its controller does not answer."""


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

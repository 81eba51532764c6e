"""What Snakemake is asked for around a run of the workflow, under a few names that the rules call."""

import gc
import sys

from snakemake.logging import logger
from snakemake.scheduling.job_scheduler import JobScheduler

from . import failures, reporting, scheduling


class Session:
    """One start of Snakemake.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    """

    def __init__(self, workflow):
        self.workflow = workflow
        # The graph of a thousand runs is millions of objects that all stay: looking for garbage among them takes time.
        gc.set_threshold(200_000, 20, 100)
        scheduling.look_in_time(JobScheduler)
        self.scheduler_logs = failures.SchedulerLogs()
        logger.addHandler(self.scheduler_logs)

    def begin(self):
        """Prepare the executor, once there is one."""
        scheduling.keep_in_sight(self.workflow.scheduler._executor)

    def note_failures(self, runs, table):
        """Show the runs that failed, and keep the list for the report and for programs.

        Parameters
        ----------
        runs : dict of str to seed_to_voxel.study.runs.Run
            All runs, by their wildcard.
        table : str or path-like
            Where the list is kept; removed if nothing failed.

        Returns
        -------
        list of failures.Failure
        """
        by_image = {run.bold: run.stem for run in runs.values()}
        failed = failures.list_failures(self.workflow.scheduler.failed, by_image, self.scheduler_logs.paths)
        failures.write_table(failed, table)
        self.workflow.config["failed_runs"] = [vars(failure) for failure in failed]
        if failed:
            print(f"\n{failures.as_text(failed)}\n(table: {table})\n", file=sys.stderr)
        return failed

    def write_report(self, path, stylesheet, runs, facts):
        """Make the report at the end of a run of the whole workflow.

        A profile's `report` would break dry runs on a clean tree, and a job cannot make it, since a report needs the
        metadata of finished jobs. A run of single targets leaves the report as it is.

        Parameters
        ----------
        path, stylesheet : pathlib.Path
        runs : iterable of str
            The wildcards of all runs, in the order in which they are shown.
        facts : dict
            What the landing page says of the study beside its config.
        """
        chosen = self.workflow.dag_settings
        if set(chosen.targets) - {"all"} or chosen.until or chosen.omit_from:
            return
        finished = reporting.Finished(self.workflow.dag, runs, reporting.budget(path))
        # The landing page sees the config alone; no job comes after this.
        self.workflow.config.update(facts=facts, runs_shown=finished.n_shown, runs_done=finished.n_done)
        reporting.write(self.workflow, finished, path, stylesheet)
        print(f"Report: {path}", file=sys.stderr)

    @staticmethod
    def end():
        """Let Python end without looking through the whole graph for garbage once more."""
        gc.freeze()

"""What Snakemake is asked for around a run of the workflow, under a few names that the Snakefile calls."""

import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import wraps
from os import PathLike
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from ..base import garbage
from ..base.errors import InputError
from ..base.steps import Step
from . import (
    copies,
    failures,
    finished_steps,
    imported,
    interruption,
    light,
    paths,
    planning,
    records,
    reporting,
    scheduling,
    screen,
    surroundings,
    unchanged,
)
from .patches import Patch

ALL_THE_TIME: tuple[tuple[Patch, Callable[[], None]], ...] = (
    (scheduling.ONE_TIMER, scheduling.look_in_time),
    (planning.MAKERS, planning.look_up_makers),
    (planning.NESTED, planning.compare_only_nested),
    (planning.SCRIPTS, planning.look_once_at_scripts),
    (planning.FLAGS, planning.tell_files_by_their_class),
    (planning.EXISTENCE, planning.look_up_files),
    (planning.UNFINISHED, planning.look_for_records_where_there_are_some),
    (planning.PARAMS, planning.leave_params_alone),
    (paths.PATTERNS, paths.apply_patterns),
    (paths.LISTS, paths.name_items_of_patterns),
    (paths.NEEDS, paths.know_the_needed),
    (paths.VALID, paths.look_once_at_own_files),
    (light.FILES, light.flag_only_the_flagged),
    (light.LISTS, light.name_only_the_named),
    (light.EDGES, light.share_edges),
    (light.NOTHING, light.hold_nothing_once),
    (records.CHECKSUMS, records.sum_once),
)
"""Changes to classes of Snakemake, as soon as the workflow is read."""

MADE: set[Patch] = set()
"""Those of them that this process has made: a module is read anew for each statement that uses its rules."""

PATCHES = (
    *(patch for patch, _ in ALL_THE_TIME),
    scheduling.PATIENCE,
    failures.LIST,
    failures.VANISHED,
    finished_steps.STEPS,
    imported.MODULE,
    reporting.AT_THE_END,
    reporting.INERT,
    reporting.NUMBERS,
    reporting.TEXTS,
    reporting.FRAMES,
    screen.CALM,
    interruption.INTERRUPT,
    copies.COPIES,
    unchanged.UNCHANGED,
)
"""All changes to Snakemake, as ``docs/snakemake.md`` lists them."""

LANDING = "../report/workflow.rst"
"""Text of the report's landing page, as seen from the rules."""

GO_ON = "Interrupted. Nothing is lost but the jobs that were running: the same command goes on from here."


class Session:
    """One start of Snakemake.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    config : dict
        The study's, from which the report's landing page is made.
    root : pathlib.Path
        The project's folder.

    Attributes
    ----------
    is_module : bool
        Whether another workflow has imported this one. Snakemake's screen and its interruption are left to that one,
        and what is done at the end is done after it, since Snakemake calls no `onsuccess` or `onerror` of a module.
    """

    def __init__(self, workflow: Any, config: dict, root: Path) -> None:
        self.workflow = workflow
        self.config = config
        self.root = root
        self.since = time.time()
        self.deploys = bool(workflow.deployment_settings.deployment_method)
        self.report_text = workflow.current_basedir.join(LANDING)
        self.begun = False
        self.interrupted = False
        self.advice = GO_ON
        self.obstacles: dict[Patch, str | None] = {}
        self.filters: list[screen.Calm] = []
        self.scheduler_logs = failures.SchedulerLogs()
        self.is_module = self.may(imported.MODULE) and imported.is_module(workflow)
        # The graph of a thousand runs is millions of objects that all stay.
        garbage.look_seldom(200_000)
        for patch, change in ALL_THE_TIME:
            if patch not in MADE and self.may(patch):
                change()
                MADE.add(patch)
        if workflow.is_main_process:
            logger.addHandler(self.scheduler_logs)
            settings = workflow.output_settings
            # A dry run shows errors by itself.
            quiet = () if settings.dryrun else [str(each) for each in settings.quiet or ()]
            screen.show_refusals(quiet)
            if self.may(reporting.INERT):
                reporting.hold_texts_back()
            if not self.is_module:
                self.calm_down()

    @property
    def of_command_line(self) -> dict[str, Any]:
        """What `--config` sets."""
        return dict(self.workflow.config_settings.config)

    @property
    def given(self) -> tuple[dict | None, dict[str, Any]]:
        """The config that an importer gives, None where there is none; and what the command line sets."""
        return self.config if self.is_module else None, self.of_command_line

    @property
    def words_of_config(self) -> list[str]:
        """What `--config` sets in words, as they were given."""
        return list(self.workflow.config_settings.config_args or ()) if self.of_command_line else []

    def may(self, patch: Patch) -> bool:
        """Whether a change can be made to the Snakemake that is installed; once, say why not."""
        if patch not in self.obstacles:
            self.obstacles[patch] = obstacle = patch.obstacle()
            if obstacle and self.workflow.is_main_process:
                logger.warning(f"Note: {obstacle}")
        return self.obstacles[patch] is None

    def calm_down(self) -> None:
        """Prepare screen and Ctrl-C."""
        quiet_interruption = self.may(interruption.INTERRUPT)
        self.filters = screen.watch(chatter=not self.workflow.output_settings.verbose and self.may(screen.CALM))
        if quiet_interruption:
            interruption.leave_ctrl_c_to_snakemake()
            interruption.say_without_traceback(lambda: self.advice)

    def place(self, folder: str) -> str:
        """Where a folder lies: below the prefix that a module has."""
        return imported.place(self.workflow, folder) if self.is_module else folder

    def shown(self, path: str | PathLike) -> str:
        """A path as it can be opened from where the command was typed.

        Under `--directory`, Snakemake works elsewhere than the user's shell is, where perhaps another study has a file
        at the same relative path: the folder stands before it, as the user has written it.
        """
        folder = self.workflow.overwrite_workdir
        return str(path if folder is None else Path(folder, path))

    def shown_in_message(self, path: str | PathLike) -> str:
        """The same in the message of a rule: that is a template, in which braces stand for something."""
        return self.shown(path).replace("{", "{{").replace("}", "}}")

    def importing(self, log: str) -> tuple[str, str] | None:
        """Of a module, the Snakefile that imports it and what it calls the rule with a log; None where it has none."""
        name = imported.name_of_rule(self.workflow, log)
        return (self.workflow.main_snakefile, name) if name else None

    def own(self, jobs: Iterable[Any]) -> list[Any]:
        """Those of some jobs that are this workflow's."""
        return [job for job in jobs if imported.is_of(job, self.root)] if self.is_module else list(jobs)

    def interrupt(self) -> None:
        """Note that the user has interrupted: what ends now has not failed."""
        self.interrupted = True
        for calm in self.filters:
            calm.interrupted = True

    def begin(self, spared: Collection[str] = ()) -> None:
        """Prepare the executor, once there is one.

        Parameters
        ----------
        spared : collection of str
            Rules of which a job does not run where all that it waited for has come out the same.
        """
        self.begun = True
        executor = self.workflow.scheduler._executor
        self.check(executor)
        if self.workflow.is_main_process and copies.are_wanted() and self.may(copies.COPIES):
            copies.run_in_copies(self.root)
        if self.may(unchanged.UNCHANGED):
            unchanged.spare_what_is_as_it_was(self.workflow, spared)
        if self.may(failures.VANISHED):
            for one in filter(None, {executor, self.workflow.scheduler._local_executor}):
                failures.fail_without_input(one)
        if scheduling.is_slurm(executor) and self.may(scheduling.PATIENCE):
            scheduling.keep_in_sight(executor)
        if self.may(interruption.INTERRUPT):
            interruption.end_jobs_at_once(executor, self.interrupt)

    def check(self, executor: Any) -> None:
        """Refuse to begin what cannot end.

        Raises
        ------
        snakemake.exceptions.WorkflowError
        """
        try:
            # Environments that Snakemake deploys have a Python of their own.
            if not self.deploys:
                surroundings.check_python()
            surroundings.check_cluster(executor)
        except InputError as error:
            raise WorkflowError(str(error)) from None

    def check_folders(self, results: Path) -> None:
        """Refuse to begin where neither Snakemake nor a job can write; a dry run writes no results.

        Raises
        ------
        snakemake.exceptions.WorkflowError
        """
        written: list[str | PathLike] = (
            [".snakemake"] if self.workflow.output_settings.dryrun else [".snakemake", results]
        )
        try:
            surroundings.check_folders(written)
        except InputError as error:
            raise WorkflowError(str(error)) from None

    def note_failures(self, runs: Mapping[str, Any], table: str | PathLike) -> list[failures.Failure]:
        """Show the runs that failed, and keep the list for the report and for programs.

        Parameters
        ----------
        runs : dict of str to seed_to_voxel.study.runs.Run
            All runs, by their wildcard.
        table : str or path-like
            Where the list is kept; removed if nothing failed. A start that was not asked for the whole leaves it.

        Returns
        -------
        list of failures.Failure
        """
        if not self.may(failures.LIST):
            return []
        by_image = {run.bold: run.stem for run in runs.values()}
        failed = failures.list_failures(
            self.own(self.workflow.scheduler.failed),
            by_image,
            self.scheduler_logs.paths,
            self.since,
            here=not self.deploys,
        )
        # A start that was asked for a part says nothing of the others that had failed.
        writes = reporting.is_whole(self.workflow) and bool(failed or not self.interrupted)
        if writes:
            failures.write_table(failed, table)
        self.config["failed_runs"] = [vars(failure) for failure in failed]
        if failed:
            text = failures.as_text(failed, len(runs), self.shown)
            where = f"(table: {self.shown(table)})\n" if writes else ""
            print(f"\n{text}\n{where}", file=sys.stderr)
        return failed

    def conclude_after(
        self,
        files: Sequence[str | PathLike],
        note: Callable[[], list[failures.Failure]],
        conclude: Callable[[], None],
        archive: Callable[[], None] = lambda: None,
        remind: Callable[[], None] = lambda: None,
    ) -> None:
        """Let a report that is missing or old be made also where Snakemake calls no handler of ours.

        That is where no job is left to be done, and in a module.

        Parameters
        ----------
        files : sequence of str or path-like
            The report, and what else is made with it.
        note : callable
            Notes failures, and returns them; called in a module alone.
        conclude : callable
            Makes the report.
        archive : callable
            Makes the archive, where it is asked for.
        remind : callable
            Says what is to be said although nothing has changed.
        """
        execute = self.workflow.execute
        # A module that is read again, for another statement that uses its rules, has the same report.
        concluding: frozenset[str] = getattr(execute, "concluding", frozenset())
        if str(files[0]) in concluding:
            return

        def go_on() -> None:
            if self.workflow.dryrun or self.workflow.touch or not self.own(self.workflow.dag.jobs):
                return
            failed = note() if self.is_module else []
            if self.may_report():
                is_current = not failed and reporting.is_current(self.workflow.dag, self.own, files)
                (remind if is_current else conclude)()
            if not failed:
                archive()

        @wraps(execute)
        def execute_and_conclude(*arguments: Any, **options: Any) -> Any:
            self.check_folders(Path(files[0]).parent)
            try:
                done = execute(*arguments, **options)
            except WorkflowError:
                if self.is_module and self.workflow.scheduler and self.workflow.scheduler.failed:
                    go_on()
                raise
            if self.is_module or not self.begun:
                go_on()
            return done

        execute_and_conclude.concluding = concluding | {str(files[0])}  # type: ignore[attr-defined]
        if self.workflow.is_main_process and self.may(reporting.AT_THE_END):
            self.workflow.execute = execute_and_conclude

    def is_asked_for(self, target: str) -> bool:
        """Whether Snakemake was called with a target, and all of the study is there."""
        asked = target in self.workflow.dag_settings.targets and not self.workflow.dryrun
        return asked and not self.interrupted and reporting.is_whole(self.workflow)

    def steps(self) -> list[Step]:
        """The jobs that have made the study.

        Raises
        ------
        snakemake.exceptions.WorkflowError
            If Snakemake does not say when they ran.
        """
        if not self.may(finished_steps.STEPS):
            raise WorkflowError("No archive is made, since Snakemake does not say when its jobs ran")
        return finished_steps.of_graph(self.workflow, self.own)

    def as_made(self) -> Callable[[str, float | None], bool]:
        """What tells files that are as their jobs made them; all are, where Snakemake does not say when jobs ran."""
        # Without records of this start, those of an earlier one would speak against what it has made.
        if not self.workflow.execution_settings.keep_metadata or not self.may(finished_steps.STEPS):
            return lambda path, since: True
        return finished_steps.as_made(self.workflow, self.own)

    @property
    def conda(self) -> Path | None:
        """Folder of the environments that Snakemake has deployed; None where jobs ran with the packages of this one."""
        return Path(self.workflow.persistence.conda_env_path) if self.deploys else None

    def may_report(self) -> bool:
        """Whether a report can be made of this run of Snakemake, which is of all results and was not interrupted."""
        able = self.may(reporting.AT_THE_END) and self.may(reporting.INERT)
        return able and not self.interrupted and reporting.is_whole(self.workflow)

    def write_report(self, path: str | PathLike, stylesheet: Path, runs: Mapping[str, Any], facts: dict) -> None:
        """Make the report at the end of a run of the whole workflow.

        A profile's `report` would break dry runs on a clean tree, and a job cannot make it, since a report needs the
        metadata of finished jobs. A run of single targets, or one that was interrupted, leaves the report as it is; so
        does one in which every run failed that had results before.

        Parameters
        ----------
        path, stylesheet : pathlib.Path
        runs : dict of str to seed_to_voxel.study.runs.Run
            All runs, by their wildcard, in the order in which they are shown.
        facts : dict
            What the landing page says of the study beside its config.

        Raises
        ------
        snakemake.exceptions.WorkflowError
            If there is no room for it, for instance; a report of an earlier time stays.
        """
        if not self.may_report():
            return
        self.advice = "Interrupted: the report was not made; the same command makes it."
        seen = imported.Seen(self.workflow, self.config, self.report_text)
        finished = reporting.Finished(self.workflow.dag, self.own, runs, reporting.budget(path), seen)
        if reporting.would_lose_all(finished, self.config.get("failed_runs") or [], path):
            said = f"Report: {self.shown(path)} stays as it was, of an earlier time, as no run went through"
            print(said, file=sys.stderr)
            return
        # The landing page sees the config alone; no job comes after this.
        self.config.update(facts=facts, runs_shown=finished.n_shown, runs_done=finished.n_done)
        try:
            reporting.write(self.workflow, finished, Path(path), stylesheet, self.may)
        except OSError as error:
            raise WorkflowError(
                f"The results are made, and the report {self.shown(path)} could not be written "
                f"({error.strerror or error}). Mend that, and the same command makes it."
            ) from None
        self.advice = GO_ON
        print(f"Report: {self.shown(path)}", file=sys.stderr)

    def end(self) -> None:
        """Say that the user has interrupted, if so, and let Python end at once."""
        # At SIGTERM, as a batch system sends it, Snakemake lets the running jobs end and begins no other.
        if self.interrupted or getattr(self.workflow.scheduler, "_user_kill", None):
            self.interrupt()
            print(f"\n{GO_ON}", file=sys.stderr)
        garbage.set_aside()

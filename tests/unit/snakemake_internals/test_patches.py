"""The changes to Snakemake: they fit the version that is installed, and notice one that they do not fit."""

import inspect
import json
from importlib import metadata

import pytest
from conftest import ROOT, absent

from seed_to_voxel.snakemake_internals import (
    failures,
    imported,
    interruption,
    light,
    paths,
    planning,
    reporting,
    scheduling,
    screen,
    session,
)
from seed_to_voxel.snakemake_internals.patches import Patch

IDS = [patch.name for patch in session.PATCHES]


def installed(patch):
    try:
        metadata.version(patch.package)
    except metadata.PackageNotFoundError:
        absent("cluster", f"{patch.package} is not installed")
    return patch


def a_patch(**changed):
    options = {"name": "a change", "replaces": "a habit", "without": "it goes on", "upstream": "https://", **changed}
    return Patch(**{"is_there": lambda: True, **options})


@pytest.mark.parametrize(
    ("version", "fits"),
    [("9.19.0", False), ("9.20", True), ("9.27.1", True), ("9.99.0", True), ("10.0.0", False), ("10.0.0b1", False)],
)
def test_a_patch_is_for_its_versions(version, fits, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda package: version)
    obstacle = a_patch(versions=">=9.20,<10").obstacle()
    assert (obstacle is None) == fits
    if not fits:
        assert obstacle.startswith(f"With snakemake {version}, it goes on")
        assert ">=9.20,<10" in obstacle and "'a change'" in obstacle


@pytest.mark.parametrize("look", [lambda: False, lambda: 1 / 0, lambda: __import__("no_such_module")])
def test_a_patch_is_not_made_where_it_finds_nothing_to_replace(look):
    assert "does not find a habit" in a_patch(is_there=look).obstacle()


@pytest.mark.parametrize("patch", session.PATCHES, ids=IDS)
def test_every_patch_fits_what_is_installed(patch):
    assert installed(patch).obstacle() is None


def with_other_sources(text, put, monkeypatch):
    """Let every source that is looked at read otherwise in one place; returned is whether any had it."""
    seen = []

    def changing(read):
        def changed(thing):
            source = read(thing)
            seen.append(text in source)
            return source.replace(text, put)

        return changed

    monkeypatch.setattr(inspect, "getsource", changing(inspect.getsource))
    for module in (screen, interruption, failures):
        monkeypatch.setattr(module, "source_of", changing(module.source_of))
    return seen


CHANGED_CONTENT = {
    reporting.TEXTS: [("{ src: this.props.app.state.contentPath }", "{ src: this.path }")],
    reporting.FRAMES: [
        ("{ src: this.props.app.state.contentPath, className:", "{ src: this.path, className:"),
        ("class ContentDisplay extends", "class Content extends"),
        # Twice is as bad as not at all.
        ("class ContentDisplay extends", "class ContentDisplay extends A; class ContentDisplay extends"),
    ],
}


@pytest.mark.parametrize(
    ("patch", "found", "put"),
    [(patch, *change) for patch, changes in CHANGED_CONTENT.items() for change in changes],
    ids=lambda value: getattr(value, "name", ""),
)
def test_another_page_is_noticed(patch, found, put, monkeypatch):
    source = reporting.content()
    assert found in source
    monkeypatch.setattr(reporting, "content", lambda: source.replace(found, put))
    assert not patch.found()


@pytest.mark.parametrize("put", ["{{ results }}", "{{results}} {{results}}"])
def test_another_template_is_noticed(put, monkeypatch):
    source = reporting.page()
    monkeypatch.setattr(reporting, "page", lambda: source.replace("{{results}}", put))
    assert not reporting.INERT.found()


def test_inert_data_are_the_same_data():
    values = {"a": "</script><!--<script>", "b": [1.5, None, "x > y & 'z' \\u003c"], "</script>": "\\"}
    text = reporting.inert(json.dumps(values))
    assert json.loads(text) == values
    assert "<" not in text and ">" not in text


def test_texts_are_held_back_once_and_other_changes_fit_still(monkeypatch):
    from snakemake.report.html_reporter import Reporter

    monkeypatch.setattr(Reporter, "__post_init__", vars(Reporter)["__post_init__"])
    reporting.hold_texts_back()
    prepared = Reporter.__post_init__
    reporting.hold_texts_back()
    assert Reporter.__post_init__ is prepared
    assert [patch.obstacle() for patch in session.PATCHES if patch.package == "snakemake"] == [None] * (
        len(session.PATCHES) - 1
    )


CHANGED_SOURCES = [
    (scheduling.ONE_TIMER, "threading.Timer"),
    (planning.MAKERS, "is_producer"),
    (reporting.NUMBERS, "get_resource_as_string"),
    (failures.VANISHED, "self.workflow.async_run(job.prepare())"),
    (failures.VANISHED, "self.report_job_error(job_info)"),
    (failures.VANISHED, "raise WorkflowError("),
    (imported.MODULE, "self.replace_prefix(path, property)"),
    (imported.MODULE, "self.path_modifier = path_modifier"),
    (imported.MODULE, "self.modifier.is_main_snakefile()"),
    (reporting.INERT, "self.env = Environment("),
    (reporting.INERT, 'self.env.get_template("index.html.jinja2")'),
    (interruption.INTERRUPT, "except (KeyboardInterrupt, SystemExit):"),
    (interruption.INTERRUPT, "self._executor.cancel()"),
    (interruption.INTERRUPT, "set -euo pipefail; "),
    (interruption.INTERRUPT, "At least one job did not complete successfully"),
    (screen.CALM, "Assuming unrestricted shared filesystem usage"),
    (screen.CALM, "Using shell: "),
    (screen.CALM, "Rules claiming more threads will be scaled down"),
    (screen.CALM, "Select jobs to execute"),
    (screen.CALM, "Execute {"),
    (screen.CALM, "Removing temporary output "),
    (screen.CALM, "Would remove temporary output "),
    (screen.CALM, "Adding {"),
    (screen.CALM, "Loading script code for rule "),
    (screen.CALM, "Report created."),
]


@pytest.mark.parametrize(("patch", "text"), CHANGED_SOURCES, ids=lambda value: getattr(value, "name", value))
def test_another_source_is_noticed(patch, text, monkeypatch):
    seen = with_other_sources(text, "something else", monkeypatch)
    assert not patch.found()
    assert any(seen), f"nothing of Snakemake says {text!r}"


def test_all_chatter_is_among_the_sources_that_are_looked_at():
    assert len([text for patch, text in CHANGED_SOURCES if patch is screen.CALM]) == len(screen.CHATTER)


def test_names_that_are_gone_are_noticed(monkeypatch):
    from snakemake import report
    from snakemake.api import Workflow
    from snakemake.dag import DAG
    from snakemake.modules import WorkflowModifier
    from snakemake.output_index import OutputIndex
    from snakemake.path_modifier import PathModifier
    from snakemake.report import html_reporter
    from snakemake.scheduling.job_scheduler import JobScheduler

    gone = [
        (scheduling.ONE_TIMER, JobScheduler, "_schedule_reevalutation"),
        (planning.MAKERS, OutputIndex, "match_producers"),
        (planning.NESTED, DAG, "check_directory_outputs"),
        (planning.SCRIPTS, planning.ScriptProcessor, "process_job"),
        (planning.FLAGS, planning.io, "is_flagged"),
        (planning.FLAGS, planning.io, "get_flag_value"),
        (planning.EXISTENCE, planning.io._IOFile, "exists_local"),
        (planning.EXISTENCE, planning.Job, "output_mintime"),
        (planning.UNFINISHED, planning.FilePersistence, "_filter_incomplete_keys"),
        (planning.PARAMS, planning.Job, "conda_env_spec"),
        (planning.PARAMS, planning.Job, "_path_to_source_file"),
        (planning.PARAMS, planning.rules, "_NOT_CACHED"),
        (planning.EXISTENCE, planning.io._IOFile, "exists"),
        (planning.EXISTENCE, planning.io.IOCache, "mtime_inventory"),
        (paths.PATTERNS, paths.io._IOFile, "apply_wildcards"),
        (paths.PATTERNS, paths.io._IOFile, "is_storage"),
        (paths.PATTERNS, paths.io._IOFile, "check"),
        (paths.LISTS, paths.rules.Rule, "_apply_wildcards"),
        (paths.NEEDS, DAG, "update"),
        (paths.NEEDS, DAG, "new_job"),
        (paths.VALID, paths.Job, "is_valid"),
        (paths.VALID, paths.Job, "check_protected_output"),
        (light.FILES, light._IOFile, "clone_flags"),
        (light.FILES, light._IOFile, "flags"),
        (light.LISTS, light.Namedlist, "_set_name"),
        (light.EDGES, DAG, "cleanup"),
        (failures.LIST, Workflow, "scheduler"),
        (imported.MODULE, WorkflowModifier, "is_main_snakefile"),
        (imported.MODULE, PathModifier, "replace_prefix"),
        (reporting.AT_THE_END, report, "auto_report"),
        (reporting.AT_THE_END, html_reporter, "ReportSettings"),
        (reporting.AT_THE_END, DAG, "noneedrun_finished"),
        (reporting.AT_THE_END, Workflow, "async_run"),
        (reporting.AT_THE_END, Workflow, "execute"),
        (reporting.INERT, html_reporter, "Reporter"),
        (reporting.NUMBERS, html_reporter.Reporter, "__post_init__"),
        (reporting.TEXTS, html_reporter, "Reporter"),
        (reporting.FRAMES, html_reporter, "Reporter"),
    ]
    for patch, owner, name in gone:
        assert patch.found()
        with monkeypatch.context() as context:
            context.delattr(owner, name)
            assert not patch.found(), (patch.name, name)


def test_other_signatures_are_noticed(monkeypatch):
    from snakemake import report
    from snakemake.dag import DAG
    from snakemake.report import html_reporter
    from snakemake.scheduling.job_scheduler import JobScheduler

    async def auto_report(dag, report_plugin):
        pass

    def init(self):
        self.jobs_that_failed = set()

    changes = [
        (reporting.AT_THE_END, report, "auto_report", auto_report),
        (reporting.AT_THE_END, html_reporter, "ReportSettings", type("Path", (), {"__dataclass_fields__": {}})),
        (reporting.NUMBERS, report, "FileRecord", type("Record", (), {"__dataclass_fields__": {}})),
        (failures.LIST, JobScheduler, "__init__", init),
        (scheduling.ONE_TIMER, JobScheduler, "__init__", init),
        (planning.MAKERS, planning.OutputIndex, "__init__", init),
        (planning.NESTED, planning.DAG, "check_directory_outputs", init),
        (planning.SCRIPTS, planning.ScriptProcessor, "process_job", init),
        (planning.FLAGS, planning.io, "is_flagged", init),
        (planning.FLAGS, planning.io, "get_flag_value", init),
        (planning.FLAGS, planning.io._IOFile, "__eq__", init),
        (planning.EXISTENCE, planning.Job, "output_mintime", property(init)),
        (planning.EXISTENCE, planning.io._IOFile, "exists_local", init),
        (planning.UNFINISHED, planning.FilePersistence, "_filter_incomplete_keys", init),
        (planning.PARAMS, planning.Job, "_path_to_source_file", init),
        (planning.PARAMS, planning.Job, "conda_env_spec", property(init)),
        (planning.FLAGS, planning.io._IOFile, "__hash__", init),
        (planning.EXISTENCE, planning.io._IOFile, "exists", init),
        (planning.EXISTENCE, planning.io.IOCache, "mtime_inventory", init),
        (paths.PATTERNS, paths.io._IOFile, "apply_wildcards", init),
        (paths.PATTERNS, paths.io._IOFile, "is_storage", property(init)),
        (paths.PATTERNS, paths.io._IOFile, "check", init),
        (paths.PATTERNS, paths.io, "check", init),
        (paths.PATTERNS, paths.io, "apply_wildcards", init),
        (paths.LISTS, paths.rules.Rule, "_apply_wildcards", init),
        (paths.NEEDS, DAG, "update", init),
        (paths.NEEDS, DAG, "update_", init),
        (paths.NEEDS, DAG, "new_job", init),
        (paths.VALID, paths.Job, "is_valid", init),
        (paths.VALID, paths.Job, "check_protected_output", init),
        (paths.VALID, paths.Job, "log", property(init)),
        (paths.VALID, paths.Job, "benchmark", property(init)),
        (light.FILES, light._IOFile, "clone_flags", init),
        (light.FILES, light._IOFile, "flags", property(init)),
        (light.LISTS, light.Namedlist, "__init__", init),
        (light.LISTS, light.Namedlist, "_set_name", init),
        (light.EDGES, DAG, "cleanup", init),
        (light.NOTHING, light.Job, "__init__", init),
    ]
    for patch, owner, name, put in changes:
        assert patch.found()
        with monkeypatch.context() as context:
            context.setattr(owner, name, put)
            assert not patch.found(), (patch.name, name)


def test_another_executor_for_slurm_is_noticed(monkeypatch):
    installed(scheduling.PATIENCE)
    from snakemake_executor_plugin_slurm import Executor

    async def look(self, jobs):
        for job in jobs:
            self.report(job)
            yield job

    monkeypatch.setattr(Executor, "check_active_jobs", look)
    assert not scheduling.PATIENCE.found()


def test_the_documentation_lists_every_patch():
    text = (ROOT / "docs" / "snakemake.md").read_text()
    for patch in session.PATCHES:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {patch.name} |")]
        for said in (patch.upstream, patch.without, f"{patch.package} {patch.versions}"):
            assert said in row
    _, listed = text.split("| --- | --- | --- | --- | --- |\n", 1)
    names = [line.split(" | ")[0].removeprefix("| ") for line in listed.split("\n\n")[0].splitlines()]
    assert sorted(names) == sorted(IDS)


def test_without_its_patches_the_reporter_is_snakemake_s_own():
    from snakemake.report.html_reporter import Reporter

    assert reporting.plugin(lambda patch: False).reporter is Reporter
    assert reporting.plugin(lambda patch: patch is reporting.TEXTS).reporter is not Reporter

# What all rules share: the validated config, the runs and seeds, and the names of their files.

import gc
import os
import sys
import tomllib
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.io import is_flagged
from snakemake.logging import logger
from snakemake.utils import validate

# The graph of a thousand runs is millions of objects that all stay: looking for garbage among them takes time.
gc.set_threshold(200_000, 20, 100)

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from seed_to_voxel import bids, cluster, configuration, failures, fingerprint, resources
from seed_to_voxel.errors import InputError
from seed_to_voxel.runs import INPUTS, MNI, find_runs
from seed_to_voxel.seeds import read_seeds

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
RESULTS = "results"
DERIVATIVES = f"{RESULTS}/derivatives/seed_to_voxel"
DESCRIPTION = f"{DERIVATIVES}/dataset_description.json"
REPORT = f"{RESULTS}/report.html"
REPORT_FIGURES = 500  # some 40 MB of HTML
FAILED_RUNS = f"{RESULTS}/failed_runs.tsv"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"


try:
    configuration.check(
        config,
        yaml.safe_load(SCHEMA.read_text(encoding="utf-8")),
        source=" + ".join(map(str, workflow.configfiles)),
    )
    validate(config, str(SCHEMA))
    SEEDS = [vars(seed) for seed in read_seeds(config["seeds"])]
    RUNS = bids.part_of(bids.index(find_runs(config["dataset"])), config["part"])
    configuration.check_confounds(config, RUNS.values())
except InputError as error:
    raise WorkflowError(str(error)) from None

LABELS = [seed["label"] for seed in SEEDS]
SIZES = resources.Sizes(config["dataset"])


SCHEDULER_LOGS = failures.SchedulerLogs()
logger.addHandler(SCHEDULER_LOGS)


wildcard_constraints:
    run=bids.RUN_PATTERN,


def derived(suffix, **entities):
    """Path of a derivative of a run, with the run as its wildcard."""
    middle = "".join(f"_{key}-{value}" for key, value in entities.items())
    return f"{DERIVATIVES}/{{run}}{middle}_{suffix}"


def log_of(rule):
    return f"{RESULTS}/logs/{rule}/{{run}}.log"


def benchmark_of(rule):
    return f"{RESULTS}/benchmarks/{rule}/{{run}}.tsv"


def maps_of(stat, ending):
    """The maps of all seeds of a run, in the order of the table of seeds."""
    return [derived(f"statmap.{ending}", seed=label, stat=stat) for label in LABELS]


def known_run(wildcards):
    """The run that a file belongs to."""
    try:
        return RUNS[wildcards.run]
    except KeyError:
        raise WorkflowError(
            f"{wildcards.run} is no run of this dataset; it has {', '.join(list(RUNS)[:5])}"
            + (", ..." if len(RUNS) > 5 else "")
        ) from None


def run_files(wildcards):
    """Input files of a run, those that it has."""
    run = known_run(wildcards)
    wanted = ["bold", "mask", "sidecar"] + ["confounds"] * bool(config["cleaning"]["confounds"])
    return {name: path for name in wanted if (path := getattr(run, name)) is not None}


def run_labels(wildcards):
    return known_run(wildcards).labels


def asked_of(amount, step):
    """What a rule asks for, by the size of the run and the attempt."""

    def asked(wildcards, attempt):
        size = SIZES.of(RUNS.get(wildcards.get("run")))
        return amount(step, size, len(LABELS), attempt)

    return asked


def memory_of(step):
    return asked_of(resources.memory_mb, step)


def runtime_of(step):
    return asked_of(resources.runtime_minutes, step)


def report_labels(figure, seed=None):
    """Columns of the report's table of a figure."""

    def labels(wildcards):
        run = {name: value for name, value in run_labels(wildcards).items() if name != "space"}
        return {**run, **({"seed": seed} if seed else {}), "figure": figure}

    return labels


def figure(caption, category, name, suffix, seed=None, **entities):
    """Files of a figure of a run; its PNG goes into the report."""
    entities = {"seed": seed, **entities} if seed else entities
    pdf, png = (derived(f"{suffix}.{ending}", **entities) for ending in ("pdf", "png"))
    flagged = report(
        png, caption=f"../report/{caption}.rst", category=category, labels=report_labels(name, seed)
    )
    return [pdf, flagged]


def of_all_runs(paths):
    """Files of all runs, run by run."""
    return [str(path).format(run=run) for run in RUNS for path in paths]


def final_outputs(run):
    """Everything that a finished run leaves."""
    stages = (
        rules.extract_seeds,
        rules.extract_voxels,
        rules.correlate,
        rules.fisher_z,
        rules.draw_figures,
    )
    return [
        str(path).format(run=run)
        for stage in stages
        for path, flagged in zip(stage.output, stage.rule.output, strict=True)
        if not is_flagged(flagged, "temp")
    ]


class Finished:
    """The part of a DAG that a report can show: jobs whose results are there, of as many runs as a browser bears."""

    def __init__(self, dag):
        self.dag = dag
        done = [job for job in dag.jobs if job.output and all(map(self.is_there, job.output))]
        figures = {}
        for job in done:
            run = job.wildcards.get("run")
            figures[run] = figures.get(run, 0) + sum(is_flagged(f, "report") for f in job.output)
        left = REPORT_FIGURES - figures.pop(None, 0)
        shown = {None}
        for run in filter(figures.get, RUNS):
            left -= figures[run]
            if left < 0:
                break
            shown.add(run)
        self.jobs = [job for job in done if job.wildcards.get("run") in shown]
        workflow.config["runs_shown"] = len(shown) - 1
        workflow.config["runs_done"] = sum(map(bool, figures.values()))

    @staticmethod
    def is_there(path):
        return is_flagged(path, "temp") or os.path.exists(path)

    def __getattr__(self, name):
        return getattr(self.dag, name)


def note_failures():
    """Show the runs that failed, and keep the list for the report and for programs."""
    runs = {run.bold: run.stem for run in RUNS.values()}
    failed = failures.list_failures(workflow.scheduler.failed, runs, SCHEDULER_LOGS.paths)
    failures.write_table(failed, FAILED_RUNS)
    workflow.config["failed_runs"] = [vars(failure) for failure in failed]
    if failed:
        print(f"\n{failures.as_text(failed)}\n(table: {FAILED_RUNS})\n", file=sys.stderr)
    return failed


def write_report():
    """Make the report at the end of a run of the whole workflow.

    A profile's `report` would break dry runs on a clean tree, and a job cannot make it, since a report needs the
    metadata of finished jobs. A run of single targets leaves the report as it is.
    """
    from snakemake.report import auto_report
    from snakemake.report.html_reporter import ReportSettings
    from snakemake.settings.types import GlobalReportSettings
    from snakemake_interface_report_plugins.registry import ReportPluginRegistry

    chosen = workflow.dag_settings
    if set(chosen.targets) - {"all"} or chosen.until or chosen.omit_from:
        return
    plugin = ReportPluginRegistry().get_plugin("html")
    settings = ReportSettings(path=Path(REPORT))
    workflow.async_run(
        auto_report(Finished(workflow.dag), plugin, settings, GlobalReportSettings())
    )

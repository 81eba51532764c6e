# What all rules share: the validated config, the runs and seeds, and the names of their files.

import json
import sys
import tomllib
from pathlib import Path

import yaml
from snakemake import __version__ as snakemake_version
from snakemake.exceptions import WorkflowError
from snakemake.io import is_flagged
from snakemake.logging import logger
from snakemake.utils import validate

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from seed_to_voxel import bids, configuration, fingerprint, fmriprep
from seed_to_voxel.errors import InputError
from seed_to_voxel.runs import INPUTS, MNI, find_runs
from seed_to_voxel.seeds import read_seeds

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
RESULTS = "results"
DERIVATIVES = f"{RESULTS}/derivatives/seed_to_voxel"
DESCRIPTION = f"{DERIVATIVES}/dataset_description.json"
REPORT = f"{RESULTS}/report.html"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"


try:
    configuration.check(
        config,
        yaml.safe_load(SCHEMA.read_text(encoding="utf-8")),
        source=" + ".join(map(str, workflow.configfiles)),
    )
    validate(config, str(SCHEMA))
    known_seeds = read_seeds(config["seeds"])
    RUNS = bids.index(find_runs(config["dataset"]))
    configuration.check_confounds(config, RUNS.values())
except InputError as error:
    raise WorkflowError(str(error)) from None

if config["dataset"]["kind"] == "fmriprep" and workflow.is_main_process:
    for sentence in fmriprep.missing_sessions(RUNS.values()):
        logger.info(f"Note: {sentence}.")

SEEDS = [seed.described for seed in known_seeds]
SEED_FILES = sorted({path for seed in known_seeds for path in seed.files})
LABELS = [seed["label"] for seed in SEEDS]
DECLARED = yaml.safe_load((ROOT / "workflow" / "outputs.yaml").read_text(encoding="utf-8"))
KIND = config["dataset"]["kind"]
SOURCE = {"fmriprep": config["dataset"]["fmriprep"]["folder"]}.get(KIND, f"{INPUTS}/{KIND}")
DATASETS = {"": DERIVATIVES} | ({} if KIND == "table" else {KIND.replace("_", ""): SOURCE})
REFUSING = any(limit is not None for limit in config["quality"]["refuse"].values())
VERDICTS = {}
MIN_RUNS = 10  # fewer say nothing of a correlation over runs


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
    wanted = ("bold", "mask", "sidecar", "confounds")
    return {name: path for name in wanted if (path := getattr(run, name)) is not None}


def run_labels(wildcards):
    return known_run(wildcards).labels


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


def source_of_study(name, file):
    """A file at the top of a folder of derivatives, where there is one, as a rule's input."""
    path = f"{SOURCE}/{file}"
    return {name: path} if KIND == "fmriprep" and Path(path).is_file() else {}


def is_admitted(run):
    """Whether a run is good enough to go on; known once it has been assessed."""
    if not REFUSING:
        return True
    verdict = checkpoints.assess_run.get(run=run).output.verdict
    # Snakemake asks again whenever another run has been assessed, and a verdict may be made anew.
    made = Path(verdict).stat().st_mtime_ns
    if VERDICTS.get(run, (None, None))[0] != made:
        VERDICTS[run] = made, json.loads(Path(verdict).read_text(encoding="utf-8"))["refused"]
    return not VERDICTS[run][1]


def of_admitted(patterns):
    """Files of all runs that go on, run by run."""
    return [str(path).format(run=run) for run in RUNS if is_admitted(run) for path in patterns]


def quality_of_runs(wildcards):
    """What is known of the quality of each run: all of it, or why it was refused."""
    verdicts = {
        True: rules.measure_quality.output.metrics,
        False: rules.assess_run.output.verdict if REFUSING else None,
    }
    return [str(verdicts[is_admitted(run)]).format(run=run) for run in RUNS]


def outputs_of(run):
    """What a run leaves, for the target rule: known now, or once the run has been assessed."""
    if not REFUSING:
        return final_outputs(run)
    verdict = str(rules.assess_run.output.verdict).format(run=run)
    return [verdict, lambda wildcards: final_outputs(run) if is_admitted(run) else []]


def over_runs(wildcards):
    """What is computed over runs, where there are enough of them."""
    if len(RUNS) < MIN_RUNS or sum(map(is_admitted, RUNS)) < MIN_RUNS:
        return []
    return [*rules.relate_to_motion.output]


def outputs_of_study():
    """What all runs together leave."""
    together = [*rules.summarise_quality.output, *rules.write_methods.output]
    if source_of_study("table", "participants.tsv"):
        together.append(rules.carry_participants.output.table)
    return [*together, over_runs if REFUSING else over_runs(None)]


def final_outputs(run):
    """Everything that a finished run leaves."""
    stages = (
        rules.extract_seeds,
        rules.extract_voxels,
        rules.correlate,
        rules.fisher_z,
        rules.draw_figures,
        rules.measure_quality,
    )
    return [
        str(path).format(run=run)
        for stage in stages
        for path, flagged in zip(stage.output, stage.rule.output, strict=True)
        if not is_flagged(flagged, "temp")
    ]


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
    workflow.async_run(auto_report(workflow.dag, plugin, settings, GlobalReportSettings()))

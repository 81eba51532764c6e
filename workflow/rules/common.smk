# What all rules share: the validated config, the runs and seeds, and the names of their files.

import sys
import tomllib
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.io import is_flagged
from snakemake.utils import validate

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from seed_to_voxel import bids, configuration, figure_names, fingerprint, reporting
from seed_to_voxel.errors import InputError
from seed_to_voxel.runs import INPUTS, MNI, find_runs
from seed_to_voxel.seeds import read_seeds

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
RESULTS = "results"
DERIVATIVES = f"{RESULTS}/derivatives/seed_to_voxel"
STUDY = f"{DERIVATIVES}/study"
DESCRIPTION = f"{DERIVATIVES}/dataset_description.json"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"


try:
    configuration.check(
        config,
        yaml.safe_load(SCHEMA.read_text(encoding="utf-8")),
        source=" + ".join(map(str, workflow.configfiles)),
    )
    validate(config, str(SCHEMA))
    SEEDS = [vars(seed) for seed in read_seeds(config["seeds"])]
    RUNS = bids.index(find_runs(config["dataset"]))
    configuration.check_confounds(config, RUNS.values())
    configuration.check_viewer_runs(config, RUNS.values())
except InputError as error:
    raise WorkflowError(str(error)) from None

LABELS = [seed["label"] for seed in SEEDS]
REPORT = f"{RESULTS}/report.{config['report']['format']}"
# The report sorts its categories by name: the numbers keep them in the order they are read.
CATEGORIES = {
    "overview": "1 Overview",
    "maps": "2 Maps",
    "series": "3 Time series",
    "quality": "4 Quality",
    "statistics": "5 Statistics",
    "methods": "6 Methods",
}


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
        png,
        caption=f"../report/{caption}.rst",
        category=CATEGORIES[category],
        subcategory=f"{seed} seed" if seed else "all seeds",
        labels=report_labels(name, seed),
    )
    return [pdf, flagged]


def further_figure(kind, seed):
    """Files of a further figure of a run's map, its table last if it has one."""
    about = figure_names.KINDS[kind]
    files = figure(kind, about.category, about.name, "figure", seed, desc=kind)
    table = derived("table.tsv", seed=seed, desc=kind)
    return [*files, table] if about.table else files


def asks_for_figures():
    """Whether the command line names figures, which are then made alone.

    Snakemake knows its targets only after the rules are read.
    """
    return any(word.endswith(("_figure.png", "_figure.pdf", "_table.tsv")) for word in sys.argv)


def chosen_for_viewers():
    """Runs whose maps the interactive viewers show."""
    chosen = config["figures"]["viewers"]["runs"]
    if isinstance(chosen, str):
        return {"none": [], "first": list(RUNS)[:1], "all": list(RUNS)}[chosen]
    return [
        path
        for path, run in RUNS.items()
        if run.subject in [str(name).removeprefix("sub-") for name in chosen]
    ]


def of_runs(runs, paths):
    """Paths of derivatives with the runs filled in, a run after the other."""
    return [str(path).format(run=run) for run in runs for path in paths]


def overview_page(seed):
    """The page that shows every run's map of a seed."""
    return report(
        f"{STUDY}_seed-{seed}_desc-overview_page.html",
        caption="../report/overview.rst",
        category=CATEGORIES["overview"],
        labels={"page": "every run's map", "seed": seed},
    )


def viewer(kind):
    """The interactive page that shows the chosen runs' maps."""
    return report(
        f"{STUDY}_desc-{kind}_viewer.html",
        caption=f"../report/viewer_{kind}.rst",
        category=CATEGORIES["overview"],
        labels={"page": f"viewer: {kind}", "seed": "all"},
    )


def final_outputs(run):
    """Everything that a finished run leaves."""
    stages = (
        rules.extract_seeds,
        rules.extract_voxels,
        rules.correlate,
        rules.fisher_z,
        rules.draw_figures,
        *([rules.draw_further_figures] if config["figures"]["further"] else []),
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

    chosen = workflow.dag_settings
    if set(chosen.targets) - {"all"} or chosen.until or chosen.omit_from:
        return
    settings = ReportSettings(
        path=Path(REPORT), stylesheet_path=ROOT / "workflow" / "report" / "report.css"
    )
    # The landing page sees the config alone; no job comes after this.
    config["facts"] = reporting.facts(len(RUNS), VERSION)
    workflow.async_run(
        auto_report(workflow.dag, reporting.plugin(), settings, GlobalReportSettings())
    )

# What all rules share: the validated config, the runs and seeds, and the names of their files.

import json
import os
import sys
import tomllib
from functools import cache
from pathlib import Path

import yaml
from snakemake import __version__ as snakemake_version
from snakemake.exceptions import WorkflowError
from snakemake.io import is_flagged
from snakemake.logging import logger
from snakemake.utils import validate

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from seed_to_voxel.base import fingerprint
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.snakemake_internals import reporting, session
from seed_to_voxel.study import bids, configuration, figure_kinds, fmriprep, resources
from seed_to_voxel.study.outputs import MIN_RUNS
from seed_to_voxel.study.runs import INPUTS, MNI, find_runs
from seed_to_voxel.study.seeds import read_seeds

SESSION = session.Session(workflow)

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
RESULTS = "results"
DERIVATIVES = f"{RESULTS}/derivatives/seed_to_voxel"
DESCRIPTION = f"{DERIVATIVES}/dataset_description.json"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"


def read_yaml(path):
    """Content of a YAML file, read by the quick loader where PyYAML was built with it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), loader)


def located(path):
    """Path of a file named in the config: from the working directory, else one that the project ships."""
    shipped = ROOT / path
    return str(shipped) if not Path(path).exists() and shipped.exists() else path


try:
    configuration.check(
        config,
        read_yaml(SCHEMA),
        source=" + ".join(map(str, workflow.configfiles)),
    )
    validate(config, str(SCHEMA))
    known_seeds = read_seeds(located(config["seeds"]))
    ALL_RUNS = bids.index(find_runs(config["dataset"]))
    configuration.check_viewer_runs(config, ALL_RUNS.values())
    RUNS = bids.part_of(ALL_RUNS, config["part"])
    configuration.check_confounds(config, RUNS.values())
except InputError as error:
    raise WorkflowError(str(error)) from None

if config["dataset"]["kind"] == "fmriprep" and workflow.is_main_process:
    for sentence in fmriprep.missing_sessions(ALL_RUNS.values()):
        logger.info(f"Note: {sentence}.")

SEEDS = [seed.described for seed in known_seeds]
SEED_FILES = sorted({path for seed in known_seeds for path in seed.files})
LABELS = [seed["label"] for seed in SEEDS]
SIZES = resources.Sizes(config["dataset"])


DECLARED = read_yaml(ROOT / "workflow" / "outputs.yaml")
DATASET_KIND = config["dataset"]["kind"]
SOURCE = {"fmriprep": config["dataset"]["fmriprep"]["folder"]}.get(
    DATASET_KIND, f"{INPUTS}/{DATASET_KIND}"
)
DATASETS = {"": DERIVATIVES} | (
    {} if DATASET_KIND == "table" else {DATASET_KIND.replace("_", ""): SOURCE}
)
REFUSING = any(limit is not None for limit in config["quality"]["refuse"].values())
VERDICTS = {}
# What is said of all runs together, or of the part that is worked on.
PART = bids.folder_of_part(config["part"])
OVER_RUNS = str(Path(DERIVATIVES, PART))
PAGES = str(Path(RESULTS, PART))
FAILED_RUNS = f"{PAGES}/failed_runs.tsv"
REPORT = f"{PAGES}/report.{config['report']['format']}"
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
    wanted = ("bold", "mask", "sidecar", "confounds")
    return {name: path for name in wanted if (path := getattr(run, name)) is not None}


def measured_files(wildcards):
    """Those that a run's quality is measured with."""
    files = run_files(wildcards)
    return {name: files[name] for name in ("bold", "confounds") if name in files}


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
        png,
        caption=f"../report/{caption}.rst",
        category=CATEGORIES[category],
        subcategory=f"{seed} seed" if seed else "all seeds",
        labels=report_labels(name, seed),
    )
    return [pdf, flagged]


def source_of_study(name, file):
    """A file at the top of a folder of derivatives, where there is one, as a rule's input."""
    path = f"{SOURCE}/{file}"
    return {name: path} if DATASET_KIND == "fmriprep" and Path(path).is_file() else {}


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


def refused_runs():
    """Runs that have been assessed and refused by now."""
    verdicts = of_runs(RUNS, [rules.assess_run.output.verdict]) if REFUSING else []
    known = [Path(verdict) for verdict in verdicts if Path(verdict).exists()]
    return [path for path in known if json.loads(path.read_text(encoding="utf-8"))["refused"]]


def note_leftovers():
    """Say where refused runs still have results of a run of the workflow that admitted them."""
    for verdict in refused_runs():
        stem = verdict.name.removesuffix("_desc-admission_metrics.json")
        if len(list(verdict.parent.glob(f"{stem}_*"))) > 1:
            print(
                f"Note: {stem} is refused now, and has results of an earlier run that admitted it; "
                f"remove them before anything takes them up: {verdict.parent}/{stem}_*",
                file=sys.stderr,
            )


def admitted(runs=None):
    """Those runs, of all or of some, that go on."""
    return [run for run in (RUNS if runs is None else runs) if is_admitted(run)]


def of_runs(runs, patterns):
    """Files of some runs, run by run."""
    return [str(path).format(run=run) for run in runs for path in patterns]


def of_admitted(patterns):
    """Files of all runs that go on, run by run."""
    return of_runs(admitted(), patterns)


def quality_of_runs(wildcards):
    """What is known of the quality of each run: all of it, or why it was refused."""
    verdicts = {
        True: rules.measure_quality.output.metrics,
        False: rules.assess_run.output.verdict if REFUSING else None,
    }
    return [str(verdicts[is_admitted(run)]).format(run=run) for run in RUNS]


def outputs_of_runs():
    """What all runs leave, for the target rule; where runs can be refused, known once each has been assessed."""
    if not REFUSING:
        return [lambda wildcards: [path for run in RUNS for path in final_outputs(run)]]
    verdicts = of_runs(RUNS, [rules.assess_run.output.verdict])
    return [
        *verdicts,
        *(
            lambda wildcards, run=run: final_outputs(run) if is_admitted(run) else []
            for run in RUNS
        ),
    ]


def over_many_runs(wildcards):
    """What is computed over runs, where there are enough of them."""
    if len(RUNS) < MIN_RUNS or len(admitted()) < MIN_RUNS:
        return []
    return [*rules.relate_to_motion.output]


def over_runs(wildcards):
    """What shows or relates runs, known once it is known which go on."""
    pages = [*rules.show_overview.output] if admitted() else []
    pages += VIEWERS if shown_in_viewers() else []
    return pages + over_many_runs(wildcards)


def outputs_of_study():
    """What all runs together leave."""
    together = [*rules.summarise_quality.output, *rules.write_methods.output]
    if source_of_study("table", "participants.tsv"):
        together.append(rules.carry_participants.output.table)
    return [*together, over_runs if REFUSING else over_runs(None)]


def further_figure(kind, seed):
    """Files of a further figure of a run's map, its table last if it has one."""
    about = figure_kinds.KINDS[kind]
    files = figure(kind, about.category, about.name, "figure", seed, desc=kind)
    table = derived("table.tsv", seed=seed, desc=kind)
    return [*files, table] if about.table else files


def asks_for_figures():
    """Whether the command line names figures, or jobs that draw one, which are then made alone.

    Snakemake knows its targets only after the rules are read.
    """
    files = ("_figure.png", "_figure.pdf", "_table.tsv")
    jobs = tuple(f"draw_{kind}_of_" for kind in figure_kinds.KINDS)
    return any(
        (word.endswith(files) and "_desc-" in word) or word.startswith(jobs) for word in sys.argv
    )


def chosen_for_viewers():
    """Runs whose maps the interactive viewers show."""
    chosen = config["figures"]["viewers"]["runs"]
    if isinstance(chosen, str):
        return {"none": [], "first": list(RUNS), "all": list(RUNS)}[chosen]
    return [
        path
        for path, run in RUNS.items()
        if run.subject in [str(name).removeprefix("sub-") for name in chosen]
    ]


def shown_in_viewers():
    """Those of the chosen runs that go on; of all, the first one where the config says so."""
    shown = admitted(chosen_for_viewers())
    return shown[:1] if config["figures"]["viewers"]["runs"] == "first" else shown


def overview_page(seed):
    """The page that shows every run's map of a seed."""
    return report(
        f"{OVER_RUNS}/study_seed-{seed}_desc-overview_page.html",
        caption="../report/overview.rst",
        category=CATEGORIES["overview"],
        labels={"page": "every run's map", "seed": seed},
    )


def viewer(kind):
    """The interactive page that shows the chosen runs' maps."""
    return report(
        f"{OVER_RUNS}/study_desc-{kind}_viewer.html",
        caption=f"../report/viewer_{kind}.rst",
        category=CATEGORIES["overview"],
        labels={"page": f"viewer: {kind}", "seed": "all"},
    )


def drawing_rules():
    """Names of the rules that draw what the config asks for."""
    further = config["figures"]["further"] if asks_for_figures() else []
    return [
        "draw_figures",
        *(f"draw_{kind}_of_{label}" for label in LABELS for kind in further),
    ]


@cache
def kept_outputs():
    """What each job of a run leaves for good, as patterns, job by job."""
    stages = (
        rules.extract_seeds,
        rules.extract_voxels,
        rules.correlate,
        rules.fisher_z,
        rules.measure_quality,
        *(getattr(rules, name) for name in drawing_rules()),
    )
    return [
        [
            str(path)
            for path, flagged in zip(stage.output, stage.rule.output, strict=True)
            if not is_flagged(flagged, "temp")
        ]
        for stage in stages
    ]


@cache
def final_outputs(run):
    """Targets that make a run whole: a file of each of its jobs, and those that are missing beside it.

    A job makes all its files at once. Asking for each of them would take most of the time of planning a large study.
    """
    folder = Path(DERIVATIVES, run).parent
    there = set(os.listdir(folder)) if folder.is_dir() else set()
    targets = []
    for patterns in kept_outputs():
        first, *others = (pattern.format(run=run) for pattern in patterns)
        targets.append(first)
        if os.path.basename(first) in there:
            targets += [path for path in others if os.path.basename(path) not in there]
    return targets


def write_report():
    """Make the report of a run of the whole workflow."""
    facts = {**reporting.facts(len(RUNS), VERSION), "refused": len(refused_runs())}
    SESSION.write_report(REPORT, ROOT / "workflow" / "report" / "report.css", RUNS, facts)

# What all rules share: the study, the names of its files, and what its rules ask for.

import sys
import tomllib
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from seed_to_voxel.base import fingerprint
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.snakemake_internals import session
from seed_to_voxel.study import admission, bids, configuration, names, resources
from seed_to_voxel.study.study import read_study
from seed_to_voxel.study.whereabouts import Whereabouts

SESSION = session.Session(workflow, config, ROOT)
RESULTS = SESSION.place(names.RESULTS)
RESULTS_SHOWN = SESSION.shown_in_message(RESULTS)
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

try:
    whereabouts = Whereabouts.of(workflow.configfiles, ROOT, *SESSION.given)
    SCHEMA = configuration.read_yaml(ROOT / "workflow" / "schemas" / "config.schema.yaml")
    configuration.check(config, SCHEMA, whereabouts.source)
    configuration.fill_in(config, SCHEMA)
    declared = configuration.read_yaml(ROOT / "workflow" / "outputs.yaml")
    STUDY = read_study(config, declared, whereabouts, RESULTS)
    notes = STUDY.notes(SESSION.is_module, IS_EXAMPLE) if workflow.is_main_process else []
except InputError as error:
    raise WorkflowError(str(error)) from None

for sentence in notes:
    logger.info(f"Note: {sentence}")

RUNS, LABELS, NAMES = STUDY.runs, STUDY.labels, STUDY.names
SEEDS = [seed.described for seed in STUDY.seeds]
DERIVATIVES, OVER_RUNS, PAGES = NAMES.derivatives, NAMES.over_runs, NAMES.pages
derived, image_of = NAMES.derived, NAMES.image
log_of, benchmark_of = NAMES.log, NAMES.benchmark
ON_SURFACE = NAMES.form != "volume"
DEMANDS = resources.Demands(config["dataset"], RUNS, len(LABELS))
memory_of, runtime_of = DEMANDS.memory, DEMANDS.runtime
VERDICTS, targets_of = admission.Verdicts(), STUDY.targets()


wildcard_constraints:
    run=bids.RUN_PATTERN,


def known_run(wildcards):
    """The run that a file belongs to."""
    try:
        return STUDY.run(wildcards.run)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def run_files(wildcards):
    """Input files of a run, those that it has."""
    return STUDY.files(known_run(wildcards).path)


def run_labels(wildcards):
    return known_run(wildcards).labels


def is_admitted(run):
    """Whether a run is good enough to go on; known once it has been assessed."""
    return not STUDY.refuses or not VERDICTS.is_refused(
        checkpoints.assess_run.get(run=run).output.verdict
    )


def admitted(runs=RUNS):
    """Those of some runs that go on."""
    return [run for run in runs if is_admitted(run)]


def of_runs(runs, patterns):
    """Files of some runs, run by run."""
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return [str(path).format(run=run) for run in runs for path in patterns]


def of_admitted(patterns):
    """Files of all runs that go on, run by run."""
    return of_runs(admitted(), patterns)


def quality_of_runs(wildcards):
    """What is known of the quality of each run: all of it, or why it was refused."""
    measured = rules.extract_voxels.output.metrics
    return [measured.format(run=run) if is_admitted(run) else STUDY.verdict(run) for run in RUNS]


def outputs_of_runs():
    """What all runs leave, for the target rule; where runs can be refused, known once each has been assessed."""
    if not STUDY.refuses:
        return [lambda wildcards: [path for run in RUNS for path in targets_of(run)]]
    return [
        *map(STUDY.verdict, RUNS),
        *(lambda wildcards, run=run: targets_of(run) if is_admitted(run) else [] for run in RUNS),
    ]


def pooled_runs():
    """Runs that go on of each participant that has some, of the page of their mean."""
    return [runs for unit in STUDY.pooled if (runs := admitted(unit.runs))]


def over_many_subjects(wildcards):
    """What is computed over participants, where there are enough of them."""
    return list(rules.measure_qcfc.output) if STUDY.has_many_subjects(admitted) else []


def over_runs(wildcards):
    """What shows or relates runs, known once it is known which go on."""
    pages = list(rules.show_overview.output) if admitted() else []
    viewers = list(rules.make_viewers.output) if STUDY.shown_in_viewers(admitted) else []
    explorers = of_runs(STUDY.explored(admitted), rules.explore_run.output)
    explorers += list(rules.explore_group.output) if len(pooled_runs()) > 1 else []
    compared = config["maps"]["reliability"] and STUDY.has_repeated(admitted)
    alike = list(rules.measure_agreement.output) if compared else []
    beside = list(rules.show_cleanings.output) if config["cleanings"] and admitted() else []
    return pages + viewers + explorers + over_many_subjects(wildcards) + alike + beside

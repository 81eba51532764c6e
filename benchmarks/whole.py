"""Whole runs: this project's workflow beside nilearn's example script, and beside nilearn in an expert's loop."""

import json
import shutil
import sys
from pathlib import Path

from measuring import HERE, Bench
from ways import BAND, CONFOUNDS, FWHM, ROOT, T_R


def write_study(project: Path, stem: str, n_runs: int) -> list:
    """Write a table of the same run under several subjects, and a study of it.

    Returns
    -------
    list
        The command that computes it.
    """
    project.mkdir(parents=True)
    header = ("subject", "session", "task", "run", "space", "bold", "mask", "confounds", "t_r")
    rows = [
        (f"{number:04d}", "n/a", "rest", "n/a", "MNI", f"{stem}_bold.nii.gz", "n/a", f"{stem}_confounds.tsv", T_R)
        for number in range(1, n_runs + 1)
    ]
    (project / "runs.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in [header, *rows]))
    (project / "seeds.tsv").write_text("label\tx\ty\tz\tradius_mm\tname\nPCC\t0\t-52\t18\t8\tPosterior cingulate\n")
    study = {
        "dataset": {"kind": "table", "table": {"runs": "runs.tsv"}},
        "seeds": "seeds.tsv",
        "cleaning": {"smoothing_fwhm": FWHM, **BAND, "confounds": CONFOUNDS},
        "maps": {"threshold": 0.5, "vmax": 1, "voxels": [10, 45, 100, 5000, 10000]},
        # The example draws three figures, and these are they; the run's quality is measured besides.
        "figures": {"further": [], "viewers": {"runs": "none"}},
    }
    # JSON is YAML.
    (project / "study.yaml").write_text(json.dumps(study))
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile"]
    return [*snakemake, "--directory", project, "--configfile", project / "study.yaml"]


def example_case(size: str) -> str:
    """Name of a measurement of the example script."""
    return f"{size} whole, the example script"


def loop_case(size: str, n_runs: int) -> str:
    """Name of a measurement of the expert's loop."""
    return f"{size} whole, {n_runs} run{'s' * (n_runs > 1)} in a loop"


def workflow_case(size: str, n_runs: int, cores: int) -> str:
    """Name of a measurement of the workflow."""
    return f"{size} whole, {n_runs} run{'s' * (n_runs > 1)}, {cores} core{'s' * (cores > 1)}"


def _workflow(bench, size, stem, n_runs, cores, repetition):
    project = bench.folder / "project"
    shutil.rmtree(project, ignore_errors=True)
    command = [*write_study(project, stem, n_runs), "--cores", cores]
    values = bench.process(command, cwd=project)
    bench.keep(workflow_case(size, n_runs, cores), "workflow", repetition, values | {"cores": cores, "n_runs": n_runs})


def _loop(bench, size, stem, n_runs, repetition):
    project, maps = bench.folder / "loop", bench.folder / "loop" / "maps"
    shutil.rmtree(project, ignore_errors=True)
    write_study(project, stem, n_runs)
    maps.mkdir()
    # One thread for BLAS, as the workflow's jobs have.
    values = bench.process([sys.executable, HERE / "nilearn_loop.py", project / "runs.tsv", maps], threads=1)
    bench.keep(loop_case(size, n_runs), "loop", repetition, values | {"n_runs": n_runs})


def compare_whole(bench: Bench, size: str, cores: list[int], n_runs: int, repetitions: int) -> None:
    """Time whole runs in turn: the example script, the loop and the workflow, each with one run and with several."""
    stem = bench.data(size, "int16", [1])
    for repetition in range(repetitions):
        arguments = [f"{stem}_bold.nii.gz", f"{stem}_confounds.tsv", bench.folder]
        example = bench.process([sys.executable, HERE / "gallery_example.py", *arguments], threads=1)
        bench.keep(example_case(size), "example", repetition, example)
        for runs in (1, n_runs):
            for number in cores:
                _workflow(bench, size, stem, runs, number, repetition)
            _loop(bench, size, stem, runs, repetition)
    (ours,) = bench.folder.glob("project/results/derivatives/*/sub-0001/func/*pearsoncorrelation*.nii.gz")
    theirs = bench.folder / "loop" / "maps" / "sub-0001_r.nii.gz"
    found = bench.way("difference_of_maps", ours=str(ours), theirs=str(theirs))["difference"]
    bench.keep_difference(f"{size} int16, 15 confounds", "the expert's loop", found)


def further_run(bench: Bench, size: str, way: str, key: str, cores: int = 1) -> list[float]:
    """What a run more costs, round by round: several runs less one, shared out.

    Parameters
    ----------
    bench : Bench
    size : str
    way : str
        ``loop`` or ``workflow``.
    key : str
        ``cpu`` or ``wall``.
    cores : int
        Of the workflow.
    """
    n_runs = max((m["n_runs"] for m in bench.measured if "n_runs" in m), default=1)
    cases = [loop_case(size, number) if way == "loop" else workflow_case(size, number, cores) for number in (1, n_runs)]
    one, several = (bench.values(case, way, key) for case in cases)
    return [(longer - shorter) / (n_runs - 1) for shorter, longer in zip(one, several, strict=False)]

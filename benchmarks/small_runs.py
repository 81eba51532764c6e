"""Processor time of runs of next to nothing, where starting the jobs costs more than their work.

uv run python benchmarks/small_runs.py                      sixty runs, a few minutes on two cores
uv run python benchmarks/small_runs.py --runs 6             fewer
uv run python benchmarks/small_runs.py --empty 200          jobs that do nothing, instead
uv run python benchmarks/small_runs.py --against b29e607    beside another revision of this repository

The runs are simulated: 8 mm, 60 volumes, two seeds, the published figures. The whole `snakemake --cores 2` is
counted, its report included, and divided by the runs. Each job is counted by the shell that Snakemake starts for it;
what is left of the whole is Snakemake's own. A job that does nothing is a script that begins as all of them do, and
writes an empty file: what a job costs beyond its own work and the packages that this needs.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

STUDY = """\
dataset:
  kind: simulated
  simulated: {{participants: {runs}, voxel_size: 8, volumes: 60}}
seeds: seeds.tsv
figures: {{further: [], viewers: {{runs: none}}}}
"""

SEEDS = "label\tx\ty\tz\tradius_mm\nPCC\t0\t-52\t18\t8\nM1\t-40\t-20\t52\t8\n"

# bash reads this file before the command of a job, and at its end says what the command took.
COUNTER = """\
trap '{{ printf "%s\\n" "$BASH_EXECUTION_STRING"; times; }} > "{folder}/$$"' EXIT
"""

EMPTY = """\
rule all:
    input: expand("out/{{n}}", n=range({jobs}))

rule nothing:
    output: "out/{{n}}"
    log: "logs/{{n}}.log"
    script: "nothing.py"
"""

NOTHING = """\
import sys

sys.path.insert(0, {scripts!r})
from seed_to_voxel.base import joblog

with joblog.capture(snakemake.log[0]):
    open(snakemake.output[0], "w").close()
"""

SCRIPT = re.compile(r"/tmp\w+\.(\w+)\.py")
SNAKEMAKE = "snakemake itself"
"""What the table calls the time that no job took."""


@contextmanager
def worktree(revision: str):
    """Check a revision of this repository out into a folder of its own for a while.

    Parameters
    ----------
    revision : str

    Yields
    ------
    pathlib.Path
    """
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        subprocess.run([*git, "add", "--detach", str(tree), revision], check=True, capture_output=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def seconds(times: str) -> float:
    """Processor time in what bash's ``times`` prints, of the shell and of what it waited for."""
    return sum(60 * int(minutes) + float(rest) for minutes, rest in re.findall(r"(\d+)m([\d.]+)s", times))


def measure(tree: Path, runs: int, cores: int) -> dict[str, float]:
    """Run the workflow of a tree on small runs.

    Parameters
    ----------
    tree : pathlib.Path
        A checkout of this repository.
    runs : int
    cores : int

    Returns
    -------
    dict of str to float
        Processor time by rule, in seconds, of all its jobs together; what is left of the whole under `SNAKEMAKE`.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.yaml").write_text(STUDY.format(runs=runs))
        (folder / "seeds.tsv").write_text(SEEDS)
        return count(folder, tree / "Snakefile", cores)


def measure_empty(tree: Path, jobs: int, cores: int) -> dict[str, float]:
    """Run jobs that do nothing; returns what `count` does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.yaml").write_text("{}\n")
        (folder / "Snakefile").write_text(EMPTY.format(jobs=jobs))
        (folder / "nothing.py").write_text(NOTHING.format(scripts=str(tree / "workflow" / "scripts")))
        return count(folder, folder / "Snakefile", cores)


def count(folder: Path, snakefile: Path, cores: int) -> dict[str, float]:
    """Run Snakemake in a folder that has a `study.yaml`, and count processor time.

    Parameters
    ----------
    folder, snakefile : pathlib.Path
    cores : int

    Returns
    -------
    dict of str to float
        See `measure`.
    """
    counts = folder / "counts"
    counts.mkdir()
    (folder / "counter.sh").write_text(COUNTER.format(folder=counts))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = ["-m", "snakemake", "--snakefile", str(snakefile), "--cores", str(cores)]
    with open(folder / "printed.txt", "w") as printed:
        child = subprocess.Popen(
            [sys.executable, *command, "--configfile", "study.yaml"],
            cwd=folder,
            env=environment | {"BASH_ENV": str(folder / "counter.sh")},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        # Of the child and all that it waited for, as the kernel counted it.
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit((folder / "printed.txt").read_text()[-3000:])
    took: dict[str, float] = defaultdict(float)
    for count in counts.iterdir():
        # The command may have several lines; those of the times are the last two.
        *said, shell, children = count.read_text().splitlines()
        rule = SCRIPT.search("\n".join(said))
        took[rule[1] if rule else "other commands"] += seconds(shell) + seconds(children)
    took[SNAKEMAKE] = usage.ru_utime + usage.ru_stime - sum(took.values())
    return dict(took)


def table(measured: dict[str, list[dict[str, float]]], runs: int, unit: str = "run") -> str:
    """Lay out what was measured, a rule a line and a tree a column, in seconds a run or whatever the unit is.

    Parameters
    ----------
    measured : dict of str to list of dict
        For each tree what `measure` found in each round; medians are shown.
    runs : int
    unit : str

    Returns
    -------
    str
    """
    names = list(dict.fromkeys(rule for rounds in measured.values() for found in rounds for rule in found))
    names.sort(key=lambda name: (name == SNAKEMAKE, -measured_median(measured, name)))
    rows = [[f"processor time a {unit}, s", *measured]]
    for name in names:
        cells = [statistics.median(found.get(name, 0.0) for found in rounds) / runs for rounds in measured.values()]
        rows.append([name, *(f"{cell:.3f}" for cell in cells)])
    wholes = [statistics.median(sum(found.values()) for found in rounds) / runs for rounds in measured.values()]
    rows.append(["the whole", *(f"{whole:.3f}" for whole in wholes)])
    if len(wholes) == 2:
        rows.append(["of the other's", f"{wholes[0] / wholes[1]:.2f}", ""])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )


def measured_median(measured: dict[str, list[dict[str, float]]], name: str) -> float:
    """Median over all rounds of all trees, by which the table is sorted."""
    return statistics.median(found.get(name, 0.0) for rounds in measured.values() for found in rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--empty", type=int, metavar="JOBS", help="jobs that do nothing, instead of runs")
    parser.add_argument("--against", metavar="REVISION", help="another revision, measured in turn with this tree")
    parser.add_argument("--rounds", type=int, default=1, help="of which the median is shown")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--json", metavar="FILE", help="every measurement, as data")
    options = parser.parse_args()
    with ExitStack() as stack:
        trees = {"this tree": ROOT}
        if options.against:
            trees[options.against] = stack.enter_context(worktree(options.against))
        measured: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
        for _ in range(options.rounds):
            for name, tree in trees.items():
                begun = time.monotonic()
                how, n = (measure_empty, options.empty) if options.empty else (measure, options.runs)
                measured[name].append(how(tree, n, options.cores))
                print(f"{name}: {time.monotonic() - begun:.0f} s by the clock on {options.cores} cores")
    what = "jobs that do nothing" if options.empty else "runs of 8 mm, 60 volumes, two seeds"
    print(f"{n} {what}\n{table(measured, n, 'job' if options.empty else 'run')}")
    if options.json:
        Path(options.json).write_text(json.dumps({"runs": n, "measured": measured}, indent=2) + "\n")


if __name__ == "__main__":
    main()

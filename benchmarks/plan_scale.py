"""What planning costs for many runs: dry runs over tables of placeholder files, in a temporary folder.

    uv run python benchmarks/plan_scale.py                 100 and 1,000 runs, ten seeds
    uv run python benchmarks/plan_scale.py --models 2 1000 two models of groups, three contrasts, over them
    uv run python benchmarks/plan_scale.py --parts 40000   40,000 runs, a fortieth of them at a time
    uv run python benchmarks/plan_scale.py 40000           all 40,000 at once: 25 GB of memory, 20 minutes

Processor time is Snakemake's own, from its start to the finished plan.
"""

import argparse
import gzip
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure_resources import copy_project

from seed_to_voxel.base import tables

UK_BIOBANK = (88, 104, 88, 490)
"""Voxels and volumes of a run as UK Biobank has them, at 2.4 mm."""


def placeholder(dimensions):
    """A compressed NIfTI-1 header without data."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, len(dimensions), *dimensions, *[1] * (7 - len(dimensions)))
    struct.pack_into("<hh", header, 70, 4, 16)
    struct.pack_into("<f", header, 108, 352)
    header[344:348] = b"n+1\0"
    return gzip.compress(bytes(header))


MODELS = (
    "{name: difference, formula: group + age, contrasts: {difference: 'group[patient]', age: age}}",
    "{name: everyone, formula: '1', contrasts: {mean: Intercept}}",
)
"""Models of groups, of which the first so many are asked for."""


def prepare(folder, n_runs, n_seeds, further=(), n_models=0):
    """Copy the project and make a study of placeholder files: some further figures of every map, models of groups."""
    copy_project(folder)
    (folder / "data").mkdir()
    image = placeholder(UK_BIOBANK)
    rows = []
    for number in range(n_runs):
        bold, confounds = (folder / "data" / f"{number:06d}_{name}" for name in ("bold.nii.gz", "confounds.tsv"))
        bold.write_bytes(image)
        confounds.write_text("csf\n")
        rows.append((f"{number:06d}", "rest", "MNI", bold, confounds, 0.735))
    names = ("subject", "task", "space", "bold", "confounds", "t_r")
    tables.write(folder / "runs.tsv", dict(zip(names, zip(*rows, strict=True), strict=True)))
    seeds = "".join(f"S{k}\t{4 * k - 20}\t-52\t18\t8\n" for k in range(n_seeds))
    (folder / "seeds.tsv").write_text(f"label\tx\ty\tz\tradius_mm\n{seeds}")
    (folder / "study.yaml").write_text(
        "dataset: {kind: table, table: {runs: runs.tsv}}\nseeds: seeds.tsv\ncleaning: {confounds: [csf]}\n"
        f"figures: {{further: [{', '.join(further)}], viewers: {{runs: none}}}}\n"
        f"groups: {{participants: participants.tsv, models: [{', '.join(MODELS[:n_models])}]}}\n"
    )
    people = {
        "participant_id": [f"sub-{number:06d}" for number in range(n_runs)],
        "group": [("control", "patient")[number % 2] for number in range(n_runs)],
        "age": [20 + number % 50 for number in range(n_runs)],
    }
    tables.write(folder / "participants.tsv", people)


def plan(folder, *arguments):
    """Plan a study.

    Returns
    -------
    seconds : float
        Processor time.
    wall : float
        Seconds.
    memory : float
        Peak, MB; of the largest plan so far.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    options = ["-n", "--quiet", "rules", "progress", "--cores", "2", "--configfile", "study.yaml", *arguments]
    subprocess.run(
        [sys.executable, "-m", "snakemake", *options],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - start
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, wall, after.ru_maxrss / 1024


def main():
    """Plan and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--further", nargs="*", default=[], help="further figures of every map, such as clusters")
    parser.add_argument("--models", type=int, default=0, choices=range(len(MODELS) + 1), help="models of groups")
    parser.add_argument("--parts", action="store_true", help="one part of a thousand runs instead of all at once")
    chosen = parser.parse_args()
    print("runs     seeds  planned  processor s  wall s  memory MB")
    for n_runs in chosen.runs:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prepare(folder, n_runs, chosen.seeds, chosen.further, chosen.models)
            parts = max(1, n_runs // 1000) if chosen.parts else 1
            seconds, wall, memory = plan(folder, *(["--config", f"part=1/{parts}"] if parts > 1 else []))
            planned = f"{n_runs:<8} {chosen.seeds:<6} {n_runs // parts:<8}"
            print(f"{planned} {seconds:<12.1f} {wall:<7.1f} {memory:.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

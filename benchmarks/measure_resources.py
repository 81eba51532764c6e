"""Measure the memory and time of every rule on runs of several sizes, beside what the rules ask for.

    uv run python benchmarks/measure_resources.py               five minutes on two quiet cores
    uv run python benchmarks/measure_resources.py --table FILE  and keep what was measured

The constants of workflow/scripts/seed_to_voxel/study/resources.py come from this program, and
tests/unit/study/measured_resources.tsv, which holds the models to them; a change of what a step costs needs both anew.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from seed_to_voxel.base import tables  # noqa: E402
from seed_to_voxel.study import figure_kinds, resources  # noqa: E402

PARTS = ("Snakefile", "config", "workflow", "envs", "profiles", "pyproject.toml")
CONFOUNDS = ["trans_*", "rot_*", "framewise_displacement", "a_comp_cor_*", "csf", "white_matter"]
SIZES = ((8, 60, 1), (4, 168, 1), (4, 168, 10), (4, 600, 1), (3, 300, 1), (2, 200, 1))
"""Voxel size (mm), volumes, seeds."""

RULES = [step for step in resources.COSTS if step != "draw_all_figures"]
"""Rules whose cost is modelled; what draw_figures does with further figures is modelled as another step."""


def copy_project(folder):
    """Copy what a run of the workflow needs into an empty folder."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)


def watch(process, interval=0.02):
    """Watch a Snakemake and its scripts until it ends.

    Parameters
    ----------
    process : subprocess.Popen

    Returns
    -------
    dict of str to float
        Largest resident memory of each rule's script, MB, as the kernel keeps it for each process.
    """
    peaks = {}
    while process.poll() is None:
        for entry in os.listdir("/proc"):
            try:
                if not entry.isdigit():
                    continue
                with open(f"/proc/{entry}/cmdline") as file:
                    script = re.search(r"/tmp\w+\.(\w+)\.py\0", file.read())
                # Others may run the workflow on this machine too.
                if not script or os.getpgid(int(entry)) != process.pid:
                    continue
                with open(f"/proc/{entry}/status") as file:
                    highest = int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) / 1024
                peaks[script[1]] = max(peaks.get(script[1], 0), highest)
            except (OSError, TypeError):
                continue  # the process has ended meanwhile
        time.sleep(interval)
    return peaks


def measure(folder, voxel_size, volumes, n_seeds, further=True):
    """Run the workflow on one simulated run.

    Parameters
    ----------
    folder : pathlib.Path
        Empty; the project is copied there.
    voxel_size : float
        mm.
    volumes, n_seeds : int
    further : bool
        Whether all further figures are drawn.

    Returns
    -------
    dict of str to (float, float, int, int)
        For each step of `resources.COSTS` the peak memory of its script (MB) and its time (s), and the memory (MB)
        and time (min) it asks.
    """
    copy_project(folder)
    options = {"participants": 1, "voxel_size": voxel_size, "volumes": volumes}
    rows = "".join(f"S{k}\t{4 * k - 20}\t-52\t18\t8\n" for k in range(n_seeds))
    (folder / "seeds.tsv").write_text(f"label\tx\ty\tz\tradius_mm\n{rows}")
    (folder / "study.yaml").write_text(
        f"dataset: {{kind: simulated, simulated: {{{', '.join(f'{k}: {v}' for k, v in options.items())}}}}}\n"
        f"seeds: seeds.tsv\ncleaning: {{confounds: {json.dumps(CONFOUNDS)}}}\n"
        + (
            f"figures: {{further: {json.dumps(list(figure_kinds.KINDS))}, "
            "viewers: {runs: first, kinds: [slices, surface, explore]}}\n"
            f"cleanings: {{wide: {{low_pass: null}}, gsr: {{confounds: {[*CONFOUNDS, 'global_signal']}}}}}\n"
            if further
            else ""
        )
    )
    with open(folder / "printed.txt", "w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "study.yaml"],
            cwd=folder,
            # What is asked is for a cluster, where each script starts a Python of its own.
            env=os.environ | {"SEED_TO_VOXEL_COPIES": "0"},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        peaks = watch(process)
    if process.returncode:
        raise RuntimeError((folder / "printed.txt").read_text())
    size = resources.simulated_size(options)
    measured = {}
    for rule in RULES if further else (rule for rule in RULES if rule not in ("explore_run", "compare_cleanings")):
        (table,) = (folder / "results" / "benchmarks" / rule).rglob("*.tsv")
        seconds = float(table.read_text().splitlines()[1].split("\t")[0])
        step = "draw_all_figures" if further and rule == "draw_figures" else rule
        asked = (amount(step, size, n_seeds) for amount in (resources.memory_mb, resources.runtime_minutes))
        measured[step] = (peaks[rule], seconds, *asked)
    return measured


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="file to write the measurements to")
    chosen = parser.parse_args()
    kept = []
    print("voxels  volumes  seeds  step              script MB  asked MB  used   seconds  asked min")
    for voxel_size, volumes, n_seeds in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            measured = measure(Path(folder), voxel_size, volumes, n_seeds)
        with tempfile.TemporaryDirectory() as folder:
            few = measure(Path(folder), voxel_size, volumes, n_seeds, further=False)
            measured["draw_figures"] = few["draw_figures"]
        for rule, (peak, seconds, memory, minutes) in measured.items():
            used = (peak + resources.SNAKEMAKE_MB) / memory
            run = f"{voxel_size} mm {volumes:10} {n_seeds:6}  {rule:16}"
            print(f"{run} {peak:9.0f} {memory:9} {used:6.0%} {seconds:8.1f} {minutes:6}", flush=True)
            kept.append((voxel_size, volumes, n_seeds, rule, peak, seconds))
    if chosen.table:
        names = ("voxel_size", "volumes", "seeds", "step", "script_mb", "seconds")
        tables.write(chosen.table, dict(zip(names, zip(*kept, strict=True), strict=True)), digits=4)


if __name__ == "__main__":
    main()

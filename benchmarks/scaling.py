"""How the cost of a run grows with its volumes, voxels and seeds: `uv run python benchmarks/scaling.py`.

The three steps of a run are timed as `compare_nilearn.py` times them; docs/scaling.md quotes the table.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
from pathlib import Path

from measuring import Bench, machine
from steps import steps
from ways import ROOT

CASES = (
    # voxel size in mm, volumes, seeds
    *((4.0, volumes, 1) for volumes in (100, 200, 400)),
    *((voxel_size, 200, 1) for voxel_size in (6.0, 3.0, 2.0)),
    *((4.0, 200, n_seeds) for n_seeds in (8, 64)),
)


def main():
    """Time every case and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "scaling", help="for data and maps")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(options.folder)
    folder = str(options.folder / "steps")
    names = ("voxels, mm", "voxels in the mask", "volumes", "seeds", "extract_seeds, s", "extract_voxels, s")
    names += ("correlate, s", "all, s", "peak, MB", "voxels' series, MB")
    print(", ".join(f"{name} {value}" for name, value in machine().items()), end="\n\n")
    print("| " + " | ".join(names) + " |", "| --- " * len(names) + "|", sep="\n")
    for voxel_size, volumes, n_seeds in CASES:
        stem = str(options.folder / f"{voxel_size:g}mm_{volumes}")
        if not Path(f"{stem}_seeds{n_seeds}.json").is_file():
            asked = {"voxel_size": voxel_size, "volumes": volumes, "dtype": "int16", "seeds": [1, 8, 64]}
            bench.way("make_data", stem=stem, **asked)
        case = f"{voxel_size:g} mm, {volumes} volumes, {n_seeds} seeds"
        for repetition in range(options.repetitions):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            bench.keep(case, "steps", repetition, steps(bench, stem, n_seeds, True, folder))
        n_voxels = json.loads(Path(folder, "voxels.json").read_text())["n_voxels"]
        parts = [m["parts"] for m in bench.measured if m["case"] == case]
        cpu = [
            f"{statistics.median(part[step]['work_cpu'] for part in parts):.2f}"
            for step in ("extract_seeds", "extract_voxels", "correlate")
        ]
        total = statistics.median(bench.values(case, "steps", "work_cpu"))
        peak = statistics.median(bench.values(case, "steps", "peak"))
        series = Path(folder, "voxels.npy").stat().st_size / 1e6
        cells = [f"{voxel_size:g}", n_voxels, volumes, n_seeds, *cpu, f"{total:.2f}", f"{peak:.0f}", f"{series:.0f}"]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Speed and memory of this project beside nilearn's own way, measured on this machine.

uv run python benchmarks/compare_nilearn.py                 everything (forty minutes on two cores)
uv run python benchmarks/compare_nilearn.py --quick         the 4 mm run alone (about three minutes)
uv run python benchmarks/compare_nilearn.py --json all.json every measurement, for plots of your own

The data are simulated by the project. The ways are run in turn, each as a process of its own, and compared
round by round, so that another user of the machine spoils one round and not the comparison:

(a) nilearn's gallery example as published, up to the correlation: spheres masker and masker, defaults;
(b) the same with `clean_args={"butterworth__copy": True}`, nilearn at its best;
(c) this project's three steps, extract_seeds, extract_voxels and correlate, as the rules call them;
(d) the whole workflow by `snakemake`, with its report and quality control, beside the whole example script;
(e) nilearn as an expert would loop over runs (`nilearn_loop.py`): a further run's maps and figures in one process.

A further run is what five runs take more than one, divided by four (`--runs`).
"""

import argparse
import json
import sys
from pathlib import Path

import aims
from measuring import SIZES, Bench, machine
from steps import compare_r, compare_steps
from ways import ROOT
from whole import compare_whole


def measure(bench, options):
    """Run all that the options ask for."""
    every = ("nilearn", "nilearn_best", "floor_of_libraries", "floor_of_parts")
    seeds = sorted({1, *options.seeds})
    for size in options.sizes:
        # What a reader trusts most comes first, should the rest be interrupted.
        if options.cores:
            compare_whole(bench, size, options.cores, options.runs, options.repetitions)
        # Another type of the file's values matters for reading alone, which the smaller size shows.
        dtypes = options.dtypes or (["int16", "float32"] if size == "4mm" and not options.quick else ["int16"])
        for dtype in dtypes:
            compare_steps(bench, size, dtype, 1, every, options.repetitions, seeds)
        for n_seeds in options.seeds:
            if n_seeds > 1:
                compare_steps(bench, size, dtypes[0], n_seeds, (), options.repetitions, seeds)
        for dtype in dtypes:
            for confounds in (True, False):
                compare_r(bench, size, dtype, 1, confounds, seeds)


def read_options():
    """The options, completed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="4 mm, int16, 2 rounds, 1 and 64 seeds")
    parser.add_argument("--sizes", nargs="*", choices=SIZES, help="of the run (default: 4mm 2mm; 8mm is for a try)")
    parser.add_argument(
        "--dtypes",
        nargs="+",
        choices=("int16", "float32"),
        help="types of the file's values (default: int16, at 4 mm also float32)",
    )
    parser.add_argument("--seeds", nargs="+", type=int, help="numbers of seeds, up to 161 (default: 1 8 64)")
    parser.add_argument("--cores", nargs="*", type=int, help="of the whole workflow (default: 2; none to leave it out)")
    parser.add_argument("--runs", type=int, default=5, help="of the longer study (default: 5)")
    parser.add_argument("--repetitions", type=int, help="rounds (default: 3)")
    parser.add_argument("--json", type=Path, help="file for every measurement")
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "compare_nilearn", help="for data and maps")
    options = parser.parse_args()
    standard = {"sizes": ["4mm", "2mm"], "seeds": [1, 8, 64], "cores": [2], "repetitions": 3}
    if options.quick:
        standard |= {"sizes": ["4mm"], "seeds": [1, 64], "repetitions": 2}
    for name, value in standard.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.runs < 2:
        parser.error("a further run is the difference of at least 2 runs and one")
    if min([options.repetitions, *options.seeds, *options.cores]) < 1 or max(options.seeds) > 161:
        parser.error("numbers must be at least 1, seeds at most 161")
    return options


def main():
    """Read the options, measure, and print the tables."""
    options = read_options()
    options.folder.mkdir(parents=True, exist_ok=True)
    here = machine()
    bench = Bench(options.folder.resolve())
    try:
        measure(bench, options)
    except KeyboardInterrupt:
        print("interrupted: what follows is what was measured until then", file=sys.stderr)
    finally:
        if options.json:
            options.json.write_text(json.dumps({"machine": here, "measurements": bench.measured}, indent=2) + "\n")
    described = ", ".join(f"{name} {value}" for name, value in here.items())
    print("\n".join([described, "", *aims.reach(bench), "", *aims.tables(bench)]))


if __name__ == "__main__":
    main()

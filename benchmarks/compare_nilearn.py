"""Speed and memory of this project beside nilearn's own way, measured on this machine.

uv run python benchmarks/compare_nilearn.py                 everything (forty minutes on two cores)
uv run python benchmarks/compare_nilearn.py --quick         the 4 mm run alone (about three minutes)
uv run python benchmarks/compare_nilearn.py --json all.json every measurement, for plots of your own

The data are simulated by the project. The ways are run in turn, each as a process of its own, and compared
pair by pair, so that another user of the machine spoils one pair and not the comparison:

(a) nilearn's gallery example as published, up to the correlation: spheres masker and masker, defaults;
(b) the same with `clean_args={"butterworth__copy": True}`, nilearn at its best;
(c) this project's three steps, extract_seeds, extract_voxels and correlate, as the rules call them;
(d) the whole workflow by `snakemake`, beside the whole example script, figures and files included.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from ways import BAND, CONFOUNDS, FWHM, ROOT, T_R

HERE = Path(__file__).resolve().parent
# Snakemake hands a rule's threads to BLAS by these.
BLAS_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MB = 1024 if sys.platform != "darwin" else 1024**2  # ru_maxrss is in KB on Linux and in bytes on macOS

SIZES = {"4mm": (4.0, 168), "2mm": (2.0, 300), "8mm": (8.0, 120)}
LABELS = {
    "nilearn": "(a) nilearn, as published",
    "nilearn_best": "(b) nilearn, Butterworth in place",
    "steps": "(c) this project",
    "floor_of_libraries": "floor: nibabel, scipy, numpy",
    "floor_of_parts": "floor: this project's parts",
}


class Bench:
    """Runs processes, says which, and keeps every measurement."""

    def __init__(self, folder):
        self.folder = folder
        self.measured = []
        self.started = time.monotonic()

    def process(self, command, cwd=None, threads=None):
        """Run a command; wall and processor time in seconds, peak memory in MB, and the JSON it printed last."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        if threads:
            environment |= dict.fromkeys(BLAS_VARIABLES, str(threads))
        with tempfile.TemporaryFile("w+") as output:
            start = time.perf_counter()
            child = subprocess.Popen(
                list(map(str, command)), cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
            # Of the child and all that it waited for, as the kernel counted it.
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            printed = output.read()
        if child.returncode:
            sys.exit(f"{' '.join(map(str, command))}\nended with status {child.returncode}:\n{printed[-3000:]}")
        lines = [line for line in printed.splitlines() if line.startswith("{")]
        said = json.loads(lines[-1]) if lines else {}
        return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * MB / 1024**2, **said}

    def way(self, name, threads=None, **arguments):
        """Run one of the ways."""
        return self.process([sys.executable, HERE / "ways.py", name, json.dumps(arguments)], threads=threads)

    def keep(self, case, way, repetition, values):
        """Keep a measurement and show it."""
        self.measured.append({"case": case, "way": way, "repetition": repetition, **values})
        elapsed = time.monotonic() - self.started
        work = f", {values['work_cpu']:.2f} s without imports" if "work_cpu" in values else ""
        print(
            f"[{elapsed / 60:5.1f} min] {case}, {LABELS.get(way, way)}, round {repetition + 1}: "
            f"wall {values['wall']:.2f} s, processor {values['cpu']:.2f} s{work}, peak {values['peak']:.0f} MB",
            file=sys.stderr,
            flush=True,
        )

    def steps(self, stem, n_seeds, confounds, folder):
        """Run the three rules' scripts in turn, each as its own process: times add up, the highest peak counts."""
        given = {
            "extract_seeds": {"stem": stem, "n_seeds": n_seeds, "confounds": confounds, "folder": folder},
            "extract_voxels": {"stem": stem, "folder": folder},
            "correlate": {"n_seeds": n_seeds, "folder": folder},
        }
        parts = {step: self.way(step, 1, **arguments) for step, arguments in given.items()}
        values = {key: sum(part[key] for part in parts.values()) for key in ("wall", "cpu", "work_cpu", "work_wall")}
        return {**values, "peak": max(part["peak"] for part in parts.values()), "parts": parts}

    def data(self, size, dtype, seeds):
        """Make a size's run once."""
        stem = str(self.folder / f"{size}_{dtype}")
        missing = [number for number in seeds if not Path(f"{stem}_seeds{number}.json").is_file()]
        if missing or not Path(f"{stem}_bold.nii.gz").is_file():
            print(f"simulating the {size} run, {dtype}", file=sys.stderr, flush=True)
            voxel_size, volumes = SIZES[size]
            self.way("make_data", stem=stem, voxel_size=voxel_size, volumes=volumes, dtype=dtype, seeds=list(seeds))
        return stem

    def extraction(self, size, dtype, n_seeds, confounds, ways, repetitions, seeds):
        """Time the ways in turn on one run; the largest difference in r is taken once for each nilearn way."""
        stem = self.data(size, dtype, seeds)
        case = f"{size} {dtype}, {n_seeds} seed{'s' * (n_seeds > 1)}" + ("" if confounds else ", no confounds")
        folder = str(self.folder / "steps")
        theirs = str(self.folder / "r.npz")
        for repetition in range(repetitions):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            # First, since the floors and the differences use what it leaves.
            self.keep(case, "steps", repetition, self.steps(stem, n_seeds, confounds, folder))
            for way in ways:
                if way.startswith("floor"):
                    self.keep(case, way, repetition, self.way(way, 1, stem=stem, folder=folder))
                    continue
                values = self.nilearn(stem, n_seeds, confounds, way == "nilearn_best", theirs)
                values |= self.way("largest_difference", theirs=theirs, n_seeds=n_seeds, folder=folder)["difference"]
                self.keep(case, way, repetition, values)

    def nilearn(self, stem, n_seeds, confounds, best, r, dtype=None):
        """Run nilearn's way."""
        return self.way("nilearn_way", stem=stem, n_seeds=n_seeds, confounds=confounds, best=best, dtype=dtype, r=r)

    def parity(self, size, dtype, n_seeds, confounds, seeds):
        """Largest difference in r from nilearn, given the file as it is and the same values as float."""
        stem = self.data(size, dtype, seeds)
        folder, theirs = str(self.folder / "steps"), str(self.folder / "r.npz")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.steps(stem, n_seeds, confounds, folder)
        case = f"{size} {dtype}, {'15 confounds' if confounds else 'no confounds'}"
        for given in (None, "float32") if dtype == "int16" else (None,):
            self.nilearn(stem, n_seeds, confounds, True, theirs, given)
            found = self.way("largest_difference", theirs=theirs, n_seeds=n_seeds, folder=folder)["difference"]
            way = "as float" if given else "as it is"
            self.measured.append({"case": case, "way": way, "parity": True, **found})
            print(f"{case}, nilearn reads it {way}: largest difference in r {found['largest']:.1e}", file=sys.stderr)

    def whole(self, size, n_runs, cores, repetitions, example):
        """The whole workflow with a number of runs on each number of cores, beside the whole example with one run."""
        stem = self.data(size, "int16", [1])
        for repetition in range(repetitions):
            if example:
                arguments = [f"{stem}_bold.nii.gz", f"{stem}_confounds.tsv", self.folder]
                script = [sys.executable, HERE / "gallery_example.py", *arguments]
                self.keep(f"{size} whole, the example script", "example", repetition, self.process(script))
            for number in cores:
                project = self.folder / "project"
                shutil.rmtree(project, ignore_errors=True)
                command = [*write_study(project, stem, n_runs), "--cores", number]
                values = self.process(command, cwd=project)
                self.keep(whole_case(size, n_runs, number), "workflow", repetition, values | {"n_runs": n_runs})

    def values(self, case, way, key):
        """A quantity's measurements, in the order of the rounds."""
        return [m[key] for m in self.measured if m["case"] == case and m["way"] == way and key in m]

    def ratios(self, case, above, below, key, below_case=None):
        """Ratios round by round."""
        pairs = zip(self.values(case, above, key), self.values(below_case or case, below, key), strict=False)
        return [high / low for high, low in pairs]


def whole_case(size, n_runs, cores):
    """Name of a measurement of the whole workflow."""
    return f"{size} whole, {n_runs} run{'s' * (n_runs > 1)}, {cores} core{'s' * (cores > 1)}"


def write_study(project, stem, n_runs):
    """Write a table of the same run under several subjects; returns the command that computes it."""
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


def spread(values, digits=2):
    """Median (min to max)."""
    middle, low, high = (f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})"


def tables(bench):
    """The measurements as Markdown."""
    lines = []
    timed = [m for m in bench.measured if "wall" in m]
    for case in dict.fromkeys(m["case"] for m in timed):
        rows = []
        for way in dict.fromkeys(m["way"] for m in timed if m["case"] == case):
            wall, cpu, work, peak = (bench.values(case, way, key) for key in ("wall", "cpu", "work_cpu", "peak"))
            cells = [LABELS.get(way, way), spread(wall), spread(cpu), spread(work) if work else "", spread(peak, 0)]
            rows.append("| " + " | ".join(cells) + " |")
        lines += [
            f"**{case}**, median (min to max) of {max(m['repetition'] for m in timed if m['case'] == case) + 1}",
            "",
            "| way | wall, s | processor, s | without imports, s | peak, MB |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    differences = [m for m in bench.measured if m.get("parity")]
    if differences:
        lines += ["| run | nilearn reads it | largest difference in r | voxels in one mask only |", "| --- " * 4 + "|"]
        lines += [f"| {m['case']} | {m['way']} | {m['largest']:.1e} | {m['only_one']} |" for m in differences]
        lines += [
            "",
            "NiftiSpheresMasker (nilearn 0.14.1) cuts the mean of a sphere to an integer when the file holds "
            "integers; the difference vanishes when it is given the same values as float (`dtype='float32'`).",
            "",
        ]
    return lines


def reach(bench):
    """What was aimed at and what was measured, as Markdown; the ratios are those of the rounds."""
    small, large = "4mm int16, 1 seed", "2mm int16, 1 seed"
    wanted = [
        ("4 mm, processor time without imports, (a) / (c)", (small, "nilearn", "steps", "work_cpu"), 20),
        ("4 mm, processor time without imports, (b) / (c)", (small, "nilearn_best", "steps", "work_cpu"), 2),
        ("2 mm, processor time without imports, (a) / (c)", (large, "nilearn", "steps", "work_cpu"), 25),
        ("2 mm, processor time without imports, (b) / (c)", (large, "nilearn_best", "steps", "work_cpu"), 3),
        ("2 mm, peak memory, (a) / (c)", (large, "nilearn", "steps", "peak"), 8),
        ("4 mm, peak memory, (a) / (c)", (small, "nilearn", "steps", "peak"), 2),
    ]
    rows = []
    for text, (case, above, below, key), least in wanted:
        if ratios := bench.ratios(case, above, below, key):
            rows.append((text, f"at least {least}", spread(ratios), statistics.median(ratios) >= least))
    for size in SIZES:
        rows += reach_of_whole(bench, size)
    for n_seeds in (8, 64):
        many = f"4mm int16, {n_seeds} seeds"
        if ratios := bench.ratios(many, "steps", "steps", "work_cpu", below_case=small):
            fine = statistics.median(ratios) <= 1.5
            rows.append((f"4 mm, {n_seeds} seeds / 1 seed, processor time", "at most 1.5", spread(ratios), fine))
    for floor in ("floor_of_libraries", "floor_of_parts"):
        for case in (large, small):
            if ratios := bench.ratios(case, "steps", floor, "work_cpu"):
                fine = statistics.median(ratios) <= 1.5
                rows.append((f"{case[0]} mm, (c) / {LABELS[floor]}", "at most 1.5", spread(ratios), fine))
    if peak := bench.values(large, "steps", "peak"):
        rows.append(("2 mm, peak memory of (c), MB", "at most 700", spread(peak, 0), max(peak) <= 700))
    for m in bench.measured:
        if m.get("parity"):
            text = f"largest difference in r, {m['case']}, read {m['way']}"
            rows.append((text, "at most 1e-5", f"{m['largest']:.1e}", m["largest"] <= 1e-5))
    lines = ["| what | aim | measured | reached |", "| --- | --- | --- | --- |"]
    return lines + [f"| {what} | {aim} | {found} | {'yes' if fine else 'no'} |" for what, aim, found, fine in rows]


def reach_of_whole(bench, size, cores=2):
    """Rows of `reach` on the whole workflow."""
    name, script, single = f"{size[0]} mm", f"{size} whole, the example script", whole_case(size, 1, cores)
    walls = zip(bench.values(script, "example", "wall"), bench.values(single, "workflow", "wall"), strict=False)
    ratios = [example / workflow for example, workflow in walls]
    if not ratios:
        return []
    fine = statistics.median(ratios) >= 3
    rows = [(f"{name}, whole workflow, 1 run, {cores} cores, wall", "at least 3", spread(ratios), fine)]
    one, example = (
        statistics.median(bench.values(case, way, "cpu")) for case, way in ((single, "workflow"), (script, "example"))
    )
    for n_runs in sorted({m["n_runs"] for m in bench.measured if m.get("n_runs", 1) > 1}):
        for many in bench.values(whole_case(size, n_runs, cores), "workflow", "cpu"):
            ratio = example * (n_runs - 1) / (many - one)
            text = f"{name}, a further run ({n_runs} runs, {cores} cores), processor time, example / workflow"
            rows.append((text, "at least 3", f"{ratio:.2f}", ratio >= 3))
    return rows


def machine():
    """What the measurements were made on."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    versions = {name: metadata.version(name) for name in ("nilearn", "numpy", "scipy", "nibabel", "snakemake")}
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **versions,
        "load at the start": os.getloadavg()[0],
    }


def measure(bench, options):
    """Run all that the options ask for."""
    every = ("nilearn", "nilearn_best", "floor_of_libraries", "floor_of_parts")
    seeds = sorted({1, *options.seeds})
    for size in options.sizes:
        # Another type of the file's values matters for reading alone, which the smaller size shows.
        dtypes = options.dtypes or (["int16", "float32"] if size == "4mm" and not options.quick else ["int16"])
        for dtype in dtypes:
            bench.extraction(size, dtype, 1, True, every, options.repetitions, seeds)
        for n_seeds in options.seeds:
            if n_seeds > 1:
                bench.extraction(size, dtypes[0], n_seeds, True, (), options.repetitions, seeds)
        for dtype in dtypes if options.parity is None else options.parity:
            for confounds in (True, False):
                bench.parity(size, dtype, 1, confounds, seeds)
        for n_runs in options.runs:
            # The example's time does not depend on the cohort.
            bench.whole(size, n_runs, options.cores, options.repetitions if n_runs == 1 else 1, example=n_runs == 1)


def main():
    """Read the options, measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="4 mm, int16, 3 rounds, 1 and 64 seeds, 1 and 4 runs")
    parser.add_argument(
        "--sizes", nargs="*", choices=SIZES, help="sizes of the run (default: 4mm 2mm; 8mm is for a try)"
    )
    parser.add_argument(
        "--dtypes",
        nargs="+",
        choices=("int16", "float32"),
        help="types of the file's values (default: int16, at 4 mm also float32)",
    )
    parser.add_argument(
        "--parity", nargs="*", choices=("int16", "float32"), help="types to compare r with (default: the same)"
    )
    parser.add_argument("--seeds", nargs="+", type=int, help="numbers of seeds, up to 161 (default: 1 8 64)")
    parser.add_argument("--runs", nargs="*", type=int, help="numbers of runs of the whole workflow (default: 1 4 16)")
    parser.add_argument("--cores", nargs="+", type=int, help="cores of the whole workflow (default: 1 2)")
    parser.add_argument("--repetitions", type=int, help="rounds (default: 3)")
    parser.add_argument("--json", type=Path, help="file for every measurement")
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "compare_nilearn", help="for data and maps")
    options = parser.parse_args()
    standard = {
        "sizes": ["4mm", "2mm"],
        "seeds": [1, 8, 64],
        "runs": [1, 4, 16],
        "cores": [1, 2],
        "repetitions": 3,
    }
    if options.quick:
        standard |= {"sizes": ["4mm"], "seeds": [1, 64], "runs": [1, 4], "cores": [2]}
    for name, value in standard.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if min([options.repetitions, *options.seeds, *options.runs, *options.cores]) < 1 or max(options.seeds) > 161:
        parser.error("numbers must be at least 1, seeds at most 161")
    options.folder.mkdir(parents=True, exist_ok=True)
    here = machine()
    bench = Bench(options.folder)
    try:
        measure(bench, options)
    except KeyboardInterrupt:
        print("interrupted: what follows is what was measured until then", file=sys.stderr)
    finally:
        if options.json:
            options.json.write_text(json.dumps({"machine": here, "measurements": bench.measured}, indent=2) + "\n")
    print("\n".join([", ".join(f"{name} {value}" for name, value in here.items()), "", *tables(bench), *reach(bench)]))


if __name__ == "__main__":
    main()

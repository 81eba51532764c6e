"""Run processes and keep what they took: time and memory as the kernel counted them."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# Snakemake hands a rule's threads to BLAS by these.
BLAS_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MB = 1024 if sys.platform != "darwin" else 1024**2  # ru_maxrss is in KB on Linux and in bytes on macOS

SIZES = {"4mm": (4.0, 168), "2mm": (2.0, 300), "8mm": (8.0, 120)}
"""Of the simulated runs: voxels in mm, volumes."""

LABELS = {
    "nilearn": "(a) nilearn, as published",
    "nilearn_best": "(b) nilearn, Butterworth in place",
    "steps": "(c) this project",
    "example": "the example script",
    "workflow": "(d) this project, whole",
    "loop": "(e) nilearn, looped by an expert",
    "floor_of_libraries": "floor: nibabel, scipy, numpy",
    "floor_of_parts": "floor: this project's parts",
}


class Bench:
    """Runs processes, says which, and keeps every measurement.

    Attributes
    ----------
    folder : pathlib.Path
        For data and results.
    measured : list of dict
        A measurement each, in the order they were made: case, way, repetition and what was measured.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.measured: list[dict[str, Any]] = []
        self.started = time.monotonic()

    def process(self, command: list, cwd: Path | None = None, threads: int | None = None) -> dict[str, Any]:
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

    def way(self, name: str, threads: int | None = None, **arguments) -> dict[str, Any]:
        """Run one of the ways of `ways.py`."""
        return self.process([sys.executable, HERE / "ways.py", name, json.dumps(arguments)], threads=threads)

    def data(self, size: str, dtype: str, seeds: list[int]) -> str:
        """Make a size's run once; returns the stem of its files."""
        stem = str(self.folder / f"{size}_{dtype}")
        missing = [number for number in seeds if not Path(f"{stem}_seeds{number}.json").is_file()]
        if missing or not Path(f"{stem}_bold.nii.gz").is_file():
            print(f"simulating the {size} run, {dtype}", file=sys.stderr, flush=True)
            voxel_size, volumes = SIZES[size]
            self.way("make_data", stem=stem, voxel_size=voxel_size, volumes=volumes, dtype=dtype, seeds=list(seeds))
        return stem

    def keep(self, case: str, way: str, repetition: int, values: dict[str, Any]) -> None:
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

    def keep_difference(self, case: str, way: str, found: dict[str, Any]) -> None:
        """Keep the largest difference in r between two maps and show it."""
        self.measured.append({"case": case, "way": way, "parity": True, **found})
        print(f"{case}, {way}: largest difference in r {found['largest']:.1e}", file=sys.stderr, flush=True)

    def values(self, case: str, way: str, key: str) -> list[float]:
        """A quantity's measurements, in the order of the rounds."""
        return [m[key] for m in self.measured if m["case"] == case and m["way"] == way and key in m]

    def ratios(self, case: str, above: str, below: str, key: str, below_case: str | None = None) -> list[float]:
        """Ratios round by round."""
        pairs = zip(self.values(case, above, key), self.values(below_case or case, below, key), strict=False)
        return [high / low for high, low in pairs]


def machine() -> dict[str, Any]:
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
        "load at the start": round(os.getloadavg()[0], 2),
    }

"""The comparison with nilearn's way runs, on a small run; its timings are nobody's test."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_the_ways_are_compared(tmp_path):
    command = [sys.executable, BENCHMARKS / "compare_nilearn.py", "--folder", tmp_path, "--json", tmp_path / "all.json"]
    options = [
        "--sizes",
        "8mm",
        "--dtypes",
        "int16",
        "--seeds",
        "1",
        "2",
        "--parity",
        "int16",
        "--runs",
        "--repetitions",
        "1",
    ]
    ran = subprocess.run([*command, *options], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    measured = json.loads((tmp_path / "all.json").read_text())["measurements"]
    ways = {entry["way"] for entry in measured}
    assert ways >= {"steps", "nilearn", "nilearn_best", "floor_of_libraries", "floor_of_parts"}
    assert {entry["case"] for entry in measured if entry["way"] == "steps"} == {
        "8mm int16, 1 seed",
        "8mm int16, 2 seeds",
    }
    # Its numbers are of the same maps: nilearn, given the same values as float, agrees.
    parity = [entry for entry in measured if entry["way"] == "as float"]
    assert len(parity) == 2
    assert all(entry["largest"] < 1e-5 and entry["only_one"] == 0 for entry in parity)

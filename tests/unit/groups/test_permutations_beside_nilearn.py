"""The benchmark beside `permuted_ols` runs, and both ways have the same t; its timings are nobody's test."""

import subprocess
import sys

from conftest import ROOT


def test_both_ways_are_run(tmp_path):
    small = ["--subjects", "12", "--voxels", "400", "--permutations", "20", "--tfce-permutations", "2"]
    command = [sys.executable, ROOT / "benchmarks" / "permutations.py", *small, "--repetitions", "1"]
    ran = subprocess.run([*command, "--folder", tmp_path], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    rows = [line for line in ran.stdout.splitlines() if "at least" in line]
    assert len(rows) == 2, ran.stdout
    for row in rows:
        assert float(row.split(" | ")[-1].removesuffix(" |")) < 1e-5
    assert ran.stdout.count("nilearn `permuted_ols`") == 2 and ran.stdout.count("| this project |") == 3

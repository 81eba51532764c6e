"""The starter, as a user calls it: from a folder to a config that Snakemake takes."""

import subprocess
import sys

import pytest
import yaml

pytestmark = pytest.mark.workflow


def start(workspace, *arguments):
    command = [sys.executable, "workflow/start.py", *map(str, arguments)]
    return subprocess.run(command, cwd=workspace.path, capture_output=True, text=True, check=False)


def test_a_folder_becomes_a_study_that_can_run(finished, tmp_path):
    folder = finished.path / "results/inputs/simulated"
    done = start(finished, folder, "--to", tmp_path / "study")
    assert done.returncode == 0, done.stderr
    assert "runs to use: 2 of 2 participants" in done.stdout
    assert "It would run:" in done.stdout and "2 x extract_seeds" in done.stdout
    study = tmp_path / "study"
    assert f"uv run snakemake --cores 2 --directory {study} --configfile {study}/study.yaml" in done.stdout
    assert yaml.safe_load((tmp_path / "study/study.yaml").read_text())["dataset"]["fmriprep"]["folder"] == str(folder)
    again = start(finished, folder, "--to", tmp_path / "study")
    assert again.returncode == 1
    assert "study.yaml is there already; replace it with --force" in again.stderr


def test_what_is_still_missing_is_said(finished, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    source = next((finished.path / "results/inputs/simulated").glob("sub-01/func/*_bold.nii.gz"))
    (folder / "walk.nii.gz").symlink_to(source)
    done = start(finished, folder, "--to", tmp_path / "study")
    assert "It would not run yet:" in done.stdout
    assert "give it by --t-r" in done.stdout
    done = start(finished, folder, "--to", tmp_path / "study", "--t-r", 2, "--force")
    assert "1 x extract_seeds" in done.stdout, done.stdout

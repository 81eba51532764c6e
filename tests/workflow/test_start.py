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
    assert done.returncode == 1 and not (tmp_path / "study").exists()
    assert "1 of 1 run has no JSON sidecar with RepetitionTime" in done.stdout
    command = done.stdout.splitlines()[-1].strip()
    assert command == f"uv run python workflow/start.py {folder} --to {tmp_path / 'study'} --t-r SECONDS"
    # As it says.
    done = start(finished, *command.replace("SECONDS", "2").split()[4:])
    assert "1 x extract_seeds" in done.stdout, done.stdout


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(finished, tmp_path):
    (tmp_path / "file").write_text("")
    done = start(finished, finished.path / "results/inputs/simulated", "--to", tmp_path / "file" / "study")
    assert done.returncode == 1
    said = f"Error: cannot write in {tmp_path}/file/study (Not a directory); choose another folder with --to\n"
    assert done.stderr == said


def test_meshes_that_are_missing_come_before_the_command(finished, tmp_path):
    func = tmp_path / "cortex" / "sub-01" / "func"
    func.mkdir(parents=True)
    name = "sub-01_task-rest_space-fsLR_den-91k_bold"
    (func / f"{name}.dtseries.nii").write_text("x")
    (func / f"{name}.json").write_text('{"RepetitionTime": 2}')
    done = start(finished, tmp_path / "cortex", "--to", tmp_path / "study")
    assert done.returncode == 0, done.stderr
    missing, command = done.stdout[done.stdout.index("It would not run yet:") :].split("Fill it into")
    assert "surfaces.left" in missing and "To run it:" not in done.stdout
    assert command.startswith(f" {tmp_path}/study/study.yaml; then run it:\n  uv run snakemake --cores 2 --directory")

"""The workflow as a module of another one: where its results are, its report, its list of failures."""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
import yaml
from conftest import PLAIN_FIGURES, Workspace
from crops import T_R, crop, whole_mask

from seed_to_voxel.study import checksums

pytestmark = pytest.mark.workflow

SNAKEFILE = """
configfile: "config/config.yaml"


module conn:
    snakefile: "{snakefile}"
    config: config["connectivity"]
    prefix: "{prefix}"


use rule * from conn as conn_*


rule all:
    default_target: True
    input:
        rules.conn_all.input,
        "own.txt",


rule own:
    output:
        "own.txt",
    shell:
        "echo > {{output}}"
"""


@pytest.fixture(scope="module")
def importer(tmp_path_factory):
    """Somebody's workflow, with runs and seeds of their own beside it; the project lies elsewhere."""
    folder = tmp_path_factory.mktemp("module")
    project = Workspace(folder / "project")
    theirs = Workspace.of_folder(folder / "theirs")
    theirs.derivatives = theirs.path / "conn" / "results" / "derivatives" / "seed_to_voxel"
    (theirs.path / "config").mkdir(parents=True)
    snakefile = SNAKEFILE.format(snakefile=project.path / "Snakefile", prefix="conn")
    (theirs.path / "Snakefile").write_text(snakefile)
    shutil.copytree(project.path / "profiles", theirs.path / "profiles")
    whole_mask(theirs)
    rows = ["subject\ttask\tspace\tbold\tmask\tt_r"]
    for subject in ("S1", "S2"):
        nibabel.save(crop(np.int16), theirs.path / f"{subject}.nii.gz")
        rows.append(f"{subject}\trest\tMNI\t{subject}.nii.gz\tmask.nii.gz\t{T_R}")
    (theirs.path / "runs.tsv").write_text("\n".join(rows) + "\n")
    # Of the same name as what comes with the project.
    (theirs.path / "config" / "seeds.tsv").write_text("label\tx\ty\tz\tradius_mm\nTheirs\t0\t-52\t18\t8\n")
    study = {
        "dataset": {"kind": "table", "table": {"runs": "runs.tsv"}},
        "seeds": "config/seeds.tsv",
        "cleaning": {"smoothing_fwhm": None, "confounds": []},
        "figures": PLAIN_FIGURES,
    }
    (theirs.path / "config" / "config.yaml").write_text(yaml.safe_dump({"samples": "a.tsv", "connectivity": study}))
    return theirs


def test_a_run_of_a_module_that_fails_is_listed_and_the_report_shows_the_others(importer):
    whole = (importer.path / "S2.nii.gz").read_bytes()
    (importer.path / "S2.nii.gz").write_bytes(whole[:20000])
    done = importer.snakemake(check=False)
    (importer.path / "S2.nii.gz").write_bytes(whole)
    assert done.returncode == 1 and "1 failed" in done.stdout, done.stdout
    results = importer.path / "conn" / "results"
    with (results / "failed_runs.tsv").open() as table:
        (failure,) = csv.DictReader(table, delimiter="\t")
    assert failure["run"] == "sub-S2_task-rest_space-MNI"
    assert failure["log"].startswith("conn/results/logs/")
    assert "Runs that failed" in (results / "report.html").read_text()
    assert {path.name for path in importer.path.iterdir()} & {"results", "own.txt"} == {"own.txt"}


def test_a_module_s_results_and_report_lie_below_its_prefix(importer, tmp_path):
    left = importer.run_folder("S1") / "sub-S1_task-rest_space-MNI_seed-Old_stat-z_statmap.nii.gz"
    left.write_text("of a seed that is gone")
    printed = importer.snakemake().stdout
    assert "Report: conn/results/report.html" in printed
    assert "Note: With snakemake" not in printed
    results = importer.path / "conn" / "results"
    for subject in ("S1", "S2"):
        assert len(list(importer.run_folder(subject).glob("*_seed-Theirs_stat-fisherz_statmap.nii.gz"))) == 1
    assert not (results / "failed_runs.tsv").exists()
    report = (results / "report.html").read_text()
    assert "2, all of which went through" in report and "In numbers:" in report
    assert not (importer.path / "results").exists() and not (importer.path / "conn" / "conn").exists()
    printed_again = importer.snakemake().stdout
    assert "Nothing to be done" in printed_again and "Report:" not in printed_again
    # The command that is printed is the importer's, and does what it says from anywhere.
    (command,) = re.findall(r"; `([^`]+)` removes them", " ".join(printed.split()))
    assert command.startswith("snakemake conn_remove_leftovers ")
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 files removed" in done.stdout + done.stderr and not left.exists()
    listed = checksums.read(importer.derivatives / checksums.NAME)
    assert all((importer.derivatives / name).is_file() for name in listed)
    assert {path.name for path in importer.path.iterdir()} & {"results", "conn"} == {"conn"}


def test_an_importer_s_own_report_can_be_made(importer):
    importer.snakemake("--report", "theirs.html")
    assert "_seed-Theirs_stat-pearsoncorrelation_statmap.png" in (importer.path / "theirs.html").read_text()


def test_a_module_is_the_same_without_prefix_and_name(importer):
    text = (importer.path / "Snakefile").read_text()
    text = text.replace('    prefix: "conn"\n', "").replace("as conn_*", "").replace("rule all:", "rule both:")
    text = text.replace("rules.conn_all.input", "rules.all.input")
    (importer.path / "bare.smk").write_text(text)
    printed = importer.snakemake("-n", "--quiet", "host", "--snakefile", "bare.smk").stdout
    assert "results/derivatives/seed_to_voxel/qc.tsv" in printed and "conn/results" not in printed


def test_what_snakedeploy_writes_is_unpacked_once_and_does_the_same(importer, tmp_path):
    """By snakedeploy itself; git is told to find GitHub's repository on this disk."""
    project, bare = importer.path.parent / "project", tmp_path / "seed-to-voxel.git"
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y.z", "-C", str(project)]
    for command in ("init -q", "add .", "commit -qm x", "tag v1", f"clone -q --bare . {bare}"):
        subprocess.run([*git, *command.split()], check=True)
    shutil.rmtree(project / ".git")
    address = "https://github.com/somebody/seed-to-voxel"
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "GIT_CONFIG_COUNT": "1"}
    env |= {"GIT_CONFIG_KEY_0": f"url.{bare}.insteadOf", "GIT_CONFIG_VALUE_0": address}
    deployed = Workspace.of_folder(tmp_path / "deployed")
    deploy = [Path(sys.executable).with_name("snakedeploy"), "deploy-workflow", address, deployed.path, "--tag", "v1"]
    subprocess.run(deploy, check=True, env={**os.environ, **env})
    written = (deployed.path / "workflow/Snakefile").read_text()
    assert 'github("somebody/seed-to-voxel", path="Snakefile", tag="v1")' in written
    # What it tells a user to do: change the config, run Snakemake.
    assert (deployed.path / "config/config.yaml").read_text() == (project / "config/config.yaml").read_text()
    study = yaml.safe_load((importer.path / "config/config.yaml").read_text())["connectivity"]
    (deployed.path / "config/config.yaml").write_text(yaml.safe_dump(study))
    for name in ("config/seeds.tsv", "runs.tsv", "mask.nii.gz", "S1.nii.gz", "S2.nii.gz"):
        shutil.copy(importer.path / name, deployed.path / name)
    assert "Report: results/report.html" in deployed.snakemake(env=env).stdout
    (unpacked,) = (deployed.path / ".snakemake/seed-to-voxel").iterdir()
    assert (unpacked / "workflow/scripts/seed_to_voxel").is_dir()
    lists = [
        (path / "results/derivatives/seed_to_voxel/checksums.sha256").read_text().splitlines()
        for path in (importer.path / "conn", deployed.path)
    ]
    # Sidecars name the runs' files, which lie elsewhere here.
    ours, theirs = ([line for line in lines if not line.endswith(".json")] for lines in lists)
    assert ours == theirs and sum(line.endswith("_statmap.nii.gz") for line in ours) == 10
    assert "Nothing to be done" in deployed.snakemake(env=env).stdout

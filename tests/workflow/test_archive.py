"""`snakemake crate`: an archive that is a valid Provenance Run Crate, says who made what, and can be verified."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile

import crate_validity
import nibabel
import numpy as np
import pytest
import yaml
from crops import AFFINE, SHAPE, crop, study, whole_mask
from PIL import Image

from seed_to_voxel.archive import verifying

pytestmark = pytest.mark.workflow

RUN = "sub-01_task-rest_space-MNI152NLin2009cAsym"
DERIVATIVES = "results/derivatives/seed_to_voxel"


@pytest.fixture(scope="module")
def archived(finished, tmp_path_factory):
    """The finished cohort, with its archive."""
    workspace = finished.taken_on(tmp_path_factory.mktemp("archived") / "project")
    workspace.said = workspace.snakemake("crate", "--configfile", "study.yaml").stdout
    return workspace


@pytest.fixture(scope="module")
def unpacked(archived, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(archived.path / "results/crate.zip") as archive:
        archive.extractall(folder)
    return folder


def entities(folder):
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    return {one["@id"]: one for one in graph}


def several(value):
    return value if isinstance(value, list) else [value]


def names(value):
    return {one["@id"] for one in several(value)}


def test_the_archive_of_a_finished_study_computes_nothing_and_is_the_same_twice(archived):
    assert "Nothing to be done" in archived.said and "Archive: results/crate.zip" in archived.said
    path = archived.path / "results/crate.zip"
    before = path.read_bytes()
    assert "Archive" not in archived.snakemake("crate", "--configfile", "study.yaml").stdout
    path.unlink()
    assert "Archive" in archived.snakemake("crate", "--configfile", "study.yaml").stdout
    assert path.read_bytes() == before


def test_a_result_that_was_emptied_is_said_and_not_signed_until_it_is_made_anew(finished, tmp_path):
    workspace = finished.taken_on(tmp_path / "project")
    carpet = next(workspace.derivatives.glob("sub-01/func/*_desc-carpet_bold.png"))
    name, content = carpet.relative_to(workspace.path).as_posix(), carpet.read_bytes()

    def failed():
        done = subprocess.run(
            ["sha256sum", "--check", "--quiet", "checksums.sha256"],
            cwd=workspace.derivatives,
            capture_output=True,
            text=True,
        )
        return done.stdout.split()

    carpet.write_bytes(b"")
    for arguments in ((), ("describe_derivatives", "--forcerun", "describe_derivatives"), ()):
        said = workspace.snakemake(*arguments, "--configfile", "study.yaml").stdout
        assert f"Note: 1 file was changed since its job made it: {name}. " in said
        assert failed() == [f"{carpet.relative_to(workspace.derivatives)}:", "FAILED"]
    done = workspace.snakemake("crate", "--configfile", "study.yaml", check=False)
    assert done.returncode == 1 and f"{name}: expected the SHA-256" in done.stdout
    assert not (workspace.path / "results/crate.zip").exists()
    carpet.unlink()
    said = workspace.snakemake("crate", "--configfile", "study.yaml").stdout
    assert "changed since" not in said and "Archive: results/crate.zip" in said
    assert carpet.read_bytes() == content and failed() == []


def test_inputs_that_were_replaced_with_an_older_time_are_said_and_where_that_is_sure_not_archived(workspace, tmp_path):
    bold, config = workspace.path / "bold.nii.gz", study(workspace, crop(np.int16), mask="mask.nii.gz")
    mask = workspace.path / whole_mask(workspace)
    for name in ("one", "another"):
        shutil.copy(bold, tmp_path / name)
        os.utime(tmp_path / name, (1, 1))
    bold.unlink()
    bold.symlink_to(tmp_path / "one")
    # Of the run nothing but times is kept, as if it were large.
    workspace.snakemake("--configfile", config, "--max-checksum-file-size", 1000)
    bold.unlink()
    bold.symlink_to(tmp_path / "another")
    os.utime(bold, (1, 1), follow_symlinks=False)
    said = workspace.snakemake("crate", "--configfile", config).stdout
    assert "Nothing to be done" in said and "Note: bold.nii.gz: extract_seeds began to read it at" in said, said
    with zipfile.ZipFile(workspace.path / "results/crate.zip") as archive:
        assert "bold.nii.gz: extract_seeds began to read it at" in archive.read("README.md").decode()
    (workspace.path / "results/crate.zip").unlink()
    rules = said.split("--forcerun ")[1].split(")")[0].split()
    said = workspace.snakemake("crate", "--configfile", config, "--forcerun", *rules).stdout
    assert "began to read it" not in said and "Archive: " in said

    cut = np.ones(SHAPE) * (np.arange(SHAPE[2]) > 0)
    nibabel.save(nibabel.Nifti1Image(cut.astype(np.uint8), AFFINE), mask)
    os.utime(mask, (1, 1))
    (workspace.path / "results/crate.zip").unlink()
    done = workspace.snakemake("crate", "--configfile", config, check=False)
    assert done.returncode == 1 and "mask.nii.gz: expected the SHA-256" in done.stdout, done.stdout
    assert not (workspace.path / "results/crate.zip").exists()


def test_it_is_a_valid_crate_and_one_without_its_steps_is_not(unpacked, tmp_path, monkeypatch):
    assert crate_validity.issues(unpacked, monkeypatch) == []
    description = json.loads((unpacked / "ro-crate-metadata.json").read_text())
    for entity in description["@graph"]:
        if entity["@type"] == "ControlAction":
            entity.pop("instrument")
    (unpacked / "bad").mkdir()
    for path in unpacked.iterdir():
        if path.name != "bad":
            (unpacked / "bad" / path.name).symlink_to(path)
    bad = unpacked / "bad" / "ro-crate-metadata.json"
    bad.unlink()
    bad.write_text(json.dumps(description))
    found = crate_validity.issues(unpacked / "bad", monkeypatch)
    assert any("HowToStep" in sentence for sentence in found), found


def test_every_file_is_in_it_with_its_hash(archived, unpacked):
    described = entities(unpacked)
    here = {path for path in archived.derivatives.rglob("*") if path.is_file()}
    listed = {name for name in described if name.startswith(f"{DERIVATIVES}/") and not name.endswith("/")}
    assert listed == {path.relative_to(archived.path).as_posix() for path in here}
    for path in (*here, archived.path / "results/report.html"):
        name = path.relative_to(archived.path).as_posix()
        content = (unpacked / name).read_bytes()
        assert content == path.read_bytes()
        assert described[name]["sha256"] == hashlib.sha256(content).hexdigest()
    bold = archived.path / f"results/inputs/simulated/sub-01/func/{RUN}_desc-preproc_bold.nii.gz"
    digest = hashlib.sha256(bold.read_bytes()).hexdigest()
    (found,) = (one for one in described.values() if one.get("sha256") == digest)
    assert found["alternateName"] == bold.relative_to(archived.path).as_posix()
    assert not (unpacked / "results/inputs").exists()
    for folder, name in ((unpacked, f"{DERIVATIVES}/checksums.sha256"), (archived.path, "results/inputs.sha256")):
        there = (folder / name).parent if folder == unpacked else folder
        done = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", str(folder / name)], cwd=there)
        assert done.returncode == 0
    bill = json.loads((unpacked / "sbom.cdx.json").read_text())
    assert {"numpy", "nilearn", "snakemake", "python"} <= {one["name"] for one in bill["components"]}


def test_a_map_leads_back_to_the_run_it_was_made_from(unpacked):
    described = entities(unpacked)
    makers = {}
    for entity in described.values():
        if entity["@type"] == "CreateAction" and entity["@id"] != "#run":
            makers |= dict.fromkeys(names(entity["result"]), entity)
    chain, waiting = set(), [f"{DERIVATIVES}/sub-01/func/{RUN}_seed-PCC_stat-fisherz_statmap.nii.gz"]
    while waiting:
        if job := makers.get(waiting.pop()):
            chain.add((job["instrument"]["@id"], job["name"].split()[-1].split("/")[0]))
            assert job["startTime"] <= job["endTime"]
            waiting += names(job.get("object", []))
    scripts = ("fisher_z", "correlate", "extract_voxels", "extract_seeds")
    assert chain == {(f"workflow/scripts/{script}.py", "sub-01") for script in scripts} | {
        ("workflow/scripts/simulate_run.py", "01")
    }


def verify(*arguments):
    return subprocess.run(
        [sys.executable, "workflow/verify.py", *map(str, arguments)],
        cwd=crate_validity.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def with_a_paper(workspace, config):
    """Give a study a paper with an image and a mask of its own, which lie beside the config in another folder."""
    asked = yaml.safe_load((workspace.path / config).read_text())
    (workspace.path / "mine").mkdir()
    Image.new("RGB", (30, 20), "navy").save(workspace.path / "mine/setup.png")
    nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE), workspace.path / "mine/region.nii.gz")
    asked["paper"] = {
        "formats": ["png"],
        "figures": [{"name": "a", "layout": ["A"], "panels": {"A": {"kind": "image", "file": "setup.png"}}}],
        "numbers": [{"name": "meanZ", "quantity": "z_mean", "file": "region.nii.gz"}],
    }
    return workspace.write_config("mine/study.yaml", **asked)


def test_verify_runs_a_study_again_and_finds_every_byte_and_what_was_changed(workspace, tmp_path):
    config = with_a_paper(workspace, study(workspace, crop(np.int16), mask="../data/mask.nii.gz"))
    (tmp_path / "data").mkdir()
    (workspace.path / whole_mask(workspace)).rename(tmp_path / "data/mask.nii.gz")
    workspace.snakemake("crate", "--configfile", config)
    archive, again = workspace.path / "results/crate.zip", tmp_path / "away" / "again"
    done = verify(archive, "--inputs", workspace.path, "--folder", again)
    assert done.returncode == 0 and done.stdout.rstrip().endswith("Verified."), done.stdout
    # The mask above the working directory was linked inside of the folder.
    assert [path.name for path in again.parent.iterdir()] == ["again"]
    paper = again / "study/results/paper"
    (mean,) = json.loads((paper / "numbers.json").read_text()).values()
    assert [name.rpartition("/")[2] for name in mean["from"]][1:] == ["region.nii.gz"]
    # Inputs of no dataset are named by where they lie.
    moved = [path for path in again.rglob("*.json") if str(again) in path.read_text()]
    assert f"{len(moved)} sidecars too, but for the folder" in done.stdout and moved
    same = int(done.stdout.split(" files have the same bytes")[0].split()[-1])
    files = [path for path in workspace.derivatives.rglob("*") if path.is_file()]
    assert same + len(moved) >= len(files) - 1

    done = verify(archive, "--inputs", tmp_path)
    assert done.returncode == 1 and "bold.nii.gz: not there" in done.stdout, done.stdout
    (workspace.path / "bold.nii.gz").write_bytes(b"something else")
    done = verify(archive, "--inputs", workspace.path)
    assert done.returncode == 1 and "bold.nii.gz: has changed" in done.stdout
    verifying.unpack(archive, tmp_path / "unpacked")
    (tmp_path / "unpacked/study/runs.tsv").write_text("another")
    done = verify(tmp_path / "unpacked")
    assert done.returncode == 1 and "1 files are missing or damaged: study/runs.tsv" in done.stdout

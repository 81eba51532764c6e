"""A run of the workflow leaves exactly the files that are declared, and they are a BIDS dataset."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import pytest
import yaml
from conftest import DRAWN, absent

from seed_to_voxel.study import outputs

pytestmark = pytest.mark.workflow

RUNS = [f"sub-{subject}/func/sub-{subject}_task-rest_space-MNI152NLin2009cAsym" for subject in ("01", "02")]


def files_of(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_exactly_the_declared_files(finished):
    declared = yaml.safe_load((finished.path / "workflow" / "outputs.yaml").read_text())
    assert files_of(finished.derivatives) == outputs.expected(
        declared, RUNS, ["PCC"], conditions=DRAWN, chosen=RUNS[:1]
    )


def test_sources_are_files_that_are_there(finished):
    description = json.loads((finished.derivatives / "dataset_description.json").read_text())
    roots = {"": finished.derivatives} | {
        name: finished.derivatives / link for name, link in description["DatasetLinks"].items()
    }
    assert description["SourceDatasets"] == [{"URL": link} for link in description["DatasetLinks"].values()]
    n_sources = 0
    for path in finished.derivatives.rglob("*.json"):
        for source in json.loads(path.read_text()).get("Sources", []):
            scheme, name, inside = source.split(":", 2)
            assert scheme == "bids" and (roots[name] / inside).is_file(), source
            n_sources += 1
    assert n_sources >= 2 * (1 + 4 + 4 + 1)


def test_maps_have_units_and_formulas(finished):
    for path in finished.derivatives.rglob("*statmap.json"):
        described = json.loads(path.read_text())
        assert {"Description", "Units", "Formula", "Sources", "DegreesOfFreedomWhiteNoise"} <= set(described)


def validator():
    program = shutil.which("bids-validator-deno") or Path(sys.executable).with_name("bids-validator-deno")
    if not Path(program).is_file():
        absent("bids", "bids-validator-deno is not installed")
    return str(program)


def errors_of(program, folder):
    done = subprocess.run([program, str(folder), "--format", "json"], capture_output=True, text=True, timeout=120)
    try:
        found = json.loads(done.stdout)["issues"]["issues"]
    except (json.JSONDecodeError, KeyError):
        absent("bids", f"the validator does not run here: {done.stderr[-300:]}")
    return [f"{issue['code']} {issue['location']}" for issue in found if issue["severity"] == "error"]


def test_the_validator_finds_no_error(finished, tmp_path):
    program = validator()
    copy = tmp_path / "derivatives"
    shutil.copytree(finished.derivatives, copy)
    assert errors_of(program, copy) == []
    # It would find one: an image of a name that neither BIDS nor .bidsignore knows.
    source = next(copy.rglob("*_mask.nii.gz"))
    nibabel.load(source).to_filename(source.with_name("sub-01_task-rest_nonsense.nii.gz"))
    assert any("nonsense" in error for error in errors_of(program, copy))

"""The explorer's page of a whole run: its r is the workflow's own for seeds of one voxel, within what the page says."""

import json
import re
import shutil
import subprocess

import nibabel
import numpy as np
import pytest
from conftest import ROOT, SMALL, Workspace, absent, the_show

pytestmark = pytest.mark.workflow

PLACES = {"A": (0, -52, 20), "B": (-36, 20, 28), "C": (28, -92, 4)}
"""Centres of voxels of the simulated grid, or near to them."""


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    """A run whose seeds are single voxels of the smoothed image, as the page's are."""
    workspace = Workspace(tmp_path_factory.mktemp("explored") / "project")
    rows = "".join(f"{label}\t{x}\t{y}\t{z}\t1\n" for label, (x, y, z) in PLACES.items())
    (workspace.path / "seeds.tsv").write_text(f"label\tx\ty\tz\tradius_mm\n{rows}")
    show = the_show(dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 1, "volumes": 120}})
    show["cleaning"]["seed_smoothing_fwhm"] = show["cleaning"]["smoothing_fwhm"]
    show |= {"seeds": "seeds.tsv", "figures": {"viewers": {"runs": "first", "kinds": ["explore"]}}}
    workspace.snakemake("--configfile", workspace.write_config(**show))
    return workspace


@pytest.fixture(scope="module")
def page(explored):
    (found,) = explored.derivatives.rglob("*_desc-explore_viewer.html")
    return found


@pytest.fixture(scope="module")
def read(page):
    """What the page's own scripts make of it."""
    node = shutil.which("node")
    if node is None:
        absent("javascript", "node is not installed")
    places = ";".join(",".join(map(str, place)) for place in PLACES.values())
    command = [node, ROOT / "tests" / "javascript" / "read_explorer.mjs", page, "0", places]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_r_is_the_workflows_own_within_what_the_page_says(explored, page, read):
    said = float(re.search(r"r is within ([\d.]+)</strong>", page.read_text())[1])
    assert 0 < said < 0.01
    for label, found in zip(PLACES, read["maps"], strict=True):
        (path,) = explored.derivatives.rglob(f"*_seed-{label}_stat-pearsoncorrelation_statmap.nii.gz")
        image = nibabel.load(path)
        voxels = np.rint(nibabel.affines.apply_affine(np.linalg.inv(image.affine), read["places"])).astype(int)
        ours = np.asarray(image.dataobj)[tuple(voxels.T)]
        assert len(ours) > 2000 and np.ptp(ours) > 1
        assert np.abs(np.array(found["r"]) - ours).max() <= said


def test_nu_is_the_harmonic_mean_of_the_workflows_own(explored, read):
    for label, found in zip(PLACES, read["maps"], strict=True):
        (path,) = explored.derivatives.rglob(f"*_seed-{label}_stat-nu_statmap.nii.gz")
        nu = np.asarray(nibabel.load(path).dataobj)
        assert found["nu"] == pytest.approx(1 / np.mean(1 / nu[nu > 0]), rel=0.01)


def test_the_report_holds_the_page(explored):
    report = (explored.path / "results" / "report.html").read_text()
    assert "every voxel a seed: sub-01/func/sub-01_task-rest" in report


def test_a_second_run_has_nothing_to_do(explored):
    assert "Nothing to be done" in explored.snakemake("-n", "--configfile", "study.yaml").stdout

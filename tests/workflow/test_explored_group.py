"""The explorer of a group, from a whole study: its maps are the mean of the workflow's own Fisher z."""

import json
import re
import shutil
import subprocess

import nibabel
import numpy as np
import pytest
from conftest import ROOT, SMALL, Workspace, absent, the_show

pytestmark = pytest.mark.workflow

PLACES = {"A": (4, -48, 20), "B": (-36, 16, 28)}
"""Centres of voxels of the simulated grid."""


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    """Three participants whose seeds are single voxels of the smoothed image, as the page's are."""
    workspace = Workspace(tmp_path_factory.mktemp("explored") / "project")
    rows = "".join(f"{label}\t{x}\t{y}\t{z}\t1\n" for label, (x, y, z) in PLACES.items())
    (workspace.path / "seeds.tsv").write_text(f"label\tx\ty\tz\tradius_mm\n{rows}")
    show = the_show(dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 3, "volumes": 120}})
    show["cleaning"]["seed_smoothing_fwhm"] = show["cleaning"]["smoothing_fwhm"]
    viewers = {"runs": "none", "kinds": ["explore_group"]}
    show |= {"seeds": "seeds.tsv", "figures": {"viewers": viewers}}
    workspace.printed = workspace.snakemake("--configfile", workspace.write_config(**show)).stdout
    return workspace


@pytest.fixture(scope="module")
def page(explored):
    (found,) = explored.derivatives.glob("study_desc-explore_viewer.html")
    return found


def test_the_mean_is_that_of_the_workflows_maps(explored, page):
    node = shutil.which("node")
    if node is None:
        absent("javascript", "node is not installed")
    places = ";".join(",".join(map(str, place)) for place in PLACES.values())
    command = [node, ROOT / "tests" / "javascript" / "read_group_explorer.mjs", page, "0", places]
    read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    text = page.read_text()
    said = float(re.search(r"z̄ is within ([\d.]+)</strong>", text)[1])
    assert 0 < said < 0.03
    for label, found in zip(PLACES, read["maps"], strict=True):
        paths = sorted(explored.derivatives.rglob(f"*_seed-{label}_stat-fisherz_statmap.nii.gz"))
        assert len(paths) == 3
        images = [nibabel.load(path) for path in paths]
        voxels = np.rint(nibabel.affines.apply_affine(np.linalg.inv(images[0].affine), read["places"])).astype(int)
        z = np.array([np.asarray(image.dataobj)[tuple(voxels.T)] for image in images])
        exact = z.mean(axis=0)
        assert len(exact) > 2000 and set(found["n"]) == {3}
        moderate = np.abs(exact) < 1
        # Other pairs than those that were compared when the page was made.
        assert np.abs(np.array(found["z"]) - exact)[moderate].max() < 1.3 * said
        with np.errstate(divide="ignore"):
            t = exact / (z.std(axis=0, ddof=1) / np.sqrt(3))
        strong = moderate & (np.abs(t) > 2) & (np.abs(t) < 20)
        assert np.median(np.abs(np.array(found["t"], dtype=float)[strong] / t[strong] - 1)) < 0.1


def test_values_of_runs_are_not_kept_and_nothing_is_left_to_do(explored):
    assert not list(explored.derivatives.rglob("*_desc-reduced_timeseries.*"))
    assert "Nothing to be done" in explored.snakemake("-n", "--configfile", "study.yaml").stdout
    assert "every voxel a seed: mean over participants" in (explored.path / "results" / "report.html").read_text()

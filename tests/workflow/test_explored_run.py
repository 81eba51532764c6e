"""The explorer's page of a whole run: its r is the workflow's own for seeds of one voxel, within what the page says."""

import json
import re
import shutil
import subprocess

import nibabel
import numpy as np
import pandas
import pytest
import yaml
from conftest import ROOT, SMALL, Workspace, absent, the_show
from nilearn.image import smooth_img
from nilearn_way import correlate, read_confounds

from seed_to_voxel.study import outputs

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
    show["maps"] = {"semipartial": True, "differences": [["A", "B"]], "reliability": True}
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
    assert "every voxel a seed: subject 01, task rest" in report


def test_a_second_run_has_nothing_to_do(explored):
    assert "Nothing to be done" in explored.snakemake("-n", "--configfile", "study.yaml").stdout


def test_seeds_among_themselves(explored):
    (series,) = explored.derivatives.rglob("*_desc-seeds_timeseries.tsv")
    expected = np.corrcoef(pandas.read_csv(series, sep="\t").to_numpy().T)
    (matrix,) = explored.derivatives.rglob("*_seg-seeds_stat-pearsoncorrelation_relmat.tsv")
    found = pandas.read_csv(matrix, sep="\t", index_col="Node")
    assert found.index.tolist() == found.columns.tolist() == list(PLACES)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    (pairs,) = explored.derivatives.rglob("*_seg-seeds_pairs.tsv")
    table = pandas.read_csv(pairs, sep="\t")
    # Three seeds: given the third, from the three correlations alone.
    ab, ac, bc = expected[0, 1], expected[0, 2], expected[1, 2]
    assert table["partial_r"][0] == pytest.approx((ab - ac * bc) / np.sqrt((1 - ac**2) * (1 - bc**2)), abs=1e-4)
    assert json.loads(pairs.with_suffix(".json").read_text()).keys() == set(table.columns)


def test_maps_given_the_other_seeds(explored):
    (series,) = explored.derivatives.rglob("*_desc-seeds_timeseries.tsv")
    seeds = pandas.read_csv(series, sep="\t").to_numpy()
    r = {}
    for label in PLACES:
        (path,) = explored.derivatives.rglob(f"*_seed-{label}_stat-pearsoncorrelation_statmap.nii.gz")
        r[label] = np.asarray(nibabel.load(path).dataobj)
    (path,) = explored.derivatives.rglob("*_seed-A_stat-semipartialcorrelation_statmap.nii.gz")
    found = np.asarray(nibabel.load(path).dataobj)
    # r of a weighted sum of series of unit length, from theirs.
    units = (seeds - seeds.mean(axis=0)) / np.linalg.norm(seeds - seeds.mean(axis=0), axis=0)
    weights = np.linalg.lstsq(units[:, 1:], units[:, 0], rcond=None)[0]
    own = units[:, 0] - units[:, 1:] @ weights
    expected = (r["A"] - weights[0] * r["B"] - weights[1] * r["C"]) / np.linalg.norm(own)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    described = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
    assert described["GivenSeeds"] == ["B", "C"]
    assert described["VarianceInflationFactor"] == pytest.approx(1 / (own @ own), rel=1e-3)


def test_the_difference_of_two_seeds(explored):
    def read(name):
        (path,) = explored.derivatives.rglob(f"*_seed-{name}_statmap.nii.gz")
        return np.asarray(nibabel.load(path).dataobj), json.loads(
            path.with_name(path.name.replace(".nii.gz", ".json")).read_text()
        )

    (first, _), (second, _) = read("A_stat-fisherz"), read("B_stat-fisherz")
    (found, described), (z, of_z) = read("AminusB_stat-fisherz"), read("AminusB_stat-z")
    np.testing.assert_allclose(found, first - second, atol=1e-5)
    assert [seed["label"] for seed in described["Seeds"]] == ["A", "B"] and -1 < described["CorrelationOfSeeds"] < 1
    assert described["Sources"] == of_z["Sources"] and len(of_z["Sources"]) == 2
    (table,) = explored.derivatives.rglob("*_desc-differences_table.tsv")
    row = pandas.read_csv(table, sep="\t").iloc[0]
    assert (row["first"], row["second"]) == ("A", "B")
    assert row["r_of_seeds"] == pytest.approx(described["CorrelationOfSeeds"], abs=1e-4)
    beyond = of_z["Thresholds"]["FalseDiscoveryRate"]
    assert (
        row["n_tested"] == of_z["Thresholds"]["NumberOfTests"]
        and beyond["NumberOfVoxels"] == row["n_above"] + row["n_below"]
    )
    # At the seeds' own voxels, and of the sign of what is different.
    assert z.max() > 3 and z.min() < -3
    large = np.abs(z) > 2
    assert (np.sign(z[large]) == np.sign(found[large])).all()


def test_reliability_is_that_of_maps_made_of_halves(explored):
    (path,) = explored.derivatives.rglob("*_desc-reliability_table.tsv")
    table = pandas.read_csv(path, sep="\t")
    # 120 volumes of 2 s: no part of a half but its first and last minute.
    assert sorted(table.groupby("parts").size().items()) == [("growth", 3), ("halves", 3)]
    said = json.loads(path.with_suffix(".json").read_text())
    assert said.keys() >= set(table.columns)
    halves = table[table["parts"] == "halves"].set_index("seed")
    assert (halves["minutes"] == 2).all()
    r = halves["r"]
    np.testing.assert_allclose(halves["reliability"], np.where(r > 0, 2 * r / (1 + r), np.nan), rtol=1e-4)
    # Each half by nilearn's maskers, as if it were a run.
    (bold,) = explored.path.glob("results/inputs/**/*_bold.nii.gz")
    (table,) = explored.path.glob("results/inputs/**/*_desc-confounds_timeseries.tsv")
    (mask,) = explored.derivatives.rglob("*_desc-brain_mask.nii.gz")
    cleaning = the_show()["cleaning"]
    smooth, confounds = smooth_img(bold, cleaning["smoothing_fwhm"]), read_confounds(table, cleaning["confounds"])
    places = list(PLACES.values())
    halves = [
        correlate(smooth.slicer[..., part], places, 1, 2.0, confounds[part], None, str(mask))
        for part in (slice(0, 60), slice(60, 120))
    ]
    brain = halves[0][1]
    world = nibabel.affines.apply_affine(nibabel.load(mask).affine, np.argwhere(brain))
    reach = float(re.search(r"farther than ([\d.]+) mm", said["Description"])[1])
    for number, (label, place) in enumerate(PLACES.items()):
        own = world[np.linalg.norm(world - place, axis=1).argmin()]
        far = np.linalg.norm(world - own, axis=1) > reach
        z = [np.arctanh(found[number][far]) for found, _ in halves]
        assert r[label] == pytest.approx(np.corrcoef(*z)[0, 1], abs=1e-3), label


def test_exactly_the_declared_files_of_a_run_with_several_seeds(explored):
    declared = yaml.safe_load((explored.path / "workflow" / "outputs.yaml").read_text())
    run = "sub-01/func/sub-01_task-rest_space-MNI152NLin2009cAsym"
    conditions = ("several seeds", "semipartial", "differences", "reliability", "explore viewer")
    files = {
        path.relative_to(explored.derivatives).as_posix() for path in explored.derivatives.rglob("*") if path.is_file()
    }
    assert files == outputs.expected(
        declared, [run], list(PLACES), conditions=conditions, chosen=[run], pairs=["AminusB"]
    )

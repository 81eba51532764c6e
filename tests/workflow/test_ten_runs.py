"""QC-FC of ten runs whose connectivity was made to go with motion in some edges, against nilearn and scipy."""

import json

import nibabel
import numpy as np
import pandas
import pytest
from conftest import PLAIN_FIGURES, Workspace
from nilearn.datasets import fetch_coords_dosenbach_2010
from nilearn.maskers import NiftiSpheresMasker
from nilearn_way import correlate
from scipy.stats import pearsonr

pytestmark = pytest.mark.workflow

SHAPE, T, T_R = (25, 30, 25), 60, 2.0
AFFINE = np.array([[8.0, 0, 0, -96], [0, 8, 0, -132], [0, 0, 8, -78], [0, 0, 0, 1]])
SEED, RADIUS, NODE_RADIUS = (0, -52, 18), 12, 5
# In no order, so that no drift over the runs goes with it.
MEAN_FD = (0.31, 0.06, 0.44, 0.13, 0.5, 0.2, 0.09, 0.38, 0.25, 0.16)
MOVED = slice(0, 40)
"""The nodes whose correlation with the seed grows with motion."""


def node_centres():
    rois = fetch_coords_dosenbach_2010().rois
    return np.array([rois["x"], rois["y"], rois["z"]], dtype=float).T


def near(centres, radius):
    places = np.moveaxis(np.indices(SHAPE), 0, -1) @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    return np.array([np.linalg.norm(places - centre, axis=-1) <= radius for centre in centres]).any(axis=0)


def write_runs(folder):
    """Ten runs: in the moved nodes' voxels, the seed's course is the stronger the more the head moved."""
    rng = np.random.default_rng(10)
    seed = near([SEED], RADIUS)
    nodes = near(node_centres()[MOVED], 9) & ~seed
    nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE), folder / "mask.nii.gz")
    rows = ["subject\ttask\tspace\tbold\tmask\tconfounds\tt_r"]
    for number, fd in enumerate(MEAN_FD):
        data, course = rng.standard_normal((*SHAPE, T), dtype=np.float32), rng.standard_normal(T)
        weight = 0.1 + 1.6 * fd
        data[nodes] = weight * course + np.sqrt(1 - weight**2) * data[nodes]
        data[seed] = course
        nibabel.save(nibabel.Nifti1Image((9000 + 300 * data).astype(np.int16), AFFINE), folder / f"{number}.nii.gz")
        # The first volume has no displacement: the mean is over the others.
        displacement = fd + 0.02 * np.resize([1, -1], T - 2)
        table = pandas.DataFrame({"framewise_displacement": [np.nan, fd, *displacement]})
        table.to_csv(folder / f"{number}.tsv", sep="\t", index=False, na_rep="n/a")
        rows.append(f"{number:02d}\trest\tMNI\t{number}.nii.gz\tmask.nii.gz\t{number}.tsv\t{T_R}")
    (folder / "runs.tsv").write_text("\n".join(rows) + "\n")
    (folder / "nine.tsv").write_text("\n".join(rows[:-1]) + "\n")
    (folder / "seeds.tsv").write_text("label\tx\ty\tz\tradius_mm\nPCC\t" + "\t".join(map(str, (*SEED, RADIUS))) + "\n")


def config_of(workspace, table):
    return workspace.write_config(
        table.replace("tsv", "yaml"),
        dataset={"kind": "table", "table": {"runs": table}},
        seeds="seeds.tsv",
        cleaning={"smoothing_fwhm": None, "confounds": []},
        figures=PLAIN_FIGURES,
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """What goes with motion over the ten runs; figures of the runs are not drawn."""
    workspace = Workspace(tmp_path_factory.mktemp("ten") / "project")
    write_runs(workspace.path)
    table = (workspace.derivatives / "qcfc.tsv").relative_to(workspace.path)
    workspace.snakemake(table, "--configfile", config_of(workspace, "runs.tsv"))
    return workspace


@pytest.fixture(scope="module")
def edges(study):
    """Fisher z between the seed and the nodes' spheres by nilearn, a run a row."""
    mask = nibabel.load(study.path / "mask.nii.gz")
    spheres = NiftiSpheresMasker(
        node_centres(), radius=NODE_RADIUS, mask_img=mask, allow_overlap=True, standardize=None
    )
    rows = []
    for number in range(len(MEAN_FD)):
        r, _ = correlate(study.path / f"{number}.nii.gz", [SEED], RADIUS, T_R, smoothing_fwhm=None, mask=mask)
        z = np.arctanh(np.clip(r[0], -1 + 1e-9, 1 - 1e-9)).reshape(SHAPE)
        rows.append(spheres.fit_transform(nibabel.Nifti1Image(z, AFFINE)).ravel())
    return np.array(rows)


def test_each_edge_is_correlated_with_motion_as_scipy_does(study, edges):
    table = pandas.read_csv(study.derivatives / "qcfc.tsv", sep="\t")
    assert len(table) == len(node_centres())
    np.testing.assert_allclose(table["distance_mm"], np.linalg.norm(node_centres() - SEED, axis=1), atol=1e-3)
    # In the seed's own sphere r is 1 in all runs: nothing goes with motion there.
    away = table["distance_mm"] > RADIUS + NODE_RADIUS
    assert away.sum() > 150 and (table["n_subjects"] == 10).all()
    found, expected = table[away], np.array([pearsonr(edge, MEAN_FD) for edge in edges.T[away]])
    np.testing.assert_allclose(found["r"], expected[:, 0], atol=1e-4)
    np.testing.assert_allclose(found["p"], expected[:, 1], rtol=1e-2, atol=1e-6)


def test_the_planted_dependence_is_found_where_it_was_planted(study):
    table = pandas.read_csv(study.derivatives / "qcfc.tsv", sep="\t")
    moved = np.zeros(len(table), dtype=bool)
    moved[MOVED] = True
    untouched = ~moved & ~near_moved() & (table["distance_mm"] > RADIUS + NODE_RADIUS)
    assert (table["p"][moved & (table["distance_mm"] > RADIUS + NODE_RADIUS)] < 0.05).mean() > 0.9
    assert (table["p"][untouched] < 0.05).mean() < 0.15 and untouched.sum() > 60
    described = json.loads((study.derivatives / "qcfc.json").read_text())
    table = table.dropna(subset="r")
    assert described["NumberOfEdges"] == len(table)
    assert described["MedianAbsoluteR"] == pytest.approx(table["r"].abs().median(), abs=1e-4)
    assert described["ShareOfEdgesBelow005"] == pytest.approx((table["p"] < 0.05).mean(), abs=1e-6)
    assert described["CorrelationOfRWithDistance"] == pytest.approx(np.corrcoef(table["r"], table["distance_mm"])[0, 1])


def near_moved():
    """Nodes whose own sphere reaches into the voxels of a moved node."""
    centres = node_centres()
    gaps = np.linalg.norm(centres[:, None] - centres[MOVED], axis=2).min(axis=1)
    return gaps < 9 + NODE_RADIUS + np.sqrt(3) * 4


def test_ten_runs_are_enough_and_nine_are_not(study):
    for table, wanted in (("runs.tsv", True), ("nine.tsv", False)):
        files = study.snakemake("--summary", "--configfile", config_of(study, table)).stdout
        assert "/qc.tsv" in files
        assert ("/qcfc.tsv" in files) is wanted

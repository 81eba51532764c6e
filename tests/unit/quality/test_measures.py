"""Quality of a run, held against numpy, and what goes with motion, against scipy."""

import nibabel
import numpy as np
import pandas
import pytest
from scipy.stats import pearsonr

from seed_to_voxel.cleaning import operators
from seed_to_voxel.connectivity import nodes
from seed_to_voxel.figures import style
from seed_to_voxel.images import nifti
from seed_to_voxel.quality import carpet, measures, qcfc

SHAPE, T = (6, 7, 5), 50


@pytest.fixture
def run(tmp_path):
    rng = np.random.default_rng(4)
    data = rng.uniform(500, 1500, SHAPE)[..., None] + rng.uniform(5, 20, SHAPE)[..., None] * rng.standard_normal(
        (*SHAPE, T)
    )
    nibabel.Nifti1Image(data.astype(np.float32), np.diag([4.0, 4, 4, 1])).to_filename(tmp_path / "bold.nii")
    return nifti.load_run(tmp_path / "bold.nii")


def test_signal_to_noise_is_that_of_the_kept_volumes(run):
    kept = np.ones(T, dtype=bool)
    kept[[0, 1, 30]] = False
    operator = operators.cleaning_operator(T, 2.0, True, 0.01, 0.1, kept=kept)
    brain = np.zeros(SHAPE, dtype=bool)
    brain[1:5, 1:6, 1:4] = True
    voxels = np.array([(2, 2, 2), (3, 3, 3), (3, 2, 2)])
    median, (seed,), before, after = measures.measure(run, brain, operator, [voxels], n_carpet=20)
    data = np.asarray(run.dataobj)[..., kept].astype(float)
    tsnr = data.mean(axis=-1) / data.std(axis=-1, ddof=1)
    assert median == pytest.approx(np.median(tsnr[brain]), rel=1e-6)
    assert seed == pytest.approx(np.median(tsnr[tuple(voxels.T)]), rel=1e-6)
    assert before.shape == after.shape == (20, T)
    assert np.isfinite(before).all()
    np.testing.assert_allclose(before[:, kept].std(axis=1, ddof=1), 1, rtol=1e-4)
    np.testing.assert_array_equal(np.isnan(after).any(axis=0), ~kept)
    np.testing.assert_allclose(np.nanstd(after, axis=1, ddof=1), 1, rtol=1e-4)


def test_motion_is_found_in_the_edges_that_have_it(tmp_path):
    rng = np.random.default_rng(6)
    places = nodes.dosenbach()
    assert len(places) == 160 and places["network"].nunique() == 6 and places["label"].is_unique
    n_runs = 14
    fd = rng.uniform(0.05, 0.5, n_runs)
    edges = rng.standard_normal((n_runs, 2, len(places))) * 0.2
    edges[:, 1, :40] += 4 * fd[:, None]
    edges[:6, 0, 3] = np.nan
    seeds = [{"x": 0, "y": -52, "z": 18}, {"x": 40, "y": 0, "z": 0}]
    rows = qcfc.relate(edges, [*fd[:-1], None], ["A", "B"], places, seeds)
    assert len(rows) == 320
    r, p = pearsonr(edges[:-1, 1, 7], fd[:-1])
    found = rows[(rows["seed"] == "B")].iloc[7]
    assert (found["r"], found["p"]) == (pytest.approx(r), pytest.approx(p))
    assert rows.iloc[3]["n_runs"] == 7 and np.isnan(rows.iloc[3]["r"])
    assert found["distance_mm"] == pytest.approx(np.linalg.norm(places.loc[7, ["x", "y", "z"]] - [40, 0, 0]))
    moved = rows["seed"].eq("B") & (rows.index % 160 < 40)
    assert (rows[moved]["p"] < 0.05).mean() > 0.9 > 0.15 > (rows[~moved]["p"] < 0.05).mean()
    described = qcfc.describe(rows)
    assert described["NumberOfEdges"] == 319
    assert qcfc.plot(rows) is not None


def test_nodes_are_means_of_the_map_inside_the_brain(tmp_path):
    places = pandas.DataFrame({"x": [8.0, 90], "y": [8.0, 0], "z": [8.0, 0]})
    z = np.zeros((6, 6, 6), dtype=np.float32)
    z[2, 2, 2], z[1, 2, 2], z[3, 2, 2] = 0.3, 0.5, np.nan
    nibabel.Nifti1Image(z, np.diag([4.0, 4, 4, 1])).to_filename(tmp_path / "z.nii.gz")
    values = qcfc.node_values([str(tmp_path / "z.nii.gz")] * 4, 2, places)
    assert values.shape == (2, 2, 2)
    assert values[0, 0, 0] == pytest.approx(0.4) and np.isnan(values[0, 0, 1])


def test_the_carpet_of_a_run_without_a_table():
    kept = np.arange(T) > 1
    series = np.random.default_rng(0).standard_normal((30, T))
    none = np.full(T, np.nan)
    figure = carpet.plot(
        series,
        series,
        np.column_stack([none, none, kept]),
        {"fd_threshold": None, "std_dvars_threshold": None},
        2.0,
        style.run_title({"subject": "01", "space": "MNI"}),
    )
    assert figure.get_suptitle() == "subject 01: 48 of 50 volumes kept"
    assert len(figure.axes) == 3
    after = figure.axes[1].images[0].get_array()
    assert after.mask[:, :2].all() and not after.mask[:, 2:].any()


def test_a_carpet_keeps_its_values_to_half_a_level(tmp_path):
    before, after = np.random.default_rng(0).uniform(-1.99, 1.99, (2, 30, T))
    after[3] = np.nan
    carpet.write(tmp_path / "carpet.png", before, after)
    again = carpet.read(tmp_path / "carpet.png")
    half = carpet.SPAN / carpet.GREYS
    assert np.abs(again[0] - before).max() <= half + 1e-9
    assert np.abs(again[1] - np.nan_to_num(after)).max() <= half + 1e-9
    carpet.write(tmp_path / "extremes.png", np.full((2, T), -9.0), np.full((2, T), 9.0))
    low, high = carpet.read(tmp_path / "extremes.png")
    assert (low == half - carpet.SPAN).all() and (high == carpet.SPAN - half).all()

"""What goes with motion over runs, held against scipy."""

import nibabel
import numpy as np
import pandas
import pytest
from scipy.stats import pearsonr

from seed_to_voxel.inputs import atlases
from seed_to_voxel.quality import qcfc


def test_motion_is_found_in_the_edges_that_have_it(tmp_path):
    rng = np.random.default_rng(6)
    places = atlases.dosenbach()
    assert len(places) == 160 and places["network"].nunique() == 6 and places["label"].is_unique
    n_runs = 14
    fd = rng.uniform(0.05, 0.5, n_runs)
    edges = rng.standard_normal((n_runs, 2, len(places))) * 0.2
    edges[:, 1, :40] += 4 * fd[:, None]
    edges[:6, 0, 3] = np.nan
    # Participants come in the order of their labels.
    alone = qcfc.of_subjects(edges, [*fd[:-1], None], [f"{number:02d}" for number in range(n_runs)])
    np.testing.assert_array_equal(alone[0][:-1], edges[:-1])
    rows = qcfc.correlate_with_motion(*alone, ["A", "B"], places, [(0, -52, 18), (40, 0, 0)])
    assert len(rows) == 320
    r, p = pearsonr(edges[:-1, 1, 7], fd[:-1])
    found = rows[(rows["seed"] == "B")].iloc[7]
    assert (found["r"], found["p"]) == (pytest.approx(r), pytest.approx(p))
    assert rows.iloc[3]["n_subjects"] == 7 and np.isnan(rows.iloc[3]["r"])
    assert found["distance_mm"] == pytest.approx(np.linalg.norm(places.loc[7, ["x", "y", "z"]] - [40, 0, 0]))
    moved = rows["seed"].eq("B") & (rows.index % 160 < 40)
    assert (rows[moved]["p"] < 0.05).mean() > 0.9 > 0.15 > (rows[~moved]["p"] < 0.05).mean()
    described = qcfc.describe(rows)
    assert described["NumberOfEdges"] == 319


def test_runs_of_a_participant_are_averaged_first():
    rng = np.random.default_rng(7)
    edges, fd = rng.standard_normal((5, 1, 3)), np.array([0.1, 0.3, np.nan, 0.2, 0.4])
    edges[0, 0, 1] = np.nan
    subjects = ["b", "a", "b", "a", "b"]
    means, displacement = qcfc.of_subjects(edges, [None if np.isnan(value) else value for value in fd], subjects)
    table = pandas.DataFrame(edges[:, 0]).assign(fd=fd, subject=subjects).dropna(subset="fd")
    for edge in range(3):
        # An edge goes with the motion of the runs that have it.
        expected = table.dropna(subset=edge).groupby("subject").mean()
        np.testing.assert_allclose(means[:, 0, edge], expected[edge])
        np.testing.assert_allclose(displacement[:, 0, edge], expected["fd"])
    none, unknown = qcfc.of_subjects(edges[:1], [None], ["a"])
    assert np.isnan(none).all() and np.isnan(unknown).all()


def test_nodes_are_means_of_the_map_inside_the_brain(tmp_path):
    places = pandas.DataFrame({"x": [8.0, 90], "y": [8.0, 0], "z": [8.0, 0]})
    z = np.zeros((6, 6, 6), dtype=np.float32)
    z[2, 2, 2], z[1, 2, 2], z[3, 2, 2] = 0.3, 0.5, np.nan
    nibabel.Nifti1Image(z, np.diag([4.0, 4, 4, 1])).to_filename(tmp_path / "z.nii.gz")
    values = qcfc.edges_of_runs([str(tmp_path / "z.nii.gz")] * 4, 2, places)
    assert values.shape == (2, 2, 2)
    assert values[0, 0, 0] == pytest.approx(0.4) and np.isnan(values[0, 0, 1])

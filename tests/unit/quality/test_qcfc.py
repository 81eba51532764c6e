"""What goes with motion over runs, held against scipy."""

import json

import measure_qcfc
import nibabel
import numpy as np
import pandas
import pytest
from made_surfaces import N, brain_models, midthickness, own_meshes, walls
from scipy.stats import pearsonr

from seed_to_voxel.images import layouts, meshes, places
from seed_to_voxel.inputs import atlases, shipped
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
    values = qcfc.edges_of_runs([[str(tmp_path / "z.nii.gz")]] * 4, 2, places)
    assert values.shape == (2, 2, 2)
    assert values[0, 0, 0] == pytest.approx(0.4) and np.isnan(values[0, 0, 1])


@pytest.fixture
def on_surface(tmp_path, request):
    """How a run's maps stand, where its places are, which of them are vertices of the right hemisphere, and endings."""
    if request.param == "gifti":
        layout = layouts.Hemispheres((N, N))
        where = np.concatenate([midthickness(hemisphere)[0] for hemisphere in "LR"])
        where = where @ shipped.FROM_MNI305[:3, :3].T + shipped.FROM_MNI305[:3, 3]
        return layout, where, np.arange(2 * N) >= N, ["_hemi-L.func.gii", "_hemi-R.func.gii"]
    axis = brain_models()
    options = own_meshes(tmp_path)
    layout = layouts.Grayordinates(axis)
    own = places.of_layout(layout, meshes.template("fsLR", options), options, "run")
    return layout, own.coordinates, axis.name == "CIFTI_STRUCTURE_CORTEX_RIGHT", [".dscalar.nii"]


@pytest.mark.parametrize("on_surface", ["gifti", "cifti"], indirect=True)
def test_motion_in_one_hemisphere_is_found_in_its_nodes_alone(tmp_path, on_surface):
    layout, where, right, endings = on_surface
    rng, nodes = np.random.default_rng(8), atlases.dosenbach()
    fd = rng.uniform(0.05, 0.5, 14)
    wall = np.concatenate(list(walls().values())) if len(where) == 2 * N else np.zeros(len(where), bool)
    files, values = {"z": [], "metrics": [], "sidecars": []}, []
    for number, displacement in enumerate(fd):
        for seed in range(2):
            z = rng.standard_normal(len(where)) + seed * right * 20 * displacement
            z[wall] = np.nan
            values.append(z.astype(np.float32))
            own = [str(tmp_path / f"z{number}_{seed}{ending}") for ending in endings]
            layout.save(own, values[-1])
            files["z"] += own
        seeds = [{"x": x, "y": -50, "z": 20} for x in (-40, 40)]
        for name, content in (
            ("metrics", {"metrics": {"mean_fd": displacement}, "labels": {"subject": f"{number:02d}"}}),
            ("sidecars", {"Seeds": seeds, "Places": layout.words}),
        ):
            path = tmp_path / f"{name}{number}.json"
            path.write_text(json.dumps(content))
            files[name].append(str(path))
    np.save(tmp_path / "where.npy", where)
    table, sidecar = str(tmp_path / "qcfc.tsv"), str(tmp_path / "qcfc.json")
    figure = [str(tmp_path / "qcfc.pdf"), str(tmp_path / "qcfc.png")]
    measure_qcfc.main(
        files["z"],
        files["metrics"],
        ["A", "B"],
        files["sidecars"],
        table,
        sidecar,
        figure,
        [str(tmp_path / "where.npy")] * 14,
    )
    rows = pandas.read_csv(table, sep="\t")
    centres = nodes[["x", "y", "z"]].to_numpy()
    away = np.linalg.norm(centres[:, None] - where[~wall], axis=2)
    there = (away <= 5).any(axis=1)
    assert 100 < there.sum() < 160
    for seed in range(2):
        found = rows.iloc[160 * seed : 160 * seed + 160]
        np.testing.assert_array_equal(found["r"].notna(), there)
        for node in np.flatnonzero(there)[::9]:
            means = [z[~wall][away[node] <= 5].mean() for z in values[seed::2]]
            assert found["r"].iloc[node] == pytest.approx(pearsonr(means, fd)[0], abs=1e-5)
    moved = rows["seed"].eq("B").to_numpy() & np.tile(centres[:, 0] > 5, 2)
    assert (rows["p"][moved].dropna() < 0.05).mean() > 0.9 > 0.15 > (rows["p"][~moved].dropna() < 0.05).mean()
    said = json.loads((tmp_path / "qcfc.json").read_text())
    assert layout.words in said["n_subjects"]["Description"] and "voxel" not in json.dumps(said)

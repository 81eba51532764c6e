"""Clusters on the cortical surface, beside Connectome Workbench."""

import shutil
import subprocess

import nibabel
import numpy as np
import pytest
from conftest import absent
from made_surfaces import OPTIONS, N, write_gifti, write_mesh

from seed_to_voxel.connectivity import mesh_clusters
from seed_to_voxel.images import meshes


@pytest.fixture(scope="module")
def both():
    return meshes.template("fsaverage5", OPTIONS)


@pytest.fixture
def maps(both):
    """A positive patch on the left, a stronger negative one on the right, and a small one beside it."""
    r = {hemisphere: np.full(N, 0.1) for hemisphere in "LR"}
    r["L"][both["L"].around(700, 12)] = 0.6
    r["L"][700] = 0.65
    r["R"][both["R"].around(2500, 9)] = -0.8
    r["R"][both["R"].around(9000, 2)] = 0.7
    r["L"][0] = np.nan
    return r


def test_clusters_have_their_area_peak_and_side(both, maps):
    z = {hemisphere: 10 * values for hemisphere, values in maps.items()}
    table = mesh_clusters.clusters(maps, z, both, 0.5, 50)
    assert tuple(table) == mesh_clusters.COLUMNS
    assert table["hemisphere"] == ["R", "L"] and table["cluster"] == [1, 2]
    assert table["peak_r"] == [-0.8, 0.65] and table["peak_z"] == [-8, 6.5]
    assert table["vertex"][1] == 700
    # Rounded where it is printed, and there alone.
    assert [table[axis][1] for axis in "xyz"] == both["L"].mni[700].tolist()
    left = both["L"].around(700, 12)
    assert table["area_mm2"][1] == pytest.approx(both["L"].areas[left].sum())
    assert table["n_vertices"][1] == len(left) and table["x"][1] < 0 < table["x"][0]
    assert len(mesh_clusters.clusters(maps, z, both, 0.5, 0)["cluster"]) == 3
    assert mesh_clusters.clusters(maps, z, both, 0.9, 0)["cluster"] == []


def test_clusters_are_those_of_workbench(tmp_path, both, maps):
    if shutil.which("wb_command") is None:
        absent("workbench", "wb_command is not installed (Debian package connectome-workbench)")
    rng = np.random.default_rng(3)
    r = {hemisphere: np.where(rng.random(N) < 0.4, 0.7, 0.1) for hemisphere in "LR"}
    surface = write_mesh(tmp_path / "L.surf.gii", "L")
    metric = write_gifti(tmp_path / "r.func.gii", "L", [r["L"].astype(np.float32)])
    found = tmp_path / "clusters.func.gii"
    subprocess.run(["wb_command", "-metric-find-clusters", surface, metric, "0.5", "60", found], check=True)
    theirs = nibabel.load(found).darrays[0].data
    table = mesh_clusters.clusters(r, r, both, 0.5, 60)
    sizes = [n for n, hemisphere in zip(table["n_vertices"], table["hemisphere"], strict=True) if hemisphere == "L"]
    assert sorted(sizes) == sorted(np.bincount(theirs.astype(int))[1:].tolist()) and len(sizes) > 3

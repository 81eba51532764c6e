"""Clusters and TFCE on the cortex: by hand, by Connectome Workbench, and on the brain models of a CIFTI file."""

import shutil
import subprocess

import nibabel
import numpy as np
import pytest
from conftest import absent
from made_surfaces import OPTIONS, N, brain_models, own_meshes, walls, write_gifti, write_mesh
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from seed_to_voxel.groups import clusters, inference, models, tfce
from seed_to_voxel.images import layouts, meshes, places


@pytest.fixture(scope="module")
def both():
    return meshes.template("fsaverage5", OPTIONS)


@pytest.fixture(scope="module")
def cortex(both):
    return places.of_layout(layouts.Hemispheres([N, N]), both, OPTIONS, "both hemispheres")


@pytest.fixture(scope="module")
def grayordinates(tmp_path_factory):
    options = own_meshes(tmp_path_factory.mktemp("meshes"))
    layout = layouts.Grayordinates(brain_models())
    return places.of_layout(layout, meshes.template("fsLR", options), options, "brain models")


def smooth(where, seed, fwhm=12):
    """Noise of standard deviation 1.5 along the surface."""
    rough = np.random.default_rng(seed).standard_normal(len(where.axis)).astype(np.float32)
    smoothed = where.smoother(np.ones(len(where.axis), dtype=bool), fwhm)(rough)
    return 1.5 * smoothed / smoothed.std()


def workbench(*arguments):
    if shutil.which("wb_command") is None:
        absent("workbench", "wb_command is not installed (Debian package connectome-workbench)")
    subprocess.run(["wb_command", *map(str, arguments)], check=True, capture_output=True)


def integral(values, mesh, extent, height):
    """By the connected vertices at each height that occurs."""
    found, below = np.zeros(len(values)), 0.0
    for at in np.unique(values[values > 0]):
        above = values >= at
        joined = mesh.edges[above[mesh.edges].all(axis=1)]
        graph = csr_array((np.ones(len(joined)), joined.T), shape=(len(values),) * 2)
        number = connected_components(graph, directed=False)[1]
        areas = np.bincount(number, weights=mesh.areas * above)[number]
        found += above * areas**extent * (at ** (height + 1) - below ** (height + 1)) / (height + 1)
        below = at
    return found


@pytest.mark.parametrize("exponents", [(1, 2), (0.5, 2), (0.7, 1.5)])
def test_tfce_is_the_integral_over_areas(both, exponents):
    mesh = both["L"]
    values = np.round(8 * np.random.default_rng(5).standard_normal(N)) / 8
    values[mesh.around(3000, 20)] += 2
    graph = clusters.Graph(mesh.edges, mesh.areas, np.zeros(N, bool))
    found = tfce.enhance(values, graph, True, *exponents)
    for sign in (1, -1):
        expected = integral(sign * values, mesh, *exponents)
        own = sign * values > 0
        np.testing.assert_allclose(sign * found[own], expected[own], rtol=1e-9)


@pytest.mark.parametrize("exponents", [(1, 2), (0.5, 2)])
def test_tfce_is_workbenchs(tmp_path, both, cortex, exponents):
    values = smooth(cortex, 1)
    surface = write_mesh(tmp_path / "R.surf.gii", "R")
    metric = write_gifti(tmp_path / "z.func.gii", "R", [values[N:]])
    roi = write_gifti(tmp_path / "roi.func.gii", "R", [(~walls()["R"]).astype(np.float32)])
    enhanced = tmp_path / "tfce.func.gii"
    workbench("-metric-tfce", surface, metric, enhanced, "-roi", roi, "-parameters", *exponents)
    theirs = nibabel.load(enhanced).darrays[0].data
    tested = np.concatenate([np.zeros(N, bool), ~walls()["R"]])
    graph = clusters.among(tested, 26, cortex)
    ours = tfce.enhance(values[tested], graph, True, exponents[0], exponents[1])
    np.testing.assert_allclose(ours, theirs[tested[N:]], rtol=2e-4, atol=2e-5 * np.abs(theirs).max())
    assert ours.min() < 0 < ours.max()


def test_clusters_are_workbenchs(tmp_path, both, cortex):
    values, threshold = smooth(cortex, 2), 1.8
    surface = write_mesh(tmp_path / "L.surf.gii", "L")
    metric = write_gifti(tmp_path / "z.func.gii", "L", [values[:N]])
    area = tmp_path / "area.func.gii"
    workbench("-metric-find-clusters", surface, metric, threshold, 0, tmp_path / "found.func.gii")
    workbench("-surface-vertex-areas", surface, area)
    labels = nibabel.load(tmp_path / "found.func.gii").darrays[0].data.astype(int)
    areas = nibabel.load(area).darrays[0].data.astype(float)
    tested = np.concatenate([np.ones(N, bool), np.zeros(N, bool)])
    found = clusters.find(values[:N], threshold, clusters.among(tested, 26, cortex), two_sided=False)
    assert len(found.extent) == labels.max() > 10
    expected = np.bincount(labels, weights=areas)[1:]
    np.testing.assert_allclose(np.sort(found.extent), np.sort(expected), rtol=1e-4)
    excess = np.where(labels > 0, values[:N] - threshold, 0)
    of_mass = np.bincount(labels, weights=excess * areas)[1:]
    np.testing.assert_allclose(found.mass, np.sort(of_mass)[::-1], rtol=1e-4)
    assert found.count.sum() == (labels > 0).sum()
    # The same vertices together: each of their clusters has one number of ours.
    pairs = {(ours, theirs) for ours, theirs in zip(found.labels.tolist(), labels.tolist(), strict=True) if theirs}
    assert len(pairs) == labels.max()


def test_nothing_touches_across_hemispheres_the_wall_or_structures(grayordinates):
    axis = grayordinates.axis
    pairs = grayordinates.touching()
    assert (axis.name[pairs[:, 0]] == axis.name[pairs[:, 1]]).all()
    assert len(np.unique(np.sort(pairs, axis=1), axis=0)) == len(pairs)
    thalamus = np.flatnonzero(axis.name == "CIFTI_STRUCTURE_THALAMUS_LEFT")
    # 3 x 3 x 3 voxels: 158 pairs share a corner at least, 54 a face.
    own = pairs[np.isin(pairs, thalamus).all(axis=1)]
    assert len(own) == 158
    assert np.abs(np.subtract(*axis.voxel[own.T])).max() == 1
    faces = grayordinates.touching(1)
    assert np.isin(faces, thalamus).all(axis=1).sum() == 54


def test_voxels_of_a_cifti_file_are_enhanced_as_those_of_a_volume(grayordinates):
    values = smooth(grayordinates, 3)
    graph = clusters.among(np.ones(len(values), bool), 26, grayordinates)
    exponents = graph.exponents(0.5, 1.0)
    found = tfce.enhance(values, graph, True, exponents, 2.0)
    for structure in grayordinates.structures:
        voxels = grayordinates.axis.voxel[structure]
        volume = np.zeros(voxels.max(axis=0) + 1)
        volume[tuple(voxels.T)] = values[structure]
        mask = np.zeros(volume.shape, bool)
        mask[tuple(voxels.T)] = True
        alone = tfce.enhance(volume[mask], clusters.Grid(mask))
        whole = np.zeros(volume.shape)
        whole[mask] = alone
        np.testing.assert_allclose(found[structure], whole[tuple(voxels.T)], rtol=1e-9, atol=1e-10)
    # Neither kind changes what the other has.
    cortex = ~grayordinates.are_voxels
    alone = tfce.enhance(values[cortex], clusters.among(cortex, 26, grayordinates), True, 1.0)
    np.testing.assert_allclose(found[cortex], alone, rtol=1e-9, atol=1e-10)


def test_each_kind_has_its_own_maxima(grayordinates):
    maps = np.stack([smooth(grayordinates, seed, 6) for seed in (4, 5, 6)])
    graph = clusters.among(np.ones(maps.shape[1], bool), 26, grayordinates)
    assert list(graph.parts) == ["", "_voxels"]
    names = models.Settings().measured(graph.parts)
    assert names == ("voxel", "extent", "mass", "tfce", "extent_voxels", "mass_voxels", "tfce_voxels")
    largest = clusters.largest(maps, 1.0, graph)
    enhanced = tfce.largest(maps, graph, extent=graph.exponents(0.5, 1.0))
    for number, row in enumerate(maps):
        found = clusters.find(row, 1.0, graph)
        voxels = graph.are_voxels[found.peak]
        for ending, here in (("", ~voxels), ("_voxels", voxels)):
            assert largest[ending][0][number] == pytest.approx(found.extent[here].max())
            assert largest[ending][1][number] == pytest.approx(found.mass[here].max())
        alone = np.abs(tfce.enhance(row, graph, extent=graph.exponents(0.5, 1.0)))
        assert enhanced[""][number] == pytest.approx(alone[~graph.are_voxels].max())
        assert enhanced["_voxels"][number] == pytest.approx(alone[graph.are_voxels].max())


def test_a_planted_difference_is_found_in_voxels_and_vertices_alike(grayordinates):
    n, rng = 16, np.random.default_rng(8)
    design = np.column_stack([np.ones(n), np.arange(n) % 2])
    data = np.stack([0.2 * smooth(grayordinates, 20 + row, 8) for row in range(n)]).astype(np.float32)
    left, vertices = grayordinates.vertices["L"]
    patch = left[np.isin(vertices, grayordinates.meshes["L"].around(3000, 14))]
    deep = grayordinates.structures[0]
    # TFCE lends a little to what lies next to a patch.
    near = left[np.isin(vertices, grayordinates.meshes["L"].around(3000, 20))]
    for planted in (patch, deep):
        data[np.ix_(np.flatnonzero(design[:, 1]), planted)] += 1.2 + 0.1 * rng.standard_normal(len(planted))
    graph = clusters.among(np.ones(data.shape[1], bool), 26, grayordinates)
    model = models.model_of(design, {"difference": np.array([0, 1])}, n=200, seed=1)
    null = inference.combine([inference.maxima_of_part({"PCC": data}, model, graph, part, 2) for part in range(2)])
    found = inference.infer(data, model, "difference", "PCC", null, graph)
    for p, share in ((found.p, 0.7), (found.p_tfce, 0.9)):
        passing = np.flatnonzero(p < 0.05)
        assert np.isin(passing, np.concatenate([near, deep])).all()
        assert np.isin(patch, passing).mean() > share and np.isin(deep, passing).sum() > 5
    table = found.clusters
    of_voxels = graph.are_voxels[table.peak]
    passing = table.p_mass < 0.05
    assert (passing & of_voxels).sum() == (passing & ~of_voxels).sum() == 1
    # Twice the share of the permutations that reach as much: there are two kinds.
    assert table.p_mass.min() == pytest.approx(2 / 200)


def test_a_part_of_the_mask_keeps_its_own_neighbours(cortex):
    tested = np.random.default_rng(9).random(2 * N) < 0.7
    graph = clusters.among(tested, 26, cortex)
    values = smooth(cortex, 10)
    found = clusters.find(values[tested], 1.0, graph)
    numbers = np.flatnonzero(tested)
    pairs = cortex.touching()
    above = tested & (np.abs(values) > 1.0)
    same = pairs[above[pairs].all(axis=1)]
    same = same[np.sign(values[same[:, 0]]) == np.sign(values[same[:, 1]])]
    label = np.zeros(2 * N, int)
    label[numbers] = found.labels
    assert (label[same[:, 0]] == label[same[:, 1]]).all() and (label[same] > 0).all()
    joined = csr_array((np.ones(len(same)), same.T), shape=(2 * N, 2 * N))
    assert len(np.unique(connected_components(joined, directed=False)[1][above])) == len(found.extent)

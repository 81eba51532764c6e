"""Runs on the cortical surface beside nilearn's maskers and Connectome Workbench, and seeds on them."""

import shutil
import subprocess

import nibabel
import numpy as np
import pytest
from conftest import absent
from made_surfaces import (
    OPTIONS,
    T_R,
    N,
    T,
    brain_models,
    cifti_map,
    cifti_run,
    gifti_run,
    midthickness,
    noise,
    own_meshes,
    walls,
    write_gifti,
    write_labels,
)

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import operators
from seed_to_voxel.connectivity import correlation
from seed_to_voxel.images import places
from seed_to_voxel.series import passes, regions

BAND = (0.01, 0.1)


def wb(*arguments):
    """Run Connectome Workbench."""
    if shutil.which("wb_command") is None:
        absent("workbench", "wb_command is not installed (Debian package connectome-workbench)")
    return subprocess.run(["wb_command", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def correlate(image, seeds, operator, fwhm=None):
    """Maps of r of seeds over all places, NaN where there are no data, and the seeds' regions."""
    brain = image.places.brain
    found, scan = regions.extract(seeds, image, operator, None, brain)
    series = operators.clean_seeds(operator, scan.seed_series)
    r = np.full((len(seeds), len(brain)), np.nan)
    r[:, brain] = correlation.pearson(series, passes.read_voxels(image, brain, fwhm, operator).series)
    return r, found


def nothing():
    """The operator that leaves a run as it is."""
    return operators.cleaning_operator(T, T_R, False, None, None)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A pair of noise, with a medial wall."""
    return places.open_run(gifti_run(tmp_path_factory.mktemp("pair")), OPTIONS)


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    """A dense series with a planted signal; the places that have it, on the cortex and in a thalamus."""
    folder = tmp_path_factory.mktemp("dense")
    path, patch, thalamus = planted_cifti(folder)
    return places.open_run(path, own_meshes(folder)), patch, thalamus


def seed(**columns):
    return {"label": "S", "kind": "surface", "radius_mm": 8.0, **columns}


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_cleaned_maps_are_those_of_nilearns_surface_maskers(tmp_path, dtype):
    from nilearn.maskers import SurfaceLabelsMasker, SurfaceMasker
    from nilearn.surface import InMemoryMesh, PolyMesh, SurfaceImage

    data = noise(2 * N).astype(dtype)
    data[:, 300:4000] += (15 * np.sin(np.arange(T) * 0.2)).astype(dtype)[:, None]
    labels = np.zeros(2 * N, np.int32)
    labels[np.r_[500:700, N + 30 : N + 40]] = 1
    files = {
        h: write_labels(tmp_path / f"{h}.label.gii", h, part, {0: "none", 1: "own"})
        for h, part in zip("LR", (labels[:N], labels[N:]), strict=True)
    }
    paths = gifti_run(tmp_path, data, wall=False)
    image = places.open_run(paths, {**OPTIONS, "area_weights": False})
    operator = operators.cleaning_operator(T, T_R, True, *BAND)
    atlas = {"label": "S", "kind": "atlas", "file": files["L"], "labels": ["own"]}
    ours, _ = correlate(image, [atlas], operator)

    mesh = PolyMesh(**{side: InMemoryMesh(*midthickness(h)) for h, side in (("L", "left"), ("R", "right"))})
    parts = {"left": data[:, :N].T.astype(np.float64), "right": data[:, N:].T.astype(np.float64)}
    run = SurfaceImage(mesh, parts)
    options = {"detrend": True, "high_pass": BAND[0], "low_pass": BAND[1], "t_r": T_R, "standardize": "zscore_sample"}
    left = {"left": labels[:N], "right": np.zeros(N, np.int32)}
    theirs_seed = SurfaceLabelsMasker(SurfaceImage(mesh, left), **options).fit_transform(run)
    theirs = SurfaceMasker(**options).fit_transform(run)
    expected = theirs_seed[:, 0] @ theirs / (T - 1)
    assert np.abs(ours[0] - expected).max() < 1e-5


def test_a_label_is_looked_for_in_its_own_hemisphere(tmp_path, pair):
    values = np.zeros(N, np.int32)
    values[100:200] = 7
    path = write_labels(tmp_path / "R.label.gii", "R", values, {0: "none", 7: "there"})
    image = pair
    region = regions.fixed_region({"label": "S", "kind": "atlas", "file": path, "labels": [7]}, image)
    np.testing.assert_array_equal(region.voxels[:, 0], N + np.arange(100, 200))
    assert region.seed["hemisphere"] == "R"
    with pytest.raises(InputError, match="is of the right hemisphere, and the seed 'S' says L"):
        regions.fixed_region({"label": "S", "kind": "atlas", "file": path, "labels": [7], "hemisphere": "L"}, image)
    with pytest.raises(InputError, match=r"the label 'elsewhere' of the seed 'S' is not there; it has none, there"):
        regions.fixed_region({"label": "S", "kind": "atlas", "file": path, "labels": ["elsewhere"]}, image)


@pytest.mark.parametrize("hemisphere", ["L", "R"])
def test_a_signal_of_one_hemisphere_stays_there(tmp_path, hemisphere):
    data = noise(2 * N)
    own = slice(0, N) if hemisphere == "L" else slice(N, 2 * N)
    data[:, own] += 30 * np.random.default_rng(0).standard_normal((T, 1)).astype(np.float32)
    image = places.open_run(gifti_run(tmp_path, data), OPTIONS)
    # Half-way between the hemispheres but for a few millimetres.
    x = -6 if hemisphere == "L" else 6
    r, (region,) = correlate(image, [seed(x=x, y=-52.0, z=24.0)], nothing())
    assert region.seed["hemisphere"] == hemisphere
    other = np.ones(2 * N, bool)
    other[own] = False
    assert np.nanmin(r[0, own]) > 0.7
    assert np.nanmax(np.abs(r[0, other])) < 0.7
    means = {name: np.nanmean(values) for name, values in image.places.layout.hemispheres(r[0]).items()}
    assert means.pop(hemisphere) > 0.9 and abs(*means.values()) < 0.1


def test_the_medial_wall_is_undefined(pair):
    wall = np.concatenate(list(walls().values()))
    np.testing.assert_array_equal(pair.places.brain, ~wall)
    r, _ = correlate(pair, [seed(x=-6, y=-52.0, z=24.0)], nothing())
    np.testing.assert_array_equal(np.isnan(r[0]), wall)


def test_a_seed_is_its_vertices_along_the_surface(tmp_path, pair):
    write = own_meshes(tmp_path)
    region = regions.fixed_region(seed(vertex=2393, hemisphere="R", radius_mm=12.0), pair)
    wb("-surface-geodesic-distance", write["right"], 2393, tmp_path / "d.func.gii", "-limit", 13)
    distance = nibabel.load(tmp_path / "d.func.gii").darrays[0].data
    expected = np.flatnonzero((distance >= 0) & (distance <= 12))
    np.testing.assert_array_equal(region.voxels[:, 0], N + expected)
    wb("-surface-vertex-areas", write["right"], tmp_path / "a.func.gii")
    np.testing.assert_allclose(
        region.weights, nibabel.load(tmp_path / "a.func.gii").darrays[0].data[expected], rtol=1e-4
    )


def planted_cifti(folder):
    """A dense series with a signal in a patch and in one thalamus, and where these are."""
    axis = brain_models()
    data = noise(len(axis))
    signal = 15 * np.random.default_rng(4).standard_normal((T, 1)).astype(np.float32)
    left = np.flatnonzero(axis.name == "CIFTI_STRUCTURE_CORTEX_LEFT")
    patch = left[axis.vertex[left] < 400]
    thalamus = np.flatnonzero(axis.name == "CIFTI_STRUCTURE_THALAMUS_RIGHT")
    data[:, np.r_[patch, thalamus]] += signal
    return cifti_run(folder, data), patch, thalamus


@pytest.mark.parametrize("area_weights", [True, False])
def test_maps_of_cifti_are_those_of_connectome_workbench(tmp_path, area_weights):
    path, patch, thalamus = planted_cifti(tmp_path)
    meshes = own_meshes(tmp_path)
    image = places.open_run(path, {**meshes, "area_weights": area_weights})
    mask = np.zeros(image.shape[0])
    mask[patch[:100]] = 1
    roi = cifti_map(tmp_path / "roi.dscalar.nii", mask)
    r, _ = correlate(image, [{"label": "S", "kind": "mask", "file": roi}], nothing())
    surfaces = ["-left-area-surf", meshes["left"], "-right-area-surf", meshes["right"]] if area_weights else []
    out = tmp_path / "r.dscalar.nii"
    wb("-cifti-average-roi-correlation", out, "-cifti-roi", roi, *surfaces, "-cifti", path)
    expected = np.asarray(nibabel.load(out).dataobj)[0]
    # Workbench gives Fisher z.
    assert np.abs(r[0] - np.tanh(expected)).max() < 1e-5
    assert (r[0, thalamus] > 0.5).all()


def test_smoothing_of_voxels_stays_within_their_structure(tmp_path, dense):
    image, *_ = dense
    path, meshes = image.get_filename(), image.places.options
    out, sigma = tmp_path / "smooth.dtseries.nii", 6 / np.sqrt(8 * np.log(2))
    surfaces = ["-left-surface", meshes["left"], "-right-surface", meshes["right"]]
    wb("-cifti-smoothing", path, sigma, sigma, "COLUMN", out, *surfaces)
    theirs = np.asarray(nibabel.load(out).dataobj)[5]
    voxels = np.concatenate(image.places.structures)
    ours = image.places.smoother(np.ones(len(theirs), bool), 6)(image[..., 5])
    # Workbench cuts the Gaussian at three standard deviations; the noise has one of 10.
    np.testing.assert_allclose(ours[voxels], theirs[voxels], atol=0.3)
    for structure in image.places.structures:
        where = image.places.coordinates[structure]
        weights = np.exp(-((where[:, None] - where[None]) ** 2).sum(axis=-1) / (2 * sigma**2))
        expected = weights @ image[..., 5][structure] / weights.sum(axis=1)
        np.testing.assert_allclose(ours[structure], expected, atol=2e-3)
    only = np.zeros(len(theirs), np.float32)
    only[image.places.structures[0]] = 100
    ours = image.places.smoother(np.ones(len(theirs), bool), 6)(only)
    np.testing.assert_allclose(ours, only, rtol=1e-5)


def test_a_sphere_in_mni_space_takes_voxels_of_a_cifti_file(pair, dense):
    image, _, thalamus = dense
    centre = image.places.coordinates[thalamus].mean(axis=0)
    sphere = {"label": "T", "x": centre[0], "y": centre[1], "z": centre[2], "radius_mm": 5.0}
    region = regions.fixed_region(sphere, image)
    away = np.linalg.norm(image.places.coordinates - centre, axis=1)
    expected = np.setdiff1d(np.flatnonzero(away <= 5), np.concatenate([image.places.vertices[h][0] for h in "LR"]))
    np.testing.assert_array_equal(region.voxels[:, 0], expected)
    with pytest.raises(InputError, match="has no voxel in .* expected the kind 'surface' for a place of the cortex"):
        regions.fixed_region({**sphere, "x": 0.0, "y": -48.0, "z": -36.0, "radius_mm": 2.0}, image)
    with pytest.raises(
        InputError, match="is a sphere of voxels, and .* has vertices alone; expected the kind 'surface'"
    ):
        regions.fixed_region(sphere, pair)


def test_files_of_cifti_are_matched_by_vertex_and_voxel_not_by_order(tmp_path, dense):
    image, *_ = dense
    # The right hemisphere first, without every second vertex, and the voxels of a structure the other way round.
    axis = image.places.axis
    right, left = (np.flatnonzero(axis.name == f"CIFTI_STRUCTURE_CORTEX_{side}") for side in ("RIGHT", "LEFT"))
    order = np.concatenate([right[::2], left, image.places.structures[1][::-1]])
    other = axis[order]
    values = np.arange(len(axis)) % 5 == 0
    mask = cifti_map(tmp_path / "other.dscalar.nii", values[order], other)
    region = regions.fixed_region({"label": "S", "kind": "mask", "file": mask}, image)
    np.testing.assert_array_equal(region.voxels[:, 0], np.sort(order[values[order]]))


def test_labels_of_cifti_and_freesurfer_are_found_by_name(tmp_path, pair, dense):
    image, *_ = dense
    axis = image.places.axis
    numbers = np.where(axis.vertex % 3 == 1, 4, 0)
    path = cifti_map(tmp_path / "x.dlabel.nii", numbers, names={0: "???", 4: "G_four"})
    region = regions.fixed_region({"label": "S", "kind": "atlas", "file": path, "labels": ["G_four"]}, image)
    np.testing.assert_array_equal(region.voxels[:, 0], np.flatnonzero(numbers))

    index = np.where(np.arange(N) < 60, 1, 0)
    colours = np.array([[10, 10, 10, 0, 0], [20, 30, 40, 0, 0]])
    colours[:, 4] = colours[:, :3] @ [1, 2**8, 2**16]
    nibabel.freesurfer.write_annot(tmp_path / "rh.own.annot", index, colours, [b"none", b"G_annot"], fill_ctab=False)
    annot = {"label": "S", "kind": "atlas", "file": str(tmp_path / "rh.own.annot"), "labels": ["G_annot"]}
    np.testing.assert_array_equal(regions.fixed_region(annot, pair).voxels[:, 0], N + np.arange(60))
    with pytest.raises(
        InputError, match="an annotation of FreeSurfer knows names alone; expected one of none, G_annot"
    ):
        regions.fixed_region({**annot, "labels": [1]}, pair)
    # Of both hemispheres: each from its own file.
    left = np.roll(index, 7)
    nibabel.freesurfer.write_annot(tmp_path / "lh.own.annot", left, colours, [b"none", b"G_annot"], fill_ctab=False)
    both = {**annot, "file": str(tmp_path / "lh.own.annot"), "file_right": annot["file"]}
    found = regions.fixed_region(both, pair).voxels[:, 0]
    np.testing.assert_array_equal(found, np.concatenate([np.flatnonzero(left == 1), N + np.arange(60)]))
    with pytest.raises(InputError, match=r"lh\.own\.annot: the label 'G_no' .* is not there"):
        regions.fixed_region({**both, "labels": ["G_no"]}, pair)


@pytest.mark.parametrize("hemisphere", ["L", "R"])
def test_a_file_of_both_hemispheres_gives_the_one_that_is_asked_for(tmp_path, dense, hemisphere):
    image, *_ = dense
    axis = image.places.axis
    own = {"L": "CIFTI_STRUCTURE_CORTEX_LEFT", "R": "CIFTI_STRUCTURE_CORTEX_RIGHT"}[hemisphere]
    expected = np.flatnonzero((axis.name == own) & (axis.vertex < 500))
    # Vertices of both sides, and voxels, whose number is -1.
    values = np.where(axis.vertex < 500, 4, 0)
    mask = {"label": "S", "kind": "mask", "file": cifti_map(tmp_path / "x.dscalar.nii", values)}
    region = regions.fixed_region({**mask, "hemisphere": hemisphere}, image)
    np.testing.assert_array_equal(region.voxels[:, 0], expected)
    assert region.seed["hemisphere"] == hemisphere
    labels = cifti_map(tmp_path / "x.dlabel.nii", values, names={0: "???", 4: "Insula"})
    atlas = {"label": "S", "kind": "atlas", "file": labels, "labels": ["Insula"]}
    region = regions.fixed_region({**atlas, "hemisphere": hemisphere}, image)
    np.testing.assert_array_equal(region.voxels[:, 0], expected)
    assert len(regions.fixed_region(atlas, image).voxels) == (values != 0).sum()


def test_a_label_of_the_other_hemisphere_alone_is_told(tmp_path, dense):
    image, *_ = dense
    values = np.where(image.places.axis.name == "CIFTI_STRUCTURE_CORTEX_RIGHT", 4, 0)
    labels = cifti_map(tmp_path / "x.dlabel.nii", values, names={0: "???", 4: "R_all"})
    atlas = {"label": "S", "kind": "atlas", "file": labels, "labels": ["R_all"], "hemisphere": "L"}
    with pytest.raises(InputError, match="the label 'R_all' of the seed 'S' is not there in the left hemisphere"):
        regions.fixed_region(atlas, image)


@pytest.mark.parametrize("name", ["mask_hemi-R.func.gii", "rh.mask.func.gii"])
def test_a_file_whose_name_alone_says_the_hemisphere_is_of_that_one(tmp_path, pair, name):
    image = nibabel.load(write_gifti(tmp_path / name, "R", [np.ones(N, np.float32)]))
    image.meta.clear()
    nibabel.save(image, tmp_path / name)
    mask = {"label": "S", "kind": "mask", "file": str(tmp_path / name)}
    np.testing.assert_array_equal(regions.fixed_region(mask, pair).voxels[:, 0], N + np.arange(N))
    with pytest.raises(InputError, match="is of the right hemisphere, and the seed 'S' says L"):
        regions.fixed_region({**mask, "hemisphere": "L"}, pair)


def test_a_seed_in_a_hemisphere_that_the_run_lacks_is_told(tmp_path):
    axis = brain_models()
    axis = axis[axis.name != "CIFTI_STRUCTURE_CORTEX_LEFT"]
    image = places.open_run(cifti_run(tmp_path, noise(len(axis), n_volumes=3), axis), own_meshes(tmp_path))
    with pytest.raises(InputError, match="which has no left hemisphere"):
        regions.fixed_region(seed(x=-6, y=-52.0, z=24.0), image)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"x": 0.0, "y": 0.0, "z": 120.0}, r"lies \d+\.\d mm from the nearest vertex of .* expected at most 8 mm"),
        ({"vertex": N, "hemisphere": "L"}, "is at the vertex 10242 of the left hemisphere, which has 10242"),
        ({"kind": "peak", "file": "x", "reference": "R"}, "is of the kind peak, which is looked for in volumes alone"),
    ],
)
def test_a_seed_that_cannot_be_is_told(pair, columns, said):
    with pytest.raises(InputError, match=said):
        regions.fixed_region(seed(**columns), pair)


def test_a_seed_on_the_medial_wall_is_told(pair, dense):
    points, _ = midthickness("L")
    wall = np.flatnonzero(walls()["L"])
    vertex = int(wall[np.linalg.norm(points[wall] - points[wall].mean(axis=0), axis=1).argmin()])
    asked = seed(vertex=vertex, hemisphere="L", radius_mm=1.0)
    with pytest.raises(InputError, match="it lies on the medial wall, which has no data"):
        regions.fixed_region(asked, dense[0])
    region = regions.fixed_region(asked, pair)
    with pytest.raises(InputError, match="has no vertex with data: it lies on the medial wall; the nearest one is"):
        passes.seed_coverage([region.seed], [region.voxels], pair.places.brain, pair)


def test_vertices_that_a_cifti_file_lacks_count_for_the_coverage_of_a_seed(pair, dense):
    points, _ = midthickness("L")
    wall = walls()["L"]
    edge = np.flatnonzero(~wall)[np.linalg.norm(points[~wall] - points[wall].mean(axis=0), axis=1).argmin()]
    asked = seed(vertex=int(edge), hemisphere="L", radius_mm=8.0)
    said = []
    for image in (dense[0], pair):
        region = regions.fixed_region(asked, image)
        said += passes.seed_coverage([region.seed], [region.voxels], image.places.brain, image)
    assert said[0]["n_voxels"] == said[1]["n_voxels"] and 0 < said[0]["coverage"] < 1
    assert said[0]["coverage"] == said[1]["coverage"]


def test_a_file_of_another_mesh_is_told(tmp_path, pair):
    path = write_gifti(tmp_path / "hemi-L_mask.func.gii", "L", [np.ones(32492, np.float32)])
    with pytest.raises(
        InputError, match="has 32492 vertices, and .* has 10242 in the left hemisphere; expected a file"
    ):
        regions.fixed_region({"label": "S", "kind": "mask", "file": path}, pair)

"""Runs and maps on the cortical surface: every form of file, meshes, and smoothing along them."""

import json
import shutil
import subprocess
from pathlib import Path

import nibabel
import numpy as np
import pytest
from conftest import absent
from made_surfaces import (
    OPTIONS,
    N,
    T,
    brain_models,
    cifti_map,
    cifti_run,
    gifti_run,
    midthickness,
    noise,
    own_meshes,
    shipped,
    walls,
    write_gifti,
    write_mesh,
)
from nibabel.cifti2 import Cifti2Image, SeriesAxis

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.images import cifti_series, heat, layouts, meshes, nifti, places
from seed_to_voxel.images.layouts import PLACES

ENCODINGS = ("GIFTI_ENCODING_ASCII", "GIFTI_ENCODING_B64BIN", "GIFTI_ENCODING_B64GZ", "GIFTI_ENCODING_EXTBIN")


@pytest.fixture(scope="module")
def both():
    return meshes.template("fsaverage5", OPTIONS)


def small_pair(folder, write):
    """A pair of a few volumes, written by a function of path, hemisphere and data arrays; and its data."""
    data = noise(2 * N, n_volumes=3)
    paths = [str(folder / f"{h}.func.gii") for h in "LR"]
    for path, hemisphere, part in zip(paths, "LR", (data[:, :N], data[:, N:]), strict=True):
        write(path, hemisphere, part)
    return paths, data


@pytest.mark.parametrize("endian", ["GIFTI_ENDIAN_LITTLE", "GIFTI_ENDIAN_BIG"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_gifti_is_read_in_every_encoding_and_order_of_bytes(tmp_path, encoding, endian):
    def write(path, hemisphere, part):
        if encoding != "GIFTI_ENCODING_EXTBIN":
            write_gifti(path, hemisphere, list(part), encoding=encoding, endian=endian)
            return
        # nibabel reads such files and does not write them.
        order = "<f4" if endian.endswith("LITTLE") else ">f4"
        (tmp_path / f"{hemisphere}.bin").write_bytes(part.astype(order).tobytes())
        arrays = "".join(
            '<DataArray Intent="NIFTI_INTENT_TIME_SERIES" DataType="NIFTI_TYPE_FLOAT32"'
            ' ArrayIndexingOrder="RowMajorOrder"'
            f' Dimensionality="1" Dim0="{N}" Encoding="ExternalFileBinary"'
            f' Endian="{"LittleEndian" if endian.endswith("LITTLE") else "BigEndian"}"'
            f' ExternalFileName="{hemisphere}.bin" ExternalFileOffset="{4 * N * t}"><MetaData/><Data/></DataArray>'
            for t in range(len(part))
        )
        start = f'<?xml version="1.0"?><GIFTI Version="1.0" NumberOfDataArrays="{len(part)}"><MetaData/><LabelTable/>'
        text = start + arrays
        Path(path).write_text(f"{text}</GIFTI>")

    paths, data = small_pair(tmp_path, write)
    read = list(nifti.volumes(places.open_run(paths, OPTIONS)))
    tolerance = 1e-5 if "ASCII" in encoding else 0
    np.testing.assert_allclose(np.stack(read), data, rtol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_one_array_of_all_volumes_is_read_as_one_of_each(tmp_path, dtype):
    def write(path, hemisphere, part):
        write_gifti(path, hemisphere, [part.T.astype(dtype)])

    paths, data = small_pair(tmp_path, write)
    read = np.stack(list(nifti.volumes(places.open_run(paths, OPTIONS))))
    np.testing.assert_array_equal(read, data.astype(dtype))


@pytest.mark.parametrize("sizes", [(1, 1), (10**5, 10**5), (2**24, 2**21)])
def test_cifti_is_read_in_the_order_of_its_file(tmp_path, monkeypatch, sizes):
    # A volume and a place at once, some, all.
    monkeypatch.setattr(cifti_series, "BLOCK", sizes[0])
    monkeypatch.setattr(cifti_series, "PIECE", sizes[1])
    axis = brain_models()
    data = noise(len(axis), n_volumes=70 if sizes[0] > 1 else 3)
    image = places.open_run(cifti_run(tmp_path, data, step=0.72), own_meshes(tmp_path))
    np.testing.assert_array_equal(np.stack(list(nifti.volumes(image))), data)
    assert image.header_t_r == pytest.approx(0.72)
    right = image.places.vertices["R"]
    np.testing.assert_array_equal(axis.name[right[0]], "CIFTI_STRUCTURE_CORTEX_RIGHT")
    position = image.places.position("R")
    assert (position[walls()["R"]] == -1).all()
    points, _ = midthickness("R")
    np.testing.assert_allclose(image.places.coordinates[position[143]], points[143], atol=1e-4)


def test_a_step_that_is_no_time_is_no_repetition_time(tmp_path):
    axis = brain_models()
    image = Cifti2Image(noise(len(axis), n_volumes=3), (SeriesAxis(0, 2.0, 3, "HERTZ"), axis))
    image.nifti_header.set_intent("ConnDenseSeries")
    nibabel.save(image, tmp_path / "x.dtseries.nii")
    assert places.open_run(str(tmp_path / "x.dtseries.nii"), own_meshes(tmp_path)).header_t_r is None


def test_runs_with_the_same_places_share_what_is_known_of_them(tmp_path):
    axis = brain_models()
    right = axis[axis.name == "CIFTI_STRUCTURE_CORTEX_RIGHT"]
    files = [[cifti_map(tmp_path / f"{n}.dscalar.nii", np.zeros(len(own)), own)] for n, own in enumerate([axis, right])]
    one, other, again = layouts.of_each([files[0], files[1], files[0]])
    assert one is again and one.is_like(layouts.of_files(files[0])) and other.axis == right


@pytest.mark.parametrize("names", [["a map"], ['<r> & "z"', "it's é", PLACES.decode()]])
def test_a_cifti_file_of_maps_is_what_nibabel_writes(tmp_path, names):
    axis = brain_models()
    data = np.random.default_rng(2).standard_normal((len(axis), len(names))).astype(np.float32)
    image = nibabel.Cifti2Image(data.T, (nibabel.cifti2.ScalarAxis(names), axis))
    image.nifti_header.set_intent("ConnDenseScalar")
    layout, path = layouts.Grayordinates(axis), tmp_path / "x.dscalar.nii"
    for _ in range(2):
        layout.save_several([str(path)], data, names)
        assert path.read_bytes() == image.to_bytes()
    np.testing.assert_array_equal(layout.read_several([str(path)]), data)
    np.testing.assert_array_equal(layout.read([str(path)]), data[:, 0])
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(InputError, match="cannot be read as CIFTI"):
        layout.read([str(path)])
    with pytest.raises(InputError, match="no such file"):
        layout.read([str(tmp_path / "y.dscalar.nii")])


@pytest.mark.parametrize("fwhm", [None, 6.0])
@pytest.mark.parametrize("n_volumes", [1, heat.AT_ONCE, heat.AT_ONCE + 3])
def test_volumes_that_are_smoothed_together_are_what_they_are_alone(tmp_path, fwhm, n_volumes):
    image = places.open_run(cifti_run(tmp_path), own_meshes(tmp_path))
    rng = np.random.default_rng(5)
    wanted = rng.random(image.shape[0]) < 0.9
    run = rng.standard_normal((n_volumes, image.shape[0])).astype(np.float32)
    smooth = places.smoother(image, wanted, fwhm)
    together = np.full((n_volumes, wanted.sum()), np.nan, dtype=np.float32)
    for volume, out in zip(run, together, strict=True):
        smooth.later(volume, run[0], out)
    smooth.finish()
    alone = np.stack([places.smoother(image, wanted, fwhm)(volume, run[0]) for volume in run])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("fwhm", [None, 6.0])
def test_whole_numbers_at_their_limits_do_not_overflow(tmp_path, fwhm):
    image = places.open_run(cifti_run(tmp_path), own_meshes(tmp_path))
    run = np.random.default_rng(6).choice(np.array([-32768, 32767], dtype=np.int16), (3, image.shape[0]))
    wanted = np.ones(image.shape[0], dtype=bool)
    expected = [places.smoother(image, wanted, fwhm)(volume - run[0].astype(np.float32)) for volume in run]
    smooth = places.smoother(image, wanted, fwhm)
    at_once, later = [smooth(volume, run[0]) for volume in run], np.empty((3, image.shape[0]), dtype=np.float32)
    for volume, out in zip(run, later, strict=True):
        smooth.later(volume, run[0], out)
    smooth.finish()
    for found in (at_once, later):
        np.testing.assert_allclose(found, expected, rtol=0, atol=0.05)


@pytest.mark.parametrize("form", ["gifti", "cifti"])
def test_maps_come_back_as_they_were_written_and_are_the_same_bytes(tmp_path, form):
    if form == "gifti":
        image, names = places.open_run(gifti_run(tmp_path), OPTIONS), ["L.func.gii", "R.func.gii"]
    else:
        image, names = places.open_run(cifti_run(tmp_path), own_meshes(tmp_path)), ["x.dscalar.nii"]
    files = [str(tmp_path / f"map_{name}") for name in names]
    brain = image.places.brain
    values = np.random.default_rng(1).standard_normal(brain.sum()).astype(np.float32)
    image.places.layout.save_map(files, values, brain, "Pearson r, seed S", "z score")
    written = [Path(path).read_bytes() for path in files]
    layout = layouts.of_files(files)
    read = layout.read(files)
    np.testing.assert_array_equal(read[brain], values)
    assert np.isnan(read[~brain]).all()
    layout.save(files, read, "Pearson r, seed S", "z score")
    assert [Path(path).read_bytes() for path in files] == written
    halves = layout.hemispheres(read)
    assert {name: len(half) for name, half in halves.items()} == {"L": N, "R": N}
    if form == "gifti":
        for path, hemisphere in zip(files, ("Left", "Right"), strict=True):
            assert nibabel.load(path).meta["AnatomicalStructurePrimary"] == f"Cortex{hemisphere}"
    else:
        np.testing.assert_array_equal(np.isnan(halves["L"]), walls()["L"])


def test_areas_and_lengths_are_those_of_connectome_workbench(tmp_path, both):
    if shutil.which("wb_command") is None:
        absent("workbench", "wb_command is not installed (Debian package connectome-workbench)")
    path = write_mesh(tmp_path / "L.surf.gii", "L")
    subprocess.run(["wb_command", "-surface-vertex-areas", path, tmp_path / "a.func.gii"], check=True)
    theirs = nibabel.load(tmp_path / "a.func.gii").darrays[0].data
    np.testing.assert_allclose(both["L"].areas, theirs, rtol=1e-4)


def test_the_middle_of_fsaverage5_lies_where_mni_says(both):
    # The posterior cingulate cortex of either hemisphere, on either side of the middle.
    for hemisphere, x in (("L", -6), ("R", 6)):
        vertex, away = both[hemisphere].nearest(np.array([x, -52, 24]))
        assert away < 5
        assert np.sign(both[hemisphere].mni[vertex, 0]) == np.sign(x)
    assert both["L"].mni[:, 0].mean() < -20 < 20 < both["R"].mni[:, 0].mean()


def test_a_constant_stays_and_nothing_crosses_the_edge_of_the_data(both):
    wall = walls()["L"]
    matrix, n_steps = heat.spreading(both["L"], ~wall, 8)
    values = np.where(wall, 1e6, 5.0).astype(np.float32)
    for _ in range(n_steps):
        values = matrix @ values
    np.testing.assert_allclose(values[~wall], 5, rtol=1e-4)
    assert matrix.min() >= 0


@pytest.mark.parametrize("fwhm", [6.0, 10.0])
def test_smoothing_is_as_wide_as_it_should_be(both, fwhm):
    mesh = both["L"]
    matrix, n_steps = heat.spreading(mesh, np.ones(N, bool), fwhm)
    rng = np.random.default_rng(0)
    spread = []
    for vertex in rng.integers(0, N, 12):
        values = np.zeros(N)
        values[vertex] = 1
        for _ in range(n_steps):
            values = matrix @ values
        # The variance of what it became, along the surface, on which a Gaussian has two dimensions.
        near = mesh.around(int(vertex), 4 * fwhm)
        from scipy.sparse.csgraph import dijkstra

        away = dijkstra(mesh.lengths, indices=vertex)[near]
        heat_there = values[near] * mesh.areas[near]
        spread.append((heat_there * away**2).sum() / heat_there.sum() / 2)
    assert np.sqrt(8 * np.log(2) * np.mean(spread)) == pytest.approx(fwhm, rel=0.08)


def test_the_reached_width_is_what_workbench_finds_in_smoothed_noise(tmp_path, both):
    if shutil.which("wb_command") is None:
        absent("workbench", "wb_command is not installed (Debian package connectome-workbench)")
    matrix, n_steps = heat.spreading(both["L"], np.ones(N, bool), 10)
    smooth = heat.CorticalSmoothing(np.ones(N, bool), [(np.arange(N), matrix, n_steps)], [])
    edges = both["L"].edges
    lengths = np.linalg.norm(np.subtract(*both["L"].coordinates[edges.T]), axis=1)
    rng = np.random.default_rng(8)
    write_gifti(tmp_path / "n.func.gii", "L", [smooth(rng.standard_normal(N).astype(np.float32)) for _ in range(20)])
    path = write_mesh(tmp_path / "L.surf.gii", "L")
    command = ["wb_command", "-metric-estimate-fwhm", path, tmp_path / "n.func.gii", "-whole-file"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Workbench pools all vertices, of which those on small triangles keep more of the noise.
    assert heat.reached_width(smooth, edges, lengths) == pytest.approx(float(said.split()[-1]), rel=0.1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda paths: paths[::-1], "is of the right hemisphere, as its metadata or its name says, and stands for the"),
        (lambda paths: [paths[0], "gone.func.gii"], "gone.func.gii: no such file"),
    ],
)
def test_exchanged_and_missing_hemispheres_are_told(tmp_path, change, said):
    paths, _ = small_pair(tmp_path, lambda path, hemisphere, part: write_gifti(path, hemisphere, list(part)))
    with pytest.raises(InputError, match=said):
        places.open_run(change(paths), OPTIONS)


def without_metadata(path, to):
    """The same GIFTI file, under another name, that does not say in itself which hemisphere it is of."""
    image = nibabel.load(path)
    image.meta.clear()
    nibabel.save(image, to)
    return str(to)


@pytest.mark.parametrize(
    "names", [["x_hemi-R_bold.func.gii", "x_hemi-L_bold.func.gii"], ["rh.x.func.gii", "lh.x.func.gii"]]
)
def test_hemispheres_that_are_exchanged_by_name_alone_are_told(tmp_path, names):
    paths, _ = small_pair(tmp_path, lambda path, hemisphere, part: write_gifti(path, hemisphere, list(part)))
    exchanged = [without_metadata(path, tmp_path / name) for path, name in zip(paths, names, strict=True)]
    with pytest.raises(InputError, match=f"{names[0]}: is of the right hemisphere"):
        places.open_run(exchanged, OPTIONS)
    assert places.open_run(exchanged[::-1], OPTIONS).shape == (2 * N, 3)


@pytest.mark.parametrize(
    "names", [["L.surf.gii", "R.surf.gii"], ["lh.x.surf.gii", "rh.x.surf.gii"], ["lh.mid", "rh.mid"]]
)
def test_meshes_that_are_exchanged_are_told(tmp_path, names):
    left, right = (tmp_path / name for name in names)
    for path, hemisphere in ((left, "L"), (right, "R")):
        if path.suffix == ".gii":
            write_mesh(path, hemisphere)
        else:
            nibabel.freesurfer.write_geometry(path, *midthickness(hemisphere))
    if names[0] == "lh.x.surf.gii":
        left, right = (without_metadata(path, path) for path in (left, right))
    meshes.template("fsLR", {"left": left, "right": right})
    with pytest.raises(InputError, match=f"{names[1]}: is of the right hemisphere, as its metadata or its name says"):
        meshes.template("fsLR", {"left": right, "right": left})


def test_meshes_that_say_nothing_are_told_by_where_they_lie(tmp_path):
    first, second = (without_metadata(write_mesh(tmp_path / f"{h}.surf.gii", h), tmp_path / f"{h}.gii") for h in "LR")
    meshes.template("fsLR", {"left": first, "right": second})
    with pytest.raises(InputError, match=r"R.gii lies at x = 30 mm in the mean, to the right of .*L\.gii at -29 mm"):
        meshes.template("fsLR", {"left": second, "right": first})


def test_a_mesh_may_say_its_hemisphere_beside_its_points(tmp_path):
    # Where Connectome Workbench and FreeSurfer write it.
    image = nibabel.load(write_mesh(tmp_path / "x.surf.gii", "R"))
    image.meta.clear()
    image.darrays[0].meta["AnatomicalStructurePrimary"] = "CortexRight"
    nibabel.save(image, tmp_path / "x.surf.gii")
    with pytest.raises(InputError, match="is of the right hemisphere, as its metadata"):
        meshes.read_mesh(tmp_path / "x.surf.gii", np.eye(4), "L")


def test_sidecars_say_which_meshes_not_where_they_lie(tmp_path):
    options = own_meshes(tmp_path)
    said = places.open_run(cifti_run(tmp_path), options).places.described()
    assert str(tmp_path) not in json.dumps(said)
    for mesh, side, name in zip(said["Meshes"], ("left", "right"), ("L.surf.gii", "R.surf.gii"), strict=True):
        command = subprocess.run(["sha256sum", options[side]], check=True, capture_output=True, text=True)
        assert mesh == {"File": name, "SHA256": command.stdout.split()[0]}


def test_a_hemisphere_that_a_file_lacks_is_undefined_on_its_mesh(tmp_path, both):
    axis = brain_models()
    axis = axis[axis.name != "CIFTI_STRUCTURE_CORTEX_LEFT"]
    run = places.open_run(cifti_run(tmp_path, noise(len(axis), n_volumes=3), axis), own_meshes(tmp_path))
    layout = run.places.layout
    filled = meshes.filled(layout.hemispheres(np.ones(len(axis))), both)
    assert {name: len(values) for name, values in filled.items()} == {"L": N, "R": N}
    assert np.isnan(filled["L"]).all()
    np.testing.assert_array_equal(np.isnan(filled["R"]), walls()["R"])


def test_the_viewer_of_a_file_of_one_hemisphere_has_both(tmp_path):
    axis = brain_models()
    axis = axis[axis.name == "CIFTI_STRUCTURE_CORTEX_RIGHT"]
    both = meshes.on_fsaverage5([cifti_map(tmp_path / "x.dscalar.nii", np.ones(len(axis)), axis)])
    np.testing.assert_array_equal(np.isnan(both), np.concatenate([np.ones(N, bool), walls()["R"]]))


def test_pairs_that_do_not_belong_together_are_told(tmp_path):
    paths, data = small_pair(tmp_path, lambda path, hemisphere, part: write_gifti(path, hemisphere, list(part)))
    write_gifti(paths[1], "R", list(data[:2, N:]))
    with pytest.raises(InputError, match=r"has 3 volumes and .* has 2; expected both hemispheres of one run"):
        places.open_run(paths, OPTIONS)
    write_gifti(paths[1], "R", list(data[:, N : N + 5000]))
    with pytest.raises(
        InputError, match="found a hemisphere of 5000 vertices; expected 10242, as the meshes that fsaverage5"
    ):
        places.open_run(paths, OPTIONS)


def test_damaged_and_foreign_files_are_told(tmp_path):
    paths, _ = small_pair(tmp_path, lambda path, hemisphere, part: write_gifti(path, hemisphere, list(part)))
    whole = Path(paths[0]).read_bytes()
    Path(paths[0]).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cannot be read as GIFTI"):
        places.open_run(paths, OPTIONS)
    path = cifti_run(tmp_path)
    scalar = cifti_map(tmp_path / "x.dscalar.nii", np.ones(len(brain_models())))
    with pytest.raises(InputError, match="its rows are ScalarAxis; expected a series"):
        places.open_run(scalar, own_meshes(tmp_path))
    cut = tmp_path / "cut.dtseries.nii"
    cut.write_bytes(Path(path).read_bytes()[:-50000])
    with pytest.raises(InputError, match="cannot be read|truncated or damaged"):
        places.open_run(str(cut), own_meshes(tmp_path))


def test_a_run_without_any_value_is_told(tmp_path):
    paths = gifti_run(tmp_path, np.zeros((3, 2 * N), np.float32))
    with pytest.raises(InputError, match="no place has a value"):
        places.open_run(paths, OPTIONS)


def test_what_is_said_of_voxels_is_said_of_vertices():
    layout = layouts.Hemispheres((N, N))
    said = layout.said({"a": "every voxel's, 3 voxels; seed-to-voxel", "Sources": ["voxel"], "b": ["a voxel"]})
    assert said == {"a": "every vertex's, 3 vertices; seed-to-voxel", "Sources": ["voxel"], "b": ["a vertex"]}


def test_the_series_of_the_run_are_as_long_as_they_should_be(tmp_path):
    assert places.open_run(gifti_run(tmp_path), OPTIONS).shape == (2 * N, T)
    assert len(shipped("area_left")[0]) == N

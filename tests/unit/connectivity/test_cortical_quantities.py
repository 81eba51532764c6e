"""Numbers of maps on the cortical surface: a value at a place, a mean in a region, beside another map."""

import nibabel
import numpy as np
import pytest
from made_surfaces import OPTIONS, N, brain_models, cifti_map, midthickness, own_meshes, write_gifti, write_labels
from nibabel.affines import apply_affine
from nilearn.maskers import SurfaceLabelsMasker
from nilearn.surface import InMemoryMesh, PolyMesh, SurfaceImage

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.connectivity import cortical_quantities as quantities
from seed_to_voxel.images import layouts, meshes, places
from seed_to_voxel.inputs.shipped import FROM_MNI305

PLAIN = {**OPTIONS, "area_weights": False}


@pytest.fixture(scope="module")
def both():
    return meshes.template("fsaverage5", OPTIONS)


def pair(both, options=OPTIONS):
    return places.of_layout(layouts.Hemispheres([N, N]), both, options, "the map")


@pytest.fixture(scope="module")
def values():
    made = np.random.default_rng(5).standard_normal(2 * N).astype(np.float32)
    made[[7, N + 9]] = np.nan
    return made


def mni(hemisphere, vertex):
    return apply_affine(FROM_MNI305, midthickness(hemisphere)[0][vertex])


def test_a_coordinate_is_that_of_the_nearest_vertex_and_says_how_far_it_is(both, values):
    place = mni("R", 1234)
    value, where = quantities.value_at(values, pair(both), np.add(place, [0.3, 0, 0.4]))
    assert value == values[N + 1234]
    assert (where["hemisphere"], where["vertex"], where["distance_mm"]) == ("R", 1234, 0.5)
    assert [where[axis] for axis in "xyz"] == pytest.approx(place, abs=1e-3)
    assert quantities.in_words(where) == "vertex 1234 of R, 0.5 mm away"


def test_a_hemisphere_keeps_a_coordinate_on_its_side(both, values):
    place = mni("L", int(midthickness("L")[0][:, 0].argmax()))
    _, where = quantities.value_at(values, pair(both), place, "R")
    assert where["hemisphere"] == "R" and where["distance_mm"] > 0


def test_a_vertex_is_itself(both, values):
    value, where = quantities.value_at(values, pair(both), hemisphere="L", vertex=42)
    assert value == values[42] and where["vertex"] == 42 and "distance_mm" not in where
    with pytest.raises(InputError, match=r"the vertex 20000 of L is not in the map, whose hemisphere has 10242"):
        quantities.value_at(values, pair(both), hemisphere="L", vertex=20000)


@pytest.mark.parametrize("asked", [{"point": (0, -150, 0)}, {"hemisphere": "L", "vertex": 7}])
def test_no_value_is_a_reason(both, values, asked):
    said = "nothing lies within 8 mm" if "point" in asked else "no value at the vertex 7 of L"
    with pytest.raises(quantities.NoValueError, match=said):
        quantities.value_at(values, pair(both), **asked)


@pytest.mark.parametrize("asked", [{"point": (40, -50, 20)}, {"vertex": 7}])
def test_a_hemisphere_that_the_file_lacks_is_told(tmp_path, asked):
    options, axis = own_meshes(tmp_path), brain_models()
    layout = layouts.Grayordinates(axis[axis.name != "CIFTI_STRUCTURE_CORTEX_RIGHT"])
    run = places.of_layout(layout, meshes.template("fsLR", options), options, "the map")
    with pytest.raises(quantities.NoValueError, match="the map: has no hemisphere R; expected L"):
        quantities.value_at(np.ones(layout.shape), run, hemisphere="R", **asked)


def test_a_mean_in_a_label_is_that_of_nilearns_masker(tmp_path, both, values):
    regions = {h: (both[h].mni[:, 1] > 20).astype(int) for h in "LR"}
    paths = [write_labels(tmp_path / f"hemi-{h}.label.gii", h, regions[h], {0: "???", 1: "front"}) for h in "LR"]
    whole = np.nan_to_num(values)
    mesh = PolyMesh(**{side: InMemoryMesh(*midthickness(h)) for side, h in (("left", "L"), ("right", "R"))})
    image = SurfaceImage(mesh, {"left": whole[:N, None], "right": whole[N:, None]})
    atlas = SurfaceImage(mesh, {"left": regions["L"], "right": regions["R"]})
    expected = SurfaceLabelsMasker(atlas, standardize=None).fit().transform(image).item()
    found = quantities.mean_in(whole, pair(both, PLAIN), paths, "front")
    assert found == pytest.approx(expected, abs=1e-6)
    # Weighted by area, as a seed's mean is, and without what has no value.
    inside = np.concatenate([regions[h] == 1 for h in "LR"]) & np.isfinite(values)
    areas = np.concatenate([both[h].areas for h in "LR"])
    weighted = np.average(values[inside], weights=areas[inside])
    assert quantities.mean_in(values, pair(both), paths, "front") == pytest.approx(weighted, rel=1e-5)
    left = np.average(values[:N][inside[:N]], weights=areas[:N][inside[:N]])
    assert quantities.mean_in(values, pair(both), paths[:1], 1, "L") == pytest.approx(left, rel=1e-5)


def test_a_label_of_one_hemisphere_alone_is_found_and_none_is_told(tmp_path, both, values):
    own = np.arange(N) < 50
    paths = [
        write_labels(tmp_path / "hemi-L.label.gii", "L", own.astype(int), {0: "???", 1: "patch"}),
        write_labels(tmp_path / "hemi-R.label.gii", "R", np.zeros(N), {0: "???"}),
    ]
    expected = np.nanmean(values[:50])
    assert quantities.mean_in(values, pair(both, PLAIN), paths, "patch") == pytest.approx(expected, rel=1e-5)
    with pytest.raises(InputError, match=r"the label 'else' of a mean in a region is not there; it has \?\?\?, patch"):
        quantities.mean_in(values, pair(both), paths, "else")
    empty = np.full(2 * N, np.nan)
    with pytest.raises(quantities.NoValueError, match="has no value in this region"):
        quantities.mean_in(empty, pair(both), paths, "patch")


def test_a_map_is_compared_where_both_have_a_value(tmp_path, both, values):
    rng = np.random.default_rng(6)
    theirs = values + rng.standard_normal(2 * N).astype(np.float32)
    theirs[100:300] = 0
    paths = [
        write_gifti(tmp_path / f"hemi-{h}.func.gii", h, [part])
        for h, part in zip("LR", (theirs[:N], theirs[N:]), strict=True)
    ]
    known = np.isfinite(values) & (theirs != 0)
    expected = np.corrcoef(values[known], theirs[known])[0, 1]
    assert quantities.spatial_correlation(values, pair(both), paths) == (pytest.approx(expected, abs=1e-6), known.sum())
    right = known.copy()
    right[:N] = False
    expected = np.corrcoef(values[right], theirs[right])[0, 1]
    assert quantities.spatial_correlation(values, pair(both), paths[1:])[0] == pytest.approx(expected, abs=1e-6)
    with pytest.raises(quantities.NoValueError, match="0 vertices in common with the map; expected at least 100"):
        quantities.spatial_correlation(np.full(2 * N, np.nan), pair(both), paths)


def test_places_of_cifti_files_are_matched_by_structure_and_voxels_have_coordinates(tmp_path, both):
    options = own_meshes(tmp_path)
    axis = brain_models()
    run = places.of_layout(layouts.Grayordinates(axis), meshes.template("fsLR", options), options, "the map")
    ours = np.random.default_rng(7).standard_normal(len(axis)).astype(np.float32)
    parts = {name: (part, own) for name, part, own in axis.iter_structures()}
    (_, first), *others = reversed(parts.values())
    other = first
    for _, own in others:
        other += own
    theirs = np.concatenate([ours[part] for part, _ in reversed(parts.values())])
    theirs += np.random.default_rng(8).standard_normal(len(theirs)).astype(np.float32)
    path = cifti_map(tmp_path / "published.dscalar.nii", theirs, axis=other)
    mine = np.concatenate([ours[part] for part, _ in reversed(parts.values())])
    expected = np.corrcoef(mine, theirs)[0, 1]
    assert quantities.spatial_correlation(ours, run, [path])[0] == pytest.approx(expected, abs=1e-6)
    part, thalamus = parts["CIFTI_STRUCTURE_THALAMUS_LEFT"]
    centre = nibabel.affines.apply_affine(axis.affine, thalamus.voxel[5])
    value, where = quantities.value_at(ours, run, np.add(centre, [0, 1, 0]))
    assert value == ours[part][5] and where["structure"] == "CIFTI_STRUCTURE_THALAMUS_LEFT"
    assert where["distance_mm"] == 1

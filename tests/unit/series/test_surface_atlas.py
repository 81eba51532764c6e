"""An atlas of the cortical surface: names of places, and how much of its regions has data."""

import measure_label_coverage
import nibabel
import numpy as np
import pytest
from made_surfaces import OPTIONS, N, brain_models, cifti_map, own_meshes, walls, write_labels

from seed_to_voxel.base import provenance, tables
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.images import layouts, meshes, places
from seed_to_voxel.series import surface_atlas
from seed_to_voxel.study import configuration

NAMES = {0: "???", 1: "G_front", 2: "G_back"}


@pytest.fixture(scope="module")
def both():
    return meshes.template("fsaverage5", OPTIONS)


@pytest.fixture(scope="module")
def cortex(both):
    return places.of_layout(layouts.Hemispheres([N, N]), both, OPTIONS, "the run")


@pytest.fixture
def halves(tmp_path, both):
    """Front and back of each hemisphere; the lowest vertices have no label."""
    values = {}
    for hemisphere, mesh in both.items():
        of_vertices = np.where(mesh.coordinates[:, 1] > 0, 1, 2)
        values[hemisphere] = np.where(mesh.coordinates[:, 2] < -30, 0, of_vertices)
    paths = [write_labels(tmp_path / f"hemi-{h}.label.gii", h, values[h], NAMES) for h in "LR"]
    return paths, values


def test_places_have_the_names_of_their_vertices(cortex, halves):
    paths, values = halves
    found = surface_atlas.read(paths, cortex)
    names = np.array([None, "G_front", "G_back"], dtype=object)
    expected = np.concatenate([names[values[h]] for h in "LR"]).tolist()
    assert found.at(np.arange(2 * N)) == expected and found.names == ["G_front", "G_back"]


def test_an_annotation_of_freesurfer_says_the_same(tmp_path, cortex, halves):
    _, values = halves
    paths = []
    for hemisphere in "LR":
        table = np.column_stack([np.arange(1, 4)[:, None] * [60, 50, 40], np.zeros((3, 2))]).astype(int)[:, :5]
        paths.append(str(tmp_path / f"{hemisphere.lower()}h.own.annot"))
        nibabel.freesurfer.write_annot(paths[-1], values[hemisphere], table, list(NAMES.values()), fill_ctab=True)
    assert surface_atlas.read(paths, cortex).at(np.arange(2 * N)) == surface_atlas.read(halves[0], cortex).at(
        np.arange(2 * N)
    )


def test_coverage_is_the_share_of_the_area(tmp_path, cortex, halves, both):
    paths, values = halves
    brain = ~np.concatenate(list(walls().values()))
    brain[:N][both["L"].coordinates[:, 1] < -60] = False
    mask = [str(tmp_path / f"{h}.func.gii") for h in "LR"]
    cortex.layout.save(mask, brain.astype(np.uint8))
    table, sidecar = str(tmp_path / "t.tsv"), str(tmp_path / "t.json")
    measure_label_coverage.main(mask, paths, OPTIONS, table, sidecar)
    header, *rows = tables.cells(table)
    assert tuple(header) == tuple(surface_atlas.COLUMNS) and len(rows) == 4
    shares = []
    for name, structure, count, with_data, area, share in rows:
        hemisphere = {"CORTEX_LEFT": "L", "CORTEX_RIGHT": "R"}[structure]
        own = values[hemisphere] == {"G_front": 1, "G_back": 2}[name]
        there = brain[:N] if hemisphere == "L" else brain[N:]
        areas = both[hemisphere].areas
        assert (int(count), int(with_data)) == (own.sum(), (own & there).sum())
        assert float(area) == pytest.approx(areas[own].sum(), rel=1e-5)
        assert float(share) == pytest.approx(areas[own & there].sum() / areas[own].sum(), rel=1e-5)
        shares.append(float(share))
    assert shares == sorted(shares) and rows[0][:2] == ["G_back", "CORTEX_LEFT"] and shares[0] < 0.8 < shares[-1]
    assert provenance.read_json(sidecar)["Atlas"] == ["hemi-L.label.gii", "hemi-R.label.gii"]


def test_a_dlabel_names_voxels_too(tmp_path):
    options, axis = own_meshes(tmp_path), brain_models()
    where = places.of_layout(layouts.Grayordinates(axis), meshes.template("fsLR", options), options, "the run")
    thalamus = axis.name == "CIFTI_STRUCTURE_THALAMUS_LEFT"
    values = np.where(thalamus, 7, np.where(axis.vertex < 300, 3, 0)) * (thalamus | (axis.vertex >= 0))
    path = cifti_map(tmp_path / "own.dlabel.nii", values, names={0: "???", 3: "G_own", 7: "Thalamus"})
    found = surface_atlas.read([path], where)
    assert set(found.at(np.flatnonzero(thalamus))) == {"Thalamus"}
    table = surface_atlas.coverage(found, where, ~thalamus)
    rows = list(zip(table["region"], table["structure"], table["coverage"], strict=True))
    assert rows[0] == ("Thalamus", "THALAMUS_LEFT", 0.0) and {row[2] for row in rows[1:]} == {1.0}
    assert np.isnan(table["area_mm2"][0]) and table["n_places"][0] == 27


def test_an_atlas_of_another_mesh_or_side_is_told(tmp_path, cortex, halves):
    paths, _ = halves
    with pytest.raises(InputError, match=r"is of the right hemisphere, and figures.atlas says L"):
        surface_atlas.read(paths[::-1], cortex)
    small = write_labels(tmp_path / "hemi-L_small.label.gii", "L", np.ones(100), NAMES)
    with pytest.raises(InputError, match="has 100 vertices, and the run has 10242 in the left hemisphere"):
        surface_atlas.read([small, paths[1]], cortex)


@pytest.mark.parametrize(
    ("form", "given", "said"),
    [
        ("volume", {"left": "l.annot", "right": "r.annot"}, "has left and right; expected image and table, .* volumes"),
        ("volume", {"image": "a.nii"}, "has image; expected image and table"),
        ("gifti", {"image": "a.nii", "table": "a.tsv"}, r"expected left and right, as the runs are on .* \(GIFTI\)"),
        ("cifti", {"left": "l.annot"}, "has left; expected image or left and right"),
        ("cifti", {"image": "a.nii"}, "is a.nii; expected a .dlabel.nii"),
    ],
)
def test_an_atlas_of_another_form_is_told(form, given, said):
    with pytest.raises(InputError, match=said):
        configuration.atlas_files({"figures": {"atlas": given}}, form, "inputs")


def test_the_files_of_an_atlas_have_their_order():
    def files(form, **given):
        return configuration.atlas_files({"figures": {"atlas": given or None}}, form, "inputs")

    assert files("volume", table="t.tsv", image="i.nii") == ["i.nii", "t.tsv"]
    assert files("gifti", right="r.annot", left="l.annot") == ["l.annot", "r.annot"]
    assert files("cifti", image="a.dlabel.nii") == ["a.dlabel.nii"]
    assert files("volume") == files("gifti") == []

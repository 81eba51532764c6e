"""Two simulated groups on fsaverage5, from runs to corrected maps: the planted difference, nilearn's model, files."""

import json
import re

import nibabel
import numpy as np
import pandas
import pytest
from conftest import PLAIN_FIGURES, Workspace, takes_long
from made_surfaces import OPTIONS
from made_surfaces import N as N_VERTICES
from nilearn.glm.second_level import SecondLevelModel
from nilearn.surface import PolyMesh, SurfaceImage, load_surf_mesh
from PIL import Image

from seed_to_voxel.images import meshes
from seed_to_voxel.study import configuration, groups, outputs

pytestmark = [pytest.mark.workflow, takes_long]

N, SEEDS = 12, ("PCC", "V1")
SIMULATED = {
    **{"space": "fsaverage5", "participants": N, "volumes": 120, "voxel_size": 8, "seed": 11},
    **{"groups": ["control", "patient"], "group_effect": 1},
}
MODELS = [{"name": "two", "formula": "group", "contrasts": {"difference": "group[patient]", "any": ["group"]}}]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("surface_groups") / "project")
    config = workspace.write_config(
        dataset={"kind": "simulated", "simulated": SIMULATED},
        seeds="config/surface_seeds.tsv",
        cleaning={"confounds": ["trans_*", "rot_*", "csf", "white_matter"]},
        statistics={"null_seeds": 10},
        groups={"models": MODELS, "permutations": {"n": 200, "parts": 2}},
        figures=PLAIN_FIGURES,
    )
    workspace.snakemake("groups", "--configfile", config)
    workspace.group = workspace.derivatives / "group"
    return workspace


def read(study, name):
    """A map of both hemispheres."""
    stem, _, rest = name.partition("_seed-")
    rest = f"_seed-{rest}" if rest else ""
    paths = [study.group / f"{stem}_hemi-{hemisphere}{rest}_statmap.func.gii" for hemisphere in "LR"]
    return np.concatenate([nibabel.load(path).darrays[0].data for path in paths])


def truth(study):
    """Vertices of the network in which the difference was planted, in any participant."""
    found = np.zeros(2 * N_VERTICES, dtype=bool)
    for left in (study.path / "results" / "inputs" / "simulated").rglob("*_hemi-L_*_desc-networks_dseg.label.gii"):
        both = [nibabel.load(str(left).replace("hemi-L", f"hemi-{hemisphere}")) for hemisphere in "LR"]
        (number,) = [key for key, name in both[0].labeltable.get_labels_as_dict().items() if name == "fronto-parietal"]
        found |= np.concatenate([image.darrays[0].data for image in both]) == number
    return found


def near(vertices, mm):
    """Vertices within some mm along the surface of any of these."""
    found = np.zeros(2 * N_VERTICES, dtype=bool)
    for start, mesh in zip((0, N_VERTICES), meshes.template("fsaverage5", OPTIONS).values(), strict=True):
        own = np.flatnonzero(vertices[start : start + N_VERTICES])
        for vertex in own:
            found[start + mesh.around(int(vertex), mm)] = True
    return found


def test_exactly_the_declared_files(study):
    filled = [{"errors": "auto", "variance_groups": None, "centre": True, **model} for model in MODELS]
    asked = groups.Groups(
        {"models": MODELS},
        groups.read_models({"models": filled}),
        {f"sub-{number:02d}": groups.Unit(f"{number:02d}", None, ()) for number in range(1, N + 1)},
        *(None, "", list(SEEDS), [], "gifti"),
    )
    declared = outputs.in_form(configuration.read_yaml(study.path / "workflow" / "outputs.yaml"), "gifti")
    when = ["groups", "permutations", "TFCE", "groups of several seeds", "permutations of several seeds"]
    expected = outputs.expected(declared, [], SEEDS, conditions=when, groups=asked)
    found = {f"group/{path.relative_to(study.group)}" for path in study.group.rglob("*") if path.is_file()}
    assert found == {path for path in expected if path.startswith("group/")}
    assert (study.path / "results" / "model-two_viewer.html").is_file()
    assert not (study.path / "results" / "neurovault").exists()


@pytest.mark.parametrize("measure", ["voxel", "tfce", "mass"])
def test_the_difference_is_found_where_it_was_planted_and_nowhere_else(study, measure):
    # Smoothed by 6 mm, and sampled from voxels of 8 mm.
    there = near(truth(study), 14)
    assert there.mean() < 0.5
    p = read(study, f"model-two_contrast-difference_seed-PCC_stat-pfwe_desc-{measure}")
    passing = p >= -np.log10(0.05)
    assert passing.sum() > (15 if measure == "voxel" else 500) and there[passing].mean() == 1
    assert (read(study, "model-two_contrast-difference_seed-PCC_stat-effect")[passing] > 0.15).all()
    other = read(study, f"model-two_contrast-difference_seed-V1_stat-pfwe_desc-{measure}")
    assert not (other > 1.301).any()
    assert np.array_equal(np.isnan(p), np.isnan(other)) and 0.02 < np.isnan(p).mean() < 0.2


def test_effect_and_t_are_nilearns(study):
    design = pandas.read_csv(study.group / "model-two_design.tsv", sep="\t")
    template = meshes.template("fsaverage5", OPTIONS)
    mesh = PolyMesh(
        **{
            side: load_surf_mesh((template[hemisphere].coordinates, template[hemisphere].triangles))
            for side, hemisphere in (("left", "L"), ("right", "R"))
        }
    )
    images = [
        SurfaceImage(
            mesh,
            {
                side: nibabel.load(study.group / f"{unit}_hemi-{h}_stat-effect_statmap.func.gii").darrays[0].data
                for side, h in (("left", "L"), ("right", "R"))
            },
        )
        for unit in design["unit"]
    ]
    model = SecondLevelModel().fit(images, design_matrix=design.drop(columns=["unit", "subject"]))
    inside = np.isfinite(read(study, "model-two_contrast-difference_seed-PCC_stat-t"))
    for ours, theirs in {"effect": "effect_size", "t": "stat"}.items():
        found = model.compute_contrast([0, 1], "t", output_type=theirs)
        expected = np.concatenate([found.data.parts[side].ravel() for side in ("left", "right")])[inside]
        own = read(study, f"model-two_contrast-difference_seed-PCC_stat-{ours}")[inside]
        np.testing.assert_allclose(own, expected, rtol=2e-4, atol=2e-4)


def test_what_is_said_is_of_vertices(study):
    said = json.loads(
        (study.group / "model-two_contrast-difference_seed-PCC_stat-pfwe_desc-tfce_statmap.json").read_text()
    )
    assert said["Permutations"]["TFCE"]["E"] == 1 and said["Permutations"]["Neighbours"] == "edges of the mesh"
    assert said["NumberOfVerticesBelow005"] > 50 and "over the vertices of this map" in said["Correction"]
    mask = json.loads((study.group / "model-two_desc-group_mask.json").read_text())
    inside = sum(
        int(nibabel.load(study.group / f"model-two_hemi-{h}_desc-group_mask.func.gii").darrays[0].data.sum())
        for h in "LR"
    )
    assert mask["NumberOfVertices"] == inside > 15000 and mask["Places"] == "vertices"
    methods = (study.group / "model-two_methods.md").read_text()
    assert "by their areas on the mesh" in methods and "(E 1, H 2;" in methods and "voxel" not in methods
    page = (study.path / "results" / "model-two.html").read_text()
    assert f"{inside} vertices" in page and "area (mm²)" in page
    for path in study.group.glob("*.json"):
        text = path.read_text().replace("Volume of the voxels", "").replace("n/a for voxels", "")
        # Names of files, of columns and of the measure stay.
        for kept in ("seed-to-voxel", "desc-voxel", "p_voxel", "Vertices, or voxels", "n/a for a voxel"):
            text = text.replace(kept, "")
        told = re.findall(r".*(?<![_\w])[vV]oxel.*", text)
        assert all("one structure" in line or "structure of voxels" in line for line in told), (path.name, told)


def test_clusters_have_area_vertex_and_structure(study):
    table = pandas.read_csv(study.group / "model-two_contrast-difference_seed-PCC_desc-clusters_table.tsv", sep="\t")
    first = table.iloc[0]
    assert first["p_mass"] <= 0.05 and first["sign"] == 1 and first["structure"].startswith("CORTEX_")
    hemisphere = first["structure"][7]
    mesh = meshes.template("fsaverage5", OPTIONS)[hemisphere]
    place = mesh.mni[int(first["vertex"])]
    np.testing.assert_allclose([first["x"], first["y"], first["z"]], place, atol=0.01)
    # All clusters at the threshold together, by their vertices.
    z = read(study, "model-two_contrast-difference_seed-PCC_stat-z")
    areas = np.concatenate([own.areas for own in meshes.template("fsaverage5", OPTIONS).values()])
    above = np.abs(np.nan_to_num(z)) > 3.2905
    assert table["area_mm2"].sum() == pytest.approx(areas[above].sum(), rel=1e-3)
    assert table["extent"].sum() == above.sum() and table["volume_mm3"].isna().all()


def test_figures_show_both_hemispheres_with_what_passes(study):
    for kind in ("mosaic", "highlight"):
        path = study.group / f"model-two_contrast-difference_seed-PCC_desc-{kind}_figure.png"
        with Image.open(path) as image:
            text, pixels = image.info["Description"], np.asarray(image.convert("RGB")).astype(int)
        assert "vertices pass at p < 0.05" in text and "family-wise over the vertices" in text
        red = (pixels[..., 0] > pixels[..., 2] + 60) & (pixels[..., 0] > 120)
        # On the brains, and not on the colour bar alone.
        assert red[:, : int(0.85 * red.shape[1])].sum() > 1000
    none = study.group / "model-two_contrast-difference_seed-V1_desc-mosaic_figure.png"
    with Image.open(none) as image:
        assert image.info["Description"].startswith("0 of ")

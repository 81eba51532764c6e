"""Two groups on the cortical surface, script by script: what is planted is found there alone, in GIFTI and in CIFTI."""

import combine_runs
import draw_model
import fit_model
import gather_subjects
import infer_model
import make_design
import mark_seeds_of_model
import nibabel
import numpy as np
import permute_model
import pytest
import scipy.stats
import show_model
import view_model
import write_methods_of_model
from made_surfaces import OPTIONS, N, brain_models, cifti_map, own_meshes, walls, write_labels
from PIL import Image

from seed_to_voxel.base import provenance, tables
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.figures import style
from seed_to_voxel.images import alignment, layouts, meshes, places
from seed_to_voxel.study import groups
from seed_to_voxel.study.names import in_form

N_SUBJECTS, SEEDS = 16, ["A", "B"]
CONTRAST = {"name": "difference", "rows": ["group[patient]"], "joint": False}
CONFIG = {
    "permutations": {"n": 60, "parts": 2, "seed": 1},
    "clusters": {"threshold": 0.001, "neighbours": 26},
    "tfce": True,
}
CENTRE, RADIUS = 3000, 14


class Study:
    """Files of a study, and where its places are."""

    def __init__(self, folder, form):
        self.folder, self.form = folder, form
        self.options = OPTIONS if form == "gifti" else own_meshes(folder)
        self.layout = layouts.Hemispheres([N, N]) if form == "gifti" else layouts.Grayordinates(brain_models())
        both = meshes.template(self.options["space"], self.options)
        self.places = places.of_layout(self.layout, both, self.options, "study")
        self.brain = np.ones(self.layout.shape[0], dtype=bool)
        if form == "gifti":
            self.brain = ~np.concatenate(list(walls().values()))
        left, vertices = self.places.vertices["L"]
        own, wider = (np.isin(vertices, both["L"].around(CENTRE, radius)) for radius in (RADIUS, RADIUS + 8))
        # An atlas of what is planted, and of the rest.
        names, labels = (
            {0: "???", 1: "planted", 2: "rest"},
            np.where(np.isin(np.arange(N), both["L"].around(CENTRE, 40)), 1, 2),
        )
        if form == "gifti":
            self.atlas = [write_labels(folder / f"hemi-{h}.label.gii", h, labels, names) for h in "LR"]
        else:
            of_places = np.full(len(self.brain), 2)
            of_places[left] = labels[vertices]
            self.atlas = [cifti_map(folder / "own.dlabel.nii", of_places, names=names)]
        self.seeds = {"A": int(left[vertices == 9000][0]), "B": int(self.places.vertices["R"][0][5000])}
        self.planted = np.concatenate([left[own], *self.places.structures[:1]])
        self.near = np.concatenate([left[wider], *self.places.structures[:1]])

    def files(self, name):
        """Of an image."""
        return [str(self.folder / path) for path in in_form(f"{{run}}_{name}.nii.gz".replace("{run}", "x"), self.form)]

    def image(self, name):
        found = self.files(name)
        return found if len(found) > 1 else found[0]


def write_units(study, rng):
    """Maps of a run of each subject: noise, and in patients more where it is planted, of the first seed alone."""
    smooth = study.places.smoother(np.ones(len(study.brain), dtype=bool), 8)
    units, files = [], []
    study.layout.save(study.files("mask"), study.brain.astype(np.uint8))
    for number in range(N_SUBJECTS):
        unit = {"name": f"sub-{number:02d}", "subject": f"{number:02d}", "session": None}
        z_maps, nu_maps = [], []
        for seed in SEEDS:
            noise = smooth(rng.standard_normal(len(study.brain)).astype(np.float32))
            z = 0.2 * noise / noise.std()
            z[study.planted] += 0.8 * (number % 2) * (seed == "A")
            for stat, values, made in (("z", z, z_maps), ("nu", np.full(len(z), 60.0), nu_maps)):
                paths = study.files(f"{unit['name']}_{seed}_{stat}")
                study.layout.save_map(paths, values[study.brain], study.brain)
                made += paths
        images = {name: study.image(f"{unit['name']}_{name}") for name in ("effect", "variance", "q", "i2")}
        sidecar = str(study.folder / f"{unit['name']}.json")
        arguments = ([f"{unit['name']}_run"], SEEDS, z_maps, nu_maps, study.files("mask"), False, 3.0, unit)
        combine_runs.main(*arguments, {"": str(study.folder)}, images, sidecar)
        units.append({**unit, "runs": [f"{unit['name']}_run"]})
        files.append((images, sidecar))
    return units, files


def run(study):
    """All steps of a model."""
    folder, datasets = study.folder, {"": str(study.folder)}
    units, files = write_units(study, np.random.default_rng(3))
    lines = [f"sub-{n:02d}\t{'patient' if n % 2 else 'control'}" for n in range(N_SUBJECTS)]
    (folder / "participants.tsv").write_text("\n".join(["participant_id\tgroup", *lines]) + "\n")
    (folder / "quality.json").write_text('{"metrics": {"mean_fd": 0.1}}')
    (folder / "statistics.json").write_text('{"effective_degrees_of_freedom": 60, "seeds": {"A": {"nu": 60}}}')
    model = {"name": "two", "formula": "group", "errors": "auto", "variance_groups": None, "centre": True}
    runs = [run for unit in units for run in unit["runs"]]
    of = {name: str(folder / name) for name in ("design.tsv", "design.json", "out.tsv", "out.json", "d.pdf", "d.png")}
    per_run = [dict.fromkeys(runs, str(folder / f"{name}.json")) for name in ("quality", "statistics")]
    make_design.main(
        *(model, units, *per_run, str(folder / "participants.tsv"), [], datasets),
        *(of["design.tsv"], of["design.json"], of["out.tsv"], of["out.json"], [of["d.pdf"], of["d.png"]]),
    )
    gathered = {
        name: str(folder / name) for name in ("data.npy", "mask.json", "coverage.json", "runs.tsv", "runs.json")
    }
    names = [unit["name"] for unit in units]
    gather_subjects.main(
        *(of["design.tsv"], of["design.json"], names),
        *([path for images, _ in files for path in layouts.listed(images[stat])] for stat in ("effect", "variance")),
        *([sidecar for _, sidecar in files], False, 1.0, datasets),
        data=gathered["data.npy"],
        mask=study.image("groupmask"),
        mask_sidecar=gathered["mask.json"],
        coverage=study.image("coverage"),
        coverage_sidecar=gathered["coverage.json"],
        runs=gathered["runs.tsv"],
        runs_sidecar=gathered["runs.json"],
    )
    shared = (gathered["data.npy"], study.image("groupmask"), of["design.tsv"], of["design.json"])
    seeds = [{"label": seed, "name": seed} for seed in SEEDS]
    study.maps = {}

    def outputs(stats):
        maps = {(seed, stat): study.files(f"{seed}_{stat}") for seed in SEEDS for stat in stats}
        study.maps |= maps
        beside = [str(folder / f"{seed}_{stat}.json") for seed, stat in maps]
        return [path for paths in maps.values() for path in paths], beside

    fdr = {"fdr": "benjamini_hochberg"}
    near = str(folder / "near.npy")
    voxels = {run: str(folder / "voxels.tsv") for run in runs}
    own = [("seed", "place")] + [(seed, study.seeds[seed]) for seed in SEEDS]
    (folder / "voxels.tsv").write_text("".join(f"{seed}\t{place}\n" for seed, place in own))
    mark_seeds_of_model.main(
        *(of["design.tsv"], of["design.json"], study.image("groupmask"), units, SEEDS, voxels, {}, 12.0, near),
        surfaces=study.options,
    )
    fit_model.main(
        *(*shared, CONTRAST, groups.FITTED_T, seeds, fdr, True, near, 12.0, datasets, *outputs(groups.FITTED_T))
    )
    parts = [str(folder / f"part-{part}.npz") for part in (1, 2)]
    measures = list(groups.MEASURES)
    for part, path in enumerate(parts, start=1):
        permute_model.main(*shared, CONTRAST, SEEDS, CONFIG, measures, part, path, study.options)
    inferred = [*(f"{kind}_desc-{measure}" for measure in measures for kind in ("pfwe", "pfwestudy")), "tfce"]
    study.clusters = [str(folder / f"{seed}_clusters.tsv") for seed in SEEDS]
    infer_model.main(
        *(*shared, {"difference": parts}, CONTRAST, [CONTRAST], 1, seeds, inferred, CONFIG, measures, True, datasets),
        *(*outputs(inferred), study.clusters, [path.replace(".tsv", ".json") for path in study.clusters]),
        atlas_files=study.atlas,
        surfaces=study.options,
    )
    style.use_style()
    shown = {kind: [[str(folder / f"{seed}_{kind}.png")] for seed in SEEDS] for kind in ("mosaic", "highlight")}
    draw_model.main(
        *([path for seed in SEEDS for path in study.maps[seed, stat]] for stat in ("effect", "z", "pfwe_desc-tfce")),
        *([str(folder / f"{seed}_pfwe_desc-tfce.json") for seed in SEEDS], study.image("groupmask")),
        *("family-wise over the voxels of the map, TFCE", 0.05, False, seeds),
        *({"model": "Model two", "contrast": "difference"}, "RdBu_r", False, shown["mosaic"], shown["highlight"]),
        surfaces=study.options,
    )
    beside = [str(folder / f"{seed}_pfwe_desc-tfce.json") for seed in SEEDS]
    figures = [paths[0] for paths in shown["highlight"]]
    test = {
        "sidecars": beside,
        "figures": figures,
        "sentences": SEEDS,
        "clusters": study.clusters,
        "pairs": None,
        "related": None,
    }
    pages = (
        of["design.json"],
        of["out.tsv"],
        gathered["runs.tsv"],
        gathered["mask.json"],
        of["d.png"],
        [test],
        SEEDS,
        0.05,
    )
    show_model.main(*pages, str(folder / "page.html"))
    options = {"sessions": "combine", "mask_coverage": 1.0, **CONFIG}
    texts = [str(folder / name) for name in ("m.md", "m.bib", "m.html")]
    write_methods_of_model.main(
        options, "benjamini_hochberg", of["design.json"], beside[:1], study.layout.words, *texts
    )
    return study


@pytest.fixture(scope="module", params=["gifti", "cifti"])
def study(request, tmp_path_factory):
    return run(Study(tmp_path_factory.mktemp(request.param), request.param))


def read(study, seed, stat):
    return study.layout.read(study.maps[seed, stat])


def test_t_is_scipys_and_what_has_no_data_is_not_tested(study):
    data = np.stack(
        [study.layout.read(study.files(f"sub-{n:02d}_A_z"))[study.brain] for n in range(N_SUBJECTS)]
    ).astype(float)
    t = read(study, "A", "t")
    assert np.isnan(t[~study.brain]).all()
    expected = scipy.stats.ttest_ind(data[1::2], data[::2])
    np.testing.assert_allclose(t[study.brain], expected.statistic, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("measure", groups.MEASURES)
def test_what_is_planted_is_found_there_alone(study, measure):
    p = read(study, "A", f"pfwe_desc-{measure}")
    passing = np.flatnonzero(np.nan_to_num(p) >= -np.log10(0.05) - 1e-6)
    planted = study.planted[study.brain[study.planted]]
    assert np.isin(passing, study.near).all()
    assert np.isin(planted, passing).mean() > (0.3 if measure == "voxel" else 0.6)
    voxels = planted[study.places.are_voxels[planted]]
    # The thalamus is small: its cluster weighs little among voxels, and is found all the same.
    assert not len(voxels) or np.isin(voxels, passing).any()
    study_wide = read(study, "A", f"pfwestudy_desc-{measure}")
    assert (np.nan_to_num(study_wide) <= np.nan_to_num(p) + 1e-6).all()
    assert not (np.nan_to_num(read(study, "B", f"pfwestudy_desc-{measure}")) > 1.31).any()


def test_what_is_said_is_of_these_places(study):
    said = provenance.read_json(study.folder / "A_pfwe_desc-tfce.json")
    permutations = said["Permutations"]
    if study.form == "gifti":
        assert (permutations["TFCE"]["E"], permutations["Neighbours"]) == (1, "edges of the mesh")
        assert "Families" not in permutations and said["CriticalValue"] > 0
        assert said["NumberOfVerticesBelow005"] > 50 and "over the vertices of this map" in said["Correction"]
    else:
        assert permutations["TFCE"]["E"] == "1 of the vertices' area in mm2, 0.5 of the voxel-count"
        assert "26 voxel-neighbours within each structure" in permutations["Neighbours"]
        assert "Bonferroni" in permutations["Families"] and set(said["CriticalValue"]) == {"vertices", "voxels"}
    words = study.layout.words
    about = provenance.read_json(study.folder / "mask.json")
    assert about[f"NumberOf{words.capitalize()}"] == study.brain.sum() and about["Places"] == words
    page = (study.folder / "page.html").read_text()
    assert f"{study.brain.sum()} {words}" in page and "area (mm²)" in page and "CORTEX_LEFT" in page
    methods = (study.folder / "m.md").read_text()
    assert "by their areas on the mesh" in methods and "voxel" not in methods.replace("voxel-count", "")
    described = provenance.read_json(study.folder / "sub-00.json")
    assert f"mean over {words} of" in described["DistanceOfRuns"]


def test_the_false_discovery_rate_leaves_out_what_is_near_the_seed(study):
    said = provenance.read_json(study.folder / "A_pfdr.json")
    away = np.linalg.norm(study.places.coordinates - study.places.coordinates[study.seeds["A"]], axis=1)
    word = study.layout.words.capitalize()
    assert said[f"NumberOf{word}NearTheSeed"] == (away[study.brain] <= 12).sum() > 5
    assert said["Tested"].startswith(f"{study.layout.words} of the group mask farther than 12 mm")


def test_clusters_have_their_place_and_their_area(study):
    header, *rows = tables.cells(study.clusters[0])
    table = [dict(zip(header, row, strict=True)) for row in rows]
    first = table[0]
    assert first["structure"] == "CORTEX_LEFT" and float(first["p_mass"]) < 0.05 and first["sign"] == "1"
    mesh = study.places.meshes["L"]
    vertex = int(first["vertex"])
    assert np.linalg.norm(mesh.coordinates[vertex] - mesh.coordinates[CENTRE]) < RADIUS
    np.testing.assert_allclose([float(first[axis]) for axis in "xyz"], mesh.mni[vertex], atol=1e-3)
    z = read(study, "A", "z")
    above = np.nan_to_num(np.abs(z)) > scipy.stats.norm.isf(0.0005)
    areas = study.places.extents[above & ~study.places.are_voxels]
    assert sum(float(row["area_mm2"]) for row in table if row["area_mm2"] != "n/a") == pytest.approx(
        areas.sum(), rel=1e-4
    )
    assert sum(int(row["extent"]) for row in table) == above.sum()
    assert first["region"] == "planted" and {row["region"] for row in table} <= {"planted", "rest"}
    deep = [row for row in table if row["structure"].startswith("THALAMUS")]
    assert all(row["vertex"] == "n/a" and float(row["volume_mm3"]) == 64 * int(row["extent"]) for row in deep)
    assert bool(deep) == (study.form == "cifti")


def test_an_image_of_a_subject_has_a_map_for_each_seed(study):
    images = study.files("sub-03_effect")
    if study.form == "gifti":
        assert [nibabel.load(path).numDA for path in images] == [2, 2]
    else:
        assert nibabel.load(images[0]).header.get_axis(0).name.tolist() == SEEDS
    effect = study.layout.read_several(images)
    for number, seed in enumerate(SEEDS):
        z = study.layout.read(study.files(f"sub-03_{seed}_z"))
        np.testing.assert_allclose(effect[study.brain, number], z[study.brain], rtol=1e-6)
    assert np.isnan(effect[~study.brain]).all()


def test_figures_are_coloured_where_it_passes(study):
    pixels = {}
    for seed in SEEDS:
        with Image.open(study.folder / f"{seed}_mosaic.png") as image:
            text = image.info["Description"]
            pixels[seed] = np.asarray(image.convert("RGB")).astype(int)
        assert f"{study.layout.words} pass at p < 0.05 (family-wise over the {study.layout.words}" in text
    width = int(0.88 * pixels["A"].shape[1])
    red = {seed: (rgb[:, :width, 0] > rgb[:, :width, 2] + 60).sum() for seed, rgb in pixels.items()}
    # The remark that nothing passes is red too.
    assert red["A"] > 300
    with Image.open(study.folder / "A_highlight.png") as image:
        rgb = np.asarray(image.convert("RGB")).astype(int)[:, :width]
    assert (rgb[60:].max(axis=2) < 40).sum() > 30  # the outline


def test_the_viewer_has_the_cortex(tmp_path, study):
    if study.form == "cifti":
        pytest.skip("a page is made on fsaverage5 alone")
    view_model.main(
        *([path for seed in SEEDS for path in study.maps[seed, "z"]], SEEDS, [{"label": seed} for seed in SEEDS]),
        *("RdBu_r", str(tmp_path / "viewer.html"), "age", True),
    )
    page = (tmp_path / "viewer.html").read_text()
    assert "Maps on the cortex: model age" in page and "z (normal deviate)" in page


def test_subjects_with_other_places_are_told(study):
    other = layouts.Hemispheres([N - 1, N]) if study.form == "gifti" else layouts.Grayordinates(brain_models()[:-5])
    with pytest.raises(InputError, match=f"sub-02 has other {study.layout.words} than sub-01: .* Take runs with the"):
        alignment.check_like(other, study.layout, "sub-02", "sub-01", True)

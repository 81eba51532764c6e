"""Two simulated groups from runs to corrected maps: the planted difference, nilearn's model, files and reruns."""

import json
import re

import nibabel
import numpy as np
import pandas
import pytest
import yaml
from conftest import PLAIN_FIGURES, Workspace
from nilearn.glm.second_level import SecondLevelModel
from scipy.ndimage import binary_dilation
from scipy.stats import false_discovery_control, ttest_1samp

from seed_to_voxel.base import tables
from seed_to_voxel.study import configuration, groups, outputs, runs

pytestmark = pytest.mark.workflow

N, SEEDS = 16, ("PCC", "M1")
SIMULATED = {
    **{"participants": N, "volumes": 150, "voxel_size": 8, "seed": 11},
    **{"groups": ["control", "patient"], "group_effect": 1},
}
MODELS = [
    {"name": "two", "formula": "group + age", "contrasts": {"difference": "group[patient]", "any": ["group", "age"]}},
    {"name": "one", "formula": "1", "contrasts": {"mean": "Intercept"}},
]


def config_of(workspace, name="study.yaml", models=MODELS, n=SIMULATED["participants"], **options):
    return workspace.write_config(
        name,
        dataset={"kind": "simulated", "simulated": {**SIMULATED, "participants": n}},
        seeds="config/group_seeds.tsv",
        cleaning={"confounds": ["trans_*", "rot_*", "csf", "white_matter"]},
        statistics={"null_seeds": 10},
        groups={"models": models, "permutations": {"n": 200, "parts": 2}, **options},
        figures={**PLAIN_FIGURES, "atlas": {"image": "halves.nii.gz", "table": "halves.tsv"}},
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """All that is asked of groups, without the figures of the runs."""
    workspace = Workspace(tmp_path_factory.mktemp("groups") / "project")
    # An atlas of two regions, the halves of the head.
    halves = np.ones((20, 24, 20), dtype=np.int16)
    halves[10:] = 2
    affine = np.array([[10.0, 0, 0, -95], [0, 10, 0, -130], [0, 0, 10, -80], [0, 0, 0, 1]])
    nibabel.save(nibabel.Nifti1Image(halves, affine), workspace.path / "halves.nii.gz")
    (workspace.path / "halves.tsv").write_text("index\tname\n1\tleft half\n2\tright half\n")
    workspace.printed = workspace.snakemake("groups", "--configfile", config_of(workspace)).stdout
    workspace.group = workspace.derivatives / "group"
    return workspace


def read(study, name):
    return np.asarray(nibabel.load(study.group / f"{name}_statmap.nii.gz").dataobj)


def beside(study, name):
    return json.loads((study.group / f"{name}.json").read_text())


def units():
    return [f"sub-{number:02d}" for number in range(1, N + 1)]


def mask(study, model="two"):
    return np.asarray(nibabel.load(study.group / f"model-{model}_desc-group_mask.nii.gz").dataobj) > 0


def test_exactly_the_declared_files(study):
    config = yaml.safe_load((study.path / "study.yaml").read_text())
    filled = [{"errors": "auto", "variance_groups": None, "centre": True, **model} for model in MODELS]
    asked = groups.Groups(
        config["groups"],
        groups.read_models({"models": filled}),
        {unit: groups.Unit(unit[4:], None, ()) for unit in units()},
        *(None, "", list(SEEDS), []),
    )
    declared = configuration.read_yaml(study.path / "workflow" / "outputs.yaml")
    several = ["groups of several seeds", "permutations of several seeds"]
    conditions = ["groups", "permutations", "TFCE", *several]
    expected = outputs.expected(declared, [], SEEDS, conditions=conditions, groups=asked)
    found = {f"group/{path.relative_to(study.group)}" for path in study.group.rglob("*") if path.is_file()}
    assert found == {path for path in expected if path.startswith("group/")}


def test_a_subject_with_one_run_has_that_run_s_map(study):
    run = next(iter(runs.simulated_runs(1))).path
    effect = np.asarray(nibabel.load(study.group / "sub-01_stat-effect_statmap.nii.gz").dataobj)
    variance = np.asarray(nibabel.load(study.group / "sub-01_stat-variance_statmap.nii.gz").dataobj)
    for number, seed in enumerate(SEEDS):
        stem = study.derivatives / f"{run}_seed-{seed}_stat"
        z, nu = (np.asarray(nibabel.load(f"{stem}-{stat}_statmap.nii.gz").dataobj) for stat in ("fisherz", "nu"))
        np.testing.assert_array_equal(effect[..., number], z)
        inside = variance[..., number] > 0
        np.testing.assert_allclose(variance[..., number][inside], 1 / (nu[inside] - 2), rtol=1e-5)


def test_matrices_of_the_seeds_among_themselves(study):
    def matrix(name):
        found = pandas.read_csv(study.group / f"{name}_relmat.tsv", sep="\t", index_col="Node")
        assert found.index.tolist() == found.columns.tolist() == list(SEEDS)
        assert beside(study, f"{name}_relmat")["Nodes"] == list(SEEDS)
        np.testing.assert_array_equal(found, found.T)
        return found.to_numpy()

    z = []
    for unit in units():
        (path,) = study.derivatives.glob(f"{unit}/func/*_seg-seeds_stat-pearsoncorrelation_relmat.tsv")
        r = pandas.read_csv(path, sep="\t", index_col="Node").to_numpy()[0, 1]
        own = matrix(f"{unit}_seg-seeds_stat-fisherz")
        assert own[0, 1] == pytest.approx(np.arctanh(r), abs=1e-5) and np.isnan(own[0, 0])
        z.append(own[0, 1])
    expected = ttest_1samp(z, 0)
    model = "model-one_contrast-mean_seg-seeds_stat"
    assert matrix(f"{model}-effect")[0, 1] == pytest.approx(np.mean(z), abs=1e-5)
    assert matrix(f"{model}-t")[0, 1] == pytest.approx(expected.statistic, rel=1e-4)
    assert matrix(f"{model}-p")[0, 1] == matrix(f"{model}-pfdr")[0, 1] == pytest.approx(expected.pvalue, rel=1e-3)
    assert 1 / 200 <= matrix(f"{model}-pfwe")[0, 1] <= 1
    assert matrix("model-two_contrast-any_seg-seeds_stat-F")[0, 1] > 0
    pairs = pandas.read_csv(study.group / "model-two_contrast-any_seg-seeds_pairs.tsv", sep="\t")
    assert pairs["statistic"][0] == matrix("model-two_contrast-any_seg-seeds_stat-F")[0, 1]


@pytest.fixture(scope="module")
def second_level(study):
    """Nilearn's own model of the same maps, by seed."""
    design = pandas.read_csv(study.group / "model-two_design.tsv", sep="\t")
    found = {}
    for number, seed in enumerate(SEEDS):
        images = [
            nibabel.load(study.group / f"{unit}_stat-effect_statmap.nii.gz").slicer[..., number]
            for unit in design["unit"]
        ]
        model = SecondLevelModel(mask_img=nibabel.load(study.group / "model-two_desc-group_mask.nii.gz"))
        found[seed] = model.fit(images, design_matrix=design.drop(columns=["unit", "subject"]))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_effect_t_z_and_p_are_nilearns(study, second_level, seed):
    inside = mask(study)
    for contrast, weights, stats in (
        ("difference", [0, 1, 0], {"effect": "effect_size", "t": "stat", "z": "z_score"}),
        ("any", [[0, 1, 0], [0, 0, 1]], {"F": "stat", "z": "z_score"}),
    ):
        kind = "t" if contrast == "difference" else "F"
        for ours, theirs in stats.items():
            expected = second_level[seed].compute_contrast(weights, kind, output_type=theirs).get_fdata()[inside]
            found = read(study, f"model-two_contrast-{contrast}_seed-{seed}_stat-{ours}")[inside]
            np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def fronto_parietal(study):
    """Voxels of the network in which the difference was planted, in any participant, and their neighbours."""
    found = False
    for path in (study.path / "results" / "inputs" / "simulated").rglob("*_desc-networks_dseg.nii.gz"):
        names = path.with_name(path.name.replace(".nii.gz", ".tsv"))
        number = 1 + [row[1] for row in tables.cells(names)[1:]].index("fronto-parietal")
        found = found | (np.asarray(nibabel.load(path).dataobj) == number)
    return binary_dilation(found, iterations=2)


@pytest.mark.parametrize("measure", ["voxel", "tfce", "mass"])
def test_the_difference_is_found_where_it_was_planted_and_nowhere_else(study, measure):
    there = fronto_parietal(study)
    for stat in ("pfwe", "pfwestudy"):
        p = read(study, f"model-two_contrast-difference_seed-PCC_stat-{stat}_desc-{measure}")
        passing = p >= -np.log10(0.05)
        assert passing.sum() > 5, (stat, passing.sum())
        assert passing[there].sum() == passing.sum()
        effect = read(study, "model-two_contrast-difference_seed-PCC_stat-effect")
        assert (effect[passing] > 0.2).all()
        # The other seed lies in a network that nothing follows.
        assert not (read(study, f"model-two_contrast-difference_seed-M1_stat-{stat}_desc-{measure}") > 1.301).any()


def test_corrections_are_ordered(study):
    inside = mask(study)
    for seed in SEEDS:
        stem = f"model-two_contrast-difference_seed-{seed}_stat-"
        p = read(study, f"{stem}p")[inside]
        within, over_all = (read(study, f"{stem}{stat}_desc-voxel")[inside] for stat in ("pfwe", "pfwestudy"))
        # Over all seeds and contrasts is never less than over one map, and both never less than over one voxel.
        assert (over_all <= within + 1e-6).all()
        assert (within[p < 3] <= p[p < 3] + 0.3).all()
        assert within.max() <= np.log10(200) + 1e-6


def test_the_rate_of_false_discoveries_is_that_beyond_the_seeds_reach(study):
    inside = mask(study)
    affine = nibabel.load(study.group / "model-two_desc-group_mask.nii.gz").affine
    places = np.argwhere(inside) @ affine[:3, :3].T + affine[:3, 3]
    (table, *_) = study.derivatives.rglob("*_desc-seeds_voxels.tsv")
    for seed in SEEDS:
        own = np.array([row[1:4] for row in tables.cells(table)[1:] if row[0] == seed], dtype=float)
        own = own @ affine[:3, :3].T + affine[:3, 3]
        # 6 mm of smoothing, twice.
        near = (np.linalg.norm(places[:, None] - own, axis=2) <= 12 + 1e-6).any(axis=1)
        stem = f"model-one_contrast-mean_seed-{seed}_stat-"
        p, rate = (10 ** -read(study, f"{stem}{stat}")[inside].astype(float) for stat in ("p", "pfdr"))
        assert near.sum() > 10
        np.testing.assert_allclose(rate[~near], false_discovery_control(p[~near]), rtol=1e-3)
        said = beside(study, f"{stem}pfdr_statmap")
        assert (said["NumberOfVoxelsNearTheSeed"], said["NumberOfTestedVoxels"]) == (near.sum(), (~near).sum())


def test_sidecars_say_how_it_was_inferred(study):
    said = beside(study, "model-two_contrast-difference_seed-PCC_stat-pfwestudy_desc-tfce_statmap")
    assert said["Permutations"]["Number"] == 200 and said["Permutations"]["SeedNumber"] == 2026
    assert said["Permutations"]["Rearranged"] == ["places"] and said["NumberOfSubjects"] == N
    assert "2 seeds and 2 contrasts" in said["Correction"]
    assert said["Contrast"]["Weights"] == [[0.0, 1.0, 0.0]] and said["Groups"] == {
        "group": {"control": 8, "patient": 8}
    }
    assert re.match("age is centred: its mean over the rows", said["Notes"][0])
    one = beside(study, "model-one_contrast-mean_seed-PCC_stat-pfwe_desc-voxel_statmap")
    assert one["Permutations"]["Rearranged"] == ["signs"] and "symmetric" in one["Permutations"]["Assumption"]
    for path in study.group.glob("*statmap.json"):
        content = json.loads(path.read_text())
        assert {"Description", "Sources", "Software"} <= set(content), path.name
        for source in content["Sources"]:
            assert (study.derivatives / source.removeprefix("bids::")).is_file(), source


def test_the_mean_s_clusters_have_the_seed_at_the_top(study):
    table = pandas.read_csv(study.group / "model-one_contrast-mean_seed-PCC_desc-clusters_table.tsv", sep="\t")
    first = table.iloc[0]
    assert first["sign"] == 1 and first["p_voxel"] <= 0.05 and first["network"] in ("default", "DefaultMode")
    assert np.linalg.norm([first["x"], first["y"] + 52, first["z"] - 18]) < 16
    assert (table["p_mass_study"] >= table["p_mass"] - 1e-9).all()
    assert table["mass"].is_monotonic_decreasing
    assert (table["region"] == np.where(table["x"] < 0, "left half", "right half")).all()
    assert "region" in beside(study, "model-one_contrast-mean_seed-PCC_desc-clusters_table")


def test_seeds_among_themselves_are_tested_as_the_maps_are(study):
    z = {}
    for unit in units():
        (path,) = study.derivatives.rglob(f"{unit}_*_seg-seeds_pairs.tsv")
        z[unit] = pandas.read_csv(path, sep="\t")["fisher_z"].item()
    one = pandas.read_csv(study.group / "model-one_contrast-mean_seg-seeds_pairs.tsv", sep="\t").iloc[0]
    assert (one["seed_1"], one["seed_2"], one["n_rows"]) == (*SEEDS, N)
    expected = ttest_1samp(list(z.values()), 0)
    assert one["statistic"] == pytest.approx(expected.statistic, rel=1e-4)
    assert one["p"] == pytest.approx(expected.pvalue, rel=1e-3)
    # One pair: nothing to correct for, and 200 sign flips of which few are as large.
    assert one["p_fdr"] == pytest.approx(one["p"], rel=1e-3) and one["p_fwe"] == pytest.approx(one["p"], abs=0.05)
    design = pandas.read_csv(study.group / "model-two_design.tsv", sep="\t")
    fitted = np.linalg.lstsq(design[["Intercept", "group[patient]", "age"]], [z[unit] for unit in design["unit"]])[0]
    two = pandas.read_csv(study.group / "model-two_contrast-difference_seg-seeds_pairs.tsv", sep="\t").iloc[0]
    assert two["effect"] == pytest.approx(fitted[1], rel=1e-3)
    described = beside(study, "model-two_contrast-difference_seg-seeds_pairs")
    assert described["Contrast"]["Name"] == "difference" and described["NumberOfPermutations"] == 200


PAGES = ("show_model", "view_model", "export_neurovault", "write_methods_of_model")


def jobs(study, config, target="groups"):
    """How many jobs of each rule a dry run has."""
    printed = study.snakemake(target, "-n", "--configfile", config).stdout
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", printed, re.MULTILINE)}


def test_another_contrast_reruns_inference_alone(study):
    more = {**MODELS[0], "contrasts": {**MODELS[0]["contrasts"], "age": "age"}}
    found = jobs(study, config_of(study, "more.yaml", [more, MODELS[1]]))
    assert found.pop("total") and found.pop("groups") == 1
    assert found.pop("relate_seeds_of_model") == 1
    # The other contrasts of its model are corrected over one more.
    assert found == {"fit_model": 1, "permute_model": 2, "infer_model": 3, "draw_model": 3, **dict.fromkeys(PAGES, 1)}


def test_a_correction_over_models_infers_anew_and_permutes_nothing(study):
    found = jobs(study, config_of(study, "over.yaml", correct_over="models"))
    assert found["infer_model"] == 3 and not {"permute_model", "fit_model", "gather_subjects"} & set(found)


def test_a_model_that_fails_takes_no_methods_text_along(study):
    text = (study.group / "model-two_methods.md").read_text()
    assert f"The model two (group + age) has {N} subjects" in text
    assert "200 rearrangements of places for difference" in text
    # The study's own needs nothing of groups, whose jobs are to do here as all models have other names.
    renamed = [{**model, "name": f"{model['name']}2"} for model in MODELS]
    found = jobs(study, config_of(study, "renamed.yaml", renamed), "results/derivatives/seed_to_voxel/methods.md")
    assert found["write_methods"] == 1
    assert not {"make_design", "combine_runs", "fit_model", "infer_model"} & set(found)


def test_another_subject_does_not_touch_the_others(study):
    found = jobs(study, config_of(study, "larger.yaml", n=N + 1))
    for name in ("simulate_run", "extract_seeds", "extract_voxels", "correlate", "fisher_z", "combine_runs"):
        assert found[name] == 1, name
    assert found["make_design"] == 2 and found["gather_subjects"] == 2


def test_nothing_is_left_to_do(study):
    assert "Nothing to be done" in study.snakemake("groups", "-n", "--configfile", "study.yaml").stdout


def test_without_permutations_the_false_discovery_rate_is_left(study):
    config = config_of(study, "alone.yaml", permutations={"n": 0})
    found = jobs(study, config)
    assert "permute_model" not in found and found["infer_model"] == 3
    assert "pfwe" not in study.snakemake("groups", "--summary", "--configfile", config).stdout


def test_a_paper_has_panels_and_tables_of_models(study):
    panels = {
        "A": {"kind": "slices", "model": "two", "contrast": "any", "cuts": ["z=40"], "highlight": False},
        "B": {"kind": "slices", "model": "one", "seed": "M1"},
    }
    paper = {
        "figures": [{"name": "groups", "layout": ["AB"], "panels": panels, "caption": "{A} {B} n = {people}."}],
        "tables": [
            {"name": "clusters", "kind": "clusters", "model": "one"},
            {"name": "people", "kind": "participants", "columns": {"participant_id": "Participant", "age": ""}},
        ],
        "numbers": [{"name": "people", "quantity": "participants"}],
    }
    more = study.write_config("paper.yaml", paper=paper)
    printed = study.snakemake("paper", "--configfile", config_of(study), more).stdout
    # What the groups' maps were made from is as it was.
    assert not re.search(r"^(Job \d+: )?(Fit|Permute|Infer) the model", printed, re.MULTILINE), printed
    folder = study.path / "results/paper"
    assert (folder / "figures/groups.pdf").is_file()
    said = (folder / "captions.md").read_text()
    assert "Model two, contrast any, seed PCC; what passes is coloured" in said
    assert "Model one, contrast mean, seed M1; what passes is outlined" in said and f"n = {N}." in said
    header, *rows = tables.cells(folder / "tables/people.tsv")
    # As the config file has them, which was written with sorted keys.
    assert header == ["age", "Participant"] and [row[1] for row in rows] == units()
    assert tables.cells(folder / "tables/clusters.tsv")[0][:4] == ["Cluster", "x (mm)", "y (mm)", "z (mm)"]
    # What was deleted is made again, though the page that shows it is there.
    (folder / "figures/groups.pdf").unlink()
    again = study.snakemake("paper", "-n", "--configfile", "study.yaml", more).stdout
    assert re.search(r"^draw_paper_figure +1$", again, re.MULTILINE), again


def test_another_number_of_parts_and_one_core_make_the_same_bytes(study):
    """The last one, as it changes the study."""
    before = {path: path.read_bytes() for path in study.group.glob("model-one_*") if path.is_file()}
    target = study.group / "model-one_contrast-mean_seed-PCC_stat-pfwestudy_desc-tfce_statmap.nii.gz"
    for path in study.group.glob("model-one_contrast-mean_*_statmap.nii.gz"):
        path.unlink()
    assert target in before and not target.exists()
    config = config_of(study, permutations={"n": 200, "parts": 1})
    printed = study.snakemake(target.relative_to(study.path), "--cores", "1", "--configfile", config).stdout
    assert printed.count("(Rule: permute_model)") == 1 and printed.count("(Rule: infer_model)") == 1
    made = [path for path in before if path.name.endswith(".nii.gz") and path.exists() and "-mean_" in path.name]
    assert target in made and len(made) >= 8
    now = {path: path.read_bytes() for path in study.group.glob("model-one_*") if path.is_file()}
    assert now == {path: before[path] for path in now}

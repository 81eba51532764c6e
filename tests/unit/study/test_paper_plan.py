"""What a paper asks for: files of its panels, and mistakes that are said with the figure and the panel."""

import copy
from dataclasses import replace

import pytest
import yaml
from conftest import ROOT, SCHEMA

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import configuration, paper, paper_panels
from seed_to_voxel.study.bids import Run
from seed_to_voxel.study.study import read_study
from seed_to_voxel.study.whereabouts import Whereabouts

STEM = "results/derivatives/seed_to_voxel/sub-02/func/sub-02_task-rest_space-MNI152NLin2009cAsym"
MODEL = {"name": "all", "formula": "1", "contrasts": {"mean": "Intercept", "joint": ["Intercept"]}}


ON_SURFACE = {"space": "fsaverage5"}
"""Options of a simulated study."""


def plan(tmp_path, monkeypatch, part=None, simulated=None, figures_of_runs=None, **asked):
    monkeypatch.chdir(tmp_path)
    kind = "surface" if simulated == ON_SURFACE else "sphere"
    rows = ["label\tkind\tx\ty\tz\tradius_mm", f"PCC\t{kind}\t0\t-52\t18\t8", f"M1\t{kind}\t-38\t-26\t56\t8"]
    (tmp_path / "seeds.tsv").write_text("\n".join(rows) + "\n")
    config = {
        "dataset": {"kind": "simulated", "simulated": {"participants": 3, **(simulated or {})}},
        "seeds": "seeds.tsv",
        "groups": {"models": [MODEL]},
        "paper": asked,
        "part": part,
        "figures": figures_of_runs or {},
    }
    given = copy.deepcopy(config)
    configuration.check(config, SCHEMA, "study.yaml")
    configuration.fill_in(config, SCHEMA)
    declared = yaml.safe_load((ROOT / "workflow/outputs.yaml").read_text())
    return read_study(config, declared, Whereabouts([("study.yaml", given)], ROOT)).paper


def one(panel, **figure):
    return {"figures": [{"name": "first", "layout": ["A"], "panels": {"A": panel}, **figure}]}


def test_nothing_is_asked_by_default(tmp_path, monkeypatch):
    assert not plan(tmp_path, monkeypatch)


def test_parts_of_a_study_have_no_paper(tmp_path, monkeypatch):
    assert plan(tmp_path, monkeypatch, **one({"kind": "series"}))
    assert not plan(tmp_path, monkeypatch, part="1/2", **one({"kind": "series"}))


def test_a_panel_of_a_run_names_its_files_and_the_options_that_it_uses(tmp_path, monkeypatch):
    made = plan(tmp_path, monkeypatch, **one({"kind": "slices", "run": "sub-02", "seed": "M1", "cuts": ["z=56"]}))
    figure = made.figures["first"]
    assert figure.files == {
        "A_map": f"{STEM}_seed-M1_stat-pearsoncorrelation_statmap.nii.gz",
        "A_mask": f"{STEM}_desc-brain_mask.nii.gz",
        "A_about": f"{STEM}_seed-M1_stat-pearsoncorrelation_statmap.json",
    }
    assert figure.described["panels"]["A"]["threshold"] == 0.5
    series = plan(tmp_path, monkeypatch, **one({"kind": "series"})).figures["first"].described["panels"]["A"]
    # A change of the maps' threshold is none of it.
    assert not {"threshold", "vmax", "cmap"} & set(series)


def test_a_run_that_is_refused_is_in_no_figure(tmp_path, monkeypatch):
    figure = plan(tmp_path, monkeypatch, **one({"kind": "series", "run": "sub-02"})).figures["first"]
    assert figure.checked(lambda run: True) == figure.files
    with pytest.raises(InputError, match=r"paper: first is of sub-02_task-rest.*, which is refused for its quality"):
        figure.checked(lambda run: "sub-02" not in run)


def test_a_panel_of_a_group_names_the_map_of_p_that_the_groups_are_cut_by(tmp_path, monkeypatch):
    files = plan(tmp_path, monkeypatch, **one({"kind": "glassbrain", "model": "all"})).figures["first"].files
    folder = "results/derivatives/seed_to_voxel/group/model-all_contrast-mean_seed-PCC_stat"
    assert files == {
        "A_map": f"{folder}-effect_statmap.nii.gz",
        "A_z": f"{folder}-z_statmap.nii.gz",
        "A_p": f"{folder}-pfwe_desc-tfce_statmap.nii.gz",
    }
    joint = plan(tmp_path, monkeypatch, **one({"kind": "slices", "model": "all", "contrast": "joint"}))
    assert "stat-F_" in joint.figures["first"].files["A_map"]


def test_a_run_whose_name_is_a_part_of_another_s_can_be_named():
    one = Run(subject="01", task="rest", space="MNI152", bold="a.nii.gz", source="a")
    runs = {"one": one, "two": replace(one, run="2")}
    sources = paper_panels.Sources({}, runs, ["PCC"], None, None)
    assert sources.run("here", {"run": one.stem}) is one
    assert sources.run("here", {"run": "run-2"}) is runs["two"]
    with pytest.raises(InputError, match="run is 'sub-01', which 2 runs"):
        sources.run("here", {"run": "sub-01"})


@pytest.mark.parametrize(
    ("width", "mm"),
    [("single", 89), ("double", 183), (120, 120)],
)
def test_widths_are_the_journals(tmp_path, monkeypatch, width, mm):
    made = plan(tmp_path, monkeypatch, journal="nature", **one({"kind": "series"}, width=width))
    assert made.figures["first"].described["width"] == mm


def test_the_schema_and_the_table_name_the_same_journals_and_kinds():
    section = SCHEMA["properties"]["paper"]["properties"]
    assert section["journal"]["enum"] == list(paper.JOURNALS)
    panel = section["figures"]["items"]["properties"]["panels"]["additionalProperties"]["properties"]
    assert panel["kind"]["enum"] == list(paper_panels.KINDS)
    assert panel["views"]["items"]["enum"] == [*paper_panels.GLASS, *paper_panels.VIEWS]
    assert section["tables"]["items"]["properties"]["kind"]["enum"] == list(paper.TABLES)
    assert section["numbers"]["items"]["properties"]["quantity"]["enum"] == [
        *paper.OF_MAPS,
        *paper.OF_TABLES,
        *paper.OF_STUDY,
    ]


def test_every_key_of_a_paper_is_explained():
    text = (ROOT / "docs/paper.md").read_text(encoding="utf-8")
    section = SCHEMA["properties"]["paper"]["properties"]
    figure = section["figures"]["items"]["properties"]
    panel = figure["panels"]["additionalProperties"]["properties"]
    entries = [section["tables"]["items"]["properties"], section["numbers"]["items"]["properties"]]
    for name in {name for keys in (figure, panel, *entries) for name in keys}:
        # In words, or in an example.
        assert f"`{name}`" in text or f"{name}:" in text, f"docs/paper.md does not explain {name}"
    for name, (single, double, height) in paper.JOURNALS.items():
        assert any(
            f"`{name}`" in line and f"| {single:g} | {double:g} | {height:g} |" in line for line in text.splitlines()
        )


def test_a_layout_is_places():
    assert paper.grid("f", ["AAB", "AA.", "CCC"]) == {"A": [0, 0, 2, 2], "B": [0, 2, 1, 1], "C": [2, 0, 1, 3]}


WRONG = {
    "panel A: run is 'sub-09', which 0 runs": one({"kind": "series", "run": "sub-09"}),
    "panel A: run is 'task-rest', which 3 runs": one({"kind": "series", "run": "task-rest"}),
    "panel A: seed is 'XYZ'; expected one of PCC, M1": one({"kind": "series", "seed": "XYZ"}),
    "panel A: model is 'some'; expected one of groups.models: all": one({"kind": "slices", "model": "some"}),
    "panel A: contrast is 'no'; expected one of mean, joint": one({"kind": "slices", "model": "all", "contrast": "no"}),
    "panel A: a series is of a run": one({"kind": "series", "model": "all"}),
    "panel A: an image needs its file": one({"kind": "image"}),
    "paper.figures is 'mine.png', and there is no such file": one({"kind": "image", "file": "mine.png"}),
    "its layout has A, B and its panels are A": one({"kind": "series"}, layout=["AB"]),
    "panel A is no rectangle": one({"kind": "series"}, layout=["AA", "A."]),
    "rows of its layout are of unlike length": one({"kind": "series"}, layout=["AA", "A"]),
    "row_heights has 2 values; expected 1": one({"kind": "series"}, row_heights=[20, 20]),
    "its rows are 400 mm high together; expected 230 at most": one({"kind": "series"}, row_heights=[400]),
    "width is 'triple'": one({"kind": "series"}, width="triple"),
    "threshold is 0.9; expected no more than vmax, 0.5": one({"kind": "slices", "threshold": 0.9, "vmax": 0.5}),
    "paper.numbers: n: r_at needs at": {"numbers": [{"name": "n", "quantity": "r_at"}]},
    "paper.numbers: n: r_max takes no at": {"numbers": [{"name": "n", "quantity": "r_max", "at": [0, 0, 0]}]},
    "paper.numbers: n: column, of qc.tsv or": {"numbers": [{"name": "n", "quantity": "quality"}]},
    "paper.numbers: n: r_max is of a run": {"numbers": [{"name": "n", "quantity": "r_max", "model": "all"}]},
    "paper.numbers: n: r_at takes no hemisphere": {
        "numbers": [{"name": "n", "quantity": "r_at", "at": [0, 0, 0], "hemisphere": "L"}]
    },
    "paper.numbers: n: vertices are of runs on the cortical": {"numbers": [{"name": "n", "quantity": "vertices"}]},
    "panel A: seed is of runs on the cortical surface": one({"kind": "seed"}),
    "panel A: cuts is for slices, and this is glassbrain": one({"kind": "glassbrain", "cuts": ["x=0"]}),
    "panel A: views has l; expected some of lateral, medial": one({"kind": "surface", "views": ["l"]}),
    "panel A: crosshair marks the seed of a run": one({"kind": "surface", "crosshair": True}),
    "figure first is there twice": {"figures": one({"kind": "series"})["figures"] * 2},
    "table t is there twice": {"tables": [{"name": "t", "kind": "quality"}] * 2},
}


@pytest.mark.parametrize("said", WRONG)
def test_a_mistake_is_said_with_where_it_stands(tmp_path, monkeypatch, said):
    with pytest.raises(InputError) as error:
        plan(tmp_path, monkeypatch, **WRONG[said])
    assert said in str(error.value)


SURFACE = "results/derivatives/seed_to_voxel/sub-02/func/sub-02_task-rest_space-fsaverage5"


def test_panels_of_runs_on_the_surface_have_both_hemispheres_files(tmp_path, monkeypatch):
    panels = {"A": {"kind": "surface", "run": "sub-02", "mesh": "pial"}, "B": {"kind": "seed", "run": "sub-02"}}
    asked = {"figures": [{"name": "first", "layout": ["AB"], "panels": panels}]}
    figure = plan(tmp_path, monkeypatch, simulated=ON_SURFACE, **asked).figures["first"]
    maps = [f"{SURFACE}_hemi-{h}_seed-PCC_stat-pearsoncorrelation_statmap.func.gii" for h in "LR"]
    masks = [f"{SURFACE}_hemi-{h}_desc-brain_mask.func.gii" for h in "LR"]
    seeds = f"{SURFACE}_desc-seeds"
    assert figure.files == {
        **{"A_map": maps, "A_mask": masks},
        "A_about": f"{SURFACE}_seed-PCC_stat-pearsoncorrelation_statmap.json",
        **{"B_voxels": f"{seeds}_voxels.tsv", "B_mask": masks, "B_sidecar": f"{seeds}_timeseries.json"},
    }
    assert set(figure.paths) >= {*maps, *masks}
    described = figure.described["panels"]
    assert described["A"]["mesh"] == "pial" and described["A"]["surfaces"]["space"] == "fsaverage5"


def test_a_group_on_the_surface_has_maps_of_both_hemispheres(tmp_path, monkeypatch):
    made = plan(tmp_path, monkeypatch, simulated=ON_SURFACE, **one({"kind": "surface", "model": "all"}))
    files = made.figures["first"].files
    folder = "results/derivatives/seed_to_voxel/group/model-all"
    assert files["A_z"] == [f"{folder}_contrast-mean_hemi-{h}_seed-PCC_stat-z_statmap.func.gii" for h in "LR"]
    assert files["A_mask"] == [f"{folder}_hemi-{h}_desc-group_mask.func.gii" for h in "LR"]


def test_numbers_of_clusters_are_those_of_their_table(tmp_path, monkeypatch):
    asked = {"name": "n", "quantity": "clusters", "column": "area_mm2", "row": 2}
    (of_run,) = plan(tmp_path, monkeypatch, simulated=ON_SURFACE, numbers=[asked]).numbers
    assert of_run.files["table"].endswith("sub-01_task-rest_space-fsaverage5_seed-PCC_desc-clusters_table.tsv")
    assert (of_run.described["row"], of_run.described["column"]) == (2, "area_mm2")
    (of_group,) = plan(tmp_path, monkeypatch, simulated=ON_SURFACE, numbers=[{**asked, "model": "all"}]).numbers
    assert of_group.files["table"].endswith("group/model-all_contrast-mean_seed-PCC_desc-clusters_table.tsv")
    assert of_group.described["model"] == "all"


WRONG_ON_SURFACE = {
    "figure first, panel A: slices is of volumes, .*; expected surface, with views": one({"kind": "slices"}),
    "panel A: glassbrain is of volumes, .*; expected surface": one({"kind": "glassbrain"}),
    "panel A: views has lateral; expected of a flat mesh some of dorsal": one(
        {"kind": "surface", "mesh": "flat", "views": ["lateral"]}
    ),
    "panel A: mesh is for surface, seed, and this is series": one({"kind": "series", "mesh": "pial"}),
    "paper.numbers: n: r_at needs at or vertex": {"numbers": [{"name": "n", "quantity": "r_at"}]},
    "paper.numbers: n: the vertex 4 is of no hemisphere": {"numbers": [{"name": "n", "quantity": "r_at", "vertex": 4}]},
    "paper.numbers: n: it has file_right and hemisphere L; expected one": {
        "numbers": [
            {"name": "n", "quantity": "r_mean", "file": __file__, "file_right": __file__, "label": 1, "hemisphere": "L"}
        ]
    },
    "paper.numbers: n: it has at and vertex; expected one of them": {
        "numbers": [{"name": "n", "quantity": "r_at", "at": [0, 0, 0], "vertex": 4, "hemisphere": "L"}]
    },
    "paper.numbers: n: r_max takes no label": {"numbers": [{"name": "n", "quantity": "r_max", "label": "a"}]},
    "figures.atlas is destrieux, which is fetched with dataset.kind nki_surface alone": {},
}


@pytest.mark.parametrize("said", WRONG_ON_SURFACE)
def test_what_a_paper_of_the_surface_does_not_have_is_said_with_what_it_has(tmp_path, monkeypatch, said):
    more = {"figures_of_runs": {"atlas": "destrieux"}} if said.startswith("figures.atlas") else {}
    with pytest.raises(InputError, match=said):
        plan(tmp_path, monkeypatch, simulated=ON_SURFACE, **more, **WRONG_ON_SURFACE[said])

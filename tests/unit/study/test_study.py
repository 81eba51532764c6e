"""A study as a whole: what follows from a config."""

import copy
from pathlib import Path

import fmriprep_folder
import pytest
import yaml
from conftest import ROOT, SCHEMA

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import bids, configuration, resources
from seed_to_voxel.study.names import Names
from seed_to_voxel.study.seeds import Seed, check_spaces
from seed_to_voxel.study.study import read_study
from seed_to_voxel.study.whereabouts import Whereabouts

DECLARED = yaml.safe_load((ROOT / "workflow" / "outputs.yaml").read_text(encoding="utf-8"))
RUNS = [f"sub-{n:02d}/func/sub-{n:02d}_task-rest_space-MNI152NLin2009cAsym" for n in (1, 2, 3)]


@pytest.fixture(autouse=True)
def nothing_there(tmp_path, monkeypatch):
    """Targets depend on what lies in the working directory."""
    monkeypatch.chdir(tmp_path)


def study(**sections):
    config = copy.deepcopy({"dataset": {"kind": "simulated", "simulated": {"participants": 3}}, **sections})
    configuration.fill_in(config, SCHEMA)
    return read_study(config, DECLARED, Whereabouts([("study.yaml", sections)], ROOT))


def viewers(runs):
    return {"viewers": {"runs": runs}}


def test_the_smallest_study():
    made = study()
    assert list(made.runs) == RUNS
    assert made.labels == ["PCC"]
    assert not made.refuses
    assert made.datasets == {
        "": "results/derivatives/seed_to_voxel",
        "simulated": "results/inputs/simulated",
    }
    assert made.subjects == ["01", "02", "03"]
    assert set(made.files(RUNS[0])) == {"bold", "mask", "sidecar", "confounds"}
    assert set(made.files(RUNS[0], ("bold", "confounds"))) == {"bold", "confounds"}


def test_the_readme_lists_what_the_study_leaves_and_no_more():
    def listed(**sections):
        return {output["path"] for output in study(**sections).listed}

    plain = listed()
    assert "{run}_seed-{seed}_stat-pearsoncorrelation_statmap.nii.gz" in plain
    assert not any(part in path for path in plain for part in ("group/", "viewer", "mosaic", "qcfc", "relmat"))
    assert "{run}_seed-{seed}_desc-mosaic_figure.png" in listed(figures={"further": ["mosaic"]})
    assert "qcfc.tsv" in listed(dataset={"kind": "simulated", "simulated": {"participants": 10}})
    # Parts share the text, and write it at the same time.
    models = {"models": [{"name": "all", "formula": "1", "contrasts": {"mean": "Intercept"}}]}
    assert listed(groups=models) == listed(groups=models, part="2/3") > plain


def test_a_run_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(InputError, match=r"^sub-09/func/x is no run of this dataset; it has sub-01/func/"):
        study().run("sub-09/func/x")


def test_a_folder_that_the_workflow_made_itself_is_no_dataset():
    for inside in ("results/inputs/simulated", "results/inputs"):
        with pytest.raises(InputError, match=r"folder is results/inputs.*; expected a folder outside of"):
            configuration.check_folder({"kind": "fmriprep", "fmriprep": {"folder": inside}}, "results/inputs")
    configuration.check_folder({"kind": "fmriprep", "fmriprep": {"folder": "results/other"}}, "results/inputs")
    configuration.check_folder({"kind": "simulated"}, "results/inputs")


def test_maps_given_the_other_seeds_need_another_seed():
    with pytest.raises(InputError, match=r"maps.semipartial is true, and .*seeds.tsv has the seed PCC alone"):
        study(maps={"semipartial": True})
    with pytest.raises(InputError, match=r"maps.differences: .*seeds.tsv has no seed M1; it has PCC"):
        study(maps={"differences": [["PCC", "M1"]]})


def test_a_run_asks_for_a_file_of_each_job_that_no_other_brings_along():
    # The figures need all that the other jobs make.
    assert len(study().targets()(RUNS[0])) == 1
    Path("two.tsv").write_text("label\tx\ty\tz\tradius_mm\nA\t0\t0\t0\t5\nB\t20\t0\t0\t5\n")
    two = study(seeds="two.tsv", maps={"semipartial": True, "differences": [["A", "B"]], "reliability": True})
    assert len(two.targets()(RUNS[0])) == 1 + 3
    assert {"several seeds", "semipartial", "differences", "reliability"} <= two.conditions
    # Further figures are made by the job that draws the published ones.
    assert len(study(figures={"further": ["mosaic"]}).targets()(RUNS[0])) == 1


def test_a_limit_that_refuses_makes_verdicts():
    made = study(quality={"refuse": {"max_mean_fd": 0.5}})
    assert made.refuses
    assert made.verdict(RUNS[1]) == f"results/derivatives/seed_to_voxel/{RUNS[1]}_desc-admission_metrics.json"


@pytest.mark.parametrize(
    ("runs", "expected"),
    [("none", []), ("first", RUNS[1:2]), ("all", RUNS[1:]), (["sub-03", "01"], RUNS[2:])],
)
def test_which_runs_the_viewers_show(runs, expected):
    """The first run of three is refused."""
    made = study(figures=viewers(runs))
    assert made.shown_in_viewers(lambda paths: [path for path in paths if path != RUNS[0]]) == expected


def test_the_group_of_a_page_is_everybody_unless_some_are_named():
    def of(runs, **sections):
        return study(figures={"viewers": {"runs": runs, "kinds": ["explore_group"]}}, **sections)

    for runs in ("none", "first", "all"):
        made = of(runs)
        assert [unit.runs for unit in made.pooled] == [(run,) for run in RUNS]
        assert "group explorer" in made.conditions and not made.explored(list)
    assert [unit.subject for unit in of(["03", "sub-01"]).pooled] == ["01", "03"]
    assert study(figures=viewers("all")).pooled == [] and "group explorer" not in study().conditions
    part = of("none", part="1/3")
    assert part.pooled == [] and "explore_group is left out, since part is 1/3" in " ".join(part.notes())
    many = study(
        figures={"viewers": {"kinds": ["explore_group"], "group_megabytes": 2}},
        dataset={"kind": "simulated", "simulated": {"participants": 20}},
    )
    assert (len(many.pooled), len(many.explored_together)) == (16, 20)
    assert "explore_group is of the first 16 participants: more do not fit 2 MB." in many.notes()


def test_a_group_of_one_is_refused():
    with pytest.raises(InputError, match="names 01 alone; expected two participants or more"):
        study(figures={"viewers": {"runs": ["01"], "kinds": ["explore_group"]}})
    with pytest.raises(InputError, match="the participant 01 alone has runs; expected two or more"):
        study(
            figures={"viewers": {"kinds": ["explore_group"]}},
            dataset={"kind": "simulated", "simulated": {"participants": 1}},
        )


def test_viewers_of_somebody_who_is_not_there():
    with pytest.raises(InputError, match=r"figures.viewers.runs names 09; this dataset has 01, 02, 03"):
        study(figures=viewers(["09"]))


def test_a_part_works_on_its_runs_and_names_its_own_pages():
    made = study(part="2/3")
    assert list(made.runs) == RUNS[1:2] and list(made.all_runs) == RUNS
    assert made.names.over_runs == "results/derivatives/seed_to_voxel/parts/2of3"
    assert made.names.report == "results/parts/2of3/report.html"


def test_names():
    names = Names(report_format="zip")
    stem = "results/derivatives/seed_to_voxel/{run}"
    assert names.derived("mask.nii.gz", desc="brain") == f"{stem}_desc-brain_mask.nii.gz"
    assert names.maps("fisherz", "json", ["A", "B"]) == [
        f"{stem}_seed-A_stat-fisherz_statmap.json",
        f"{stem}_seed-B_stat-fisherz_statmap.json",
    ]
    assert (names.log("x"), names.benchmark("x", "")) == ("results/logs/x/{run}.log", "results/benchmarks/x.tsv")
    assert (names.report, names.failed_runs) == ("results/report.zip", "results/failed_runs.tsv")


def test_what_rules_ask_for_grows_with_the_run_and_the_attempt():
    dataset = {"kind": "simulated", "simulated": {"voxel_size": 2, "volumes": 200}}
    run = bids.Run(subject="01", task="rest", space="MNI", bold="x.nii")
    demands = resources.Demands(dataset, {run.path: run}, n_seeds=10)
    size = resources.simulated_size(dataset["simulated"])
    for attempt in (1, 2):
        asked = demands.memory("correlate")({"run": run.path}, attempt=attempt)
        assert asked == resources.memory_mb("correlate", size, 10, attempt)
        minutes = demands.runtime("correlate")({}, attempt=attempt)
        assert minutes == resources.runtime_minutes("correlate", size, 10, attempt)


def native(space="T1w"):
    return [bids.Run(subject="01", task="rest", space=space, bold="x.nii", source="runs.tsv, row 1")]


@pytest.mark.parametrize(
    ("seed_space", "run_space", "note"),
    [
        ("MNI", "MNI152NLin2009cAsym", None),
        ("T1w", "T1w", None),
        ("MNI152NLin6Asym", "MNI152NLin6Asym", None),
        ("MNI152NLin6Asym", "MNI152NLin2009cAsym", "differ by some millimetres"),
    ],
)
def test_seeds_and_runs_in_one_space(seed_space, run_space, note):
    notes = check_spaces([Seed("PCC", 0, -52, 18, 8, space=seed_space)], native(run_space))
    assert [note in each for each in notes] == ([True] if note else [])


@pytest.mark.parametrize(("seed_space", "run_space"), [("MNI", "T1w"), ("T1w", "MNI"), ("T1w", "func")])
def test_seeds_in_another_space_than_a_run_are_refused(seed_space, run_space):
    with pytest.raises(InputError, match=rf"'PCC' is given in the space {seed_space}, and .* is in {run_space};"):
        check_spaces([Seed("PCC", 0, -52, 18, 8, space=seed_space)], native(run_space))


def test_figures_on_a_template_need_its_space():
    config = {
        "figures": {"further": ["mosaic", "location", "distribution"], "viewers": {"runs": "none", "kinds": ["slices"]}}
    }
    configuration.check_figures(config, native())
    config["figures"]["further"].append("surface")
    configuration.check_figures(config, native("MNI152NLin6Asym"))
    with pytest.raises(InputError, match=r"figures: surface need MNI coordinates, and sub-01_task-rest_space-T1w"):
        configuration.check_figures(config, native())


def a_study_of_derivatives(folder, confounds=("simple",), **options):
    return study(
        dataset={"kind": "fmriprep", "fmriprep": {"folder": str(folder), **options}},
        cleaning={"confounds": list(confounds)},
    )


def test_a_run_without_its_confounds_is_excluded_where_the_config_says_so_and_needs_them(tmp_path):
    fmriprep_folder.write_run(tmp_path / "data", "01")["confounds"].unlink()
    fmriprep_folder.write_run(tmp_path / "data", "02")
    assert len(a_study_of_derivatives(tmp_path / "data", confounds=[]).runs) == 2
    with pytest.raises(InputError, match="have no confounds table"):
        a_study_of_derivatives(tmp_path / "data", ["csf"])
    made = a_study_of_derivatives(tmp_path / "data", ["csf"], on_missing="exclude")
    assert [run.subject for run in made.runs.values()] == made.subjects == ["02"]
    (entry,) = made.excluded
    assert entry["labels"] == {"subject": "01", "task": "rest", "space": "MNI152NLin2009cAsym"}
    assert entry["refused"] == ["no confounds table beside it, and cleaning.confounds needs one"]
    assert entry["excluded"] and entry["metrics"] == entry["seeds"] == {}
    stem = "sub-01_task-rest_space-MNI152NLin2009cAsym"
    assert f"1 of the runs are excluded, see qc.tsv ({stem}: {entry['refused'][0]})." in made.notes()
    with pytest.raises(InputError, match="all 2 runs.* are excluded"):
        a_study_of_derivatives(tmp_path / "data", ["csf"], on_missing="exclude", exclude=["sub-02"])


def test_excluded_runs_are_listed_by_one_part_alone(tmp_path):
    for subject in ("01", "02", "03"):
        fmriprep_folder.write_run(tmp_path / "data", subject)
    options = {"kind": "fmriprep", "fmriprep": {"folder": str(tmp_path / "data"), "exclude": ["sub-02"]}}
    parts = [study(dataset=options, part=f"{n}/2") for n in (1, 2)]
    assert [made.subjects for made in parts] == [["01"], ["03"]]
    assert [len(made.excluded) for made in parts] == [1, 0]


def test_pages_of_a_study_that_are_not_asked_for_are_named_and_those_that_hang_on_data_are_not():
    made = study(figures={"viewers": {"runs": "none"}})
    folder = Path(made.names.derivatives)
    folder.mkdir(parents=True)
    for name in ("study_desc-cleanings_page.html", "study_desc-slices_viewer.html", "qcfc.tsv", "qc.tsv"):
        (folder / name).touch()
    left = ["study_desc-cleanings_page.html", "study_desc-slices_viewer.html"]
    assert sorted(made.not_asked_for()) == [f"{folder}/{name}" for name in left]
    assert study(figures={"viewers": {"runs": "none"}}, part="1/2").not_asked_for() == []


def of_groups(**options):
    return {"models": [{"name": "all", "formula": "1", "contrasts": {"mean": "Intercept"}}], **options}


def touch(folder, paths):
    for path in paths:
        Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
        Path(folder, path).touch()


def test_files_of_groups_are_left_over_where_the_study_does_not_make_them():
    made = study(groups=of_groups())
    folder = made.names.derivatives
    assert "group/model-all_contrast-mean_seed-PCC_stat-t_statmap.nii.gz" in made.files_of_groups
    touch(folder, made.files_of_groups)
    assert made.leftovers_of_groups() == []

    def left(**sections):
        return {path.removeprefix(f"{folder}/") for path in study(**sections).leftovers_of_groups()}

    def having(text):
        return {path for path in made.files_of_groups if text in path}

    other = {"models": [{"name": "all", "formula": "1", "contrasts": {"other": "Intercept"}}]}
    assert left(groups=other) == having("_contrast-mean_")
    assert left(groups=of_groups(tfce=False)) == having("tfce_")
    two = {"dataset": {"kind": "simulated", "simulated": {"participants": 2}}}
    assert left(groups=of_groups(), **two) == having("/sub-03_")
    assert left() == made.files_of_groups
    # A part of a study makes none of them, and those of the whole one are there to stay.
    assert left(part="1/2") == set()
    assert set(study().left().removable) == {f"{folder}/{path}" for path in made.files_of_groups}


def test_a_file_of_groups_that_the_config_names_is_no_leftover():
    made = study(groups=of_groups())
    path = f"{made.names.derivatives}/group/model-all_contrast-mean_seed-PCC_stat-z_statmap.nii.gz"
    touch(".", [path])
    Path(path).write_bytes(b"read by jobs alone")
    Path("seeds.tsv").write_text(f"label\tkind\tfile\nPCC\tmask\t{path}\n")
    assert study(seeds="seeds.tsv").leftovers_of_groups() == []
    assert study().leftovers_of_groups() == [path]


def test_files_of_a_paper_are_left_over_where_the_study_does_not_make_them():
    asked = {
        "formats": ["pdf", "png"],
        "figures": [{"name": "f1", "layout": ["A"], "panels": {"A": {"kind": "slices"}}}],
        "tables": [{"name": "t1", "kind": "quality"}],
    }
    made = study(paper=asked)
    folder = made.names.paper
    touch(folder, made.paper.made)
    assert len(made.paper.made) == 4 + 3 + 5
    assert made.leftovers_of_paper() == []

    def left(**changed):
        found = study(**{"paper": {**asked, **changed}}).left().removable
        return {path.removeprefix(f"{folder}/") for path in found}

    assert left(formats=["png"]) == {"figures/f1.pdf"}
    assert left(figures=[]) == {"figures/f1.pdf", "figures/f1.png", "page/f1.json", "page/f1.png"}
    assert left(tables=[]) == {"tables/t1.tex", "tables/t1.html", "tables/t1.tsv"}
    assert left(figures=[], tables=[]) == made.paper.made
    assert study(part="1/2").leftovers_of_paper() == []
    # An image of a panel is in use, wherever it lies.
    picture = {"kind": "image", "file": f"{folder}/figures/f1.png"}
    again = [{"name": "f2", "layout": ["A"], "panels": {"A": picture}}]
    Path(picture["file"]).write_bytes(b"a picture")
    assert left(figures=again) == {"figures/f1.pdf", "page/f1.json", "page/f1.png"}

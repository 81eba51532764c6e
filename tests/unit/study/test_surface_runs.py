"""Runs on the cortical surface as studies find them, and what is refused of them."""

import json
import os

import pytest
import yaml
from conftest import ROOT
from made_surfaces import N, T, brain_models, cifti_run, gifti_run, noise, write_gifti

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import (
    bids,
    configuration,
    fmriprep,
    leftovers,
    names,
    nifti_header,
    outputs,
    resources,
    runs,
    seeds,
)
from seed_to_voxel.study.bids import Run

OPTIONS = {
    **dict.fromkeys(("resolution", "cohort", "echo", "tasks", "subjects", "sessions", "t_r", "density")),
    "desc": "preproc",
    "exclude": [],
    "on_missing": "stop",
}


def table(folder, *rows):
    """A table of runs; a cell that names a file makes it."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    for row in rows:
        for name in ("bold", "bold_left", "bold_right", "mask"):
            if row.get(name, "n/a") != "n/a":
                (folder / row[name]).write_text("x")
                row[name] = str(folder / row[name])
    lines = ["\t".join(header), *("\t".join(row.get(name, "n/a") for name in header) for row in rows)]
    (folder / "runs.tsv").write_text("\n".join(lines) + "\n")
    return folder / "runs.tsv"


def row(**columns):
    return {"subject": "1", "task": "rest", "space": "fsaverage5", "t_r": "2", **columns}


def test_a_table_names_pairs_and_dense_series(tmp_path):
    pair = row(bold_left="l.func.gii", bold_right="r.func.gii")
    dense = row(space="fsLR", density="91k", bold="x.dtseries.nii")
    first, second = runs.table_runs(table(tmp_path, pair, dense))
    assert (first.form, second.form) == ("gifti", "cifti")
    assert first.bold.endswith("l.func.gii") and first.bold_right.endswith("r.func.gii")
    assert second.stem == "sub-1_task-rest_space-fsLR_den-91k"
    assert bids.sidecar_of("a_bold.dtseries.nii") == "a_bold.json" == bids.sidecar_of("a_bold.func.gii")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"bold_left": "l.func.gii"}, "has bold_left alone; expected the other hemisphere too"),
        ({"bold_left": "n/a"}, "has no image; expected either bold"),
        ({"bold": "x.nii.gz", "bold_left": "l.gii", "bold_right": "r.gii"}, "has bold and both hemispheres"),
        ({"bold_left": "l.nii", "bold_right": "r.gii"}, "column 'bold_left': found .*l.nii; expected a .func.gii file"),
        ({"bold_left": "l.gii", "bold_right": "l.gii"}, "bold_left and bold_right are one file"),
        ({"bold_left": "l.gii", "bold_right": "r.gii", "mask": "m.nii"}, "has a mask, and a run on the cortical surf"),
        ({"bold": "x.nii.gz"}, "its space is fsaverage5, and its image is .*x.nii.gz; expected fsaverage5"),
        ({"bold": "x.dtseries.nii", "space": "MNI"}, "its space is MNI, and its image is .*dtseries.nii; expected"),
    ],
)
def test_a_row_that_cannot_be_is_told(tmp_path, columns, said):
    with pytest.raises(InputError, match=said):
        list(runs.table_runs(table(tmp_path, row(**columns))))


def prepared(folder, *files):
    """A folder of fMRIPrep derivatives of empty files, with a sidecar for each run."""
    func = folder / "sub-01" / "func"
    func.mkdir(parents=True)
    for name in (*files, "sub-01_task-rest_desc-confounds_timeseries.tsv"):
        (func / name).write_text("x")
        if "bold" in name:
            (func / f"{name.partition('.')[0]}.json").write_text(json.dumps({"RepetitionTime": 2}))
    return str(folder)


PAIR = [f"sub-01_task-rest_hemi-{h}_space-fsaverage5_bold.func.gii" for h in "LR"]
DENSE = "sub-01_task-rest_space-fsLR_den-{}_bold.dtseries.nii"
VOLUME = "sub-01_task-rest_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"


def test_fmriprep_is_asked_for_its_surfaces_by_their_space(tmp_path):
    folder = prepared(tmp_path, *PAIR, DENSE.format("91k"), VOLUME)
    (pair,) = fmriprep.find_runs(folder=folder, space="fsaverage5", **OPTIONS)
    assert [os.path.basename(path) for path in (pair.bold, pair.bold_right)] == PAIR
    assert pair.confounds.endswith("desc-confounds_timeseries.tsv") and pair.sidecar.endswith(
        "hemi-L_space-fsaverage5_bold.json"
    )
    assert pair.stem == "sub-01_task-rest_space-fsaverage5" and pair.mask is None
    (dense,) = fmriprep.find_runs(folder=folder, space="fsLR", **OPTIONS)
    assert dense.form == "cifti" and dense.density == "91k"
    assert dense.confounds.endswith("desc-confounds_timeseries.tsv")


def test_two_densities_are_told_apart(tmp_path):
    folder = prepared(tmp_path, DENSE.format("91k"), DENSE.format("170k"))
    with pytest.raises(InputError, match=r"is there 2 times: .* echo or density"):
        fmriprep.find_runs(folder=folder, space="fsLR", **OPTIONS)
    (dense,) = fmriprep.find_runs(folder=folder, space="fsLR", **{**OPTIONS, "density": "170k"})
    assert dense.density == "170k"


@pytest.mark.parametrize("left_out", [0, 1])
def test_a_missing_hemisphere_is_told(tmp_path, left_out):
    folder = prepared(tmp_path, PAIR[1 - left_out])
    with pytest.raises(InputError, match=f"the other hemisphere is missing; expected {PAIR[left_out]} beside it"):
        fmriprep.find_runs(folder=folder, space="fsaverage5", **OPTIONS)


def test_images_have_a_file_a_hemisphere_or_one():
    path = "{run}_seed-A_stat-z_statmap.nii.gz"
    assert names.in_form(path, "volume") == [path]
    assert names.in_form(path, "cifti") == ["{run}_seed-A_stat-z_statmap.dscalar.nii"]
    assert names.in_form(path, "gifti") == [f"{{run}}_hemi-{h}_seed-A_stat-z_statmap.func.gii" for h in "LR"]
    assert names.in_form("{run}_seed-A_stat-z_statmap.json", "gifti") == ["{run}_seed-A_stat-z_statmap.json"]
    of_gifti = names.Names(form="gifti")
    assert of_gifti.maps("z", "nii.gz", ["A", "B"])[1].endswith("_hemi-R_seed-A_stat-z_statmap.func.gii")
    assert len(of_gifti.maps("z", "json", ["A", "B"])) == 2
    of_study = "results/derivatives/seed_to_voxel/study"
    assert of_gifti.maps_of_study("icc21", "nii.gz", ["A"]) == [
        f"{of_study}_hemi-{h}_seed-A_stat-icc21_statmap.func.gii" for h in "LR"
    ]
    declared = yaml.safe_load((ROOT / "workflow" / "outputs.yaml").read_text(encoding="utf-8"))
    assert outputs.in_form(declared, "volume") == declared
    assert not [output for output in outputs.in_form(declared, "gifti") if "nii" in output["path"]]


def seeds_table(folder, *rows):
    header = ("label", "kind", "x", "y", "z", "radius_mm", "hemisphere", "vertex", "file", "labels", "space")
    lines = ["\t".join(header), *("\t".join(str(row.get(name, "n/a")) for name in header) for row in rows)]
    (folder / "seeds.tsv").write_text("\n".join(lines) + "\n")
    return folder / "seeds.tsv"


PATCH = {"label": "A", "kind": "surface", "radius_mm": 8}


def test_seeds_on_surfaces_are_read(tmp_path):
    (tmp_path / "x.annot").write_text("x")
    path = seeds_table(
        tmp_path,
        {**PATCH, "x": 1, "y": 2, "z": 3, "hemisphere": "L"},
        {**PATCH, "label": "B", "vertex": 17, "hemisphere": "R", "space": "fsaverage5"},
        {"label": "C", "kind": "atlas", "file": tmp_path / "x.annot", "labels": "G_a-b,4", "space": "fsaverage5"},
    )
    first, second, third = seeds.read_seeds(path)
    assert (first.centre, first.hemisphere, first.vertex) == ((1, 2, 3), "L", None)
    assert second.described["vertex"] == 17 and second.x is None
    assert third.labels == ("G_a-b", 4)
    run = Run("1", "rest", "fsaverage5", "l.func.gii", bold_right="r.func.gii")
    assert seeds.check_spaces([first, second, third], [run]) == []
    with pytest.raises(InputError, match=r"the seed 'B' is given in the space fsaverage5, and .* is in fsLR"):
        seeds.check_spaces([second], [Run("1", "rest", "fsLR", "x.dtseries.nii")])


def test_an_atlas_of_the_dataset_is_named_before_it_is_there(tmp_path):
    row = {"label": "A", "kind": "atlas", "file": "destrieux", "labels": "G_x", "space": "fsaverage5"}
    others = [{**row, "label": label, "hemisphere": label} for label in "LR"]
    path = seeds_table(tmp_path, row, *others)
    both, left, right = seeds.read_seeds(path, {"destrieux": ("in/lh.annot", "in/rh.annot")})
    assert both.files == ["in/lh.annot", "in/rh.annot"] and both.labels == ("G_x",)
    assert (left.files, right.files) == (["in/lh.annot"], ["in/rh.annot"])
    assert both.described["atlas"] == right.described["atlas"] == "destrieux"
    # With runs of somebody's own there is no such atlas, and it is no mask.
    with pytest.raises(InputError, match="no such file: destrieux .*comes with dataset.kind: nki_surface alone"):
        seeds.read_seeds(path)
    mask = seeds_table(tmp_path, {"label": "A", "kind": "mask", "file": "destrieux", "space": "fsaverage5"})
    with pytest.raises(InputError, match="no such file: destrieux .*for seeds of the kind atlas"):
        seeds.read_seeds(mask, {"destrieux": ("in/lh.annot", "in/rh.annot")})
    other = seeds_table(tmp_path, {**row, "file": "destrieuxx.annot"})
    with pytest.raises(InputError, match="or, with the kind atlas, one of this dataset: destrieux"):
        seeds.read_seeds(other, {"destrieux": ("in/lh.annot", "in/rh.annot")})


def test_runs_of_the_nki_sample():
    first, second = runs.nki_surface_runs(["A00028185", "sub-A00056949"], "in")
    assert (first.form, first.space, first.t_r, first.confounds) == ("gifti", "fsaverage5", 0.645, None)
    assert first.bold == "in/nki_surface/sub-A00028185/func/sub-A00028185_task-rest_hemi-L_space-fsaverage5" + (
        "_desc-fwhm6_bold.func.gii"
    )
    assert first.bold_right == first.bold.replace("hemi-L", "hemi-R")
    assert second.path == "sub-A00056949/func/sub-A00056949_task-rest_space-fsaverage5"
    assert len({run.path for run in runs.nki_surface_runs("all", "in")}) == 102
    # Known before a file is there, and held as a whole while it is read.
    assert resources.Sizes({"kind": "nki_surface"}).of(first) == resources.Size(2 * N, 930, 2 * N, held=True)
    with pytest.raises(InputError, match="is not in nki_surface"):
        list(runs.nki_surface_runs(["A1"], "in"))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "needs either x, y and z .* or a vertex with its hemisphere"),
        ({"x": 1, "y": 2, "z": 3, "vertex": 4}, "needs either x, y and z"),
        ({"vertex": "4.5", "hemisphere": "L"}, "vertex is '4.5'; expected a whole number"),
        ({"vertex": 4}, "the vertex 4 is of no hemisphere; expected L or R"),
        ({"vertex": 4, "hemisphere": "left"}, "hemisphere is 'left'; expected L or R"),
    ],
)
def test_a_seed_that_says_too_little_is_told(tmp_path, columns, said):
    with pytest.raises(InputError, match=said):
        seeds.read_seeds(seeds_table(tmp_path, {**PATCH, **columns}))


def config(**sections):
    return {
        "surfaces": {"left": None, "right": None},
        "groups": {"models": []},
        "figures": {"further": [], "viewers": {"runs": "none", "kinds": ["slices", "surface"]}},
        "maps": {"semipartial": False, "reliability": False, "differences": []},
        "cleanings": {},
        **sections,
    }


PAIRED = Run("1", "rest", "fsaverage5", "l.func.gii", bold_right="r.func.gii", source="row 1")
OTHER = Run("2", "rest", "fsaverage6", "l.func.gii", bold_right="r.func.gii", source="row 2")
OF_CIFTI = Run("3", "rest", "fsLR", "x.dtseries.nii", source="row 3")


def test_the_form_of_a_study_is_that_of_its_runs():
    assert configuration.check_forms(config(), [PAIRED]) == "gifti"
    explored = {"further": [], "viewers": {"runs": "all", "kinds": ["explore"]}}
    meshes = config(surfaces={"left": "l.surf.gii", "right": "r.surf.gii"}, figures=explored)
    assert configuration.check_forms(meshes, [OF_CIFTI]) == "cifti"
    assert configuration.check_forms(config(), [Run("4", "rest", "MNI", "x.nii.gz")]) == "volume"


@pytest.mark.parametrize(
    ("found", "sections", "said"),
    [
        ([PAIRED, OF_CIFTI], {}, "of the form gifti, and .* of the form cifti; expected one form in a study"),
        ([PAIRED, OTHER], {}, "are on different surfaces; expected one space and density"),
        ([OF_CIFTI], {}, "is in fsLR, whose meshes do not come with the workflow; expected surfaces.left"),
        ([PAIRED], {"surfaces": {"left": "x", "right": None}}, "surfaces.left is given alone"),
        (
            [OF_CIFTI],
            {
                "surfaces": {"left": "x", "right": "y"},
                "figures": {"further": [], "viewers": {"runs": "all", "kinds": ["surface"]}},
            },
            r"figures.viewers \(surface on other meshes than fsaverage5\) is not made",
        ),
        (
            [PAIRED],
            {
                "figures": {
                    "further": ["mosaic"],
                    "viewers": {"runs": "first", "kinds": ["slices", "surface", "explore", "explore_group"]},
                }
            },
            r"figures.further \(mosaic\) and figures.viewers \(slices, explore_group\) are not made for runs",
        ),
        (
            [PAIRED],
            {"figures": {"further": [], "viewers": {"runs": "none", "kinds": ["explore_group"]}}},
            r"figures.viewers \(explore_group\) is not made for runs on the cortical surface so far; expected of "
            r"figures.viewers.kinds only surface \(on fsaverage5\) and explore, as maps \(func.gii, dscalar.nii\) can "
            r"be taken to other programs$",
        ),
    ],
)
def test_what_is_not_made_on_surfaces_is_told(found, sections, said):
    with pytest.raises(InputError, match=said):
        configuration.check_forms(config(**sections), found)


@pytest.mark.parametrize(
    ("form", "columns", "said"),
    [
        ("gifti", {"kind": "sphere"}, "is of the kind sphere, which is made of voxels, .* expected the kind surface"),
        ("cifti", {"kind": "peak", "file": "x.nii"}, "is of the kind peak, which is made of voxels"),
        ("volume", {"kind": "surface"}, "is of the cortical surface .kind surface., and the runs are volumes"),
        ("volume", {"kind": "mask", "file": "x.func.gii"}, "is of the cortical surface .kind mask."),
    ],
)
def test_seeds_that_runs_cannot_have_are_told_before_anything_is_computed(form, columns, said):
    with pytest.raises(InputError, match=said):
        configuration.check_seeds(form, [seeds.Seed("A", **columns)])
    configuration.check_seeds("cifti", [seeds.Seed("A"), seeds.Seed("B", kind="surface")])


def test_leftovers_of_either_hemisphere_are_found(tmp_path):
    (tmp_path / "sub-1" / "func").mkdir(parents=True)
    stem = "sub-1_task-rest_space-fsaverage5"
    left = [f"{stem}_hemi-{h}_seed-Old_stat-z_statmap.func.gii" for h in "LR"]
    for name in (*left, f"{stem}_hemi-L_seed-New_stat-z_statmap.func.gii"):
        (tmp_path / "sub-1" / "func" / name).touch()
    found = leftovers.of_seeds(str(tmp_path), [f"sub-1/func/{stem}"], ["New"])
    assert [os.path.basename(path) for path in found] == left


@pytest.mark.parametrize("form", ["gifti", "cifti"])
def test_maps_after_cleanings_that_are_gone_are_found(tmp_path, form):
    (tmp_path / "sub-1" / "func").mkdir(parents=True)
    stem = "sub-1_task-rest_space-fsLR_den-32k"
    for cleaning in ("gone", "there"):
        end = f"seed-A_desc-{cleaning}_stat-fisherz_statmap"
        gifti = [f"{stem}_hemi-{h}_{end}.func.gii" for h in "LR"]
        made = [*(gifti if form == "gifti" else [f"{stem}_{end}.dscalar.nii"]), f"{stem}_{end}.json"]
        for name in made:
            (tmp_path / "sub-1" / "func" / name).touch()
        if cleaning == "gone":
            left = made
    found = leftovers.of_cleanings(str(tmp_path), [f"sub-1/func/{stem}"], ["A"], ["there"])
    assert [os.path.basename(path) for path in found] == sorted(left)


def test_what_jobs_need_is_known_from_the_beginning_of_a_file(tmp_path):
    pair = gifti_run(tmp_path, wall=False)
    run = Run("1", "rest", "fsaverage5", pair[0], bold_right=pair[1])
    assert resources.Sizes({"kind": "table"}).of(run) == resources.Size(2 * N, T, 2 * N, held=True)
    axis = brain_models()
    dense = Run("1", "rest", "fsLR", cifti_run(tmp_path))
    assert resources.Sizes({"kind": "table"}).of(dense) == resources.Size(len(axis), T, len(axis), held=True)
    one = write_gifti(tmp_path / "one.func.gii", "L", [noise(N).T])
    assert nifti_header.read_surface_shape(one) == (N, T)

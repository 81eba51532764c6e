"""What a first config makes of a folder."""

import json
import struct

import fmriprep_folder
import pytest
import yaml
from conftest import SCHEMA

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import configuration, starting
from seed_to_voxel.study.runs import table_runs
from seed_to_voxel.study.seeds import read_seeds

MOTION = [f"{axis}_{letter}" for axis in ("trans", "rot") for letter in "xyz"]
FULL = [f"{name}{end}" for name in MOTION for end in ("", "_derivative1", "_power2", "_derivative1_power2")]


def image(path, shape):
    """An image's header and as many bytes of values."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, len(shape), *shape, *[1] * (7 - len(shape)))
    struct.pack_into("<h", header, 72, 8)
    struct.pack_into("<f", header, 108, 352)
    size = 1
    for length in shape:
        size *= length
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(header) + bytes(size))


def table(path, names, rows):
    path.write_text("\n".join("\t".join(line) for line in [names, *[["0.1"] * len(names)] * rows]) + "\n")


@pytest.fixture
def derivatives(tmp_path):
    """Two participants in two spaces, with confounds."""
    root = tmp_path / "data" / "derivatives" / "fmriprep"
    fmriprep_folder.write_dataset(root, ["01", "02"])
    for subject in ("01", "02"):
        for space in (fmriprep_folder.MNI, "T1w"):
            paths = fmriprep_folder.write_run(root, subject, space=space)
            image(paths["bold"], (4, 5, 6, 30))
            table(paths["confounds"], [*FULL, "csf", "white_matter", "cosine00", "framewise_displacement"], 30)
    return root


def checked(start):
    config = yaml.safe_load(start.config)
    configuration.check(config, SCHEMA, "study.yaml")
    return config


def test_derivatives_are_described_and_the_config_is_valid(derivatives):
    start = starting.look(str(derivatives))
    config = checked(start)
    assert config["dataset"]["fmriprep"] == {"folder": str(derivatives), "space": fmriprep_folder.MNI}
    assert config["cleaning"]["confounds"] == {"strategy": "simple", "motion": "full", "wm_csf": "basic"}
    assert config["cleaning"]["high_pass"] is None
    said = "\n".join(start.found)
    # fMRIPrep writes runs on the cortex beside those that are used.
    assert "spaces: fsaverage5 (2), MNI152NLin2009cAsym (2), T1w (2), fsLR (2)" in said
    assert "runs to use: 2 of 2 participants" in said
    assert "repetition times: 2 s (2)" in said
    assert "4 x 5 x 6 voxels, 30 volumes" in said
    assert "2 of 2 runs have a table, the first with 28 columns" in said
    (short,) = start.to_check
    assert "2 of 2 runs last less than 300 s, the shortest 60 s" in short and start.table is None
    warned = SCHEMA["properties"]["quality"]["properties"]["warn"]["properties"]["min_seconds_kept"]
    assert warned["default"] == starting.SHORT


@pytest.mark.parametrize("volumes", [30, 1])
def test_runs_on_several_grids_are_said(derivatives, volumes):
    (path,) = derivatives.glob(f"sub-02/func/*_space-{fmriprep_folder.MNI}_*desc-preproc_bold.nii.gz")
    image(path, (7, 5, 6, volumes))
    said = "\n".join(starting.look(str(derivatives)).to_check)
    assert "images differ in size: 4 x 5 x 6 voxels (1 run); 7 x 5 x 6 voxels (1 run). Each" in said
    assert "groups.resample" in said
    resample = SCHEMA["properties"]["groups"]["properties"]["resample"]
    assert resample["type"] == "boolean" and not resample["default"]


@pytest.mark.parametrize("space", [fmriprep_folder.MNI, "T1w"])
def test_many_grids_are_counted_and_those_of_subjects_own_spaces_are_not(tmp_path, space):
    for number in range(9):
        path = tmp_path / f"sub-{number}_task-rest_space-{space}_desc-preproc_bold.nii.gz"
        image(path, (4 + max(number, 3), 5, 6, 30))
    said = "\n".join(starting.look(str(tmp_path), t_r=2.0).to_check)
    assert ("7 x 5 x 6 voxels (4 runs); " in said and "; and 3 more. Each" in said) is (space != "T1w")
    assert ("differ in size" in said) is (space != "T1w")


def test_a_run_of_one_volume_and_one_that_is_damaged_are_described(derivatives):
    first, second = sorted(derivatives.glob(f"sub-*/func/*_space-{fmriprep_folder.MNI}_*desc-preproc_bold.nii.gz"))
    image(first, (4, 5, 6, 1))
    second.write_bytes(b"nothing")
    start = starting.look(str(derivatives))
    assert "the first: 4 x 5 x 6 voxels, 1 volume" in start.found
    assert not any("differ in size" in sentence for sentence in start.to_check)


def test_runs_that_are_long_enough_need_no_word(derivatives):
    for path in derivatives.glob("sub-*/func/*_bold.json"):
        path.write_text(json.dumps({"RepetitionTime": 10}))
    start = starting.look(str(derivatives))
    assert not any("less than" in sentence for sentence in start.to_check)


def test_derivatives_without_a_repetition_time_ask_for_it(derivatives):
    for path in derivatives.glob("sub-01/func/*_bold.json"):
        path.write_text("{}")
    start = starting.look(str(derivatives))
    assert "1 of 2 runs has no JSON sidecar with RepetitionTime" in start.to_give["--t-r SECONDS"]
    assert not starting.look(str(derivatives), t_r=2.0).to_give
    for path in derivatives.glob("sub-*/func/*_bold.json"):
        path.unlink()
    start = starting.look(str(derivatives))
    assert "2 of 2 runs have no JSON sidecar with RepetitionTime" in start.to_give["--t-r SECONDS"]
    assert "repetition times: not stated (2)" in start.found
    # What lacks more than that is told so.
    for path in derivatives.glob("sub-*/func/*_mask.nii.gz"):
        path.unlink()
    with pytest.raises(InputError, match="no brain mask beside it"):
        starting.look(str(derivatives))


def test_results_of_this_workflow_are_no_runs_to_start_with(derivatives, tmp_path):
    results = tmp_path / "study" / "results"
    own = results / "derivatives" / "seed_to_voxel"
    name = "sub-01_task-rest_space-MNI152NLin2009cAsym"
    for path in (own / f"sub-01/func/{name}_seed-PCC_stat-z_desc-x_statmap.nii.gz", own / f"sub-01/func/{name}_b.nii"):
        image(path, (4, 5, 6, 30))
    description = {"Name": "x", "GeneratedBy": [{"Name": "seed-to-voxel", "Version": "1"}]}
    (own / "dataset_description.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match=r"no 4-D NIfTI image"):
        starting.look(str(results))
    with pytest.raises(InputError, match=r"seed_to_voxel: results of this workflow; expected preprocessed runs"):
        starting.look(str(own))
    # Its inputs, beside them, are.
    (results / "inputs").mkdir()
    derivatives.rename(results / "inputs" / "real")
    for folder in (results, results.parent):
        with pytest.raises(InputError, match=rf"lie further inside, in {results / 'inputs' / 'real'}; start with"):
            starting.look(str(folder))


def test_derivatives_inside_of_a_dataset_are_found(derivatives):
    start = starting.look(str(derivatives.parents[1]))
    assert checked(start)["dataset"]["fmriprep"]["folder"] == str(derivatives)


def test_another_space_can_be_asked_for_and_must_be_there(derivatives):
    start = starting.look(str(derivatives), space="T1w")
    assert checked(start)["dataset"]["fmriprep"]["space"] == "T1w"
    assert "has no MNI coordinates" in start.to_check[0]
    with pytest.raises(InputError, match=r"--space is 'MNI305'; .* has .*MNI152NLin2009cAsym \(2\), T1w \(2\)"):
        starting.look(str(derivatives), space="MNI305")


def on_the_cortex(root, *endings):
    """Empty runs on the surface as fMRIPrep names them, in place of the volumes."""
    for subject in ("01", "02"):
        folder = root / f"sub-{subject}" / "func"
        for path in [*folder.glob("*_bold.nii.gz"), *folder.glob("*_mask.nii.gz")]:
            path.unlink()
        for ending in endings:
            path = folder / f"sub-{subject}_task-rest_{ending}"
            path.write_text("x")
            sidecar = path.with_name(path.name.partition(".")[0] + ".json")
            sidecar.write_text(json.dumps({"RepetitionTime": 2.0}))


def test_pairs_on_the_cortical_surface_start_with_a_seed_on_it(derivatives):
    on_the_cortex(derivatives, *(f"hemi-{side}_space-fsaverage5_bold.func.gii" for side in "LR"))
    start = starting.look(str(derivatives))
    config = checked(start)
    assert config["dataset"]["fmriprep"] == {"folder": str(derivatives), "space": "fsaverage5"}
    assert config["seeds"] == "seeds.tsv" and config["figures"]["further"] == ["distribution", "clusters"]
    assert "runs to use: 2 of 2 participants, in fsaverage5 space" in "\n".join(start.found)
    assert "repetition times: 2 s (2)" in start.found and not start.missing
    # What the workflow itself makes of both files.
    (derivatives / "seeds.tsv").write_text(start.files["seeds.tsv"])
    (seed,) = read_seeds(str(derivatives / "seeds.tsv"))
    configuration.check_seeds("gifti", [seed])
    assert seed.label == "PCC" and set(start.files) == {"study.yaml", "seeds.tsv"}


def test_dense_series_need_meshes_and_may_have_densities(derivatives):
    on_the_cortex(derivatives, *(f"space-fsLR_den-{den}_bold.dtseries.nii" for den in ("170k", "91k")))
    start = starting.look(str(derivatives))
    options = checked(start)["dataset"]["fmriprep"]
    assert options == {"folder": str(derivatives), "space": "fsLR", "density": "170k"}
    assert start.to_check == ["of the densities 170k, 91k, 170k was chosen"]
    assert "meshes of fsLR" in start.missing[0]


def test_a_folder_of_one_participant_or_a_file_is_told_with_the_one_to_take(derivatives):
    (bold, *_) = sorted(derivatives.glob("sub-*/**/*desc-preproc_bold.nii.gz"))
    own = derivatives / bold.name.partition("_")[0]
    for folder in (own, bold.parent):
        with pytest.raises(InputError, match=rf"a folder of one participant; start with that of all, {derivatives}$"):
            starting.look(str(folder))
    with pytest.raises(InputError, match=r"is a file; expected the folder that it lies in"):
        starting.look(str(bold))


def test_a_folder_that_is_too_high_up_is_told_with_the_one_to_take(derivatives):
    with pytest.raises(InputError, match=rf"derivatives lie further inside, in {derivatives}; start with that folder"):
        starting.look(str(derivatives.parents[2]))


def test_runs_that_lack_files_are_left_out_and_said(derivatives):
    next(derivatives.glob("sub-02/func/*MNI*_desc-brain_mask.nii.gz")).unlink()
    start = starting.look(str(derivatives))
    assert checked(start)["dataset"]["fmriprep"]["on_missing"] == "exclude"
    assert "1 run lacks files and would be left out" in start.to_check[0] and "no brain mask" in start.to_check[0]


def a_third_of(root):
    """Another participant beside the two of `derivatives`."""
    paths = fmriprep_folder.write_run(root, "03", space=fmriprep_folder.MNI)
    image(paths["bold"], (4, 5, 6, 30))
    table(paths["confounds"], [*FULL, "csf", "white_matter", "cosine00", "framewise_displacement"], 30)


def test_a_run_without_confounds_is_named_and_left_out_where_most_have_them(derivatives):
    a_third_of(derivatives)
    for path in derivatives.glob("sub-02/func/*_timeseries.tsv"):
        path.unlink()
    start = starting.look(str(derivatives))
    config = checked(start)
    assert config["dataset"]["fmriprep"]["on_missing"] == "exclude"
    assert config["cleaning"]["confounds"]["strategy"] == "simple" and "scrubbing" in config["cleaning"]
    assert (
        "1 of 3 runs has no confounds table and would be left out by dataset.fmriprep.on_missing: sub-02_"
        in (start.to_check[0])
    )
    assert "runs to use: 2 of 2 participants" in "\n".join(start.found)
    # Where most have none, nobody's are used.
    for path in derivatives.glob("sub-01/func/*_timeseries.tsv"):
        path.unlink()
    start = starting.look(str(derivatives))
    config = checked(start)
    assert "on_missing" not in config["dataset"]["fmriprep"] and config["cleaning"]["confounds"] == []
    assert (
        "2 of 3 runs have no confounds table, so that none are regressed out and no volume is scrubbed: sub-01_"
        in (start.to_check[0])
    )


def test_an_image_without_confounds_is_left_out_of_the_table_where_most_have_them(tmp_path):
    for name in ("ada", "bob", "cy"):
        image(tmp_path / name / "rest.nii.gz", (4, 5, 6, 25))
        if name != "bob":
            table(tmp_path / name / "rest_confounds.tsv", ["trans_x", "csf"], 25)
    start = starting.look(str(tmp_path), t_r=2.0)
    assert [line.split("\t")[0] for line in start.table.splitlines()] == ["subject", "ada", "cy"]
    said = "\n".join(start.to_check)
    assert "1 of 3 runs has no confounds table and would be left out of the table of runs: sub-bob_task-rest" in said


def test_a_slow_run_is_not_low_passed_and_a_sparse_table_gives_its_columns(derivatives):
    for path in derivatives.glob("sub-*/func/*_bold.json"):
        path.write_text(json.dumps({"RepetitionTime": 6}))
    for path in derivatives.glob("sub-*/func/*_timeseries.tsv"):
        table(path, ["trans_x", "rot_z", "csf"], 30)
    cleaning = checked(starting.look(str(derivatives)))["cleaning"]
    assert cleaning["confounds"] == ["trans_x", "rot_z", "csf"]
    assert cleaning["low_pass"] is None and cleaning["high_pass"] == 0.01


def test_a_repetition_time_in_milliseconds_is_said_and_decides_nothing(derivatives):
    (path,) = derivatives.glob(f"sub-02/func/*_space-{fmriprep_folder.MNI}_*_bold.json")
    path.write_text(json.dumps({"RepetitionTime": 2000}))
    start = starting.look(str(derivatives))
    assert checked(start)["cleaning"]["low_pass"] == 0.1
    said = "\n".join(start.to_check)
    assert f"1 of 2 runs has a RepetitionTime that looks like milliseconds, such as 2000 in {path}; expected" in said
    assert "write 2 there" in said and "1 of 2 runs lasts less than 300 s" in said
    assert "repetition times: 2 s (1), 2000 (milliseconds?) (1)" in start.found and not start.to_give
    with pytest.raises(InputError, match=r"--t-r is 2000, which looks like milliseconds"):
        starting.look(str(derivatives), t_r=2000.0)


def test_a_table_of_runs_in_milliseconds_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image(tmp_path / "x.nii", (4, 5, 6, 25))
    (tmp_path / "runs.tsv").write_text("subject\ttask\tspace\tbold\tt_r\n01\trest\tMNI\tx.nii\t720\n")
    with pytest.raises(InputError, match=r"runs.tsv, row 1: t_r is 720, which looks .* seconds.*write 0.72 there"):
        list(table_runs("runs.tsv"))


def test_any_images_become_a_table_of_runs(tmp_path, monkeypatch):
    folder = tmp_path / "my data"
    for name in ("ada", "bob"):
        image(folder / name / "rest_clean.nii.gz", (4, 5, 6, 25))
        image(folder / name / "rest_mask.nii.gz", (4, 5, 6))
        image(folder / name / "anatomy.nii", (8, 8, 8))
    table(folder / "ada" / "rest_confounds.tsv", ["trans_x", "csf"], 25)
    table(folder / "bob" / "events.tsv", ["onset"], 3)
    (folder / "ada" / "rest_clean.json").write_text(json.dumps({"RepetitionTime": 1.5}))
    start = starting.look(str(folder))
    assert checked(start)["dataset"] == {"kind": "table", "table": {"runs": "runs.tsv"}}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.tsv").write_text(start.table)
    ada, bob = table_runs("runs.tsv")
    assert (ada.subject, ada.task, ada.space, bob.subject) == ("ada", "rest", "MNI152", "bob")
    assert ada.mask.endswith("ada/rest_mask.nii.gz") and bob.mask.endswith("bob/rest_mask.nii.gz")
    assert ada.confounds.endswith("ada/rest_confounds.tsv") and bob.confounds is None
    said = " ".join(start.to_check)
    assert "1 of 2 runs has no confounds table" in said
    (missing,) = start.to_give.values()
    assert "1 of 2 runs has no JSON sidecar" in missing and "bob/rest_clean.nii.gz" in missing
    assert list(start.to_give) == ["--t-r SECONDS"] and not start.missing
    assert "4-D images, 2 masks" in start.found[0] and "masks: 2 of 2 runs have one" in start.found
    assert "taken to be in MNI space" in said
    assert "2 images without sub-<label> in the name" in said and "ada/rest_clean.nii.gz: ada" in said
    # As the user answers.
    answered = starting.look(str(folder), t_r=1.5)
    assert "\t1.5\n" in answered.table and not answered.to_give


@pytest.mark.parametrize(
    ("names", "subjects"),
    [
        # A folder that all share is nobody's.
        (["func/s01_bold.nii", "func/s02_bold.nii"], ["s01", "s02"]),
        (["study/ada/rest.nii", "study/bob/rest.nii"], ["ada", "bob"]),
        (["func/s01.nii", "rest/s02.nii"], ["s01", "s02"]),
        (["sub01.nii", "sub_02.nii", "subject03.nii"], ["01", "02", "subject03"]),
        (["sub-01/x.nii", "sub-02/x.nii"], ["01", "02"]),
        # Words that all names end with are nobody's; parts of words and what a single name says are kept.
        (["ada_rest_preproc-mni.nii.gz", "bob_rest_preproc-mni.nii.gz"], ["ada", "bob"]),
        (["ada_bold.nii", "nada_bold.nii"], ["ada", "nada"]),
        (["ada1_a.nii", "ada2_ba.nii"], ["ada1a", "ada2ba"]),
        (["ada_bold.nii"], ["adabold"]),
    ],
)
def test_participants_are_guessed_from_what_differs_and_said(tmp_path, names, subjects):
    for name in names:
        image(tmp_path / name, (4, 5, 6, 25))
    start = starting.look(str(tmp_path), t_r=2.0)
    header, *rows = (line.split("\t") for line in start.table.splitlines())
    assert [row[header.index("subject")] for row in rows] == subjects
    (said,) = (sentence for sentence in start.to_check if "guessed" in sentence)
    assert f"{names[0]}: {subjects[0]}" in said


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        (None, None, "no 4-D NIfTI image of 20 volumes or more"),
        (
            "sub-01/func/sub-01_task-rest_bold.nii.gz",
            (4, 5, 6, 30),
            "1 run named as raw BIDS data.*Preprocess them first",
        ),
        ("short.nii.gz", (4, 5, 6, 3), "no 4-D NIfTI image of 20 volumes or more"),
    ],
)
def test_a_folder_without_runs_is_told_with_what_was_expected(tmp_path, name, shape, said):
    if name:
        image(tmp_path / name, shape)
    with pytest.raises(InputError, match=said):
        starting.look(str(tmp_path))


def test_a_folder_that_is_not_there_is_told():
    with pytest.raises(InputError, match=r"/no/such: no such folder"):
        starting.look("/no/such")

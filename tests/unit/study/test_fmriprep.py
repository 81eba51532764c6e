"""Runs found in folders of derivatives: every layout, every choice, and what is wrong said plainly."""

import re

import fmriprep_folder
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import bids, fmriprep, runs

DEFAULTS = {
    "space": "MNI152NLin2009cAsym",
    "resolution": None,
    "cohort": None,
    "echo": None,
    "tasks": None,
    "subjects": None,
    "sessions": None,
    "desc": "preproc",
    "t_r": None,
    "exclude": [],
    "on_missing": "stop",
}


def find(root, **changes):
    return fmriprep.find_runs(folder=str(root), **{**DEFAULTS, **changes})


LAYOUTS = {
    "plain": ({}, "sub-01/func/sub-01_task-rest_space-MNI152NLin2009cAsym"),
    "old confounds": ({"version": (20, 1)}, "sub-01/func/sub-01_task-rest_space-MNI152NLin2009cAsym"),
    "session": ({"ses": "a"}, "sub-01/ses-a/func/sub-01_ses-a_task-rest_space-MNI152NLin2009cAsym"),
    "run": ({"run": "1"}, "sub-01/func/sub-01_task-rest_run-1_space-MNI152NLin2009cAsym"),
    "acquisition": ({"acq": "mb4"}, "sub-01/func/sub-01_task-rest_acq-mb4_space-MNI152NLin2009cAsym"),
    "resolution": ({"res": "2"}, "sub-01/func/sub-01_task-rest_space-MNI152NLin2009cAsym_res-2"),
    "echo": ({"echo": "2"}, "sub-01/func/sub-01_task-rest_echo-2_space-MNI152NLin2009cAsym"),
    "everything": (
        {"ses": "01", "acq": "mb4", "direction": "AP", "run": "02", "echo": "3", "res": "native", "version": (20, 0)},
        "sub-01/ses-01/func/sub-01_ses-01_task-rest_acq-mb4_dir-AP_run-02_echo-3_space-MNI152NLin2009cAsym_res-native",
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout(tmp_path, layout):
    labels, path = LAYOUTS[layout]
    fmriprep_folder.write_dataset(tmp_path, ["01"])
    written = fmriprep_folder.write_run(tmp_path, "01", **labels)
    (run,) = find(tmp_path)
    assert run.path == path
    assert re.fullmatch(bids.RUN_PATTERN, run.path)
    for name in ("bold", "mask", "confounds", "sidecar"):
        assert getattr(run, name) == str(written[name])


def test_names_of_runs_without_the_new_entities_are_as_before():
    run = bids.Run(subject="01", task="rest", space="MNI", bold="x.nii", session="a", run="1")
    assert run.path == "sub-01/ses-a/func/sub-01_ses-a_task-rest_run-1_space-MNI"
    assert run.labels == {"subject": "01", "session": "a", "task": "rest", "run": "1", "space": "MNI"}


def test_choices(tmp_path):
    for sub in ("01", "02"):
        for ses in ("1", "2"):
            for task in ("rest", "film"):
                fmriprep_folder.write_run(tmp_path, sub, ses, task)
                fmriprep_folder.write_run(tmp_path, sub, ses, task, space="MNI152NLin6Asym", res="2")
    assert len(find(tmp_path)) == 8
    assert {run.task for run in find(tmp_path, tasks=["task-film"])} == {"film"}
    assert {run.subject for run in find(tmp_path, subjects=["02"])} == {"02"}
    assert {run.session for run in find(tmp_path, sessions=["ses-2"])} == {"2"}
    assert {run.resolution for run in find(tmp_path, space="MNI152NLin6Asym", resolution="2")} == {"2"}
    assert len(find(tmp_path, subjects=["01"], sessions=["1"], tasks=["rest"])) == 1


def test_several_runs_and_acquisitions_are_runs_of_their_own(tmp_path):
    for run in ("1", "2"):
        for acq in (None, "fast"):
            fmriprep_folder.write_run(tmp_path, "01", acq=acq, run=run)
    found = find(tmp_path)
    assert len({run.path for run in found}) == len(found) == 4
    for run in found:
        assert (run.acquisition or "plain") in (run.confounds if run.acquisition else "plain")
        assert ("acq-fast" in run.confounds) == (run.acquisition == "fast")


def test_two_files_for_a_run_are_both_listed(tmp_path):
    one = fmriprep_folder.write_run(tmp_path, "01")
    two = fmriprep_folder.write_run(tmp_path, "01", res="2")
    with pytest.raises(InputError) as refused:
        find(tmp_path)
    assert str(one["bold"]) in str(refused.value) and str(two["bold"]) in str(refused.value)
    assert [run.resolution for run in find(tmp_path, resolution="2")] == ["2"]
    assert [run.resolution for run in find(tmp_path, resolution="none")] == [None]


def test_two_confounds_tables_for_a_run_are_both_listed(tmp_path):
    new = fmriprep_folder.write_run(tmp_path, "01")
    old = fmriprep_folder.write_run(tmp_path, "01", version=(20, 0))
    with pytest.raises(InputError) as refused:
        find(tmp_path)
    assert str(new["confounds"]) in str(refused.value) and str(old["confounds"]) in str(refused.value)


def test_echoes_are_ambiguous_until_one_is_chosen(tmp_path):
    for echo in ("1", "2", None):
        fmriprep_folder.write_run(tmp_path, "01", echo=echo)
    with pytest.raises(InputError, match=r"3 times.*echo-1.*echo-2.*dataset\.fmriprep\..*echo"):
        find(tmp_path)
    assert [run.echo for run in find(tmp_path, echo="none")] == [None]
    (run,) = find(tmp_path, echo="2")
    assert "echo-2" in run.bold and "echo-" not in run.mask and "echo-" not in run.confounds


def test_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="has no sub-"):
        find(tmp_path)
    (tmp_path / "fmriprep" / "sub-01").mkdir(parents=True)
    with pytest.raises(InputError, match=r"did you mean .*fmriprep\?"):
        find(tmp_path)


def test_no_such_folder(tmp_path):
    with pytest.raises(InputError, match=r"no such folder.*nowhere"):
        find(tmp_path / "nowhere")


def test_another_space_names_those_that_are_there(tmp_path):
    fmriprep_folder.write_run(tmp_path, "01", space="MNI152NLin6Asym")
    with pytest.raises(InputError, match=r"space-MNI152NLin2009cAsym.*space: .*MNI152NLin6Asym"):
        find(tmp_path)


def test_a_subject_that_is_not_there_is_named(tmp_path):
    fmriprep_folder.write_run(tmp_path, "01")
    with pytest.raises(InputError, match=r"sub-07.*it has sub-01"):
        find(tmp_path, subjects=["01", "07"])


def test_a_subject_without_a_confounds_file(tmp_path):
    fmriprep_folder.write_run(tmp_path, "01")
    fmriprep_folder.write_run(tmp_path, "02")["confounds"].unlink()
    found = find(tmp_path)
    assert [run.confounds is None for run in found] == [False, True]
    from seed_to_voxel.study import configuration

    cleaning = {"confounds": "simple", "scrubbing": {"fd_threshold": None, "std_dvars_threshold": None}}
    with pytest.raises(InputError, match=r"1 of the runs .*sub-02_task-rest.*bold\.nii\.gz"):
        configuration.check_confounds({"cleaning": cleaning, "cleanings": {}, "statistics": {"bursts": False}}, found)
    without = {**cleaning, "confounds": []}
    configuration.check_confounds({"cleaning": without, "cleanings": {}, "statistics": {"bursts": False}}, found)
    with pytest.raises(InputError, match=r"1 of the runs .* statistics\.bursts needs one"):
        configuration.check_confounds({"cleaning": without, "cleanings": {}, "statistics": {"bursts": True}}, found)


def test_a_run_without_its_mask_or_sidecar(tmp_path):
    paths = fmriprep_folder.write_run(tmp_path, "01")
    paths["sidecar"].unlink()
    with pytest.raises(InputError, match=r"no JSON sidecar.*dataset\.fmriprep\.t_r"):
        find(tmp_path)
    assert find(tmp_path, t_r=2.0)[0].t_r == 2.0
    paths["mask"].unlink()
    with pytest.raises(InputError, match=r"no brain mask.*expected sub-01_task-rest_space-.*_desc-brain_mask"):
        find(tmp_path, t_r=2.0)


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ([], {"01 1", "01 2", "010 1", "010 2"}),
        (["sub-01"], {"010 1", "010 2"}),
        (["sub-01_task-rest_run-2"], {"01 1", "010 1", "010 2"}),
        (["sub-01_task-rest_run-1_space-MNI152NLin2009cAsym", "run-2"], {"010 1"}),
        (["*_run-2_*"], {"01 1", "010 1"}),
        (["sub-01*_run-1"], {"01 2", "010 2"}),
    ],
)
def test_runs_are_excluded_by_name_or_pattern(tmp_path, names, left):
    for sub in ("01", "010"):
        for run in ("1", "2"):
            fmriprep_folder.write_run(tmp_path, sub, run=run)
    found = find(tmp_path, exclude=names)
    assert {f"{run.subject} {run.run}" for run in found if not run.excluded} == left
    assert {run.excluded for run in found if run.excluded} <= {
        f"named by dataset.fmriprep.exclude ({name})" for name in names
    }
    assert len(found) == 4


def test_what_is_to_be_excluded_must_be_there_and_not_be_all(tmp_path):
    fmriprep_folder.write_run(tmp_path, "01")
    with pytest.raises(InputError, match=r"exclude: 'sub-02' fits no run; .* such as sub-01_task-rest_space-MNI"):
        find(tmp_path, exclude=["sub-02"])
    with pytest.raises(InputError, match=r"all 1 runs.* are excluded"):
        find(tmp_path, exclude=["task-rest"])


@pytest.mark.parametrize("gone", ["mask", "sidecar"])
def test_a_run_that_lacks_a_file_is_excluded_where_the_config_says_so(tmp_path, gone):
    fmriprep_folder.write_run(tmp_path, "01")[gone].unlink()
    fmriprep_folder.write_run(tmp_path, "02")
    with pytest.raises(InputError, match="sub-01"):
        find(tmp_path)
    without, whole = find(tmp_path, on_missing="exclude")
    assert whole.excluded is None
    assert {"mask": "no brain mask beside it", "sidecar": "no JSON sidecar beside it"}[gone] in without.excluded
    # Somebody who names it knows why.
    assert find(tmp_path, exclude=["sub-01"])[0].excluded == "named by dataset.fmriprep.exclude (sub-01)"


def test_two_files_for_a_run_stop_whatever_the_config_says(tmp_path):
    fmriprep_folder.write_run(tmp_path, "01")
    fmriprep_folder.write_run(tmp_path, "01", res="2")
    with pytest.raises(InputError, match="2 times"):
        find(tmp_path, on_missing="exclude")


def test_a_session_that_some_subjects_lack_is_said_and_no_error(tmp_path):
    for sub, ses in (("01", "1"), ("01", "2"), ("02", "1")):
        fmriprep_folder.write_run(tmp_path, sub, ses)
    found = find(tmp_path)
    assert len(found) == 3
    assert fmriprep.missing_sessions(found) == ["ses-2 is there for 1 of 2 subjects; it is absent for sub-02"]
    with pytest.raises(InputError, match="ses-3"):
        find(tmp_path, sessions=["1", "3"])


def test_links_are_followed(tmp_path):
    paths = fmriprep_folder.write_run(tmp_path / "store", "01")
    func = tmp_path / "data" / "sub-01" / "func"
    func.mkdir(parents=True)
    for path in paths.values():
        (func / path.name).symlink_to(path)
    (run,) = find(tmp_path / "data")
    assert run.bold == str(func / paths["bold"].name)


@pytest.mark.parametrize("kind", ["link", "pointer"])
@pytest.mark.parametrize("which", ["bold", "mask", "confounds"])
def test_git_annex_placeholders_are_not_downloaded_yet(tmp_path, kind, which):
    path = fmriprep_folder.write_run(tmp_path, "01")[which]
    path.unlink()
    key = "annex/objects/x1/y2/SHA256E-s1--0.nii.gz/SHA256E-s1--0.nii.gz"
    if kind == "link":
        path.symlink_to(f"../../.git/{key}")
    else:
        path.write_text(f"/{key}\n")
    with pytest.raises(InputError, match=rf"{path.name}: not downloaded yet.*datalad get"):
        find(tmp_path)


def test_broken_links_and_empty_files(tmp_path):
    path = fmriprep_folder.write_run(tmp_path, "01")["bold"]
    path.write_bytes(b"")
    with pytest.raises(InputError, match="the file is empty"):
        find(tmp_path)
    path.unlink()
    path.symlink_to("/mnt/gone/bold.nii.gz")
    with pytest.raises(InputError, match=r"a broken link to /mnt/gone"):
        find(tmp_path)


def test_the_kind_is_dispatched(tmp_path):
    fmriprep_folder.write_run(tmp_path, "01")
    options = {"folder": str(tmp_path), **DEFAULTS}
    assert runs.find_runs({"kind": "fmriprep", "fmriprep": options}) == find(tmp_path)


def test_names_that_are_no_bids_names_are_passed_over():
    assert bids.parse_name("README") == ({}, "README", "")
    assert bids.parse_name("sub-01_sub-02_bold.nii") is None
    assert bids.parse_name("notes_on_data.txt") is None

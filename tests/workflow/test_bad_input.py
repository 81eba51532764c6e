"""Mistakes reach the screen as one clear sentence, and a failed job leaves nothing half-written."""

import gzip
import json
import os

import nibabel
import numpy as np
import pytest
from crops import AFFINE, SHAPE, T, crop, study, whole_mask

pytestmark = pytest.mark.workflow


def refused(workspace, config, *words, options=()):
    """Run, and expect every word on the screen and no derivative of a run on disk."""
    done = workspace.snakemake("--configfile", config, *options, check=False)
    assert done.returncode != 0
    flat = " ".join(done.stdout.split())
    assert all(word in flat for word in words), done.stdout
    assert not list(workspace.path.glob("results/derivatives/*/sub-*/**/*.*"))
    assert "Traceback" not in done.stdout


def test_mistakes_in_the_config_are_told_before_any_job(workspace):
    config = workspace.write_config(dataset={"kind": "simulated"}, cleaning={"low_pas": 0.1})
    words = "unknown key cleaning.low_pas, did you mean cleaning.low_pass?"
    # However quiet Snakemake is to be.
    refused(workspace, config, words, options=("--quiet", "all"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("Error: --configfile study.yaml: No such file or directory (looked for from ", "/project)")),
        (
            b"seeds: [a\nmaps: {}\n",
            ("Error: study.yaml, line 2: while parsing a flow sequence, did not find expected",),
        ),
        (b"seeds: \xff\n", ("Error: --configfile study.yaml: 'utf-8' codec can't decode",)),
        (b"# nothing yet\n", ("Error: --configfile study.yaml: it has no keys; expected a YAML file with",)),
        (b"- seeds\n", ("Error: --configfile study.yaml: it has no keys; expected a YAML file with",)),
        (b"maps: {}\nseeds: !mine a\n", ("Error: study.yaml, line 2: could not determine a constructor for the tag",)),
        (b"seeds: 2026-13-01\n", ("Error: study.yaml: month must be in 1..12",)),
    ],
)
def test_a_config_that_is_no_yaml_or_not_there_is_named(workspace, content, words):
    if content:
        (workspace.path / "study.yaml").write_bytes(content)
    refused(workspace, "study.yaml", *words, options=("--quiet", "all"))


def test_a_config_that_can_be_read_but_once_is_refused_and_not_waited_for(workspace):
    os.mkfifo(workspace.path / "study.yaml")
    refused(workspace, "study.yaml", "Error: --configfile study.yaml: it is no file", "a pipe can be read but once")


def test_the_example_does_not_run_over_a_study_whose_config_was_forgotten(workspace):
    there = {"Name": "Seed-to-voxel correlation maps (fmriprep)", "DatasetLinks": {"fmriprep": "../../../../data"}}
    workspace.derivatives.mkdir(parents=True)
    (workspace.derivatives / "dataset_description.json").write_text(json.dumps(there))
    done = workspace.snakemake(check=False)
    said = f"has results of another dataset (fmriprep, {workspace.path.parent / 'data'}). Expected --configfile and"
    assert done.returncode == 1 and said in done.stdout, done.stdout
    assert not (workspace.path / "results" / "inputs").exists()
    # Named, it is what somebody wants; and it is the only one that comes without a name.
    done = workspace.snakemake("-n", "--configfile", "config/config.yaml")
    assert "this study's replace those of the same runs" in done.stdout


def test_mistakes_in_the_seeds_are_told_before_any_job(workspace):
    (workspace.path / "seeds.tsv").write_text("label\tx\ty\tz\tradius_mm\nP_CC\t0\t-52\t18\t8\n")
    config = workspace.write_config(dataset={"kind": "simulated"}, seeds="seeds.tsv")
    refused(workspace, config, "seeds.tsv, row 1, column 'label': 'P_CC'")


def test_a_run_that_is_missing_is_told_before_any_job(workspace):
    config = study(workspace, crop(np.int16))
    (workspace.path / "bold.nii.gz").unlink()
    refused(workspace, config, "runs.tsv, row 1, column 'bold': no such file: bold.nii.gz")


def test_a_run_cut_short_in_transfer(workspace):
    config = study(workspace, crop(np.int16), mask=whole_mask(workspace))
    path = workspace.path / "bold.nii.gz"
    path.write_bytes(path.read_bytes()[:-20000])
    refused(workspace, config, "bold.nii.gz: volume", "of 120 cannot be read", "truncated or damaged")


def test_a_three_dimensional_image(workspace):
    config = study(workspace, nibabel.Nifti1Image(np.ones(SHAPE, np.int16), AFFINE))
    refused(workspace, config, "bold.nii.gz: found 3 dimensions (11, 10, 9), expected a 4-D run")


def test_a_mask_on_another_grid(workspace):
    nibabel.save(nibabel.Nifti1Image(np.ones((5, 5, 5), np.uint8), AFFINE), workspace.path / "mask.nii.gz")
    config = study(workspace, crop(np.int16), mask="mask.nii.gz")
    refused(workspace, config, "mask.nii.gz: the mask is on another grid", "(5, 5, 5)", "resample the mask")


def test_a_repetition_time_that_nobody_states(workspace):
    config = study(workspace, crop(np.int16), t_r="n/a")
    refused(workspace, config, "no repetition time is stated", "RepetitionTime", "t_r")


def test_repetition_times_that_contradict_each_other(workspace):
    config = study(workspace, crop(np.int16))
    (workspace.path / "bold.json").write_text(json.dumps({"RepetitionTime": 2.0}))
    refused(workspace, config, "contradict each other", "2 s in bold.json", "2.5 s in the dataset (t_r)")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["a"] + ["1"] * (T - 1), [f"found {T - 1} rows of confounds, expected {T}"]),
        (["b"] + ["1"] * T, ["asks for 'a', which confounds.tsv does not have", "it has b"]),
        (["a"] + ["1", "n/a"] + ["1"] * (T - 2), ["row 2, column 'a'", "found 'n/a'"]),
    ],
    ids=["rows", "column", "gap"],
)
def test_a_table_of_confounds_that_does_not_fit(workspace, rows, words):
    (workspace.path / "confounds.tsv").write_text("\n".join(rows) + "\n")
    study(workspace, crop(np.int16), confounds="confounds.tsv")
    config = workspace.write_config(
        dataset={"kind": "table", "table": {"runs": "runs.tsv"}}, cleaning={"confounds": ["a"]}
    )
    refused(workspace, config, "confounds.tsv", *words)


def test_too_few_volumes_for_the_filter(workspace):
    config = study(workspace, crop(np.int16).slicer[..., :30])
    refused(workspace, config, "the run has 30 volumes to work with; expected at least 34")


def test_a_job_that_fails_late_leaves_no_output(workspace):
    """The first pass succeeds, then the run is replaced by a truncated one: the second pass leaves nothing."""
    config = study(workspace, crop(np.int16), mask=whole_mask(workspace))
    workspace.snakemake("--configfile", config, "--until", "extract_seeds")
    path = workspace.path / "bold.nii.gz"
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[: len(content) // 2], 1))
    done = workspace.snakemake("--configfile", config, "--rerun-triggers", "code", check=False)
    assert done.returncode != 0
    assert "truncated or damaged" in done.stdout
    assert not list(workspace.run_folder("S1").glob("*voxels*"))

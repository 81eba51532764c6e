"""A study of fMRIPrep derivatives from end to end, of all layouts at once, held against nilearn."""

import json

import fmriprep_folder
import nibabel
import numpy as np
import pandas
import pytest
import yaml
from conftest import PLAIN_FIGURES, Workspace
from nilearn.interfaces.fmriprep import load_confounds_strategy
from nilearn_way import correlate, frequencies_outside

from seed_to_voxel.inputs import simulation
from seed_to_voxel.study import outputs

pytestmark = pytest.mark.workflow

MNI = fmriprep_folder.MNI
FURTHER = ["location", "networks"]
"""Figures that depend on the kind of seed, and that are quick."""


def spiked(run, volumes):
    """A simulated run with artefacts in some volumes, and the displacements that betray them."""
    data = np.asarray(run.bold.dataobj).astype(np.float32)
    data[..., volumes] *= 1.3
    table = fmriprep_folder.full_confounds(run)
    table["framewise_displacement"] = np.minimum(table["framewise_displacement"], 0.3)
    table.loc[volumes, "framewise_displacement"] = 2.0
    bold = nibabel.Nifti1Image(data.astype(np.int16), run.bold.affine, run.bold.header)
    return simulation.SimulatedRun(**{**vars(run), "bold": bold}), table


def write_seeds(folder, mask):
    """Seeds of all kinds: a sphere, a mask on a finer grid, an atlas' label, a peak near the sphere."""
    fine = nibabel.Nifti1Image(np.zeros((91, 109, 91), dtype=np.uint8), np.diag([2.0, 2, 2, 1]))
    fine.affine[:3, 3] = [-90, -126, -72]
    fine.dataobj[40:50, 32:42, 40:50] = 1
    nibabel.Nifti1Image(np.asarray(fine.dataobj), fine.affine).to_filename(folder / "mask.nii.gz")
    atlas = np.where(np.asarray(mask.dataobj) > 0, 1 + np.arange(mask.shape[0])[:, None, None] // 4, 0)
    nibabel.Nifti1Image(atlas.astype(np.int16), mask.affine).to_filename(folder / "atlas.nii.gz")
    rows = [
        ["label", "kind", "x", "y", "z", "radius_mm", "file", "labels", "reference", "name"],
        ["PCC", "n/a", "0", "-52", "18", "8", "n/a", "n/a", "n/a", "Posterior cingulate cortex"],
        ["drawn", "mask", "n/a", "n/a", "n/a", "n/a", "mask.nii.gz", "n/a", "n/a", "n/a"],
        ["strip", "atlas", "n/a", "n/a", "n/a", "n/a", "atlas.nii.gz", "2,3", "n/a", "n/a"],
        ["peak", "peak", "n/a", "n/a", "n/a", "10", "mask.nii.gz", "n/a", "PCC", "n/a"],
    ]
    (folder / "seeds.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("fmriprep") / "project")
    root = workspace.path / "derivatives"
    fmriprep_folder.write_dataset(root, ["01", "02", "03"])
    runs = [simulation.simulate_run(k, 3, 8.0, 80, 2.0) for k in range(2)]
    # The mirror volumes 20 and 59 are censored together.
    moved, table = spiked(runs[0], [20, 59])
    still, quiet = spiked(runs[1], [])
    workspace.files = {
        "01": fmriprep_folder.write_run(root, "01", version=(20, 1), simulated=moved, confounds=table, dummies=2),
        "02": fmriprep_folder.write_run(
            root,
            "02",
            "pre",
            acq="mb4",
            run="1",
            echo="2",
            res="2",
            simulated=still,
            confounds=quiet,
            version=(25, 0),
        ),
    }
    # Hardly a volume of the third run is still.
    restless, moving = spiked(runs[1], list(range(1, 80, 3)))
    fmriprep_folder.write_run(root, "03", simulated=restless, confounds=moving)
    # Two that are excluded: one has no mask, the other is named.
    fmriprep_folder.write_run(root, "04")["mask"].unlink()
    fmriprep_folder.write_run(root, "05")
    write_seeds(workspace.path, runs[0].mask)
    config = workspace.write_config(
        seeds="seeds.tsv",
        quality={
            "refuse": {"min_seconds_kept": 100, "min_seed_coverage": 0.2},
            "warn": {"min_seconds_kept": 155, "min_degrees_of_freedom": None},
        },
        dataset={
            "kind": "fmriprep",
            "fmriprep": {"folder": "derivatives", "exclude": ["sub-05"], "on_missing": "exclude"},
        },
        figures={**PLAIN_FIGURES, "further": FURTHER},
        cleaning={
            "confounds": {"strategy": "simple", "motion": "basic"},
            "scrubbing": {"fd_threshold": 0.5},
            "smoothing_fwhm": 6,
        },
    )
    workspace.printed = workspace.snakemake("--configfile", config).stdout
    return workspace


STEMS = {
    "01": f"sub-01/func/sub-01_task-rest_space-{MNI}",
    "02": f"sub-02/ses-pre/func/sub-02_ses-pre_task-rest_acq-mb4_run-1_echo-2_space-{MNI}_res-2",
}


def sidecar(study, subject, kind="desc-seeds_timeseries"):
    return json.loads((study.derivatives / f"{STEMS[subject]}_{kind}.json").read_text())


def test_every_layout_has_its_maps(study):
    for stem in STEMS.values():
        for stat in ("pearsoncorrelation", "fisherz"):
            assert (study.derivatives / f"{stem}_seed-PCC_stat-{stat}_statmap.nii.gz").is_file()
    assert (study.path / "results" / "report.html").is_file()


def test_sidecars_say_what_was_done(study):
    described = sidecar(study, "01")
    expected, _ = load_confounds_strategy(str(study.files["01"]["bold"]), "simple", motion="basic")
    assert described["Cleaning"]["confounds"] == list(expected.columns)
    assert described["Cleaning"]["confounds_strategy"]["name"] == "simple"
    assert described["CensoredVolumes"] == [0, 1, 20, 59]
    assert described["CensoringReasons"] == {
        "dummy_scans": 2,
        "fd": 2,
        "std_dvars": 0,
        "undefined": 0,
        "short_segment": 0,
    }
    assert described["NumberOfVolumes"] == 80 and described["NumberOfVolumesKept"] == 76
    assert described["SecondsKept"] == 152
    series = pandas.read_csv(study.derivatives / f"{STEMS['01']}_desc-seeds_timeseries.tsv", sep="\t")
    assert len(series) == 76
    r_map = sidecar(study, "01", "seed-PCC_stat-pearsoncorrelation_statmap")
    assert (
        r_map["NumberOfVolumesKept"] == 76
        and r_map["DegreesOfFreedomWhiteNoise"] == described["DegreesOfFreedomWhiteNoise"]
    )


def r_in_the_mask(study, subject, mask):
    found = nibabel.load(study.derivatives / f"{STEMS[subject]}_seed-PCC_stat-pearsoncorrelation_statmap.nii.gz")
    return np.asarray(found.dataobj)[mask]


UNFILTERED = {"detrend": False, "high_pass": None, "low_pass": None}


def with_frequencies(confounds, kept):
    """Confounds with all that else is regressed out of a censored study, for nilearn."""
    return np.column_stack([np.arange(80), frequencies_outside(80, 2.0, 0.01, 0.1, kept), confounds])


@pytest.mark.parametrize(
    ("subject", "kept"),
    [("01", np.setdiff1d(np.arange(80), [0, 1, 20, 59])), ("02", np.arange(80))],
    ids=["censored", "nothing censored"],
)
def test_a_run_without_its_artefacts_has_the_same_map_by_nilearns_maskers(study, subject, kept):
    """The run is simulated anew: what was done to the censored volumes leaves no trace."""
    files = study.files[subject]
    confounds, _ = load_confounds_strategy(str(files["bold"]), "simple", motion="basic")
    clean_run = simulation.simulate_run(int(subject) - 1, 3, 8.0, 80, 2.0)
    bold = nibabel.Nifti1Image(clean_run.bold.get_fdata(), clean_run.bold.affine)
    regressors = with_frequencies(confounds, kept)
    options = {"mask": files["mask"], "seeds_dtype": None, "sample_mask": kept, **UNFILTERED}
    r, mask = correlate(bold, [(0, -52, 18)], 8, 2.0, regressors, **options)
    np.testing.assert_allclose(r_in_the_mask(study, subject, mask), r[0], atol=1e-5)
    assert mask.sum() > 3000
    # Both are filtered alike, though one has no gap.
    described = sidecar(study, subject)
    assert described["Cleaning"]["filter"] == "fourier" and described["LongestGap"] == (subject == "01")


def test_artefacts_that_are_not_censored_would_be_seen(study):
    files = study.files["01"]
    confounds, _ = load_confounds_strategy(str(files["bold"]), "simple", motion="basic")
    kept = np.arange(2, 80)
    options = {"mask": files["mask"], "sample_mask": kept, **UNFILTERED}
    regressors = with_frequencies(confounds, kept)
    r, mask = correlate(nibabel.load(files["bold"]), [(0, -52, 18)], 8, 2.0, regressors, **options)
    assert np.abs(r_in_the_mask(study, "01", mask) - r[0]).max() > 0.1


def test_what_was_decided_and_what_is_spent_twice_are_said(study):
    assert "cleaning.high_pass is 0.01 Hz besides: slow drifts cost degrees of freedom twice" in study.printed
    assert any("cosines" in note for note in sidecar(study, "01")["Notes"])
    text = (study.path / "results" / "methods.html").read_text()
    assert "sines and cosines outside of 0.01 to 0.1 Hz" in text and "interpolated with" not in text
    table = pandas.read_csv(study.derivatives / "qc.tsv", sep="\t", dtype={"subject": str}).set_index("subject")
    assert table["longest_gap"].to_dict()["01"] == 1 and table["longest_gap"].to_dict()["02"] == 0


def test_seeds_of_all_kinds_have_maps_and_say_where_they_are(study):
    seeds = {seed["label"]: seed for seed in sidecar(study, "02")["Seeds"]}
    assert list(seeds) == ["PCC", "drawn", "strip", "peak"]
    assert seeds["drawn"]["resampled"] == "nearest neighbour"
    assert "resampled" not in seeds["strip"]
    assert seeds["peak"]["peak_mean_r"] > 0.3
    for label, seed in seeds.items():
        assert all(np.isfinite(seed[axis]) for axis in "xyz")
        stem = study.derivatives / f"{STEMS['02']}_seed-{label}_stat-pearsoncorrelation_statmap"
        assert stem.with_suffix(".nii.gz").is_file() and stem.with_suffix(".png").is_file()


def test_a_refused_run_is_listed_and_the_others_go_on(study):
    table = pandas.read_csv(study.derivatives / "qc.tsv", sep="\t", dtype={"subject": str}, na_values="n/a")
    table = table.set_index("subject")
    assert table["verdict"].to_dict() == {
        **{"01": "warned", "02": "accepted", "03": "refused"},
        **{"04": "excluded", "05": "excluded"},
    }
    assert "no brain mask beside it" in table.loc["04", "reasons"] and "exclude (sub-05)" in table.loc["05", "reasons"]
    assert "min_seconds_kept" in table.loc["03", "reasons"] and "min_seconds_kept" in table.loc["01", "reasons"]
    assert table.loc["01", "n_volumes_kept"] == 76 and table.loc["03", "n_volumes_kept"] < 50
    assert table.loc["01", "mean_fd"] > 0 and table.loc["02", "median_tsnr"] > 10
    assert np.isnan(table.loc["03", "median_tsnr"])
    left = [path.name for path in (study.derivatives / "sub-03").rglob("*") if path.is_file()]
    assert left == [f"sub-03_task-rest_space-{MNI}_desc-admission_metrics.json"]
    assert "Refused: subject 03 task rest" in study.printed
    described = json.loads((study.derivatives / "qc.json").read_text())
    assert set(described) <= set(pandas.read_csv(study.derivatives / "qc.tsv", sep="\t").columns)
    motion = pandas.read_csv(study.derivatives / f"{STEMS['01']}_desc-motion_timeseries.tsv", sep="\t")
    assert np.flatnonzero(motion["kept"] == 0).tolist() == [0, 1, 20, 59]


def test_nothing_is_left_to_do(study):
    assert "Nothing to be done" in study.snakemake("--configfile", "study.yaml", "--dry-run").stdout


def test_exactly_the_declared_files(study):
    declared = yaml.safe_load((study.path / "workflow" / "outputs.yaml").read_text())
    refused = f"sub-03/func/sub-03_task-rest_space-{MNI}"
    found = {path.relative_to(study.derivatives).as_posix() for path in study.derivatives.rglob("*") if path.is_file()}
    assert found == outputs.expected(
        declared,
        [*STEMS.values(), refused],
        ["PCC", "drawn", "strip", "peak"],
        [refused],
        ["refusing", "participants", "participants described", "several seeds", *FURTHER],
    )


def test_the_source_is_described(study):
    description = json.loads((study.derivatives / "dataset_description.json").read_text())
    assert description["DatasetLinks"] == {"fmriprep": "../../../derivatives"}
    assert description["SourceDatasets"] == [{"URL": "../../../derivatives", "Version": "23.1.4"}]
    assert sidecar(study, "02")["Sources"][0] == (f"bids:fmriprep:{STEMS['02']}_desc-preproc_bold.nii.gz")
    participants = pandas.read_csv(study.derivatives / "participants.tsv", sep="\t")
    assert participants["participant_id"].tolist() == ["sub-01", "sub-02", "sub-03"]


def test_the_methods_are_those_of_this_study(study):
    text = (study.derivatives / "methods.md").read_text()
    for words in (
        "5 runs of 5 participants",
        "2 runs were excluded beforehand",
        "1 run was refused",
        "preprocessed by fMRIPrep 23.1.4",
        "4 seeds were used",
        "displacement above 0.5 mm",
        "This left 76 to 80 volumes, 152 to 160 s, a run.",
        "the strategy simple of nilearn's load_confounds (Fox et al. 2005): fMRIPrep's discrete cosines; six",
    ):
        assert words in text, (words, text)

"""The default workflow on a small simulated cohort: what it leaves, and that a second run has nothing to do."""

import csv
import json
import re

import nibabel
import numpy as np
import pandas
import pytest
import yaml
from conftest import SMALL
from nilearn_way import correlate, read_confounds
from scipy import stats

pytestmark = pytest.mark.workflow

SPACE = "MNI152NLin2009cAsym"
STEM = f"sub-01_task-rest_space-{SPACE}"
CONFOUNDS = [
    *("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z", "framewise_displacement"),
    *(f"a_comp_cor_{number:02d}" for number in range(6)),
    *("csf", "white_matter"),
]


def a_map(workspace, stat, seed="PCC", subject="01"):
    folder = workspace.run_folder(subject)
    return nibabel.load(folder / f"sub-{subject}_task-rest_space-{SPACE}_seed-{seed}_stat-{stat}_statmap.nii.gz")


def inputs(workspace, subject="01"):
    folder = workspace.path / "results/inputs/simulated" / f"sub-{subject}" / "func"
    stem = f"sub-{subject}_task-rest"
    return {
        "bold": folder / f"{stem}_space-{SPACE}_desc-preproc_bold.nii.gz",
        "mask": folder / f"{stem}_space-{SPACE}_desc-brain_mask.nii.gz",
        "confounds": folder / f"{stem}_desc-confounds_timeseries.tsv",
        "networks": folder / f"{stem}_space-{SPACE}_desc-networks_dseg.nii.gz",
        "names": folder / f"{stem}_space-{SPACE}_desc-networks_dseg.tsv",
    }


def test_a_second_run_has_nothing_to_do_and_the_report_stays(finished):
    report = finished.path / "results/report.html"
    before = report.stat().st_mtime_ns
    # A Python that is started anew goes through sets in another order; the tests' own copies of one do not.
    printed = finished.snakemake("--configfile", "study.yaml", env={"PYTHONHASHSEED": "5"}).stdout
    assert "Nothing to be done" in printed
    assert report.stat().st_mtime_ns == before


def test_a_dry_run_on_a_clean_tree_plans_every_rule(workspace):
    printed = workspace.snakemake("-n").stdout
    for rule in ("simulate_run", "extract_seeds", "extract_voxels", "correlate", "fisher_z", "draw_figures"):
        assert re.search(rf"^{rule} +2$", printed, re.MULTILINE)
    assert not (workspace.path / "results").exists()


def test_the_workflow_runs_from_another_folder(workspace, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # Any Snakemake project has such a file; it is none of this study's.
    (elsewhere / "config").mkdir()
    (elsewhere / "config" / "config.yaml").write_text("samples: config/samples.tsv\n")
    (elsewhere / "mine.yaml").write_text(yaml.safe_dump({"dataset": {"kind": "simulated", "simulated": SMALL}}))
    arguments = ["--snakefile", workspace.path / "Snakefile", "--directory", elsewhere]
    assert re.search(r"^simulate_run +2$", workspace.snakemake(*arguments, "-n").stdout, re.MULTILINE)
    workspace.snakemake(*arguments, "--configfile", elsewhere / "mine.yaml", "--until", "correlate")
    assert list(elsewhere.glob("results/derivatives/*/sub-02/func/*pearson*.nii.gz"))
    assert not (workspace.path / "results").exists()


def test_the_maps_are_nilearns_to_single_precision(finished):
    files = inputs(finished)
    confounds = read_confounds(files["confounds"], CONFOUNDS)
    r, mask = correlate(files["bold"], [(0, -52, 18)], 8, 2.0, confounds, mask=files["mask"])
    ours = np.asarray(a_map(finished, "pearsoncorrelation").dataobj)
    assert np.abs(ours[mask] - r[0]).max() < 1e-5
    assert (ours[~mask] == 0).all()


def test_z_p_and_nu_belong_to_r(finished):
    images = {stat: a_map(finished, stat) for stat in ("pearsoncorrelation", "z", "p", "nu")}
    r, z, p, nu = (np.asarray(image.dataobj, dtype=float) for image in images.values())
    inside = nu != 0
    assert inside.sum() == np.count_nonzero(r) > 1000
    r, z, p, nu = (values[inside] for values in (r, z, p, nu))
    np.testing.assert_allclose(p, -(stats.norm.logsf(np.abs(z)) + np.log(2)) / np.log(10), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(np.sign(z), np.sign(r))
    # Student's t with nu - 1 degrees of freedom, but for the correction of kurtosis.
    t = np.abs(r) * np.sqrt((nu - 1) / (1 - r**2))
    ordinary = t < 6
    np.testing.assert_allclose(
        np.abs(z)[ordinary], stats.norm.isf(stats.t.sf(t[ordinary], nu[ordinary] - 1)), rtol=0.12
    )
    assert images["z"].header.get_intent()[0] == "z score"
    assert images["p"].header.get_intent()[0] == "log10 p value"
    quality = pandas.read_csv(finished.derivatives / "qc.tsv", sep="\t")
    assert quality["effective_degrees_of_freedom"][0] == pytest.approx(np.median(nu), rel=1e-4)
    assert quality["null_seeds_5"].between(2, 9).all()


def test_fisher_z_and_the_sidecars_belong_to_the_map(finished):
    r, z = a_map(finished, "pearsoncorrelation"), a_map(finished, "fisherz")
    assert r.get_data_dtype() == z.get_data_dtype() == np.float32
    np.testing.assert_allclose(z.affine, nibabel.load(inputs(finished)["bold"]).affine)
    np.testing.assert_allclose(np.tanh(np.asarray(z.dataobj)), np.asarray(r.dataobj), atol=1e-6)
    sidecar = json.loads((finished.run_folder("01") / f"{STEM}_seed-PCC_stat-fisherz_statmap.json").read_text())
    assert sidecar["RepetitionTime"] == 2.0
    assert sidecar["NumberOfVolumes"] == SMALL["volumes"]
    assert sidecar["Cleaning"]["confounds"] == CONFOUNDS
    assert sidecar["Cleaning"]["confounds_first_row_filled"] == ["framewise_displacement"]
    assert sidecar["Seed"]["coverage"] == 1
    assert sidecar["Range"][1] == pytest.approx(np.asarray(z.dataobj).max(), rel=1e-6)
    nu = np.asarray(a_map(finished, "nu").dataobj)
    nu = nu[nu != 0]
    assert sidecar["DegreesOfFreedom"] == pytest.approx(np.median(nu))
    assert sidecar["StandardError"] == pytest.approx(1 / np.sqrt(np.median(nu) - 2))
    assert sidecar["StandardErrorRange"] == pytest.approx([1 / np.sqrt(nu.max() - 2), 1 / np.sqrt(nu.min() - 2)])


def test_the_report_is_offline_and_has_every_figure_with_labels(finished):
    page = (finished.path / "results/report.html").read_text()
    assert "Seed-to-voxel correlation maps" in page
    assert len(set(re.findall(r"data:image/png;charset=utf8;filename=([^;]+);base64", page))) == 2 * (5 + 7)
    for label in ("Maps", "Time series", "subject", "task", "seed", "PCC"):
        assert label in page
    assert not re.search(r"<(?:script|link)[^>]+(?:src|href)=.https?://", page)


def test_editing_a_module_reruns_the_jobs_that_use_it_and_no_others(finished):
    module = finished.path / "workflow/scripts/seed_to_voxel/figures/style.py"
    text = module.read_text()
    try:
        module.write_text(text + "\n# edited\n")
        printed = finished.snakemake("-n", "--configfile", "study.yaml").stdout
    finally:
        module.write_text(text)
    assert re.search(r"^draw_figures +2$", printed, re.MULTILINE)
    assert not re.search(r"^extract_seeds ", printed, re.MULTILINE)
    # The explorer of the one run that has it is made anew too, of series that are not kept.
    for rule in ("explore_run", "extract_voxels", "correlate", "fisher_z"):
        assert re.search(rf"^{rule} +1$", printed, re.MULTILINE), rule


def test_another_threshold_draws_figures_anew_and_computes_nothing(finished):
    config = yaml.safe_load((finished.path / "study.yaml").read_text())
    finished.write_config("other.yaml", **{**config, "maps": {"threshold": 0.3}})
    printed = finished.snakemake("-n", "--configfile", "other.yaml").stdout
    assert re.search(r"^draw_figures +2$", printed, re.MULTILINE)
    assert not re.search(r"^(extract_seeds|extract_voxels|correlate|fisher_z|explore_run) ", printed, re.MULTILINE)


def test_another_limit_to_warn_at_measures_nothing(finished):
    config = yaml.safe_load((finished.path / "study.yaml").read_text())
    finished.write_config("other.yaml", **config, quality={"warn": {"max_mean_fd": 0.01}})
    printed = finished.snakemake("-n", "--configfile", "other.yaml").stdout
    assert re.search(r"^summarise_quality +1$", printed, re.MULTILINE)
    assert not re.search(r"^(extract_seeds|extract_voxels|correlate|draw_figures) ", printed, re.MULTILINE)


def test_one_figure_can_be_made_alone_and_leaves_the_report_as_it_is(finished):
    figure = finished.run_folder("02") / f"sub-02_task-rest_space-{SPACE}_seed-PCC_timeseries.pdf"
    report = finished.path / "results/report.html"
    before = report.stat().st_mtime_ns
    figure.unlink()
    finished.snakemake(figure.relative_to(finished.path), "--configfile", "study.yaml")
    assert figure.is_file()
    assert report.stat().st_mtime_ns == before


def test_a_file_that_went_missing_is_made_again_by_its_job_alone(finished):
    folder = finished.run_folder("02")
    gone = [
        folder / f"sub-02_task-rest_space-{SPACE}_seed-PCC_stat-fisherz_statmap.json",
        folder / f"sub-02_task-rest_space-{SPACE}_seed-PCC_desc-networks_table.tsv",
        folder / f"sub-02_task-rest_space-{SPACE}_desc-quality_metrics.json",
    ]
    for path in gone:
        path.unlink()
    printed = finished.snakemake("-n", "--configfile", "study.yaml").stdout
    for rule in ("extract_voxels", "correlate", "fisher_z", "draw_figures"):
        assert re.search(rf"^{rule} +1$", printed, re.MULTILINE)
    assert not re.search(r"^(simulate_run|extract_seeds) ", printed, re.MULTILINE)
    finished.snakemake("--configfile", "study.yaml")
    assert all(path.is_file() for path in gone)
    assert "Nothing to be done" in finished.snakemake("--configfile", "study.yaml").stdout


def test_the_default_mode_network_of_the_truth_is_found(finished):
    """Mean z in the default-mode nodes exceeds that in every other network by 0.2, over the cohort."""
    means = {}
    for subject in ("01", "02"):
        files = inputs(finished, subject)
        labels = np.asarray(nibabel.load(files["networks"]).dataobj)
        z = np.asarray(a_map(finished, "fisherz", subject=subject).dataobj)
        with open(files["names"]) as table:
            for row in csv.DictReader(table, delimiter="\t"):
                means.setdefault(row["network"], []).append(z[labels == int(row["index"])].mean())
    means = {name: np.mean(values) for name, values in means.items()}
    default = means.pop("default")
    assert default > 0.4
    assert len(means) >= 4
    assert all(default - other > 0.2 for other in means.values()), means

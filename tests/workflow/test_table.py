"""The user's own files: parity and a planted correlation on a small crop of integers, and the trial data."""

import json
import os
from pathlib import Path

import nibabel
import numpy as np
import pytest
from conftest import absent
from crops import PLANTED, SEED, T_R, crop, r_map, study, whole_mask
from nilearn_way import correlate

from seed_to_voxel.cleaning import operators
from seed_to_voxel.connectivity import correlation
from seed_to_voxel.images import grid, nifti
from seed_to_voxel.series import passes


@pytest.mark.workflow
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_a_crop_of_integers_or_floats_agrees_with_nilearn(workspace, dtype):
    config = study(workspace, crop(dtype), smoothing_fwhm=6, mask=whole_mask(workspace))
    workspace.snakemake("--configfile", config, "--until", "fisher_z")
    expected, mask = correlate(workspace.path / "bold.nii.gz", [SEED], 8, T_R, mask=str(workspace.path / "mask.nii.gz"))
    assert np.abs(r_map(workspace)[mask] - expected[0]).max() < 1e-5


@pytest.mark.workflow
def test_a_planted_correlation_is_recovered_within_its_standard_error(workspace):
    config = study(workspace, crop(np.int16), mask=whole_mask(workspace))
    workspace.snakemake("--configfile", config, "--until", "fisher_z")
    sidecar = workspace.run_folder("S1") / "sub-S1_task-rest_space-MNI_seed-PCC_stat-fisherz_statmap.json"
    error = json.loads(sidecar.read_text())["StandardError"]
    z = correlation.fisher_z(r_map(workspace)[7:])
    assert z.mean() == pytest.approx(np.arctanh(PLANTED), abs=2 * error)
    assert z.std() == pytest.approx(error, rel=0.35)
    assert not (workspace.path / "results/inputs").exists(), "the user's files were copied"


REGIONS = {
    "RAud": [0.3115, 0.2889, -0.0413, -0.0643, 0.1220, 0.0267],
    "ROcc": [-0.0520, -0.0527, 0.3632, 0.4101, -0.0790, 0.0423],
}
"""Mean r in the six regions by nilearn 0.14.1, which cuts the spheres' means of this int16 run to integers."""

EXACT = {
    "RAud": [0.3126, 0.2894, -0.0420, -0.0643, 0.1224, 0.0253],
    "ROcc": [-0.0530, -0.0526, 0.3650, 0.4080, -0.0811, 0.0366],
}
"""The same by nilearn from the same values as float32."""

SEEDS = {"RAud": (54, -16, 3), "ROcc": (28, -88, -3)}


@pytest.fixture(scope="module")
def trial_data():
    folder = os.environ.get("SEED_TO_VOXEL_REAL_DATA")
    if not folder or not Path(folder, "bold.nii.gz").is_file():
        absent("real", "SEED_TO_VOXEL_REAL_DATA names no folder with bold.nii.gz, brain_mask.nii.gz and regions.nii.gz")
    return Path(folder)


@pytest.fixture(scope="module")
def regions(trial_data):
    labels = np.asarray(nibabel.load(trial_data / "regions.nii.gz").dataobj)
    return [labels == label for label in range(1, 7)]


def real_study(workspace, trial_data, seeds):
    row = {
        "subject": "S1",
        "task": "localiser",
        "space": "MNI",
        "bold": trial_data / "bold.nii.gz",
        "mask": trial_data / "brain_mask.nii.gz",
        "t_r": 2.4,
    }
    (workspace.path / "runs.tsv").write_text("\t".join(row) + "\n" + "\t".join(map(str, row.values())) + "\n")
    lines = ["label\tx\ty\tz\tradius_mm", *("\t".join(map(str, (label, *xyz, 8))) for label, xyz in seeds.items())]
    (workspace.path / "seeds.tsv").write_text("\n".join(lines) + "\n")
    return workspace.write_config(
        dataset={"kind": "table", "table": {"runs": "runs.tsv"}},
        seeds="seeds.tsv",
        cleaning={"smoothing_fwhm": None, "confounds": []},
        maps={"threshold": 0.3},
    )


@pytest.mark.real
@pytest.mark.workflow
def test_seeds_of_a_real_run_find_their_mirror_regions(workspace, trial_data, regions):
    workspace.snakemake("--configfile", real_study(workspace, trial_data, SEEDS))
    for label, expected in EXACT.items():
        r = r_map(workspace, label, "localiser")
        means = [np.nanmean(r[region]) for region in regions]
        np.testing.assert_allclose(means, expected, atol=1e-4)
    assert (workspace.path / "results/report.html").is_file()


@pytest.mark.real
def test_cutting_the_spheres_means_to_integers_gives_the_numbers_of_nilearns_defaults(trial_data, regions):
    image = nifti.load_run(trial_data / "bold.nii.gz")
    mask = nifti.load_mask(trial_data / "brain_mask.nii.gz", image)
    spheres = [grid.sphere_voxels(xyz, 8, image.affine, image.shape[:3]) for xyz in SEEDS.values()]
    operator = operators.cleaning_operator(image.shape[3], 2.4, True, 0.01, 0.1)
    seeds = operators.clean_seeds(operator, np.trunc(passes.scan(image, spheres).seed_series))
    r = correlation.pearson(seeds, passes.read_voxels(image, mask, None, operator).series)
    for values, expected in zip(r, REGIONS.values(), strict=True):
        volume = np.zeros(mask.shape)
        volume[mask] = values
        np.testing.assert_allclose([volume[region].mean() for region in regions], expected, atol=1e-4)


@pytest.mark.real
@pytest.mark.workflow
def test_the_default_seed_is_refused_where_the_run_has_no_data(workspace, trial_data):
    config = real_study(workspace, trial_data, {"PCC": (0, -52, 18)})
    done = workspace.snakemake("--configfile", config, check=False)
    assert done.returncode != 0
    assert "the seed 'PCC' at (0, -52, 18) mm with a radius of 8 mm has no voxel in the brain mask" in done.stdout
    assert "32.4 mm away" in done.stdout
    assert not list(workspace.run_folder("S1").glob("*.nii.gz"))

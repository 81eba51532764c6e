"""What a run lacks: volumes without any value, single values, voxels of a seed outside of the brain."""

import json

import extract_seeds
import nibabel
import numpy as np
import pytest

from seed_to_voxel.base import tables
from seed_to_voxel.base.errors import UnusableRunError
from seed_to_voxel.inputs import simulation
from seed_to_voxel.series import passes
from seed_to_voxel.statistics import significance

CLEANING = {
    "detrend": True,
    "filter": "auto",
    "high_pass": 0.01,
    "low_pass": 0.1,
    "confounds": [],
    "dummy_scans": 0,
    "scrubbing": {"fd_threshold": None, "std_dvars_threshold": None, "min_segment": 1, "max_gap": 5},
    "seed_smoothing_fwhm": None,
    "seeds_in_mask": True,
    "min_seed_coverage": 0.5,
    "undefined_volumes": "refuse",
}
PCC = {"label": "PCC", "x": 0, "y": -52, "z": 18, "radius_mm": 8, "name": "PCC"}
MPFC = {"label": "MPFC", "x": 0, "y": 50, "z": 0, "radius_mm": 8, "name": "MPFC"}
OUTPUTS = {
    **{"series": "seeds.tsv", "raw_series": "raw.tsv", "voxels": "voxels.tsv", "operator": "operator.npy"},
    **{"mask": "mask.nii.gz", "mean": "mean.nii.gz", "motion": "motion.tsv"},
    **{"mask_sidecar": "mask.json", "sidecar": "seeds.json"},
}
LOST = [7, 8, 31]


@pytest.fixture(scope="module")
def run():
    return simulation.simulate_run(0, 3, 8.0, 60, 2.0)


@pytest.fixture
def extract(tmp_path, run):
    def main(data=None, mask=None, seeds=(PCC, MPFC), **cleaning):
        if data is None:
            data = run.bold.get_fdata(dtype=np.float32)
        for name, values in {"bold": data, "brain": mask.astype(np.uint8)}.items():
            image = nibabel.Nifti1Image(values, run.bold.affine)
            image.set_sform(image.affine, "mni")
            nibabel.save(image, tmp_path / f"{name}.nii")
        outputs = {key: str(tmp_path / name) for key, name in OUTPUTS.items()}
        extract_seeds.main(
            bold=str(tmp_path / "bold.nii"),
            seeds=list(seeds),
            options={**CLEANING, **cleaning},
            t_r=2.0,
            outputs=outputs,
            datasets={},
            space="MNI",
            mask=str(tmp_path / "brain.nii"),
        )
        series = np.array(tables.read_numbers(outputs["series"])[1])
        return series, json.loads((tmp_path / "seeds.json").read_text()), np.load(outputs["operator"])

    return main


@pytest.fixture(scope="module")
def brain(run):
    return run.bold.get_fdata(dtype=np.float32)[..., 0] > 100


def with_lost_volumes(run):
    data = run.bold.get_fdata(dtype=np.float32).copy()
    data[..., LOST] = np.nan
    data[..., LOST[-1]] = np.inf
    return data


def test_a_run_with_volumes_without_a_value_is_refused_by_name(extract, run, brain):
    with pytest.raises(
        UnusableRunError, match=r"bold.nii: no voxel has a value .* in 3 of 60 volumes: 8, 9, 32, .*censor"
    ):
        extract(with_lost_volumes(run), brain)


def test_such_volumes_are_censored_where_the_config_says_so(extract, run, brain):
    series, described, operator = extract(with_lost_volumes(run), brain, undefined_volumes="censor")
    assert described["CensoredVolumes"] == described["UndefinedVolumes"] == LOST
    assert described["CensoringReasons"]["undefined"] == 3
    assert described["Cleaning"]["filter"] == "fourier" and described["UndefinedValues"] == 0
    assert np.abs(operator[:, LOST]).max() < 1e-12
    # What stood in these volumes has no say: any other numbers there give the same series.
    data = with_lost_volumes(run)
    data[..., LOST] = 1e4 * np.random.default_rng(0).random((*data.shape[:3], len(LOST)), dtype=np.float32)
    raw = np.column_stack([data[tuple(sphere(run, seed, brain).T)].mean(axis=0) for seed in (PCC, MPFC)])
    expected = operator @ raw.astype(float)
    expected = (expected - expected.mean(axis=0)) / expected.std(axis=0, ddof=1)
    np.testing.assert_allclose(series, expected, atol=2e-4)


def sphere(run, seed, brain):
    """Voxels whose centres lie in a seed's sphere and in the brain."""
    voxels = np.argwhere(brain)
    places = nibabel.affines.apply_affine(run.bold.affine, voxels)
    near = np.linalg.norm(places - [seed[axis] for axis in "xyz"], axis=1) <= seed["radius_mm"]
    return voxels[near]


def test_single_values_are_counted_and_said_but_not_what_is_nan_throughout(extract, run, brain):
    data = run.bold.get_fdata(dtype=np.float32).copy()
    data[~brain] = np.nan
    *_, described, _ = extract(data, brain)
    assert described["UndefinedValues"] == 0 and described["UndefinedVolumes"] == []
    inside = np.argwhere(brain)[:5]
    data[(*inside.T, np.full(5, 3))] = np.nan
    data[(*inside[:2].T, np.full(2, 40))] = -np.inf
    *_, described, _ = extract(data, brain)
    assert described["UndefinedValues"] == 7


def test_a_peak_has_no_map_where_its_reference_has_none():
    pcc, near, far = ({"label": label, "coverage": share} for label, share in (("PCC", 0.2), ("M1", 1.0), ("V1", 0.5)))
    peak = {"label": "peak", "coverage": 1.0, "reference": "PCC"}
    own, none, bound, of_reference = passes.exclusions([pcc, near, far, peak], 0.5)
    assert own == "20 % of its voxels lie in the brain mask, expected at least 50 % (cleaning.min_seed_coverage)"
    assert none is None and bound is None
    assert of_reference == f"its reference PCC has no map: {own}"
    assert passes.exclusions([pcc, peak], 0) == [None, None]


def test_a_seed_that_the_brain_mask_hardly_covers_has_no_map_and_says_why(extract, run, brain):
    cut = brain.copy()
    own = sphere(run, MPFC, brain)
    cut[tuple(own[: -(-2 * len(own) // 3)].T)] = False
    series, described, operator = extract(mask=cut)
    pcc, mpfc = described["Seeds"]
    assert "excluded" not in pcc and np.isfinite(series[:, 0]).all()
    assert "expected at least 50 % (cleaning.min_seed_coverage)" in mpfc["excluded"]
    assert np.isnan(series[:, 1]).all()
    # With a limit below, it has the mean of what is left of it.
    again, described, _ = extract(mask=cut, min_seed_coverage=0.1)
    assert np.isfinite(again).all() and "excluded" not in described["Seeds"][1]
    np.testing.assert_array_equal(again[:, 0], series[:, 0])

    rng = np.random.default_rng(1)
    voxels = operator @ rng.standard_normal((60, 40))
    r = np.vstack([np.corrcoef(series[:, 0], voxels.T)[0, 1:], np.full(40, np.nan)]).astype(np.float32)
    raw = rng.standard_normal((60, 2))
    found = significance.of_run(operator, np.ones(60, dtype=bool), series, voxels, r, raw, 20)
    alone = significance.of_run(operator, np.ones(60, dtype=bool), series[:, :1], voxels, r[:1], raw[:, :1], 20)
    np.testing.assert_array_equal(found.z[0], alone.z[0])
    assert np.isnan(found.z[1]).all() and np.isnan(found.nu[1]).all()
    assert found.check.shares == alone.check.shares
    none = significance.of_run(operator, np.ones(60, dtype=bool), series[:, 1:], voxels, r[1:], raw[:, 1:], 20)
    assert np.isnan(none.z).all() and none.check.shares == (None, None, None)

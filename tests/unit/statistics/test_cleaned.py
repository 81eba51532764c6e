"""The reader of a cleaned run: each file when it is asked for, and what follows from several."""

import nibabel
import numpy as np
import pytest

from seed_to_voxel.base import provenance
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.statistics import bursts, cleaned


@pytest.fixture
def made(tmp_path):
    """A run of five volumes and 3 x 3 x 3 voxels of 4 mm, of which one is not brain; a seed in a corner."""
    mask = np.ones((3, 3, 3), dtype=np.uint8)
    mask[2, 2, 2] = 0
    files = {
        name: str(tmp_path / name) for name in ("seeds", "seed_voxels", "motion", "seeds_sidecar", "voxels_sidecar")
    }
    files |= {"mask": str(tmp_path / "mask.nii.gz"), "voxels": str(tmp_path / "voxels.npy")}
    nibabel.save(nibabel.Nifti1Image(mask, np.diag([4.0, 4, 4, 1])), files["mask"])
    np.save(files["voxels"], np.arange(5 * 26, dtype=np.float32).reshape(5, 26))
    (tmp_path / "seeds").write_text("A\tB\n1\tn/a\n2\tn/a\n0\tn/a\n1\tn/a\n")
    (tmp_path / "seed_voxels").write_text("seed\ti\tj\tk\tin_mask\nA\t0\t0\t0\t1\n")
    (tmp_path / "motion").write_text("framewise_displacement\tstd_dvars\tkept\n" + "0\t1\t1\n" * 4 + "0\t4\t1\n")
    seeds = [{"label": "A"}, {"label": "B"}]
    run = {"NumberOfVolumes": 5, "CensoredVolumes": [3], "Seeds": seeds, "SeedSmoothing": 3}
    provenance.write_json(files["seeds_sidecar"], run)
    provenance.write_json(files["voxels_sidecar"], {"smoothing_fwhm": None})
    return files


def test_what_lies_in_the_files(made):
    run = cleaned.CleanedRun(made)
    assert run.labels == ["A", "B"] and run.kept.tolist() == [True, True, True, False, True]
    assert run.seeds.shape == (4, 2) and np.isnan(run.seeds[:, 1]).all()
    # Left in its file.
    assert isinstance(run.series.base, np.memmap) and run.series.shape == (5, 26) and run.brain.sum() == 26
    # Two widths of 3 mm: only what is a voxel away, 4 mm or sqrt(32), is alike by smoothing.
    assert run.reach == 6
    places = np.argwhere(run.brain)
    np.testing.assert_array_equal(run.tested(["A"]), 4 * np.linalg.norm(places, axis=1) > 6)


def test_files_that_are_not_asked_for_may_be_missing(made):
    only = {name: made[name] for name in ("seeds_sidecar",)}
    assert cleaned.CleanedRun(only).labels == ["A", "B"]


def test_noise_swells_with_dvars_where_it_is_to(made, tmp_path):
    assert cleaned.CleanedRun(made).swelling(False) is None
    found = cleaned.CleanedRun(made).swelling(True)
    np.testing.assert_array_equal(found, bursts.deviations(np.array([1.0, 1, 1, 1, 4])))
    (tmp_path / "motion").write_text("framewise_displacement\tstd_dvars\tkept\n" + "0\tn/a\t1\n" * 5)
    with pytest.raises(InputError, match="seeds_sidecar: the run's confounds table has no std_dvars"):
        cleaned.CleanedRun(made).swelling(True)

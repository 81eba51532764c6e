"""The brain of a run without a mask, against nilearn's."""

import nibabel
import numpy as np
import pytest
from nilearn.masking import compute_background_mask

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.series import passes

SHAPE = (12, 11, 9)


def mean_of(kind):
    """Means of a run over time, with all that its border may be like."""
    rng = np.random.default_rng(7)
    mean = np.zeros(SHAPE)
    mean[3:9, 2:8, 3:7] = rng.uniform(500, 900, (6, 6, 4))
    if kind == "not zero":
        mean[mean == 0] = -3.25
    if kind == "nan":
        mean[mean == 0] = np.nan
    if kind == "nan in the middle":
        mean[5, 5, 5] = np.nan
    if kind == "brain at the border":
        mean[3:9, :5, 3:7] = 700
    if kind == "noise at the border":
        # More of the border is noise than not; voxels at its edges count in both planes.
        mean[:, :, :2] = mean[:, :2] = mean[:, -2:] = rng.uniform(0, 1)
        mean[1, 1, 1] = 0
    if kind == "thin":
        mean = mean[:, :, 4:7]
    return mean


@pytest.mark.parametrize(
    "kind", ["zero", "not zero", "nan", "nan in the middle", "brain at the border", "noise at the border", "thin"]
)
def test_the_background_is_nilearns(kind):
    mean = mean_of(kind)
    expected = np.asarray(compute_background_mask(nibabel.Nifti1Image(mean, np.eye(4))).dataobj) != 0
    assert 0 < expected.sum() < expected.size
    np.testing.assert_array_equal(passes.background_mask(mean, nibabel.Nifti1Image(mean, np.eye(4))), expected)


def test_an_image_of_one_value_has_no_brain(tmp_path):
    nibabel.Nifti1Image(np.full((*SHAPE, 2), 7.0), np.eye(4)).to_filename(tmp_path / "bold.nii")
    with pytest.raises(InputError, match=r"bold\.nii: no brain was found, every voxel's mean equals the border's"):
        passes.background_mask(np.full(SHAPE, 7.0), nibabel.load(tmp_path / "bold.nii"))

"""Maps on another grid, beside nilearn's own resampling."""

import nibabel
import numpy as np
import pytest
from nilearn.image import resample_img

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.images import alignment, layouts, resampling

AFFINE = np.array([[4.0, 0, 0, -20], [0, 4, 0, -24], [0, 0, 4, -16], [0, 0, 0, 1]])
COARSE = np.array([[5.0, 0, 0, -15], [0, 5, 0, -19], [0, 0, 5, -11], [0, 0, 0, 1]])


def test_values_are_nilearn_s_where_all_around_are_defined():
    values = np.random.default_rng(0).standard_normal((11, 12, 10))
    found = resampling.resample(values, AFFINE, (6, 7, 5), COARSE)
    image = nibabel.Nifti1Image(values, AFFINE)
    expected = resample_img(image, COARSE, (6, 7, 5), interpolation="linear", copy_header=True, force_resample=True)
    np.testing.assert_allclose(found, expected.get_fdata(), atol=1e-6)


def test_undefined_voxels_do_not_pull_their_neighbours():
    values = np.full((11, 12, 10), 3.0)
    values[5, 6, 4] = np.nan
    found = resampling.resample(values, AFFINE, values.shape, AFFINE)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    shifted = AFFINE.copy()
    shifted[:3, 3] += 1
    found = resampling.resample(values, AFFINE, (10, 11, 9), shifted)
    assert np.isnan(found).sum() == 0 or np.nanmin(found) == pytest.approx(3)
    assert np.nanmax(np.abs(found - 3)) < 1e-12


def test_one_grid_is_left_as_it_is_and_others_are_refused_by_name():
    values = np.random.default_rng(1).standard_normal((5, 6, 4))
    image, other = nibabel.Nifti1Image(values, AFFINE), nibabel.Nifti1Image(values, COARSE)
    inside = np.where(values > 0, values, np.nan)
    one, another = layouts.Volume(image), layouts.Volume(other)
    np.testing.assert_array_equal(alignment.onto(one, inside, one), inside)
    with pytest.raises(
        InputError, match=r"sub-2/run is on another grid than sub-1/run: 5 x 6 x 4 voxels of 5 x 5 x 5 mm"
    ):
        resampling.refuse_unless(False, "sub-2/run", other, "sub-1/run", image)
    resampling.refuse_unless(True, "sub-2/run", other, "sub-1/run", image)
    assert alignment.onto(another, inside, one).shape == (5, 6, 4)

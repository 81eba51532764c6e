"""Peaks of a map with what chance would make of them."""

import nibabel
import numpy as np
import pandas
import pytest
import scipy.stats

from seed_to_voxel.statistics import peaks


def test_peaks_have_the_z_of_their_voxel():
    rng = np.random.default_rng(0)
    affine = np.array([[-3.0, 0, 0, 60], [0, 3, 0, -90], [0, 0, 3, -60], [0, 0, 0, 1]])
    z = rng.standard_normal((20, 22, 18)).astype(np.float32)
    voxels = np.array([[3, 4, 5], [0, 21, 17]])
    z[3, 4, 5], z[0, 21, 17] = 5.5, np.nan
    points = voxels @ affine[:3, :3].T + affine[:3, 3]
    table = pandas.DataFrame({"cluster": ["1", "2"], **dict(zip("xyz", points.T, strict=True)), "peak_r": [0.7, 0.6]})
    found = peaks.with_z(table, nibabel.Nifti1Image(z, affine))
    assert list(found) == ["cluster", "x", "y", "z", "peak_r", "peak_z", "minus_log10_p"]
    assert found["peak_z"][0] == 5.5 and np.isnan(found["peak_z"][1])
    assert 10 ** -found["minus_log10_p"][0] == pytest.approx(2 * scipy.stats.norm.sf(5.5), rel=1e-4)
    assert peaks.with_z(table[:0], nibabel.Nifti1Image(z, affine)).empty

"""A run that gives the numbers which the published example printed, built without this project.

The real subject's data may not be redistributed. This run has its grid, its number of volumes, and a brain of as many
voxels. In it, every voxel of the positive region is the seed's course and noise of its own; voxels of the negative
region have the course with its sign turned. How much noise and how much of the turned course there is follows from the
printed extremes of r: scipy smooths, nilearn cleans, and two roots are found.
"""

from typing import NamedTuple

import nibabel
import numpy as np
import pandas
from nilearn.datasets import load_mni152_brain_mask
from nilearn.image import resample_to_img
from nilearn.signal import clean
from scipy.ndimage import gaussian_filter
from scipy.optimize import brentq

SHAPE, T, T_R = (50, 59, 50), 168, 2.0
AFFINE = np.array([[4.0, 0, 0, -96], [0, 4, 0, -132], [0, 0, 4, -78], [0, 0, 0, 1]])
CONFOUNDS = (
    *("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z", "framewise_displacement"),
    *(f"a_comp_cor_{number:02d}" for number in range(6)),
    *("csf", "white_matter"),
)
SEED, RADIUS, FWHM = (0, -52, 18), 8, 6
NEGATIVE = (0, 40, 30)
N_VOXELS, R_MIN, R_MAX = 32504, -0.646, 0.9597
"""As printed; the largest r between the printed 0.960 and that of the printed largest z, tanh(1.941) = 0.9596."""

BASELINE, UNIT = 9000, 60
"""Intensities of the voxels' means, and of a standard deviation of the noise."""


class StandIn(NamedTuple):
    """A run and its confounds."""

    bold: nibabel.Nifti1Image
    confounds: pandas.DataFrame


def brain():
    """The voxels of a brain, as many as were printed: those that lie deepest in nilearn's, blurred."""
    empty = nibabel.Nifti1Image(np.zeros(SHAPE, dtype=np.float32), AFFINE)
    inside = resample_to_img(load_mni152_brain_mask(), empty, interpolation="nearest").get_fdata()
    depth = gaussian_filter(inside, 2.0)
    mask = np.zeros(SHAPE, dtype=bool)
    mask.flat[np.argsort(-depth, axis=None, kind="stable")[:N_VOXELS]] = True
    return mask


def near(centre, radius):
    """Voxels not further from a place than so many mm."""
    places = np.moveaxis(np.indices(SHAPE), 0, -1) @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    return np.linalg.norm(places - centre, axis=-1) <= radius


def smoothed(volume):
    """As nilearn's `smooth_img` smooths: a Gaussian of `FWHM` mm."""
    return gaussian_filter(volume, FWHM / (4 * np.sqrt(8 * np.log(2))))


def make():
    """Build the run.

    Returns
    -------
    StandIn
    """
    rng = np.random.default_rng(18)
    mask = brain()
    confounds = pandas.DataFrame(rng.standard_normal((T, len(CONFOUNDS))), columns=CONFOUNDS)
    course = rng.standard_normal(T)
    noise = np.zeros((T, *SHAPE), dtype=np.float32)
    noise[:, mask] = rng.standard_normal((T, N_VOXELS))

    def cleaned(series):
        options = {"detrend": True, "low_pass": 0.1, "high_pass": 0.01, "t_r": T_R, "butterworth__copy": True}
        series = clean(series.astype(float), confounds=confounds.to_numpy(), standardize=None, **options)
        return series - series.mean(axis=0)

    positive, negative = mask & near(SEED, 16), mask & near(NEGATIVE, 12)
    sphere = near(SEED, RADIUS)
    course_cleaned = cleaned(course[:, None])[:, 0]
    noise_of_seed = cleaned(noise[:, sphere].mean(axis=1)[:, None])[:, 0]
    noise_of_voxels = cleaned(np.array([smoothed(volume)[mask] for volume in noise]))
    share = {region: smoothed(voxels.astype(float))[mask] for region, voxels in (("+", positive), ("-", negative))}

    def r(strength, turned):
        """Of all voxels with the seed: the course is so many times the noise, and so many times turned."""
        seed = strength * course_cleaned + noise_of_seed
        voxels = noise_of_voxels + np.outer(course_cleaned, strength * share["+"] - turned * share["-"])
        return seed @ voxels / np.sqrt((seed @ seed) * np.einsum("tv,tv->v", voxels, voxels))

    # Far from each other, the two regions' extremes do not meet.
    strength = brentq(lambda value: r(value, 0).max() - R_MAX, 0.1, 5, xtol=1e-6)
    turned = brentq(lambda value: r(strength, value).min() - R_MIN, 0, 5, xtol=1e-6)

    series = noise
    series += course[:, None, None, None].astype(np.float32) * (strength * positive - turned * negative)
    data = np.where(mask, np.rint(BASELINE + UNIT * series), 0).astype(np.int16)
    image = nibabel.Nifti1Image(np.moveaxis(data, 0, -1), AFFINE)
    image.header.set_xyzt_units("mm", "sec")
    image.header.set_zooms((4, 4, 4, T_R))
    return StandIn(image, confounds)

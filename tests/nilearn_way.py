"""The published example as nilearn computes it, to hold the workflow against."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from nibabel import Nifti1Image
from nilearn.maskers import NiftiMasker, NiftiSpheresMasker
from scipy.interpolate import CubicSpline


def read_confounds(path, columns):
    """Read columns of a table as nilearn's loaders do: the first row's gaps take the second row's values."""
    table = pd.read_csv(path, sep="\t")[list(columns)]
    table.iloc[0] = table.iloc[0].fillna(table.iloc[1])
    return table.to_numpy()


def correlate(
    bold,
    seeds,
    radius,
    t_r,
    confounds=None,
    smoothing_fwhm=6,
    mask=None,
    seeds_dtype="float32",
    sample_mask=None,
    seeds_mask=None,
    **cleaning,
):
    """Correlate with nilearn's maskers, with the example's arguments.

    `bold` is an image or the path of one. `seeds_dtype` is float, since nilearn 0.14.1 cuts the mean of a sphere to
    an integer where the image holds integers; None gives that behaviour. `seeds_mask` cuts the seeds' spheres.

    Returns
    -------
    r : numpy.ndarray of shape (n_seeds, n_voxels)
    mask : numpy.ndarray of bool, shape (x, y, z)
    """
    options = {
        "detrend": True,
        "standardize": "zscore_sample",
        "standardize_confounds": True,
        "low_pass": 0.1,
        "high_pass": 0.01,
        "t_r": t_r,
        # The same values, filtered in place.
        "clean_args": {"butterworth__copy": True},
        **cleaning,
    }
    bold = str(bold) if isinstance(bold, Path) else bold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spheres = NiftiSpheresMasker(
            seeds, radius=radius, mask_img=seeds_mask, allow_overlap=True, dtype=seeds_dtype, **options
        )
        brain = NiftiMasker(mask_img=mask, smoothing_fwhm=smoothing_fwhm, **options)
        given = {"confounds": confounds, "sample_mask": sample_mask}
        s = spheres.fit_transform(bold, **given).astype(float)
        v = brain.fit_transform(bold, **given).astype(float)
    s -= s.mean(axis=0)
    v -= v.mean(axis=0)
    r = (s.T @ v) / np.sqrt((s**2).sum(axis=0)[:, None] * (v**2).sum(axis=0))
    return r, np.asarray(brain.mask_img_.dataobj) != 0


def left_of(bold, confounds, kept):
    """What censoring leaves of a run, for nilearn.

    Censored volumes at the ends are cut off; those inside are interpolated from the kept ones by scipy, in all voxels
    and confounds. nilearn 0.14.1 would do this itself, but misses volumes whose mirror volume is censored too.

    Returns
    -------
    bold : nibabel.Nifti1Image
        In double precision: nilearn smooths integers to integers.
    confounds : numpy.ndarray
    sample_mask : numpy.ndarray of int
        Of the kept volumes among those that are left.
    """
    kept = np.asarray(kept)
    every = np.arange(kept[0], kept[-1] + 1)
    data, table = (
        CubicSpline(kept, values[..., kept], axis=-1)(every)
        for values in (bold.get_fdata(dtype=np.float64), np.asarray(confounds, dtype=float).T)
    )
    return Nifti1Image(data, bold.affine), table.T, kept - kept[0]

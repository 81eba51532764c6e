"""The published example as nilearn computes it, to hold the workflow against."""

import warnings

import numpy as np
import pandas as pd
from nilearn.maskers import NiftiMasker, NiftiSpheresMasker


def read_confounds(path, columns):
    """Read columns of a table as nilearn's loaders do: the first row's gaps take the second row's values."""
    table = pd.read_csv(path, sep="\t")[list(columns)]
    table.iloc[0] = table.iloc[0].fillna(table.iloc[1])
    return table.to_numpy()


def correlate(bold, seeds, radius, t_r, confounds=None, smoothing_fwhm=6, mask=None, seeds_dtype="float32", **band):
    """Correlate with nilearn's maskers, with the example's arguments.

    `seeds_dtype` is float, since nilearn 0.14.1 cuts the mean of a sphere to an integer where the image holds
    integers; None gives that behaviour.

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
        **band,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spheres = NiftiSpheresMasker(seeds, radius=radius, allow_overlap=True, dtype=seeds_dtype, **options)
        brain = NiftiMasker(mask_img=mask, smoothing_fwhm=smoothing_fwhm, **options)
        s = spheres.fit_transform(str(bold), confounds=confounds).astype(float)
        v = brain.fit_transform(str(bold), confounds=confounds).astype(float)
    s -= s.mean(axis=0)
    v -= v.mean(axis=0)
    r = (s.T @ v) / np.sqrt((s**2).sum(axis=0)[:, None] * (v**2).sum(axis=0))
    return r, np.asarray(brain.mask_img_.dataobj) != 0

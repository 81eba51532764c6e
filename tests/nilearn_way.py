"""The published example as nilearn computes it, to hold the workflow against."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from nilearn.maskers import NiftiMasker, NiftiSpheresMasker


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


def frequencies_outside(n_volumes, t_r, high_pass, low_pass, kept):
    """Sines and cosines outside of a band, for nilearn to regress out at the kept volumes.

    Their frequencies are those of the discrete Fourier transform from the first to the last kept volume.

    Returns
    -------
    numpy.ndarray of shape (n_volumes, n)
    """
    length, times = kept[-1] + 1 - kept[0], np.arange(n_volumes) - kept[0]
    cycles = [k for k in range(1, length // 2 + 1) if not high_pass <= k / (length * t_r) <= low_pass]
    phases = 2 * np.pi * np.outer(times, cycles) / length
    waves = np.concatenate([np.cos(phases), np.sin(phases)], axis=1)
    # At the Nyquist frequency there is no sine.
    return waves[:, np.abs(waves).max(axis=0) > 0.1]

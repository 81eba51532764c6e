"""What the sidecars of the maps say."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..base.provenance import versions
from .correlation import R_BOUND, fisher_z


def _range(values: np.ndarray) -> list[float | None]:
    """Smallest and largest defined value, or None where there is none."""
    values = values[np.isfinite(values)]
    return [float(values.min()), float(values.max())] if values.size else [None, None]


def correlation_sidecar(r: np.ndarray, seed: Mapping, run: Mapping, voxels: Mapping) -> dict[str, Any]:
    """Describe a map of Pearson's r.

    Parameters
    ----------
    r : numpy.ndarray of shape (n_voxels,)
    seed : dict
        The seed, with its coverage.
    run : dict
        Sidecar of the run's seed series.
    voxels : dict
        Facts of the run's voxel series.

    Returns
    -------
    dict
    """
    nu = run["DegreesOfFreedom"]
    return {
        "Description": f"Pearson correlation of the series of the seed {seed['label']} with every voxel's",
        "Units": "1 (correlation coefficient)",
        "Formula": "r = cov(seed, voxel) / (sd(seed) sd(voxel))",
        "Undefined": "NaN where a voxel in the mask is constant; 0 outside of the mask",
        "Seed": seed,
        "Range": _range(r),
        "NumberOfVoxels": int(r.size),
        "NumberOfUndefinedVoxels": int(np.isnan(r).sum()),
        "RepetitionTime": run["RepetitionTime"],
        "NumberOfVolumes": run["NumberOfVolumes"],
        "NumberOfVolumesKept": run["NumberOfVolumesKept"],
        "DegreesOfFreedom": nu,
        "Cleaning": {"smoothing_fwhm": voxels["smoothing_fwhm"], **run["Cleaning"]},
        "Mask": run["Mask"],
        "Sources": run["Sources"],
        "Software": run["Software"],
    }


def fisher_z_sidecar(described: Mapping, r_map: str) -> dict[str, Any]:
    """Describe a map of Fisher z from the sidecar of its map of r.

    Parameters
    ----------
    described : dict
    r_map : str
        BIDS URI of the map it was made from.

    Returns
    -------
    dict
    """
    nu = described["DegreesOfFreedom"]
    low, high = described["Range"]
    return {
        **described,
        "Description": (
            f"Fisher transform of the correlation with the seed {described['Seed']['label']}; no z-score: under "
            "independence its standard deviation is about StandardError"
        ),
        "Units": "1 (Fisher z)",
        "Formula": f"z = arctanh(r), |r| clipped at 1 - {1 - R_BOUND:.0e}",
        "Range": [None if value is None else float(fisher_z(value)) for value in (low, high)],
        "StandardError": float(1 / np.sqrt(nu - 2)),
        "Sources": [str(r_map)],
        "Software": versions("numpy", "nibabel"),
    }

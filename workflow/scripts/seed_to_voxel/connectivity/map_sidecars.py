"""What the sidecars of the maps say."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.provenance import versions
from .correlation import R_BOUND, fisher_z


def value_range(values: np.ndarray) -> list[float | None]:
    """Smallest and largest defined value, or None where there is none."""
    values = values[np.isfinite(values)]
    return [float(values.min()), float(values.max())] if values.size else [None, None]


def correlation_sidecar(r: np.ndarray, nu: np.ndarray, seed: Mapping, run: Mapping, voxels: Mapping) -> dict[str, Any]:
    """Describe a map of Pearson's r.

    Parameters
    ----------
    r, nu : numpy.ndarray of shape (n_voxels,)
        Correlations and their effective degrees of freedom.
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
    return {
        "Description": f"Pearson correlation of the series of the seed {seed['label']} with every voxel's",
        "Units": "1 (correlation coefficient)",
        "Formula": "r = cov(seed, voxel) / (sd(seed) sd(voxel))",
        "Undefined": "NaN where a voxel in the mask is constant; "
        + ("NaN where there are no data (the medial wall)" if "NumberOfVertices" in run else "0 outside of the mask"),
        "Seed": seed,
        "Range": value_range(r),
        "NumberOfVoxels": int(r.size),
        "NumberOfUndefinedVoxels": int(np.isnan(r).sum()),
        "RepetitionTime": run["RepetitionTime"],
        "NumberOfVolumes": run["NumberOfVolumes"],
        "NumberOfVolumesKept": run["NumberOfVolumesKept"],
        "LongestGap": run["LongestGap"],
        "DegreesOfFreedom": float(np.median(defined)) if (defined := nu[np.isfinite(nu)]).size else None,
        "DegreesOfFreedomRange": value_range(nu),
        "DegreesOfFreedomWhiteNoise": run["DegreesOfFreedomWhiteNoise"],
        "Cleaning": {
            **{name: voxels[name] for name in ("smoothing_fwhm", "smoothing_reached_fwhm") if name in voxels},
            **run["Cleaning"],
        },
        **{name: run[name] for name in ("NumberOfVertices", "NumberOfVerticesWithData", "AreaWeights") if name in run},
        "Mask": run["Mask"],
        "Sources": run["Sources"],
        "Software": run["Software"],
    }


def standard_error(nu: float | None) -> float | None:
    """Standard error of Fisher z with nu degrees of freedom, 1 / sqrt(nu - 2); None where there are too few."""
    return None if nu is None or nu <= 2 else 1 / math.sqrt(nu - 2)


def fisher_z_sidecar(described: Mapping, r_maps: Sequence[str]) -> dict[str, Any]:
    """Describe a map of Fisher z from the sidecar of its map of r.

    Parameters
    ----------
    described : dict
    r_maps : sequence of str
        BIDS URIs of the map it was made from.

    Returns
    -------
    dict
    """
    low, high = described["Range"]
    return {
        **described,
        "Description": (
            f"Fisher transform of the correlation with the seed {described['Seed']['label']}; no z-score: under "
            "independence its standard deviation is 1 / sqrt(nu - 2), StandardError with the median nu"
        ),
        "Units": "1 (Fisher z)",
        "Formula": f"z = arctanh(r), |r| clipped at 1 - {1 - R_BOUND:.0e}",
        "Range": [None if value is None else float(fisher_z(value)) for value in (low, high)],
        "StandardError": standard_error(described["DegreesOfFreedom"]),
        "StandardErrorRange": [standard_error(nu) for nu in reversed(described["DegreesOfFreedomRange"])],
        "Sources": list(r_maps),
        "Software": versions("numpy", "nibabel"),
    }

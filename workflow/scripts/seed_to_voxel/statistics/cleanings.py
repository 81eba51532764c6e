"""A run's maps after other cleanings, beside those of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..cleaning.operators import clean_seeds
from ..connectivity.correlation import fisher_z, pearson
from ..connectivity.map_sidecars import correlation_sidecar, fisher_z_sidecar
from ..series.passes import Smoothed
from ..study.cleanings import MAIN
from . import null, spectra
from .map_sidecars import median
from .significance import noise_of

SLAB = 2048
"""Voxels that are cleaned at once, as for the study's own cleaning, so that the same operator gives the same bits."""

COLUMNS = {
    "seed": "Label of the seed",
    "cleaning": f"Name of the cleaning; {MAIN} is the study's own, which everything else uses",
    "volumes_kept": "Volumes that the cleaning keeps",
    "nu_white": (
        "Degrees of freedom that the cleaning leaves to white noise, (sum s^2)^2 / sum s^4 over the singular values s "
        "of its operator"
    ),
    "nu": (
        "Effective degrees of freedom given the noise's own spectrum, 1 / E r^2 (docs/statistics.md), of the median "
        "voxel with this seed; the table of quality has the median over voxels and all seeds"
    ),
    "null_sd": "Standard deviation of r between a seed and a voxel that have nothing in common, 1 / sqrt(nu)",
    "critical_r": (
        "The |r| that a single voxel must exceed, two-sided at statistics.level and uncorrected, with nu. It supposes "
        "that r of unrelated voxels is 0 on average, which regression of the global signal does not leave so"
    ),
    "mean_r": "Mean of r over the voxels outside of the seed's reach",
    "share_negative": "Share of these voxels with r below 0",
    "similarity": (
        f"Correlation over these voxels of the map of Fisher z with that of {MAIN}. It says how alike the maps are, "
        "not which of them is right"
    ),
    "mean_abs_difference": f"Mean over these voxels of |z - z of {MAIN}|, Fisher z",
    "network": (
        "Network of the node of Dosenbach et al. (2010) nearest to the seed, where one lies within 10 mm of its centre"
    ),
    "specificity": (
        "Probability that the map (mean of Fisher z in spheres of 5 mm) is higher in a node of that network than in "
        "one of another, nodes near the seed left out: the area under the receiver operating characteristic, 0.5 by "
        "chance on average"
    ),
    "specificity_chance": (
        "95 % quantile of the same over null seeds, which have the spectra of the run's own seeds and random phases: "
        "what chance does not often reach"
    ),
    "excluded": "Why there is no map, where there is none",
}
"""Columns of a run's table, with what each is."""

NOT_TRUTH = (
    "The numbers say how much a map hangs on the cleaning. No number says which cleaning is right: noise that is left "
    "in and signal that is taken out both change maps"
)
"""What is said wherever the numbers are shown."""

GLOBAL_SIGNAL = (
    "Regression of the global signal takes the mean over the brain out of every voxel: r is moved down everywhere, and "
    "voxels that have nothing in common with the seed come out negative (Murphy & Fox 2017)"
)
"""What is said beside maps without the global signal."""


@dataclass(frozen=True)
class Maps:
    """A run's maps after one cleaning.

    Attributes
    ----------
    r, nu : numpy.ndarray of float32, shape (n_seeds, n_voxels)
        Pearson correlations, and their effective degrees of freedom; NaN where undefined.
    """

    r: np.ndarray
    nu: np.ndarray


def undefined(n_seeds: int, n_voxels: int) -> Maps:
    """Maps of a cleaning that leaves nothing of a run."""
    return Maps(*np.full((2, n_seeds, n_voxels), np.nan, dtype=np.float32))


def correlate(
    voxels: Smoothed,
    operator: np.ndarray,
    kept: np.ndarray,
    raw_seeds: np.ndarray,
    swelling: np.ndarray | None = None,
) -> Maps:
    """Correlate seeds with voxels after a cleaning, a slab of voxels at a time.

    Parameters
    ----------
    voxels : Smoothed
    operator : numpy.ndarray of shape (n_kept, T)
    kept : numpy.ndarray of bool, shape (T,)
        Volumes that it keeps.
    raw_seeds : numpy.ndarray of shape (T, n_seeds)
        Before cleaning; NaN throughout for a seed that the run does not cover.
    swelling : numpy.ndarray of shape (T,), optional
        From `bursts.deviations`, where the noise's standard deviation is to follow it.

    Returns
    -------
    Maps
    """
    seeds = clean_seeds(operator, raw_seeds)
    n_voxels = voxels.series.shape[1]
    maps = undefined(seeds.shape[1], n_voxels)
    there = np.isfinite(seeds).all(axis=0)
    if not there.any():
        return maps
    sample = voxels.cleaned(operator, spectra.sample(n_voxels))
    through, model, _ = noise_of(operator, kept, sample, swelling)
    second, fourth = null.moments(through, seeds[:, there], model.spectra)
    for start in range(0, n_voxels, SLAB):
        part = slice(start, start + SLAB)
        own = voxels.cleaned(operator, part)
        maps.r[there, part] = pearson(seeds[:, there], own)
        maps.nu[there, part], _ = null.degrees_of_freedom(second, fourth, model.weights(model.periodogram.of(own)))
    maps.nu[np.isnan(maps.r)] = np.nan
    return maps


def row(
    seed: str,
    cleaning: str,
    run: Mapping[str, Any],
    nu: float | None,
    r: np.ndarray,
    main: np.ndarray,
    tested: np.ndarray,
    level: float,
    stands_out: tuple[str | None, float | None, float | None] = (None, None, None),
    excluded: str | None = None,
) -> dict[str, Any]:
    """A seed's map after a cleaning in numbers; see `COLUMNS`.

    Parameters
    ----------
    seed, cleaning : str
        Their names.
    run : dict
        What the cleaning left of the run, as a sidecar of seeds' series says it.
    nu : float or None
        Of the median voxel.
    r, main : numpy.ndarray of shape (n_voxels,)
        The map, and that of the study's own cleaning.
    tested : numpy.ndarray of bool, shape (n_voxels,)
        Outside of the seed's reach.
    level : float
    stands_out : tuple of str or None, float or None, and float or None
        The seed's network, the specificity of its map, and what chance does not often reach; see `specificity`.
    excluded : str, optional

    Returns
    -------
    dict
    """
    own = r[tested & np.isfinite(r)].astype(np.float64)
    both = tested & np.isfinite(r) & np.isfinite(main)
    z, of_main = (fisher_z(values[both]).astype(np.float64) for values in (r, main))
    alike = both.sum() > 2 and z.std() > 0 and of_main.std() > 0
    return {
        "seed": seed,
        "cleaning": cleaning,
        "volumes_kept": run["NumberOfVolumesKept"],
        "nu_white": run["DegreesOfFreedomWhiteNoise"],
        "nu": nu,
        "null_sd": 1 / math.sqrt(nu) if nu is not None else None,
        "critical_r": _critical_r(nu, level),
        "mean_r": float(own.mean()) if own.size else None,
        "share_negative": float((own < 0).mean()) if own.size else None,
        "similarity": float(np.corrcoef(z, of_main)[0, 1]) if alike else None,
        "mean_abs_difference": float(np.abs(z - of_main).mean()) if both.any() else None,
        **dict(zip(("network", "specificity", "specificity_chance"), stands_out, strict=True)),
        "excluded": excluded,
    }


def _critical_r(nu: float | None, level: float) -> float | None:
    """`null.critical_r`, and None where there is none."""
    return null.critical_r(nu, level) if nu is not None and nu > null.FEWEST else None


def describe(level: float, reach: float, cleanings: Mapping[str, str]) -> dict[str, Any]:
    """The JSON file beside a table.

    Parameters
    ----------
    level : float
    reach : float
        mm.
    cleanings : dict of str to str
        What each does otherwise than the study's own.

    Returns
    -------
    dict
    """
    return {
        "Description": "Maps after several cleanings of the same run, side by side",
        "Caveat": NOT_TRUTH,
        "Level": level,
        "Reach": {"Description": "Voxels nearer to the seed are in no mean and in no correlation", "mm": reach},
        "Cleanings": {MAIN: "the study's own", **cleanings},
        **{name: {"Description": text} for name, text in COLUMNS.items()},
    }


def sidecars(
    name: str,
    does: str,
    maps: Maps,
    number: int,
    seed: Mapping[str, Any],
    run: Mapping[str, Any],
    smoothing: Mapping[str, Any],
    level: float,
    uris: Sequence[str],
    caveats: Sequence[str] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe the maps of r and of Fisher z after a cleaning.

    Parameters
    ----------
    name : str
    does : str
        What it does otherwise than the study's own.
    maps : Maps
    number : int
        Of the seed.
    seed : dict
        The seed, with its coverage.
    run : dict
        As the sidecar of the seeds' series would be after this cleaning.
    smoothing : dict
        Facts of the voxels' series.
    level : float
    uris : sequence of str
        BIDS URIs of the map of r.
    caveats : sequence of str

    Returns
    -------
    of_r, of_z : dict
    """
    nu = median(maps.nu[number])
    of_r = {
        **correlation_sidecar(maps.r[number], maps.nu[number], seed, run, smoothing),
        "CleaningName": name,
        "CleaningDiffersBy": does,
        "CriticalAbsR": _critical_r(nu, level),
        "Level": level,
        "Caveats": list(caveats),
    }
    return of_r, fisher_z_sidecar(of_r, list(uris))

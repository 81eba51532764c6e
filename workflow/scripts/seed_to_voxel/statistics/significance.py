"""A run's correlations in the light of what chance would make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..cleaning.operators import clean_seeds
from ..connectivity.correlation import pearson
from . import bursts, null, null_seeds, spectra


@dataclass(frozen=True)
class Significance:
    """What a run's maps of r are worth.

    Attributes
    ----------
    z, minus_log10_p, nu : numpy.ndarray of float32, shape (n_seeds, n_voxels)
        Standard normal deviate under the null, its two-sided p, and the degrees of freedom; NaN where undefined.
    check : null_seeds.Check
    loud : int or None
        Kept volumes with bursts of noise; None for a run without DVARS.
    seed_nu : numpy.ndarray of float32, shape (n_seeds, n_seeds), or None
        Degrees of freedom of the seed of each row with that of each column; None for one seed.
    """

    z: np.ndarray
    minus_log10_p: np.ndarray
    nu: np.ndarray
    check: null_seeds.Check
    loud: int | None
    seed_nu: np.ndarray | None = None


def kept_volumes(run: Mapping) -> np.ndarray:
    """Volumes that a run's cleaning keeps, of shape (T,), from the sidecar of its seed series."""
    kept = np.ones(run["NumberOfVolumes"], dtype=bool)
    kept[run["CensoredVolumes"]] = False
    return kept


def noise_of(
    operator: np.ndarray, kept: np.ndarray, voxels: np.ndarray, swelling: np.ndarray | None = None
) -> tuple[np.ndarray, spectra.Spectra, np.ndarray]:
    """Learn what the noise of a run was like.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
    kept : numpy.ndarray of bool, shape (T,)
    voxels : numpy.ndarray of shape (n_kept, n_voxels)
        Cleaned series.
    swelling : numpy.ndarray of shape (T,), optional
        From `bursts.deviations`, where the noise's standard deviation is to follow it.

    Returns
    -------
    through : numpy.ndarray of shape (n_kept, T)
        The operator as it acts on noise that does not swell.
    model : spectra.Spectra
    sample : numpy.ndarray of shape (n_kept, n_sampled)
        The voxels that it was learnt from.
    """
    through = operator if swelling is None else operator * swelling
    sample = np.asarray(voxels[:, spectra.sample(voxels.shape[1])])
    return through, spectra.learn(through, np.flatnonzero(kept), sample), sample


def of_run(
    operator: np.ndarray,
    kept: np.ndarray,
    seeds: np.ndarray,
    voxels: np.ndarray,
    r: np.ndarray,
    raw_seeds: np.ndarray,
    n_null_seeds: int,
    std_dvars: np.ndarray | None = None,
    meet_bursts: bool = False,
) -> Significance:
    """Hold a run's correlations against the null.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
    kept : numpy.ndarray of bool, shape (T,)
    seeds : numpy.ndarray of shape (n_kept, n_seeds)
        NaN throughout for a seed that the run does not cover.
    voxels : numpy.ndarray of shape (n_kept, n_voxels)
        Cleaned series.
    r : numpy.ndarray of shape (n_seeds, n_voxels)
    raw_seeds : numpy.ndarray of shape (T, n_seeds)
        Before cleaning; null seeds are made of them.
    n_null_seeds : int
    std_dvars : numpy.ndarray of shape (T,), optional
        NaN where it is undefined; None, or NaN throughout, for a run without.
    meet_bursts : bool
        Let the noise's standard deviation follow DVARS.

    Returns
    -------
    Significance
    """
    # Seeds that a run does not cover have neither a series nor a map.
    there = np.isfinite(seeds).all(axis=0)
    dvars = np.full(len(kept), np.nan) if std_dvars is None else std_dvars
    swelling = bursts.deviations(dvars)
    through, model, sample = noise_of(operator, kept, voxels, swelling if meet_bursts else None)
    z, nu = (np.full(r.shape, np.nan, dtype=np.float32) for _ in range(2))
    check = null_seeds.UNKNOWN
    if there.any():
        z[there], nu[there] = null.calibrate(through, model, seeds[:, there], voxels, r[there])
        # The same random numbers each time: the same run gives the same files.
        made = null_seeds.randomised(raw_seeds[:, there], kept, n_null_seeds, np.random.default_rng(0), swelling)
        check = null_seeds.check(through, clean_seeds(operator, made), int(there.sum()), sample, model)
    loud = int((swelling[kept] > 1).sum()) if np.isfinite(dvars).any() else None
    seed_nu = None
    if seeds.shape[1] > 1:
        others = seeds.astype(np.float32)
        seed_nu = null.calibrate(through, model, seeds, others, pearson(seeds, others))[1]
    return Significance(z, null.minus_log10_p(z), nu, check, loud, seed_nu)

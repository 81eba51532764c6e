"""How good a run is: what is measured."""

import numpy as np

from ..cleaning.operators import clean_voxels, used_volumes
from ..images import nifti


def motion_metrics(censoring):
    """Summarise the head motion of a run.

    Parameters
    ----------
    censoring : censoring.Censoring

    Returns
    -------
    dict
        ``mean_fd`` and ``max_fd`` (mm) and ``mean_std_dvars``, None where the run has none.
    """

    def over(values, function):
        finite = None if values is None else values[np.isfinite(values)]
        return None if finite is None or not finite.size else float(function(finite))

    return {
        "mean_fd": over(censoring.fd, np.mean),
        "max_fd": over(censoring.fd, np.max),
        "mean_std_dvars": over(censoring.std_dvars, np.mean),
    }


def cleaning_metrics(described):
    """Summarise what cleaning leaves of a run.

    Parameters
    ----------
    described : dict
        From `preparation.Material`; without ``DegreesOfFreedom`` where nothing is left.

    Returns
    -------
    dict
    """
    return {
        "n_volumes": described["NumberOfVolumes"],
        "n_volumes_kept": described["NumberOfVolumesKept"],
        "seconds_kept": described["SecondsKept"],
        "degrees_of_freedom": described.get("DegreesOfFreedom"),
        "n_confounds": len(described["Cleaning"]["confounds"]),
    }


def sentence(metrics):
    """A run's quality in one sentence.

    Parameters
    ----------
    metrics : dict
        From `cleaning_metrics` and `motion_metrics`, and ``median_tsnr``.

    Returns
    -------
    str
    """
    parts = [f"{metrics['n_volumes_kept']} of {metrics['n_volumes']} volumes kept"]
    if metrics.get("mean_fd") is not None:
        parts.append(f"mean framewise displacement {metrics['mean_fd']:.2f} mm")
    if metrics.get("median_tsnr") is not None:
        parts.append(f"median temporal signal-to-noise ratio {metrics['median_tsnr']:.0f}")
    return "; ".join(parts) + "."


def measure(image, brain, operator, seed_voxels, n_carpet=500):
    """Read an unsmoothed run once, for its temporal signal-to-noise ratio and its carpet.

    Parameters
    ----------
    image : nibabel image, 4-D
    brain : numpy.ndarray of bool, shape (x, y, z)
    operator : numpy.ndarray of shape (n_kept, T)
    seed_voxels : list of numpy.ndarray of int, shape (n, 3)
    n_carpet : int
        Voxels of the carpet at most, evenly spread over the mask.

    Returns
    -------
    median_tsnr : float
        Over the brain.
    seed_tsnr : list of float
        Median over each seed's voxels.
    before, after : numpy.ndarray of shape (n_shown, T)
        The carpet in standard deviations of the kept volumes: with its linear trend taken off, and
        cleaned (NaN at volumes that are not kept). Voxels are sorted by how closely they follow the
        mean of all before cleaning.
    """
    used = used_volumes(operator)
    shown = np.argwhere(brain)[np.unique(np.linspace(0, brain.sum() - 1, n_carpet).astype(int))]
    at = tuple(shown.T)
    carpet = np.empty((image.shape[3], len(shown)), dtype=np.float32)
    total, squares = np.zeros((2, *image.shape[:3]), order="F")
    reference = None
    for t, volume in enumerate(nifti.volumes(image)):
        carpet[t] = volume[at]
        if t in used:
            # Deviations from the first volume that is used keep their digits when squared.
            reference = volume.astype(np.float64) if reference is None else reference
            deviation = volume - reference
            total += deviation
            squares += deviation**2
    n = len(used)
    variance = (squares - total**2 / n) / (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        tsnr = np.where(variance > 0, (reference + total / n) / np.sqrt(variance), np.nan)
    in_seeds = [tsnr[tuple(voxels.T)] for voxels in seed_voxels]
    after = carpet[used]
    clean_voxels(operator[:, used], after)
    times = np.column_stack([np.ones(len(carpet)), np.linspace(-1, 1, len(carpet))])
    before = carpet - times @ np.linalg.lstsq(times[used], carpet[used], rcond=None)[0]
    before /= np.maximum(before[used].std(axis=0, ddof=1), 1e-6)
    order = np.argsort(-(before[used].mean(axis=1) @ before[used]))
    gaps = np.full_like(carpet, np.nan)
    gaps[used] = after
    return (
        float(np.nanmedian(tsnr[brain])),
        [float(np.nanmedian(values)) if np.isfinite(values).any() else None for values in in_seeds],
        before[:, order].T,
        gaps[:, order].T,
    )

"""How good a run is: what cleaning leaves of it, how the head moved, and how strong its signal is."""

import math
from collections.abc import Callable, Mapping

import numpy as np

DEFAULTS_OF_HEADERS = (0, 1)
"""Repetition times that stand in headers of images whose program did not know any."""


def motion_metrics(fd: np.ndarray | None, std_dvars: np.ndarray | None) -> dict:
    """Summarise the head motion of a run.

    Parameters
    ----------
    fd, std_dvars : numpy.ndarray of shape (T,) or None
        Framewise displacement (mm) and standardised DVARS, NaN where they are undefined; None for a run without them.

    Returns
    -------
    dict
        ``mean_fd`` and ``max_fd`` (mm) and ``mean_std_dvars``, None where the run has none.
    """

    def over(values: np.ndarray | None, function: Callable[[np.ndarray], float]) -> float | None:
        finite = None if values is None else values[np.isfinite(values)]
        return None if finite is None or not finite.size else float(function(finite))

    return {
        "mean_fd": over(fd, np.mean),
        "max_fd": over(fd, np.max),
        "mean_std_dvars": over(std_dvars, np.mean),
    }


def cleaning_metrics(described: Mapping) -> dict:
    """Summarise what cleaning leaves of a run.

    Parameters
    ----------
    described : dict
        From `preparation.Material`; without ``DegreesOfFreedomWhiteNoise`` where nothing is left.

    Returns
    -------
    dict
    """
    return {
        "n_volumes": described["NumberOfVolumes"],
        "n_volumes_kept": described["NumberOfVolumesKept"],
        "seconds_kept": described["SecondsKept"],
        "longest_gap": described["LongestGap"],
        # Known once the run has been read.
        "n_undefined_volumes": len(described["UndefinedVolumes"]) if "UndefinedVolumes" in described else None,
        "n_undefined_values": described.get("UndefinedValues"),
        "degrees_of_freedom": described.get("DegreesOfFreedomWhiteNoise"),
        "n_confounds": len(described["Cleaning"]["confounds"]),
    }


def contradicted_by_header(run: Mapping) -> list[str]:
    """Say that a run's header has another repetition time than the one that was used.

    Parameters
    ----------
    run : dict
        Sidecar of the run's seed series.

    Returns
    -------
    list of str
        A sentence, or none: also where the header has what programs write that do not know it, or milliseconds.
    """
    used, header = run["RepetitionTime"], run.get("RepetitionTimeInHeader")
    if header is None or header in DEFAULTS_OF_HEADERS or math.isclose(header, 1000 * used, rel_tol=1e-3):
        return []
    return [f"the repetition time is {used:g} s, and the image's header says {header:g} s, which is not used"]


def entry(
    labels: Mapping, run: Mapping, fd: np.ndarray | None, std_dvars: np.ndarray | None, tsnr: float | None
) -> dict:
    """What the table of quality is told of a run.

    Parameters
    ----------
    labels : dict
        The run's entities.
    run : dict
        Sidecar of the run's seed series.
    fd, std_dvars : numpy.ndarray of shape (T,) or None
        See `motion_metrics`.
    tsnr : float or None
        Median over the brain of the temporal signal-to-noise ratio.

    Returns
    -------
    dict
        ``labels``, ``refused`` (empty), ``warnings``, ``repetition_time`` (seconds), ``metrics``, and for each seed its
        ``coverage`` and ``tsnr``.
    """
    return {
        "labels": labels,
        "refused": [],
        "warnings": contradicted_by_header(run),
        "repetition_time": run["RepetitionTime"],
        "metrics": {
            **cleaning_metrics(run),
            **motion_metrics(fd, std_dvars),
            "median_tsnr": tsnr,
            "min_seed_coverage": min(seed["coverage"] for seed in run["Seeds"]),
        },
        "seeds": {seed["label"]: {"coverage": seed["coverage"], "tsnr": seed["tsnr"]} for seed in run["Seeds"]},
    }


def sentence(metrics: Mapping) -> str:
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

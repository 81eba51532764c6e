"""What is said of the maps of a subject, and of runs that lie apart from its others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.provenance import versions
from .subjects import Combined, apart

IMAGES = {
    "effect": ("Mean Fisher z over the runs", "1 (Fisher z)", "sum(w z) / sum(w), w = nu - 2"),
    "variance": (
        "Variance of the mean, if the runs differ by chance alone; 0 where no run covers the voxel",
        "1 (squared Fisher z)",
        "1 / sum(w)",
    ),
    "q": ("Cochran's Q, heterogeneity of the runs", "1", "sum(w (z - mean)^2), chi-squared with n_runs - 1 degrees"),
    "i2": ("Share of the variance between runs that is no chance", "1", "max(0, 1 - (n_runs - 1) / Q)"),
}
"""Description, units and formula of the images of a subject."""


def _median(values: np.ndarray) -> float | None:
    defined = values[np.isfinite(values)]
    return float(np.median(defined)) if defined.size else None


def of_seed(
    label: str, combined: Combined, distances: Sequence[float | None], runs: Sequence[str], limit: float
) -> dict[str, Any]:
    """Describe a seed's maps of a subject.

    Parameters
    ----------
    label : str
    combined : Combined
    distances : list of float or None
        From `subjects.distances`.
    runs : list of str
        Paths of the runs.
    limit : float
        The config's ``groups.apart``.

    Returns
    -------
    dict
    """
    covered = combined.n_runs > 0
    return {
        "Seed": label,
        "NumberOfVoxels": int(covered.sum()),
        "MedianStandardError": _median(np.sqrt(combined.variance[covered])),
        "MedianI2": _median(combined.i2),
        "DistanceOfRuns": dict(zip(runs, distances, strict=True)),
        "RunsApart": [runs[position] for position in apart(distances, limit)],
    }


def of_unit(
    unit: Mapping[str, Any],
    runs: Sequence[str],
    seeds: Sequence[Mapping[str, Any]],
    resampled: Sequence[str],
    sources: Sequence[str],
    limit: float,
) -> dict[str, Any]:
    """Describe the images of a subject.

    Parameters
    ----------
    unit : dict
        ``name``, ``subject`` and ``session``.
    runs : list of str
    seeds : list of dict
        From `of_seed`, in the order of the volumes.
    resampled : list of str
        Runs whose maps were moved to the first one's grid.
    sources : list of str
        BIDS URIs.
    limit : float

    Returns
    -------
    dict
    """
    return {
        "Description": "Maps of Fisher z over the runs of a subject, a volume a seed",
        "Subject": unit["subject"],
        "Session": unit["session"],
        "Runs": list(runs),
        "Seeds": list(seeds),
        "Images": {
            f"stat-{name}": {"Description": text, "Units": units, "Formula": formula}
            for name, (text, units, formula) in IMAGES.items()
        },
        "Undefined": "NaN where there is no value in the brain (Q and I2 of one run); 0 outside of the brain",
        "DistanceOfRuns": (
            "mean over voxels of (z - mean of the other runs)^2 over its variance: 1 where runs differ by chance "
            f"alone; apart beyond {limit:g}"
        ),
        "Resampled": {"Runs": list(resampled), "Method": "linear, to the first run's grid"} if resampled else None,
        "Sources": list(sources),
        "Software": versions("numpy", "scipy", "nibabel"),
    }


def warnings(content: Mapping[str, Any]) -> list[str]:
    """Sentences about runs that lie apart, for the screen.

    Parameters
    ----------
    content : dict
        From `of_unit`.
    """
    seeds: dict[str, list[str]] = {}
    for seed in content["Seeds"]:
        for run in seed["RunsApart"]:
            seeds.setdefault(run, []).append(f"{seed['Seed']} ({seed['DistanceOfRuns'][run]:.1f})")
    return [
        f"Note: {run} lies apart from the subject's other runs; seeds and distances, 1 by chance: {', '.join(labels)}"
        for run, labels in seeds.items()
    ]


def table_of_runs(units: Sequence[Mapping[str, Any]]) -> dict[str, list]:
    """Distances of all runs as a table.

    Parameters
    ----------
    units : sequence of dict
        From `of_unit`.

    Returns
    -------
    dict of str to list
        Columns subject, run, seed, distance and apart; a row a run and seed.
    """
    columns: dict[str, list] = {name: [] for name in RUN_COLUMNS}
    for unit in units:
        for run in unit["Runs"]:
            for seed in unit["Seeds"]:
                row = (unit["Subject"], run, seed["Seed"], seed["DistanceOfRuns"][run], run in seed["RunsApart"])
                for name, value in zip(RUN_COLUMNS, row, strict=True):
                    columns[name].append(value)
    return columns


RUN_COLUMNS = {
    "subject": "Label of the participant",
    "run": "Folder and stem of the run's files",
    "seed": "Label of the seed",
    "distance": (
        "Mean over voxels of the squared difference of Fisher z from the mean of the subject's other runs, over its "
        "variance: 1 where runs differ by chance alone; n/a where there is no other run"
    ),
    "apart": "Whether the run lies apart from the subject's others (1) or not (0)",
}
"""Columns of `table_of_runs`, with what they are."""


def describe_runs() -> dict[str, dict]:
    """The JSON file beside the table of runs."""
    return {name: {"Description": text} for name, text in RUN_COLUMNS.items()}

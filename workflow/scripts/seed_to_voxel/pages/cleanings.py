"""Cleanings side by side: a page over all runs, for authors whom a reviewer asks what another cleaning would give."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.words import of_places
from ..figures.slices import palette
from ..quality import cleanings
from ..statistics.cleanings import GLOBAL_SIGNAL, NOT_TRUTH
from ..study.cleanings import MAIN
from .overview import SCALE_STEPS
from .page import render

FILES = ("cleanings.html.j2",)

TITLES = {
    "cleaning": "cleaning",
    "runs": "runs",
    "volumes_kept": "volumes kept",
    "nu_white": "ν, white noise",
    "nu": "ν",
    "null_sd": "sd of r by chance",
    "critical_r": "critical |r|",
    "mean_r": "mean r",
    "share_negative": "share of r < 0",
    "similarity": f"correlation with {MAIN}",
    "mean_abs_difference": f"mean |z - z of {MAIN}|",
    "specificity": "network specificity",
    "specificity_chance": "specificity, 95 % by chance",
    "qcfc_median": "median |QC-FC|",
    "qcfc_share": "QC-FC, share p < 0.05",
    "qcfc_distance": "QC-FC with distance",
}
"""Headings of the columns; the others of the study's table stand in the table alone."""


NOT_HELD = "–"
"""In place of a critical |r| after regression of the global signal, which it does not hold for."""


def cell(name: str, value: Any) -> str:
    """A value as the page shows it."""
    if isinstance(value, str):
        return value
    if value is None:
        return "n/a"
    if name in ("runs", "volumes_kept"):
        return f"{value:g}"
    return f"{value:.1f}" if name in ("nu", "nu_white") else f"{value:.3f}"


def scale(threshold: float, vmax: float, cmap: str) -> list[str]:
    """Colours of the scale at the top of a page, grey where maps are not coloured."""
    return [
        "#ccc" if abs(level) < threshold else "rgb({}, {}, {})".format(*color)
        for level, color in zip(np.linspace(-vmax, vmax, SCALE_STEPS), palette(cmap, SCALE_STEPS), strict=True)
    ]


def lacking(rows: Sequence[Mapping[str, Any]], n_runs: int) -> list[tuple[list[str], list[str], int]]:
    """Which seeds have no map after which cleanings, and in how many runs; what is alike is said together."""
    seeds: dict[tuple[str, int], list[str]] = {}
    for row in rows:
        if row["runs"] < n_runs:
            seeds.setdefault((row["cleaning"], n_runs - row["runs"]), []).append(row["seed"])
    found: dict[tuple[tuple[str, ...], int], list[str]] = {}
    for (cleaning, n_lost), labels in seeds.items():
        found.setdefault((tuple(labels), n_lost), []).append(cleaning)
    return [(list(labels), after, n_lost) for (labels, n_lost), after in found.items()]


def page(
    rows: Sequence[Mapping[str, Any]],
    seeds: Sequence[Mapping[str, Any]],
    pictures: Mapping[tuple[str, str], bytes],
    planes: Mapping[str, Sequence[str]],
    does: Mapping[str, str],
    without_global_signal: Sequence[str],
    n_runs: int,
    n_subjects: int,
    level: float,
    colors: tuple[float, float, str],
    words: str = "voxels",
) -> str:
    """The page.

    Parameters
    ----------
    rows : sequence of dict
        From `quality.cleanings.over_runs`, perhaps `with_motion`.
    seeds : sequence of dict
        With ``label`` and ``name``.
    pictures : dict of (str, str) to bytes
        By seed and cleaning, the mean map as PNG; empty where runs have no space in common.
    planes : dict of str to sequence of str
        For each seed what its pictures show, from left to right: planes, or sides of the cortex.
    does : dict of str to str
        What each cleaning does otherwise than the study's own.
    without_global_signal : sequence of str
        Names of the cleanings that regress the global signal out, whose critical |r| is not shown.
    n_runs, n_subjects : int
    level : float
        Of the critical r.
    colors : tuple of float, float and str
        |r| where colours begin and end, and the colour map.
    words : str
        What the places of the runs are called.

    Returns
    -------
    str
        A self-contained HTML page.
    """
    of_motion = any(row["qcfc_edges"] for row in rows)
    names = [name for name in TITLES if of_motion or name not in cleanings.OF_MOTION]
    shown = [
        {
            "label": seed["label"],
            "name": seed["name"],
            "planes": ", ".join(planes.get(seed["label"], ())),
            "network": next((row["network"] for row in rows if row["seed"] == seed["label"] and row["network"]), None),
            "rows": [
                [
                    NOT_HELD
                    if name == "critical_r"
                    and row["cleaning"] in without_global_signal
                    # Where there is a map at all.
                    and row[name] is not None
                    else cell(name, row[name])
                    for name in names
                ]
                for row in rows
                if row["seed"] == seed["label"]
            ],
            "pictures": [
                {
                    "cleaning": row["cleaning"],
                    "does": does.get(row["cleaning"], "the study's own cleaning"),
                    "source": f"data:image/png;base64,{base64.b64encode(picture).decode()}",
                    "runs": row["runs"],
                }
                for row in rows
                if row["seed"] == seed["label"] and (picture := pictures.get((seed["label"], row["cleaning"])))
            ],
        }
        for seed in seeds
    ]
    return render(
        "cleanings.html.j2",
        FILES,
        seeds=shown,
        columns=[{"title": TITLES[name], "number": name != "cleaning"} for name in names],
        described=[(TITLES[name], of_places(cleanings.COLUMNS[name], words)) for name in names],
        cleanings=[(MAIN, "the study's own cleaning, which everything else uses"), *does.items()],
        without_global_signal=without_global_signal,
        global_signal=of_places(GLOBAL_SIGNAL, words),
        not_held=NOT_HELD,
        not_truth=of_places(NOT_TRUTH, words),
        words=words,
        of_motion=of_motion,
        lost=lacking(rows, n_runs),
        n_runs=n_runs,
        n_subjects=n_subjects,
        level=f"{level:g}",
        threshold=f"{colors[0]:g}",
        vmax=f"{colors[1]:g}",
        colors=scale(*colors),
    )

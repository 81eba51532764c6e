"""Quality, drawn: a run's motion above its carpet, and what goes with motion over runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ..quality import qcfc
from .style import label_below

if TYPE_CHECKING:
    import pandas

GREYS = 16
"""Tell as much as more do, and keep the report of a large study small."""

SPAN = 2
"""Standard deviations from the mean to black and to white."""


def plot_carpet(
    before: np.ndarray,
    after: np.ndarray,
    motion: np.ndarray,
    thresholds: Mapping,
    t_r: float,
    title: str,
    words: str = "voxels",
) -> Figure:
    """Draw head motion above the run's carpet before and after cleaning.

    Parameters
    ----------
    before, after : numpy.ndarray of shape (n_voxels, T)
        In standard deviations, from `quality.carpet`.
    motion : numpy.ndarray of shape (T, 3)
        Framewise displacement (mm), standardised DVARS, and whether the volume is kept; NaN throughout where a run
        has no such column.
    thresholds : dict
        ``fd_threshold`` (mm) and ``std_dvars_threshold``, None for none.
    t_r : float
        Repetition time, seconds.
    title : str
        Name of the run; how many volumes are kept is added.
    words : str
        What its places are called.

    Returns
    -------
    matplotlib.figure.Figure
    """
    n_volumes = len(motion)
    kept = motion[:, 2] == 1
    # Of undefined values, only those that were left out are to be seen.
    before, after = np.nan_to_num(before), np.where(kept, np.nan_to_num(after), np.nan)
    shown = {
        "FD\n(mm)": (motion[:, 0], thresholds["fd_threshold"], "#1f5fa8"),
        "std.\nDVARS": (motion[:, 1], thresholds["std_dvars_threshold"], "#a8481f"),
    }
    shown = {name: facts for name, facts in shown.items() if np.isfinite(facts[0]).any()}
    figure = Figure(figsize=(8.2, 5.2 + 0.6 * len(shown)))
    rows = figure.subplots(len(shown) + 2, 1, sharex=True, height_ratios=[1] * len(shown) + [3, 3])
    figure.subplots_adjust(left=0.108, right=0.88, bottom=0.085, top=0.93, hspace=0.14)
    for axes, (name, (values, threshold, colour)) in zip(rows, shown.items(), strict=False):
        axes.plot(values, color=colour, linewidth=1)
        if threshold is not None:
            axes.axhline(threshold, color="0.4", linewidth=0.8, linestyle="--")
        axes.set_ylabel(name)
        axes.set_ylim(bottom=0)
        for volume in np.flatnonzero(~kept):
            axes.axvspan(volume - 0.5, volume + 0.5, color="0.85", linewidth=0)
    colours = matplotlib.colormaps["gray"].resampled(GREYS).with_extremes(bad="#f0c8c8")
    for axes, (name, values) in zip(rows[len(shown) :], {"before": before, "after": after}.items(), strict=True):
        drawn = axes.imshow(
            np.ma.masked_invalid(values), aspect="auto", cmap=colours, vmin=-SPAN, vmax=SPAN, interpolation="none"
        )
        axes.set_ylabel(f"{name} cleaning\n{len(values)} {words}")
        axes.set_yticks([])
    for axes in rows:
        axes.yaxis.set_label_coords(-0.082, 0.5)
    rows[-1].set_xlabel(f"Scan number (every {t_r:g} s)")
    label_below(rows[-1])
    rows[-1].set_xlim(-0.5, n_volumes - 0.5)
    upper, lower = (axes.get_position() for axes in rows[-2:])
    height = upper.y1 - lower.y0
    beside = figure.add_axes((0.893, lower.y0 + 0.2 * height, 0.02, 0.6 * height))
    figure.colorbar(drawn, cax=beside, label="Standard deviations", ticks=range(-SPAN, SPAN + 1))
    figure.suptitle(f"{title}: {kept.sum()} of {n_volumes} volumes kept", fontsize=11, ha="left", x=0.01)
    return figure


def plot_qcfc(rows: pandas.DataFrame) -> Figure:
    """Draw the distribution of the correlations with motion, and how they go with distance.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `qcfc.correlate_with_motion`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(8.2, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    bins = np.linspace(-1, 1, 41)
    for seed, own in rows.dropna(subset=["r"]).groupby("seed", sort=False):
        left.hist(own["r"], bins, histtype="step", linewidth=1.4, label=seed)
        right.plot(own["distance_mm"], own["r"], ".", markersize=4, alpha=0.7, label=seed)
    left.axvline(0, color="0.7", linewidth=0.8, zorder=0)
    right.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    left.set(xlabel="Correlation with mean FD over participants", ylabel="Edges", xlim=(-1, 1))
    right.set(xlabel="Distance from seed to node (mm)", ylabel="Correlation with mean FD", ylim=(-1, 1))
    described = qcfc.describe(rows)
    if described["NumberOfEdges"]:
        figure.suptitle(
            f"QC-FC of {described['NumberOfEdges']} edges, {rows['n_subjects'].max()} participants: median |r| "
            f"{described['MedianAbsoluteR']:.2f}, {100 * described['ShareOfEdgesBelow005']:.0f} % with p < 0.05",
            fontsize=11,
            ha="left",
            x=0.01,
        )
    if described["NumberOfEdges"] and rows["seed"].nunique() <= 8:
        left.legend(frameon=False, fontsize=8)
    return figure

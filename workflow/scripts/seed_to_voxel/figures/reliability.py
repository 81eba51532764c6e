"""How much of a run's maps its parts give again, and how that grows with minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..statistics.reliability import GOAL, Split, expected, minutes_needed, spearman_brown
from .style import GREY, LINES, clipped, frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURED = len(LINES) - 1
"""Up to so many seeds each has a colour and a name; of more, the median stands out."""


def plot_reliability(
    agreement: np.ndarray, parts: Sequence[Split], labels: Sequence[str], subtitle: str
) -> tuple[Figure, str]:
    """Draw how maps of some minutes agree with those of the other half of the run.

    Parameters
    ----------
    agreement : numpy.ndarray of shape (n_parts, n_seeds)
        From `reliability.agreement`.
    parts : sequence of Split
    labels : sequence of str
        Of the seeds.
    subtitle : str

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    figure = Figure(figsize=(7, 4))
    axes = figure.add_axes((0.09, 0.14, 0.62, 0.68))
    told = draw_reliability(axes, agreement, parts, labels)
    frame(figure, "Is this run long enough? Maps of its parts", subtitle)
    if not parts:
        return figure, sentence(told, parts)
    one_by_one = len(labels) <= COLOURED
    names = [row for row in told if np.isfinite(row[1])]
    shown = names if one_by_one else _summed_up(names)
    figure.text(0.735, 0.8, "whole run", fontsize=8.5, color=GREY)
    figure.text(0.985, 0.8, f"for {GOAL:g}", fontsize=8.5, color=GREY, ha="right")
    for row, (label, _, whole, needed) in enumerate(shown):
        color = LINES[labels.index(label)] if one_by_one else "black"
        name = clipped(label, 14)
        text = f"{name}: {whole:.2f}" if np.isfinite(whole) else f"{name}: none"
        figure.text(0.735, 0.745 - 0.06 * row, text, fontsize=9, color=color)
        figure.text(
            0.985, 0.745 - 0.06 * row, f"{needed:.0f} min" if np.isfinite(needed) else "–", fontsize=9, ha="right"
        )
    key = ["line: against the other half", *(["dotted: by Spearman–Brown"] * one_by_one)]
    figure.text(
        0.735, 0.14, "\n".join(key if one_by_one else [*key, "grey: seeds; black: median"]), fontsize=8, color=GREY
    )
    return figure, sentence(told, parts)


Told = Sequence[tuple[str, float, float, float]]
"""Of each seed its label, r of the halves, the reliability of the whole run, and the minutes that `GOAL` takes."""


def draw_reliability(axes: Axes, agreement: np.ndarray, parts: Sequence[Split], labels: Sequence[str]) -> Told:
    """Draw the agreement into axes; see `plot_reliability`."""
    axes.set(xlabel="minutes, censored volumes left out", ylabel="correlation of the two maps", ylim=(-0.05, 1.02))
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    if not parts:
        axes.text(0.5, 0.5, "too short to be cut in two", transform=axes.transAxes, ha="center", color=GREY)
        axes.set(xlim=(0, 1), xticks=[])
        return []
    at = {kind: np.array([part.kind == kind for part in parts]) for kind in ("halves", "growth")}
    half = next((part.minutes for part in parts if part.kind == "halves"), np.nan)
    lengths = np.array(sorted({part.minutes for part in parts if part.kind == "growth"}))
    minutes = np.array([part.minutes for part in parts])
    grid = np.linspace(max(half / 50, 0.1), half, 100)
    told = []
    one_by_one = len(labels) <= COLOURED
    for number, label in enumerate(labels):
        r = agreement[at["halves"], number]
        r_half = float(r[0]) if r.size else np.nan
        color = LINES[number] if one_by_one else "0.75"
        growth = [np.mean(agreement[at["growth"] & (minutes == length), number]) for length in lengths]
        axes.plot([*lengths, half], [*growth, r_half], "-o", color=color, linewidth=1.4, markersize=3.5, label=label)
        if np.isfinite(r_half) and r_half > 0 and one_by_one:
            axes.plot(grid, expected(r_half, half, grid), ":", color=color, linewidth=1)
        told.append((label, r_half, spearman_brown(r_half), minutes_needed(r_half, half)))
    if not one_by_one:
        middle = [np.nanmedian(np.mean(agreement[at["growth"] & (minutes == length)], axis=0)) for length in lengths]
        axes.plot([*lengths, half], [*middle, np.nanmedian(agreement[at["halves"]])], "-o", color="black")
    axes.set_xlim(0, half * 1.05)
    return told


def sentence(told: Told, parts: Sequence[Split]) -> str:
    """How the halves of a run agree, in words and numbers."""
    if not parts:
        return "The run is too short to be cut in two."
    half = next((part.minutes for part in parts if part.kind == "halves"), np.nan)
    names = [row for row in told if np.isfinite(row[1])]
    alt = "; ".join(
        f"{label}: halves of {half:.1f} minutes correlate by {r:.2f}, the whole run has {whole:.2f}"
        if np.isfinite(whole)
        else f"{label}: halves of {half:.1f} minutes correlate by {r:.2f}"
        for label, r, whole, _ in names
    )
    return f"Reliability of the maps. {alt}." if alt else "No seed has a map of both halves."


def _summed_up(rows: Sequence[tuple[str, float, float, float]]) -> list[tuple[str, float, float, float]]:
    """Smallest, median and largest of many seeds."""
    if not rows:
        return []
    values = np.array([row[1:] for row in rows], dtype=float)
    values[np.isnan(values[:, 1]), 1] = 0
    found = []
    for name, share in (("lowest", 0), ("median", 50), ("highest", 100)):
        r, whole = np.percentile(values[:, 0], share), np.percentile(values[:, 1], share)
        needed = values[:, 2]
        known = needed[np.isfinite(needed)]
        found.append((name, float(r), float(whole), float(np.percentile(known, 100 - share)) if known.size else np.nan))
    return found

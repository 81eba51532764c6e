"""How alike maps are from run to run, session to session and subject to subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ..quality.agreement import BETWEEN, OTHERS, WITHIN
from .style import LINES, clipped, frame

KINDS = {WITHIN: LINES[0], BETWEEN: LINES[2], OTHERS: LINES[1]}


def plot_agreement(rows: Sequence[Mapping], labels: Sequence[str], subtitle: str) -> tuple[Figure, str]:
    """Draw the correlations of pairs of runs, seed by seed.

    Parameters
    ----------
    rows : sequence of dict
        From `agreement.rows_of_seed`, of all seeds.
    labels : sequence of str
        Of the seeds.
    subtitle : str

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    height = 1.5 + 0.42 * len(labels)
    figure = Figure(figsize=(7, height))
    axes = figure.add_axes((0.16, 0.55 / height, 0.81, 1 - 1.35 / height))
    said = []
    spread = np.random.default_rng(0)
    for position, label in enumerate(labels):
        for shift, (kind, color) in zip((0.24, 0.0, -0.24), KINDS.items(), strict=True):
            own = [row for row in rows if row["seed"] == label and row["kind"] == kind]
            pairs = [row["r"] for row in own if row["first"] is not None]
            summary = next((row for row in own if row["first"] is None), None)
            place = len(labels) - 1 - position + shift
            jitter = place + spread.uniform(-0.07, 0.07, len(pairs))
            axes.plot(pairs, jitter, ".", color=color, alpha=0.4, markersize=4, markeredgewidth=0)
            if summary is not None:
                deviation = 0 if np.isnan(summary["sd"]) else summary["sd"]
                axes.errorbar(summary["r"], place, xerr=deviation, fmt="o", color=color, markersize=5, linewidth=1.2)
                said.append(f"{label} {kind}: {summary['r']:.2f} ({summary['n_pairs']} pairs)")
    axes.set(ylim=(-0.6, len(labels) - 0.4), xlabel="correlation of two maps; circle and bar: mean and SD of pairs")
    axes.set_yticks(range(len(labels)), [clipped(label, 12) for label in labels][::-1])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    frame(figure, "How alike maps are", subtitle)
    at = 0.012
    for kind, color in KINDS.items():
        figure.text(at, 1 - 0.66 / height, f"● {kind}", fontsize=9, color=color)
        at += 0.035 + 0.0125 * len(kind)
    return figure, "; ".join(said) + "." if said else "No two runs can be compared."

"""How z behaves for seeds that have nothing to do with the run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ..statistics.null_seeds import EDGES
from ..statistics.verdicts import LEVELS, off_line
from .style import GREY, frame, label_below

BARS = "#9db8d2"
NULL = "#d55e00"


def plot_null_seeds(checked: Mapping, subtitle: str, words: str = "voxels") -> tuple[Figure, str]:
    """Draw the distribution of z over null seeds and voxels, and how many pass.

    Parameters
    ----------
    checked : dict
        ``shares``, ``errors`` and ``counts`` of `null_seeds.Check`, and ``n_seeds`` and ``n_voxels``.
    subtitle : str
    words : str
        What the run's places are called.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    off = off_line(checked["shares"], checked["errors"])
    remark = f"z does not hold in this run: {off}." if off else ""
    figure = Figure(figsize=(7, 3.4))
    bottom = 0.24 if remark else 0.16
    left = figure.add_axes((0.125, bottom, 0.465, 0.8 - bottom))
    right = figure.add_axes((0.72, bottom, 0.26, 0.8 - bottom))
    edges, counts = EDGES, np.asarray(checked["counts"], dtype=float)
    width = edges[1] - edges[0]
    grid = np.linspace(edges[0], edges[-1], 400)
    left.plot(grid, np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi), color=NULL, linewidth=1.6, label="standard normal")
    if counts.sum():
        density = counts / (counts.sum() * width)
        left.stairs(density, edges, fill=True, color=BARS, zorder=0, label=f"null seeds and {words}")
    left.set(yscale="log", xlim=(edges[0], edges[-1]), ylim=(1e-6, 1), xlabel="z", ylabel="Density")
    # Matplotlib's own labels of decades are formulas, which no text of a figure is.
    decades = [10.0**-power for power in (0, 1, 2, 3, 4, 5, 6)]
    left.set_yticks(decades, [f"{decade:.6f}".rstrip("0").rstrip(".") for decade in decades], fontsize=8)
    left.minorticks_off()
    left.legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 0.99), ncols=2)
    places = np.arange(len(LEVELS))[::-1]
    nominal = 100 * np.array(LEVELS)
    right.scatter(nominal, places, marker="|", s=250, color=NULL)
    alt = "Nothing could be tested."
    if checked["shares"][0] is not None:
        shares, errors = 100 * np.array(checked["shares"]), 100 * np.array(checked["errors"])
        right.errorbar(
            shares, places, xerr=np.minimum(2 * errors, 0.9 * shares), fmt="o", color="#0072b2", markersize=4
        )
        for share, place in zip(shares, places, strict=True):
            right.annotate(
                f"{share:.2g} %", (share, place), (0, 11), textcoords="offset points", ha="center", fontsize=8.5
            )
        passing = ", ".join(f"{share:.2g} % at {level:g} %" for share, level in zip(shares, nominal, strict=True))
        alt = f"Of {checked['n_seeds']} null seeds and {checked['n_voxels']} {words} pass {passing}."
    # Where far too many pass, they are to be seen.
    most = 40 if checked["shares"][0] is None or 100 * max(checked["shares"]) < 25 else 200
    right.set(xscale="log", xlim=(0.02, most), ylim=(-0.6, 2.8), xlabel="% that pass", yticks=places)
    right.set_xticks([0.1, 1, 10, *([100] if most > 100 else [])], ["0.1", "1", "10", *(["100"] if most > 100 else [])])
    right.minorticks_off()
    right.set_yticklabels([f"at {level:g} %" for level in nominal])
    right.tick_params(axis="y", length=0)
    right.grid(axis="x", color="0.92", linewidth=0.6)
    right.set_axisbelow(True)
    for axes in (left, right):
        label_below(axes)
    right.text(
        1, 1.02, "bar: 2 standard errors", transform=right.transAxes, ha="right", va="bottom", fontsize=7.5, color=GREY
    )
    frame(figure, "Whether z holds: seeds that have nothing to do with the run", subtitle, remark)
    return figure, " ".join(filter(None, [alt, remark]))

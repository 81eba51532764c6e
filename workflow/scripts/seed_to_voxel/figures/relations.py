"""Seeds among themselves, as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..base import tables
from .slices import colormap
from .style import frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

WRITTEN = 12
"""Up to so many seeds, the numbers stand in their cells."""


def read_matrices(r: str, partial: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read the tables of seeds among themselves.

    Parameters
    ----------
    r, partial : str
        Their files.

    Returns
    -------
    r, partial : numpy.ndarray of shape (n_seeds, n_seeds)
        NaN where there is none.
    labels : list of str
    """
    names = tables.cells(r)[0]
    both = (
        np.array([[np.nan if text in tables.MISSING else float(text) for text in row[1:]] for row in rows])
        for _, *rows in map(tables.cells, (r, partial))
    )
    first, second = both
    return first, second, names[1:]


def in_order(r: np.ndarray) -> np.ndarray:
    """Positions of the seeds, alike ones beside each other: leaves of their average linkage by 1 - r, ordered.

    Seeds without a series, whose r is NaN, come last.

    Parameters
    ----------
    r : numpy.ndarray of shape (n_seeds, n_seeds)

    Returns
    -------
    numpy.ndarray of int, shape (n_seeds,)
    """
    known = np.isfinite(np.diag(r))
    first, last = np.flatnonzero(known), np.flatnonzero(~known)
    if len(first) > 2:
        from scipy.cluster import hierarchy

        distance = 1 - r[np.ix_(first, first)][np.triu_indices(len(first), 1)]
        tree = hierarchy.linkage(np.maximum(distance, 0), "average", optimal_ordering=True)
        first = first[hierarchy.leaves_list(tree)]
    return np.concatenate([first, last])


def plot_relations(
    r: np.ndarray, partial: np.ndarray, labels: Sequence[str], shrinkage: float | None, cmap: str, subtitle: str
) -> tuple[Figure, str]:
    """Draw r of each pair of seeds below the diagonal, and their partial correlation above it.

    Parameters
    ----------
    r, partial : numpy.ndarray of shape (n_seeds, n_seeds)
    labels : sequence of str
    shrinkage : float or None
        See `relations.Relations`.
    cmap : str
    subtitle : str

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    n = len(labels)
    longest = max(map(len, labels))
    side = min(max(3.6, 0.42 * n), 7.5)
    margin = 0.25 + 0.085 * longest
    figure = Figure(figsize=(margin + side + 1.5, margin + side + 0.75))
    width, height = figure.get_size_inches()
    axes = figure.add_axes((margin / width, margin / height, side / width, side / height))
    drawn = draw_relations(axes, r, partial, labels, cmap, min(9.5, 72 * side / n * 0.7))
    bar = figure.add_axes(((margin + side + 0.2) / width, margin / height, 0.13 / width, side / height))
    figure.colorbar(drawn, cax=bar, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_ylabel("correlation", fontsize=9)
    above = "partial r" if shrinkage is None else f"partial r, shrunk by {shrinkage:.2f}"
    frame(figure, "Seeds among themselves", f"{subtitle}\nbelow the diagonal r, above it {above}")
    return figure, sentence(r, labels)


def draw_relations(
    axes: Axes, r: np.ndarray, partial: np.ndarray, labels: Sequence[str], cmap: str, size: float
) -> AxesImage:
    """Draw the matrix into axes; see `plot_relations`.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    r, partial : numpy.ndarray of shape (n_seeds, n_seeds)
    labels : sequence of str
    cmap : str
    size : float
        Of the seeds' names, points.

    Returns
    -------
    matplotlib.image.AxesImage
        For a colour bar.
    """
    n = len(labels)
    order = in_order(r)
    names = [labels[position] for position in order]
    shown = np.tril(r[np.ix_(order, order)], -1) + np.triu(partial[np.ix_(order, order)], 1)
    shown[np.diag_indices(n)] = np.nan
    drawn = axes.imshow(shown, cmap=colormap(cmap), vmin=-1, vmax=1)
    axes.plot([-0.5, n - 0.5], [-0.5, n - 0.5], color="0.4", linewidth=1)
    axes.set_xticks(range(n), names, rotation=90, fontsize=size)
    axes.set_yticks(range(n), names, fontsize=size)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if n <= WRITTEN:
        for row in range(n):
            for column in range(n):
                value = shown[row, column]
                if np.isfinite(value):
                    color = "white" if abs(value) > 0.6 else "black"
                    text = f"{value:.2f}".replace("-", "−")
                    axes.text(column, row, text, ha="center", va="center", fontsize=8, color=color)
    axes.set_facecolor("0.9")
    return drawn


def sentence(r: np.ndarray, labels: Sequence[str]) -> str:
    """The smallest and the largest r of pairs of seeds, in words; `r` is of shape (n_seeds, n_seeds)."""
    n = len(labels)
    pairs = tuple(index[np.isfinite(r[np.triu_indices(n, 1)])] for index in np.triu_indices(n, 1))
    if not len(pairs[0]):
        return f"No pair of {n} seeds has an r."
    largest, smallest = (pick(r[pairs]) for pick in (np.argmax, np.argmin))
    extremes = [
        f"{r[pairs][number]:.2f} ({labels[pairs[0][number]]} and {labels[pairs[1][number]]})"
        for number in (smallest, largest)
    ]
    return (
        f"r of {len(pairs[0])} pairs of {n} seeds is between {extremes[0]} and {extremes[1]}."
        if n > 2
        else (f"r of {labels[0]} and {labels[1]} is {r[0, 1]:.2f}.")
    )

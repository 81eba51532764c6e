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

FAINTEST = 0.1
"""Fisher z at which colours of effects end at least, so that what is next to nothing has no strong colour."""

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
    names = tables.made(r)[0]
    both = (
        np.array([[np.nan if text in tables.MISSING else float(text) for text in row[1:]] for row in rows])
        for _, *rows in map(tables.made, (r, partial))
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

        distance = 1 - np.nan_to_num(r[np.ix_(first, first)][np.triu_indices(len(first), 1)])
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
    figure, axes, bar, size = _laid_out(labels)
    drawn = draw_relations(axes, r, partial, labels, cmap, size)
    figure.colorbar(drawn, cax=bar, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_ylabel("correlation", fontsize=9)
    above = above_in_words(len(labels), shrinkage)
    frame(figure, "Seeds among themselves", f"{subtitle}\nbelow the diagonal r, above it {above}")
    return figure, sentence(r, labels)


def above_in_words(n: int, shrinkage: float | None) -> str:
    """What stands above the diagonal of a matrix of `n` seeds; with two alone, nothing is left to take out."""
    if shrinkage is not None:
        return f"partial r, shrunk by {shrinkage:.2f}"
    return "partial r (of two seeds, r)" if n == 2 else "partial r"


def _laid_out(labels: Sequence[str], head: float = 0.75) -> tuple[Figure, Axes, Axes, float]:
    """A figure with axes for a matrix of seeds and for its colour bar, and the size of the seeds' names in points.

    `head` is the room above the matrix, inches.
    """
    n = len(labels)
    longest = max(map(len, labels))
    side = min(max(3.6, 0.42 * n), 7.5)
    margin = 0.25 + 0.085 * longest
    figure = Figure(figsize=(margin + side + 1.5, margin + side + head))
    width, height = figure.get_size_inches()
    axes = figure.add_axes((margin / width, margin / height, side / width, side / height))
    bar = figure.add_axes(((margin + side + 0.2) / width, margin / height, 0.13 / width, side / height))
    return figure, axes, bar, min(9.5, 72 * side / n * 0.7)


def plot_tested(
    values: np.ndarray,
    p: np.ndarray,
    labels: Sequence[str],
    order: np.ndarray,
    level: float,
    words: tuple[str, str],
    cmap: str,
    titles: tuple[str, str],
    least: float = 0.0,
) -> tuple[Figure, str]:
    """Draw what a contrast has for each pair of seeds below the diagonal, and above it again what is significant.

    Parameters
    ----------
    values, p : numpy.ndarray of shape (n_seeds, n_seeds)
        Symmetric; corrected p. NaN where there is none.
    labels : sequence of str
    order : numpy.ndarray of int, shape (n_seeds,)
        From `in_order`.
    level : float
        Of corrected p.
    words : tuple of str
        What the values are, and over what p is corrected.
    cmap : str
    titles : tuple of str
        Title, and what stands below it.
    least : float
        Where colours end at least, as values that are all small would have strong ones; `FAINTEST` for effects.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    figure, axes, bar, size = _laid_out(labels, head=0.95)
    with np.errstate(invalid="ignore"):
        passing = np.where(p < level, values, np.nan)
    limit = max(float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0, least)
    at = np.ix_(order, order)
    drawn = draw_matrix(axes, values[at], passing[at], [labels[k] for k in order], cmap, size, limit or 1.0)
    figure.colorbar(drawn, cax=bar)
    if not (values < 0).any():
        bar.set_ylim(0, limit or 1.0)
    bar.set_ylabel(words[0], fontsize=9)
    said = f"below the diagonal every pair, above it those with p < {level:g},\n{words[1]}"
    frame(figure, titles[0], f"{titles[1]}\n{said}")
    pairs = np.triu_indices(len(labels), 1)
    known, significant = int(np.isfinite(values[pairs]).sum()), int(np.isfinite(passing[pairs]).sum())
    return figure, (
        f"{words[0][0].upper()}{words[0][1:]} of {known} pairs of {len(labels)} seeds; {significant} of them have "
        f"p < {level:g}, {words[1]}."
    )


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
    order = in_order(r)
    at = np.ix_(order, order)
    return draw_matrix(axes, r[at], partial[at], [labels[position] for position in order], cmap, size, 1)


def draw_matrix(
    axes: Axes, below: np.ndarray, above: np.ndarray, names: Sequence[str], cmap: str, size: float, limit: float
) -> AxesImage:
    """Draw one matrix below the diagonal and another above it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    below, above : numpy.ndarray of shape (n_seeds, n_seeds)
        In the order in which they are drawn; NaN is left blank.
    names : sequence of str
    cmap : str
    size : float
        Of the names, points.
    limit : float
        Where colours end, on both sides of 0.

    Returns
    -------
    matplotlib.image.AxesImage
        For a colour bar.
    """
    n = len(names)
    shown = np.tril(below, -1) + np.triu(above, 1)
    shown[np.diag_indices(n)] = np.nan
    drawn = axes.imshow(shown, cmap=colormap(cmap), vmin=-limit, vmax=limit)
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
                    color = "white" if abs(value) > 0.6 * limit else "black"
                    text = f"{value:z.2f}".replace("-", "−")
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

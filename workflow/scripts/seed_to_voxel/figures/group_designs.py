"""Pictures of designs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from .style import GREY

if TYPE_CHECKING:
    import pandas

    from ..groups.designs import Design

MOST_ROWS = 60
"""Rows whose names can be read in the picture."""

CONSTANT = 0.5
"""Grey of a column with one value."""


def scaled(matrix: pandas.DataFrame) -> pandas.DataFrame:
    """A design whose columns go from 0 to 1 each, as their units differ; a constant one has the same grey everywhere.

    Parameters
    ----------
    matrix : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
    """
    low, span = matrix.min(), matrix.max() - matrix.min()
    return ((matrix - low) / span.where(span > 0)).fillna(CONSTANT)


def plot_design(design: Design, name: str) -> tuple[Figure, str]:
    """Draw a design's matrix, as nilearn does.

    Parameters
    ----------
    design : Design
    name : str
        Of the model.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    import pandas
    from nilearn.plotting import plot_design_matrix

    matrix = pandas.DataFrame(design.matrix, columns=design.names, index=design.rows)
    n, p = matrix.shape
    inner = max(2.2, 0.17 * min(n, MOST_ROWS))
    labels = (0.075 * max(map(len, design.names)) if p > 3 else 0.1) + 0.3
    width, height = 1.85 + max(2.4, 0.62 * p), inner + labels + 0.65
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((1.55 / width, labels / height, 1 - 1.85 / width, inner / height))
    plot_design_matrix(scaled(matrix), rescale=False, axes=axes)
    axes.images[0].set(cmap="gray", clim=(0, 1))
    axes.xaxis.set_ticks_position("bottom")
    axes.set_xticks(range(p), labels=design.names, rotation=90 if p > 3 else 0, ha="center", fontsize=8)
    shown = range(n) if n <= MOST_ROWS else [0, n - 1]
    axes.set_ylabel("")
    axes.set_yticks(shown, labels=[design.rows[row] for row in shown], fontsize=7)
    figure.text(0.1 / width, 1 - 0.1 / height, f"Design of the model {name}", ha="left", va="top", fontsize=12)
    said = f"{n} rows of {len(set(design.subjects))} subjects, {p} column{'s' * (p > 1)}"
    figure.text(0.1 / width, 1 - 0.34 / height, said, ha="left", va="top", fontsize=8.5, color=GREY)
    return figure, f"{said}: {', '.join(design.names)}."

"""The figures of the published example: series of seeds and voxels, and the map of r."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..base.words import SINGULAR
from ..connectivity import summaries
from . import slices
from .style import CMAP, MARKER, color_bar, figure_of_pixels, frame, label_below, label_sides, panel_axes, run_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from nibabel.spatialimages import SpatialImage

LEGEND_COLUMNS = 5


def in_time(series: np.ndarray, run: Mapping) -> np.ndarray:
    """Put series of the kept volumes back in time, with gaps where volumes are censored.

    Parameters
    ----------
    series : numpy.ndarray of shape (n_kept, n)
    run : dict
        Sidecar of the run's seed series.

    Returns
    -------
    numpy.ndarray of shape (T, n)
        NaN at censored volumes.
    """
    spread = np.full((run["NumberOfVolumes"], series.shape[1]), np.nan)
    spread[np.setdiff1d(np.arange(len(spread)), run["CensoredVolumes"])] = series
    return spread


def plot_series(series: np.ndarray, title: str, t_r: float, labels: Sequence[str] | None = None) -> Figure:
    """Draw cleaned series against the volumes' numbers, with seconds above.

    Parameters
    ----------
    series : numpy.ndarray of shape (T, n)
        Standardised.
    title : str
    t_r : float
        Repetition time, seconds.
    labels : sequence of str, optional
        A name for each series, for the legend.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(labels or ()) // LEGEND_COLUMNS)
    height = 3.6 + 0.18 * max(rows - 1, 0)
    figure = Figure(figsize=(7, height))
    axes = figure.subplots()
    below = 0.49 + (0.12 + 0.18 * rows if rows else 0)
    figure.subplots_adjust(left=0.11, right=0.985, bottom=below / height, top=1 - 0.684 / height)
    draw_series(axes, series, t_r, labels)
    axes.set_title(title, pad=31)
    label_below(axes)
    axes.yaxis.set_label_coords(-0.085, 0.5)
    if labels:
        axes.legend(
            fontsize=8,
            ncols=LEGEND_COLUMNS,
            frameon=False,
            loc="lower center",
            bbox_to_anchor=(0.5, 0),
            bbox_transform=figure.transFigure,
        )
    return figure


def draw_series(axes: Axes, series: np.ndarray, t_r: float, labels: Sequence[str] | None = None) -> None:
    """Draw series into axes; see `plot_series`."""
    for position, column in enumerate(series.T):
        axes.plot(column, linewidth=1.2, label=labels[position] if labels else None)
    axes.set(xlabel="Scan number", ylabel="Normalized signal", xlim=(0, len(series) - 1))
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    seconds = axes.secondary_xaxis(
        "top", functions=(lambda scan: np.multiply(scan, t_r), lambda time: np.divide(time, t_r))
    )
    seconds.set_xlabel("Time (s)", fontsize=8)
    seconds.tick_params(labelsize=8)
    seconds.spines["top"].set_visible(False)
    if not np.isfinite(series).any():
        axes.set_ylim(-1, 1)
        axes.text(0.5, 0.6, "No series", transform=axes.transAxes, ha="center", color="#a3131b")


def mark_slice(
    axes: Axes, cut: str, place: float, centre: Sequence[float] | None, share: float = 1, inside: bool = True
) -> None:
    """Write on a slice where it lies, which side is which, and with a cross where the seed is.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        In mm, from `style.slice_axes`.
    cut : {"x", "y", "z"}
        The axis that the slice cuts.
    place : float
        Where, mm.
    centre : sequence of float or None
        Of the seed, mm; None for no cross.
    share : float
        Of the marker's size.
    inside : bool
        Whether the place stands in the slice's corner, or else below it.
    """
    beside = "bottom" if inside else "top"
    axes.text(0, 0, f"{cut}={round(place, 1):g}", transform=axes.transAxes, va=beside, fontsize=11)
    if cut != "x":
        label_sides(axes)
    if centre is not None:
        across, up = (centre[axis] for axis in slices.ACROSS_AND_UP[cut])
        axes.axvline(across, color="black", linewidth=1.2)
        axes.axhline(up, color="black", linewidth=1.2)
        axes.scatter(across, up, s=300 * share**2, color=MARKER, edgecolors="white", zorder=3)


def plot_map(
    image: SpatialImage,
    mask: np.ndarray,
    seed: Mapping,
    threshold: float,
    vmax: float,
    title: str,
    cmap: str = CMAP,
    background: SpatialImage | None = None,
    label: str = "Pearson r",
) -> Figure:
    """Draw a map on three slices through the seed, with a cross and a marker on it.

    Parameters
    ----------
    image : nibabel image
        The map of r.
    mask : numpy.ndarray of bool, shape (x, y, z)
        The brain.
    seed : dict
        With ``x``, ``y``, ``z`` in mm, and perhaps its coverage.
    threshold : float
        Smaller |r| is not coloured.
    vmax : float
        |r| at the ends of the colour bar.
    title : str
    cmap : str
        Name of a diverging colour map.
    background : nibabel image, optional
        What is drawn below the map: the run's mean, for a run outside of MNI space.
    label : str
        Of the colour bar.

    Returns
    -------
    matplotlib.figure.Figure
    """
    centre = [seed[axis] for axis in "xyz"]
    underlay = slices.Underlay(zip("xyz", centre, strict=True), background=background)
    panels = underlay.lay(image, threshold, vmax, cmap)
    figure = figure_of_pixels(770, 290)
    left = 16
    for cut, place, panel in zip("xyz", centre, panels, strict=True):
        axes = panel_axes(figure, panel, cut, left, 135, underlay.box)
        left += panel.shape[1] + 24
        mark_slice(axes, cut, place, centre)
    color_bar(figure, (0.895, 0.12, 0.016, 0.66), threshold, vmax, cmap, label)
    summary = summaries.summarise(summaries.brain_values(image, mask), threshold)
    frame(figure, title, remark=summaries.remark(summary, seed))
    return figure


def map_title(seed: Mapping, run_labels: Mapping[str, str], words: str = "voxels") -> str:
    """Title of a map: the seed, and the run it belongs to; `words` is what its places are called."""
    return f"Seed-to-{SINGULAR[words]} correlation ({seed['label']} seed) – {run_title(run_labels)}"


def series_alt(series: np.ndarray, what: str) -> str:
    """Description of a figure of one series, in words and numbers."""
    if not np.isfinite(series).any():
        return f"{what}: no series."
    low, high = np.nanmin(series), np.nanmax(series)
    return f"{what}: {len(series)} volumes, between {low:.1f} and {high:.1f} standard deviations."

"""Maps after several cleanings below each other, on the same slices and in the same colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..study.cleanings import MAIN
from .slices import BOX, Underlay
from .style import clipped, color_bar, figure_of_pixels, frame, label_sides, panel_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from nibabel.spatialimages import SpatialImage

STEP = 2
"""mm a pixel."""

BINS = np.linspace(-1, 1, 81)
"""Of the distributions of r."""

FURTHER = (0.3, 0.44, 0.58, 0.7)
"""Heights of axial slices beside those through the seed, in parts of the brain's box; the three farthest from it."""

GAP, HEAD, TOP, FOOT, DISTRIBUTION, MARGIN = 6, 34, 52, 22, 150, 84
"""Pixels: between slices, above a row for its texts, for the titles, below all, the width of a distribution, and of
what is right of it."""


@dataclass(frozen=True)
class Row:
    """A map after a cleaning.

    Attributes
    ----------
    numbers : dict
        From `statistics.cleanings.row`.
    does : str
        What the cleaning does otherwise than the study's own.
    panels : list of numpy.ndarray of uint8, shape (height, width, 3)
    counts : numpy.ndarray of int, shape (n_bins,)
        Places by their r, in `BINS`.
    """

    numbers: Mapping[str, Any]
    does: str
    panels: Sequence[np.ndarray]
    counts: np.ndarray


def underlay(centre: Sequence[float], background: SpatialImage | None = None) -> tuple[list[str], Underlay]:
    """Planes through a seed, and three further axial ones that lie away from it.

    Parameters
    ----------
    centre : sequence of float
        mm.
    background : nibabel image, optional
        A run's mean, for a run outside of MNI space.

    Returns
    -------
    names : list of str
        ``x = -4`` of each plane.
    planes : slices.Underlay
    """
    cuts = [(axis, round(float(place))) for axis, place in zip("xyz", centre, strict=True)]
    box = Underlay([], STEP, background).box
    heights = [round(float(box[2, 0] + share * np.ptp(box[2]))) for share in FURTHER]
    far = sorted(heights, key=lambda height: -abs(height - centre[2]))[:3]
    cuts += [("z", height) for height in sorted(far)]
    return [f"{axis} = {place}" for axis, place in cuts], Underlay(cuts, STEP, background)


def in_words(numbers: Mapping[str, Any], without_global_signal: Sequence[str] = ()) -> str:
    """The numbers above a row, or why there are none; a dash for a critical |r| that does not hold."""
    if numbers["excluded"]:
        return f"no map: {numbers['excluded']}"
    said = [f"ν {numbers['nu']:.1f}"] if numbers["nu"] is not None else []
    if numbers["cleaning"] in without_global_signal:
        said.append("critical |r| –")
    elif numbers["critical_r"] is not None:
        said.append(f"critical |r| {numbers['critical_r']:.2f}")
    if numbers["share_negative"] is not None:
        said.append(f"r < 0 in {100 * numbers['share_negative']:.0f} %")
    if numbers["specificity"] is not None:
        said.append(f"specificity {numbers['specificity']:.2f} ({numbers['network']})")
    if numbers["similarity"] is not None and numbers["cleaning"] != MAIN:
        said.append(f"map correlates with {MAIN}'s by {numbers['similarity']:.2f}")
    return ", ".join(said)


def plot(
    rows: Sequence[Row],
    names: Sequence[str],
    title: str,
    subtitle: str,
    threshold: float,
    vmax: float,
    cmap: str,
    box: np.ndarray | None = BOX,
    without_global_signal: Sequence[str] = (),
    words: str = "voxels",
) -> Figure:
    """Draw the maps of a seed after several cleanings.

    Parameters
    ----------
    rows : sequence of Row
        The study's own cleaning first.
    names : sequence of str
        Of the panels, from `underlay`, or `cortex.SEEN`.
    title, subtitle : str
    threshold, vmax : float
        |r| below the first is not coloured, and colours end at the second.
    cmap : str
    box : numpy.ndarray of shape (3, 2), or None
        mm that the planes span along each axis; None where the panels show the cortex.
    without_global_signal : sequence of str
        Names of the cleanings that regress the global signal out, whose critical |r| does not hold and is not shown.
    words : str
        What places are called.

    Returns
    -------
    matplotlib.figure.Figure
    """
    sizes = [panel.shape[:2] for panel in rows[0].panels]
    tall = max(height for height, _ in sizes)
    lefts = np.cumsum([10, *(width + GAP for _, width in sizes)])
    width = int(lefts[-1]) + 16 + DISTRIBUTION + MARGIN
    pitch = tall + HEAD
    height = TOP + pitch * len(rows) + FOOT + 20
    figure = figure_of_pixels(width, height)
    highest = max(1, *(row.counts.max() for row in rows))
    for position, row in enumerate(rows):
        top = height - TOP - pitch * position
        middle = top - HEAD - tall // 2
        name = f"{row.numbers['cleaning']}: {row.does}"
        figure.text(10 / width, (top - 3) / height, clipped(name, 115), va="top", fontsize=10)
        color = "#a3131b" if row.numbers["excluded"] else "black"
        figure.text(
            10 / width,
            (top - 19) / height,
            clipped(in_words(row.numbers, without_global_signal), 125),
            va="top",
            fontsize=8.5,
            color=color,
        )
        last = position == len(rows) - 1
        for cut, panel, left in zip(names, row.panels, lefts, strict=False):
            if box is None:
                panel_axes(figure, panel, None, int(left), middle)
            else:
                axes = panel_axes(figure, panel, cut[0], int(left), middle, box)
                if cut[0] == "y" and position == 0:
                    label_sides(axes, fontsize=7)
            if last:
                centre = (left + panel.shape[1] / 2) / width
                figure.text(centre, (middle - tall // 2 - 2) / height, cut, ha="center", va="top", fontsize=8)
        place = (
            (lefts[-1] + 16) / width,
            (middle - tall // 2 + 8) / height,
            DISTRIBUTION / width,
            (tall - 10) / height,
        )
        holds = row.numbers["cleaning"] not in without_global_signal
        _draw_distribution(figure.add_axes(place), row, rows[0].counts, highest, last, holds, words)
    bar = (1 - (MARGIN - 14) / width, (FOOT + 24) / height, 10 / width, min(0.5, 160 / height))
    color_bar(figure, bar, threshold, vmax, cmap)
    names_without = ", ".join(without_global_signal)
    remark = (
        f"– {names_without}: critical |r| supposes a mean of 0, which regression of the global signal does not leave"
    )
    frame(figure, title, subtitle, clipped(remark, 125) if without_global_signal else "")
    return figure


def _draw_distribution(
    axes: Axes, row: Row, main: np.ndarray, highest: int, last: bool, holds: bool, words: str
) -> None:
    """How r is distributed over the places, the study's own cleaning as a line behind; critical |r| where it holds."""
    axes.stairs(row.counts, BINS, fill=True, color="0.72")
    axes.stairs(main, BINS, color="black", linewidth=0.8)
    axes.axvline(0, color="0.4", linewidth=0.6)
    if holds and row.numbers["critical_r"] is not None:
        for side in (-1, 1):
            axes.axvline(side * row.numbers["critical_r"], color="#d55e00", linewidth=0.9, linestyle=(0, (2, 2)))
    axes.set(xlim=(-1, 1), ylim=(0, 1.05 * highest), yticks=[], xticks=[-1, 0, 1])
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=8, length=2, labelbottom=last)
    if last:
        axes.set_xlabel(f"r of the {words}", fontsize=8, labelpad=1)


def sentence(seed: str, rows: Sequence[Row], without_global_signal: Sequence[str] = ()) -> str:
    """The figure in words and numbers, for whom the picture is not there."""
    said = "; ".join(
        f"{row.numbers['cleaning']} ({row.does}): {in_words(row.numbers, without_global_signal)}" for row in rows
    )
    return f"Maps of the seed {seed} after several cleanings. {said}."

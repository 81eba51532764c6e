"""The look of all figures, and how they are saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import matplotlib
import numpy as np
from matplotlib import font_manager

# savefig would import it, in each copy of a Python that has imported this module for all jobs that draw.
from matplotlib.backends import backend_pdf  # noqa: F401
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.rcsetup import cycler
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation
from nibabel import Nifti1Image
from PIL import Image, PngImagePlugin

from ..base import garbage
from ..study.bids import run_title as run_title  # titles of figures name a run as the report does
from . import slices
from .palette import few_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from nibabel.spatialimages import SpatialImage

FORMATS = ("pdf", "png")

FILES = ("fonts/SeedToVoxelSans.ttf", "fonts/SeedToVoxelSans-Bold.ttf")
"""Files beside this module that its figures are made with, for `base.fingerprint`."""

FONT_FILE = Path(__file__).parent / FILES[0]
"""Letters of DejaVu Sans that the figures need, made by docs/make_font.py: matplotlib writes a PDF with it in half the
time that it takes with the whole font."""

BOLD_FILE = Path(__file__).parent / FILES[1]

FONT = "Seed-to-voxel Sans"

WHOLE_FONT = "DejaVu Sans"

STYLE: Any = {
    "font.family": FONT,
    "pdf.fonttype": 42,  # TrueType: text in a PDF stays text, as journals ask for
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "font.size": 10,
    "text.parse_math": False,  # a name that holds a dollar is a name
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # found anew for every drawing otherwise, from all that stands above the axes
    "figure.dpi": 100,
}

DPI = {"pdf": 300, "png": 94}
"""Dots per inch: of what a PDF holds as pixels, in print, and of a PNG, on a screen."""

# Okabe and Ito 2008: told apart with any kind of colour vision; the yellow is too pale for a line on white.
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")

CMAP = "RdBu_r"
"""Blue, white, red: centred at 0, its ends unlike, and told apart with any kind of colour vision."""

SAVED: WeakSet[Figure] = WeakSet()
"""Figures that were saved and are still in memory."""

OUTLINE = "#ff8c1a"
"""Colour of a seed on an image without colours."""

MARKER = "#1b9e3a"
GREY = "0.45"


def use_style() -> None:
    """Choose a backend that needs no screen, and one look for all figures."""
    matplotlib.use("Agg")
    for file in (FONT_FILE, BOLD_FILE):
        font_manager.fontManager.addfont(file)
    matplotlib.rcParams.update(STYLE)
    matplotlib.rcParams["axes.prop_cycle"] = cycler(color=LINES)
    # What has been imported by now stays: a look for closed figures need not go through it.
    garbage.set_aside()


@cache
def letters() -> frozenset[str]:
    """Characters that the figures' font has, or that need none: the ends of lines."""
    return frozenset({"\n", *map(chr, font_manager.get_font(FONT_FILE).get_charmap())})


def all_axes(figure: Figure) -> Iterator[Axes]:
    """Axes of a figure, those within others too, such as a second scale."""
    waiting: list[Any] = list(figure.axes)
    while waiting:
        axes = waiting.pop()
        waiting += axes.child_axes
        yield axes


def texts(figure: Figure) -> Iterator[Text]:
    """Texts that were written on a figure; the numbers at its ticks are made when it is drawn."""
    yield from figure.texts
    for axes in all_axes(figure):
        yield from (axes.xaxis.label, axes.yaxis.label)
        for child in axes.get_children():
            if isinstance(child, Text):
                yield child
            elif isinstance(child, Legend):
                yield from child.get_texts()


LABEL_ROOM = 21
"""Points between axes and the label below them, as matplotlib finds them for numbers of 10 points."""


def label_below(axes: Axes) -> None:
    """Put the label of the x-axis where it would be found to fit, without a search at every drawing.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Numbers of its x-axis have 10 points and stand below it.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None, "axes are of a figure"
    down = ScaledTranslation(0, -LABEL_ROOM / 72, figure.dpi_scale_trans)
    axes.xaxis.set_label_coords(0.5, 0, axes.transAxes + down)


def leave_unsaid(figure: Figure) -> None:
    """Let matplotlib look for no place for the labels of axes that have none."""
    for axes in all_axes(figure):
        for axis in (axes.xaxis, axes.yaxis):
            if not axis.label.get_text():
                axis.set_label_coords(0, 0)


def lend_letters(figure: Figure) -> None:
    """Write a figure that has other letters than the figures' font with the whole of DejaVu Sans.

    All of it: a PDF lists its fonts by where their files lie, so that one with fonts of two folders would be other
    bytes where the project lies elsewhere.
    """
    written = list(texts(figure))
    if all(letters().issuperset(text.get_text()) for text in written):
        return
    for text in written:
        text.set_fontfamily([WHOLE_FONT])
    for axes in all_axes(figure):
        axes.tick_params(which="both", labelfontfamily=WHOLE_FONT)


def save(figure: Figure, stem: str | PathLike[str], alt: str = "") -> None:
    """Save a figure as PDF and PNG, without a date so that the same figure is the same file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    stem : str or path-like
        Path without its ending.
    alt : str
        What the figure shows, in words and numbers, for people who cannot see it; it is kept in the
        files' metadata, where the report finds it.
    """
    SAVED.add(figure)
    lend_letters(figure)
    leave_unsaid(figure)
    if layout := figure.get_layout_engine():
        # Once: each savefig would draw the whole figure to lay it out, and then draw it again.
        layout.execute(figure)
        figure.set_layout_engine(None)
        for axes in figure.axes:
            # The last digits of the layout's solver are not the same each time.
            left, bottom, width, height = np.round(axes.get_position(original=True).bounds, 6).tolist()
            axes.set_position((left, bottom, width, height))
    figure.savefig(f"{stem}.pdf", dpi=DPI["pdf"], metadata={"CreationDate": None, "Subject": alt or None})
    figure.set_dpi(DPI["png"])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    text = PngImagePlugin.PngInfo()
    if alt:
        text.add_itxt("Description", alt)
    small = few_colors(Image.fromarray(np.asarray(canvas.buffer_rgba())))
    # Much sooner than with the usual 6, and little larger.
    small.save(f"{stem}.png", pnginfo=text, dpi=(DPI["png"], DPI["png"]), compress_level=4)


def resize(figure: Figure, share: float, least: float) -> None:
    """Make all texts, lines and markers of a figure smaller, as drawing functions make them for a screen.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    share : float
        Of their sizes.
    least : float
        Smallest size of a text, points.
    """
    for axes in all_axes(figure):
        for axis in (axes.xaxis, axes.yaxis):
            labels = axis.get_ticklabels()
            size = float(labels[0].get_fontsize()) if labels else STYLE["font.size"]
            marks = [tick.tick1line.get_markersize() for tick in axis.get_major_ticks()[:1]]
            length = share * marks[0] if marks else 0
            axis.set_tick_params(labelsize=max(share * size, least), length=length, width=0.8 * share, pad=3 * share)
            axis.labelpad *= share
        for spine in axes.spines.values():
            spine.set_linewidth(share * spine.get_linewidth())
        for collection in axes.collections:
            if isinstance(collection, PathCollection):
                collection.set_sizes(share**2 * collection.get_sizes())
    for line in figure.findobj(Line2D):
        line.set_linewidth(share * line.get_linewidth())
        line.set_markersize(share * line.get_markersize())
    for text in figure.findobj(Text):
        text.set_fontsize(max(share * float(text.get_fontsize()), least))


def save_print(figure: Figure, stem: str | PathLike[str], formats: Iterable[str], dpi: int, alt: str = "") -> None:
    """Save a figure for print, at its size and without a date.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    stem : str or path-like
        Path without its ending.
    formats : iterable of str
        Of ``pdf`` and ``svg``, whose lines and letters stay such, and ``png`` and ``tiff``.
    dpi : int
        Dots per inch, also of what a PDF or SVG holds as pixels.
    alt : str
        What the figure shows, for its metadata.
    """
    SAVED.add(figure)
    lend_letters(figure)
    wanted = set(formats)
    if "pdf" in wanted:
        figure.savefig(f"{stem}.pdf", dpi=dpi, metadata={"CreationDate": None, "Subject": alt or None})
    if "svg" in wanted:
        # Identifiers inside are random otherwise.
        with matplotlib.rc_context({"svg.hashsalt": "seed-to-voxel"}):
            figure.savefig(f"{stem}.svg", dpi=dpi, metadata={"Date": None, "Description": alt or None})
        # No reader has our font, whose letters are those of the first of these.
        drawn = Path(f"{stem}.svg").read_text(encoding="utf-8")
        families = "'DejaVu Sans', Arial, Helvetica, sans-serif"
        Path(f"{stem}.svg").write_text(drawn.replace(f"'{FONT}'", families), encoding="utf-8")
    if not wanted & {"png", "tiff"}:
        return
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # Without an alpha channel, which journals refuse.
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    if "png" in wanted:
        text = PngImagePlugin.PngInfo()
        if alt:
            text.add_itxt("Description", alt)
        pixels.save(f"{stem}.png", pnginfo=text, dpi=(dpi, dpi))
    if "tiff" in wanted:
        pixels.save(f"{stem}.tiff", compression="tiff_lzw", dpi=(dpi, dpi))


def let_go() -> None:
    """Free the memory of figures that are closed and that no variable names any more.

    A figure is a knot of references, of up to tens of megabytes, which only a look for garbage unties. One that a
    variable still names goes with a later look: what is left is not set aside then, or it would stay for ever.
    """
    garbage.collect(lambda: not len(SAVED))


def stem_of(paths: Iterable[str | PathLike[str]]) -> str:
    """Path without its ending of a figure's files, which differ in nothing else."""
    stems = {str(Path(path).with_suffix("")) for path in paths}
    if len(stems) != 1:
        raise ValueError(f"the files of one figure differ in more than their ending: {sorted(map(str, paths))}")
    return stems.pop()


def frame(figure: Figure, title: str, subtitle: str = "", remark: str = "") -> None:
    """Write a figure's title, what it belongs to, and what must be known about it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    title, subtitle : str
        Top left, the second smaller and grey below the first.
    remark : str
        Bottom left, in a colour that is seen: what is unusual about the data.
    """
    inches = figure.get_size_inches()[1]
    figure.text(0.012, 1 - 0.1 / inches, title, ha="left", va="top", fontsize=12)
    if subtitle:
        figure.text(0.012, 1 - 0.34 / inches, subtitle, ha="left", va="top", fontsize=8.5, color=GREY)
    if remark:
        figure.text(0.012, 0.08 / inches, remark, ha="left", va="bottom", fontsize=9, color="#a3131b")


def clipped(text: str, most: int) -> str:
    """A label that is at most so many letters long; what is left out is marked."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def drawable(image: SpatialImage) -> Nifti1Image:
    """Image with 0 for NaN, which the plotting functions would warn about voxel by voxel.

    Parameters
    ----------
    image : nibabel image

    Returns
    -------
    nibabel.Nifti1Image
        float32.
    """
    return Nifti1Image(np.nan_to_num(np.asarray(image.dataobj, dtype=np.float32)), image.affine)


def figure_of_pixels(width: int, height: int) -> Figure:
    """A figure of so many pixels of its PNG."""
    return Figure(figsize=(width / DPI["png"], height / DPI["png"]))


def panel_axes(
    figure: Figure, panel: np.ndarray, cut: str | None, left: int, middle: int, box: np.ndarray = slices.BOX
) -> Axes:
    """Draw the pixels of a slice, each as one pixel of the PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    panel : numpy.ndarray of uint8, shape (height, width, 3)
    cut : {"x", "y", "z"} or None
        The axis that the slice cuts; None where the panel is no slice.
    left, middle : int
        Where the panel begins, and the height of its middle, in pixels from the figure's lower left corner.
    box : numpy.ndarray of shape (3, 2)
        mm that the slice spans along each axis; see `slices.Underlay`.

    Returns
    -------
    matplotlib.axes.Axes
        In mm, without a frame.
    """
    height, width = panel.shape[:2]
    whole = figure.get_size_inches() * DPI["png"]
    place = (left / whole[0], (middle - height // 2) / whole[1], width / whole[0], height / whole[1])
    return slice_axes(figure, panel, cut, place, box)


def slice_axes(
    figure: Figure,
    panel: np.ndarray,
    cut: str | None,
    place: tuple[float, float, float, float],
    box: np.ndarray = slices.BOX,
) -> Axes:
    """Draw the pixels of a slice into a place of a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    panel : numpy.ndarray of uint8, shape (height, width, 3)
    cut : {"x", "y", "z"} or None
        None where the panel is no slice.
    place : tuple of float
        Left, bottom, width and height, in parts of the figure.
    box : numpy.ndarray of shape (3, 2)
        mm that the slice spans along each axis; see `slices.Underlay`.

    Returns
    -------
    matplotlib.axes.Axes
        In mm, or in pixels where the panel is no slice, without a frame.
    """
    width = panel.shape[1]
    axes = figure.add_axes(place)
    extent = None
    if cut is not None:
        (low, high), (bottom, top) = box[list(slices.ACROSS_AND_UP[cut])]
        half = (high - low) / (width - 1) / 2
        extent = (low - half, high + half, bottom - half, top + half)
    axes.imshow(panel, extent=extent, interpolation="none", aspect="auto")
    axes.axis("off")
    # A cross or a marker beyond the slice must not move its pixels.
    axes.autoscale(False)
    return axes


def label_sides(axes: Axes, fontsize: float = 11) -> None:
    """Write L and R beside a coronal or axial slice."""
    axes.text(0.06, 0.96, "L", transform=axes.transAxes, va="top", fontsize=fontsize)
    axes.text(0.94, 0.96, "R", transform=axes.transAxes, ha="right", va="top", fontsize=fontsize)


def color_bar(
    figure: Figure,
    box: tuple[float, float, float, float],
    threshold: float,
    vmax: float,
    cmap: str,
    label: str = "Pearson r",
    vmin: float | None = None,
) -> None:
    """Draw the colour bar of a map, grey where nothing is coloured.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    box : tuple of float
        Left, bottom, width and height, in parts of the figure.
    threshold, vmax : float
    cmap : str
    label : str
        What the colours are.
    vmin : float, optional
        Where the bar begins; at -vmax where it is left out.
    """
    low = -vmax if vmin is None else vmin
    levels = np.linspace(low, vmax, 256)
    colors = slices.colormap(cmap)((levels + vmax) / (2 * vmax))
    colors[np.abs(levels) < threshold] = (0.8, 0.8, 0.8, 1)
    axes = figure.add_axes(box)
    mappable = ScalarMappable(Normalize(low, vmax), ListedColormap(colors))
    bar = figure.colorbar(mappable, cax=axes)
    ticks = sorted({low, *([-threshold, threshold] if 0 < threshold < vmax else []), 0, vmax})
    ticks = [tick for tick in ticks if tick >= low]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.ax.tick_params(labelsize=8, length=2)
    outline: Any = bar.outline
    outline.set_linewidth(0.5)
    bar.set_label(label, fontsize=9)

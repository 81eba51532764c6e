"""A figure of a paper: panels with letters, on a grid, at the size it is printed in."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..base.errors import InputError
from ..figures import cortex, style
from . import panels
from .maps import Bar, bar_of, read_map
from .places import BAR, MM, STRIP, Rectangle, of_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

LEAST = 6.0
"""Smallest size of a text, points, as journals ask for."""


def use_font(name: str | None) -> None:
    """Let figures be written in another font than the project's.

    Parameters
    ----------
    name : str or None
        Family of a font that is installed.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    import matplotlib

    if name is None:
        return
    known = {font.name for font in font_manager.fontManager.ttflist}
    if name not in known:
        some = ", ".join(sorted(known - {style.FONT})[:12])
        raise InputError(f"paper.font is {name!r}, which matplotlib does not find; expected one of those here: {some}")
    matplotlib.rcParams["font.family"] = [name, style.FONT]


def draw(described: Mapping[str, Any], files: Mapping[str, Any], font_size: float) -> tuple[Figure, dict[str, str]]:
    """Draw a figure.

    Parameters
    ----------
    described : dict
        From `study.paper`: ``width`` and ``heights`` (mm), ``cells`` and ``panels``.
    files : dict of str to str, or list of str
        By letter and role; an image on the cortical surface may have two.
    font_size : float
        Of ordinary text, points; no text is smaller than `LEAST`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    sentences : dict of str to str
        What each panel shows.
    """
    where = f"paper.figures: figure {described['name']}"
    size, places = of_panels(described["width"], described["heights"], described["cells"])
    figure = Figure(figsize=(size[0] / MM, size[1] / MM))
    FigureCanvasAgg(figure)
    own = {
        letter: {name[2:]: path for name, path in files.items() if name.startswith(f"{letter}_")} for letter in places
    }
    contents = {letter: place.inside(top=STRIP) for letter, place in places.items()}
    maps = {
        letter: read_map(panel, own[letter])
        for letter, panel in described["panels"].items()
        if panel["kind"] in panels.ON_MAPS
    }
    # An F and an effect have no scale in common.
    common: dict[str, float] = {}
    for found in maps.values():
        if found.shown is not None:
            common[found.label] = max(found.shown.vmax, common.get(found.label, 0.0))
    bars = {
        letter: bar_of(described["panels"][letter], found, common.get(found.label)) for letter, found in maps.items()
    }
    shared = len(set(bars.values())) == 1
    edge = max((contents[letter].right for letter in bars), default=0.0)
    at_bar = [letter for letter in bars if not shared or contents[letter].right > edge - 0.1]
    for letter in at_bar:
        contents[letter] = contents[letter].inside(right=BAR)
    drawn, names = {}, {}
    for letter, panel in described["panels"].items():
        place, before = contents[letter], len(figure.texts)
        if letter in maps:
            draw_map = panels.ON_MAPS[panel["kind"]]
            drawn[letter] = draw_map(figure, place, size, panel, maps[letter], bars[letter])
        else:
            drawn[letter] = panels.OTHERS[panel["kind"]](figure, place, size, panel, own[letter])
        names[letter] = [text for text in figure.texts[before:] if text.get_gid() == cortex.OF_VIEWS]
    if shared:
        _color_bar(figure, [contents[letter] for letter in at_bar], size, next(iter(bars.values())))
    else:
        for letter in at_bar:
            _color_bar(figure, [contents[letter]], size, bars[letter])
    style.resize(figure, font_size / style.STYLE["font.size"], LEAST)
    for letter, texts in names.items():
        check_names(figure, f"{where}, panel {letter}", texts, contents[letter])
    for letter, place in places.items():
        # A panel alone has no letter.
        shown = letter if len(places) > 1 else ""
        _name(figure, shown, described["panels"][letter]["title"], place, size, font_size)
    for letter, panel in drawn.items():
        for axes in panel.fitted:
            fit(figure, axes, contents[letter].inside(left=0.3, right=0.3), size, f"{where}, panel {letter}")
    return figure, {letter: panel.sentence for letter, panel in drawn.items()}


def check_names(figure: Figure, where: str, names: Sequence[Text], place: Rectangle) -> None:
    """Refuse names of views that lie over one another.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        With a canvas.
    where : str
        Figure and panel, for messages.
    names : sequence of matplotlib.text.Text
        From left to right.
    place : Rectangle

    Raises
    ------
    InputError
        If there is no room for them.
    """
    boxes = [name.get_window_extent(figure.canvas.get_renderer()) for name in names]  # type: ignore[attr-defined]
    if any(box.x1 > other.x0 for box, other in pairwise(boxes)):
        raise InputError(
            f"{where} has no room for {len(names)} views beside each other: it has {place.width:.0f} mm "
            "for them; expected fewer views, or a wider panel (width, layout)"
        )


def _name(
    figure: Figure, letter: str, title: str, place: Rectangle, size: tuple[float, float], font_size: float
) -> None:
    """Write a panel's letter and title above it."""
    top = (place.top - 0.3) / size[1]
    figure.text(place.left / size[0], top, letter.lower(), fontsize=font_size + 1, va="top", fontweight="bold")
    if title:
        start = place.left + (4 if letter else 0)
        figure.text(start / size[0], top, title, fontsize=max(font_size, LEAST), va="top")


def _color_bar(figure: Figure, beside: list[Rectangle], size: tuple[float, float], bar: Bar) -> None:
    """Draw a colour bar at the right of panels that lie above each other."""
    low, high = min(place.bottom for place in beside), max(place.top for place in beside)
    height = min(high - low, 40.0) * 0.8
    place = Rectangle(max(place.right for place in beside) + 1.5, (low + high - height) / 2, 2.2, height)
    low_end = 0.0 if bar.one_sided else None
    style.color_bar(figure, place.parts(size), bar.threshold, bar.vmax, bar.cmap, bar.label, low_end)


def fit(figure: Figure, axes: Axes, place: Rectangle, size: tuple[float, float], where: str) -> None:
    """Make axes smaller until all that belongs to them lies in a place.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        With a canvas.
    axes : matplotlib.axes.Axes
    place : Rectangle
    size : tuple of float
        Of the figure, mm.
    where : str
        Figure and panel, for messages.

    Raises
    ------
    InputError
        If there is no room.
    """
    left, bottom, width, height = place.parts(size)
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    # Labels that are as wide as the axes need more turns than others.
    for turn in range(16):
        inside = axes.get_window_extent(renderer)
        for label, side, room in (
            (axes.xaxis.label, "width", inside.width),
            (axes.yaxis.label, "height", inside.height),
        ):
            if getattr(label.get_window_extent(renderer), side) > room:
                words = label.get_text().replace("\n", " ")
                lines = 2 + turn // 4
                label.set_text(textwrap.fill(words, len(words) // lines + 4))
                if side == "width" and turn >= 4 and label.get_window_extent(renderer).width > room:
                    # Below the names at the left there is room; matplotlib counts no label's width as the axes'.
                    label.set(x=1.0, horizontalalignment="right")
        axes.apply_aspect()
        drawn = axes.get_tightbbox(renderer)
        if drawn is None:
            return
        taken = drawn.transformed(figure.transFigure.inverted())
        beyond = max(left - taken.x0, bottom - taken.y0, taken.x1 - left - width, taken.y1 - bottom - height)
        if turn >= 4 and beyond < 1e-3:
            return
        now = axes.get_position(original=True)
        x0, y0 = now.x0 + left - taken.x0, now.y0 + bottom - taken.y0
        x1, y1 = now.x1 + left + width - taken.x1, now.y1 + bottom + height - taken.y1
        if axes.get_aspect() != "auto":
            # Its box is square, so that what is left over at the right stays.
            x1 = min(max(x1, x0), left + width)
        if x1 - x0 < 0.02 or y1 - y0 < 0.02:
            raise InputError(
                f"{where}: {place.width:.0f} x {place.height:.0f} mm have no room beside the labels; expected a wider "
                "or higher panel: change row_heights, width or layout"
            )
        axes.set_position((x0, y0, x1 - x0, y1 - y0))

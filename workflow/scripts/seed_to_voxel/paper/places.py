"""Where things lie on a figure of a paper, in millimetres."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MM = 25.4
"""mm an inch."""

GAP = 3.0
"""mm between panels."""

STRIP = 4.5
"""mm above a panel's content, for its letter and title."""

BAR = 14.0
"""mm that a colour bar takes with its numbers."""


@dataclass(frozen=True)
class Rectangle:
    """A place on a figure, mm from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.bottom + self.height

    def inside(self, left: float = 0, right: float = 0, top: float = 0, bottom: float = 0) -> Rectangle:
        """What is left of it without margins of so many mm."""
        return Rectangle(self.left + left, self.bottom + bottom, self.width - left - right, self.height - top - bottom)

    def parts(self, size: tuple[float, float]) -> tuple[float, float, float, float]:
        """The same in parts of a figure of a size (mm), as matplotlib wants it."""
        return (self.left / size[0], self.bottom / size[1], self.width / size[0], self.height / size[1])


def of_panels(
    width: float, heights: Sequence[float], cells: Mapping[str, Sequence[int]]
) -> tuple[tuple[float, float], dict[str, Rectangle]]:
    """Places of panels.

    Parameters
    ----------
    width : float
        Of the figure, mm.
    heights : sequence of float
        Of its rows, mm; together they are the figure's height.
    cells : dict of str to (row, column, rows, columns)
        From `study.paper.grid`.

    Returns
    -------
    size : tuple of float
        Of the figure, mm.
    places : dict of str to Rectangle
    """
    columns = max(column + n for _, column, _, n in cells.values())
    step = (width + GAP) / columns
    total = sum(heights)
    places = {}
    for letter, (row, column, n_rows, n_columns) in cells.items():
        below = total - sum(heights[: row + n_rows])
        # Between rows the gap is the lower row's.
        low = GAP if row + n_rows < len(heights) else 0
        height = sum(heights[row : row + n_rows]) - low
        places[letter] = Rectangle(column * step, below + low, n_columns * step - GAP, height)
    return (width, total), places


def of_tiles(
    place: Rectangle, sizes: Sequence[tuple[float, float]], gap: float = 1.0, below: float = 0.0
) -> list[Rectangle]:
    """Places of tiles of unlike sizes, all to one scale, in as many rows as make them largest.

    Parameters
    ----------
    place : Rectangle
    sizes : sequence of (float, float)
        Width and height of each, in units of their own.
    gap : float
        mm between tiles.
    below : float
        mm left free below each row, for words.

    Returns
    -------
    list of Rectangle
        Row by row, in the middle of the place.
    """
    best: tuple[float, list[Rectangle]] = (0.0, [])
    for n_rows in range(1, len(sizes) + 1):
        per_row = math.ceil(len(sizes) / n_rows)
        rows = [sizes[start : start + per_row] for start in range(0, len(sizes), per_row)]
        across = min((place.width - gap * (len(row) - 1)) / sum(width for width, _ in row) for row in rows)
        between = gap * (len(rows) - 1) + below * len(rows)
        up = (place.height - between) / sum(max(height for _, height in row) for row in rows)
        scale = min(across, up)
        if scale <= best[0]:
            continue
        used = scale * sum(max(height for _, height in row) for row in rows) + between
        top = place.top - (place.height - used) / 2
        tiles = []
        for row in rows:
            high = scale * max(height for _, height in row)
            left = place.left + (place.width - scale * sum(width for width, _ in row) - gap * (len(row) - 1)) / 2
            for width, height in row:
                middle = top - high / 2
                tiles.append(Rectangle(left, middle - scale * height / 2, scale * width, scale * height))
                left += scale * width + gap
            top -= high + below + gap
        best = (scale, tiles)
    return best[1]

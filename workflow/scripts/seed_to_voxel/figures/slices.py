"""Maps on planes through the brain, over the MNI152 template, with so many millimetres a pixel.

nilearn draws such slices too. They are here because importing its plotting takes longer than everything that
a run's figures need besides, and because all runs' thumbnails are to lie on the same pixels.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..images import nifti
from ..images.grid import BOX, box_around, sample
from ..inputs import shipped

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from nibabel.spatialimages import SpatialImage

ACROSS_AND_UP = {"x": (1, 2), "y": (0, 2), "z": (0, 1)}
"""Axes that a plane's pixels run along, by the axis that is cut: sagittal, coronal, axial."""


TEMPLATE_RANGE = (255, 228.0)
"""Largest value of the template, and its 99.5th percentile, the lightest grey that is drawn: found once, as they take
longer to find in 9 million voxels than a figure to draw."""


@cache
def template() -> tuple[np.ndarray, np.ndarray]:
    """The template, read once.

    Returns
    -------
    data : numpy.ndarray of uint8, shape (x, y, z)
    affine : numpy.ndarray of shape (4, 4)
    """
    image = nifti.load(shipped.file(shipped.TEMPLATE), 3)
    return np.asarray(image.dataobj), image.affine


def colormap(name: str) -> Colormap:
    """A colour map by its name.

    Parameters
    ----------
    name : str
        One of matplotlib's, or nilearn's ``cold_hot``.

    Returns
    -------
    matplotlib.colors.Colormap
    """
    import matplotlib

    if name != "cold_hot":
        return matplotlib.colormaps[name]
    # As nilearn makes it: black in the middle, hot to the right, and to the left the same with red and blue exchanged.
    hot = matplotlib.colormaps["hot"](np.linspace(0, 1, 128))
    return matplotlib.colors.ListedColormap(np.concatenate([hot[::-1, [2, 1, 0, 3]], hot]), name)


def palette(name: str, size: int) -> list[list[int]]:
    """Evenly spaced colours of a colour map.

    Parameters
    ----------
    name : str
        See `colormap`.
    size : int

    Returns
    -------
    list of [red, green, blue]
        0 to 255, from one end to the other.
    """
    return np.rint(255 * colormap(name)(np.linspace(0, 1, size))[:, :3]).astype(int).tolist()


def plane(cut: str, position: float, step: int = 1, box: np.ndarray = BOX) -> np.ndarray:
    """Points of a plane across the brain.

    Parameters
    ----------
    cut : {"x", "y", "z"}
        The axis that it cuts.
    position : float
        Where it cuts it, MNI mm.
    step : int
        mm from a point to the next.
    box : numpy.ndarray of shape (3, 2)
        mm that planes span along each axis.

    Returns
    -------
    numpy.ndarray of shape (height, width, 3)
        MNI mm; rows go from top to bottom, left is left.
    """
    across, up = ACROSS_AND_UP[cut]
    columns, rows = (np.arange(low, high + 1, step, dtype=float) for low, high in box[[across, up]])
    points = np.full((rows.size, columns.size, 3), float(position))
    points[..., across] = columns
    points[..., up] = rows[::-1, None]
    return points


class Underlay:
    """Planes with a brain on them, to lay maps over.

    Parameters
    ----------
    cuts : sequence of tuple of str and float
        Of each plane, the axis that it cuts, and where.
    step : int
        mm a pixel.
    background : nibabel image, optional
        A run's mean, for a run outside of MNI space; the MNI152 template where there is none.

    Attributes
    ----------
    box : numpy.ndarray of shape (3, 2)
        mm that the planes span along each axis.
    """

    def __init__(
        self, cuts: Iterable[tuple[str, float]], step: int = 1, background: SpatialImage | None = None
    ) -> None:
        self.box = BOX if background is None else box_around(background)
        self.points = [plane(cut, position, step, self.box) for cut, position in cuts]
        if background is None:
            (data, affine), (most, brightest) = template(), TEMPLATE_RANGE
        else:
            data, affine = np.nan_to_num(np.asarray(background.dataobj, dtype=np.float32)), background.affine
            most = data.max()
            brightest = float(np.percentile(data[data > 0], 99.5)) if (data > 0).any() else 1.0
        self.backgrounds = []
        for points in self.points:
            grey = sample(data, affine, points)
            shade = np.clip(0.35 + 0.6 * grey / brightest, 0, 1)
            shade[grey <= 0.05 * most] = 1
            self.backgrounds.append(np.repeat(shade[..., None], 3, axis=2))

    def lay(self, image: SpatialImage, threshold: float, vmax: float, cmap: str) -> list[np.ndarray]:
        """Lay a map over the brain.

        Parameters
        ----------
        image : nibabel image
            Map of r.
        threshold : float
            Smaller |r|, and 0, is not coloured.
        vmax : float
            |r| at the ends of the colours.
        cmap : str

        Returns
        -------
        list of numpy.ndarray of uint8, shape (height, width, 3)
            Pixels of each plane.
        """
        return self.paint(self.cut(image), threshold, vmax, cmap)

    def cut(self, image: SpatialImage) -> list[np.ndarray]:
        """Values of a map on each plane, of shape (height, width); 0 where it has none."""
        data = np.nan_to_num(np.asarray(image.dataobj, dtype=np.float32))
        return [sample(data, image.affine, points) for points in self.points]

    def paint(self, values: Iterable[np.ndarray], threshold: float, vmax: float, cmap: str) -> list[np.ndarray]:
        """Lay values that were cut from a map, or made of such, over the brain; see `lay`."""
        colors = colormap(cmap)
        panels = []
        for r, background in zip(values, self.backgrounds, strict=True):
            shown = (np.abs(r) >= threshold) & (r != 0)
            panel = np.where(shown[..., None], colors((r + vmax) / (2 * vmax))[..., :3], background)
            panels.append(np.rint(255 * panel).astype(np.uint8))
        return panels

    def highlight(
        self, image: SpatialImage, opacity: SpatialImage, outlined: SpatialImage, vmax: float, cmap: str
    ) -> list[np.ndarray]:
        """Lay a map over the brain that is the more transparent the weaker its evidence is, and outline what passes.

        Highlight, do not hide: Taylor et al. 2023, NeuroImage 274, 120138.

        Parameters
        ----------
        image : nibabel image
            What the colours show.
        opacity : nibabel image
            0 to 1.
        outlined : nibabel image
            Not 0 where a voxel passes.
        vmax : float
            Size of the value at the ends of the colours.
        cmap : str

        Returns
        -------
        list of numpy.ndarray of uint8, shape (height, width, 3)
            Pixels of each plane.
        """
        data, share, passing = (
            np.nan_to_num(np.asarray(one.dataobj, dtype=np.float32)) for one in (image, opacity, outlined)
        )
        colors = colormap(cmap)
        panels = []
        for points, background in zip(self.points, self.backgrounds, strict=True):
            value, alpha, passes = (sample(one, image.affine, points) for one in (data, share, passing))
            alpha = np.clip(alpha, 0, 1)[..., None]
            panel = alpha * colors((value + vmax) / (2 * vmax))[..., :3] + (1 - alpha) * background
            inside = np.pad(passes != 0, 1)
            # A pixel that passes, and of whose four neighbours one does not.
            whole = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
            panel[inside[1:-1, 1:-1] & ~whole] = 0
            panels.append(np.rint(255 * panel).astype(np.uint8))
        return panels

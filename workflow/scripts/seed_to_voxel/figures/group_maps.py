"""Maps of groups on slices or on the cortex: what passes alone, and what passes highlighted among the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from nibabel import Nifti1Image

from ..images.meshes import Mesh, filled
from .brains import lay_out_mosaic, mosaic_cuts
from .cortex import draw_cortex
from .slices import colormap
from .style import color_bar, frame

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage

    from .slices import Underlay


@dataclass(frozen=True)
class Shown:
    """What a figure of a group's map shows.

    Attributes
    ----------
    values : numpy.ndarray of shape (x, y, z), or (n_places,) on the cortical surface
        What the colours show; NaN where undefined, 0 (or NaN) outside of the mask.
    z : numpy.ndarray of the same shape
        Normal deviates, for the transparency of what does not pass.
    minus_log10_p : numpy.ndarray of the same shape
        Corrected.
    level : float
        p at most of what passes.
    affine : numpy.ndarray of shape (4, 4), or None
        Of a grid.
    of_values, of_p : str
        What these are, in words.
    one_sided : bool
        Whether values are never negative, as F is not.
    out_of_reach : str or None
        That nothing can pass, and why; see `groups.attainable.out_of_reach`.
    """

    values: np.ndarray
    z: np.ndarray
    minus_log10_p: np.ndarray
    level: float
    affine: np.ndarray | None
    of_values: str
    of_p: str
    one_sided: bool
    out_of_reach: str | None = None

    @property
    def passing(self) -> np.ndarray:
        """Voxels that pass; of shape (x, y, z)."""
        # A p of exactly the level passes, whatever float32 makes of its logarithm.
        return np.nan_to_num(self.minus_log10_p) >= -math.log10(self.level) - 1e-6

    @property
    def vmax(self) -> float:
        """Where the colours end: what 99.9 % of the voxels do not exceed, in two digits."""
        sizes = np.abs(self.values[np.isfinite(self.values) & (self.values != 0)])
        top = float(np.percentile(sizes, 99.9)) if sizes.size else 0.0
        if top <= 0:
            return 1.0
        unit = 10.0 ** (math.floor(math.log10(top)) - 1)
        return float(f"{math.ceil(top / unit) * unit:.6g}")

    @property
    def sentence(self) -> str:
        """What passes, in words and numbers."""
        passing = self.passing
        n_tested = int((np.isfinite(self.minus_log10_p) & (self.z != 0)).sum())
        said = f"{int(passing.sum())} of {n_tested} voxels pass at p < {self.level:g} ({self.of_p})"
        if not passing.any():
            return f"{said}.{f' {self.out_of_reach}' if self.out_of_reach else ''}"
        inside = self.values[passing]
        parts = [
            f"{int(count)} with {kind} {self.of_values}"
            for count, kind in (((inside > 0).sum(), "positive"), ((inside < 0).sum(), "negative"))
            if count and not self.one_sided
        ]
        low, high = float(np.nanmin(inside)), float(np.nanmax(inside))
        return (
            f"{said}{': ' if parts else ''}{', '.join(parts)}; {self.of_values} from {low:.3g} to {high:.3g} in them."
        )

    def remark(self, nothing: str) -> str:
        """What a figure says where nothing passes: `nothing`, or that nothing can; a line of it."""
        if self.passing.any():
            return ""
        return self.out_of_reach or f"{nothing} at p < {self.level:g} ({self.of_p})."

    @property
    def opacity(self) -> np.ndarray:
        """How little what does not pass is seen through, of the shape of `values`; see `plot`."""
        size, passing = np.abs(np.nan_to_num(self.z)), self.passing
        cut = float(size[passing].min()) if passing.any() else 3.29
        return np.where(passing, 1.0, np.minimum(0.85, (size / max(cut, 1e-6)) ** 2))

    def image(self, values: np.ndarray) -> Nifti1Image:
        """Values of voxels as an image."""
        return Nifti1Image(np.nan_to_num(values).astype(np.float32), self.affine)


def lay(shown: Shown, highlight: bool, underlay: Underlay, vmax: float, cmap: str) -> list[np.ndarray]:
    """Lay a group's map over the planes of an underlay.

    Parameters
    ----------
    shown : Shown
    highlight : bool
        See `plot`.
    underlay : slices.Underlay
    vmax : float
        Size of the value at the ends of the colours.
    cmap : str

    Returns
    -------
    list of numpy.ndarray of uint8, shape (height, width, 3)
        Pixels of each plane.
    """
    passing = shown.passing
    if not highlight:
        return underlay.lay(shown.image(np.where(passing, shown.values, 0)), 0, vmax, cmap)
    return underlay.highlight(shown.image(shown.values), shown.image(shown.opacity), shown.image(passing), vmax, cmap)


def plot(
    shown: Shown,
    highlight: bool,
    title: str,
    subtitle: str,
    cmap: str,
    background: SpatialImage | None = None,
) -> Figure:
    """Draw a map on 21 axial slices.

    Parameters
    ----------
    shown : Shown
    highlight : bool
        Whether what does not pass is drawn too, the more transparent the weaker: with the square of its z over that of
        the weakest voxel that passes (3.29, p < 0.001, where none does), and what passes is outlined.
    title, subtitle : str
    cmap : str
    background : nibabel image, optional
        For a space without MNI coordinates.

    Returns
    -------
    matplotlib.figure.Figure
    """
    heights, underlay = mosaic_cuts(background)
    panels = lay(shown, highlight, underlay, shown.vmax, cmap)
    figure = lay_out_mosaic(panels, heights, underlay)
    return _explained(figure, shown, (0.908, 0.2, 0.016, 0.56), cmap, title, subtitle, "No voxel passes")


def _explained(
    figure: Figure,
    shown: Shown,
    bar: tuple[float, float, float, float],
    cmap: str,
    title: str,
    subtitle: str,
    nothing: str,
) -> Figure:
    """The figure with its colour bar (left, bottom, width, height), its titles, and a remark where nothing passes."""
    label = shown.of_values[:1].upper() + shown.of_values[1:]
    color_bar(figure, bar, 0, shown.vmax, cmap, label, 0 if shown.one_sided else None)
    frame(figure, title, subtitle, shown.remark(nothing))
    return figure


def plot_on_cortex(
    shown: Shown,
    highlight: bool,
    halves: Callable[[np.ndarray], dict[str, np.ndarray]],
    drawn: Mapping[str, Mesh],
    greys: Mapping[str, np.ndarray],
    title: str,
    subtitle: str,
    cmap: str,
    words: str,
) -> Figure:
    """Draw a map on both hemispheres from four sides; see `plot`.

    Parameters
    ----------
    shown : Shown
    highlight : bool
    halves : callable
        Gives the values of each hemisphere; see `layouts.Layout.hemispheres`.
    drawn : dict of str to Mesh
    greys : dict of str to numpy.ndarray of shape (n_vertices,)
        0 to 1.
    title, subtitle, cmap : str
    words : str
        What places are called.

    Returns
    -------
    matplotlib.figure.Figure
    """
    colors = cortex_colors(shown, highlight, halves, drawn, greys, shown.vmax, cmap)
    figure = Figure(figsize=(9.4, 4.75))
    draw_cortex(figure, (0.03, 0.035, 0.86, 0.775), drawn, colors)
    return _explained(figure, shown, (0.905, 0.2, 0.014, 0.5), cmap, title, subtitle, f"No {words} pass")


def cortex_colors(
    shown: Shown,
    highlight: bool,
    halves: Callable[[np.ndarray], dict[str, np.ndarray]],
    drawn: Mapping[str, Mesh],
    greys: Mapping[str, np.ndarray],
    vmax: float,
    cmap: str,
) -> dict[str, np.ndarray]:
    """Colours of the triangles of both hemispheres; see `plot_on_cortex`.

    Returns
    -------
    dict of str to numpy.ndarray of shape (n_triangles, 3)
    """
    passing = shown.passing
    opacity = shown.opacity if highlight else passing.astype(float)
    values, alpha, passes = (
        filled(halves(np.asarray(of_places, dtype=np.float32)), drawn) for of_places in (shown.values, opacity, passing)
    )
    colors, outlined = {}, {}
    for hemisphere, mesh in drawn.items():
        known = np.isfinite(values[hemisphere])
        of_vertices = colormap(cmap)((np.nan_to_num(values[hemisphere]) / vmax + 1) / 2)[:, :3]
        weight = np.where(known, np.nan_to_num(alpha[hemisphere]), 0.0)[:, None]
        blended = weight * of_vertices + (1 - weight) * greys[hemisphere][:, None]
        colors[hemisphere] = blended[mesh.triangles].mean(axis=1)
        inside = np.nan_to_num(passes[hemisphere])[mesh.triangles] > 0
        # Triangles on the edge of what passes.
        outlined[hemisphere] = inside.any(axis=1) & ~inside.all(axis=1) if highlight else np.zeros(len(inside), bool)
        colors[hemisphere][outlined[hemisphere]] = 0.05
    return colors

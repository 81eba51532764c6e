"""Maps on brains: mosaic of slices, glass brain, cortical surface, and the seed on the mean image.

What the functions share: an `image` is a map of r; |r| below `threshold` is not coloured, and colours of the map `cmap`
end at `vmax`; `title` and `subtitle` stand above, and `remark` below, if something about the data must be known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..images.meshes import GYRI, SULCI, Mesh, lit
from ..series.regions import described_voxels, is_sphere
from . import cortex, slices
from .style import MARKER, OUTLINE, color_bar, drawable, figure_of_pixels, frame, label_sides, panel_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from nibabel.spatialimages import SpatialImage

MOSAIC_STEP = 2
"""mm a pixel of the mosaic's slices."""

Box = tuple[float, float, float, float]
"""Left, bottom, width and height, in parts of a figure."""


def _brain_axes(height: float = 3.4, width: float = 8.2) -> tuple[Figure, Box]:
    """A figure and the box below its title."""
    figure = Figure(figsize=(width, height))
    return figure, (0.01, 0.06, 0.97, 0.94 - 0.5 / height)


def mosaic_cuts(background: SpatialImage | None = None) -> tuple[np.ndarray, slices.Underlay]:
    """Heights (mm) of a mosaic's slices, and what lies below a map on them."""
    box = slices.BOX if background is None else slices.box_around(background)
    heights = (box[2, 0] + 38 + np.arange(0, 104, 5)).astype(int)
    return heights, slices.Underlay([("z", height) for height in heights], MOSAIC_STEP, background)


def lay_out_mosaic(panels: Sequence[np.ndarray], heights: np.ndarray, underlay: slices.Underlay) -> Figure:
    """A figure of a mosaic's slices in three rows, with room for a title and a colour bar."""
    figure = figure_of_pixels(770, 446)
    for position, (height, panel) in enumerate(zip(heights, panels, strict=True)):
        row, column = divmod(position, 7)
        axes = panel_axes(figure, panel, "z", 8 + 98 * column, 346 - 131 * row, underlay.box)
        axes.text(0, 0, f"z={height}", transform=axes.transAxes, va="bottom", fontsize=8)
        label_sides(axes, fontsize=7)
    return figure


def plot_mosaic(
    image: SpatialImage,
    threshold: float,
    vmax: float,
    title: str,
    subtitle: str,
    remark: str,
    cmap: str,
    background: SpatialImage | None = None,
) -> Figure:
    """Draw a map on 21 axial slices; the run's mean below it is for a run outside of MNI space."""
    heights, underlay = mosaic_cuts(background)
    figure = lay_out_mosaic(underlay.lay(image, threshold, vmax, cmap), heights, underlay)
    color_bar(figure, (0.918, 0.2, 0.016, 0.56), threshold, vmax, cmap)
    frame(figure, title, subtitle, remark)
    return figure


def plot_glass_brain(
    image: SpatialImage, seed: Mapping, threshold: float, vmax: float, title: str, subtitle: str, remark: str, cmap: str
) -> Figure:
    """Draw a map seen through the brain, the strongest |r| along each line of sight, and where its seed is."""
    figure, box = _brain_axes(height=3.0, width=9.4)
    left, bottom, _, height = box
    draw_glass_brain(figure, (left, bottom, 0.90, height), image, seed, threshold, vmax, cmap)
    color_bar(figure, (0.925, 0.14, 0.014, 0.6), threshold, vmax, cmap)
    frame(figure, title, subtitle, remark)
    return figure


def draw_glass_brain(
    figure: Figure,
    box: Box,
    image: SpatialImage,
    seed: Mapping | None,
    threshold: float,
    vmax: float,
    cmap: str,
    views: str = "lyrz",
) -> None:
    """Draw a map seen through the brain into a box of a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    box : tuple of float
        Left, bottom, width and height, in parts of the figure.
    image : nibabel image
    seed : dict or None
        Is marked where it is known.
    threshold, vmax : float
    cmap : str
    views : str
        nilearn's ``display_mode``: l and r for the hemispheres, x, y and z for all of the brain.
    """
    from nilearn import plotting

    display = plotting.plot_glass_brain(
        drawable(image),
        display_mode=views,
        threshold=threshold,
        vmax=vmax,
        cmap=cmap,
        plot_abs=False,
        symmetric_cbar=True,
        colorbar=False,
        figure=figure,
        axes=box,
    )
    if seed is not None:
        places = [[seed[axis] for axis in "xyz"], *seed.get("further_centres", [])]
        display.add_markers(places, marker_color=MARKER, marker_size=60, edgecolors="white")


def plot_surface(
    image: SpatialImage, threshold: float, vmax: float, title: str, subtitle: str, remark: str, cmap: str
) -> Figure:
    """Draw a map on the inflated cortical surface, four views of each hemisphere.

    The volume is sampled between the white and the pial surface of fsaverage5
    (`nilearn.surface.SurfaceImage.from_volume`).
    """
    figure = Figure(figsize=(9.4, 4.6))
    draw_surface(figure, (0.03, 0.025, 0.88, 0.81), image, threshold, vmax, cmap)
    color_bar(figure, (0.922, 0.2, 0.014, 0.5), threshold, vmax, cmap)
    frame(figure, title, subtitle, remark)
    return figure


VIEWS, HEMISPHERES = cortex.VIEWS, cortex.SIDES


def draw_surface(
    figure: Figure,
    box: Box,
    image: SpatialImage,
    threshold: float,
    vmax: float,
    cmap: str,
    views: Sequence[str] = VIEWS,
    hemispheres: Sequence[str] = HEMISPHERES,
    gaps: tuple[float, float] = (0.012, 0.03),
    swell: float = 1.0,
    name: str | None = None,
    mesh: str = "inflated",
    folds: bool = True,
) -> None:
    """Draw a map on the cortical surface into a box of a figure; see `plot_surface`.

    Parameters
    ----------
    figure, box
        As in `cortex.draw_views`.
    image : nibabel image
        A map in MNI space, sampled between the white and the pial surface of fsaverage5.
    threshold, vmax, cmap, views, hemispheres, gaps, swell, name
        As in `cortex.draw_views`.
    mesh : str
        Of fsaverage5: ``inflated``, ``pial``, ``white`` or ``flat``.
    folds : bool
        Whether two greys show the folds; without, the cortex is lit from the side.
    """
    from nilearn import datasets, surface

    files = datasets.load_fsaverage("fsaverage5")
    names = {"pial", "white_matter", "white_matter" if mesh == "white" else mesh}
    # In memory: from a file, each look at a mesh reads it anew, and each view looks several times.
    meshes = {
        name: surface.PolyMesh(**{side: part.loaded() for side, part in files[name].parts.items()}) for name in names
    }
    on_surface = surface.SurfaceImage.from_volume(meshes["pial"], drawable(image), inner_mesh=meshes["white_matter"])
    of_files = datasets.load_fsaverage_data("fsaverage5", data_type="curvature")
    curvature = surface.SurfaceImage(meshes["pial"], of_files.data)
    # Only the sign: two greys, so that no fold looks like a value. nilearn draws 0 white.
    for part in curvature.data.parts.values():
        part[...] = np.where(part > 0, 1 - SULCI, 1 - GYRI)
    below = meshes["white_matter" if mesh == "white" else mesh]
    if not folds:
        for side, part in below.parts.items():
            curvature.data.parts[side][...] = 1 - lit(Mesh(part.coordinates, part.faces, np.eye(4)))
    drawn = (figure, box, on_surface, below, curvature)
    cortex.draw_views(*drawn, threshold, vmax, cmap, views, hemispheres, gaps, swell, name)


def plot_location(mean: SpatialImage, seed: dict, title: str, subtitle: str, remark: str) -> Figure:
    """Draw the seed's outline on the run's mean image: its sphere, or its voxels where it is none.

    Parameters
    ----------
    mean : nibabel image
        Mean over time.
    seed : dict
        As a run's sidecar describes it.
    title, subtitle, remark : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.patches import Circle
    from nibabel import Nifti1Image
    from nilearn import plotting

    centre = (seed["x"], seed["y"], seed["z"])
    figure, box = _brain_axes(height=3.4)
    data = np.nan_to_num(np.asarray(mean.dataobj, dtype=np.float32))
    inside = data[data > 0]
    top = float(np.percentile(inside, 99.5)) if inside.size else 1.0
    display = plotting.plot_img(
        drawable(mean),
        cut_coords=centre,
        cmap="gray",
        vmin=0,
        vmax=top if top > 0 else 1.0,
        colorbar=False,
        # What is exactly 0 was masked by whoever made the run, and stays white.
        threshold=1e-6 * top,
        black_bg=False,
        draw_cross=False,
        figure=figure,
        axes=box,
    )
    if not is_sphere(seed):
        outline = np.zeros(mean.shape, dtype=np.float32)
        outline[tuple(described_voxels(seed, mean).T)] = 1
        display.add_contours(Nifti1Image(outline, mean.affine), levels=[0.5], colors=OUTLINE, linewidths=2)
    # A sphere's outline is drawn from the sphere itself: voxels this coarse would look like a box.
    radius = seed["radius_mm"] if is_sphere(seed) else 0
    for direction, cut in display.axes.items():
        across = slices.ACROSS_AND_UP[direction]
        point = tuple(centre[axis] for axis in across)
        if radius:
            cut.ax.add_patch(Circle(point, radius, fill=False, edgecolor=OUTLINE, linewidth=2))
        # A seed at the edge of the field of view may lie outside of the slice.
        for bounds, set_bounds, middle in (
            (cut.ax.get_xlim(), cut.ax.set_xlim, point[0]),
            (cut.ax.get_ylim(), cut.ax.set_ylim, point[1]),
        ):
            reach = 1.3 * radius
            set_bounds(min(bounds[0], middle - reach), max(bounds[1], middle + reach))
        cut.ax.plot(*point, marker="+", color=OUTLINE, markersize=5, markeredgewidth=1)
    frame(figure, title, subtitle, remark)
    return figure

"""Panels of a paper's figures: what the report draws too, into a place of a figure.

A function draws one kind of panel. It takes the figure, the panel's place and size, what is asked of the panel, and its
files by their roles; it returns what the panel shows in words, for the caption, and axes with labels to be fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from ..base import provenance, tables, words
from ..base.errors import InputError
from ..connectivity import nodes
from ..figures import brains, charts, cortex, group_maps, published, relations, slices, style
from ..figures import reliability as pictures
from ..images import layouts, meshes, nifti, places
from ..statistics import reliability
from ..statistics.null import FEWEST
from .maps import Bar, Map
from .places import MM, Rectangle, of_tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Drawn:
    """A panel that was drawn.

    Attributes
    ----------
    sentence : str
        What it shows, for the caption.
    fitted : list of matplotlib.axes.Axes
        Axes that shrink until their labels are inside of the panel.
    """

    sentence: str
    fitted: Sequence[Axes] = ()


NAME = 3.5
"""mm below a slice for where it cuts, which at the size of print would cover the brain."""


def cuts_of(panel: Mapping[str, Any], found: Map) -> list[tuple[str, float]]:
    """Where slices cut, mm: as asked for, else through the seed, else through the strongest voxel."""
    if "cuts" in panel:
        return [(cut[0], float(cut[2:])) for cut in panel["cuts"]]
    if found.seed is not None:
        centre = [float(found.seed[axis]) for axis in "xyz"]
    else:
        data = np.abs(np.nan_to_num(found.shown.z if found.shown else np.asarray(found.image.dataobj)))
        voxel = np.unravel_index(int(data.argmax()), data.shape)
        centre = [round(float(value)) for value in (found.image.affine @ [*voxel, 1])[:3]]
    return list(zip("xyz", centre, strict=True))


def draw_slices(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], found: Map, bar: Bar
) -> Drawn:
    """Draw a map on slices, all to one scale."""
    cuts = cuts_of(panel, found)
    underlay = slices.Underlay(cuts, background=found.background)
    if found.shown is None:
        pixels = underlay.lay(found.image, bar.threshold, bar.vmax, bar.cmap)
    else:
        pixels = group_maps.lay(found.shown, panel["highlight"], underlay, bar.vmax, bar.cmap)
    tiles = of_tiles(place, [(tile.shape[1], tile.shape[0]) for tile in pixels], below=NAME)
    # Through a seed there is a cross, elsewhere only where it is asked for.
    crossed = panel.get("crosshair", "cuts" not in panel) and found.seed is not None
    centre = [float(found.seed[axis]) for axis in "xyz"] if crossed and found.seed else None
    for (cut, where), tile, panel_pixels in zip(cuts, tiles, pixels, strict=True):
        axes = style.slice_axes(figure, panel_pixels, cut, tile.parts(size), underlay.box)
        # Small slices have small markers, so that these cover no more of the map than on a screen.
        share = tile.width / panel_pixels.shape[1] * style.DPI["png"] / MM
        published.mark_slice(axes, cut, where, centre, min(1.0, share), inside=False)
    return Drawn(found.sentence)


def draw_glass_brain(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], found: Map, bar: Bar
) -> Drawn:
    """Draw a map seen through the brain."""
    views = "".join(panel.get("views", "lyrz"))
    threshold = max(bar.threshold, 1e-6)
    brains.draw_glass_brain(figure, place.parts(size), found.image, found.seed, threshold, bar.vmax, bar.cmap, views)
    return Drawn(found.sentence)


def draw_surface(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], found: Map, bar: Bar
) -> Drawn:
    """Draw a map on the cortical surface: a volume sampled there, or vertices."""
    box = cortex_box(panel, place).parts(size)
    seen = seen_from(panel, place, size)
    if found.cortex is None:
        how = {"mesh": panel.get("mesh", "inflated"), "folds": panel.get("folds", True)}
        brains.draw_surface(figure, box, found.image, bar.threshold, bar.vmax, bar.cmap, **seen, **how)
        return Drawn(found.sentence)
    layout, drawn, greys = found.cortex.layout, found.cortex.drawn, found.cortex.greys
    if found.shown is None:
        seed = found.seed if panel.get("crosshair", True) else None
        values = layout.hemispheres(found.cortex.values)
        cortex.draw_map(figure, box, values, drawn, greys, seed, bar.threshold, bar.vmax, bar.cmap, **seen)
    else:
        halves = layout.hemispheres
        colors = group_maps.cortex_colors(found.shown, panel["highlight"], halves, drawn, greys, bar.vmax, bar.cmap)
        cortex.draw_cortex(figure, box, drawn, colors, **seen)
    return Drawn(found.sentence)


def cortex_box(panel: Mapping[str, Any], place: Rectangle) -> Rectangle:
    """Where hemispheres are drawn; names of views stand above, those of hemispheres at the left, of one alone above."""
    alone = len(panel.get("hemispheres", cortex.SIDES)) == len(views_of(panel)) == 1
    return place.inside(left=0 if alone else 3, top=4.5)


def views_of(panel: Mapping[str, Any]) -> Sequence[str]:
    """From where the cortex of a panel is seen."""
    views: Sequence[str] = panel.get("views", ("dorsal",) if panel.get("mesh") == "flat" else cortex.VIEWS)
    return views


def seen_from(panel: Mapping[str, Any], place: Rectangle, size: tuple[float, float]) -> dict[str, Any]:
    """From where the cortex of a panel is seen, and how it fills its place; see `cortex.draw_views`."""
    flat = panel.get("mesh") == "flat"
    views = views_of(panel)
    hemispheres = panel.get("hemispheres", cortex.SIDES)
    box = cortex_box(panel, place)
    width, height = box.width / len(views), box.height / len(hemispheres)
    # A flat cortex fills its square; a brain, not always in its middle, the width of it and little of the height.
    swell = 0.9 if flat else min(1.25, 0.94 * width / min(width, height))
    return {
        "views": views,
        "hemispheres": hemispheres,
        "gaps": (1.5 / size[0], 1.5 / size[1]),
        "swell": swell,
        "name": "flat" if flat else None,
    }


def own_places(panel: Mapping[str, Any], files: Mapping[str, Any]) -> list[int]:
    """Places of a panel's seed, of a run on the cortical surface."""
    header, *rows = tables.cells(files["voxels"])
    return [int(row[header.index("place")]) for row in rows if row[header.index("seed")] == panel["seed"]]


def seed_of(sidecar: str, label: str) -> dict[str, Any]:
    """A seed as the sidecar of the run's seed series describes it."""
    return next(seed for seed in provenance.read_json(sidecar)["Seeds"] if seed["label"] == label)


def draw_seed(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], files: Mapping[str, Any]
) -> Drawn:
    """Draw the vertices of a seed on the cortex."""
    at = own_places(panel, files)
    layout = layouts.of_files(layouts.listed(files["mask"]))
    inside = np.zeros(layout.shape, dtype=np.float32)
    inside[at] = 1
    options = panel["surfaces"]
    how = (panel.get("mesh", "inflated"), panel.get("folds", True))
    drawn, greys = meshes.for_drawing(options["space"], options, *how)
    halves = {h: values == 1 for h, values in meshes.filled(layout.hemispheres(inside), drawn).items()}
    colors = cortex.region_colors(drawn, greys, halves)
    cortex.draw_cortex(figure, cortex_box(panel, place).parts(size), drawn, colors, **seen_from(panel, place, size))
    seed = seed_of(files["sidecar"], panel["seed"])
    sides = {meshes.HEMISPHERES[h]: int(half.sum()) for h, half in halves.items() if half.any()}
    number = f"{len(at)} {layout.words}"
    if len(sides) == 1 and len(at) in sides.values():
        number += f" in the {next(iter(sides))} hemisphere"
    elif sides:
        number += ", " + " and ".join(f"{n} in the {side} hemisphere" for side, n in sides.items())
    else:
        number += ", none of them on the cortex"
    return Drawn(f"The seed {seed['name']}: {number} ({style.run_title(panel['run'])}).")


def draw_series(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], files: Mapping[str, str]
) -> Drawn:
    """Draw a seed's series, or those of some voxels."""
    run = provenance.read_json(files["sidecar"])
    names, columns = tables.read_numbers(files["series"])
    series = published.in_time(np.array(columns), run)
    title = style.run_title(panel["run"])
    axes = figure.add_axes(place.parts(size))
    if panel["kind"] == "voxels":
        # Sidecars of runs on a grid do not name their places.
        called = run.get("Places", "voxels")
        labels = [name.replace("voxel", f"{words.SINGULAR[called]} ") for name in names]
        published.draw_series(axes, series, run["RepetitionTime"], labels)
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return Drawn(f"Cleaned series of {len(labels)} {called} ({title}).", [axes])
    seed = seed_of(files["sidecar"], panel["seed"])
    position = [entry["label"] for entry in run["Seeds"]].index(panel["seed"])
    own = series[:, [position]]
    published.draw_series(axes, own, run["RepetitionTime"])
    alt = published.series_alt(own[:, 0], f"Cleaned series of the seed {seed['name']} ({title})")
    return Drawn(alt, [axes])


def draw_matrix(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], files: Mapping[str, str]
) -> Drawn:
    """Draw seeds among themselves."""
    r, partial, names = relations.read_matrices(files["r"], files["partial"])
    axes = figure.add_axes(place.inside(right=10).parts(size))
    axes.set_anchor("W")
    drawn = relations.draw_relations(axes, r, partial, names, style.CMAP, 9)
    beside = axes.inset_axes((1.04, 0, 0.05, 1))
    bar = figure.colorbar(drawn, cax=beside, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_label("correlation", fontsize=9)
    shrinkage = provenance.read_json(files["about"])["Shrinkage"]
    above = relations.above_in_words(len(names), shrinkage)
    said = f"Seeds among themselves ({style.run_title(panel['run'])}): below the diagonal r, above it {above}."
    return Drawn(f"{said} {relations.sentence(r, names)}", [axes])


def draw_distribution(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], files: Mapping[str, str]
) -> Drawn:
    """Draw the distribution of r over the brain."""
    layout = layouts.of_files(layouts.listed(files["mask"]))
    brain = layout.read(layouts.listed(files["mask"])) != 0
    values = layout.read(layouts.listed(files["map"]))[brain].astype(np.float32)
    about = provenance.read_json(files["about"])
    nu = max(about["DegreesOfFreedom"] or 0, FEWEST)
    axes = figure.add_axes(place.parts(size))
    columns = 2 if place.width > 105 else 1
    alt = charts.draw_distribution(axes, values, nu, panel["threshold"], columns, numbers=False, places=layout.words)
    name = about["Seed"]["name"]
    return Drawn(
        f"Distribution of r with the seed {name} ({style.run_title(panel['run'])}). {layout.said(alt)}", [axes]
    )


def draw_networks(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], files: Mapping[str, str]
) -> Drawn:
    """Draw the profile of a seed over the brain's networks."""
    seed = provenance.read_json(files["about"])["Seed"]
    mask = layouts.listed(files["mask"])
    layout = layouts.of_files(mask)
    brain = layout.read(mask) != 0
    if where := places.of_mask(mask, panel.get("surfaces")):
        r = layout.read(layouts.listed(files["map"]))
        at_seed = where.coordinates[own_places(panel, files)]
        profile = nodes.profile_of(r, brain, where.coordinates, at_seed, nodes.RADIUS)
    else:
        profile = nodes.node_profile(nifti.load(files["map"], 3), brain, seed)
    axes = figure.add_axes(place.parts(size))
    _, alt = charts.draw_networks(axes, profile)
    hollow = (
        "Each point is a node (Dosenbach et al. 2010), hollow where it lies at the seed; lines are networks' means."
    )
    return Drawn(f"Profile of the seed {seed['name']} ({style.run_title(panel['run'])}). {alt} {hollow}", [axes])


def draw_reliability(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], files: Mapping[str, str]
) -> Drawn:
    """Draw how maps of parts of a run agree."""
    header, *rows = tables.cells(files["table"])
    agreed, parts, labels = reliability.from_table(header, rows)
    axes = figure.add_axes(place.parts(size))
    told = pictures.draw_reliability(axes, agreed, parts, labels)
    if 1 < len(labels) <= pictures.COLOURED:
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    said = f"Agreement of maps of some minutes with those of the other half ({style.run_title(panel['run'])})."
    key = "Dotted: by Spearman and Brown."
    return Drawn(f"{said} {pictures.sentence(told, parts)} {key}", [axes])


def draw_image(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], files: Mapping[str, str]
) -> Drawn:
    """Draw an image of the user's own, as large as fits."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(files["image"]) as opened:
            pixels = np.asarray(opened.convert("RGB"))
    except UnidentifiedImageError as error:
        raise InputError(f"{files['image']}: is no image that can be read; expected PNG, JPEG or TIFF") from error
    (tile,) = of_tiles(place, [(pixels.shape[1], pixels.shape[0])])
    axes = figure.add_axes(tile.parts(size))
    axes.imshow(pixels, interpolation="none", aspect="auto")
    axes.axis("off")
    return Drawn("")


ON_MAPS: dict[str, Callable[..., Drawn]] = {
    "slices": draw_slices,
    "glassbrain": draw_glass_brain,
    "surface": draw_surface,
}
"""By the kinds of panels that have a colour bar."""

OTHERS: dict[str, Callable[..., Drawn]] = {
    "seed": draw_seed,
    "series": draw_series,
    "voxels": draw_series,
    "matrix": draw_matrix,
    "distribution": draw_distribution,
    "networks": draw_networks,
    "reliability": draw_reliability,
    "image": draw_image,
}

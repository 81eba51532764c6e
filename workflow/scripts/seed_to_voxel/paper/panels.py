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
from nibabel import Nifti1Image

from ..base import provenance, tables
from ..base.errors import InputError
from ..connectivity import nodes, summaries
from ..figures import brains, charts, group_maps, published, relations, slices, style
from ..figures import reliability as pictures
from ..images import nifti
from ..statistics import reliability
from ..statistics.null import FEWEST
from .places import MM, Rectangle, of_tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from nibabel.spatialimages import SpatialImage


@dataclass(frozen=True)
class Bar:
    """A colour bar. Panels whose bars are equal can share one.

    Attributes
    ----------
    threshold, vmax : float
    cmap, label : str
    one_sided : bool
        Whether it begins at 0.
    """

    threshold: float
    vmax: float
    cmap: str
    label: str
    one_sided: bool


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


@dataclass(frozen=True)
class Map:
    """A map of a run or of a group, ready to be drawn.

    Attributes
    ----------
    image : nibabel image
        What is coloured, of a group where it passes alone.
    seed : dict or None
        Where the seed lies, in a run.
    sentence : str
    shown : group_maps.Shown or None
        Of a group.
    background : nibabel image or None
        In a space without a template.
    label : str
    """

    image: SpatialImage
    seed: dict | None
    sentence: str
    shown: group_maps.Shown | None
    background: SpatialImage | None
    label: str


def seed_of(sidecar: str, label: str) -> dict:
    """A seed as the sidecar of the run's seed series describes it."""
    return next(seed for seed in provenance.read_json(sidecar)["Seeds"] if seed["label"] == label)


def read_map(panel: Mapping[str, Any], files: Mapping[str, str]) -> Map:
    """Read the map of a panel.

    Parameters
    ----------
    panel : dict
        As `study.paper` describes it.
    files : dict of str to str

    Returns
    -------
    Map
    """
    image = nifti.load(files["map"], 3)
    if "model" not in panel:
        seed = seed_of(files["sidecar"], panel["seed"])
        brain = np.asarray(nifti.load(files["mask"], 3).dataobj) != 0
        summary = summaries.summarise(summaries.brain_values(image, brain), panel["threshold"])
        colored = f", coloured where |r| ≥ {panel['threshold']:g}" if panel["threshold"] else ""
        sentence = f"Correlation of the seed {seed['name']} with each voxel ({style.run_title(panel['run'])}){colored}."
        said = " ".join(filter(None, [sentence, summaries.sentence(summary), summaries.remark(summary, seed)]))
        background = nifti.load(files["mean"], 3) if "mean" in files else None
        return Map(image, seed, said, None, background, "Pearson r")
    z, p = (nifti.load(files[name], 3) for name in ("z", "p"))
    joint = panel["joint"]
    shown = group_maps.Shown(
        values=np.asarray(image.dataobj, dtype=np.float32),
        z=np.asarray(z.dataobj, dtype=np.float32),
        minus_log10_p=np.asarray(p.dataobj, dtype=np.float32),
        level=panel["level"],
        affine=image.affine,
        of_values="F" if joint else "effect (Fisher z)",
        of_p=panel["of_p"],
        one_sided=joint,
    )
    how = "outlined, the rest the more transparent the weaker" if panel["highlight"] else "coloured"
    sentence = (
        f"Model {panel['model']}, contrast {panel['contrast']}, seed {panel['seed']}; what passes is {how}. "
        f"{shown.sentence}"
    )
    background = nifti.load(files["mask"], 3) if "mask" in files else None
    passing = Nifti1Image(np.where(shown.passing, np.nan_to_num(shown.values), 0).astype(np.float32), image.affine)
    label = "F" if joint else "Effect (Fisher z)"
    return Map(passing, None, sentence, shown, background, label)


def bar_of(panel: Mapping[str, Any], found: Map, vmax: float | None = None) -> Bar:
    """The colour bar of a map; `vmax` is that of the figure's groups' maps of its label."""
    if found.shown is None:
        return Bar(panel["threshold"], panel["vmax"], panel["cmap"], found.label, False)
    top = panel["vmax"] or vmax or found.shown.vmax
    return Bar(0, top, panel["cmap"], found.label, found.shown.one_sided)


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
    tiles = of_tiles(place, [(tile.shape[1], tile.shape[0]) for tile in pixels])
    # Through a seed there is a cross, elsewhere only where it is asked for.
    crossed = panel.get("crosshair", "cuts" not in panel) and found.seed is not None
    centre = [float(found.seed[axis]) for axis in "xyz"] if crossed and found.seed else None
    for (cut, where), tile, panel_pixels in zip(cuts, tiles, pixels, strict=True):
        axes = style.slice_axes(figure, panel_pixels, cut, tile.parts(size), underlay.box)
        # Small slices have small markers, so that these cover no more of the map than on a screen.
        share = tile.width / panel_pixels.shape[1] * style.DPI["png"] / MM
        published.mark_slice(axes, cut, where, centre, min(1.0, share))
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
    """Draw a map on the cortical surface."""
    views = panel.get("views", brains.VIEWS)
    box = place.inside(left=3, top=4.5)
    gaps = (1.5 / size[0], 1.5 / size[1])
    brains.draw_surface(
        figure, box.parts(size), found.image, bar.threshold, bar.vmax, bar.cmap, views, brains.HEMISPHERES, gaps, 1.25
    )
    return Drawn(found.sentence)


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
        labels = [name.replace("voxel", "voxel ") for name in names]
        published.draw_series(axes, series, run["RepetitionTime"], labels)
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return Drawn(f"Cleaned series of {len(labels)} voxels ({title}).", [axes])
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
    above = "partial r" if shrinkage is None else f"partial r, shrunk by {shrinkage:.2f}"
    said = f"Seeds among themselves ({style.run_title(panel['run'])}): below the diagonal r, above it {above}."
    return Drawn(f"{said} {relations.sentence(r, names)}", [axes])


def draw_distribution(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], files: Mapping[str, str]
) -> Drawn:
    """Draw the distribution of r over the brain."""
    brain = np.asarray(nifti.load(files["mask"], 3).dataobj) != 0
    values = summaries.brain_values(nifti.load(files["map"], 3), brain)
    nu = max(provenance.read_json(files["metrics"])["seeds"][panel["seed"]]["nu"] or 0, FEWEST)
    axes = figure.add_axes(place.parts(size))
    columns = 2 if place.width > 105 else 1
    alt = charts.draw_distribution(axes, values, nu, panel["threshold"], columns, numbers=False)
    name = seed_of(files["sidecar"], panel["seed"])["name"]
    return Drawn(f"Distribution of r with the seed {name} ({style.run_title(panel['run'])}). {alt}", [axes])


def draw_networks(
    figure: Figure, place: Rectangle, size: tuple[float, float], panel: Mapping[str, Any], files: Mapping[str, str]
) -> Drawn:
    """Draw the profile of a seed over the brain's networks."""
    seed = seed_of(files["sidecar"], panel["seed"])
    brain = np.asarray(nifti.load(files["mask"], 3).dataobj) != 0
    axes = figure.add_axes(place.parts(size))
    _, alt = charts.draw_networks(axes, nodes.node_profile(nifti.load(files["map"], 3), brain, seed))
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
    key = "Dotted: by Spearman and Brown; crosses: odd against even blocks."
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
    "series": draw_series,
    "voxels": draw_series,
    "matrix": draw_matrix,
    "distribution": draw_distribution,
    "networks": draw_networks,
    "reliability": draw_reliability,
    "image": draw_image,
}

"""Maps of a paper's panels: of a run or of a group, of voxels or of vertices, with their colour bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from nibabel import Nifti1Image

from ..base import provenance
from ..connectivity import summaries
from ..figures import group_maps, style
from ..images import layouts, meshes, nifti

if TYPE_CHECKING:
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
class Cortex:
    """Values of vertices, and what they are drawn on.

    Attributes
    ----------
    layout : layouts.Layout
    values : numpy.ndarray of shape (n_places,)
    drawn : dict of str to meshes.Mesh
    greys : dict of str to numpy.ndarray of shape (n_vertices,)
    """

    layout: layouts.Layout
    values: np.ndarray
    drawn: Mapping[str, meshes.Mesh]
    greys: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Map:
    """A map of a run or of a group, ready to be drawn.

    Attributes
    ----------
    image : nibabel image or None
        Of voxels: what is coloured, of a group where it passes alone.
    seed : dict or None
        Where the seed lies, in a run.
    sentence : str
    shown : group_maps.Shown or None
        Of a group.
    background : nibabel image or None
        In a space without a template.
    label : str
    cortex : Cortex or None
        Of runs on the cortical surface.
    """

    image: Any
    seed: dict | None
    sentence: str
    shown: group_maps.Shown | None
    background: SpatialImage | None
    label: str
    cortex: Cortex | None = None


def read_map(panel: Mapping[str, Any], files: Mapping[str, Any]) -> Map:
    """Read the map of a panel.

    Parameters
    ----------
    panel : dict
        As `study.paper_panels` describes it.
    files : dict of str to str, or list of str

    Returns
    -------
    Map
    """
    return _of_group(panel, files) if "model" in panel else _of_run(panel, files)


def _on_cortex(panel: Mapping[str, Any], layout: layouts.Layout, values: np.ndarray) -> Cortex | None:
    """Vertices of a map and what they are drawn on; None for voxels."""
    options = panel.get("surfaces")
    if options is None:
        return None
    how = (panel.get("mesh", "inflated"), panel.get("folds", True))
    return Cortex(layout, values, *meshes.for_drawing(options["space"], options, *how))


def _left_out(layout: layouts.Layout) -> str:
    """What of a map a picture of the cortex does not show."""
    return "Voxels of the file are counted and not drawn." if isinstance(layout, layouts.Grayordinates) else ""


def _of_run(panel: Mapping[str, Any], files: Mapping[str, Any]) -> Map:
    seed = provenance.read_json(files["about"])["Seed"]
    path, mask = layouts.listed(files["map"]), layouts.listed(files["mask"])
    layout = layouts.of_files(mask)
    values = layout.read(path)
    brain = layout.read(mask) != 0
    summary = summaries.summarise(values[brain].astype(np.float32), panel["threshold"])
    colored = f", coloured where |r| ≥ {panel['threshold']:g}" if panel["threshold"] else ""
    sentence = f"Correlation of the seed {seed['name']} with each voxel ({style.run_title(panel['run'])}){colored}."
    told = filter(None, [sentence, summaries.sentence(summary), summaries.remark(summary, seed)])
    said = " ".join(filter(None, [layout.said(" ".join(told)), _left_out(layout)]))
    cortex = _on_cortex(panel, layout, values)
    background = nifti.load(files["mean"], 3) if "mean" in files else None
    image = None if cortex else nifti.load(path[0], 3)
    return Map(image, seed, said, None, background, "Pearson r", cortex)


def _of_group(panel: Mapping[str, Any], files: Mapping[str, Any]) -> Map:
    paths = {name: layouts.listed(files[name]) for name in ("map", "z", "p")}
    layout, joint = layouts.of_files(paths["map"]), panel["joint"]
    effect, z, p = (layout.read(path).astype(np.float32) for path in paths.values())
    cortex = _on_cortex(panel, layout, effect)
    shown = group_maps.Shown(
        values=effect,
        z=z,
        minus_log10_p=p,
        level=panel["level"],
        affine=None if cortex else layout.affine,
        of_values="F" if joint else "effect (Fisher z)",
        of_p=layout.said(panel["of_p"]),
        one_sided=joint,
    )
    how = "outlined, the rest the more transparent the weaker" if panel["highlight"] else "coloured"
    sentence = (
        f"Model {panel['model']}, contrast {panel['contrast']}, seed {panel['seed']}; what passes is {how}. "
        f"{layout.said(shown.sentence)}"
    )
    sentence = " ".join(filter(None, [sentence, _left_out(layout)]))
    label = "F" if joint else "Effect (Fisher z)"
    if cortex:
        return Map(None, None, sentence, shown, None, label, cortex)
    background = nifti.load(files["mask"], 3) if "mask" in files else None
    passing = np.where(shown.passing, np.nan_to_num(shown.values), 0).astype(np.float32)
    return Map(Nifti1Image(passing, layout.affine), None, sentence, shown, background, label)


def bar_of(panel: Mapping[str, Any], found: Map, vmax: float | None = None) -> Bar:
    """The colour bar of a map; `vmax` is that of the figure's groups' maps of its label."""
    if found.shown is None:
        return Bar(panel["threshold"], panel["vmax"], panel["cmap"], found.label, False)
    top = panel["vmax"] or vmax or found.shown.vmax
    return Bar(0, top, panel["cmap"], found.label, found.shown.one_sided)

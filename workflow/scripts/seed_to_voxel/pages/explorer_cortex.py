"""Every vertex a seed: the page of a run on the cortical surface, with a cortex that turns.

It is the page of a run of voxels (`explorer`) with other pictures: meshes, which it draws on canvases of two
dimensions, triangle by triangle, so that it needs neither a graphics card nor a library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..figures.slices import palette
from ..figures.style import run_title
from ..images import layouts, meshes
from ..images.sheets import Sheet, sheet_of
from . import explorer
from .explorer import text_of
from .page import render

if TYPE_CHECKING:
    from ..statistics.spectra import Spectra

FILES = (
    "explorer.html.j2",
    "explorer_cortex.html.j2",
    "explorer_cortex.js",
    "explorer_page.js",
    "run_model.js",
    "turned.js",
    "mesh.js",
    "sheet.js",
    "gifti.js",
    "reduced.js",
    "nodes.js",
    "view.js",
    "scale.js",
)

WHOLE_PAGE = 11.9e6
"""Letters of text that the meshes and the vertices of a page may take; the page as a whole stays below 12 MB."""

LEAST = 50_000
"""Of these letters at least so many have to be left for the vertices."""

STEPS = 32_000
"""The largest coordinate is so many steps."""


@dataclass(frozen=True)
class Cortex:
    """The surfaces of a run.

    Attributes
    ----------
    layout : layouts.Hemispheres or layouts.Grayordinates
        How maps of the run stand in their files.
    brain : numpy.ndarray of bool, shape (n_places,)
        Its mask.
    options : dict
        The config's ``surfaces`` with the ``space`` of the run.
    """

    layout: layouts.Layout
    brain: np.ndarray
    options: Mapping[str, Any]

    def meshes(self) -> dict[str, meshes.Mesh]:
        """Those that distances are measured on, by ``L`` and ``R``."""
        return meshes.template(self.options["space"], self.options)

    def columns(self, both: Mapping[str, meshes.Mesh]) -> np.ndarray:
        """Position among the places of the mask of each vertex of both hemispheres; -1 where there are no data.

        Returns
        -------
        numpy.ndarray of int, shape (n_vertices,)
        """
        position = np.full(self.brain.shape, np.nan, dtype=np.float32)
        # Whole numbers of single precision are exact up to 16 million.
        position[self.brain] = np.arange(int(self.brain.sum()))
        halves = meshes.filled(self.layout.hemispheres(position), both)
        return np.concatenate([np.nan_to_num(halves[hemisphere], nan=-1).astype(int) for hemisphere in both])

    @property
    def n_voxels(self) -> int:
        """Places of the mask that are no vertices."""
        halves = self.layout.hemispheres(self.brain.astype(np.float32)).values()
        return int(self.brain.sum()) - int(sum(np.nansum(half) for half in halves))


def page(
    run: Mapping,
    labels: Mapping[str, str],
    series: np.ndarray,
    cortex: Cortex,
    null_form: tuple[np.ndarray, Spectra, np.ndarray],
    look: Mapping[str, Any],
    smoothing_fwhm: float | None,
    whole: float = WHOLE_PAGE,
) -> str:
    """A page on which every vertex of a run is a seed.

    Parameters
    ----------
    run, labels, null_form, look, smoothing_fwhm
        See `explorer.page`.
    series : numpy.ndarray of float32, shape (n_kept, n_places)
        Cleaned; NaN where a place is constant.
    cortex : Cortex
    whole : float
        Letters of text that meshes and vertices may take.

    Returns
    -------
    str
        A self-contained HTML page.

    Raises
    ------
    InputError
        If no vertex of the run has a series, or its meshes alone fill the page.
    """
    both = cortex.meshes()
    columns = cortex.columns(both)
    # A place that is constant is none.
    columns[columns >= 0] = np.where(np.isfinite(series[0, columns[columns >= 0]]), columns[columns >= 0], -1)
    own = columns[columns >= 0]
    if not len(own):
        raise InputError(
            f"{'_'.join(f'{key}-{value}' for key, value in labels.items())}: every vertex of the cortex is constant or "
            "has no data, so that none can be a seed"
        )
    defined = np.zeros(series.shape[1], dtype=bool)
    defined[own] = True
    mesh = mesh_data(cortex.options, both)
    budget = whole - sum(map(len, texts_in(mesh)))
    if budget < LEAST:
        raise InputError(
            f"the meshes of {cortex.options['space']} have {len(columns)} vertices, which take "
            f"{(whole - budget) / 1e6:.1f} MB of a page of {whole / 1e6:.1f} MB, so that too little is left for the "
            "run; expected coarser ones, such as fsaverage6 or fsLR 32k, or no explore among figures.viewers.kinds"
        )
    sheet, found, texts = explorer.fit(
        series, defined, lambda rings: sheet_of([*both.values()], columns, rings), budget, first=0
    )
    first = {"L": 0, "R": both["L"].n_vertices}
    seeds = placed_seeds(run["Seeds"], first)
    shipped = not cortex.options["left"]
    return render(
        "explorer_cortex.html.j2",
        FILES,
        script="explorer_cortex.js",
        one="vertex",
        title=run_title(labels),
        seeds=seeds,
        widest=explorer.widest(seeds),
        accuracy=explorer.accuracy(series, sheet.voxels, found),
        n_vertices=len(own),
        n_kept=len(sheet.kept),
        smoothing=smoothing_fwhm,
        look=look,
        places=cortex.layout.words,
        without=without(cortex),
        drawn_on=(
            "Drawn is fsaverage5, inflated, with the folds of its cortex: darker in sulci."
            if shipped
            else "Drawn are the meshes that surfaces.left and surfaces.right name."
        ),
        lie_on="the middle between the white and the pial surface" if shipped else "these meshes",
        data={
            "word": "vertex",
            **explorer.run_data(labels, found, texts, null_form, len(own)),
            "mesh": {**mesh, **sheet_data(sheet)},
            "nodes": explorer.named_nodes(),
            "seeds": seeds,
            "colors": palette(look["cmap"], 256),
            "threshold": look["threshold"],
            "vmax": look["vmax"],
        },
    )


def without(cortex: Cortex) -> str:
    """What of a run is not on the page, in a sentence; empty if it is all of it."""
    if not (n_voxels := cortex.n_voxels):
        return ""
    return (
        f"The run's {n_voxels} voxels (subcortical structures and cerebellum) are not shown, and can be no seed here; "
        "they are in the workflow's own maps."
    )


def placed_seeds(seeds: Any, first: Mapping[str, int]) -> list[dict[str, Any]]:
    """The study's seeds that lie on the cortex, as a page offers them: label, vertex, and radius of a patch, or None.

    Parameters
    ----------
    seeds : iterable of dict
        From the sidecar of a run's seed series.
    first : dict of str to int
        Of each hemisphere the number of its first vertex.
    """
    return [
        {
            "label": seed["label"],
            "vertex": first[seed["hemisphere"]] + seed["vertex"],
            "radius": seed["radius_mm"] if seed.get("kind") == "surface" else None,
        }
        for seed in seeds
        if seed.get("hemisphere") and seed.get("vertex") is not None
    ]


def mesh_data(options: Mapping[str, Any], both: Mapping[str, meshes.Mesh]) -> dict[str, Any]:
    """The meshes of a page: those that distances are measured on, and those that are drawn where they are others.

    Parameters
    ----------
    options : dict
        The config's ``surfaces`` with the ``space`` of the run.
    both : dict of str to Mesh
    """
    drawn, greys = meshes.for_drawing(options["space"], options)
    inflated = not options["left"]
    coordinates = [mesh.coordinates for each in (both, drawn) for mesh in each.values()]
    step = max(float(np.abs(values).max()) for values in coordinates) / STEPS
    hemispheres: dict[str, dict[str, str]] = {}
    for hemisphere, mesh in both.items():
        own = {"middle": _whole(mesh.coordinates, step)}
        if inflated:
            own["drawn"] = _whole(drawn[hemisphere].coordinates, step)
        # Both hemispheres of fsaverage and fsLR are made of the same triangles.
        if hemisphere == "L" or not np.array_equal(mesh.triangles, both["L"].triangles):
            own["triangles"] = _differences(mesh.triangles.ravel())
        hemispheres[hemisphere] = own
    return {
        "step": step,
        "hemispheres": hemispheres,
        "to_mni": np.round(both["L"].to_mni[:3], 6).tolist(),
        "greys": text_of(np.concatenate([np.rint(255 * greys[hemisphere]).astype(np.uint8) for hemisphere in both])),
        "length": max(math.ceil(max(np.ptp(mesh.coordinates, axis=0))) for mesh in drawn.values()),
        "space": options["space"],
        "area_weights": bool(options["area_weights"]),
    }


def sheet_data(sheet: Sheet) -> dict[str, Any]:
    """Which vertices a page keeps."""
    return {
        "count": len(sheet.kept),
        "kept": _differences(sheet.kept),
        "numbers": _differences(sheet.numbers),
    }


def texts_in(given: Any) -> list[str]:
    """All texts of nested dicts."""
    if isinstance(given, Mapping):
        return [text for value in given.values() for text in texts_in(value)]
    return [given] if isinstance(given, str) else []


def _whole(coordinates: np.ndarray, step: float) -> str:
    return text_of(np.rint(coordinates / step).astype(np.int16))


def _differences(numbers: np.ndarray) -> str:
    """Whole numbers as what each is more than the one before, which compresses better."""
    return text_of(np.diff(numbers, prepend=0).astype(np.int32))

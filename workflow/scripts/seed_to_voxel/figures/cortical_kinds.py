"""The further figures of maps of a run on the cortical surface; see `kinds` for those of volumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..base import tables
from ..base.errors import InputError
from ..connectivity import mesh_clusters, nodes, summaries
from ..images import layouts, meshes, places
from ..series import surface_atlas
from ..statistics import multiplicity
from ..statistics.null import FEWEST
from ..study import figure_kinds
from . import charts, cortex, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawn = tuple["Figure", str, Mapping[str, Sequence] | None]
"""A figure, what it shows in words and numbers, and its table where it has one."""


class Words(NamedTuple):
    """What stands below the title of a figure, and at its foot."""

    subtitle: str
    remark: str


@dataclass(frozen=True)
class Run:
    """A run whose maps are drawn.

    Attributes
    ----------
    mask, mean : sequence of str
        Files of its mask and of its mean over time.
    seed_voxels : str
        Table of the places of its seeds.
    surfaces : dict
        Its meshes.
    options : dict
        ``threshold``, ``vmax``, ``cmap`` and ``cluster_area`` (mm²).
    title : str
        What it is called.
    atlas_files : sequence of str
        Of an atlas that names peaks, or none.
    """

    mask: Sequence[str]
    mean: Sequence[str]
    seed_voxels: str
    surfaces: Mapping[str, Any]
    options: Mapping[str, Any]
    title: str
    atlas_files: Sequence[str] = ()

    @cached_property
    def layout(self) -> layouts.Layout:
        """How its maps stand in their files."""
        return layouts.of_files(self.mask)

    @cached_property
    def brain(self) -> np.ndarray:
        """Where it has data, of shape (n_places,)."""
        return self.layout.read(self.mask) != 0

    @cached_property
    def both(self) -> dict[str, meshes.Mesh]:
        """Its meshes, by hemisphere."""
        return meshes.template(self.surfaces["space"], self.surfaces)

    @cached_property
    def places(self) -> places.Places:
        """Where its places are."""
        return places.of_layout(self.layout, self.both, self.surfaces, self.mask[0])

    def own_places(self, label: str) -> np.ndarray:
        """Places of a seed."""
        return multiplicity.own_voxels(tables.cells(self.seed_voxels), [label], 1)[:, 0]

    def words(self, seed: Mapping, where: str, values: np.ndarray) -> Words:
        """Subtitle and remark of a figure of a map, whose values are those of `brain`."""
        place = self.layout.said(f"{seed['label']} seed at {where}, {seed['n_voxels']} voxels")
        summary = summaries.summarise(values, self.options["threshold"])
        return Words(f"{self.title}  ·  {place}", self.layout.said(summaries.remark(summary, seed)))


def draw(kind: str, seed: Mapping, run: Run, r: np.ndarray, z: np.ndarray, nu: float, words: Words) -> Drawn:
    """Draw one figure of a map.

    Parameters
    ----------
    kind : str
        One of `figure_kinds.ON_SURFACE`.
    seed : dict
        From the sidecar of the run's seed series.
    run : Run
    r, z : numpy.ndarray of shape (n_places,)
        Maps of r and of z-scores.
    nu : float
        Effective degrees of freedom of the median place.
    words : Words
        From `Run.words`.

    Raises
    ------
    InputError
        If the kind is one of volumes alone.
    """
    if kind not in figure_kinds.ON_SURFACE:
        raise InputError(
            f"a figure of the kind {kind} was asked for of a run on the cortical surface; expected one of "
            f"{', '.join(figure_kinds.ON_SURFACE)}: the map itself is drawn on both hemispheres"
        )
    if kind == "location":
        return _draw_location(seed, run, words)
    if kind == "clusters":
        return _draw_clusters(run, r, z, words)
    if kind == "networks":
        reach = run.places.coordinates[run.own_places(seed["label"])]
        profile = nodes.profile_of(r, run.brain, run.places.coordinates, reach, nodes.RADIUS)
        return *charts.plot_networks(
            profile, "Connectivity with the brain's networks", words.subtitle, words.remark
        ), profile
    threshold, title = run.options["threshold"], "Distribution of r over the cortex"
    values = r[run.brain].astype(np.float32)
    figure, alt = charts.plot_distribution(values, nu, threshold, title, words.subtitle, words.remark, run.layout.words)
    return figure, run.layout.said(alt), None


def _draw_location(seed: Mapping, run: Run, words: Words) -> Drawn:
    """The seed's vertices on the run's mean over time."""
    layout = run.layout
    mean = np.where(run.brain, layout.read(run.mean), np.nan).astype(np.float32)
    own = np.zeros(len(mean), dtype=np.float32)
    own[run.own_places(seed["label"])] = 1
    drawn, _ = meshes.for_drawing(run.surfaces["space"], run.surfaces)
    of_mean, of_own = (meshes.filled(layout.hemispheres(values), drawn) for values in (mean, own))
    title = f"Seed on the mean image – {seed['name']}"
    figure = cortex.plot_location(of_mean, of_own, drawn, title, words.subtitle, words.remark)
    share = f"{seed['n_voxels_in_mask']} of {seed['n_voxels']} voxels have data"
    return figure, layout.said(f"{words.subtitle}; {share}."), None


def _draw_clusters(run: Run, r: np.ndarray, z: np.ndarray, words: Words) -> Drawn:
    """The clusters of a map, on a figure that is a table."""
    threshold, area = run.options["threshold"], run.options["cluster_area"]
    halves = run.layout.hemispheres
    table = mesh_clusters.clusters(halves(r), halves(z), run.both, threshold, area)
    if run.atlas_files:
        regions = surface_atlas.read(run.atlas_files, run.places)
        peaks_at = [
            run.places.position(hemisphere)[vertex]
            for hemisphere, vertex in zip(table["hemisphere"], table["vertex"], strict=True)
        ]
        table["region"] = regions.at(np.array(peaks_at, dtype=int))
    title = f"Clusters at |r| ≥ {threshold:g}, of {area:g} mm² or more"
    alt = f"{len(table['cluster'])} clusters. {words.remark}".strip()
    return cortex.plot_clusters(table, title, words.subtitle, words.remark), alt, table


def draw_all(
    wanted: Mapping[str, Sequence[str]],
    seeds: Sequence[Mapping],
    statistics: Mapping,
    maps: tuple[Sequence[str], Sequence[str]],
    run: Run,
    in_mm: Callable[[Mapping], str],
) -> None:
    """Draw figures of a run's maps and save them.

    Parameters
    ----------
    wanted, statistics
        See `kinds.draw_all`.
    seeds : sequence of dict
        From the sidecar of the run's seed series.
    maps : tuple of sequence of str
        Files of the maps of r and of z-scores, in the order of the seeds.
    run : Run
    in_mm : callable
        Says where a seed lies.
    """
    files_of = [layouts.in_turn(paths, len(seeds)) for paths in maps]
    described = {seed["label"]: (seed, *paths) for seed, *paths in zip(seeds, *files_of, strict=True)}
    formats = len(style.FORMATS)
    for name, files in wanted.items():
        style.let_go()
        kind, label = name.split(figure_kinds.SEPARATOR)
        seed, *paths = described[label]
        r, z = (run.layout.read(of_map) for of_map in paths)
        # Of a map without a defined r there is none.
        nu = max(statistics["seeds"][label]["nu"] or 0, FEWEST)
        words = run.words(seed, in_mm(seed), r[run.brain].astype(np.float32))
        figure, alt, table = draw(kind, seed, run, r, z, nu, words)
        style.save(figure, style.stem_of(files[:formats]), alt)
        if table is not None:
            tables.write(files[formats], table)
        del figure

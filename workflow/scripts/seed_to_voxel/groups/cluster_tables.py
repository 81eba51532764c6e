"""Clusters of a group's map as a table: where they are, how large, what they are worth, and what lies near."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import words
from ..connectivity.nodes import nearest
from ..inputs import atlases
from . import clusters, glm

if TYPE_CHECKING:
    from ..images.places import Places
    from .clusters import Clusters
    from .inference import ClusterTable, Inference

COLUMNS = {
    "cluster": ("Number of the cluster, the heaviest first", None),
    "sign": ("Whether the statistic is positive (1) or negative (-1) in it", None),
    "x": ("Of the voxel with the largest statistic", "mm"),
    "y": ("Of the same", "mm"),
    "z": ("Of the same", "mm"),
    "peak": ("Normal deviate of the statistic at the peak, as in the map of z", None),
    "effect": ("Effect at the peak, Fisher z in units of the contrast; n/a for an F test", None),
    "extent": ("Voxels", None),
    "volume_mm3": ("The same", "mm3"),
    "mass": ("Sum of what the voxels' deviates have beyond the threshold", None),
    "p_extent": ("Family-wise p of the extent, over the voxels of this map", None),
    "p_mass": ("The same of the mass", None),
    "p_voxel": ("The same of the voxel at the peak", None),
    "p_tfce": ("The same of its threshold-free cluster enhancement", None),
    "p_extent_study": ("Family-wise p of the extent, over all seeds and contrasts of {0}", None),
    "p_mass_study": ("The same of the mass", None),
    "p_voxel_study": ("The same of the voxel at the peak", None),
    "p_tfce_study": ("The same of its threshold-free cluster enhancement", None),
    "node": ("Nearest node, of Dosenbach et al. 2010 and Seitzman et al. 2020", None),
    "network": ("Network that the node belongs to", None),
    "distance_mm": ("From the peak to the node", "mm"),
}
"""Columns, with what they are and their units."""

OF_PLACES = {
    "structure": ("Cortex of which hemisphere, or structure of voxels, by its name in CIFTI", None),
    "vertex": ("Of the peak, counted from 0; n/a for a voxel", None),
}
"""Columns of maps on the cortical surface, beside the sign."""

ON_SURFACE = {
    "extent": ("Vertices, or voxels", None),
    "area_mm2": ("Area of the vertices, a third of the triangles around each; n/a for voxels", "mm2"),
    "volume_mm3": ("Volume of the voxels; n/a for vertices", "mm3"),
    "mass": ("Sum of what the deviates have beyond the threshold, of vertices times their areas", None),
}
"""What columns are on the surface."""

Table = dict[str, Any]


@dataclass(frozen=True)
class Where:
    """Where the places that are tested lie.

    Attributes
    ----------
    coordinates : numpy.ndarray of shape (n_tested, 3)
        mm.
    voxel_mm3 : float
        Volume of a voxel.
    places : dict of str to sequence, or None
        Structure and vertex of each place on the cortical surface.
    words : str
        What places are called.
    """

    coordinates: np.ndarray
    voxel_mm3: float
    places: Mapping[str, Any] | None = None
    words: str = "voxels"

    @classmethod
    def on_grid(cls, tested: np.ndarray, affine: np.ndarray) -> Where:
        """Voxels of a grid.

        Parameters
        ----------
        tested : numpy.ndarray of bool, shape (x, y, z)
        affine : numpy.ndarray of shape (4, 4)
        """
        coordinates = np.argwhere(tested) @ affine[:3, :3].T + affine[:3, 3]
        return cls(coordinates, abs(np.linalg.det(affine[:3, :3])))

    @classmethod
    def on_surface(cls, tested: np.ndarray, places: Places) -> Where:
        """Vertices, and perhaps voxels.

        Parameters
        ----------
        tested : numpy.ndarray of bool, shape (n_places,)
        places : places.Places
        """
        affine = places.axis.affine
        volume = np.nan if affine is None else abs(np.linalg.det(affine[:3, :3]))
        of_tested = places.table(np.flatnonzero(tested))
        return cls(
            places.coordinates[tested],
            float(volume),
            {name: np.array(of_tested[name], dtype=object) for name in OF_PLACES},
            places.layout.words,
        )

    @property
    def columns(self) -> dict[str, tuple[str, str | None]]:
        """Columns of the table, with what they are and their units."""
        if self.places is None:
            return COLUMNS
        found: dict[str, tuple[str, str | None]] = {}
        for name, about in COLUMNS.items():
            if name == "volume_mm3":
                found["area_mm2"] = ON_SURFACE["area_mm2"]
            found[name] = ON_SURFACE.get(name, (words.of_places(about[0], self.words), about[1]))
            if name == "sign":
                found |= OF_PLACES
        return found

    def sizes(self, extent: np.ndarray, count: np.ndarray, peak: np.ndarray) -> Table:
        """How large clusters are: how many places, and their area or volume."""
        if self.places is None:
            return {"extent": extent, "volume_mm3": extent * self.voxel_mm3}
        vertices = np.array([vertex is not None for vertex in self.places["vertex"][peak]], dtype=bool)
        return {
            "extent": count,
            "area_mm2": np.where(vertices, extent, np.nan),
            "volume_mm3": np.where(vertices, np.nan, count * self.voxel_mm3),
            **{name: list(values[peak]) for name, values in self.places.items()},
        }


def _table(
    found: Clusters | ClusterTable,
    deviates: np.ndarray,
    effect: np.ndarray | None,
    where: Where,
    in_mni: bool,
    named: Callable[[np.ndarray], list[str | None]] | None,
) -> Table:
    """What is known of clusters without permutations."""
    peak, n_clusters = found.peak, len(found.sign)
    coordinates = where.coordinates[peak]
    table: Table = {name: np.full(n_clusters, np.nan) for name in where.columns}
    table |= {
        "cluster": np.arange(1, n_clusters + 1),
        "sign": found.sign,
        **dict(zip("xyz", coordinates.T, strict=True)),
    }
    table |= {"peak": deviates[peak], "mass": found.mass, **where.sizes(found.extent, found.count, peak)}
    if effect is not None:
        table["effect"] = effect[peak]
    near: list[dict[str, Any]] = []
    if in_mni and n_clusters:
        near = nearest(coordinates, {"Dosenbach": atlases.dosenbach(), "Seitzman": atlases.seitzman()})
    for name, key in (("node", "node"), ("network", "network"), ("distance_mm", "distance")):
        table[name] = [row[key] for row in near] or [None] * n_clusters
    if named is not None:
        table["region"] = named(peak) if n_clusters else []
    return table


def of_inference(
    found: Inference,
    where: Where,
    in_mni: bool,
    named: Callable[[np.ndarray], list[str | None]] | None = None,
) -> Table:
    """Clusters of a map with their corrected p.

    Parameters
    ----------
    found : inference.Inference
    where : Where
        Of what was permuted.
    in_mni : bool
        Whether the names of nodes mean anything here.
    named : callable, optional
        Gives the regions of places, numbered among those that were permuted, after the user's own atlas.

    Returns
    -------
    dict of str to sequence
        Columns of `Where`, and ``region`` where there is an atlas; a row a cluster; p of what was not asked for is NaN.
    """
    of = found.clusters
    assert of is not None
    effect = found.fit.effect
    # Of the map of z: what F was permuted by has p / 2, as that of t.
    table = _table(of, found.fit.z, effect, where, in_mni, named)
    for ending in ("", "_study"):
        table[f"p_extent{ending}"], table[f"p_mass{ending}"] = (
            getattr(of, f"p_{measure}{ending}") for measure in ("extent", "mass")
        )
        for name, field in ((f"p_voxel{ending}", f"p{ending}"), (f"p_tfce{ending}", f"p_tfce{ending}")):
            values = getattr(found, field)
            if values is not None:
                table[name] = values[of.peak]
    return table


def of_fit(
    fitted: Mapping[str, np.ndarray],
    whole: np.ndarray,
    grid: clusters.Grid | clusters.Graph,
    threshold: float,
    where: Where,
    in_mni: bool,
    named: Callable[[np.ndarray], list[str | None]] | None = None,
) -> Table:
    """Clusters of a map that nothing was permuted for.

    Parameters
    ----------
    fitted : dict of str to numpy.ndarray of shape (n_voxels,)
        From `fitting.fit`.
    whole : numpy.ndarray of bool, shape (n_voxels,)
        Voxels that all rows cover.
    grid : clusters.Grid or clusters.Graph
        Of these.
    threshold : float
        p of a voxel; two-sided for t.
    where, in_mni, named
        See `of_inference`.

    Returns
    -------
    dict of str to sequence
        As from `of_inference`, without p.
    """
    two_sided = "effect" in fitted
    z = deviates = fitted["z"][whole]
    if not two_sided:
        # As permutations weigh F: by the deviate whose two-sided p it has.
        deviates = glm.deviate(-math.log(10) * fitted["minus_log10_p"][whole].astype(np.float64))
    found = clusters.find(deviates, float(glm.deviate(np.log(np.array(threshold)))), grid, two_sided)
    effect = fitted["effect"][whole] if two_sided else None
    return _table(found, z, effect, where, in_mni, named)


def describe(options: Mapping[str, Any], permuted: bool, where: Where, named: bool = False) -> dict[str, Any]:
    """The JSON file beside a table of clusters; `options` are the config's ``groups``, `named` says of an atlas."""
    about = options["clusters"]
    whose = "all models" if options.get("correct_over") == "models" else "the model"
    joined = f"{about['neighbours']} neighbours"
    if where.places is not None:
        joined = f"vertices joined by edges of the mesh, voxels of one structure by {joined}"
    columns = where.columns | ({"region": ("Region that the peak lies in, after figures.atlas", None)} if named else {})
    return {
        "Description": (
            f"Clusters of {where.words} with p < {about['threshold']:g}, "
            f"uncorrected (two-sided for t), {joined}, positive and negative ones apart"
            + ("" if permuted else "; nothing was permuted, so that no p is known of them")
        ),
        **{
            name: {"Description": text.format(whose), **({"Units": unit} if unit else {})}
            for name, (text, unit) in columns.items()
        },
    }

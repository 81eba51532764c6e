"""Clusters of a group's map as a table: where they are, how large, what they are worth, and what lies near."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..connectivity.nodes import nearest
from ..inputs import atlases
from . import clusters, glm

if TYPE_CHECKING:
    from ..connectivity.atlas import Atlas
    from .inference import Inference

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

Table = dict[str, Any]


def _table(
    sign: np.ndarray,
    peak: np.ndarray,
    deviates: np.ndarray,
    effect: np.ndarray | None,
    extent: np.ndarray,
    mass: np.ndarray,
    tested: np.ndarray,
    affine: np.ndarray,
    in_mni: bool,
    named_by: Atlas | None,
) -> Table:
    """What is known of clusters without permutations."""
    voxels = np.argwhere(tested)[peak]
    places = voxels @ affine[:3, :3].T + affine[:3, 3]
    table: Table = {name: np.full(len(sign), np.nan) for name in COLUMNS}
    table |= {"cluster": np.arange(1, len(sign) + 1), "sign": sign, **dict(zip("xyz", places.T, strict=True))}
    table |= {"peak": deviates[peak], "extent": extent, "mass": mass}
    table["volume_mm3"] = extent * abs(np.linalg.det(affine[:3, :3]))
    if effect is not None:
        table["effect"] = effect[peak]
    near: list[dict[str, Any]] = []
    if in_mni and len(sign):
        near = nearest(places, {"Dosenbach": atlases.dosenbach(), "Seitzman": atlases.seitzman()})
    for name, key in (("node", "node"), ("network", "network"), ("distance_mm", "distance")):
        table[name] = [row[key] for row in near] or [None] * len(sign)
    if named_by is not None:
        table["region"] = named_by.at(places) if len(sign) else []
    return table


def of_inference(
    found: Inference, tested: np.ndarray, affine: np.ndarray, in_mni: bool, named_by: Atlas | None = None
) -> Table:
    """Clusters of a map with their corrected p.

    Parameters
    ----------
    found : inference.Inference
    tested : numpy.ndarray of bool, shape (x, y, z)
        Voxels that were permuted.
    affine : numpy.ndarray of shape (4, 4)
    in_mni : bool
        Whether the names of nodes mean anything here.
    named_by : Atlas, optional
        Of the user's, after which peaks are named.

    Returns
    -------
    dict of str to sequence
        Columns `COLUMNS`, and ``region`` where there is an atlas; a row a cluster; p of what was not asked for is NaN.
    """
    of = found.clusters
    assert of is not None
    effect = found.fit.effect
    # Of the map of z: what F was permuted by has p / 2, as that of t.
    table = _table(of.sign, of.peak, found.fit.z, effect, of.extent, of.mass, tested, affine, in_mni, named_by)
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
    grid: clusters.Grid,
    threshold: float,
    tested: np.ndarray,
    affine: np.ndarray,
    in_mni: bool,
    named_by: Atlas | None = None,
) -> Table:
    """Clusters of a map that nothing was permuted for.

    Parameters
    ----------
    fitted : dict of str to numpy.ndarray of shape (n_voxels,)
        From `fitting.fit`.
    whole : numpy.ndarray of bool, shape (n_voxels,)
        Voxels that all rows cover.
    grid : clusters.Grid
        Of these.
    threshold : float
        p of a voxel; two-sided for t.
    tested, affine, in_mni, named_by
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
    return _table(found.sign, found.peak, z, effect, found.extent, found.mass, tested, affine, in_mni, named_by)


def describe(options: Mapping[str, Any], permuted: bool, named: bool = False) -> dict[str, Any]:
    """The JSON file beside a table of clusters; `options` are the config's ``groups``, `named` says of an atlas."""
    about = options["clusters"]
    whose = "all models" if options.get("correct_over") == "models" else "the model"
    columns = COLUMNS | ({"region": ("Region that the peak lies in, after figures.atlas", None)} if named else {})
    return {
        "Description": (
            f"Clusters of voxels with p < {about['threshold']:g}, uncorrected (two-sided for t), {about['neighbours']} "
            "neighbours, positive and negative ones apart"
            + ("" if permuted else "; nothing was permuted, so that no p is known of them")
        ),
        **{
            name: {"Description": text.format(whose), **({"Units": unit} if unit else {})}
            for name, (text, unit) in columns.items()
        },
    }

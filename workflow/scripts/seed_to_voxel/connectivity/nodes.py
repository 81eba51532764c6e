"""What a map is at the named nodes of the brain, and which of them lie near its clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..images.grid import sphere_voxels
from ..inputs.atlases import dosenbach, seitzman
from ..series.regions import described_voxels, is_sphere, world
from .atlas import Atlas
from .correlation import fisher_z

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas
    from nibabel.spatialimages import SpatialImage

RADIUS = 5
"""mm, of a node's sphere: half the distance that Dosenbach et al. 2010 kept between their nodes."""

NEAR = 10
"""mm, between a peak and a node that may give it its name: nodes lie that far apart, or farther."""

DEFAULT = "default"
"""The default-mode network among Dosenbach's networks."""


def spheres(centres: np.ndarray, brain: np.ndarray, where: np.ndarray) -> list[np.ndarray]:
    """Places of a brain that lie in the sphere of each node, of `RADIUS`.

    Parameters
    ----------
    centres : numpy.ndarray of shape (n_nodes, 3)
        MNI mm.
    brain : numpy.ndarray of bool, shape (x, y, z), or (n_places,)
    where : numpy.ndarray of shape (4, 4), or (n_places, 3)
        The affine of a grid; where each place lies, MNI mm, where there is none: on the cortical surface a node has the
        vertices that are near straight on.

    Returns
    -------
    list of numpy.ndarray of int
        For each node their positions in ``data[brain]``, perhaps none.
    """
    if brain.ndim == 1:
        from scipy.spatial import KDTree

        found = KDTree(where[brain]).query_ball_point(centres, RADIUS + 1e-6, return_sorted=True)
        return [np.array(own, dtype=int) for own in found]
    position = np.full(brain.shape, -1)
    position[brain] = np.arange(int(brain.sum()))
    every = (position[tuple(sphere_voxels(centre, RADIUS, where, brain.shape).T)] for centre in centres)
    return [own[own >= 0] for own in every]


def nearest(points: npt.ArrayLike, tables: Mapping[str, pandas.DataFrame]) -> list[dict[str, Any]]:
    """The node nearest to each point, over several tables, where one is near.

    Parameters
    ----------
    points : array_like of shape (n, 3)
        MNI mm.
    tables : dict of str to pandas.DataFrame
        Nodes by the name of their table.

    Returns
    -------
    list of dict
        For each point ``distance`` (mm) to the nearest node, and its ``node``, ``network`` and ``table``: its names,
        None where it is farther than `NEAR`.
    """
    nodes = [
        {"node": node, "network": network, "table": name}
        for name, table in tables.items()
        for node, network in zip(table["name"], table["network"], strict=True)
    ]
    places = np.concatenate([table[["x", "y", "z"]].to_numpy(float) for table in tables.values()])
    found = []
    for point in np.atleast_2d(points):
        distances = np.linalg.norm(places - point, axis=1)
        node = int(distances.argmin())
        distance = float(distances[node])
        found.append({**(nodes[node] if distance <= NEAR else dict.fromkeys(nodes[node])), "distance": distance})
    return found


CLUSTER_COLUMNS = ("cluster", "x", "y", "z", "peak_r", "volume_mm3", "node", "network", "table", "distance_mm")


def cluster_table(
    image: SpatialImage, threshold: float, min_volume: float = 0, named_by: Atlas | None = None
) -> pandas.DataFrame:
    """Clusters of a map at a threshold, their peaks, and the named node near each peak, if there is one.

    The clusters and peaks are nilearn's (`nilearn.reporting.get_clusters_table`, both signs; further
    peaks of a cluster are at least 8 mm apart).

    Parameters
    ----------
    image : nibabel image
        Map of r.
    threshold : float
        |r| that a cluster's voxels have at least.
    min_volume : float
        Smaller clusters, in mm3, are left out.
    named_by : Atlas, optional
        Whose regions the peaks lie in.

    Returns
    -------
    pandas.DataFrame
        Columns `CLUSTER_COLUMNS`, and ``region`` where there is an atlas; a row a peak, the strongest |r| first;
        coordinates in MNI mm.
    """
    import pandas
    from nibabel import Nifti1Image
    from nilearn.reporting import get_clusters_table

    data = np.nan_to_num(np.asarray(image.dataobj, dtype=np.float32))
    above = np.abs(data) > threshold
    columns = [*CLUSTER_COLUMNS, *(["region"] if named_by else [])]
    # A map of one value has no peak, and nilearn says of each absent cluster that it is absent.
    if not above.any() or np.ptp(data[data != 0]) == 0:
        return pandas.DataFrame(columns=columns)
    voxel = abs(np.linalg.det(image.affine[:3, :3]))
    # The volume of a voxel may be off in its last digit.
    fewest = int(np.ceil(min_volume / voxel - 1e-6))
    parts = []
    for sign in (1, -1):
        if (sign * data > threshold).any():
            parts.append(
                get_clusters_table(
                    Nifti1Image(sign * data, image.affine),
                    stat_threshold=threshold,
                    cluster_threshold=fewest,
                    two_sided=False,
                ).assign(sign=sign)
            )
    parts = [part for part in parts if len(part)]
    if not parts:
        return pandas.DataFrame(columns=columns)
    rows = []
    found = pandas.concat(parts, ignore_index=True)
    places = nearest(found[["X", "Y", "Z"]].to_numpy(float), {"Dosenbach": dosenbach(), "Seitzman": seitzman()})
    clusters = []
    for peak, place in zip(found.to_dict("records"), places, strict=True):
        main = str(peak["Cluster ID"]).isdigit()
        row = {
            "x": float(peak["X"]),
            "y": float(peak["Y"]),
            "z": float(peak["Z"]),
            "peak_r": float(peak["Peak Stat"]) * peak["sign"],
            "volume_mm3": float(peak["Cluster Size (mm3)"]) if main else np.nan,
            "node": place["node"],
            "network": place["network"],
            "table": place["table"],
            "distance_mm": round(place["distance"], 1),
        }
        if main:
            clusters.append([row])
        else:
            clusters[-1].append(row)
    for number, cluster in enumerate(sorted(clusters, key=lambda rows: -abs(rows[0]["peak_r"])), start=1):
        for position, row in enumerate(cluster):
            rows.append({"cluster": f"{number}{'abcdefgh'[position - 1] if position else ''}", **row})
    table = pandas.DataFrame(rows, columns=list(CLUSTER_COLUMNS))
    return table if named_by is None else table.assign(region=named_by.at(table[["x", "y", "z"]].to_numpy(float)))


def node_profile(image: SpatialImage, mask: np.ndarray, seed: dict) -> pandas.DataFrame:
    """Mean Fisher z of a map in the sphere of each of Dosenbach's nodes.

    Parameters
    ----------
    image : nibabel image
        Map of r.
    mask : numpy.ndarray of bool, shape (x, y, z)
        The brain.
    seed : dict
        As a run's sidecar describes it.

    Returns
    -------
    pandas.DataFrame
        Columns x, y, z, label, name, network, n_voxels, z_mean and at_seed; `at_seed` is true where the
        node's sphere reaches a voxel of the seed, so that it correlates with it by construction.
    """
    # A sphere's voxels can end a voxel short of its radius; a mask has voxels alone.
    at_seed = np.array([[seed[axis] for axis in "xyz"]], dtype=float)
    if not is_sphere(seed):
        at_seed = world(described_voxels(seed, image), image.affine)
    reach = RADIUS + (seed["radius_mm"] if is_sphere(seed) else 0)
    return profile_of(np.asarray(image.dataobj, dtype=np.float32), mask, image.affine, at_seed, reach)


def profile_of(
    r: np.ndarray, brain: np.ndarray, where: np.ndarray, at_seed: np.ndarray, reach: float
) -> pandas.DataFrame:
    """The same of a map as an array; see `node_profile`.

    Parameters
    ----------
    r : numpy.ndarray of float32, of the shape of `brain`
    brain, where
        See `spheres`.
    at_seed : numpy.ndarray of shape (n, 3)
        The seed's own places, or its centre, MNI mm.
    reach : float
        mm; nodes at most so far from one of them are at the seed.

    Returns
    -------
    pandas.DataFrame
    """
    table = dosenbach()
    z = fisher_z(r[brain])
    centres = table[["x", "y", "z"]].to_numpy()
    counts, means, near = [], [], []
    for centre, own in zip(centres, spheres(centres, brain, where), strict=True):
        values = z[own][np.isfinite(z[own])]
        counts.append(values.size)
        means.append(float(values.mean()) if values.size else np.nan)
        near.append(bool(np.linalg.norm(at_seed - centre, axis=1).min() <= reach))
    return table.assign(n_voxels=counts, z_mean=means, at_seed=near)


def network_means(profile: pandas.DataFrame) -> pandas.Series:
    """Mean z of each network over its nodes away from the seed.

    Parameters
    ----------
    profile : pandas.DataFrame
        From `node_profile`.

    Returns
    -------
    pandas.Series
        By network, the largest first; networks without a node are left out.
    """
    used = profile[~profile["at_seed"] & profile["z_mean"].notna()]
    return used.groupby("network")["z_mean"].mean().sort_values(ascending=False)


def default_against_others(profile: pandas.DataFrame) -> tuple[float, float, float]:
    """Difference between the mean z of the default-mode nodes and of all others, away from the seed.

    Parameters
    ----------
    profile : pandas.DataFrame
        From `node_profile`.

    Returns
    -------
    tuple of float
        Mean of the default-mode nodes, mean of the others, and their difference; NaN where there is none.
    """
    used = profile[~profile["at_seed"] & profile["z_mean"].notna()]
    chosen = used["network"] == DEFAULT
    if not chosen.any() or chosen.all():
        return (float("nan"),) * 3
    inside, outside = float(used["z_mean"][chosen].mean()), float(used["z_mean"][~chosen].mean())
    return inside, outside, inside - outside

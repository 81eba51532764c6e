"""Clusters of a map on the cortical surface: vertices that are joined, their area and their peak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..images.meshes import Mesh

COLUMNS = ("cluster", "hemisphere", "vertex", "x", "y", "z", "peak_r", "peak_z", "mean_r", "area_mm2", "n_vertices")


def clusters(
    r: Mapping[str, np.ndarray],
    z: Mapping[str, np.ndarray],
    meshes: Mapping[str, Mesh],
    threshold: float,
    min_area: float,
) -> dict[str, list[Any]]:
    """Clusters beyond a threshold, of either sign, on both hemispheres.

    Parameters
    ----------
    r, z : dict of str to numpy.ndarray of shape (n_vertices,)
        Correlations and their z-scores by ``L`` and ``R``; NaN where undefined.
    meshes : dict of str to Mesh
    threshold : float
        |r| that a cluster's vertices have at least.
    min_area : float
        Smaller clusters, in mm2, are left out.

    Returns
    -------
    dict of str to list
        `COLUMNS`, a row a cluster, the strongest |r| first: its peak's vertex and place (MNI mm), r and z there; its
        mean r, weighted by area; its area in mm2 (a third of each vertex' triangles) and how many vertices it has.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    rows: list[list[Any]] = []
    for hemisphere, mesh in meshes.items():
        values = np.nan_to_num(r[hemisphere])
        if not len(values):
            continue
        for sign in (1, -1):
            above = (sign * values >= threshold) & (values != 0)
            joined = mesh.edges[above[mesh.edges].all(axis=1)]
            graph = csr_array((np.ones(len(joined)), joined.T), shape=(mesh.n_vertices,) * 2)
            number = connected_components(graph, directed=False)[1]
            for own in np.unique(number[above]):
                vertices = np.flatnonzero((number == own) & above)
                areas = mesh.areas[vertices]
                if areas.sum() < min_area:
                    continue
                peak = int(vertices[np.argmax(sign * values[vertices])])
                rows.append(
                    [
                        hemisphere,
                        peak,
                        *map(float, mesh.mni[peak]),
                        float(values[peak]),
                        float(z[hemisphere][peak]),
                        float(np.average(values[vertices], weights=areas)),
                        float(areas.sum()),
                        len(vertices),
                    ]
                )
    rows.sort(key=lambda row: -abs(row[5]))
    columns = list(zip(*rows, strict=True)) or [()] * (len(COLUMNS) - 1)
    return dict(zip(COLUMNS, [list(range(1, len(rows) + 1)), *map(list, columns)], strict=True))

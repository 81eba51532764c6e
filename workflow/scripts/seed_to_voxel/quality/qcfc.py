"""How much of the connectivity between seeds and network nodes goes with head motion (QC-FC)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..connectivity.nodes import RADIUS
from ..images import grid, nifti
from ..study.outputs import MIN_RUNS

if TYPE_CHECKING:
    import pandas


def edges_of_runs(z_maps: Sequence[str], n_seeds: int, nodes: pandas.DataFrame) -> np.ndarray:
    """Mean Fisher z of each seed's map in each node.

    Parameters
    ----------
    z_maps : list of str
        For each run the maps of its seeds in turn.
    n_seeds : int
    nodes : pandas.DataFrame
        From `atlases.dosenbach`.

    Returns
    -------
    numpy.ndarray of shape (n_runs, n_seeds, n_nodes)
        NaN where a node has no voxel in the brain.
    """
    values = np.full((len(z_maps), len(nodes)), np.nan)
    centres = nodes[["x", "y", "z"]].to_numpy()
    for row, path in zip(values, z_maps, strict=True):
        image = nifti.load(path, 3)
        z = np.asarray(image.dataobj, dtype=float)
        for position, centre in enumerate(centres):
            voxels = grid.sphere_voxels(centre, RADIUS, image.affine, image.shape)
            inside = z[tuple(voxels.T)]
            # Maps are 0 outside of the brain.
            inside = inside[np.isfinite(inside) & (inside != 0)]
            if inside.size:
                row[position] = inside.mean()
    return values.reshape(-1, n_seeds, len(nodes))


def correlate_with_motion(
    edges: np.ndarray,
    mean_fd: Sequence[float | None],
    labels: Sequence[str],
    nodes: pandas.DataFrame,
    seeds: Sequence[Mapping],
) -> pandas.DataFrame:
    """Correlate each edge with the mean framewise displacement over runs.

    Parameters
    ----------
    edges : numpy.ndarray of shape (n_runs, n_seeds, n_nodes)
    mean_fd : sequence of float or None
        mm; runs without one are left out.
    labels : list of str
        Of the seeds.
    nodes : pandas.DataFrame
    seeds : list of dict
        With the centres of the seeds, in mm.

    Returns
    -------
    pandas.DataFrame
        An edge a row: seed, node, network, distance_mm, n_runs, r, p (two-sided, t test with n - 2
        degrees of freedom, not corrected for the number of edges).
    """
    import pandas
    from scipy.stats import t as student

    fd = np.array([np.nan if value is None else value for value in mean_fd], dtype=float)
    centres = nodes[["x", "y", "z"]].to_numpy()
    tables = []
    for position, (label, seed) in enumerate(zip(labels, seeds, strict=True)):
        used = np.isfinite(edges[:, position]) & np.isfinite(fd)[:, None]
        n = used.sum(axis=0)
        x = np.where(used, edges[:, position], np.nan)
        y = np.where(used, fd[:, None], np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            x, y = (values - np.nansum(values, axis=0) / n for values in (x, y))
            r = np.nansum(x * y, axis=0) / np.sqrt(np.nansum(x**2, axis=0) * np.nansum(y**2, axis=0))
            r[n < MIN_RUNS] = np.nan
            p = 2 * student.sf(np.abs(r) * np.sqrt((n - 2) / (1 - r**2)), n - 2)
        tables.append(
            pandas.DataFrame(
                {
                    "seed": label,
                    "node": nodes["label"],
                    "network": nodes["network"],
                    "distance_mm": np.linalg.norm(centres - [seed[axis] for axis in "xyz"], axis=1),
                    "n_runs": n,
                    "r": r,
                    "p": p,
                }
            )
        )
    return pandas.concat(tables, ignore_index=True)


def describe(rows: pandas.DataFrame) -> dict[str, Any]:
    """The JSON file beside the table: what its columns are, and its summary.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `correlate_with_motion`.

    Returns
    -------
    dict
    """
    defined = rows.dropna(subset=["r"])
    empty = defined.empty
    return {
        "Description": (
            "QC-FC: correlation over runs of the Fisher z between a seed and a network node (mean of the map in a "
            f"sphere of {RADIUS} mm; nodes of Dosenbach et al. 2010) with the mean framewise displacement"
        ),
        "NumberOfEdges": len(defined),
        "MedianAbsoluteR": None if empty else float(defined["r"].abs().median()),
        "ShareOfEdgesBelow005": None if empty else float((defined["p"] < 0.05).mean()),
        "CorrelationOfRWithDistance": None
        if len(defined) < 3
        else float(np.corrcoef(defined["r"], defined["distance_mm"])[0, 1]),
        "distance_mm": {"Description": "From the seed's centre to the node's", "Units": "mm"},
        "n_runs": {"Description": "Runs in which the node has voxels and the displacement is known"},
        "r": {"Description": "Pearson correlation over runs"},
        "p": {"Description": "Two-sided, not corrected for the number of edges; 5 % are below 0.05 by chance"},
    }

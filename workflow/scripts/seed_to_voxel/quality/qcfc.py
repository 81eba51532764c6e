"""How much of the connectivity between seeds and network nodes goes with head motion (QC-FC)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..connectivity.nodes import RADIUS, spheres
from ..images import layouts
from ..study.outputs import MIN_SUBJECTS

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas


def edges_of_runs(
    z_maps: Sequence[Sequence[str]], n_seeds: int, nodes: pandas.DataFrame, coordinates: Sequence[str] = ()
) -> np.ndarray:
    """Mean Fisher z of each seed's map in each node.

    Parameters
    ----------
    z_maps : sequence of sequence of str
        For each run the maps of its seeds in turn, each of one file, or of one for either hemisphere.
    n_seeds : int
    nodes : pandas.DataFrame
        From `atlases.dosenbach`.
    coordinates : sequence of str
        Of each run the file of where its places are, MNI mm, where they are not on a grid.

    Returns
    -------
    numpy.ndarray of shape (n_runs, n_seeds, n_nodes)
        NaN where a node has no place with a value.
    """
    n_runs = len(z_maps) // n_seeds
    values = np.full((n_runs, n_seeds, len(nodes)), np.nan)
    centres = nodes[["x", "y", "z"]].to_numpy()
    for run, of_seeds in enumerate(values):
        first = run * n_seeds
        layout = layouts.of_files(z_maps[first])
        where = np.load(coordinates[run]) if coordinates else layout.affine
        own = spheres(centres, np.ones(layout.shape, dtype=bool), where)
        for row, paths in zip(of_seeds, z_maps[first : first + n_seeds], strict=True):
            z = layout.read(paths).astype(float).ravel()
            for position, places in enumerate(own):
                inside = z[places]
                # Maps of voxels are 0 outside of the brain, those of vertices NaN.
                inside = inside[np.isfinite(inside) & (inside != 0)]
                if inside.size:
                    row[position] = inside.mean()
    return values


def of_subjects(
    edges: np.ndarray, mean_fd: Sequence[float | None], subjects: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Average the runs of each participant, since runs of one are no independent observations.

    Parameters
    ----------
    edges : numpy.ndarray of shape (n_runs, n_seeds, n_nodes)
        From `edges_of_runs`.
    mean_fd : sequence of float or None
        mm; runs without one are left out.
    subjects : sequence of str
        Whose each run is.

    Returns
    -------
    edges : numpy.ndarray of shape (n_subjects, n_seeds, n_nodes)
        In the order of the participants' labels; NaN where no run has a value.
    mean_fd : numpy.ndarray of shape (n_subjects, n_seeds, n_nodes)
        Over the runs that have the edge; NaN where none has.
    """
    fd = np.array([np.nan if value is None else value for value in mean_fd], dtype=float)
    of_run, order = np.asarray(subjects), sorted(set(subjects))
    found, displacement = (np.full((len(order), *edges.shape[1:]), np.nan) for _ in range(2))
    for row, subject in enumerate(order):
        own = (of_run == subject) & np.isfinite(fd)
        defined = np.isfinite(edges[own])
        with np.errstate(invalid="ignore"):
            found[row] = np.where(defined, edges[own], 0).sum(axis=0) / defined.sum(axis=0)
            displacement[row] = (defined * fd[own, None, None]).sum(axis=0) / defined.sum(axis=0)
    return found, displacement


def correlate_with_motion(
    edges: np.ndarray,
    mean_fd: np.ndarray,
    labels: Sequence[str],
    nodes: pandas.DataFrame,
    places: npt.ArrayLike,
) -> pandas.DataFrame:
    """Correlate each edge with the mean framewise displacement over participants.

    Parameters
    ----------
    edges : numpy.ndarray of shape (n_subjects, n_seeds, n_nodes)
        From `of_subjects`, as are the displacements.
    mean_fd : numpy.ndarray of shape (n_subjects, n_seeds, n_nodes)
        mm; participants without one are left out.
    labels : list of str
        Of the seeds.
    nodes : pandas.DataFrame
    places : array_like of shape (n_seeds, 3)
        Centres of the seeds, mm; of a peak, the mean over the runs.

    Returns
    -------
    pandas.DataFrame
        An edge a row: seed, node, network, distance_mm, n_subjects, r, p (two-sided, t test with n - 2
        degrees of freedom, not corrected for the number of edges).
    """
    import pandas
    from scipy.stats import t as student

    centres = nodes[["x", "y", "z"]].to_numpy()
    tables = []
    for position, (label, place) in enumerate(zip(labels, np.asarray(places), strict=True)):
        fd = mean_fd[:, position]
        used = np.isfinite(edges[:, position]) & np.isfinite(fd)
        n = used.sum(axis=0)
        x = np.where(used, edges[:, position], np.nan)
        y = np.where(used, fd, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            x, y = (values - np.nansum(values, axis=0) / n for values in (x, y))
            r = np.nansum(x * y, axis=0) / np.sqrt(np.nansum(x**2, axis=0) * np.nansum(y**2, axis=0))
            r[n < MIN_SUBJECTS] = np.nan
            p = 2 * student.sf(np.abs(r) * np.sqrt((n - 2) / (1 - r**2)), n - 2)
        tables.append(
            pandas.DataFrame(
                {
                    "seed": label,
                    "node": nodes["label"],
                    "network": nodes["network"],
                    "distance_mm": np.linalg.norm(centres - place, axis=1),
                    "n_subjects": n,
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
            "QC-FC: correlation over participants (means of their runs) of the Fisher z between a seed and a network "
            f"node (mean of the map in a sphere of {RADIUS} mm; nodes of Dosenbach et al. 2010) with the mean "
            "framewise displacement"
        ),
        "NumberOfEdges": len(defined),
        "MedianAbsoluteR": None if empty else float(defined["r"].abs().median()),
        "ShareOfEdgesBelow005": None if empty else float((defined["p"] < 0.05).mean()),
        "CorrelationOfRWithDistance": None
        if len(defined) < 3
        else float(np.corrcoef(defined["r"], defined["distance_mm"])[0, 1]),
        "distance_mm": {"Description": "From the seed's centre to the node's", "Units": "mm"},
        "n_subjects": {"Description": "Participants in whom the node has voxels and the displacement is known"},
        "r": {"Description": "Pearson correlation over participants"},
        "p": {"Description": "Two-sided, not corrected for the number of edges; 5 % are below 0.05 by chance"},
    }

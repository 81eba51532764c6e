"""Vertices of pages on which every vertex is a seed: a run's, all or thinned out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .meshes import Mesh

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Sheet:
    """Vertices of both hemispheres whose values a page keeps: all that have some, or fewer.

    Attributes
    ----------
    voxels : numpy.ndarray of int, shape (n_kept,)
        Position of each among the places of the run's mask.
    kept : numpy.ndarray of int, shape (n_kept,)
        Its vertex, counted over both hemispheres, the left one first.
    numbers : numpy.ndarray of int, shape (n_vertices,)
        Of the kept one that stands for each vertex: itself, or the nearest along the surface; -1 where the run has no
        data.
    where : scipy.sparse.csr_array of shape (n_kept, n_kept)
        1 where the one of the column comes before that of the row and is beside it.
    rings : int
        Kept ones are more than so many edges apart; 0 keeps all.
    """

    voxels: np.ndarray
    kept: np.ndarray
    numbers: np.ndarray
    where: csr_array
    rings: int


def sheet_of(both: Sequence[Mesh], voxels: np.ndarray, rings: int = 0) -> Sheet:
    """Choose the vertices of a page.

    Vertices are taken in their order, each unless one of those before it is at most `rings` edges away. Of a mesh of
    fsaverage, whose coarser meshes are its first vertices, one ring leaves the next coarser mesh.

    Parameters
    ----------
    both : sequence of Mesh
        Left and right hemisphere.
    voxels : numpy.ndarray of int, shape (n_vertices,)
        Position among the places of the run's mask of each vertex of both; -1 where there are no data.
    rings : int

    Returns
    -------
    Sheet
    """
    from scipy.sparse import csr_array

    starts = np.cumsum([0, *(mesh.n_vertices for mesh in both)])
    stands_for = np.full(starts[-1], -1, dtype=np.int64)
    for mesh, start in zip(both, starts[:-1], strict=True):
        own = slice(start, start + mesh.n_vertices)
        found = _thinned(mesh, voxels[own] >= 0, rings)
        stands_for[own] = np.where(found < 0, -1, found + start)
    kept = np.flatnonzero(stands_for == np.arange(starts[-1]))
    number_of = np.full(starts[-1] + 1, -1, dtype=np.int64)
    number_of[kept] = np.arange(len(kept))
    numbers = number_of[stands_for]
    joined = np.concatenate([numbers[mesh.edges + start] for mesh, start in zip(both, starts[:-1], strict=True)])
    joined = joined[(joined >= 0).all(axis=1) & (joined[:, 0] != joined[:, 1])]
    joined = np.unique(np.sort(joined, axis=1), axis=0)
    ones = np.ones(len(joined), dtype=np.int64)
    where = csr_array((ones, (joined[:, 1], joined[:, 0])), shape=(len(kept), len(kept)))
    return Sheet(voxels[kept], kept, numbers, where, rings)


def _thinned(mesh: Mesh, there: np.ndarray, rings: int) -> np.ndarray:
    """The vertex that stands for each of a mesh; -1 where there are no data."""
    if not rings or not there.any():
        return np.where(there, np.arange(mesh.n_vertices), -1)
    from scipy.sparse import csr_array, eye_array
    from scipy.sparse.csgraph import dijkstra

    both_ways = np.concatenate([mesh.edges, mesh.edges[:, ::-1]])
    shape = (mesh.n_vertices, mesh.n_vertices)
    beside = csr_array((np.ones(len(both_ways), dtype=np.int32), both_ways.T), shape=shape)
    step = csr_array(beside + eye_array(mesh.n_vertices, dtype=np.int32, format="csr"))
    near = step
    for _ in range(rings - 1):
        near = near @ step
    free, kept = there.copy(), []
    for vertex in range(mesh.n_vertices):
        if free[vertex]:
            kept.append(vertex)
            free[near.indices[near.indptr[vertex] : near.indptr[vertex + 1]]] = False
    _, _, sources = dijkstra(mesh.lengths, indices=kept, min_only=True, return_predecessors=True)
    return np.where(there & (sources >= 0), sources, -1)

"""Clusters of voxels beyond a threshold: extent and mass."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..base.errors import InputError

STEPS = {6: 1, 18: 2, 26: 3}
"""Along how many axes a neighbour may lie, by the number of neighbours."""


class Grid:
    """Where the voxels of a mask lie, and which of them touch.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (x, y, z)
    neighbours : int
        6 (faces), 18 (and edges) or 26 (and corners).

    Attributes
    ----------
    n_voxels : int
    places : numpy.ndarray of int, shape (n_voxels,)
        Flat indices of the mask's voxels in a grid with a margin of one voxel, in the mask's own order.
    offsets : numpy.ndarray of int, shape (neighbours,)
        From a voxel's flat index to those of its neighbours; the first half leads forward.
    size : int
        Number of voxels of the grid with its margin.
    """

    def __init__(self, mask: np.ndarray, neighbours: int = 26) -> None:
        if neighbours not in STEPS:
            raise InputError(f"clusters: {neighbours} neighbours are none of {', '.join(map(str, STEPS))}")
        mask = np.asarray(mask, dtype=bool)
        if mask.ndim != 3 or not mask.any():
            raise InputError("clusters: the mask must have three dimensions and voxels")
        where = np.argwhere(mask)
        where -= where.min(axis=0) - 1
        shape = where.max(axis=0) + 2
        self.neighbours = neighbours
        self.n_voxels = len(where)
        self.places: np.ndarray = np.asarray(np.ravel_multi_index(tuple(where.T), tuple(shape.tolist())))
        self.size = int(shape.prod())
        strides = np.array([shape[1] * shape[2], shape[2], 1])
        steps = [
            step for step in itertools.product((-1, 0, 1), repeat=3) if 0 < np.abs(step).sum() <= STEPS[neighbours]
        ]
        forward = [int(strides @ step) for step in steps if step > (0, 0, 0)]
        self.offsets = np.array([*forward, *(-offset for offset in forward)], dtype=np.intp)

    def repeated(self, times: int) -> Grid:
        """The same mask several times, side by side without touching, for as many maps at once.

        Parameters
        ----------
        times : int

        Returns
        -------
        Grid
        """
        if times == 1:
            return self
        found = copy.copy(self)
        found.n_voxels, found.size = self.n_voxels * times, self.size * times
        found.places = (np.arange(times)[:, None] * self.size + self.places).ravel()
        return found

    def numbered(self, chosen: np.ndarray) -> np.ndarray:
        """A grid that holds the number of each chosen voxel, from 1, and 0 elsewhere.

        Parameters
        ----------
        chosen : numpy.ndarray of int, shape (k,)
            Voxels, numbered as in the mask.

        Returns
        -------
        numpy.ndarray of int32, shape (size,)
        """
        grid = np.zeros(self.size, dtype=np.int32)
        grid[self.places[chosen]] = np.arange(1, len(chosen) + 1, dtype=np.int32)
        return grid


@dataclass(frozen=True)
class Clusters:
    """Clusters of a map; those of either sign apart.

    Attributes
    ----------
    labels : numpy.ndarray of int32, shape (n_voxels,)
        Cluster of each voxel, from 1; 0 in none.
    sign : numpy.ndarray of int, shape (n_clusters,)
    extent : numpy.ndarray of int, shape (n_clusters,)
        Voxels.
    mass : numpy.ndarray of shape (n_clusters,)
        Sum of what the voxels have beyond the threshold (Bullmore et al. 1999, IEEE Trans. Med. Imaging 18, 32).
    peak : numpy.ndarray of int, shape (n_clusters,)
        Voxel with the largest value, numbered as in the mask.
    """

    labels: np.ndarray
    sign: np.ndarray
    extent: np.ndarray
    mass: np.ndarray
    peak: np.ndarray


def connected(chosen: np.ndarray, kinds: np.ndarray, grid: Grid) -> tuple[int, np.ndarray]:
    """Label voxels by which of them touch others of their kind.

    Parameters
    ----------
    chosen : numpy.ndarray of int, shape (k,)
    kinds : numpy.ndarray, shape (k,)
    grid : Grid

    Returns
    -------
    n_clusters : int
    labels : numpy.ndarray of int32, shape (k,)
        From 0.
    """
    numbers = grid.numbered(chosen)
    forward = grid.offsets[: len(grid.offsets) // 2]
    other = numbers[grid.places[chosen][:, None] + forward]
    one, _ = np.nonzero(other)
    two = other[other > 0] - 1
    alike = kinds[one] == kinds[two]
    pairs = coo_array((np.ones(alike.sum(), dtype=bool), (one[alike], two[alike])), shape=(len(chosen),) * 2)
    return connected_components(pairs, directed=False)


def find(values: np.ndarray, threshold: float, grid: Grid, two_sided: bool = True) -> Clusters:
    """Find a map's clusters.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_voxels,)
        NaN belongs to none.
    threshold : float
        Exceeded by the values, or, two-sided, by their size.
    grid : Grid
    two_sided : bool

    Returns
    -------
    Clusters
        Ordered by mass, largest first.
    """
    size = np.abs(values) if two_sided else values
    chosen = np.flatnonzero(size > threshold)
    labels = np.zeros(len(values), dtype=np.int32)
    if not len(chosen):
        none = np.zeros(0, dtype=np.int64)
        return Clusters(labels, none, none, np.zeros(0), none)
    signs = np.sign(values[chosen]).astype(np.int64)
    n_clusters, found = connected(chosen, signs, grid)
    excess = size[chosen].astype(np.float64) - threshold
    mass = np.bincount(found, weights=excess, minlength=n_clusters)
    order = np.argsort(-mass, kind="stable")
    rank = np.empty(n_clusters, dtype=np.int64)
    rank[order] = np.arange(n_clusters)
    found = rank[found]
    labels[chosen] = found + 1
    by_cluster = np.lexsort((-excess, found))
    firsts = by_cluster[np.searchsorted(found[by_cluster], np.arange(n_clusters))]
    return Clusters(labels, signs[firsts], np.bincount(found), mass[order], chosen[firsts])


def largest(maps: np.ndarray, threshold: float, grid: Grid, two_sided: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Extent of each map's largest cluster, and mass of its heaviest; zeros where it has none.

    Parameters
    ----------
    maps : numpy.ndarray of shape (k, n_voxels)
    threshold : float
    grid : Grid
    two_sided : bool

    Returns
    -------
    extent, mass : numpy.ndarray of float64, shape (k,)
    """
    found = find(maps.ravel(), threshold, grid.repeated(len(maps)), two_sided)
    extent, mass = np.zeros(len(maps)), np.zeros(len(maps))
    of_map = found.peak // grid.n_voxels
    np.maximum.at(extent, of_map, found.extent)
    np.maximum.at(mass, of_map, found.mass)
    return extent, mass

"""Clusters of voxels, or of vertices, beyond a threshold: extent and mass."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..base.errors import InputError

if TYPE_CHECKING:
    from ..images.places import Places

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
    areas : None
        Voxels are all alike; see `Graph`.
    """

    areas = None

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

    def around(self, chosen: np.ndarray, forward: bool = False) -> Iterator[np.ndarray]:
        """Where the neighbours of voxels lie, one of each after another.

        Parameters
        ----------
        chosen : numpy.ndarray of int, shape (k,)
            Voxels, numbered as in the mask.
        forward : bool
            Only so many that two neighbours meet once.

        Yields
        ------
        numpy.ndarray of int, shape (k,)
            As `places`; no voxel of the mask where there is no such neighbour.
        """
        places = self.places[chosen]
        for offset in self.offsets[: len(self.offsets) // 2] if forward else self.offsets:
            yield places + offset

    @property
    def parts(self) -> dict[str, np.ndarray | slice]:
        """Places whose extents can be compared with one another, by what their measures' names end with."""
        return {"": slice(None)}

    def exponents(self, of_voxels: float, of_vertices: float) -> float | np.ndarray:
        """The exponent of a place's extent in TFCE; see `Graph.exponents`."""
        return of_voxels


class Graph:
    """Vertices of the cortex, joined along their mesh, and perhaps voxels beside them: which touch, and their sizes.

    Clusters of vertices have areas, those of voxels numbers, which cannot be compared: where there are both, each kind
    is a part of its own.

    Parameters
    ----------
    pairs : numpy.ndarray of int, shape (n_pairs, 2)
        Places that touch, in any order, each pair once.
    areas : numpy.ndarray of shape (n_places,)
        mm2 of a vertex; 1 of a voxel.
    are_voxels : numpy.ndarray of bool, shape (n_places,)
        Which places are voxels.

    Attributes
    ----------
    n_voxels : int
        Number of places, whatever they are.
    places : numpy.ndarray of int, shape (n_voxels,)
    size : int
        One more, for where nothing is.
    areas : numpy.ndarray of shape (n_voxels,)
    are_voxels : numpy.ndarray of bool, shape (n_voxels,)
    """

    def __init__(self, pairs: np.ndarray, areas: np.ndarray, are_voxels: np.ndarray) -> None:
        n = len(areas)
        if not n:
            raise InputError("clusters: the mask has no vertex and no voxel")
        self.n_voxels, self.size, self.places = n, n + 1, np.arange(n)
        self.areas, self.are_voxels = np.asarray(areas, dtype=np.float64), np.asarray(are_voxels, dtype=bool)
        one, two = np.sort(np.asarray(pairs, dtype=np.intp).reshape(-1, 2), axis=1).T
        self._forward = _listed(one, two, n)
        self._backward = _listed(two, one, n)
        self._n_each = n

    def repeated(self, times: int) -> Graph:
        """The same places several times, side by side without touching; see `Grid.repeated`."""
        if times == 1:
            return self
        found = copy.copy(self)
        found.n_voxels, found.size = self.n_voxels * times, self.size * times
        found.places = (np.arange(times)[:, None] * self.size + self.places).ravel()
        found.areas, found.are_voxels = np.tile(self.areas, times), np.tile(self.are_voxels, times)
        return found

    def around(self, chosen: np.ndarray, forward: bool = False) -> Iterator[np.ndarray]:
        """Where the neighbours of places lie, one of each after another; see `Grid.around`."""
        own = chosen % self._n_each
        start = chosen // self._n_each * (self._n_each + 1)
        for columns in (self._forward,) if forward else (self._forward, self._backward):
            for column in columns:
                yield start + column[own]

    @property
    def parts(self) -> dict[str, np.ndarray | slice]:
        """See `Grid.parts`: vertices, and voxels where there are both."""
        if self.are_voxels.all() or not self.are_voxels.any():
            return {"": slice(None)}
        return {"": ~self.are_voxels, OF_VOXELS: self.are_voxels}

    def exponents(self, of_voxels: float, of_vertices: float) -> float | np.ndarray:
        """The exponent of each place's extent in TFCE.

        Parameters
        ----------
        of_voxels, of_vertices : float

        Returns
        -------
        numpy.ndarray of shape (n_voxels,)
        """
        return np.where(self.are_voxels, of_voxels, of_vertices)


OF_VOXELS = "_voxels"
"""What names of measures of voxels end with, where there are vertices too."""


def among(tested: np.ndarray, neighbours: int, places: Places | None = None) -> Grid | Graph:
    """The places that are tested, and which of them touch.

    Parameters
    ----------
    tested : numpy.ndarray of bool
        Of the voxels of a grid, of shape (x, y, z), or of the places of the cortex, of shape (n_places,).
    neighbours : int
        Of a voxel: 6, 18 or 26.
    places : places.Places, optional
        Of maps on the cortical surface.

    Returns
    -------
    Grid or Graph
    """
    if places is None:
        return Grid(tested, neighbours)
    if neighbours not in STEPS:
        raise InputError(f"clusters: {neighbours} neighbours are none of {', '.join(map(str, STEPS))}")
    pairs = places.touching(STEPS[neighbours])
    number = np.cumsum(tested) - 1
    inside = number[pairs[tested[pairs].all(axis=1)]]
    return Graph(inside, places.extents[tested], places.are_voxels[tested])


def _listed(of: np.ndarray, other: np.ndarray, n: int) -> list[np.ndarray]:
    """The first, the second, ... neighbour of each place, `n` where it has not so many."""
    order = np.lexsort((other, of))
    of, other = of[order], other[order]
    # Which of the place's own neighbours each is.
    nth = np.arange(len(of)) - np.searchsorted(of, of)
    found = []
    for number in range(int(nth.max(initial=-1)) + 1):
        column = np.full(n, n, dtype=np.int32)
        here = nth == number
        column[of[here]] = other[here]
        found.append(column)
    return found


def numbered(chosen: np.ndarray, grid: Grid | Graph) -> np.ndarray:
    """The number of each chosen place, from 1, and 0 elsewhere.

    Parameters
    ----------
    chosen : numpy.ndarray of int, shape (k,)
        Voxels, numbered as in the mask.
    grid : Grid or Graph

    Returns
    -------
    numpy.ndarray of int32, shape (grid.size,)
    """
    found = np.zeros(grid.size, dtype=np.int32)
    found[grid.places[chosen]] = np.arange(1, len(chosen) + 1, dtype=np.int32)
    return found


@dataclass(frozen=True)
class Clusters:
    """Clusters of a map; those of either sign apart.

    Attributes
    ----------
    labels : numpy.ndarray of int32, shape (n_voxels,)
        Cluster of each voxel, from 1; 0 in none.
    sign : numpy.ndarray of int, shape (n_clusters,)
    extent : numpy.ndarray of shape (n_clusters,)
        Voxels (int); area of vertices, mm2.
    mass : numpy.ndarray of shape (n_clusters,)
        Sum of what the voxels have beyond the threshold (Bullmore et al. 1999, IEEE Trans. Med. Imaging 18, 32), of
        vertices times their areas.
    peak : numpy.ndarray of int, shape (n_clusters,)
        Voxel with the largest value, numbered as in the mask.
    count : numpy.ndarray of int, shape (n_clusters,)
        Voxels or vertices.
    """

    labels: np.ndarray
    sign: np.ndarray
    extent: np.ndarray
    mass: np.ndarray
    peak: np.ndarray
    count: np.ndarray


def connected(chosen: np.ndarray, kinds: np.ndarray, grid: Grid | Graph) -> tuple[int, np.ndarray]:
    """Label voxels by which of them touch others of their kind.

    Parameters
    ----------
    chosen : numpy.ndarray of int, shape (k,)
    kinds : numpy.ndarray, shape (k,)
    grid : Grid or Graph

    Returns
    -------
    n_clusters : int
    labels : numpy.ndarray of int32, shape (k,)
        From 0.
    """
    numbers = numbered(chosen, grid)
    beside = [numbers[places] for places in grid.around(chosen, forward=True)]
    other = np.stack(beside, axis=1) if beside else np.zeros((len(chosen), 0), dtype=np.int32)
    one, _ = np.nonzero(other)
    two = other[other > 0] - 1
    alike = kinds[one] == kinds[two]
    pairs = coo_array((np.ones(alike.sum(), dtype=bool), (one[alike], two[alike])), shape=(len(chosen),) * 2)
    return connected_components(pairs, directed=False)


def find(values: np.ndarray, threshold: float, grid: Grid | Graph, two_sided: bool = True) -> Clusters:
    """Find a map's clusters.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_voxels,)
        NaN belongs to none.
    threshold : float
        Exceeded by the values, or, two-sided, by their size.
    grid : Grid or Graph
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
        return Clusters(labels, none, none, np.zeros(0), none, none)
    signs = np.sign(values[chosen]).astype(np.int64)
    n_clusters, found = connected(chosen, signs, grid)
    excess = size[chosen].astype(np.float64) - threshold
    areas = None if grid.areas is None else grid.areas[chosen]
    mass = np.bincount(found, weights=excess if areas is None else excess * areas, minlength=n_clusters)
    order = np.argsort(-mass, kind="stable")
    rank = np.empty(n_clusters, dtype=np.int64)
    rank[order] = np.arange(n_clusters)
    found = rank[found]
    labels[chosen] = found + 1
    by_cluster = np.lexsort((-excess, found))
    firsts = by_cluster[np.searchsorted(found[by_cluster], np.arange(n_clusters))]
    count = np.bincount(found)
    extent = count if areas is None else np.bincount(found, weights=areas)
    return Clusters(labels, signs[firsts], extent, mass[order], chosen[firsts], count)


def largest(
    maps: np.ndarray, threshold: float, grid: Grid | Graph, two_sided: bool = True
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Extent of each map's largest cluster, and mass of its heaviest; zeros where it has none.

    Parameters
    ----------
    maps : numpy.ndarray of shape (k, n_voxels)
    threshold : float
    grid : Grid or Graph
    two_sided : bool

    Returns
    -------
    dict of str to (numpy.ndarray, numpy.ndarray) of float64, shape (k,)
        Extent and mass, by the parts of the grid.
    """
    whole = grid.repeated(len(maps))
    found = find(maps.ravel(), threshold, whole, two_sided)
    of_map, largest_of = found.peak // grid.n_voxels, {}
    for part, places in whole.parts.items():
        here = np.ones(len(of_map), dtype=bool) if isinstance(places, slice) else places[found.peak]
        extent, mass = np.zeros(len(maps)), np.zeros(len(maps))
        np.maximum.at(extent, of_map[here], found.extent[here])
        np.maximum.at(mass, of_map[here], found.mass[here])
        largest_of[part] = (extent, mass)
    return largest_of

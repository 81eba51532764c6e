"""Threshold-free cluster enhancement (Smith & Nichols 2009, NeuroImage 44, 83), exactly.

    TFCE(v) = integral from 0 to h(v) of e(h)^E h^H dh

where e(h) is the extent of the cluster around v of voxels that are as high as h. That extent is a step function, which
changes wherever a voxel joins, so that the integral is a sum over these steps, without a step size dh to choose:

    sum of e^E (above^(H+1) - below^(H+1)) / (H + 1)

fslmaths and nilearn sum e^E h^H over a hundred heights: the integral divided by dh, but for the error of the sum. On a
mesh the extent is the area of the vertices, and E is 1 (as in Connectome Workbench, which takes the integral too, and
in PALM's -tfce2D).

Clusters merge as h falls (a max-tree). Each voxel climbs to its highest neighbour, up to a summit; voxels of one
summit are connected at every height. So only the summits, a hundredth of the voxels in smooth maps, need a tree: two
join at the highest voxel through which they touch, and the order in which they do is that of a maximum spanning tree.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from .clusters import Graph, Grid

MANY = 2000
"""Pairs of summits from which on those that merge nothing are sorted out first, which takes a while to begin with."""


def enhance(
    values: np.ndarray,
    grid: Grid | Graph,
    two_sided: bool = True,
    extent: float | np.ndarray = 0.5,
    height: float = 2.0,
) -> np.ndarray:
    """TFCE of a map.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_voxels,)
        z or t; NaN counts as zero.
    grid : Grid or Graph
    two_sided : bool
        Enhance negative values too, as negative.
    extent : float or numpy.ndarray of shape (n_voxels,)
        Exponent E, perhaps of each place: that of all places of a cluster is one.
    height : float
        Exponent H.

    Returns
    -------
    numpy.ndarray of float64, shape (n_voxels,)
    """
    found = np.zeros(len(values))
    for sign in (1, -1) if two_sided else (1,):
        signed = values if sign > 0 else -values
        chosen = np.flatnonzero(signed > 0)
        if len(chosen):
            # Ties are broken by the voxels' order: within a step of height zero nothing is added.
            order = descending(signed[chosen])
            heights = signed[chosen[order]].astype(np.float64)
            own = extent[chosen] if isinstance(extent, np.ndarray) else extent
            found[chosen[order]] = sign * integrals(heights, order, chosen, grid, own, height)
    return found


def largest(
    maps: np.ndarray,
    grid: Grid | Graph,
    two_sided: bool = True,
    extent: float | np.ndarray = 0.5,
    height: float = 2.0,
) -> dict[str, np.ndarray]:
    """The largest TFCE of each map, by size.

    Parameters
    ----------
    maps : numpy.ndarray of shape (k, n_voxels)
    grid, two_sided, extent, height
        As for `enhance`.

    Returns
    -------
    dict of str to numpy.ndarray of shape (k,)
        By the parts of the grid.
    """
    of_all = np.tile(extent, len(maps)) if isinstance(extent, np.ndarray) else extent
    found = np.abs(enhance(maps.ravel(), grid.repeated(len(maps)), two_sided, of_all, height)).reshape(maps.shape)
    return {part: found[:, places].max(axis=1) for part, places in grid.parts.items()}


def descending(heights: np.ndarray) -> np.ndarray:
    """Order of positive heights, largest first.

    Parameters
    ----------
    heights : numpy.ndarray of shape (k,)

    Returns
    -------
    numpy.ndarray of int, shape (k,)
    """
    if heights.dtype != np.float32:
        return np.argsort(-heights, kind="stable")
    # The bits of positive numbers rise with them; numpy sorts integers several times faster than it orders floats.
    return sorted_together(np.int64(2**31) - heights.view(np.int32), np.arange(len(heights)))


def sorted_together(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The second of two arrays, sorted by the first, then by itself; all from 0 to 2**31."""
    keys = first.astype(np.int64) << 32
    keys |= second
    keys.sort()
    keys &= 2**32 - 1
    return keys


def integrals(
    heights: np.ndarray,
    order: np.ndarray,
    chosen: np.ndarray,
    grid: Grid | Graph,
    extent: float | np.ndarray,
    height: float,
) -> np.ndarray:
    """The integral of each voxel of an ordered list.

    Parameters
    ----------
    heights : numpy.ndarray of shape (k,)
        Positive, in descending order.
    order : numpy.ndarray of int, shape (k,)
        Where among the chosen voxels each stands.
    chosen : numpy.ndarray of int, shape (k,)
        Voxels, numbered and ordered as in the mask.
    grid : Grid or Graph
    extent : float or numpy.ndarray of shape (k,)
        Exponent, perhaps of each chosen voxel.
    height : float

    Returns
    -------
    numpy.ndarray of shape (k,)
    """
    n = len(chosen)
    summit, one, two, saddle = summits(order, chosen, grid)
    nodes = merge(summit, one, two, saddle)
    node = place(nodes, summit)
    counts = np.bincount(node, minlength=len(nodes.first))
    # Voxels node by node, in descending order within: a voxel's extent is what the node began with and its place.
    by_node = sorted_together(node, np.arange(n))
    ends = np.cumsum(counts)
    if grid.areas is None:
        before = nodes.counted(counts)
        within = np.arange(n) - np.repeat(ends - counts, counts)
        extents = np.repeat(before, counts) + within + 1
    else:
        areas = grid.areas[chosen][order]
        before = nodes.counted(np.bincount(node, weights=areas, minlength=len(counts)))
        reached = np.cumsum(areas[by_node])
        started = np.concatenate([[0.0], reached])[ends - counts]
        extents = np.repeat(before - started, counts) + reached
    if isinstance(extent, np.ndarray):
        extent = extent[order][by_node]
    order = by_node
    powers = heights ** (height + 1) / (height + 1)
    # Each step lasts until the next voxel of the node joins, the last one until the node itself joins another.
    lower = np.zeros(n)
    lower[:-1] = powers[order][1:]
    last = ends[counts > 0] - 1
    joined = nodes.joins[counts > 0]
    lower[last] = np.where(joined < n, powers[np.minimum(joined, n - 1)], 0.0)
    steps = extents**extent * (powers[order] - lower)
    # From each voxel down to where its node ends, and from there on by what the nodes below hold.
    running = np.cumsum(steps)
    total = np.bincount(node, weights=np.bincount(order, weights=steps, minlength=n), minlength=len(counts))
    down_to_end = np.repeat(running[np.maximum(ends - 1, 0)], counts) - running + steps
    found = np.empty(n)
    found[order] = down_to_end + np.repeat(nodes.below(total), counts)
    return found


def summits(
    order: np.ndarray, chosen: np.ndarray, grid: Grid | Graph
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Climb from each voxel to a summit, and see which summits touch.

    Parameters
    ----------
    order, chosen : numpy.ndarray of int, shape (k,)
        As for `integrals`. Voxels are numbered from the highest on in what follows.

    Returns
    -------
    summit : numpy.ndarray of int, shape (k,)
        The voxel that each one climbs to.
    one, two : numpy.ndarray of int, shape (n_pairs,)
        Summits that touch, numbered among the summits.
    saddle : numpy.ndarray of int, shape (n_pairs,)
        The highest voxel through which they do.
    """
    n = len(chosen)
    # In the order in which they lie, so that the memory of neighbours is near; outside is lower than every voxel.
    own = np.empty(n, dtype=np.int32)
    own[order] = np.arange(n, dtype=np.int32)
    numbers = np.full(grid.size, n, dtype=np.int32)
    numbers[grid.places[chosen]] = own
    around = [numbers.take(places) for places in grid.around(chosen)]
    highest = own.copy()
    for other in around:
        np.minimum(highest, other, out=highest)
    summit = np.empty(n, dtype=np.int32)
    summit[own] = highest
    while True:
        further = summit[summit]
        if np.array_equal(further, summit):
            break
        summit = further
    leaves = np.flatnonzero(summit == np.arange(n))
    number_at = np.full(n + 1, -1, dtype=np.int32)
    number_at[leaves] = np.arange(len(leaves), dtype=np.int32)
    number_at[:n] = number_at[summit]
    mine = number_at[own]
    pairs, saddles = [], []
    # Each two neighbours once: those that lie forward come first.
    for other in around[: sum(1 for _ in grid.around(chosen[:0], forward=True))]:
        theirs = number_at.take(other)
        meet = np.flatnonzero((theirs != mine) & (theirs >= 0))
        a, b = mine[meet], theirs[meet]
        pairs.append(np.minimum(a, b) * np.int64(len(leaves)) + np.maximum(a, b))
        saddles.append(np.maximum(own[meet], other[meet]))
    if not pairs:
        # A graph without a single edge.
        return summit, *np.zeros((3, 0), dtype=np.int64)
    return summit, *highest_saddles(np.concatenate(pairs), np.concatenate(saddles), n, len(leaves))


def highest_saddles(
    pairs: np.ndarray, saddles: np.ndarray, n: int, n_leaves: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each pair of summits, the saddle that is highest: the smallest in number."""
    keys = pairs * n
    keys += saddles
    keys.sort()
    pairs = keys // n
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = pairs[1:] != pairs[:-1]
    return *np.divmod(pairs[first], n_leaves), keys[first] % n


class Nodes:
    """A tree of clusters: summits, and what they merge to.

    Attributes
    ----------
    first : numpy.ndarray of int, shape (n_nodes,)
        The voxel with which each begins: a summit, or a saddle. Summits come first.
    parent : numpy.ndarray of int, shape (n_nodes,)
        What each merges to; itself where it does not.
    joins : numpy.ndarray of int, shape (n_nodes,)
        The voxel at which it does; beyond all voxels where it does not.
    """

    def __init__(self, first: np.ndarray, parent: np.ndarray, n: int) -> None:
        self.first = first
        self.parent = parent
        self.joins = np.where(parent == np.arange(len(parent)), n, first[parent])

    def counted(self, counts: np.ndarray) -> np.ndarray:
        """Voxels (or area) of each node's branches, from those of the nodes themselves."""
        before = [type(counts.item(0))(0)] * len(counts)
        parents, own = self.parent.tolist(), counts.tolist()
        # A node is made after all of its branches.
        for node, parent in enumerate(parents):
            if parent != node:
                before[parent] += before[node] + own[node]
        return np.array(before)

    def below(self, total: np.ndarray) -> np.ndarray:
        """Sum of some value of the nodes below each, down to its root."""
        found = [0.0] * len(total)
        parents, own = self.parent.tolist(), total.tolist()
        for node in range(len(parents) - 1, -1, -1):
            parent = parents[node]
            if parent != node:
                found[node] = found[parent] + own[parent]
        return np.array(found)


def merge(summit: np.ndarray, one: np.ndarray, two: np.ndarray, saddle: np.ndarray) -> Nodes:
    """The tree by which summits merge.

    Parameters
    ----------
    summit : numpy.ndarray of int, shape (k,)
    one, two, saddle : numpy.ndarray of int, shape (n_pairs,)
        From `summits`.

    Returns
    -------
    Nodes
    """
    n = len(summit)
    leaves = np.flatnonzero(summit == np.arange(n))
    n_leaves = len(leaves)
    if len(saddle) > MANY:
        # Only the pairs of a spanning tree merge anything. Saddles are numbered from 1 at least: none is no edge.
        tree = minimum_spanning_tree(coo_array((saddle, (one, two)), shape=(n_leaves, n_leaves))).tocoo()
        one, two, saddle = tree.row, tree.col, tree.data.astype(np.int64)
    order = np.argsort(saddle, kind="stable")
    first = leaves.tolist()
    parent = list(range(n_leaves))
    root = list(range(n_leaves))
    node_of = list(range(n_leaves))
    for a, b, at in zip(one[order].tolist(), two[order].tolist(), saddle[order].tolist(), strict=True):
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        if a == b:
            continue
        node = len(first)
        first.append(at)
        parent.append(node)
        parent[node_of[a]] = parent[node_of[b]] = node
        root[b] = a
        node_of[a] = node
    return Nodes(np.array(first), np.array(parent), n)


def place(nodes: Nodes, summit: np.ndarray) -> np.ndarray:
    """The node that each voxel joins: of its summit's line of nodes, the last that has begun when it does.

    Parameters
    ----------
    nodes : Nodes
    summit : numpy.ndarray of int, shape (k,)

    Returns
    -------
    numpy.ndarray of int, shape (k,)
    """
    n = len(summit)
    leaves = np.flatnonzero(summit == np.arange(n))
    number = np.empty(n, dtype=np.intp)
    number[leaves] = np.arange(len(leaves))
    node = number[summit]
    own = np.arange(n)
    # Steps of 2^k along the line, the largest first.
    jumps = [nodes.parent]
    while not np.array_equal(jumps[-1][jumps[-1]], jumps[-1]):
        jumps.append(jumps[-1][jumps[-1]])
    for jump in reversed(jumps):
        further = jump[node]
        node = np.where(nodes.first[further] <= own, further, node)
    return node

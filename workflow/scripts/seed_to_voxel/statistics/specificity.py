"""Whether a seed's map stands out in the nodes of the network that the seed belongs to.

What a good cleaning leaves of connectivity is as much of interest as what it leaves of motion. RABIES asks so of
rodents' maps, by the overlap of their strongest voxels with a reference map of the network (Desrosiers-Gregoire et al.
2024, Nature Communications 15, 6708). Here the reference are nodes with names of networks, and no share of the voxels
is chosen: the specificity is the probability that the map is higher in a node of the seed's network than in one of
another, the area under the receiver operating characteristic (Mann & Whitney 1947, Annals of Mathematical Statistics
18, 50).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..cleaning.operators import clean_seeds
from ..connectivity.correlation import fisher_z, pearson
from ..connectivity.nodes import NEAR, spheres
from ..series.passes import Smoothed
from . import null_seeds

FEWEST = 5
"""Nodes of the seed's network, and of others, that it takes at least."""

QUANTILE = 0.95
"""Of the specificities of seeds that have nothing to do with the run: what chance does not often reach."""

AT_ONCE = 50
"""Null seeds that are correlated at once, so that memory does not grow with their number."""


@dataclass(frozen=True)
class Nodes:
    """Nodes of named networks in a run's brain, those that have voxels there.

    Attributes
    ----------
    voxels : numpy.ndarray of int, shape (n,)
        Positions in the mask of the voxels of all nodes, node after node.
    owners : numpy.ndarray of int, shape (n,)
        Which node each belongs to.
    networks : numpy.ndarray of str, shape (n_nodes,)
    """

    voxels: np.ndarray
    owners: np.ndarray
    networks: np.ndarray

    def means(self, values: np.ndarray) -> np.ndarray:
        """Means over each node's voxels that are defined, of shape (n_maps, n_nodes), of values at all their voxels."""
        defined = np.isfinite(values)
        shape = (len(values), len(self.networks))
        total, count = np.zeros(shape), np.zeros(shape)
        for row, (own, there) in enumerate(zip(values, defined, strict=True)):
            total[row] = np.bincount(self.owners, np.where(there, own, 0), shape[1])
            count[row] = np.bincount(self.owners, there, shape[1])
        with np.errstate(invalid="ignore"):
            return total / count


def place(table: Mapping[str, Any], brain: np.ndarray, where: np.ndarray) -> Nodes:
    """Find nodes in a brain.

    Parameters
    ----------
    table : dict of str to sequence
        Columns x, y and z (MNI mm) and network, as `shipped.dosenbach` has them.
    brain, where
        See `nodes.spheres`.

    Returns
    -------
    Nodes
    """
    found, networks = [], []
    for own, network in zip(spheres(_centres(table), brain, where), table["network"], strict=True):
        if own.size:
            found.append(own)
            networks.append(network)
    owners = np.repeat(np.arange(len(found)), [len(own) for own in found])
    return Nodes(np.concatenate([np.empty(0, dtype=int), *found]), owners, np.array(networks, dtype=str))


def network_of(seed: Mapping[str, Any], table: Mapping[str, Any]) -> str | None:
    """The network of the node nearest to a seed's centre; None where none is near."""
    distance = np.linalg.norm(_centres(table) - [seed[axis] for axis in "xyz"], axis=1)
    return str(table["network"][int(distance.argmin())]) if distance.min() <= NEAR else None


def _centres(table: Mapping[str, Any]) -> np.ndarray:
    """Centres of nodes, mm, of shape (n_nodes, 3)."""
    return np.column_stack([np.asarray(table[axis], dtype=float) for axis in "xyz"])


def area(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Probability that a value inside is larger than one outside, ties counting half.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_maps, n_nodes)
    inside : numpy.ndarray of bool, shape (n_nodes,)

    Returns
    -------
    numpy.ndarray of shape (n_maps,)
        The area under the receiver operating characteristic, U / (n_inside n_outside).
    """
    # Pair by pair: the few nodes are quicker compared than scipy.stats is imported.
    own, others = values[:, inside, None], values[:, None, ~inside]
    return (own > others).mean(axis=(1, 2)) + (own == others).mean(axis=(1, 2)) / 2


def of_cleaning(
    voxels: Smoothed,
    operator: np.ndarray,
    kept: np.ndarray,
    raw_seeds: np.ndarray,
    nodes: Nodes,
    networks: Sequence[str | None],
    tested: Sequence[np.ndarray],
    n_null_seeds: int,
) -> list[tuple[float | None, float | None]]:
    """Specificity of each seed's map after a cleaning, beside that of seeds that have nothing to do with the run.

    Parameters
    ----------
    voxels : Smoothed
    operator : numpy.ndarray of shape (n_kept, T)
    kept : numpy.ndarray of bool, shape (T,)
    raw_seeds : numpy.ndarray of shape (T, n_seeds)
        NaN throughout for a seed that the run does not cover.
    nodes : Nodes
    networks : sequence of str or None
        Of each seed.
    tested : sequence of numpy.ndarray of bool, shape (n_voxels,)
        For each seed the voxels outside of its reach; nodes that lie within it do not count.
    n_null_seeds : int
        See `null_seeds.randomised`.

    Returns
    -------
    list of (float or None, float or None)
        For each seed its specificity, and the `QUANTILE` of those of null seeds; None where too few nodes count.
    """
    there = np.isfinite(raw_seeds).all(axis=0)
    blank: list[tuple[float | None, float | None]] = [(None, None)] * len(networks)
    if not there.any() or not any(networks) or not len(nodes.networks):
        return blank
    own = voxels.cleaned(operator, nodes.voxels)
    of_seeds = nodes.means(fisher_z(pearson(clean_seeds(operator, raw_seeds), own)))
    # The same random numbers for every cleaning, so that they differ by the cleaning alone.
    made = null_seeds.randomised(raw_seeds[:, there], kept, n_null_seeds, np.random.default_rng(0))
    cleaned = clean_seeds(operator, made)
    parts = [cleaned[:, start : start + AT_ONCE] for start in range(0, n_null_seeds, AT_ONCE)]
    of_null = np.concatenate([nodes.means(fisher_z(pearson(part, own))) for part in parts])
    for number, (network, away) in enumerate(zip(networks, tested, strict=True)):
        counts = np.isfinite(of_seeds[number]) & np.isfinite(of_null).all(axis=0)
        counts &= np.bincount(nodes.owners, ~away[nodes.voxels], len(counts)) == 0
        inside = nodes.networks[counts] == network
        if min(inside.sum(), (~inside).sum()) >= FEWEST:
            found = float(area(of_seeds[number][None, counts], inside)[0])
            blank[number] = (found, float(np.quantile(area(of_null[:, counts], inside), QUANTILE)))
    return blank

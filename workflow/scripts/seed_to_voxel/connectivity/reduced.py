"""A run in so few numbers that a web page can hold it: what correlations between any two voxels need, and no more.

Cleaning leaves a run of T volumes few dimensions. With the columns of U a basis of these, the correlation of two voxels
is the product of U'y of one with that of the other, each of unit length. Here U is that of the principal components of
the run's voxels, the largest first, so that what is left out and what is rounded weighs least.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .correlation import pearson

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LEFT_OUT = 1e-4
"""Share of the voxels' variance that may lie outside of the basis."""

FINENESS = (500, 250, 127, 90, 64)
"""Steps to 1 that values are rounded to, the finest first; with 127 and fewer a value is one byte."""

TRIED = 100
"""Voxels that are seeds when it is measured what rounding does to r."""

USUAL = 0.999
"""Share of pairs of voxels for which the usual error holds."""


@dataclass(frozen=True)
class Reduced:
    """A run's voxels in a basis of few dimensions, rounded.

    Attributes
    ----------
    basis : numpy.ndarray of float64, shape (n_kept, n_components)
        Orthonormal columns.
    levels : numpy.ndarray of int16, shape (n_components, n_voxels)
        Each voxel's series of unit length in this basis, in steps of 1 / `fineness`.
    fineness : int
    """

    basis: np.ndarray
    levels: np.ndarray
    fineness: int

    def units(self, voxels: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Series of some voxels as they are left, of unit length; shape (n_components, n_chosen)."""
        values = self.levels[:, voxels].astype(np.float32)
        return values / np.linalg.norm(values, axis=0)


def _unit_slabs(series: np.ndarray, voxels: np.ndarray, slab: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Centred series of unit length, some voxels at a time."""
    for start in range(0, len(voxels), slab):
        part = series[:, voxels[start : start + slab]]
        part = part - part.mean(axis=0)
        yield slice(start, start + slab), part / np.linalg.norm(part, axis=0)


def principal_basis(series: np.ndarray, voxels: np.ndarray, left_out: float = LEFT_OUT, slab: int = 8192) -> np.ndarray:
    """Principal components of series of unit length.

    Parameters
    ----------
    series : numpy.ndarray of float32, shape (n_kept, n_all)
        Cleaned.
    voxels : numpy.ndarray of int, shape (n_voxels,)
        Those that count; none of them constant.
    left_out : float
        Share of their variance that the basis may miss.

    Returns
    -------
    numpy.ndarray of float64, shape (n_kept, n_components)
        Orthonormal columns, that of the largest variance first.
    """
    total = np.zeros((len(series), len(series)))
    for _, part in _unit_slabs(series, voxels, slab):
        total += part @ part.T
    variance, vectors = np.linalg.eigh(total)
    variance, vectors = variance[::-1], vectors[:, ::-1]
    missed = 1 - np.cumsum(variance) / variance.sum()
    n_components = min(int((missed > left_out).sum()) + 1, len(variance))
    return np.ascontiguousarray(vectors[:, :n_components])


def reduce(series: np.ndarray, voxels: np.ndarray, basis: np.ndarray, slab: int = 8192) -> np.ndarray:
    """Series of unit length in a basis.

    Parameters
    ----------
    series : numpy.ndarray of float32, shape (n_kept, n_all)
    voxels : numpy.ndarray of int, shape (n_voxels,)
    basis : numpy.ndarray of shape (n_kept, n_components)

    Returns
    -------
    numpy.ndarray of float32, shape (n_components, n_voxels)
        Columns of unit length.
    """
    reduced = np.empty((basis.shape[1], len(voxels)), dtype=np.float32)
    across = basis.T.astype(np.float32)
    for part, units in _unit_slabs(series, voxels, slab):
        values = across @ units
        reduced[:, part] = values / np.linalg.norm(values, axis=0)
    return reduced


def rounded(values: np.ndarray, fineness: int) -> np.ndarray:
    """Values in steps of 1 / `fineness`, int16."""
    return np.rint(values * np.float32(fineness)).astype(np.int16)


def differences(levels: np.ndarray, where: np.ndarray | csr_array) -> np.ndarray:
    """What each level differs by from what its neighbours foretell, which a smooth map's differ little from.

    On a grid, foretold is the level of the voxel one back along x, plus those along y and along z, less those back
    along two of them, plus that back along all three (the Lorenzo predictor: Ibarria et al. 2003, Computer Graphics
    Forum 22, 343); it is 0 outside of the mask. On a mesh it is the mean of the neighbours that come before a vertex,
    rounded to the nearest whole number, upwards from the middle; 0 where there are none.

    Parameters
    ----------
    levels : numpy.ndarray of int, shape (n_voxels,)
    where : numpy.ndarray of bool, shape (x, y, z), or scipy.sparse.csr_array of int, shape (n_voxels, n_voxels)
        The mask, or for each vertex its earlier neighbours, from `sheets.sheet_of`.

    Returns
    -------
    numpy.ndarray of int32, shape (n_voxels,)
    """
    if not isinstance(where, np.ndarray):
        count = np.maximum(np.diff(where.indptr), 1)
        return (levels - (2 * (where @ levels.astype(np.int64)) + count) // (2 * count)).astype(np.int32)
    volume = np.zeros(where.shape, dtype=np.int32)
    volume[where] = levels
    for axis in range(3):
        volume = np.diff(volume, axis=axis, prepend=0)
    return volume[where]


def in_bytes(whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bytes of whole numbers, small ones of either sign first: 0, -1, 1, -2, ...

    Parameters
    ----------
    whole : numpy.ndarray of int32
        From -32768 to 32767.

    Returns
    -------
    lower, upper : numpy.ndarray of uint8
    """
    folded = np.where(whole >= 0, 2 * whole, -2 * whole - 1)
    return (folded & 255).astype(np.uint8), (folded >> 8).astype(np.uint8)


def entropy(whole: np.ndarray) -> float:
    """Bytes that no code for single numbers gets below (Shannon 1948, Bell System Technical Journal 27, 379)."""
    _, counts = np.unique(whole, return_counts=True)
    return float(-(counts * np.log2(counts / whole.size)).sum() / 8)


def size(reduced: np.ndarray, where: np.ndarray | csr_array, fineness: int, sampled: int = 16) -> float:
    """About how many bytes a reduced run has when its differences are compressed.

    Parameters
    ----------
    reduced : numpy.ndarray of shape (n_components, n_voxels)
    where : numpy.ndarray or scipy.sparse.csr_array
        See `differences`.
    fineness : int
    sampled : int
        Components that are looked at, spread over all.

    Returns
    -------
    float
    """
    chosen = np.unique(np.linspace(0, len(reduced) - 1, sampled).astype(int))
    parts = [entropy(differences(rounded(reduced[component], fineness), where)) for component in chosen]
    return float(np.mean(parts)) * len(reduced)


def rounding_errors(
    series: np.ndarray, voxels: np.ndarray, reduced: Reduced, tried: int = TRIED, slab: int = 8192
) -> tuple[float, float, int]:
    """How far r from a reduced run is from r of the series, measured.

    Parameters
    ----------
    series : numpy.ndarray of float32, shape (n_kept, n_all)
    voxels : numpy.ndarray of int, shape (n_voxels,)
    reduced : Reduced
        Of these voxels.
    tried : int
        Voxels, spread over all, that are correlated with every other.

    Returns
    -------
    largest, usual : float
        The largest difference, and that which `USUAL` of the pairs do not exceed.
    pairs : int
        How many were compared.
    """
    seeds = np.unique(np.linspace(0, len(voxels) - 1, tried).astype(int))
    of_seeds, found = reduced.units(seeds).T, []
    exact = np.ascontiguousarray(series[:, voxels[seeds]])
    for start in range(0, len(voxels), slab):
        part = slice(start, start + slab)
        r = pearson(exact, series[:, voxels[part]])
        found.append(np.abs(of_seeds @ reduced.units(part) - r).ravel())
    error = np.concatenate(found)
    return float(error.max()), float(np.quantile(error, USUAL)), error.size

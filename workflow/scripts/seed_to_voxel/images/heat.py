"""Smoothing along the cortical surface: heat that spreads for a while, as products with a sparse matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .meshes import Mesh
from .smoothing import TRUNCATE, WindowedSmoothing, gaussian_sigma

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TRIED = 60
"""Patterns of noise of which the reached width is measured."""

AT_ONCE = 32
"""Volumes that are smoothed together: a matrix' numbers are fetched once for all of them, in a fifth of the time."""


def spreading(mesh: Mesh, inside: np.ndarray, fwhm: float) -> tuple[csr_array, int]:
    """A matrix that spreads values a little, and how often it does so for a Gaussian of a given width.

    On a plane, heat that spreads for the time t from a point is a Gaussian of the variance 2 t in each direction. Here
    linear finite elements say how it changes, -S u / a, with the stiffness S of cotangents (Meyer et al. 2003) of the
    triangles inside and the vertices' areas a. In explicit steps that are short enough no value becomes negative.
    Nothing flows across the edge of what is inside, and a constant stays as it is.

    Parameters
    ----------
    mesh : Mesh
    inside : numpy.ndarray of bool, shape (n_vertices,)
        Vertices with data: the medial wall has none.
    fwhm : float
        Full width at half maximum, mm.

    Returns
    -------
    matrix : scipy.sparse.csr_array of float32, shape (n_vertices, n_vertices)
    n_steps : int
    """
    from scipy.sparse import csr_array, diags_array

    n = mesh.n_vertices
    used = mesh.triangles[inside[mesh.triangles].all(axis=1)]
    stiffness, areas = csr_array((n, n)), np.zeros(n)
    for turn in range(3):
        one, two, apex = np.roll(used, turn, axis=1).T
        first, second = mesh.coordinates[one] - mesh.coordinates[apex], mesh.coordinates[two] - mesh.coordinates[apex]
        double_area = np.maximum(np.linalg.norm(np.cross(first, second), axis=1), 1e-9)
        weight = 0.5 * (first * second).sum(axis=1) / double_area
        # An obtuse corner would let values flow uphill, and grow.
        weight = np.maximum(weight, 0)
        stiffness = stiffness - csr_array((weight, (one, two)), (n, n)) - csr_array((weight, (two, one)), (n, n))
        areas += np.bincount(used.ravel(), np.repeat(double_area / 18, 3), n)
    stiffness = (stiffness - diags_array(np.asarray(stiffness.sum(axis=1)).ravel())).tocsr()
    per_area = np.divide(1.0, areas, out=np.zeros(n), where=areas > 0)
    time = fwhm**2 / (8 * math.log(2)) / 2
    fastest = float((stiffness.diagonal() * per_area).max(initial=0))
    n_steps = max(1, math.ceil(time * fastest))
    matrix = diags_array(np.ones(n)) - diags_array(time / n_steps * per_area) @ stiffness
    matrix = matrix.tocsr().astype(np.float32)
    # Half as much to fetch from memory for each product.
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return matrix, n_steps


class CorticalSmoothing:
    """Smoothing of surfaces along them, and of voxels within their structure; called as `WindowedSmoothing` is.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (n_places,)
        Places that are wanted.
    surfaces : sequence of (numpy.ndarray of int, csr_array, int)
        For each surface the places that it has, in the matrix' order, the matrix, and how often it is used.
    volumes : sequence of (numpy.ndarray of int, WindowedSmoothing, numpy.ndarray of bool, numpy.ndarray)
        For each structure of voxels the places, what smooths its box, where the voxels lie in the box, in the places'
        order, and what smoothing leaves of a constant 1.
    """

    def __init__(self, mask: np.ndarray, surfaces: Sequence[tuple], volumes: Sequence[tuple]) -> None:
        self.at = np.flatnonzero(mask)
        self.surfaces, self.volumes = surfaces, volumes
        self.read = np.zeros(mask.shape, dtype=np.float32)
        self._waiting: list[np.ndarray] = []
        self._block = np.empty((len(self.read), AT_ONCE if surfaces or volumes else 0), dtype=np.float32)

    def __call__(self, volume: np.ndarray, less: np.ndarray | None = None, out: np.ndarray | None = None) -> np.ndarray:
        """Smooth the values of a run at one time; see `WindowedSmoothing`.

        Parameters
        ----------
        volume : numpy.ndarray, shape (n_places,)
        less : numpy.ndarray, shape (n_places,), optional
        out : numpy.ndarray of float32, shape (n_wanted,), optional

        Returns
        -------
        numpy.ndarray of float32, shape (n_wanted,)
        """
        np.subtract(volume, 0 if less is None else less, out=self.read, dtype=np.float32)
        return np.take(self._smoothed(self.read), self.at, out=out, mode="clip")

    def later(self, volume: np.ndarray, less: np.ndarray | None, out: np.ndarray) -> None:
        """Smooth the values of a run at one time together with others; `finish` must be called after the last ones.

        Parameters
        ----------
        volume, less, out
            See `__call__`; `out` is filled by then.
        """
        np.subtract(volume, 0 if less is None else less, out=self.read, dtype=np.float32)
        if not self._block.size:
            np.take(self.read, self.at, out=out, mode="clip")
            return
        self._block[:, len(self._waiting)] = self.read
        self._waiting.append(out)
        if len(self._waiting) == AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Smooth what still waits for it."""
        if self._waiting:
            smoothed = self._smoothed(self._block[:, : len(self._waiting)])[self.at]
            for out, values in zip(self._waiting, smoothed.T, strict=True):
                out[...] = values
            self._waiting.clear()

    def _smoothed(self, values: np.ndarray) -> np.ndarray:
        """Smooth values of shape (n_places,) or (n_places, n)."""
        smoothed = values.copy()
        for places, matrix, n_steps in self.surfaces:
            spread = values[places]
            for _ in range(n_steps):
                spread = matrix @ spread
            smoothed[places] = spread
        for places, smooth, box, of_constant in self.volumes:
            inside = np.zeros(box.shape, dtype=np.float32)
            for number in np.ndindex(values.shape[1:]):
                inside[box] = values[(places, *number)]
                smoothed[(places, *number)] = smooth(inside) / of_constant
        return smoothed


def within_structure(voxels: np.ndarray, fwhm: float, affine: np.ndarray) -> tuple[WindowedSmoothing, np.ndarray]:
    """What smooths the voxels of a structure among themselves.

    Parameters
    ----------
    voxels : numpy.ndarray of int, shape (n, 3)
    fwhm : float
        mm.
    affine : numpy.ndarray of shape (4, 4)

    Returns
    -------
    smooth : WindowedSmoothing
        Of a box around them.
    box : numpy.ndarray of bool
        Where they lie in it.
    """
    # Nothing is reflected at the borders of a box with so much room around.
    room = np.ceil(TRUNCATE * gaussian_sigma(fwhm, affine) + 1).astype(int)
    low = voxels.min(axis=0) - room
    box = np.zeros(voxels.max(axis=0) - low + 1 + room, dtype=bool)
    box[tuple((voxels - low).T)] = True
    return WindowedSmoothing(box, fwhm, affine), box


def reached_width(smooth: CorticalSmoothing, edges: np.ndarray, lengths: np.ndarray) -> float | None:
    """Full width at half maximum of the Gaussian that makes noise as smooth as this smoothing does.

    Independent noise is smoothed, and neighbours compared (Forman et al. 1995, Magnetic Resonance in Medicine 33, 636).

    Parameters
    ----------
    smooth : CorticalSmoothing
    edges : numpy.ndarray of int, shape (n_edges, 2)
        Pairs of places that are neighbours.
    lengths : numpy.ndarray of shape (n_edges,)
        mm.

    Returns
    -------
    float or None
        mm; None where nothing is smoothed.
    """
    rng = np.random.default_rng(0)
    position = np.zeros(len(smooth.read), dtype=int)
    position[smooth.at] = np.arange(len(smooth.at))
    one, two = position[edges].T
    squares, differences = np.zeros(len(smooth.at)), np.zeros(len(edges))
    patterns = np.empty((TRIED, len(smooth.at)), dtype=np.float32)
    for pattern in patterns:
        smooth.later(rng.standard_normal(len(smooth.read)).astype(np.float32), None, pattern)
    smooth.finish()
    for pattern in patterns:
        values = pattern.astype(np.float64)
        squares += values**2
        differences += (values[one] - values[two]) ** 2
    # Of each pair: vertices that lie more closely keep more of the noise.
    alike = 1 - differences / (squares[one] + squares[two])
    known = (alike > 0) & (alike < 1)
    if not known.any():
        return None
    # Of Gaussian smoothing, -4 sigma^2 log(correlation) is the squared distance.
    logs = -np.log(np.clip(alike[known], 1e-6, 1))
    return math.sqrt(8 * math.log(2) * float((lengths[known] ** 2).sum() / (4 * logs.sum())))

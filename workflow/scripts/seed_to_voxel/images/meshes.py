"""Meshes of the cortex: where vertices lie, how large the area around each is, how far it is from one to another."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers.expat import ExpatError

import nibabel
import numpy as np

from ..base.errors import InputError
from ..inputs import shipped
from .layouts import check_hemisphere, of_files

if TYPE_CHECKING:
    from scipy.sparse import csr_array

HEMISPHERES = {"L": "left", "R": "right"}
"""By their labels in BIDS names."""

GYRI, SULCI = 0.58, 0.38
"""Greys of the cortex, between 0, black, and 1."""


@dataclass(frozen=True)
class Mesh:
    """The surface of a hemisphere.

    Attributes
    ----------
    coordinates : numpy.ndarray of float64, shape (n_vertices, 3)
        mm, in the mesh's own space.
    triangles : numpy.ndarray of int, shape (n_triangles, 3)
        Vertices of each triangle.
    to_mni : numpy.ndarray of shape (4, 4)
        From the mesh's own space to MNI152.
    """

    coordinates: np.ndarray
    triangles: np.ndarray
    to_mni: np.ndarray

    @property
    def n_vertices(self) -> int:
        """How many vertices it has."""
        return len(self.coordinates)

    @cached_property
    def mni(self) -> np.ndarray:
        """Where the vertices lie in MNI152 space, mm, of shape (n_vertices, 3)."""
        return self.coordinates @ self.to_mni[:3, :3].T + self.to_mni[:3, 3]

    @property
    def normals(self) -> np.ndarray:
        """Normal of each triangle, twice as long as its area, of shape (n_triangles, 3)."""
        one, two, three = self.coordinates[self.triangles].transpose(1, 0, 2)
        return np.cross(two - one, three - one)

    @property
    def outward(self) -> np.ndarray | None:
        """Where the triangles of a closed mesh look to, of shape (n_triangles, 3).

        Of length 1, or 0 for a triangle without an area; None where the mesh has borders, as a flat one has.
        """
        starts, ends = (np.roll(self.triangles, -turn, axis=1).ravel().astype(np.int64) for turn in (0, 1))
        n = self.n_vertices
        if not np.array_equal(np.sort(starts * n + ends), np.sort(ends * n + starts)):
            return None
        normals = self.normals
        # Six times the volume that is enclosed; negative where the triangles are turned inwards.
        normals *= np.sign(np.einsum("ij,ij->", self.coordinates[self.triangles[:, 0]], normals))
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        return np.asarray(normals / np.where(lengths > 0, lengths, 1))

    @cached_property
    def areas(self) -> np.ndarray:
        """Area of each vertex, mm2: a third of the triangles around it, of shape (n_vertices,)."""
        of_triangles = np.linalg.norm(self.normals, axis=1) / 2
        return np.bincount(self.triangles.ravel(), np.repeat(of_triangles / 3, 3), self.n_vertices)

    @cached_property
    def edges(self) -> np.ndarray:
        """Pairs of vertices that are joined, each once, of shape (n_edges, 2)."""
        return _unique(
            np.concatenate([self.triangles[:, [0, 1]], self.triangles[:, [1, 2]], self.triangles[:, [2, 0]]])
        )

    @cached_property
    def lengths(self) -> csr_array:
        """Lengths in mm of all edges, and of the ways straight across two triangles that share an edge.

        Along edges alone ways on a regular mesh are up to 15 % too long.
        """
        from scipy.sparse import csr_array

        pairs, ways = [self.edges], [np.linalg.norm(np.subtract(*self.coordinates[self.edges.T]), axis=1)]
        # Triangles on either side of each edge, with the vertex of each that is not on it.
        corners = np.concatenate([np.roll(self.triangles, -turn, axis=1) for turn in range(3)])
        ends, apex = np.sort(corners[:, :2], axis=1), corners[:, 2]
        order = np.lexsort(ends.T[::-1])
        ends, apex = ends[order], apex[order]
        shared = np.flatnonzero((ends[1:] == ends[:-1]).all(axis=1))
        start, stop = self.coordinates[ends[shared].T]
        along = stop - start
        length = np.linalg.norm(along, axis=1)
        flat = []
        for opposite in (apex[shared], apex[shared + 1]):
            reach = self.coordinates[opposite] - start
            forward = (reach * along).sum(axis=1) / length
            flat.append((forward, np.sqrt(np.maximum((reach**2).sum(axis=1) - forward**2, 0))))
        (x1, y1), (x2, y2) = flat
        # Unfolded, the straight way must cross the shared edge.
        with np.errstate(invalid="ignore", divide="ignore"):
            crossing = (x1 * y2 + x2 * y1) / (y1 + y2)
        inside = (crossing > 0) & (crossing < length)
        pairs.append(np.column_stack([apex[shared], apex[shared + 1]])[inside])
        ways.append(np.hypot(x1 - x2, y1 + y2)[inside])
        joined, distances = np.concatenate(pairs), np.concatenate(ways)
        # A matrix adds up what stands twice: the shorter way counts.
        joined = np.sort(joined, axis=1)
        order = np.lexsort((distances, joined[:, 1], joined[:, 0]))
        joined, distances = joined[order], distances[order]
        first = np.r_[True, (joined[1:] != joined[:-1]).any(axis=1)]
        joined, distances = joined[first], distances[first]
        both = np.concatenate([joined, joined[:, ::-1]])
        return csr_array((np.tile(distances, 2), both.T), shape=(self.n_vertices, self.n_vertices))

    def around(self, vertex: int, radius_mm: float) -> np.ndarray:
        """Vertices within a distance along the surface.

        Parameters
        ----------
        vertex : int
        radius_mm : float

        Returns
        -------
        numpy.ndarray of int
            Sorted, the vertex itself among them.
        """
        from scipy.sparse.csgraph import dijkstra

        return np.flatnonzero(dijkstra(self.lengths, indices=vertex, limit=radius_mm + 1e-6) <= radius_mm + 1e-6)

    def nearest(self, place: np.ndarray) -> tuple[int, float]:
        """The vertex that lies nearest to a place in MNI space, and how far away it is in mm."""
        away = np.linalg.norm(self.mni - place, axis=1)
        return int(away.argmin()), float(away.min())


def _unique(pairs: np.ndarray) -> np.ndarray:
    """Pairs without order, each once."""
    # As one number each they are sorted in a tenth of the time.
    low, high = np.sort(pairs, axis=1).T
    base = pairs.max(initial=0) + 1
    return np.column_stack(np.divmod(np.unique(low * base + high), base))


def read_mesh(path: str | PathLike[str], to_mni: np.ndarray, hemisphere: str | None = None) -> Mesh:
    """Read the mesh of a hemisphere.

    Parameters
    ----------
    path : str or path-like
        GIFTI (``.surf.gii``, compressed too), or a surface of FreeSurfer.
    to_mni : numpy.ndarray of shape (4, 4)
    hemisphere : {"L", "R"}, optional
        Which one it stands for.

    Returns
    -------
    Mesh

    Raises
    ------
    InputError
        If it is no such file, or says that it is of the other hemisphere.
    """
    if not Path(path).is_file():
        raise InputError(
            f"{path}: no such file; expected the mesh of a hemisphere (.surf.gii or a surface of FreeSurfer)"
        )
    try:
        if str(path).endswith(".gii.gz"):
            with gzip.open(path) as file:
                image = nibabel.GiftiImage.from_bytes(file.read())
        elif str(path).endswith(".gii"):
            image = nibabel.GiftiImage.from_filename(path)
        else:
            coordinates, triangles = nibabel.freesurfer.read_geometry(path)
            if hemisphere:
                check_hemisphere(path, hemisphere)
            return Mesh(coordinates.astype(np.float64), triangles.astype(np.int64), to_mni)
        if hemisphere:
            check_hemisphere(path, hemisphere, image)
        points = image.get_arrays_from_intent("NIFTI_INTENT_POINTSET")
        triangles = image.get_arrays_from_intent("NIFTI_INTENT_TRIANGLE")
        if not points or not triangles:
            raise InputError(f"{path}: has no {'points' if not points else 'triangles'}; expected a mesh (.surf.gii)")
        return Mesh(points[0].data.astype(np.float64), triangles[0].data.astype(np.int64), to_mni)
    except (OSError, EOFError, ValueError, ExpatError, nibabel.filebasedimages.ImageFileError) as error:
        raise InputError(f"{path}: cannot be read as a mesh ({error}); is the file complete?") from error


def to_mni(space: str) -> np.ndarray:
    """From the coordinates of a space's meshes to MNI152: fsaverage's are those of MNI305."""
    return shipped.FROM_MNI305 if space.startswith("fsaverage") else np.eye(4)


SHIPPED = {"inflated": "infl", "pial": "pial", "white": "white", "flat": "flat"}
"""Meshes of fsaverage5 that maps can be drawn on, and how nilearn names their files."""


def for_drawing(
    space: str, files: Mapping[str, str | None], mesh: str = "inflated", folds: bool = True
) -> tuple[dict[str, Mesh], dict[str, np.ndarray]]:
    """What maps are drawn on.

    Parameters
    ----------
    space, files
        See `template`.
    mesh : str
        One of `SHIPPED`; not looked at where the config names meshes.
    folds : bool
        Whether greys show them.

    Returns
    -------
    drawn : dict of str to Mesh
        That mesh of fsaverage5, or the meshes that the config names.
    greys : dict of str to numpy.ndarray of shape (n_vertices,)
        0 (black) to 1: two by the sign of the curvature, so that no fold looks like a value, the darker one in sulci;
        where that is not known, or not to be shown, those of `lit`.
    """
    if files["left"]:
        both = template(space, files)
        return both, {hemisphere: lit(own) for hemisphere, own in both.items()}
    drawn, greys = {}, {}
    for hemisphere, side in HEMISPHERES.items():
        drawn[hemisphere] = read_mesh(shipped.file(f"fsaverage5/{SHIPPED[mesh]}_{side}.gii.gz"), to_mni(space))
        if not folds:
            greys[hemisphere] = lit(drawn[hemisphere])
            continue
        with gzip.open(shipped.file(f"fsaverage5/curv_{side}.gii.gz")) as file:
            curvature = nibabel.GiftiImage.from_bytes(file.read()).darrays[0].data
        greys[hemisphere] = np.where(curvature > 0, SULCI, GYRI)
    return drawn, greys


def lit(mesh: Mesh) -> np.ndarray:
    """Greys of a mesh under light from both sides, and a little from above and below.

    They show its form from wherever it is seen; through a half-transparent one, as nilearn draws it without a
    background, what is coloured on its other side would seem to lie on this one.

    Parameters
    ----------
    mesh : Mesh

    Returns
    -------
    numpy.ndarray of shape (n_vertices,)
        Between `SULCI` and a lighter grey than `GYRI`.
    """
    normals = np.stack(
        [np.bincount(mesh.triangles.ravel(), np.repeat(part, 3), mesh.n_vertices) for part in mesh.normals.T], axis=1
    )
    # A vertex without triangles, such as on a flat mesh's edge, has no normal.
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return SULCI + 0.35 * np.minimum(np.hypot(normals[:, 0], 0.6 * normals[:, 2]), 1.0)


def filled(halves: Mapping[str, np.ndarray], both: Mapping[str, Mesh]) -> dict[str, np.ndarray]:
    """Values of both hemispheres, to be shown on their meshes: NaN throughout a hemisphere that a file lacks.

    Parameters
    ----------
    halves : dict of str to numpy.ndarray of shape (n_vertices,) or (0,)
        From `layouts.Layout.hemispheres`.
    both : dict of str to Mesh

    Returns
    -------
    dict of str to numpy.ndarray of shape (n_vertices,)
    """
    return {
        hemisphere: halves[hemisphere]
        if len(halves[hemisphere])
        else np.full(mesh.n_vertices, np.nan, dtype=np.float32)
        for hemisphere, mesh in both.items()
    }


def template(space: str, files: Mapping[str, str | None]) -> dict[str, Mesh]:
    """Meshes of both hemispheres.

    Parameters
    ----------
    space : str
        Such as ``fsaverage5``.
    files : dict of str to str or None
        By ``left`` and ``right``, what the config says; the middle of white and pial surface of fsaverage5, which
        nilearn ships, where it says nothing.

    Returns
    -------
    dict of str to Mesh
        By ``L`` and ``R``.

    Raises
    ------
    InputError
        If a mesh cannot be read, or is not there, or left and right are exchanged.
    """
    moved = to_mni(space)
    if all(files[side] for side in HEMISPHERES.values()):
        both = {h: read_mesh(str(files[side]), moved, h) for h, side in HEMISPHERES.items()}
        left, right = (both[hemisphere].coordinates[:, 0].mean() for hemisphere in HEMISPHERES)
        if left > right:
            raise InputError(
                f"surfaces.left: {files['left']} lies at x = {left:.0f} mm in the mean, to the right of "
                f"surfaces.right, {files['right']} at {right:.0f} mm; expected the left hemisphere on the left (meshes "
                "of both in one space, for instance midthickness surfaces): are the two exchanged?"
            )
        return both
    found = {}
    for hemisphere, side in HEMISPHERES.items():
        white, pial = (
            read_mesh(shipped.file(f"fsaverage5/{surface}_{side}.gii.gz"), moved) for surface in ("white", "pial")
        )
        found[hemisphere] = Mesh((white.coordinates + pial.coordinates) / 2, pial.triangles, moved)
    return found


def on_fsaverage5(paths: Sequence[str]) -> np.ndarray:
    """Values of a map at the vertices of fsaverage5, both hemispheres, the left one first, NaN where there is none.

    Parameters
    ----------
    paths : sequence of str
        Of a map on that mesh that this workflow has written.

    Returns
    -------
    numpy.ndarray of shape (n_vertices,)
    """
    layout = of_files(paths)
    both = template("fsaverage5", {"left": None, "right": None})
    return np.concatenate(list(filled(layout.hemispheres(layout.read(paths)), both).values()))

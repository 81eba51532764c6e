"""The places of a run: voxels of a grid, vertices of two hemispheres, or the brain models of a CIFTI file.

A run is an array of its places by its volumes. What is done along time needs no more; what hangs on where places are
(smoothing, the brain, distances, files) is asked here. An image of nibabel stands for a run on a grid, a `CorticalRun`
for the others; both have `shape`, `dataobj` and `get_filename()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.cifti2 import BrainModelAxis, SeriesAxis

from ..base.errors import InputError
from ..study.checksums import sha256
from . import cifti_series, gifti_series, heat, layouts, meshes, nifti, smoothing
from .brain_models import Vertices, parts
from .layouts import CORTEX, Grayordinates, Hemispheres, Layout, Volume

SHORT = {name: label for label, name in CORTEX.items()}
"""Labels of hemispheres by the names of their surfaces."""


class Places:
    """Where the places of a cortical run are, vertices first by hemisphere or in the order of a CIFTI file.

    Parameters
    ----------
    axis : nibabel.cifti2.BrainModelAxis or Vertices
    both : dict of str to meshes.Mesh
        By ``L`` and ``R``.
    layout : Layout
    options : dict
        The config's ``surfaces``.
    name : str
        Of the run, for messages.

    Raises
    ------
    InputError
        If a surface has another number of vertices than its mesh.
    """

    def __init__(
        self,
        axis: BrainModelAxis | Vertices,
        both: Mapping[str, meshes.Mesh],
        layout: Layout,
        options: Mapping[str, Any],
        name: str,
    ) -> None:
        self.axis, self.meshes, self.layout, self.options, self.name = axis, both, layout, options, name
        self.brain = np.ones(len(axis), dtype=bool)
        self.parts = list(parts(axis))
        for structure, _ in self.parts:
            if structure in SHORT:
                check_count(int(axis.nvertices[structure]), both[SHORT[structure]], name, options)
            elif structure in axis.nvertices:
                raise InputError(
                    f"{name}: has the surface {structure}; expected {' and '.join(CORTEX.values())}, and voxels"
                )

    @cached_property
    def vertices(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """By hemisphere the places that are its vertices, and the vertices' numbers in its mesh."""
        return {
            SHORT[structure]: (np.arange(len(self.axis))[part], self.axis.vertex[part])
            for structure, part in self.parts
            if structure in SHORT
        }

    @cached_property
    def structures(self) -> list[np.ndarray]:
        """For each structure of voxels its places."""
        return [np.arange(len(self.axis))[part] for structure, part in self.parts if structure not in SHORT]

    @cached_property
    def coordinates(self) -> np.ndarray:
        """Where each place is, MNI mm, of shape (n_places, 3)."""
        found = np.empty((len(self.axis), 3))
        for hemisphere, (places, vertices) in self.vertices.items():
            found[places] = self.meshes[hemisphere].mni[vertices]
        for places in self.structures:
            affine = self.axis.affine
            found[places] = self.axis.voxel[places] @ affine[:3, :3].T + affine[:3, 3]
        return found

    @cached_property
    def areas(self) -> np.ndarray:
        """What each place weighs in a mean: its area in mm2, or 1 where the config says so, and for a voxel."""
        found = np.ones(len(self.axis))
        if self.options["area_weights"]:
            for hemisphere, (places, vertices) in self.vertices.items():
                found[places] = self.meshes[hemisphere].areas[vertices]
        return found

    @cached_property
    def extents(self) -> np.ndarray:
        """What each place adds to a cluster: its area in mm2, 1 for a voxel."""
        found = np.ones(len(self.axis))
        for hemisphere, (places, vertices) in self.vertices.items():
            found[places] = self.meshes[hemisphere].areas[vertices]
        return found

    @cached_property
    def are_voxels(self) -> np.ndarray:
        """Which places are voxels."""
        found = np.zeros(len(self.axis), dtype=bool)
        for places in self.structures:
            found[places] = True
        return found

    def touching(self, steps: int = 3) -> np.ndarray:
        """Places that touch: vertices with an edge between them, and voxels of one structure beside one another.

        Parameters
        ----------
        steps : int
            Along how many axes a voxel's neighbour may lie: 1, 2 or 3.

        Returns
        -------
        numpy.ndarray of int, shape (n_pairs, 2)
            Each pair once.
        """
        from scipy.spatial import cKDTree

        pairs = []
        for hemisphere in self.vertices:
            joined = self.position(hemisphere)[self.meshes[hemisphere].edges]
            pairs.append(joined[(joined >= 0).all(axis=1)])
        for places in self.structures:
            # Centres of voxels that share a face, an edge or a corner are 1, the root of 2 or of 3 apart.
            tree = cKDTree(self.axis.voxel[places])
            pairs.append(places[tree.query_pairs(np.sqrt(steps) + 1e-6, output_type="ndarray")])
        return np.concatenate(pairs)

    def position(self, hemisphere: str) -> np.ndarray:
        """The place of each vertex of a hemisphere, -1 where there is none, of shape (n_vertices,)."""
        found = np.full(self.meshes[hemisphere].n_vertices, -1)
        if hemisphere in self.vertices:
            places, vertices = self.vertices[hemisphere]
            found[vertices] = places
        return found

    def smoother(self, mask: np.ndarray, fwhm: float | None) -> heat.CorticalSmoothing:
        """Smoothing among the places with data, of those of a mask; see `heat.CorticalSmoothing`."""
        surfaces, volumes = [], []
        if fwhm:
            for hemisphere, (places, vertices) in self.vertices.items():
                mesh = self.meshes[hemisphere]
                inside = np.zeros(mesh.n_vertices, dtype=bool)
                inside[vertices] = self.brain[places]
                matrix, n_steps = heat.spreading(mesh, inside, fwhm)
                surfaces.append((places, matrix[vertices][:, vertices], n_steps))
            for structure in self.structures:
                own = structure[self.brain[structure]]
                if len(own):
                    smooth, box = heat.within_structure(self.axis.voxel[own], fwhm, self.axis.affine)
                    # Places in the order of the box, which is not that of the file.
                    order = np.lexsort(self.axis.voxel[own].T[::-1])
                    volumes.append((own[order], smooth, box, smooth(box.astype(np.float32))))
        return heat.CorticalSmoothing(mask, surfaces, volumes)

    def reached_width(self, smooth: heat.CorticalSmoothing) -> float | None:
        """How wide smoothing along the surfaces is in fact, mm; None where there is none; see `heat.reached_width`."""
        if not smooth.surfaces:
            return None
        pairs, lengths = [], []
        wanted = np.zeros(len(self.axis), dtype=bool)
        wanted[smooth.at] = True
        for hemisphere in self.vertices:
            mesh = self.meshes[hemisphere]
            joined = self.position(hemisphere)[mesh.edges]
            known = (joined >= 0).all(axis=1) & wanted[joined].all(axis=1)
            pairs.append(joined[known])
            lengths.append(np.linalg.norm(np.subtract(*mesh.coordinates[mesh.edges[known].T]), axis=1))
        return heat.reached_width(smooth, np.concatenate(pairs), np.concatenate(lengths))

    def table(self, places: np.ndarray) -> dict[str, Any]:
        """What a table says of places: number, hemisphere or structure, and vertex."""
        names = self.axis.name[places]
        return {
            "place": places,
            "structure": [name.removeprefix("CIFTI_STRUCTURE_") for name in names],
            "vertex": [int(vertex) if vertex >= 0 else None for vertex in self.axis.vertex[places]],
        }

    def described(self) -> dict[str, Any]:
        """What sidecars say of the places."""
        n_vertices = {h: int(self.axis.nvertices[CORTEX[h]]) for h in self.vertices}
        with_data = {h: int(self.brain[places].sum()) for h, (places, _) in self.vertices.items()}
        return {
            "Places": self.layout.words,
            "NumberOfVertices": n_vertices,
            "NumberOfVerticesWithData": with_data,
            "NumberOfVoxels": int(sum(map(len, self.structures))),
            "AreaWeights": bool(self.options["area_weights"]),
            # Not where they lie: sidecars are passed on, and made anew elsewhere they should be the same.
            "Meshes": [
                {"File": Path(self.options[side]).name, "SHA256": sha256(self.options[side])}
                for side in meshes.HEMISPHERES.values()
            ]
            if self.options["left"]
            else "fsaverage5, the middle of its white and pial surfaces (nilearn)",
        }


def check_count(found: int, mesh: meshes.Mesh, name: str, options: Mapping[str, Any]) -> None:
    """Refuse data on another mesh, with an `InputError`."""
    if found != mesh.n_vertices:
        own = "surfaces.left and surfaces.right name" if options["left"] else "fsaverage5 has, as no others are given"
        raise InputError(
            f"{name}: found a hemisphere of {found} vertices; expected {mesh.n_vertices}, as the meshes that {own}. "
            "Give the meshes of the space that the data are in (surfaces.left and surfaces.right, for instance the "
            "midthickness surfaces of TemplateFlow)"
        )


class CorticalRun:
    """A run on the cortex, to be read volume by volume as an image of nibabel is.

    Parameters
    ----------
    name : str
    frames : sequence of gifti_series.Volumes or cifti_series.Volumes
        For each part the values of each volume.
    n_volumes : int
    places : Places
    header_t_r : float or None
        Repetition time in seconds that the file states, if it does.
    brain : numpy.ndarray of bool, shape (n_places,), optional
        Places with data, where they are known; they are looked for otherwise.
    """

    def __init__(
        self,
        name: str,
        frames: Sequence[Any],
        n_volumes: int,
        places: Places,
        header_t_r: float | None,
        brain: np.ndarray | None = None,
    ) -> None:
        self.name, self.frames, self.places, self.header_t_r = name, frames, places, header_t_r
        self.shape = (len(places.axis), n_volumes)
        self.dataobj = self
        places.brain = self._with_data() if brain is None else brain

    def __getitem__(self, key: tuple[Any, int]) -> np.ndarray:
        """Values of a volume: ``run.dataobj[..., t]``."""
        parts = [part[key[1]] for part in self.frames]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def get_filename(self) -> str:
        """Its file, for messages."""
        return self.name

    def _with_data(self) -> np.ndarray:
        """Places with a value other than 0 at any volume: the medial wall has none."""
        found = np.zeros(self.shape[0], dtype=bool)
        for part in self.frames:
            part.keep = True
        for t in range(self.shape[1]):
            try:
                values = self[..., t]
            except layouts.READ_ERRORS as error:
                raise InputError(
                    f"{self.name}: volume {t + 1} of {self.shape[1]} cannot be read ({type(error).__name__}: {error}); "
                    "the file is truncated or damaged: copy or download it again"
                ) from error
            found |= np.isfinite(values) & (values != 0)
            if found.all():
                # What was read so far is soon read again; the rest need not be held.
                for part in self.frames:
                    part.release()
                break
        if not found.any():
            raise InputError(f"{self.name}: no place has a value (all are 0, NaN or infinite); expected a run")
        return found


def open_run(
    paths: str | Sequence[str],
    options: Mapping[str, Any] | None = None,
    mask: str | Sequence[str] | None = None,
) -> Any:
    """Open a run to be read volume by volume.

    Parameters
    ----------
    paths : str or sequence of str
        A NIfTI image, a dense series of CIFTI, or a GIFTI file for each hemisphere, the left one first.
    options : dict, optional
        The config's ``surfaces`` with the ``space`` of the run; None for a run on a grid.
    mask : str or sequence of str, optional
        The mask that this workflow has written of the run. On the surface it says which places have data, which
        would be looked for in all volumes otherwise.

    Returns
    -------
    nibabel image, 4-D, or CorticalRun

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    files = layouts.listed(paths)
    if options is None:
        return nifti.load_run(files[0])
    both = meshes.template(options["space"], options)
    masks = None if mask is None else layouts.listed(mask)
    return (_open_gifti if len(files) == 2 else _open_cifti)(files, both, options, masks)


def _open_gifti(
    files: Sequence[str],
    both: Mapping[str, meshes.Mesh],
    options: Mapping[str, Any],
    masks: Sequence[str] | None,
) -> CorticalRun:
    parts = [gifti_series.Volumes(path) for path in files]
    for part, path, hemisphere in zip(parts, files, CORTEX, strict=True):
        layouts.check_hemisphere(path, hemisphere, part.image)
    numbers = [len(part) for part in parts]
    if len(set(numbers)) > 1:
        raise InputError(
            f"{files[0]} has {numbers[0]} volumes and {files[1]} has {numbers[1]}; expected both hemispheres of one run"
        )
    if numbers[0] < 2:
        raise InputError(f"{files[0]}: found 1 volume; expected a run of many")
    counts = [part.n_vertices for part in parts]
    for path, count, hemisphere in zip(files, counts, CORTEX, strict=True):
        check_count(count, both[hemisphere], path, options)
    places = of_layout(Hemispheres(counts), both, options, files[0])
    return CorticalRun(files[0], parts, numbers[0], places, None, _inside(masks, places) if masks else None)


def _inside(masks: Sequence[str], places: Places) -> np.ndarray:
    """Places in a mask that this workflow has written."""
    return np.nan_to_num(places.layout.read(masks)) != 0


def of_layout(layout: Layout, both: Mapping[str, meshes.Mesh], options: Mapping[str, Any], name: str) -> Places:
    """The places of a layout of vertices.

    Parameters
    ----------
    layout : layouts.Hemispheres or layouts.Grayordinates
    both : dict of str to meshes.Mesh
    options : dict
        The config's ``surfaces``.
    name : str
        For messages.

    Returns
    -------
    Places
    """
    if isinstance(layout, Grayordinates):
        return Places(layout.axis, both, layout, options, name)
    assert isinstance(layout, Hemispheres)
    return Places(Vertices(layout.counts), both, layout, options, name)


def of_mask(paths: Sequence[str], options: Mapping[str, Any] | None) -> Places | None:
    """The places of a mask on the cortical surface that this workflow has written; None of one on a grid.

    Parameters
    ----------
    paths : sequence of str
    options : dict or None
        The config's ``surfaces`` with the ``space`` of the runs; None for runs on a grid.
    """
    if options is None:
        return None
    return of_layout(layouts.of_files(paths), meshes.template(options["space"], options), options, paths[0])


def _open_cifti(
    files: Sequence[str],
    both: Mapping[str, meshes.Mesh],
    options: Mapping[str, Any],
    masks: Sequence[str] | None,
) -> CorticalRun:
    (path,) = files
    image, axis = layouts.load_cifti(path)
    series = image.header.get_axis(0)
    if image.ndim != 2 or not isinstance(series, SeriesAxis):
        raise InputError(f"{path}: its rows are {type(series).__name__}; expected a series (.dtseries.nii)")
    if len(series) < 2:
        raise InputError(f"{path}: found 1 volume; expected a run of many")
    places = of_layout(Grayordinates(axis), both, options, path)
    # Other units (Hz, m) are no time between volumes.
    step = float(series.step) if series.unit == "SECOND" else None
    return CorticalRun(
        path,
        [cifti_series.Volumes(image.dataobj)],
        len(series),
        places,
        step,
        _inside(masks, places) if masks else None,
    )


def of(image: Any) -> Places | None:
    """The places of a run on the cortex; None for a run on a grid."""
    return image.places if isinstance(image, CorticalRun) else None


def is_cortical(image: Any) -> bool:
    """Whether a run has other places than voxels of a grid."""
    return isinstance(image, CorticalRun)


def smoother(image: Any, mask: np.ndarray, fwhm: float | None) -> Any:
    """What smooths the volumes of a run and gives the places of a mask.

    Parameters
    ----------
    image : nibabel image or CorticalRun
    mask : numpy.ndarray of bool
    fwhm : float or None
        Full width at half maximum, mm; None for no smoothing.

    Returns
    -------
    smoothing.WindowedSmoothing or heat.CorticalSmoothing
    """
    if is_cortical(image):
        return image.places.smoother(mask, fwhm)
    return smoothing.WindowedSmoothing(mask, fwhm, image.affine)


def coordinates(image: Any, mask: np.ndarray) -> np.ndarray:
    """Where the places of a mask are, MNI mm, of shape (n, 3)."""
    if is_cortical(image):
        return image.places.coordinates[mask]
    return np.argwhere(mask) @ image.affine[:3, :3].T + image.affine[:3, 3]


def layout(image: Any) -> Layout:
    """How maps of a run stand in their files."""
    return image.places.layout if is_cortical(image) else Volume(image)


def load_mask(paths: str | Sequence[str], image: Any) -> np.ndarray:
    """Read a mask that lies where a run lies; of a cortical run, the one that this workflow has written."""
    files = layouts.listed(paths)
    if is_cortical(image):
        return _inside(files, image.places)
    return nifti.load_mask(files[0], image)


def brain(image: Any, mask: str | None) -> np.ndarray | None:
    """The brain of a run, as far as it is known before reading it: its mask, or, on the surface, where it has data."""
    if is_cortical(image):
        return image.places.brain
    return nifti.load_mask(mask, image) if mask else None


def brain_from(image: Any) -> str:
    """Where the brain mask of a run without one is from."""
    return f"{layout(image).words} with data" if is_cortical(image) else "background mask (nilearn)"


def table(image: Any, places: np.ndarray) -> dict[str, Any]:
    """What a table says of places, an array of their indices of shape (n, n_axes): the indices first."""
    if is_cortical(image):
        return image.places.table(places[:, 0])
    return dict(zip("ijk", places.T, strict=True))


def reached(image: Any, mask: np.ndarray, fwhm: float | None) -> dict[str, Any]:
    """What is said of the smoothing of a run's places beside its width: on surfaces, how wide it is in fact."""
    if not is_cortical(image) or not fwhm:
        return {}
    width = image.places.reached_width(image.places.smoother(mask, fwhm))
    return {"smoothing_reached_fwhm": None if width is None else round(width, 2)}


def described(image: Any) -> dict[str, Any]:
    """What sidecars say of a run's places."""
    if is_cortical(image):
        return image.places.described()
    return {"VoxelSize": [round(float(size), 3) for size in image.header.get_zooms()[:3]]}

"""The places of a cortical run that make up its seeds: patches of the surface, labels, masks, spheres of voxels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import nibabel
import numpy as np
from nibabel.cifti2 import LabelAxis

from ..base.errors import InputError
from ..images import layouts
from ..images.brain_models import parts
from ..images.meshes import HEMISPHERES
from ..images.places import SHORT, Places

ANNOTATIONS = (".annot",)
GIFTI = (".gii",)
CIFTI = (".dlabel.nii", ".dscalar.nii")


def find(seed: dict, places: Places) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Find the places of a seed.

    Parameters
    ----------
    seed : dict
        From `seeds.Seed.described`.
    places : Places

    Returns
    -------
    described : dict
        The seed, with where it is: ``x``, ``y``, ``z`` (MNI mm) of the place at its middle, ``hemisphere`` and
        ``vertex`` there, and, where the run's file has no data for some of its vertices, ``n_absent``.
    at : numpy.ndarray of int, shape (n, 1)
    weights : numpy.ndarray of shape (n,)
        Areas in mm2, or ones.

    Raises
    ------
    InputError
        If the seed has no place in the run.
    """
    kind = seed.get("kind", "sphere")
    if kind == "surface":
        facts, at, n_absent = _patch(seed, places)
        own: np.ndarray | float = 1.0
    elif kind == "sphere":
        facts, at, n_absent = _sphere(seed, places)
        own = 1.0
    elif kind in ("atlas", "mask"):
        chosen = np.zeros(len(places.axis), dtype=bool)
        for path, side in _files(seed):
            values, names = on_places(path, side, places, f"the seed {seed['label']!r}")
            if kind == "atlas":
                chosen |= labelled(
                    path, seed["labels"], seed.get("hemisphere"), values, names, f"the seed {seed['label']!r}"
                )
            else:
                chosen |= values != 0
        weighted = seed.get("mean") == "weighted"
        at, n_absent = np.flatnonzero(chosen & (values > 0) if weighted else chosen), 0
        if not len(at):
            raise InputError(
                f"{seed['file']}: the seed {seed['label']!r} has no {places.layout.word} in {places.name}; expected a "
                f"{'label' if kind == 'atlas' else 'mask'} that covers a part of it"
            )
        own = values[at] if weighted else 1.0
        facts = _middle(at, places)
    else:
        raise InputError(
            f"the seed {seed['label']!r} is of the kind {kind}, which is looked for in volumes alone; {places.name} is "
            "on the cortical surface: expected surface, mask, atlas, or, for voxels of a CIFTI file, sphere"
        )
    described = {**seed, **facts, **({"n_absent": n_absent} if n_absent else {})}
    return described, at[:, None], places.areas[at] * own


def _files(seed: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Files of a seed, each with its hemisphere where that is known."""
    if seed.get("file_right"):
        return [(seed["file"], "L"), (seed["file_right"], "R")]
    return [(seed["file"], seed.get("hemisphere"))]


def whereabouts(place: int, places: Places) -> dict[str, Any]:
    """Of a place: hemisphere and vertex, or structure, and where it lies, MNI mm."""
    name, vertex = places.axis.name[place], int(places.axis.vertex[place])
    facts: dict[str, Any] = dict(zip("xyz", (round(float(c), 3) for c in places.coordinates[place]), strict=True))
    return {**facts, **({"hemisphere": SHORT[name], "vertex": vertex} if name in SHORT else {"structure": name})}


def _middle(at: np.ndarray, places: Places) -> dict[str, Any]:
    """Where a region is: its place that is nearest to its middle, of the structure that has most of it."""
    names, numbers = np.unique(places.axis.name[at], return_counts=True)
    own = at[places.axis.name[at] == names[numbers.argmax()]]
    coordinates = places.coordinates[own]
    middle = np.average(coordinates, axis=0, weights=places.areas[own])
    return whereabouts(int(own[np.linalg.norm(coordinates - middle, axis=1).argmin()]), places)


def _patch(seed: Mapping, places: Places) -> tuple[dict[str, Any], np.ndarray, int]:
    """Vertices around one, along the surface."""
    label = seed["label"]
    hemispheres = [seed["hemisphere"]] if seed.get("hemisphere") else list(HEMISPHERES)
    facts: dict[str, Any] = {}
    if seed.get("vertex") is not None:
        hemisphere, vertex = hemispheres[0], seed["vertex"]
        if vertex >= places.meshes[hemisphere].n_vertices:
            raise InputError(
                f"the seed {label!r} is at the vertex {vertex} of the {HEMISPHERES[hemisphere]} hemisphere, which has "
                f"{places.meshes[hemisphere].n_vertices} in {places.name}; expected a number from 0 on below that"
            )
    else:
        asked = np.array([seed[axis] for axis in "xyz"], dtype=float)
        nearest = {name: places.meshes[name].nearest(asked) for name in hemispheres}
        hemisphere = min(nearest, key=lambda name: nearest[name][1])
        vertex, distance = nearest[hemisphere]
        limit = places.options["max_distance"]
        if distance > limit:
            raise InputError(
                f"the seed {label!r} at ({', '.join(f'{c:g}' for c in asked)}) mm lies {distance:.1f} mm from the "
                f"nearest vertex of {places.name}; expected at most {limit:g} mm (surfaces.max_distance). Check its "
                "coordinates (MNI mm)" + (f" and its hemisphere, {hemisphere}" if len(hemispheres) == 1 else "")
            )
        facts = {"asked_for": asked.tolist(), "distance_mm": round(distance, 2)}
    if hemisphere not in places.vertices:
        raise InputError(
            f"the seed {label!r} lies in the {HEMISPHERES[hemisphere]} hemisphere of {places.name}, which has no "
            f"{HEMISPHERES[hemisphere]} hemisphere; expected a seed where the run has data"
        )
    mesh, position = places.meshes[hemisphere], places.position(hemisphere)
    vertices = mesh.around(vertex, seed["radius_mm"])
    found = position[vertices]
    at = np.sort(found[found >= 0])
    place = {**dict(zip("xyz", (round(float(c), 3) for c in mesh.mni[vertex]), strict=True))}
    if not len(at):
        where = f"({', '.join(f'{place[axis]:g}' for axis in 'xyz')}) mm"
        raise InputError(
            f"the seed {label!r} at the vertex {vertex} of the {HEMISPHERES[hemisphere]} hemisphere, {where}, has no "
            f"vertex in {places.name}: it lies on the medial wall, which has no data. Move it"
        )
    return {**facts, **place, "hemisphere": hemisphere, "vertex": vertex}, at, int((found < 0).sum())


def _sphere(seed: Mapping, places: Places) -> tuple[dict[str, Any], np.ndarray, int]:
    """Voxels of a CIFTI file whose centres lie in a sphere, as on a grid."""
    from ..images.grid import sphere_voxels

    label, centre = seed["label"], [seed[axis] for axis in "xyz"]
    if not places.structures:
        raise InputError(
            f"the seed {label!r} is a sphere of voxels, and {places.name} has vertices alone; expected the kind "
            "'surface' in the table of seeds: the vertices around the one nearest to its coordinate, along the surface"
        )
    voxels = sphere_voxels(centre, seed["radius_mm"], places.axis.affine, places.axis.volume_shape)
    of_voxel = np.full(places.axis.volume_shape, -1)
    for structure in places.structures:
        of_voxel[tuple(places.axis.voxel[structure].T)] = structure
    found = of_voxel[tuple(voxels.T)]
    at = np.sort(found[found >= 0])
    if not len(at):
        raise InputError(
            f"the seed {label!r} at ({', '.join(f'{c:g}' for c in centre)}) mm has no voxel in {places.name}, whose "
            "voxels are those of subcortical structures; expected the kind 'surface' for a place of the cortex"
        )
    return {}, at, int((found < 0).sum())


def on_places(path: str, hemisphere: str | None, places: Places, whose: str) -> tuple[np.ndarray, dict[str, set[int]]]:
    """Read a map, mask or atlas onto the places of a run.

    Parameters
    ----------
    path : str
        GIFTI, an annotation of FreeSurfer, or a CIFTI file of scalars or labels; its first map is taken.
    hemisphere : {"L", "R"} or None
        Of a file that has one; None where it says itself. Of a CIFTI file nothing else is taken.
    places : Places
    whose : str
        What it is for, for messages: a seed.

    Returns
    -------
    values : numpy.ndarray of shape (n_places,)
        0 where the file has none.
    names : dict of str to set of int
        Numbers of an atlas by their names.

    Raises
    ------
    InputError
        If the file is of another mesh, or does not say of which hemisphere it is.
    """
    values = np.zeros(len(places.axis))
    if path.endswith(CIFTI):
        values, names = _from_cifti(path, places)
        if hemisphere:
            own, _ = places.vertices.get(hemisphere, (np.empty(0, dtype=int), None))
            kept = np.isin(np.arange(len(values)), own)
            values[~kept] = 0
        return values, names
    if not path.endswith((*GIFTI, *ANNOTATIONS)):
        raise InputError(
            f"{path}: {whose} of a run on the cortical surface needs a file of vertices; expected "
            ".label.gii, .func.gii, .shape.gii, .annot, .dlabel.nii or .dscalar.nii"
        )
    data, names, stated = _of_hemisphere(path)
    side = hemisphere or stated
    if side is None:
        raise InputError(
            f"{path}: does not say of which hemisphere it is; expected L or R in the column 'hemisphere' of {whose}"
        )
    if stated is not None and stated != side:
        raise InputError(
            f"{path}: is of the {HEMISPHERES[stated]} hemisphere, and {whose} says {side}; correct the "
            "column 'hemisphere' or the file"
        )
    if len(data) != places.meshes[side].n_vertices:
        raise InputError(
            f"{path}: has {len(data)} vertices, and {places.name} has {places.meshes[side].n_vertices} in the "
            f"{HEMISPHERES[side]} hemisphere; expected a file of the same mesh (the run's space and density)"
        )
    position = places.position(side)
    values[position[position >= 0]] = np.nan_to_num(data)[position >= 0]
    return values, names


def _of_hemisphere(path: str) -> tuple[np.ndarray, dict[str, set[int]], str | None]:
    """Values of a hemisphere's vertices, the names of its labels, and which hemisphere the file says it is."""
    if path.endswith(ANNOTATIONS):
        try:
            data, _, titles = nibabel.freesurfer.read_annot(path)
        except (OSError, ValueError, IndexError, TypeError) as error:
            raise InputError(f"{path}: cannot be read as an annotation of FreeSurfer ({error})") from error
        # Vertices without a label are -1.
        names = {str(title.decode()): {number + 1} for number, title in enumerate(titles)}
        return data + 1, names, layouts.hemisphere_of(path)
    image = layouts.load_gifti(path)
    names = {}
    for key, title in image.labeltable.get_labels_as_dict().items():
        names.setdefault(str(title), set()).add(int(key))
    return image.darrays[0].data, names, layouts.hemisphere_of(path, image)


def _from_cifti(path: str, places: Places) -> tuple[np.ndarray, dict[str, set[int]]]:
    """Values of a CIFTI file at the places of a run, found by structure and vertex or voxel."""
    image, axis = layouts.load_cifti(path)
    rows = image.header.get_axis(0)
    data = np.nan_to_num(np.asarray(image.dataobj, dtype=float)[0])
    values = np.zeros(len(places.axis))
    for structure, part in parts(axis):
        if structure in SHORT:
            side = SHORT[structure]
            if int(axis.nvertices[structure]) != places.meshes[side].n_vertices:
                raise InputError(
                    f"{path}: has {axis.nvertices[structure]} vertices in the {HEMISPHERES[side]} hemisphere, and "
                    f"{places.name} has {places.meshes[side].n_vertices}; expected a file of the same mesh (the run's "
                    "space and density)"
                )
            position = places.position(side)[axis.vertex[part]]
        elif not places.structures:
            continue
        else:
            if axis.volume_shape != places.axis.volume_shape or not np.allclose(axis.affine, places.axis.affine):
                raise InputError(
                    f"{path}: its voxels lie on another grid than those of {places.name}; expected the same"
                )
            of_voxel = np.full(axis.volume_shape, -1)
            for other in places.structures:
                of_voxel[tuple(places.axis.voxel[other].T)] = other
            position = of_voxel[tuple(axis.voxel[part].T)]
        values[position[position >= 0]] = data[part][position >= 0]
    names: dict[str, set[int]] = {}
    if isinstance(rows, LabelAxis):
        for key, (title, _) in rows.label[0].items():
            names.setdefault(str(title), set()).add(int(key))
    return values, names


def labelled(
    path: str,
    labels: Sequence[str | int],
    hemisphere: str | None,
    values: np.ndarray,
    names: Mapping[str, set[int]],
    whose: str,
) -> np.ndarray:
    """Which places have one of some labels.

    Parameters
    ----------
    path : str
        The atlas.
    labels : sequence of str or int
        Names or numbers.
    hemisphere : {"L", "R"} or None
        The one that is asked for, for messages.
    values, names
        From `on_places`.
    whose : str
        Of what the labels are, for messages: a seed.

    Returns
    -------
    numpy.ndarray of bool, shape (n_places,)

    Raises
    ------
    InputError
        If no place has a label.
    """
    wanted: set[int] = set()
    for label in labels:
        if isinstance(label, int) and path.endswith(ANNOTATIONS):
            raise InputError(
                f"{path}: {whose} has the label {label}, and an annotation of FreeSurfer "
                f"knows names alone; expected one of {_some([*names])}"
            )
        numbers = {label} if isinstance(label, int) else names.get(label)
        if numbers is None or not np.isin(values, list(numbers)).any():
            where = f" in the {HEMISPHERES[hemisphere]} hemisphere" if hemisphere else ""
            raise InputError(
                f"{path}: the label {label!r} of {whose} is not there{where}; it has "
                f"{_some([*names] or sorted(map(int, np.unique(values))))}"
            )
        wanted |= numbers
    return np.isin(values, list(wanted))


def _some(names: Sequence[object], at_most: int = 8) -> str:
    return ", ".join(map(str, names[:at_most])) + (f", ... ({len(names)} in all)" if len(names) > at_most else "")

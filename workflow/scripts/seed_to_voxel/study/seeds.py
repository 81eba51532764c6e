"""The table of seeds."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from types import MappingProxyType
from typing import Any

from ..base import tables
from ..base.errors import InputError
from ..base.files import check_name, check_present
from . import nki_surface
from .bids import MNI, Run, check_label, in_mni, on_surface

KINDS = {
    "sphere": ("x", "y", "z", "radius_mm"),
    "mask": ("file",),
    "atlas": ("file", "labels"),
    "peak": ("file", "radius_mm"),
    "surface": ("radius_mm",),
}
"""Kinds of seeds, with the columns that each needs."""

MAX_NAME = 100
"""Characters of what figures call a seed."""

COORDINATES = ("x", "y", "z", "radius_mm")

OPTIONAL = (
    *("kind", *COORDINATES, "file", "labels", "reference", "map", "mean", "name", "space"),
    *("hemisphere", "vertex"),
)

HEMISPHERES = ("L", "R")

OF_SURFACES = (".gii", ".annot", ".dlabel.nii", ".dscalar.nii")
"""Endings of files that have a value for each vertex."""


@dataclass(frozen=True)
class Seed:
    """A small region of the brain, in MNI space.

    Attributes
    ----------
    label : str
        Letters and digits, for instance ``PCC``.
    x, y, z : float or None
        Centre of a sphere in mm.
    radius_mm : float or None
        Radius of a sphere, or of the neighbourhood of a peak, in mm.
    name : str
        What figures call it; the label where the table gives no name.
    kind : {"sphere", "mask", "atlas", "peak", "surface"}
        A sphere; the non-zero voxels of an image; labels of an atlas; the neighbourhood of the peak
        inside a mask; the neighbourhood along the cortical surface of a vertex.
    file : str or None
        Image of a mask, an atlas, or the mask in which the peak is looked for.
    file_right : str or None
        The right hemisphere of an atlas whose `file` is the left one, where a seed is of both.
    atlas : str or None
        Name of an atlas that comes with the dataset, which the files are of.
    labels : tuple of int or str
        Of an atlas; names where it is one of a surface.
    reference : str or None
        Label of the seed with which a peak's neighbourhood correlates most.
    map : str or None
        Image whose highest voxel inside the mask is the peak.
    mean : {"plain", "weighted"}
        Whether the image's values weigh the voxels of a mask.
    space : str
        Label of the space that the coordinates or the image are in: ``MNI`` for any MNI template.
    hemisphere : {"L", "R"} or None
        Of a seed on the surface.
    vertex : int or None
        At the middle of a patch of the surface; the nearest to its coordinates where it is None.
    """

    label: str
    x: float | None = None
    y: float | None = None
    z: float | None = None
    radius_mm: float | None = None
    name: str = ""
    kind: str = "sphere"
    file: str | None = None
    file_right: str | None = None
    atlas: str | None = None
    labels: tuple[int | str, ...] = ()
    reference: str | None = None
    map: str | None = None
    mean: str = "plain"
    space: str = MNI
    hemisphere: str | None = None
    vertex: int | None = None

    @property
    def centre(self) -> tuple[float | None, float | None, float | None]:
        """The centre of a sphere as (x, y, z), in mm."""
        return (self.x, self.y, self.z)

    @property
    def files(self) -> list[str]:
        """Images that the seed is made from."""
        return [path for path in (self.file, self.file_right, self.map) if path]

    @property
    def described(self) -> dict[str, Any]:
        """The seed for scripts and sidecars: what applies to its kind, and no more."""
        spare: dict[str, object] = {"kind": "sphere", "labels": (), "mean": "plain", "space": MNI}
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in vars(self).items()
            if value is not None and (key not in spare or value != spare[key])
        }


def read_seeds(path: str | PathLike[str], atlases: Mapping[str, tuple[str, str]] = MappingProxyType({})) -> list[Seed]:
    """Read a table of seeds: ``label x y z radius_mm``, or other kinds of seeds, and perhaps ``name``.

    Parameters
    ----------
    path : str or path-like
        A tab-separated table, a seed a row; coordinates and radii in mm.
    atlases : dict of str to (str, str), optional
        Atlases of the cortical surface that come with the dataset, by what a table has as ``file``: where the left and
        the right hemisphere will be, once they are fetched.

    Returns
    -------
    list of Seed

    Raises
    ------
    InputError
        If a label, coordinate, radius or file cannot be used, or a label is there twice.
    """
    seeds: dict[str, Seed] = {}
    for where, row in tables.read(path, ("label",), OPTIONAL):
        seed = _read_seed(where, row, atlases)
        if seed.label.lower() in {known.lower() for known in seeds}:
            raise InputError(
                f"{where}: the seed {seed.label!r} is there twice (upper and lower case count as the same, as "
                "some file systems do not tell them apart); give each seed its own label"
            )
        seeds[seed.label] = seed
    for seed in seeds.values():
        if seed.reference is not None and (seed.reference not in seeds or seeds[seed.reference].reference is not None):
            raise InputError(
                f"{path}: the seed {seed.label!r} has the reference {seed.reference!r}; expected the label of another "
                f"seed of the table that has no reference itself: "
                f"{', '.join(label for label, known in seeds.items() if known.reference is None) or 'there is none'}"
            )
    return list(seeds.values())


def check_spaces(seeds: Iterable[Seed], runs: Iterable[Run]) -> list[str]:
    """Refuse seeds in another space than a run's.

    Parameters
    ----------
    seeds : iterable of Seed
    runs : iterable of bids.Run

    Returns
    -------
    list of str
        What is allowed and worth saying, a sentence each: MNI templates differ by millimetres.

    Raises
    ------
    InputError
        If a run is in a space that a seed is not given in.
    """
    spaces: dict[str, Run] = {}
    for run in runs:
        spaces.setdefault(run.space, run)
    notes = []
    for seed in seeds:
        for space, run in spaces.items():
            both_mni = in_mni(space) and in_mni(seed.space)
            # The vertices of these templates have MNI coordinates.
            by_coordinates = in_mni(seed.space) and on_surface(space) and seed.x is not None
            if space != seed.space and not both_mni and not by_coordinates:
                raise InputError(
                    f"the seed {seed.label!r} is given in the space {seed.space}, and {run.stem} ({run.source}) is in "
                    f"{space}; expected both in one space. Take the runs in {seed.space} space, or give the seeds in "
                    f"{space} and say so in the column 'space' of the table of seeds"
                )
            if both_mni and seed.space not in (MNI, space):
                notes.append(
                    f"the seed {seed.label!r} is given in {seed.space} and used in {space}: these templates differ by "
                    "some millimetres."
                )
    return notes


def _read_seed(where: str, row: Mapping[str, Any], atlases: Mapping[str, tuple[str, str]]) -> Seed:
    """One seed from its row."""
    atlas = row["file"] if row["kind"] == "atlas" and row["file"] in atlases else None
    file_right: str | None = None
    if atlas is not None:
        left, right = atlases[atlas]
        row = {**row, "file": right if row["hemisphere"] == "R" else left}
        file_right = right if row["hemisphere"] is None else None
    label = check_label(row["label"], f"{where}, column 'label'")
    kind = row["kind"] or "sphere"
    if kind not in KINDS:
        raise InputError(f"{where}: kind is {kind!r}; expected {', '.join(KINDS)}")
    empty = [name for name in KINDS[kind] if row[name] is None]
    if empty:
        raise InputError(
            f"{where}: a seed of the kind {kind} needs {', '.join(KINDS[kind])}; "
            f"{', '.join(map(repr, empty))} {'are' if len(empty) > 1 else 'is'} empty or not there"
        )
    if kind == "peak" and (row["reference"] is None) == (row["map"] is None):
        raise InputError(
            f"{where}: a seed of the kind peak needs either a reference (label of another seed) or a map (an image)"
        )
    further = {
        "peak": ("reference", "map"),
        "mask": ("mean", "hemisphere"),
        "atlas": ("hemisphere",),
        "surface": ("x", "y", "z", "vertex", "hemisphere"),
    }
    meant = {*KINDS[kind], *further.get(kind, ())}
    idle = [name for name in OPTIONAL if name not in {*meant, "kind", "name", "space"} and row[name] is not None]
    if idle:
        raise InputError(
            f"{where}: {', '.join(idle)} {'have' if len(idle) > 1 else 'has'} no meaning for a seed of the kind {kind};"
            f" expected {', '.join(sorted(meant))} only (n/a elsewhere)"
        )
    numbers = {name: tables.number(row[name], where, name, "mm") for name in COORDINATES if row[name] is not None}
    if not numbers.get("radius_mm", 1) > 0:
        raise InputError(f"{where}: radius_mm is {row['radius_mm']}; expected more than 0 mm")
    if len(row["name"] or "") > MAX_NAME:
        raise InputError(f"{where}: name is {tables.shown(row['name'])}; expected at most {MAX_NAME} characters")
    mean = row["mean"] or "plain"
    if mean not in ("plain", "weighted"):
        raise InputError(f"{where}: mean is {mean!r}; expected plain or weighted")
    on_mesh = (row["file"] or "").endswith(OF_SURFACES) or row["file"] == nki_surface.ATLAS
    if row["hemisphere"] not in (None, *HEMISPHERES):
        raise InputError(f"{where}: hemisphere is {tables.shown(row['hemisphere'])}; expected L or R")
    if row["hemisphere"] and kind != "surface" and not on_mesh:
        raise InputError(
            f"{where}: hemisphere is {row['hemisphere']}, and {row['file']} is no file of a surface "
            f"({', '.join(OF_SURFACES)}); expected n/a"
        )
    seed = Seed(
        label,
        **numbers,
        name=row["name"] or label,
        kind=kind,
        file=row["file"],
        file_right=file_right,
        atlas=atlas,
        labels=_read_labels(row["labels"], where, on_mesh),
        reference=row["reference"],
        map=row["map"],
        mean=mean,
        space=check_label(row["space"] or MNI, f"{where}, column 'space'"),
        hemisphere=row["hemisphere"],
        vertex=_read_vertex(row, numbers, where) if kind == "surface" else None,
    )
    for path in seed.files if atlas is None else ():
        check_name(path, where)
        if not os.path.lexists(path):
            raise InputError(
                f"{where}: no such file: {path} (looked for from {os.getcwd()}); expected an image, its path absolute "
                "or relative to the working directory" + _brought(path, atlases)
            )
        check_present(path)
    return seed


def _brought(path: str, atlases: Mapping[str, tuple[str, str]]) -> str:
    """What to say of a file that is not there and might be meant for an atlas of the dataset."""
    if path == nki_surface.ATLAS:
        return f"; the atlas {path} comes with dataset.kind: {nki_surface.KIND} alone, for seeds of the kind atlas"
    return f", or, with the kind atlas, one of this dataset: {', '.join(atlases)}" if atlases else ""


def _read_vertex(row: Mapping[str, Any], numbers: Mapping[str, float], where: str) -> int | None:
    """The vertex of a patch of the surface, None where it is given by its coordinates."""
    placed = [axis for axis in "xyz" if axis in numbers]
    if row["vertex"] is None and len(placed) == 3:
        return None
    if row["vertex"] is None or placed:
        raise InputError(
            f"{where}: a seed of the kind surface needs either x, y and z (MNI mm) or a vertex with its hemisphere"
        )
    if not (row["vertex"].isascii() and row["vertex"].isdecimal()):
        raise InputError(f"{where}: vertex is {tables.shown(row['vertex'])}; expected a whole number, from 0 on")
    if row["hemisphere"] is None:
        raise InputError(f"{where}: the vertex {row['vertex']} is of no hemisphere; expected L or R in that column")
    return int(row["vertex"])


def _read_labels(cell: str | None, where: str, on_mesh: bool = False) -> tuple[int | str, ...]:
    """The labels of an atlas: ``3`` or ``3,17``; of one of a surface names, too."""
    if cell is None:
        return ()
    parts = [part.strip() for part in cell.split(",")]
    if on_mesh and all(parts):
        return tuple(int(part) if part.isascii() and part.isdecimal() else part for part in parts)
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise InputError(
            f"{where}: the column 'labels' is {tables.shown(cell)}; expected whole numbers of the atlas, separated by "
            "commas"
        )
    return tuple(map(int, parts))

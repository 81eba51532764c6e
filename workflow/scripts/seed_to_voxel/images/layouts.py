"""How the values of a map stand in its files: a volume, a GIFTI file for each hemisphere, or a CIFTI file.

What makes and changes maps works on arrays and asks here alone for reading and writing, so that it is the same for
voxels and for vertices.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from xml.parsers.expat import ExpatError

import nibabel
import numpy as np
from nibabel.cifti2 import BrainModelAxis, Cifti2Header, Cifti2Image, ScalarAxis
from nibabel.cifti2.parse_cifti2 import Cifti2Extension

from ..base import words
from ..base.errors import InputError
from . import nifti
from .resampling import same_grid

if TYPE_CHECKING:
    from nibabel import Nifti1Pair

CORTEX = {"L": "CIFTI_STRUCTURE_CORTEX_LEFT", "R": "CIFTI_STRUCTURE_CORTEX_RIGHT"}
"""Names of the hemispheres' surfaces, by their labels in BIDS names."""

GIFTI_NAMES = {"L": "CortexLeft", "R": "CortexRight"}
"""The same in the metadata of GIFTI files."""

NAMED = re.compile(r"(?<![a-zA-Z0-9])hemi-([LR])(?![a-zA-Z0-9])|^([lr])h\.")
"""What a file's name says of its hemisphere: ``hemi-L``, as BIDS does, or ``lh.`` in front, as FreeSurfer."""

READ_ERRORS: tuple[type[Exception], ...] = (*nifti.READ_ERRORS, ExpatError, KeyError, AttributeError, TypeError)
"""What nibabel raises at a damaged GIFTI or CIFTI file."""


PLACES = b'<MatrixIndicesMap AppliesToMatrixDimension="1"'
"""What begins the description of places in the XML of a CIFTI file; in a name of a map, < and quotes are escaped."""


class Layout(ABC):
    """Where the values of a map stand in its files.

    Attributes
    ----------
    shape : tuple of int
        Of a map as an array.
    word, words : str
        What one place of it is called, and several.
    outside : float
        What a map holds outside of the mask.
    """

    word: ClassVar[str] = "voxel"
    words: ClassVar[str] = "voxels"
    outside: ClassVar[float] = 0.0
    shape: tuple[int, ...]

    @property
    def affine(self) -> np.ndarray:
        """Of a grid, of shape (4, 4)."""
        raise TypeError(f"{type(self).__name__} is no grid")

    @abstractmethod
    def read(self, paths: Sequence[str]) -> np.ndarray:
        """Values of a map, of shape `shape`."""

    @abstractmethod
    def save(self, paths: Sequence[str], data: np.ndarray, description: str = "", intent: str | None = None) -> None:
        """Save a map; the same data are the same file.

        Parameters
        ----------
        paths : sequence of str
            One, or one for each hemisphere, the left one first.
        data : numpy.ndarray of shape `shape`
        description : str
        intent : str or None
            What the values are, by nibabel's name of the NIfTI code.
        """

    @abstractmethod
    def read_several(self, paths: Sequence[str]) -> np.ndarray:
        """Values of several maps in one image, of shape (`shape`, n)."""

    @abstractmethod
    def save_several(self, paths: Sequence[str], data: np.ndarray, names: Sequence[str], description: str = "") -> None:
        """Save several maps in one image.

        Parameters
        ----------
        paths : sequence of str
        data : numpy.ndarray of shape (`shape`, n)
        names : sequence of str
            Of the maps, for the forms that name them.
        description : str
        """

    @abstractmethod
    def is_like(self, other: Layout) -> bool:
        """Whether the places of another layout are the same."""

    def save_map(
        self,
        paths: Sequence[str],
        values: np.ndarray,
        mask: np.ndarray,
        description: str = "",
        intent: str | None = None,
    ) -> None:
        """Save one value for each place of a mask, float32; see `save`.

        Parameters
        ----------
        paths : sequence of str
        values : numpy.ndarray of shape (n,)
            In the order of ``data[mask]``; NaN where undefined.
        mask : numpy.ndarray of bool, shape `shape`
            What lies outside of it becomes `outside`.
        description : str
        intent : str or None
        """
        data = np.full(self.shape, self.outside, dtype=np.float32)
        data[mask] = values
        self.save(paths, data, description, intent)

    def hemispheres(self, data: np.ndarray) -> dict[str, np.ndarray]:
        """Values at the vertices of each hemisphere by its label, NaN where a file has none.

        Of a hemisphere that a file lacks, there are none at all; see `meshes.filled`.

        Parameters
        ----------
        data : numpy.ndarray of shape `shape`
        """
        raise TypeError(f"{type(self).__name__} has no hemispheres")

    def said(self, content: Any) -> Any:
        """What is said of voxels, with the word for this layout's places: texts, also inside of lists and dicts."""
        return words.of_places(content, self.words)

    def said_of_groups(self, content: dict[str, Any]) -> dict[str, Any]:
        """The same of a sidecar of groups, whose keys name voxels too: ``NumberOfVertices``."""
        return words.of_keys(self.said(content), self.words)


class Volume(Layout):
    """Voxels of a grid, in NIfTI.

    Parameters
    ----------
    reference : nibabel image
        Its affine and its space codes are kept.
    """

    def __init__(self, reference: Nifti1Pair) -> None:
        self.reference = reference
        self.shape = reference.shape[:3]

    @property
    def affine(self) -> np.ndarray:
        """See `Layout`."""
        return self.reference.affine

    def read(self, paths: Sequence[str]) -> np.ndarray:
        """See `Layout`."""
        return np.asarray(nifti.load(paths[0], 3).dataobj)

    def save(self, paths: Sequence[str], data: np.ndarray, description: str = "", intent: str | None = None) -> None:
        """See `Layout`."""
        nifti.save(paths[0], data, self.reference, description, intent)

    def read_several(self, paths: Sequence[str]) -> np.ndarray:
        """See `Layout`."""
        return np.asarray(nifti.load(paths[0], 4).dataobj)

    def save_several(
        self,
        paths: Sequence[str],
        data: np.ndarray,
        names: Sequence[str],
        description: str = "",
    ) -> None:
        """See `Layout`."""
        nifti.save(paths[0], data, self.reference, description)

    def is_like(self, other: Layout) -> bool:
        """See `Layout`."""
        return isinstance(other, Volume) and same_grid(self.reference, other.reference)


class Hemispheres(Layout):
    """Vertices of both hemispheres, a GIFTI file each; the left one's come first.

    Parameters
    ----------
    counts : sequence of int
        Vertices of the left and of the right hemisphere.
    """

    word: ClassVar[str] = "vertex"
    words: ClassVar[str] = "vertices"
    outside: ClassVar[float] = float("nan")

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = tuple(counts)
        self.shape = (sum(counts),)

    def hemispheres(self, data: np.ndarray) -> dict[str, np.ndarray]:
        """See `Layout`."""
        return {"L": data[: self.counts[0]], "R": data[self.counts[0] :]}

    def read(self, paths: Sequence[str]) -> np.ndarray:
        """See `Layout`."""
        return np.concatenate([load_gifti(path).darrays[0].data for path in paths])

    def save(self, paths: Sequence[str], data: np.ndarray, description: str = "", intent: str | None = None) -> None:
        """See `Layout`."""
        self._write(paths, data[:, None], [description], intent)

    def _write(self, paths: Sequence[str], data: np.ndarray, names: Sequence[str], intent: str | None) -> None:
        for path, (hemisphere, values) in zip(paths, self.hemispheres(data).items(), strict=True):
            arrays = [
                nibabel.gifti.GiftiDataArray(
                    np.ascontiguousarray(column),
                    intent=intent or "none",
                    datatype={np.uint8: "NIFTI_TYPE_UINT8"}.get(data.dtype.type, "NIFTI_TYPE_FLOAT32"),
                    meta=nibabel.gifti.GiftiMetaData({"Name": name}),
                )
                for column, name in zip(values.T, names, strict=True)
            ]
            meta = nibabel.gifti.GiftiMetaData({"AnatomicalStructurePrimary": GIFTI_NAMES[hemisphere]})
            Path(path).write_bytes(nibabel.GiftiImage(darrays=arrays, meta=meta).to_bytes())

    def read_several(self, paths: Sequence[str]) -> np.ndarray:
        """See `Layout`."""
        return np.concatenate([np.stack([array.data for array in load_gifti(path).darrays], axis=1) for path in paths])

    def save_several(self, paths: Sequence[str], data: np.ndarray, names: Sequence[str], description: str = "") -> None:
        """See `Layout`."""
        self._write(paths, data, [f"{description}, {name}" for name in names], None)

    def is_like(self, other: Layout) -> bool:
        """See `Layout`."""
        return isinstance(other, Hemispheres) and self.counts == other.counts


class Grayordinates(Layout):
    """Brain models of a CIFTI file: vertices and voxels in its order.

    Parameters
    ----------
    axis : nibabel.cifti2.BrainModelAxis
    """

    word: ClassVar[str] = "grayordinate"
    words: ClassVar[str] = "grayordinates"
    outside: ClassVar[float] = float("nan")

    def __init__(self, axis: BrainModelAxis) -> None:
        self.axis = axis
        self.shape = (len(axis),)

    def hemispheres(self, data: np.ndarray) -> dict[str, np.ndarray]:
        """See `Layout`."""
        found = {}
        for hemisphere, name in CORTEX.items():
            own = self.axis.name == name
            found[hemisphere] = np.full(self.axis.nvertices.get(name, 0), np.nan, dtype=np.float32)
            found[hemisphere][self.axis.vertex[own]] = data[own]
        return found

    def read(self, paths: Sequence[str]) -> np.ndarray:
        """See `Layout`."""
        return _maps_of_cifti(paths[0])[0]

    def save(self, paths: Sequence[str], data: np.ndarray, description: str = "", intent: str | None = None) -> None:
        """See `Layout`."""
        self.save_several(paths, data[:, None], [description or "map"])

    def read_several(self, paths: Sequence[str]) -> np.ndarray:
        """See `Layout`."""
        return _maps_of_cifti(paths[0]).T

    def save_several(
        self,
        paths: Sequence[str],
        data: np.ndarray,
        names: Sequence[str],
        description: str = "",
    ) -> None:
        """See `Layout`."""
        values = np.ascontiguousarray(np.asarray(data, dtype=np.float32).T)
        header = nibabel.Nifti2Header()
        header.set_data_dtype(np.float32)
        header.set_intent("ConnDenseScalar")
        header["pixdim"][:4] = 1
        header.extensions.append(Cifti2Extension.from_bytes(self._xml(names)))
        image = nibabel.Nifti2Image(values.reshape(1, 1, 1, 1, *values.shape), None, header)
        Path(paths[0]).write_bytes(image.to_bytes())

    def _xml(self, names: Sequence[str]) -> bytes:
        """What a file says of its maps and places: the same bytes as nibabel makes, which takes longer than a map does.

        Of the places it is made once. Of the maps it is made with a single place, which is then put aside.
        """
        one = BrainModelAxis.from_surface(np.arange(1), 1, "CortexLeft")
        head = Cifti2Header.from_axes((ScalarAxis(list(names)), one)).to_xml()
        return head[: head.index(PLACES)] + self._places

    @cached_property
    def _places(self) -> bytes:
        whole = Cifti2Header.from_axes((ScalarAxis(["map"]), self.axis)).to_xml()
        return whole[whole.index(PLACES) :]

    def is_like(self, other: Layout) -> bool:
        """See `Layout`."""
        return isinstance(other, Grayordinates) and self.axis == other.axis


def load_gifti(path: str) -> nibabel.GiftiImage:
    """Open a GIFTI file with data.

    Raises
    ------
    InputError
        If it is missing, damaged, of another kind or empty.
    """
    return _load(path, nibabel.GiftiImage, "GIFTI (.func.gii)")


def hemisphere_of(path: str | PathLike[str], image: nibabel.GiftiImage | None = None) -> str | None:
    """Which hemisphere a file says that it is of.

    Parameters
    ----------
    path : str or path-like
    image : nibabel.GiftiImage, optional
        Its content. ``AnatomicalStructurePrimary`` in its metadata, or in those of its arrays, where meshes have it,
        goes before the name.

    Returns
    -------
    {"L", "R"} or None
    """
    if image is not None:
        short = {long: label for label, long in GIFTI_NAMES.items()}
        for meta in (image.meta, *(array.meta for array in image.darrays)):
            if (stated := (meta or {}).get("AnatomicalStructurePrimary")) in short:
                return short[stated]
    found = NAMED.search(Path(path).name)
    return (found[1] or found[2]).upper() if found else None


def check_hemisphere(path: str | PathLike[str], hemisphere: str, image: nibabel.GiftiImage | None = None) -> None:
    """Refuse a file that stands for a hemisphere and says that it is of the other, with an `InputError`."""
    stated = hemisphere_of(path, image)
    if stated is not None and stated != hemisphere:
        sides = {"L": "left", "R": "right"}
        raise InputError(
            f"{path}: is of the {sides[stated]} hemisphere, as its metadata or its name says, and stands for the "
            f"{sides[hemisphere]} one; expected each hemisphere in its own place: are the two exchanged?"
        )


def load_cifti(path: str) -> tuple[Cifti2Image, BrainModelAxis]:
    """Open a CIFTI file whose last axis is brain models.

    Returns
    -------
    image : nibabel.Cifti2Image
    axis : nibabel.cifti2.BrainModelAxis

    Raises
    ------
    InputError
        If it is missing, damaged or of another kind.
    """
    image = _load(path, Cifti2Image, "CIFTI (.dtseries.nii, .dscalar.nii, .dlabel.nii)")
    try:
        last = image.header.get_axis(image.ndim - 1)
    except READ_ERRORS as error:
        raise InputError(f"{path}: its CIFTI header cannot be read ({error}); is the file complete?") from error
    if not isinstance(last, BrainModelAxis):
        raise InputError(f"{path}: its columns are {type(last).__name__}; expected brain models (a dense CIFTI file)")
    return image, last


def _maps_of_cifti(path: str) -> np.ndarray:
    """Values of a CIFTI file of maps, of shape (n_maps, n_places); what it says of the places is not looked at."""
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        values = np.asarray(nibabel.Nifti2Image.from_filename(path).dataobj)
        return values.reshape(values.shape[4:])
    except READ_ERRORS as error:
        raise InputError(f"{path}: cannot be read as CIFTI (.dscalar.nii) ({error}); is the file complete?") from error


def _load(path: str, kind: type, name: str) -> Any:
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        image = nibabel.load(path)
        if isinstance(image, nibabel.GiftiImage) and not all(np.size(array.data) for array in image.darrays):
            raise ValueError("a data array is empty")
    except READ_ERRORS as error:
        raise InputError(f"{path}: cannot be read as {name} ({error}); is the file complete?") from error
    if not isinstance(image, kind) or (isinstance(image, nibabel.GiftiImage) and not image.darrays):
        what = "a GIFTI file without data" if isinstance(image, kind) else f"a file of the kind {type(image).__name__}"
        raise InputError(f"{path}: found {what}; expected {name}")
    return image


def of_files(paths: Sequence[str]) -> Layout:
    """The layout of a map or mask that this workflow has written.

    Parameters
    ----------
    paths : sequence of str
        One, or one for each hemisphere.

    Returns
    -------
    Layout
    """
    if len(paths) == 2:
        return Hemispheres([len(load_gifti(path).darrays[0].data) for path in paths])
    if paths[0].endswith(".dscalar.nii"):
        return Grayordinates(load_cifti(paths[0])[1])
    return Volume(nifti.load(paths[0], 3))


def of_each(files: Sequence[Sequence[str]]) -> list[Layout]:
    """The layouts of several maps or masks; of those that are alike it is one and the same.

    Of many runs the places of a CIFTI file would take much memory, and comparing each with each much time.

    Parameters
    ----------
    files : sequence of sequence of str
        See `of_files`.

    Returns
    -------
    list of Layout
    """
    known: list[Layout] = []
    found = []
    for paths in files:
        layout = of_files(paths)
        like = next((other for other in known if other.is_like(layout)), layout)
        if like is layout:
            known.append(layout)
        found.append(like)
    return found


def of_several(paths: Sequence[str]) -> Layout:
    """The layout of an image of several maps that this workflow has written; see `of_files`."""
    return Volume(nifti.load(paths[0], 4)) if paths[0].endswith(".nii.gz") else of_files(paths)


def listed(paths: str | Sequence[str]) -> list[str]:
    """The files of one image, as a list: a rule names one alone where it is one."""
    return [paths] if isinstance(paths, str) else list(paths)


def in_turn(paths: Sequence[str], n: int) -> list[list[str]]:
    """The files of several images, image by image.

    Parameters
    ----------
    paths : sequence of str
        Of all images, those of an image together.
    n : int
        How many images there are.
    """
    each = len(paths) // n
    return [list(paths[number * each : (number + 1) * each]) for number in range(n)]

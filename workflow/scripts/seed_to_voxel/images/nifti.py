"""Images: opened with care, read a volume at a time, saved as maps."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel
import numpy as np
from isal import igzip, isal_zlib
from nibabel import Nifti1Pair

from ..base.errors import InputError
from ..study.nifti_header import check_size
from .resampling import same_grid

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage

READ_ERRORS: tuple[type[Exception], ...] = (
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    nibabel.spatialimages.HeaderDataError,
    nibabel.spatialimages.HeaderTypeError,
    zlib.error,
    isal_zlib.error,  # type: ignore[assignment]  # its stub takes the class for an instance
    nibabel.filebasedimages.ImageFileError,
)
"""What nibabel and the decompressors raise at a file that is cut short or damaged, or whose header cannot be true."""


def load(path: str | PathLike[str], ndim: int) -> Nifti1Pair:
    """Open a NIfTI image and check its number of dimensions; the data stay on disk.

    Parameters
    ----------
    path : str or path-like
    ndim : int
        3 for a mask or map, 4 for a run.

    Returns
    -------
    nibabel.Nifti1Pair
        NIfTI-1 or NIfTI-2. Its file stays open once read, so that reading volumes in order decompresses the file once.

    Raises
    ------
    InputError
        If the file is missing, no NIfTI image, has another number of dimensions or no orientation, or holds
        anything but real numbers.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        image = nibabel.load(path, keep_file_open=True)
        if str(path).endswith(".gz"):
            # Decompressing is half of a pass over a run, and isal does it twice as fast as Python's own gzip.
            holder = nibabel.FileHolder(str(path), igzip.open(path))
            image = type(image).from_file_map({"image": holder, "header": holder})
    except READ_ERRORS as error:
        raise InputError(f"{path}: cannot be read as an image ({error}); is the file complete?") from error
    if not isinstance(image, Nifti1Pair):
        raise InputError(f"{path}: found an image of the kind {type(image).__name__}; expected NIfTI: convert it first")
    if min(image.shape, default=0) < 1:
        raise InputError(f"{path}: the header states the dimensions {image.shape}; expected positive ones")
    if len(image.shape) != ndim:
        kind = {3: "a 3-D image", 4: "a 4-D run (x, y, z, time)"}[ndim]
        raise InputError(f"{path}: found {len(image.shape)} dimensions {image.shape}, expected {kind}")
    if image.get_data_dtype().kind not in "iuf":
        raise InputError(
            f"{path}: its values are of the type {image.header.get_value_label('datatype')}; expected one real number "
            "a voxel (of complex data, write the magnitude)"
        )
    if not any(int(image.header[f"{form}_code"]) for form in ("sform", "qform")):
        raise InputError(
            f"{path}: the header does not say where the image lies (sform and qform code are 0), so that no coordinate "
            "can be found in it; expected an image with its orientation. If its affine is right, set the code, for "
            "instance with nibabel's `image.set_sform(image.affine, 'mni')`"
        )
    affine = np.asarray(image.affine)
    if not np.isfinite(affine).all() or np.linalg.matrix_rank(affine[:3, :3]) < 3:
        raise InputError(
            f"{path}: found the affine {affine.tolist()}; expected one that gives each voxel a place of its own "
            "(numbers, and three directions). The header is damaged: write it anew with the program that made the image"
        )
    check_size(str(path), image.shape, image.get_data_dtype().itemsize, image.dataobj.offset)  # type: ignore[attr-defined]
    return image


def values(image: SpatialImage) -> np.ndarray:
    """All values of an image.

    Parameters
    ----------
    image : nibabel image
        From `load`.

    Raises
    ------
    InputError
        If the file ends early or is damaged.
    """
    try:
        return np.asarray(image.dataobj)
    except READ_ERRORS as error:
        raise InputError(
            f"{image.get_filename()}: cannot be read ({error}); the file is truncated or damaged"
        ) from error


def load_run(path: str | PathLike[str]) -> Nifti1Pair:
    """Open a run as `load` does, to be read volume by volume; it must have more than one."""
    image = load(path, 4)
    if image.shape[3] < 2:
        raise InputError(f"{path}: found 1 volume, dimensions {image.shape}; expected a run of many (x, y, z, time)")
    return image


def volumes(image: SpatialImage, notice: Callable[[int, np.ndarray], None] | None = None) -> Iterator[np.ndarray]:
    """Read a run volume by volume.

    The next one could be read in a thread meanwhile. That is no gain where as many runs as there are processors are
    worked on, takes more processor time, and more than the one processor that a job asks for.

    Parameters
    ----------
    image : nibabel image, 4-D
    notice : callable, optional
        Told of each volume with undefined values (NaN or infinite): its number from 0, and where they are.

    Yields
    ------
    numpy.ndarray of shape (x, y, z)
        float32, where non-finite values are zero, as in nilearn; or whole numbers, as they stand in the file. To
        subtract such from each other, make them real first: they can overflow.

    Raises
    ------
    InputError
        If the file ends early or is damaged.
    """

    def read(t: int) -> np.ndarray:
        try:
            stored = np.asarray(image.dataobj[..., t])
        except READ_ERRORS as error:
            raise InputError(
                f"{image.get_filename()}: volume {t + 1} of {image.shape[-1]} cannot be read "
                f"({type(error).__name__}: {error}); the file is truncated or damaged: copy or download it again"
            ) from error
        # These have no NaN, unless a factor scales them.
        if stored.dtype.kind in "iu":
            return stored
        volume = stored.astype(np.float32, copy=False)
        if not (defined := np.isfinite(volume)).all():
            if notice is not None:
                notice(t, ~defined)
            volume = np.nan_to_num(volume, nan=0.0, posinf=0.0, neginf=0.0)
        return volume

    return map(read, range(image.shape[-1]))


def load_mask(path: str | PathLike[str], run_image: SpatialImage) -> np.ndarray:
    """Read a brain mask that lies on a run's grid.

    Parameters
    ----------
    path : str or path-like
    run_image : nibabel image
        The run it belongs to.

    Returns
    -------
    numpy.ndarray of bool, shape (x, y, z)

    Raises
    ------
    InputError
        If the grids differ or no voxel is in the mask.
    """
    image = load(path, 3)
    if not same_grid(image, run_image):
        raise InputError(
            f"{path}: the mask is on another grid than its run: shape {image.shape} and affine "
            f"{image.affine.tolist()}, expected {run_image.shape[:3]} and {run_image.affine.tolist()} of "
            f"{run_image.get_filename()}; resample the mask to the run (nearest neighbour) first"
        )
    mask = inside(values(image), path)
    if not mask.any():
        raise InputError(f"{path}: no voxel is in the mask (all values are 0)")
    return mask


def inside(values: np.ndarray, path: str | PathLike[str]) -> np.ndarray:
    """Which voxels a mask means.

    Parameters
    ----------
    values : numpy.ndarray
        Of a mask: whole numbers, none of them negative.
    path : str or path-like
        For messages.

    Returns
    -------
    numpy.ndarray of bool
        True where the value is neither 0 nor NaN.

    Raises
    ------
    InputError
        If a value is negative or a fraction: a map of probabilities or a statistic is no mask before
        somebody has chosen a threshold.
    """
    known = values[~np.isnan(values)]
    if (known < 0).any() or not np.isfinite(known).all() or (known != np.rint(known)).any():
        raise InputError(
            f"{path}: found values from {known.min():g} to {known.max():g}; expected a mask, 0 outside and a "
            "positive whole number inside. Threshold a map of probabilities or of a statistic first"
        )
    return np.nan_to_num(values) != 0


def save_map(
    path: str | PathLike[str],
    values: np.ndarray,
    mask: np.ndarray,
    reference: Nifti1Pair,
    description: str = "",
    intent: str | None = None,
) -> None:
    """Save one value a voxel as a float32 NIfTI image on a run's grid.

    Parameters
    ----------
    path : str or path-like
    values : numpy.ndarray of shape (n_voxels,)
        In the order of ``volume[mask]``; NaN where undefined.
    mask : numpy.ndarray of bool, shape (x, y, z)
        Voxels outside of it become 0.
    reference : nibabel image
        Its affine and its space codes are kept.
    description : str
        At most 79 characters, for the header.
    intent : str or None
        What the values are, by nibabel's name of the NIfTI code: ``z score``, ``log10 p value``.
    """
    data = np.zeros(mask.shape, dtype=np.float32)
    data[mask] = values
    save(path, data, reference, description, intent)


def save(
    path: str | PathLike[str],
    data: np.ndarray,
    reference: Nifti1Pair,
    description: str = "",
    intent: str | None = None,
) -> None:
    """Save a 3-D array as compressed NIfTI on the grid of another image, in the array's own type.

    The header starts from scratch, so no scaling of the reference leaks into it. The same data are the same file.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.nii.gz``.
    data : numpy.ndarray of shape (x, y, z)
    reference : nibabel image
    description : str
    intent : str or None
    """
    image = nibabel.Nifti1Image(data, reference.affine)
    codes = {name: int(reference.header[f"{name}_code"]) for name in ("sform", "qform")}
    # A reference has one of the two: `load` sees to it.
    image.set_sform(reference.affine, codes["sform"] or codes["qform"])
    if codes["qform"]:
        image.set_qform(reference.affine, codes["qform"])
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = description
    if intent:
        image.header.set_intent(intent)
    # Ten times as fast as Python's gzip, and no larger; without the time of writing.
    Path(path).write_bytes(igzip.compress(image.to_bytes(), 2, mtime=0))

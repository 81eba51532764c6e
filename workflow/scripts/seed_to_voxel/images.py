"""Images: opened with care, read a volume at a time, smoothed inside a window, saved as maps."""

import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel
import numpy as np

from .errors import InputError

READ_ERRORS = (EOFError, OSError, ValueError, zlib.error, nibabel.filebasedimages.ImageFileError)
"""What nibabel and the decompressors raise at a file that is cut short or damaged."""


def load(path, ndim):
    """Open a NIfTI image and check its number of dimensions; the data stay on disk.

    Parameters
    ----------
    path : str or path-like
    ndim : int
        3 for a mask or map, 4 for a run.

    Returns
    -------
    nibabel image
        Its file stays open once read, so that reading volumes in order decompresses the file once.

    Raises
    ------
    InputError
        If the file is missing, no image, or has another number of dimensions.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        image = nibabel.load(path, keep_file_open=True)
    except READ_ERRORS as error:
        raise InputError(f"{path}: cannot be read as an image ({error}); is the file complete?") from error
    if len(image.shape) != ndim:
        kind = {3: "a 3-D image", 4: "a 4-D run (x, y, z, time)"}[ndim]
        raise InputError(f"{path}: found {len(image.shape)} dimensions {image.shape}, expected {kind}")
    return image


def load_run(path):
    """Open a run as `load` does, to be read volume by volume.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    nibabel image, 4-D

    Raises
    ------
    InputError
        As for `load`.
    """
    from isal import igzip

    image = load(path, 4)
    if str(path).endswith(".gz"):
        # Decompressing is half of a pass over a run, and isal does it twice as fast as Python's own gzip.
        holder = nibabel.FileHolder(str(path), igzip.open(path))
        image = type(image).from_file_map({"image": holder, "header": holder})
    return image


def volumes(image, dtype=np.float32):
    """Read a run volume by volume, the next one in a thread while the last one is worked on.

    Parameters
    ----------
    image : nibabel image, 4-D
    dtype : numpy dtype
        What the scaled values are cast to.

    Yields
    ------
    numpy.ndarray of shape (x, y, z)
        Non-finite values are zero, as in nilearn.

    Raises
    ------
    InputError
        If the file ends early or is damaged.
    """
    from isal import isal_zlib

    def read(t):
        try:
            volume = np.asarray(image.dataobj[..., t], dtype=dtype)
        except (*READ_ERRORS, isal_zlib.error) as error:
            raise InputError(
                f"{image.get_filename()}: volume {t + 1} of {image.shape[3]} cannot be read "
                f"({type(error).__name__}: {error}); the file is truncated or damaged: copy or download it again"
            ) from error
        if image.get_data_dtype().kind == "f" and not np.isfinite(volume).all():
            volume = np.nan_to_num(volume, nan=0.0, posinf=0.0, neginf=0.0)
        return volume

    with ThreadPoolExecutor(1) as reader:
        upcoming = reader.submit(read, 0)
        for t in range(1, image.shape[3] + 1):
            volume = upcoming.result()
            if t < image.shape[3]:
                upcoming = reader.submit(read, t)
            yield volume


def repetition_time(header_t_r, stated):
    """Settle a run's repetition time.

    A NIfTI header often holds a default (1.0, or 0) or milliseconds, so it is never the source; the
    sidecar and the user's table or config are, and they must agree.

    Parameters
    ----------
    header_t_r : float
        The header's fourth zoom, for the message.
    stated : dict of str to float or None
        Repetition times in seconds by where each is stated.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    InputError
        If nobody states it, or two statements differ by more than 1 ms, or it is not positive.
    """
    known = {source: value for source, value in stated.items() if value is not None}
    if not known:
        raise InputError(
            f"no repetition time is stated in {' or '.join(stated)}; the image's header says {header_t_r:g}, but "
            "headers are often wrong. Give RepetitionTime (seconds) in the JSON sidecar beside the image, or "
            "t_r in the table of runs"
        )
    for source, value in known.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise InputError(f"{source}: the repetition time is {value!r}; expected more than 0 seconds")
    if max(known.values()) - min(known.values()) > 1e-3:
        raise InputError(
            "the repetition times contradict each other: "
            + "; ".join(f"{value:g} s in {source}" for source, value in known.items())
            + ". Correct the wrong one"
        )
    return float(next(iter(known.values())))


def load_mask(path, run_image):
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
    if image.shape != run_image.shape[:3] or not np.allclose(image.affine, run_image.affine, atol=1e-3):
        raise InputError(
            f"{path}: the mask is on another grid than its run: shape {image.shape} and affine "
            f"{image.affine.tolist()}, expected {run_image.shape[:3]} and {run_image.affine.tolist()} of "
            f"{run_image.get_filename()}; resample the mask to the run (nearest neighbour) first"
        )
    try:
        mask = np.nan_to_num(np.asarray(image.dataobj)) != 0
    except READ_ERRORS as error:
        raise InputError(f"{path}: cannot be read ({error}); the file is truncated or damaged") from error
    if not mask.any():
        raise InputError(f"{path}: no voxel is in the mask (all values are 0)")
    return mask


def sphere_voxels(centre, radius_mm, affine, shape):
    """Voxels whose centres lie in a sphere, and the voxel that holds its centre.

    The same voxels as `nilearn.maskers.NiftiSpheresMasker` without a mask takes.

    Parameters
    ----------
    centre : tuple of float
        World coordinates in mm.
    radius_mm : float
    affine : numpy.ndarray of shape (4, 4)
    shape : tuple of int
        The image's first three dimensions.

    Returns
    -------
    numpy.ndarray of int, shape (n, 3)
        Voxel indices inside the image; empty if the sphere lies outside of it.
    """
    to_voxels = np.linalg.inv(affine)
    middle = to_voxels[:3, :3] @ centre + to_voxels[:3, 3]
    # The sphere is an ellipsoid in voxel space; a row's norm is its half-width along that axis.
    half = radius_mm * np.linalg.norm(to_voxels[:3, :3], axis=1)
    low = np.maximum(np.floor(middle - half).astype(int), 0)
    high = np.minimum(np.ceil(middle + half).astype(int) + 1, shape)
    if (low >= high).any():
        return np.empty((0, 3), dtype=int)
    box = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.linalg.norm(box @ affine[:3, :3].T + affine[:3, 3] - centre, axis=1)
    nearest = (box == np.round(middle).astype(int)).all(axis=1)
    return box[(distance <= radius_mm) | nearest]


def gaussian_sigma(fwhm, affine):
    """Standard deviation in voxels, along each axis, of a Gaussian given by its width in mm.

    Parameters
    ----------
    fwhm : float or None
        Full width at half maximum, mm; None for no smoothing.
    affine : numpy.ndarray of shape (4, 4)

    Returns
    -------
    numpy.ndarray of shape (3,)
    """
    return (fwhm or 0.0) / (np.sqrt(8 * np.log(2)) * np.linalg.norm(affine[:3, :3], axis=0))


def smoothing_matrix(n, sigma):
    """Gaussian smoothing along an axis as a matrix; scipy itself is asked for it by smoothing the identity.

    Parameters
    ----------
    n : int
        Length of the axis, voxels.
    sigma : float
        Standard deviation in voxels; 0 for no smoothing.

    Returns
    -------
    numpy.ndarray of shape (n, n)
        The kernel of `nilearn.image.smooth_img`: cut at four standard deviations, the image reflected
        at its borders.
    """
    if sigma == 0:
        return np.eye(n)
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(np.eye(n), sigma, axis=0, truncate=4.0)


class WindowedSmoothing:
    """Gaussian smoothing of just the voxels that a mask needs, as matrix products along each axis.

    Of each axis' matrix only the rows in the mask's bounding box are kept, and the columns that those
    draw on: the window that is read from a volume. A row is zero but for the few voxels that the
    kernel reaches, so the rows are taken in bands, each with the columns it draws on.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (x, y, z)
    fwhm : float or None
        Full width at half maximum, mm; None for no smoothing.
    affine : numpy.ndarray of shape (4, 4)
    """

    def __init__(self, mask, fwhm, affine):
        self.bands, window, box = [], [], []
        for axis, sigma in enumerate(gaussian_sigma(fwhm, affine)):
            box.append(_span(mask.any(axis=tuple({0, 1, 2} - {axis}))))
            rows = smoothing_matrix(mask.shape[axis], sigma)[box[-1]]
            window.append(_span(rows.any(axis=0)))
            self.bands.append(_bands(rows[:, window[-1]].astype(np.float32)))
        self.window = tuple(window)
        inside = mask[tuple(box)]
        # Where in the smoothed box, laid out (z, y, x), each voxel stands, in the order of volume[mask].
        self.voxels = np.arange(inside.size).reshape(inside.shape, order="F")[inside]
        x, y, z = inside.shape
        read_x, read_y, read_z = (part.stop - part.start for part in window)
        # Reused: fresh memory for every volume takes longer than the products.
        shapes = (read_z, read_y, read_x), (read_z, read_y, x), (read_z, y, x), (z, y, x)
        self.work = [np.empty(shape, dtype=np.float32) for shape in shapes]

    def __call__(self, volume, less=None, out=None):
        """Smooth a volume and read the mask's voxels.

        Parameters
        ----------
        volume : numpy.ndarray of float32, shape (x, y, z)
        less : numpy.ndarray of float32, shape (x, y, z), optional
            Taken off the volume before.
        out : numpy.ndarray of float32, shape (n_voxels,), optional
            Where the result goes.

        Returns
        -------
        numpy.ndarray of float32, shape (n_voxels,)
            In the order of ``volume[mask]``.
        """
        # NIfTI stores x fastest: transposed to (z, y, x), the window has the contiguous rows that products want.
        part, in_x, in_xy, in_xyz = self.work
        np.subtract(volume[self.window].T, 0 if less is None else less[self.window].T, out=part)
        along_x, along_y, along_z = self.bands
        for rows, columns, band in along_x:
            np.matmul(part[:, :, columns], band.T, out=in_x[:, :, rows])
        for rows, columns, band in along_y:
            np.matmul(band, in_x[:, columns], out=in_xy[:, rows])
        planes, smoothed_planes = in_xy.reshape(len(in_xy), -1), in_xyz.reshape(len(in_xyz), -1)
        for rows, columns, band in along_z:
            np.matmul(band, planes[columns], out=smoothed_planes[rows])
        # With this mode numpy writes into `out` itself, and not into a copy first.
        return np.take(in_xyz, self.voxels, out=out, mode="clip")


def _bands(matrix, height=24):
    """Cut a banded matrix into (rows, columns, part), where all other columns of the rows are zero."""
    starts = range(0, len(matrix), height)
    blocks = [(slice(start, start + height), matrix[start : start + height]) for start in starts]
    spans = [_span(block.any(axis=0)) for _, block in blocks]
    return [
        (rows, span, np.ascontiguousarray(block[:, span])) for (rows, block), span in zip(blocks, spans, strict=True)
    ]


def _span(line):
    """Slice from the first to the last true element."""
    positions = np.flatnonzero(line)
    return slice(positions[0], positions[-1] + 1)


def save_map(path, values, mask, reference, description=""):
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
    """
    data = np.zeros(mask.shape, dtype=np.float32)
    data[mask] = values
    save(path, data, reference, description)


def save(path, data, reference, description=""):
    """Save a 3-D array as compressed NIfTI on the grid of another image, in the array's own type.

    The header starts from scratch, so no scaling of the reference leaks into it. The same data are the same file.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.nii.gz``.
    data : numpy.ndarray of shape (x, y, z)
    reference : nibabel image
    description : str
    """
    from isal import igzip

    image = nibabel.Nifti1Image(data, reference.affine)
    codes = {name: int(reference.header[f"{name}_code"]) for name in ("sform", "qform")}
    image.set_sform(reference.affine, codes["sform"] or 4)
    if codes["qform"]:
        image.set_qform(reference.affine, codes["qform"])
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = description
    # Ten times as fast as Python's gzip, and no larger; without the time of writing.
    Path(path).write_bytes(igzip.compress(image.to_bytes(), 2, mtime=0))

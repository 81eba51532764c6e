"""Gaussian smoothing inside a window, as matrix products along each axis."""

import numpy as np


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

"""Gaussian smoothing inside a window, as matrix products along each axis."""

import numpy as np
import numpy.typing as npt

TRUNCATE = 4.0
"""Standard deviations that a kernel reaches on either side, as in `scipy.ndimage.gaussian_filter`."""

BAND = 16
"""Rows of a matrix that are multiplied at once: as many single-precision numbers as the widest processors take."""

PLANES = 16
"""Planes of a volume that go along x and y together: few enough to stay in a processor's own cache."""


def gaussian_sigma(fwhm: float | None, affine: np.ndarray) -> np.ndarray:
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


def smoothing_matrix(n: int, sigma: float) -> np.ndarray:
    """Gaussian smoothing along an axis as a matrix.

    What `scipy.ndimage.gaussian_filter1d` computes with its defaults, and `nilearn.image.smooth_img` through it.
    scipy is not asked for it, as importing `scipy.ndimage` takes longer than smoothing a small run.

    Parameters
    ----------
    n : int
        Length of the axis, voxels.
    sigma : float
        Standard deviation in voxels; 0 for no smoothing.

    Returns
    -------
    numpy.ndarray of shape (n, n)
        The kernel is cut at `TRUNCATE` standard deviations, and the image reflected at its borders, where a
        border's voxel is its own first reflection.
    """
    if sigma == 0:
        return np.eye(n)
    reach = int(TRUNCATE * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    # Of endless reflections: the image, then the image backwards, and so on.
    places = (np.arange(n)[:, None] + offsets) % (2 * n)
    places = np.minimum(places, 2 * n - 1 - places)
    matrix = np.zeros((n, n))
    np.add.at(matrix, (np.arange(n)[:, None], places), weights)
    return matrix


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

    def __init__(self, mask: np.ndarray, fwhm: float | None, affine: np.ndarray) -> None:
        self.bands, window, box = [], [], []
        for axis, sigma in enumerate(gaussian_sigma(fwhm, affine)):
            box.append(_span(mask.any(axis=tuple({0, 1, 2} - {axis}))))
            rows = smoothing_matrix(mask.shape[axis], sigma)[box[-1]]
            window.append(_span(rows.any(axis=0)))
            self.bands.append(_bands(rows[:, window[-1]].astype(np.float32)))
        # Along x the band stands on the right of the product, where one that is laid out anew takes half the time.
        self.bands[0] = [(rows, columns, np.ascontiguousarray(band.T)) for rows, columns, band in self.bands[0]]
        self.window = tuple(window)
        # Where each voxel stands, in the order of volume[mask], in the smoothed box.
        inside = mask[tuple(box)]
        self.at = np.arange(inside.size).reshape(inside.shape, order="F")[inside]
        x, y, z = (part.stop - part.start for part in box)
        read_x, read_y, read_z = (part.stop - part.start for part in window)
        # Used again: fresh memory for every volume takes longer than the products.
        shapes = (PLANES, read_y, read_x), (PLANES, read_y, x), (read_z, y, x), (z, y, x)
        self.work = [np.empty(shape, dtype=np.float32) for shape in shapes]
        self.less: np.ndarray | None = None
        self.off: np.ndarray | None = None

    def __call__(self, volume: np.ndarray, less: np.ndarray | None = None, out: np.ndarray | None = None) -> np.ndarray:
        """Smooth a volume and read the mask's voxels.

        Parameters
        ----------
        volume : numpy.ndarray, shape (x, y, z)
            Real or whole numbers.
        less : numpy.ndarray, shape (x, y, z), optional
            Taken off the volume before; what it holds is not to change while it is the same array.
        out : numpy.ndarray of float32, shape (n_voxels,), optional
            Where the result goes.

        Returns
        -------
        numpy.ndarray of float32, shape (n_voxels,)
            In the order of ``volume[mask]``.
        """
        # NIfTI stores x fastest: transposed to (z, y, x), the window has the contiguous rows that products want.
        window = volume[self.window].T
        if less is not self.less:
            # The same for every volume: numbers that lie together are taken off sooner.
            self.less, self.off = less, None if less is None else np.ascontiguousarray(less[self.window].T, np.float32)
        *work, in_xy, in_xyz = self.work
        along_x, along_y, along_z = self.bands
        for start in range(0, len(window), PLANES):
            some = slice(start, start + PLANES)
            part, in_x = (memory[: len(window[some])] for memory in work)
            # Made real first: whole numbers would be subtracted as such, and could overflow.
            part[...] = window[some]
            if self.off is not None:
                part -= self.off[some]
            for rows, columns, band in along_x:
                np.matmul(part[:, :, columns], band, out=in_x[:, :, rows])
            for rows, columns, band in along_y:
                np.matmul(band, in_x[:, columns], out=in_xy[some, rows])
        planes, smoothed_planes = in_xy.reshape(len(in_xy), -1), in_xyz.reshape(len(in_xyz), -1)
        for rows, columns, band in along_z:
            np.matmul(band, planes[columns], out=smoothed_planes[rows])
        # With this mode numpy writes into `out` itself, and not into a copy first.
        return np.take(in_xyz, self.at, out=out, mode="clip")

    def later(self, volume: np.ndarray, less: np.ndarray | None, out: np.ndarray) -> None:
        """The same at once; where places are no voxels, volumes wait for one another (`heat.CorticalSmoothing`)."""
        self(volume, less, out)

    def finish(self) -> None:
        """Nothing waits."""


def _bands(matrix: np.ndarray, height: int = BAND) -> list[tuple[slice, slice, np.ndarray]]:
    """Cut a banded matrix into (rows, columns, part), where all other columns of the rows are zero."""
    starts = range(0, len(matrix), height)
    blocks = [(slice(start, start + height), matrix[start : start + height]) for start in starts]
    spans = [_span(block.any(axis=0)) for _, block in blocks]
    return [
        (rows, span, np.ascontiguousarray(block[:, span])) for (rows, block), span in zip(blocks, spans, strict=True)
    ]


def _span(line: npt.ArrayLike) -> slice:
    """Slice from the first to the last true element."""
    positions = np.flatnonzero(line)
    return slice(positions[0], positions[-1] + 1)

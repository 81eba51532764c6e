"""Series that are a file while they are made, so that they need no room in memory besides."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a file system says that has no more room, to anybody or to this user."""


@contextmanager
def series_in(path: str | os.PathLike[str], shape: Sequence[int]) -> Iterator[np.ndarray]:
    """Series to be filled, which are a file afterwards, as `numpy.save` writes it.

    Memory and file are the same pages: held in memory and saved from there, the series of a run's voxels take twice the
    room, and half a second more where a machine has to clear it first. The room on the disk is asked for at once, so
    that a full one is an error before anything is computed, and not a signal that kills the job amid it.

    Where a system cannot do that (macOS, and some file systems), the series are held in memory and saved in the end.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.npy``.
    shape : sequence of int

    Yields
    ------
    numpy.ndarray of float32
        Of that shape; what is in it is not defined.

    Raises
    ------
    OSError
        If the disk has no room for them.
    """
    try:
        series = _mapped(path, tuple(shape))
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from None
        series = np.empty(shape, dtype=np.float32)
        yield series
        np.save(path, series)
    else:
        yield series


def _mapped(path: str | os.PathLike[str], shape: tuple[int, ...]) -> np.ndarray:
    kind = np.dtype(np.float32)
    header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        # Of macOS, Python knows no such call.
        os.posix_fallocate(file.fileno(), file.tell(), int(np.prod(shape)) * kind.itemsize)
    # A plain array: each part that is cut from a `memmap` would be one too, which takes its time.
    return np.asarray(np.lib.format.open_memmap(path, mode="r+"))

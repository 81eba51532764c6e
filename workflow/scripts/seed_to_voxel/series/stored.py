"""Series that are a file while they are made, and not an array that is copied into one."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import numpy as np

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a file system says that has no more room, to anybody or to this user."""

IN_PLACE = ("ext4", "xfs")
"""File systems of a machine's own disks on which what is written twice needs no more room than what is written once."""

ZEROS = bytes(2**18)
"""What files on those are filled with first: pages of a mapped file that nobody has written yet are read from the disk
as zeros, and take longer to make than those of what is written."""


@contextmanager
def series_in(path: str | os.PathLike[str], shape: Sequence[int]) -> Iterator[np.ndarray]:
    """Series to be filled, which are a file afterwards, as `numpy.save` writes it.

    Memory and file are the same pages: an array that is saved in the end is there twice, and so much more memory has
    to be cleared first. The room on the disk is asked for at once, so that a full one is
    an error before anything is computed, and not a signal that kills the job amid it, or nothing at all.

    Where the system does not promise that room (macOS, some file systems), the series are held in memory and saved.

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
        If there is no room for the file, or it cannot be written.
    """
    sizes = tuple(map(int, shape))
    mapped = _mapped(path, sizes)
    series = np.empty(sizes, dtype=np.float32) if mapped is None else mapped
    yield series
    if mapped is None:
        np.save(path, series)


def _mapped(path: str | os.PathLike[str], shape: tuple[int, ...]) -> np.ndarray | None:
    """The file as an array; None where it has to be written otherwise."""
    kind = np.dtype(np.float32)
    header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.flush()
        size = int(np.prod(shape)) * kind.itemsize
        refused = _reserve(file.fileno(), file.tell(), size) if size else errno.EINVAL
        if not refused and _file_system(os.fstat(file.fileno()).st_dev) in IN_PLACE:
            refused = _fill(file.fileno(), size)
    if refused in NO_ROOM:
        # What was had of it is in nobody's way.
        os.unlink(path)
        raise OSError(refused, os.strerror(refused), str(path))
    if refused:
        return None
    # A plain array: each part that is cut from a `memmap` would be one too, which takes its time.
    with suppress(OSError):
        return np.asarray(np.lib.format.open_memmap(path, mode="r+"))
    return None


def _reserve(file: int, start: int, size: int) -> int:
    """Have a file system promise room, or return the number of its error.

    `os.posix_fallocate` would write a byte into each block where a file system cannot promise anything, and an error
    that comes later, when the rest is written, is told to nobody who has mapped the file.
    """
    try:
        fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    except (AttributeError, OSError, TypeError):
        return errno.ENOSYS
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return ctypes.get_errno() if fallocate(file, 0, start, size) else 0


def _fill(file: int, size: int) -> int:
    """Write so many zeros where a file stands, or return the number of the error."""
    try:
        # A system may take less than it is given.
        while size:
            size -= os.write(file, ZEROS[:size])
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _file_system(device: int, mounts: str = "/proc/self/mountinfo") -> str | None:
    """Name of the file system of a device; None where the system does not tell."""
    with suppress(OSError), open(mounts, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        for line in lines:
            # proc_pid_mountinfo(5): the third field is the device, and a hyphen comes before the file system.
            own, _, described = line.partition(" - ")
            if own.split()[2:3] == [f"{os.major(device)}:{os.minor(device)}"] and described:
                return described.split()[0]
    return None

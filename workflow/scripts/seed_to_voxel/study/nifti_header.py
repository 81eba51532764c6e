"""The size of a run and of its brain from the files' headers, read with the standard library alone.

Planning has to run where Snakemake alone is installed (with `--sdm conda` the rules bring nibabel, the planner does not
have it), and so nibabel's header classes, which read the same, are no choice. They would cost little: 0.06 s of the
1.3 s of processor time that a small study is planned in, and nothing that shows in the 28 s of a thousand runs. The
tests hold this against nibabel for both versions of NIfTI and both orders of bytes.
"""

import gzip
import math
import os
import re
import struct
import zlib
from array import array
from functools import cache
from io import BufferedReader
from typing import NamedTuple

from ..base.errors import InputError

DENSEST = 1032
"""Bytes that a byte of a gzip file becomes at most (RFC 1951: a symbol of two bits for 258 bytes)."""

FIELDS = {348: (("8h", 40), ("h", 72), ("f", 108)), 540: (("8q", 16), ("h", 14), ("q", 168))}
"""By the length that a header states for itself (NIfTI-1, NIfTI-2), type and place of dim, bitpix and vox_offset."""


class Header(NamedTuple):
    """What a header says about size.

    Attributes
    ----------
    shape : tuple of int
        Without trailing ones beyond the third dimension.
    item_bytes : int
        Bytes of a value.
    offset : int
        Where the values begin.
    """

    shape: tuple[int, ...]
    item_bytes: int
    offset: int


def parse(start: bytes, path: str) -> Header:
    """Read the beginning of a NIfTI file.

    Parameters
    ----------
    start : bytes
        540, or the whole of a shorter file.
    path : str
        For messages.

    Raises
    ------
    InputError
        If it is no header of NIfTI-1 or NIfTI-2, or states no dimensions of an image.
    """
    for order in "<>":
        length = struct.unpack_from(f"{order}i", start)[0] if len(start) >= 4 else 0
        if length not in FIELDS or len(start) < length:
            continue
        dim, (bits,), (offset,) = (struct.unpack_from(order + kind, start, place) for kind, place in FIELDS[length])
        shape = dim[1 : 1 + max(0, min(dim[0], 7))]
        if len(shape) < 3 or min(shape) < 1:
            raise InputError(f"{path}: the header states the dimensions {dim}; expected 3 or 4 positive ones")
        while len(shape) > 3 and shape[-1] == 1:
            shape = shape[:-1]
        return Header(shape, bits // 8, int(offset))
    raise InputError(f"{path}: found no NIfTI-1 or NIfTI-2 header; expected a .nii or .nii.gz image")


def check_size(path: str, shape: tuple[int, ...], item_bytes: int, offset: int) -> None:
    """Refuse an image whose header states more values than its file can hold.

    Parameters
    ----------
    path : str
    shape : tuple of int
    item_bytes, offset : int
        See `Header`.

    Raises
    ------
    InputError
    """
    stated, size = math.prod(shape) * item_bytes + offset, os.path.getsize(path)
    # A run that is cut short is told by the volume at which it ends.
    if stated > DENSEST * size:
        raise InputError(
            f"{path}: the header states the dimensions {shape}, {stated} bytes, and the file has {size}, too few even "
            "if compressed; expected a whole image: copy or download it again"
        )


def open_image(path: str) -> BufferedReader | gzip.GzipFile:
    """Open an image for reading bytes, decompressed if need be."""
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if compressed else open(path, "rb")


GIFTI_SIZE = re.compile(rb'NumberOfDataArrays="(\d+)".*?Dim0="(\d+)"(?:\s+Dim1="(\d+)")?', re.DOTALL)
"""How many data arrays a GIFTI file has, and the size of the first."""


@cache
def read_surface_shape(path: str) -> tuple[int, int]:
    """Places and volumes of a run on the cortical surface, from the beginning of its file.

    Parameters
    ----------
    path : str
        A dense series of CIFTI, or the GIFTI file of a hemisphere.

    Raises
    ------
    InputError
        If the file is missing, damaged or no such file.
    """
    try:
        with open_image(path) as file:
            start = file.read(1 << 16)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as a run ({error})") from error
    if path.endswith(".nii"):
        shape = parse(start[:540], path).shape
        if len(shape) < 6:
            raise InputError(f"{path}: the header states the dimensions {shape}; expected those of CIFTI")
        return shape[5], shape[4]
    found = GIFTI_SIZE.search(start)
    if found is None:
        raise InputError(f"{path}: found no GIFTI data; expected a .func.gii file")
    arrays, vertices, columns = (int(number or 0) for number in found.groups())
    return vertices, columns or arrays


@cache
def read_shape(path: str) -> tuple[int, ...]:
    """Dimensions of an image, from its header.

    Raises
    ------
    InputError
        If the file is missing, damaged or no NIfTI image.
    """
    try:
        with open_image(path) as file:
            header = parse(file.read(540), path)
        check_size(path, *header)
        return header.shape
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as an image ({error})") from error


@cache
def count_brain(path: str) -> int:
    """Voxels of a mask that are not zero.

    Parameters
    ----------
    path : str
        A 3-D image of integers or floats of 1, 2, 4 or 8 bytes.

    Raises
    ------
    InputError
        If the file is missing, damaged or no such image.
    """
    try:
        with open_image(path) as file:
            shape, item_bytes, offset = parse(file.read(540), path)
            check_size(path, shape, item_bytes, offset)
            file.seek(offset)
            # Zero is the same bytes in either order and as an integer or a float.
            values = array({1: "B", 2: "H", 4: "I", 8: "Q"}[item_bytes])
            values.frombytes(file.read(math.prod(shape) * item_bytes))
    except InputError:
        raise
    except (OSError, EOFError, zlib.error, KeyError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a mask ({error})") from error
    return len(values) - values.count(0)

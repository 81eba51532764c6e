"""Runs in GIFTI, read a volume at a time.

nibabel takes a GIFTI file apart and decodes all of it at once. Here it is told of the elements of the file alone, and
where the data of each array stand is kept: they are decoded when they are asked for.
"""

from __future__ import annotations

import binascii
import html
import string
from pathlib import Path
from typing import Any
from xml.parsers.expat import ParserCreate

import nibabel
import numpy as np
from isal import isal_zlib
from nibabel.gifti.parse_gifti_fast import GiftiImageParser, read_data_block
from nibabel.gifti.util import array_index_order_codes, gifti_encoding_codes, gifti_endian_codes
from nibabel.nifti1 import data_type_codes, intent_codes

from ..base.errors import InputError
from . import layouts

BLOCK = 1 << 20
"""Bytes of a file that are looked through at once."""

LONG = 1 << 22
"""Bytes of text beyond which memory counts for more than time: a volume of 300,000 vertices has fewer."""

NO_VALUES = ("NODE_INDEX", "POINTSET", "TRIANGLE")
"""Intents of arrays that have something else of vertices than a value: their numbers, as AFNI writes, or a mesh."""

LETTERS = f"{string.ascii_uppercase}{string.ascii_lowercase}{string.digits}+/"

SIX_BITS = bytes(LETTERS.find(chr(byte)) & 255 for byte in range(256))
"""What each letter of base64 stands for; 255 where a byte is none."""


def from_base64(text: bytes) -> bytes | np.ndarray:
    """Decode base64, in half the time that `binascii` takes.

    Parameters
    ----------
    text : bytes
        Where it has anything but letters of base64 before its last four (line breaks), and where it is so long that
        the copies made here would count, `binascii` decodes it.

    Returns
    -------
    bytes, or numpy.ndarray of uint8
    """
    if len(text) > LONG:
        return binascii.a2b_base64(text)
    n = max(len(text) // 4 - 1, 0)
    letters = np.frombuffer(text[: 4 * n].translate(SIX_BITS), dtype=np.uint8)
    if letters.max(initial=0) > 63:
        return binascii.a2b_base64(text)
    # Four letters of six bits each lie in a word, the first one lowest; their 24 bits are put together from the top.
    words = letters.view("<u4")
    joined = words << 26
    joined |= (words & 0x3F00) << 12
    joined |= (words & 0x3F0000) >> 2
    joined |= words >> 16 & 0x3F00
    joined_bytes = joined.astype(">u4").view(np.uint8)
    # The last four have the padding.
    rest = np.frombuffer(binascii.a2b_base64(text[4 * n :]), dtype=np.uint8)
    found = np.empty(3 * n + len(rest), dtype=np.uint8)
    for byte in range(3):
        found[byte : 3 * n : 3] = joined_bytes[byte::4]
    found[3 * n :] = rest
    return found


class _Elements(GiftiImageParser):
    """nibabel's parser, which is not shown what stands in the elements ``Data`` and says when one is open."""

    opened = False
    within = False
    seen = False
    """Whether some data were shown all the same, as they have more to them than text: a comment, CDATA."""

    def StartElementHandler(self, name: str, attrs: dict) -> None:
        super().StartElementHandler(name, attrs)
        if name == "Data":
            self.write_to, self.opened, self.within = None, True, True

    def EndElementHandler(self, name: str) -> None:
        super().EndElementHandler(name)
        self.within = self.within and name != "Data"

    def CharacterDataHandler(self, data: str) -> None:
        self.seen = self.seen or (self.within and not data.isspace())
        super().CharacterDataHandler(data)


def taken_apart(path: str) -> tuple[nibabel.GiftiImage | None, list[tuple[int, int]]]:
    """The elements of a GIFTI file, and where the data of its arrays stand.

    Parameters
    ----------
    path : str

    Returns
    -------
    image : nibabel.GiftiImage or None
        Its arrays have no data. None of another kind of file, and of one whose data are no plain text.
    spans : list of (int, int)
        Of each element ``Data`` where its text begins, and how many bytes it has.
    """
    elements = _Elements()
    expat = ParserCreate()
    expat.buffer_text = True
    if hasattr(expat, "SetReparseDeferralEnabled"):
        # It must say at once that an element is open.
        expat.SetReparseDeferralEnabled(False)
    for name in elements.HANDLER_NAMES:
        setattr(expat, name, getattr(elements, name))
    starts, stops = [], []
    inside, before, rest = False, 0, b""
    with Path(path).open("rb") as file:
        while block := file.read(BLOCK):
            block, at = rest + block, 0
            # Data have no "<": the next one ends them. What begins them ends with ">", as other tags do.
            while (found := block.find(b"<" if inside else b">", at)) >= 0:
                if inside:
                    stops.append(before + found)
                    inside, at = False, found
                    continue
                expat.Parse(block[at : found + 1], False)
                at = found + 1
                if elements.opened:
                    starts.append(before + at)
                    elements.opened, inside = False, True
            rest = b"" if inside else block[at:]
            before += len(block) - len(rest)
    expat.Parse(rest, True)
    image = None if elements.seen else elements.img
    return image, [(start, stop - start) for start, stop in zip(starts, stops, strict=True)]


class Volumes:
    """The volumes of a hemisphere: a data array for each, or one of all.

    Parameters
    ----------
    path : str

    Attributes
    ----------
    image : nibabel.GiftiImage
        What the file says beside its data.
    n_vertices : int
    keep : bool
        Whether volumes are kept once they are decoded, for another pass; not at first.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another kind or empty, or has something else than volumes.
    """

    def __init__(self, path: str) -> None:
        self.path, self.keep = path, False
        self.held: dict[int, np.ndarray] = {}
        self.file = None
        try:
            image, self.spans = taken_apart(path)
        except layouts.READ_ERRORS:
            image = None
        if image is None or not self._can_be_read(image):
            # nibabel reads it, or says why nobody can.
            image = layouts.load_gifti(path)
            self.held, self.spans = dict(enumerate(array.data for array in image.darrays)), []
        else:
            self.file = Path(path).open("rb")  # noqa: SIM115  volumes are read as long as the run is
        self.image, arrays = image, image.darrays
        for array in arrays:
            intent = str(intent_codes.niistring[array.intent])
            if intent.removeprefix("NIFTI_INTENT_") in NO_VALUES:
                raise InputError(
                    f"{path}: has an array of the intent {intent}; expected volumes alone (a .func.gii file)"
                )
        shapes = {tuple(array.dims) for array in arrays}
        self._n = len(arrays)
        if len(arrays) == 1 and len(arrays[0].dims) == 2:
            try:
                self.held, self.spans = dict(enumerate(self._array(0).T)), []
            except layouts.READ_ERRORS as error:
                raise InputError(
                    f"{path}: cannot be read as GIFTI (.func.gii) ({error}); is the file complete?"
                ) from error
            self._n = len(self.held)
        elif len(shapes) > 1 or len(arrays[0].dims) != 1:
            raise InputError(
                f"{path}: its data arrays have the shapes {', '.join(map(str, sorted(shapes)))}; expected a value for "
                "each vertex in each of them (a .func.gii file)"
            )
        self.n_vertices = int(arrays[0].dims[0])

    def _can_be_read(self, image: nibabel.GiftiImage) -> bool:
        """Whether the data of each array stand where they were looked for."""
        return 0 < len(image.darrays) == len(self.spans) and all(np.prod(array.dims) > 0 for array in image.darrays)

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, t: int) -> np.ndarray:
        if t in self.held:
            return self.held[t]
        values = self._array(t)
        if self.keep:
            self.held[t] = values
        return values

    def release(self) -> None:
        """Keep no volume any more, but for those that nibabel has decoded all at once."""
        self.keep = False
        if self.spans:
            self.held.clear()

    def _array(self, number: int) -> np.ndarray:
        """Decode the data of an array, of the shape that the file gives it."""
        if number in self.held:
            return self.held[number]
        assert self.file is not None
        array = self.image.darrays[number]
        start, length = self.spans[number]
        self.file.seek(start)
        text = self.file.read(length)
        if b"&" in text:
            text = html.unescape(text.decode()).encode()
        encoding = gifti_encoding_codes.label[array.encoding]
        if encoding not in ("B64BIN", "B64GZ"):
            return read_data_block(array, self.path, text.decode() or None, mmap=False)
        native: Any = data_type_codes.dtype[array.datatype]
        dtype = native.newbyteorder(gifti_endian_codes.byteorder[array.endian])
        values = from_base64(text)
        if encoding == "B64GZ":
            values = isal_zlib.decompress(values, bufsize=int(np.prod(array.dims)) * dtype.itemsize)
        order: Any = array_index_order_codes.npcode[array.ind_ord]
        return np.frombuffer(values, dtype=dtype).reshape(tuple(array.dims), order=order)

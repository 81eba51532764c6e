"""What is known of a file on disk: the SHA-256 that was recorded beside it, and whether its content is whole."""

import gzip
import json
import os
import re
import struct
import uuid
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..base import joblog
from ..base.errors import InputError
from ..study.checksums import sha256

MAGIC = b"\x1f\x8b"
"""How a gzip file begins."""

MAX_VERTICES = 10_000_000
"""More than a hemisphere has; the first four letters of a page would be a larger number."""


class Held(NamedTuple):
    """A file on disk: where it is, its source, its size in bytes, its SHA-256 and how it came there.

    `origin` is ``fetched`` or ``found``; `record` is the ``.sha256`` file, or None where none could be
    written.
    """

    path: Path
    url: str
    size: int
    sha256: str
    origin: str
    record: Path | None


def hold(path: Path, url: str, origin: str) -> Held:
    """Check a file that is there against its record; record its hash if it has none.

    Parameters
    ----------
    path : pathlib.Path
    url : str
        Where the file comes from, or would have come from.
    origin : {"fetched", "found"}
        A file that was found without a record is looked through for damage first.

    Returns
    -------
    Held

    Raises
    ------
    InputError
        When the file is not what was recorded, or, without a record, is damaged.
    """
    record: Path | None = record_path(path)
    digest = sha256(path)
    known = read_record(path)
    if known is None:
        if origin == "found" and (fault := content_fault(path)):
            raise InputError(f"{path}: {fault}. Delete the file to have it downloaded again.")
        record = write_record(path, digest)
    elif known != digest:
        raise InputError(
            f"{path}: the file has changed since it was recorded; its SHA-256 is {digest}, expected {known} "
            f"(from {record}). If the change is not yours, delete the file to have it downloaded again; if "
            f"it is meant, delete {record_path(path).name}."
        )
    size = path.stat().st_size
    known_since = "as recorded" if known else "recorded now"
    joblog.logger.info("%s %s: %d bytes, SHA-256 %s, %s", origin, path, size, digest, known_since)
    return Held(path, url, size, digest, origin, record)


def record_path(path: Path) -> Path:
    """Name the file that keeps a file's SHA-256, in the format of ``sha256sum``."""
    return path.with_name(f"{path.name}.sha256")


def read_record(path: Path) -> str | None:
    """Read the recorded SHA-256 of a file; None when nothing was recorded.

    Raises
    ------
    InputError
        When the record holds no SHA-256.
    """
    record = record_path(path)
    if not record.exists():
        return None
    digest = "".join(record.read_text(encoding="utf-8", errors="replace").split()[:1]).lstrip("\\").lower()
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise InputError(
            f"{record}: found {digest!r}, expected the 64 hexadecimal digits of a SHA-256 and the file's "
            "name, as sha256sum writes them; delete it to have it made anew."
        )
    return digest


def write_record(path: Path, digest: str) -> Path | None:
    """Record the SHA-256 of a file beside it; None where the folder is read-only."""
    record = record_path(path)
    temporary = record.with_name(f".{record.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
        os.replace(temporary, record)
    except OSError as error:
        # A shared, read-only copy is a good source of data: the receipt keeps the hash instead.
        joblog.logger.warning("%s could not be written (%s)", record, error.strerror)
        return None
    return record


def content_fault(path: str | Path, name: str | None = None) -> str | None:
    """Say what is wrong with a file, as far as that can be told without a published checksum; None if nothing is.

    A gzip file carries its own length and CRC; GIFTI ends with the tag that it began with; an annotation of FreeSurfer
    says how many vertices it has; a table's header has a tab. All catch what hosts and networks send in place of a file
    with status 200: a notice of maintenance, a login page. `name` tells the kind of the file, if the path does not.
    """
    if not os.path.getsize(path):
        return "empty"
    kind = str(name or path)
    if kind.endswith(".gii"):
        return _gifti_fault(path)
    if kind.endswith(".annot"):
        return _annotation_fault(path)
    if kind.endswith(".gz"):
        try:
            with gzip.open(path) as file:
                start = file.read(1 << 20)
                while file.read(1 << 20):
                    pass
        except (OSError, EOFError, zlib.error) as error:
            return f"not a whole gzip file ({error})"
        return "a gzip file inside of a gzip file: unpack it once" if start.startswith(MAGIC) else None
    with open(path, "rb") as table:
        header = table.readline(1 << 20)
    return None if b"\t" in header else f"not a tab-separated table (it begins with {header[:40]!r})"


def _gifti_fault(path: str | Path) -> str | None:
    """See `content_fault`; GIFTI is XML, which is looked at here at both of its ends."""
    with open(path, "rb") as file:
        start = file.read(4096)
        file.seek(max(0, os.path.getsize(path) - 64))
        end = file.read()
    if b"<GIFTI" not in start:
        return f"not a GIFTI file (it begins with {start[:40]!r})"
    return None if end.rstrip().endswith(b"</GIFTI>") else "not a whole GIFTI file (its end is missing)"


def _annotation_fault(path: str | Path) -> str | None:
    """See `content_fault`; an annotation begins with its number of vertices, and has their numbers and labels next.

    The table of colours behind them ends it, which says how many bytes its names have
    (https://surfer.nmr.mgh.harvard.edu/fswiki/LabelsClutsAnnotationFiles).
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        start = file.read(4)
        n_vertices = int.from_bytes(start, "big")
        if size < 8 or not 0 < n_vertices <= MAX_VERTICES:
            return f"not an annotation of FreeSurfer (it begins with {start!r})"
        if size < 4 + 8 * n_vertices + 4:
            return f"not a whole annotation of FreeSurfer ({size} bytes for {n_vertices} vertices)"
        file.seek(4 + 8 * n_vertices)
        try:
            _read_colours(file)
        except struct.error:
            return "not a whole annotation of FreeSurfer (its table of colours is cut)"
    return None


def _read_colours(file: BinaryIO) -> None:
    """Read through the table of colours of an annotation, of the current version or the one before.

    Raises
    ------
    struct.error
        When it ends early.
    """

    def number() -> int:
        return int(struct.unpack(">i", file.read(4))[0])

    def text(n_bytes: int) -> None:
        if n_bytes < 0 or len(file.read(n_bytes)) < n_bytes:
            raise struct.error

    if not number():
        return
    first = number()
    if first > 0:
        # The older form: the number of entries is where the newer one has its version.
        text(number())
        n_entries, numbered = first, False
    else:
        number()
        text(number())
        n_entries, numbered = number(), True
    for _ in range(n_entries):
        if numbered:
            number()
        text(number())
        for _ in range(4):
            number()


def receipt(dataset: str, files: Mapping[str, Held], date: datetime, **facts: str) -> dict[str, Any]:
    """Describe where some files of a dataset came from.

    Parameters
    ----------
    dataset : str
    files : dict of str to Held
    date : datetime.datetime
        The time of the check, with its zone.
    **facts
        Whose they are, for instance ``participant``.

    Returns
    -------
    dict
        Ready for JSON: for each file its path, url, bytes, sha256, origin and record.
    """
    return {
        "dataset": dataset,
        **facts,
        "date": date.isoformat(timespec="seconds"),
        "files": {
            kind: {
                "path": str(held.path),
                "url": held.url,
                "bytes": held.size,
                "sha256": held.sha256,
                "origin": held.origin,
                "record": held.record and str(held.record),
            }
            for kind, held in files.items()
        },
    }


def write_receipt(path: str | Path, described: Mapping[str, Any]) -> None:
    """Write what `receipt` gives."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(f"{json.dumps(described, indent=2)}\n", encoding="utf-8")

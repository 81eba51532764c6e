"""What is known of a file on disk: the SHA-256 that was recorded beside it, and whether its content is whole."""

import gzip
import os
import re
import uuid
import zlib
from pathlib import Path
from typing import NamedTuple

from ..base import joblog
from ..base.errors import InputError
from ..study.checksums import sha256

MAGIC = b"\x1f\x8b"
"""How a gzip file begins."""


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

    A gzip file carries its own length and CRC; a table's header has a tab. Both catch what hosts and
    networks send in place of a file with status 200: a notice of maintenance, a login page. `name` tells the kind
    of the file, if the path does not.
    """
    if not os.path.getsize(path):
        return "empty"
    if str(name or path).endswith(".gz"):
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

"""Files downloaded one by one, resumed where they stopped, and checked against what was recorded of them.

The module needs the standard library alone until something is downloaded, so that data that are there already are
used where pooch and requests are not installed.
"""

import errno
import fcntl
import gzip
import hashlib
import logging
import os
import shutil
import time
import uuid
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..base import joblog
from ..base.errors import InputError

CHUNK = 1 << 16
LONGEST_WAIT = 60
# Another attempt cannot help. 403 is not among them: OSF has answered with it while it was overloaded.
FINAL_STATUS = (400, 401, 404, 405, 410)


class Source(NamedTuple):
    """A file to have: its kind (such as ``bold``), its name on disk and its URL."""

    kind: str
    name: str
    url: str


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


class TransferError(Exception):
    """One attempt failed; `final` when another is pointless, `wait` the seconds the host asked for."""

    def __init__(self, reason, final=False, wait=0):
        super().__init__(reason)
        self.final = final
        self.wait = wait


def obtain(source, data_dir, subfolders=("",), retries=5, timeout=60, backoff=1):
    """Use a file of `data_dir`, or download it there.

    Parameters
    ----------
    source : Source
    data_dir : pathlib.Path
        Where the file is kept; made if need be.
    subfolders : sequence of str
        Where below `data_dir` the file may be already, relative to it.
    retries : int
        Further attempts after the first that failed.
    timeout : float
        Seconds without an answer or a byte after which an attempt has failed.
    backoff : float
        Seconds before the first further attempt; doubled each time, 60 at most.

    Returns
    -------
    Held

    Raises
    ------
    InputError
        If the folder cannot be used, the file has changed, or the host does not deliver.
    """
    for folder in subfolders:
        path = data_dir / folder / source.name
        if path.exists():
            return use_found(path, source.url)
    path = data_dir / source.name
    with _partial_file(path) as part:
        # Another job may have finished the file while this one waited for its turn.
        if path.exists():
            return use_found(path, source.url)
        known = read_record(path)
        _download(source.url, path, part, known, retries, timeout, backoff)
        digest = sha256(path)
        record = write_record(path, digest)
    size = path.stat().st_size
    joblog.logger.info("fetched %s to %s (%d bytes, SHA-256 %s)", source.url, path, size, digest)
    return Held(path, source.url, size, digest, "fetched", record)


def use_found(path, url):
    """Check a file that is there against its record; record its hash if it has none.

    Parameters
    ----------
    path : pathlib.Path
    url : str
        Where it would have come from.

    Returns
    -------
    Held

    Raises
    ------
    InputError
        When the file is not what was recorded, or, without a record, is damaged.
    """
    record = record_path(path)
    digest = sha256(path)
    known = read_record(path)
    if known is None:
        fault = content_fault(path)
        if fault:
            raise InputError(f"{path}: {fault}. Delete the file to have it downloaded again.")
        record = write_record(path, digest)
        joblog.logger.info("found %s without a record; its SHA-256 is %s", path, digest)
    elif known != digest:
        raise InputError(
            f"{path}: the file has changed since it was recorded; its SHA-256 is {digest}, expected {known} "
            f"(from {record}). If the change is not yours, delete the file to have it downloaded again; if "
            f"it is meant, delete {record.name}."
        )
    else:
        joblog.logger.info("found %s, unchanged since its SHA-256 was recorded", path)
    return Held(path, url, path.stat().st_size, digest, "found", record)


def sha256(path):
    """Compute the SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_path(path):
    """Name the file that keeps a file's SHA-256, in the format of ``sha256sum``."""
    return path.with_name(f"{path.name}.sha256")


def read_record(path):
    """Read the recorded SHA-256 of a file.

    Parameters
    ----------
    path : pathlib.Path
        The file, not its record.

    Returns
    -------
    str or None
        None when nothing was recorded.

    Raises
    ------
    InputError
        When the record holds no SHA-256.
    """
    record = record_path(path)
    try:
        words = record.read_text(encoding="utf-8", errors="replace").split()
    except FileNotFoundError:
        return None
    digest = words[0].lstrip("\\").lower() if words else ""
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise InputError(
            f"{record}: found {digest!r}, expected the 64 hexadecimal digits of a SHA-256 and the file's "
            "name, as sha256sum writes them; delete it to have it made anew."
        )
    return digest


def write_record(path, digest):
    """Record the SHA-256 of a file beside it, where that can be written.

    Returns
    -------
    pathlib.Path or None
        The record, or None where the folder is read-only.
    """
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


def content_fault(path, name=None):
    """Say what is wrong with a file, as far as that can be told without a published checksum.

    A gzip file carries its own length and CRC; a table's header has a tab. Both catch what hosts and
    networks send in place of a file with status 200: a notice of maintenance, a login page.

    Parameters
    ----------
    path : str or path-like
    name : str, optional
        The name that tells the kind of the file; the path's by default.

    Returns
    -------
    str or None
        None when nothing is wrong.
    """
    if not os.path.getsize(path):
        return "empty"
    if str(name or path).endswith(".gz"):
        try:
            with gzip.open(path) as file:
                while file.read(1 << 20):
                    pass
        except (OSError, EOFError, zlib.error) as error:
            return f"not a whole gzip file ({error})"
        return None
    with open(path, "rb") as file:
        header = file.readline(1 << 20)
    try:
        tabular = "\t" in header.decode("utf-8")
    except UnicodeDecodeError:
        tabular = False
    return None if tabular else f"not a tab-separated table (it begins with {header[:40]!r})"


def link(target, path):
    """Make `path` a symbolic link to `target`.

    The link is relative when both lie below the working directory, which can then be moved as a whole,
    and absolute otherwise.

    Parameters
    ----------
    target : pathlib.Path
        The file in the data folder.
    path : str or path-like
        The link; its folder is made if need be, and an older link is replaced.

    Raises
    ------
    InputError
        When the link would take the place of the file itself.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.parent.resolve()
    if folder / path.name == target.parent.resolve() / target.name:
        raise InputError(
            f"data_dir: {target.parent} is where the workflow writes its results, and would delete the "
            "downloads with them; name a folder of their own."
        )
    here = Path.cwd().resolve()
    real = target.parent.resolve() / target.name
    inside = folder.is_relative_to(here) and real.is_relative_to(here)
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(real, folder) if inside else target)


@contextmanager
def _partial_file(target):
    """Hold the file a download grows in, against all other jobs; it stays behind only to be resumed."""
    shared = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = _open_locked(shared)
    except OSError as error:
        raise InputError(
            f"data_dir: {target.name} is not in {target.parent}, and cannot be downloaded there "
            f"({error.strerror}); name a folder that has the file or one that can be written to."
        ) from error
    with part:
        try:
            yield part
        finally:
            if target.exists() or not _size(part) or Path(part.name) != shared:
                Path(part.name).unlink(missing_ok=True)


def _open_locked(path):
    """Open a file for appending and lock it, waiting for whoever has it."""
    while True:
        part = _open(path)
        try:
            try:
                fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                joblog.logger.info("waiting for another job that downloads %s", path)
                fcntl.flock(part, fcntl.LOCK_EX)
        except OSError as error:
            part.close()
            if error.errno not in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL):
                raise
            # Some cluster file systems have no locks: a file of its own keeps this job apart from others.
            path.unlink(missing_ok=True)
            return _open(path.with_name(f"{path.name}-{uuid.uuid4().hex}"))
        try:
            if os.path.samestat(os.stat(path), os.fstat(part.fileno())):
                return part
        except FileNotFoundError:
            pass
        # Who had it finished meanwhile and removed it: what is locked here is no longer at that path.
        part.close()


def _open(path):
    # Unbuffered, so that the size of the file is always what has come.
    return open(path, "a+b", buffering=0)


def _size(part):
    return os.fstat(part.fileno()).st_size


def _download(url, target, part, known, retries, timeout, backoff):
    """Download to `target` by way of `part`; the final name appears only with the whole file."""
    import pooch

    # Its hints (how to pass the hash on to it) are for programmers.
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(
            url,
            known_hash=known,
            fname=target.name,
            path=target.parent,
            downloader=ResumingDownloader(part, target.name, retries, timeout, backoff),
        )
    except InputError:
        raise
    except ValueError as error:
        found = sha256(part.name)
        part.truncate(0)
        raise InputError(
            f"{url}: the host serves another file than {target.name} was; its SHA-256 is {found}, expected "
            f"{known} (from {record_path(target)}). Check base_url; if the new file is wanted, delete the "
            "record."
        ) from error


class ResumingDownloader:
    """A downloader for pooch that goes on where an earlier attempt, or an earlier job, stopped.

    Parameters
    ----------
    part : file object
        Opened for reading and appending, unbuffered; what it holds is not asked for again.
    name : str
        The file's final name, to check its content by and to show.
    retries, timeout, backoff
        As for `obtain`.
    """

    def __init__(self, part, name, retries=5, timeout=60, backoff=1):
        self.part = part
        self.name = name
        self.retries = retries
        self.timeout = timeout
        self.backoff = backoff

    def __call__(self, url, output_file, pooch=None, check_only=False):
        """Download `url` to the path `output_file`, which is written only when all has come."""
        for attempt in range(self.retries + 1):
            try:
                self._attempt(url)
                break
            except TransferError as error:
                if error.final or attempt == self.retries:
                    raise InputError(
                        f"{url}: {self.name} could not be downloaded: {error} (attempt {attempt + 1} of "
                        f"{self.retries + 1}). Compute nodes often have no internet: run the download where "
                        "there is (a login node), or name a folder that has the files as data_dir, or a "
                        "mirror as base_url. What has come so far is kept and resumed."
                    ) from error
                wait = min(max(self.backoff * 2**attempt, error.wait), LONGEST_WAIT)
                joblog.logger.warning("%s: %s; again in %g s", url, error, wait)
                time.sleep(wait)
        # Copied, not moved: the lock on the part has to outlast the appearance of the final name.
        shutil.copy(self.part.name, output_file)

    def _attempt(self, url):
        import requests
        import urllib3

        try:
            _transfer(url, self.part, self.name, self.timeout)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            # What requests also calls a ValueError is a URL it cannot use.
            raise TransferError(f"{type(error).__name__}: {error}", isinstance(error, ValueError)) from error
        fault = content_fault(self.part.name, self.name)
        if fault:
            self.part.truncate(0)
            raise TransferError(f"what the host sent is {fault}")


def _transfer(url, part, name, timeout):
    """Append to `part` what is missing of the file at `url`, in one request."""
    import requests

    have = _size(part)
    # Compressed on the way, bytes could be neither counted nor resumed.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
        start, total = _extent(response, have)
        if have and have == start == total:
            return
        if start != have:
            # The host ignores ranges, or what is there is not a part of this file.
            part.truncate(0)
        if start not in (0, have):
            raise TransferError(f"the bytes from {have} were asked for and not served; all are asked for now")
        with _progress(name, start, total) as progress:
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                part.write(chunk)
                progress.update(len(chunk))
    if total is not None and _size(part) != total:
        raise TransferError(f"{_size(part)} of {total} bytes came")


def _extent(response, have):
    """Read from an answer where its bytes begin and how long the whole file is (None if not said)."""
    status = response.status_code
    numbers, _, total = response.headers.get("Content-Range", "").removeprefix("bytes").strip().partition("/")
    total = int(total) if total.isdecimal() else None
    first = numbers.partition("-")[0]
    if status == 206 and first.isdecimal():
        return int(first), total
    if status == 416 and have:
        return (have, have) if total == have else (None, total)
    if status == 200:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    wait = response.headers.get("Retry-After", "")
    raise TransferError(
        f"status {status} {response.reason}", status in FINAL_STATUS, int(wait) if wait.isdecimal() else 0
    )


@contextmanager
def _progress(name, start, total):
    """Show the progress of a transfer to the person who watches."""
    if joblog.screen.isatty():
        from tqdm import tqdm

        bar = tqdm(
            desc=name.partition("_desc-")[0],
            initial=start,
            total=total,
            unit="B",
            unit_scale=True,
            leave=False,
            file=joblog.screen,
        )
    else:
        bar = _Lines(name, start, total)
    with bar:
        yield bar


class _Lines:
    """tqdm's part where the screen is no terminal: a line at the start, every 10 %, and at the end."""

    def __init__(self, name, start, total):
        self.name = name
        self.done = start
        self.total = total
        # A small file has come before ten lines are read.
        self.step = max(total // 10, 1 << 20) if total else None
        self.next = start + self.step if self.step else None

    def __enter__(self):
        self._say("downloading")
        return self

    def __exit__(self, kind, *_):
        if kind is None and (not self.total or self.done == self.total):
            self._say("downloaded")
        else:
            self._say("interrupted")

    def update(self, n):
        self.done += n
        if self.next and self.next <= self.done < self.total:
            self.next = self.done + self.step
            self._say("downloading")

    def _say(self, what):
        of = f" of {self.total / 1e6:.1f} MB ({100 * self.done // self.total} %)" if self.total else " MB"
        print(f"{self.name}: {what}, {self.done / 1e6:.1f}{of}", file=joblog.screen)

"""Files downloaded one by one, resumed where they stopped, and checked against what was recorded of them.

pooch asks the host, asks again, checks the hash and moves the whole file to its name. What it cannot do is here: go on
where a transfer stopped, keep jobs apart that want the same file, and say what to do on a bad day. The module needs
the standard library alone until something is downloaded, so that data that are there are used without pooch.
"""

import errno
import fcntl
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base import joblog
from ..base.errors import InputError
from .records import Held, content_fault, hold, read_record, record_path, sha256

if TYPE_CHECKING:
    from requests import Response

CHUNK = 1 << 16
TIMEOUT = 60
"""Seconds without an answer or a byte after which an attempt has failed."""
LONGEST_WAIT = 60
MAX_BYTES = 2_000_000_000
"""More than any file of the datasets that are fetched; a host may send without end."""
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)
FINAL_STATUS = (400, 401, 404, 405, 410)
"""Another attempt cannot help. 403 is not among them: OSF has answered with it while it was overloaded."""


class Source(NamedTuple):
    """A file to have: its kind (such as ``bold``), its name on disk and its URL."""

    kind: str
    name: str
    url: str


def obtain(source: Source, data_dir: Path, subfolders: Sequence[str] = ("",), retries: int = 5) -> Held:
    """Use a file of `data_dir`, or download it there.

    Parameters
    ----------
    source : Source
    data_dir : pathlib.Path
        Where the file is kept; made if need be.
    subfolders : sequence of str
        Where below `data_dir` the file may be already, relative to it.
    retries : int
        Further attempts after the first that failed; pooch waits 1 s before the first of them, then 2 s, up to 10 s.

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
            return hold(path, source.url, "found")
    path = data_dir / source.name
    with _partial_file(path) as part:
        # Another job may have finished the file while this one waited for its turn.
        if path.exists():
            return hold(path, source.url, "found")
        _download(source.url, path, part, read_record(path), retries)
        return hold(path, source.url, "fetched")


def checked_url(base_url: str) -> str:
    """Return the address before a dataset's files, without a slash at its end.

    Raises
    ------
    InputError
        When it is no HTTP address.
    """
    if not base_url.startswith(("http://", "https://")):
        raise InputError(
            f"base_url: {base_url!r} does not begin with http:// or https://; for files that are on disk "
            "already name their folder as data_dir instead."
        )
    return base_url.rstrip("/")


def link(target: Path, path: str | Path) -> None:
    """Make `path` a symbolic link to `target`, a file in the data folder, in place of an older link.

    The link is relative when both lie below the working directory, which can then be moved as a whole,
    and absolute otherwise.

    Raises
    ------
    InputError
        When the link would take the place of the file itself.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.parent.resolve()
    real = target.parent.resolve() / target.name
    if folder / path.name == real:
        raise InputError(
            f"data_dir: {target.parent} is where the workflow writes its results, and would delete the "
            "downloads with them; name a folder of their own."
        )
    here = Path.cwd().resolve()
    inside = folder.is_relative_to(here) and real.is_relative_to(here)
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(real, folder) if inside else target)


@contextmanager
def _partial_file(target: Path) -> Iterator[FileIO]:
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
            if target.exists() or not _size(part) or part.name != str(shared):
                Path(part.name).unlink(missing_ok=True)


def _open_locked(path: Path) -> FileIO:
    """Open a file for appending and lock it, waiting for whoever has it."""
    while True:
        # Unbuffered, so that the size of the file is always what has come.
        part = FileIO(str(path), "a+")
        try:
            fcntl.flock(part, fcntl.LOCK_EX)
        except OSError as error:
            part.close()
            if error.errno not in NO_LOCKS:
                raise
            # Some cluster file systems have no locks: a file of its own keeps this job apart from others.
            path.unlink(missing_ok=True)
            return FileIO(f"{path}-{uuid.uuid4().hex}", "a+")
        # Who had it may have finished and removed it: what is locked here is then no longer at that path.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.stat(path), os.fstat(part.fileno())):
                return part
        part.close()


def _size(part: FileIO) -> int:
    return os.fstat(part.fileno()).st_size


def _download(url: str, target: Path, part: FileIO, known: str | None, retries: int) -> None:
    """Download to `target` by way of `part`; the final name appears only with the whole file."""
    import pooch
    import requests

    name = target.name
    downloader = ResumingDownloader(part, name)
    store = pooch.create(target.parent, "", registry={name: known}, urls={name: url}, retry_if_failed=retries)
    try:
        store.fetch(name, downloader=downloader)
    except (ValueError, requests.RequestException, _HopelessError) as error:
        if downloader.finished:
            found = sha256(part.name)
            part.truncate(0)
            raise InputError(
                f"{url}: the host serves another file than {name} was; its SHA-256 is {found}, expected {known} "
                f"(from {record_path(target)}). Check base_url; if the new file is wanted, delete the record."
            ) from error
        raise InputError(
            f"{url}: {name} could not be downloaded: {downloader.fault} (attempt {downloader.attempts} of "
            f"{retries + 1}). Compute nodes often have no internet: run the download where there is (a login "
            "node), or name a folder that has the files as data_dir, or a mirror as base_url. What has come so "
            "far is kept and resumed."
        ) from error
    except OSError as error:
        raise InputError(
            f"data_dir: {name} cannot be written to {target.parent} ({error.strerror}); make room there, or name "
            "another folder. What has come so far is kept and resumed."
        ) from error


def too_much(did: str) -> str:
    """Say that a host sends more than any file has."""
    return f"the host {did} bytes, and no file of this dataset has more than {MAX_BYTES}"


class _HopelessError(Exception):
    """Another attempt cannot help. pooch repeats what fails by a ValueError or an error of requests, nothing else."""


class _WholeError(Exception):
    """There is nothing more to come: an earlier attempt left the whole file."""


class ResumingDownloader:
    """A downloader for pooch that goes on where an earlier attempt, or an earlier job, stopped.

    Parameters
    ----------
    part : io.FileIO
        Opened for reading and appending; what it holds is not asked for again.
    name : str
        The file's final name, to check its content by and to show.
    """

    def __init__(self, part: FileIO, name: str) -> None:
        self.part = part
        self.name = name
        self.attempts = 0
        self.fault = ""
        self.finished = False

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Download `url` to the path `output_file`, which is written only when all has come."""
        from requests import RequestException

        if self.finished:
            raise _HopelessError("the hash of what came is not the one that was recorded")
        self.attempts += 1
        try:
            self._attempt(url)
        except (ValueError, RequestException, _HopelessError) as error:
            self.fault = f"{type(error).__name__}: {error}" if isinstance(error, RequestException) else str(error)
            joblog.logger.warning("%s: %s", url, self.fault)
            raise
        self.finished = True
        # Copied, not moved: the lock on the part has to outlast the appearance of the final name.
        shutil.copy(self.part.name, output_file)

    def _attempt(self, url: str) -> None:
        from pooch import HTTPDownloader

        have = _size(self.part)
        # Compressed on the way, bytes could be neither counted nor resumed.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        self.progress = _Progress(self.name, self.part)
        hooks = {"response": self._prepare}
        with suppress(_WholeError):
            HTTPDownloader(self.progress, CHUNK, timeout=TIMEOUT, headers=headers, hooks=hooks)(url, self.part, None)
        if self.progress.whole not in (None, _size(self.part)):
            raise ValueError(f"{_size(self.part)} of {self.progress.whole} bytes came")
        if fault := content_fault(self.part.name, self.name):
            self.part.truncate(0)
            raise ValueError(f"what the host sent is {fault}")

    def _prepare(self, response: "Response", **_: Any) -> None:
        """Make the part ready for the bytes that an answer brings, or say why none are of use."""
        status, have = response.status_code, _size(self.part)
        if response.is_redirect:
            return
        if status >= 400 and not (status == 416 and have):
            reason = f"status {status} {response.reason}"
            if status in FINAL_STATUS:
                raise _HopelessError(reason)
            wait = response.headers.get("Retry-After", "")
            time.sleep(min(int(wait), LONGEST_WAIT) if wait.isdecimal() else 0)
            raise ValueError(reason)
        extent = re.match(r"bytes (\d*)[-\d*]*/(\d*)", response.headers.get("Content-Range", ""))
        first, whole = extent.groups() if extent else ("0", response.headers.get("Content-Length", ""))
        self.progress.whole = int(whole) if whole else None
        if (self.progress.whole or 0) > MAX_BYTES:
            raise _HopelessError(too_much(f"announced {self.progress.whole}"))
        if have and str(have) != (first or whole):
            # The host ignores ranges, or what is there is not a part of this file.
            self.part.truncate(0)
            if status != 200:
                raise ValueError(f"the bytes from {have} were asked for and not served; all are asked for now")
        if status == 416:
            raise _WholeError
        # Not unpacked on the way, where a host says of a gzip file that it is compressed; and written to the last byte
        # before a cut, which the reading of what is unpacked loses.
        stream = response.raw.stream
        response.raw.stream = lambda size, **_: stream(size, decode_content=False)
        self.progress.show("downloading")


class _Progress:
    """A progress bar for pooch on the screen that `joblog` keeps open: one line on a terminal, else one every 10 %."""

    total = 0  # pooch sets it to the length of the answer; what an earlier one brought is not in it.

    def __init__(self, name: str, part: FileIO) -> None:
        self.name = name
        self.part = part
        self.whole: int | None = None
        self.shown = 0

    def show(self, what: str) -> None:
        self.shown = done = _size(self.part)
        of = f" of {self.whole / 1e6:.1f} MB ({100 * done // self.whole} %)" if self.whole else " MB"
        end = "\r" if joblog.screen.isatty() and what == "downloading" else "\n"
        print(f"{self.name}: {what}, {done / 1e6:.1f}{of}", end=end, file=joblog.screen, flush=True)

    def update(self, _: int) -> None:
        if _size(self.part) > MAX_BYTES:
            came = _size(self.part)
            self.part.truncate(0)
            raise _HopelessError(too_much(f"sent {came}"))
        # A small file has come before ten lines are read.
        step = 1 << 20 if joblog.screen.isatty() else max((self.whole or 0) // 10, 1 << 20)
        if self.whole and self.shown + step <= _size(self.part) < self.whole:
            self.show("downloading")

    def reset(self) -> None:
        """Nothing: pooch begins anew only to fill the bar."""

    def close(self) -> None:
        self.show("downloaded")

"""A job's log: everything that it prints or warns goes to its file, and the screen stays readable."""

import errno
import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path

from . import garbage, software
from .errors import InputError

# A job is short, and its imports make 400,000 objects that stay. Scripts import this before all else of this package.
garbage.look_seldom(50_000)

logger = logging.getLogger("seed_to_voxel")

screen = sys.stderr
"""The stream a person watches; `capture` leaves it open to those who show progress."""


REMEDIES = {
    errno.ENOSPC: "there is no room left on the disk; make some",
    errno.EDQUOT: "the quota of the disk is used up; make room",
    errno.EFBIG: "no file may be so large here; allow larger ones (ulimit -f), or name another folder (--directory)",
    errno.EROFS: "the disk can only be read; name a folder that can be written to (--directory)",
}
"""What to do where files cannot be written, by the system's number of the error."""

CUT = re.compile(r"\d+ requested and \d+ written")
"""What numpy says where an array was not written to its end; the system's number of the error is lost there."""


def told(error: Exception) -> str:
    """An error as the log tells it: one that a user can mend in a sentence, others with their traceback."""
    if isinstance(error, InputError):
        return f"Error: {error}"
    if isinstance(error, OSError) and error.errno is None and CUT.fullmatch(str(error)):
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if isinstance(error, OSError) and error.errno in REMEDIES:
        about = f"{error.filename}: " if error.filename else ""
        return f"Error: {about}{REMEDIES[error.errno]}, and start the same command again ({error.strerror})"
    return f"{''.join(traceback.format_exception(error))}\nError: {type(error).__name__}: {error}"


@contextmanager
def capture(path: str | PathLike[str]) -> Iterator[None]:
    """Send a job's standard output, standard error, warnings and logging to its log file.

    File descriptors are redirected too, so that what C libraries print lands there as well. An
    exception is written to the log (an `InputError` as its message alone, others with their
    traceback) and ends the process with status 1; Snakemake shows the log of a failed job. Every script
    runs inside of it, so versions of software that compute wrong maps are refused here.

    Parameters
    ----------
    path : str or path-like
        The log file; its folder is made if need be.
    """
    global screen
    path = Path(path)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    screen = os.fdopen(os.dup(2), "w", buffering=1)
    failed = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", buffering=1) as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            handler = logging.StreamHandler(log)
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
            logging.captureWarnings(True)
            logging.getLogger("py.warnings").addHandler(handler)
            warnings.simplefilter("default")
            try:
                with software.nilearn_watched():
                    yield
            except Exception as error:
                failed = True
                print(told(error), file=log)
            finally:
                logging.captureWarnings(False)
                logging.getLogger("py.warnings").removeHandler(handler)
                logger.removeHandler(handler)
    except OSError as error:
        # The log itself cannot be written; the screen is all that is left.
        failed = True
        print(f"{path}: {told(error)}", file=screen)
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        with suppress(OSError):
            sys.stderr.flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for descriptor in kept:
            os.close(descriptor)
        screen.close()
        screen = sys.stderr
        garbage.set_aside()
    if failed:
        sys.exit(1)

"""A job's log: everything that it prints or warns goes to its file, and the screen stays readable."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from . import garbage, software
from .errors import InputError

# A job is short, and its imports make 400,000 objects that stay. Scripts import this before all else of this package.
garbage.look_seldom(50_000)

logger = logging.getLogger("seed_to_voxel")

screen = sys.stderr
"""The stream a person watches; `capture` leaves it open to those who show progress."""


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
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    screen = os.fdopen(os.dup(2), "w", buffering=1)
    failed = False
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
            if not isinstance(error, InputError):
                print(traceback.format_exc(), file=log)
            name = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
            print(f"Error: {name}{error}", file=log)
        finally:
            logging.captureWarnings(False)
            logging.getLogger("py.warnings").removeHandler(handler)
            logger.removeHandler(handler)
            sys.stdout.flush()
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

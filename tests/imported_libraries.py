"""A Python that has imported the libraries of the workflow's jobs, for all Snakemakes of a process of tests.

Snakemake starts one Python for its jobs, which imports what these import and is copied for each (`copying`, in the
project). Here, one process imports the libraries once, and a copy of it becomes that program for each Snakemake: it
runs the project's own file, and only finds libraries imported already.
"""

import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path

LIBRARIES = (
    *("numpy.fft", "numpy.ma", "numpy.random", "scipy.signal", "scipy.ndimage", "scipy.stats", "scipy.optimize"),
    *("pandas", "nibabel", "nibabel.gifti", "nibabel.cifti2", "isal.igzip", "jinja2", "snakemake.io"),
    *("matplotlib.figure", "matplotlib.colors", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
    *("nilearn.image", "nilearn.maskers", "nilearn.plotting", "nilearn.interfaces.fmriprep"),
)
"""Of others alone: this workflow's package lies in each test's folder."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A process of one thread alone can be copied."""

PROGRAM = "copying.py"
"""The program that copies become."""


class ImportedLibraries:
    """The process that is copied; it ends with the process that has made it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="libraries")
        self.path = str(Path(self.folder.name) / "socket")
        self.process = subprocess.Popen(
            [sys.executable, __file__, self.path], stdin=subprocess.PIPE, env=os.environ | ONE_THREAD
        )

    def end(self):
        """Let it end."""
        self.process.communicate()
        self.folder.cleanup()


class Borrowed:
    """A copy that has become a program, in place of the process that would have been started.

    Parameters
    ----------
    path : str
        Where copies are to be had.
    command : list of str
        Python, the program and the number of a file that it is given.
    environment : dict of str to str
    """

    def __init__(self, path, command, environment):
        self.alive, theirs = socket.socketpair()
        described = {"program": command[1], "folder": os.getcwd(), "environment": dict(environment)}
        with theirs, socket.socket(socket.AF_UNIX) as asker:
            asker.connect(path)
            socket.send_fds(asker, [b"+"], [int(command[2]), 1, 2, theirs.fileno()])
            asker.sendall(json.dumps(described).encode())

    def wait(self):
        """Wait until it and its own copies have ended."""
        while self.alive.recv(1):
            pass


def borrow_from(path):
    """Let this process borrow the program that Snakemake copies for its jobs, and start all others."""

    class Popen(subprocess.Popen):
        def __new__(cls, command, *arguments, **options):
            if isinstance(command, list) and len(command) == 3 and Path(command[1]).name == PROGRAM:
                with suppress(OSError):
                    return Borrowed(path, command, options["env"])
            return super().__new__(cls)

    subprocess.Popen = Popen


def serve(listener):
    """Copy this process for each who asks, until standard input ends.

    Returns
    -------
    tuple or None
        In a copy, the files and the description that it was sent; None at the end.
    """
    # Nobody asks how copies have ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    watched = selectors.DefaultSelector()
    for each in (listener, sys.stdin):
        watched.register(each, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is sys.stdin:
                return None
            asker, _ = listener.accept()
            with asker:
                _, files, _, _ = socket.recv_fds(asker, 1, 4)
                described = asker.makefile("rb").read()
            if os.fork() == 0:
                watched.close()
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return files, json.loads(described)
            for file in files:
                os.close(file)


def become(files, described):
    """Be the program, as if Python had been started with it."""
    control, out, err, _alive = files
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in ((0, nothing), (1, out), (2, err)):
        os.dup2(file, number)
        os.close(file)
    os.chdir(described["folder"])
    os.environ.clear()
    os.environ.update(described["environment"])
    sys.argv = [described["program"], str(control)]
    sys.path[0] = str(Path(described["program"]).parent)
    gc.unfreeze()
    runpy.run_path(described["program"], run_name="__main__")


def main():
    """Import, serve, and be a program in a copy."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        gc.disable()
        for module in LIBRARIES:
            import_module(module)
        gc.freeze()
        asked = serve(listener)
    if asked is not None:
        become(*asked)


if __name__ == "__main__":
    main()

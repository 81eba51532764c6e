"""Snakemake as a copy of a Python that has imported it: its imports are more than half of what a short command takes.

Tests give a hundred commands and more. One process imports Snakemake once and forks for each command, in which what
the workflow does is as ever: it is read, planned and run anew, in its own folder, and ends as a process does. This
file is the helper of the tests (`ImportedSnakemake`), and the program that it starts.
"""

import atexit
import gc
import io
import json
import locale
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path

from imported_libraries import ImportedLibraries, borrow_from

IMPORTED = (
    "snakemake.cli",
    "snakemake.linting.rules",
    "snakemake.report.html_reporter",
    "snakemake_executor_plugin_slurm",
    "snakemake_logger_plugin_rich.event_handler",
    "jsonschema",
    "smart_open",
    "docutils.core",
    "docutils.writers.html5_polyglot",
    "sqlmodel",
)
"""Of Snakemake and its plugins alone: this workflow's package lies in each test's folder."""


def environment():
    """Environment variables, but for the one in which pytest counts."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


class ImportedSnakemake:
    """The process that is copied, started with the first command.

    It reads a command a line, and answers with the number of its process and, once this has ended, its status.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.process = self.libraries = None
        self.environment = environment()

    def can_be(self, python, env):
        """Whether a command with this Python, and with these environment variables, would find things as here."""
        return python == sys.executable and not env and self.environment == environment()

    def start(self):
        """Start the process, and with the first one that from which its jobs' Python is copied."""
        if self.libraries is None:
            self.libraries = ImportedLibraries()
            atexit.register(self.libraries.end)
        self.process = subprocess.Popen(
            [sys.executable, __file__, self.libraries.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        atexit.register(self.process.communicate)

    def run(self, arguments, folder, timeout):
        """Run a command to its end.

        Parameters
        ----------
        arguments : list of str
        folder : pathlib.Path
            The working directory.
        timeout : float
            Seconds, after which it is killed.

        Returns
        -------
        subprocess.CompletedProcess
            Its status, negative for the signal that has ended it, and as `stdout` what it printed, standard error
            included.

        Raises
        ------
        subprocess.TimeoutExpired
            With what was printed until then.
        """
        with self.lock, tempfile.NamedTemporaryFile() as printed:
            if self.process is None or self.process.poll() is not None:
                self.start()
            command = {"arguments": arguments, "folder": str(folder), "printed": printed.name}
            print(json.dumps(command), file=self.process.stdin, flush=True)
            pid = self.answer()
            late = threading.Event()

            def kill():
                late.set()
                os.kill(pid, signal.SIGKILL)

            end = threading.Timer(timeout, kill)
            end.start()
            try:
                status = self.answer()
            finally:
                end.cancel()
            # As `subprocess` reads text.
            output = Path(printed.name).read_text(encoding=locale.getencoding())
            if late.is_set():
                raise subprocess.TimeoutExpired(arguments, timeout, output)
            return subprocess.CompletedProcess(arguments, status, output)

    def answer(self):
        """A number that the process answers with."""
        said = self.process.stdout.readline()
        if not said:
            raise RuntimeError(f"The imported Snakemake has ended, with status {self.process.wait(10)}")
        return int(said)


def serve():
    """Fork for each command.

    Returns
    -------
    dict or None
        In a copy, the command that it shall run; None where no more commands come.
    """
    for line in sys.stdin:
        # The copy has this before it runs anything.
        command = json.loads(line)
        pid = os.fork()
        if pid == 0:
            return command
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    return None


def become(command):
    """Be `python -m snakemake` with a command's arguments, in its folder."""
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, command["printed"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    os.dup2(1, 2)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    os.chdir(command["folder"])
    sys.path[0] = os.getcwd()
    # Snakemake keeps the folder in which it was imported.
    sys.modules["snakemake.workflow"].Workflow._rundir = os.getcwd()
    borrow_from(sys.argv[1])
    sys.argv = ["snakemake", *command["arguments"]]
    gc.enable()
    try:
        runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        others = [thread for thread in threading.enumerate() if not thread.daemon]
        if not isinstance(ended.code, int) or others != [threading.main_thread()]:
            raise
        # Taking apart what is shared with the process that was copied has a copy made of its memory, for nothing.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code)


def main():
    """Import, serve, and be a command in a copy."""
    gc.disable()
    for module in IMPORTED:
        import_module(module)
    gc.freeze()
    command = serve()
    if command is not None:
        become(command)


if __name__ == "__main__":
    main()

"""Jobs as copies of one Python that has imported what they import; `copying` is the program that is copied."""

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from snakemake.benchmark import benchmarked
from snakemake.script import PythonScript
from snakemake.shell import shell

from . import copying
from .patches import Patch

COPIES = Patch(
    name="copies of one Python",
    replaces="PythonScript.execute_script, which starts a Python for each script",
    without="each job imports its libraries by itself, and takes up to twice as long",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/script/__init__.py",
    is_there=lambda: {"_execute_cmd", "executable"} <= set(PythonScript.execute_script.__code__.co_names),
)


def are_safe() -> bool:
    """Whether a program with imported libraries can be copied here, and watched: on Linux, and not on macOS."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return Path("/proc/self/task").is_dir()


SWITCH = "SEED_TO_VOXEL_COPIES"
"""Environment variable; with 0 no copies are made."""

ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "GOTO_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
"""How Snakemake tells a job of one thread so; libraries read it when they are imported."""


class Copies:
    """The program that is copied, started when the first script asks."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.control: socket.socket | None = None

    def start(self) -> socket.socket:
        """Start the program."""
        control, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, copying.__file__, str(number)]
            process = subprocess.Popen(command, pass_fds=[number], env=os.environ | ONE_THREAD)
        atexit.register(self.end, control, process)
        return control

    @staticmethod
    def end(control: socket.socket, process: subprocess.Popen) -> None:
        """Let the program end, and wait for it: its time is that of this process's children."""
        control.close()
        process.wait()

    def ask(self, script: copying.Script) -> socket.socket:
        """Ask for a copy that becomes a script.

        Returns
        -------
        socket.socket
            On which its number comes, and how it has ended.
        """
        ours, theirs = socket.socketpair()
        with theirs, self.lock:
            if self.control is None:
                self.control = self.start()
            socket.send_fds(self.control, [b"+"], [theirs.fileno()])
        ours.sendall(script.pack())
        return ours

    def run(self, script: copying.Script, record: Any = None) -> int | None:
        """Run a script in a copy, and wait for its end.

        Parameters
        ----------
        script : copying.Script
        record : snakemake.benchmark.BenchmarkRecord, optional
            Filled with what the copy takes.

        Returns
        -------
        int or None
            Its status, negative for the signal that has ended it; None if no copy can be had, and nothing was run.
        """
        pid = code = ""
        with suppress(OSError):
            answer = self.ask(script)
            with answer, answer.makefile("r") as lines:
                pid = lines.readline()
                if pid:
                    with benchmarked(int(pid), record) if record else nullcontext():
                        code = lines.readline()
        if not pid:
            return None
        # Without a word, the program was killed, and its copies with it.
        return int(code or -signal.SIGKILL)


def are_wanted() -> bool:
    """Whether scripts run in copies where they can."""
    return os.environ.get(SWITCH) != "0" and are_safe()


def environment(resources: Mapping[str, Any]) -> dict[str, str]:
    """What Snakemake gives to a job of one thread."""
    folder = resources.get("tmpdir")
    temporary = dict.fromkeys(("TMPDIR", "TMP", "TEMPDIR", "TEMP"), str(folder)) if folder else {}
    return os.environ | ONE_THREAD | temporary


def run_in_copies(root: Path) -> None:
    """Let Snakemake run the scripts of a project in copies of one Python, where it would start this Python for them.

    Others have a Python of their own (conda, containers, modules of a cluster), or more threads than one, of which a
    copy would have none.

    Parameters
    ----------
    root : pathlib.Path
        The project's folder.
    """
    copies = Copies()
    start_anew = PythonScript.execute_script

    def execute_script(self: Any, fname: str, edit: bool = False) -> None:
        path = Path(self.path.get_path_or_uri(secret_free=True)).resolve()
        others = (
            self.conda_env,
            self.container_img,
            self.env_modules,
            self.shadow_dir,
            self.resources.get("shell_exec"),
        )
        if any(others) or edit or self.threads != 1 or not path.is_relative_to(root):
            start_anew(self, fname, edit)
            return
        imports = tuple(self.params.get("imports", ()))
        script = copying.Script(os.path.abspath(fname), str(path), os.getcwd(), environment(self.resources), imports)
        status = copies.run(script, self.bench_record)
        if status is None:
            start_anew(self, fname, edit)
        elif status:
            # The shell fails as it would with the script: of errors raised here, Snakemake would show where.
            ending = f"exit {status}" if status > 0 else f"kill -{-status} $$"
            shell("{ending} # {command}", ending=ending, command=f"{sys.executable} {script.path}")

    PythonScript.execute_script = execute_script

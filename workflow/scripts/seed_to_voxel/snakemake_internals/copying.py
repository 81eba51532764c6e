"""A Python that imports what scripts import, once, and runs each in a copy of itself: `python copying.py SOCKET`.

A script of a workflow is short, and most of its processor time is that of its imports. This program imports what the
first script of a kind imports at its top, and forks a copy of itself for each script. The copy runs the script from
its first line, in a module of its own, with the environment and the folder that were asked for; nothing of a script
but its imports runs in the program that is copied. It ends with the process that has started it, as do the copies.

It is started by `copies`, and imports the standard library alone, as everything here is in every copy.
"""

import ast
import atexit
import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
import types
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType

GIVEN = dict(os.environ)
"""What this program was started with; what imports have changed since is theirs."""

DIES_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""

LATER = ("snakemake.io", "numpy.fft", "numpy.ma")
"""What packages import when something of theirs is first looked at, and nearly all scripts look at."""


@dataclass(frozen=True)
class Script:
    """A script that shall run.

    Attributes
    ----------
    path : str
        As Snakemake has written it, with the object `snakemake` at its top.
    kind : str
        What is the same for all scripts with the same imports.
    folder : str
        The working directory.
    environment : dict of str to str
    imports : tuple of str
        Modules that it imports later, as what it is asked for needs them.
    """

    path: str
    kind: str
    folder: str
    environment: dict[str, str]
    imports: tuple[str, ...] = ()

    def pack(self) -> bytes:
        """As bytes, their number first."""
        texts = [self.path, self.kind, self.folder, " ".join(self.imports)]
        texts += (f"{name}={value}" for name, value in self.environment.items())
        packed = "\0".join(texts).encode(errors="surrogateescape")
        return len(packed).to_bytes(8, "big") + packed

    @classmethod
    def receive(cls, asker: socket.socket) -> "Script":
        """Read what `pack` has made.

        Raises
        ------
        EOFError
            If the other side closes before the end.
        """
        length = int.from_bytes(receive_all(asker, 8), "big")
        texts = receive_all(asker, length).decode(errors="surrogateescape").split("\0")
        path, kind, folder, imports, *entries = texts
        return cls(path, kind, folder, dict(entry.split("=", 1) for entry in entries), tuple(imports.split()))

    def import_as_it_does(self) -> None:
        """Import what the script imports at its top, with the search path that it makes for itself, and `imports`."""
        kept = list(sys.path)
        for statement in ast.parse(Path(self.path).read_bytes()).body:
            searches = isinstance(statement, ast.Expr) and ast.unparse(statement).startswith("sys.path.extend(")
            if searches or isinstance(statement, ast.Import | ast.ImportFrom):
                # Whatever is wrong with it, the script says itself; some modules would end the process.
                with suppress(BaseException):
                    exec(compile(ast.Module([statement], []), self.path, "exec"), {"sys": sys})
        for module in (*self.imports, *LATER):
            if module in self.imports or module.partition(".")[0] in sys.modules:
                # As above: an import that fails must not end this program, and with it the jobs that run.
                with suppress(BaseException):
                    import_module(module)
        sys.path[:] = kept

    def run(self) -> types.ModuleType:
        """Be the script from now on, as if this process had been started with it; return what is left of it."""
        os.chdir(self.folder)
        changed = dict(os.environ.items() - GIVEN.items())
        os.environ.clear()
        os.environ.update(self.environment | changed)
        # What `top` and `ps -e` show.
        with suppress(OSError):
            Path("/proc/self/comm").write_text(Path(self.kind).stem)
        sys.argv = [self.path]
        if not sys.flags.safe_path:
            sys.path.insert(0, str(Path(self.path).parent))
        main = types.ModuleType("__main__")
        main.__file__ = self.path
        sys.modules["__main__"] = main
        sys.excepthook = show_the_script_alone
        exec(compile(Path(self.path).read_bytes(), self.path, "exec"), main.__dict__)
        return main


@dataclass(frozen=True)
class Copy:
    """A copy that runs: its process, what tells of its end, and who waits for it."""

    pid: int
    end: int
    asker: socket.socket

    def close(self) -> None:
        """Let go of what this process holds of it."""
        os.close(self.end)
        self.asker.close()


def receive_all(connection: socket.socket, length: int) -> bytes:
    """Read so many bytes.

    Raises
    ------
    EOFError
        If the other side closes before.
    """
    received = b""
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise EOFError
        received += part
    return received


def show_the_script_alone(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Show an error as Python does, without the frames of this program, which stand above those of the script."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    sys.__excepthook__(kind, error.with_traceback(traceback), traceback)


def is_alone() -> bool:
    """Whether this process has one thread, without which a copy of it would be in pieces."""
    return len(os.listdir("/proc/self/task")) == 1


class Original:
    """What is copied.

    Parameters
    ----------
    control : socket.socket
        Brings, with one byte each, the sockets of those who ask for a script.
    """

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.copies: dict[int, Copy] = {}
        self.kinds: set[tuple[str, tuple[str, ...]]] = set()
        self.watched = selectors.DefaultSelector()
        self.watched.register(control, selectors.EVENT_READ, self.ask)
        self.is_wanted = True
        signal.signal(signal.SIGTERM, self.terminate)

    def terminate(self, *_: object) -> None:
        """End with the copies, once these have ended."""
        self.is_wanted = False
        for pid in self.copies:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        if not self.copies:
            sys.exit(128 + signal.SIGTERM)

    def serve(self) -> Script | None:
        """Make a copy for each script that is asked for.

        Returns
        -------
        Script or None
            In a copy, what it shall become; None when nobody can ask any more and all copies have ended.
        """
        while self.is_wanted or self.copies:
            for key, _ in self.watched.select():
                # A call before may have closed it, and given its number to another.
                if self.watched.get_map().get(key.fd) is key:
                    script = key.data()
                    if script is not None:
                        return script
        return None

    def ask(self) -> Script | None:
        """Take a script, and copy this process; return the script in the copy.

        Who asks for what cannot be had finds the socket closed.
        """
        word, descriptors, _, _ = socket.recv_fds(self.control, 1, 1)
        if not word:
            self.watched.unregister(self.control)
            self.is_wanted = False
        # A word alone: this process may open no more.
        if not descriptors:
            return None
        asker = socket.socket(fileno=descriptors[0])
        with suppress(EOFError, OSError):
            script = Script.receive(asker)
            if (script.kind, script.imports) not in self.kinds:
                self.kinds.add((script.kind, script.imports))
                script.import_as_it_does()
                # Copies do not look through what is here, and share its memory.
                gc.collect()
                gc.freeze()
            if self.is_wanted and is_alone():
                return script if self.copy(asker) else None
        asker.close()
        return None

    def copy(self, asker: socket.socket) -> bool:
        """Copy this process; say whether this is the copy.

        Raises
        ------
        OSError
            If there is no room for it.
        """
        # What imports have printed is printed once.
        print(end="", flush=True)
        original = os.getpid()
        # SIGTERM comes when each of both knows what it is.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        try:
            pid = os.fork()
            if pid == 0:
                asker.close()
                self.let_go(original)
                return True
            try:
                copy = Copy(pid, os.pidfd_open(pid), asker)
            except OSError:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise
            self.copies[pid] = copy
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        self.watched.register(copy.end, selectors.EVENT_READ, lambda: self.tell(copy))
        self.watched.register(asker, selectors.EVENT_READ, lambda: self.forget(copy))
        with suppress(OSError):
            asker.sendall(f"{pid}\n".encode())
        return False

    def tell(self, copy: Copy) -> None:
        """Say how a copy has ended; who measures it finds what is left of its process until the asker lets go."""
        self.watched.unregister(copy.end)
        ended = os.waitid(os.P_PID, copy.pid, os.WEXITED | os.WNOWAIT)
        if ended is not None:
            code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
            with suppress(OSError):
                copy.asker.sendall(f"{code}\n".encode())

    def forget(self, copy: Copy) -> None:
        """End with a copy that nobody asks for any more: it has ended, or its asker was killed and it is killed too."""
        os.kill(copy.pid, signal.SIGKILL)
        os.waitpid(copy.pid, 0)
        del self.copies[copy.pid]
        self.watched.unregister(copy.asker)
        if copy.end in self.watched.get_map():
            self.watched.unregister(copy.end)
        copy.close()

    def let_go(self, original: int) -> None:
        """In a copy: be a process as any other, but for ending with the original."""
        ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != original:
            os._exit(1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.watched.close()
        self.control.close()
        for copy in self.copies.values():
            copy.close()
        # Folders that imports have made are the original's to remove: matplotlib's, where home cannot be written to.
        if "shutil" in sys.modules:
            atexit.unregister(sys.modules["shutil"].rmtree)
        # Python's own random numbers differ in each copy by themselves.
        if "numpy.random" in sys.modules:
            sys.modules["numpy.random"].seed()
        gc.enable()


def end_untouched(ran: types.ModuleType | None) -> None:
    """End this process as Python does, but leave what it shares as it is, as `multiprocessing` does after a fork.

    Python would take apart each module and object, and so have a copy made of the memory that is shared until then,
    which takes longer than many a script. With threads of its own, a script ends as ever.

    Parameters
    ----------
    ran : types.ModuleType or None
        The script, whose objects are its own: files that it has left open are written to their end.
    """
    if not is_alone():
        return
    atexit._run_exitfuncs()
    if ran is not None:
        vars(ran).clear()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (AttributeError, ValueError, OSError):
        # Python says what is wrong with it, if anything.
        return
    os._exit(0)


def main() -> None:
    """Serve; a copy leaves this as a script."""
    # Ctrl-C is for Snakemake, which ends its jobs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What lies beside this program is not for scripts.
    if not sys.flags.safe_path:
        del sys.path[0]
    gc.disable()
    script = Original(socket.socket(fileno=int(sys.argv[1]))).serve()
    # A script that fails leaves this with its error.
    end_untouched(None if script is None else script.run())


if __name__ == "__main__":
    main()

"""Ctrl-C: jobs end at once and without a word, and the same command goes on later."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

import psutil
from snakemake.shell import shell

from . import screen
from .patches import Patch, source_of

PATIENCE = 5.0
"""Seconds that a process has to end by itself."""

PREFIX = "set -euo pipefail; trap '' INT; "
"""What Snakemake puts before each job's command by itself, and: Ctrl-C in a terminal is for Snakemake alone."""


def has_what_interrupts() -> bool:
    """Whether a scheduler that is interrupted cancels its executor, and jobs' commands begin with what is replaced."""
    scheduler = source_of("snakemake.scheduling.job_scheduler")
    return (
        "except (KeyboardInterrupt, SystemExit):" in scheduler
        and "self._executor.cancel()" in scheduler
        and '"set -euo pipefail; "' in source_of("snakemake.shell")
        and screen.says("snakemake.workflow", screen.UNFINISHED)
    )


INTERRUPT = Patch(
    name="quiet interruption",
    replaces="what JobScheduler does at a KeyboardInterrupt",
    without="Ctrl-C shows each running job's traceback as if it had failed; the same command still goes on",
    upstream="https://github.com/snakemake/snakemake/issues/448",
    is_there=has_what_interrupts,
)


def leave_ctrl_c_to_snakemake() -> None:
    """Let jobs ignore Ctrl-C, which a terminal sends to them as well: they would each show a traceback."""
    shell.prefix(PREFIX)


def end_processes(ended: threading.Event, patience: float = PATIENCE, interval: float = 0.2) -> None:
    """End all that this process has started, and what is started meanwhile.

    Parameters
    ----------
    ended : threading.Event
        Set when nothing is started any more; one round is made in any case.
    patience : float
        Seconds after which a process that still runs is killed.
    interval : float
        Seconds between two rounds.
    """
    asked: dict[int, float] = {}
    while True:
        now = time.monotonic()
        for child in psutil.Process().children(recursive=True):
            since = asked.setdefault(child.pid, now)
            with suppress(psutil.Error):
                child.terminate() if now - since < patience else child.kill()
        if ended.wait(interval):
            return


def join_unknown_threads(pool: Any) -> None:
    """Wait for threads of a pool that it does not know of.

    Ctrl-C while a pool starts a thread leaves the thread running and the pool without it: ``shutdown`` would not wait
    for its job, and Snakemake would stumble over its event loop.

    Parameters
    ----------
    pool : concurrent.futures.ThreadPoolExecutor or None
    """
    prefix = getattr(pool, "_thread_name_prefix", None)
    for thread in threading.enumerate():
        if prefix and thread.name.startswith(f"{prefix}_"):
            thread.join()


def end_jobs_at_once(executor: Any, interrupted: Callable[[], None]) -> None:
    """Let an executor that is cancelled since the user interrupted end its jobs, instead of waiting for them.

    Parameters
    ----------
    executor : snakemake_interface_executor_plugins.executors.base.AbstractExecutor
        Changed in place.
    interrupted : callable
        Called first.
    """
    cancel = executor.cancel
    # An executor for a cluster tells it to cancel the jobs, by commands of its own.
    is_remote = hasattr(executor, "check_active_jobs")

    def cancel_at_once() -> None:
        if not isinstance(sys.exception(), KeyboardInterrupt | SystemExit):
            cancel()
            return
        interrupted()
        ended = threading.Event()
        if is_remote:
            # One round, as what is started next is what tells the cluster.
            ended.set()
        ending = threading.Thread(target=end_processes, args=(ended,), daemon=True)
        ending.start()
        if is_remote:
            ending.join()
        try:
            cancel()
            join_unknown_threads(getattr(executor, "pool", None))
        finally:
            ended.set()

    executor.cancel = cancel_at_once


def say_without_traceback(advice: Callable[[], str]) -> None:
    """Let Ctrl-C show a sentence, where Snakemake does not expect it: while it plans, or at its end.

    Parameters
    ----------
    advice : callable
        Gives the sentence.
    """
    show = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            print(f"\n{advice()}", file=sys.stderr)
        else:
            show(kind, error, traceback)

    sys.excepthook = hook

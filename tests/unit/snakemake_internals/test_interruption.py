"""What an interruption does to processes and to executors."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import psutil
import pytest
from snakemake.shell import shell

from seed_to_voxel.snakemake_internals import interruption


def started(command):
    """A process that has begun, as its first line of output tells."""
    process = subprocess.Popen(["bash", "-c", command], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    return process


def test_processes_are_ended_with_their_children_and_the_stubborn_are_killed():
    stubborn = started("trap '' TERM; echo begun; while true; do sleep 0.1; done")
    parent = started("sleep 100 & echo begun; wait")
    (grandchild,) = psutil.Process(parent.pid).children()
    ended = threading.Event()
    ending = threading.Thread(target=interruption.end_processes, args=(ended, 0.5, 0.05))
    ending.start()
    assert parent.wait(10) == -15
    assert stubborn.wait(10) == -9
    gone, alive = psutil.wait_procs([grandchild], 10)
    assert gone and not alive
    late = started("echo begun; sleep 100")
    assert late.wait(10) == -15
    ended.set()
    ending.join(10)
    assert not ending.is_alive()


class Executor:
    """As the local one: to cancel is to wait for what runs."""

    def __init__(self, process):
        self.process = process
        self.cancelled = 0

    def cancel(self):
        self.cancelled += 1
        self.process.wait(30)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_ends_the_jobs_that_run(error):
    job = started("echo begun; sleep 100")
    executor = Executor(job)
    told = []
    interruption.end_jobs_at_once(executor, lambda: told.append(job.poll()))
    start = time.monotonic()
    try:
        raise error
    except error:
        executor.cancel()
    assert time.monotonic() - start < 20
    assert executor.cancelled == 1
    assert job.poll() == -15
    # It was known before the job ended, so that its end was not taken for a failure.
    assert told == [None]


def test_a_thread_that_was_starting_is_waited_for():
    # As after Ctrl-C within Thread.start(), which leaves the pool without the thread that it has started.
    pool = ThreadPoolExecutor(1)
    pool.submit(time.sleep, 0.5)
    (thread,) = pool._threads
    pool._threads.clear()
    executor = SimpleNamespace(pool=pool, cancel=pool.shutdown)
    interruption.end_jobs_at_once(executor, lambda: None)
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        executor.cancel()
    assert not thread.is_alive()


def test_an_error_of_snakemake_waits_for_the_jobs_that_run():
    job = started("echo begun; sleep 1; exit 7")
    executor = Executor(job)
    told = []
    interruption.end_jobs_at_once(executor, lambda: told.append(True))
    try:
        raise RuntimeError
    except RuntimeError:
        executor.cancel()
    assert job.poll() == 7 and not told


def test_a_cluster_s_executor_cancels_its_jobs_itself():
    mine = started("echo begun; sleep 100")
    scancel = []

    def cancel():
        scancel.append(subprocess.run(["sleep", "0.5"]).returncode)

    executor = SimpleNamespace(cancel=cancel, check_active_jobs=None)
    interruption.end_jobs_at_once(executor, lambda: None)
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        executor.cancel()
    assert mine.wait(10) == -15
    assert scancel == [0]


def test_jobs_do_not_hear_of_ctrl_c(monkeypatch):
    monkeypatch.setattr(shell, "_process_prefix", None)
    interruption.leave_ctrl_c_to_snakemake()
    ask = f'{sys.executable} -c "import signal; print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"'
    assert shell(ask, read=True).strip() == "True"
    # As without the prefix, a pipeline fails where a part of it fails.
    with pytest.raises(subprocess.CalledProcessError):
        shell("false | true")


def test_ctrl_c_while_planning_is_a_sentence():
    room = interruption.__file__
    program = (
        f"import sys; sys.path.insert(0, {room.partition('seed_to_voxel')[0]!r})\n"
        "from seed_to_voxel.snakemake_internals import interruption\n"
        "interruption.say_without_traceback(lambda: 'The same command goes on.')\n"
        "raise {error}\n"
    )
    for error, said in (("KeyboardInterrupt", False), ("ValueError(3)", True)):
        done = subprocess.run([sys.executable, "-c", program.format(error=error)], capture_output=True, text=True)
        assert done.returncode != 0
        assert ("Traceback" in done.stderr) == said
        assert ("The same command goes on." in done.stderr) != said

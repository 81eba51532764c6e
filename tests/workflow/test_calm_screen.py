"""What a person sees: a calm screen, and an interruption that does not look like a failure."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import psutil
import pytest
from conftest import PLAIN_FIGURES, SMALL

pytestmark = pytest.mark.workflow

CHATTER = ("Loading script code", "Adding ", "temporary output", "Select jobs", "Execute ", "Using shell")


class Terminal:
    """A Snakemake in a terminal of its own, where Ctrl-C goes to every process as it does for a person."""

    def __init__(self, folder, *arguments):
        self.printed = ""
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
            start_new_session=True,
            # The terminal becomes the new session's own by being opened in it.
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )
        os.close(theirs)
        # Who prints more than a terminal holds waits until it is read.
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """Read all that is printed until the end."""
        with suppress(OSError):
            while some := os.read(self.ours, 65536):
                self.printed += some.decode(errors="replace")

    def press_ctrl_c(self):
        os.write(self.ours, b"\x03")

    def wait(self):
        """Wait until it has ended and all is read; the exit status."""
        self.reader.join(120)
        os.close(self.ours)
        return self.process.wait(60)


def wait_for_scripts(process, name, n=2, timeout=120):
    """Wait until `n` scripts run below a process: when the second does, Snakemake has begun the first for long."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = []
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if child.name() == name:
                    found.append(child)
        if len(found) == n:
            return found
        time.sleep(0.02)
    raise AssertionError(f"no {n} of {name} within {timeout} seconds")


def small(workspace):
    return workspace.write_config(dataset={"kind": "simulated", "simulated": SMALL}, figures=PLAIN_FIGURES)


def test_a_run_shows_its_jobs_and_what_came_of_them(finished):
    lines = finished.printed.splitlines()
    assert not [line for line in lines if line.startswith(CHATTER) or "Warning" in line]
    for said in (
        r"Job \d+: Extract the seeds' series of sub-01.*",
        r"Finished jobid: \d+ \(Rule: correlate\)",
        r"(\d+) of \1 steps \(100%\) done",
        r"Note: 2 of 2 runs have a warning; see results/quality\.html",
        r"Report: results/report.html",
        r"Complete log\(s\): .*/\.snakemake/log/.*\.log",
    ):
        assert len([line for line in lines if re.fullmatch(said, line)]) >= 1, said
    # Of each job: an empty line, two times of day, what it does, that it is done, and how many are.
    n_jobs = int(re.search(r"of (\d+) steps", finished.printed).group(1))
    assert len(lines) <= 6 * n_jobs + 45
    (log,) = (finished.path / ".snakemake/log").glob("*.log")
    kept = log.read_text()
    assert all(said in kept for said in ("Loading script code for rule correlate", "Removing temporary output"))


def test_a_dry_run_in_a_terminal_and_elsewhere(workspace):
    config = small(workspace)
    printed = workspace.snakemake("-n", "--configfile", config).stdout
    assert "temporary output" not in printed
    assert "This was a dry-run" in printed and re.search(r"^draw_figures +2$", printed, re.MULTILINE)
    terminal = Terminal(workspace.path, "-n", "--configfile", config)
    assert terminal.wait() == 0
    assert "temporary output" not in terminal.printed
    assert "This was a dry-run" in terminal.printed and "draw figures" in terminal.printed
    # Who asks for all gets all.
    assert "Would remove temporary output" in workspace.snakemake("-n", "--verbose", "--configfile", config).stdout


@pytest.mark.parametrize("how", ["Ctrl-C in a terminal", "a signal to Snakemake alone"])
def test_an_interruption_is_no_failure_and_the_same_command_goes_on(how, workspace):
    config = small(workspace)
    script = workspace.path / "workflow/scripts/simulate_run.py"
    written = script.read_text()
    # Jobs that do not end before they are interrupted, however busy the machine is.
    script.write_text(f"import time\n\ntime.sleep(300)\n{written}")
    if how.startswith("Ctrl-C"):
        terminal = Terminal(workspace.path, "--configfile", config)
        scripts = wait_for_scripts(terminal.process, "simulate_run")
        terminal.press_ctrl_c()
        status = terminal.wait()
        printed = terminal.printed
    else:
        process = workspace.begin("--configfile", config)
        scripts = wait_for_scripts(process, "simulate_run")
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=120)
        status = process.returncode
    assert status == 1
    assert not any(script.is_running() for script in scripts)
    assert printed.count("Interrupted.") == 1 and "the same command goes on" in printed
    for alarming in ("Traceback", "Exception", "rror", "ailed", "SIG", "did not complete"):
        assert alarming not in printed, printed
    results = workspace.path / "results"
    assert not (results / "failed_runs.tsv").exists() and not (results / "report.html").exists()
    # Snakemake's log file has what the screen was spared.
    (log,) = (workspace.path / ".snakemake/log").glob("*.log")
    assert "SIGTERM" in log.read_text()

    script.write_text(written)
    if how.startswith("Ctrl-C"):
        printed = workspace.snakemake("--configfile", config).stdout
        assert "Report: results/report.html" in printed
        assert len(list(workspace.run_folder("02").glob("*_statmap.png"))) == 1
    else:
        workspace.snakemake("-n", "--configfile", config)


def test_ctrl_c_while_planning_is_a_sentence(workspace):
    config = small(workspace)
    # Something to wait for: a config that is read slowly would be interrupted before the rules are.
    rules = workspace.path / "workflow/rules/figures.smk"
    rules.write_text("import time\n\nprint('planning', flush=True)\ntime.sleep(60)\n" + rules.read_text())
    process = workspace.begin("--configfile", config)
    while process.stdout.readline() != "planning\n":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert printed.strip().startswith("Interrupted.") and "Traceback" not in printed

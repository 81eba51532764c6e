"""The workflow on a real Slurm, through the profile that users get."""

import csv
import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import PLAIN_FIGURES, SMALL, Workspace, absent, takes_long
from slurm_cluster import BINARIES, LINK, Slurm, remove_leftover

from seed_to_voxel.study import resources

pytestmark = pytest.mark.cluster

N_RUNS = 3
"""More than the two that run at a time; each takes a Snakemake in its job, and one in its step."""


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """A running cluster; the tests of a session share it, one at a time."""
    missing = [name for name in BINARIES if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if missing:
        absent("cluster", f"Slurm is not installed ({', '.join(missing)} missing)")
    if os.geteuid() != 0:
        absent("cluster", "a Slurm of one's own needs root")
    remove_leftover()
    if LINK.exists() or LINK.is_symlink():
        absent("cluster", f"{LINK} exists: this machine belongs to a cluster already")
    try:
        import snakemake_executor_plugin_slurm  # noqa: F401
    except ImportError:
        absent("cluster", "the executor plugin is not installed (uv sync --group slurm)")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    folder = tmp_path_factory.mktemp("slurm")
    cluster = Slurm(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


OVERRIDES = {
    # Only where jobs go and how often they are looked at; all else is the profile as it is shipped.
    "default-resources": ["slurm_partition=tests"],
    "slurm-init-seconds-before-status-checks": 1,
    "seconds-between-status-checks": 1,
}


class ClusterWorkspace(Workspace):
    """A copy of the project whose Snakemake submits to Slurm."""

    def command(self, *arguments):
        options = []
        for name, value in OVERRIDES.items():
            options += [f"--{name}", *(value if isinstance(value, list) else [str(value)])]
        return [
            *(sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", *options),
            *map(str, arguments),
        ]

    def start(self, *arguments):
        """Start Snakemake; what it prints goes to `printed`."""
        self.printed = self.path / "printed.txt"
        with self.printed.open("w") as out:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Where the tests run in the background of a script, interrupts are ignored, which children inherit.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def finished_runs(self):
        """How many runs Snakemake knows to have finished."""
        return len(re.findall(r"Finished jobid: \d+ \(Rule: draw_figures\)", self.printed.read_text()))

    def run(self, *arguments, timeout=240):
        """Run Snakemake to its end; the exit status and what it printed."""
        process = self.start(*arguments)
        try:
            return process.wait(timeout), self.printed.read_text()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(60)


@pytest.fixture
def submitting(slurm, tmp_path):
    """A fresh copy of the project that submits to Slurm."""
    return ClusterWorkspace(tmp_path / "project")


@pytest.fixture(scope="session")
def done_here(tmp_path_factory):
    """Simulated runs, done on this machine without Slurm; do not change them."""
    workspace = Workspace(tmp_path_factory.mktemp("local") / "project")
    workspace.config = {
        "dataset": {"kind": "simulated", "simulated": {**SMALL, "participants": N_RUNS}},
        "figures": PLAIN_FIGURES,
    }
    workspace.snakemake("--configfile", workspace.write_config(**workspace.config))
    return workspace


CHAIN = {"simulate_run", "extract_seeds", "extract_voxels", "correlate", "fisher_z", "draw_figures"}


def digests(folder):
    """SHA-256 of the contents of all files below a folder; NIfTI decompressed, since gzip notes the time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            found[str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    return found


def table_of(workspace, local, subjects, spoilt=()):
    """Point a workspace at some of the local runs, by a table; those that are spoilt are cut short."""
    rows = ["subject\ttask\tspace\tbold\tmask\tconfounds\tt_r"]
    for subject in subjects:
        folder = local.path / "results" / "inputs" / "simulated" / f"sub-{subject}" / "func"
        (bold,) = folder.glob("*_bold.nii.gz")
        (mask,) = folder.glob("*brain_mask.nii.gz")
        (confounds,) = folder.glob("*confounds_timeseries.tsv")
        if subject in spoilt:
            cut = workspace.path / "cut_bold.nii.gz"
            cut.write_bytes(bold.read_bytes()[:20000])
            bold = cut
        rows.append(f"{subject}\trest\tMNI\t{bold}\t{mask}\t{confounds}\t2")
    (workspace.path / "runs.tsv").write_text("\n".join(rows) + "\n")
    return workspace.write_config(dataset={"kind": "table", "table": {"runs": "runs.tsv"}}, figures=PLAIN_FIGURES)


def tree_of(step):
    """Processes below one, itself included."""
    found, waiting = [], [step]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                waiting += map(int, children.read().split())
    return found


def watch_steps(process):
    """Until a process ends, watch Slurm's steps: the most memory of each job (MB), and its scripts' threads."""
    peaks, threads = {}, set()
    while process.poll() is None:
        used = {}
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/cmdline") as file:
                    match = re.match(r"slurmstepd: \[(\d+)\.", file.read())
                if not match:
                    continue
                for pid in tree_of(int(entry))[1:]:
                    with open(f"/proc/{pid}/status") as file:
                        used[match[1]] = (
                            used.get(match[1], 0) + int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024
                        )
                    with open(f"/proc/{pid}/cmdline") as file:
                        script = re.search(r"/tmp\w+\.(\w+)\.py\0", file.read())
                    if script:
                        with open(f"/proc/{pid}/environ") as file:
                            environment = dict(e.split("=", 1) for e in file.read().split("\0") if "=" in e)
                        threads.add((script[1], environment["OMP_NUM_THREADS"], environment["OPENBLAS_NUM_THREADS"]))
            except (OSError, ValueError, TypeError, KeyError):
                continue  # the process has ended meanwhile
        for job, memory in used.items():
            peaks[job] = max(peaks.get(job, 0), memory)
        time.sleep(0.1)
    return peaks, threads


def test_default_workflow(slurm, submitting, done_here):
    before = len(slurm.jobs())
    process = submitting.start("--configfile", submitting.write_config(**done_here.config))
    peaks, threads = watch_steps(process)
    printed = submitting.printed.read_text()
    assert process.returncode == 0, printed

    # What the controller was asked by Snakemake, not by the nodes: docs/cluster.md reckons with it.
    counts = dict(re.findall(r"(REQUEST_\w+)\s+\(\s*\d+\) count:(\d+)", slurm.ask("sdiag").split("by user")[0]))
    assert int(counts["REQUEST_SUBMIT_BATCH_JOB"]) == N_RUNS + 1
    (submitting.path / "sdiag.txt").write_text(str(counts))

    *jobs, overview = slurm.jobs()[before:]
    assert [job["state"] for job in jobs] == ["COMPLETED"] * N_RUNS, "as many Slurm jobs as runs"
    assert overview["state"] == "COMPLETED", "and one for the page of all runs"
    assert {job["node"] for job in jobs} == {"n1", "n2"}
    assert {job["cpus"] for job in jobs} == {"1"}
    assert digests(submitting.derivatives) == digests(done_here.derivatives)
    assert (submitting.path / "results" / "report.html").is_file()

    size = resources.simulated_size({**done_here.config["dataset"]["simulated"]})
    largest = max(resources.memory_mb(rule, size, n_seeds=1) for rule in CHAIN)
    for job in jobs:
        asked = int(job["memory"].removesuffix("M"))
        assert asked >= largest
        assert 0.5 * asked < peaks[job["id"]] < 0.95 * asked, "the memory of a whole group"
    assert {script for script, *_ in threads} >= {"extract_seeds", "draw_figures"}
    for script, omp, openblas in threads:
        assert omp == openblas == "1", script


def test_failures(slurm, submitting, done_here):
    """One is cancelled from outside, one can never succeed, and all but that one need more memory at first."""
    config = table_of(submitting, done_here, ["01", "02", "03"], spoilt=["02"])
    before = len(slurm.jobs())
    rules = CHAIN - {"simulate_run"}
    # Less than the Snakemakes of a job need.
    little = [f"{rule}:mem_mb=attempt**3*150" for rule in rules]
    process = submitting.start("--configfile", config, "--set-resources", *little)
    slurm.wait_for(lambda: slurm.jobs("RUNNING"), "a job")
    cancelled = slurm.jobs("RUNNING")[0]["id"]
    slurm.ask("scancel", cancelled)
    assert process.wait(240) == 1
    printed = submitting.printed.read_text()

    jobs = slurm.jobs()[before:]
    assert [job["memory"] for job in jobs].count("150M") == 3, printed
    assert [job["memory"] for job in jobs].count("1200M") == 3, printed
    states = {job["id"]: job["state"] for job in jobs}
    assert states.pop(cancelled) == "CANCELLED"
    assert sorted(states.values()) == ["COMPLETED"] * 2 + ["FAILED"] * 3, printed
    oom = [path for path in slurm.folder.glob("slurmd.*.log") if "exceeded memory limit" in path.read_text()]
    assert oom, "a job was killed for its memory"

    for subject in ("01", "03"):
        assert len(list(submitting.run_folder(subject).glob("*_statmap.nii.gz"))) == 5
    with open(submitting.path / "results" / "failed_runs.tsv") as table:
        (failure,) = csv.DictReader(table, delimiter="\t")
    assert failure["run"] == "sub-02_task-rest_space-MNI"
    assert failure["rule"] == "extract_seeds"
    assert failure["message"].startswith("Error: ") and "cut_bold.nii.gz" in failure["message"]
    log = (submitting.path / failure["log"]).read_text()
    assert log.strip().splitlines()[-1] == failure["message"]
    assert f"1 failed, the others are not affected:\n  {failure['run']}: failed at extract_seeds\n" in printed
    assert "cut_bold.nii.gz" in (submitting.path / "results" / "report.html").read_text()


def test_interrupted(slurm, submitting, done_here):
    config = table_of(submitting, done_here, [f"{k:02d}" for k in range(1, N_RUNS + 1)])
    before = len(slurm.jobs())
    # Two at a time, so that others are under way when the first is known to have ended.
    process = submitting.start("--configfile", config, "--jobs", "2")
    slurm.wait_for(lambda: submitting.finished_runs() > 0, "a finished run", timeout=120)
    slurm.wait_for(lambda: slurm.jobs("RUNNING", "PENDING"), "an unfinished job")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 1, submitting.printed.read_text()
    slurm.wait_for(lambda: not slurm.jobs("RUNNING", "PENDING", "COMPLETING"), "the jobs to end")
    first = slurm.jobs()[before:]
    assert "CANCELLED" in {job["state"] for job in first}
    assert not list((submitting.path / ".snakemake" / "locks").glob("*"))
    assert not (submitting.path / "results" / "failed_runs.tsv").exists(), "an interrupted run has not failed"
    done = {path: path.stat().st_mtime_ns for path in submitting.derivatives.rglob("*_statmap.*")}
    finished = submitting.finished_runs()

    status, printed = submitting.run("--configfile", config)
    assert status == 0, printed
    second = slurm.jobs()[before + len(first) :]
    assert 1 < len(second) <= N_RUNS - finished + 1, "unfinished runs, and the page of all runs"
    assert all(job["state"] == "COMPLETED" for job in second)
    kept = {path for path, written in done.items() if path.exists() and path.stat().st_mtime_ns == written}
    whole = [
        subject for subject in range(1, N_RUNS + 1) if sum(f"sub-{subject:02d}_" in path.name for path in kept) == 12
    ]
    assert len(whole) >= finished, "what was finished stayed as it was"
    assert len(list(submitting.derivatives.rglob("*_statmap.nii.gz"))) == 5 * N_RUNS


@takes_long
def test_controller_away(slurm, submitting, done_here):
    """Jobs go on without their controller, and Snakemake waits for it.

    That jobs of which Slurm said nothing are asked about again is tried in tests/unit, too.
    """
    config = table_of(submitting, done_here, ["01"])
    before = len(slurm.jobs())
    process = submitting.start("--configfile", config)
    try:
        # Inside the allocation, a job needs the controller once, to start.
        slurm.wait_for(lambda: list(submitting.path.rglob("extract_seeds/**/*.log")), "the job")
        slurm.stop_controller()
        time.sleep(10)
        assert process.poll() is None
    finally:
        slurm.start_controller()
    assert process.wait(180) == 0, submitting.printed.read_text()
    assert [job["state"] for job in slurm.jobs()[before:]] == ["COMPLETED"] * 2, "the run, and the page of all runs"
    assert len(list(submitting.derivatives.rglob("*_statmap.nii.gz"))) == 5


def test_several_runs_in_one_job(slurm, submitting, done_here):
    config = table_of(submitting, done_here, ["01", "03"])
    before = len(slurm.jobs())
    status, printed = submitting.run("--configfile", config, "--group-components", "run=2", "--cores", "2")
    assert status == 0, printed
    job, _overview = slurm.jobs()[before:]
    assert (job["state"], job["cpus"]) == ("COMPLETED", "2")
    assert len(list(submitting.derivatives.rglob("*_statmap.nii.gz"))) == 10

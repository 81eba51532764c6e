"""What all suites share: a fresh copy of the project to run in, and what to do when a suite cannot run."""

import compileall
import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from imported_snakemake import ImportedSnakemake
from measure_resources import copy_project

from seed_to_voxel.study import configuration

ROOT = Path(__file__).parents[1]

SCHEMA = configuration.read_yaml(ROOT / "workflow" / "schemas" / "config.schema.yaml")
"""Of configs, with their defaults."""

SMALL = {"participants": 2, "volumes": 60, "voxel_size": 8, "seed": 7}
"""A simulated cohort that is quick to make."""

SNAKEMAKE = ImportedSnakemake()

PLAIN_FIGURES = {"further": [], "viewers": {"runs": "none"}}
"""A config's figures where a test is about something else: the published ones alone."""


def the_show(**sections):
    """The show's config, `config/config.yaml`, with some of its sections replaced."""
    return {**yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8")), **sections}


DRAWN = (
    *("location", "mosaic", "glassbrain", "surface", "distribution", "clusters", "networks"),
    *("slices viewer", "surface viewer", "explore viewer"),
)
"""What the show draws beside the published figures, as `workflow/outputs.yaml` calls it."""


def absent(suite, reason):
    """Skip a test that needs something that is not here, or fail where that suite is required.

    SEED_TO_VOXEL_REQUIRED_SUITES names, separated by commas, the suites that must not be skipped.
    """
    if suite in os.environ.get("SEED_TO_VOXEL_REQUIRED_SUITES", "").split(","):
        pytest.fail(f"the suite {suite!r} is required here, but {reason}")
    pytest.skip(reason)


LONG = bool(os.environ.get("SEED_TO_VOXEL_LONG"))
"""Whether tests take all the time that they would like to have."""

takes_long = pytest.mark.skipif(
    not LONG,
    reason="takes a minute: set SEED_TO_VOXEL_LONG=1, as GitHub's workflow does",
)
"""Of a test that another covers in part, and that costs more than a change should wait for."""


def pytest_xdist_auto_num_workers(config):
    """A process a core for whole suites and one more, as clusters are waited for; this one alone for single files."""
    few = any(".py" in argument for argument in config.args)
    # Nor where tests print.
    return 0 if few or config.option.capture == "no" else min(os.cpu_count() + 1, 4)


def pytest_collection_modifyitems(items):
    """Begin with the tests that take longest."""
    items.sort(key=lambda item: "unit" in item.path.parts)


def pytest_configure(config):
    """Compile the package once, for all copies of the project."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        compileall.compile_dir(ROOT / "workflow" / "scripts", quiet=2)


def share_compiled(project):
    """Give a copy of the project what Python would compile in it again: a second of processor time."""
    for folder in (ROOT / "workflow" / "scripts").rglob("__pycache__"):
        shutil.copytree(folder, project / folder.relative_to(ROOT))


class Workspace:
    """A copy of the project in a folder of its own, where Snakemake is run as a user would.

    Attributes
    ----------
    path : pathlib.Path
        The project's root.
    derivatives : pathlib.Path
        Where results appear.
    """

    def __init__(self, path):
        self.path = path
        self.derivatives = path / "results" / "derivatives" / "seed_to_voxel"
        path.mkdir(parents=True, exist_ok=True)
        copy_project(path)
        share_compiled(path)

    @classmethod
    def of_folder(cls, path):
        """A copy of the project that is there already."""
        workspace = cls.__new__(cls)
        workspace.path = path
        workspace.derivatives = path / "results" / "derivatives" / "seed_to_voxel"
        return workspace

    def write_config(self, name="study.yaml", **config):
        """Write a config file in the project's root; its name is returned, for `--configfile`."""
        (self.path / name).write_text(yaml.safe_dump(config), encoding="utf-8")
        return name

    def snakemake(self, *arguments, check=True, env=None, timeout=600, python=sys.executable):
        """Run Snakemake; what it printed is in the returned process' `stdout`, standard error included.

        With another Python or environment, the process is started anew.
        """
        arguments = ["--cores", "2", *map(str, arguments)]
        if SNAKEMAKE.can_be(python, env):
            done = SNAKEMAKE.run(arguments, self.path, timeout)
        else:
            done = subprocess.run(
                [python, "-m", "snakemake", *arguments],
                cwd=self.path,
                env={**os.environ, **(env or {})},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
                check=False,
            )
        if check:
            assert done.returncode == 0, done.stdout
        return done

    def begin(self, *arguments, cores=2):
        """Start Snakemake, to be interrupted or killed; what it prints is read from the process."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", str(cores), *map(str, arguments)],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def taken_on(self, folder):
        """A copy of this project with its results, for which nothing is to be done, to be changed."""
        other = Workspace(folder)
        for part in ("results", ".snakemake", "study.yaml"):
            copy = shutil.copytree if (self.path / part).is_dir() else shutil.copy2
            copy(self.path / part, folder / part)
        # Copied in whatever order; what a run leaves has the order of its jobs.
        os.utime(folder / "results" / "report.html")
        return other

    def run_folder(self, subject, session=None):
        """Folder of a run's derivatives."""
        parts = [f"sub-{subject}", *([f"ses-{session}"] if session else []), "func"]
        return self.derivatives.joinpath(*parts)


@pytest.fixture
def workspace(tmp_path):
    """A fresh copy of the project."""
    return Workspace(tmp_path / "project")


@contextmanager
def one_process_at_a_time(path):
    """Hold a lock among the processes that run tests."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A copy of the project in which the small simulated cohort has been run once; do not change it.

    It is run by the first process that asks; each process has a copy of its own.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with one_process_at_a_time(shared / "finished.lock"):
        if not (shared / "finished.txt").exists():
            workspace = Workspace(shared / "finished")
            config = workspace.write_config(**the_show(dataset={"kind": "simulated", "simulated": SMALL}))
            printed = workspace.snakemake("--configfile", config).stdout
            (shared / "finished.txt").write_text(printed, encoding="utf-8")
    copy = Workspace.of_folder(shared / "finished").taken_on(tmp_path_factory.mktemp("finished") / "project")
    copy.printed = (shared / "finished.txt").read_text(encoding="utf-8")
    return copy

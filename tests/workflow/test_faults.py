"""A disk that is full or can only be read, two Snakemakes in a folder: the same command mends it, to the same bytes."""

import os
import re
import subprocess
import time

import nibabel
import numpy as np
import pytest
from conftest import Workspace
from crops import crop, study, whole_mask

from seed_to_voxel.study import checksums

pytestmark = pytest.mark.workflow

SHARES = (0.05, 0.15, 0.3, 0.6)
"""Of the room that a finished study takes, how much there is, one after the other."""


def two_runs(workspace):
    """Write a study of two small runs."""
    config = study(workspace, crop(np.int16), mask=whole_mask(workspace))
    nibabel.save(crop(np.int16), workspace.path / "other.nii.gz")
    table = workspace.path / "runs.tsv"
    table.write_text(table.read_text() + "S2\trest\tMNI\tother.nii.gz\t2.5\tmask.nii.gz\n")
    return config


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The study as it is where the disk is large, and what a second Snakemake in its folder was told meanwhile."""
    workspace = Workspace(tmp_path_factory.mktemp("undisturbed") / "project")
    config = two_runs(workspace)
    first = workspace.begin("--configfile", config, cores=2)
    locks = workspace.path / ".snakemake" / "locks"
    deadline = time.monotonic() + 60
    while not (locks.is_dir() and any(locks.iterdir())):
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    workspace.second = workspace.snakemake("--configfile", config, check=False)
    workspace.second_while_first_ran = first.poll() is None
    workspace.printed = first.communicate(timeout=300)[0]
    assert first.returncode == 0, workspace.printed
    return workspace


def differences(workspace, other):
    """Files that differ, but for the folder in which their inputs lie."""
    mine, theirs = (checksums.read(one.derivatives / checksums.NAME) for one in (workspace, other))
    found = sorted(mine.keys() ^ theirs.keys())
    for name in mine.keys() & theirs.keys():
        if mine[name] != theirs[name]:
            texts = {(one.derivatives / name).read_bytes().replace(bytes(one.path), b"") for one in (workspace, other)}
            found += [name] * (len(texts) - 1)
    return found


def test_a_second_snakemake_in_a_folder_is_told_and_harms_nothing(undisturbed):
    assert undisturbed.second_while_first_ran and undisturbed.second.returncode == 1
    assert "cannot be locked" in undisturbed.second.stdout and "no other Snakemake" in undisturbed.second.stdout
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", checksums.NAME], cwd=undisturbed.derivatives, check=False
    )
    assert done.returncode == 0
    steps = int(re.search(r"(\d+) of \1 steps", undisturbed.printed)[1])
    assert undisturbed.printed.count("Finished jobid") == steps


@pytest.fixture
def disk(tmp_path):
    """A disk of its own: `disk(n_bytes)` makes it, or makes it larger."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a disk of a few bytes (a tmpfs)")
    folder = tmp_path / "disk"
    folder.mkdir()
    made = []

    def change(n_bytes):
        options = ",".join([*(["remount"] if made else []), f"size={int(n_bytes)}"])
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode and not made:
            pytest.skip(f"a disk cannot be made here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        made.append(n_bytes)
        return folder

    yield change
    if made:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def taken(folder):
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def only_read(folder):
    """Let a folder be read alone until its mount is taken away; returns how to do that."""
    for options in (["--bind", str(folder)], ["-o", "remount,ro,bind"]):
        subprocess.run(["mount", *options, str(folder)], check=True)
    return lambda: subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full_at_four_sizes_and_one_that_can_only_be_read(undisturbed, disk, tmp_path):
    workspace = Workspace(disk(1 << 30) / "project")
    # Python cuts its byte code short, too, and does not start then: it goes elsewhere, as where code mostly lies.
    elsewhere = {"PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    config = two_runs(workspace)
    before, after = taken(workspace.path), taken(undisturbed.path)
    printed = []
    for share in SHARES:
        disk(before + share * (after - before))
        done = workspace.snakemake("--configfile", config, check=False, env=elsewhere)
        assert done.returncode == 1 and re.search("no room left|No space left", done.stdout), done.stdout
        # A cut file is never an input: whoever reads one would say so.
        said = re.findall(r"^(?:\S+: )?Error: .*", done.stdout, flags=re.MULTILINE)
        assert all(re.search("no room left|No space left", line) for line in said), said
        printed.append(done.stdout)
        if len(printed) == 2:
            write_again = only_read(workspace.path / "results")
            done = workspace.snakemake("--configfile", config, check=False, env=elsewhere)
            write_again()
            assert done.returncode == 1 and re.search(
                "Error: cannot write in /.*/results; choose another folder", done.stdout
            )
            assert "Finished jobid" not in done.stdout
    disk(1 << 30)
    printed.append(workspace.snakemake("--configfile", config, env=elsewhere).stdout)
    assert differences(workspace, undisturbed) == []
    steps = int(re.search(r"(\d+) of \1 steps", undisturbed.printed)[1])
    # Each attempt may end with the target rule, which does nothing.
    assert len(re.findall(r"Finished jobid: \d+ \(Rule: (?!all)", "".join(printed))) <= steps - 1
    report = (workspace.path / "results/report.html").read_text()
    assert report.rstrip().endswith("</html>")

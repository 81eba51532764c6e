"""Twice gives the same bytes: another folder, one core, another environment, killed again and again on the way."""

import os
import random
import re
import signal
import subprocess
import sys
import time

import nibabel
import numpy as np
import psutil
import pytest
from conftest import Workspace
from crops import crop, r_map, study, whole_mask

from seed_to_voxel.study import checksums

pytestmark = pytest.mark.workflow

SEED = 11
KILLS = int(os.environ.get("SEED_TO_VOXEL_KILLS", 3))
"""Set it to more for a longer trial by hand."""

BARE = {
    **{"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "Pacific/Chatham", "PYTHONHASHSEED": "5"},
    **{"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
}
"""No HOME, no UTF-8, another day."""


def list_of(workspace):
    return (workspace.derivatives / checksums.NAME).read_text()


def test_the_list_holds(finished):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", checksums.NAME], cwd=finished.derivatives, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    there = {path.relative_to(finished.derivatives).as_posix() for path in finished.derivatives.rglob("*")}
    files = {name for name in there if (finished.derivatives / name).is_file()}
    assert set(checksums.read(finished.derivatives / checksums.NAME)) == files - {checksums.NAME}


def start(workspace, log):
    """Snakemake on one core in a bare environment, without a terminal, of a person who shows files to nobody."""
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "study.yaml"],
        cwd=workspace.path,
        env=BARE,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o077,
    )


def kill_all(process):
    """End a Snakemake and all that it has started, without a chance to say or to mend anything."""
    children = psutil.Process(process.pid).children(recursive=True)
    for one in (process, *children):
        try:
            os.kill(one.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait(60)


def report_of(workspace, **env):
    """The report of a study that is done, made anew with its clock stopped."""
    report = workspace.path / "results" / "report.html"
    report.unlink()
    workspace.snakemake("--configfile", "study.yaml", env={"SOURCE_DATE_EPOCH": "1764374400", **env})
    text = report.read_text()
    assert "2025-11-29T00:00:00" in text
    return text


def test_killed_at_random_moments_and_gone_on_with_it_leaves_the_same_bytes(finished, tmp_path):
    workspace = Workspace(tmp_path / "a folder of another name".replace(" ", "_") / "and" / "depth")
    (workspace.path / "study.yaml").write_text((finished.path / "study.yaml").read_text())
    moments, printed = random.Random(SEED), ""
    for attempt in range(KILLS + 1):
        with (tmp_path / f"{attempt}.txt").open("w+") as log:
            process = start(workspace, log)
            if attempt < KILLS:
                # Time passes at different speeds: what counts is how far it has come.
                wanted = moments.randrange(1, 6) if KILLS <= 3 else moments.randrange(2)
                deadline = time.monotonic() + 120
                while (tmp_path / f"{attempt}.txt").read_text().count("Finished jobid") < wanted:
                    assert process.poll() is None and time.monotonic() < deadline
                    time.sleep(0.05)
                time.sleep(moments.random())
                kill_all(process)
            else:
                assert process.wait(600) == 0
            said = (tmp_path / f"{attempt}.txt").read_text()
        printed += said
        if attempt < KILLS:
            # What the screen and the README say.
            workspace.snakemake("--unlock", "--configfile", "study.yaml")
    steps = int(re.search(r"(\d+) of \1 steps", finished.printed)[1])
    assert printed.count("Finished jobid") <= steps, "what was finished was done again"
    assert list_of(workspace) == list_of(finished)
    assert "Nothing to be done" in workspace.snakemake("-n", "--configfile", "study.yaml").stdout
    assert report_of(workspace) == report_of(finished.taken_on(tmp_path / "copy" / "project"), TZ="Asia/Tokyo")


def test_another_processor_s_kernels_move_r_by_no_more_than_rounding(tmp_path):
    maps = {}
    for kernel in ("PRESCOTT", "HASWELL"):
        workspace = Workspace(tmp_path / kernel)
        config = study(workspace, crop(np.int16), mask=whole_mask(workspace), smoothing_fwhm=5)
        workspace.snakemake("--configfile", config, "--until", "correlate", env={"OPENBLAS_CORETYPE": kernel})
        maps[kernel] = r_map(workspace)
    one, other = maps.values()
    assert np.isfinite(one).sum() > 500
    assert np.nanmax(np.abs(one - other)) < 2e-6


def test_a_job_that_is_killed_fails_its_run_alone_and_the_same_command_mends_it(tmp_path):
    workspace = Workspace(tmp_path / "project")
    config = study(workspace, crop(np.int16), mask=whole_mask(workspace))
    # A second run whose name begins with the first one's.
    nibabel.save(crop(np.int16), workspace.path / "other.nii.gz")
    table = workspace.path / "runs.tsv"
    table.write_text(table.read_text() + "S10\trest\tMNI\tother.nii.gz\t2.5\tmask.nii.gz\n")
    process = workspace.begin("--configfile", config, cores=1)
    killed = None
    while killed is None and process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                if child.name() == "extract_voxels":
                    killed = child
                    killed.kill()
            except psutil.Error:
                continue
        time.sleep(0.005)
    said = process.communicate(timeout=300)[0]
    assert process.returncode == 1 and "1 failed, the others are not affected" in said, said
    runs = {path.parent.parent.name for path in workspace.derivatives.rglob("*_stat-fisherz_statmap.nii.gz")}
    assert len(runs) == 1
    workspace.snakemake("--configfile", config)
    assert len(list(workspace.derivatives.rglob("*_stat-fisherz_statmap.nii.gz"))) == 2
    assert not (workspace.path / "results/failed_runs.tsv").exists()
    first, second = (
        next(workspace.run_folder(subject).glob("*_stat-fisherz_statmap.nii.gz")).read_bytes()
        for subject in ("S1", "S10")
    )
    assert first == second

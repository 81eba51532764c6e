import json
import subprocess
import sys

import pytest
from conftest import ROOT

from seed_to_voxel.base import fingerprint, provenance
from seed_to_voxel.base.errors import InputError

CHILD = """
import os, sys, warnings
sys.path.insert(0, {package!r})
from seed_to_voxel.base import joblog
from seed_to_voxel.base.errors import InputError
with joblog.capture({log!r}):
    print("printed")
    os.system("echo from a child process")
    warnings.warn("a warning of a library")
    joblog.logger.info("said")
    print("progress", file=joblog.screen)
    {action}
print("after")
"""


def run(tmp_path, action):
    log = tmp_path / "deep" / "job.log"
    code = CHILD.format(package=str(ROOT / "workflow/scripts"), log=str(log), action=action)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done, log.read_text()


def test_everything_lands_in_the_log_and_the_screen_shows_progress_alone(tmp_path):
    done, log = run(tmp_path, "pass")
    assert done.returncode == 0
    assert (done.stdout, done.stderr) == ("after\n", "progress\n")
    for text in ("printed", "from a child process", "a warning of a library", "INFO said"):
        assert text in log


def test_a_users_mistake_is_logged_without_a_traceback(tmp_path):
    done, log = run(tmp_path, 'raise InputError("seeds.tsv, row 1: bad")')
    assert done.returncode == 1
    assert log.splitlines()[-1] == "Error: seeds.tsv, row 1: bad"
    assert "Traceback" not in log


def test_any_other_error_is_logged_with_its_traceback(tmp_path):
    done, log = run(tmp_path, "1 / 0")
    assert done.returncode == 1
    assert "Traceback" in log
    assert log.splitlines()[-1] == "Error: ZeroDivisionError: division by zero"
    assert "after" not in done.stdout


@pytest.mark.parametrize(
    ("number", "said"),
    [("ENOSPC", "there is no room left on the disk"), ("EDQUOT", "quota"), ("EROFS", "can only be read")],
)
def test_a_full_disk_is_told_in_a_sentence(tmp_path, number, said):
    done, log = run(tmp_path, f"import errno; raise OSError(errno.{number}, os.strerror(errno.{number}), 'x.nii.gz')")
    assert done.returncode == 1
    assert log.splitlines()[-1].startswith("Error: x.nii.gz: ") and said in log.splitlines()[-1]
    assert "Traceback" not in log


def test_an_array_that_does_not_fit_on_the_disk_is_told_in_a_sentence(tmp_path):
    (tmp_path / "full.npy").symlink_to("/dev/full")
    done, log = run(tmp_path, f"import numpy; numpy.save({str(tmp_path / 'full.npy')!r}, numpy.zeros(100000))")
    assert done.returncode == 1
    assert "there is no room left on the disk" in log.splitlines()[-1] and "Traceback" not in log


def test_a_log_that_cannot_be_written_is_told_on_the_screen_in_a_sentence(tmp_path):
    # Each write to it fails as on a full disk.
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "job.log").symlink_to("/dev/full")
    code = CHILD.format(package=str(ROOT / "workflow/scripts"), log=str(tmp_path / "deep" / "job.log"), action="pass")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no room left on the disk" in done.stderr and "Traceback" not in done.stderr


def test_json_with_nan_is_refused_and_bad_json_is_named(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(ValueError, match="Out of range float"):
        provenance.write_json(path, {"x": float("nan")})
    path.write_text("{")
    with pytest.raises(InputError, match=r"x.json: not valid JSON"):
        provenance.read_json(path)
    path.write_text(json.dumps([1]))
    with pytest.raises(InputError, match="found list, expected a JSON object"):
        provenance.read_json(path)


def test_a_scripts_fingerprint_covers_what_it_reaches_and_nothing_else():
    scripts = ROOT / "workflow/scripts"
    names = {path.name for path in fingerprint.reached(scripts / "correlate.py")}
    assert {"correlation.py", "nifti.py", "map_sidecars.py", "errors.py"} <= names
    assert not {"passes.py", "style.py", "simulation.py"} & names
    assert fingerprint.of_script("correlate.py") != fingerprint.of_script("extract_seeds.py")

"""Inputs that were replaced since jobs read them, whatever times they have."""

import hashlib
import os

import pytest

from seed_to_voxel.archive import sources
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.base.steps import Step


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def bold(tmp_path):
    path = tmp_path / "bold.nii.gz"
    path.write_bytes(b"run")
    return path


def a_step(path, rule="extract_seeds", **known):
    return Step(rule=rule, script=None, wildcards={}, taken=[str(path)], made=["out"], **known)


def check(path, *steps):
    return sources.check(steps, {str(path): sha256(path)})


def test_the_content_counts_where_it_is_known_and_the_time_does_not(bold):
    step = a_step(bold, sums={str(bold): sha256(bold)}, began=0.0)
    assert check(bold, step) == []
    bold.write_bytes(b"ran")
    os.utime(bold, (1, 1))
    with pytest.raises(InputError) as raised:
        check(bold, step, a_step(bold, "extract_voxels", sums=step.sums))
    said = str(raised.value)
    assert said.startswith(f"{bold}: expected the SHA-256 {step.sums[str(bold)]}, as extract_seeds read it, found ")
    assert said.endswith("--forcerun extract_seeds extract_voxels")


def test_of_large_files_the_time_of_the_last_change_counts_that_nobody_sets_back(bold):
    os.utime(bold, (1, 1))
    now = os.stat(bold).st_ctime
    assert check(bold, a_step(bold, began=now + 1)) == []
    # Nothing is recorded of the job.
    assert check(bold, a_step(bold)) == []
    (said,) = check(bold, a_step(bold, began=now - 1), a_step(bold, "extract_voxels", began=now - 0.5))
    assert said.startswith(f"{bold}: extract_seeds began to read it at ") and "it was changed at" in said


@pytest.mark.parametrize("of", ["file", "folder"])
def test_a_link_that_points_elsewhere_is_a_change(tmp_path, bold, of, monkeypatch):
    link = tmp_path / "link"
    link.symlink_to(bold if of == "file" else tmp_path)
    path = link if of == "file" else link / bold.name
    lstat, later = os.lstat, os.stat(bold).st_ctime + 100
    monkeypatch.setattr(
        os, "lstat", lambda one: os.stat_result([0] * 10, {"st_ctime": later}) if one == link else lstat(one)
    )
    assert sources.changed_at(path) == later and sources.changed_at(bold) < later
    assert len(check(path, a_step(path, began=later - 1))) == 1 and check(path, a_step(path, began=later + 1)) == []


def test_what_jobs_made_themselves_is_no_input_and_several_are_named(tmp_path, bold):
    other = tmp_path / "mask.nii.gz"
    other.write_bytes(b"mask")
    step = a_step(bold, began=0.0)
    sources.check([step, Step("simulate", None, {}, taken=[], made=[str(bold)])], {str(bold): "0"})
    (said,) = sources.check([step, a_step(other, began=0.0)], {str(bold): "0", str(other): "1"})
    assert f"(and 1 inputs more: {other})" in said
    with pytest.raises(InputError, match=rf"and 1 inputs more: {other}.*--forcerun extract_seeds$"):
        sources.check(
            [a_step(bold, sums={str(bold): "1"}), a_step(other, sums={str(other): "2"})],
            {str(bold): "0", str(other): "1"},
        )

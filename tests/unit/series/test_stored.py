"""Series that are a file while they are made: the same file as numpy saves, whatever the system can do."""

import errno
import os

import numpy as np
import pytest

from seed_to_voxel.series import stored

SHAPE = (7, 301)
VALUES = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)


def written(path):
    with stored.series_in(path, SHAPE) as series:
        assert series.shape == SHAPE and series.dtype == np.float32
        for row, values in zip(series, VALUES, strict=True):
            row[...] = values
        series[:, 5:9] *= 2
    return path.read_bytes()


@pytest.fixture
def saved(tmp_path):
    expected = VALUES.copy()
    expected[:, 5:9] *= 2
    np.save(tmp_path / "numpys.npy", expected)
    return (tmp_path / "numpys.npy").read_bytes()


def test_the_file_is_numpys(tmp_path, saved):
    assert written(tmp_path / "ours.npy") == saved


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot ask for room on a disk")
def test_memory_and_file_are_the_same_pages(tmp_path):
    with stored.series_in(tmp_path / "ours.npy", SHAPE) as series:
        series[...] = VALUES
        np.testing.assert_array_equal(np.load(tmp_path / "ours.npy"), VALUES)


def refusing(number):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return refuse


def test_what_cannot_be_mapped_is_saved_in_the_end(tmp_path, saved, monkeypatch):
    for owner, name in ((os, "posix_fallocate"), (np.lib.format, "open_memmap")):
        with monkeypatch.context() as changed:
            changed.setattr(owner, name, refusing(errno.ENODEV), raising=False)
            assert written(tmp_path / f"without_{name}.npy") == saved
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    assert written(tmp_path / "on_another_system.npy") == saved


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_before_anything_is_computed(tmp_path, monkeypatch, number):
    monkeypatch.setattr(os, "posix_fallocate", refusing(number), raising=False)
    with pytest.raises(OSError) as raised, stored.series_in(tmp_path / "ours.npy", SHAPE):
        pytest.fail("something was computed")
    assert raised.value.errno == number and raised.value.filename == str(tmp_path / "ours.npy")


def test_a_job_that_fails_says_so_itself(tmp_path):
    with pytest.raises(ZeroDivisionError), stored.series_in(tmp_path / "ours.npy", SHAPE):
        raise ZeroDivisionError

"""Series that are a file while they are made: the same file as numpy saves, whatever the system can do."""

import errno
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from seed_to_voxel.series import stored

SHAPE = (7, 301)
VALUES = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)


def written(path, shape=SHAPE):
    with stored.series_in(path, shape) as series:
        assert series.shape == SHAPE and series.dtype == np.float32
        for row, values in zip(series, VALUES, strict=True):
            row[...] = values
        series[:, 5:9] *= 2
    return path.read_bytes()


def refusing(number):
    return lambda file, start, size: number


@pytest.fixture
def saved(tmp_path):
    expected = VALUES.copy()
    expected[:, 5:9] *= 2
    np.save(tmp_path / "numpys.npy", expected)
    return (tmp_path / "numpys.npy").read_bytes()


@pytest.mark.parametrize("shape", [SHAPE, np.array(SHAPE)], ids=["int", "numpy"])
def test_the_file_is_numpys_also_where_another_was(tmp_path, saved, shape):
    (tmp_path / "ours.npy").write_bytes(b"old" * 10_000)
    assert written(tmp_path / "ours.npy", shape) == saved


@pytest.mark.parametrize("shape", [(0, 5), (5, 0)])
def test_nothing_is_a_file_too(tmp_path, shape):
    with stored.series_in(tmp_path / "ours.npy", shape):
        pass
    assert np.load(tmp_path / "ours.npy").shape == shape


def test_memory_and_file_are_the_same_pages(tmp_path):
    if stored._mapped(tmp_path / "tried.npy", SHAPE) is None:
        pytest.skip("the file system of temporary files promises no room")
    with stored.series_in(tmp_path / "ours.npy", SHAPE) as series:
        series[...] = VALUES
        np.testing.assert_array_equal(np.load(tmp_path / "ours.npy"), VALUES)


@pytest.mark.parametrize("at_once", [1, 100, 7 * 301 * 4 - 1, 7 * 301 * 4, 10**6])
@pytest.mark.parametrize("system", ["ext4", "xfs", "btrfs", "nfs4", None])
def test_a_file_is_filled_first_where_that_needs_no_room_twice(tmp_path, saved, monkeypatch, system, at_once):
    monkeypatch.setattr(stored, "_reserve", refusing(0))
    monkeypatch.setattr(stored, "_file_system", lambda device: system)
    monkeypatch.setattr(stored, "ZEROS", b"1" * at_once)
    if system not in ("ext4", "xfs"):
        monkeypatch.setattr(stored, "_reserve", lambda file, start, size: os.truncate(file, start + size))
    with stored.series_in(tmp_path / "tried.npy", SHAPE) as series:
        found = set(series.tobytes())
    assert found == (set(b"1") if system in ("ext4", "xfs") else {0})
    assert (tmp_path / "tried.npy").stat().st_size == len(saved)
    assert written(tmp_path / "ours.npy") == saved


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EIO])
def test_an_error_while_a_file_is_filled_is_no_file_that_is_cut_short(tmp_path, saved, monkeypatch, number):
    class Failing:
        """Zeros whose second piece cannot be had."""

        def __len__(self):
            return 100

        def __getitem__(self, part):
            if part.stop < 7 * 301 * 4:
                raise OSError(number, os.strerror(number))
            return bytes(100)

    monkeypatch.setattr(stored, "_reserve", refusing(0))
    monkeypatch.setattr(stored, "_file_system", lambda device: "ext4")
    monkeypatch.setattr(stored, "ZEROS", Failing())
    if number == errno.EIO:
        assert written(tmp_path / "ours.npy") == saved
        return
    with pytest.raises(OSError) as raised, stored.series_in(tmp_path / "ours.npy", SHAPE):
        pytest.fail("something was computed")
    assert raised.value.errno == number and raised.value.filename == str(tmp_path / "ours.npy")
    assert not (tmp_path / "ours.npy").exists()


def test_a_limit_that_is_met_while_a_file_is_filled_is_said_with_its_name(tmp_path):
    program = f"""
import resource, sys
sys.path.insert(0, {str(ROOT / "workflow" / "scripts")!r})
from seed_to_voxel.series import stored
stored._reserve, stored._file_system = lambda *where: 0, lambda device: "ext4"
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
with stored.series_in({str(tmp_path / "ours.npy")!r}, (100, 10_001)):
    print("something was computed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "File too large" in done.stderr.splitlines()[-1] and "ours.npy" in done.stderr.splitlines()[-1]
    assert not done.stdout and not list(tmp_path.iterdir())


def test_where_nothing_is_promised_nothing_is_filled(tmp_path, saved, monkeypatch):
    monkeypatch.setattr(stored, "_reserve", refusing(errno.EOPNOTSUPP))
    monkeypatch.setattr(stored, "_file_system", lambda device: "ext4")
    monkeypatch.setattr(stored, "ZEROS", None)
    # Pages of a file without room are lost, or end the job, when they are written.
    monkeypatch.setattr(np.lib.format, "open_memmap", lambda *how, **named: pytest.fail("it was mapped"))
    assert written(tmp_path / "ours.npy") == saved


MOUNTS = """\
22 27 0:20 / /proc rw,nosuid shared:12 - proc proc rw
27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
90 27 0:51 / /my\\040data rw - nfs4 server:/home rw,vers=4.2
92 27 8:77 / /odd\rname rw - ext4 /dev/sdb rw

93 27 8:78 / /short rw
91 27 259:12 / /scratch rw shared:3 master:4 - xfs /dev/nvme0n1p2 rw
"""


@pytest.mark.parametrize(
    ("device", "system"),
    [
        ((8, 1), "ext4"),
        ((0, 51), "nfs4"),
        ((259, 12), "xfs"),
        ((8, 77), "ext4"),
        ((8, 78), None),
        ((8, 12), None),
        ((0, 2), None),
    ],
)
def test_a_file_system_is_found_by_its_device(tmp_path, device, system):
    (tmp_path / "mountinfo").write_text(MOUNTS, newline="\n")
    assert stored._file_system(os.makedev(*device), str(tmp_path / "mountinfo")) == system
    assert stored._file_system(os.makedev(*device), str(tmp_path / "none")) is None


def test_the_file_system_of_a_folder_is_the_one_that_findmnt_names(tmp_path):
    if not (findmnt := shutil.which("findmnt")):
        pytest.skip("findmnt (Debian: util-linux) is not there to say")
    said = subprocess.run([findmnt, "-n", "-o", "FSTYPE", "-T", tmp_path], capture_output=True, text=True, check=True)
    assert stored._file_system(tmp_path.stat().st_dev) == said.stdout.split()[-1]


@pytest.mark.parametrize("what", ["room", "a mapping"])
def test_what_cannot_be_promised_or_mapped_is_saved_in_the_end(tmp_path, saved, monkeypatch, what):
    def fail(*arguments, **options):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    if what == "room":
        monkeypatch.setattr(stored, "_reserve", refusing(errno.EOPNOTSUPP))
    else:
        monkeypatch.setattr(np.lib.format, "open_memmap", fail)
    assert written(tmp_path / "ours.npy") == saved


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_before_anything_is_computed(tmp_path, monkeypatch, number):
    monkeypatch.setattr(stored, "_reserve", refusing(number))
    with pytest.raises(OSError) as raised, stored.series_in(tmp_path / "ours.npy", SHAPE):
        pytest.fail("something was computed")
    assert raised.value.errno == number and raised.value.filename == str(tmp_path / "ours.npy")
    assert not (tmp_path / "ours.npy").exists()


@pytest.mark.parametrize("kind", ["tmpfs", "ramfs"])
def test_on_a_small_disk(tmp_path, saved, kind):
    """A tmpfs promises room, and has none; a ramfs promises nothing, and takes all."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a disk of a few bytes")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", kind, "-o", "size=64k", kind, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a disk cannot be made here: {done.stderr.strip()}")
    try:
        assert written(folder / "ours.npy") == saved
        (folder / "ours.npy").unlink()
        if kind == "tmpfs":
            with pytest.raises(OSError, match="No space left"), stored.series_in(folder / "large.npy", (100, 10_000)):
                pytest.fail("something was computed")
            assert not list(folder.iterdir())
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_folder_that_is_not_there_is_said_before_anything_is_computed(tmp_path):
    with pytest.raises(FileNotFoundError), stored.series_in(tmp_path / "no" / "ours.npy", SHAPE):
        pytest.fail("something was computed")


@pytest.mark.parametrize("number", [0, errno.EOPNOTSUPP], ids=["mapped", "in memory"])
def test_a_job_that_fails_tells_of_its_own_error_alone(tmp_path, monkeypatch, number):
    if number:
        monkeypatch.setattr(stored, "_reserve", refusing(number))
    with pytest.raises(ZeroDivisionError) as raised, stored.series_in(tmp_path / "ours.npy", SHAPE):
        raise ZeroDivisionError
    assert raised.value.__context__ is None

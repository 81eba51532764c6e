"""What is packed is what the lists of SHA-256 say, or nothing is."""

import hashlib
import zipfile

import pytest

from seed_to_voxel.archive import packing
from seed_to_voxel.base.errors import InputError


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def files(tmp_path):
    found = {}
    for name, content in {"results/map.nii.gz": b"map" * 10**6, "results/peaks.tsv": b"peaks"}.items():
        found[name] = tmp_path / name
        found[name].parent.mkdir(exist_ok=True)
        found[name].write_bytes(content)
    return found


def test_what_is_packed_is_what_is_listed(tmp_path, files):
    digests = {name: sha256(path.read_bytes()) for name, path in files.items()}
    packing.write_zip(tmp_path / "crate.zip", files, {"README.md": b"text"}, digests)
    with zipfile.ZipFile(tmp_path / "crate.zip") as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {"README.md": b"text"} | {name: path.read_bytes() for name, path in files.items()}


def test_a_file_that_is_not_what_is_listed_is_refused_and_nothing_of_it_stays(tmp_path, files):
    digests = {name: sha256(path.read_bytes()) for name, path in files.items()}
    path = files["results/map.nii.gz"]
    path.write_bytes(b"mop" + path.read_bytes()[3:])
    (tmp_path / "crate.zip").write_bytes(b"of an earlier time")
    with pytest.raises(InputError) as raised:
        packing.write_zip(tmp_path / "crate.zip", files, {}, digests)
    said = str(raised.value)
    assert said.startswith(f"{path}: expected the SHA-256 {digests['results/map.nii.gz']}")
    assert sha256(path.read_bytes()) in said and "delete it" in said
    assert (tmp_path / "crate.zip").read_bytes() == b"of an earlier time"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["crate.zip", "results"]

"""What an archive is verified by."""

import hashlib
import json
import zipfile

import pytest

from seed_to_voxel.archive import bill, packing, verifying
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study.names import Names

FILES = {
    "results/derivatives/a.nii.gz": b"map",
    "results/derivatives/b.json": b'{"Sources": ["file:///one/place/bold.nii.gz"]}',
    "results/derivatives/c.json": b'{"r": 1}',
    "results/derivatives/d.tsv": b"d",
    "results/report.html": b"at noon",
}


def laid_out(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def entities():
    return {name: {"@id": name, "sha256": hashlib.sha256(content).hexdigest()} for name, content in FILES.items()}


def test_a_study_that_is_the_same_but_for_where_its_inputs_lie(entities, tmp_path):
    source = laid_out(tmp_path / "archive", FILES)
    moved = FILES | {
        "results/derivatives/b.json": b'{"Sources": ["file:///another/bold.nii.gz"]}',
        "results/report.html": b"at one",
    }
    verdict = verifying.compare(laid_out(tmp_path / "again", moved), entities, source)
    assert verdict.holds and verdict.moved == ["results/derivatives/b.json"] and len(verdict.same) == 3


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"results/derivatives/a.nii.gz": b"mop"}, "differing"),
        ({"results/derivatives/c.json": b'{"r": 2}'}, "differing"),
        ({"results/derivatives/b.json": b'{"Sources": ["file:///one/place/other.nii.gz"]}'}, "differing"),
        ({"results/derivatives/d.tsv": None}, "missing"),
        ({"results/derivatives/e.tsv": b""}, "further"),
    ],
)
def test_a_study_that_is_not_the_same(changed, kind, entities, tmp_path):
    files = {name: content for name, content in (FILES | changed).items() if content is not None}
    source = laid_out(tmp_path / "archive", FILES)
    verdict = verifying.compare(laid_out(tmp_path / "again", files), entities, source)
    assert not verdict.holds and getattr(verdict, kind) == list(changed)
    assert next(iter(changed)) in "\n".join(verdict.lines())


def test_an_archive_that_leads_out_of_its_folder_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../elsewhere.txt", "x")
    with pytest.raises(InputError, match="leads out"):
        verifying.unpack(tmp_path / "bad.zip", tmp_path / "folder")
    assert not (tmp_path / "elsewhere.txt").exists()
    (tmp_path / "no.zip").write_text("no archive")
    with pytest.raises(InputError, match="cannot be unpacked"):
        verifying.unpack(tmp_path / "no.zip", tmp_path / "folder")


def test_a_part_of_a_study_is_not_archived():
    with pytest.raises(InputError, match="part: null"):
        packing.check(Names(part="1/2"))


def test_the_bill_lists_conda_s_packages_with_their_hashes(tmp_path):
    record = tmp_path / "0a1b" / "conda-meta" / "numpy.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"name": "numpy", "version": "2.4.6", "sha256": "ab"}))
    content = json.loads(bill.written(bill.of_conda(tmp_path) * 2, "seed-to-voxel", "1"))
    (found,) = (one for one in content["components"] if one["name"] == "numpy")
    assert found["purl"] == "pkg:conda/numpy@2.4.6" and found["hashes"] == [{"alg": "SHA-256", "content": "ab"}]
    assert content["bomFormat"] == "CycloneDX" and content["specVersion"] == "1.5"

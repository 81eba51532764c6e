"""The download of nilearn's NKI runs and of the Destrieux atlas: addresses and names beside nilearn's, and contents."""

import json
import struct
import sys
from datetime import UTC, datetime
from pathlib import Path

import nibabel
import nki_standin
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import fetch_nki_surface
from nilearn.datasets import atlas as nilearn_atlas
from nilearn.datasets import func as nilearn_func
from osf_standin import OSFStandIn

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.inputs import nki_surface, records
from seed_to_voxel.study import nki_surface as known

FIRST = "A00028185"


@pytest.fixture
def asked(monkeypatch):
    """What nilearn's fetchers ask for, (name, url) each; nothing is downloaded."""
    found = []

    def fetch_files(folder, files, **_):
        found.extend((name, url) for name, url, _ in files)
        if files[0][0].endswith(".csv"):
            Path(folder, files[0][0]).write_text("x\nx\n")
        return [str(Path(folder) / name) for name, *_ in files]

    monkeypatch.setattr(nilearn_func, "fetch_files", fetch_files)
    monkeypatch.setattr(nilearn_atlas, "fetch_files", fetch_files)
    return found


def test_participants_names_and_addresses_are_nilearns(asked, tmp_path):
    assert list(known.PARTICIPANTS) == nilearn_func.nki_ids()
    nilearn_func.fetch_surf_nki_enhanced(None, data_dir=tmp_path, verbose=0)
    _, *runs = asked
    ours = [source for participant in known.PARTICIPANTS for source in nki_surface.sources(participant)]
    assert len(runs) == 204 and set(runs) == {(source.name, source.url) for source in ours}


def test_the_atlas_names_and_addresses_are_nilearns(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(nilearn_atlas.freesurfer, "read_annot", lambda path: (np.zeros(1, int), None, [b"Unknown"]))
    nilearn_atlas.fetch_atlas_surf_destrieux(data_dir=tmp_path, verbose=0)
    assert asked == [(source.name, source.url) for source in nki_surface.atlas_sources()]


def test_the_repetition_time_is_nilearns():
    description = Path(nilearn_func.__file__).parent / "description" / "nki_enhanced_surface.rst"
    assert f"TR={known.T_R * 1000:.0f}ms" in description.read_text(encoding="utf-8")


@pytest.mark.parametrize("participant", ["A00028184", "sub-pixar123"])
def test_a_participant_that_is_not_there_is_told(participant):
    with pytest.raises(InputError, match=f"{participant}' is not in nki_surface, which has 102 participants"):
        nki_surface.sources(participant)
    with pytest.raises(InputError, match="A00028184.*; did you mean 'A0002818"):
        nki_surface.sources("A00028184")


def test_base_url_must_be_http():
    for listed in (lambda url: nki_surface.sources(FIRST, url), nki_surface.atlas_sources):
        with pytest.raises(InputError, match="base_url: 'ftp://x'.*data_dir"):
            listed("ftp://x")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return nki_standin.served(tmp_path_factory.mktemp("standin"))


def test_files_arrive_under_nilearns_names_with_links_and_a_receipt(served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for participant, kinds in ((FIRST, ("bold", "bold_right")), (None, ("left", "right"))):
        links = {kind: f"results/{kind}" for kind in kinds}
        with OSFStandIn(served) as host:
            fetch_nki_surface.main(participant, "data", host.base_url, links, f"results/{participant}.json")
            fetch_nki_surface.main(participant, "data", host.base_url, links, f"results/{participant}.json")
        assert len(host.requests) == 2, "the second time they are there"
        receipt = json.loads(Path(f"results/{participant}.json").read_text())
        assert receipt["dataset"] == "nki_surface" and set(receipt["files"]) == set(kinds)
        assert {entry["origin"] for entry in receipt["files"].values()} == {"found"}
    assert receipt["atlas"] == "destrieux" and "participant" not in receipt
    assert Path("results/bold").read_bytes() == served[f"8260/{FIRST}_lh_preprocessed_fsaverage5_fwhm6.gii"]
    assert Path("results/right").read_bytes() == served["9342/rh.aparc.a2009s.annot"]
    assert Path("data", FIRST, f"{FIRST}_right_preprocessed_fwhm6.gii").is_file()


@pytest.mark.parametrize("folder", ["", "nki_enhanced_surface"])
def test_a_folder_of_nilearns_is_used_without_network(served, tmp_path, folder):
    for source in nki_surface.sources(FIRST):
        path = tmp_path / folder / source.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(served[source.url.removeprefix(f"{nki_surface.BASE_URL}/")])
    held = nki_surface.fetch(FIRST, tmp_path, "http://127.0.0.1:9", 0)
    assert {one.origin for one in held.values()} == {"found"}


def test_a_page_in_place_of_a_run_is_no_run(served, tmp_path):
    name = f"8260/{FIRST}_lh_preprocessed_fsaverage5_fwhm6.gii"
    with OSFStandIn({**served, name: b"<html>log in</html>"}) as host, pytest.raises(InputError, match="not a GIFTI"):
        nki_surface.fetch(FIRST, tmp_path, host.base_url, 0)
    assert not list(tmp_path.rglob("*.gii"))


def old_annotation(names, numbers):
    """An annotation with FreeSurfer's first form of the table of colours."""
    colour = [(5 + 20 * number, 7, 7, 0) for number in range(len(names))]
    packed = [r + (g << 8) + (b << 16) for r, g, b, _ in colour]
    pairs = b"".join(struct.pack(">ii", vertex, packed[number]) for vertex, number in enumerate(numbers))
    entries = b"".join(
        struct.pack(">i", len(name) + 1) + name.encode() + b"\0" + struct.pack(">4i", *rgba)
        for name, rgba in zip(names, colour, strict=True)
    )
    table = struct.pack(">iii", 1, len(names), 2) + b"x\0" + entries
    return struct.pack(">i", len(numbers)) + pairs + table


def test_contents_are_told_from_what_is_cut_or_something_else(served, tmp_path):
    numbers = np.arange(40) % 3
    gifti = served[f"8260/{FIRST}_lh_preprocessed_fsaverage5_fwhm6.gii"]
    new, old = served["9343/lh.aparc.a2009s.annot"], old_annotation(["a", "bb", "c"], numbers)
    path = tmp_path / "old.annot"
    path.write_bytes(old)
    # The made one is what others take for an annotation.
    found, _, names = nibabel.freesurfer.read_annot(path)
    assert found.tolist() == numbers.tolist() and names == [b"a", b"bb", b"c"]

    def fault(content, name):
        path.write_bytes(content)
        return records.content_fault(path, name)

    assert fault(gifti, "x.gii") is fault(gifti + b"\n", "x.gii") is None
    assert "not a whole GIFTI" in fault(gifti[:-3], "x.gii")
    for whole in (new, old):
        assert fault(whole, "x.annot") is None
        for cut in (3, 7, 50, len(whole) // 2, len(whole) - 1):
            assert "annotation of FreeSurfer" in fault(whole[:cut], "x.annot"), cut
    for kind in ("gii", "annot"):
        assert "it begins with b'<htm" in fault(b"<html>maintenance</html>" * 40, f"x.{kind}")
        assert fault(b"", f"x.{kind}") == "empty"


def test_a_receipt_says_whose_files_they_are(tmp_path):
    held = records.Held(tmp_path / "a", "http://x/a", 3, "0" * 64, "found", None)
    described = records.receipt("nki_surface", {"bold": held}, datetime(2026, 1, 2, tzinfo=UTC), participant="sub-1")
    assert described["date"] == "2026-01-02T00:00:00+00:00" and described["participant"] == "sub-1"
    assert described["files"]["bold"] == {
        "path": str(tmp_path / "a"),
        "url": "http://x/a",
        "bytes": 3,
        "sha256": "0" * 64,
        "origin": "found",
        "record": None,
    }

"""What an archive is verified by."""

import hashlib
import json
import zipfile

import pytest

from seed_to_voxel.archive import bill, contents, packing, verifying
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study.names import Names

FILES = {
    "results/derivatives/a.nii.gz": b"map",
    "results/derivatives/b.json": b'{"Sources": ["file:///one/place/bold.nii.gz"]}',
    "results/derivatives/c.json": b'{"r": 1}',
    "results/derivatives/seed_to_voxel/dataset_description.json": b'{"URL": "../../../../data/fmriprep"}',
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
        # A dataset outside of the working directory, seen from another one.
        "results/derivatives/seed_to_voxel/dataset_description.json": b'{"URL": "../../../../../../data/fmriprep"}',
        "results/report.html": b"at one",
    }
    verdict = verifying.compare(laid_out(tmp_path / "again", moved), entities, source)
    described = "results/derivatives/seed_to_voxel/dataset_description.json"
    assert verdict.holds and verdict.moved == ["results/derivatives/b.json", described] and len(verdict.same) == 3


def test_a_dataset_inside_of_the_working_directory_is_no_other_place(entities, tmp_path):
    source = laid_out(tmp_path / "archive", FILES)
    moved = FILES | {"results/derivatives/seed_to_voxel/dataset_description.json": b'{"URL": "../../inputs/other"}'}
    assert not verifying.compare(laid_out(tmp_path / "again", moved), entities, source).holds


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


def digest(content):
    return hashlib.sha256(content).hexdigest()


def an_archive(folder, files, inputs=(), more=()):
    """An unpacked archive; `inputs` are paths with their content."""
    laid_out(folder, files)
    graph = [{"@id": contents.METADATA, "@type": "CreativeWork"}, {"@id": "./", "@type": "Dataset"}]
    graph += [{"@id": name, "@type": "File", "sha256": digest(content)} for name, content in files.items()]
    graph += [
        {"@id": f"ni:///{place}", "@type": "File", "sha256": digest(content), "alternateName": name}
        for place, (name, content) in enumerate(inputs)
    ]
    (folder / contents.METADATA).write_text(json.dumps({"@graph": [*graph, *more]}))
    return folder


CONFIG = b"dataset: {kind: table, table: {runs: study/runs.tsv}}\n"
WHOLE = {"study/config.yaml": CONFIG, "Snakefile": b"rule all"}


def test_a_description_whose_names_lead_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/f.txt").write_text("x")
    for name in ("../src/f.txt", str(tmp_path / "src/f.txt"), "study/../../src/f.txt"):
        bad = {"@id": name, "@type": "File", "sha256": digest(b"x")}
        with pytest.raises(InputError, match="leads out of its folder"):
            verifying.described(an_archive(tmp_path / "archive", WHOLE, more=[bad]))
        source = an_archive(tmp_path / "archive", WHOLE)
        entities = verifying.described(source) | {name: bad}
        with pytest.raises(InputError, match="leads out of its folder"):
            verifying.lay_out(source, tmp_path / "again", entities)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/link").symlink_to(tmp_path / "src")
    with pytest.raises(InputError, match="leads out of its folder"):
        verifying.inside(tmp_path / "folder", "link/f.txt")
    assert verifying.inside(tmp_path / "folder", "a/b.txt") == tmp_path / "folder/a/b.txt"


def test_inputs_above_the_working_directory_are_linked_inside_of_the_folder(tmp_path):
    laid_out(tmp_path / "home", {"data/a.nii.gz": b"a", "project/b.nii.gz": b"b"})
    (tmp_path / "scratch").mkdir()
    before = {path for path in tmp_path.rglob("*") if "scratch" not in path.parts}
    source = an_archive(
        tmp_path / "scratch/archive", WHOLE, [("../data/a.nii.gz", b"a"), ("b.nii.gz", b"b"), ("../../no.tsv", b"")]
    )
    again = tmp_path / "scratch/again"
    entities = verifying.described(source)
    place, wrong = verifying.lay_out(source, again, entities, tmp_path / "home/project")
    assert [sentence.split(":")[0] for sentence in wrong] == ["../../no.tsv"]
    assert place != again and place.is_relative_to(again)
    assert (place / "../data/a.nii.gz").read_bytes() == b"a" and (place / "b.nii.gz").read_bytes() == b"b"
    assert (place / "study/config.yaml").read_bytes() == CONFIG
    assert {path.name for path in (tmp_path / "scratch").iterdir()} == {"archive", "again"}
    assert {path for path in tmp_path.rglob("*") if "scratch" not in path.parts} == before
    far = an_archive(tmp_path / "far", WHOLE, [("../" * 99 + "a", b"a")])
    with pytest.raises(InputError, match="99 folders above"):
        verifying.lay_out(far, tmp_path / "scratch/far", verifying.described(far))


def test_files_that_the_description_does_not_list_are_noticed(tmp_path):
    source = an_archive(tmp_path, WHOLE)
    entities = verifying.described(source)
    # What verifying from there makes.
    laid_out(source, {".venv/bin/python": b"", "workflow/__pycache__/a.pyc": b"", ".snakemake/log": b""})
    assert verifying.damaged(source, entities) == [] and verifying.unlisted(source, entities) == []
    laid_out(source, {"workflow/evil.py": b"", "workflow/.venv/x": b""})
    (source / "link").symlink_to(tmp_path.parent)
    assert verifying.unlisted(source, entities) == ["link", "workflow/.venv/x", "workflow/evil.py"]
    (source / "Snakefile").unlink()
    assert verifying.damaged(source, entities) == ["Snakefile"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"@id": "study/a.tsv", "@type": "File"}, "no SHA-256 of 1 files, such as study/a.tsv"),
        ({"@id": "study/a.tsv", "@type": ["File", "HowTo"], "sha256": ""}, "no SHA-256 of 1 files"),
        ({"@id": "ni:///9", "@type": "File", "sha256": "0" * 64}, r"no path \(alternateName\) of 1 files"),
    ],
)
def test_a_file_that_nothing_is_known_of_is_refused(tmp_path, more, said):
    with pytest.raises(InputError, match=said):
        verifying.described(an_archive(tmp_path, WHOLE, more=[more]))


def test_excluded_runs_of_a_relative_folder_of_derivatives_are_there_once_more(tmp_path):
    config = b"dataset: {kind: fmriprep, fmriprep: {folder: data/fmriprep, exclude: [sub-02]}}\n"
    runs = {f"data/fmriprep/sub-0{number}/func/bold.nii.gz": b"%d" % number for number in (1, 2)}
    laid_out(tmp_path / "home", runs)
    taken = "data/fmriprep/sub-01/func/bold.nii.gz"
    source = an_archive(tmp_path / "archive", {**WHOLE, "study/config.yaml": config}, [(taken, b"1")])
    place, wrong = verifying.lay_out(source, tmp_path / "again", verifying.described(source), tmp_path / "home")
    assert wrong == [] and place == tmp_path / "again"
    assert {path: (place / path).read_bytes() for path in runs} == runs


def test_a_table_that_came_with_the_archive_is_not_asked_for(tmp_path):
    source = an_archive(tmp_path / "archive", {**WHOLE, "study/p.tsv": b"p"}, [("p.tsv", b"p"), ("q.tsv", b"q")])
    _, wrong = verifying.lay_out(source, tmp_path / "again", verifying.described(source), tmp_path)
    assert len(wrong) == 1 and wrong[0].startswith("q.tsv: not there")


def test_tables_of_one_name_have_names_of_their_own_in_the_archive():
    figures = {"atlas": {"image": "b/t.tsv", "table": "c/t.tsv"}}
    panels = {"A": {"kind": "image", "file": "d/config.yaml"}, "B": {"kind": "series"}}
    config = {
        "dataset": {"kind": "table", "table": {"runs": "e/t.tsv"}},
        "seeds": "a/t.tsv",
        "printed_numbers": "a/t.tsv",
        "figures": figures,
        "surfaces": {"left": "f/t.tsv", "right": "g/t.tsv"},
        "paper": {
            "figures": [{"panels": panels}],
            "numbers": [{"quantity": "z_mean", "file": "h/t.tsv"}],
        },
    }
    own, tables = contents.settled(config)
    # Each name is of one file, with the name that this had.
    assert sorted(map(str, tables.values())) == [
        *(f"{letter}/t.tsv" for letter in "abc"),
        "d/config.yaml",
        *(f"{letter}/t.tsv" for letter in "efgh"),
    ]
    assert all(name.rpartition("/")[2] == path.name for name, path in tables.items())
    assert contents.CONFIG not in tables
    assert own["seeds"] == own["printed_numbers"]
    for given, settled in (
        (figures["atlas"]["table"], own["figures"]["atlas"]["table"]),
        (config["surfaces"]["right"], own["surfaces"]["right"]),
        (panels["A"]["file"], own["paper"]["figures"][0]["panels"]["A"]["file"]),
        (config["paper"]["numbers"][0]["file"], own["paper"]["numbers"][0]["file"]),
    ):
        assert str(tables[settled]) == given


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

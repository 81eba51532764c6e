"""The list of SHA-256, held against coreutils."""

import hashlib
import os
import subprocess

from seed_to_voxel.study import checksums

RUNS = [f"sub-{n}/func/sub-{n}_task-rest" for n in ("01", "02")]


def a_study(folder):
    for name in ("qc.tsv", ".bidsignore", "parts/1of2/qc.tsv", "parts/2of2/qc.tsv"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for run in RUNS:
        path = folder / f"{run}_desc-mean_boldref.nii.gz"
        path.parent.mkdir(parents=True)
        path.write_text(run)
    return folder


def check(folder):
    return subprocess.run(["sha256sum", "--check", checksums.NAME], cwd=folder, capture_output=True, text=True)


def test_sha256sum_reads_it_and_finds_what_has_changed(tmp_path):
    folder = a_study(tmp_path / "derivatives")
    listed = checksums.write(str(folder), str(folder), RUNS)
    assert check(folder).returncode == 0
    assert list(checksums.read(listed)) == [
        ".bidsignore",
        "qc.tsv",
        *(f"{run}_desc-mean_boldref.nii.gz" for run in RUNS),
    ]
    assert list(folder.glob(".checksums*")) == []
    (folder / "qc.tsv").write_text("another")
    assert check(folder).returncode == 1 and "qc.tsv: FAILED" in check(folder).stdout


def test_what_has_changed_or_gone_is_listed_anew_and_nothing_else_is_read(tmp_path, monkeypatch):
    folder = a_study(tmp_path / "derivatives")
    checksums.write(str(folder), str(folder), RUNS)
    os.utime(folder / checksums.NAME, ns=((later := (folder / checksums.NAME).stat().st_mtime_ns + 10**9), later))
    read, sha256 = [], checksums.sha256
    monkeypatch.setattr(checksums, "sha256", lambda path: (read.append(path.name), sha256(path))[1])
    (folder / "qc.tsv").write_text("another")
    os.utime(folder / "qc.tsv", ns=(later + 1, later + 1))
    (folder / ".bidsignore").unlink()
    listed = checksums.write(str(folder), str(folder), RUNS)
    assert read == ["qc.tsv"] and ".bidsignore" not in checksums.read(listed)
    assert check(folder).returncode == 0


def test_a_file_that_changes_while_others_are_read_is_read_again(tmp_path, monkeypatch):
    folder = a_study(tmp_path / "derivatives")
    sha256 = checksums.sha256

    def slowly(path):
        found = sha256(path)
        if path.name == "qc.tsv":
            path.write_text("another")
        return found

    with monkeypatch.context() as context:
        context.setattr(checksums, "sha256", slowly)
        checksums.write(str(folder), str(folder), RUNS)
    assert "qc.tsv: FAILED" in check(folder).stdout
    checksums.write(str(folder), str(folder), RUNS)
    assert check(folder).returncode == 0


def test_what_leads_nowhere_or_is_being_written_is_left_out(tmp_path):
    folder = a_study(tmp_path / "derivatives")
    (folder / "gone.tsv").symlink_to(folder / "nowhere.tsv")
    (folder / ".qc.json").write_text("half of")
    listed = checksums.read(checksums.write(str(folder), str(folder), RUNS))
    assert not {"gone.tsv", ".qc.json"} & set(listed) and ".bidsignore" in listed


def test_a_part_lists_its_runs_and_what_is_said_of_them(tmp_path):
    folder = a_study(tmp_path / "derivatives")
    part = folder / "parts" / "2of2"
    listed = checksums.write(str(folder), str(part), RUNS[1:])
    assert list(checksums.read(listed)) == [f"../../{RUNS[1]}_desc-mean_boldref.nii.gz", "qc.tsv"]
    assert check(part).returncode == 0


def test_without_results_there_is_no_list(tmp_path):
    assert not checksums.write(str(tmp_path / "no"), str(tmp_path / "no"), []).exists()


def test_files_that_are_gone_leave_the_list_and_its_time_stays(tmp_path):
    target = tmp_path / checksums.NAME
    checksums.without_missing(target)
    assert not target.exists()
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    checksums.listed(target, {name: tmp_path / name for name in ("a", "b")})
    before = target.stat().st_mtime_ns
    (tmp_path / "a").unlink()
    checksums.without_missing(target)
    assert target.read_text() == f"{hashlib.sha256(b'b').hexdigest()}  b\n"
    assert target.stat().st_mtime_ns == before and sorted(path.name for path in tmp_path.iterdir()) == [
        "b",
        target.name,
    ]


def test_a_list_has_a_file_or_has_not(tmp_path):
    (tmp_path / "group").mkdir()
    for name in ("a", "group/b", "c"):
        (tmp_path / name).touch()
    target = tmp_path / checksums.NAME
    assert not checksums.lists(target, [f"{tmp_path}/a"])
    checksums.listed(target, {name: tmp_path / name for name in ("a", "group/b")})
    assert checksums.lists(target, [f"{tmp_path}/c", f"{tmp_path}/group/b"])
    assert not checksums.lists(target, [f"{tmp_path}/c", f"{tmp_path}/b"]) and not checksums.lists(target, [])

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


def a_second_ago(path):
    """Set a file's time back: clocks of files go in steps of some milliseconds."""
    before = path.stat().st_mtime_ns - 10**9
    os.utime(path, ns=(before, before))


def check(folder):
    return subprocess.run(["sha256sum", "--check", checksums.NAME], cwd=folder, capture_output=True, text=True)


def test_sha256sum_reads_it_and_finds_what_has_changed(tmp_path):
    folder = a_study(tmp_path / "derivatives")
    checksums.write(str(folder), str(folder), RUNS)
    listed = folder / checksums.NAME
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
    checksums.write(str(folder), str(folder), RUNS)
    listed = folder / checksums.NAME
    assert read == ["qc.tsv"] and ".bidsignore" not in checksums.read(listed)
    assert check(folder).returncode == 0


def test_a_file_whose_time_was_set_back_is_read_again(tmp_path):
    folder = a_study(tmp_path / "derivatives")
    os.utime(folder / "qc.tsv", (1, 1))
    checksums.write(str(folder), str(folder), RUNS)
    a_second_ago(folder / checksums.NAME)
    (folder / "qc.tsv").write_text("vc.tsv")
    os.utime(folder / "qc.tsv", (1, 1))
    assert "qc.tsv: FAILED" in check(folder).stdout
    checksums.write(str(folder), str(folder), RUNS)
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


def test_what_is_not_as_it_was_made_keeps_what_was_listed_and_is_said_each_time(tmp_path):
    folder = a_study(tmp_path / "derivatives")
    checksums.write(str(folder), str(folder), RUNS)
    target = folder / checksums.NAME
    a_second_ago(target)
    before, since = checksums.read(target), target.stat().st_mtime
    (folder / "qc.tsv").write_text("")
    for name in ("new.tsv", "made.tsv"):
        (folder / name).write_text(name)
    asked = []

    def is_as_made(path, time):
        asked.append((path, time))
        return path.endswith("made.tsv")

    said = [str(folder / name) for name in ("new.tsv", "qc.tsv")]
    for made in (1, 0):
        asked.clear()
        assert checksums.write(str(folder), str(folder), RUNS, (), is_as_made) == said
        assert checksums.read(target) == before | {"made.tsv": hashlib.sha256(b"made.tsv").hexdigest()}
        assert "qc.tsv: FAILED" in check(folder).stdout
        # What is listed as it is needs no record.
        assert {path: time and round(time - since, 3) for path, time in asked} == {
            str(folder / "qc.tsv"): 0,
            str(folder / "new.tsv"): None,
        } | ({str(folder / "made.tsv"): None} if made else {})
    (sentence,) = checksums.changed_in_words(said)
    assert sentence.startswith(f"2 files were changed since their jobs made them: {said[0]}, {said[1]}. ")
    assert checksums.changed_in_words(said[:1])[0].startswith("1 file was changed since its job made it: ")
    assert checksums.changed_in_words([]) == []
    # Made anew.
    assert checksums.write(str(folder), str(folder), RUNS) == [] and check(folder).returncode == 0


def test_what_leads_nowhere_or_is_being_written_is_left_out(tmp_path):
    folder = a_study(tmp_path / "derivatives")
    (folder / "gone.tsv").symlink_to(folder / "nowhere.tsv")
    (folder / ".qc.json").write_text("half of")
    checksums.write(str(folder), str(folder), RUNS)
    listed = checksums.read(folder / checksums.NAME)
    assert not {"gone.tsv", ".qc.json"} & set(listed) and ".bidsignore" in listed


def test_a_part_lists_its_runs_and_what_is_said_of_them(tmp_path):
    folder = a_study(tmp_path / "derivatives")
    part = folder / "parts" / "2of2"
    checksums.write(str(folder), str(part), RUNS[1:])
    assert list(checksums.read(part / checksums.NAME)) == [f"../../{RUNS[1]}_desc-mean_boldref.nii.gz", "qc.tsv"]
    assert check(part).returncode == 0


def test_without_results_there_is_no_list(tmp_path):
    assert checksums.write(str(tmp_path / "no"), str(tmp_path / "no"), []) == []
    assert not (tmp_path / "no").exists()


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

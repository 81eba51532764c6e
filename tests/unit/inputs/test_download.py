"""The download of development_fmri, against a stand-in for its host."""

import gzip
import hashlib
import io
import json
import os
import random
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import fetch_development_fmri
from osf_standin import OSFStandIn

from seed_to_voxel.base import joblog
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.inputs import development_fmri, download

ADULT, CHILD = "sub-pixar123", "sub-pixar001"
KEYS = development_fmri.read_keys()
BOLD_NAME = "sub-pixar123_task-pixar_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"
CONFOUNDS_NAME = "sub-pixar123_task-pixar_desc-confounds_regressors.tsv"
# Incompressible, and larger than what the connection's buffers hold.
BOLD = gzip.compress(random.Random(0).randbytes(600_000), mtime=0)
CONFOUNDS = b"csf\ttrans_x\n" + b"1.0\t0.5\n" * 1000
FILES = {KEYS[ADULT]["bold"]: BOLD, KEYS[ADULT]["confounds"]: CONFOUNDS}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Seconds that pooch would wait before it asks again."""
    seconds = []
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=seconds.append))
    return seconds


def fetch(server, folder, participant=ADULT, **kwargs):
    url = server if isinstance(server, str) else server.base_url
    return development_fmri.fetch_participant(participant, folder, url, **kwargs)


def obtain_bold(server, folder, **kwargs):
    source = development_fmri.sources(ADULT, server.base_url)[0]
    return download.obtain(source, folder, **kwargs)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def nilearn_folder(folder):
    """Lay out files as someone's earlier use of nilearn has left them."""
    folder.mkdir(parents=True)
    (folder / BOLD_NAME).write_bytes(BOLD)
    (folder / CONFOUNDS_NAME).write_bytes(CONFOUNDS)
    return folder


def test_the_table_inside_nilearn_gives_two_keys_for_each_of_155_participants():
    assert len(KEYS) == 155
    assert KEYS[ADULT] == {"bold": "5c8ff3e04712b400193b5bdf", "confounds": "5c8ff3df4712b400183b7092"}


def test_file_names_are_those_nilearn_uses(monkeypatch, tmp_path):
    pandas = pytest.importorskip("pandas")
    func = pytest.importorskip("nilearn.datasets.func")
    asked = []

    def fetch_files(folder, files, **_):
        asked.extend(files)
        return [str(folder / files[0][0])]

    monkeypatch.setattr(func, "fetch_files", fetch_files)
    participants = pandas.DataFrame({"participant_id": [ADULT]})
    func._fetch_development_fmri_functional(participants, tmp_path, None, True, 0)
    assert {(name, url) for name, url, _ in asked} == {(s.name, s.url) for s in development_fmri.sources(ADULT)}


@pytest.mark.parametrize("slash", ["", "/"])
def test_base_url_with_and_without_a_slash_at_its_end(tmp_path, slash):
    with OSFStandIn(FILES) as server:
        fetch(server.base_url + slash, tmp_path)
    assert [request.status for request in server.requests] == [200, 200]


def test_base_url_must_be_http():
    with pytest.raises(InputError, match="base_url: 'ftp://x'.*data_dir"):
        development_fmri.sources(ADULT, "ftp://x")


def test_files_arrive_whole_with_records_that_sha256sum_reads(tmp_path):
    with OSFStandIn(FILES) as server:
        held = fetch(server, tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert (folder / BOLD_NAME).read_bytes() == BOLD
    assert (folder / CONFOUNDS_NAME).read_bytes() == CONFOUNDS
    digest = hashlib.sha256(BOLD).hexdigest()
    assert (folder / f"{BOLD_NAME}.sha256").read_text() == f"{digest}  {BOLD_NAME}\n"
    assert held["bold"] == download.Held(
        folder / BOLD_NAME,
        f"{server.base_url}/{KEYS[ADULT]['bold']}/",
        len(BOLD),
        digest,
        "fetched",
        folder / f"{BOLD_NAME}.sha256",
    )
    assert len(names(folder)) == 4, "nothing but the files and their records"
    mask = os.umask(0)
    os.umask(mask)
    assert (folder / BOLD_NAME).stat().st_mode & 0o777 == 0o666 & ~mask, "a shared folder stays shared"


def test_only_the_files_of_the_participant_are_asked_for(tmp_path):
    with OSFStandIn(FILES | {KEYS[CHILD]["bold"]: BOLD, KEYS[CHILD]["confounds"]: CONFOUNDS}) as server:
        fetch(server, tmp_path)
    assert sorted(request.key for request in server.requests) == sorted(FILES)


def test_a_second_run_makes_no_request(tmp_path):
    with OSFStandIn(FILES) as server:
        first = fetch(server, tmp_path)
        second = fetch(server, tmp_path)
    assert len(server.requests) == 2
    assert second["bold"] == first["bold"]._replace(origin="found")


def test_a_file_that_has_changed_is_refused(tmp_path):
    with OSFStandIn(FILES) as server:
        fetch(server, tmp_path)
    changed = gzip.compress(b"something else")
    (tmp_path / BOLD_NAME).write_bytes(changed)
    with pytest.raises(InputError) as error:
        fetch("http://127.0.0.1:9", tmp_path)
    for part in (
        str(tmp_path / BOLD_NAME),
        hashlib.sha256(changed).hexdigest(),
        hashlib.sha256(BOLD).hexdigest(),
        "delete",
    ):
        assert part in str(error.value)
    assert (tmp_path / BOLD_NAME).read_bytes() == changed, "the user's file is left to the user"


def test_a_record_that_is_none_is_refused(tmp_path):
    folder = nilearn_folder(tmp_path / "data")
    (folder / f"{BOLD_NAME}.sha256").write_text("oops\n")
    with pytest.raises(InputError, match="found 'oops', expected the 64 hexadecimal digits"):
        fetch("http://127.0.0.1:9", folder)


@pytest.mark.parametrize("inside", ["", "development_fmri", "development_fmri/development_fmri"])
def test_a_folder_nilearn_has_filled_is_used_offline(tmp_path, inside):
    folder = nilearn_folder(tmp_path / "nilearn_data" / inside)
    held = fetch("http://127.0.0.1:9", tmp_path / "nilearn_data", retries=0)
    assert held["bold"].path == folder / BOLD_NAME
    assert {one.origin for one in held.values()} == {"found"}
    assert (folder / f"{BOLD_NAME}.sha256").exists()


def test_a_read_only_folder_is_used_without_a_record(tmp_path, monkeypatch):
    folder = nilearn_folder(tmp_path / "data")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(download.os, "replace", refuse)
    held = fetch("http://127.0.0.1:9", folder)
    assert held["bold"].record is None
    assert held["bold"].sha256 == hashlib.sha256(BOLD).hexdigest()


def test_a_damaged_file_without_a_record_is_refused(tmp_path):
    folder = nilearn_folder(tmp_path / "data")
    (folder / BOLD_NAME).write_bytes(BOLD[:1000])
    with pytest.raises(InputError, match="bold.nii.gz: not a whole gzip file.*Delete"):
        fetch("http://127.0.0.1:9", folder)


def test_a_transfer_that_is_cut_goes_on_where_it_stopped(tmp_path):
    with OSFStandIn(FILES, cut_first=1) as server:
        obtain_bold(server, tmp_path)
    first, second = server.requests
    assert (first.range, first.status) == (None, 200)
    assert second.range == f"bytes={len(BOLD) // 2}-"
    assert second.status == 206
    assert (tmp_path / BOLD_NAME).read_bytes() == BOLD


def test_a_later_job_resumes_what_an_earlier_one_left(tmp_path):
    with OSFStandIn(FILES, cut_first=1) as server:
        with pytest.raises(InputError):
            obtain_bold(server, tmp_path, retries=0)
        assert names(tmp_path) == [f"{BOLD_NAME}.part"]
        kept = (tmp_path / f"{BOLD_NAME}.part").stat().st_size
        obtain_bold(server, tmp_path, retries=0)
    assert kept > 0
    assert server.requests[-1] == (KEYS[ADULT]["bold"], f"bytes={kept}-", 206)
    assert (tmp_path / BOLD_NAME).read_bytes() == BOLD
    assert not (tmp_path / f"{BOLD_NAME}.part").exists()


def test_a_host_that_ignores_ranges_is_taken_from_the_start(tmp_path):
    with OSFStandIn(FILES, cut_first=2, ranges=False) as server:
        obtain_bold(server, tmp_path)
    assert [request.status for request in server.requests] == [200, 200, 200]
    assert server.requests[1].range
    assert (tmp_path / BOLD_NAME).read_bytes() == BOLD


@pytest.mark.parametrize(
    ("left", "statuses"),
    [(BOLD, [416]), (BOLD + b"more", [416, 200]), (b"other" * 1000, [206, 200])],
    ids=["whole", "too long", "of another file"],
)
def test_whatever_was_left_behind_the_file_comes_out_right(tmp_path, left, statuses):
    (tmp_path / f"{BOLD_NAME}.part").write_bytes(left)
    with OSFStandIn(FILES) as server:
        obtain_bold(server, tmp_path)
    assert [request.status for request in server.requests] == statuses
    assert (tmp_path / BOLD_NAME).read_bytes() == BOLD


def test_without_a_length_a_cut_is_noticed_by_the_content(tmp_path):
    with OSFStandIn(FILES, cut_first=1, lengths=False) as server:
        obtain_bold(server, tmp_path)
    assert [request.status for request in server.requests] == [200, 200]
    assert (tmp_path / BOLD_NAME).read_bytes() == BOLD


def test_a_busy_host_is_asked_again(tmp_path, waits):
    with OSFStandIn(FILES, fail_first=3) as server:
        obtain_bold(server, tmp_path)
    assert [request.status for request in server.requests] == [503, 503, 503, 200]
    assert waits == [1, 2, 3]


def test_a_busy_host_says_how_long_it_wants_to_be_left_alone(tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(download, "time", SimpleNamespace(sleep=waited.append))
    with OSFStandIn(FILES, fail_first=1, headers={"Retry-After": "17"}) as server:
        obtain_bold(server, tmp_path)
    assert waited == [17]


def test_a_transfer_goes_on_through_a_redirection(tmp_path):
    with OSFStandIn(FILES, cut_first=1, redirect=True) as server:
        obtain_bold(server, tmp_path)
    assert [request.status for request in server.requests] == [302, 200, 302, 206]
    assert (tmp_path / BOLD_NAME).read_bytes() == BOLD


def test_a_gzip_file_that_a_host_calls_compressed_stays_as_it_is(tmp_path):
    with OSFStandIn(FILES, cut_first=1, headers={"Content-Encoding": "gzip"}) as server:
        obtain_bold(server, tmp_path)
    assert (tmp_path / BOLD_NAME).read_bytes() == BOLD


def test_a_full_disk_is_named_and_what_came_is_resumed(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with OSFStandIn(FILES) as server:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        try:
            with pytest.raises(InputError, match=r"data_dir: .*bold.nii.gz cannot be written to .*make room"):
                obtain_bold(server, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        obtain_bold(server, tmp_path)
    assert server.requests[-1] == (KEYS[ADULT]["bold"], "bytes=300000-", 206)
    assert (tmp_path / BOLD_NAME).read_bytes() == BOLD


def test_a_hopeless_host_gives_an_error_that_helps_and_no_file(tmp_path):
    with OSFStandIn(FILES, fail_first=100) as server, pytest.raises(InputError) as error:
        fetch(server, tmp_path, retries=2)
    url = f"{server.base_url}/{KEYS[ADULT]['bold']}/"
    for part in (url, "status 503", "attempt 3 of 3", "login node", "data_dir", "base_url"):
        assert part in str(error.value)
    assert len(server.requests) == 3
    assert names(tmp_path) == []


def test_a_host_that_is_not_there_gives_the_same_error(tmp_path):
    with OSFStandIn({}) as server:
        pass
    with pytest.raises(InputError, match="could not be downloaded: ConnectionError.*attempt 2 of 2"):
        fetch(server, tmp_path, retries=1)


@pytest.mark.parametrize(("lengths", "did"), [(True, "announced"), (False, "sent")])
def test_a_host_that_sends_without_end_is_left(tmp_path, monkeypatch, lengths, did):
    monkeypatch.setattr(download, "MAX_BYTES", 1000)
    with OSFStandIn(FILES, lengths=lengths) as server, pytest.raises(InputError, match=f"the host {did} .* than 1000"):
        obtain_bold(server, tmp_path)
    assert len(server.requests) == 1
    assert names(tmp_path) == []


def test_a_gzip_file_inside_of_a_gzip_file_is_not_kept(tmp_path):
    twice = {key: gzip.compress(content) for key, content in FILES.items()}
    with OSFStandIn(twice) as server, pytest.raises(InputError, match="a gzip file inside of a gzip file"):
        obtain_bold(server, tmp_path, retries=0)
    assert not [name for name in names(tmp_path) if not name.endswith(".part")]


def test_a_file_the_host_does_not_have_is_asked_for_once(tmp_path):
    with OSFStandIn({}) as server, pytest.raises(InputError, match="status 404"):
        fetch(server, tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["bold", "confounds"])
@pytest.mark.parametrize("sent", [b"<html>Log in to the network</html>", b""], ids=["page", "nothing"])
def test_a_web_page_in_place_of_a_file_is_not_kept(tmp_path, kind, sent):
    with (
        OSFStandIn(FILES | {KEYS[ADULT][kind]: sent}) as server,
        pytest.raises(InputError, match="what the host sent is (not a|empty)"),
    ):
        fetch(server, tmp_path, retries=1)
    assert not [name for name in names(tmp_path) if kind in name]


def test_another_file_than_was_recorded_is_not_accepted(tmp_path):
    with OSFStandIn(FILES) as server:
        obtain_bold(server, tmp_path)
        (tmp_path / BOLD_NAME).unlink()
        server.files[KEYS[ADULT]["bold"]] = gzip.compress(b"new version")
        with pytest.raises(InputError, match="serves another file"):
            obtain_bold(server, tmp_path)
        assert names(tmp_path) == [f"{BOLD_NAME}.sha256"]
        server.files = FILES
        assert obtain_bold(server, tmp_path).origin == "fetched"


def test_an_unknown_participant_is_named_with_close_matches():
    with pytest.raises(InputError, match="'sub-pixar156' is not in.*155 participants.*sub-pixar15"):
        development_fmri.sources("sub-pixar156")


def test_the_label_alone_will_do():
    assert development_fmri.sources("pixar123") == development_fmri.sources("sub-pixar123")


def test_a_data_dir_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="data_dir: .*file/data.*Not a directory"):
        fetch("http://127.0.0.1:9", tmp_path / "file" / "data")


def run_together(jobs):
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def test_two_participants_are_fetched_into_one_folder_at_once(tmp_path):
    files = FILES | {KEYS[CHILD]["bold"]: BOLD, KEYS[CHILD]["confounds"]: CONFOUNDS}
    with OSFStandIn(files, delay=0.2) as server:
        results = run_together([lambda p=p: fetch(server, tmp_path, p) for p in (ADULT, CHILD)])
    assert [result["bold"].origin for result in results] == ["fetched", "fetched"]
    assert server.most_at_once == 2
    assert len(names(tmp_path)) == 8


def test_jobs_that_want_the_same_file_fetch_it_once(tmp_path):
    with OSFStandIn(FILES, delay=0.1) as server:
        results = run_together([lambda: fetch(server, tmp_path)] * 4)
    assert sorted(result["bold"].origin for result in results) == ["fetched", "found", "found", "found"]
    assert len(server.requests) == 2
    assert len(names(tmp_path)) == 4


def test_without_locks_jobs_keep_apart(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(download.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(download.fcntl, "flock", no_locks)
    with OSFStandIn(FILES, delay=0.1) as server:
        results = run_together([lambda: fetch(server, tmp_path)] * 3)
    assert {result["bold"].sha256 for result in results} == {hashlib.sha256(BOLD).hexdigest()}
    assert {name for name in names(tmp_path) if not name.endswith((".gz", ".tsv", ".sha256"))} == set()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_line_every_tenth_without_a_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr(joblog, "screen", io.StringIO())
    large = gzip.compress(random.Random(1).randbytes(12_000_000), compresslevel=1)
    with OSFStandIn({KEYS[ADULT]["bold"]: large}) as server:
        obtain_bold(server, tmp_path)
    lines = joblog.screen.getvalue().splitlines()
    assert 10 <= len(lines) <= 12
    assert "downloading, 0.0 of 12.0 MB (0 %)" in lines[0]
    assert "downloaded, 12.0 of 12.0 MB (100 %)" in lines[-1]


def test_progress_is_a_bar_on_a_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr(joblog, "screen", Terminal())
    with OSFStandIn(FILES) as server:
        obtain_bold(server, tmp_path)
    assert "\r" in joblog.screen.getvalue()


def test_links_are_relative_inside_the_working_directory_and_absolute_outside(tmp_path, monkeypatch):
    work = tmp_path / "work"
    inside = nilearn_folder(work / "data")
    outside = nilearn_folder(tmp_path / "elsewhere")
    monkeypatch.chdir(work)
    download.link(inside / BOLD_NAME, "results/sub/a.nii.gz")
    assert os.readlink("results/sub/a.nii.gz") == f"../../data/{BOLD_NAME}"
    download.link(outside / BOLD_NAME, "results/sub/a.nii.gz")
    assert os.readlink("results/sub/a.nii.gz") == str(outside / BOLD_NAME)
    assert (work / "results/sub/a.nii.gz").read_bytes() == BOLD


def test_a_link_never_takes_the_place_of_its_file(tmp_path):
    folder = nilearn_folder(tmp_path / "data")
    with pytest.raises(InputError, match="data_dir"):
        download.link(folder / BOLD_NAME, folder / BOLD_NAME)
    assert (folder / BOLD_NAME).read_bytes() == BOLD


def test_the_receipt_says_where_each_file_came_from(tmp_path):
    folder = nilearn_folder(tmp_path / "data")
    held = fetch("http://127.0.0.1:9", folder)
    got = development_fmri.receipt("pixar123", held, datetime(2026, 1, 2, tzinfo=UTC))
    assert got["participant"] == ADULT
    assert got["date"] == "2026-01-02T00:00:00+00:00"
    assert got["files"]["confounds"] == {
        "path": str(folder / CONFOUNDS_NAME),
        "url": f"http://127.0.0.1:9/{KEYS[ADULT]['confounds']}/",
        "bytes": len(CONFOUNDS),
        "sha256": hashlib.sha256(CONFOUNDS).hexdigest(),
        "origin": "found",
        "record": str(folder / f"{CONFOUNDS_NAME}.sha256"),
    }


def test_the_script_makes_two_links_and_a_receipt(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with OSFStandIn(FILES) as server:
        fetch_development_fmri.main(
            participant="pixar123",
            data_dir="data",
            base_url=server.base_url,
            bold="results/b.nii.gz",
            confounds="results/c.tsv",
            receipt="results/r.json",
        )
    assert Path("results/b.nii.gz").is_symlink()
    assert Path("results/b.nii.gz").read_bytes() == BOLD
    assert Path("results/c.tsv").read_bytes() == CONFOUNDS
    assert json.loads(Path("results/r.json").read_text())["files"]["bold"]["origin"] == "fetched"


def test_the_module_needs_no_third_party_package_to_be_imported(tmp_path):
    code = (
        "import sys; from seed_to_voxel.inputs import development_fmri; "
        "development_fmri.read_keys(); print(*sys.modules)"
    )
    scripts = Path(download.__file__).parents[2]
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(scripts)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"nilearn", "numpy", "pooch", "requests"} & set(shown)

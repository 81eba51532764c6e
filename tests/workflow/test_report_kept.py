"""The report is whole or of an earlier time, and made whenever it is missing or older than what it shows."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.workflow

CONFIG = ("--configfile", "study.yaml")


@pytest.fixture(scope="module")
def study(finished, tmp_path_factory):
    """The finished cohort, to be changed."""
    return finished.taken_on(tmp_path_factory.mktemp("kept") / "project")


def test_a_missing_report_is_made_though_nothing_else_is_to_be_done(study):
    report = study.path / "results/report.html"
    before = report.read_text()
    report.unlink()
    assert "Nothing to be done" in study.snakemake("-n", *CONFIG).stdout
    assert not report.exists(), "a dry run has made the report"
    printed = study.snakemake(*CONFIG).stdout
    assert "Nothing to be done" in printed and "Report: results/report.html" in printed
    assert len(report.read_text()) == pytest.approx(len(before), rel=0.02)
    assert report.read_text().rstrip().endswith("</html>")
    assert not list(report.parent.glob(".report*"))


def test_a_report_that_is_older_than_what_it_shows_is_made_anew_and_only_once(study):
    report = study.path / "results/report.html"
    made = report.stat().st_mtime_ns
    assert "Report:" not in study.snakemake(*CONFIG).stdout
    os.utime(next(study.derivatives.rglob("*_statmap.png")))
    # A single target leaves the report as it is.
    figure = next(study.derivatives.rglob("sub-01*_bold.png")).relative_to(study.path)
    study.snakemake(figure, *CONFIG)
    assert report.stat().st_mtime_ns == made
    assert "Report: results/report.html" in study.snakemake(*CONFIG).stdout
    assert report.stat().st_mtime_ns > made
    assert "Report:" not in study.snakemake(*CONFIG).stdout


def test_snakemake_killed_while_it_writes_the_report(study):
    report = study.path / "results/report.html"
    report.write_text("of an earlier time")
    os.utime(report, (1, 1))
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", *CONFIG],
        cwd=study.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(report.parent.glob(".report*")):
        assert time.monotonic() < deadline and process.poll() is None, "no report was begun"
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    assert report.read_text() == "of an earlier time"
    said = study.snakemake(*CONFIG, check=False)
    if "cannot be locked" in said.stdout:
        study.snakemake("--unlock", *CONFIG)
        said = study.snakemake(*CONFIG)
    assert "Report: results/report.html" in said.stdout
    assert report.read_text().rstrip().endswith("</html>")
    assert not list(report.parent.glob(".report*"))

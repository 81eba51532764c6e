"""Jobs whose inputs came out the same are spared, and no others."""

import os
import shutil

import pytest
from conftest import ROOT, SNAKEMAKE

SNAKEFILE = """
import sys
sys.path.insert(0, {scripts!r})
from seed_to_voxel.snakemake_internals import unchanged

onstart:
    unchanged.spare_what_is_as_it_was(workflow, {{"draw", "caption", "show", "enlarge", "lay_out"}})

rule all:
    input: "page.txt", "both.txt", expand("large/{{x}}.txt", x=config["maps"])

rule compute:
    output: a="maps/a.txt", b="maps/b.txt"
    params: **config["maps"]
    shell: "printf {{params.a}} > {{output.a}}; printf {{params.b}} > {{output.b}}; echo compute >> ran.txt"

rule draw:
    input: "maps/{{x}}.txt"
    output: "figures/{{x}}.txt"
    params: config.get("look")
    shell: "cat {{input}} > {{output}}; echo draw {{wildcards.x}} >> ran.txt; exit {fails}"

rule caption:
    input: "figures/{{x}}.txt"
    output: temp("captions/{{x}}.txt")
    shell: "cat {{input}} > {{output}}; echo caption {{wildcards.x}} >> ran.txt"

rule show:
    input: expand("captions/{{x}}.txt", x=config["maps"])
    output: "page.txt"
    shell: "cat {{input}} > {{output}}; echo show >> ran.txt"

rule lay_out:
    input: [f"maps/{{x}}.txt" for x in config.get("order", "ab")], "own.txt"
    output: "both.txt"
    params: lambda wildcards: open("flag.txt").read()
    shell: "cat {{input}} > {{output}}; echo lay out >> ran.txt"

rule enlarge:
    input: "maps/{{x}}.txt"
    output: "large/{{x}}.txt"
    params: config.get("size")
    shell: "cat {{input}} > {{output}}; echo enlarge {{wildcards.x}} >> ran.txt"
"""


class Small:
    """A small workflow: two maps of one job, and what is drawn of each."""

    def __init__(self, path):
        self.path = path

    def write(self, fails="0"):
        text = SNAKEFILE.format(scripts=str(ROOT / "workflow" / "scripts"), fails=fails)
        (self.path / "Snakefile").write_text(text, encoding="utf-8")

    def run(self, *arguments, a="1", b="1", check=True, **config):
        """Run it; what ran, and what was printed."""
        (self.path / "ran.txt").write_text("")
        settings = [f"maps={{a: '{a}', b: '{b}'}}", *(f"{name}={value}" for name, value in config.items())]
        done = SNAKEMAKE.run(["--cores", "1", "--config", *settings, *arguments], self.path, 120)
        assert done.returncode == 0 or not check, done.stdout
        return sorted((self.path / "ran.txt").read_text().splitlines()), done.stdout


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workflow = Small(tmp_path_factory.mktemp("finished"))
    workflow.write()
    for name in ("own", "flag"):
        (workflow.path / f"{name}.txt").write_text(name)
    ran, printed = workflow.run()
    assert len(ran) == 9
    assert "Not needed" not in printed
    return workflow


@pytest.fixture
def small(finished, tmp_path):
    shutil.copytree(finished.path, tmp_path, dirs_exist_ok=True)
    return Small(tmp_path)


def test_what_follows_from_the_same_bytes_is_spared(small):
    ran, printed = small.run(b="2")
    # Of a chain, too: a's caption is temporary, and is made for the page, from a figure that stays.
    assert ran == ["caption a", "caption b", "compute", "draw b", "enlarge b", "lay out", "show"]
    assert (small.path / "page.txt").read_text() == "12"
    assert printed.count("Not needed, as its inputs came out the same") == 2
    assert "10 of 10 steps (100%) done" in printed
    assert small.run("-n", b="2")[1].count("Nothing to be done") == 1
    assert small.run(b="2")[0] == []


def test_a_job_that_makes_the_same_again_is_followed_by_none_but_for_temporary_files(small):
    assert "draw" in small.run("-n", "--forcerun", "compute")[1]
    ran, printed = small.run("--forcerun", "compute")
    assert ran == ["caption a", "caption b", "compute"]
    assert printed.count("Not needed") == 6


@pytest.mark.parametrize(
    ("also", "arguments", "config"),
    [
        ("a parameter", (), {"look": "dark"}),
        ("a file that is gone", (), {}),
        ("a file that was changed by hand", (), {}),
        ("a record that is gone", (), {}),
        ("a rule that is forced", ("--forcerun", "draw"), {}),
        ("a file that is forced", ("--forcerun", "figures/a.txt"), {}),
        ("all is forced", ("--forceall",), {}),
        ("contents that are not compared", ("--max-checksum-file-size", "0"), {}),
    ],
)
def test_what_has_another_reason_runs(small, also, arguments, config):
    figure = small.path / "figures" / "a.txt"
    if "gone" in also and "file" in also:
        figure.unlink()
    elif "by hand" in also:
        (small.path / "maps" / "a.txt").write_text("of another hand")
    elif "record" in also:
        small.run("--cleanup-metadata", "figures/a.txt")
    ran, _ = small.run(*arguments, b="2", **config)
    assert "draw b" in ran
    assert ("draw a" in ran) == ("by hand" not in also)
    # Made again by its job, with the bytes that it had.
    assert (small.path / "maps" / "a.txt").read_text() == "1"
    assert figure.read_text() == "1"


@pytest.mark.parametrize("what", ["order", "older file", "newer result", "result by hand", "parameter"])
def test_what_differs_in_another_way_runs(small, what):
    """Of a job whose computed inputs come out the same: Snakemake's own comparison sees none of these."""
    own, result = small.path / "own.txt", small.path / "both.txt"
    config = {"order": "ba"} if what == "order" else {}
    if what == "older file":
        own.write_text("of a backup")
        os.utime(own, (1e9, 1e9))
    elif what == "newer result":
        own.write_text("changed")
        os.utime(result, (4e9, 4e9))
    elif what == "result by hand":
        result.write_text("by hand")
    elif what == "parameter":
        (small.path / "flag.txt").write_text("another")
    ran, _ = small.run("--forcerun", "compute", a="1", b="1", **config)
    assert "lay out" in ran and "draw a" not in ran
    assert result.read_text() == ("11" + own.read_text())
    assert small.run(**config)[0] == []


def test_code_that_was_changed_runs(small):
    small.write(fails="0 # differently")
    assert "draw a" in small.run(b="2")[0]


def test_a_job_that_failed_runs_again(small):
    small.write(fails="1")
    ran, _ = small.run(b="2", check=False, look="dark")
    assert "draw a" in ran or "draw b" in ran
    small.write()
    ran, _ = small.run(b="2", look="dark")
    assert {"draw a", "draw b"} <= set(ran)
    assert (small.path / "page.txt").read_text() == "12"


def test_a_dry_run_and_touching_spare_nothing(small):
    planned = small.run("-n", b="2")[1]
    assert "Not needed" not in planned and "draw" in planned
    _, printed = small.run("--touch", b="2")
    assert "Not needed" not in printed

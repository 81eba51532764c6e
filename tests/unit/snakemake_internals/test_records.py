"""Inputs are summed once a job, and what is recorded of them is what Snakemake records."""

import asyncio
import hashlib
import json
from collections import Counter

import pytest
from conftest import ROOT, SNAKEMAKE

from seed_to_voxel.snakemake_internals import records

SNAKEFILE = """
import hashlib, json, sys
sys.path.insert(0, {scripts!r})
from seed_to_voxel.snakemake_internals import records

if config["once"]:
    records.sum_once()
looks, digest = [], hashlib.file_digest

def counted(file, *how):
    looks.append(getattr(file, "name", "nothing"))
    return digest(file, *how)

hashlib.file_digest = counted

onsuccess:
    with open("looks.json", "w") as file:
        json.dump(looks, file)

rule all:
    input: "out/again.txt"

rule make:
    input: "a.txt", "b.txt", "empty.txt"
    output: "out/1.txt", "out/2.txt", "out/3.txt"
    shell: "cat {{input}} | tee {{output}} > /dev/null"

rule again:
    input: "a.txt", "out/1.txt"
    output: "out/again.txt"
    shell: "cat {{input}} > {{output}}; echo more >> a.txt"
"""


def run(folder, once):
    """What was summed, how often, and what was recorded of each output's inputs."""
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE.format(scripts=str(ROOT / "workflow" / "scripts")))
    for name in ("a", "b", "empty"):
        (folder / f"{name}.txt").write_text("" if name == "empty" else name)
    done = SNAKEMAKE.run(["--cores", "1", "--config", f"once={once}"], folder, 120)
    assert done.returncode == 0, done.stdout
    entries = [json.loads(path.read_text()) for path in (folder / ".snakemake" / "metadata").rglob("*")]
    recorded = Counter(json.dumps([record["rule"], record["input_checksums"]]) for record in entries)
    return Counter(json.loads((folder / "looks.json").read_text())), recorded


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    return {once: run(folder / str(once), once) for once in (False, True)}


def test_an_input_is_summed_once_for_all_outputs_of_its_job(runs):
    theirs, ours = (runs[once][0] for once in (False, True))
    # Of the job with three outputs, and of the one after it.
    assert {name: theirs[name] for name in ("a.txt", "b.txt", "nothing")} == {"a.txt": 4, "b.txt": 3, "nothing": 3}
    assert {name: ours[name] for name in ("a.txt", "b.txt", "nothing")} == {"a.txt": 2, "b.txt": 1, "nothing": 1}


def test_what_is_recorded_is_the_same(runs):
    theirs, ours = (runs[once][1] for once in (False, True))
    assert ours == theirs
    assert sorted(ours.values()) == [1, 3]


def test_after_a_job_nothing_is_remembered():
    class File:
        sums = 0

        async def checksum(self, threshold, force=False):
            File.sums += 1
            return f"{threshold}, {force}"

    class Records:
        async def finished(self, job):
            self.found = [await file.checksum(limit) for file in job for limit in (1, 1, 2)]
            raise OSError("no room")

    records.sum_once(File, Records)
    file, kept = File(), Records()

    async def record():
        with pytest.raises(OSError, match="no room"):
            await kept.finished([file])
        return [await file.checksum(1), await file.checksum(1, force=True)]

    assert asyncio.run(record()) == ["1, False", "1, True"]
    assert kept.found == ["1, False", "1, False", "2, False"] and File.sums == 4


def test_a_file_that_has_changed_is_summed_anew(runs):
    sums = {json.loads(entry)[0]: json.loads(entry)[1] for entry in runs[True][1]}
    expected = {"make": b"a", "again": b"amore\n"}
    for rule, content in expected.items():
        assert sums[rule]["a.txt"] == f"sha256:{hashlib.sha256(content).hexdigest()}"

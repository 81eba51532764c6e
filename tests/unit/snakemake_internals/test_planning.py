"""Planning asks the same of every file as Snakemake does, in less time."""

import asyncio
import os
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import ClassVar

import pytest
from snakemake import io, rules
from snakemake.exceptions import ChildIOException
from snakemake.io import IOFile
from snakemake.jobs import Job as SnakemakeJob
from snakemake.output_index import OutputIndex

from seed_to_voxel.snakemake_internals import planning

PATTERNS = {
    "series": ["out/{run}_desc-seeds_timeseries.tsv", "out/{run}_desc-seeds_timeseries.json"],
    "maps": ["out/{run}_seed-A_stat-z_statmap.nii.gz", "out/{run}_seed-B_stat-z_statmap.nii.gz"],
    "any_seed": ["out/{run}_seed-{seed}_stat-z_statmap.nii.gz"],
    "constrained": ["out/{run,sub-[0-9]+}_timeseries.tsv"],
    "one": ["out/qc.tsv"],
    "everything": ["{path}"],
    "elsewhere": ["other/{run}_desc-seeds_timeseries.tsv"],
}

FILES = (
    *("out/sub-1_desc-seeds_timeseries.tsv", "out/sub-1_desc-seeds_timeseries.json", "out/sub-1_timeseries.tsv"),
    *("out/sub-x_timeseries.tsv", "out/sub-1_seed-A_stat-z_statmap.nii.gz", "out/sub-1_seed-C_stat-z_statmap.nii.gz"),
    *("out/qc.tsv", "qc.tsv", "out/", "other/sub-1_desc-seeds_timeseries.tsv", "out/_desc-seeds_timeseries.tsv", "a"),
)


class Rule:
    """As much of Snakemake's rule as the lookup of outputs needs; the matching is Snakemake's."""

    def __init__(self, name, patterns):
        self.name = name
        self.files = [IOFile(pattern) for pattern in patterns]

    def products(self):
        return iter(self.files)

    def is_producer(self, path):
        return any(file.match(path) for file in self.files)


@pytest.mark.parametrize("path", FILES)
def test_the_same_rules_make_a_file(path):
    rules = [Rule(*entry) for entry in PATTERNS.items()]
    theirs, ours = OutputIndex(rules), planning.MakersByEnding(rules)
    assert ours.match(path) == theirs.match(path)
    assert ours.match_producers(path) == theirs.match_producers(path)
    assert "everything" in {rule.name for rule in ours.match_producers(path)}


class Job:
    """As much of a job as the comparison and its message need."""

    def __init__(self, files, number):
        self.output = files
        self.rule = SimpleNamespace(name=f"rule {number}", lineno=1, snakefile="Snakefile")


def jobs(*outputs):
    return SimpleNamespace(jobs=[Job(files, number) for number, files in enumerate(outputs)])


@pytest.mark.parametrize(
    ("nested", "outputs"),
    [
        (False, [["out/a", "out/b"], ["out/ab", "in/a"]]),
        (True, [["out/a"], ["out/a/b/c"]]),
        (True, [["out/a"], ["{here}/out/a/b"]]),
        (False, [["out/a"], ["{here}/out/b"]]),
        (True, [["out/a/"], ["out/./a//b/c"]]),
        (True, [["{here}"], ["out/b"]]),
    ],
)
def test_files_in_files_are_refused_as_by_snakemake(nested, outputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = jobs(*[[path.format(here=tmp_path) for path in files] for files in outputs])

    class Checked:
        check_directory_outputs = planning.DAG.check_directory_outputs

    theirs, calls = Checked.check_directory_outputs, []
    Checked.check_directory_outputs = lambda self: (calls.append(1), theirs(self))
    planning.compare_only_nested(Checked)
    if nested:
        with pytest.raises(ChildIOException):
            theirs(graph)
        with pytest.raises(ChildIOException):
            Checked.check_directory_outputs(graph)
    else:
        theirs(graph)
        Checked.check_directory_outputs(graph)
    assert len(calls) == int(nested)


def test_a_script_is_looked_at_once_unless_its_name_has_wildcards():
    class Processor:
        script_type = "script"
        looked: ClassVar[list] = []

        def process_job(self, job):
            self.looked.append(job.number)
            if job.rule.script == "absent.py":
                raise FileNotFoundError

    planning.look_once_at_scripts(Processor)
    fixed, varying, absent = (SimpleNamespace(script=name) for name in ("a.py", "{step}.py", "absent.py"))
    processor = Processor()
    for number, rule in enumerate([HashableRule(fixed), HashableRule(varying)] * 2):
        processor.process_job(SimpleNamespace(number=number, rule=rule))
    assert Processor.looked == [0, 1, 3]
    # What is not there is said for each job, as Snakemake does.
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            processor.process_job(SimpleNamespace(number=9, rule=HashableRule(absent)))


class HashableRule:
    """As much of a rule as the look at its script needs; two of one script are one rule."""

    def __init__(self, rule):
        self.script = rule.script

    def __eq__(self, other):
        return self.script == other.script

    def __hash__(self):
        return hash(self.script)


VALUES = {
    "text": "out/a",
    "path": Path("out/a"),
    "function": len,
    "nothing": None,
    "marked text": io.temp("out/a"),
    "unmarked": io.temp(io.flag("out/a", "temp", False)),
    "set to false": io.flag("out/a", "temp", False),
    "marked function": io.flag(lambda wildcards: "out/a", "ancient"),
    "file": IOFile("out/a"),
    "marked file": IOFile(io.temp("out/a")),
    "file of a function": IOFile(io.flag(lambda wildcards: "out/a", "ancient")),
}


@pytest.fixture
def told_by_their_class(monkeypatch):
    """What Snakemake's own functions said, while ours are in their place."""
    theirs = {name: FunctionType(vars(io)[name].__code__, vars(io), name) for name in ("is_flagged", "get_flag_value")}
    theirs["equal"], its_hash = io._IOFile.__eq__, io._IOFile.__hash__
    planning.tell_files_by_their_class()
    yield theirs
    io._IOFile.__eq__, io._IOFile.__hash__ = theirs["equal"], its_hash
    for name in ("is_flagged", "get_flag_value"):
        vars(io)[name].__code__ = theirs[name].__code__


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_flags_are_as_snakemake_sees_them(value, told_by_their_class):
    for flag in ("temp", "ancient", "storage_object"):
        assert rules.is_flagged is io.is_flagged
        assert io.is_flagged(value, flag) is told_by_their_class["is_flagged"](value, flag)
        assert io.get_flag_value(value, flag) is told_by_their_class["get_flag_value"](value, flag)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_files_are_equal_as_snakemake_sees_them(value, told_by_their_class):
    for file in (IOFile("out/a"), IOFile(io.temp("out/a")), IOFile("out/b"), VALUES["file of a function"]):
        assert (file == value) is told_by_their_class["equal"](file, value)
        assert not isinstance(value, str) or (value == file) is told_by_their_class["equal"](file, value)
        # Of equal ones, either finds the other.
        assert not isinstance(value, str) or (value in {file: 0}) is (file in {value: 0}) is (file == value)


def files_on_disk(folder, cache, names, file_class=io._IOFile):
    workflow = SimpleNamespace(iocache=cache)
    rule = SimpleNamespace(workflow=workflow, pathvars=SimpleNamespace(apply=lambda path: path))
    return [file_class(f"{folder}/{name}", rule=rule) for name in names]


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("listed", [True, False])
def test_files_are_there_as_for_snakemake(listed, active, tmp_path):
    class File(io._IOFile):
        exists_local = io._IOFile.exists_local

    class Job:
        output_mintime = vars(SnakemakeJob)["output_mintime"]

        def __init__(self, output):
            self.output, self.benchmark = output[:-1], output[-1]

    class OwnJob(Job):
        output_mintime = Job.output_mintime

    theirs, ours = (File, Job, io.IOCache), (type("OwnFile", (File,), {}), OwnJob, type("OwnCache", (io.IOCache,), {}))
    planning.look_up_files(*ours)
    names = ["there", "absent", "later", "benchmark"]
    for number, name in enumerate(("there", "benchmark")):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (1000 - number, 1000 - number))

    async def seen(file_class, job_class, cache_class):
        cache = cache_class(20)
        cache.active = active
        files = files_on_disk(tmp_path, cache, names, file_class)
        if listed:
            await files[0].inventory()
        before = [await file.exists() for file in files]
        (tmp_path / "later").write_text("")
        os.utime(tmp_path / "later", (500, 500))
        after = [await file.exists() for file in files]
        known = {str(path): there for path, there in cache.exists_local.items() if Path(path).name in names}
        job = job_class(files)
        job.input = [files[0], files[1], files[0]]
        await cache.mtime_inventory([job, job])
        times = {Path(path).name: time.local_or_storage() for path, time in cache.mtime.items()}
        oldest = await job_class(files).output_mintime
        without = await job_class(files_on_disk(tmp_path / "nowhere", cache, names, file_class)).output_mintime
        (tmp_path / "later").unlink()
        return before, after, known, oldest, without, times

    found, expected = (asyncio.run(seen(*classes)) for classes in (ours, theirs))
    assert found == expected
    assert found[0] == [True, False, False, True] and found[3] == (999 if active else 500) and found[4] is None
    assert found[5] == {"there": 1000, "benchmark": 999} | ({} if active else {"later": 500})


def test_records_of_unfinished_files_are_looked_for_where_there_are_some():
    class Persistence:
        asked: ClassVar[list] = []

        def __init__(self, cache):
            self._incomplete_cache = cache

        def _filter_incomplete_keys(self, keys):
            self.asked.append(keys)
            return set(keys)

    planning.look_for_records_where_there_are_some(Persistence)
    assert Persistence(set())._filter_incomplete_keys(["a"]) == set()
    # Not looked yet, or one found.
    assert Persistence(None)._filter_incomplete_keys(["b"]) == {"b"}
    assert Persistence({"c"})._filter_incomplete_keys(["c"]) == {"c"}
    assert Persistence.asked == [["b"], ["c"]]


def test_params_are_worked_out_where_a_name_needs_them():
    class Job:
        worked_out = 0

        def __init__(self, rule):
            self.rule = rule

        @property
        def conda_env_spec(self):
            Job.worked_out += 1
            return f"environment of {self.rule}"

        def _path_to_source_file(self, path):
            Job.worked_out += 1
            return f"folder/{path}"

    planning.leave_params_alone(Job)

    class Rule:
        def __init__(self, environment):
            self._expanded_conda_env = environment

    known, unknown = Job(Rule("known")), Job(Rule(rules._NOT_CACHED))
    assert known.conda_env_spec == "known" and Job.worked_out == 0
    assert unknown.conda_env_spec.startswith("environment of") and Job.worked_out == 1
    for _ in range(2):
        assert known._path_to_source_file("a.py") == known._path_to_source_file(Path("a.py")) == "folder/a.py"
    assert Job.worked_out == 2
    for number in range(2):
        assert known._path_to_source_file("{step}.py") == "folder/{step}.py"
        assert Job.worked_out == 3 + number
    assert Job(Rule(None)).conda_env_spec is None

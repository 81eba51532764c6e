"""Paths and needs are worked out in fewer steps, and are those that Snakemake works out."""

import asyncio
from collections import defaultdict
from types import SimpleNamespace

import pytest
from snakemake import io, rules
from snakemake.exceptions import CyclicGraphException, WildcardError
from snakemake.io import ancient, temp
from snakemake.iocontainers import InputFiles
from snakemake.jobs import Job as SnakemakeJob
from snakemake.pathvars import Pathvars

from seed_to_voxel.snakemake_internals import paths

RULE = SimpleNamespace(pathvars=Pathvars.with_defaults(), name="a rule", lineno=1, snakefile="Snakefile")
WILDCARDS = {"run": "sub-1", "number": 3, "folder": "a/", "var": "<results>"}

PATTERNS = {
    "one wildcard": "out/{run}_mask.nii.gz",
    "several": "{run}/x/{number}_{run}.tsv",
    "constrained": "out/{run,sub-[0-9]+}.tsv",
    "none": "out/a.tsv",
    "a folder": "out/{folder}",
    "a path variable": "<results>/{run}.tsv",
    "a path variable in a wildcard": "{var}/a.tsv",
    "braces that are no wildcard": "out/{}.tsv",
    "marked": temp("out/{run}.npy"),
    "marked twice": ancient(temp("out/{run}.npy")),
    "marked, of one path": ancient("out/a.npy"),
    "a function": lambda wildcards: f"out/{wildcards.run}.tsv",
}


class File(io._IOFile):
    """A file that is changed here alone."""


@pytest.fixture(scope="module", autouse=True)
def changed():
    paths.apply_patterns(File)


# A file of another rule is a pattern as well.
DEPTHS = [(name, depth) for name in PATTERNS for depth in (1, 2) if depth == 1 or name != "a function"]


@pytest.mark.parametrize(("name", "depth"), DEPTHS)
def test_paths_are_those_of_snakemake(name, depth):
    ours, theirs = PATTERNS[name], PATTERNS[name]
    for _ in range(depth):
        ours, theirs = File(ours, rule=RULE), io._IOFile(theirs, rule=RULE)
    # Twice, as what was found out of a pattern is used again, and of several jobs.
    for wildcards in (WILDCARDS, WILDCARDS, {**WILDCARDS, "run": "sub-2"}):
        one, other = ours.apply_wildcards(wildcards), theirs.apply_wildcards(wildcards)
        assert str(one) == str(other) == str(one._file) and one == other and one.flags == other.flags
        assert one.rule is other.rule and one.is_storage is other.is_storage is False
        assert one.is_callable() is other.is_callable() is False
        assert (one.is_temp, one.is_ancient) == (other.is_temp, other.is_ancient)


def test_a_flag_of_one_file_is_not_another_ones():
    pattern = File("out/{run}.tsv", rule=RULE)
    one, other = (pattern.apply_wildcards({"run": run}) for run in ("sub-1", "sub-2"))
    one.flags["ancient"] = True
    assert "ancient" not in {**other.flags, **pattern.flags, **pattern.apply_wildcards({"run": "sub-3"}).flags}


def test_a_wildcard_without_a_value_is_said():
    for _ in range(2):
        with pytest.raises(WildcardError, match="run"):
            File("out/{run}.tsv", rule=RULE).apply_wildcards({"unit": "sub-1"})


def test_no_more_patterns_are_held_than_rules_can_have(monkeypatch):
    monkeypatch.setattr(paths, "PATTERNS_KNOWN", 0)
    assert File("out/{run}.tsv", rule=RULE).apply_wildcards(WILDCARDS) == "out/sub-1.tsv"


@pytest.mark.parametrize(
    ("path", "warnings"),
    [
        *(("a/b", 0), ("/a/b", 0), ("../a", 0), (".a", 0), ("http://a", 0), ("a/{run}", 0)),
        *(("", 1), ("./a", 1), (" a", 1), ("a ", 1), ("a\nb", 1), ("a//b", 1), ("//a", 1), ("a/{r-n}", 0)),
        ("./a//b ", 3),
    ],
)
def test_odd_paths_are_warned_of_as_by_snakemake(path, warnings, monkeypatch):
    said = []
    monkeypatch.setattr(io, "logger", SimpleNamespace(warning=said.append))
    for file_class in (File, io._IOFile):
        file_class(path, rule=None).check()
    assert len(said) == 2 * warnings and said[:warnings] == said[warnings:]


def test_lists_of_a_rule_are_named_as_by_snakemake():
    class Rule:
        is_unpacked = False
        apply_input_function = rules.Rule.apply_input_function
        _apply_wildcards = rules.Rule._apply_wildcards

    class Changed(Rule):
        _apply_wildcards = Rule._apply_wildcards

    paths.name_items_of_patterns(Changed)

    def pattern(path):
        return io._IOFile(path, rule=RULE)

    def expanded(rule_class, olditems, run):
        new, mapping = InputFiles(), {}
        incomplete = rule_class()._apply_wildcards(
            new, olditems, {"run": run}, concretize=lambda file, wildcards, *_: apply(file, wildcards), mapping=mapping
        )
        return list(new), dict(new._get_names()), [str(file) for file in new.maps], mapping, incomplete

    def apply(file, wildcards):
        return (file if isinstance(file, io._IOFile) else pattern(file)).apply_wildcards(wildcards)

    files = InputFiles([pattern(f"{name}/{{run}}") for name in "abcd"])
    files._set_name("maps", 1, end=3)
    files._set_name("mask", 3)
    functions = InputFiles([pattern("a/{run}"), lambda wildcards: [f"f/{wildcards.run}", "g"]])
    functions._set_name("maps", 1)
    for olditems, n_files in ((files, 4), (functions, 3)):
        for run in ("sub-1", "sub-2"):
            found = expanded(Changed, olditems, run)
            assert found == expanded(Rule, olditems, run)
            assert len(found[0]) == n_files and found[0][0] == f"a/{run}" and len(found[2]) == 2


class Needed:
    """As much of a job as the way to it needs."""

    def __init__(self, name, *files):
        self.name, self.input = name, files


def graph():
    class Graph:
        asked: list

        def __init__(self):
            self.asked = []
            self._dependencies = defaultdict(dict)
            self.job_cache = {}

        async def update(self, jobs, file=None, visited=None, known_producers=None, progress=False, **options):
            self.asked.append(("update", [job.name for job in jobs], file))
            (job, *_) = jobs
            if job in visited or file in job.input:
                raise CyclicGraphException(SimpleNamespace(name="a"), file)
            self._dependencies[job]
            return job

        async def new_job(self, rule, targetfile=None, format_wildcards=None, wildcards_dict=None):
            self.asked.append(("new", rule, targetfile))
            self.job_cache[(rule, targetfile)] = f"job of {rule} for {targetfile}"
            return self.job_cache[(rule, targetfile)]

    paths.know_the_needed(Graph)
    return Graph()


def test_a_job_that_is_in_the_graph_is_looked_at_once():
    found = graph()
    job, other = Needed("one", "in/a"), Needed("other")

    def update(jobs, file, visited):
        return asyncio.run(found.update(jobs, file=file, visited=visited, known_producers={}))

    for number in (1, 2, 3):
        assert update([job], f"out/{number}", set()) is job
    assert found.asked == [("update", ["one"], "out/1")]
    # Circles and several makers are Snakemake's own matter.
    for jobs, file, visited in (([job], "out/4", {job}), ([job], "in/a", set())):
        with pytest.raises(CyclicGraphException):
            update(jobs, file, visited)
    update([job, other], "out/5", set())
    assert [file for _, _, file in found.asked] == ["out/1", "out/4", "in/a", "out/5"]


def test_a_job_of_a_file_is_made_once():
    found = graph()
    jobs = [asyncio.run(found.new_job("a", targetfile=file, wildcards_dict={})) for file in ("x", "x", "y", None)]
    assert jobs[0] is jobs[1] and jobs[2] == "job of a for y" and jobs[3] == "job of a for None"
    assert [file for _, _, file in found.asked] == ["x", "y", None]


def test_snakemake_goes_on_from_a_job_that_is_in_the_graph_without_more():
    """What is left out for it is nothing but looks."""

    class Graph:
        update, update_ = paths.DAG.update, paths.DAG.update_
        workflow = SimpleNamespace(execution_settings=SimpleNamespace(ignore_ambiguity=False))
        checked = 0

        def check_periodic_wildcards(self, job):
            Graph.checked += 1

    job = SimpleNamespace(input=[], rule=SimpleNamespace(name="a"))
    job_class = type("Job", (), {"__lt__": lambda self, other: False, "__gt__": lambda self, other: False})
    known = job_class()
    known.input, known.rule = job.input, job.rule
    found = Graph()
    found._dependencies = {known: {}}
    assert asyncio.run(found.update([known], file="out/a", visited=set(), known_producers={})) is known
    assert found._dependencies == {known: {}} and Graph.checked == 1


def test_logs_and_benchmarks_are_worked_out_once_and_errors_are_said():
    class Job:
        worked_out = 0

        @property
        def log(self):
            Job.worked_out += 1
            if self.fails:
                raise WildcardError("run")

        benchmark = None

        async def check_protected_output(self):
            raise PermissionError([file.name for file in self.output if await file.protected()])

    paths.look_once_at_own_files(Job)

    def output(name, is_protected):
        async def protected():
            return is_protected

        return SimpleNamespace(name=name, protected=protected)

    job = Job()
    job.fails = False
    job.is_valid()
    assert Job.worked_out == 1
    job.fails = True
    with pytest.raises(WildcardError):
        job.is_valid()
    job.output = [output("a", False), output("b", False)]
    asyncio.run(job.check_protected_output())
    job.output.append(output("c", True))
    with pytest.raises(PermissionError, match=r"\['c'\]"):
        asyncio.run(job.check_protected_output())


def test_snakemake_keeps_what_it_has_worked_out():
    calls = []
    rule = SimpleNamespace(
        expand_log=lambda wildcards: calls.append("log") or ["a.log"],
        expand_benchmark=lambda wildcards: calls.append("benchmark") or "a.tsv",
    )
    job = SimpleNamespace(_log=None, _benchmark=None, rule=rule, wildcards_dict={})
    for _ in range(2):
        assert vars(SnakemakeJob)["log"].fget(job) == ["a.log"]
        assert vars(SnakemakeJob)["benchmark"].fget(job) == "a.tsv"
    assert calls == ["log", "benchmark"]

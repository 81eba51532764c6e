"""What Snakemake does with each path and each need of a large study, in fewer steps and with the same result."""

import inspect
import sys
from collections.abc import Collection, Mapping
from typing import Any

# Before `snakemake.dag`, which imports itself in a circle where it is the first.
import snakemake.api  # noqa: F401
from snakemake import io, rules
from snakemake.dag import DAG
from snakemake.exceptions import WildcardError
from snakemake.iocontainers import InputFiles, Log, Namedlist
from snakemake.jobs import Job

from .patches import Patch

PATTERNS = Patch(
    name="paths of patterns",
    replaces="_IOFile.apply_wildcards, check and is_storage, which look through a pattern and its paths for each job",
    without="planning a thousand runs takes a tenth longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/io/__init__.py",
    is_there=lambda: (
        list(inspect.signature(io._IOFile.apply_wildcards).parameters) == ["self", "wildcards"]
        and {"is_callable", "is_storage", "IOFile", "clone_flags"} <= set(io._IOFile.apply_wildcards.__code__.co_names)
        and vars(io._IOFile)["is_storage"].fget.__code__.co_names == ("is_flagged", "_file")
        and "check(self._file, rule=self.rule, is_storage=self.is_storage)" in inspect.getsource(io._IOFile.check)
        # Whoever warns of something else must be asked of it.
        and inspect.getsource(io.check).count("logger.warning(") == 7
        and "return WILDCARD_REGEX.sub(format_match, pattern)" in inspect.getsource(io.apply_wildcards)
        and {"_is_callable", "_file", "rule", "_regex", "_wildcard_constraints"} == set(io._IOFile.__slots__)
    ),
)

LISTS = Patch(
    name="lists of patterns",
    replaces="Rule._apply_wildcards, which asks of each item of a rule's lists what it is, for each job",
    without="planning a thousand runs takes a little longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/rules.py",
    is_there=lambda: (
        list(inspect.signature(rules.Rule._apply_wildcards).parameters)[:5]
        == ["self", "newitems", "olditems", "wildcards", "concretize"]
        and "concrete = concretize(item_, wildcards, from_callable, incomplete)"
        in inspect.getsource(rules.Rule._apply_wildcards)
        and "mapping[concrete] = olditem" in inspect.getsource(rules.Rule._apply_wildcards)
    ),
)

NEEDS = Patch(
    name="who is needed is known",
    replaces="DAG.update and DAG.new_job, which look at a job anew for each of its files that another job needs",
    without="planning a thousand runs takes a little longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/dag.py",
    is_there=lambda: (
        list(inspect.signature(DAG.update).parameters)
        == ["self", "jobs", "file", "visited", "known_producers", "progress", "create_inventory"]
        and "        if job in self._dependencies:\n            return\n" in inspect.getsource(DAG.update_)
        and list(inspect.signature(DAG.new_job).parameters)
        == ["self", "rule", "targetfile", "format_wildcards", "wildcards_dict"]
        and "return self.job_cache[key]" in inspect.getsource(DAG.new_job)
    ),
)

VALID = Patch(
    name="a job's own files, once",
    replaces="Job.is_valid and Job.check_protected_output, which work out logs anew and ask for each output in a task",
    without="planning a thousand runs takes a little longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/jobs.py",
    is_there=lambda: (
        set(Job.is_valid.__code__.co_names) == {"rule", "expand_benchmark", "wildcards_dict", "expand_log"}
        and "self._log = self.rule.expand_log(self.wildcards_dict)" in inspect.getsource(vars(Job)["log"].fget)
        and "self.rule.expand_benchmark(self.wildcards_dict)" in inspect.getsource(vars(Job)["benchmark"].fget)
        and "tg.create_task(f.protected()) for f in self.output" in inspect.getsource(Job.check_protected_output)
    ),
)


PATTERNS_KNOWN = 20_000
"""How many patterns are held at most; rules have hundreds."""


def pieces_of(pattern: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The constant beginning of a pattern; its wildcards, each with the constant part that follows it."""
    if "{" not in pattern:
        return str(pattern), ()
    found = list(io.WILDCARD_REGEX.finditer(pattern))
    starts = [match.start() for match in found] + [len(pattern)]
    others = ((match.group("name"), pattern[match.end() : end]) for match, end in zip(found, starts[1:], strict=True))
    return pattern[: starts[0]], tuple(others)


class Pattern:
    """A file of a rule, taken apart.

    Parameters
    ----------
    file : snakemake.io._IOFile
    """

    __slots__ = ("file", "first", "is_plain", "others")

    def __init__(self, file: Any) -> None:
        # Held, so that no other file has its place in memory.
        self.file = file
        self.first, self.others = pieces_of(str(file._file))
        self.is_plain = False

    def fill(self, wildcards: Mapping[str, Any]) -> str:
        """The path with the wildcards of a job."""
        path = self.first
        for name, part in self.others:
            try:
                path += f"{wildcards[name]}{part}"
            except KeyError as error:
                raise WildcardError(str(error)) from error
        return path


def apply_patterns(file_class: Any = io._IOFile) -> None:
    """Let patterns be taken apart once, and let paths in which nothing is odd pass."""
    apply, check = file_class.apply_wildcards, file_class.check
    known: dict[int, Pattern] = {}
    new = str.__new__

    def apply_wildcards(self: Any, wildcards: Mapping[str, Any]) -> Any:
        pattern = known.get(id(self))
        if pattern is None:
            if self._is_callable or self.is_storage:
                return apply(self, wildcards)
            if "{" not in self._file:
                # Many, of functions.
                if type(self._file) is not str:
                    return apply(self, wildcards)
                # What one job makes, others take.
                self._file = sys.intern(self._file)
                return self
            pattern = Pattern(self)
            # Functions can give patterns as well, and one for each job.
            if len(known) < PATTERNS_KNOWN:
                known[id(self)] = pattern
        path = pattern.fill(wildcards)
        if pattern.is_plain and path and path[-1] != "/" and "<" not in path:
            # As it is made otherwise, without a look for what the first one did not have.
            file = new(file_class, path)
            file._is_callable, file._file, file.rule = False, sys.intern(path), self.rule
            file._regex = file._wildcard_constraints = None
            return file
        file = file_class(path, rule=self.rule)
        file.clone_flags(self)
        # Only what has no flags is held as a text, where flags are held by those alone that have some.
        pattern.is_plain = type(file._file) is str
        return file

    def check_path(self: Any) -> None:
        path = self._file
        is_plain = isinstance(path, str) and path and path[0] not in ". " and path[-1] != " "
        if not is_plain or "//" in path or "\n" in path or "{" in path:
            check(self)

    def is_storage(self: Any) -> bool:
        return type(self._file) is not str and io.is_flagged(self._file, "storage_object")

    file_class.is_storage = property(is_storage)
    file_class.apply_wildcards = apply_wildcards
    file_class.check = check_path


def name_items_of_patterns(rule_class: Any = rules.Rule) -> None:
    """Let the lists of a rule that holds no functions be taken apart once for all its jobs."""
    apply = rule_class._apply_wildcards
    known: dict[int, tuple[Any, list | None]] = {}

    def parts_of(items: Any) -> list | None:
        parts = []
        for name, item in items._allitems():
            if not isinstance(item, (str, Namedlist)):
                return None
            is_one = isinstance(item, str)
            files: list[Any] = [item] if is_one else list(item)
            if any(
                type(file) is not io._IOFile or file._is_callable or io.is_flagged(file, "unpack") for file in files
            ):
                return None
            parts.append((name, item, files, is_one))
        return parts

    def apply_wildcards(
        self: Any,
        newitems: Any,
        olditems: Any,
        wildcards: Any,
        concretize: Any = None,
        mapping: Any = None,
        **options: Any,
    ) -> Any:
        if type(olditems) in (InputFiles, Log):
            if id(olditems) not in known:
                known[id(olditems)] = olditems, parts_of(olditems)
            parts = known[id(olditems)][1]
            if parts is not None:
                for name, item, files, is_one in parts:
                    start = len(newitems)
                    for file in files:
                        concrete = concretize(file, wildcards, None, False)
                        newitems.append(concrete)
                        if mapping is not None:
                            mapping[concrete] = item
                    if name:
                        newitems._set_name(name, start, end=None if is_one else len(newitems))
                return False
        return apply(self, newitems, olditems, wildcards, concretize=concretize, mapping=mapping, **options)

    rule_class._apply_wildcards = apply_wildcards


def know_the_needed(dag_class: Any = DAG) -> None:
    """Let Snakemake see that the only job that makes a file is in the graph already."""
    update, new_job = dag_class.update, dag_class.new_job

    async def update_unknown(
        self: Any, jobs: Collection[Any], file: Any = None, visited: Any = None, *arguments: Any, **options: Any
    ) -> Any:
        if len(jobs) == 1 and visited is not None:
            (job,) = jobs
            # What lies on the way here is in the graph as well, and would be a circle.
            if job in self._dependencies and job not in visited and file not in job.input:
                return job
        return await update(self, jobs, file, visited, *arguments, **options)

    async def new_job_unless_known(
        self: Any, rule: Any, targetfile: Any = None, *arguments: Any, **options: Any
    ) -> Any:
        if targetfile is not None:
            job = self.job_cache.get((rule, targetfile))
            if job is not None:
                return job
        return await new_job(self, rule, targetfile, *arguments, **options)

    dag_class.update = update_unknown
    dag_class.new_job = new_job_unless_known


def look_once_at_own_files(job_class: Any = Job) -> None:
    """Let jobs work out their log and benchmark once, and look at their outputs one by one."""
    check = job_class.check_protected_output

    def is_valid(self: Any) -> None:
        # Worked out from the wildcards where they are not yet, which is what the check is.
        self.benchmark  # noqa: B018
        self.log  # noqa: B018

    async def check_protected_output(self: Any) -> None:
        for file in self.output:
            if await file.protected():
                await check(self)

    job_class.is_valid = is_valid
    job_class.check_protected_output = check_protected_output

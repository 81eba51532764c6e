"""What Snakemake looks at again and again in a large study, made in less time and with the same result."""

import inspect
import os
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

# Before `snakemake.dag`, which imports itself in a circle where it is the first.
import snakemake.api  # noqa: F401
from snakemake import io, rules
from snakemake.dag import DAG, ScriptProcessor
from snakemake.jobs import Job
from snakemake.output_index import OutputIndex
from snakemake.persistence.file import FilePersistence

from .patches import Patch

MAKERS = Patch(
    name="who makes a file",
    replaces="OutputIndex, which compares a file with the ends of all outputs in its folder",
    without="planning a thousand runs takes a fifth longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/output_index.py",
    is_there=lambda: (
        "_lookup" in OutputIndex.__init__.__code__.co_names
        and "is_producer" in inspect.getsource(OutputIndex.match_producers)
        and list(inspect.signature(OutputIndex.__init__).parameters) == ["self", "rules"]
    ),
)

NESTED = Patch(
    name="files within files",
    replaces="DAG.check_directory_outputs, which sorts and compares all outputs as paths",
    without="planning a thousand runs takes a seventh longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/dag.py",
    is_there=lambda: "ChildIOException" in DAG.check_directory_outputs.__code__.co_names,
)


SCRIPTS = Patch(
    name="one look at a script",
    replaces="ScriptProcessor.process_job, which reads the rule's script for every job",
    without="planning a thousand runs takes a sixth longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/dag.py",
    is_there=lambda: (
        {"get_source", "sourcecache", "exists"} <= set(ScriptProcessor.process_job.__code__.co_names)
        and list(inspect.signature(ScriptProcessor.process_job).parameters) == ["self", "job"]
    ),
)

FLAGS = Patch(
    name="what a file is",
    replaces="is_flagged, get_flag_value, _IOFile.__eq__ and __hash__, which ask an abstract class what a file is",
    without="planning a thousand runs takes a tenth longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/io/__init__.py",
    is_there=lambda: (
        list(inspect.signature(io.is_flagged).parameters) == ["value", "flag"]
        and io.is_flagged.__code__.co_names == ("isinstance", "AnnotatedStringInterface", "is_flagged")
        and list(inspect.signature(io.get_flag_value).parameters) == ["value", "flag_type"]
        and io.get_flag_value.__code__.co_names == ("isinstance", "AnnotatedString", "_IOFile", "flags")
        and io._IOFile.__eq__.__code__.co_names == ("isinstance", "_IOFile", "_file")
        and io._IOFile.__hash__.__code__.co_names == ("_file", "__hash__")
        and "_flags" in io.AnnotatedString.__init__.__code__.co_names
        and "_file" in io._IOFile.__slots__
    ),
)

EXISTENCE = Patch(
    name="whether a file is there",
    replaces="_IOFile.exists, exists_local, Job.output_mintime and IOCache.mtime_inventory, which ask in many steps, "
    "and for each output in a task",
    without="planning a thousand runs takes a tenth longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/io/__init__.py",
    is_there=lambda: (
        {"active", "_exists_local"} <= set(vars(io.IOCache(0)))
        and "has_inventory" in inspect.getsource(io.ExistsDict.__contains__)
        and "return os.path.exists(self.file)" in inspect.getsource(io._IOFile.exists_local)
        and io._IOFile.exists.__code__.co_names == ("is_storage", "exists_in_storage", "exists_local")
        and "self.mtime[item] = await self.collect_mtime(item)" in inspect.getsource(io.IOCache.mtime_inventory)
        and "for f in chain(job.input, job.output):" in inspect.getsource(io.IOCache.mtime_inventory)
        and "tg.create_task(get_mtime(f)) for f in self.output" in inspect.getsource(Job.output_mintime.fget)
    ),
)

UNFINISHED = Patch(
    name="files that were left unfinished",
    replaces="FilePersistence._filter_incomplete_keys, which spells out a record of every output where there is none",
    without="planning a thousand runs takes a little longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/persistence/file.py",
    is_there=lambda: (
        "_incomplete_cache" in FilePersistence._filter_incomplete_keys.__code__.co_names
        and list(inspect.signature(FilePersistence._filter_incomplete_keys).parameters) == ["self", "keys"]
    ),
)

PARAMS = Patch(
    name="params that nobody asked for",
    replaces="Job.conda_env_spec and Job._path_to_source_file, which work out all params for names without any",
    without="planning a thousand runs takes a little longer",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/jobs.py",
    is_there=lambda: (
        "expand_conda_env" in Job.conda_env_spec.fget.__code__.co_names
        and "return self._expanded_conda_env" in inspect.getsource(rules.Rule.expand_conda_env)
        and hasattr(rules, "_NOT_CACHED")
        and list(inspect.signature(Job._path_to_source_file).parameters) == ["self", "path"]
        and {"format", "params", "infer_source_file", "basedir"} <= set(Job._path_to_source_file.__code__.co_names)
    ),
)

LAST = (20, 12)
"""Characters of a file's end by which the lengths of the ends of outputs are told, of long ends and of shorter ones."""


class MakersByEnding:
    """Rules by what they make: a file's end is looked up, where Snakemake compares it with each output's end.

    Parameters
    ----------
    rules : iterable of snakemake.rules.Rule
    """

    def __init__(self, rules: Iterable[Any]) -> None:
        ends: dict[str, list] = defaultdict(list)
        for rule in rules:
            for product in rule.products():
                ends[str(product.constant_suffix())].append((str(product.constant_prefix()), product, rule))
        self._ends = dict(ends)
        # Most ends are as long as few others that share their last characters.
        lengths: dict[int, dict[str, set[int]]] = {last: defaultdict(set) for last in (*LAST, 0)}
        for end in ends:
            last = next((last for last in LAST if len(end) >= last), 0)
            lengths[last][end[-last:] if last else ""].add(len(end))
        self._short = sorted(lengths.pop(0)[""])
        self._lengths = [
            (-last, {end: sorted(found) for end, found in of_last.items()}) for last, of_last in lengths.items()
        ]

    def _candidates(self, path: str) -> Iterable[tuple[Any, Any]]:
        found = list(self._short)
        for last, lengths in self._lengths:
            found += lengths.get(path[last:], ())
        for length in found:
            for start, product, rule in self._ends.get(path[-length:] if length else "", ()):
                if path.startswith(start):
                    yield product, rule

    def match(self, targetfile: str) -> set[Any]:
        """Rules of which an output begins and ends as a file does."""
        return {rule for _, rule in self._candidates(targetfile)}

    def match_producers(self, targetfile: str) -> set[Any]:
        """Rules that make a file."""
        found: set[Any] = set()
        for product, rule in self._candidates(targetfile):
            if (not found or rule not in found) and product.regex().match(targetfile):
                found.add(rule)
        return found


def look_up_makers() -> None:
    """Let Snakemake find the rule of a file by the file's end."""
    from snakemake import dag

    dag.OutputIndex = MakersByEnding


def any_within_another(paths: Iterable[str]) -> bool:
    """Whether a path lies in another, as in a folder."""
    names: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        folder, _, name = path.rpartition("/")
        if name in ("", ".", ".."):
            folder, _, name = os.path.abspath(path).rpartition("/")
        names[folder or ("/" if path.startswith("/") else ".")].add(name)
    inside: dict[str, set[str]] = defaultdict(set)
    for folder, own in names.items():
        inside[os.path.abspath(folder)] |= own
    folders: set[str] = set()
    for folder in inside:
        while folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    return any(os.path.basename(folder) in inside.get(os.path.dirname(folder), ()) for folder in folders)


def compare_only_nested(dag_class: Any = DAG) -> None:
    """Let Snakemake compare outputs with each other only where one lies in another."""
    compare = dag_class.check_directory_outputs

    def check(self: Any) -> None:
        if any_within_another(path for job in self.jobs for path in job.output):
            compare(self)

    dag_class.check_directory_outputs = check


def look_once_at_scripts(processor_class: Any = ScriptProcessor) -> None:
    """Let Snakemake look whether a rule's script is there for the rule's first job alone.

    Where a script's name has wildcards it is another one for each job, and is looked at for each.
    """
    look = processor_class.process_job
    seen: set[Any] = set()

    def process_job(self: Any, job: Any) -> None:
        script = str(getattr(job.rule, self.script_type, None) or "")
        if "{" in script or job.rule not in seen:
            look(self, job)
            seen.add(job.rule)

    processor_class.process_job = process_job


def tell_files_by_their_class() -> None:
    """Let Snakemake see from a file's own class what it is and whether it has a flag."""

    # Many modules have taken the functions into their own names, so that what they do is replaced, and not what they
    # are. The names are those of snakemake.io; to ask for a class by isinstance takes longer where it is abstract.
    def is_flagged(value, flag):  # type: ignore[no-untyped-def]
        kind = type(value)
        if kind is _IOFile:  # noqa: F821
            value = value._file
            kind = type(value)
        if kind is str:
            return False
        if kind is AnnotatedString:  # noqa: F821
            return bool(value._flags.get(flag))
        return isinstance(value, AnnotatedStringInterface) and value.is_flagged(flag)  # noqa: F821

    def get_flag_value(value, flag_type):  # type: ignore[no-untyped-def]
        kind = type(value)
        if kind is _IOFile:  # noqa: F821
            value = value._file
            kind = type(value)
        if kind is str:
            return None
        if isinstance(value, (AnnotatedString, _IOFile)):  # noqa: F821
            return value.flags.get(flag_type)
        return None

    def equal(self: Any, other: Any) -> bool:
        return self._file == (other._file if type(other) is io._IOFile else other)

    io.is_flagged.__code__ = is_flagged.__code__
    io.get_flag_value.__code__ = get_flag_value.__code__
    if os.altsep is None:
        # A file is the text that it holds, unless Snakemake has turned its slashes: compared as texts are.
        io._IOFile.__eq__, io._IOFile.__hash__ = str.__eq__, str.__hash__
    else:
        io._IOFile.__eq__ = equal


def look_up_files(file_class: Any = io._IOFile, job_class: Any = Job, cache_class: Any = io.IOCache) -> None:
    """Let Snakemake look up in one step what it knows of a file on disk."""
    times = vars(job_class)["output_mintime"].fget

    def is_there(file: Any) -> bool:
        cache = file.rule.workflow.iocache
        if not cache.active:
            return os.path.exists(file.file)
        known = cache.exists_local
        found = dict.get(known, file._file)
        if found is None:
            # What lies in a folder that was listed is known.
            found = False
            folder = file._file.rpartition("/")[0]
            if folder in ("", "..") or folder[-1] == "/" or file.is_storage:
                folder = file.get_inventory_parent()
            if folder not in known.has_inventory:
                found = known[file._file] = os.path.exists(file.file)
        return found

    async def exists_local(self: Any) -> bool:
        return is_there(self)

    async def exists(self: Any) -> bool:
        return await self.exists_in_storage() if self.is_storage else is_there(self)

    async def mtime_inventory(self: Any, jobs: Iterable[Any], n_workers: int = 8) -> None:
        seen: set[Any] = set()
        for job in jobs:
            for file in (*job.input, *job.output, *([job.benchmark] if job.benchmark else [])):
                if file not in seen:
                    seen.add(file)
                    if file not in self.mtime and not file.is_storage and is_there(file):
                        self.mtime[file] = await self.collect_mtime(file)

    async def output_mintime(self: Any) -> float | None:
        if any(file.is_storage for file in self.output):
            return await times(self)
        files = [*self.output, *([self.benchmark] if self.benchmark else [])]
        return min([(await file.mtime()).local_or_storage() for file in files if await file.exists()], default=None)

    file_class.exists_local = exists_local
    file_class.exists = exists
    cache_class.mtime_inventory = mtime_inventory
    job_class.output_mintime = property(output_mintime)


def look_for_records_where_there_are_some(persistence_class: Any = FilePersistence) -> None:
    """Let Snakemake look for records of unfinished files only where any were left."""
    look = persistence_class._filter_incomplete_keys

    def filter_incomplete_keys(self: Any, keys: Iterable[str]) -> set[str]:
        none = self._incomplete_cache is not None and not self._incomplete_cache
        return set() if none else look(self, keys)

    persistence_class._filter_incomplete_keys = filter_incomplete_keys


def leave_params_alone(job_class: Any = Job) -> None:
    """Let jobs name their rule's environment and script without params where the names have no wildcards."""
    expand = vars(job_class)["conda_env_spec"].fget
    find = job_class._path_to_source_file
    found: dict[tuple[Any, str], Any] = {}

    def conda_env_spec(self: Any) -> Any:
        known = self.rule._expanded_conda_env
        return expand(self) if known is rules._NOT_CACHED else known

    def path_to_source_file(self: Any, path: Any) -> Any:
        if {"{", "}"} & set(str(path)):
            return find(self, path)
        key = self.rule, str(path)
        if key not in found:
            found[key] = find(self, path)
        return found[key]

    job_class.conda_env_spec = property(conda_env_spec)
    job_class._path_to_source_file = path_to_source_file

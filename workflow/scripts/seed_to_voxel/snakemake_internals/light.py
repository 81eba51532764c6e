"""What Snakemake keeps of each file, list and job of a large study, in less memory and the same to whoever asks."""

import inspect
import sys
from types import MappingProxyType
from typing import Any

# Before `snakemake.dag`, which imports itself in a circle where it is the first.
import snakemake.api  # noqa: F401
from snakemake.dag import DAG
from snakemake.io import AnnotatedString, _IOFile
from snakemake.iocontainers import AttributeGuard, Namedlist
from snakemake.jobs import Job
from snakemake_interface_common.utils import lazy_property

from .patches import Patch

SETS = ("temp_output", "protected_output", "touch_output", "pipe_or_service_output", "_queue_input")
"""What Snakemake fills while a job is made, and mostly with nothing."""

FILES = Patch(
    name="files without flags",
    replaces="the flags of _IOFile, for which every path is held twice, with two dictionaries",
    without="planning takes a quarter more memory",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/io/__init__.py",
    is_there=lambda: (
        list(inspect.signature(_IOFile.clone_flags).parameters) == ["self", "other", "skip_storage_object"]
        and "self._file = AnnotatedString(self._file)" in inspect.getsource(_IOFile.clone_flags)
        and vars(_IOFile)["flags"].fget.__code__.co_names == ("getattr", "_file")
        and "_file" in _IOFile.__slots__
    ),
)

LISTS = Patch(
    name="lists without names",
    replaces="the attributes of Namedlist, of which every list of files, wildcards and params has its own",
    without="planning takes a sixth more memory",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/iocontainers.py",
    is_there=lambda: (
        set(vars(Namedlist())) == {"_names", "_allowed_overrides", "index", "sort"}
        and list(inspect.signature(Namedlist._set_name).parameters) == ["self", "name", "index", "end"]
        and list(inspect.signature(Namedlist.__init__).parameters)
        == ["self", "toclone", "fromdict", "plainstr", "strip_constraints", "custom_map"]
        and "setattr(self, name, Namedlist(toclone=self[index:end]))" in inspect.getsource(Namedlist._set_name)
        and "__getstate__" not in vars(Namedlist)
    ),
)

EDGES = Patch(
    name="who needs what, once",
    replaces="DAG.cleanup, after which the files between two jobs are held in two equal sets",
    without="planning takes a little more memory",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/dag.py",
    is_there=lambda: (
        {"_dependencies", "depending"} <= set(DAG.cleanup.__code__.co_names)
        and list(inspect.signature(DAG.cleanup).parameters) == ["self"]
    ),
)

NOTHING = Patch(
    name="what a job has none of",
    replaces="Job.output_by_path, which holds every path once more to find flags that a copy of it has lost, and the "
    "empty sets of Job",
    without="planning takes a little more memory",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/jobs.py",
    is_there=lambda: (
        # Older versions do not look for lost flags.
        ("output_by_path" not in vars(Job) or "self.output" in inspect.getsource(vars(Job)["output_by_path"].method))
        and set(SETS) <= set(Job.__init__.__code__.co_names)
    ),
)


class LateFlags(dict):
    """Flags of a file that has none: once one is set, they are the file's.

    Parameters
    ----------
    file : snakemake.io._IOFile
    """

    __slots__ = ("file",)

    def __init__(self, file: Any) -> None:
        self.file = file

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        if self.file is not None:
            path = AnnotatedString(self.file._file)
            path.flags = self
            self.file._file, self.file = path, None

    def update(self, *others: Any, **named: Any) -> None:
        """Set several flags."""
        for name, value in dict(*others, **named).items():
            self[name] = value

    def setdefault(self, name: str, value: Any = None) -> Any:
        """Set a flag that is not set."""
        if name not in self:
            self[name] = value
        return self[name]


def flag_only_the_flagged(file_class: Any = _IOFile) -> None:
    """Let files hold a dictionary of flags, and their path once more with it, only once somebody wants one."""
    clone = file_class.clone_flags
    flags_of = vars(file_class)["flags"].fget

    def clone_flags(self: Any, other: Any, skip_storage_object: bool = False) -> None:
        if type(self._file) is str and not flags_of(other):
            # What one job makes, others take.
            self._file = sys.intern(self._file)
        else:
            clone(self, other, skip_storage_object)

    def flags(self: Any) -> dict:
        return LateFlags(self) if type(self._file) is str else flags_of(self)

    file_class.clone_flags = clone_flags
    file_class.flags = property(flags)


def name_only_the_named(list_class: Any = Namedlist) -> None:
    """Let lists whose items have no names share what they have beside their items.

    What scripts are given, which is pickled, stays as it is: they read it with a Snakemake that is not changed.
    """
    common = vars(list_class())
    places: dict[tuple[int, int | None], tuple[int, int | None]] = {}
    nameless: Any = MappingProxyType({})
    begin, name_item = list_class.__init__, list_class._set_name
    may_be_named: set[tuple[type, str]] = set()

    def init(
        self: Any,
        toclone: Any = None,
        fromdict: dict | None = None,
        plainstr: bool = False,
        strip_constraints: bool = False,
        custom_map: Any = None,
    ) -> None:
        has_names = isinstance(toclone, list_class) and toclone._names
        if has_names or plainstr or strip_constraints or custom_map is not None:
            begin(self, toclone, fromdict, plainstr, strip_constraints, custom_map)
            own = self.__dict__
            if own["_names"]:
                own.update({key: value for key, value in common.items() if type(own[key]) is AttributeGuard})
                own["_allowed_overrides"] = common["_allowed_overrides"]
            else:
                own.clear()
            return
        list.__init__(self, () if toclone is None else toclone)
        for key, item in (fromdict or {}).items():
            self.append(item)
            self._set_name(key, len(self) - 1)

    def set_name(self: Any, name: str, index: int, end: int | None = None) -> None:
        # Without a look at `__dict__`, after which an object has a dictionary of its own.
        names = self._names
        if names is nameless:
            names = self._names = {}
        # Jobs of a rule have their items at the same places.
        place = index, end
        if (type(self), name) in may_be_named:
            names[name] = places.setdefault(place, place)
            setattr(self, name, self[index] if end is None else list_class(toclone=list(self[index:end])))
        else:
            name_item(self, name, index, end)
            names[name] = places.setdefault(place, place)
            may_be_named.add((type(self), name))

    def state(self: Any) -> dict:
        return {**common, "_names": {}, **self.__dict__}

    for key, value in {**common, "_names": nameless}.items():
        setattr(list_class, key, value)
    list_class.__init__ = init
    list_class._set_name = set_name
    list_class.__getstate__ = state


def share_edges(dag_class: Any = DAG) -> None:
    """Let the two jobs at the ends of an edge of the graph hold the same set of files."""
    clean = dag_class.cleanup

    def cleanup(self: Any) -> None:
        clean(self)
        for job, makers in self._dependencies.items():
            for maker, files in makers.items():
                users = self.depending[maker]
                if users.get(job) is not files and users.get(job) == files:
                    users[job] = files

    dag_class.cleanup = cleanup


def hold_nothing_once(job_class: Any = Job) -> None:
    """Let jobs share their empty sets, and look those outputs up alone whose flags a copy can have lost."""
    begin, none = job_class.__init__, frozenset[Any]()

    def init(self: Any, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        for name in SETS:
            if not getattr(self, name):
                setattr(self, name, none)

    def output_by_path(self: Any) -> dict:
        return {str(file): file for file in self.output if type(file._file) is not str and file.flags}

    job_class.__init__ = init
    if "output_by_path" in vars(job_class):
        job_class.output_by_path = lazy_property(output_by_path)

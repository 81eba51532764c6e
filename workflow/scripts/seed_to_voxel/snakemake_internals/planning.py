"""What Snakemake looks at again and again in a large study, made in less time and with the same result."""

import inspect
import os
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

# Before `snakemake.dag`, which imports itself in a circle where it is the first.
import snakemake.api  # noqa: F401
from snakemake.dag import DAG, ScriptProcessor
from snakemake.output_index import OutputIndex

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


class MakersByEnding:
    """Rules by what they make: a file's end is looked up, where Snakemake compares it with each output's end.

    Parameters
    ----------
    rules : iterable of snakemake.rules.Rule
    """

    def __init__(self, rules: Iterable[Any]) -> None:
        by_length: dict[int, dict[str, list]] = defaultdict(lambda: defaultdict(list))
        for rule in rules:
            for product in rule.products():
                end = str(product.constant_suffix())
                by_length[len(end)][end].append((str(product.constant_prefix()), product, rule))
        self._by_length = [(length, dict(ends)) for length, ends in by_length.items()]

    def _candidates(self, path: str) -> Iterable[tuple[Any, Any]]:
        for length, ends in self._by_length:
            for start, product, rule in ends.get(path[-length:] if length else "", ()):
                if path.startswith(start):
                    yield product, rule

    def match(self, targetfile: str) -> set[Any]:
        """Rules of which an output begins and ends as a file does."""
        return {rule for _, rule in self._candidates(targetfile)}

    def match_producers(self, targetfile: str) -> set[Any]:
        """Rules that make a file."""
        found: set[Any] = set()
        for product, rule in self._candidates(targetfile):
            if rule not in found and product.match(targetfile):
                found.add(rule)
        return found


def look_up_makers() -> None:
    """Let Snakemake find the rule of a file by the file's end."""
    from snakemake import dag

    dag.OutputIndex = MakersByEnding


def any_within_another(paths: Iterable[str]) -> bool:
    """Whether a path lies in another, as in a folder."""
    whole = {os.path.abspath(path) for path in paths}
    folders: set[str] = set()
    for path in whole:
        folder = os.path.dirname(path)
        while folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    return not folders.isdisjoint(whole)


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

"""The workflow as a module of another one: where its files lie, and which jobs are its own."""

import inspect
from pathlib import Path
from typing import Any

from .patches import Patch


def has_modifiers() -> bool:
    """Whether a module's paths go through one function, and it can be told that there is a module."""
    from snakemake.modules import WorkflowModifier
    from snakemake.path_modifier import PathModifier
    from snakemake.workflow import Workflow

    return (
        list(inspect.signature(PathModifier.replace_prefix).parameters) == ["self", "path", "property"]
        and "self.replace_prefix(path, property)" in inspect.getsource(PathModifier.modify)
        and "self.path_modifier = path_modifier" in inspect.getsource(WorkflowModifier.__init__)
        and "is_main_snakefile" in vars(WorkflowModifier)
        and "self.modifier.is_main_snakefile()" in inspect.getsource(Workflow.onstart)
    )


MODULE = Patch(
    name="place of a module",
    replaces="the modifier of a module's paths",
    without="a module has no report of its own, and may have no prefix",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/path_modifier.py",
    is_there=has_modifiers,
)


def is_module(workflow: Any) -> bool:
    """Whether what is being read is imported by another workflow."""
    return not workflow.modifier.is_main_snakefile()


def place(workflow: Any, folder: str) -> str:
    """Where a folder of a module lies by the prefix that its importer gives it, which we put there from now on.

    Snakemake puts a prefix before all relative paths of a module, a user's own inputs among them, and once more before
    those that come out of functions.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    folder : str

    Returns
    -------
    str
    """
    paths = workflow.modifier.path_modifier
    # A module is read anew for each `use rule`.
    paths.given = given = getattr(paths, "given", paths.replace_prefix)
    paths.replace_prefix = lambda path, property=None: path
    return str(given(f"{folder}/")).rstrip("/")


def is_of(job: Any, root: Path) -> bool:
    """Whether a job's rule stands in this project."""
    return Path(str(job.rule.basedir)).is_relative_to(root)


def name_of_rule(workflow: Any, log: str) -> str | None:
    """What an importer calls a rule of a module; None where it does not use it.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    log : str
        The rule's log, which is below the prefix of this module and of no other.
    """
    return next((rule.name for rule in workflow.rules if log in map(str, rule.log)), None)


class Seen:
    """A workflow as its report shall see it.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    config : dict
    report_text : snakemake.sourcecache.SourceFile
        The text of the landing page.
    """

    def __init__(self, workflow: Any, config: dict, report_text: Any) -> None:
        self._workflow = workflow
        self.config = config
        self.report_text = report_text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workflow, name)

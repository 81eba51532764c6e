"""A calm screen: what Snakemake says of itself at every job and figure stays in its log file."""

import logging
import re
import sys
from collections.abc import Collection
from logging.handlers import QueueHandler

from snakemake.logging import logger

from .patches import Patch, source_of

CHATTER = {
    r"Assuming unrestricted shared filesystem usage": "snakemake.api",
    r"Using shell: ": "snakemake.workflow",
    r"Rules claiming more threads will be scaled down": "snakemake.workflow",
    r"Select jobs to execute": "snakemake.scheduling.job_scheduler",
    r"Execute .* jobs": "snakemake.scheduling.job_scheduler",
    r"Removing temporary output ": "snakemake.dag",
    r"Would remove temporary output ": "snakemake.dag",
    r"Adding .* \(.*\)\.": "snakemake.report",
    r"Loading script code for rule ": "snakemake.report",
    r"Report created\.": "snakemake.report",
}
"""How messages begin that nobody acts on, by the module that says them."""

FAILURES = ("job_error", "group_error")
"""Events that tell of a failed job."""

UNFINISHED = r"At least one job did not complete successfully"
"""What Snakemake says last when not all is done, for whatever reason."""

REFUSAL = re.compile(
    r'WorkflowError(?: in file "[^"\n]*/workflow/rules/\w+\.smk", line \d+'
    r'|(?=:\n.+\n  File "[^"\n]*/snakemake_internals/session\.py")):\n(?P<said>.+?)(?:\n  File "[^\n]*)*',
    re.DOTALL,
)
"""How Snakemake shows that a rule of this workflow, or what is called around it, has refused to begin: what there is to
say stands between lines that are for the workflow's authors."""


def says(module: str, pattern: str) -> bool:
    """Whether a module of Snakemake has a message that begins so, by its source."""
    return re.search(rf"""["']{pattern}""", source_of(module)) is not None


CALM = Patch(
    name="calm screen",
    replaces="the messages of which the screen is kept free",
    without="the screen shows more lines than anyone needs",
    upstream="https://github.com/snakemake/snakemake/issues/3856",
    is_there=lambda: all(says(module, pattern) for pattern, module in CHATTER.items()),
)


class Calm(logging.Filter):
    """Keep from a handler what nobody acts on, and once the user has interrupted, what looks like a failure.

    Parameters
    ----------
    chatter : bool
        Whether Snakemake's chatter is kept away too, and where in the workflow's rules a refusal was raised.
    with_events : bool
        Whether the handler is for programs, which want to hear of all that happens.

    Attributes
    ----------
    interrupted : bool
        To be set when the user has interrupted.
    """

    def __init__(self, chatter: bool = True, with_events: bool = False) -> None:
        super().__init__()
        self.chatter = re.compile("|".join(CHATTER) if chatter else r"\b\B")
        self.refusal = REFUSAL if chatter else re.compile(r"\b\B")
        self.with_events = with_events
        self.interrupted = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown."""
        event = getattr(getattr(record, "event", None), "value", None)
        if refusal := self.refusal.fullmatch(str(record.msg)):
            record.msg = f"Error: {refusal['said']}"
        if self.interrupted and record.levelno >= logging.ERROR:
            killed = getattr(record, "exception", None) == "RuleException"
            return not (event in FAILURES or killed or re.search(UNFINISHED, str(record.msg)))
        if record.levelno > logging.INFO or (event and self.with_events):
            return True
        return not self.chatter.match(str(record.msg))


class Refusals(logging.Handler):
    """Show why Snakemake ends where it has been told to be quiet of all, which would be an exit without a word.

    Parameters
    ----------
    quiet : collection of str
        What Snakemake is quiet of, as `--quiet` has it.
    """

    def __init__(self, quiet: Collection[str]) -> None:
        super().__init__(logging.ERROR)
        self.holds_back = "all" in quiet

    def emit(self, record: logging.LogRecord) -> None:
        """Print an error that ends Snakemake; failed jobs are listed at the end anyway."""
        event = getattr(getattr(record, "event", None), "value", None)
        if self.holds_back and event == "error":
            print(record.getMessage(), file=sys.stderr)


def show_refusals(quiet: Collection[str]) -> None:
    """Let `Refusals` be seen, once: a module is read anew for each statement that uses its rules.

    Parameters
    ----------
    quiet : collection of str
        See `Refusals`.
    """
    if not any(isinstance(handler, Refusals) for handler in logger.handlers):
        logger.addHandler(Refusals(quiet))


def watch(chatter: bool = True) -> list[Calm]:
    """Put a filter on each of Snakemake's handlers but its log files.

    Parameters
    ----------
    chatter : bool
        See `Calm`.

    Returns
    -------
    list of Calm
    """
    filters = []
    for handler in logger.handlers:
        if not isinstance(handler, logging.FileHandler):
            filters.append(Calm(chatter, with_events=isinstance(handler, QueueHandler)))
            handler.addFilter(filters[-1])
    return filters

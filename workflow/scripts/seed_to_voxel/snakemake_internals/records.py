"""What Snakemake records of a job that has finished, with one look at each of its inputs."""

import inspect
from contextvars import ContextVar
from functools import wraps
from typing import Any

# Before `snakemake.persistence`, which imports itself in a circle where it is the first.
import snakemake.api  # noqa: F401
from snakemake.io import _IOFile
from snakemake.persistence.file import FilePersistence

from .patches import Patch

CHECKSUMS = Patch(
    name="one checksum of an input",
    replaces="FilePersistence.finished, which reads and sums all inputs of a job anew for each of its outputs",
    without="Snakemake works the longer after a job, the more files the job has made",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/persistence/__init__.py",
    is_there=lambda: (
        list(inspect.signature(FilePersistence.finished).parameters) == ["self", "job"]
        and inspect.iscoroutinefunction(FilePersistence.finished)
        and inspect.iscoroutinefunction(_IOFile.checksum)
        and "await infile.checksum(" in inspect.getsource(FilePersistence.finished)
    ),
)

KNOWN: ContextVar[dict | None] = ContextVar("checksums that were taken for the job that is recorded", default=None)
"""Of one task of asyncio: jobs that are recorded beside each other share nothing."""


def sum_once(file_class: Any = _IOFile, persistence_class: Any = FilePersistence) -> None:
    """Let the checksum of an input be taken once for all outputs of its job, which has ended by then."""
    checksum, finished = file_class.checksum, persistence_class.finished

    @wraps(checksum)
    async def checksum_once(self: Any, *how: Any, **named: Any) -> str | None:
        known, asked = KNOWN.get(), (self, how, *named.items())
        if known is None:
            return await checksum(self, *how, **named)
        if asked not in known:
            known[asked] = await checksum(self, *how, **named)
        return known[asked]

    @wraps(finished)
    async def finished_once(self: Any, job: Any) -> None:
        token = KNOWN.set({})
        try:
            await finished(self, job)
        finally:
            KNOWN.reset(token)

    file_class.checksum = checksum_once
    persistence_class.finished = finished_once

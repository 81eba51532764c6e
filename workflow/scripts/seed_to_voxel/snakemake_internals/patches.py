"""What a change to Snakemake says of itself, and the look whether it can be made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.specifiers import SpecifierSet


@dataclass(frozen=True)
class Patch:
    """A change to something that Snakemake does not promise to keep.

    Attributes
    ----------
    name : str
        What the change is called in messages and in ``docs/snakemake.md``.
    replaces : str
        What is replaced or relied upon.
    without : str
        What happens where the change cannot be made; a clause that follows a colon.
    upstream : str
        Address of the issue or the file where it should be changed for all.
    is_there : callable
        Looks at the installed package, without changing it, whether it has what is replaced.
    versions : str
        The versions that the change is for.
    package : str
        Whose versions.
    """

    name: str
    replaces: str
    without: str
    upstream: str
    is_there: Callable[[], bool] = field(repr=False)
    versions: str = ">=9.20,<10"
    package: str = "snakemake"

    def obstacle(self) -> str | None:
        """One sentence on why the change cannot be made and what that means, or None if it can."""
        version = metadata.version(self.package)
        if not SpecifierSet(self.versions).contains(version, prereleases=True):
            reason = f"is for the versions {self.versions}"
        elif not self.found():
            reason = f"does not find {self.replaces}"
        else:
            return None
        why = f"the change '{self.name}' {reason}; see docs/snakemake.md"
        return f"With {self.package} {version}, {self.without} ({why})."

    def found(self) -> bool:
        """Whether what is replaced is there; anything that goes wrong when looking means that it is not."""
        try:
            return self.is_there()
        except Exception:
            return False


def source_of(module: str) -> str:
    """Source of an installed module, which is not imported for it."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    return Path(spec.origin).read_text(encoding="utf-8")

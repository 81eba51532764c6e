"""What a finished job took and made, as far as those need to know who describe a study and not run it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """A job that has ended well.

    Attributes
    ----------
    rule : str
        Name of its rule.
    script : str or None
        File name of the rule's script.
    wildcards : dict of str to str
    taken, made : sequence of str
        Paths of its inputs and outputs.
    removed : sequence of str
        Those of its outputs that are removed as soon as they have been used.
    began, ended : float or None
        Seconds since 1970; None where nothing is known of it.
    sums : dict of str to str
        SHA-256 of the inputs when it ended, by their paths, as far as they are known: not of large ones.
    """

    rule: str
    script: str | None
    wildcards: dict[str, str]
    taken: Sequence[str]
    made: Sequence[str]
    removed: Sequence[str] = ()
    began: float | None = None
    ended: float | None = None
    sums: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The rule, and what it was done for."""
        return " ".join([self.rule, *self.wildcards.values()])

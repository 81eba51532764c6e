"""What a finished job took and made, as far as those need to know who describe a study and not run it."""

from collections.abc import Sequence
from dataclasses import dataclass


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
    """

    rule: str
    script: str | None
    wildcards: dict[str, str]
    taken: Sequence[str]
    made: Sequence[str]
    removed: Sequence[str] = ()
    began: float | None = None
    ended: float | None = None

    @property
    def name(self) -> str:
        """The rule, and what it was done for."""
        return " ".join([self.rule, *self.wildcards.values()])

"""Repetition times that are no seconds."""

from ..base.errors import InputError

LONGEST = 30
"""Seconds; no run is sampled more slowly, and milliseconds are larger numbers."""


def in_milliseconds(t_r: float) -> bool:
    """Whether a repetition time is too long for seconds."""
    return t_r > LONGEST


def check(t_r: float, what: str) -> None:
    """Refuse a repetition time that is too long for seconds.

    Parameters
    ----------
    t_r : float
    what : str
        Where it stands and what it is, for the message: ``"runs.tsv, row 2: t_r"``.

    Raises
    ------
    InputError
    """
    if in_milliseconds(t_r):
        raise InputError(
            f"{what} is {t_r:g}, which looks like milliseconds; expected seconds, as BIDS has it, and {LONGEST} at "
            f"most: write {t_r / 1000:g} there"
        )

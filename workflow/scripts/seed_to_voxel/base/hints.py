"""What somebody may have meant."""

import difflib
from collections.abc import Iterable


def meant(name: str, known: Iterable[str]) -> str:
    """A clause that names what is most like a name; empty where nothing is.

    Parameters
    ----------
    name : str
        Not among the known ones.
    known : iterable of str
    """
    close = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {close[0]!r}?" if close else ""

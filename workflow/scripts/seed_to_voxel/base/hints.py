"""What somebody may have meant."""

import difflib
from collections.abc import Iterable


def meant(name: str, known: Iterable[str]) -> str:
    """A clause that names what is most like a name; empty where nothing is.

    Parameters
    ----------
    name : str
        Not among the known ones; capital letters make no difference.
    known : iterable of str
    """
    by_small_letters = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), list(by_small_letters), 1)
    return f"did you mean {by_small_letters[close[0]]!r}?" if close else ""

"""Whether the confounds that a config names are there, as far as one look into one table tells."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from ..base.hints import meant
from . import bids


def notes(config: dict, runs: Iterable[bids.Run]) -> list[str]:
    """Say which columns the first run's table of confounds does not have, when the study is planned.

    A table that lacks one fails its run alone, later; the first is looked at for what is misspelt, which no table has.
    Reading each of a thousand tables on a cluster's disk takes longer than planning.

    Parameters
    ----------
    config : dict
        Valid, with its defaults.
    runs : iterable of bids.Run

    Returns
    -------
    list of str
        A sentence, or none.
    """
    named = config["cleaning"]["confounds"]
    path = next((run.confounds for run in runs), None)
    if not isinstance(named, list) or not named or path is None:
        return []
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            header = [name.strip() for name in file.readline().split("\t")]
    except OSError:
        # It is to be made or fetched yet.
        return []
    absent = [name for name in named if not any(fnmatchcase(column, name) for column in header)]
    if not absent:
        return []
    hints = [hint for name in absent if (hint := meant(name, header))]
    return [
        f"{path} lacks {', '.join(map(repr, absent))} of cleaning.confounds{'; ' if hints else '.'}{' '.join(hints)} "
        "Runs whose table lacks one will fail."
    ]

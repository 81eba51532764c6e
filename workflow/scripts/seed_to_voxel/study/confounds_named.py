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
        A sentence for each cleaning that names one.
    """
    sections = {"cleaning": config["cleaning"]["confounds"]}
    sections |= {f"cleanings.{name}": own.get("confounds") for name, own in config.get("cleanings", {}).items()}
    path = next((run.confounds for run in runs), None)
    lists = {section: named for section, named in sections.items() if isinstance(named, list) and named}
    if not lists or path is None:
        return []
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            header = [name.strip() for name in file.readline().split("\t")]
    except OSError:
        # It is to be made or fetched yet.
        return []
    said = []
    for section, named in lists.items():
        absent = [name for name in named if not any(fnmatchcase(column, name) for column in header)]
        hints = [hint for name in absent if (hint := meant(name, header))]
        if absent:
            said.append(
                f"{path} lacks {', '.join(map(repr, absent))} of {section}.confounds{'; ' if hints else '.'}"
                f"{' '.join(hints)} Runs whose table lacks one will fail."
            )
    return said

"""Results that lie beside a study's own and are not of what it asks for now."""

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from . import admission

SEED = re.compile(r"_seed-([a-zA-Z0-9]+)_")


def of_seeds(derivatives: str, runs: Iterable[str], labels: Collection[str]) -> list[str]:
    """Find the results of seeds that are not in the table of seeds.

    Parameters
    ----------
    derivatives : str
        The derivatives' folder.
    runs : iterable of str
        `bids.Run.path`; results of other runs are not looked at.
    labels : collection of str
        Of the seeds in the table.

    Returns
    -------
    list of str
        Paths, sorted.
    """
    found = []
    stems: dict[str, set[str]] = {}
    for run in runs:
        folder, _, stem = f"{derivatives}/{run}".rpartition("/")
        stems.setdefault(folder, set()).add(stem)
    stems.setdefault(derivatives, set()).add("study")
    for folder, own in stems.items():
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            seed = SEED.search(name)
            if seed and seed[1] not in labels and name[: seed.start()] in own:
                found.append(f"{folder}/{name}")
    return sorted(found)


def in_words(paths: Collection[str]) -> list[str]:
    """Say which seeds' results are left, and how to be rid of them; nothing where there are none."""
    if not paths:
        return []
    labels = sorted({match[1] for path in paths if (match := SEED.search(os.path.basename(path)))})
    return [
        f"{len(paths)} files of seeds that are not in the table of seeds ({', '.join(labels)}) lie among the results, "
        "made with whatever the config said then; `snakemake --cores 1 remove_leftovers --configfile FILE`, with this "
        "config, removes them."
    ]


def of_refused(refused: Iterable[str]) -> list[str]:
    """Say where refused runs still have results of a run of the workflow that admitted them.

    Parameters
    ----------
    refused : iterable of str
        Verdicts that refuse their runs.

    Returns
    -------
    list of str
        A sentence for each such run.
    """
    sentences = []
    for verdict in map(Path, refused):
        stem = verdict.name.removesuffix(admission.SUFFIX)
        if len(list(verdict.parent.glob(f"{stem}_*"))) > 1:
            sentences.append(
                f"{stem} is refused now, and has results of an earlier run that admitted it; remove them before "
                f"anything takes them up: {verdict.parent}/{stem}_*"
            )
    return sentences

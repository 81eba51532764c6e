"""What a run of the workflow asks for, from the list of outputs."""

import os
from collections.abc import Collection, Sequence

from . import outputs


def jobs_of_runs(
    declared: Sequence[dict],
    labels: Sequence[str],
    conditions: Collection[str],
    pairs: Sequence[str] = (),
    cleanings: Sequence[str] = (),
) -> list[list[str]]:
    """What each job of a run leaves for good, job by job.

    Parameters
    ----------
    declared : list of dict
        `workflow/outputs.yaml`.
    labels : sequence of str
        Of the seeds.
    conditions : collection of str
        Which values of ``when`` hold; what stands under others is not asked for.
    pairs : sequence of str
        Of seeds whose maps are compared.
    cleanings : sequence of str
        Names of those that are laid beside the study's own.

    Returns
    -------
    list of list of str
        For each rule the names of its files, relative to the derivatives' folder, ``{run}`` as their wildcard.
    """
    jobs: dict[str, list[str]] = {}
    for output in declared:
        if output["per"] in outputs.PER_RUN and outputs.holds(output, conditions):
            names = outputs.of_run(output, labels, pairs, cleanings)
            files = (output["path"].format(run="{run}", **of_file) for of_file in names)
            jobs.setdefault(output["rule"], []).extend(files)
    return list(jobs.values())


def of_run(run: str, jobs: Sequence[Sequence[str]], derivatives: str) -> list[str]:
    """Targets that make a run whole: a file of each of its jobs, and those that are missing beside it.

    A job makes all its files at once. Asking for each of them would take most of the time of planning a large study.

    Parameters
    ----------
    run : str
        `bids.Run.path`.
    jobs : list of list of str
        From `jobs_of_runs`.
    derivatives : str
        The derivatives' folder.

    Returns
    -------
    list of str
        Paths.
    """
    folder = os.path.dirname(os.path.join(derivatives, run))
    there = set(os.listdir(folder)) if os.path.isdir(folder) else set()
    targets = []
    for patterns in jobs:
        first, *others = (f"{derivatives}/{pattern.replace('{run}', run)}" for pattern in patterns)
        targets.append(first)
        if os.path.basename(first) in there:
            targets += [path for path in others if os.path.basename(path) not in there]
    return targets

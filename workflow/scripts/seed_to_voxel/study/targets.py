"""What a run of the workflow asks for, from the list of outputs."""

import os
from collections.abc import Collection, Mapping, Sequence

from . import outputs

TAKEN_BY = {
    "extract_seeds": "draw_figures",
    "extract_voxels": "draw_figures",
    "correlate": "draw_figures",
    "fisher_z": "draw_figures",
    "compare_cleanings": "draw_cleanings",
}
"""Rules of a run whose job is needed by another job of the run, and the rule of that."""


def jobs_of_runs(
    declared: Sequence[dict],
    labels: Sequence[str],
    conditions: Collection[str],
    pairs: Sequence[str] = (),
    cleanings: Sequence[str] = (),
) -> dict[str, list[str]]:
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
    dict of str to list of str
        For each rule the names of its files, relative to the derivatives' folder, ``{run}`` as their wildcard.
    """
    jobs: dict[str, list[str]] = {}
    for output in declared:
        if output["per"] in outputs.PER_RUN and outputs.holds(output, conditions):
            names = outputs.of_run(output, labels, pairs, cleanings)
            files = (output["path"].format(run="{run}", **of_file) for of_file in names)
            jobs.setdefault(output["rule"], []).extend(files)
    return jobs


def of_run(
    run: str, jobs: Mapping[str, Sequence[str]], derivatives: str, taken_by: Mapping[str, str] = TAKEN_BY
) -> list[str]:
    """Targets that make a run whole: a file of each job that no other job needs, and what is missing.

    A job makes all its files at once, and a job that needs another one brings it along. Asking for each of the files
    would take most of the time of planning a large study.

    Parameters
    ----------
    run : str
        `bids.Run.path`.
    jobs : dict of str to list of str
        From `jobs_of_runs`.
    derivatives : str
        The derivatives' folder.
    taken_by : dict of str to str
        For each rule whose job another job of the run needs, the rule of that one.

    Returns
    -------
    list of str
        Paths.
    """
    folder, stem = os.path.split(os.path.join(derivatives, run))
    there = {name for name in os.listdir(folder) if name.startswith(stem)} if os.path.isdir(folder) else set()

    def missing(names: Sequence[str]) -> list[str]:
        if not there:
            return list(names)
        return [name for name in names if os.path.basename(name.replace("{run}", run)) not in there]

    targets: list[str] = []
    for rule, names in jobs.items():
        absent = missing(names)
        first_is_absent = names[0] in absent
        taker = jobs.get(taken_by.get(rule, ""))
        # Of a job of which nothing is there, all is made; for whom, if the one that needs it is there, is said here.
        unfinished = first_is_absent and (len(absent) < len(names) or (taker is not None and not missing(taker[:1])))
        if taker is None or unfinished:
            targets.append(names[0])
        if not first_is_absent:
            targets += absent
    return [f"{derivatives}/{name.replace('{run}', run)}" for name in targets]

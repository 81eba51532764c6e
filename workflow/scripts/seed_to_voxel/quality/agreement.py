"""How alike a seed's maps are from run to run and from session to session, and beside that from subject to subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..base.provenance import versions
from ..connectivity.map_sidecars import value_range

WITHIN, BETWEEN, OTHERS = "within a session", "between sessions", "between subjects"
"""What two runs may be to each other."""

COLUMNS = {
    "seed": "Label of the seed",
    "kind": f"What the two runs are to each other: {WITHIN}, {BETWEEN} of a subject, or {OTHERS}",
    "first": "One run; n/a for the summary of a kind",
    "second": "The other",
    "n_pairs": "Pairs of runs that the row stands for",
    "r": "Correlation over voxels of their maps of Fisher z; the mean for several pairs",
    "sd": "Standard deviation over pairs; n/a for one",
}
"""Columns of the table."""


@dataclass(frozen=True)
class Source:
    """Where a map comes from.

    Attributes
    ----------
    run : str
        Name of the run.
    subject, session, task : str
        Labels; empty where there is none.
    occasion : str
        Its session, or its run where no subject has two sessions.
    """

    run: str
    subject: str
    session: str
    task: str
    occasion: str


def by_session(labels: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether occasions are sessions: a subject has two. Otherwise they are runs."""
    sessions: dict[str, set[str]] = {}
    for of_run in labels.values():
        sessions.setdefault(of_run["subject"], set()).add(of_run.get("session", ""))
    return any(len(found) > 1 for found in sessions.values())


def sources(labels: Mapping[str, Mapping[str, str]]) -> list[Source]:
    """Subjects, sessions and occasions of some runs.

    Parameters
    ----------
    labels : dict of str to dict
        BIDS labels of each run: ``subject``, ``task``, and perhaps ``session`` and ``run``.

    Returns
    -------
    list of Source
        In the runs' order.
    """
    at = "session" if by_session(labels) else "run"
    return [
        Source(run, of_run["subject"], of_run.get("session", ""), of_run.get("task", ""), of_run.get(at, ""))
        for run, of_run in labels.items()
    ]


def complete(found: Sequence[Source]) -> tuple[list[str], list[str]]:
    """Occasions that subjects have in common, and the subjects who have all of them.

    Parameters
    ----------
    found : sequence of Source

    Returns
    -------
    subjects, occasions : list of str
        Of the largest table of subjects by occasions without a gap that has two or more of both, as counted by its
        cells; ties go to more subjects. Both empty where there is none.
    """
    having: dict[str, set[str]] = {}
    for source in found:
        having.setdefault(source.subject, set()).add(source.occasion)
    # The occasions of a table are what all its subjects have in common: an intersection of what they have.
    shared = {frozenset(occasions) for occasions in having.values()}
    new = shared
    while new:
        new = {one & other for one in new for other in shared} - shared
        shared = shared | new
    best: tuple[int, int, list[str], list[str]] = (0, 0, [], [])
    for occasions in sorted(sorted(some) for some in shared if len(some) > 1):
        subjects = sorted(subject for subject, own in having.items() if own >= set(occasions))
        size = len(subjects) * len(occasions)
        if len(subjects) > 1 and (size, len(subjects)) > best[:2]:
            best = (size, len(subjects), subjects, occasions)
    return best[2], best[3]


def kind_of(first: Source, second: Source) -> str | None:
    """What two runs are to each other; None where their tasks differ, whose maps are not compared."""
    if first.task != second.task:
        return None
    if first.subject != second.subject:
        return OTHERS
    return WITHIN if first.session == second.session else BETWEEN


def agreements(maps: np.ndarray) -> np.ndarray:
    """Correlation over voxels of each map with each.

    Parameters
    ----------
    maps : numpy.ndarray of shape (n_runs, n_voxels)
        Fisher z, defined throughout.

    Returns
    -------
    numpy.ndarray of shape (n_runs, n_runs)
        NaN for a map that is the same everywhere, and for fewer than three voxels.
    """
    if maps.shape[1] < 3:
        return np.full((len(maps), len(maps)), np.nan)
    centred = maps - maps.mean(axis=1, dtype=np.float64, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        units = np.where(lengths > 0, centred / lengths, np.nan)
    return units @ units.T


def rows_of_seed(label: str, found: Sequence[Source], r: np.ndarray) -> list[dict[str, object]]:
    """The table of one seed: a row a pair of runs of one subject, and a summary of each kind.

    Parameters
    ----------
    label : str
    found : sequence of Source
    r : numpy.ndarray of shape (n_runs, n_runs)
        From `agreements`.

    Returns
    -------
    list of dict
        With the keys of `COLUMNS`.
    """
    of_kind: dict[str, list[float]] = {WITHIN: [], BETWEEN: [], OTHERS: []}
    rows: list[dict[str, object]] = []
    for (i, first), (j, second) in combinations(enumerate(found), 2):
        kind = kind_of(first, second)
        if kind is None:
            continue
        of_kind[kind].append(float(r[i, j]))
        if kind != OTHERS:
            pair = {"first": first.run, "second": second.run, "n_pairs": 1, "r": float(r[i, j]), "sd": np.nan}
            rows.append({"seed": label, "kind": kind, **pair})
    for kind, values in of_kind.items():
        known = [value for value in values if np.isfinite(value)]
        if known:
            spread = float(np.std(known, ddof=1)) if len(known) > 1 else np.nan
            summary = {"first": None, "second": None, "n_pairs": len(known), "r": float(np.mean(known)), "sd": spread}
            rows.append({"seed": label, "kind": kind, **summary})
    return rows


def intraclass(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ICC(2,1) and ICC(3,1) of each voxel: absolute agreement, and consistency, of single occasions.

    Shrout & Fleiss 1979, Psychological Bulletin 86, 420: from the mean squares between subjects (B), between occasions
    (J) and of the error (E) of a two-way analysis of variance without replication,

        ICC(2,1) = (B - E) / (B + (k - 1) E + k (J - E) / n),   ICC(3,1) = (B - E) / (B + (k - 1) E).

    Parameters
    ----------
    values : numpy.ndarray of shape (n_subjects, n_occasions, n_voxels)
        At least two of each.

    Returns
    -------
    icc21, icc31 : numpy.ndarray of float32, shape (n_voxels,)
        Negative where subjects differ by less than the error; NaN where nothing differs, or a value is missing.
    """
    n, k, _ = values.shape
    values = values.astype(np.float64)
    grand = values.mean(axis=(0, 1))
    subjects, occasions = values.mean(axis=1), values.mean(axis=0)
    between = k * ((subjects - grand) ** 2).sum(axis=0) / (n - 1)
    judges = n * ((occasions - grand) ** 2).sum(axis=0) / (k - 1)
    rest = values - subjects[:, None] - occasions[None] + grand
    error = (rest**2).sum(axis=(0, 1)) / ((n - 1) * (k - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        consistency = (between - error) / (between + (k - 1) * error)
        absolute = (between - error) / (between + (k - 1) * error + k * (judges - error) / n)
    return absolute.astype(np.float32), consistency.astype(np.float32)


def describe(
    reach: float, n_voxels: int, found: Sequence[Source], sessions: bool, elsewhere: Sequence[str], missing: Mapping
) -> dict[str, object]:
    """The JSON file beside the table.

    Parameters
    ----------
    reach : float
        mm.
    n_voxels : int
        That all runs cover.
    found : sequence of Source
        Those that are compared.
    sessions : bool
        From `by_session`.
    elsewhere : sequence of str
        Runs on another grid, which are not compared.
    missing : dict of str to list of str
        Runs without a map of a seed, by its label.
    """
    subjects, occasions = complete(found)
    return {
        "Description": (
            "How alike maps of Fisher z are: their correlation over the "
            f"{n_voxels} voxels that all runs cover, for each seed without those within {reach:g} mm of its own"
        ),
        "NumberOfRuns": len(found),
        "NumberOfSubjects": len({source.subject for source in found}),
        "NumberOfVoxels": n_voxels,
        "OccasionsAre": "sessions" if sessions else "runs",
        "Occasions": occasions,
        "RunsOnAnotherGrid": list(elsewhere),
        "RunsWithoutAMap": {label: list(names) for label, names in missing.items() if names},
        "NumberOfSubjectsWithAllOccasions": len(subjects),
        **{name: {"Description": text} for name, text in COLUMNS.items()},
    }


ICC = {
    "icc21": ("ICC(2,1), absolute agreement", "(B - E) / (B + (k - 1) E + k (J - E) / n)"),
    "icc31": ("ICC(3,1), consistency", "(B - E) / (B + (k - 1) E)"),
}
"""Intraclass correlations by their names in files: what they are, and their formulas."""

FEW = 10
"""Fewer subjects make an intraclass correlation that is hardly known."""


def main_task(found: Sequence[Source]) -> str:
    """The task that most runs have, whose maps intraclass correlations are of; the first by name of several."""
    counts: dict[str, int] = {}
    for source in found:
        counts[source.task] = counts.get(source.task, 0) + 1
    return min(counts, key=lambda task: (-counts[task], task), default="")


def by_occasion(
    maps: np.ndarray, found: Sequence[Source], subjects: Sequence[str], occasions: Sequence[str], task: str
) -> tuple[np.ndarray, np.ndarray]:
    """Maps of subjects at occasions, the mean over the runs of each.

    Parameters
    ----------
    maps : numpy.ndarray of shape (n_runs, n_voxels)
    found : sequence of Source
        Of the maps.
    subjects, occasions : sequence of str
        From `complete`.
    task : str
        Whose runs are taken.

    Returns
    -------
    values : numpy.ndarray of shape (n_subjects, n_occasions, n_voxels)
        NaN throughout, of two of each, where there are none.
    used : numpy.ndarray of bool, shape (n_runs,)
        Which runs were taken.
    """
    cells = [(subject, occasion) for subject in subjects for occasion in occasions]
    number = {cell: position for position, cell in enumerate(cells)}
    of_run = np.array(
        [number.get((source.subject, source.occasion), -1) if source.task == task else -1 for source in found]
    )
    if not cells:
        return np.full((2, 2, maps.shape[1]), np.nan), of_run >= 0
    values = np.array([maps[of_run == cell].mean(axis=0) for cell in range(len(cells))])
    return values.reshape(len(subjects), len(occasions), -1), of_run >= 0


def describe_map(
    stat: str,
    label: str,
    values: np.ndarray,
    subjects: Sequence[str],
    occasions: Sequence[str],
    task: str,
    maps: Sequence[str],
) -> dict[str, object]:
    """The sidecar of a map of intraclass correlations.

    Parameters
    ----------
    stat : str
        Of `ICC`.
    label : str
        Of the seed.
    values : numpy.ndarray of shape (n_voxels,)
    subjects, occasions : sequence of str
        From `complete`.
    task : str
        From `main_task`.
    maps : sequence of str
        BIDS URIs of the maps of Fisher z.

    Returns
    -------
    dict
    """
    title, formula = ICC[stat]
    said = []
    if not subjects:
        said.append("No two subjects have two occasions in common: the map is undefined throughout")
    elif len(subjects) < FEW:
        said.append(f"Of {len(subjects)} subjects alone: intraclass correlations of so few are hardly known")
    return {
        "Description": f"{title} of Fisher z with the seed {label}, of a single occasion",
        "Formula": (
            f"{formula}, of mean squares between n subjects (B), between k occasions (J) and of the error (E) "
            "(Shrout and Fleiss 1979)"
        ),
        "Units": "1",
        "Subjects": list(subjects),
        "Occasions": list(occasions),
        "Task": task,
        "Range": value_range(values),
        "NumberOfUndefinedVoxels": int(np.isnan(values).sum()),
        "Caveats": said,
        "Sources": list(maps),
        "Software": versions("numpy", "nibabel"),
    }

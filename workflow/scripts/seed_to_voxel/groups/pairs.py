"""Pairs of seeds over the subjects of a model: the same design and contrasts as the maps, and as few tests as pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..base import tables
from ..base.errors import InputError
from ..base.provenance import versions
from ..statistics import multiplicity
from . import clusters, inference, models, subjects, testing

COLUMNS = {
    "seed_1": ("One seed", None),
    "seed_2": ("The other", None),
    "n_rows": ("Rows of the design that were fitted", None),
    "effect": ("Fisher z in units of the contrast; n/a for an F test", "1 (Fisher z)"),
    "standard_error": ("Of the effect", "1 (Fisher z)"),
    "statistic": ("t, or F of several rows", None),
    "dof": ("Degrees of freedom, of F those of the denominator", None),
    "z": ("Normal deviate of the statistic, with the sign of t", None),
    "p": ("Of the pair, uncorrected; two-sided for t", None),
    "p_fdr": ("Adjusted for the false discovery rate over the pairs", None),
    "p_fwe": (
        "Family-wise over the pairs that all rows have, by the largest statistic of permuted rows; n/a for the others",
        None,
    ),
    "hedges_g": ("Hedges' g; n/a for an F test", None),
}
"""Columns of the table, with what they are and their units."""


MATRICES = {
    "effect": ("effect", "Fisher z in units of the contrast", "1 (Fisher z)"),
    "t": ("statistic", "t of the contrast", "1"),
    "F": ("statistic", "F of the contrast", "1"),
    "p": ("p", "Uncorrected p of the pair; two-sided for t", "1"),
    "pfdr": ("p_fdr", "p, adjusted for the false discovery rate over the pairs", "1"),
    "pfwe": (
        "p_fwe",
        "p, family-wise over the pairs that all rows have, by the largest statistic of permuted rows",
        "1",
    ),
}
"""Matrices of a contrast by their names in files: the column of the table of pairs, what it is, and its unit."""

Labels = list[tuple[str, str]]
"""The two seeds of each pair."""


def read(path: str) -> tuple[Labels, dict[str, np.ndarray]]:
    """Read a run's table of pairs.

    Parameters
    ----------
    path : str

    Returns
    -------
    labels : list of (str, str)
    columns : dict of str to numpy.ndarray of shape (n_pairs,)
        ``fisher_z`` and ``nu``; NaN where there is none.
    """
    header, *rows = tables.cells(path)
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    numbers = {
        name: np.array([np.nan if cell in tables.MISSING else float(cell) for cell in columns[name]])
        for name in ("fisher_z", "nu")
    }
    return list(zip(columns["seed_1"], columns["seed_2"], strict=True)), numbers


def of_runs(paths: Sequence[str], labels: Labels | None = None) -> tuple[Labels, np.ndarray]:
    """Fisher z of each pair of seeds over the runs of a subject, from their tables; see `of_unit`.

    Parameters
    ----------
    paths : sequence of str
    labels : list of (str, str), optional
        The pairs that are expected; else those of the first run.

    Returns
    -------
    labels : list of (str, str)
    z : numpy.ndarray of shape (n_pairs,)

    Raises
    ------
    InputError
        If a run has other pairs.
    """
    found = []
    for path in paths:
        own, columns = read(path)
        labels = labels or own
        if own != labels:
            raise InputError(f"{path}: its pairs of seeds are not those of the other runs; make it anew")
        found.append(columns)
    assert labels is not None
    return labels, of_unit(found)


def as_matrix(values: np.ndarray, labels: Labels) -> tuple[np.ndarray, list[str]]:
    """A value of each pair as a symmetric matrix.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_pairs,)
    labels : list of (str, str)
        All pairs of the seeds.

    Returns
    -------
    matrix : numpy.ndarray of shape (n_seeds, n_seeds)
        NaN on the diagonal.
    seeds : list of str
    """
    seeds = list(dict.fromkeys(label for pair in labels for label in pair))
    number = {label: position for position, label in enumerate(seeds)}
    matrix = np.full((len(seeds), len(seeds)), np.nan)
    for (first, second), value in zip(labels, values.tolist(), strict=True):
        matrix[number[first], number[second]] = matrix[number[second], number[first]] = value
    return matrix, seeds


def mean_matrix(data: np.ndarray, labels: Labels) -> np.ndarray:
    """R of the mean Fisher z of rows, by which seeds are put in order: the same order whatever the contrast.

    Parameters
    ----------
    data : numpy.ndarray of shape (n_rows, n_pairs)
    labels : list of (str, str)

    Returns
    -------
    numpy.ndarray of shape (n_seeds, n_seeds)
        1 on the diagonal, NaN there for a seed that no row has.
    """
    count = np.isfinite(data).sum(axis=0)
    mean = np.where(count > 0, np.nansum(data, axis=0) / np.maximum(count, 1), np.nan)
    matrix = np.tanh(as_matrix(mean, labels)[0])
    np.fill_diagonal(matrix, np.where(np.isfinite(matrix).any(axis=0), 1.0, np.nan))
    return matrix


def describe_unit(
    unit: Mapping[str, object], runs: Sequence[str], seeds: Sequence[str], sources: Sequence[str]
) -> dict:
    """The JSON file beside a subject's matrix.

    Parameters
    ----------
    unit : dict
        ``subject`` and ``session``.
    runs, seeds : sequence of str
    sources : sequence of str
        BIDS URIs.
    """
    return {
        "Description": "Fisher z of the correlations of the seeds with each other, the mean over the subject's runs",
        "Units": "1 (Fisher z)",
        "Formula": "sum(w z) / sum(w), w = nu - 2 with the effective degrees of freedom nu of each pair in each run",
        "Nodes": list(seeds),
        "Undefined": "n/a on the diagonal, and where no run has both seeds",
        "Subject": unit["subject"],
        "Session": unit["session"],
        "Runs": list(runs),
        "Sources": list(sources),
        "Software": versions("numpy"),
    }


def describe_matrix(shared: Mapping[str, object], stat: str, seeds: Sequence[str]) -> dict[str, object]:
    """The JSON file beside a matrix of a contrast.

    Parameters
    ----------
    shared : dict
        From `describe`.
    stat : str
        One of `MATRICES`.
    seeds : sequence of str
    """
    _, text, unit = MATRICES[stat]
    kept = {name: value for name, value in shared.items() if name not in ("Description", *COLUMNS)}
    return {
        "Description": f"{text}, of the correlations of the seeds with each other",
        "Units": unit,
        "Nodes": list(seeds),
        **kept,
        "Undefined": "n/a on the diagonal, and where the rows that have both seeds cannot tell the contrast",
    }


def of_unit(tables: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
    """Fisher z of each pair of seeds of a subject, or of a session: the mean of its runs by what each is worth.

    Parameters
    ----------
    tables : sequence of dict
        ``fisher_z`` and ``nu`` of each run's pairs, of shape (n_pairs,).

    Returns
    -------
    numpy.ndarray of shape (n_pairs,)
        NaN where no run has the pair; see `subjects.combine`.
    """
    z, nu = (np.stack([table[name] for table in tables]) for name in ("fisher_z", "nu"))
    return subjects.combine(z, nu).mean


def test(
    data: np.ndarray,
    question: testing.Question,
    model: models.Model | None,
    contrast: str,
    by_yekutieli: bool,
) -> dict[str, np.ndarray]:
    """Test a contrast of every pair.

    Parameters
    ----------
    data : numpy.ndarray of shape (n_rows, n_pairs)
        Fisher z, a row of the design a row; NaN where there is none.
    question : testing.Question
    model : models.Model or None
        With the contrast's permutations; None where nothing is permuted.
    contrast : str
    by_yekutieli : bool
        How the false discovery rate is held.

    Returns
    -------
    dict of str to numpy.ndarray of shape (n_pairs,)
        By `COLUMNS`, without the seeds' labels. Pairs that not all rows have are not permuted.
    """
    fitted = question.fit(data, "pairs of seeds")
    nothing = np.full(data.shape[1], np.nan)
    strength = fitted["minus_log10_p"].astype(np.float64)
    found = {
        "n_rows": fitted["n_rows"],
        "effect": fitted.get("effect", nothing),
        "standard_error": fitted.get("standard_error", nothing),
        "statistic": fitted["statistic"],
        "dof": fitted["dof"],
        "z": fitted["z"],
        "p": 10**-strength,
        "p_fdr": 10 ** -multiplicity.false_discovery_rates(strength, by_yekutieli),
        "p_fwe": nothing,
        "hedges_g": fitted.get("g", nothing),
    }
    whole = np.isfinite(data).all(axis=0)
    if model is not None and whole.any():
        grid = clusters.Grid(np.ones((int(whole.sum()), 1, 1), dtype=bool))
        settings = models.Settings(("voxel",))
        own = data[:, whole].astype(np.float64)
        null = inference.combine([inference.maxima_of_part({"pairs": own}, model, grid, settings=settings)])
        corrected = inference.infer(own, model, contrast, "pairs", null, grid, settings)
        assert corrected.p is not None
        found["p_fwe"] = testing.filled(corrected.p, whole)
    return found


def describe(shared: Mapping[str, object], permuted: int | None) -> dict[str, object]:
    """The JSON file beside a table of pairs.

    Parameters
    ----------
    shared : dict
        From `map_sidecars.of_test`.
    permuted : int or None
        How many permutations; None for none.
    """
    return {
        "Description": (
            "Pairs of seeds over the rows of a model: Fisher z of their correlation, the mean of each row's runs "
            "weighted by nu - 2"
        ),
        **{name: value for name, value in shared.items() if name != "Seed"},
        "NumberOfPermutations": permuted,
        **{name: {"Description": text, **({"Units": unit} if unit else {})} for name, (text, unit) in COLUMNS.items()},
    }

"""Pairs of seeds over the subjects of a model: the same design and contrasts as the maps, and as few tests as pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

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

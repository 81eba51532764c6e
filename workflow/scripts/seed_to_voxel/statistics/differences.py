"""The difference of two seeds' maps of one run, tested as dependent correlations.

Both correlations are with the same voxel, and the seeds are correlated too: a z-score of each says nothing of their
difference. Let a and b be the seeds' series, of unit length. Then a - b and a + b are orthogonal, and

    r(a, v) - r(b, v) = |a - b| r(a - b, v).

So the two are equal where the voxel has nothing in common with a - b, whatever it shares with a + b. What is tested is
the partial correlation of the voxel with a - b, given a + b, as in the test that Williams (1959, Journal of the Royal
Statistical Society B 21, 396) made of Hotelling's and Steiger (1980, Psychological Bulletin 87, 245) recommends.
Regressing a + b out is one more linear step of the cleaning, so that the noise is what it is for any partial r.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..connectivity.correlation import fisher_z, pearson
from . import semipartial

ALIKE = 0.999
"""r of two seeds from which their difference is their noise."""


@dataclass(frozen=True)
class Difference:
    """How the maps of two seeds differ.

    Attributes
    ----------
    effect : numpy.ndarray of float32, shape (n_voxels,)
        Fisher z of the first seed less that of the second.
    z, minus_log10_p, nu : numpy.ndarray of float32, shape (n_voxels,)
        Standard normal deviate where both correlations are the same, its two-sided p, and its degrees of freedom.
    r_of_seeds : float
        Of the two seeds' series.
    """

    effect: np.ndarray
    z: np.ndarray
    minus_log10_p: np.ndarray
    nu: np.ndarray
    r_of_seeds: float


def of_pair(
    operator: np.ndarray,
    kept: np.ndarray,
    pair: np.ndarray,
    labels: Sequence[str],
    voxels: np.ndarray,
    swelling: np.ndarray | None = None,
) -> Difference:
    """Compare the maps of two seeds.

    Parameters
    ----------
    operator : numpy.ndarray of shape (n_kept, T)
        That cleaned the run.
    kept : numpy.ndarray of bool, shape (T,)
    pair : numpy.ndarray of shape (n_kept, 2)
        Cleaned series of the seeds. NaN throughout for one that the run does not cover.
    labels : sequence of str
        Of the two, for messages.
    voxels : numpy.ndarray of float32, shape (n_kept, n_voxels)
        Cleaned series.
    swelling : numpy.ndarray of shape (T,), optional
        From `bursts.deviations`.

    Returns
    -------
    Difference
        NaN throughout where a seed has no series.

    Raises
    ------
    InputError
        If the two seeds are the same but for noise.
    """
    if not np.isfinite(pair).all():
        nothing = np.full(voxels.shape[1], np.nan, dtype=np.float32)
        return Difference(nothing, nothing, nothing, nothing, float("nan"))
    units = pair - pair.mean(axis=0)
    units = units / np.linalg.norm(units, axis=0)
    r_of_seeds = float(units[:, 0] @ units[:, 1])
    if abs(r_of_seeds) > ALIKE:
        raise InputError(
            f"maps.differences: the series of the seeds {labels[0]} and {labels[1]} correlate by {r_of_seeds:.5f}; "
            f"expected less than {ALIKE:g}, as little but noise is left to tell them apart. Leave out the pair, or "
            "move one of the seeds"
        )
    one, other = fisher_z(pearson(units, voxels))
    both = np.column_stack([units[:, 0] - units[:, 1], units[:, 0] + units[:, 1]])
    found = semipartial.of_seed(operator, kept, both, 0, voxels, swelling)
    return Difference(one - other, found.z, found.minus_log10_p, found.nu, r_of_seeds)


COLUMNS = {
    "first": "Label of the seed whose Fisher z the other's is taken from",
    "second": "Label of the other",
    "r_of_seeds": "Correlation of the two seeds' cleaned series",
    "n_tested": "Voxels that are tested",
    "n_above": "Voxels that correlate more with the first, by the false discovery rate",
    "n_below": "Voxels that correlate more with the second",
}
"""Columns of the table of pairs."""


def row(pair: Sequence[str], found: Difference, adjusted: np.ndarray, level: float) -> dict[str, object]:
    """What was found of a pair, as a row of the table.

    Parameters
    ----------
    pair : sequence of str
        Labels of the seeds.
    found : Difference
    adjusted : numpy.ndarray of shape (n_voxels,)
        -log10 of the adjusted p, from `multiplicity.false_discovery_rates`; NaN where a voxel is not tested.
    level : float

    Returns
    -------
    dict
        With the keys of `COLUMNS`.
    """
    passing = np.nan_to_num(adjusted) >= -np.log10(level)
    return {
        "first": pair[0],
        "second": pair[1],
        "r_of_seeds": found.r_of_seeds,
        "n_tested": int(np.isfinite(adjusted).sum()),
        "n_above": int((passing & (found.effect > 0)).sum()),
        "n_below": int((passing & (found.effect < 0)).sum()),
    }


def describe(level: float, reach: float) -> dict[str, object]:
    """The JSON file beside the table; `reach` is in mm."""
    return {
        "Description": (
            f"Pairs of seeds whose maps were compared; tested are voxels farther than {reach:g} mm from both seeds' "
            f"own, two-sided, at {level:g}"
        ),
        **{name: {"Description": text} for name, text in COLUMNS.items()},
    }

"""Cohorts without any effect: as many findings as there may be, and more where blocks are ignored.

A small version of benchmarks/group_null.py, on noise that is made directly, with seeds that are fixed.
"""

from functools import cache

import group_null
import numpy as np
import pytest
import scipy.ndimage
import scipy.stats

from seed_to_voxel.groups import clusters

N_COHORTS, N_PERMUTATIONS = 60, 20
"""With 20 permutations, p <= 0.05 where the data as they are have the largest of all maxima."""

DESIGNS = {design.name: design for design in group_null.designs()}
IGNORED = [design for design in group_null.designs() if "blocks ignored" in design.name]


@cache
def cohort(number):
    """Maps of two seeds, subjects and their two sessions: a subject's own map and noise, equally strong."""
    draw = np.random.default_rng((3, number))
    mask = group_null.mask_of_cohort()
    noise = draw.standard_normal((2, group_null.SUBJECTS, 3, *group_null.SHAPE))
    smooth = scipy.ndimage.gaussian_filter(noise, (0, 0, 0, 1.2, 1.2, 1.2))[..., mask].astype(np.float32)
    return smooth[:, :, :1] + smooth[:, :, 1:]


def found_by(design):
    grid = clusters.Grid(group_null.mask_of_cohort())
    each = [group_null.smallest(cohort(number), design, grid, N_PERMUTATIONS, number) for number in range(N_COHORTS)]
    return {name: sum(one[name] <= group_null.LEVEL + 1e-9 for one in each) for name in each[0]}


@pytest.mark.parametrize(
    "name", ["one sample", "two groups, two covariates", "paired sessions", "two groups, one or two sessions"]
)
def test_no_more_is_found_than_may_be(name):
    _, high = group_null.bounds(N_COHORTS, chance=0.01)
    found = found_by(DESIGNS[name])
    assert set(found) >= {"voxel", "extent", "mass", "tfce", "voxel, seeds", "mass, seeds", "tfce, seeds"}
    assert all(hits <= high for hits in found.values()), found
    # Nor can it be that nothing is ever found.
    assert sum(found.values()) > 0


@pytest.mark.parametrize("place", [0, 1, 2], ids=["groups", "unbalanced groups", "mean"])
def test_blocks_mend_what_ignoring_them_inflates(place):
    names = ["two groups, two sessions each", "two groups, one or two sessions", "mean of two sessions each"]
    _, high = group_null.bounds(N_COHORTS, chance=0.01)
    kept, ignored = found_by(DESIGNS[names[place]]), found_by(IGNORED[place])
    assert all(hits <= high for hits in kept.values()), kept
    for name in ("voxel", "mass", "tfce", "voxel, seeds", "tfce, seeds"):
        assert ignored[name] > high, (name, ignored)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "two groups, two sessions each",
            "two groups, one or two sessions",
            "paired sessions",
            "mean of two sessions each",
        ),
        "groups by sessions, subjects not in the model",
    ],
)
def test_uncorrected_p_hold_where_subjects_have_several_rows(name):
    shares = [group_null.uncorrected(cohort(number), DESIGNS[name]) for number in range(N_COHORTS)]
    # Smooth maps of 60 cohorts: the mean share differs from 5 % by chance by some tenths.
    assert abs(np.mean(shares) - 0.05) < 4 * np.std(shares) / np.sqrt(N_COHORTS) < 0.03, np.mean(shares)


def test_uncorrected_p_do_not_hold_where_blocks_are_ignored():
    for design in IGNORED:
        assert np.mean([group_null.uncorrected(cohort(number), design) for number in range(N_COHORTS)]) > 0.08


def test_bounds_are_those_of_the_binomial_distribution():
    low, high = group_null.bounds(200)
    inside = scipy.stats.binom.cdf(high, 200, 0.05) - scipy.stats.binom.cdf(low - 1, 200, 0.05)
    assert (low, high) == (4, 16) and inside >= 0.95

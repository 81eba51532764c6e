"""What may be exchanged: the sets by brute force, the draws by their frequencies, the schemes by the designs."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.groups import models
from seed_to_voxel.groups.exchangeability import Permutations, Scheme, scheme_for
from seed_to_voxel.groups.glm import partition

BLOCKS = np.array([0, 0, 1, 1, 2, 2])
SESSION = np.tile([0.0, 1], 3)
GROUP = np.repeat([0.0, 0, 1], 2)
FLIPS = {"permute": False, "flip": True}


def rearranged_designs(design, permutations):
    """For each permutation, the design's row and sign that each datum comes to meet."""
    order, signs = permutations[:]
    for places, flips in zip(order, signs, strict=True):
        assert sorted(places) == list(range(len(design)))
        met = np.empty((len(design), design.shape[1] + 1))
        met[places] = np.column_stack([design, flips])
        yield met


def allowed(places, scheme):
    """Whether an order of six observations in three pairs keeps to a scheme."""
    from_block = BLOCKS[list(places)].reshape(3, 2)
    if scheme.blocks is None:
        return True
    if not (from_block[:, 0] == from_block[:, 1]).all():
        return False
    inside = np.array(places) % 2 == np.arange(6) % 2
    return (scheme.whole or (from_block[:, 0] == [0, 1, 2]).all()) and (scheme.within or inside.all())


@pytest.mark.parametrize(
    "scheme",
    [
        Scheme(),
        Scheme(BLOCKS, whole=True, within=False),
        Scheme(BLOCKS, whole=False, within=True),
        Scheme(BLOCKS, whole=True, within=True),
    ],
    ids=["free", "whole", "within", "both"],
)
@pytest.mark.parametrize(
    "columns",
    [(SESSION,), (GROUP,), (SESSION, GROUP), (SESSION * GROUP,), (np.arange(6.0),)],
    ids=["session", "group", "both", "interaction", "age"],
)
def test_all_distinct_rearrangements_are_enumerated_once(scheme, columns):
    design = np.column_stack([np.ones(6), *columns])
    expected = {
        design[list(np.argsort(places))].tobytes()
        for places in itertools.permutations(range(6))
        if allowed(places, scheme)
    }
    if len(expected) == 1:
        with pytest.raises(InputError, match="nothing can be exchanged"):
            Permutations(design, 1000, 0, scheme)
        return
    permutations = Permutations(design, 1000, 0, scheme)
    found = [met[:, :-1] for met in rearranged_designs(design, permutations)]
    assert permutations.exact and permutations.count == permutations.distinct == len(found) == len(expected)
    assert {np.ascontiguousarray(met).tobytes() for met in found} == expected
    np.testing.assert_array_equal(found[0], design)
    assert all(allowed(places, scheme) for places in permutations[:][0])


@pytest.mark.parametrize(("scheme", "units"), [(Scheme(**FLIPS), 6), (Scheme(BLOCKS, True, False, **FLIPS), 3)])
def test_all_signs_are_enumerated_once(scheme, units):
    permutations = Permutations(np.ones((6, 1)), 64, 0, scheme)
    order, signs = permutations[:]
    assert permutations.exact and permutations.count == 2**units == len({row.tobytes() for row in signs})
    assert (order == np.arange(6)).all() and (signs[0] == 1).all()
    assert units == 6 or (signs[:, ::2] == signs[:, 1::2]).all()


def test_places_and_signs_together():
    permutations = Permutations(np.arange(4.0)[:, None], 10**6, 0, Scheme(flip=True))
    met = {row.tobytes() for row in rearranged_designs(np.arange(4.0)[:, None], permutations)}
    assert permutations.count == 24 * 16 == len(met)


def test_draws_depend_on_seed_and_number_alone():
    design = np.random.default_rng(0).standard_normal((12, 2))
    scheme = Scheme(np.repeat(np.arange(6), 2), whole=True, within=True, flip=True)
    permutations = Permutations(design, 200, 7, scheme)
    order, signs = permutations[:]
    assert not permutations.exact and len(order) == permutations.count == len(permutations) == 200
    assert (order[0] == np.arange(12)).all() and (signs[0] == 1).all()
    for cuts in ([0, 67, 134, 200], [0, 1, 2, 200]):
        parts = [Permutations(design, 200, 7, scheme)[a:b] for a, b in itertools.pairwise(cuts)]
        np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), order)
        np.testing.assert_array_equal(np.concatenate([part[1] for part in parts]), signs)
    assert (Permutations(design, 200, 8, scheme)[:][0][1:] != order[1:]).any(axis=1).mean() > 0.9


@pytest.mark.parametrize(
    ("scheme", "ways"),
    [
        (Scheme(), 24),
        (Scheme([0, 0, 1, 1], whole=True, within=False), 2),
        (Scheme([0, 0, 1, 1], whole=True, within=True), 8),
        (Scheme(**FLIPS), 16),
        (Scheme([0, 0, 1, 1], True, False, **FLIPS), 4),
    ],
)
def test_draws_come_equally_often(scheme, ways, monkeypatch):
    permutations = Permutations(np.arange(4.0)[:, None], 2, 1, scheme)
    permutations.exact, permutations.count = False, 4801
    order, signs = permutations[1:]
    _, counts = np.unique(np.hstack([order, signs]), axis=0, return_counts=True)
    assert len(counts) == ways
    assert scipy.stats.chisquare(counts).pvalue > 0.001


def test_blocks_of_other_sizes_keep_apart():
    blocks = np.array([0, 0, 1, 2, 2, 3])
    order, _ = Permutations(np.arange(6.0)[:, None], 100, 0, Scheme(blocks, whole=True, within=False))[:]
    assert len(order) == 4
    assert (blocks[order[:, [0, 1]]] != 1).all() and (np.diff(order[:, [0, 1]], axis=1) == 1).all()


def of(columns, contrast, subjects=None):
    return scheme_for(partition(np.column_stack(columns), contrast), subjects)


ONE, NOISE = np.ones(6), np.random.default_rng(2).standard_normal(6)
SUBJECTS = ["a", "a", "b", "b", "c", "c"]


def test_a_mean_is_tested_by_signs():
    assert of([ONE], [1]).flip and not of([ONE], [1]).permute
    assert of([ONE, NOISE], [1, 0]).flip
    assert of([GROUP, 1 - GROUP], [1, 0]).flip
    assert of([GROUP, 1 - GROUP], np.eye(2)).flip
    repeated = of([ONE, SESSION - 0.5], [1, 0], SUBJECTS)
    assert repeated.flip and repeated.whole and not repeated.within
    assert "symmetric" in repeated.reason


def test_differences_and_slopes_are_tested_by_places():
    for scheme in (
        of([GROUP, 1 - GROUP], [1, -1]),
        of([ONE, NOISE], [0, 1]),
        of([ONE, NOISE], [0, 1], list("abcdef")),
        of([ONE, GROUP, NOISE], [[0, 1, 0], [0, 0, 1]]),
    ):
        assert scheme.permute and not scheme.flip and scheme.blocks is None


def test_repeated_measures_keep_to_their_subjects():
    dummies = np.eye(3)[BLOCKS].T
    within = of([*dummies, SESSION], [0, 0, 0, 1], SUBJECTS)
    assert (within.whole, within.within) == (False, True)
    # A covariate that differs from session to session does not make the session's effect one between subjects.
    assert not of([*dummies, SESSION, NOISE], [0, 0, 0, 1, 0], SUBJECTS).whole
    for columns, contrast in (
        ([ONE, GROUP], [0, 1]),
        ([ONE, GROUP, SESSION, GROUP * SESSION], [0, 0, 0, 1]),
        ([*dummies, SESSION, GROUP * SESSION], [0, 0, 0, 0, 1]),
        ([*dummies, SESSION, NOISE], [0, 0, 0, 0, 1]),
    ):
        whole = of(columns, contrast, SUBJECTS)
        assert (whole.whole, whole.within) == (True, False)
        np.testing.assert_array_equal(whole.blocks, BLOCKS)


def test_observations_of_another_variance_do_not_change_places():
    def of_groups(columns, contrast, groups, subjects=None):
        return scheme_for(partition(np.column_stack(columns), contrast), subjects, groups)

    free = of_groups([ONE, GROUP], [0, 1], GROUP.tolist())
    assert (free.permute, free.flip, free.within) == (False, True, True)
    whole = of_groups([ONE, GROUP], [0, 1], GROUP.tolist(), SUBJECTS)
    assert (whole.permute, whole.flip, whole.whole, whole.within) == (False, True, True, False)
    # Sessions of other variances: each subject has both.
    assert of_groups([ONE, GROUP], [0, 1], SESSION.tolist(), SUBJECTS).permute
    assert of_groups([*np.eye(3)[BLOCKS].T, SESSION], [0, 0, 0, 1], GROUP.tolist(), SUBJECTS).permute
    assert of_groups([ONE, GROUP], [0, 1], ["all"] * 6).permute


def test_the_smallest_p_counts_mirror_images():
    def smallest(columns, contrast, **keywords):
        model = models.model_of(np.column_stack(columns), {"c": contrast}, n=5000, seed=0)
        return models.smallest_p(model, "c", **keywords)

    assert smallest([ONE], [1]) == 2 / 64 and smallest([ONE], [1], two_sided=False) == 1 / 64
    equal = np.repeat([0.0, 1], 3)
    assert smallest([ONE, equal], [0, 1]) == pytest.approx(2 / 20)
    assert smallest([ONE, equal], [0, 1], two_sided=False) == pytest.approx(1 / 20)
    assert smallest([ONE, GROUP], [0, 1]) == pytest.approx(1 / 15)
    assert smallest([ONE, np.repeat([0.0, 1, 0], 2), GROUP], [[0, 1, 0], [0, 0, 1]]) == pytest.approx(6 / 90)
    assert smallest([np.ones(20)], [1]) == 1 / 5000
    # Signs of residuals around a mean: of all 64, only its mirror image gives a t again.
    model = models.model_of(np.column_stack([ONE, GROUP]), {"c": [0, 1]}, n=64, seed=0, variance_groups=GROUP)
    assert models.smallest_p(model, "c") == 2 / 64


def test_numbers_of_permutations_are_those_of_combinatorics():
    design = np.column_stack([np.ones(24), np.repeat([0.0, 1], 12)])
    assert Permutations(design, 100, 0).distinct == math.comb(24, 12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": 1}, "at least 2"),
        ({"scheme": Scheme(permute=False)}, "neither places nor signs"),
        ({"scheme": Scheme(within=False)}, "neither of whole blocks nor within"),
        ({"scheme": Scheme(np.zeros(4))}, "4 blocks given for 6"),
        ({"design": np.ones((6, 1))}, "flipping signs"),
    ],
)
def test_what_cannot_be_permuted_is_said(change, said):
    with pytest.raises(InputError, match=said):
        Permutations(**{"design": np.arange(6.0)[:, None], "n": 100, "seed": 0, **change})


def test_a_contrast_that_nothing_can_be_exchanged_for_is_named():
    # Three sessions of one, two of another: no two are alike, and what is tested is constant within each.
    subjects, group = ["a"] * 3 + ["b"] * 2, np.repeat([0.0, 1], [3, 2])
    with pytest.raises(InputError, match=r"^patients: .*\{2: 1, 3: 1\}.*Combine the sessions"):
        models.model_of(np.column_stack([np.ones(5), group]), {"patients": [0, 1]}, n=100, seed=0, subjects=subjects)
    with pytest.raises(InputError, match="3 subjects were given for 6 observations"):
        models.model_of(np.column_stack([ONE, GROUP]), {"c": [0, 1]}, n=100, seed=0, subjects=["a", "b", "c"])


def with_subjects(sessions):
    """Subjects, the design of `session + subject`, and where its sessions begin, from each subject's sessions."""
    subjects = [subject for subject, own in enumerate(sessions) for _ in own]
    labels = np.array([label for own in sessions for label in own])
    levels = sorted(set(labels))[1:]
    dummies = np.eye(len(sessions))[subjects]
    return subjects, np.column_stack([dummies, *(labels == level for level in levels)]), len(sessions)


def test_a_missing_session_is_no_other_variance():
    sessions = ["AB"] * 5 + ["A"]
    subjects = [subject for subject, own in enumerate(sessions) for _ in own]
    group = np.array([0.0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1])
    part = partition(np.column_stack([np.ones(11), group]), [0, 1])
    for variances in (None, ["all"] * 11, list("ABABABABABA")):
        found = scheme_for(part, subjects, variances)
        assert (found.permute, found.flip, found.whole) == (True, False, True), variances
    mixed = scheme_for(part, subjects, group.tolist())
    assert (mixed.permute, mixed.flip) == (False, True) and "Variances differ" in mixed.reason


def test_other_sessions_of_a_few_do_not_make_a_contrast_one_between_subjects():
    sessions = ["AB"] * 18 + ["AC"] * 2
    subjects, design, first = with_subjects(sessions)
    contrast = np.eye(design.shape[1])[first]
    found = scheme_for(partition(design, contrast), subjects)
    assert (found.permute, found.whole, found.within) == (True, False, True)
    # A difference of three standard deviations, against scipy's paired test of those who have both sessions.
    rng = np.random.default_rng(0)
    data = rng.standard_normal(20)[subjects] + 0.7 * rng.standard_normal(40)
    data[1:36:2] += 3
    assert scipy.stats.ttest_rel(data[1:36:2], data[0:36:2]).pvalue < 1e-6
    part = partition(design, contrast)
    order, signs = Permutations(design, 500, 0, found)[:]
    rest = data - part.nuisance @ (part.nuisance.T @ data)
    moved = rest[order] * signs
    moved = moved - moved @ part.nuisance @ part.nuisance.T
    explained = np.square(moved @ part.tested[:, 0]) / np.square(moved).sum(axis=1)
    assert (explained >= explained[0] * (1 - 1e-9)).mean() < 0.01
    # Where most have the other session, exchanging subjects can tell more.
    subjects, design, first = with_subjects(["AB"] * 2 + ["AC"] * 18)
    assert scheme_for(partition(design, np.eye(design.shape[1])[first]), subjects).whole


def test_sessions_of_other_variances_do_not_change_places():
    dummies = np.eye(3)[BLOCKS].T
    part = partition(np.column_stack([*dummies, SESSION]), [0, 0, 0, 1])
    found = scheme_for(part, SUBJECTS, SESSION.tolist())
    assert (found.permute, found.flip, found.whole, found.within) == (False, True, True, False)
    assert "within subjects" in found.reason and "variances" in found.reason

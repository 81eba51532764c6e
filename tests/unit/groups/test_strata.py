"""Contrasts over subjects with several rows: scipy's tests of the subjects' numbers, and what noise finds."""

import itertools

import numpy as np
import pytest
from scipy import special, stats

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.groups import clusters, fitting, inference, models, pairs, permuted, strata, testing
from seed_to_voxel.groups.design_files import Read

N, VOXELS = 20, 60
GROUP = np.repeat([0.0, 1], N // 2)
THREE = np.arange(N) % 3


class Study:
    """Subjects with sessions A and B, but those that are missing, and maps: levels of subjects, and noise."""

    def __init__(self, missing=(), levels=1.0, sessions="AB", seed=0, n_voxels=VOXELS):
        rng = np.random.default_rng(seed)
        rows = [(who, label) for who in range(N) for label in sessions if (who, label) not in set(missing)]
        self.subjects = np.array([who for who, _ in rows])
        self.sessions = [label for _, label in rows]
        self.later = np.array([float(label == "B") for label in self.sessions])
        self.latest = np.array([float(label == "C") for label in self.sessions])
        self.group, self.three = GROUP[self.subjects], THREE[self.subjects]
        self.motion = rng.gamma(2, 0.1, len(rows))
        self.data = levels * rng.standard_normal((N, n_voxels))[self.subjects]
        self.data += rng.standard_normal((len(rows), n_voxels))

    def read(self, *columns, variance_groups=None):
        design = np.column_stack([np.ones(len(self.subjects)), *columns])
        names = ["Intercept", *(f"x{k}" for k in range(1, design.shape[1]))]
        rows = [f"sub-{who}_ses-{label}" for who, label in zip(self.subjects, self.sessions, strict=True)]
        labels = self.subjects.astype(str)
        return Read("m", "auto", rows, labels, names, design, {}, variance_groups, self.sessions)

    def means(self, of=None):
        values = self.data if of is None else of
        return np.stack([values[self.subjects == who].mean(axis=0) for who in range(N)])

    def session(self, label):
        return self.data[np.array(self.sessions) == label]


def asked(rows, joint=False):
    return {"name": "c", "rows": rows if isinstance(rows, list) else [rows], "joint": joint}


def fitted(study, read, contrast):
    question = testing.question(read, contrast, False)
    return question, question.fit(study.data, "S")


def same_test(found, expected, dof):
    np.testing.assert_allclose(found["statistic"], expected.statistic, rtol=1e-4)
    np.testing.assert_allclose(10 ** -found["minus_log10_p"].astype(float), expected.pvalue, rtol=1e-3)
    assert (found["dof"] == dof).all()


def test_groups_are_tested_on_the_means_of_subjects():
    study = Study()
    means = study.means()
    expected = stats.ttest_ind(means[GROUP == 1], means[GROUP == 0])
    for columns in ((study.group,), (study.group, study.later)):
        question, found = fitted(study, study.read(*columns), asked("x1"))
        same_test(found, expected, N - 2)
        np.testing.assert_allclose(found["effect"], means[GROUP == 1].mean(0) - means[GROUP == 0].mean(0), rtol=1e-4)
        assert question.doubt is None and question.summarised["Weights"] is None
        assert question.summarised["DegreesOfFreedom"] == N - 2
    pooled = np.sqrt((means[GROUP == 1].var(axis=0, ddof=1) + means[GROUP == 0].var(axis=0, ddof=1)) / 2)
    factor = special.gamma((N - 2) / 2) / (np.sqrt((N - 2) / 2) * special.gamma((N - 3) / 2))
    np.testing.assert_allclose(found["g"], factor * found["effect"] / pooled, rtol=1e-4)


def test_what_changes_otherwise_in_a_group_is_tested_on_differences():
    study = Study()
    change = study.session("B") - study.session("A")
    read = study.read(study.later, study.group, study.later * study.group)
    question, found = fitted(study, read, asked("x3"))
    same_test(found, stats.ttest_ind(change[GROUP == 1], change[GROUP == 0]), N - 2)
    assert question.summary == strata.Summary({"A": -1.0, "B": 1.0})
    # Treatment coding: the group's own column is its difference in the first session.
    question, found = fitted(study, read, asked("x2"))
    first = study.session("A")
    same_test(found, stats.ttest_ind(first[GROUP == 1], first[GROUP == 0]), N - 2)
    assert question.summarised["Of"] == "row of the session A"
    question, found = fitted(study, read, asked("x2 + x3"))
    second = study.session("B")
    same_test(found, stats.ttest_ind(second[GROUP == 1], second[GROUP == 0]), N - 2)
    _, found = fitted(study, read, asked("x2 + 0.5 * x3"))
    means = study.means()
    same_test(found, stats.ttest_ind(means[GROUP == 1], means[GROUP == 0]), N - 2)


def by_hand(columns, weights, values):
    """t of a contrast of plain least squares."""
    matrix = np.column_stack([np.ones(len(values)), *columns])
    beta, residuals, _, _ = np.linalg.lstsq(matrix, values, rcond=None)
    variance = residuals / (len(values) - matrix.shape[1])
    return weights @ beta / np.sqrt(variance * (weights @ np.linalg.inv(matrix.T @ matrix) @ weights))


def test_a_covariate_of_the_subject_does_not_change_what_is_asked():
    study = Study()
    age = np.random.default_rng(4).normal(40, 9, N) + 5 * GROUP
    of_rows = age[study.subjects]
    read = study.read(study.later, study.group, study.later * study.group, of_rows - of_rows.mean())
    age -= age.mean()
    for rows, of, columns, weights, number in (
        ("x2", study.session("A"), [GROUP, age], [0, 1, 0], {"A": 1.0}),
        ("x3", study.session("B") - study.session("A"), [GROUP], [0, 1], {"A": -1.0, "B": 1.0}),
        ("x1", study.session("B") - study.session("A"), [GROUP], [1, 0], {"A": -1.0, "B": 1.0}),
        ("x2 + x3", study.session("B"), [GROUP, age], [0, 1, 0], {"B": 1.0}),
        ("x2 + 0.5 * x3", study.means(), [GROUP, age], [0, 1, 0], None),
        ("Intercept", study.session("A"), [GROUP, age], [1, 0, 0], {"A": 1.0}),
    ):
        question, found = fitted(study, read, asked(rows))
        assert question.summary == strata.Summary(number), rows
        np.testing.assert_allclose(found["statistic"], by_hand(columns, np.array(weights), of), rtol=1e-3, err_msg=rows)
    # The slope of age, the same in both sessions by this model, is one of the means.
    question, found = fitted(study, read, asked("x4"))
    assert question.summary == strata.Summary(None)
    np.testing.assert_allclose(found["statistic"], by_hand([GROUP, age], np.array([0, 0, 1]), study.means()), rtol=1e-3)
    # Without an interaction, the mean of a group in the first session is told by that session's rows.
    cells = study.read(study.group, study.later)
    question, found = fitted(study, cells, asked("Intercept"))
    assert question.summary == strata.Summary({"A": 1.0})
    np.testing.assert_allclose(found["statistic"], by_hand([GROUP], np.array([1, 0]), study.session("A")), rtol=1e-3)


def test_both_a_difference_and_its_change_are_two_numbers():
    study = Study()
    read = study.read(study.later, study.group, study.later * study.group)
    question = testing.question(read, asked(["x2", "x3"], joint=True), True)
    assert question.summary is None and question.doubt == testing.INDEPENDENCE


def test_sessions_and_means_are_scipys_paired_and_one_sample_tests():
    study = Study()
    question, found = fitted(study, study.read(study.later), asked("x1"))
    same_test(found, stats.ttest_rel(study.session("B"), study.session("A")), N - 1)
    difference = study.session("B") - study.session("A")
    factor = special.gamma((N - 1) / 2) / (np.sqrt((N - 1) / 2) * special.gamma((N - 2) / 2))
    np.testing.assert_allclose(found["g"], factor * difference.mean(0) / difference.std(0, ddof=1), rtol=1e-4)
    assert question.summarised["Of"] == "session B less session A"
    _, found = fitted(study, study.read(), asked("Intercept"))
    same_test(found, stats.ttest_1samp(study.means(), 0), N - 1)


def test_several_groups_are_an_analysis_of_variance_of_the_means():
    study = Study()
    read = study.read(study.three == 1, study.three == 2, study.later)
    _, found = fitted(study, read, asked(["x1", "x2"], joint=True))
    expected = stats.f_oneway(*(study.means()[k == THREE] for k in range(3)))
    same_test(found, expected, N - 3)
    # With three sessions, how groups change is no single number of a subject.
    study = Study(sessions="ABC")
    columns = (study.later, study.latest, study.group, study.later * study.group, study.latest * study.group)
    read = study.read(*columns)
    weights = np.eye(6)[[4, 5]]
    assert strata.summary_of(read.matrix, weights, read.subjects.tolist(), read.labels) is None
    summary = strata.summary_of(read.matrix, np.eye(6)[5], read.subjects.tolist(), read.labels)
    assert summary == strata.Summary({"A": -1.0, "C": 1.0})


def test_sessions_without_the_subjects_levels_are_doubted_and_with_them_a_repeated_measures_anova():
    study = Study(sessions="ABC", levels=2.0)
    study.data += 0.5 * study.later[:, None]
    joint = asked(["x1", "x2"], joint=True)
    question, found = fitted(study, study.read(study.later, study.latest), joint)
    assert question.summary is None and question.doubt == testing.LEVELS
    # The error has what differs between subjects: that of independent rows.
    same_test(found, stats.f_oneway(*map(study.session, "ABC")), 3 * N - 3)
    levels = (study.subjects[:, None] == np.arange(1, N)).T
    question, found = fitted(study, study.read(study.later, study.latest, *levels), joint)
    assert question.doubt is None
    # By hand, as the sums of squares of sessions and of what neither sessions nor subjects explain.
    table = np.stack([study.session(label) for label in "ABC"])
    means = table.mean(axis=(0, 1))
    rest = table - table.mean(axis=0) - table.mean(axis=1)[:, None] + means
    squares = N * ((table.mean(axis=1) - means) ** 2).sum(axis=0)
    expected = squares / 2 / ((rest**2).sum(axis=(0, 1)) / (2 * (N - 1)))
    np.testing.assert_allclose(found["statistic"], expected, rtol=1e-4)
    # How groups change: the groups' own level is in those of the subjects.
    change = (study.later * study.group, study.latest * study.group)
    read = study.read(study.later, study.latest, *change, *levels)
    assert testing.question(read, asked(["x3", "x4"], joint=True), False).doubt is None
    read = study.read(study.later, study.latest, study.group, *change)
    assert testing.question(read, asked(["x4", "x5"], joint=True), False).doubt == testing.LEVELS


def test_what_differs_from_row_to_row_is_averaged_with_them():
    study = Study()
    question, found = fitted(study, study.read(study.group, study.later, study.motion), asked("x1"))
    assert question.summary == strata.Summary(None)
    # By hand: least squares of the means on group and mean motion.
    matrix = np.column_stack([np.ones(N), GROUP, study.means(study.motion[:, None])])
    weights, residuals, _, _ = np.linalg.lstsq(matrix, study.means(), rcond=None)
    error = np.sqrt(residuals / (N - 3) * np.linalg.inv(matrix.T @ matrix)[1, 1])
    np.testing.assert_allclose(found["statistic"], weights[1] / error, rtol=1e-4)
    # How motion itself matters is a question within subjects and between them.
    question, _ = testing.question(study.read(study.group, study.motion), asked("x2"), True), None
    assert question.summary is None and question.doubt == testing.INDEPENDENCE
    with pytest.raises(InputError, match=r"no single number of each.*permutations.n is 0"):
        testing.question(study.read(study.group, study.motion), asked("x2"), False)


MISSING = [(who, "B") for who in (0, 3, 4, 11)]


def test_subjects_with_a_session_only_are_in_what_needs_no_other():
    study = Study(MISSING)
    question, found = fitted(study, study.read(study.group), asked("x1"))
    means = study.means()
    same_test(found, stats.ttest_ind(means[GROUP == 1], means[GROUP == 0]), N - 2)
    assert question.doubt == testing.UNEQUAL and question.summarised["SubjectsByRows"] == {"1": 4, "2": 16}
    # The share of later sessions is in the model of the means, as the session is in that of the rows.
    _, found = fitted(study, study.read(study.group, study.later), asked("x1"))
    matrix = np.column_stack([np.ones(N), GROUP, study.means(study.later[:, None])])
    np.testing.assert_allclose(found["effect"], np.linalg.lstsq(matrix, means)[0][1], rtol=1e-3, atol=1e-5)
    # A change needs both.
    both = np.array([who for who in range(N) if (who, "B") not in MISSING])
    first = study.data[[study.sessions[k] == "A" and study.subjects[k] in both for k in range(len(study.data))]]
    change = study.session("B") - first
    read = study.read(study.later, study.group, study.later * study.group)
    question, found = fitted(study, read, asked("x3"))
    same_test(found, stats.ttest_ind(change[GROUP[both] == 1], change[GROUP[both] == 0]), len(both) - 2)
    assert question.doubt is None and question.summarised["LeftOut"] == ["0", "3", "4", "11"]
    assert (found["n_rows"] == 2 * len(both)).all()


def test_a_voxel_that_a_session_lacks_is_tested_without_it():
    study = Study()
    study.data[0, 5] = np.nan
    study.data[2:4, 6] = np.nan
    change = study.session("B") - study.session("A")
    read = study.read(study.later, study.group, study.later * study.group)
    _, found = fitted(study, read, asked("x3"))
    expected = stats.ttest_ind(change[GROUP == 1], change[GROUP == 0], nan_policy="omit")
    np.testing.assert_allclose(found["statistic"], expected.statistic, rtol=1e-4)
    assert found["n_rows"][4:8].tolist() == [40, 38, 38, 40]
    _, found = fitted(study, study.read(study.group), asked("x1"))
    means = np.stack([np.nanmean(study.data[study.subjects == who][:, [4, 5]], axis=0) for who in range(N)])
    expected = stats.ttest_ind(means[GROUP == 1], means[GROUP == 0])
    np.testing.assert_allclose(found["statistic"][[4, 5]], expected.statistic, rtol=1e-4)
    assert found["n_rows"][4:8].tolist() == [40, 39, 38, 40] and found["dof"][4:8].tolist() == [18, 18, 17, 18]


def test_paired_designs_keep_the_residuals_within_subjects():
    study = Study()
    levels = [study.subjects == who for who in range(1, N)]
    for columns, contrast in (
        ((study.later, *levels), np.eye(N + 1)[1]),
        ((study.later, study.later * study.group, *levels), np.eye(N + 2)[2]),
    ):
        read = study.read(*columns)
        assert strata.summary_of(read.matrix, contrast, read.subjects.tolist(), read.labels) is None
    assert strata.summary_of(np.ones((3, 1)), [1], None) is None
    assert strata.summary_of(np.ones((3, 1)), [1], ["a", "b", "c"]) is None


def test_variances_are_those_of_the_rows_that_numbers_are_made_of():
    study = Study()
    later = study.read(study.group, variance_groups=np.array(study.sessions))
    _, found = fitted(study, later, asked("x1"))
    means = study.means()
    same_test(found, stats.ttest_ind(means[GROUP == 1], means[GROUP == 0]), N - 2)
    groups = study.read(study.group, variance_groups=np.array(["ab"[int(each)] for each in study.group]))
    _, found = fitted(study, groups, asked("x1"))
    expected = stats.ttest_ind(means[GROUP == 1], means[GROUP == 0], equal_var=False)
    np.testing.assert_allclose(found["statistic"], expected.statistic, rtol=1e-4)
    np.testing.assert_allclose(found["dof"], expected.df, rtol=1e-4)


def model_of(study, read, contrasts, n=5000):
    named = [{"name": name, "rows": rows, "joint": False} for name, rows in contrasts.items()]
    return testing.model_of(read, named, n, 3)


def test_all_rearrangements_of_subjects_are_scipys():
    few = [1, 2, 3, 4, 12, 13, 14, 15]
    study = Study([(who, label) for who in range(N) for label in "AB" if who not in few])
    group = GROUP[few]
    data = study.data[:, :1].astype(np.float64)
    means = np.array([data[study.subjects == who].mean() for who in few])
    model = model_of(study, study.read(study.group, study.later), {"groups": ["x1"]})
    grid = clusters.Grid(np.ones((1, 1, 1), dtype=bool))
    settings = models.Settings(("voxel",))
    null = inference.combine([inference.maxima_of_part({"S": data}, model, grid, settings=settings)])
    found = inference.infer(data, model, "groups", "S", null, grid, settings)

    def size(x, y, axis=-1):
        return np.abs(stats.ttest_ind(x, y, axis=axis).statistic)

    expected = stats.permutation_test(
        (means[group == 1], means[group == 0]), size, n_resamples=1e5, alternative="greater"
    )
    assert model.permutations["groups"].exact
    assert found.p[0] == pytest.approx(expected.pvalue)
    said = model.permutations["groups"].scheme
    assert said.permute and not said.flip and "one number" in said.reason


def test_subjects_with_as_many_rows_change_places():
    study = Study(MISSING)
    model = model_of(study, study.read(study.group), {"groups": ["x1"], "mean": ["Intercept + 0.5 * x1"]}, 300)
    order, signs = model.permutations["groups"][:]
    alone = np.isin(np.arange(N), [who for who, _ in MISSING])
    assert all((alone[places] == alone).all() for places in order) and (signs == 1).all()
    assert len(np.unique(order, axis=0)) > 290
    _, signs = model.permutations["mean"][:]
    assert signs.shape == (300, N) and (signs < 0).any()
    # All of one group have one session, all of the other two: nothing is left to exchange.
    study = Study([(who, "B") for who in range(N) if GROUP[who]])
    with pytest.raises(InputError, match=r"^groups.models, m, contrast c: .*\{1: 10, 2: 10\}.*Combine the sessions"):
        testing.model_of(study.read(study.group), [asked("x1")], 100, 0)


def test_contrasts_of_other_numbers_share_their_rearrangements():
    study = Study()
    read = study.read(study.later, study.group, study.later * study.group)
    contrasts = {"change": ["x3"], "first": ["x2"], "mean": ["x2 + 0.5 * x3"], "later": ["x1"]}
    for n in (400, 10**6):
        model = model_of(study, read, contrasts, n)
        assert model.families() == [["change", "first", "mean"], ["later"]]
    without = Study(MISSING[:1])
    read = without.read(without.later, without.group, without.later * without.group)
    # Somebody is in one and not in the other.
    assert model_of(without, read, {"change": ["x3"], "first": ["x2"]}, 400).families() == [["change"], ["first"]]


def test_pairs_of_seeds_are_tested_alike():
    study = Study(n_voxels=6)
    read = study.read(study.group, study.later)
    found = pairs.test(
        study.data, testing.question(read, asked("x1"), True), model_of(study, read, {"c": ["x1"]}, 99), "c", False
    )
    means = study.means()
    np.testing.assert_allclose(found["p"], stats.ttest_ind(means[GROUP == 1], means[GROUP == 0]).pvalue, rtol=1e-3)
    assert found["n_rows"].tolist() == [2 * N] * 6 and (found["p_fwe"] > 0).all()


UNBALANCED = [(who, "B") for who in (*range(6), 12)]
"""Six of the first group have no second session, and one of the other."""


@pytest.mark.parametrize("missing", [(), MISSING, UNBALANCED], ids=["balanced", "unbalanced", "other in groups"])
@pytest.mark.parametrize("of", ["group", "change"])
def test_five_per_cent_of_noise_pass(missing, of):
    study = Study(missing, n_voxels=8000, seed=9)
    read = study.read(study.later, study.group, *([study.later * study.group] if of == "change" else []))
    contrast = asked("x2" if of == "group" else "x3")
    question, found = fitted(study, read, contrast)
    share = (found["minus_log10_p"] > -np.log10(0.05)).mean()
    # Of 8,000 independent voxels 5 % lie between 4.4 and 5.6, and somewhat farther where groups differ in variance.
    assert 0.044 < share < 0.056 if missing != UNBALANCED else 0.04 < share < 0.062, share
    assert (question.doubt == testing.UNEQUAL) is (bool(missing) and of == "group")
    ignored = fitting.fit(study.data, read.matrix, question.weights)
    wrong = (ignored["minus_log10_p"] > -np.log10(0.05)).mean()
    # Levels of subjects are in one of both, and are not in the other, but are in what it is held against.
    assert wrong > 0.08 if of == "group" else wrong < 0.03, wrong


@pytest.mark.parametrize(("of", "missing"), [("group", ()), ("group", MISSING), ("change", ()), ("change", MISSING)])
def test_intervals_of_hedges_g_hold_the_truth(of, missing):
    g, n_voxels = 0.9, 8000
    study = Study(missing, n_voxels=n_voxels, seed=2)
    # Levels and noise of variance one: the mean of two rows has 1 + 1 / 2, their difference 2.
    size = g * np.sqrt(1.5 if of == "group" else 2)
    study.data += size * (study.group * (study.later if of == "change" else 1))[:, None]
    read = study.read(study.later, study.group, *([study.later * study.group] if of == "change" else []))
    _, found = fitted(study, read, asked("x2" if of == "group" else "x3"))
    covered = ((found["g_low"] <= g) & (g <= found["g_high"])).mean()
    # 95 % of 8,000 lie between 94.3 and 95.7; the few means of one row have a variance of 2 instead of 1.5.
    slack = 0.02 if of == "group" and missing else 0.007
    assert covered == pytest.approx(0.95, abs=slack), covered
    assert found["g"].mean() == pytest.approx(g, abs=0.06 if of == "group" and missing else 0.02)
    rows = fitting.fit(study.data, read.matrix, np.eye(read.matrix.shape[1])[[2 if of == "group" else 3]])
    truth = size / np.sqrt(2)
    wrong = ((rows["g_low"] <= truth) & (truth <= rows["g_high"])).mean()
    assert wrong < 0.93 if of == "group" else wrong > 0.96, wrong


def test_words_and_places():
    assert strata.Summary(None).words == "mean of the rows"
    assert strata.Summary({"02": 1.0, "01": -1.0}).words == "session 02 less session 01"
    assert strata.Summary({"A": -0.5, "B": -0.5, "C": 1.0}).words == (
        "session C less 0.5 x session A less 0.5 x session B"
    )
    assert strata.Summary({"01": -1.0, "02": -1.0}).words == "less session 01 less session 02"
    assert strata.positions(["a", "b", "a", "a", "b"]) == [0, 0, 1, 2, 1]
    found = strata.Summary({0: 1.0}).rows(["a", "a", "b"], [0, 1, 0])
    assert list(itertools.chain(found.subjects, found.sizes)) == ["a", "b", 1, 1]


@pytest.mark.parametrize("missing", [(), MISSING, UNBALANCED], ids=["balanced", "unbalanced", "other in groups"])
def test_what_differs_between_sessions_is_not_told_by_who_came_how_often(missing):
    """Means of one row and of two differ in their share of later sessions, which is no effect of sessions."""
    study = Study(missing)
    columns = study.later, study.group, study.later * study.group
    for read, contrast in (
        (study.read(*columns[:2]), asked(["x1", "x2"], joint=True)),
        (study.read(*columns[:2]), asked("x1 + x2")),
        (study.read(*columns), asked(["x2", "x3"], joint=True)),
        (study.read(*columns), asked(["x1", "x2", "x3"], joint=True)),
    ):
        question = testing.question(read, contrast, True)
        assert question.summary is None and question.doubt == testing.INDEPENDENCE, contrast
    # What asks for one number still does.
    assert testing.question(study.read(*columns[:2]), asked("x2"), True).summary == strata.Summary(None)
    both = testing.question(study.read(*columns), asked(["x1", "x3"], joint=True), True)
    assert both.summary == strata.Summary({"A": -1.0, "B": 1.0})


@pytest.mark.parametrize(
    "kept", [[(0, "C")], [(0, "A"), (0, "B")], []], ids=["one has more", "one has fewer", "each at dates of its own"]
)
def test_sessions_of_a_single_subject_do_not_say_what_is_asked_of_motion(kept):
    """In a single subject, any column is a product of something of the subject and something of the session."""
    if kept == [(0, "C")]:
        study = Study([(who, "C") for who in range(N) if who], sessions="ABC")
    elif kept:
        study = Study([(0, "C")], sessions="ABC")
    else:
        study = Study()
        study.sessions = [f"2026{number:04d}" for number in range(2 * N)]
    for read in (study.read(study.motion), study.read(study.group, study.motion)):
        question = testing.question(read, asked(read.names[-1]), True)
        assert question.summary is None and question.doubt == testing.INDEPENDENCE
    # Groups are tested on means whatever the sessions are called.
    assert testing.question(study.read(study.group, study.motion), asked("x1"), True).summary == strata.Summary(None)


def test_groups_and_sessions_in_one_test_are_both_seen_by_permutations():
    """An F of both has power for either: subjects change places, and observations inside of them."""
    study = Study(n_voxels=1000, seed=5)
    read = study.read(study.later, study.group)
    contrast = asked(["x1", "x2"], joint=True)
    model = testing.model_of(read, [contrast], 200, 1)
    scheme = model.permutations["c"].scheme
    assert scheme.whole and scheme.within and scheme.permute and not scheme.flip
    for effect, least, most in (
        (0 * study.group, 0.03, 0.07),
        (3 * study.group, 0.8, 1.1),
        (2 * study.later, 0.8, 1.1),
    ):
        found = permuted_p(model, study.data + effect[:, None])
        assert least < (found <= 0.05).mean() < most, (least, (found <= 0.05).mean())


def test_groups_at_the_first_session_and_sessions_are_found_in_five_per_cent_of_noise():
    """Exchange within subjects alone finds a fifth: part of what is tested lies between subjects, though not half."""
    study = Study(sessions="ABC", levels=1.5, n_voxels=1000, seed=8)
    group = study.group
    read = study.read(study.later, study.latest, group, study.later * group, study.latest * group)
    model = testing.model_of(read, [asked(["x1", "x2", "x3"], joint=True)], 200, 1)
    scheme = model.permutations["c"].scheme
    assert scheme.whole and scheme.within
    settings = models.Settings(("voxel",))
    kernel = permuted.Kernel.of(model, "c", settings)
    maps = kernel._maps(study.data, *model.permutations["c"][:], 0)
    share = (np.mean(maps >= maps[0] - 1e-4, axis=0) <= 0.05).mean()
    assert 0.03 < share < 0.075, share


def permuted_p(model, data):
    """p of each voxel by itself: F of the whole model beyond its constant, the rows rearranged."""
    values = (data - data.mean(axis=0)).astype(np.float64)
    fitting_to = model.design @ np.linalg.pinv(model.design)

    def explained(rows):
        return np.square(fitting_to @ rows).sum(axis=0) / np.square(values).sum(axis=0)

    order, _ = model.permutations["c"][:]
    least = explained(values) * (1 - 1e-9)
    return np.mean([explained(values[places]) >= least for places in order], axis=0)

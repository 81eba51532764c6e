"""Voxels that not every subject covers, and how jobs share a model's permutations out."""

import numpy as np
import pytest
from scipy import special, stats

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.groups import (
    attainable,
    cluster_tables,
    clusters,
    fitting,
    glm,
    inference,
    map_sidecars,
    models,
    testing,
)
from seed_to_voxel.groups.design_files import Read

GROUP = np.repeat([0.0, 1.0], 8)
DESIGN = np.column_stack([np.ones(16), GROUP])


def data(missing):
    values = np.random.default_rng(0).standard_normal((16, 40)).astype(np.float32)
    for row, voxels in missing.items():
        values[row, voxels] = np.nan
    return values


def test_a_voxel_is_fitted_to_the_rows_that_have_it():
    values = data({3: slice(0, 10), 12: slice(5, 20)})
    found = fitting.fit(values, DESIGN, np.array([[0.0, 1.0]]))
    for voxel in range(40):
        a, b = (values[group == GROUP, voxel] for group in (0, 1))
        expected = stats.ttest_ind(b, a, nan_policy="omit")
        assert found["statistic"][voxel] == pytest.approx(expected.statistic, rel=1e-5)
        assert found["minus_log10_p"][voxel] == pytest.approx(-np.log10(expected.pvalue), rel=1e-4)
        assert found["dof"][voxel] == expected.df
    assert found["n_rows"].min() == 14


def test_what_the_rows_cannot_tell_is_undefined():
    values = data(dict.fromkeys(range(8), 7))
    found = fitting.fit(values, DESIGN, np.array([[0.0, 1.0]]))
    assert np.isnan(found["statistic"][7]) and np.isfinite(np.delete(found["statistic"], 7)).all()
    assert set(found) >= {"effect", "g", "g_low", "g_high", "z"}


def test_patterns_cover_each_voxel_once():
    values = data({3: slice(0, 10), 12: slice(5, 20), 15: 39})
    found = list(fitting.patterns(values))
    assert len(found) == 5
    assert sorted(np.concatenate([voxels for _, voxels in found])) == list(range(40))
    for rows, voxels in found:
        np.testing.assert_array_equal(np.isfinite(values[:, voxels]), np.repeat(rows[:, None], len(voxels), 1))


def read(variance_groups=None, errors="auto"):
    rows, names = [f"r{k}" for k in range(16)], ["Intercept", "group"]
    return Read("m", errors, rows, np.arange(16), names, DESIGN, {}, variance_groups)


CONTRASTS = [
    {"name": "difference", "rows": ["group"], "joint": False},
    {"name": "mean", "rows": ["Intercept + 0.5 * group"], "joint": False},
    {"name": "both", "rows": ["Intercept", "group"], "joint": True},
]


def test_contrasts_permuted_job_by_job_are_as_those_permuted_at_once():
    grid = clusters.Grid(np.ones((2, 4, 5), dtype=bool))
    seeds = {"A": data({}), "B": data({})[::-1].copy()}
    whole = testing.model_of(read(), CONTRASTS, 50, 7)
    expected = inference.maxima_of_part(seeds, whole, grid)
    parts = {}
    for contrast in CONTRASTS:
        alone = testing.model_of(read(), [contrast], 50, 7)
        parts[contrast["name"]] = [inference.maxima_of_part(seeds, alone, grid, part, 3) for part in range(3)]
    found = testing.together(parts)
    assert found.families == expected.families and found.counts == expected.counts
    by_family = {
        one: [name for name in found.contrasts if found.families[name] == one] for one in found.families.values()
    }
    assert list(by_family.values()) == whole.families()
    for name in expected.contrasts:
        np.testing.assert_allclose(found.values[name], expected.values[name], rtol=1e-5)


def test_largest_values_of_other_things_are_not_put_together():
    grid = clusters.Grid(np.ones((2, 4, 5), dtype=bool))
    model = testing.model_of(read(), [CONTRASTS[0]], 50, 7)
    one, other = (
        [inference.maxima_of_part({"A": data({})}, model, grid, settings=models.Settings(measured))]
        for measured in (("voxel", "extent"), ("voxel",))
    )
    with pytest.raises(InputError, match=r"aged_contrast-age has the largest values of voxel, others.*voxel, extent"):
        testing.together({"difference": one, "aged_contrast-age": other})


AGE = np.linspace(-20, 20, 16)
WITH_AGE = read()._replace(model="aged", names=["Intercept", "group", "age"], matrix=np.column_stack([DESIGN, AGE]))
OTHERS = read()._replace(rows=[f"s{k}" for k in range(16)])


def test_models_of_the_same_rows_are_rearranged_alike():
    def signatures(of, contrast, n=50, seed=7):
        return testing.model_of(of, [contrast], n, seed).signature(contrast["name"])

    own = signatures(read(), CONTRASTS[0])
    age = {"name": "age", "rows": ["age"], "joint": False}
    assert own == signatures(WITH_AGE, CONTRASTS[0]) == signatures(WITH_AGE, age)
    for other in (
        signatures(read(), CONTRASTS[1]),
        signatures(OTHERS, CONTRASTS[0]),
        signatures(read(), CONTRASTS[0], n=51),
        signatures(read(), CONTRASTS[0], seed=8),
        # All distinct ones of the one, random ones of the other.
        signatures(read(), CONTRASTS[0], n=20_000),
    ):
        assert other != own


def maxima_of(of, contrast, values, grid, n=100):
    model = testing.model_of(of, [contrast], n, 7)
    settings = models.Settings(("voxel",))
    return model, [inference.maxima_of_part({"A": values}, model, grid, part, 2, settings) for part in range(2)]


def test_p_over_models_are_those_of_the_largest_value_of_all_or_by_bonferroni():
    grid, settings = clusters.Grid(np.ones((2, 4, 5), dtype=bool)), models.Settings(("voxel",))
    values = data({}).astype(np.float64)
    values[8:, :3] += 4
    first, parts = maxima_of(read(), CONTRASTS[0], values, grid)
    _, same = maxima_of(WITH_AGE, {"name": "age", "rows": ["age"], "joint": False}, values, grid)
    _, signs = maxima_of(read(), CONTRASTS[1], values, grid)

    def p(null):
        return inference.infer(values, first, "difference", "A", null, grid, settings).p_study

    alone = p(testing.together({"difference": parts}))
    over = p(testing.together({"difference": parts, "aged_contrast-age": same}))
    # By hand: how often the larger one of both models' maxima is as large.
    largest = np.maximum(
        *(
            np.concatenate([part.values[name][0, 0] for part in of])
            for name, of in (("difference", parts), ("age", same))
        )
    )
    observed = np.abs(
        inference.infer(
            values, first, "difference", "A", testing.together({"difference": parts}), grid, settings
        ).deviate
    )
    by_hand = [(np.sum(largest[1:] >= size * (1 - 1e-6)) + 1) / 100 for size in observed]
    np.testing.assert_allclose(over, by_hand)
    assert (over >= alone).all() and (over > alone).any() and over.min() < 0.05
    # Signs are no places: each on its own, and twice the p.
    both = p(testing.together({"difference": parts, "one_contrast-mean": signs}))
    np.testing.assert_allclose(both, np.minimum(2 * alone, 1))


def test_errors_over_models_are_held():
    grid, n = clusters.Grid(np.ones((2, 4, 5), dtype=bool)), 150
    found = {"within": 0, "over": 0}
    other = {"name": "age", "rows": ["age"], "joint": False}
    for number in range(n):
        values = np.random.default_rng((5, number)).standard_normal((16, 40))
        parts = {"difference": maxima_of(read(), CONTRASTS[0], values, grid, 40)[1]}
        parts["aged_contrast-age"] = maxima_of(WITH_AGE, other, values, grid, 40)[1]
        null = testing.together(parts)
        sizes = {name: null.values[name][0, 0, :1] for name in null.contrasts}
        within = [inference.corrected(size, null, "voxel", name, "A") for name, size in sizes.items()]
        over = [inference.corrected(size, null, "voxel", name) for name, size in sizes.items()]
        found["within"] += np.min(within) <= 0.05
        found["over"] += np.min(over) <= 0.05
    # 5 % of 150 are 7.5, of which 15 come once in a hundred times; two models each at 5 % find something in 9.8 %.
    low, high = stats.binom.interval(0.99, n, 0.05)
    assert low <= found["over"] <= high and found["within"] > found["over"] + 2, found


@pytest.mark.parametrize(("errors", "permute", "flip"), [("exchangeable", True, False), ("both", True, True)])
def test_the_config_says_what_is_rearranged(errors, permute, flip):
    scheme = testing.model_of(read(errors=errors), CONTRASTS[:1], 50, 7).permutations["difference"].scheme
    assert (scheme.permute, scheme.flip) == (permute, flip)
    assert "By the config" in scheme.reason


def test_sidecars_say_what_was_permuted():
    grid = clusters.Grid(np.ones((2, 4, 5), dtype=bool))
    options = {"permutations": {"n": 50, "seed": 7}, "clusters": {"threshold": 0.05, "neighbours": 26}, "tfce": False}
    settings = testing.settings_of(options, ["voxel", "extent"])
    assert settings.threshold == 0.05 and settings.statistics == ("voxel", "extent")
    model = testing.model_of(read(), CONTRASTS[1:2], 50, 7)
    null = inference.combine([inference.maxima_of_part({"A": data({})}, model, grid, settings=settings)])
    found = inference.infer(data({}), model, "mean", "A", null, grid, settings)
    brain = np.ones((2, 4, 5), dtype=bool)
    said = map_sidecars.of_permutations(model, "mean", options, brain, brain, grid)
    assert said["Number"] == 50 and not said["Exact"] and said["SmallestP"] == 1 / 50
    assert said["Rearranged"] == ["signs"] and "symmetric" in said["Assumption"] and said["Blocks"] is None
    values = map_sidecars.inferred_values("pfwe_desc-extent", found)
    for number, p in enumerate(found.clusters.p_extent, start=1):
        np.testing.assert_allclose(values[found.labels == number], -np.log10(p), rtol=1e-6)
    assert (values[found.labels == 0] == 0).all()
    np.testing.assert_allclose(10 ** -map_sidecars.inferred_values("pfwe_desc-voxel", found), found.p)


def test_sidecars_say_when_nothing_can_pass():
    grid, brain = clusters.Grid(np.ones((1, 1, 4), dtype=bool)), np.ones((1, 1, 4), dtype=bool)
    options = {"permutations": {"n": 500, "seed": 7}, "clusters": {"threshold": 0.05, "neighbours": 26}, "tfce": False}
    design = np.column_stack([np.ones(6), np.repeat([0.0, 1.0], 3)])
    small = Read("m", "auto", list("abcdef"), np.arange(6), ["Intercept", "group"], design, {}, None)
    values, settings = data({})[:6, :4], testing.settings_of(options, ["voxel"])
    of = {}
    for contrast in CONTRASTS[:2]:
        model = testing.model_of(small, [contrast], 500, 7)
        part = inference.maxima_of_part({"A": values}, model, grid, settings=settings)
        of[contrast["name"]] = (model, [part])
    model, parts = of["difference"]
    shared = {
        **{"Contrast": {"Name": "difference"}, "Model": "m", "Seed": {"label": "A"}, "Notes": ["A note."]},
        "NumberOfSubjects": 6,
    }

    def said(stat, null):
        found = inference.infer(values, model, "difference", "A", null, grid, settings)
        facts = map_sidecars.of_permutations(model, "difference", options, brain, brain, grid)
        made = map_sidecars.inferred_values(stat, found)
        about = map_sidecars.inferred(stat, made, shared, facts, null, "difference", "A", grid)
        # No p is below what is said to be the smallest, which the largest difference of three and three reaches.
        assert 10 ** -made.max() >= about["Permutations"]["SmallestP"] * (1 - 1e-6)
        return about

    alone = testing.together({"difference": parts})
    # 20 ways to share six subjects out by threes, of which each and its mirror image give one |t|.
    about = said("pfwe_desc-voxel", alone)
    assert about["Permutations"]["SmallestP"] == pytest.approx(2 / 20)
    assert about["Notes"] == ["A note.", "6 subjects allow no p below 0.1: nothing can pass 0.05."]
    assert attainable.out_of_reach(about, 0.1) is None and shared["Notes"] == ["A note."]
    # With means by signs there are two families.
    both = testing.together({"difference": parts, "other_contrast-mean": of["mean"][1]})
    assert said("pfwe_desc-voxel", both)["Permutations"]["SmallestP"] == pytest.approx(2 / 20)
    study = said("pfwestudy_desc-voxel", both)
    assert study["Permutations"]["SmallestP"] == pytest.approx(2 * 2 / 20)
    assert study["Notes"][1] == (
        "6 subjects with a correction over 2 families allow no p below 0.2: nothing can pass 0.05."
    )


def test_only_what_all_cover_is_permuted():
    stacked = np.stack([data({3: slice(0, 10)}), data({4: 12})])
    np.testing.assert_array_equal(np.flatnonzero(~testing.covered_by_all(stacked)), [*range(10), 12])
    filled = testing.filled(np.array([1.0, 2]), np.array([True, False, True]))
    np.testing.assert_array_equal(filled, [1, np.nan, 2])


def test_one_value_is_the_glm_s():
    values = data({})
    fitted = glm.fit(values, DESIGN, np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(fitting.fit(values, DESIGN, np.array([[0.0, 1.0]]))["z"], fitted.z, rtol=1e-5)


def test_a_missing_row_makes_no_other_effect_of_a_pair():
    # Cohen's d_z is the mean over the deviation of the differences; Hedges' factor by its gamma functions.
    subjects, session = np.repeat(np.arange(8), 2), np.tile([0.0, 1], 8)
    design = np.column_stack([np.eye(8)[subjects], session])
    values = np.random.default_rng(3).standard_normal((16, 4)) + np.repeat(np.arange(8.0), 2)[:, None]
    values[1::2] += 1
    values[5, 2] = np.nan
    found = fitting.fit(values, design, np.eye(9)[8:], subjects=subjects)
    differences = values[1::2] - values[0::2]
    for voxel in range(4):
        own = differences[np.isfinite(differences[:, voxel]), voxel]
        dof = len(own) - 1
        factor = special.gamma(dof / 2) / (np.sqrt(dof / 2) * special.gamma((dof - 1) / 2))
        np.testing.assert_allclose(found["g"][voxel], factor * own.mean() / own.std(ddof=1), rtol=1e-5)
        np.testing.assert_allclose(found["statistic"][voxel], stats.ttest_1samp(own, 0).statistic, rtol=1e-5)
    assert found["n_rows"].tolist() == [16, 16, 14, 16] and found["dof"].tolist() == [7, 7, 6, 7]


def test_a_contrast_that_no_voxel_can_tell_is_named():
    values = data({})
    values[8:] = np.nan
    with pytest.raises(InputError, match=r"^m, seed A: at none of the 40 voxels .*at most 8 of 16 rows"):
        fitting.fit(values, DESIGN, np.array([[0.0, 1.0]]), name="m, seed A")
    with pytest.raises(InputError, match="none of the 40 voxels of the group mask has a value in all 16 rows"):
        testing.covered_by_all(values[None])


def test_rows_of_one_subject_are_not_taken_for_independent_in_silence():
    subjects, session = np.repeat(np.arange(8), 2), np.tile([0.0, 1], 8)
    group = (subjects % 2).astype(float)
    design = np.column_stack([np.ones(16), group, session, group * session])
    twice = Read("m", "auto", [str(k) for k in range(16)], subjects, list("abcd"), design, {}, None)
    between, within = np.eye(4)[1:2], np.array([[0, 0, 1, 0.5]])
    # Two groups without an effect, two sessions of each subject that are all but the same: far more than 5 % pass.
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((8, 2000))[subjects] + 0.1 * rng.standard_normal((16, 2000))
    p = stats.ttest_ind(noise[group == 0], noise[group == 1]).pvalue
    assert (p < 0.05).mean() > 0.12
    assert testing.doubt(twice, between, "c") == testing.INDEPENDENCE
    assert testing.doubt(twice, within, "c") == testing.LEVELS
    testing.check_permuted(testing.LEVELS, False, "m, contrast c")
    assert testing.doubt(read(), np.array([[0.0, 1.0]]), "c") is None
    testing.check_permuted(testing.INDEPENDENCE, True, "m, contrast c")
    testing.check_permuted(None, False, "m, contrast c")
    with pytest.raises(InputError, match="^m, contrast c: subjects have several rows.*permutations.n is 0.*combine"):
        testing.check_permuted(testing.INDEPENDENCE, False, "m, contrast c")


def test_peaks_of_f_are_those_of_the_map_of_z():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((16, 40)).astype(np.float32)
    values[8:, :4] += 3
    grid, brain = clusters.Grid(np.ones((2, 4, 5), dtype=bool)), np.ones((2, 4, 5), dtype=bool)
    settings = testing.settings_of({"clusters": {"threshold": 0.05}}, ["voxel", "extent", "mass"])
    model = testing.model_of(read(), CONTRASTS[2:], 50, 7)
    null = inference.combine([inference.maxima_of_part({"A": values}, model, grid, settings=settings)])
    found = inference.infer(values, model, "both", "A", null, grid, settings)
    where = cluster_tables.Where.on_grid(brain, np.eye(4))
    table = cluster_tables.of_inference(found, where, False)
    fitted = fitting.fit(values, DESIGN, np.eye(2))
    without = cluster_tables.of_fit(fitted, np.ones(40, bool), grid, 0.05, where, False)
    # F of both means against 0: the normal deviate of its upper tail, by scipy.
    means = np.stack([values[:8].mean(axis=0), values[8:].mean(axis=0)])
    rest = ((values[:8] - means[0]) ** 2).sum(axis=0) + ((values[8:] - means[1]) ** 2).sum(axis=0)
    z = stats.norm.isf(stats.f.sf((8 * (means**2).sum(axis=0) / 2) / (rest / 14), 2, 14))
    np.testing.assert_allclose(np.max(table["peak"]), z.max(), rtol=1e-4)
    np.testing.assert_allclose(np.max(without["peak"]), z.max(), rtol=1e-4)
    # Without permutations a cluster weighs what it does with them.
    for column in ("extent", "mass"):
        np.testing.assert_allclose(without[column], table[column], rtol=1e-4)

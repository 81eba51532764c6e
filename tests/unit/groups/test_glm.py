"""The linear model beside scipy's tests, nilearn's second level and closed forms."""

import math

import nibabel
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from nilearn.glm.second_level import SecondLevelModel

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.groups import glm

N = 15
DRAW = np.random.default_rng(4)
DATA = DRAW.standard_normal((N, 40)) + 0.4
AGE, MOTION = DRAW.uniform(8, 70, N), DRAW.gamma(2, 0.1, N)
GROUP = np.repeat([0, 1, 2], [4, 5, 6])
ONE = np.ones(N)
DUMMIES = np.eye(3)[GROUP]


def same(ours, theirs):
    """t or F, and p as -log10."""
    np.testing.assert_allclose(ours.statistic, theirs.statistic, rtol=1e-9)
    np.testing.assert_allclose(ours.minus_log10_p, -np.log10(theirs.pvalue), rtol=1e-8, atol=1e-12)


def test_simple_designs_are_those_of_scipy():
    same(glm.fit(DATA, ONE[:, None], [1]), scipy.stats.ttest_1samp(DATA, 0))
    two = DUMMIES[:9, :2]
    same(glm.fit(DATA[:9], two, [1, -1]), scipy.stats.ttest_ind(DATA[:4], DATA[4:9]))
    groups = [DATA[group == GROUP] for group in range(3)]
    same(glm.fit(DATA, DUMMIES, [[1, -1, 0], [0, 1, -1]]), scipy.stats.f_oneway(*groups))
    fit = glm.fit(DATA, np.column_stack([ONE, AGE]), [0, 1])
    for voxel in range(5):
        found = scipy.stats.linregress(AGE, DATA[:, voxel])
        assert fit.effect[voxel] == pytest.approx(found.slope)
        assert fit.standard_error[voxel] == pytest.approx(found.stderr)
        r = fit.statistic[voxel] / math.sqrt(fit.statistic[voxel] ** 2 + fit.dof[voxel])
        expected = scipy.stats.pearsonr(AGE, DATA[:, voxel])
        assert (r, 10 ** -fit.minus_log10_p[voxel]) == (
            pytest.approx(expected.statistic),
            pytest.approx(expected.pvalue),
        )


def test_paired_sessions_are_those_of_scipy():
    subjects = np.repeat(np.arange(7), 2)
    design = np.column_stack([np.eye(7)[subjects], np.tile([0, 1], 7)])
    fit = glm.fit(DATA[:14], design, np.eye(8)[7], subjects=subjects)
    differences = DATA[1:14:2] - DATA[0:14:2]
    same(fit, scipy.stats.ttest_rel(DATA[1:14:2], DATA[0:14:2]))
    np.testing.assert_allclose(fit.effect, differences.mean(axis=0))
    alone = glm.fit(differences, np.ones((7, 1)), [1])
    for name in ("g", "g_low", "g_high"):
        np.testing.assert_allclose(getattr(fit, name), getattr(alone, name), rtol=1e-6)


def test_variance_groups_are_welchs():
    fit = glm.fit(DATA[:9], DUMMIES[:9, :2], [1, -1], variance_groups=GROUP[:9])
    expected = scipy.stats.ttest_ind(DATA[:4], DATA[4:9], equal_var=False)
    same(fit, expected)
    np.testing.assert_allclose(fit.dof, expected.df)
    np.testing.assert_allclose(fit.standard_error, fit.effect / expected.statistic)
    groups = [DATA[group == GROUP] for group in range(3)]
    same(
        glm.fit(DATA, DUMMIES, [[1, -1, 0], [0, 1, -1]], variance_groups=GROUP),
        scipy.stats.f_oneway(*groups, equal_var=False),
    )
    one_group = glm.fit(DATA, np.column_stack([DUMMIES, AGE]), [1, -1, 0, 0], variance_groups=np.zeros(N))
    ordinary = glm.fit(DATA, np.column_stack([DUMMIES, AGE]), [1, -1, 0, 0])
    np.testing.assert_array_equal(one_group.statistic, ordinary.statistic)
    np.testing.assert_array_equal(one_group.dof, ordinary.dof)


def test_effects_and_statistics_are_those_of_nilearns_second_level():
    mask = nibabel.Nifti1Image(np.ones((4, 5, 2), np.uint8), np.eye(4))
    images = [nibabel.Nifti1Image(values.reshape(4, 5, 2), np.eye(4)) for values in DATA]
    design = pd.DataFrame({"one": ONE, "age": AGE, "motion": MOTION, "b": GROUP == 1, "c": GROUP == 2}).astype(float)
    theirs = SecondLevelModel(mask_img=mask, minimize_memory=True).fit(images, design_matrix=design)
    kinds = {"effect": "effect_size", "statistic": "stat", "z": "z_score"}
    for contrast in ([0, 1, 0, 0, 0], [0, 0, 1, -0.3, 0], [1, 30, 0.2, 0, 0]):
        ours = glm.fit(DATA, design.to_numpy(), contrast)
        for name, kind in kinds.items():
            found = theirs.compute_contrast(np.array(contrast, float), output_type=kind).get_fdata().ravel()
            np.testing.assert_allclose(getattr(ours, name), found, rtol=1e-6, atol=1e-6)
    both = np.eye(5)[3:]
    ours = glm.fit(DATA, design.to_numpy(), both)
    found = {
        kind: theirs.compute_contrast(both, second_level_stat_type="F", output_type=kind).get_fdata().ravel()
        for kind in ("stat", "z_score")
    }
    np.testing.assert_allclose(ours.statistic, found["stat"], rtol=1e-6)
    np.testing.assert_allclose(ours.z, found["z_score"], rtol=1e-5, atol=1e-6)
    assert ours.effect is None and ours.g is None and ours.q == 2


def test_weights_and_coding_do_not_matter():
    cells = glm.fit(DATA, DUMMIES, [-1, 1, 0])
    treatment = glm.fit(DATA, np.column_stack([ONE, DUMMIES[:, 1:]]), [0, 1, 0])
    deficient = glm.fit(DATA, np.column_stack([ONE, DUMMIES]), [0, -1, 1, 0])
    scaled = glm.fit(DATA, DUMMIES, [-3, 3, 0])
    for other in (treatment, deficient, scaled):
        np.testing.assert_allclose(other.statistic, cells.statistic)
    np.testing.assert_allclose(scaled.effect, 3 * cells.effect)
    np.testing.assert_allclose(deficient.g, cells.g)
    twice = glm.fit(DATA, DUMMIES, [[-1, 1, 0], [-2, 2, 0], [0, 0, 0]])
    np.testing.assert_allclose(twice.statistic, cells.statistic**2)
    np.testing.assert_allclose(twice.minus_log10_p, cells.minus_log10_p)


def test_p_of_what_is_far_out_does_not_underflow():
    # scipy's logsf is right as long as p is a double; beyond, the tail falls as t^-dof.
    t = np.array([5.0, 30, 1000])
    np.testing.assert_allclose(glm.log_p(t**2, 1, 60), math.log(2) + scipy.stats.t.logsf(t, 60), rtol=1e-9)
    far = glm.log_p(np.array([1e14, 1e16]), 1, 60)
    assert far[1] - far[0] == pytest.approx(-60 * math.log(10), rel=1e-9)
    z = glm.deviate(glm.log_p(np.square([1e7, 1e8]), 1, 60))
    assert 37.5 < z[0] < 50 and z[0] < z[1] < 60


def test_hedges_g_has_the_noncentral_interval():
    n1, n2 = 4, 5
    fit = glm.fit(DATA[:9], DUMMIES[:9, :2], [1, -1], level=0.9)
    a, b = DATA[:4], DATA[4:9]
    pooled = np.sqrt(((n1 - 1) * a.var(axis=0, ddof=1) + (n2 - 1) * b.var(axis=0, ddof=1)) / (n1 + n2 - 2))
    d = (a.mean(axis=0) - b.mean(axis=0)) / pooled
    # Hedges' own approximation of the factor; it errs by less than 0.0003 here.
    np.testing.assert_allclose(fit.g, d * (1 - 3 / (4 * 7 - 1)), rtol=2e-3)
    scale = math.sqrt(n1 * n2 / (n1 + n2))
    np.testing.assert_allclose(scipy.stats.nct.cdf(fit.statistic, 7, fit.g_low * scale), 0.95, atol=1e-5)
    np.testing.assert_allclose(scipy.stats.nct.cdf(fit.statistic, 7, fit.g_high * scale), 0.05, atol=1e-5)
    one = glm.fit(DATA, ONE[:, None], [1])
    np.testing.assert_allclose(one.g, DATA.mean(axis=0) / DATA.std(axis=0, ddof=1) * (1 - 3 / (4 * 14 - 1)), rtol=1e-3)


@pytest.mark.parametrize("delta", [0.0, 0.5, 1.5])
def test_hedges_g_is_unbiased_and_its_interval_covers(delta):
    draw, n = np.random.default_rng(17), 8
    data = draw.standard_normal((2 * n, 20000))
    data[:n] += delta
    fit = glm.fit(data, np.repeat(np.eye(2), n, axis=0), [1, -1])
    assert fit.g.mean() == pytest.approx(delta, abs=5 * fit.g.std() / math.sqrt(fit.g.size))
    covered = ((fit.g_low <= delta) & (delta <= fit.g_high)).mean()
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / fit.g.size))


def test_voxels_without_residuals_are_nan():
    data = DATA.copy()
    data[:, 3], data[:, 7] = 0.3, GROUP
    fit = glm.fit(data, DUMMIES, [1, -1, 0], variance_groups=GROUP)
    for name in ("effect", "standard_error", "statistic", "z", "minus_log10_p", "g", "g_low", "g_high", "dof"):
        assert np.flatnonzero(np.isnan(getattr(fit, name))).tolist() == [3, 7], name


@pytest.mark.parametrize(
    ("design", "contrast", "said"),
    [
        (DUMMIES, [1, 0], "age: 2 weights were given for a design of 3 columns"),
        (DUMMIES, [0, 0, 0], "age: all weights are zero"),
        (np.column_stack([ONE, DUMMIES]), [0, 1, 0, 0], "age: it is not estimable"),
        (np.eye(N), np.eye(N)[0], "age: 15 observations leave no degree of freedom for a design of rank 15"),
        (np.full((N, 1), np.nan), [1], "finite"),
    ],
)
def test_contrasts_that_cannot_be_tested_are_named(design, contrast, said):
    with pytest.raises(InputError, match=said):
        glm.fit(DATA, design, contrast, name="age")


def test_data_and_variance_groups_that_cannot_be_used_are_named():
    holed = DATA.copy()
    holed[2, 5] = np.nan
    with pytest.raises(InputError, match="observation 3 has nan"):
        glm.fit(holed, ONE[:, None], [1])
    with pytest.raises(InputError, match=r"variance of group 9 \(1 observations\) cannot be estimated"):
        glm.fit(DATA, np.column_stack([ONE, np.eye(N)[0]]), [1, 0], variance_groups=np.where(np.arange(N), 1, 9))
    with pytest.raises(InputError, match="3 were given for 15"):
        glm.fit(DATA, ONE[:, None], [1], variance_groups=[1, 1, 2])


def test_without_a_column_for_each_subject_residuals_are_no_differences():
    # The residuals hold the subjects' own levels: g is the effect over their deviation, as of two groups.
    subjects, session = np.repeat(np.arange(7), 2), np.tile([0.0, 1], 7)
    fit = glm.fit(DATA[:14], np.column_stack([np.ones(14), session]), [0, 1], subjects=subjects)
    a, b = DATA[0:14:2], DATA[1:14:2]
    pooled = np.sqrt((a.var(axis=0, ddof=1) + b.var(axis=0, ddof=1)) / 2)
    expected = (b.mean(axis=0) - a.mean(axis=0)) / pooled * glm.correction(12)
    np.testing.assert_allclose(fit.g, expected, rtol=1e-6)


def test_intervals_of_an_effect_beyond_all_measure_are_undefined():
    values = np.random.default_rng(0).standard_normal((12, 3))
    values[:, 1] += 1e5
    fit = glm.fit(values, np.ones((12, 1)), [1])
    assert np.isnan([fit.g_low[1], fit.g_high[1]]).all() and np.isfinite(fit.g).all()
    alone = glm.fit(values[:, ::2], np.ones((12, 1)), [1])
    np.testing.assert_allclose(fit.g_low[::2], alone.g_low, atol=1e-4)
    np.testing.assert_allclose(fit.g_high[::2], alone.g_high, atol=1e-4)

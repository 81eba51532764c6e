"""Permutation inference: the same maxima as nilearn with the same permutations, and p as scipy has it."""

from dataclasses import replace

import nibabel
import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
from nilearn.maskers import NiftiMasker
from nilearn.mass_univariate import permuted_ols

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.groups import clusters, inference, models
from seed_to_voxel.groups.inference import Maxima
from seed_to_voxel.groups.models import Settings
from seed_to_voxel.groups.permuted import Kernel

N, SHAPE = 14, (7, 8, 6)
AS_NILEARN = {"scale": "statistic", "statistics": ("voxel", "extent", "mass")}


class Listed:
    """Permutations that are given, in the manner of `Permutations`."""

    exact, facts = False, ()

    def __init__(self, order, signs):
        self.order, self.signs, self.count = order, signs, len(order)

    def __getitem__(self, part):
        return self.order[part], self.signs[part]


def as_nilearn_draws(n_permutations, random_state, flips):
    """What `permuted_ols` draws with one job, after the arrangement as it is."""
    rng = np.random.RandomState(np.random.RandomState(random_state).randint(1, np.iinfo(np.int32).max - 1))
    order, signs = np.tile(np.arange(N), (n_permutations + 1, 1)), np.ones((n_permutations + 1, N), np.int8)
    rows = np.arange(N)
    for number in range(1, n_permutations + 1):
        if flips:
            signs[number] = signs[number - 1] * (rng.randint(2, size=(N, 1))[:, 0] * 2 - 1)
        else:
            rows = rows[rng.permutation(N)]
            order[number] = np.argsort(rows)
    return Listed(order, signs)


@pytest.fixture(scope="module")
def masked():
    mask = np.ones(SHAPE, bool)
    mask[0, :3] = mask[-1, :, 0] = False
    image = nibabel.Nifti1Image(mask.astype(np.uint8), np.diag([2.0, 2, 2, 1]))
    draw = np.random.default_rng(3)
    noise = scipy.ndimage.gaussian_filter(draw.standard_normal((N, *SHAPE)), (0, 1, 1, 1)) * 4
    noise[:, 2:5, 3:6, 2:4] += 0.8
    return mask, NiftiMasker(image).fit(), noise[:, mask]


DESIGNS = {
    "one sample": (np.ones((N, 1)), None, True),
    "one sample, covariates": (np.ones((N, 1)), 2, True),
    "two samples": (np.repeat([0.0, 1], N // 2)[:, None], None, False),
    "regression, covariates": (np.random.default_rng(5).standard_normal((N, 1)), 2, False),
}


@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize("name", DESIGNS)
def test_maxima_are_those_of_nilearn_with_the_same_permutations(masked, name, two_sided):
    mask, masker, data = masked
    tested, n_confounds, flips = DESIGNS[name]
    confounds = np.random.default_rng(8).standard_normal((N, n_confounds)) if n_confounds else None
    theirs = permuted_ols(
        tested,
        data,
        confounding_vars=confounds,
        model_intercept=not flips,
        n_perm=30,
        two_sided_test=two_sided,
        random_state=11,
        masker=masker,
        threshold=0.05,
        tfce=True,
        output_type="dict",
    )
    columns = [tested, *([] if flips else [np.ones((N, 1))]), *([confounds] if n_confounds else [])]
    design = np.hstack(columns)
    contrast = np.eye(design.shape[1])[0]
    model = models.model_of(design, {"tested": contrast}, n=31, seed=0)
    assert model.permutations["tested"].scheme.flip == flips
    model = replace(model, permutations={"tested": as_nilearn_draws(30, 11, flips)})
    grid = clusters.Grid(mask, 6)
    settings = Settings(threshold=0.05, two_sided=two_sided, **AS_NILEARN)
    ours = inference.maxima_of_part({"seed": data}, model, grid, settings=settings).values["tested"][:, 0]
    dof = N - design.shape[1]
    z = scipy.stats.norm.isf(scipy.stats.t.sf(theirs["h0_max_t"][0], dof))
    np.testing.assert_allclose(ours[0, 1:], z, atol=1e-6)
    np.testing.assert_array_equal(np.sort(ours[1, 1:]), np.sort(theirs["h0_max_size"][0]))
    np.testing.assert_allclose(np.sort(ours[2, 1:]), np.sort(theirs["h0_max_mass"][0]), atol=1e-6)
    # TFCE is summed over a hundred heights there, up to the map's largest, and not multiplied by what lies between two.
    settings = Settings(("tfce",), two_sided=two_sided, scale="statistic")
    enhanced = inference.maxima_of_part({"seed": data}, model, grid, settings=settings).values["tested"][0, 0, 1:]
    sums = enhanced / (theirs["h0_max_t"][0] / 100)
    np.testing.assert_allclose(np.sort(sums), np.sort(theirs["h0_max_tfce"][0]), rtol=0.03)
    # And what follows for each voxel and cluster.
    settings = Settings(threshold=0.05, two_sided=two_sided, **AS_NILEARN)
    null = inference.combine([inference.maxima_of_part({"seed": data}, model, grid, settings=settings)])
    found = inference.infer(data, model, "tested", "seed", null, grid, settings)
    np.testing.assert_allclose(found.fit.statistic, theirs["t"][0], atol=1e-6)
    np.testing.assert_allclose(found.p, 10 ** -theirs["logp_max_t"][0], atol=1e-9)
    at_peaks = found.clusters.peak
    np.testing.assert_array_equal(theirs["size"][0][at_peaks], found.clusters.extent)
    np.testing.assert_allclose(theirs["mass"][0][at_peaks], found.clusters.mass, atol=1e-6)


def fitted_anew(design, contrast, data, order, signs):
    """t or F of data rearranged after Freedman and Lane, by plain least squares, permutation by permutation."""
    contrast = np.atleast_2d(np.asarray(contrast, float))
    unused = np.linalg.svd(contrast)[2][np.linalg.matrix_rank(contrast) :]
    nuisance = design @ unused.T
    hat = nuisance @ np.linalg.pinv(nuisance)
    rank = np.linalg.matrix_rank(design)
    q = np.linalg.matrix_rank(contrast)
    for places, flips in zip(order, signs, strict=True):
        rest = data - hat @ data
        anew = hat @ data + flips[:, None] * rest[places]
        beta = np.linalg.pinv(design) @ anew
        variance = ((anew - design @ beta) ** 2).sum(axis=0) / (len(design) - rank)
        effect = contrast @ beta
        inverse = np.linalg.pinv(contrast @ np.linalg.pinv(design.T @ design) @ contrast.T)
        f = np.einsum("iv,ij,jv->v", effect, inverse, effect) / q / variance
        yield np.copysign(np.sqrt(f), effect[0]) if len(contrast) == 1 else f


SUBJECTS = np.repeat(np.arange(N // 2), 2)
SESSION = np.tile([0.0, 1], N // 2)
GROUP = np.repeat([0.0, 1], [6, 8])
ONE, NOISE = np.ones(N), np.random.default_rng(12).standard_normal((N, 2))
DUMMIES = np.eye(N // 2)[SUBJECTS].T

MODELS = {
    "mean, covariates": ([ONE, *NOISE.T], [1, 0, 0], None),
    "groups": ([ONE, GROUP], [0, 1], None),
    "groups, covariates": ([ONE, GROUP, *NOISE.T], [0, 1, 0, 0], None),
    "F of covariates": ([ONE, GROUP, *NOISE.T], [[0, 0, 1, 0], [0, 0, 0, 1]], None),
    "F of both groups' means": ([1 - GROUP, GROUP, NOISE[:, 0]], [[1, 0, 0], [0, 1, 0]], None),
    "sessions": ([*DUMMIES, SESSION], np.eye(8)[7], SUBJECTS),
    "sessions, motion": ([*DUMMIES, SESSION, NOISE[:, 0]], np.eye(9)[7], SUBJECTS),
    "groups of repeated measures": ([ONE, GROUP, SESSION], [0, 1, 0], SUBJECTS),
    "groups by sessions": ([*DUMMIES, SESSION, GROUP * SESSION], np.eye(9)[8], SUBJECTS),
    "mean of repeated measures": ([ONE, SESSION - 0.5], [1, 0], SUBJECTS),
}

OF_MEANS = ("groups of repeated measures", "mean of repeated measures")
"""What asks for the mean of each subject's two rows."""


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("two_sided", [True, False])
def test_permuted_statistics_are_those_of_data_that_are_fitted_anew(masked, name, two_sided):
    mask, _, data = masked
    columns, contrast, subjects = MODELS[name]
    design = np.column_stack(columns)
    model = models.model_of(design, {"c": contrast}, n=40, seed=2, subjects=subjects)
    order, signs = model.permutations["c"][:]
    of_rows = data
    if name in OF_MEANS:
        design, data = ((of[0::2] + of[1::2]) / 2 for of in (design, data))
    maps = np.array(list(fitted_anew(design, contrast, data, order, signs)))
    dof = len(design) - np.linalg.matrix_rank(design)
    if model.is_t("c"):
        z = np.copysign(scipy.stats.norm.isf(scipy.stats.t.sf(np.abs(maps), dof)), maps)
        expected = np.abs(z).max(axis=1) if two_sided else z.max(axis=1)
    else:
        p = scipy.stats.f.sf(maps, 2, dof)
        expected = scipy.stats.norm.isf(p / 2 if two_sided else p).max(axis=1)
    grid = clusters.Grid(mask)
    for statistics in (("voxel",), ("voxel", "mass")):
        settings = Settings(statistics, two_sided=two_sided)
        found = inference.maxima_of_part({"s": of_rows}, model, grid, settings=settings).values["c"][0, 0]
        # Whole maps go through a table.
        np.testing.assert_allclose(found, expected, atol=1e-6)
        single = inference.maxima_of_part({"s": of_rows.astype(np.float32)}, model, grid, settings=settings)
        np.testing.assert_allclose(single.values["c"][0, 0], expected, rtol=2e-5)


def test_regressors_that_stay_in_their_span_are_left_out(masked):
    for name, left in (("groups, covariates", 2), ("sessions", 0), ("sessions, motion", 1), ("mean, covariates", 2)):
        columns, contrast, subjects = MODELS[name]
        model = models.model_of(np.column_stack(columns), {"c": contrast}, n=40, seed=2, subjects=subjects)
        kernel = Kernel.of(model, "c", Settings(("voxel",)))
        assert len(kernel.rows(*model.permutations["c"][:], 0)) == 1 + left, name


def test_variance_groups_permute_welchs_t(masked):
    mask, _, data = masked
    design = np.column_stack([1 - GROUP, GROUP])
    model = models.model_of(design, {"c": [-1, 1]}, n=30, seed=5, variance_groups=GROUP)
    grid = clusters.Grid(mask)
    found = inference.maxima_of_part({"s": data}, model, grid).values["c"][:, 0]
    rest = data - data.mean(axis=0)
    assert model.permutations["c"].scheme.flip
    for number, signs in enumerate(model.permutations["c"][:][1]):
        moved = rest * signs[:, None]
        welch = scipy.stats.ttest_ind(moved[GROUP == 1], moved[GROUP == 0], equal_var=False)
        z = np.copysign(scipy.stats.norm.isf(welch.pvalue / 2), welch.statistic)
        assert found[0, number] == pytest.approx(np.abs(z).max(), rel=1e-5)
        extent, mass = clusters.largest(z[None], scipy.stats.norm.isf(0.0005), grid)[""]
        assert (found[1, number], found[2, number]) == (extent[0], pytest.approx(mass[0], abs=1e-4))
    null = inference.combine([inference.maxima_of_part({"s": data}, model, grid)])
    assert np.nanmin(inference.infer(data, model, "c", "s", null, grid).p) >= 1 / 30
    # The same as an F contrast of several rows.
    twice = models.model_of(design, {"c": [[-1, 1], [-2, 2]]}, n=30, seed=5, variance_groups=GROUP)
    f_null = inference.combine([inference.maxima_of_part({"s": data}, twice, grid)])
    np.testing.assert_allclose(f_null.values["c"][0], null.values["c"][0], rtol=1e-6)
    f_found = inference.infer(data, twice, "c", "s", f_null, grid)
    np.testing.assert_allclose(f_found.p, inference.infer(data, model, "c", "s", null, grid).p)
    with pytest.raises(InputError, match="set the scale to z"):
        inference.maxima_of_part({"s": data}, model, grid, settings=Settings(scale="statistic"))


def largest_t(data):
    return np.abs(scipy.stats.ttest_1samp(data, 0, axis=-1).statistic)


@pytest.mark.parametrize("kind", ["one sample", "paired", "two samples", "correlation"])
def test_p_of_all_rearrangements_is_that_of_scipy(kind):
    """Of a single voxel, where correction over voxels changes nothing."""
    draw = np.random.default_rng(21)
    y = draw.standard_normal(12) + 0.3
    subjects, options = None, {"n_resamples": np.inf, "alternative": "greater"}
    if kind == "one sample":
        y = y[:9]
        design, contrast = np.ones((9, 1)), [1]
        expected = scipy.stats.permutation_test((y,), largest_t, permutation_type="samples", **options)
    elif kind == "paired":
        design, contrast = np.column_stack([np.eye(6)[SUBJECTS[:12]], SESSION[:12]]), np.eye(7)[6]
        subjects = SUBJECTS[:12]
        differences = (y[1::2] - y[::2],)
        expected = scipy.stats.permutation_test(differences, largest_t, permutation_type="samples", **options)
    elif kind == "two samples":
        y, group = y[:9], np.repeat([0.0, 1], [4, 5])
        design, contrast = np.column_stack([np.ones(9), group]), [0, 1]
        expected = scipy.stats.permutation_test(
            (y[:4], y[4:]), lambda a, b: abs(scipy.stats.ttest_ind(a, b).statistic), vectorized=False, **options
        )
    else:
        y, age = y[:6], draw.standard_normal(6)
        design, contrast = np.column_stack([np.ones(6), age]), [0, 1]
        expected = scipy.stats.permutation_test(
            (age,),
            lambda x: abs(scipy.stats.pearsonr(x, y).statistic),
            permutation_type="pairings",
            vectorized=False,
            **options,
        )
    model = models.model_of(design, {"c": contrast}, n=2000, seed=0, subjects=subjects)
    assert model.permutations["c"].exact
    grid, settings = clusters.Grid(np.ones((1, 1, 1), bool)), Settings(("voxel",))
    for kind_of_float in (np.float64, np.float32):
        data = y[:, None].astype(kind_of_float)
        null = inference.combine([inference.maxima_of_part({"s": data}, model, grid, settings=settings)])
        found = inference.infer(data, model, "c", "s", null, grid, settings)
        assert found.p[0] == pytest.approx(expected.pvalue, abs=1e-12)


@pytest.fixture(scope="module")
def study(masked):
    """Three seeds, with an effect in the second; a mean, a slope and an F."""
    mask, _, data = masked
    draw = np.random.default_rng(6)
    seeds = {"a": draw.standard_normal(data.shape), "b": data, "c": draw.standard_normal(data.shape)}
    design = np.column_stack([ONE, NOISE])
    contrasts = {"mean": [1, 0, 0], "slope": [0, 1, 0], "both": [[0, 1, 0], [0, 0, 1]]}
    model = models.model_of(design, contrasts, n=60, seed=1)
    return seeds, model, clusters.Grid(mask)


def test_the_number_of_parts_changes_nothing(study, tmp_path):
    seeds, model, grid = study
    for n_parts, settings in ((2, Settings()), (7, Settings(("mass",))), (20, Settings(("voxel",)))):
        whole = inference.maxima_of_part(seeds, model, grid, settings=settings)
        parts = []
        for part in range(n_parts):
            found = inference.maxima_of_part(seeds, model, grid, part, n_parts, settings)
            np.savez(tmp_path / f"{part}.npz", **found.arrays())
            with np.load(tmp_path / f"{part}.npz") as arrays:
                parts.append(Maxima.of_arrays(arrays))
        together = inference.combine(parts[::-1])
        for contrast in model.contrasts:
            # TFCE sums over as many maps as fit into a block.
            np.testing.assert_allclose(together.values[contrast], whole.values[contrast], rtol=1e-13)
        assert (together.counts, together.families) == (whole.counts, whole.families)


def test_corrected_over_seeds_and_contrasts(study):
    seeds, model, grid = study
    assert model.families() == [["mean"], ["slope", "both"]]
    null = inference.combine([inference.maxima_of_part(seeds, model, grid)])
    found = {(c, s): inference.infer(seeds[s], model, c, s, null, grid) for c in model.contrasts for s in seeds}
    for (contrast, seed), one in found.items():
        family = ["mean"] if contrast == "mean" else ["slope", "both"]
        most = np.array([null.values[name][0].max(axis=0) for name in family]).max(axis=0)
        within = null.values[contrast][0, list(seeds).index(seed)]
        sizes = np.abs(one.deviate)
        for voxel in np.argsort(-sizes)[:5]:
            expected = (within >= sizes[voxel] * (1 - 1e-6)).mean()
            assert one.p[voxel] == pytest.approx(expected)
            # Two families: signs and places are not the same permutations.
            assert one.p_study[voxel] == pytest.approx(min(1, 2 * (most >= sizes[voxel] * (1 - 1e-6)).mean()))
        assert (one.p_study >= one.p).all() and (one.p_tfce_study >= one.p_tfce).all()
        assert (one.clusters.p_mass_study >= one.clusters.p_mass).all()
        assert one.p.min() >= 1 / 60
    best = found["mean", "b"]
    assert best.p.min() == best.p_tfce.min() == best.clusters.p_mass.min() == 1 / 60
    assert best.p_tfce_study.min() == 2 / 60
    effect = np.zeros(SHAPE, bool)
    effect[2:5, 3:6, 2:4] = True
    assert np.mean(effect.ravel()[np.flatnonzero(mask_of(grid))[best.p_tfce <= 0.05]]) > 0.5


def mask_of(grid):
    """The mask of `masked` again, as a flat array."""
    mask = np.ones(SHAPE, bool)
    mask[0, :3] = mask[-1, :, 0] = False
    assert mask.sum() == grid.n_voxels
    return mask.ravel()


def test_constant_voxels_are_left_out(study):
    seeds, model, grid = study
    data = seeds["b"].copy()
    data[:, 4] = 0.0
    null = inference.combine([inference.maxima_of_part({"b": data}, model, grid)])
    assert all(np.isfinite(values).all() for values in null.values.values())
    one = inference.infer(data, model, "slope", "b", null, grid)
    assert np.flatnonzero(np.isnan(one.p)).tolist() == np.flatnonzero(np.isnan(one.tfce)).tolist() == [4]


def test_parts_and_data_that_do_not_fit_are_said(study):
    seeds, model, grid = study
    parts = [inference.maxima_of_part(seeds, model, grid, part, 3, Settings(("voxel",))) for part in range(3)]
    with pytest.raises(InputError, match="mean: permutations 20 to 40 are not there once"):
        inference.combine([parts[0], parts[2]])
    with pytest.raises(InputError, match="not there once"):
        inference.combine([*parts, parts[1]])
    with pytest.raises(InputError, match="40 permutations of 60 are there"):
        inference.combine(parts[:2])
    other = inference.maxima_of_part({"a": seeds["a"]}, model, grid, 1, 3, Settings(("voxel",)))
    with pytest.raises(InputError, match="different models: seeds"):
        inference.combine([parts[0], other])
    with pytest.raises(InputError, match="extent, mass, tfce asked for"):
        inference.infer(seeds["a"], model, "mean", "a", inference.combine(parts), grid)
    with pytest.raises(InputError, match=r"seed a: data of 14 observations and 5 voxels do not fit"):
        inference.maxima_of_part({"a": seeds["a"][:, :5]}, model, grid)
    holed = seeds["a"].copy()
    holed[3, 9] = np.nan
    with pytest.raises(InputError, match="observation 4 has nan"):
        inference.maxima_of_part({"a": holed}, model, grid)
    for wrong in ({"statistics": ("voxels",)}, {"scale": "t"}, {"threshold": 0}):
        with pytest.raises(InputError, match="inference: "):
            Settings(**wrong)


FEW = {
    "mean of 5, a covariate": (5, "mean", 1),
    "mean of 6": (6, "mean", 0),
    "4 against 4": (8, "difference", 0),
    "3 against 3": (6, "difference", 0),
}


@pytest.mark.parametrize("strong", [1.0, 30.0])
@pytest.mark.parametrize("name", FEW)
def test_no_p_is_smaller_than_can_be(name, strong):
    n, what, n_covariates = FEW[name]
    draw = np.random.default_rng(4)
    covariates = draw.standard_normal((n, n_covariates))
    design = np.column_stack([np.ones(n), np.arange(n) % 2, covariates - covariates.mean(axis=0)])
    if what == "mean":
        design = np.delete(design, 1, axis=1)
    model = models.model_of(design, {"c": np.eye(design.shape[1])[0 if what == "mean" else 1]}, n=5000, seed=0)
    least = models.smallest_p(model, "c")
    # One of two is the data's own again but for the sign: without it, p would be half as large.
    assert model.permutations["c"].exact and least == 2 / model.permutations["c"].count
    grid = clusters.Grid(np.ones((4, 4, 4), bool))
    settings = Settings(("voxel", "mass", "tfce"), 0.01)
    for _ in range(8):
        data = draw.standard_normal((n, 64))
        data[:, :8] += strong * (1 if what == "mean" else design[:, 1:2] - 0.5)
        data = (0.15 * data + 0.5 * (what == "mean")).astype(np.float32)
        null = inference.combine([inference.maxima_of_part({"s": data}, model, grid, settings=settings)])
        found = inference.infer(data, model, "c", "s", null, grid, settings)
        assert min(found.p.min(), found.p_tfce.min(), found.clusters.p_mass.min(initial=1)) >= least - 1e-12
        # The data as they are have one value, however it was computed.
        of_data = null.values["c"][:, 0, 0]
        np.testing.assert_allclose(of_data[[0, 2]], [np.abs(found.deviate).max(), np.abs(found.tfce).max()], rtol=1e-5)


@pytest.mark.parametrize("n", [20, 32, 64, 70, 252, 256, 1024, 5000])
@pytest.mark.parametrize("level", [0.05, 0.025])
@pytest.mark.parametrize("alike", [False, True])
def test_a_critical_value_is_the_smallest_that_passes(n, level, alike):
    maxima = np.random.default_rng(n).uniform(2, 5, n)
    if alike:
        # As of two-sided tests, whose mirror images come out alike to the last digits.
        maxima[n // 2 :] = maxima[: n // 2] * (1 + 1e-12)
    found = inference.critical_value(maxima, level)
    # Whoever reached a value would be among those who do.
    p = np.array([((maxima[1:] >= value * (1 - 1e-9)).sum() + 1) / n for value in maxima])
    possible = maxima[p <= level + 1e-12]
    assert found == (pytest.approx(possible.min(), rel=1e-8) if possible.size else None)
    if found is not None:
        assert inference.exceeded(np.array([found]), maxima)[0] <= level
        below = maxima[maxima < found * (1 - 1e-8)].max()
        assert inference.exceeded(np.array([below]), maxima)[0] > level


def test_there_is_no_critical_value_where_nothing_can_pass():
    assert inference.critical_value(np.array([3.0, 2, 1] * 5), 0.05) is None

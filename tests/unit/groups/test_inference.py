"""Permutation inference: the same maxima as nilearn with the same permutations, and p as scipy has it."""

from dataclasses import replace

import nibabel
import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
from nilearn.maskers import NiftiMasker
from nilearn.mass_univariate import permuted_ols

from seed_to_voxel.groups import clusters, inference, models
from seed_to_voxel.groups.models import Settings

N, SHAPE = 14, (7, 8, 6)
AS_NILEARN = {"scale": "statistic", "statistics": ("voxel", "extent", "mass")}


class Listed:
    """Permutations that are given, in the manner of `Permutations`."""

    exact = False

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
    # And what follows for each voxel and cluster.
    null = inference.combine([inference.maxima_of_part({"seed": data}, model, grid, settings=settings)])
    found = inference.infer(data, model, "tested", "seed", null, grid, settings)
    np.testing.assert_allclose(found.fit.statistic, theirs["t"][0], atol=1e-6)
    np.testing.assert_allclose(found.p, 10 ** -theirs["logp_max_t"][0], atol=1e-9)
    at_peaks = found.clusters.peak
    np.testing.assert_array_equal(theirs["size"][0][at_peaks], found.clusters.extent)
    np.testing.assert_allclose(theirs["mass"][0][at_peaks], found.clusters.mass, atol=1e-6)

"""Runs of several subjects as a page holds them, beside correlations of their series."""

import nibabel
import numpy as np
import pytest
from made_maps import brain
from made_runs import explored, pooled_group

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.connectivity import pooled
from seed_to_voxel.pages import explorer


@pytest.fixture(scope="module")
def group():
    members, series, _ = pooled_group()
    return list(pooled.by_subject(members)), series


def mean_z(subjects, series, seed):
    """Mean over subjects of Fisher z, of their runs by weight, straight from the series; NaN where there is none."""
    of_runs = iter(series)
    rows = []
    with np.errstate(invalid="ignore"):
        for runs in subjects:
            own = [
                np.arctanh(np.clip(np.corrcoef(a[:, seed], a.T)[0, 1:], -1 + 1e-7, 1 - 1e-7))
                for _, a in zip(runs, of_runs, strict=False)
            ]
            weights = np.array([run.about["weight"] for run in runs])[:, None] * np.isfinite(own)
            rows.append(np.nansum(weights * np.nan_to_num(own), axis=0) / weights.sum(axis=0))
    return np.nanmean(rows, axis=0)


def levels_of(subjects, pool):
    """Unit values of each run of each subject as a page has them, beside the runs' weights."""
    for runs in subjects:
        found = [pooled.rounded(pooled.on(pool.mask, run), pool.fineness).astype(float) for run in runs]
        with np.errstate(invalid="ignore"):
            yield [levels / np.linalg.norm(levels, axis=0) for levels in found], pooled.weights(runs)


def test_the_mean_of_rounded_runs_is_as_near_as_is_said(group):
    subjects, series = group
    pool = pooled.fit(subjects, 0.5, 1e9, explorer.packed)
    assert (pool.step, pool.fineness, len(pool.texts), list(map(len, pool.texts))) == (1, 127, 3, [1, 1, 2])
    said = pooled.accuracy(subjects, pool, tried=50)
    # The grid is turned from left to right: position in the series of each voxel of the pool.
    of_run = np.full(brain().shape, -1)
    of_run[brain()[::-1] != 0] = np.arange(series[0].shape[1])
    order = of_run[::-1][pool.mask]
    n = int(pool.mask.sum())
    worst, worst_r = 0.0, 0.0
    for seed in range(0, n, n // 15):
        exact = mean_z(subjects, series, order[seed])[order]
        sums, count = np.zeros(n), np.zeros(n)
        for units, weights in levels_of(subjects, pool):
            z = np.array([np.arctanh(np.clip(own[:, seed] @ own, -1 + 1e-7, 1 - 1e-7)) for own in units])
            own_weights = np.array(weights)[:, None] * np.isfinite(z)
            with np.errstate(invalid="ignore"):
                own = np.nansum(own_weights * np.nan_to_num(z), axis=0) / own_weights.sum(axis=0)
            sums[np.isfinite(own)] += own[np.isfinite(own)]
            count += np.isfinite(own)
        near = sums / count
        other = np.arange(n) != seed
        moderate = other & (np.abs(exact) < 1)
        worst = max(worst, np.abs(near - exact)[moderate].max())
        worst_r = max(worst_r, np.abs(np.tanh(near) - np.tanh(exact))[other].max())
    # Other pairs than those that were compared.
    assert 0.8 * worst < said.moderate < 1.5 * worst and worst < 0.03
    assert 0.8 * worst_r < said.of_r < 1.5 * worst_r
    assert 0 < said.usual < 0.03


def test_subjects_are_rounded_then_thinned_out_then_left_out(group):
    subjects, _ = group
    budget, tried = 1e9, []
    # Voxels of 8 mm are the coarsest: nothing is thinned out.
    while True:
        try:
            pool = pooled.fit(subjects, 0.5, budget, explorer.packed)
        except InputError as error:
            assert "group_megabytes" in str(error) and "1 of 3 participants fit" in str(error)
            break
        assert pool.size == sum(len(text) for runs in pool.texts for run in runs for text in run.values()) <= budget
        tried.append((pool.fineness, len(pool.texts)))
        budget = pool.size - 1
    assert tried == [(127, 3), (90, 3), (64, 3), (45, 3), (45, 2)]


def test_a_finer_grid_is_thinned_out_before_anybody_is_left_out(group):
    subjects = [
        [
            pooled.Member(
                run.about,
                run.values,
                run.mask,
                run.affine @ np.diag([0.5, 0.5, 0.5, 1]),
                run.background,
                run.image_shape,
                run.image_affine,
            )
            for run in runs
        ]
        for runs in group[0]
    ]
    fine = pooled.fit(subjects, 0.5, 1e9, explorer.packed)
    tight = pooled.fit(subjects, 0.5, 0.2 * fine.size, explorer.packed)
    assert (fine.step, tight.step, len(tight.texts)) == (1, 2, 3)
    np.testing.assert_allclose(np.diag(tight.affine)[:3], 8)
    np.testing.assert_array_equal(tight.mask, pooled.common_mask(subjects, 0.5)[::2, ::2, ::2])
    run = subjects[0][0]
    half = pooled.every(run, 2)
    whole = np.full(run.mask.shape, np.nan)
    whole[run.mask] = run.values[3]
    np.testing.assert_array_equal(half.values[3], whole[::2, ::2, ::2][half.mask])


@pytest.mark.parametrize(("edge", "step"), [(2, 2), (2.4, 2), (3, 1), (4, 1), (1.5, 2), (1, 3)])
def test_voxels_of_a_group_are_not_smaller_than_3_mm(edge, step):
    assert pooled.first_step(np.diag([edge, -edge, edge, 1.0])) == step


def test_a_voxel_that_enough_subjects_cover_is_in_the_mask(group):
    subjects, _ = group
    all_have, some_have, two_thirds = (pooled.common_mask(subjects, share) for share in (1.0, 0.0, 2 / 3))
    # Voxel 7 is constant in two of three, voxel 900 in one; voxel 40 in one of two runs of the third alone.
    assert some_have.sum() - all_have.sum() == 2 and two_thirds.sum() - all_have.sum() == 1


def test_nothing_vanishes_by_being_rounded():
    values = np.full((400, 3), 0.05, dtype=np.float32)
    values[7, 1] = -0.06
    values[:, 2] = 0
    levels = pooled.rounded(values, 8)
    assert levels.shape == (8, 3)
    assert (levels != 0).sum(axis=0).tolist() == [1, 1, 0] and levels[7, 1] == -1


def test_runs_on_other_grids_are_refused_by_name(group):
    subjects, _ = group
    run = subjects[1][0]
    moved = pooled.Member(
        run.about, run.values, run.mask, run.affine, run.background, run.image_shape, run.image_affine + np.eye(4)
    )
    with pytest.raises(InputError, match="sub-02 is on another grid than sub-01: .*figures.viewers.runs"):
        pooled.check_grids([subjects[0][0], moved])


def test_a_run_of_small_voxels_is_thinned_out_where_it_is_reduced():
    given, places = explored()
    small = np.diag([0.25, 0.25, 0.25, 1])
    mask, mean = (nibabel.Nifti1Image(np.asarray(image.dataobj), small @ image.affine) for image in given["images"])
    run = pooled.member_of(given["series"], mask, mean, {"run": "a"})
    assert run.about["step"] == 2 and run.image_shape == brain().shape
    np.testing.assert_allclose(np.diag(run.affine)[:3], 4)
    there = nibabel.affines.apply_affine(run.affine, np.argwhere(run.mask))
    # The place of each voxel of the run, of which some are left.
    position = {tuple(place): number for number, place in enumerate(np.round(places / 4, 3).tolist())}
    left = [position[tuple(place)] for place in np.round(there, 3).tolist()]
    assert len(left) == run.values.shape[1] and 0.1 < len(left) / len(places) < 0.15
    r = np.corrcoef(given["series"][:, left[200]], given["series"][:, left].T)[0, 1:]
    np.testing.assert_allclose(run.values[:, 200] @ run.values, r, atol=2e-4)

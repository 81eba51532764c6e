"""The carpet's data, held against nilearn's cleaning and numpy."""

import numpy as np
from nilearn.signal import clean

from seed_to_voxel.cleaning import operators
from seed_to_voxel.quality import carpet

T = 60


def test_voxels_are_spread_over_the_mask():
    assert carpet.spread_over(30_000).tolist() == np.linspace(0, 29_999, 500).astype(int).tolist()
    assert carpet.spread_over(7).tolist() == list(range(7))


def test_courses_before_and_after_cleaning():
    rng = np.random.default_rng(3)
    shared = rng.standard_normal(T)
    raw = (
        9000 + 40 * rng.standard_normal((T, 12)) + np.linspace(0, 30, 12) * shared[:, None] + 5 * np.arange(T)[:, None]
    )
    raw = raw.astype(np.float32)
    before, after = carpet.before_and_after(raw, operators.cleaning_operator(T, 2.0, True, 0.01, 0.1))
    assert before.shape == after.shape == (12, T)
    detrended = clean(raw.astype(float), detrend=True, standardize="zscore_sample", filter=False)
    band = clean(raw.astype(float), detrend=True, standardize="zscore_sample", high_pass=0.01, low_pass=0.1, t_r=2.0)
    order = np.argsort(-(detrended.mean(axis=1) @ detrended))
    np.testing.assert_allclose(before, detrended[:, order].T, atol=1e-3)
    np.testing.assert_allclose(after, band[:, order].T, atol=1e-3)
    # The more a voxel shares, the further up it stands.
    assert order[0] >= 8 and order[-1] <= 3


def test_volumes_that_are_not_kept_have_no_course_after_cleaning():
    rng = np.random.default_rng(4)
    raw = (1000 + rng.standard_normal((T, 6))).astype(np.float32)
    raw[:, 2] = 1000
    kept = np.ones(T, dtype=bool)
    kept[[0, 1, 30]] = False
    raw[~kept] += 500
    before, after = carpet.before_and_after(raw, operators.cleaning_operator(T, 2.0, True, 0.01, 0.1, kept=kept))
    assert np.isfinite(before).all()
    constant = (before[:, kept] == 0).all(axis=1) | (np.abs(before[:, kept]).max(axis=1) < 1e-3)
    np.testing.assert_allclose(before[~constant][:, kept].std(axis=1, ddof=1), 1, rtol=1e-3)
    assert np.isnan(after[:, ~kept]).all()
    assert np.isnan(after).all(axis=1).sum() == 1
    np.testing.assert_allclose(np.nanstd(after[np.isfinite(after).any(axis=1)], axis=1, ddof=1), 1, rtol=1e-3)

"""Parts of a run: against maps made one by one, and against closed forms of planted signal and noise."""

from functools import partial

import numpy as np
import pytest
from nilearn.signal import clean
from scipy import stats

from seed_to_voxel.cleaning.operators import cleaning_operator
from seed_to_voxel.connectivity.correlation import fisher_z, pearson
from seed_to_voxel.series.passes import Smoothed
from seed_to_voxel.statistics import reliability


def as_they_are(seeds, voxels):
    """Maps of parts of series that nobody cleans."""
    return lambda volumes, places: fisher_z(pearson(seeds[volumes], voxels[volumes, places]))


def kinds(found):
    return [(split.kind, split.minutes) for split in found]


def test_parts_of_a_run_of_ten_minutes():
    found = reliability.splits(np.ones(300, dtype=bool), 2.0)
    assert kinds(found)[0] == ("halves", 5)
    assert kinds(found)[1:] == [("growth", minutes) for minutes in (1, 2, 3, 4) for _ in range(2)]
    for split in found:
        assert not set(split.first) & set(split.second)
    halves, first, last = found[:3]
    assert halves.first.tolist() == list(range(150)) and halves.second.tolist() == list(range(150, 300))
    # The first minute against the second half, the last one against the first.
    assert first.first.tolist() == list(range(30)) and last.first.tolist() == list(range(270, 300))
    assert first.second.tolist() == halves.second.tolist() and last.second.tolist() == halves.first.tolist()


def test_time_is_that_of_kept_volumes():
    kept = np.ones(121, dtype=bool)
    kept[20:40] = False
    found = reliability.splits(kept, 2.0)
    halves = found[0]
    # 101 are kept: the one in the middle is in neither half.
    assert len(halves.first) == len(halves.second) == 50 and halves.minutes == pytest.approx(50 / 30)
    assert set(np.flatnonzero(kept)) - {*halves.first, *halves.second} == {70}
    assert reliability.splits(np.ones(19, dtype=bool), 2.0) == []


def test_agreement_is_the_correlation_of_two_maps():
    rng = np.random.default_rng(3)
    seeds, voxels = rng.standard_normal((90, 2)), rng.standard_normal((90, 50)).astype(np.float32)
    voxels += 0.5 * seeds[:, :1].astype(np.float32)
    voxels[:, 7] = 1
    tested = np.ones((2, 50), dtype=bool)
    tested[1, :20] = False
    parts = reliability.splits(np.ones(90, dtype=bool), 2.0)
    found = reliability.agreement(as_they_are(seeds, voxels), parts, tested, slab=13)
    for row, part in zip(found, parts, strict=True):
        for seed in range(2):
            chosen = [voxel for voxel in np.flatnonzero(tested[seed]) if voxel != 7]
            maps = [
                [np.arctanh(np.corrcoef(seeds[rows, seed], voxels[rows, voxel])[0, 1]) for voxel in chosen]
                for rows in (part.first, part.second)
            ]
            assert row[seed] == pytest.approx(np.corrcoef(*maps)[0, 1], abs=1e-5)


def test_a_seed_without_a_series_has_none():
    rng = np.random.default_rng(4)
    seeds, voxels = rng.standard_normal((40, 2)), rng.standard_normal((40, 30)).astype(np.float32)
    seeds[:, 1] = np.nan
    parts = reliability.splits(np.ones(40, dtype=bool), 3.0)
    found = reliability.agreement(as_they_are(seeds, voxels), parts, np.ones((2, 30), dtype=bool))
    assert np.isfinite(found[:, 0]).all() and np.isnan(found[:, 1]).all()


def test_planted_signal_has_the_reliability_of_its_variances():
    """Arctanh r of Gaussians has the variance 1 / (n - 3), whatever r is (Fisher 1921)."""
    rng = np.random.default_rng(5)
    n, n_voxels, spread = 400, 20_000, 0.15
    # Of the same variance in each part.
    seed = np.tile([-1.0, 1.0], n // 2)[:, None]
    rho = np.tanh(spread * rng.standard_normal(n_voxels))
    voxels = (rho * seed + np.sqrt(1 - rho**2) * rng.standard_normal((n, n_voxels))).astype(np.float32)
    parts = reliability.splits(np.ones(n, dtype=bool), 2.0)
    found = reliability.agreement(as_they_are(seed, voxels), parts, np.ones((1, n_voxels), dtype=bool))[:, 0]
    for r, part in zip(found, parts, strict=True):
        wanted = np.prod([spread**2 / (spread**2 + 1 / (len(rows) - 3)) for rows in (part.first, part.second)]) ** 0.5
        assert r == pytest.approx(wanted, abs=0.03), part.kind
    halves = found[0]
    # What halves say of the whole run, and of another length, holds for maps of that length.
    whole = spread**2 / (spread**2 + 1 / (n - 3))
    assert reliability.spearman_brown(halves) == pytest.approx(whole, abs=0.02)
    needed = reliability.minutes_needed(halves, n / 2 * 2 / 60)
    volumes = needed * 60 / 2
    assert spread**2 / (spread**2 + 1 / (volumes - 3)) == pytest.approx(0.8, abs=0.02)
    at_four = [r for r, part in zip(found, parts, strict=True) if (part.kind, part.minutes) == ("growth", 4)]
    assert reliability.expected(halves, n / 60, 4) == pytest.approx(np.mean(at_four), abs=0.02)


def test_noise_alone_has_none():
    rng = np.random.default_rng(6)
    seeds, voxels = rng.standard_normal((200, 40)), rng.standard_normal((200, 3000)).astype(np.float32)
    (halves,) = reliability.splits(np.ones(200, dtype=bool), 2.0)[:1]
    found = reliability.agreement(as_they_are(seeds, voxels), [halves], np.ones((40, 3000), dtype=bool))[0]
    assert stats.ttest_1samp(found, 0).pvalue > 0.01 and np.abs(found).max() < 0.1
    assert np.isnan(reliability.spearman_brown(-0.1)) and np.isnan(reliability.minutes_needed(0.0, 3))


def test_formula_of_spearman_and_brown():
    # Halves that correlate by 0.5: two thirds; four times the half: 0.8.
    assert reliability.spearman_brown(0.5) == pytest.approx(2 / 3)
    assert reliability.minutes_needed(0.5, 3) == pytest.approx(12)
    assert reliability.expected(0.5, 3, 3) == pytest.approx(0.5)


def test_only_halves_say_what_the_whole_has():
    rng = np.random.default_rng(8)
    seeds, voxels = rng.standard_normal((160, 1)), rng.standard_normal((160, 60)).astype(np.float32)
    voxels += seeds * rng.standard_normal(60).astype(np.float32)
    parts = reliability.splits(np.ones(160, dtype=bool), 2.0)
    found = reliability.agreement(as_they_are(seeds, voxels), parts, np.ones((1, 60), bool))
    table = reliability.as_table(found, parts, ["A"])
    whole = dict(zip(table["parts"], table["reliability"], strict=True))
    assert whole["halves"] > 0.5 and np.isnan(whole["growth"])


T, T_R, BAND = 200, 2.0, {"detrend": True, "high_pass": 0.01, "low_pass": 0.1}


def cleaned_by_itself(confounds, mask):
    return cleaning_operator(T, T_R, **BAND, confounds=confounds, kept=mask)


def as_read(series):
    """Voxels as a pass over a run leaves them, of series about their mean."""
    nothing = np.zeros(series.shape[1], dtype=np.float32)
    return Smoothed(np.arange(T), series.astype(np.float32), nothing, nothing, series[:, :0])


def test_maps_of_parts_are_those_of_nilearn_of_these_volumes_alone():
    rng = np.random.default_rng(9)
    seeds, voxels = rng.standard_normal((T, 2)).cumsum(axis=0), rng.standard_normal((T, 80)).cumsum(axis=0)
    confounds = rng.standard_normal((T, 6)).cumsum(axis=0)
    seeds[:, 1] = np.nan
    parts = [
        part for part in reliability.splits(np.ones(T, dtype=bool), T_R) if part.kind == "halves" or part.minutes == 3
    ]
    made = reliability.MapsOfParts.of(parts, seeds, partial(cleaned_by_itself, confounds))
    assert made.used.tolist() == list(range(T))
    options = {"standardize": "zscore_sample", "t_r": T_R, **BAND}
    for volumes in reliability.volumes_of(parts):
        both = np.column_stack([seeds[:, :1], voxels])[volumes]
        both = clean(both, confounds=confounds[volumes], **options)
        expected = np.arctanh(both[:, 0] @ both[:, 1:] / (len(volumes) - 1))
        found = made.maps(as_read(voxels), volumes, slice(10, 70))
        np.testing.assert_allclose(found[0], expected[10:70], atol=2e-5)
        assert np.isnan(found[1]).all()


@pytest.mark.parametrize("n_confounds", [6, 24])
def test_noise_has_no_reliability_however_many_confounds_are_regressed_out(n_confounds):
    rng = np.random.default_rng(10)
    everywhere = np.ones((1, 400), dtype=bool)
    (halves,) = reliability.splits(np.ones(T, dtype=bool), T_R)[:1]
    by_themselves, cut = [], []
    for _ in range(25):
        noise = rng.standard_normal((T, 401 + n_confounds))
        for t in range(1, T):
            noise[t] += 0.4 * noise[t - 1]
        confounds, seed, voxels = noise[:, :n_confounds], noise[:, [n_confounds]], noise[:, n_confounds + 1 :]
        made = reliability.MapsOfParts.of([halves], seed, partial(cleaned_by_itself, confounds))
        maps = partial(made.maps, as_read(voxels))
        by_themselves.append(reliability.agreement(maps, [halves], everywhere)[0, 0])
        whole = cleaned_by_itself(confounds, np.ones(T, dtype=bool))
        cut.append(reliability.agreement(as_they_are(whole @ seed, whole @ voxels), [halves], everywhere)[0, 0])
    error = np.std(by_themselves, ddof=1) / 5
    assert abs(np.mean(by_themselves)) < 3 * error and error < 0.03
    # What cutting a cleaned run would have said.
    assert np.mean(cut) > (0.05 if n_confounds == 6 else 0.2)


def test_a_part_of_which_cleaning_leaves_nothing_has_no_map():
    rng = np.random.default_rng(11)
    parts = reliability.splits(np.ones(T, dtype=bool), T_R)
    seeds, voxels = rng.standard_normal((T, 1)), rng.standard_normal((T, 30))
    long_enough = lambda mask: cleaned_by_itself(None, mask) if mask.sum() >= 60 else None  # noqa: E731
    made = reliability.MapsOfParts.of(parts, seeds, long_enough)
    found = reliability.agreement(partial(made.maps, as_read(voxels)), parts, np.ones((1, 30), dtype=bool))[:, 0]
    short = np.array([min(len(part.first), len(part.second)) < 60 for part in parts])
    assert short.any() and np.isnan(found[short]).all() and np.isfinite(found[~short]).all()

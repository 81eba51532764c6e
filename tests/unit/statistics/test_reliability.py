"""Parts of a run: against maps made one by one, and against closed forms of planted signal and noise."""

import numpy as np
import pytest
from scipy import stats

from seed_to_voxel.statistics import reliability


def kinds(found):
    return [(split.kind, split.minutes) for split in found]


def test_parts_of_a_run_of_ten_minutes():
    found = reliability.splits(np.ones(300, dtype=bool), 2.0)
    assert kinds(found)[:2] == [("halves", 5), ("blocks", 5)]
    assert kinds(found)[2:] == [("growth", minutes) for minutes in (1, 2, 3, 4) for _ in range(2)]
    for split in found:
        assert not set(split.first) & set(split.second)
    halves, blocks, first, last = found[:4]
    assert halves.first.tolist() == list(range(150)) and halves.second.tolist() == list(range(150, 300))
    # Minutes 1, 3, 5, 7, 9 against 2, 4, 6, 8, 10.
    assert set(blocks.first) == {volume for volume in range(300) if volume // 30 % 2 == 0}
    # The first minute against the second half, the last one against the first.
    assert first.first.tolist() == list(range(30)) and last.first.tolist() == list(range(270, 300))
    assert first.second.tolist() == halves.second.tolist() and last.second.tolist() == halves.first.tolist()


def test_time_is_that_of_kept_volumes():
    kept = np.ones(121, dtype=bool)
    kept[20:40] = False
    found = reliability.splits(kept, 2.0)
    halves, blocks = found[:2]
    # 101 are kept: the one in the middle is in neither half.
    assert len(halves.first) == len(halves.second) == 50 and halves.minutes == pytest.approx(50 / 30)
    assert 50 not in np.concatenate([halves.first, halves.second])
    # Blocks go by the clock: the second minute has lost ten volumes.
    assert len(blocks.first) == 20 + 30 + 1 and len(blocks.second) == 20 + 30
    assert reliability.splits(np.ones(19, dtype=bool), 2.0) == []


def test_agreement_is_the_correlation_of_two_maps():
    rng = np.random.default_rng(3)
    seeds, voxels = rng.standard_normal((90, 2)), rng.standard_normal((90, 50)).astype(np.float32)
    voxels += 0.5 * seeds[:, :1].astype(np.float32)
    voxels[:, 7] = 1
    tested = np.ones((2, 50), dtype=bool)
    tested[1, :20] = False
    parts = reliability.splits(np.ones(90, dtype=bool), 2.0)
    found = reliability.agreement(seeds, voxels, parts, tested, slab=13)
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
    found = reliability.agreement(seeds, voxels, parts, np.ones((2, 30), dtype=bool))
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
    found = reliability.agreement(seed, voxels, parts, np.ones((1, n_voxels), dtype=bool))[:, 0]
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
    found = reliability.agreement(seeds, voxels, [halves], np.ones((40, 3000), dtype=bool))[0]
    assert stats.ttest_1samp(found, 0).pvalue > 0.01 and np.abs(found).max() < 0.1
    assert np.isnan(reliability.spearman_brown(-0.1)) and np.isnan(reliability.minutes_needed(0.0, 3))


def test_formula_of_spearman_and_brown():
    # Halves that correlate by 0.5: two thirds; four times the half: 0.8.
    assert reliability.spearman_brown(0.5) == pytest.approx(2 / 3)
    assert reliability.minutes_needed(0.5, 3) == pytest.approx(12)
    assert reliability.expected(0.5, 3, 3) == pytest.approx(0.5)


def test_parts_of_unlike_length_say_nothing_of_the_whole():
    rng = np.random.default_rng(8)
    kept = np.ones(160, dtype=bool)
    seeds, voxels = rng.standard_normal((160, 1)), rng.standard_normal((160, 60)).astype(np.float32)
    voxels += seeds * rng.standard_normal(60).astype(np.float32)
    # Of 5 min 20 s the odd minutes have 180 s and the even ones 140 s.
    parts = reliability.splits(kept, 2.0)
    table = reliability.as_table(reliability.agreement(seeds, voxels, parts, np.ones((1, 60), bool)), parts, ["A"])
    whole = dict(zip(table["parts"], table["reliability"], strict=True))
    assert whole["halves"] > 0.5 and np.isnan(whole["blocks"])


def test_blocks_are_drawn_at_the_minutes_that_the_table_has():
    from matplotlib.figure import Figure

    from seed_to_voxel.figures.reliability import draw_reliability

    # 2 min 40 s: halves of 1 min 20 s; of its blocks the first and third minute have 1 min 40 s, the second one 1 min.
    kept, t_r = np.ones(80, dtype=bool), 2.0
    parts = reliability.splits(kept, t_r)
    (blocks,) = [part for part in parts if part.kind == "blocks"]
    assert blocks.minutes == pytest.approx(1.0)
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    draw_reliability(axes, np.full((len(parts), 1), 0.5), parts, ["PCC"])
    (cross,) = [line for line in axes.lines if line.get_marker() == "x"]
    assert cross.get_xdata()[0] == pytest.approx(blocks.minutes)

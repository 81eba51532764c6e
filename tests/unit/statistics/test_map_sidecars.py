"""What sidecars say of a run's z, p and nu, and which caveats apply to it."""

import json

import numpy as np
import pytest
import scipy.stats

from seed_to_voxel.cleaning.operators import clean_seeds, cleaning_operator
from seed_to_voxel.connectivity.correlation import pearson
from seed_to_voxel.statistics import map_sidecars, null, null_seeds, significance

T = 150
OPTIONS = {"fdr": "benjamini_hochberg", "level": 0.05, "bursts": False}
BAND = {"high_pass": 0.01, "low_pass": None}
DESCRIBED = {
    "Description": "Pearson correlation",
    "Units": "1",
    "Formula": "r",
    "Range": [-1, 1],
    "Seed": {"label": "PCC"},
    "Cleaning": {**BAND, "filter": "butterworth", "confounds": ["csf", "global_signal_derivative1"]},
    "LongestGap": 0,
    "DegreesOfFreedomWhiteNoise": 80.0,
}
RUN = {"NumberOfVolumes": T, "CensoredVolumes": [3, 4], "Seeds": [{"label": "PCC"}, {"label": "M1"}]}


@pytest.fixture(scope="module")
def found():
    """Of a run in which the first fifty voxels follow the first seed, and a volume was noisy and kept."""
    rng = np.random.default_rng(0)
    kept = significance.kept_volumes(RUN)
    operator = cleaning_operator(T, 2.0, True, 0.01, None, None, kept=kept)
    raw = rng.standard_normal((T, 2))
    noise = rng.standard_normal((T, 600)).astype(np.float32)
    noise[:, :50] += raw[:, :1]
    voxels = (operator @ noise).astype(np.float32)
    voxels /= voxels.std(axis=0, ddof=1)
    voxels[:, 599] = np.nan
    seeds = clean_seeds(operator, raw)
    r = pearson(seeds, voxels)
    std_dvars = np.append(np.nan, rng.uniform(0.9, 1.1, T - 1))
    std_dvars[[70, 71]] = 3
    return r, significance.of_run(operator, kept, seeds, voxels, r, raw, 40, std_dvars)


def test_a_runs_statistics_are_those_of_its_parts(found):
    r, result = found
    assert result.z.shape == result.nu.shape == result.minus_log10_p.shape == r.shape
    assert result.loud == 1
    assert np.isnan(result.z[:, 599]).all()
    np.testing.assert_allclose(result.minus_log10_p[:, :599], null.minus_log10_p(result.z[:, :599]))
    assert (result.z[0, :50] > 4).mean() > 0.9
    assert np.mean(np.abs(result.z[1, :599]) > 1.96) == pytest.approx(0.05, abs=0.03)
    assert (result.check.n_seeds, result.check.n_voxels) == (40, 600)


def test_sidecars_say_where_to_cut(found):
    r, result = found
    tested = np.arange(600) >= 10
    said = map_sidecars.sidecars(DESCRIBED, result, 0, r[0], tested, OPTIONS, 12.0, ["bids::r.nii.gz"])
    json.dumps(said, allow_nan=False)
    assert set(said) == {"z", "p", "nu"}
    assert said["z"]["Description"].startswith("z-score") and "-log10" in said["p"]["Units"]
    assert said["z"]["Seed"] == {"label": "PCC"}
    assert len({one["Formula"] for one in said.values()} - {DESCRIBED["Formula"]}) == 3
    cuts = said["z"]["Thresholds"]
    assert cuts == said["p"]["Thresholds"] and "Thresholds" not in said["nu"]
    assert cuts["NumberOfTests"] == 589 and "12 mm" in cuts["Tested"]
    p = 2 * scipy.stats.norm.sf(np.abs(result.z[0][tested & np.isfinite(result.z[0])].astype(float)))
    passing = scipy.stats.false_discovery_control(p) <= 0.05
    assert cuts["FalseDiscoveryRate"]["NumberOfVoxels"] == passing.sum() >= 35
    assert cuts["FalseDiscoveryRate"]["P"] == pytest.approx(p[passing].max(), rel=1e-4)
    assert cuts["Bonferroni"]["P"] == pytest.approx(0.05 / 589)
    assert said["nu"]["Range"] == pytest.approx([np.nanmin(result.nu[0]), np.nanmax(result.nu[0])])
    stricter = map_sidecars.sidecars(
        DESCRIBED, result, 0, r[0], tested, {**OPTIONS, "fdr": "benjamini_yekutieli"}, 12.0, []
    )["z"]["Thresholds"]["FalseDiscoveryRate"]
    assert stricter["P"] < cuts["FalseDiscoveryRate"]["P"] and "Yekutieli" in stricter["Method"]


def test_caveats_are_those_of_the_run(found):
    _, result = found
    said = map_sidecars.caveats(result, result.nu[0], DESCRIBED, met=False)
    assert len(said) == 2
    assert said[0].startswith("1 volumes with bursts") and "global signal" in said[1]
    plain = {"Cleaning": {**BAND, "filter": "fourier", "confounds": ["csf"]}, "LongestGap": 12}
    assert map_sidecars.caveats(result, result.nu[0], plain, met=True) == []
    bridged = {**plain, "Cleaning": {**BAND, "filter": "butterworth", "confounds": []}}
    assert map_sidecars.caveats(result, result.nu[0], bridged, met=True)[0].startswith("12 volumes in a row")
    off = null_seeds.Check((0.2, 0.1, 0.05), (0.01, 0.01, 0.01), result.check.counts, 40, 600)
    poor = significance.Significance(result.z, result.minus_log10_p, result.nu, off, None)
    said = map_sidecars.caveats(poor, np.array([4.0, 50.0, np.nan]), plain, met=False)
    assert said[0].startswith("1 of 2 voxels have fewer than 10")
    assert "std_dvars" in said[1] and "20 %" in said[2]


def test_what_other_steps_are_told(found):
    _, result = found
    told = map_sidecars.metrics(RUN, result, 12.0)
    json.dumps(told, allow_nan=False)
    assert told["effective_degrees_of_freedom"] == pytest.approx(np.nanmedian(result.nu))
    assert told["seeds"]["M1"]["nu"] == pytest.approx(np.nanmedian(result.nu[1]))
    assert sum(told["null_seeds"]["counts"]) == 40 * 599


def test_meeting_bursts_widens_what_chance_makes_of_r():
    rng = np.random.default_rng(3)
    kept = np.ones(T, dtype=bool)
    swelling = np.ones(T)
    swelling[[40, 41, 90]] = 6
    operator = cleaning_operator(T, 2.0, True, 0.01, 0.1, None)
    voxels = (operator @ (rng.standard_normal((T, 500)) * swelling[:, None])).astype(np.float32)
    raw = rng.standard_normal((T, 8)) * swelling[:, None]
    seeds = clean_seeds(operator, raw)
    std_dvars = np.append(np.nan, np.sqrt((swelling[1:] ** 2 + swelling[:-1] ** 2) / 2))
    r = pearson(seeds, voxels)
    plain, met = (
        significance.of_run(operator, kept, seeds, voxels, r, raw, 50, std_dvars, meet_bursts)
        for meet_bursts in (False, True)
    )
    assert plain.loud == met.loud == 3
    assert plain.check.shares[0] > 0.12 and met.check.shares[0] < 0.06
    assert np.mean(np.abs(plain.z) > 1.96) > 0.12
    assert np.mean(np.abs(met.z) > 1.96) < 0.06
    # A run without DVARS has no bursts to meet.
    without = significance.of_run(operator, kept, seeds, voxels, r, raw, 50, np.full(T, np.nan), True)
    np.testing.assert_allclose(without.z, plain.z, rtol=1e-4)
    assert without.loud is None

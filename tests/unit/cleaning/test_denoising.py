"""The cleaning operator with censored volumes and other filters, held against nilearn and first principles."""

import numpy as np
import pytest
from nilearn import signal
from nilearn.glm.first_level.design_matrix import create_cosine_drift
from nilearn_operator import nilearn_operator

from seed_to_voxel.base.errors import InputError, UnusableRunError
from seed_to_voxel.cleaning import operators
from seed_to_voxel.cleaning.censoring import drop_short_segments
from seed_to_voxel.images import nifti
from seed_to_voxel.series import passes

T, T_R = 120, 2.0
BANDS = {
    "band": {"high_pass": 0.01, "low_pass": 0.1},
    "high": {"high_pass": 0.01, "low_pass": None},
    "low": {"high_pass": None, "low_pass": 0.1},
    "none": {"high_pass": None, "low_pass": None},
    "cosine": {"high_pass": 0.01, "low_pass": None, "filter": "cosine"},
}
MASKS = {
    "none": [],
    "one": [40],
    "mirror": [30, T - 1 - 30],
    "head": [0, 1, 2],
    "tail": [T - 2, T - 1],
    "head and tail": [0, 1, 2, T - 3, T - 2, T - 1],
    "many": [0, 1, 20, 21, 22, 60, 97, 98, 99, T - 1],
}


def kept_without(censored):
    kept = np.ones(T, dtype=bool)
    kept[censored] = False
    return kept


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.standard_normal((T, 7)), axis=0)
    return 1000 + walk + rng.standard_normal((T, 7)), rng.standard_normal((T, 6)).cumsum(axis=0)


def ours(series, confounds, censored=(), detrend=True, **band):
    kept = kept_without(list(censored))
    return operators.cleaning_operator(T, T_R, detrend, confounds=confounds, kept=kept, **band) @ series


def centred(series):
    return series - series.mean(axis=0)


@pytest.mark.parametrize("detrend", [True, False])
@pytest.mark.parametrize("with_confounds", [True, False])
@pytest.mark.parametrize("band", BANDS)
def test_equals_nilearn_where_all_volumes_are_kept(data, band, with_confounds, detrend):
    series, confounds = data[0], data[1] if with_confounds else None
    expected = signal.clean(
        series,
        detrend=detrend,
        standardize=None,
        confounds=confounds,
        t_r=T_R,
        **{"filter": "butterworth", **BANDS[band]},
    )
    np.testing.assert_allclose(ours(series, confounds, detrend=detrend, **BANDS[band]), centred(expected), atol=1e-8)


RUNS = [(60, 3.0, 0), (60, 3.0, 6), *((t, t_r, n) for t, t_r in ((168, 2.0), (490, 0.735)) for n in (0, 6, 36))]


@pytest.mark.parametrize("detrend", [True, False])
@pytest.mark.parametrize(("n_volumes", "t_r", "n_confounds"), [*RUNS, (1200, 0.5, 36)])
@pytest.mark.parametrize("band", BANDS)
def test_equals_the_operator_that_nilearn_makes(band, n_volumes, t_r, n_confounds, detrend):
    rng = np.random.default_rng(n_volumes)
    confounds = rng.standard_normal((n_volumes, n_confounds)).cumsum(axis=0) if n_confounds else None
    random = rng.choice(n_volumes, n_volumes // 10, replace=False)
    for censored in [random] if n_volumes == 1200 else [[], [0, 1, 9], [20, n_volumes - 21], random]:
        kept = np.ones(n_volumes, dtype=bool)
        kept[censored] = False
        options = {"filter": "butterworth", **BANDS[band], "confounds": confounds, "kept": kept}
        found = operators.cleaning_operator(n_volumes, t_r, detrend, **options)
        np.testing.assert_allclose(found, nilearn_operator(n_volumes, t_r, detrend, **options), atol=1e-10)


# Where nilearn is right: with its filter, no volume is censored together with its mirror volume; without, no trend is
# taken out across a gap.
LIKE_NILEARN = [
    *((band, mask, detrend) for band in BANDS for mask in ("none", "head", "tail") for detrend in (True, False)),
    *((band, "one", detrend) for band in ("band", "high", "low") for detrend in (True, False)),
    *((band, mask, False) for band in ("cosine", "none") for mask in ("one", "mirror", "head and tail", "many")),
]


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize(("band", "censored", "detrend"), LIKE_NILEARN)
def test_equals_nilearn_with_its_sample_mask(data, band, censored, detrend):
    series, confounds = data
    expected = signal.clean(
        series,
        detrend=detrend,
        standardize=None,
        confounds=confounds,
        t_r=T_R,
        sample_mask=np.flatnonzero(kept_without(MASKS[censored])),
        **{"filter": "butterworth", **BANDS[band]},
    )
    found = ours(series, confounds, MASKS[censored], detrend, **BANDS[band])
    np.testing.assert_allclose(found, centred(expected), rtol=1e-7, atol=1e-7)


GAP = range(30, 60)


@pytest.mark.parametrize("band", ["cosine", "none"])
def test_a_trend_is_taken_out_at_the_true_times_where_nilearn_counts_kept_volumes(data, band):
    series, confounds = data
    kept = kept_without(GAP)
    times = np.arange(T)[kept]
    regressors = np.column_stack([confounds, nilearn_cosines()] if band == "cosine" else [confounds])[kept]

    def detrended(values, at):
        return values - np.stack([np.polyval(np.polyfit(at, column, 1), at) for column in values.T], axis=1)

    def expected(at):
        left, removed = detrended(series[kept], at), detrended(regressors, at)
        return left - removed @ np.linalg.lstsq(removed, left, rcond=None)[0]

    found = ours(series, confounds, GAP, **BANDS[band])
    np.testing.assert_allclose(found, expected(times), atol=1e-8)
    # nilearn detrends in the number of the kept volume: the documented difference, and that it is no more than that.
    theirs = signal.clean(
        series,
        standardize=None,
        confounds=regressors_of(confounds, band),
        filter=False,
        sample_mask=np.flatnonzero(kept),
    )
    np.testing.assert_allclose(theirs, expected(np.arange(kept.sum())), atol=1e-8)
    assert 0.05 < np.max(np.abs(theirs - found) / found.std(axis=0)) < 1


def nilearn_cosines():
    return create_cosine_drift(0.01, np.arange(T) * T_R)[:, :-1]


def regressors_of(confounds, band):
    return np.column_stack([confounds, nilearn_cosines()]) if band == "cosine" else confounds


def leak(clean, series, censored):
    spiked = series.copy()
    spiked[censored] += 1000
    return np.abs(clean(spiked) - clean(series)).max()


@pytest.mark.parametrize("censored", [name for name in MASKS if name != "none"])
@pytest.mark.parametrize("band", BANDS)
def test_censored_volumes_have_no_influence(data, band, censored):
    series, confounds = data
    volumes = MASKS[censored]
    assert leak(lambda x: ours(x, confounds, volumes, **BANDS[band]), series, volumes) == 0
    operator = operators.cleaning_operator(T, T_R, True, confounds=confounds, kept=kept_without(volumes), **BANDS[band])
    assert operator.shape == (T - len(volumes), T)
    assert not operator[:, volumes].any()
    # Nor have a censored volume's confounds.
    spiked = confounds.copy()
    spiked[volumes] -= 1000
    again = operators.cleaning_operator(T, T_R, True, confounds=spiked, kept=kept_without(volumes), **BANDS[band])
    np.testing.assert_allclose(again, operator, atol=1e-9)


def test_the_mirror_test_finds_the_fault_of_nilearn(data):
    series, confounds = data

    def nilearn(x):
        sample_mask = np.flatnonzero(kept_without(MASKS["mirror"]))
        return signal.clean(x, standardize=None, confounds=confounds, t_r=T_R, sample_mask=sample_mask, **BANDS["band"])

    if leak(nilearn, series, MASKS["mirror"]) < 1e-6:
        pytest.skip("this nilearn interpolates with a boolean mask: the spike does not leak")
    assert leak(nilearn, series, MASKS["mirror"]) > 1


@pytest.mark.parametrize("censored", MASKS)
@pytest.mark.parametrize("band", BANDS)
def test_no_confound_is_left(data, band, censored):
    series, confounds = data
    kept = kept_without(MASKS[censored])
    cleaned = ours(series, confounds, MASKS[censored], **BANDS[band])
    # What filter and censoring leave of the confounds is what was regressed out.
    left = ours(confounds, None, MASKS[censored], **BANDS[band])
    r = np.corrcoef(cleaned.T, left.T)[: cleaned.shape[1], cleaned.shape[1] :]
    assert np.abs(r).max() < 1e-8
    assert len(cleaned) == kept.sum()


def power_at(series, frequency):
    """Share of each series' variance that a sine and a cosine of this frequency explain."""
    times = np.arange(len(series)) * T_R
    waves = centred(np.column_stack([f(2 * np.pi * frequency * times) for f in (np.sin, np.cos)]))
    fitted = waves @ np.linalg.lstsq(waves, series, rcond=None)[0]
    return (fitted**2).sum(axis=0) / (series**2).sum(axis=0)


@pytest.mark.parametrize("band", ["band", "high", "low", "cosine"])
def test_no_removed_frequency_comes_back_with_the_confounds(data, band):
    # Confounds that share a signal with the series, and are full of the frequencies that the filter removes.
    rng = np.random.default_rng(8)
    times = np.arange(T) * T_R
    removed = {"band": [0.004, 0.17, 0.21], "high": [0.004], "low": [0.17, 0.21], "cosine": [0.00416667, 0.00833333]}[
        band
    ]
    waves = np.column_stack([np.cos(np.pi * 2 * f * (times + T_R / 2)) for f in removed])
    shared = ours(rng.standard_normal((T, 1)), None, **BANDS["band"])
    confounds = 3 * shared + rng.standard_normal((T, 5)) + 3 * waves[:, rng.integers(0, len(removed), 5)]
    series = 3 * shared + rng.standard_normal((T, 20))
    cleaned = ours(series, confounds, **BANDS[band])
    clean_only = ours(series, None, **BANDS[band])
    for frequency in removed:
        share = power_at(cleaned, frequency)
        assert share.max() < max(2 * power_at(clean_only, frequency).max(), 0.02)
    # In the simple order, filter first and then the raw confounds, they do come back.
    if band != "cosine":
        wrong = signal.clean(clean_only, detrend=False, filter=False, standardize=None, confounds=confounds)
        assert max(power_at(wrong, f).max() for f in removed) > 0.02


@pytest.mark.parametrize("censored", ["none", "many"])
def test_a_trend_is_taken_out_in_time_and_not_in_rank(censored):
    trend = np.linspace(3, 8, T)[:, None]
    for band in ("none", "cosine"):
        assert np.abs(ours(trend, None, MASKS[censored], **BANDS[band])).max() < 1e-12


def test_cosines_of_the_table_are_not_taken_twice():
    confounds = np.round(nilearn_cosines(), 8)
    series = np.random.default_rng(0).standard_normal((T, 5))
    np.testing.assert_allclose(
        ours(series, confounds, **BANDS["cosine"]), ours(series, None, **BANDS["cosine"]), atol=1e-6
    )


def test_degrees_of_freedom_fall_with_the_kept_volumes(data):
    whole = operators.cleaning_operator(T, T_R, True, 0.01, 0.1)
    part = operators.cleaning_operator(T, T_R, True, 0.01, 0.1, kept=kept_without(range(60)))
    ratio = operators.degrees_of_freedom(part) / operators.degrees_of_freedom(whole)
    assert 0.4 < ratio < 0.55
    plain = operators.cleaning_operator(T, T_R, False, None, None, kept=kept_without(MASKS["many"]))
    assert operators.degrees_of_freedom(plain) == pytest.approx(T - len(MASKS["many"]) - 1)


def test_everything_scrubbed_is_said():
    with pytest.raises(UnusableRunError, match=r"0 of 120 volumes are left"):
        operators.cleaning_operator(T, T_R, True, 0.01, 0.1, kept=np.zeros(T, dtype=bool))
    with pytest.raises(UnusableRunError, match=r"20 volumes to work with; expected at least 34"):
        operators.cleaning_operator(T, T_R, True, 0.01, 0.1, kept=np.arange(T) < 20)
    with pytest.raises(InputError, match="Nyquist"):
        operators.cleaning_operator(T, T_R, True, 0.3, None, filter="cosine")


def test_voxels_and_seeds_are_cleaned_alike_with_censored_volumes(tmp_path):
    import nibabel

    rng = np.random.default_rng(1)
    volumes = (1000 + rng.standard_normal((4, 4, 4, T)).cumsum(axis=-1)).astype(np.float32)
    spiked = volumes.copy()
    spiked[..., MASKS["mirror"]] += 5000
    operator = operators.cleaning_operator(T, T_R, True, 0.01, 0.1, kept=kept_without(MASKS["mirror"]))
    mask = np.ones((4, 4, 4), dtype=bool)
    found = []
    for name, data in {"a": volumes, "b": spiked}.items():
        nibabel.Nifti1Image(data, np.eye(4)).to_filename(tmp_path / f"{name}.nii")
        image = nifti.load_run(tmp_path / f"{name}.nii")
        found.append(passes.read_voxels(image, mask, None, operator).series)
    assert found[0].shape == (T - 2, 64)
    np.testing.assert_array_equal(found[0], found[1])
    seeds = operators.clean_seeds(operator, spiked.reshape(64, T).T.astype(float))
    np.testing.assert_allclose(found[0], seeds, atol=2e-4)


@pytest.mark.parametrize(
    ("censored", "left_out"),
    [
        ([], []),
        ([5], [0, 1, 2, 3, 4, 5]),
        ([10, 14], [10, 11, 12, 13, 14]),
        ([10, 16], [10, 16]),
        ([T - 3], [T - 3, T - 2, T - 1]),
    ],
)
def test_short_segments(censored, left_out):
    shortest = 6 if censored == [5] else 5
    found = drop_short_segments(kept_without(censored), shortest)
    assert np.flatnonzero(~found).tolist() == left_out

"""The null distribution of r: held against dense matrices, Monte Carlo, scipy's distributions, and nominal rates."""

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from calibration import BOUNDS, LEVELS, Setting, coverage_of, rates_of, xdf
from threadpoolctl import threadpool_limits

from seed_to_voxel.cleaning.operators import cleaning_operator, degrees_of_freedom
from seed_to_voxel.statistics import null, spectra

T = 120


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Products of this size are slower when they are shared out over threads."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def case():
    """An operator, seeds that it cleaned, and a few spectra with their cleaned covariances."""
    rng = np.random.default_rng(0)
    operator = cleaning_operator(T, 2.0, True, 0.01, None, rng.standard_normal((T, 6)))
    seeds = operator @ np.cumsum(rng.standard_normal((T, 3)), axis=0)
    chosen = spectra.grid(spectra.transfer(operator))[[0, 9, 20, -25]]
    dense = [operator @ scipy.linalg.toeplitz(np.fft.irfft(spectrum)[:T]) @ operator.T for spectrum in chosen]
    return operator, seeds, chosen, dense


def test_moments_are_those_of_the_dense_covariance(case):
    operator, seeds, chosen, dense = case
    second, fourth = null.moments(operator, seeds, chosen)
    units = seeds / np.linalg.norm(seeds, axis=0)
    for number, covariance in enumerate(dense):
        total = np.trace(covariance)
        spread = np.trace(covariance @ covariance) / total**2
        for seed, unit in enumerate(units.T):
            along = unit @ covariance @ unit
            shared = unit @ covariance @ covariance @ unit / (along * total)
            wanted = along / total * (1 - 2 * shared + 2 * spread)
            assert second[seed, number] == pytest.approx(wanted, rel=1e-9)
            assert fourth[seed, number] == pytest.approx((3 + 6 * spread - 12 * shared) * wanted**2, rel=1e-9)


def test_the_form_gives_the_mean_square_of_r_over_voxels(case):
    operator, seeds, chosen, dense = case
    weights = np.array([0.1, 0.4, 0.3, 0.2])
    model = spectra.Spectra(chosen, np.full(4, 0.25), spectra.periodogram(operator, np.arange(T)))
    # Any basis of zero mean that the seeds lie in.
    centred = np.column_stack([seeds - seeds.mean(axis=0), np.sin(np.linspace(0, 6 * np.pi, T, endpoint=False))])
    basis, _ = np.linalg.qr(centred - centred.mean(axis=0))
    form = null.mean_square_form(operator, model, weights, basis)
    np.testing.assert_allclose(form, form.T)
    for seed in (seeds - seeds.mean(axis=0)).T:
        unit = seed / np.linalg.norm(seed)
        wanted = 0
        for weight, covariance in zip(weights, dense, strict=True):
            total, along = np.trace(covariance), unit @ covariance @ unit
            spread = np.trace(covariance @ covariance) / total**2
            shared = unit @ covariance @ covariance @ unit / (along * total)
            wanted += weight * along / total * (1 - 2 * shared + 2 * spread)
        q = basis.T @ unit
        assert q @ form @ q == pytest.approx(wanted, rel=1e-9)


def test_moments_are_those_of_simulated_correlations(case):
    operator, seeds, chosen, dense = case
    second, fourth = null.moments(operator, seeds, chosen)
    rng = np.random.default_rng(1)
    n = 40_000
    for number, covariance in enumerate(dense):
        values, vectors = np.linalg.eigh(covariance)
        noise = (vectors * np.sqrt(np.maximum(values, 0))) @ rng.standard_normal((len(values), n))
        r = (seeds / np.linalg.norm(seeds, axis=0)).T @ (noise / np.linalg.norm(noise, axis=0))
        for power, moment, terms in ((2, second, 10), (4, fourth, 50)):
            found = (r**power).mean(axis=1)
            error = (r**power).std(axis=1) / np.sqrt(n)
            # The expansion leaves out what is of the third order in 1/nu.
            slack = terms * second[:, number] ** 2
            assert np.all(np.abs(moment[:, number] / found - 1) < 4 * error / found + slack)


def test_white_noise_without_cleaning_has_n_less_one():
    n = 40
    operator = np.eye(n) - 1 / n
    seeds = np.random.default_rng(2).standard_normal((n, 2))
    second, fourth = null.moments(operator, seeds, np.ones((1, n + 1)))
    nu, excess = null.degrees_of_freedom(second, fourth, np.ones((1, 5)))
    np.testing.assert_allclose(nu, n - 1, rtol=1e-5)
    # Student's t it is, with no heavier tails.
    np.testing.assert_allclose(excess, 0, atol=1e-4)


def test_null_seeds_of_a_kind_share_what_takes_long(case):
    operator, seeds, chosen, _ = case
    whole = null.moments(operator, seeds[:, [0, 1, 0, 1]], chosen)
    short = null.moments(operator, seeds[:, [0, 1, 0, 1]], chosen, kinds=2)
    np.testing.assert_allclose(short, whole)


@pytest.mark.parametrize("nu", [10, 25, 60, 300])
def test_z_is_the_normal_deviate_of_students_t(nu):
    z = np.array([-5, -3.3, -1.96, -0.5, 0.1, 1.0, 2.58, 4.0])
    t = scipy.stats.t.isf(scipy.stats.norm.sf(z), nu - 1)
    r = t / np.sqrt(t**2 + nu - 1)
    np.testing.assert_allclose(null.z_score(r, np.full(8, float(nu))), z, rtol=0.06 / nu)


def test_the_correction_for_kurtosis_is_that_of_the_distribution():
    """A scale mixture of normals: z must be the normal deviate of its distribution function."""
    excess, large = 0.2, 1e6
    spread = np.sqrt(excess / 3)
    weights = scipy.stats.norm.pdf(nodes := np.linspace(-4, 4, 401))
    variances = 1 + spread * nodes
    weights = weights[variances > 0] / weights[variances > 0].sum()
    scales = np.sqrt(variances[variances > 0])
    for x in (1.0, 2.0, 2.6, 3.3):
        wanted = scipy.stats.norm.isf(weights @ scipy.stats.norm.sf(x / scales))
        assert null.z_score(np.array(x / np.sqrt(large)), np.array(large), excess) == pytest.approx(wanted, rel=0.02)
        assert abs(x - wanted) > 0.015 or x == 2.0


@pytest.mark.parametrize("excess", [-1.0, -0.3, 0.0, 0.5])
def test_z_rises_with_r(excess):
    r = np.linspace(-1, 1, 4001)
    z = null.z_score(r, np.full(r.shape, 30.0), np.full(r.shape, excess))
    assert np.isfinite(z).all()
    assert np.all(np.diff(z[1:-1]) > 0)
    np.testing.assert_allclose(z, -z[::-1])


def test_too_few_degrees_of_freedom_have_no_z():
    z = null.z_score(np.array([0.5, 0.5]), np.array([3.0, 3.1]))
    assert np.isnan(z[0]) and np.isfinite(z[1])
    np.testing.assert_array_equal(null.standard_error(np.array([3.0, 27.0])), [np.nan, 0.2])


def test_p_does_not_underflow():
    z = np.array([0.0, -1.96, 2.5758293, 10, -38, 60, np.nan], dtype=np.float32)
    found = null.minus_log10_p(z)
    wanted = -(scipy.stats.norm.logsf(np.abs(z.astype(float))) + np.log(2)) / np.log(10)
    np.testing.assert_allclose(found[:-1], wanted[:-1], rtol=2e-6, atol=1e-7)
    assert found[5] > 700 and np.isnan(found[6])


def test_an_undefined_voxel_stays_alone():
    rng = np.random.default_rng(4)
    operator = cleaning_operator(T, 2.0, True, 0.01, 0.1, None)
    voxels = (operator @ rng.standard_normal((T, 30))).astype(np.float32)
    seeds = operator @ rng.standard_normal((T, 2))
    r = scipy.stats.zscore(seeds).T @ scipy.stats.zscore(voxels) / T
    model = spectra.learn(operator, np.arange(T), voxels)
    whole = null.calibrate(operator, model, seeds, voxels, r, slab=7)
    spoilt, holed = voxels.copy(), r.copy()
    spoilt[:, 3], holed[:, 3] = np.nan, np.nan
    found = null.calibrate(operator, model, seeds, spoilt, holed, slab=30)
    others = np.arange(30) != 3
    for have, wanted in zip(found, whole, strict=True):
        assert have.dtype == np.float32
        assert np.isnan(have[:, 3]).all()
        np.testing.assert_allclose(have[:, others], wanted[:, others], rtol=1e-4)


SMALL = (
    Setting(200, 2.0, "band-pass", 12, "AR(1)"),
    Setting(200, 2.0, "cosine", 24, "brain"),
    Setting(200, 2.0, "high-pass", 12, "respiration"),
    Setting(200, 2.0, "cosine", 12, "AR(1)", censored=0.3, gap=(5, 40)),
    Setting(400, 1.0, "band-pass", 24, "respiration"),
)


@pytest.mark.parametrize("setting", SMALL, ids=str)
def test_as_many_pass_as_should(setting):
    """A small part of benchmarks/calibration.py; the standard error for white noise lets 1.5 to 30 % pass here."""
    found = [rates_of(setting, (setting.volumes, number), 600, 20, with_xdf=False) for number in range(5)]
    for level, share in zip(LEVELS, np.mean([one["calibrated"] for one in found], axis=0), strict=True):
        # Pairs share seeds and voxels: as if a tenth of them were independent; and a tenth of the level for the method.
        n = 5 * 600 * 20 / 10
        low, high = scipy.stats.binom.interval(0.999, n, level)
        assert low / n - 0.1 * level <= share <= high / n + 0.1 * level, (level, share)


def test_bursts_are_met_by_the_variant_for_bursts_and_seen_by_null_seeds():
    setting = Setting(200, 2.0, "band-pass", 12, "AR(1)", bursts=6)
    found = [rates_of(setting, (1, number), 600, 20, with_xdf=False) for number in range(4)]
    share = {name: np.mean([one[name][0] for one in found]) for name in ("calibrated", "bursts", "null_seeds")}
    assert share["calibrated"] > 0.1
    assert 0.025 < share["bursts"] < 0.06
    assert share["null_seeds"] == pytest.approx(share["calibrated"], rel=0.3)


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_intervals_cover(rho):
    found = coverage_of(Setting(200, 2.0, "band-pass", 12, "AR(1)"), rho, 5)
    assert 92 < found["coverage"] < 98
    assert found["power"] > 95 if rho else 2 < found["power"] < 9


def test_xdf_is_right_for_what_it_was_made_for():
    """White and autoregressive series that nothing was done to."""
    rng = np.random.default_rng(9)
    series = scipy.signal.lfilter([1], [1, -0.4], rng.standard_normal((700, 420)), axis=0)[100:]
    z = xdf(series[:, :20], series[:, 20:])
    assert 0.04 < np.mean(np.abs(z) > BOUNDS[0]) < 0.07


def test_white_noise_through_a_projection_has_the_operators_nu():
    rng = np.random.default_rng(8)
    operator = cleaning_operator(T, 2.0, True, None, None, rng.standard_normal((T, 30)))
    seeds = operator @ rng.standard_normal((T, 4))
    second, fourth = null.moments(operator, seeds, np.ones((1, T + 1)))
    nu, _ = null.degrees_of_freedom(second, fourth, np.ones((1, 1)))
    np.testing.assert_allclose(nu, degrees_of_freedom(operator), rtol=1e-5)

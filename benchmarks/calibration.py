"""How often a seed and a voxel that have nothing in common pass: `uv run python benchmarks/calibration.py`.

Noise of many kinds goes through the true cleaning operator; several ways to turn r into a p-value are held against the
same correlations. docs/statistics.md quotes the tables, and shows the figure that `--figure` draws. `--quick` takes a
tenth of the time; `--only WORD` runs the settings with a word in their description.
"""

import argparse
import json
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from seed_to_voxel.base.errors import UnusableRunError  # noqa: E402
from seed_to_voxel.cleaning.operators import (  # noqa: E402
    clean_seeds,
    clean_voxels,
    cleaning_operator,
    degrees_of_freedom,
    used_volumes,
)
from seed_to_voxel.connectivity.correlation import pearson  # noqa: E402
from seed_to_voxel.statistics import bursts, null, null_seeds, spectra  # noqa: E402
from seed_to_voxel.statistics.verdicts import BOUNDS, LEVELS  # noqa: E402

REACH = ((4.5, 5.5), (0.8, 1.2), (0.05, 0.15))
"""Per cent between which a candidate's rates lie where it is calibrated."""

BANDS = {
    "band-pass": {"high_pass": 0.01, "low_pass": 0.1},
    "high-pass": {"high_pass": 0.01, "low_pass": None},
    "cosine": {"high_pass": 0.008, "low_pass": None, "filter": "cosine"},
    "fourier": {"high_pass": 0.01, "low_pass": 0.1, "filter": "fourier"},
    "none": {"high_pass": None, "low_pass": None},
}
VOXELS_OF_XDF = 100


@dataclass(frozen=True)
class Setting:
    """A kind of run.

    Attributes
    ----------
    volumes : int
    t_r : float
        Seconds.
    band : str
        Of `BANDS`.
    confounds : int
        Regressors of random walks and autoregressive noise.
    noise : str
        Of `NOISES`; of voxels and seeds alike.
    own_confounds : bool
        Five principal components of further voxels and the mean of all, as aCompCor and the global signal are, of
        noise that all have a fifth in common.
    censored, gap : float, tuple of int
        Share of the volumes, and the least and the largest length of a gap.
    bursts, size : int, float
        How many bursts of 1 to 3 volumes seeds and voxels share, and their standard deviation in that of other volumes.
    scrubbed : bool
        Volumes with bursts are censored.
    """

    volumes: int
    t_r: float
    band: str
    confounds: int
    noise: str
    own_confounds: bool = False
    censored: float = 0.0
    gap: tuple = (1, 1)
    bursts: int = 0
    size: float = 4.0
    scrubbed: bool = False

    def __str__(self):
        parts = [f"{self.volumes} x {self.t_r:g} s", self.band, f"{self.confounds} confounds", self.noise]
        if self.own_confounds:
            parts.append("6 regressors of the noise itself")
        if self.censored:
            parts.append(
                f"{100 * self.censored:.0f} % censored in "
                + ("single volumes" if self.gap == (1, 1) else f"gaps of {self.gap[0]} to {self.gap[1]}")
            )
        if self.bursts:
            parts.append(f"{self.bursts} bursts of {self.size:g} SD" + (", censored" if self.scrubbed else ""))
        return ", ".join(parts)


SETTINGS = (
    Setting(200, 2.0, "none", 0, "white"),
    Setting(200, 2.0, "none", 0, "AR(1)"),
    Setting(1200, 0.72, "none", 36, "brain"),
    Setting(200, 2.0, "cosine", 24, "AR(1)"),
    Setting(200, 2.0, "cosine", 12, "resonance"),
    Setting(300, 1.5, "cosine", 36, "brain"),
    Setting(600, 0.72, "cosine", 24, "1/f"),
    Setting(200, 2.0, "high-pass", 12, "AR(1)"),
    Setting(300, 1.0, "high-pass", 12, "ARMA(1,1)"),
    Setting(200, 2.0, "high-pass", 12, "respiration"),
    Setting(600, 0.72, "high-pass", 24, "respiration"),
    Setting(200, 2.0, "high-pass", 6, "t4"),
    Setting(200, 2.0, "band-pass", 0, "white"),
    Setting(200, 2.0, "band-pass", 0, "AR(1)"),
    Setting(200, 2.0, "band-pass", 36, "AR(1)"),
    Setting(200, 2.0, "band-pass", 12, "1/f"),
    Setting(200, 2.0, "band-pass", 12, "resonance"),
    Setting(200, 2.0, "band-pass", 12, "t4"),
    Setting(168, 2.0, "band-pass", 15, "brain"),
    Setting(100, 2.0, "band-pass", 24, "AR(1)"),
    Setting(60, 3.0, "band-pass", 6, "brain"),
    Setting(100, 2.0, "band-pass", 30, "brain"),
    Setting(400, 1.0, "band-pass", 36, "respiration"),
    Setting(600, 0.72, "band-pass", 24, "AR(1)"),
    Setting(1200, 0.72, "band-pass", 36, "brain"),
    Setting(200, 2.0, "band-pass", 6, "brain", own_confounds=True),
    Setting(600, 0.72, "high-pass", 6, "brain", own_confounds=True),
    Setting(200, 2.0, "cosine", 12, "brain", censored=0.3),
    Setting(200, 2.0, "cosine", 12, "AR(1)", censored=0.3, gap=(5, 40)),
    Setting(200, 2.0, "band-pass", 12, "AR(1)", censored=0.2),
    Setting(400, 1.0, "band-pass", 24, "brain", censored=0.1),
    Setting(300, 2.0, "band-pass", 12, "AR(1)", censored=0.1, gap=(5, 40)),
    Setting(200, 2.0, "fourier", 12, "AR(1)", censored=0.2),
    Setting(200, 2.0, "fourier", 12, "brain", censored=0.3, gap=(5, 40)),
    Setting(600, 0.72, "fourier", 24, "brain"),
    Setting(200, 2.0, "band-pass", 12, "brain", bursts=6, size=2.0),
    Setting(200, 2.0, "band-pass", 12, "brain", bursts=6),
    Setting(200, 2.0, "cosine", 12, "brain", bursts=6),
    Setting(200, 2.0, "cosine", 12, "brain", bursts=6, scrubbed=True),
)

CANDIDATES = {
    "naive": "n - 3",
    "nu": "nu of the operator",
    "xdf": "xDF",
    "calibrated": "calibrated",
    "bursts": "calibrated, bursts",
    "null_seeds": "null seeds",
}


def recursive(rng, shape, forwards, past, innovations=None):
    """Noise of an ARMA process of unit variance, after it has forgotten its start."""
    from scipy.signal import lfilter

    lost = 500
    drawn = (innovations or rng.standard_normal)((shape[0] + lost, *shape[1:]))
    series = lfilter(forwards, past, drawn, axis=0)[lost:]
    return series / series.std()


def resonance(rng, shape, frequency, radius, share):
    """A resonance (frequency in cycles a volume, radius of its pole) with a share of the variance, the rest white."""
    angle = 2 * np.pi * frequency
    ringing = recursive(rng, shape, [1], [1, -2 * radius * np.cos(angle), radius**2])
    return np.sqrt(share) * ringing + np.sqrt(1 - share) * rng.standard_normal(shape)


def one_over_f(rng, shape):
    """1/f noise, cut from eight times its length, so that its ends do not meet."""
    frequencies = np.fft.rfftfreq(8 * shape[0])
    frequencies[0] = frequencies[1]
    power = np.fft.rfft(rng.standard_normal((8 * shape[0], *shape[1:])), axis=0) / np.sqrt(frequencies)[:, None]
    series = np.fft.irfft(power, axis=0)[: shape[0]]
    return series / series.std()


def brain(rng, shape, t_r):
    """A sixth each of white noise, two AR(1), ARMA(1,1), 1/f and a resonance."""
    kinds = ("white", "AR(1)", "slow AR(1)", "ARMA(1,1)", "1/f", "resonance")
    parts = [
        NOISES[kind](rng, (shape[0], len(part)), t_r)
        for kind, part in zip(kinds, np.array_split(range(shape[1]), 6), strict=True)
    ]
    return np.concatenate(parts, axis=1)[:, rng.permutation(shape[1])]


def aliased(frequency, t_r):
    """Cycles a volume at which a frequency (Hz) is seen."""
    return abs((frequency * t_r + 0.5) % 1 - 0.5)


NOISES = {
    "white": lambda rng, shape, t_r: rng.standard_normal(shape),
    "AR(1)": lambda rng, shape, t_r: recursive(rng, shape, [1], [1, -(0.5 ** (t_r / 2))]),
    "slow AR(1)": lambda rng, shape, t_r: recursive(rng, shape, [1], [1, -(0.85 ** (t_r / 2))]),
    "ARMA(1,1)": lambda rng, shape, t_r: recursive(rng, shape, [1, -0.5], [1, -0.9]),
    "1/f": lambda rng, shape, t_r: one_over_f(rng, shape),
    "resonance": lambda rng, shape, t_r: resonance(rng, shape, 0.03 * t_r, 0.97, 0.8),
    "respiration": lambda rng, shape, t_r: resonance(rng, shape, aliased(0.27, t_r), 0.95, 0.5),
    "t4": lambda rng, shape, t_r: recursive(rng, shape, [1], [1, -0.5], lambda s: rng.standard_t(4, s)),
    "brain": brain,
}


@dataclass(frozen=True)
class Run:
    """A simulated run: raw and cleaned."""

    operator: np.ndarray
    kept: np.ndarray
    raw_seeds: np.ndarray
    seeds: np.ndarray
    voxels: np.ndarray
    deviations: np.ndarray
    n_confounds: int = field(default=0)


def simulate(setting, seed, n_voxels, n_seeds, rho=0.0):
    """Simulate a run and clean it.

    Parameters
    ----------
    setting : Setting
    seed : sequence of int
    n_voxels, n_seeds : int
    rho : float
        Correlation before cleaning of each voxel with the seed of its number, modulo the number of seeds.

    Returns
    -------
    Run
    """
    rng = np.random.default_rng(seed)
    volumes = setting.volumes
    draw = NOISES[setting.noise]
    voxels = draw(rng, (volumes, n_voxels), setting.t_r)
    seeds = draw(rng, (volumes, n_seeds), setting.t_r)
    if rho:
        voxels = rho * seeds[:, np.arange(n_voxels) % n_seeds] + math.sqrt(1 - rho**2) * voxels
    deviations = np.ones(volumes)
    for start in rng.integers(2, volumes - 4, setting.bursts):
        deviations[start : start + rng.integers(1, 4)] = setting.size
    n_walks = setting.confounds // 2
    confounds = [
        np.cumsum(rng.standard_normal((volumes, n_walks)), axis=0),
        recursive(rng, (volumes, setting.confounds - n_walks), [1], [1, -0.8])
        if setting.confounds
        else np.empty((volumes, 0)),
    ]
    if setting.own_confounds:
        common = NOISES["AR(1)"](rng, (volumes, 1), setting.t_r)
        further = draw(rng, (volumes, 200), setting.t_r)
        seeds, voxels, further = (math.sqrt(0.8) * part + math.sqrt(0.2) * common for part in (seeds, voxels, further))
        left = np.linalg.svd(further - further.mean(axis=0), full_matrices=False)[0]
        confounds += [left[:, :5], np.column_stack([voxels, seeds]).mean(axis=1, keepdims=True)]
    confounds = np.concatenate(confounds, axis=1)
    voxels, seeds = voxels * deviations[:, None], seeds * deviations[:, None]
    kept = deviations == 1 if setting.scrubbed else np.ones(volumes, dtype=bool)
    while (~kept).mean() < setting.censored - 1e-9 and not setting.scrubbed:
        gap = rng.integers(setting.gap[0], setting.gap[1] + 1)
        start = rng.integers(0, volumes - gap + 1)
        kept[start : start + gap] = False
    operator = cleaning_operator(
        volumes,
        setting.t_r,
        detrend=True,
        confounds=confounds if confounds.size else None,
        kept=kept,
        **BANDS[setting.band],
    )
    used = used_volumes(operator)
    dvars = np.append(np.nan, np.sqrt((np.diff(voxels, axis=0) ** 2).mean(axis=1)))
    cleaned = voxels[used].astype(np.float32)
    clean_voxels(operator[:, used], cleaned)
    return Run(
        operator, kept, seeds, clean_seeds(operator, seeds), cleaned, bursts.deviations(dvars), confounds.shape[1]
    )


def xdf(seeds, voxels):
    """Z-scores by xDF's form for seeds, with adaptive truncation (Afyouni, Smith & Nichols 2019, NeuroImage 199, 609).

    Written from the paper's formula and `SeedFC/xDF_seedFC.m` of its repository, asoroosh/xDF.
    """
    n = len(seeds)
    padded = 2 ** math.ceil(math.log2(2 * n - 1))
    weights = np.arange(n - 2, 0, -1)[:, None]

    def prepared(series):
        centred = series - series.mean(axis=0)
        return np.fft.rfft(centred / np.linalg.norm(centred, axis=0), padded, axis=0)

    def cut(function):
        """Where each function first lies within what white noise has, and the function up to there."""
        within = np.abs(function) <= 1.959964 / math.sqrt(n)
        first = np.where(within.any(axis=0), within.argmax(axis=0), len(function))
        return first, np.where(np.arange(len(function))[:, None] < first, function, 0)

    of_seeds, of_voxels = prepared(seeds), prepared(voxels)
    end, own = cut(np.fft.irfft(np.abs(of_voxels) ** 2, axis=0)[1 : n - 1])
    z = np.empty((seeds.shape[1], voxels.shape[1]))
    for row, of_seed in enumerate(of_seeds.T):
        seed_end, seed_own = cut(np.fft.irfft(np.abs(of_seed) ** 2)[1 : n - 1, None])
        crossed = np.fft.irfft(of_seed.conj()[:, None] * of_voxels, axis=0)
        later, earlier = crossed[1 : n - 1], crossed[: -(n - 1) : -1]
        near = np.arange(n - 2)[:, None] < np.maximum(end, seed_end)
        later, earlier = later * near, earlier * near
        r = crossed[0]
        variance = (n - 1) * (1 - r**2) ** 2
        variance += r**2 * (weights * (own**2 + seed_own**2 + later**2 + earlier**2)).sum(axis=0)
        variance -= 2 * r * (weights * (own + seed_own) * (later + earlier)).sum(axis=0)
        variance += 2 * (weights * (own * seed_own + later * earlier)).sum(axis=0)
        variance = np.maximum(variance / n**2, (1 - r**2) ** 2 / n)
        z[row] = np.arctanh(r) * (1 - r**2) / np.sqrt(variance)
    return z


def rates_of(setting, seed, n_voxels=1200, n_seeds=20, with_xdf=True):
    """Share of pairs beyond each of `BOUNDS`, by candidate, and the calibrated nu, in one simulated run."""
    run = simulate(setting, seed, n_voxels, n_seeds)
    kept = np.flatnonzero(run.kept)
    r = pearson(run.seeds, run.voxels)
    fisher = np.arctanh(r)
    white = degrees_of_freedom(run.operator)
    model = spectra.learn(run.operator, kept, run.voxels)
    z, nu = null.calibrate(run.operator, model, run.seeds, run.voxels, r)
    scores = {
        "naive": fisher * math.sqrt(max(len(kept) - 3, 1)),
        "nu": fisher * math.sqrt(white - 2),
        "calibrated": z,
    }
    if setting.bursts and not setting.scrubbed:
        bursting = run.operator * run.deviations
        of_bursts = spectra.learn(bursting, kept, run.voxels)
        scores["bursts"] = null.calibrate(bursting, of_bursts, run.seeds, run.voxels, r)[0]
    if with_xdf and not setting.censored and not setting.scrubbed:
        scores["xdf"] = xdf(run.seeds, run.voxels[:, :VOXELS_OF_XDF])
    found = {name: [float(np.mean(np.abs(score) > bound)) for bound in BOUNDS] for name, score in scores.items()}
    rng = np.random.default_rng([*seed, 1])
    made = null_seeds.randomised(run.raw_seeds, run.kept, 200, rng, run.deviations)
    check = null_seeds.check(run.operator, clean_seeds(run.operator, made), n_seeds, run.voxels, model)
    found["null_seeds"] = list(check.shares)
    found["median_nu"] = float(np.median(nu))
    return found


def measured(setting, repetitions, **sizes):
    """Rates in per cent with their standard errors, over simulated runs.

    Pairs of a run share seeds and voxels, so that the errors are those of the mean over runs.
    """
    start = time.process_time()
    try:
        found = [
            rates_of(setting, (setting.volumes, repetition), with_xdf=repetition < max(4, repetitions // 4), **sizes)
            for repetition in range(repetitions)
        ]
    except (UnusableRunError, ValueError, KeyError) as error:
        return {"setting": str(setting), "impossible": str(error)}
    result = {"setting": str(setting), "median_nu": float(np.median([one["median_nu"] for one in found]))}
    for name in CANDIDATES:
        shares = 100 * np.array([one[name] for one in found if name in one])
        if len(shares):
            errors = shares.std(axis=0, ddof=1) / math.sqrt(len(shares)) if len(shares) > 1 else shares[0] * np.nan
            result[name] = [shares.mean(axis=0).tolist(), errors.tolist()]
    return result | {"seconds": time.process_time() - start}


def within_reach(result):
    """Whether the calibrated rates lie in `REACH`, but for twice their error."""
    return all(
        low - 2 * error <= rate <= high + 2 * error
        for (low, high), rate, error in zip(REACH, *result["calibrated"], strict=True)
    )


COVERAGE = (
    Setting(200, 2.0, "band-pass", 12, "AR(1)"),
    Setting(200, 2.0, "cosine", 24, "1/f"),
    Setting(600, 0.72, "band-pass", 24, "AR(1)"),
    Setting(200, 2.0, "band-pass", 12, "AR(1)", censored=0.2),
)
RHOS = (0.0, 0.2, 0.4, 0.6, 0.8)


def coverage_of(setting, rho, repetitions, n_voxels=400, n_seeds=40):
    """How often arctanh(r) +- 1.96 / sqrt(nu - 2) holds the correlation that cleaning leaves, and power at 5 %.

    Voxel and seed have the same spectrum, so that the correlation stays rho through any cleaning.
    """
    covered, passing = [], []
    for repetition in range(repetitions):
        run = simulate(setting, (setting.volumes, repetition, 7), n_voxels, n_seeds, rho)
        kept = np.flatnonzero(run.kept)
        r = pearson(run.seeds, run.voxels)
        model = spectra.learn(run.operator, kept, run.voxels)
        z, nu = null.calibrate(run.operator, model, run.seeds, run.voxels, r)
        own = np.arange(n_voxels) % n_seeds, np.arange(n_voxels)
        distance = np.abs(np.arctanh(r[own]) - np.arctanh(rho)) / null.standard_error(nu[own])
        covered.append(np.mean(distance < BOUNDS[0]))
        passing.append(np.mean(np.abs(z[own]) > BOUNDS[0]))
    return {
        "setting": str(setting),
        "rho": rho,
        "coverage": 100 * float(np.mean(covered)),
        "coverage_error": 100 * float(np.std(covered, ddof=1) / math.sqrt(repetitions)),
        "power": 100 * float(np.mean(passing)),
    }


def cell(values):
    """Rates at the three levels in a table's cell, with the error of the first."""
    (five, one, tenth), (error, *_) = values
    return f"{five:.2f} ± {error:.2f} / {one:.2f} / {tenth:.2f}"


def print_rates(results):
    """Print the table of rates."""
    print("| setting | median nu | " + " | ".join(CANDIDATES.values()) + " | |")
    print("| --- " * (len(CANDIDATES) + 3) + "|")
    for result in results:
        if "impossible" in result:
            print(f"| {result['setting']} | | {result['impossible']} |")
            continue
        cells = [cell(result[name]) if name in result else "" for name in CANDIDATES]
        said = "" if within_reach(result) else "**out of reach**"
        print(f"| {result['setting']} | {result['median_nu']:.0f} | " + " | ".join(cells) + f" | {said} |", flush=True)


def print_coverage(results):
    """Print the table of coverage and power."""
    print("\n| setting | " + " | ".join(f"rho {rho:g}" for rho in RHOS) + " |")
    print("| --- " * (len(RHOS) + 1) + "|")
    for setting in dict.fromkeys(result["setting"] for result in results):
        row = [result for result in results if result["setting"] == setting]
        cells = [f"{one['coverage']:.1f} ± {one['coverage_error']:.1f}; {one['power']:.0f}" for one in row]
        print(f"| {setting} | " + " | ".join(cells) + " |")


def draw(results, path):
    """Draw the rates of every setting and candidate, a panel a level."""
    from seed_to_voxel.figures import style

    style.use_style()
    import matplotlib.pyplot as plt

    shown = [result for result in results if "calibrated" in result]
    colors = {"naive": "#999999", "nu": "#56b4e9", "xdf": "#e69f00", "calibrated": "#d55e00", "bursts": "#009e73"}
    marks = {"naive": "x", "nu": "s", "xdf": "D", "calibrated": "o", "bursts": "^"}
    figure, panels = plt.subplots(1, 3, sharey=True, figsize=(13, 0.24 * len(shown) + 1.4), layout="constrained")
    rows = np.arange(len(shown))[::-1]
    for level, (panel, (low, high)) in enumerate(zip(panels, REACH, strict=True)):
        panel.axvspan(low, high, color="#d55e00", alpha=0.15, linewidth=0)
        panel.axvline(100 * LEVELS[level], color="0.4", linewidth=0.8)
        for name, color in colors.items():
            points = [(result[name][0][level], row) for result, row in zip(shown, rows, strict=True) if name in result]
            x, y = zip(*points, strict=True) if points else ((), ())
            panel.scatter(
                np.maximum(x, 100 * LEVELS[level] / 30),
                y,
                s=18,
                color=color,
                marker=marks[name],
                label=CANDIDATES[name],
            )
        panel.set(xscale="log", xlabel=f"% that pass at {100 * LEVELS[level]:g} %", yticks=rows, ylim=(-1, len(rows)))
        panel.grid(axis="y", color="0.93", linewidth=0.6)
        panel.set_axisbelow(True)
    panels[0].set_yticklabels([result["setting"] for result in shown], fontsize=7.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=5, frameon=False)
    figure.savefig(path, dpi=110)


def main():
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=40, help="simulated runs of each setting")
    parser.add_argument("--quick", action="store_true", help="four runs of each setting, and no coverage")
    parser.add_argument("--only", default="", help="settings that have this in their description")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    parser.add_argument("--figure", type=Path, help="draw the rates into this file")
    options = parser.parse_args()
    repetitions = 4 if options.quick else options.repetitions
    chosen = [setting for setting in SETTINGS if options.only in str(setting)]
    # Each worker has a processor: products that are shared out over threads would only wait for each other.
    with ProcessPoolExecutor(options.workers, initializer=threadpool_limits, initargs=(1,)) as workers:
        jobs = [
            # The longest runs are simulated less often; they have more degrees of freedom.
            workers.submit(measured, setting, max(4, repetitions // (4 if setting.volumes > 1000 else 1)))
            for setting in chosen
        ]
        pairs = [] if options.quick else [(setting, rho) for setting in COVERAGE for rho in RHOS]
        pairs = [(setting, rho) for setting, rho in pairs if options.only in str(setting)]
        further = [workers.submit(coverage_of, setting, rho, max(2, repetitions // 2)) for setting, rho in pairs]
        results = [job.result() for job in jobs]
        print_rates(results)
        covered = [job.result() for job in further]
        if covered:
            print_coverage(covered)
    if options.json:
        options.json.write_text(json.dumps({"rates": results, "coverage": covered}, indent=1))
    if options.figure:
        draw(results, options.figure)


if __name__ == "__main__":
    sys.exit(main())

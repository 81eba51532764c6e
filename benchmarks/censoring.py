"""What censoring costs and lets through: the Butterworth filter beside the regression of frequencies.

    uv run python benchmarks/censoring.py

prints two tables in Markdown. Simulated series alone; a minute on one core.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from seed_to_voxel.base.errors import UnusableRunError
from seed_to_voxel.cleaning import operators
from seed_to_voxel.cleaning.censoring import drop_short_segments

HIGH, LOW = 0.01, 0.1  # Hz
FILTERS = ("butterworth", "fourier")
RUNS = ((200, 2.0), (490, 0.735))
PAIRS, REPETITIONS = 300, 8


def operator_of(kept, t_r, filter):
    """The cleaning operator of a stretch, at its kept volumes; None where nothing is left."""
    try:
        return operators.cleaning_operator(len(kept), t_r, True, HIGH, LOW, filter=filter, kept=kept)
    except UnusableRunError:
        return None


def leak(operator, kept, t_r):
    """Largest amplitude, at the kept volumes, that a removed frequency of amplitude 1 keeps."""
    n_volumes = len(kept)
    cycles = [k for k in range(1, n_volumes // 2) if not HIGH <= k / (n_volumes * t_r) <= LOW]
    phases = 2 * np.pi * np.outer(np.arange(n_volumes), cycles) / n_volumes
    waves = np.concatenate([np.cos(phases), np.sin(phases)], axis=1)
    return np.linalg.norm(operator @ waves, axis=0).max() / np.sqrt(kept.sum() / 2)


def gaps():
    """One gap in the middle of 200 volumes."""
    n_volumes, t_r = RUNS[0]
    print("| gap, volumes | nu, butterworth | nu, fourier | leak, butterworth | leak, fourier |")
    print("| --- | --- | --- | --- | --- |")
    for length in (0, 1, 2, 5, 10, 15, 25, 40):
        kept = np.ones(n_volumes, dtype=bool)
        start = (n_volumes - length) // 2
        kept[start : start + length] = False
        found = [operator_of(kept, t_r, filter) for filter in FILTERS]
        nu = [f"{operators.degrees_of_freedom(operator):.0f}" for operator in found]
        leaks = [f"{leak(operator, kept, t_r):.2f}" for operator in found]
        print(f"| {' | '.join([str(length), *nu, *leaks])} |")


def censored(rng, n_volumes, share, mean_length):
    """Volumes that are kept where bursts of motion censor some."""
    kept = np.ones(n_volumes, dtype=bool)
    while kept.mean() > 1 - share:
        start = rng.integers(1, n_volumes - 6)
        kept[start : start + 1 + rng.poisson(mean_length - 1)] = False
    kept = drop_short_segments(kept, 5)
    first, last = np.flatnonzero(kept)[[0, -1]]
    return kept[first : last + 1]


def fluctuations(rng, n_volumes, t_r):
    """Series whose autocorrelation falls with a time constant of 5 s, as BOLD's does."""
    series = rng.standard_normal((n_volumes + 200, PAIRS))
    phi = np.exp(-t_r / 5)
    for volume in range(1, len(series)):
        series[volume] += phi * series[volume - 1]
    return series[200:] * np.sqrt(1 - phi**2)


def correlate(operator, first, second):
    """Correlation of pairs of series after cleaning."""
    a, b = (operators.clean_seeds(operator, series) for series in (first, second))
    return (a * b).sum(axis=0) / (len(a) - 1)


def studies():
    """Bursts of motion: how far r moves from that of the whole run, and the r that breathing in common makes."""
    measures = ("nu", "error of r", "false r")
    columns = ["run", "censored", "longest gap", *(f"{name}, {filter}" for name in measures for filter in FILTERS)]
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for n_volumes, t_r in RUNS:
        for share, mean_length in ((0, 1), (0.05, 1), (0.1, 3), (0.2, 3)):
            rng = np.random.default_rng(2026)
            rows = []
            for _ in range(REPETITIONS):
                kept = censored(rng, n_volumes, share, mean_length)
                length = len(kept)
                shared = fluctuations(rng, length, t_r)
                pair = [
                    shared + 0.6 * fluctuations(rng, length, t_r) + 0.7 * rng.standard_normal((length, PAIRS))
                    for _ in range(2)
                ]
                times = np.arange(length) * t_r
                breath = 2 * np.sin(2 * np.pi * (0.3 * times + 0.4 * np.sin(2 * np.pi * 0.02 * times)))[:, None]
                apart = [
                    breath + fluctuations(rng, length, t_r) + 0.7 * rng.standard_normal((length, PAIRS))
                    for _ in range(2)
                ]
                whole = [operator_of(np.ones(length, dtype=bool), t_r, filter) for filter in FILTERS]
                truth = [correlate(operator, *pair) for operator in whole]
                found = [operator_of(kept, t_r, filter) for filter in FILTERS]
                errors = [correlate(operator, *pair) - r for operator, r in zip(found, truth, strict=True)]
                rows.append(
                    [
                        1 - kept.mean(),
                        np.diff(np.flatnonzero(kept)).max() - 1,
                        *(operators.degrees_of_freedom(operator) for operator in found),
                        *(np.sqrt(np.mean(error**2)) for error in errors),
                        *(correlate(operator, *apart).mean() for operator in found),
                    ]
                )
            part, longest, first, second, *others = np.mean(rows, axis=0)
            cells = [f"{100 * part:.0f} %", f"{longest:.0f}", f"{first:.0f}", f"{second:.0f}"]
            cells += [f"{value:.3f}" for value in others]
            print(f"| {n_volumes} volumes, TR {t_r:g} s | {' | '.join(cells)} |")


if __name__ == "__main__":
    gaps()
    print()
    studies()

"""How often a group's inference finds something where there is nothing: `uv run python benchmarks/group_null.py`.

Simulated cohorts (200, a quarter of an hour; `--quick` for 20) of small runs go through the true cleaning and
correlation: voxels are smooth in space and autoregressive in time, seeds have nothing to do with them, and each subject
has a map of deviations of its own that its sessions share. Each cohort is tested by several designs, over the voxels of
a map and over two seeds; the share of cohorts with any finding at p <= 0.05 is held against the binomial bounds of
5 %. Designs in bold ignore what makes them valid, and show what that costs. A second table has how often the intervals
of Hedges' g cover the truth. docs/inference.md quotes both.
"""

import argparse
import json
import math
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import scipy.ndimage
import scipy.signal
import scipy.stats
from aims import markdown
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from seed_to_voxel.cleaning.operators import clean_seeds, clean_voxels, cleaning_operator  # noqa: E402
from seed_to_voxel.connectivity.correlation import fisher_z, pearson  # noqa: E402
from seed_to_voxel.groups import clusters, glm, inference, models  # noqa: E402
from seed_to_voxel.groups.exchangeability import Scheme  # noqa: E402

SHAPE = (12, 13, 11)
VOLUMES, T_R = 120, 2.0
SUBJECTS, SESSIONS, SEEDS = 24, 2, 2
LEVEL = 0.05
THRESHOLD = 0.01
"""Of clusters: at 0.001, images as small as these rarely have any."""

UNCORRECTED = "voxels, uncorrected"
"""Share of the voxels whose uncorrected p is at most 5 %: not an error of a family, and not held against the bounds."""

FREE, FLIPS = Scheme(), Scheme(permute=False, flip=True)


def mask_of_cohort() -> np.ndarray:
    """An ellipsoid."""
    middle = (np.array(SHAPE) - 1) / 2
    distance = sum(((np.indices(SHAPE)[axis] - middle[axis]) / (SHAPE[axis] / 2)) ** 2 for axis in range(3))
    return distance <= 1


def cohort(number: int, n_seeds: int = SEEDS) -> dict[bool, np.ndarray]:
    """Fisher z maps of a cohort without any effect.

    Parameters
    ----------
    number : int
    n_seeds : int

    Returns
    -------
    dict of bool to numpy.ndarray of float32, shape (n_seeds, SUBJECTS, SESSIONS, n_voxels)
        False: errors are symmetric; True: not.
    """
    draw = np.random.default_rng((7, number))
    mask = mask_of_cohort()
    operator = cleaning_operator(
        VOLUMES,
        T_R,
        detrend=True,
        confounds=draw.standard_normal((VOLUMES, 6)).cumsum(axis=0),
        high_pass=0.01,
        low_pass=0.1,
    )
    maps = np.empty((n_seeds, SUBJECTS, SESSIONS, mask.sum()), dtype=np.float32)
    skewed = np.empty_like(maps)
    for subject in range(SUBJECTS):
        own = scipy.ndimage.gaussian_filter(draw.standard_normal((n_seeds, *SHAPE)), (0, 1.5, 1.5, 1.5))[:, mask]
        for session in range(SESSIONS):
            noise = draw.standard_normal((VOLUMES, *SHAPE), dtype=np.float32)
            noise = scipy.ndimage.gaussian_filter(noise, (0, 1, 1, 1))[:, mask]
            voxels = np.ascontiguousarray(scipy.signal.lfilter([1], [1, -0.4], noise, axis=0), dtype=np.float32)
            clean_voxels(operator, voxels)
            seeds = scipy.signal.lfilter([1], [1, -0.4], draw.standard_normal((VOLUMES, n_seeds)), axis=0)
            z = fisher_z(pearson(clean_seeds(operator, seeds), voxels))
            # As much between subjects as within them.
            own *= z.std() / own.std()
            maps[:, subject, session] = z + own
            # Squares of normal deviates, with a mean of zero; twice as much between subjects as within them.
            skewed[:, subject, session] = z + (np.square(own / z.std()) - 1) / math.sqrt(2) * 2 * z.std()
    return {False: maps, True: skewed}


@dataclass(frozen=True)
class Design:
    """A way to test a cohort.

    Attributes
    ----------
    name : str
    subjects, sessions : int
        How many of the cohort's.
    columns : list of numpy.ndarray
        Of the design; rows are subjects, and sessions within them.
    contrast : list
    blocks : bool
        Whether rows are known to be of the same subject.
    scheme : Scheme or None
        Instead of the one that fits the design.
    skewed : bool
        Whether subjects' own maps have many small and few large values, with a mean of zero.
    groups : numpy.ndarray or None
        Whose maps are three times as large; known as variance groups where `welch`.
    welch : bool
    valid : bool
        Whether the rate must be within bounds.
    alone : tuple of int
        Subjects of whom there is the first session only.
    """

    name: str
    subjects: int
    sessions: int
    columns: list
    contrast: list
    blocks: bool = True
    scheme: Scheme | None = None
    skewed: bool = False
    groups: np.ndarray | None = None
    welch: bool = False
    valid: bool = True
    alone: tuple[int, ...] = ()

    @property
    def kept(self) -> np.ndarray:
        """Which rows there are, of the shape (subjects, sessions) made flat."""
        found = np.ones((self.subjects, self.sessions), dtype=bool)
        found[list(self.alone), 1:] = False
        return found.ravel()

    def model(self, n: int, number: int) -> models.Model:
        """The model, with permutations of a cohort."""
        subjects = np.repeat(np.arange(self.subjects), self.sessions)[self.kept]
        sessions = np.tile(np.arange(self.sessions), self.subjects)[self.kept]
        return models.model_of(
            np.column_stack(self.columns)[self.kept],
            {"tested": self.contrast},
            n=n,
            seed=number,
            subjects=subjects.tolist() if self.blocks else None,
            sessions=sessions.tolist() if self.blocks else None,
            variance_groups=self.groups if self.welch else None,
            schemes={"tested": self.scheme} if self.scheme else None,
        )

    def data(self, maps: np.ndarray) -> dict[str, np.ndarray]:
        """Maps of a cohort as the model takes them, by seed."""
        chosen = maps[:, : self.subjects, : self.sessions]
        if self.groups is not None:
            chosen = chosen * np.where(self.groups == 0, 3, 1).astype(np.float32)[:, None, None]
        return {str(seed): of.reshape(-1, of.shape[-1])[self.kept] for seed, of in enumerate(chosen)}


def designs(only: str = "") -> list[Design]:
    """All that are tested, or those in whose name a regular expression is found."""
    draw = np.random.default_rng(0)
    one, two = np.ones(16), np.ones(32)
    half, age, motion = np.repeat([0.0, 1], 8), draw.uniform(8, 70, 16), draw.gamma(2, 0.1, 16)
    session = np.tile([0.0, 1], 16)
    both = np.repeat(half, 2)
    subject = np.eye(16)[np.repeat(np.arange(16), 2)].T
    few = np.repeat([0.0, 1], [5, 19])
    found = [
        Design("one sample", 16, 1, [one], [1]),
        Design("one sample, two covariates", 16, 1, [one, age - age.mean(), motion - motion.mean()], [1, 0, 0]),
        Design("**one sample, errors not symmetric**", 16, 1, [one], [1], skewed=True, valid=False),
        Design("two groups", 16, 1, [one, half], [0, 1]),
        Design("two groups, errors not symmetric", 16, 1, [one, half], [0, 1], skewed=True),
        Design("two groups, two covariates", 16, 1, [one, half, age, motion], [0, 1, 0, 0]),
        Design("paired sessions", 16, 2, [*subject, session], [0] * 16 + [1]),
        Design("groups by sessions", 16, 2, [*subject, session, session * both], [0] * 17 + [1]),
        Design("two groups, two sessions each", 16, 2, [two, both, session], [0, 1, 0]),
        Design("**the same, blocks ignored**", 16, 2, [two, both, session], [0, 1, 0], False, FREE, valid=False),
        Design("two groups, one or two sessions", 16, 2, [two, both, session], [0, 1, 0], alone=(1, 2, 5, 10)),
        Design("two groups, most of one with one session", 16, 2, [two, both], [0, 1], alone=(0, 1, 2, 3, 4, 12)),
        Design(
            "**two groups, one or two sessions, blocks ignored**",
            *(16, 2, [two, both, session], [0, 1, 0], False, FREE),
            valid=False,
            alone=(1, 2, 5, 10),
        ),
        Design(
            "groups by sessions, subjects not in the model", 16, 2, [two, both, session, session * both], [0, 0, 0, 1]
        ),
        Design("mean of two sessions each", 16, 2, [two], [1]),
        Design("**the same, blocks ignored**", 16, 2, [two], [1], False, FLIPS, valid=False),
        Design("5 noisy, 19 others, variance groups", 24, 1, [1 - few, few], [-1, 1], groups=few, welch=True),
        Design("**5 noisy, places change**", 24, 1, [1 - few, few], [-1, 1], True, FREE, False, few, True, False),
        Design("**5 noisy, one variance**", 24, 1, [1 - few, few], [-1, 1], groups=few, valid=False),
    ]
    return [design for design in found if re.search(only, design.name)]


def smallest(maps: np.ndarray, design: Design, grid: clusters.Grid, n: int, number: int) -> dict[str, float]:
    """The smallest corrected p of each statistic, within the first seed's map and over all seeds.

    Parameters
    ----------
    maps : numpy.ndarray of shape (n_seeds, SUBJECTS, SESSIONS, n_voxels)
    design : Design
    grid : clusters.Grid
    n : int
        Permutations.
    number : int
        Of the cohort.

    Returns
    -------
    dict of str to float
    """
    data, model = design.data(maps), design.model(n, number)
    settings = models.Settings(threshold=THRESHOLD)
    null = inference.combine([inference.maxima_of_part(data, model, grid, settings=settings)])
    found = {}
    # The first permutation leaves all as it is, so that its maximum is that of the map.
    for row, statistic in enumerate(settings.statistics):
        observed = null.values["tested"][row][:, 0]
        found[statistic] = float(inference.corrected(observed[:1], null, statistic, "tested", "0")[0])
        found[f"{statistic}, seeds"] = float(inference.corrected(observed.max(), null, statistic, "tested"))
    return found


def uncorrected(maps: np.ndarray, design: Design) -> float:
    """Share of the voxels of the first seed whose uncorrected p is at most 5 %."""
    view = design.model(2, 0).views["tested"]
    fit = glm.fit(
        view.data(design.data(maps)["0"]),
        view.design,
        np.asarray(design.contrast),
        variance_groups=view.variance_groups,
        subjects=view.subjects,
    )
    return float((fit.minus_log10_p >= -math.log10(LEVEL)).mean())


def test_cohort(number: int, n: int, only: str = "") -> dict[int, dict[str, float]]:
    """The smallest p of each design, by its place in the list."""
    with threadpool_limits(1):
        maps, grid = cohort(number), clusters.Grid(mask_of_cohort())
        return {
            place: {
                **smallest(maps[design.skewed], design, grid, n, number),
                UNCORRECTED: uncorrected(maps[design.skewed], design),
            }
            for place, design in enumerate(designs(only))
        }


test_cohort.__test__ = False


def bounds(n_cohorts: int, chance: float = 0.05) -> tuple[int, int]:
    """Numbers of findings among so many cohorts between which 5 % lie, but for one time in twenty."""
    low, high = scipy.stats.binom.interval(1 - chance, n_cohorts, LEVEL)
    return int(low), int(high)


def rates(found: list[dict[int, dict[str, float]]], only: str = "") -> list[str]:
    """The table of family-wise errors."""
    n = len(found)
    low, high = bounds(n)
    names = [name for name in found[0][0] if name != UNCORRECTED]
    rows = []
    for place, design in enumerate(designs(only)):
        cells = []
        for name in names:
            hits = sum(one[place][name] <= LEVEL + 1e-9 for one in found)
            mark = "" if low <= hits <= high else " (!)" if design.valid and hits > high else " *"
            cells.append(f"{100 * hits / n:.1f}{mark}")
        share = np.mean([one[place][UNCORRECTED] for one in found])
        rows.append([design.name, *cells, f"{100 * share:.1f}"])
    return [
        f"{n} cohorts; 5 % lie between {100 * low / n:.1f} and {100 * high / n:.1f} %; * outside of that, "
        "(!) above where it must not be",
        "",
        *markdown(["design", *names, UNCORRECTED], rows),
    ]


def coverage(n_voxels: int = 40_000) -> list[str]:
    """The table of the intervals of Hedges' g."""
    draw = np.random.default_rng(5)
    rows = []
    for name, n in (("one sample", 12), ("two groups", 12), ("paired", 12)):
        cells = []
        for delta in (0.0, 0.3, 0.8, 1.5):
            if name == "one sample":
                data, design, contrast, subjects = (
                    draw.standard_normal((n, n_voxels)) + delta,
                    np.ones((n, 1)),
                    [1],
                    None,
                )
            elif name == "two groups":
                group = np.repeat([0.0, 1], n)
                data = draw.standard_normal((2 * n, n_voxels)) + delta * group[:, None]
                design, contrast, subjects = np.column_stack([np.ones(2 * n), group]), [0, 1], None
            else:
                subjects, session = np.repeat(np.arange(n), 2), np.tile([0.0, 1], n)
                data = draw.standard_normal((n, n_voxels))[subjects] + draw.standard_normal(
                    (2 * n, n_voxels)
                ) / math.sqrt(2)
                data += delta * session[:, None]
                design, contrast = np.column_stack([np.eye(n)[subjects], session]), [0] * n + [1]
            fit = glm.fit(data, design, contrast, subjects=subjects)
            covered = 100 * np.mean((fit.g_low <= delta) & (delta <= fit.g_high))
            cells.append(f"{covered:.1f} ({fit.g.mean():.3f})")
        rows.append([f"{name}, {n}", *cells])
    header = ["", *(f"g = {delta}" for delta in (0.0, 0.3, 0.8, 1.5))]
    return ["Share of 95 % intervals that hold the truth (mean of g)", "", *markdown(header, rows)]


def main() -> None:
    """Read the options, simulate, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20 cohorts")
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--permutations", type=int, default=100)
    parser.add_argument("--only", default="", help="designs in whose name this regular expression is found")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file for every cohort's p")
    options = parser.parse_args()
    n_cohorts = 20 if options.quick else options.cohorts
    start = time.monotonic()
    found = []
    with ProcessPoolExecutor(options.processes) as pool:
        ways = partial(test_cohort, n=options.permutations, only=options.only)
        for one in pool.map(ways, range(n_cohorts)):
            found.append(one)
            if not len(found) % 10:
                print(f"[{(time.monotonic() - start) / 60:.1f} min] {len(found)} cohorts", file=sys.stderr, flush=True)
                if options.json:
                    options.json.write_text(json.dumps(found))
    print("\n".join([*rates(found, options.only), "", *([] if options.only else coverage())]))


if __name__ == "__main__":
    main()

"""Runs of several subjects in so few numbers that a web page can hold them all, and how far their mean is then off.

A click on a page makes the map of each subject and takes the mean of their Fisher z. What rounding does to one subject
is independent of what it does to the next, so that it matters less the more there are: a group's runs are rounded more
than a run of its own page (`reduced`). All share one step of rounding, whatever the component: that is what loses least
for its bits (reverse water-filling; Cover & Thomas 2006, Elements of Information Theory, section 10.3.3), and small
components cost next to nothing when they are compressed. Components common to all would be more than each has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..images import thinned
from ..images.resampling import CLOSE, in_words
from . import reduced
from .correlation import fisher_z

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage

FINENESS = (127, 90, 64, 45)
"""Steps to 1 that values are rounded to, the finest first."""

FINEST = 3.0
"""mm: voxels of a group's page are not smaller."""

COARSEST = 8.1
"""mm: subjects are left out before voxels are larger, unless the runs' own are."""

KEPT_OUT = 1e-6
"""Share of the voxels' variance that may lie outside of the basis before anything is rounded."""

TRIED = 60
"""Voxels that are seeds when it is measured what rounding does."""

MODERATE = 1.0
"""|z| up to which the largest error of mean z is told; beyond, z follows the smallest change of r."""


@dataclass(frozen=True)
class Member:
    """A run, reduced but not rounded, on its whole grid or every so manieth voxel of it.

    Attributes
    ----------
    about : dict
        ``run`` and ``subject``, its ``weight`` among the subject's runs, its ``seeds``, and ``smoothing`` (mm).
    values : numpy.ndarray of float32, shape (n_components, n_voxels)
        Each voxel's series of unit length in the run's own basis, that of the largest variance first.
    mask : numpy.ndarray of bool, shape (x, y, z)
        Voxels that have a series, in C order those of `values`.
    affine : numpy.ndarray of shape (4, 4)
    background : numpy.ndarray of float32, shape (x, y, z)
    image_shape : tuple of int
        Of the run's own grid.
    image_affine : numpy.ndarray of shape (4, 4)
    """

    about: Mapping[str, Any]
    values: np.ndarray
    mask: np.ndarray
    affine: np.ndarray
    background: np.ndarray
    image_shape: tuple[int, ...]
    image_affine: np.ndarray


@dataclass(frozen=True)
class Accuracy:
    """How far the mean of Fisher z over subjects from rounded values is from that of values as they were, measured.

    Attributes
    ----------
    moderate : float
        The largest difference where mean z is within ±`MODERATE`.
    usual : float
        What `reduced.USUAL` of all pairs of voxels do not exceed.
    of_r : float
        The largest difference of tanh(mean z), of all pairs.
    pairs : int
        How many were compared.
    """

    moderate: float
    usual: float
    of_r: float
    pairs: int


@dataclass(frozen=True)
class Pool:
    """Subjects as a page holds them.

    Attributes
    ----------
    mask : numpy.ndarray of bool, shape (x, y, z)
        Voxels that enough of the subjects cover.
    affine : numpy.ndarray of shape (4, 4)
    background : numpy.ndarray of float32, shape (x, y, z)
        Mean of the runs' means over time, each in its own median.
    step : int
        Every so manieth voxel of the runs' own grid, along each axis.
    fineness : int
        Steps to 1 that values are rounded to.
    texts : list of list of dict
        For each subject and each of its runs the ``lower`` and ``upper`` bytes, from `packed`.
    size : int
        Letters of all texts.
    """

    mask: np.ndarray
    affine: np.ndarray
    background: np.ndarray
    step: int
    fineness: int
    texts: list[list[dict[str, str]]]
    size: int


def first_step(affine: np.ndarray) -> int:
    """Every how manieth voxel of a run to keep, so that voxels are not smaller than `FINEST`."""
    edge = float(np.linalg.norm(affine[:3, :3], axis=0).min())
    return max(1, int(np.ceil(FINEST / edge - 1e-3)))


def member_of(series: np.ndarray, mask: SpatialImage, mean: SpatialImage, about: Mapping[str, Any]) -> Member:
    """Reduce a run, on its whole grid, or every so manieth voxel of it where these are small.

    Parameters
    ----------
    series : numpy.ndarray of float32, shape (n_kept, n_voxels)
        Cleaned; NaN where a voxel is constant.
    mask, mean : nibabel image
        The run's mask, and its mean over time.
    about : dict
        See `Member`; the ``step`` between voxels is added.

    Returns
    -------
    Member

    Raises
    ------
    InputError
        If no voxel of the run has a series.
    """
    defined = np.isfinite(series[0])
    if not defined.any():
        raise InputError(f"{mask.get_filename()}: every voxel in the mask is constant, so that none can be a seed")
    assert mask.affine is not None
    step = first_step(mask.affine)
    grid = thinned.grid_of(mask, mean, defined, step, cut=False)
    basis = reduced.principal_basis(series, np.flatnonzero(defined), KEPT_OUT)
    values = reduced.reduce(series, grid.voxels, basis)
    shape = tuple(mask.shape)
    return Member({**about, "step": step}, values, grid.mask, grid.affine, grid.background, shape, mask.affine)


def check_grids(members: Iterable[Member]) -> None:
    """Refuse runs on different grids, in which voxels of one index are different places.

    Raises
    ------
    InputError
        That names both runs.
    """
    first = None
    for member in members:
        first = first or member
        same = member.image_shape == first.image_shape
        if not (same and np.allclose(member.image_affine, first.image_affine, atol=CLOSE)):
            raise InputError(
                f"{member.about['run']} is on another grid than {first.about['run']}: "
                f"{in_words(member.image_shape, member.image_affine)}, expected "
                f"{in_words(first.image_shape, first.image_affine)}. The explorer of a group is of runs on one grid; "
                "name participants whose runs are in figures.viewers.runs, or leave explore_group out of "
                "figures.viewers.kinds"
            )


def every(member: Member, step: int) -> Member:
    """A run with every so manieth of its voxels along each axis."""
    if step == 1:
        return member
    chosen = (slice(None, None, step),) * 3
    kept = np.zeros_like(member.mask)
    kept[chosen] = member.mask[chosen]
    return Member(
        member.about,
        member.values[:, kept[member.mask]],
        member.mask[chosen],
        member.affine @ np.diag([step, step, step, 1.0]),
        member.background[chosen],
        member.image_shape,
        member.image_affine,
    )


def common_mask(subjects: Sequence[Sequence[Member]], at_least: float) -> np.ndarray:
    """Voxels that enough subjects cover, each by any of its runs.

    Parameters
    ----------
    subjects : sequence of sequence of Member
        On one grid.
    at_least : float
        Share of the subjects, 0 to 1.

    Returns
    -------
    numpy.ndarray of bool, shape (x, y, z)

    Raises
    ------
    InputError
        If there is no such voxel.
    """
    covered = np.zeros(subjects[0][0].mask.shape, dtype=np.int32)
    for runs in subjects:
        covered += np.any([run.mask for run in runs], axis=0)
    # As in a group's maps: a share that is met but for its last digits is met.
    mask = covered / len(subjects) >= max(at_least - 1e-9, 1e-9)
    if not mask.any():
        raise InputError(
            f"no voxel is covered by {at_least:g} of the {len(subjects)} participants (groups.mask_coverage); expected "
            "masks that overlap"
        )
    return mask


def on(mask: np.ndarray, member: Member) -> np.ndarray:
    """A run's values at the voxels of a mask, float32; 0 at those that it does not have."""
    values = np.zeros((len(member.values), int(mask.sum())), dtype=np.float32)
    values[:, member.mask[mask]] = member.values[:, mask[member.mask]]
    return values


def rounded(values: np.ndarray, fineness: int) -> np.ndarray:
    """Values in steps of 1 / `fineness`, int16; what is not 0 in all components does not become so.

    Parameters
    ----------
    values : numpy.ndarray of float32, shape (n_components, n_voxels)
    fineness : int

    Returns
    -------
    numpy.ndarray of int16, shape (n_left, n_voxels)
        Without the last components, if they are 0 throughout.
    """
    levels = reduced.rounded(values, fineness)
    lost = np.flatnonzero(~levels.any(axis=0) & values.any(axis=0))
    largest = np.abs(values[:, lost]).argmax(axis=0)
    levels[largest, lost] = np.sign(values[largest, lost])
    left = np.flatnonzero(levels.any(axis=1))
    return levels[: left[-1] + 1] if left.size else levels[:1]


def steps(affine: np.ndarray) -> list[int]:
    """Every how manieth voxel may be kept, for voxels up to `COARSEST`."""
    edge = float(np.linalg.norm(affine[:3, :3], axis=0).max())
    return list(range(1, max(1, int(COARSEST / edge)) + 1))


def fit(
    subjects: Sequence[Sequence[Member]],
    at_least: float,
    budget: float,
    packed: Callable[[np.ndarray, np.ndarray], dict[str, str]],
) -> Pool:
    """Put as many subjects as possible into a page: rounded first, then thinned out, then the last ones left out.

    Parameters
    ----------
    subjects : sequence of sequence of Member
        The runs of each, all on one grid.
    at_least : float
        Share of the subjects that must cover a voxel.
    budget : float
        Letters of text.
    packed : callable
        Makes texts of levels and the mask that they are of.

    Returns
    -------
    Pool
        Of the first subjects; as many as it has texts.

    Raises
    ------
    InputError
        If not even two subjects fit.
    """
    rungs = [(step, fineness) for step in steps(subjects[0][0].affine) for fineness in FINENESS]
    n_in = len(subjects)
    while True:
        step, fineness = rungs[0]
        there = [[every(run, step) for run in runs] for runs in subjects[:n_in]]
        mask = common_mask(there, at_least)
        texts: list[list[dict[str, str]]] = []
        size = 0
        for runs in there:
            own = [packed(rounded(on(mask, run), fineness), mask) for run in runs]
            larger = size + sum(len(text) for run in own for text in run.values())
            # A tenth of all is enough to see that the rest will not fit either.
            if larger > budget or (len(rungs) > 1 and larger * n_in > 1.3 * budget * (len(texts) + 1)):
                break
            texts.append(own)
            size = larger
        if len(texts) == n_in:
            return Pool(mask, there[0][0].affine, _mean_background(there, mask), step, fineness, texts, size)
        if len(rungs) > 1:
            rungs.pop(0)
        elif len(texts) < 2:
            raise InputError(
                f"figures.viewers.group_megabytes is too little for the explorer of a group: {len(texts)} of "
                f"{len(subjects)} participants fit; expected enough for two"
            )
        else:
            n_in = len(texts)


def _mean_background(subjects: Sequence[Sequence[Member]], mask: np.ndarray) -> np.ndarray:
    """Mean of the runs' images, each in the median of its voxels of the mask."""
    total = np.zeros(mask.shape, dtype=np.float64)
    for run in (run for runs in subjects for run in runs):
        usual = float(np.median(run.background[mask & run.mask])) if (mask & run.mask).any() else 0.0
        total += run.background / (usual or 1.0)
    return (total / sum(map(len, subjects))).astype(np.float32)


def weights(runs: Sequence[Member]) -> list[float]:
    """What each run of a subject is worth in the mean of their Fisher z; 1 for the only one."""
    own = [max(float(run.about["weight"] or 0), 0.0) for run in runs]
    return own if len(runs) > 1 and any(own) else [1.0] * len(runs)


def accuracy(subjects: Sequence[Sequence[Member]], pool: Pool, tried: int = TRIED) -> Accuracy:
    """Measure how far means of Fisher z of a pool are from those of the values as they were.

    Parameters
    ----------
    subjects : sequence of sequence of Member
        Those of the pool.
    pool : Pool
    tried : int
        Voxels, spread over all, that are correlated with every other.

    Returns
    -------
    Accuracy
    """
    n_voxels = int(pool.mask.sum())
    seeds = np.unique(np.linspace(0, n_voxels - 1, tried).astype(int))
    exact, near = (np.zeros((len(seeds), n_voxels)) for _ in range(2))
    count = np.zeros((len(seeds), n_voxels))
    for runs in subjects:
        of_exact, of_near, total = (np.zeros((len(seeds), n_voxels)) for _ in range(3))
        for run, weight in zip(runs, weights(runs), strict=True):
            values = on(pool.mask, every(run, pool.step))
            levels = rounded(values, pool.fineness).astype(np.float32)
            there: np.ndarray = np.any(values, axis=0)
            for sums, numbers in ((of_exact, values), (of_near, levels)):
                units = numbers / np.where(there, np.linalg.norm(numbers, axis=0), np.inf)
                sums += weight * fisher_z(units[:, seeds].T @ units)
            total += weight * (there[seeds, None] & there)
        known = total > 0
        for sums, part in ((exact, of_exact), (near, of_near)):
            sums[known] += part[known] / total[known]
        count += known
    pairs = count > 0
    # A seed's r with itself is 1 whatever is rounded.
    pairs[np.arange(len(seeds)), seeds] = False
    exact, near = exact[pairs] / count[pairs], near[pairs] / count[pairs]
    error = np.abs(near - exact)
    moderate = error[np.abs(exact) < MODERATE]
    return Accuracy(
        moderate=float(moderate.max()) if moderate.size else 0.0,
        usual=float(np.quantile(error, reduced.USUAL)),
        of_r=float(np.abs(np.tanh(near) - np.tanh(exact)).max()),
        pairs=error.size,
    )


def by_subject(members: Sequence[Member]) -> Iterator[list[Member]]:
    """Runs of each subject in turn, in the order in which subjects come first."""
    names = dict.fromkeys(member.about["subject"] for member in members)
    for name in names:
        yield [member for member in members if member.about["subject"] == name]

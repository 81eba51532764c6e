"""Many voxels are tested at once: where to cut so that few of those that pass do so by chance."""

import math
from collections.abc import Collection, Sequence
from statistics import NormalDist

import numpy as np


def reach(fwhm: float | None, seed_fwhm: float | None) -> float:
    """How far around a seed's voxels smoothing alone makes voxels alike: two widths of both Gaussians together.

    Parameters
    ----------
    fwhm, seed_fwhm : float or None
        Smoothing of the voxels and of the image that the seeds' series are read from, mm; None for none.

    Returns
    -------
    float
        mm.
    """
    return 2 * math.hypot(fwhm or 0, seed_fwhm or 0)


def bonferroni(minus_log10_p: np.ndarray, level: float = 0.05) -> float:
    """The largest p that passes where the chance of any false positive is at most `level`.

    Parameters
    ----------
    minus_log10_p : numpy.ndarray
        -log10 of the p of each test; NaN where there was none.
    level : float

    Returns
    -------
    float
        As -log10(p); infinite where nothing was tested.
    """
    n = int(np.isfinite(minus_log10_p).sum())
    return float(np.log10(n) - np.log10(level)) if n else np.inf


def false_discovery_rate(minus_log10_p: np.ndarray, level: float = 0.05, dependent: bool = False) -> float:
    """The largest p that passes where the expected share of false positives among those that pass is `level`.

    Parameters
    ----------
    minus_log10_p : numpy.ndarray
        -log10 of the p of each test; NaN where there was none.
    level : float
    dependent : bool
        Whatever the dependence among the tests (Benjamini & Yekutieli 2001, Annals of Statistics 29, 1165); else for
        independent tests or those that depend positively, as smooth maps do (Benjamini & Hochberg 1995, Journal of
        the Royal Statistical Society B 57, 289).

    Returns
    -------
    float
        As -log10(p), that of the weakest test that passes; infinite where none does.
    """
    ordered = np.sort(minus_log10_p[np.isfinite(minus_log10_p)].ravel())[::-1].astype(np.float64)
    n = ordered.size
    ranks = np.arange(1, n + 1)
    penalty = np.log10((1 / ranks).sum()) if dependent and n else 0.0
    passing = np.flatnonzero(ordered >= np.log10(n) + penalty - np.log10(level) - np.log10(ranks)) if n else ranks
    return float(ordered[passing[-1]]) if passing.size else np.inf


def false_discovery_rates(
    minus_log10_p: np.ndarray, dependent: bool = False, family: np.ndarray | None = None
) -> np.ndarray:
    """The smallest false discovery rate at which each test passes, the adjusted p of Benjamini and Hochberg.

    Parameters
    ----------
    minus_log10_p : numpy.ndarray
        -log10 of the p of each test; NaN where there was none.
    dependent : bool
        See `false_discovery_rate`.
    family : numpy.ndarray of bool, optional
        Tests among which the rate holds; all where None. What is surely no false discovery, as voxels beside a seed
        are, would make room for false ones elsewhere if it counted among them. Another test passes at a rate if its p
        is at most that of some test of the family which passes.

    Returns
    -------
    numpy.ndarray
        As -log10, of the same shape; NaN where nothing was tested.
    """
    found = np.full(minus_log10_p.shape, np.nan)
    known = np.isfinite(minus_log10_p)
    tested = known if family is None else known & family
    values = minus_log10_p[tested].astype(np.float64)
    n = values.size
    if n:
        order = np.argsort(-values, kind="stable")
        ranks = np.arange(1, n + 1)
        penalty = np.log10((1 / ranks).sum()) if dependent else 0.0
        # A test passes with whatever weaker test passes.
        rates = np.maximum.accumulate((values[order] - np.log10(n) - penalty + np.log10(ranks))[::-1])[::-1]
        adjusted = np.empty(n)
        adjusted[order] = np.maximum(rates, 0)
        found[tested] = adjusted
    others = known & ~tested
    if others.any():
        # From the weakest on; weaker ones than the family's weakest pass at no rate.
        strengths, rates = np.sort(values), np.sort(found[tested])
        place = np.searchsorted(strengths, minus_log10_p[others].astype(np.float64), side="right")
        found[others] = np.concatenate([[0.0], rates])[place]
    return found


def thresholds(
    r: np.ndarray,
    z: np.ndarray,
    minus_log10_p: np.ndarray,
    level: float,
    dependent: bool,
    of_r: str = "R",
) -> dict[str, dict]:
    """Where a map may be cut, for its sidecar.

    Parameters
    ----------
    r, z, minus_log10_p : numpy.ndarray of shape (n_tested,)
        Of the voxels that are tested.
    level : float
    dependent : bool
        See `false_discovery_rate`.
    of_r : str
        What `r` is called in the key of its smallest size.

    Returns
    -------
    dict
        For each way -log10(p), p and |z| at the cut, how many voxels pass, and the smallest |r| among these, since r
        alone is no measure where nu differs from voxel to voxel; None where there is none.
    """
    cuts = {
        "FalseDiscoveryRate": false_discovery_rate(minus_log10_p, level, dependent),
        "Bonferroni": bonferroni(minus_log10_p, level),
    }
    found = {}
    for name, cut in cuts.items():
        passing = minus_log10_p >= cut
        known = np.isfinite(cut)
        found[name] = {
            "MinusLog10P": cut if known else None,
            "P": 10**-cut if known else None,
            "AbsZ": -NormalDist().inv_cdf(10**-cut / 2) if known and cut < 300 else None,
            f"SmallestAbs{of_r}": float(np.abs(r[passing]).min()) if passing.any() else None,
            "NumberOfVoxels": int(passing.sum()),
            "NumberOfPositiveVoxels": int((z[passing] > 0).sum()),
        }
    return found


def within_distance(places: np.ndarray, distance: float, coordinates: np.ndarray) -> np.ndarray:
    """Places that lie within a distance of any of some places, straight through the brain.

    Parameters
    ----------
    places : numpy.ndarray of int, shape (n,)
    distance : float
        mm.
    coordinates : numpy.ndarray of shape (n_places, 3)
        mm. What is near along the surface is near straight on, too, and so no place is missed.

    Returns
    -------
    numpy.ndarray of bool, shape (n_places,)
    """
    reached = np.zeros(len(coordinates), dtype=bool)
    reached[places] = True
    if distance:
        low, high = coordinates[places].min(axis=0) - distance, coordinates[places].max(axis=0) + distance
        around = np.flatnonzero(((coordinates >= low) & (coordinates <= high)).all(axis=1))
        for place in coordinates[places]:
            reached[around[np.linalg.norm(coordinates[around] - place, axis=1) <= distance + 1e-6]] = True
    return reached


def near_points(points: np.ndarray, distance: float, coordinates: np.ndarray) -> np.ndarray:
    """Places that lie within a distance of any of some points, which need not be such places.

    Parameters
    ----------
    points : numpy.ndarray of shape (n_points, 3)
        mm.
    distance : float
        mm.
    coordinates : numpy.ndarray of shape (n_places, 3)
        mm.

    Returns
    -------
    numpy.ndarray of bool, shape (n_places,)
    """
    from scipy.spatial import KDTree

    if not len(points):
        return np.zeros(len(coordinates), dtype=bool)
    # Twice the slack, since the bound itself does not count.
    nearest, _ = KDTree(points).query(coordinates, distance_upper_bound=distance + 2e-6)
    return nearest <= distance + 1e-6


def own_voxels(table: Sequence[Sequence[str]], labels: Collection[str], axes: int = 3) -> np.ndarray:
    """Voxels of some seeds.

    Parameters
    ----------
    table : sequence of sequence of str
        Cells of ``desc-seeds_voxels.tsv``, its header first: the seed's label, then the voxel.
    labels : collection of str
    axes : int
        Of the grid; 1 for a list of vertices.

    Returns
    -------
    numpy.ndarray of int, shape (n, axes)
    """
    return np.array([row[1 : 1 + axes] for row in table[1:] if row[0] in labels], dtype=int).reshape(-1, axes)


def within_reach(voxels: np.ndarray, distance: float, affine: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Voxels that lie within a distance of any of some voxels.

    Parameters
    ----------
    voxels : numpy.ndarray of int, shape (n, 3)
    distance : float
        mm.
    affine : numpy.ndarray of shape (4, 4)
    shape : tuple of int

    Returns
    -------
    numpy.ndarray of bool, shape `shape`
    """
    # No voxel within the distance is farther than this along an axis of the grid.
    farthest = np.floor(distance * np.linalg.norm(np.linalg.inv(affine[:3, :3]), axis=1) + 1e-6).astype(int)
    offsets = np.stack(np.meshgrid(*(np.arange(-far, far + 1) for far in farthest), indexing="ij"), -1).reshape(-1, 3)
    offsets = offsets[np.linalg.norm(offsets @ affine[:3, :3].T, axis=1) <= distance + 1e-6]
    low, high = voxels.min(axis=0), voxels.max(axis=0)
    box = np.zeros(high - low + 1 + 2 * farthest, dtype=bool)
    centre = np.zeros(high - low + 1, dtype=bool)
    centre[tuple((voxels - low).T)] = True
    for offset in offsets + farthest:
        box[tuple(slice(at, at + size) for at, size in zip(offset, centre.shape, strict=True))] |= centre
    reached = np.zeros(shape, dtype=bool)
    start = low - farthest
    inside = [slice(max(at, 0), max(at + size, 0)) for at, size in zip(start, box.shape, strict=True)]
    cut = tuple(
        slice(max(-at, 0), max(-at, 0) + len(range(*part.indices(size))))
        for at, part, size in zip(start, inside, shape, strict=True)
    )
    reached[tuple(inside)] = box[cut]
    return reached


def away_from(
    table: Sequence[Sequence[str]], labels: Collection[str], distance: float, where: np.ndarray, brain: np.ndarray
) -> np.ndarray:
    """Places of the brain that lie farther than a distance from all of some seeds' own: those that are tested.

    Parameters
    ----------
    table, labels
        See `own_voxels`.
    distance : float
        mm, from `reach`.
    where : numpy.ndarray of shape (4, 4), or (n_places, 3)
        The affine of a grid; where each place lies, mm, where there is none.
    brain : numpy.ndarray of bool, shape (x, y, z), or (n_places,)

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        In the order of ``data[brain]``.
    """
    own = own_voxels(table, labels, brain.ndim)
    if brain.ndim == 1:
        return ~within_distance(own[:, 0], distance, where)[brain]
    return ~within_reach(own, distance, where, brain.shape)[brain]

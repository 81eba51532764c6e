"""How like the others' a run's map is."""

import numpy as np

from ..images.grid import BOX

GRID = 4
"""mm of the grid on which maps are compared."""

LEAST = 5
"""Fewer runs have no distribution that one of them could be odd in."""

SPREAD = 3.5
"""Robust standard deviations below the median that make a map odd (Iglewicz and Hoaglin 1993)."""


def common_grid() -> np.ndarray:
    """Points of the grid on which maps of different runs are compared.

    Returns
    -------
    numpy.ndarray of shape (n, 3)
        MNI mm.
    """
    axes = [np.arange(low, high + 1, GRID, dtype=float) for low, high in BOX]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def similarities(z: np.ndarray) -> np.ndarray:
    """Correlation of each map with the mean of all others.

    Parameters
    ----------
    z : numpy.ndarray of shape (n_maps, n_points)
        Fisher z; 0 where a map has no value.

    Returns
    -------
    numpy.ndarray of shape (n_maps,)
        NaN for a single map, and for a map that is the same everywhere.
    """
    if len(z) < 2:
        return np.full(len(z), np.nan)
    total = z.sum(axis=0, dtype=np.float64)
    found = []
    for row in z:
        own = row.astype(np.float64)
        others = (total - own) / (len(z) - 1)
        used = (own != 0) & (others != 0)
        a, b = own[used] - own[used].mean() if used.any() else own[used], others[used]
        b = b - b.mean() if b.size else b
        norm = np.sqrt((a @ a) * (b @ b))
        found.append(float(a @ b / norm) if norm > 1e-12 else float("nan"))
    return np.array(found)


def odd(values: np.ndarray) -> np.ndarray:
    """Find the maps whose similarity lies far below the others'.

    A similarity is odd where it is undefined, or lies `SPREAD` robust standard deviations (1.4826 times the median
    absolute deviation, and at least 0.02) below the median.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_maps,)
        From `similarities`.

    Returns
    -------
    numpy.ndarray of bool, shape (n_maps,)
        All false where there are fewer than `LEAST` maps, or none is defined.
    """
    low, _ = _usual(values)
    return ~(values >= low) if np.isfinite(low) else np.zeros(len(values), dtype=bool)


def far(shares: np.ndarray) -> np.ndarray:
    """Find the maps of which far more, or far less, is beyond the threshold than of the others.

    Parameters
    ----------
    shares : numpy.ndarray of shape (n_maps,)
        Share of each map's voxels beyond the threshold; NaN where nothing is defined.

    Returns
    -------
    numpy.ndarray of int, shape (n_maps,)
        1 where a share lies `SPREAD` robust standard deviations (as for `odd`) above the median, -1 where below, else
        0; 0 throughout where there are fewer than `LEAST` maps.
    """
    low, high = _usual(shares)
    with np.errstate(invalid="ignore"):
        return (shares > high).astype(int) - (shares < low)


def _usual(values: np.ndarray) -> tuple[float, float]:
    """Bounds of what is usual among some values; NaN where they are too few to say."""
    defined = values[np.isfinite(values)]
    if len(values) < LEAST or not defined.size:
        return float("nan"), float("nan")
    middle = float(np.median(defined))
    width = max(1.4826 * float(np.median(np.abs(defined - middle))), 0.02)
    return middle - SPREAD * width, middle + SPREAD * width

"""Simulated motion and breathing, and the confounds table that fMRIPrep would compute from the run."""

import numpy as np

from .simulated_brain import Anatomy
from .simulated_networks import Table, autoregression

MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
N_COMPCOR = 6
HEAD_RADIUS = 50  # mm, as in Power et al. 2012


def rhythm(n_volumes: int, t_r: float, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Sample an irregular bodily rhythm at the volumes, aliased as a scanner does it.

    Parameters
    ----------
    rate : float
        Mean frequency, in Hz.

    Returns
    -------
    ndarray, shape (n_volumes,)
        Standard deviation about 1.
    """
    wander = np.cumsum(rng.standard_normal(n_volumes)) * 0.03 * np.sqrt(t_r)
    phase = 2 * np.pi * (rate * t_r * np.arange(n_volumes) + wander + rng.uniform())
    depth = 1 + 0.25 * autoregression(n_volumes, 0.8) @ rng.standard_normal(n_volumes)
    return np.sqrt(2) * depth * np.sin(phase)


def draw_motion(n_volumes: int, breathing: np.ndarray, rng: np.random.Generator) -> Table:
    """Draw the six realignment parameters: slow drift, breathing, and sudden movements.

    Parameters
    ----------
    n_volumes : int
    breathing : ndarray, shape (n_volumes,)
        Moves the head along y and z and nods it.
    rng : np.random.Generator

    Returns
    -------
    dict of str to ndarray
        n_volumes values for each of `MOTION`; trans_* in mm, rot_* in radians.
    """
    # Heads move most along z and nod about x.
    scale = np.array([0.5, 0.7, 1.0, 1.2, 0.6, 0.5])
    restlessness = rng.uniform(0.6, 1.4)
    steps = rng.standard_normal((n_volumes, 6))
    drift = np.cumsum(steps, axis=0) * 0.012
    drift += np.linspace(0, 1, n_volumes)[:, None] * rng.normal(0, 0.12, 6)
    n_jumps = 2 + rng.poisson(n_volumes / 42)
    jumps = np.zeros((n_volumes, 6))
    for start in rng.integers(2, n_volumes - 1, n_jumps):
        size = rng.exponential(0.25) * rng.normal(0, 1, 6)
        back = rng.choice([0.4, 0.0], p=[0.7, 0.3])
        jumps[start] += size
        jumps[start + 1] += back * size
        jumps[start + 2 :] += 0.15 * size
    breaths = 0.02 * breathing[:, None] * np.array([0.1, 1.0, 0.8, 0.6, 0.1, 0.1])
    millimetres = restlessness * scale * (drift + jumps) + breaths
    millimetres -= millimetres[n_volumes // 2]  # realigned to a volume of the middle
    motion = millimetres / np.array([1, 1, 1, HEAD_RADIUS, HEAD_RADIUS, HEAD_RADIUS])
    return dict(zip(MOTION, motion.T, strict=True))


def framewise_displacement(motion: Table) -> np.ndarray:
    """Sum the absolute changes of the realignment parameters, rotations as arcs (Power et al. 2012).

    Returns
    -------
    ndarray, shape (n_volumes,)
        mm; the first value is NaN.
    """
    changes = np.abs(np.stack([_changes(motion[name]) for name in MOTION], axis=1))
    return changes @ np.array([1, 1, 1, HEAD_RADIUS, HEAD_RADIUS, HEAD_RADIUS])


def _changes(values: np.ndarray) -> np.ndarray:
    """Difference of each value from the one before; NaN for the first."""
    return np.diff(values, prepend=np.nan)


def standardised_dvars(series: np.ndarray) -> np.ndarray:
    """Measure the change between volumes, relative to what the noise lets expect (Nichols 2017).

    Parameters
    ----------
    series : ndarray, shape (n_volumes, n_voxels)

    Returns
    -------
    ndarray, shape (n_volumes,)
        The first value is NaN.
    """
    n, n_voxels = series.shape
    squares, expected = np.zeros(n - 1), 0.0
    for block in blocks(n_voxels):
        part = series[:, block] - series[:, block].mean(axis=0)
        ordered = np.partition(part, [n // 4, (3 * n) // 4], axis=0)
        spread = (ordered[(3 * n) // 4] - ordered[n // 4]) / 1.349
        power = np.einsum("tv,tv->v", part, part)
        lagged = np.einsum("tv,tv->v", part[1:], part[:-1])
        memory = np.divide(lagged, power, out=np.zeros_like(power), where=power > 0)
        expected += np.sum(np.sqrt(2 * (1 - memory)) * spread, dtype=float)
        changes = np.diff(part, axis=0)
        squares += np.einsum("tv,tv->t", changes, changes)
    return np.concatenate([[np.nan], np.sqrt(squares / n_voxels) / (expected / n_voxels)])


def blocks(n_voxels: int, size: int = 8192) -> list[slice]:
    """Cut the voxels into slices that fit the processor's cache, so that temporaries stay small at 2 mm."""
    return [slice(first, first + size) for first in range(0, n_voxels, size)]


def cosine_drifts(n_volumes: int, t_r: float, period: float = 128.0) -> np.ndarray:
    """Make fMRIPrep's cosine regressors.

    Parameters
    ----------
    period : float
        Cut-off, in seconds.

    Returns
    -------
    ndarray, shape (n_volumes, n_cosines)
        Orthonormal; there are none in runs shorter than the period.
    """
    # One less than the frequencies below the cut-off, since fMRIPrep counts the constant among them.
    order = max(int(np.floor(2 * n_volumes * t_r / period)), 1) - 1
    times = np.pi * (np.arange(n_volumes) + 0.5) / n_volumes
    return np.sqrt(2 / n_volumes) * np.cos(times[:, None] * np.arange(1, order + 1))


def compcor(series: np.ndarray, drifts: np.ndarray, n_components: int = N_COMPCOR) -> np.ndarray:
    """Find the main components of noise in voxels without neurons (Behzadi et al. 2007).

    Parameters
    ----------
    series : ndarray, shape (n_volumes, n_voxels)
        White matter and cerebrospinal fluid.
    drifts : ndarray, shape (n_volumes, n_drifts)
        Removed first, with the mean; columns orthonormal.

    Returns
    -------
    ndarray, shape (n_volumes, n_components)
        Orthonormal columns, the largest component first.
    """
    centred = series - series.mean(axis=0)
    centred -= drifts @ (drifts.T @ centred)
    centred /= np.maximum(centred.std(axis=0), np.finfo(np.float32).tiny)
    # The few volumes' Gram matrix has the components of the many voxels' decomposition.
    _, vectors = np.linalg.eigh((centred @ centred.T).astype(float))
    components = vectors[:, ::-1][:, :n_components]
    # A component's sign is arbitrary: fix it, so that the linear algebra library does not decide.
    largest = np.abs(components).argmax(axis=0)
    return components * np.sign(components[largest, np.arange(components.shape[1])])


def tissue_core(fraction: np.ndarray, depth: np.ndarray, at_least: float = 0.95, n_voxels: int = 12) -> np.ndarray:
    """Choose voxels of nearly one tissue only, away from the brain's surface.

    Returns
    -------
    ndarray of bool, shape (n_voxels,)
        Voxels with this fraction, or else the `n_voxels` purest, as large voxels are seldom pure.
    """
    deep = fraction * (depth > 0.5)
    return deep >= min(at_least, np.sort(deep)[-n_voxels])


def tabulate_confounds(series: np.ndarray, anatomy: Anatomy, motion: Table, t_r: float) -> Table:
    """Compute the confounds of a run as fMRIPrep would.

    Parameters
    ----------
    series : ndarray of float32, shape (n_volumes, n_voxels)
        The stored intensities.
    anatomy : Anatomy
    motion : dict of str to ndarray
        See `draw_motion`.
    t_r : float
        Seconds.

    Returns
    -------
    dict of str to ndarray
        n_volumes values each. What compares a volume with the one before is NaN in the first row.
    """
    white = tissue_core(anatomy.white, anatomy.depth)
    csf = tissue_core(anatomy.csf, anatomy.depth, at_least=0.8)
    drifts = cosine_drifts(len(series), t_r)
    columns = {
        "global_signal": series.mean(axis=1, dtype=float),
        "csf": series[:, csf].mean(axis=1, dtype=float),
        "white_matter": series[:, white].mean(axis=1, dtype=float),
        "std_dvars": standardised_dvars(series),
        "framewise_displacement": framewise_displacement(motion),
    }
    components = compcor(series[:, white | csf], drifts)
    columns |= {f"a_comp_cor_{k:02d}": component for k, component in enumerate(components.T)}
    columns |= {f"cosine{k:02d}": drift for k, drift in enumerate(drifts.T)}
    for name in MOTION:
        columns[name] = motion[name]
        columns[f"{name}_derivative1"] = _changes(motion[name])
    return columns

"""What the simulated brain does: Dosenbach's networks, each with its own band-limited course, and their nodes."""

from collections.abc import Sequence

import numpy as np

from ..base.errors import InputError
from .simulated_brain import Anatomy, smooth_fields

Table = dict[str, np.ndarray]
"""Columns of one length, by their names."""

BAND = (0.01, 0.1)
"""Frequencies of the neural series, in Hz."""
NETWORKS = ("cerebellum", "cingulo-opercular", "default", "fronto-parietal", "occipital", "sensorimotor")
PLANTED_CORRELATION = np.array(
    # The default network opposes the task networks, mildly (Fox et al. 2005); the others cooperate.
    [
        [1.00, 0.15, 0.00, 0.10, 0.10, 0.15],
        [0.15, 1.00, -0.20, 0.30, 0.05, 0.25],
        [0.00, -0.20, 1.00, -0.10, -0.05, -0.05],
        [0.10, 0.30, -0.10, 1.00, 0.05, 0.00],
        [0.10, 0.05, -0.05, 0.05, 1.00, 0.30],
        [0.15, 0.25, -0.05, 0.00, 0.30, 1.00],
    ]
)
"""Expected correlation between `NETWORKS`, before chance adds its part in a finite run."""


def autoregression(n_volumes: int, coefficient: float) -> np.ndarray:
    """Give the matrix (n_volumes, n_volumes) that turns white noise into a stationary AR(1) of variance 1."""
    times = np.arange(n_volumes)
    return np.linalg.cholesky(float(coefficient) ** np.abs(times[:, None] - times))


def band_limited(
    n_series: int, n_volumes: int, t_r: float, rng: np.random.Generator, band: tuple[float, float] = BAND
) -> np.ndarray:
    """Draw random series without power outside a band, weighted as 1/f in power inside it.

    Parameters
    ----------
    n_series, n_volumes : int
    t_r : float
        Repetition time, in seconds.
    rng : np.random.Generator
    band : tuple of float
        Lowest and highest frequency, in Hz.

    Returns
    -------
    ndarray, shape (n_volumes, n_series)
        Mean 0, standard deviation 1.

    Raises
    ------
    InputError
        If fewer than four frequencies of a run of this length lie in the band.
    """
    frequencies = np.fft.rfftfreq(n_volumes, t_r)
    # The Nyquist frequency has no sine, and half the freedom: leave it out.
    kept = (frequencies >= band[0]) & (frequencies <= band[1]) & (frequencies < 0.5 / t_r)
    if kept.sum() < 4:
        raise InputError(
            f"n_volumes is {n_volumes}: at a repetition time of {t_r} s that resolves {kept.sum()} "
            f"frequencies in {band[0]}-{band[1]} Hz, and 4 are needed. Simulate more volumes."
        )
    spectrum = np.zeros((frequencies.size, n_series), dtype=complex)
    draws = rng.standard_normal((2, kept.sum(), n_series))
    spectrum[kept] = (draws[0] + 1j * draws[1]) / np.sqrt(frequencies[kept, None])
    series = np.fft.irfft(spectrum, n=n_volumes, axis=0)
    return series / series.std(axis=0)


def draw_network_series(n_volumes: int, t_r: float, rng: np.random.Generator) -> Table:
    """Draw each network's own time course.

    Returns
    -------
    dict of str to ndarray
        n_volumes values for each of `NETWORKS`; band-limited, mean 0, standard deviation 1. Their expected
        correlation is `PLANTED_CORRELATION`.

    Raises
    ------
    InputError
        See `band_limited`.
    """
    mixing = np.linalg.cholesky(PLANTED_CORRELATION)
    series = band_limited(len(NETWORKS), n_volumes, t_r, rng) @ mixing.T
    return dict(zip(NETWORKS, (series / series.std(axis=0)).T, strict=True))


def draw_nodes(nodes: Table, rng: np.random.Generator) -> Table:
    """Give each node its share: the part of its variance that is its network's.

    Two nodes of one network with shares a and b have an expected correlation of sqrt(a b); between networks
    it is that times the correlation of the two networks' series.

    Returns
    -------
    dict of str to ndarray
        `nodes` and a column share.
    """
    return {**nodes, "share": rng.uniform(0.55, 0.85, len(nodes["network"])).round(4)}


def node_series(nodes: Table, network_series: Table, t_r: float, rng: np.random.Generator) -> np.ndarray:
    """Mix each node's network with noise of its own.

    Returns
    -------
    ndarray, shape (n_volumes, n_nodes)
        Band-limited, expected standard deviation 1.

    Raises
    ------
    InputError
        See `band_limited`.
    """
    share = nodes["share"]
    shared = np.column_stack([network_series[network] for network in nodes["network"]])
    own = band_limited(len(share), len(shared), t_r, rng)
    return np.sqrt(share) * shared + np.sqrt(1 - share) * own


def node_weights(anatomy: Anatomy, nodes: Table, rng: np.random.Generator, spread: float = 6.5) -> np.ndarray:
    """Spread the nodes in space: Gaussians in a brain that is bent a little, within grey matter.

    Parameters
    ----------
    anatomy : Anatomy
    nodes : dict of str to ndarray
    rng : np.random.Generator
        Draws this brain's deviation from the template, some 2 mm.
    spread : float
        Standard deviation of the Gaussians, in mm.

    Returns
    -------
    ndarray of float32, shape (n_nodes, n_voxels)
        The squares of a voxel's weights add up to 1 at most.
    """
    bend = smooth_fields(anatomy, 3, 10.0, rng).T
    places = anatomy.coordinates + 2.5 * bend
    centres = np.stack([nodes[axis] for axis in "xyz"], axis=1, dtype=np.float32)
    extent = spread * rng.uniform(0.85, 1.25, len(centres)).astype(np.float32)[:, None]
    weights = -2 * centres @ places.T
    weights += (places**2).sum(axis=1)
    weights += (centres**2).sum(axis=1)[:, None]
    weights /= -2 * extent**2
    np.exp(weights, out=weights)
    # Strength differs along the cortex, and tissue at the pial and white borders is partly something else.
    patches = smooth_fields(anatomy, 1, 5.0, rng)[0]
    weights *= anatomy.grey * np.exp(0.25 * patches)
    # Where nodes lie close together the signal saturates instead of adding up.
    weights /= np.sqrt(1 + (weights**2).sum(axis=0))
    return weights


def label_networks(nodes: Table, weights: np.ndarray, names: Sequence[str], threshold: float = 0.35) -> np.ndarray:
    """Name the network that dominates each voxel.

    Returns
    -------
    ndarray of int16, shape (n_voxels,)
        1 + position in `names`, or 0 where the network's weight stays below the threshold.
    """
    strength = np.stack([np.sqrt((weights[nodes["network"] == name] ** 2).sum(axis=0)) for name in names])
    return np.where(strength.max(axis=0) >= threshold, strength.argmax(axis=0) + 1, 0).astype(np.int16)

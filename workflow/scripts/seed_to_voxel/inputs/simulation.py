"""A simulated whole-brain run with a planted network organisation, and the truth about it.

Everything is built from what nilearn ships offline: the MNI152 template with its tissue maps, and the 160
nodes of Dosenbach et al. 2010 with the names of their networks. Inside, a run is a matrix of volumes by
brain voxels; fluctuations are in percent of a voxel's baseline until the very end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import nibabel
import numpy as np

from ..base.errors import InputError
from . import shipped
from .simulated_brain import Anatomy, load_anatomy, smooth_fields
from .simulated_cohort import Takeover, taken_over
from .simulated_confounds import MOTION, blocks, draw_motion, framewise_displacement, rhythm, tabulate_confounds
from .simulated_networks import (
    BAND,
    NETWORKS,
    Table,
    autoregression,
    band_limited,
    draw_network_series,
    draw_nodes,
    label_networks,
    node_series,
    node_weights,
)

# Standard deviations, in percent of the baseline.
NEURAL = 1.2
THERMAL = 0.8
SMOOTH_NOISE = 0.55
DRIFT = 0.6
BREATHING_DEPTH = 0.45
TISSUE_NOISE = 0.6
CARDIAC = 0.7
RESPIRATORY = 0.35
SPIN_HISTORY = 2.5  # percent lost in a volume for each mm of framewise displacement
RESIDUAL_MOTION = 0.3  # the part of a displacement that realignment leaves in the intensities


@dataclass(frozen=True)
class SimulatedRun:
    """A run as a preprocessing pipeline would leave it, and what was planted in it.

    Attributes
    ----------
    bold : nibabel.Nifti1Image
        int16, shape (X, Y, Z, n_volumes), 0 outside the brain.
    mask : nibabel.Nifti1Image
        The brain, uint8.
    confounds : dict of str to ndarray
        n_volumes values under fMRIPrep's column names.
    network_labels : nibabel.Nifti1Image
        int16: the network that dominates a voxel, 0 for none.
    networks : dict of str to ndarray
        Columns index (the label), network, n_nodes.
    network_series : dict of str to ndarray
        n_volumes values for each network: noise-free, mean 0, standard deviation 1.
    nodes : dict of str to ndarray
        Columns number, x, y, z (MNI mm), name, network, share (see `draw_nodes`).
    metadata : dict
        The sidecar: RepetitionTime (s), TaskName, the seed, the share of each node.
    """

    bold: nibabel.Nifti1Image
    mask: nibabel.Nifti1Image
    confounds: Table
    network_labels: nibabel.Nifti1Image
    networks: Table
    network_series: Table
    nodes: Table
    metadata: dict


def motion_effects(anatomy: Anatomy) -> np.ndarray:
    """Give what a unit of each realignment parameter adds to each voxel, to first order.

    A voxel of a head displaced by d shows what was at minus d: it changes by minus the gradient times d.

    Returns
    -------
    ndarray of float32, shape (6, n_voxels)
        Units of the baseline per mm, and per radian.
    """
    # The rotation r moves place p by r x p, so that its part of gradient . d is r . (p x gradient).
    turning = np.cross(anatomy.coordinates, anatomy.gradient)
    return -RESIDUAL_MOTION * np.concatenate([anatomy.gradient, turning], axis=1).T


def nuisance(
    anatomy: Anatomy, motion: Table, breathing: np.ndarray, t_r: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Give the drift and the bodily noise of every voxel, as time courses and their maps.

    Parameters
    ----------
    breathing : ndarray, shape (n_volumes,)
        The respiratory rhythm, aliased.

    Returns
    -------
    courses : ndarray, shape (n_volumes, n_courses)
    maps : ndarray of float32, shape (n_courses, n_voxels)
        Percent of the baseline.
    """
    n = len(breathing)
    lobes = smooth_fields(anatomy, 8, 16.0, rng)
    heart = rhythm(n, t_r, rng.uniform(0.9, 1.2), rng)
    depth, white, csf = band_limited(3, n, t_r, rng).T
    jerks = np.nan_to_num(framewise_displacement(motion))
    ramp = np.linspace(-1.7, 1.7, n)
    wave = np.sqrt(2) * np.cos(np.pi * (np.linspace(0, 1.5, n) + rng.uniform()))
    tissue = 0.8 * anatomy.grey + 0.6 * anatomy.white + 0.9 * anatomy.csf
    sources = [
        (ramp, DRIFT * lobes[0]),
        (ramp**2 - 1, 0.5 * DRIFT * lobes[1]),
        (wave, 0.7 * DRIFT * lobes[2]),
        (depth, BREATHING_DEPTH * tissue * (1 + 0.3 * lobes[3])),
        (white, TISSUE_NOISE * anatomy.white * (1 + 0.3 * lobes[4])),
        (csf, 1.5 * TISSUE_NOISE * anatomy.csf * (1 + 0.3 * lobes[5])),
        (heart, CARDIAC * anatomy.csf + 0.2 * CARDIAC * np.abs(lobes[6])),
        (breathing, RESPIRATORY * (1.2 - anatomy.depth)),
        (jerks, -SPIN_HISTORY * (1 + 0.3 * lobes[7])),
    ]
    courses, maps = zip(*sources, strict=True)
    return np.stack(courses, axis=1), np.stack(maps).astype(np.float32)


def mix_intensities(
    anatomy: Anatomy,
    courses: np.ndarray,
    maps: np.ndarray,
    motion: Table,
    for_smooth: np.random.Generator,
    for_thermal: np.random.Generator,
) -> np.ndarray:
    """Add noise and motion to the sources and round to the intensities a file stores.

    Parameters
    ----------
    anatomy : Anatomy
    courses : ndarray of float32, shape (n_volumes, n_sources)
    maps : ndarray of float32, shape (n_sources, n_voxels)
        Percent of the baseline.
    motion : dict of str to ndarray
        See `draw_motion`.
    for_smooth, for_thermal : np.random.Generator
        For the noise that is smooth in space and time, and for the white one.

    Returns
    -------
    ndarray of float32, shape (n_volumes, n_voxels)
        Whole numbers, 1 at least: zero is for what lies outside the brain.
    """
    n_volumes = len(courses)
    series = smooth_fields(anatomy, n_volumes, 5.0, for_smooth, autoregression(n_volumes, 0.4))
    series *= SMOOTH_NOISE
    residual = motion_effects(anatomy)
    displacement = np.stack([motion[name] for name in MOTION], axis=1, dtype=np.float32)
    for block in blocks(len(anatomy.baseline)):
        part = series[:, block]
        part += THERMAL * for_thermal.standard_normal(part.shape, dtype=np.float32)
        part += courses @ maps[:, block]
        part *= anatomy.baseline[block] / 100
        part += anatomy.baseline[block] + displacement @ residual[:, block]
        np.clip(np.rint(part), 1, np.iinfo(np.int16).max, out=part)
    return series


def simulate_run(
    run_index: int,
    seed: int = 0,
    voxel_size: float = 4.0,
    n_volumes: int = 168,
    t_r: float = 2.0,
    task: str = "rest",
    session_index: int = 0,
    takeovers: Sequence[Takeover] = (),
) -> SimulatedRun:
    """Simulate one run of a cohort.

    A run depends on the cohort's seed, its own indices and what is planted in it, not on how many runs are asked for,
    and what is planted in time (networks, nodes, motion) does not depend on the voxel size. Sessions of a participant
    share the brain and the shares of its nodes, and nothing else.

    Parameters
    ----------
    run_index : int
        Of the participant, 0 or more.
    seed : int
        The cohort's, 0 or more.
    voxel_size : float
        mm; see `mni_grid`.
    n_volumes : int
    t_r : float
        Repetition time, in seconds.
    task : str
        TaskName of the sidecar.
    session_index : int
        0 or more.
    takeovers : sequence of Takeover
        What is planted in this run; see `simulated_cohort`.

    Returns
    -------
    SimulatedRun

    Raises
    ------
    InputError
        If the index or the seed is negative, the voxel size is out of range, or the run is too short or
        sampled too slowly for `BAND`.
    """
    for key, value in (("run_index", run_index), ("seed", seed), ("session_index", session_index)):
        if value < 0:
            raise InputError(f"{key} is {value}; expected 0 or more. Give a non-negative whole number.")
    if not 0 < t_r < 0.5 / BAND[1]:
        raise InputError(f"t_r is {t_r} s; expected between 0 and {0.5 / BAND[1]:g}, to hold {BAND[1]} Hz.")
    anatomy = load_anatomy(voxel_size)
    # A stream for each part: a change to one leaves the others as they were.
    streams = np.random.SeedSequence(seed, spawn_key=(run_index,)).spawn(7)
    for_networks, for_nodes, for_body, for_motion, for_maps, for_smooth, for_thermal = (
        np.random.default_rng(stream) for stream in streams
    )
    nodes = draw_nodes(shipped.dosenbach(), for_nodes)
    if session_index:
        again = np.random.SeedSequence(seed, spawn_key=(run_index, session_index)).spawn(6)
        for_networks, for_nodes, for_body, for_motion, for_smooth, for_thermal = map(np.random.default_rng, again)
    network_series = taken_over(draw_network_series(n_volumes, t_r, for_networks), takeovers)
    breathing = rhythm(n_volumes, t_r, for_body.uniform(0.22, 0.34), for_body)
    motion = {name: values.round(6) for name, values in draw_motion(n_volumes, breathing, for_motion).items()}

    neural = NEURAL * node_series(nodes, network_series, t_r, for_nodes)
    weights = node_weights(anatomy, nodes, for_maps)
    courses, maps = nuisance(anatomy, motion, breathing, t_r, for_body)
    labels = label_networks(nodes, weights, NETWORKS)
    series = mix_intensities(
        anatomy,
        np.concatenate([neural, courses], axis=1).astype(np.float32),
        np.concatenate([weights, maps]),
        motion,
        for_smooth,
        for_thermal,
    )
    # Names repeat; "post cingulate 111" is known by its number.
    metadata = {
        "RepetitionTime": float(t_r),
        "TaskName": task,
        "SkullStripped": True,
        "Description": "Simulated by seed-to-voxel; not a measurement.",
        "SimulationSeed": int(seed),
        "SimulationRunIndex": int(run_index),
        "SimulationSessionIndex": int(session_index),
        "SimulationTakeovers": [takeover._asdict() for takeover in takeovers],
        "SimulationNetworkShareOfNode": dict(zip(map(str, nodes["number"]), nodes["share"].tolist(), strict=True)),
    }
    return SimulatedRun(
        bold=_image(series, anatomy, np.int16, t_r),
        mask=_image(np.ones_like(labels), anatomy, np.uint8),
        confounds=tabulate_confounds(series, anatomy, motion, t_r),
        network_labels=_image(labels, anatomy, np.int16),
        networks={
            "index": np.arange(1, len(NETWORKS) + 1),
            "network": np.array(NETWORKS),
            "n_nodes": np.array([int((nodes["network"] == name).sum()) for name in NETWORKS]),
        },
        network_series=network_series,
        nodes=nodes,
        metadata=metadata,
    )


def _image(
    values: np.ndarray, anatomy: Anatomy, dtype: type[np.integer], t_r: float | None = None
) -> nibabel.Nifti1Image:
    """Put voxels (..., n_voxels) back into their grid, with a header that says where and when they are."""
    volumes = np.zeros((*values.shape[:-1], anatomy.mask.size), dtype=dtype)
    volumes[..., np.flatnonzero(anatomy.mask.T)] = values
    data = volumes.reshape(*values.shape[:-1], *anatomy.mask.shape[::-1]).T
    image = nibabel.Nifti1Image(data, anatomy.affine)
    image.set_sform(anatomy.affine, code="mni")
    image.set_qform(anatomy.affine, code="mni")
    image.header.set_xyzt_units("mm", "sec" if t_r else None)
    if t_r:
        image.header.set_zooms((*image.header.get_zooms()[:3], t_r))
    image.header.set_slope_inter(1, 0)
    return image

"""A simulated whole-brain run with a planted network organisation, and the truth about it.

Everything is built from what nilearn ships offline: the MNI152 template with its tissue maps, and the 160
nodes of Dosenbach et al. 2010 with the names of their networks. Inside, a run is a matrix of volumes by
brain voxels; fluctuations are in percent of a voxel's baseline until the very end.
"""

from dataclasses import dataclass

import nibabel
import numpy
import pandas
from nilearn import datasets
from scipy import fft, linalg

from .errors import InputError

BAND = (0.01, 0.1)
"""Frequencies of the neural series, in Hz."""

PLANTED_CORRELATION = pandas.DataFrame(
    # The default network opposes the task networks, mildly (Fox et al. 2005); the others cooperate.
    [
        [1.00, 0.15, 0.00, 0.10, 0.10, 0.15],
        [0.15, 1.00, -0.20, 0.30, 0.05, 0.25],
        [0.00, -0.20, 1.00, -0.10, -0.05, -0.05],
        [0.10, 0.30, -0.10, 1.00, 0.05, 0.00],
        [0.10, 0.05, -0.05, 0.05, 1.00, 0.30],
        [0.15, 0.25, -0.05, 0.00, 0.30, 1.00],
    ],
    index=["cerebellum", "cingulo-opercular", "default", "fronto-parietal", "occipital", "sensorimotor"],
    columns=["cerebellum", "cingulo-opercular", "default", "fronto-parietal", "occipital", "sensorimotor"],
)
"""Expected correlation between networks, before chance adds its part in a finite run."""

MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
N_COMPCOR = 6
MEAN_INTENSITY = 9000
HEAD_RADIUS = 50  # mm, as in Power et al. 2012

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
class Anatomy:
    """A brain on a grid; vectors hold its voxels in Fortran order, as NIfTI stores them.

    Attributes
    ----------
    affine : ndarray, shape (4, 4)
        Voxel to MNI mm.
    mask : ndarray of bool, shape (X, Y, Z)
        The brain.
    grey, white, csf : ndarray, shape (n_voxels,)
        Part of each voxel that is this tissue, 0 to 1.
    depth : ndarray, shape (n_voxels,)
        0 at the brain's surface to 1 well inside.
    baseline : ndarray, shape (n_voxels,)
        Mean intensity, arbitrary units.
    gradient : ndarray, shape (n_voxels, 3)
        Change of the baseline, in units per mm.
    coordinates : ndarray, shape (n_voxels, 3)
        MNI mm.
    """

    affine: numpy.ndarray
    mask: numpy.ndarray
    grey: numpy.ndarray
    white: numpy.ndarray
    csf: numpy.ndarray
    depth: numpy.ndarray
    baseline: numpy.ndarray
    gradient: numpy.ndarray
    coordinates: numpy.ndarray


@dataclass(frozen=True)
class SimulatedRun:
    """A run as a preprocessing pipeline would leave it, and what was planted in it.

    Attributes
    ----------
    bold : nibabel.Nifti1Image
        int16, shape (X, Y, Z, n_volumes), 0 outside the brain.
    mask : nibabel.Nifti1Image
        The brain, uint8.
    confounds : pandas.DataFrame
        n_volumes rows under fMRIPrep's column names.
    network_labels : nibabel.Nifti1Image
        int16: the network that dominates a voxel, 0 for none.
    networks : pandas.DataFrame
        Columns index (the label), network, n_nodes.
    network_series : pandas.DataFrame
        n_volumes rows, a column a network: noise-free, mean 0, standard deviation 1.
    nodes : pandas.DataFrame
        Columns number, x, y, z (MNI mm), name, network, share (see `draw_nodes`).
    metadata : dict
        The sidecar: RepetitionTime (s), TaskName, the seed, the share of each node.
    """

    bold: nibabel.Nifti1Image
    mask: nibabel.Nifti1Image
    confounds: pandas.DataFrame
    network_labels: nibabel.Nifti1Image
    networks: pandas.DataFrame
    network_series: pandas.DataFrame
    nodes: pandas.DataFrame
    metadata: dict


def mni_grid(voxel_size):
    """Give the grid of isotropic voxels that covers the MNI152 brain.

    Parameters
    ----------
    voxel_size : float
        Edge of a voxel, in mm.

    Returns
    -------
    shape : tuple of int
    affine : ndarray, shape (4, 4)

    Raises
    ------
    InputError
        If the voxel size is not between 1 and 12 mm.
    """
    if not 1 <= voxel_size <= 12:
        raise InputError(f"voxel_size is {voxel_size}; expected 1 to 12 (mm). Set it in this range.")
    if voxel_size == 2:  # MNI152NLin2009cAsym at res-2, as TemplateFlow has it
        shape, origin = (97, 115, 97), numpy.array([-96.5, -132.5, -78.5])
    else:
        corner, extent = numpy.array([-98.0, -134.0, -80.0]), numpy.array([200, 236, 200])
        shape = tuple(int(n) for n in numpy.ceil(extent / voxel_size))
        origin = corner + voxel_size / 2
    return shape, nibabel.affines.from_matvec(numpy.eye(3) * voxel_size, origin)


def average_onto(image, shape, affine):
    """Average a finer image within the voxels of a coarser grid; both are axis-aligned.

    Parameters
    ----------
    image : tuple of (ndarray of shape (x, y, z), ndarray of shape (4, 4))
        The data and their affine; outside of them is 0.
    shape, affine
        The grid, as `mni_grid` gives it.

    Returns
    -------
    ndarray of float32, shape (X, Y, Z)
    """
    data, source = image
    data = numpy.asarray(data, dtype=numpy.float32)
    for axis in range(3):
        fine = _edges(source[axis, 3], source[axis, axis], data.shape[0])
        coarse = _edges(affine[axis, 3], affine[axis, axis], shape[axis])
        overlap = numpy.minimum(coarse[1:, None], fine[None, 1:])
        overlap -= numpy.maximum(coarse[:-1, None], fine[None, :-1])
        weights = numpy.clip(overlap, 0, None) / affine[axis, axis]
        # Contracting the first axis and appending the result: after three turns the order is x, y, z again.
        data = numpy.tensordot(data, weights.astype(numpy.float32), axes=(0, 1))
    return data


def _edges(centre, step, n):
    return centre + step * (numpy.arange(n + 1) - 0.5)


def load_anatomy(voxel_size):
    """Build a brain with the contrast of an echo-planar image from nilearn's MNI152 maps.

    Parameters
    ----------
    voxel_size : float
        mm.

    Returns
    -------
    Anatomy
    """
    shape, affine = mni_grid(voxel_size)
    template = datasets.load_mni152_template(resolution=1)
    brain = numpy.asanyarray(template.dataobj) > 0
    grey = datasets.load_mni152_gm_template(resolution=1)
    white = datasets.load_mni152_wm_template(resolution=1)
    brain, grey, white = (
        average_onto((data, template.affine), shape, affine)
        for data in (brain, numpy.asanyarray(grey.dataobj), numpy.asanyarray(white.dataobj))
    )
    csf = numpy.clip(brain - grey - white, 0, 1)
    x, y, z = numpy.meshgrid(*(affine[a, 3] + affine[a, a] * numpy.arange(shape[a]) for a in range(3)), indexing="ij")
    # Air above the orbits and the ear canals takes signal away; the receiver's field varies smoothly.
    field = 1 + 0.12 * numpy.cos((y + 20) / 45) - 0.06 * numpy.cos(x / 50)
    for place, depth in (((0, 38, -24), 0.45), ((52, -22, -28), 0.35), ((-52, -22, -28), 0.35)):
        distance = (x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2
        field -= depth * numpy.exp(-distance / (2 * 12**2))
    baseline = (1.0 * grey + 0.82 * white + 1.25 * csf) * field
    mask = brain > 0.5
    baseline *= MEAN_INTENSITY / baseline[mask].mean()
    gradient = numpy.stack(numpy.gradient(baseline, voxel_size), axis=-1)
    sigma = 12 / 2.355
    spread = [_kernel(n, n, voxel_size, voxel_size, sigma, norm=1) for n in shape]
    blurred = _spread(brain.T[None], spread)[0].T
    return Anatomy(
        affine=affine,
        mask=mask,
        grey=_inside(grey, mask),
        white=_inside(white, mask),
        csf=_inside(csf, mask),
        depth=numpy.clip(2 * _inside(blurred, mask) - 1, 0, 1),
        baseline=_inside(baseline, mask),
        gradient=numpy.stack([_inside(gradient[..., a], mask) for a in range(3)], axis=1),
        coordinates=numpy.stack([_inside(c, mask) for c in (x, y, z)], axis=1),
    )


def _inside(volume, mask):
    return volume.T[mask.T].astype(numpy.float32)


def _kernel(n, n_knots, step, spacing, sigma, norm):
    """Weights (n, n_knots) of Gaussians on knots with the same centre; each row has norm 1 of this order."""
    places = step * (numpy.arange(n) - (n - 1) / 2)
    knots = spacing * (numpy.arange(n_knots) - (n_knots - 1) / 2)
    weights = numpy.exp(-((places[:, None] - knots) ** 2) / (2 * sigma**2))
    return (weights / numpy.linalg.norm(weights, ord=norm, axis=1, keepdims=True)).astype(numpy.float32)


def _spread(fields, kernels):
    """Apply a kernel an axis, given as (x, y, z), to fields of shape (n, z, y, x)."""
    along_x, along_y, along_z = kernels
    n, n_z, n_y, n_x = fields.shape
    # Large products of two matrices are several times faster than stacks of small ones.
    fields = (fields.reshape(-1, n_x) @ along_x.T).reshape(n * n_z, n_y, -1)
    fields = (along_y @ fields).reshape(n, n_z, -1)
    return (along_z @ fields).reshape(n, len(along_z), len(along_y), len(along_x))


def smooth_fields(anatomy, n_fields, sigma, rng, time_mixing=None):
    """Draw smooth Gaussian random fields of mean 0 and standard deviation 1 at every voxel.

    White noise on knots somewhat farther apart than `sigma` is spread by Gaussians, so that the cost
    hardly depends on the voxel size.

    Parameters
    ----------
    anatomy : Anatomy
    n_fields : int
    sigma : float
        Standard deviation of the Gaussians, in mm; the fields look like white noise smoothed with it.
    rng : numpy.random.Generator
    time_mixing : ndarray, shape (n_fields, n_fields), optional
        Applied across the fields; rows of norm 1 keep the standard deviation.

    Returns
    -------
    ndarray of float32, shape (n_fields, n_voxels)
    """
    shape, step = anatomy.mask.shape, anatomy.affine[0, 0]
    spacing = 1.5 * sigma
    # A fixed box, not the grid's own: the knots, and so the random numbers, are then those of any voxel size.
    n_knots = [int(numpy.ceil(extent / spacing)) + 1 for extent in (200, 236, 200)]
    kernels = [_kernel(n, k, step, spacing, sigma, norm=2) for n, k in zip(shape, n_knots, strict=True)]
    knots = rng.standard_normal((n_fields, *n_knots[::-1]), dtype=numpy.float32)
    if time_mixing is not None:
        mixed = time_mixing.astype(numpy.float32) @ knots.reshape(n_fields, -1)
        knots = mixed.reshape(knots.shape)
    inside = numpy.flatnonzero(anatomy.mask.T)
    fields = numpy.empty((n_fields, inside.size), dtype=numpy.float32)
    for first in range(0, n_fields, 8):  # whole grids are much larger than brains: a few at a time
        part = _spread(knots[first : first + 8], kernels)
        fields[first : first + 8] = part.reshape(len(part), -1)[:, inside]
    return fields


def autoregression(n_volumes, coefficient):
    """Give the matrix (n_volumes, n_volumes) that turns white noise into a stationary AR(1) of variance 1."""
    lags = numpy.arange(n_volumes)
    return linalg.cholesky(linalg.toeplitz(float(coefficient) ** lags), lower=True)


def band_limited(n_series, n_volumes, t_r, rng, band=BAND):
    """Draw random series without power outside a band, weighted as 1/f in power inside it.

    Parameters
    ----------
    n_series, n_volumes : int
    t_r : float
        Repetition time, in seconds.
    rng : numpy.random.Generator
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
    frequencies = fft.rfftfreq(n_volumes, t_r)
    # The Nyquist frequency has no sine, and half the freedom: leave it out.
    kept = (frequencies >= band[0]) & (frequencies <= band[1]) & (frequencies < 0.5 / t_r)
    if kept.sum() < 4:
        raise InputError(
            f"n_volumes is {n_volumes}: at a repetition time of {t_r} s that resolves {kept.sum()} "
            f"frequencies in {band[0]}-{band[1]} Hz, and 4 are needed. Simulate more volumes."
        )
    spectrum = numpy.zeros((frequencies.size, n_series), dtype=complex)
    draws = rng.standard_normal((2, kept.sum(), n_series))
    spectrum[kept] = (draws[0] + 1j * draws[1]) / numpy.sqrt(frequencies[kept, None])
    series = fft.irfft(spectrum, n=n_volumes, axis=0)
    return series / series.std(axis=0)


def load_nodes():
    """Read Dosenbach's 160 nodes.

    Returns
    -------
    pandas.DataFrame
        Columns number, x, y, z (MNI mm), name, network; in the order of the publication.
    """
    atlas = datasets.fetch_coords_dosenbach_2010(ordered_regions=False)
    nodes = pandas.DataFrame({axis: numpy.asarray(atlas.rois[axis], dtype=float) for axis in "xyz"})
    # Labels are "name number", and numbers identify nodes where names repeat.
    labels = [str(label).rsplit(" ", 1) for label in atlas.labels]
    nodes.insert(0, "number", [int(number) for _, number in labels])
    nodes["name"] = [name for name, _ in labels]
    nodes["network"] = [str(network) for network in atlas.networks]
    return nodes


def draw_network_series(n_volumes, t_r, rng):
    """Draw each network's own time course.

    Returns
    -------
    pandas.DataFrame
        n_volumes rows, a column a network; band-limited, mean 0, standard deviation 1. Their expected
        correlation is `PLANTED_CORRELATION`.

    Raises
    ------
    InputError
        See `band_limited`.
    """
    names = list(PLANTED_CORRELATION.columns)
    mixing = linalg.cholesky(PLANTED_CORRELATION.to_numpy(), lower=True)
    series = band_limited(len(names), n_volumes, t_r, rng) @ mixing.T
    return pandas.DataFrame(series / series.std(axis=0), columns=names)


def draw_nodes(nodes, rng):
    """Give each node its share: the part of its variance that is its network's.

    Two nodes of one network with shares a and b have an expected correlation of sqrt(a b); between networks
    it is that times the correlation of the two networks' series.

    Returns
    -------
    pandas.DataFrame
        `nodes` and a column share.
    """
    return nodes.assign(share=rng.uniform(0.55, 0.85, len(nodes)).round(4))


def node_series(nodes, network_series, t_r, rng):
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
    share = nodes["share"].to_numpy()
    shared = network_series[nodes["network"]].to_numpy()
    own = band_limited(len(nodes), len(network_series), t_r, rng)
    return numpy.sqrt(share) * shared + numpy.sqrt(1 - share) * own


def node_weights(anatomy, nodes, rng, spread=6.5):
    """Spread the nodes in space: Gaussians in a brain that is bent a little, within grey matter.

    Parameters
    ----------
    anatomy : Anatomy
    nodes : pandas.DataFrame
    rng : numpy.random.Generator
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
    centres = nodes[["x", "y", "z"]].to_numpy(dtype=numpy.float32)
    extent = spread * rng.uniform(0.85, 1.25, len(nodes)).astype(numpy.float32)[:, None]
    weights = -2 * centres @ places.T
    weights += (places**2).sum(axis=1)
    weights += (centres**2).sum(axis=1)[:, None]
    weights /= -2 * extent**2
    numpy.exp(weights, out=weights)
    # Strength differs along the cortex, and tissue at the pial and white borders is partly something else.
    patches = smooth_fields(anatomy, 1, 5.0, rng)[0]
    weights *= anatomy.grey * numpy.exp(0.25 * patches)
    # Where nodes lie close together the signal saturates instead of adding up.
    weights /= numpy.sqrt(1 + (weights**2).sum(axis=0))
    return weights


def label_networks(nodes, weights, names, threshold=0.35):
    """Name the network that dominates each voxel.

    Returns
    -------
    ndarray of int16, shape (n_voxels,)
        1 + position in `names`, or 0 where the network's weight stays below the threshold.
    """
    strength = numpy.stack(
        [numpy.sqrt((weights[(nodes["network"] == name).to_numpy()] ** 2).sum(axis=0)) for name in names]
    )
    return numpy.where(strength.max(axis=0) >= threshold, strength.argmax(axis=0) + 1, 0).astype(numpy.int16)


def rhythm(n_volumes, t_r, rate, rng):
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
    wander = numpy.cumsum(rng.standard_normal(n_volumes)) * 0.03 * numpy.sqrt(t_r)
    phase = 2 * numpy.pi * (rate * t_r * numpy.arange(n_volumes) + wander + rng.uniform())
    depth = 1 + 0.25 * autoregression(n_volumes, 0.8) @ rng.standard_normal(n_volumes)
    return numpy.sqrt(2) * depth * numpy.sin(phase)


def draw_motion(n_volumes, breathing, rng):
    """Draw the six realignment parameters: slow drift, breathing, and sudden movements.

    Parameters
    ----------
    n_volumes : int
    breathing : ndarray, shape (n_volumes,)
        Moves the head along y and z and nods it.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        n_volumes rows; trans_* in mm, rot_* in radians.
    """
    # Heads move most along z and nod about x.
    scale = numpy.array([0.5, 0.7, 1.0, 1.2, 0.6, 0.5])
    restlessness = rng.uniform(0.6, 1.4)
    steps = rng.standard_normal((n_volumes, 6))
    drift = numpy.cumsum(steps, axis=0) * 0.012
    drift += numpy.linspace(0, 1, n_volumes)[:, None] * rng.normal(0, 0.12, 6)
    n_jumps = 2 + rng.poisson(n_volumes / 42)
    jumps = numpy.zeros((n_volumes, 6))
    for start in rng.integers(2, n_volumes - 1, n_jumps):
        size = rng.exponential(0.25) * rng.normal(0, 1, 6)
        back = rng.choice([0.4, 0.0], p=[0.7, 0.3])
        jumps[start] += size
        jumps[start + 1] += back * size
        jumps[start + 2 :] += 0.15 * size
    breaths = 0.02 * breathing[:, None] * numpy.array([0.1, 1.0, 0.8, 0.6, 0.1, 0.1])
    millimetres = restlessness * scale * (drift + jumps) + breaths
    millimetres -= millimetres[n_volumes // 2]  # realigned to a volume of the middle
    motion = millimetres / numpy.array([1, 1, 1, HEAD_RADIUS, HEAD_RADIUS, HEAD_RADIUS])
    return pandas.DataFrame(motion, columns=list(MOTION))


def framewise_displacement(motion):
    """Sum the absolute changes of the realignment parameters, rotations as arcs (Power et al. 2012).

    Returns
    -------
    ndarray, shape (n_volumes,)
        mm; the first value is NaN.
    """
    changes = motion[list(MOTION)].diff().abs().to_numpy()
    return changes @ numpy.array([1, 1, 1, HEAD_RADIUS, HEAD_RADIUS, HEAD_RADIUS])


def standardised_dvars(series):
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
    squares, expected = numpy.zeros(n - 1), 0.0
    for block in _blocks(n_voxels):
        part = series[:, block] - series[:, block].mean(axis=0)
        ordered = numpy.partition(part, [n // 4, (3 * n) // 4], axis=0)
        spread = (ordered[(3 * n) // 4] - ordered[n // 4]) / 1.349
        power = numpy.einsum("tv,tv->v", part, part)
        lagged = numpy.einsum("tv,tv->v", part[1:], part[:-1])
        memory = numpy.divide(lagged, power, out=numpy.zeros_like(power), where=power > 0)
        expected += numpy.sum(numpy.sqrt(2 * (1 - memory)) * spread, dtype=float)
        changes = numpy.diff(part, axis=0)
        squares += numpy.einsum("tv,tv->t", changes, changes)
    return numpy.concatenate([[numpy.nan], numpy.sqrt(squares / n_voxels) / (expected / n_voxels)])


def _blocks(n_voxels, size=8192):
    """Cut the voxels into slices that fit the processor's cache, so that temporaries stay small at 2 mm."""
    return [slice(first, first + size) for first in range(0, n_voxels, size)]


def cosine_drifts(n_volumes, t_r, period=128.0):
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
    order = max(int(numpy.floor(2 * n_volumes * t_r / period)), 1) - 1
    times = numpy.pi * (numpy.arange(n_volumes) + 0.5) / n_volumes
    return numpy.sqrt(2 / n_volumes) * numpy.cos(times[:, None] * numpy.arange(1, order + 1))


def compcor(series, drifts, n_components=N_COMPCOR):
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
    centred /= numpy.maximum(centred.std(axis=0), numpy.finfo(numpy.float32).tiny)
    # The few volumes' Gram matrix has the components of the many voxels' decomposition.
    _, vectors = linalg.eigh((centred @ centred.T).astype(float))
    components = vectors[:, ::-1][:, :n_components]
    # A component's sign is arbitrary: fix it, so that the linear algebra library does not decide.
    largest = numpy.abs(components).argmax(axis=0)
    return components * numpy.sign(components[largest, numpy.arange(components.shape[1])])


def tissue_core(fraction, depth, at_least=0.95, n_voxels=12):
    """Choose voxels of nearly one tissue only, away from the brain's surface.

    Returns
    -------
    ndarray of bool, shape (n_voxels,)
        Voxels with this fraction, or else the `n_voxels` purest, as large voxels are seldom pure.
    """
    deep = fraction * (depth > 0.5)
    return deep >= min(at_least, numpy.sort(deep)[-n_voxels])


def tabulate_confounds(series, anatomy, motion, t_r):
    """Compute the confounds of a run as fMRIPrep would.

    Parameters
    ----------
    series : ndarray of float32, shape (n_volumes, n_voxels)
        The stored intensities.
    anatomy : Anatomy
    motion : pandas.DataFrame
        See `draw_motion`.
    t_r : float
        Seconds.

    Returns
    -------
    pandas.DataFrame
        n_volumes rows. What compares a volume with the one before is NaN in the first row.
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
        columns[f"{name}_derivative1"] = motion[name].diff()
    return pandas.DataFrame(columns)


def motion_effects(anatomy):
    """Give what a unit of each realignment parameter adds to each voxel, to first order.

    A voxel of a head displaced by d shows what was at minus d: it changes by minus the gradient times d.

    Returns
    -------
    ndarray of float32, shape (6, n_voxels)
        Units of the baseline per mm, and per radian.
    """
    # The rotation r moves place p by r x p, so that its part of gradient . d is r . (p x gradient).
    turning = numpy.cross(anatomy.coordinates, anatomy.gradient)
    return -RESIDUAL_MOTION * numpy.concatenate([anatomy.gradient, turning], axis=1).T


def nuisance(anatomy, motion, breathing, t_r, rng):
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
    jerks = numpy.nan_to_num(framewise_displacement(motion))
    ramp = numpy.linspace(-1.7, 1.7, n)
    wave = numpy.sqrt(2) * numpy.cos(numpy.pi * (numpy.linspace(0, 1.5, n) + rng.uniform()))
    tissue = 0.8 * anatomy.grey + 0.6 * anatomy.white + 0.9 * anatomy.csf
    sources = [
        (ramp, DRIFT * lobes[0]),
        (ramp**2 - 1, 0.5 * DRIFT * lobes[1]),
        (wave, 0.7 * DRIFT * lobes[2]),
        (depth, BREATHING_DEPTH * tissue * (1 + 0.3 * lobes[3])),
        (white, TISSUE_NOISE * anatomy.white * (1 + 0.3 * lobes[4])),
        (csf, 1.5 * TISSUE_NOISE * anatomy.csf * (1 + 0.3 * lobes[5])),
        (heart, CARDIAC * anatomy.csf + 0.2 * CARDIAC * numpy.abs(lobes[6])),
        (breathing, RESPIRATORY * (1.2 - anatomy.depth)),
        (jerks, -SPIN_HISTORY * (1 + 0.3 * lobes[7])),
    ]
    courses, maps = zip(*sources, strict=True)
    return numpy.stack(courses, axis=1), numpy.stack(maps).astype(numpy.float32)


def mix_intensities(anatomy, courses, maps, motion, for_smooth, for_thermal):
    """Add noise and motion to the sources and round to the intensities a file stores.

    Parameters
    ----------
    anatomy : Anatomy
    courses : ndarray of float32, shape (n_volumes, n_sources)
    maps : ndarray of float32, shape (n_sources, n_voxels)
        Percent of the baseline.
    motion : pandas.DataFrame
        See `draw_motion`.
    for_smooth, for_thermal : numpy.random.Generator
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
    displacement = motion[list(MOTION)].to_numpy(dtype=numpy.float32)
    for block in _blocks(len(anatomy.baseline)):
        part = series[:, block]
        part += THERMAL * for_thermal.standard_normal(part.shape, dtype=numpy.float32)
        part += courses @ maps[:, block]
        part *= anatomy.baseline[block] / 100
        part += anatomy.baseline[block] + displacement @ residual[:, block]
        numpy.clip(numpy.rint(part), 1, numpy.iinfo(numpy.int16).max, out=part)
    return series


def simulate_run(run_index, seed=0, voxel_size=4.0, n_volumes=168, t_r=2.0, task="rest"):
    """Simulate one run of a cohort.

    A run depends on the cohort's seed and its own index alone, not on how many runs are asked for, and what
    is planted in time (networks, nodes, motion) does not depend on the voxel size.

    Parameters
    ----------
    run_index : int
        0 or more.
    seed : int
        The cohort's, 0 or more.
    voxel_size : float
        mm; see `mni_grid`.
    n_volumes : int
    t_r : float
        Repetition time, in seconds.
    task : str
        TaskName of the sidecar.

    Returns
    -------
    SimulatedRun

    Raises
    ------
    InputError
        If the index or the seed is negative, the voxel size is out of range, or the run is too short or
        sampled too slowly for `BAND`.
    """
    for key, value in (("run_index", run_index), ("seed", seed)):
        if value < 0:
            raise InputError(f"{key} is {value}; expected 0 or more. Give a non-negative whole number.")
    if not 0 < t_r < 0.5 / BAND[1]:
        raise InputError(f"t_r is {t_r} s; expected between 0 and {0.5 / BAND[1]:g}, to hold {BAND[1]} Hz.")
    anatomy = load_anatomy(voxel_size)
    # A stream for each part: a change to one leaves the others as they were.
    streams = numpy.random.SeedSequence(seed, spawn_key=(run_index,)).spawn(7)
    for_networks, for_nodes, for_body, for_motion, for_maps, for_smooth, for_thermal = (
        numpy.random.default_rng(stream) for stream in streams
    )
    network_series = draw_network_series(n_volumes, t_r, for_networks)
    nodes = draw_nodes(load_nodes(), for_nodes)
    breathing = rhythm(n_volumes, t_r, for_body.uniform(0.22, 0.34), for_body)
    motion = draw_motion(n_volumes, breathing, for_motion).round(6)

    neural = NEURAL * node_series(nodes, network_series, t_r, for_nodes)
    weights = node_weights(anatomy, nodes, for_maps)
    courses, maps = nuisance(anatomy, motion, breathing, t_r, for_body)
    names = list(network_series.columns)
    labels = label_networks(nodes, weights, names)
    series = mix_intensities(
        anatomy,
        numpy.concatenate([neural, courses], axis=1).astype(numpy.float32),
        numpy.concatenate([weights, maps]),
        motion,
        for_smooth,
        for_thermal,
    )
    metadata = {
        "RepetitionTime": float(t_r),
        "TaskName": task,
        "SkullStripped": True,
        "Description": "Simulated by seed-to-voxel; not a measurement.",
        "SimulationSeed": int(seed),
        "SimulationRunIndex": int(run_index),
        "SimulationNetworkShareOfNode": dict(zip(nodes["number"].astype(str), nodes["share"].tolist(), strict=True)),
    }
    return SimulatedRun(
        bold=_image(series, anatomy, numpy.int16, t_r),
        mask=_image(numpy.ones_like(labels), anatomy, numpy.uint8),
        confounds=tabulate_confounds(series, anatomy, motion, t_r),
        network_labels=_image(labels, anatomy, numpy.int16),
        networks=pandas.DataFrame(
            {
                "index": numpy.arange(1, len(names) + 1),
                "network": names,
                "n_nodes": [int((nodes["network"] == name).sum()) for name in names],
            }
        ),
        network_series=network_series,
        nodes=nodes,
        metadata=metadata,
    )


def _image(values, anatomy, dtype, t_r=None):
    """Put voxels (..., n_voxels) back into their grid, with a header that says where and when they are."""
    volumes = numpy.zeros((*values.shape[:-1], anatomy.mask.size), dtype=dtype)
    volumes[..., numpy.flatnonzero(anatomy.mask.T)] = values
    data = volumes.reshape(*values.shape[:-1], *anatomy.mask.shape[::-1]).T
    image = nibabel.Nifti1Image(data, anatomy.affine)
    image.set_sform(anatomy.affine, code="mni")
    image.set_qform(anatomy.affine, code="mni")
    image.header.set_xyzt_units("mm", "sec" if t_r else None)
    if t_r:
        image.header.set_zooms((*image.header.get_zooms()[:3], t_r))
    image.header.set_slope_inter(1, 0)
    return image

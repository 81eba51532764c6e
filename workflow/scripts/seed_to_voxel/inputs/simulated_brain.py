"""The anatomy of the simulated runs: the MNI template and tissue maps that nilearn ships, on a grid of any size."""

from collections.abc import Sequence
from dataclasses import dataclass

import nibabel
import numpy as np

from ..base.errors import InputError
from . import shipped

MEAN_INTENSITY = 9000
Shape = tuple[int, int, int]


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

    affine: np.ndarray
    mask: np.ndarray
    grey: np.ndarray
    white: np.ndarray
    csf: np.ndarray
    depth: np.ndarray
    baseline: np.ndarray
    gradient: np.ndarray
    coordinates: np.ndarray


def mni_grid(voxel_size: float) -> tuple[Shape, np.ndarray]:
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
    shape: Shape
    if voxel_size == 2:  # MNI152NLin2009cAsym at res-2, as TemplateFlow has it
        shape, origin = (97, 115, 97), np.array([-96.5, -132.5, -78.5])
    else:
        corner, extent = np.array([-98.0, -134.0, -80.0]), np.array([200, 236, 200])
        x, y, z = np.ceil(extent / voxel_size)
        shape = (int(x), int(y), int(z))
        origin = corner + voxel_size / 2
    return shape, nibabel.affines.from_matvec(np.eye(3) * voxel_size, origin)


def average_onto(image: tuple[np.ndarray, np.ndarray], shape: Shape, affine: np.ndarray) -> np.ndarray:
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
    # Half of a template is empty, and not worth converting.
    filled = [np.flatnonzero(data.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    box = tuple(slice(at[0], at[-1] + 1) if at.size else slice(1) for at in filled)
    weights = []
    for axis in range(3):
        fine = _edges(source[axis, 3], source[axis, axis], data.shape[axis])
        coarse = _edges(affine[axis, 3], affine[axis, axis], shape[axis])
        overlap = np.minimum(coarse[1:, None], fine[None, 1:])
        overlap -= np.maximum(coarse[:-1, None], fine[None, :-1])
        weights.append((np.clip(overlap, 0, None) / affine[axis, axis]).astype(np.float32)[:, box[axis]])
    return _spread(data[box].T[None].astype(np.float32, order="C"), weights)[0].T


def _edges(centre: float, step: float, n: int) -> np.ndarray:
    return centre + step * (np.arange(n + 1) - 0.5)


def load_anatomy(voxel_size: float) -> Anatomy:
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
    template, source = _read(shipped.TEMPLATE)
    brain = average_onto((template > 0, source), shape, affine)
    grey, white = (
        average_onto(_read(name), shape, affine) / 255 for name in (shipped.GREY_MATTER, shipped.WHITE_MATTER)
    )
    csf = np.clip(brain - grey - white, 0, 1)
    x, y, z = np.meshgrid(*(affine[a, 3] + affine[a, a] * np.arange(shape[a]) for a in range(3)), indexing="ij")
    # Air above the orbits and the ear canals takes signal away; the receiver's field varies smoothly.
    field = 1 + 0.12 * np.cos((y + 20) / 45) - 0.06 * np.cos(x / 50)
    for place, depth in (((0, 38, -24), 0.45), ((52, -22, -28), 0.35), ((-52, -22, -28), 0.35)):
        distance = (x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2
        field -= depth * np.exp(-distance / (2 * 12**2))
    baseline = (1.0 * grey + 0.82 * white + 1.25 * csf) * field
    mask = brain > 0.5
    baseline *= MEAN_INTENSITY / baseline[mask].mean()
    gradient = np.stack(np.gradient(baseline, voxel_size), axis=-1)
    sigma = 12 / 2.355
    spread = [_kernel(n, n, voxel_size, voxel_size, sigma, norm=1) for n in shape]
    blurred = _spread(brain.T[None], spread)[0].T
    return Anatomy(
        affine=affine,
        mask=mask,
        grey=_inside(grey, mask),
        white=_inside(white, mask),
        csf=_inside(csf, mask),
        depth=np.clip(2 * _inside(blurred, mask) - 1, 0, 1),
        baseline=_inside(baseline, mask),
        gradient=np.stack([_inside(gradient[..., a], mask) for a in range(3)], axis=1),
        coordinates=np.stack([_inside(c, mask) for c in (x, y, z)], axis=1),
    )


def _read(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A compressed image of nilearn's: its data, and their affine."""
    from isal import igzip

    # Twice as fast as nibabel reads it with Python's gzip.
    image = nibabel.Nifti1Image.from_bytes(igzip.decompress(shipped.file(name).read_bytes()))
    return np.asarray(image.dataobj), image.affine


def _inside(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return volume.T[mask.T].astype(np.float32)


def _kernel(n: int, n_knots: int, step: float, spacing: float, sigma: float, norm: int) -> np.ndarray:
    """Weights (n, n_knots) of Gaussians on knots with the same centre; each row has norm 1 of this order."""
    places = step * (np.arange(n) - (n - 1) / 2)
    knots = spacing * (np.arange(n_knots) - (n_knots - 1) / 2)
    weights = np.exp(-((places[:, None] - knots) ** 2) / (2 * sigma**2))
    return (weights / np.linalg.norm(weights, ord=norm, axis=1, keepdims=True)).astype(np.float32)


def _spread(fields: np.ndarray, kernels: Sequence[np.ndarray]) -> np.ndarray:
    """Apply a kernel an axis, given as (x, y, z), to fields of shape (n, z, y, x)."""
    along_x, along_y, along_z = kernels
    n, n_z, n_y, n_x = fields.shape
    # Large products of two matrices are several times faster than stacks of small ones.
    fields = (fields.reshape(-1, n_x) @ along_x.T).reshape(n * n_z, n_y, -1)
    fields = (along_y @ fields).reshape(n, n_z, -1)
    return (along_z @ fields).reshape(n, len(along_z), len(along_y), len(along_x))


def smooth_fields(
    anatomy: Anatomy, n_fields: int, sigma: float, rng: np.random.Generator, time_mixing: np.ndarray | None = None
) -> np.ndarray:
    """Draw smooth Gaussian random fields of mean 0 and standard deviation 1 at every voxel.

    White noise on knots somewhat farther apart than `sigma` is spread by Gaussians, so that the cost
    hardly depends on the voxel size.

    Parameters
    ----------
    anatomy : Anatomy
    n_fields : int
    sigma : float
        Standard deviation of the Gaussians, in mm; the fields look like white noise smoothed with it.
    rng : np.random.Generator
    time_mixing : ndarray, shape (n_fields, n_fields), optional
        Applied across the fields; rows of norm 1 keep the standard deviation.

    Returns
    -------
    ndarray of float32, shape (n_fields, n_voxels)
    """
    shape, step = anatomy.mask.shape, anatomy.affine[0, 0]
    spacing = 1.5 * sigma
    # A fixed box, not the grid's own: the knots, and so the random numbers, are then those of any voxel size.
    n_knots = [int(np.ceil(extent / spacing)) + 1 for extent in (200, 236, 200)]
    kernels = [_kernel(n, k, step, spacing, sigma, norm=2) for n, k in zip(shape, n_knots, strict=True)]
    knots = rng.standard_normal((n_fields, *n_knots[::-1]), dtype=np.float32)
    if time_mixing is not None:
        mixed = time_mixing.astype(np.float32) @ knots.reshape(n_fields, -1)
        knots = mixed.reshape(knots.shape)
    inside = np.flatnonzero(anatomy.mask.T)
    fields = np.empty((n_fields, inside.size), dtype=np.float32)
    for first in range(0, n_fields, 8):  # whole grids are much larger than brains: a few at a time
        part = _spread(knots[first : first + 8], kernels)
        fields[first : first + 8] = part.reshape(len(part), -1)[:, inside]
    return fields

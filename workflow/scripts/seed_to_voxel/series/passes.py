"""From a run's volumes to the series of its seeds and voxels: the passes over the data."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..cleaning.operators import clean_voxels, used_volumes
from ..images import grid, nifti, smoothing


@dataclass(frozen=True)
class Scan:
    """What one pass over an unsmoothed run gives.

    Attributes
    ----------
    seed_series : numpy.ndarray of float64, shape (T, n_seeds)
        Raw mean of each seed's voxels.
    mean : numpy.ndarray of float32, shape (x, y, z)
        Mean over time.
    """

    seed_series: np.ndarray
    mean: np.ndarray


def seed_spheres(seeds, image):
    """Find the voxels of every seed.

    Parameters
    ----------
    seeds : sequence of dict
        With ``label``, ``x``, ``y``, ``z`` and ``radius_mm``, in mm.
    image : nibabel image
        The run.

    Returns
    -------
    list of numpy.ndarray of int, shape (n, 3)

    Raises
    ------
    InputError
        If a sphere has no voxel in the image.
    """
    spheres = []
    for seed in seeds:
        centre = (seed["x"], seed["y"], seed["z"])
        voxels = grid.sphere_voxels(centre, seed["radius_mm"], image.affine, image.shape[:3])
        if not len(voxels):
            raise InputError(
                f"the seed {seed['label']!r} at {centre} mm lies outside of {image.get_filename()}; "
                "check its coordinates (MNI mm) in the table of seeds"
            )
        spheres.append(voxels)
    return spheres


def seed_coverage(seeds, spheres, mask, affine):
    """Describe how much of each seed lies in the brain mask.

    Parameters
    ----------
    seeds : sequence of dict
    spheres : list of numpy.ndarray of int, shape (n, 3)
    mask : numpy.ndarray of bool, shape (x, y, z)
    affine : numpy.ndarray of shape (4, 4)

    Returns
    -------
    list of dict
        For each seed its own keys and ``n_voxels``, ``n_voxels_in_mask`` and ``coverage``, the
        share of its voxels that lies in the mask.

    Raises
    ------
    InputError
        If no voxel of a seed lies in the mask.
    """
    described = []
    for seed, voxels in zip(seeds, spheres, strict=True):
        covered = int(mask[tuple(voxels.T)].sum())
        if not covered:
            world = np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]
            gap = np.linalg.norm(world - (seed["x"], seed["y"], seed["z"]), axis=1).min()
            raise InputError(
                f"the seed {seed['label']!r} at ({seed['x']:g}, {seed['y']:g}, {seed['z']:g}) mm"
                + (f" with a radius of {seed['radius_mm']:g} mm" if "radius_mm" in seed else "")
                + f" has no voxel in the brain mask; the nearest one is {gap:.1f} mm away. "
                "Check the seed's coordinates (MNI mm) and that the run is in MNI space"
            )
        described.append(
            {
                **seed,
                "n_voxels": len(voxels),
                "n_voxels_in_mask": covered,
                "coverage": round(covered / len(voxels), 4),
            }
        )
    return described


def scan(image, spheres, weights=None, fwhm=None):
    """Read an unsmoothed run once, for the mean series of all seeds and the mean image.

    Parameters
    ----------
    image : nibabel image, 4-D
    spheres : list of numpy.ndarray of int, shape (n, 3)
        Voxels of each seed.
    weights : list of numpy.ndarray of shape (n,) or None, optional
        Weights of each seed's voxels; None for the plain mean.
    fwhm : float or None
        Smoothing of the image that the seeds' series are read from, full width at half maximum in mm.

    Returns
    -------
    Scan
    """
    n_volumes = image.shape[3]
    voxels = tuple(np.concatenate(spheres).T)
    sizes = [len(sphere) for sphere in spheres]
    starts = np.cumsum([0, *sizes[:-1]])
    weigh = None
    if weights is not None:
        parts = [np.ones(size) if part is None else part for size, part in zip(sizes, weights, strict=True)]
        weigh, sizes = np.concatenate(parts), [part.sum() for part in parts]
    at = _smoothed_at(voxels, fwhm, image) if fwhm else (lambda volume: volume[voxels])
    series = np.empty((n_volumes, len(spheres)))
    total = np.zeros(image.shape[:3], dtype=np.float32, order="F")
    for t, volume in enumerate(nifti.volumes(image)):
        total += volume
        values = at(volume).astype(np.float64)
        series[t] = np.add.reduceat(values if weigh is None else values * weigh, starts) / sizes
    return Scan(seed_series=series, mean=total / n_volumes)


def _smoothed_at(voxels, fwhm, image):
    """A function that smooths a volume and gives its values at some voxels."""
    mask = np.zeros(image.shape[:3], dtype=bool)
    mask[voxels] = True
    smooth = smoothing.WindowedSmoothing(mask, fwhm, image.affine)
    position = np.empty(mask.shape, dtype=int)
    position[mask] = np.arange(mask.sum())
    positions = position[voxels]
    return lambda volume: smooth(volume)[positions]


def check_defined(series, seeds):
    """Refuse seeds of whose series cleaning left nothing.

    Parameters
    ----------
    series : numpy.ndarray of shape (T, n_seeds)
        Cleaned; NaN where nothing was left.
    seeds : sequence of dict

    Raises
    ------
    InputError
    """
    for seed, column in zip(seeds, series.T, strict=True):
        if not np.isfinite(column).all():
            raise InputError(
                f"the series of the seed {seed['label']!r} is constant or is removed whole by the cleaning, so that "
                "it correlates with nothing; move the seed or use fewer confounds"
            )


def background_mask(mean, image):
    """Find the brain as nilearn's maskers do without a mask: what differs from the border's value.

    Parameters
    ----------
    mean : numpy.ndarray of shape (x, y, z)
    image : nibabel image
        The run, for its grid and its name.

    Returns
    -------
    numpy.ndarray of bool, shape (x, y, z)

    Raises
    ------
    InputError
        If no voxel is left.
    """
    from nibabel import Nifti1Image
    from nilearn.masking import compute_background_mask

    mask = np.asarray(compute_background_mask(Nifti1Image(mean, image.affine)).dataobj) != 0
    if not mask.any():
        raise InputError(
            f"{image.get_filename()}: no brain was found, every voxel's mean equals the border's; "
            "expected an image with a uniform background. Give a brain mask"
        )
    return mask


def voxel_series(image, mask, fwhm, operator):
    """Read a run once and return the smoothed, cleaned, standardised series of its voxels.

    Volumes are read and smoothed one at a time; only the series of the mask's voxels are held.

    Parameters
    ----------
    image : nibabel image, 4-D
    mask : numpy.ndarray of bool, shape (x, y, z)
    fwhm : float or None
        Smoothing, full width at half maximum in mm.
    operator : numpy.ndarray of shape (n_kept, T)
        From `operators.cleaning_operator`.

    Returns
    -------
    numpy.ndarray of float32, shape (n_kept, n_voxels)
        Voxels in the order of ``volume[mask]``; mean 0 and sample standard deviation 1, or NaN where
        a voxel is constant.
    """
    from threadpoolctl import threadpool_limits

    smooth = smoothing.WindowedSmoothing(mask, fwhm, image.affine)
    used = used_volumes(operator)
    rows = {int(volume): row for row, volume in enumerate(used)}
    series = np.empty((len(used), int(mask.sum())), dtype=np.float32)
    # One thread reads and one computes: products this small are slower when they are shared out.
    with threadpool_limits(1, "blas"):
        first = None
        for t, volume in enumerate(nifti.volumes(image)):
            if t not in rows:
                continue
            # Single precision holds a fluctuation far better than the baseline that is a hundred times larger: the
            # first volume is taken off, and what cleaning leaves of it is added in the end.
            first = volume if first is None else first
            smooth(volume, less=first, out=series[rows[t]])
        clean_voxels(operator[:, used], series, smooth(first))
    return series


def example_voxels(voxels, n_voxels):
    """Those of the asked voxels that a run has.

    Parameters
    ----------
    voxels : sequence of int
        Positions in the mask, from 0.
    n_voxels : int

    Returns
    -------
    list of int
        If none is left, five spread over the mask.
    """
    kept = [voxel for voxel in voxels if voxel < n_voxels]
    return kept or np.unique(np.linspace(0, n_voxels - 1, 5).astype(int)).tolist()

"""The voxels of a run that make up its seeds: spheres, masks, labels of an atlas, peaks."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..base.joblog import logger
from ..cleaning.operators import clean_seeds
from ..connectivity import correlation
from ..images import nifti
from . import passes


@dataclass(frozen=True)
class Region:
    """A seed's voxels in a run.

    Attributes
    ----------
    seed : dict
        The seed, with its centre in mm, and how its file came onto the run's grid.
    voxels : numpy.ndarray of int, shape (n, 3)
    weights : numpy.ndarray of shape (n,) or None
        None for the plain mean.
    """

    seed: dict
    voxels: np.ndarray
    weights: np.ndarray | None = None


def world(voxels, affine):
    """Coordinates of voxels in mm."""
    return voxels @ affine[:3, :3].T + affine[:3, 3]


def is_sphere(seed):
    """Whether a seed is a sphere of its own, and no mask or part of one."""
    return seed.get("kind", "sphere") == "sphere"


def on_grid(path, run_image):
    """Read an image onto a run's grid, with nearest neighbour where the grids differ.

    Parameters
    ----------
    path : str or path-like
        A 3-D image.
    run_image : nibabel image, 4-D

    Returns
    -------
    values : numpy.ndarray of shape (x, y, z)
        Non-finite ones are 0.
    resampled : bool
    """
    image = nifti.load(path, 3)
    same = image.shape == run_image.shape[:3] and np.allclose(image.affine, run_image.affine, atol=1e-3)
    try:
        if not same:
            from nilearn.image import resample_img

            image = resample_img(
                image,
                target_affine=run_image.affine,
                target_shape=run_image.shape[:3],
                interpolation="nearest",
                force_resample=True,
                copy_header=True,
            )
            logger.info("%s is on another grid than the run: resampled with nearest neighbour", path)
        return np.nan_to_num(np.asarray(image.dataobj), posinf=0, neginf=0), not same
    except nifti.READ_ERRORS as error:
        raise InputError(f"{path}: cannot be read ({error}); the file is truncated or damaged") from error


def _from_voxels(seed, voxels, image, resampled, weights=None):
    """A region whose centre is its centre of mass."""
    centre = np.average(world(voxels, image.affine), axis=0, weights=weights)
    described = {**seed, **dict(zip("xyz", (round(float(value), 3) for value in centre), strict=True))}
    if resampled:
        described["resampled"] = "nearest neighbour"
    return Region(described, voxels, weights)


def _need_voxels(voxels, seed, path, image, resampled, what):
    if not len(voxels):
        raise InputError(
            f"{path}: the seed {seed['label']!r} has no voxel {'after resampling to' if resampled else 'on'} the grid "
            f"of {image.get_filename()} (voxels of {', '.join(f'{s:.3g}' for s in image.header.get_zooms()[:3])} mm); "
            f"{what}"
        )


def fixed_region(seed, image):
    """Find the voxels of a seed that does not depend on the run's signals.

    Parameters
    ----------
    seed : dict
        From `seeds.Seed.described`.
    image : nibabel image, 4-D

    Returns
    -------
    Region

    Raises
    ------
    InputError
        If no voxel of it lies in the image, for instance because a small mask is empty after
        resampling.
    """
    if is_sphere(seed):
        (voxels,) = passes.seed_spheres([seed], image)
        return Region(seed, voxels)
    kind = seed["kind"]
    values, resampled = on_grid(seed["file"], image)
    if kind == "atlas":
        absent = [label for label in seed["labels"] if not (values == label).any()]
        if absent:
            raise InputError(
                f"{seed['file']}: the label{'s' * (len(absent) > 1)} {', '.join(map(str, absent))} of the seed "
                f"{seed['label']!r} {'are' if len(absent) > 1 else 'is'} not in the atlas"
                f"{' after resampling to the run' if resampled else ''}; it has labels from "
                f"{values.min():g} to {values.max():g}"
            )
        return _from_voxels(seed, np.argwhere(np.isin(values, seed["labels"])), image, resampled)
    voxels = np.argwhere(values > 0 if seed.get("mean") == "weighted" else values != 0)
    _need_voxels(voxels, seed, seed["file"], image, resampled, "expected a mask that covers a part of it")
    if kind == "mask":
        weights = values[tuple(voxels.T)].astype(float) if seed.get("mean") == "weighted" else None
        return _from_voxels(seed, voxels, image, resampled, weights)
    heights, map_resampled = on_grid(seed["map"], image)
    strengths = heights[tuple(voxels.T)].astype(float)
    if np.ptp(strengths) == 0:
        raise InputError(
            f"{seed['map']}: it is {strengths[0]:g} everywhere inside the mask {seed['file']} of the seed "
            f"{seed['label']!r}; expected a map with a peak there"
        )
    return _around(seed, voxels, int(np.argmax(strengths)), image, resampled or map_resampled)


def _around(seed, voxels, peak, image, resampled, **facts):
    """The neighbourhood of a peak, inside its mask."""
    centres = world(voxels, image.affine)
    near = np.linalg.norm(centres - centres[peak], axis=1) <= seed["radius_mm"]
    described = {
        **seed,
        **dict(zip("xyz", (round(float(value), 3) for value in centres[peak]), strict=True)),
        **facts,
        **({"resampled": "nearest neighbour"} if resampled else {}),
    }
    return Region(described, voxels[near])


def peak_region(seed, image, operator, reference):
    """Find the neighbourhood in a mask that correlates most, on average, with a reference seed.

    Parameters
    ----------
    seed : dict
        With ``file`` and ``radius_mm``.
    image : nibabel image, 4-D
        The run, read once more.
    operator : numpy.ndarray of shape (n_kept, T)
    reference : numpy.ndarray of shape (n_kept,)
        Cleaned series of the reference seed.

    Returns
    -------
    Region
        The voxels of the mask within ``radius_mm`` of the peak; ``peak_mean_r`` of its seed is the
        mean correlation there.

    Raises
    ------
    InputError
        If the mask has no voxel with a signal.
    """
    from scipy.spatial import KDTree

    values, resampled = on_grid(seed["file"], image)
    mask = values != 0
    voxels = np.argwhere(mask)
    _need_voxels(voxels, seed, seed["file"], image, resampled, "expected a mask that covers a part of it")
    series = passes.voxel_series(image, mask, None, operator)
    r = correlation.pearson(reference[:, None], series)[0].astype(float)
    if not np.isfinite(r).any():
        raise InputError(
            f"{seed['file']}: no voxel of this mask has a signal in {image.get_filename()}; the seed "
            f"{seed['label']!r} cannot be placed"
        )
    tree = KDTree(world(voxels, image.affine))
    near = tree.query_ball_point(tree.data, seed["radius_mm"] + 1e-6)
    means = np.array([np.nanmean(r[ball]) if np.isfinite(r[ball]).any() else -np.inf for ball in near])
    means[~np.isfinite(r)] = -np.inf
    peak = int(np.argmax(means))
    return _around(seed, voxels, peak, image, resampled, peak_mean_r=round(float(means[peak]), 6))


def described_voxels(seed, image):
    """Find a seed's voxels again from its description in a sidecar.

    Parameters
    ----------
    seed : dict
        As `extract` described it: a peak has its coordinates.
    image : nibabel image
        The run, or another image on its grid.

    Returns
    -------
    numpy.ndarray of int, shape (n, 3)
    """
    if seed.get("kind") != "peak":
        return fixed_region(seed, image).voxels
    voxels = np.argwhere(on_grid(seed["file"], image)[0] != 0)
    peak = np.linalg.norm(world(voxels, image.affine) - [seed[axis] for axis in "xyz"], axis=1).argmin()
    return _around(seed, voxels, peak, image, False).voxels


def extract(seeds, image, operator, fwhm=None):
    """Find the voxels of all seeds, and read the run for their series.

    Parameters
    ----------
    seeds : sequence of dict
    image : nibabel image, 4-D
    operator : numpy.ndarray of shape (n_kept, T)
    fwhm : float or None
        Smoothing of the image that the seeds' series are read from, mm; None for none.

    Returns
    -------
    regions : list of Region
        In the order of the seeds.
    scan : passes.Scan
        Raw series of the seeds in that order, and the run's mean.

    Raises
    ------
    InputError
        If a seed has no voxel in the run.
    """
    fixed = [seed for seed in seeds if not seed.get("reference")]
    regions = {seed["label"]: fixed_region(seed, image) for seed in fixed}

    def scan(found):
        weights = [region.weights for region in found] if any(r.weights is not None for r in found) else None
        return passes.scan(image, [region.voxels for region in found], weights, fwhm)

    first = scan(list(regions.values()))
    if len(fixed) == len(seeds):
        return list(regions.values()), first
    cleaned = dict(zip(regions, clean_seeds(operator, first.seed_series).T, strict=True))
    raw = dict(zip(regions, first.seed_series.T, strict=True))
    for seed in seeds:
        if seed["label"] not in regions:
            regions[seed["label"]] = peak_region(seed, image, operator, cleaned[seed["reference"]])
    placed = [regions[seed["label"]] for seed in seeds if seed["label"] not in raw]
    second = scan(placed)
    raw |= dict(zip((region.seed["label"] for region in placed), second.seed_series.T, strict=True))
    labels = [seed["label"] for seed in seeds]
    series = np.column_stack([raw[label] for label in labels])
    return [regions[label] for label in labels], passes.Scan(seed_series=series, mean=first.mean)

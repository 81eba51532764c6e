"""The voxels of a run that make up its seeds: spheres, masks, labels of an atlas, peaks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..base.joblog import logger
from ..cleaning.operators import clean_seeds, clean_voxels, used_volumes
from ..images import nifti, places
from ..images.resampling import same_grid
from . import cortical, passes

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage


RESAMPLED = {"resampled": "nearest neighbour"}
"""What is said of a seed whose file lies on another grid than the run."""


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


def world(voxels: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Coordinates of voxels in mm."""
    return voxels @ affine[:3, :3].T + affine[:3, 3]


def is_sphere(seed: Mapping) -> bool:
    """Whether a seed is a sphere of its own, and no mask or part of one."""
    return seed.get("kind", "sphere") == "sphere"


def on_grid(path: str | PathLike[str], run_image: SpatialImage) -> tuple[np.ndarray, bool]:
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
    same = same_grid(image, run_image)
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


def centres(voxels: np.ndarray, affine: np.ndarray, weights: np.ndarray | None = None) -> list[list[float]]:
    """Where a seed is: one place for each of its connected parts, the largest part first.

    Parameters
    ----------
    voxels : numpy.ndarray of int, shape (n, 3)
    affine : numpy.ndarray of shape (4, 4)
    weights : numpy.ndarray of shape (n,), optional

    Returns
    -------
    list of [x, y, z]
        mm. A part is where its centre of mass is, or, where it has no voxel there, at its voxel nearest to that. Parts
        are voxels that touch, corners included: a midpoint between two would be in neither.
    """
    from scipy.ndimage import label

    low = voxels.min(axis=0)
    box = np.zeros(voxels.max(axis=0) - low + 1, dtype=bool)
    box[tuple((voxels - low).T)] = True
    part_of = label(box, np.ones((3, 3, 3)))[0][tuple((voxels - low).T)]
    found = []
    for part in np.argsort(-np.bincount(part_of)[1:], kind="stable") + 1:
        own = voxels[part_of == part]
        middle = np.average(own, axis=0, weights=None if weights is None else weights[part_of == part])
        if not (own == np.rint(middle).astype(int)).all(axis=1).any():
            middle = own[np.linalg.norm(world(own, affine) - world(middle, affine), axis=1).argmin()]
        found.append([round(float(value), 3) for value in world(middle, affine)])
    return found


def _from_voxels(
    seed: Mapping, voxels: np.ndarray, image: SpatialImage, resampled: bool, weights: np.ndarray | None = None
) -> Region:
    """A region that is marked and cut where it is, and not between its parts."""
    first, *others = centres(voxels, image.affine, weights)
    described = {**seed, **dict(zip("xyz", first, strict=True))}
    if others:
        described["further_centres"] = others
    if resampled:
        described |= RESAMPLED
    return Region(described, voxels, weights)


def _need_voxels(voxels: np.ndarray, seed: Mapping, path: str, image: SpatialImage, resampled: bool, what: str) -> None:
    if not len(voxels):
        raise InputError(
            f"{path}: the seed {seed['label']!r} has no voxel {'after resampling to' if resampled else 'on'} the grid "
            f"of {image.get_filename()} (voxels of {', '.join(f'{s:.3g}' for s in image.header.get_zooms()[:3])} mm); "
            f"{what}"
        )


def fixed_region(seed: dict, image: SpatialImage) -> Region:
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
    if (own := places.of(image)) is not None:
        return Region(*cortical.find(seed, own))
    if is_sphere(seed):
        (voxels,) = passes.seed_spheres([seed], image)
        return Region(seed, voxels)
    kind = seed["kind"]
    if kind == "surface":
        raise InputError(
            f"the seed {seed['label']!r} is a patch of the cortical surface, and {image.get_filename()} is a run of "
            "voxels; expected the kind sphere, or a run on the surface"
        )
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
    facts = RESAMPLED if resampled or map_resampled else {}
    return _around(seed, voxels, int(np.argmax(strengths)), image, **facts)


def _around(seed: Mapping, voxels: np.ndarray, peak: int, image: SpatialImage, **facts: Any) -> Region:
    """The neighbourhood of a peak, inside its mask."""
    centres = world(voxels, image.affine)
    near = np.linalg.norm(centres - centres[peak], axis=1) <= seed["radius_mm"]
    described = {
        **seed,
        **dict(zip("xyz", (round(float(value), 3) for value in centres[peak]), strict=True)),
        **facts,
    }
    return Region(described, voxels[near])


def search_region(seed: dict, image: SpatialImage) -> Region:
    """Find the voxels among which a seed's peak is looked for.

    Parameters
    ----------
    seed : dict
        With ``file``.
    image : nibabel image, 4-D
        The run.

    Returns
    -------
    Region

    Raises
    ------
    InputError
        If no voxel of the mask lies in the image.
    """
    values, resampled = on_grid(seed["file"], image)
    voxels = np.argwhere(values != 0)
    _need_voxels(voxels, seed, seed["file"], image, resampled, "expected a mask that covers a part of it")
    return Region({**seed, **RESAMPLED} if resampled else seed, voxels)


def peak_region(search: Region, image: SpatialImage, series: np.ndarray, reference: np.ndarray) -> Region:
    """Find the neighbourhood in a mask that correlates most, on average, with a reference seed.

    Parameters
    ----------
    search : Region
        From `search_region`; its seed has ``radius_mm``.
    image : nibabel image, 4-D
        The run, for its grid and its name.
    series : numpy.ndarray of shape (n_kept, n)
        Of its voxels: cleaned, with mean 0 and sample standard deviation 1, NaN where a voxel is constant.
    reference : numpy.ndarray of shape (n_kept,)
        The reference seed's, likewise.

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

    seed = search.seed
    # Of standardised series, r is a product.
    r = reference @ series.astype(np.float64) / (len(series) - 1)
    if not np.isfinite(r).any():
        raise InputError(
            f"{seed['file']}: no voxel of this mask has a signal in {image.get_filename()}; the seed "
            f"{seed['label']!r} cannot be placed"
        )
    tree = KDTree(world(search.voxels, image.affine))
    near = tree.query_ball_point(tree.data, seed["radius_mm"] + 1e-6)
    means = np.array([np.nanmean(r[ball]) if np.isfinite(r[ball]).any() else -np.inf for ball in near])
    means[~np.isfinite(r)] = -np.inf
    peak = int(np.argmax(means))
    return _around(seed, search.voxels, peak, image, peak_mean_r=round(float(means[peak]), 6))


def within(region: Region, brain: np.ndarray | None) -> Region:
    """The part of a region that lies in the brain; all of it where none does, which is refused elsewhere.

    Parameters
    ----------
    region : Region
    brain : numpy.ndarray of bool, shape (x, y, z), or None
        None for the whole region.

    Returns
    -------
    Region
    """
    inside = None if brain is None else brain[tuple(region.voxels.T)]
    if inside is None or not inside.any():
        return region
    weights = None if region.weights is None else region.weights[inside]
    return dataclasses.replace(region, voxels=region.voxels[inside], weights=weights)


def described_voxels(seed: dict, image: SpatialImage) -> np.ndarray:
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
    return _around(seed, voxels, peak, image).voxels


def extract(
    seeds: Sequence[dict],
    image: SpatialImage,
    operator: np.ndarray,
    fwhm: float | None = None,
    brain: np.ndarray | None = None,
) -> tuple[list[Region], passes.Scan]:
    """Find the voxels of all seeds, and read the run for their series, once.

    Parameters
    ----------
    seeds : sequence of dict
    image : nibabel image, 4-D
    operator : numpy.ndarray of shape (n_kept, T)
    fwhm : float or None
        Smoothing of the image that the seeds' series are read from, mm; None for none.
    brain : numpy.ndarray of bool, shape (x, y, z), optional
        Seeds' means are taken over their voxels in this mask alone; over all of them where it is None.

    Returns
    -------
    regions : list of Region
        In the order of the seeds, with all their voxels.
    scan : passes.Scan
        Of the seeds in that order, and the run's mean.

    Raises
    ------
    InputError
        If a seed has no voxel in the run.
    """
    labels = [seed["label"] for seed in seeds]
    fixed = {
        seed["label"]: fixed_region(seed, image)
        for seed in seeds
        if places.is_cortical(image) or not seed.get("reference")
    }
    searches = {seed["label"]: search_region(seed, image) for seed in seeds if seed.get("reference")}
    searches = {label: within(search, brain) for label, search in searches.items()}
    averaged = [within(region, brain) for region in fixed.values()]
    weights = [region.weights for region in averaged]
    # Where a peak lies is known only after the pass: the series of all voxels where it may be are kept.
    candidates = np.zeros(image.shape[:-1], dtype=bool)
    for search in searches.values():
        candidates[tuple(search.voxels.T)] = True
    scan = passes.scan(
        image,
        [region.voxels for region in averaged],
        weights if any(own is not None for own in weights) else None,
        fwhm,
        used := used_volumes(operator),
        np.argwhere(candidates),
        brain,
    )
    if not searches:
        return list(fixed.values()), scan
    cleaned = dict(zip(fixed, clean_seeds(operator, scan.seed_series).T, strict=True))
    found, series = dict(fixed), dict(zip(fixed, scan.seed_series.T, strict=True))
    tsnr = dict(zip(fixed, scan.seed_tsnr, strict=True))
    column = np.empty(candidates.shape, dtype=int)
    column[candidates] = np.arange(candidates.sum())
    for label, search in searches.items():
        own = scan.candidates[np.ix_(used, column[tuple(search.voxels.T)])]
        baseline = own[0].copy()
        own -= baseline
        clean_voxels(operator[:, used], own, baseline)
        region = peak_region(search, image, own, cleaned[search.seed["reference"]])
        columns = column[tuple(region.voxels.T)]
        found[label] = region
        series[label] = scan.smoothed_candidates[:, columns].mean(axis=1, dtype=np.float64)
        tsnr[label] = passes.median_tsnr(scan.candidates[np.ix_(used, columns)])
    return [found[label] for label in labels], dataclasses.replace(
        scan,
        seed_series=np.column_stack([series[label] for label in labels]),
        seed_tsnr=[tsnr[label] for label in labels],
    )

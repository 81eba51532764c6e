"""From a run's volumes to the series of its seeds and voxels: the passes over the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..cleaning.operators import clean_voxels, used_volumes
from ..images import grid, nifti, places

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage


class Fluctuation:
    """How much voxels fluctuate, from their values a volume at a time.

    Parameters
    ----------
    baseline : numpy.ndarray of shape (n_voxels,)
        Values near each voxel's mean, so that squared deviations from them keep their digits.
    summed : int
        Volumes that are summed in single precision before these sums are, in double; of many voxels it takes less time.
    """

    SLAB = 16384
    """Voxels worked on at once: so few that a processor's own cache holds them."""

    def __init__(self, baseline: np.ndarray, summed: int = 1) -> None:
        kind = np.dtype(np.float32 if summed > 1 else np.float64)
        self.baseline = baseline.astype(kind)
        self.eps = np.finfo(baseline.dtype).eps
        self.n, self._waiting = 0, 0
        self._volumes = np.empty((summed, len(baseline)), dtype=kind)
        # Used again: fresh memory takes longer than the sums.
        self._deviations = np.empty((summed, min(self.SLAB, len(baseline))), dtype=kind)
        self._sums = np.zeros((2, len(baseline)))

    def add(self, values: np.ndarray) -> None:
        """Take in a volume.

        Parameters
        ----------
        values : numpy.ndarray of shape (n_voxels,)
        """
        self._volumes[self._waiting] = values
        self.n, self._waiting = self.n + 1, self._waiting + 1
        if self._waiting == len(self._volumes):
            self._settle()

    def _settle(self) -> None:
        for start in range(0, len(self.baseline), self.SLAB):
            some = slice(start, start + self.SLAB)
            values, baseline = self._volumes[: self._waiting, some], self.baseline[some]
            deviations = np.subtract(values, baseline, out=self._deviations[: self._waiting, : len(baseline)])
            self._sums[0, some] += deviations.sum(axis=0)
            self._sums[1, some] += np.einsum("tv,tv->v", deviations, deviations)
        self._waiting = 0

    def tsnr(self) -> np.ndarray:
        """Temporal signal-to-noise ratio: mean over sample standard deviation.

        Returns
        -------
        numpy.ndarray of float64, shape (n_voxels,)
            NaN where a voxel is constant.
        """
        self._settle()
        total, squares = self._sums
        mean = self.baseline + total / self.n
        variance = (squares - total**2 / self.n) / max(self.n - 1, 1)
        # What is left of a constant is rounding error.
        constant = variance <= (4 * self.eps * mean) ** 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(constant, np.nan, mean / np.sqrt(variance))


class Missing:
    """Values that a run lacks, from what its reader says of each volume.

    Parameters
    ----------
    brain : numpy.ndarray of bool, shape (x, y, z)
        Where they count.
    n_volumes : int
    """

    def __init__(self, brain: np.ndarray, n_volumes: int) -> None:
        self.brain = brain
        self.numbers = np.zeros(n_volumes, dtype=int)
        self.whole = np.zeros(n_volumes, dtype=bool)
        # Voxels without a value at any volume so far, known once a volume lacks some.
        self.always: np.ndarray | None = None

    def note(self, volume: int, undefined: np.ndarray) -> None:
        """Take in where a volume has no value; volumes come in their order."""
        self.whole[volume] = undefined.all()
        own = undefined[self.brain]
        self.numbers[volume] = own.sum()
        if not self.whole[volume]:
            self.always = own if self.always is None else self.always & own

    @property
    def lost(self) -> np.ndarray:
        """Numbers of the volumes without any value."""
        return np.flatnonzero(self.whole)

    def counts(self) -> np.ndarray:
        """Values that each volume lacks in voxels that have one at another volume, of shape (T,)."""
        others = self.numbers[~self.whole]
        # Outside of the brain NaN is a common way to say so: at all volumes alike.
        throughout = int(self.always.sum()) if self.always is not None and (others > 0).all() else 0
        return self.numbers - throughout


def median(values: np.ndarray) -> float | None:
    """Median of the values that are defined; None where there is none."""
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else None


def median_tsnr(series: np.ndarray) -> float | None:
    """Median over voxels of the temporal signal-to-noise ratio of raw series, of shape (T, n_voxels)."""
    fluctuation = Fluctuation(series[0])
    for values in series:
        fluctuation.add(values)
    return median(fluctuation.tsnr())


@dataclass(frozen=True)
class Scan:
    """What one pass over an unsmoothed run gives.

    Attributes
    ----------
    seed_series : numpy.ndarray of float64, shape (T, n_seeds)
        Raw mean of each seed's voxels.
    seed_tsnr : list of float or None
        Median temporal signal-to-noise ratio of each seed's voxels; None where all are constant.
    mean : numpy.ndarray of float32, shape (x, y, z)
        Mean over time.
    candidates, smoothed_candidates : numpy.ndarray, shape (T, n_candidates)
        Raw series of the voxels that were to be kept one by one, float32, and what the seeds' means would be taken of.
    undefined : numpy.ndarray of int, shape (T,)
        How many voxels of the brain have no value (NaN or infinite) at a volume and one at another; 0 was read there.
    lost : numpy.ndarray of int
        Numbers of the volumes at which no voxel has a value; they do not count for the mean.
    """

    seed_series: np.ndarray
    seed_tsnr: list[float | None]
    mean: np.ndarray
    candidates: np.ndarray
    smoothed_candidates: np.ndarray
    undefined: np.ndarray
    lost: np.ndarray


@dataclass(frozen=True)
class Voxels:
    """What a pass over a run gives of the voxels of its mask, in the order of ``volume[mask]``.

    Attributes
    ----------
    series : numpy.ndarray of float32, shape (n_kept, n_voxels)
        Smoothed and cleaned; mean 0 and sample standard deviation 1, or NaN where a voxel is constant.
    tsnr : numpy.ndarray of float64, shape (n_voxels,)
        Temporal signal-to-noise ratio of the kept volumes, before smoothing and cleaning; NaN where constant.
    sample : numpy.ndarray of float32, shape (T, n_sampled)
        Raw series of some of them, at every volume.
    """

    series: np.ndarray
    tsnr: np.ndarray
    sample: np.ndarray


@dataclass(frozen=True)
class Smoothed:
    """What a pass over a run gives of the voxels of its mask, smoothed and not cleaned, for any number of operators.

    Attributes
    ----------
    volumes : numpy.ndarray of int, shape (n_used,)
        Numbers of the volumes that were kept, ascending.
    series : numpy.ndarray of float32, shape (n_used, n_voxels)
        What differs from the baseline.
    baseline : numpy.ndarray of float32, shape (n_voxels,)
        Values of the first of these volumes.
    tsnr, sample : numpy.ndarray
        See `Voxels`.
    """

    volumes: np.ndarray
    series: np.ndarray
    baseline: np.ndarray
    tsnr: np.ndarray
    sample: np.ndarray

    def cleaned(self, operator: np.ndarray, part: slice | np.ndarray) -> np.ndarray:
        """Clean and standardise the series of some voxels; those that are held stay as they are.

        Parameters
        ----------
        operator : numpy.ndarray of shape (n_kept, T)
            Whose volumes are among those that were kept.
        part : slice or numpy.ndarray of int
            Which voxels.

        Returns
        -------
        numpy.ndarray of float32, shape (n_kept, n)
            Mean 0 and sample standard deviation 1, or NaN where a voxel is constant.
        """
        used = used_volumes(operator)
        own = self.series[:, part][np.searchsorted(self.volumes, used)]
        clean_voxels(operator[:, used], own, self.baseline[part])
        return own


def seed_spheres(seeds: Sequence[Mapping], image: SpatialImage) -> list[np.ndarray]:
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


def seed_coverage(
    seeds: Sequence[Mapping], spheres: Sequence[np.ndarray], mask: np.ndarray, image: SpatialImage
) -> list[dict[str, Any]]:
    """Describe how much of each seed lies in the brain mask.

    Parameters
    ----------
    seeds : sequence of dict
    spheres : list of numpy.ndarray of int, shape (n, 3)
    mask : numpy.ndarray of bool, shape (x, y, z)
    image : nibabel image
        The run.

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
            world = places.coordinates(image, mask)
            gap = np.linalg.norm(world - (seed["x"], seed["y"], seed["z"]), axis=1).min()
            raise InputError(
                f"the seed {seed['label']!r} at ({seed['x']:g}, {seed['y']:g}, {seed['z']:g}) mm"
                + (f" with a radius of {seed['radius_mm']:g} mm" if "radius_mm" in seed else "")
                + (
                    f" has no {places.layout(image).word} with data: it lies on the medial wall; the nearest one is "
                    f"{gap:.1f} mm away. Move the seed"
                    if places.is_cortical(image)
                    else f" has no voxel in the brain mask; the nearest one is {gap:.1f} mm away. "
                    "Check the seed's coordinates (MNI mm) and that the run is in MNI space"
                )
            )
        # Vertices for which a CIFTI file has no place belong to the seed too.
        n = len(voxels) + seed.get("n_absent", 0)
        described.append({**seed, "n_voxels": n, "n_voxels_in_mask": covered, "coverage": round(covered / n, 4)})
    return described


def exclusions(described: Sequence[Mapping], least: float) -> list[str | None]:
    """Why seeds have no map in a run.

    Parameters
    ----------
    described : sequence of dict
        From `seed_coverage`; with ``reference``, the label of another seed, for a peak that is placed by it.
    least : float
        Share of a seed's voxels that must lie in the brain mask.

    Returns
    -------
    list of str or None
        None for a seed that has one.
    """
    of_own = {
        seed["label"]: f"{100 * seed['coverage']:.0f} % of its voxels lie in the brain mask, expected at least "
        f"{100 * least:g} % (cleaning.min_seed_coverage)"
        for seed in described
        if seed["coverage"] < least
    }
    # Where a peak lies hangs on its reference.
    of_reference = {
        seed["label"]: f"its reference {seed['reference']} has no map: {of_own[seed['reference']]}"
        for seed in described
        if seed.get("reference") in of_own
    }
    return [of_own.get(seed["label"]) or of_reference.get(seed["label"]) for seed in described]


def scan(
    image: SpatialImage,
    spheres: Sequence[np.ndarray],
    weights: Sequence[np.ndarray | None] | None = None,
    fwhm: float | None = None,
    used: np.ndarray | None = None,
    candidates: np.ndarray | None = None,
    brain: np.ndarray | None = None,
) -> Scan:
    """Read an unsmoothed run once, for the mean series of all seeds and the mean image.

    Parameters
    ----------
    image : nibabel image, 4-D
    spheres : sequence of numpy.ndarray of int, shape (n, 3)
        Voxels of each seed.
    weights : sequence of numpy.ndarray of shape (n,) or None, optional
        Weights of each seed's voxels; None for the plain mean.
    fwhm : float or None
        Smoothing of the image that the seeds' series are read from, full width at half maximum in mm.
    used : numpy.ndarray of int, optional
        Numbers of the volumes that count for the signal-to-noise ratio; all by default.
    candidates : numpy.ndarray of int, shape (n_candidates, 3), optional
        Voxels whose series are kept one by one.
    brain : numpy.ndarray of bool, shape (x, y, z), optional
        Where undefined values are counted; everywhere by default.

    Returns
    -------
    Scan
    """
    n_volumes = image.shape[-1]
    none = np.empty((0, len(image.shape) - 1), dtype=int)
    extra = none if candidates is None else candidates
    voxels = tuple(np.concatenate([none, *spheres, extra]).T)
    sizes = [len(sphere) for sphere in spheres]
    of_seeds, starts = sum(sizes), np.cumsum([0, *sizes])[:-1]
    weigh = None
    if weights is not None:
        parts = [np.ones(size) if part is None else part for size, part in zip(sizes, weights, strict=True)]
        weigh, sizes = np.concatenate(parts), [part.sum() for part in parts]
    counted = set(range(n_volumes) if used is None else used.tolist())
    at = _smoothed_at(voxels, fwhm, image) if fwhm else None
    series = np.empty((n_volumes, len(spheres)))
    kept = np.empty((n_volumes, len(extra)), dtype=np.float32)
    kept_smoothed = kept if at is None else np.empty(kept.shape)
    first, baseline = None, None
    total = np.zeros(image.shape[:-1], dtype=np.float32, order="F")
    fluctuation = None
    missing = Missing(np.ones(image.shape[:-1], dtype=bool) if brain is None else brain, n_volumes)
    for t, volume in enumerate(nifti.volumes(image, notice=missing.note)):
        total += volume
        raw = volume[voxels].astype(np.float32)
        kept[t] = raw[of_seeds:]
        own = raw[:of_seeds]
        if t in counted:
            fluctuation = Fluctuation(own) if fluctuation is None else fluctuation
            fluctuation.add(own)
        if at is not None:
            # As for voxels: what differs from the first volume is smoothed, as single precision holds that far better.
            first = volume if first is None else first
            baseline = at(first, None).astype(np.float64) if baseline is None else baseline
            smoothed = baseline + at(volume, first)
            kept_smoothed[t] = smoothed[of_seeds:]
            own = smoothed[:of_seeds]
        own = own.astype(np.float64)
        series[t] = np.add.reduceat(own if weigh is None else own * weigh, starts) / sizes
    assert fluctuation is not None, "no volume counts"
    tsnr = fluctuation.tsnr()
    return Scan(
        seed_series=series,
        seed_tsnr=[median(tsnr[start : start + len(sphere)]) for start, sphere in zip(starts, spheres, strict=True)],
        mean=total / max(n_volumes - len(missing.lost), 1),
        candidates=kept,
        smoothed_candidates=kept_smoothed,
        undefined=missing.counts(),
        lost=missing.lost,
    )


def _smoothed_at(
    voxels: tuple[np.ndarray, ...], fwhm: float, image: SpatialImage
) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    """A function that smooths a volume, less another one, and gives its values at some voxels."""
    mask = np.zeros(image.shape[:-1], dtype=bool)
    mask[voxels] = True
    smooth = places.smoother(image, mask, fwhm)
    position = np.empty(mask.shape, dtype=int)
    position[mask] = np.arange(mask.sum())
    positions = position[voxels]
    return lambda volume, less: smooth(volume, less)[positions]


def check_defined(series: np.ndarray, seeds: Sequence[Mapping]) -> None:
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


def background_mask(mean: np.ndarray, image: SpatialImage) -> np.ndarray:
    """Find the brain as nilearn's maskers do without a mask: what differs from the border's value.

    The same voxels as `nilearn.masking.compute_background_mask` takes, whose import takes longer than all else that
    is done for a run without a mask.

    Parameters
    ----------
    mean : numpy.ndarray of shape (x, y, z)
    image : nibabel image
        The run, for its name.

    Returns
    -------
    numpy.ndarray of bool, shape (x, y, z)

    Raises
    ------
    InputError
        If no voxel is left.
    """
    # Two voxels thick; where planes meet, voxels count in each.
    border = np.concatenate(
        [
            side.ravel()
            for axis in range(3)
            for side in (np.moveaxis(mean, axis, 0)[:2], np.moveaxis(mean, axis, 0)[-2:])
        ]
    )
    mask = ~np.isnan(mean) if np.isnan(border).any() else mean != np.median(border)
    if not mask.any():
        raise InputError(
            f"{image.get_filename()}: no brain was found, every voxel's mean equals the border's; "
            "expected an image with a uniform background. Give a brain mask"
        )
    return mask


def read_voxels(
    image: SpatialImage,
    mask: np.ndarray,
    fwhm: float | None,
    operator: np.ndarray,
    sampled: Sequence[int] | np.ndarray = (),
    series: np.ndarray | None = None,
) -> Voxels:
    """Read a run once for the smoothed, cleaned, standardised series of its voxels, and for what they are like before.

    Volumes are read and smoothed one at a time; only the series of the mask's voxels are held.

    Parameters
    ----------
    image : nibabel image, 4-D
    mask : numpy.ndarray of bool, shape (x, y, z)
    fwhm : float or None
        Smoothing, full width at half maximum in mm.
    operator : numpy.ndarray of shape (n_kept, T)
        From `operators.cleaning_operator`.
    sampled : sequence of int
        Positions in the mask of voxels whose raw series are kept too.
    series : numpy.ndarray of float32, shape (n_kept, n_voxels), optional
        Where the voxels' series go; new memory by default.

    Returns
    -------
    Voxels
    """
    used = used_volumes(operator)
    found = read_smoothed(image, mask, fwhm, used, sampled, series)
    clean_voxels(operator[:, used], found.series, found.baseline)
    return Voxels(series=found.series, tsnr=found.tsnr, sample=found.sample)


def read_smoothed(
    image: SpatialImage,
    mask: np.ndarray,
    fwhm: float | None,
    used: np.ndarray,
    sampled: Sequence[int] | np.ndarray = (),
    series: np.ndarray | None = None,
) -> Smoothed:
    """Read a run once for the smoothed series of its voxels.

    Volumes are read and smoothed one at a time; only the series of the mask's voxels are held.

    Parameters
    ----------
    image, mask, fwhm, sampled, series
        See `read_voxels`.
    used : numpy.ndarray of int, shape (n_used,)
        Numbers of the volumes that are kept, ascending.

    Returns
    -------
    Smoothed
    """
    smooth = places.smoother(image, mask, fwhm)
    rows = {int(volume): row for row, volume in enumerate(used)}
    n_voxels = int(mask.sum())
    series = np.empty((len(used), n_voxels), dtype=np.float32) if series is None else series
    at = tuple(np.argwhere(mask)[list(sampled)].T)
    sample = np.empty((image.shape[-1], len(sampled)), dtype=np.float32)
    # In the order of the file, in which they are found much sooner.
    stored = np.flatnonzero(mask.ravel(order="F"))
    first, fluctuation = None, None
    for t, volume in enumerate(nifti.volumes(image)):
        sample[t] = volume[at]
        if t not in rows:
            continue
        # Single precision holds a fluctuation far better than the baseline that is a hundred times larger: the first
        # volume is taken off, and what cleaning leaves of it is added in the end.
        first = volume if first is None else first
        smooth.later(volume, first, series[rows[t]])
        values = volume.ravel(order="F").take(stored)
        if fluctuation is None:
            fluctuation = Fluctuation(values.astype(np.float32), summed=8)
        fluctuation.add(values)
    smooth.finish()
    assert first is not None and fluctuation is not None, "no volume is kept"
    tsnr = np.empty(mask.shape)
    tsnr.T[mask.T] = fluctuation.tsnr()
    return Smoothed(used, series, smooth(first), tsnr[mask], sample)


def example_voxels(voxels: Sequence[int], n_voxels: int) -> list[int]:
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

"""Maps in numbers and sentences, for figures, captions and the overview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage


@dataclass(frozen=True)
class Summary:
    """A map of r in a few numbers.

    Attributes
    ----------
    n_voxels, n_defined, n_positive, n_negative : int
        Voxels of the brain, those with a value, and those at or beyond the threshold on either side.
    low, high : float
        Smallest and largest value; NaN where there is none.
    threshold : float
    """

    n_voxels: int
    n_defined: int
    n_positive: int
    n_negative: int
    low: float
    high: float
    threshold: float

    @property
    def share(self) -> float:
        """Share of the defined voxels at or beyond the threshold; NaN where none is defined."""
        return (self.n_positive + self.n_negative) / self.n_defined if self.n_defined else float("nan")


def brain_values(image: SpatialImage, mask: np.ndarray) -> np.ndarray:
    """Values of a map in the brain.

    Parameters
    ----------
    image : nibabel image
    mask : numpy.ndarray of bool, shape (x, y, z)
        The brain.

    Returns
    -------
    numpy.ndarray of shape (n_voxels,)
        NaN where undefined.
    """
    return np.asarray(image.dataobj, dtype=np.float32)[mask]


def summarise(values: np.ndarray, threshold: float) -> Summary:
    """Summarise a map.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_voxels,)
    threshold : float

    Returns
    -------
    Summary
    """
    defined = values[np.isfinite(values)]
    return Summary(
        n_voxels=values.size,
        n_defined=defined.size,
        n_positive=int((defined >= threshold).sum()),
        n_negative=int((defined <= -threshold).sum()),
        low=float(defined.min()) if defined.size else float("nan"),
        high=float(defined.max()) if defined.size else float("nan"),
        threshold=threshold,
    )


def remark(summary: Summary, seed: Mapping | None = None) -> str:
    """What somebody who looks at a figure must know, or nothing.

    Parameters
    ----------
    summary : Summary
    seed : dict, optional
        The seed with ``n_voxels`` and ``n_voxels_in_mask``, and perhaps why it is ``excluded`` in the run.

    Returns
    -------
    str
    """
    said = []
    if seed and seed.get("excluded"):
        said.append(f"No map: {seed['excluded'].partition(' (')[0]}.")
    elif not summary.n_defined:
        said.append("No voxel has a defined r: the map is empty.")
    elif summary.low == summary.high:
        said.append(f"r is the same, {summary.low:.2f}, in every voxel.")
    if summary.n_defined and not summary.n_positive + summary.n_negative:
        said.append(f"No voxel reaches |r| = {summary.threshold:g} (range {summary.low:.2f} to {summary.high:.2f}).")
    undefined = summary.n_voxels - summary.n_defined
    if summary.n_defined and undefined > 0.05 * summary.n_voxels:
        said.append(f"r is undefined in {100 * undefined / summary.n_voxels:.0f} % of the brain.")
    if seed and not seed.get("excluded") and seed.get("n_voxels_in_mask", 0) < seed.get("n_voxels", 0):
        said.append(f"Only {seed['n_voxels_in_mask']} of the seed's {seed['n_voxels']} voxels lie in the brain mask.")
    return " ".join(said)


def sentence(summary: Summary) -> str:
    """A map in one sentence, with its numbers.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    str
    """
    if not summary.n_defined:
        return f"No voxel of {summary.n_voxels} has a defined r."
    between = f"r is between {summary.low:.2f} and {summary.high:.2f} in {summary.n_defined} voxels"
    if not summary.threshold:
        return f"{between}."
    return (
        f"{between}; "
        f"{summary.n_positive} have r of {summary.threshold:g} or more and {summary.n_negative} of "
        f"-{summary.threshold:g} or less ({100 * summary.share:.1f} % together)."
    )

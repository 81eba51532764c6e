"""A cleaned run as scripts read it: what steps before them left, each file when it is first asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import provenance, tables
from ..images import layouts, nifti
from . import bursts, multiplicity, significance

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Pair


class CleanedRun:
    """The files of a cleaned run.

    Parameters
    ----------
    files : dict of str to str or list of str
        Paths by the names that rules give them: ``seeds``, ``seeds_sidecar``, ``seed_voxels``, ``raw_seeds``,
        ``voxels``, ``voxels_sidecar``, ``mask``, ``mean``, ``operator``, ``motion``, ``coordinates``; those that are
        not asked for may be missing. Mask and mean are two files each where the run is a pair of hemispheres, and
        coordinates are there where its places are not on a grid.
    """

    def __init__(self, files: Mapping[str, Any]) -> None:
        self.files = files

    @cached_property
    def run(self) -> dict[str, Any]:
        """Sidecar of the seeds' series: how the run was cleaned, and its seeds."""
        return provenance.read_json(self.files["seeds_sidecar"])

    @cached_property
    def voxels(self) -> dict[str, Any]:
        """Sidecar of the voxels' series."""
        return provenance.read_json(self.files["voxels_sidecar"])

    @property
    def labels(self) -> list[str]:
        """Labels of the seeds."""
        return [seed["label"] for seed in self.run["Seeds"]]

    @cached_property
    def seeds(self) -> np.ndarray:
        """Cleaned series of the seeds, of shape (n_kept, n_seeds); NaN for a seed that is not covered."""
        return np.array(tables.read_numbers(self.files["seeds"])[1])

    @cached_property
    def raw_seeds(self) -> np.ndarray:
        """Series of the seeds before cleaning, of shape (T, n_seeds)."""
        return np.array(tables.read_numbers(self.files["raw_seeds"])[1])

    @cached_property
    def series(self) -> np.ndarray:
        """Cleaned series of the places, of shape (n_kept, n_voxels), left in their file; NaN where one is constant."""
        # A plain array: each slab that is cut from a `memmap` would be one too, which takes its time.
        return np.asarray(np.load(self.files["voxels"], mmap_mode="r"))

    @cached_property
    def operator(self) -> np.ndarray:
        """The matrix that cleaned them, of shape (n_kept, T)."""
        return np.load(self.files["operator"])

    @property
    def kept(self) -> np.ndarray:
        """Volumes that cleaning kept, of shape (T,)."""
        return significance.kept_volumes(self.run)

    @cached_property
    def layout(self) -> layouts.Layout:
        """How its maps stand in their files: as its mask does."""
        return layouts.of_files(layouts.listed(self.files["mask"]))

    @cached_property
    def mask(self) -> Nifti1Pair:
        """The brain mask of a run of voxels."""
        return nifti.load(self.files["mask"], 3)

    @cached_property
    def brain(self) -> np.ndarray:
        """The brain mask as truth values, of shape (x, y, z), or (n_places,) on the cortical surface."""
        return self.layout.read(layouts.listed(self.files["mask"])) != 0

    @cached_property
    def mean(self) -> Nifti1Pair:
        """The mean over time of a run of voxels."""
        return nifti.load(self.files["mean"], 3)

    @cached_property
    def where(self) -> np.ndarray:
        """Where its places are: the affine of its grid; else coordinates, MNI mm, of shape (n_places, 3)."""
        coordinates = self.files.get("coordinates")
        return np.load(coordinates) if coordinates else self.layout.affine

    @property
    def reach(self) -> float:
        """How far around a seed smoothing alone makes voxels alike, mm; see `multiplicity.reach`."""
        return multiplicity.reach(self.voxels["smoothing_fwhm"], self.run["SeedSmoothing"])

    @cached_property
    def _places(self) -> list[list[str]]:
        return tables.cells(self.files["seed_voxels"])

    def tested(self, labels: Collection[str]) -> np.ndarray:
        """Places that lie out of reach of all of some seeds, of shape (n_voxels,); see `multiplicity.away_from`."""
        return multiplicity.away_from(self._places, labels, self.reach, self.where, self.brain)

    @cached_property
    def std_dvars(self) -> np.ndarray:
        """Standardised DVARS of each volume, of shape (T,); NaN where it is undefined."""
        return np.array(tables.read_numbers(self.files["motion"])[1])[:, 1]

    def swelling(self, meet_bursts: bool) -> np.ndarray | None:
        """Standard deviation of the noise at each volume, of shape (T,), where it is to follow DVARS; else None.

        Raises
        ------
        InputError
            If it is to follow a DVARS that the run does not have.
        """
        if not meet_bursts:
            return None
        bursts.check(self.std_dvars, self.files["seeds_sidecar"])
        return bursts.deviations(self.std_dvars)

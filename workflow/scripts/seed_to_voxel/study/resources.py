"""What a job of a run of a given size needs: memory and time, from the run's header alone.

The jobs are planned before anything is computed, so that only the standard library is used here.
"""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..base.errors import InputError
from . import nifti_header
from .bids import Run

SNAKEMAKE_MB = 360
"""MB of the two Snakemake processes inside a cluster's allocation, beside the script."""

USED_SHARE = 0.8
"""Part of the memory asked for that a job is expected to use."""

BRAIN_SHARE = 0.22
"""Part of a template's grid that is brain: 0.197 at 3 and 4 mm and 0.216 at 2 mm were counted."""

UNMASKED_SHARE = 0.35
"""Part of a grid taken for brain in a run without a mask, whose background may not be empty."""

MB = 2**20
FLOAT = 4
SLAB = 1024  # voxels that are cleaned or correlated at once


@dataclass(frozen=True)
class Size:
    """Size of a run.

    Attributes
    ----------
    grid : int
        Voxels of a volume.
    volumes : int
    brain : int
        Voxels in the mask.
    held : bool
        Whether the whole run is held while it is read, as GIFTI and CIFTI files are.
    """

    grid: int
    volumes: int
    brain: int
    held: bool = False

    @property
    def series_mb(self) -> float:
        """The brain's series in single precision, MB."""
        return self.brain * self.volumes * FLOAT / MB


@dataclass(frozen=True)
class Cost:
    """Peak memory and time of a script.

    Attributes
    ----------
    base : float
        MB of the interpreter and the imported packages.
    series, slabs, volumes, maps : float
        Copies held of the brain's series, of a slab's series, of a volume (single precision), and of the
        maps of all seeds.
    least : float
        MB that any run takes, where importing takes more than working.
    seconds : float
        Seconds that any run takes.
    read : float
        Seconds for each million values of the 4-D image.
    seed : float
        Seconds for each seed.
    mesh : float
        MB for each thousand vertices or grayordinates of a run on the cortical surface.
    """

    base: float
    series: float = 0
    slabs: float = 0
    volumes: float = 0
    maps: float = 0
    least: float = 0
    seconds: float = 1
    read: float = 0
    seed: float = 0
    mesh: float = 0


# Measured with benchmarks/measure_resources.py, which prints its measurements beside these models.
COSTS = {
    "simulate_run": Cost(base=108, series=6.1, seconds=3, read=0.07),
    "extract_seeds": Cost(base=105, volumes=5, seconds=2, read=0.02),
    "extract_voxels": Cost(base=68, series=1, slabs=3, volumes=3, seconds=1, read=0.03),
    "correlate": Cost(base=62, series=1, slabs=9, maps=5, seconds=1, read=0.01, seed=0.3),
    "fisher_z": Cost(base=47, volumes=4, seconds=1, seed=0.5),
    "explore_run": Cost(base=215, series=2.1, least=300, seconds=4, read=0.12, mesh=1.05),
    "compare_cleanings": Cost(base=75, series=1, slabs=13, volumes=7, maps=4, least=150, seconds=3, read=0.06, seed=1),
    "draw_figures": Cost(base=126, volumes=1, seconds=2, seed=0.5),
    "draw_all_figures": Cost(base=504, volumes=1, seconds=4, seed=6),
}

READING = ("extract_seeds", "extract_voxels", "compare_cleanings")
"""Those that pass over the run's file."""

SLACK = 5
"""How many times the measured time is asked for: machines and file systems differ."""

START_MINUTES = 2
"""Minutes asked for beside the work, for a busy file system."""


def memory_mb(step: str, size: Size, n_seeds: int, attempt: int = 1) -> int:
    """Memory to ask for.

    Parameters
    ----------
    step : str
        One of `COSTS`: a rule, or what draw_figures does where it draws further figures too.
    size : Size
    n_seeds : int
    attempt : int
        1 at first; each further attempt is given as much again.

    Returns
    -------
    int
        MB.
    """
    return math.ceil(attempt * (SNAKEMAKE_MB + script_mb(step, size, n_seeds)) / USED_SHARE)


def script_mb(step: str, size: Size, n_seeds: int) -> float:
    """Peak memory of a step's script alone, in MB; see `memory_mb`."""
    cost = COSTS[step]
    # The arrays of the file, and for the pass over them as much again at most.
    held_mb = 2 * size.series_mb if size.held and step in READING else 0
    slab_mb = min(SLAB, size.brain) * size.volumes * FLOAT / MB
    return max(
        cost.least,
        cost.base
        + held_mb
        + (cost.mesh * size.grid / 1000 if size.held else 0)
        + cost.series * size.series_mb
        + cost.slabs * slab_mb
        + cost.volumes * size.grid * FLOAT / MB
        + cost.maps * n_seeds * size.brain * FLOAT / MB,
    )


def runtime_minutes(step: str, size: Size, n_seeds: int, attempt: int = 1) -> int:
    """Time to ask for, in whole minutes; parameters as in `memory_mb`."""
    return math.ceil(attempt * (START_MINUTES + SLACK * script_seconds(step, size, n_seeds) / 60))


def script_seconds(step: str, size: Size, n_seeds: int) -> float:
    """Time that a step's script was measured to take, in seconds; see `memory_mb`."""
    cost = COSTS[step]
    return cost.seconds + cost.read * size.grid * size.volumes / 1e6 + cost.seed * n_seeds


def simulated_size(options: Mapping[str, Any]) -> Size:
    """Size of a simulated run, before it is made.

    Parameters
    ----------
    options : dict
        The config's ``dataset.simulated``.
    """
    edge = options["voxel_size"]
    grid = 97 * 115 * 97 if edge == 2 else math.prod(math.ceil(extent / edge) for extent in (200, 236, 200))
    return Size(grid, options["volumes"], int(BRAIN_SHARE * grid))


DEVELOPMENT_FMRI = Size(grid=50 * 59 * 50, volumes=168, brain=int(BRAIN_SHARE * 50 * 59 * 50))
"""Runs of nilearn's development_fmri dataset."""

NKI_SURFACE = Size(grid=2 * 10_242, volumes=930, brain=2 * 10_242, held=True)
"""Runs of nilearn's NKI dataset on fsaverage5, of ten minutes at most."""


class Sizes:
    """Sizes of the runs of a dataset.

    Runs on the same grid are taken to have masks of like size, so that one mask a grid is read; a run of
    which nothing can be read gets the size of a common one, as its job will say better what is wrong.

    Parameters
    ----------
    dataset : dict
        The config's ``dataset``.
    """

    def __init__(self, dataset: Mapping[str, Any]) -> None:
        self.known: Size | None = None
        if dataset["kind"] == "simulated":
            self.known = simulated_size(dataset["simulated"])
        elif dataset["kind"] == "development_fmri":
            self.known = DEVELOPMENT_FMRI
        elif dataset["kind"] == "nki_surface":
            self.known = NKI_SURFACE
        self.shares: dict[tuple, float] = {}

    def of(self, run: Run | None) -> Size:
        """Size of a `bids.Run`, or of any run where the dataset's have one size (None will do)."""
        if self.known:
            return self.known
        assert run is not None
        try:
            if run.form != "volume":
                places, volumes = nifti_header.read_surface_shape(os.fspath(run.bold))
                places *= 2 if run.form == "gifti" else 1
                return Size(places, volumes, places, held=True)
            *shape, volumes = nifti_header.read_shape(os.fspath(run.bold))
        except (InputError, ValueError):
            return DEVELOPMENT_FMRI
        grid = math.prod(shape)
        key = (*shape, run.mask is None)
        if key not in self.shares:
            self.shares[key] = self.share(run, grid)
        return Size(grid, volumes, math.ceil(self.shares[key] * grid))

    def share(self, run: Run, grid: int) -> float:
        """Part of the grid that the run's mask covers."""
        if run.mask is None:
            return UNMASKED_SHARE
        try:
            return min(1.0, nifti_header.count_brain(os.fspath(run.mask)) / grid)
        except InputError:
            return UNMASKED_SHARE


class Demands:
    """What the rules of a study ask for, by the size of the run and the attempt.

    Parameters
    ----------
    dataset : dict
        The config's ``dataset``.
    runs : dict of str to bids.Run
        By their wildcard.
    n_seeds : int
    """

    def __init__(self, dataset: Mapping[str, Any], runs: Mapping[str, Run], n_seeds: int) -> None:
        self._sizes = Sizes(dataset)
        self._runs = runs
        self._n_seeds = n_seeds

    def _asked(self, amount: Callable[..., int], step: str) -> Callable[..., int]:
        def asked(wildcards: Mapping[str, str], attempt: int) -> int:
            size = self._sizes.of(self._runs.get(wildcards.get("run", "")))
            return amount(step, size, self._n_seeds, attempt)

        return asked

    def memory(self, step: str) -> Callable[..., int]:
        """Memory in MB, as a function of the wildcards and the attempt; see `memory_mb`."""
        return self._asked(memory_mb, step)

    def runtime(self, step: str) -> Callable[..., int]:
        """Time in minutes; see `runtime_minutes`."""
        return self._asked(runtime_minutes, step)

    def combined(self, n_runs: int) -> int:
        """Memory in MB for combining the runs of a subject: a seed's maps of all runs at once, images of all seeds."""
        size = self._sizes.of(next(iter(self._runs.values())))
        # Measured at 2 to 12 runs, 1 to 4 seeds and grids of 60 to 90 voxels a side.
        grids = 14.5 * n_runs + 6 * self._n_seeds + 12
        return math.ceil((SNAKEMAKE_MB + 60 + grids * size.grid * FLOAT / MB) / USED_SHARE)

    def gathered(self, n_rows: int) -> int:
        """Memory in MB for the maps of all seeds of many subjects on the whole grid, and once more in the mask."""
        size = self._sizes.of(next(iter(self._runs.values())))
        whole = n_rows * self._n_seeds * (size.grid + size.brain) * FLOAT / MB
        return math.ceil((SNAKEMAKE_MB + 150 + 1.2 * whole) / USED_SHARE)

    def permuted(self, n_rows: int) -> int:
        """Memory in MB for permuting a model of many subjects, the maps of all seeds at once."""
        size = self._sizes.of(next(iter(self._runs.values())))
        seeds = n_rows * self._n_seeds * size.brain * FLOAT / MB
        return math.ceil((SNAKEMAKE_MB + 350 + 2.2 * seeds + 20 * size.brain * FLOAT / MB) / USED_SHARE)

    def fitted(self, n_rows: int) -> int:
        """Memory in MB for fitting a model of many subjects to one seed's maps after another."""
        size = self._sizes.of(next(iter(self._runs.values())))
        seed = n_rows * size.brain * FLOAT / MB
        return math.ceil((SNAKEMAKE_MB + 200 + 8 * seed + 40 * size.brain * FLOAT / MB) / USED_SHARE)

    def explored_together(self) -> int:
        """Memory in MB for the page of a group, which hardly grows with subjects: their values wait in files."""
        size = self._sizes.of(next(iter(self._runs.values())))
        # Measured with 16 runs at 4 mm, 494 MB; maps of 60 seeds, exact, rounded and summed, in double precision.
        maps = 6 * 60 * 2 * size.brain * FLOAT / MB
        return math.ceil((SNAKEMAKE_MB + 450 + maps) / USED_SHARE)

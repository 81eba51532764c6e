"""Every voxel a seed: a page that holds a run in so few numbers that a click makes a map.

The page keeps of each voxel what correlations need (`connectivity.reduced`), rounded as finely as its size allows, and
says how far that is from the workflow's own r. It draws on a canvas of its own: a viewer such as niivue would be a
megabyte of somebody's code that has to be kept, for three planes of one small volume.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..base.errors import InputError
from ..connectivity import reduced
from ..figures.slices import palette
from ..figures.style import run_title
from ..images.sheets import Sheet
from ..images.thinned import Grid, grid_of
from ..inputs.atlases import dosenbach, seitzman
from ..series import regions
from ..statistics import null
from . import cortex
from .page import render

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage
    from scipy.sparse import csr_array

    from ..statistics.spectra import Spectra

Kept = TypeVar("Kept", Grid, Sheet)
"""What is left of a run's voxels or vertices."""

FILES = (
    "explorer.html.j2",
    "explorer_run.js",
    "explorer.js",
    "explorer_page.js",
    "run_model.js",
    "cortex.js",
    "reduced.js",
    "planes.js",
    "nodes.js",
    "view.js",
    "scale.js",
    "nifti.js",
)

BUDGET = 11.66e6
"""Letters of text that what makes maps may take, the voxels and their null; the page as a whole stays below 12 MB."""

VOXELS_SHARE = 1 / 3
"""Of these, what the voxels have at least: of some 1,700 components on, a page gets larger than that."""

LEVEL = 0.05
"""Of the tests whose critical |r| the page says, two-sided."""


def text_of(values: np.ndarray, level: int = 6) -> str:
    """The bytes of an array in C order, deflated (zlib), in base 64."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(values).tobytes(), level)).decode()


def packed(levels: np.ndarray, where: np.ndarray | csr_array) -> dict[str, str]:
    """A reduced run as text: lower and upper bytes of the differences between neighbours, component by component.

    Parameters
    ----------
    levels : numpy.ndarray of int16, shape (n_components, n_voxels)
    where : numpy.ndarray of bool, shape (x, y, z), or scipy.sparse.csr_array
        See `reduced.differences`.
    """
    lower = np.empty(levels.shape, dtype=np.uint8)
    upper = np.empty(levels.shape, dtype=np.uint8)
    for component, own in enumerate(levels):
        lower[component], upper[component] = reduced.in_bytes(reduced.differences(own, where))
    return {"lower": text_of(lower), "upper": text_of(upper)}


def fit(
    series: np.ndarray, defined: np.ndarray, thinned: Callable[[int], Kept], budget: float = BUDGET, first: int = 1
) -> tuple[Kept, reduced.Reduced, dict[str, str]]:
    """Reduce a run to what a page can hold: rounded first, and where that does not do, thinned out.

    Parameters
    ----------
    series : numpy.ndarray of float32, shape (n_kept, n_voxels)
        Cleaned.
    defined : numpy.ndarray of bool, shape (n_voxels,)
        Those that count.
    thinned : callable
        Makes the `Grid` or the `Sheet` that is so much thinned out.
    budget : float
        Letters of text, those of the null's form (`run_data`) among them.
    first : int
        What makes it thin out nothing.

    Returns
    -------
    Grid or Sheet
    reduced.Reduced
    dict of str to str
        From `packed`.
    """
    basis = reduced.principal_basis(series, np.flatnonzero(defined))
    budget = max(budget - form_letters(basis.shape[1]), VOXELS_SHARE * budget)
    for step in count(first):
        kept = thinned(step)
        values = reduced.reduce(series, kept.voxels, basis)
        for fineness in reduced.FINENESS:
            # Base 64 writes three bytes as four letters. What is compressed is never shorter than that by much.
            if 4 / 3 * reduced.size(values, kept.where, fineness) > budget:
                continue
            found = reduced.Reduced(basis, reduced.rounded(values, fineness), fineness)
            texts = packed(found.levels, kept.where)
            if sum(map(len, texts.values())) <= budget:
                return kept, found, texts
    raise AssertionError("a run can be thinned out until it fits")


def form_letters(n_components: int) -> int:
    """About how many letters the null's form takes: a symmetric matrix of single precision, which does not compress."""
    return math.ceil(1.001 * 4 / 3 * 4 * n_components * (n_components + 1) / 2)


def grey(background: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A mean image in 32 greys (0 to 255), white where hardly any of the brain is brighter."""
    top = float(np.percentile(background[mask], 99.5))
    return (8 * np.rint(31 * np.clip(background / (top or 1), 0, 1))).astype(np.uint8)


def named_nodes() -> list[list[Any]]:
    """Nodes that a place may be near to: x, y and z (MNI mm), name, network and table."""
    tables = {"Dosenbach": dosenbach(), "Seitzman": seitzman()}
    return [
        [*(round(float(row[axis]), 1) for axis in "xyz"), row["name"], f"{row['network']}, {name}"]
        for name, table in tables.items()
        for row in table.to_dict("records")
    ]


def page(
    run: Mapping,
    labels: Mapping[str, str],
    series: np.ndarray,
    images: tuple[SpatialImage, SpatialImage],
    null_form: tuple[np.ndarray, Spectra, np.ndarray],
    look: Mapping[str, Any],
    smoothing_fwhm: float | None,
) -> str:
    """A page on which every voxel of a run is a seed.

    Parameters
    ----------
    run : dict
        Sidecar of its seed series.
    labels : dict
        The run's entities.
    series : numpy.ndarray of float32, shape (n_kept, n_voxels)
        Cleaned; NaN where a voxel is constant.
    images : tuple of nibabel image
        The run's mask, and its mean over time.
    null_form : tuple of numpy.ndarray, Spectra and numpy.ndarray
        The operator and the model of the run's noise, and a sample of its voxels; see `significance.noise_of`.
    look : dict
        ``threshold``, ``vmax`` and ``cmap`` of the maps.
    smoothing_fwhm : float or None
        mm.

    Returns
    -------
    str
        A self-contained HTML page.

    Raises
    ------
    InputError
        If no voxel of the run has a series.
    """
    mask, mean = images
    defined = np.isfinite(series[0])
    if not defined.any():
        raise InputError(f"{mask.get_filename()}: every voxel in the mask is constant, so that none can be a seed")
    grid, found, texts = fit(series, defined, lambda step: grid_of(mask, mean, defined, step))
    seeds = placed_seeds(run["Seeds"])
    return render(
        "explorer.html.j2",
        FILES,
        script="explorer_run.js",
        one="voxel",
        title=run_title(labels),
        seeds=seeds,
        widest=widest(seeds),
        accuracy=accuracy(series, grid.voxels, found),
        step=grid.step,
        n_voxels=len(grid.voxels),
        smoothing=smoothing_fwhm,
        look=look,
        views=list(cortex.VIEWS),
        data={
            "word": "voxel",
            **run_data(labels, found, texts, null_form, int(defined.sum())),
            **shown_on(grid.mask, grid.affine, grid.background, seeds, look),
        },
    )


def accuracy(series: np.ndarray, voxels: np.ndarray, found: reduced.Reduced) -> dict[str, Any]:
    """What a page says of how far its r is from that of the series; see `reduced.rounding_errors`."""
    largest, usual, pairs = reduced.rounding_errors(series, voxels, found)
    return {
        "largest": rounded_up(largest),
        "usual": rounded_up(usual),
        "share": f"{100 * reduced.USUAL:g} %",
        "pairs": pairs,
    }


def run_data(
    labels: Mapping[str, str],
    found: reduced.Reduced,
    texts: Mapping[str, str],
    null_form: tuple[np.ndarray, Spectra, np.ndarray],
    n_tested: int,
) -> dict[str, Any]:
    """What makes the maps of a run, wherever its values are.

    Parameters
    ----------
    labels : dict
        The run's entities.
    found : reduced.Reduced
    texts : dict of str to str
        From `packed`.
    null_form : tuple
        See `page`.
    n_tested : int
        How many values a map of the run has; a page that is thinned out stands for all of them.
    """
    through, model, sample = null_form
    weights = np.nanmean(model.weights(model.periodogram.of(sample)), axis=1)
    form = null.mean_square_form(through, model, weights, found.basis)
    return {
        "name": "_".join(f"{key}-{value}" for key, value in labels.items()),
        "components": len(found.levels),
        "fineness": found.fineness,
        **texts,
        # Symmetric: row by row from the diagonal on.
        "form": text_of(form[np.triu_indices(len(form))].astype(np.float32)),
        "critical": {
            "one": NormalDist().inv_cdf(1 - LEVEL / 2),
            "all": NormalDist().inv_cdf(1 - LEVEL / 2 / n_tested),
        },
    }


def placed_seeds(seeds: Iterable[Mapping]) -> list[dict[str, Any]]:
    """The study's seeds as a page offers them: label, place, and radius of a sphere, or None.

    Parameters
    ----------
    seeds : iterable of dict
        From the sidecar of a run's seed series.
    """
    return [
        {
            "label": seed["label"],
            "at": [seed["x"], seed["y"], seed["z"]],
            "radius": seed["radius_mm"] if regions.is_sphere(seed) else None,
        }
        for seed in seeds
    ]


def widest(seeds: Iterable[Mapping[str, Any]]) -> int:
    """The largest radius that a page offers, mm; `seeds` from `placed_seeds`."""
    return max([12, *(math.ceil(seed["radius"] or 0) for seed in seeds)])


def shown_on(
    mask: np.ndarray, affine: np.ndarray, background: np.ndarray, seeds: list[dict[str, Any]], look: Mapping[str, Any]
) -> dict[str, Any]:
    """What a page needs to show a map, whosever it is: grid, background, cortex, named nodes, seeds and colours.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (x, y, z)
    affine : numpy.ndarray of shape (4, 4)
    background : numpy.ndarray of float, shape (x, y, z)
    seeds : list of dict
        From `placed_seeds`.
    look : dict
        ``threshold``, ``vmax`` and ``cmap`` of the maps.
    """
    views, places = cortex.views()
    return {
        "shape": mask.shape,
        "affine": np.round(affine, 5).tolist(),
        "voxels": int(mask.sum()),
        "mask": text_of(np.packbits(mask)),
        "background": text_of(grey(background, mask)),
        "cortex": {
            "voxels": text_of(cortex.voxels_at(places, mask, affine)),
            "views": [
                {
                    "width": view.vertices.shape[1],
                    "height": view.vertices.shape[0],
                    "vertices": text_of(view.vertices.astype(np.int16)),
                    "grey": text_of(view.grey),
                }
                for view in views
            ],
        },
        "nodes": named_nodes(),
        "seeds": seeds,
        "colors": palette(look["cmap"], 256),
        "threshold": look["threshold"],
        "vmax": look["vmax"],
    }


def rounded_up(error: float) -> str:
    """An error with two digits, rounded up."""
    digits = 1 - math.floor(math.log10(error)) if error > 0 else 4
    return f"{math.ceil(error * 10**digits) / 10**digits:.{digits}f}"

"""Inference on a group's maps by permutation: corrected over the voxels of a map, and over all maps of a model.

A model is one design, its contrasts, and the data of every seed on the same voxels. The work is cut into parts that any
number of jobs may do, and is put together again in three steps:

    model = models.model_of(design, {"mean": c}, n=5000, seed=0, subjects=subjects)
    parts = [inference.maxima_of_part(data, model, grid, part, n_parts) for part in range(n_parts)]   # jobs
    null = inference.combine(parts)
    found = inference.infer(data["PCC"], model, "mean", "PCC", null, grid)

with ``data`` a mapping from seeds' labels to (n, n_voxels) arrays (float32 is fast; may lie on disk) and ``grid`` a
`clusters.Grid` of the group mask, or a `clusters.Graph` of vertices. A part's `Maxima` goes through a file as plain
arrays, `Maxima.arrays` and `Maxima.of_arrays`. The same permutations move all seeds, so that the largest value over all
of a model's maps has its null distribution too (Westfall & Young 1993; Nichols & Holmes 2002, Human Brain Mapping 15,
1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from . import clusters, glm, tfce
from .models import Model, Settings
from .permuted import Kernel

TOLERANCE = 1e-5
"""Share by which a permuted maximum may fall short of the observed and count as equal: rounding of float32."""


@dataclass(frozen=True)
class Maxima:
    """The largest values over the voxels of permuted maps: a part of the permutations of a model, or all of them.

    Attributes
    ----------
    statistics, contrasts, seeds : tuple of str
    values : dict of str to numpy.ndarray of shape (n_statistics, n_seeds, k)
        Of each contrast, for its permutations from `start` on: the statistic as a normal deviate, extent in voxels or
        mm2, mass and TFCE on the scale of the settings.
    start : dict of str to int
    counts : dict of str to int
        Permutations of each contrast over all parts.
    families : dict of str to str
        Contrasts with the same are permuted alike; from `models.Model.signature`.
    """

    statistics: tuple[str, ...]
    contrasts: tuple[str, ...]
    seeds: tuple[str, ...]
    values: dict[str, np.ndarray]
    start: dict[str, int]
    counts: dict[str, int]
    families: dict[str, str]

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it as plain arrays, for a file (numpy.savez)."""
        found = {name: np.array(getattr(self, name)) for name in ("statistics", "contrasts", "seeds")}
        for name in ("start", "counts", "families"):
            found[name] = np.array([getattr(self, name)[contrast] for contrast in self.contrasts])
        for number, contrast in enumerate(self.contrasts):
            found[f"values_{number}"] = self.values[contrast]
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Maxima:
        """Inverse of `arrays`; takes what numpy.load gives."""
        names = {name: tuple(arrays[name].tolist()) for name in ("statistics", "contrasts", "seeds")}
        contrasts = names["contrasts"]
        numbers = {
            name: dict(zip(contrasts, arrays[name].tolist(), strict=True)) for name in ("start", "counts", "families")
        }
        values = {contrast: arrays[f"values_{number}"] for number, contrast in enumerate(contrasts)}
        return cls(
            names["statistics"],
            contrasts,
            names["seeds"],
            values,
            numbers["start"],
            numbers["counts"],
            numbers["families"],
        )


def maxima_of_part(
    data: Mapping[str, np.ndarray],
    model: Model,
    grid: clusters.Grid | clusters.Graph,
    part: int = 0,
    n_parts: int = 1,
    settings: Settings | None = None,
) -> Maxima:
    """Permute a model's maps and keep their largest values.

    Memory beyond the data: a block of permuted maps (64 MB) where clusters or TFCE are asked for, else little.

    Parameters
    ----------
    data : mapping of str to numpy.ndarray of shape (n, n_voxels)
        Of each seed. float64 is computed with as such, all else in float32 unless all rearrangements are there; see
        `permuted.Kernel.precision`.
    model : Model
    grid : clusters.Grid or clusters.Graph
        Of the voxels.
    part, n_parts : int
        Which part of the permutations, from 0, and of how many.
    settings : Settings, optional

    Returns
    -------
    Maxima

    Raises
    ------
    InputError
        If data do not fit the model or the grid, or are not finite.
    """
    settings = settings or Settings()
    if not 0 <= part < n_parts:
        raise InputError(f"inference: part {part} of {n_parts} parts (from 0) was asked for")
    check_data(data, model, grid)
    names = settings.measured(grid.parts)
    values, starts = {}, {}
    for contrast, permutations in model.permutations.items():
        start, stop = (permutations.count * number // n_parts for number in (part, part + 1))
        kernel = Kernel.of(model, contrast, settings)
        found = np.empty((len(names), len(data), stop - start))
        for column, series in enumerate(data.values()):
            found[:, column] = kernel.maxima(model.views[contrast].data(series), permutations, start, stop, grid)
        values[contrast], starts[contrast] = found, start
    families = {name: model.signature(name) for name in model.contrasts}
    counts = {name: permutations.count for name, permutations in model.permutations.items()}
    return Maxima(names, tuple(model.contrasts), tuple(data), values, starts, counts, families)


def check_data(data: Mapping[str, np.ndarray], model: Model, grid: clusters.Grid | clusters.Graph) -> None:
    """Hold the data's shapes against model and grid.

    Raises
    ------
    InputError
    """
    for name, series in data.items():
        if series.shape != (len(model.design), grid.n_voxels):
            raise InputError(
                f"seed {name}: data of {series.shape[0]} observations and {series.shape[1]} voxels do not fit a design "
                f"of {len(model.design)} rows and a mask of {grid.n_voxels} voxels"
            )


def combine(parts: Sequence[Maxima]) -> Maxima:
    """Put the parts of a model's permutations together.

    Parameters
    ----------
    parts : sequence of Maxima
        In any order.

    Returns
    -------
    Maxima

    Raises
    ------
    InputError
        If parts are missing, double, or of other models.
    """
    first = parts[0]
    for part in parts:
        for name in ("statistics", "contrasts", "seeds", "counts", "families"):
            if getattr(part, name) != getattr(first, name):
                raise InputError(
                    f"inference: parts of different models: {name} {getattr(part, name)}, not {getattr(first, name)}"
                )
    values = {}
    for contrast in first.contrasts:
        ordered = sorted(parts, key=lambda part: (part.start[contrast], part.values[contrast].shape[-1]))
        at = 0
        for part in ordered:
            if part.start[contrast] != at:
                raise InputError(
                    f"inference: {contrast}: permutations {at} to {part.start[contrast]} are not there once"
                )
            at += part.values[contrast].shape[-1]
        if at != first.counts[contrast]:
            raise InputError(f"inference: {contrast}: {at} permutations of {first.counts[contrast]} are there")
        values[contrast] = np.concatenate([part.values[contrast] for part in ordered], axis=-1)
    return Maxima(
        first.statistics,
        first.contrasts,
        first.seeds,
        values,
        dict.fromkeys(first.contrasts, 0),
        first.counts,
        first.families,
    )


def exceeded(values: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Share of the permutations whose maximum is as large as a value, the first of them always.

    Parameters
    ----------
    values : numpy.ndarray
    null : numpy.ndarray of shape (count,)
        Maxima; the first is that of the data as they are.

    Returns
    -------
    numpy.ndarray
        p; NaN where the value is.
    """
    ordered = np.sort(null[1:])
    values = np.asarray(values, dtype=np.float64)
    least = values - TOLERANCE * np.abs(values)
    p = (len(ordered) - np.searchsorted(ordered, least, side="left") + 1) / len(null)
    return np.where(np.isnan(values), np.nan, p)


def critical_value(maxima: np.ndarray, level: float) -> float | None:
    """The smallest of the permuted maxima whose p, as `exceeded` counts, is not above a level.

    Parameters
    ----------
    maxima : numpy.ndarray of shape (n,)
        The largest value of each permutation, the data as they are among them.
    level : float

    Returns
    -------
    float or None
        Rounded to nine digits, as the last ones of a sum depend on how many maps were worked on at once; None where
        the permutations are too few, or too many of them alike, for such a p.
    """
    values = np.unique([float(f"{value:.9g}") for value in maxima.tolist()])
    enough = values[exceeded(values, maxima) <= level * (1 + 1e-9)]
    return float(enough[0]) if enough.size else None


def corrected(values: np.ndarray, null: Maxima, statistic: str, contrast: str, seed: str | None = None) -> np.ndarray:
    """Family-wise p of values of a map.

    Parameters
    ----------
    values : numpy.ndarray
        Sizes: of a two-sided statistic without its sign.
    null : Maxima
        From `combine`.
    statistic, contrast : str
    seed : str, optional
        Corrected over the voxels of this seed's map. None: over all seeds and contrasts that `null` has; contrasts that
        are not permuted alike (means by signs, differences by places) are corrected as families, and by Bonferroni
        among families.

    Returns
    -------
    numpy.ndarray
    """
    row = null.statistics.index(statistic)
    if seed is not None:
        return exceeded(values, null.values[contrast][row, null.seeds.index(seed)])
    family = [name for name in null.contrasts if null.families[name] == null.families[contrast]]
    together = np.max([null.values[name][row].max(axis=0) for name in family], axis=0)
    return np.minimum(exceeded(values, together) * len(set(null.families.values())), 1)


def corrected_by_part(
    values: np.ndarray,
    at: np.ndarray | slice,
    grid: clusters.Grid | clusters.Graph,
    null: Maxima,
    statistic: str,
    contrast: str,
    seed: str | None = None,
) -> np.ndarray:
    """Family-wise p of values of a map whose parts cannot be compared; see `corrected`.

    Parameters
    ----------
    values : numpy.ndarray of shape (k,)
    at : numpy.ndarray of int, shape (k,), or slice
        The place of each value.
    grid, null, statistic, contrast, seed
        See `corrected`.

    Returns
    -------
    numpy.ndarray of shape (k,)
        Each held against the maxima of its own part, and corrected by Bonferroni among the parts.
    """
    parts = grid.parts
    if len(parts) == 1:
        return corrected(values, null, statistic, contrast, seed)
    found = np.empty(len(values))
    for ending, places in parts.items():
        assert isinstance(places, np.ndarray)
        here = places[at]
        p = corrected(np.asarray(values)[here], null, f"{statistic}{ending}", contrast, seed)
        found[here] = np.minimum(p * len(parts), 1)
    return found


@dataclass(frozen=True)
class ClusterTable:
    """Clusters of a map, heaviest first.

    Attributes
    ----------
    sign, extent, mass, peak, count : numpy.ndarray of shape (n_clusters,)
        See `clusters.Clusters`; `peak` is a voxel of the mask.
    p_extent, p_mass, p_extent_study, p_mass_study : numpy.ndarray of shape (n_clusters,)
        Family-wise p within the map, and over all maps of the model; NaN where not asked for.
    """

    sign: np.ndarray
    extent: np.ndarray
    mass: np.ndarray
    peak: np.ndarray
    count: np.ndarray
    p_extent: np.ndarray
    p_mass: np.ndarray
    p_extent_study: np.ndarray
    p_mass_study: np.ndarray


@dataclass(frozen=True)
class Inference:
    """What is inferred of one contrast and seed.

    Attributes
    ----------
    fit : glm.Fit
    deviate : numpy.ndarray of shape (n_voxels,)
        What permutations were held against: the normal deviate of the statistic's p, with the sign of t.
    p, p_study : numpy.ndarray of shape (n_voxels,), or None
        Family-wise p of each voxel, within the map and over all maps of the model.
    tfce, p_tfce, p_tfce_study : numpy.ndarray of shape (n_voxels,), or None
    labels : numpy.ndarray of int32, shape (n_voxels,), or None
        Row of each voxel's cluster in the table, from 1; 0 in none.
    clusters : ClusterTable or None
    """

    fit: glm.Fit
    deviate: np.ndarray
    p: np.ndarray | None = None
    p_study: np.ndarray | None = None
    tfce: np.ndarray | None = None
    p_tfce: np.ndarray | None = None
    p_tfce_study: np.ndarray | None = None
    labels: np.ndarray | None = None
    clusters: ClusterTable | None = None


def infer(
    data: np.ndarray,
    model: Model,
    contrast: str,
    seed: str,
    null: Maxima,
    grid: clusters.Grid | clusters.Graph,
    settings: Settings | None = None,
    level: float = 0.95,
) -> Inference:
    """Fit one contrast to a seed's data and hold it against the permutations.

    Parameters
    ----------
    data : numpy.ndarray of shape (n, n_voxels)
    model : Model
    contrast, seed : str
    null : Maxima
        From `combine`.
    grid : clusters.Grid or clusters.Graph
    settings : Settings, optional
        As for `maxima_of_part`.
    level : float
        Of the confidence intervals.

    Returns
    -------
    Inference
    """
    settings = settings or Settings()
    check_data({seed: data}, model, grid)
    if null.statistics != (names := settings.measured(grid.parts)):
        raise InputError(f"inference: {', '.join(null.statistics)} were permuted, {', '.join(names)} asked for")
    view = model.views[contrast]
    fit = glm.fit(
        view.data(data),
        view.design,
        model.contrasts[contrast],
        variance_groups=view.variance_groups,
        subjects=view.subjects,
        level=level,
        name=contrast,
    )
    kernel = Kernel.of(model, contrast, settings)
    observed = fit.z if kernel.is_t else kernel.of_statistic(fit.statistic, fit.dof)
    size = np.abs(observed) if kernel.two_sided else observed
    found = {}
    if "voxel" in settings.statistics:
        found = {
            "p": corrected(size, null, "voxel", contrast, seed),
            "p_study": corrected(size, null, "voxel", contrast),
        }
    values = observed if settings.scale == "z" else fit.statistic
    if "tfce" in settings.statistics:
        exponents = grid.exponents(settings.extent, settings.extent_of_vertices)
        enhanced = tfce.enhance(values, grid, kernel.two_sided, exponents, settings.height)
        enhanced[np.isnan(values)] = np.nan
        found["tfce"] = enhanced
        for ending, of in (("", seed), ("_study", None)):
            found[f"p_tfce{ending}"] = corrected_by_part(
                np.abs(enhanced), slice(None), grid, null, "tfce", contrast, of
            )
    table = labels = None
    if {"extent", "mass"} & set(settings.statistics):
        made = clusters.find(values, kernel.threshold, grid, kernel.two_sided)
        p = {}
        for name, sizes in (("extent", made.extent), ("mass", made.mass)):
            for ending, of in (("", seed), ("_study", None)):
                known = name in settings.statistics
                p[f"p_{name}{ending}"] = (
                    corrected_by_part(sizes, made.peak, grid, null, name, contrast, of)
                    if known
                    else np.full(len(sizes), np.nan)
                )
        labels, table = made.labels, ClusterTable(made.sign, made.extent, made.mass, made.peak, made.count, **p)
    return Inference(fit, observed, labels=labels, clusters=table, **found)

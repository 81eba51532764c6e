"""Numbers that a publication may print of a map on the cortical surface; see `quantities` for those of volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..images.layouts import CORTEX
from ..images.places import Places
from ..series import cortical
from .quantities import LEAST, NoValueError


def value_at(
    values: np.ndarray,
    places: Places,
    point: Sequence[float] | None = None,
    hemisphere: str | None = None,
    vertex: int | None = None,
) -> tuple[float, dict[str, Any]]:
    """A map's value at a vertex, or at the place that lies nearest to a coordinate.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_places,)
        NaN where undefined.
    places : Places
    point : sequence of float, optional
        MNI mm; the nearest vertex, or voxel of a CIFTI file, is taken.
    hemisphere : {"L", "R"}, optional
        Whose vertices alone are looked at.
    vertex : int, optional
        Of the hemisphere, in place of a coordinate.

    Returns
    -------
    value : float
    where : dict
        ``hemisphere`` and ``vertex``, or ``structure``, of the place; ``x``, ``y`` and ``z`` (MNI mm); and, of a
        coordinate, ``distance_mm`` from it.

    Raises
    ------
    InputError
        If the hemisphere has no such vertex.
    NoValueError
        If the map has no value there or lacks the hemisphere, or the coordinate is farther away than
        ``surfaces.max_distance``.
    """
    if hemisphere is not None and hemisphere not in places.vertices:
        raise NoValueError(f"{places.name}: has no hemisphere {hemisphere}; expected {' or '.join(places.vertices)}")
    if vertex is not None:
        assert hemisphere is not None
        if vertex >= places.meshes[hemisphere].n_vertices:
            raise InputError(
                f"the vertex {vertex} of {hemisphere} is not in {places.name}, whose hemisphere has "
                f"{places.meshes[hemisphere].n_vertices}; expected a number from 0 on below that"
            )
        place = int(places.position(hemisphere)[vertex])
        where: dict[str, Any] = {"hemisphere": hemisphere, "vertex": vertex}
        if place >= 0:
            where = cortical.whereabouts(place, places)
        named = f"the vertex {vertex} of {hemisphere}"
    else:
        asked = np.array(point, dtype=float)
        away = np.linalg.norm(places.coordinates - asked, axis=1)
        if hemisphere:
            away[places.axis.name != CORTEX[hemisphere]] = np.inf
        place = int(away.argmin())
        distance, limit = float(away[place]), places.options["max_distance"]
        named = f"({', '.join(f'{value:g}' for value in asked)}) mm"
        if not distance <= limit:
            raise NoValueError(
                f"{places.name}: nothing lies within {limit:g} mm of {named}"
                f"{f' in the hemisphere {hemisphere}' if hemisphere else ''} (surfaces.max_distance); the nearest "
                f"{places.layout.word} is {distance:.1f} mm away"
            )
        where = {**cortical.whereabouts(place, places), "distance_mm": round(distance, 2)}
    value = float(values[place]) if place >= 0 else float("nan")
    if not np.isfinite(value):
        raise NoValueError(
            f"{places.name}: has no value at {named} (the medial wall has none); expected a place with data"
        )
    return value, where


def _read(
    files: Sequence[str], hemisphere: str | None, places: Places, whose: str
) -> tuple[np.ndarray, list[tuple[str, np.ndarray, dict[str, set[int]]]]]:
    """Values of a file, or of a file of either hemisphere, at the places of a map: summed, and of each file."""
    sides = ["L", "R"] if len(files) == 2 else [hemisphere]
    parts = [(path, *cortical.on_places(path, side, places, whose)) for path, side in zip(files, sides, strict=True)]
    return np.sum([values for _, values, _ in parts], axis=0), parts


def mean_in(
    values: np.ndarray,
    places: Places,
    files: Sequence[str],
    label: str | int | None = None,
    hemisphere: str | None = None,
) -> float:
    """Mean of a map in a region, weighted as a seed's mean is: by area, unless the config says otherwise.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_places,)
    places : Places
    files : sequence of str
        A mask, not 0 in the region, or an atlas: one file, or that of the left and of the right hemisphere.
    label : str or int, optional
        Of the atlas; where there is none, all that is not 0 is the region.
    hemisphere : {"L", "R"}, optional
        Of one file: the side that it is of, or, of CIFTI, that is taken alone.

    Returns
    -------
    float

    Raises
    ------
    NoValueError
        If the map has no value in the region.
    """
    region, parts = _read(files, hemisphere, places, "a mean in a region")
    inside = region != 0
    if label is not None:
        inside = np.zeros(len(values), dtype=bool)
        lacking = []
        for path, of_file, names in parts:
            try:
                inside |= cortical.labelled(path, [label], hemisphere, of_file, names, "a mean in a region")
            except InputError as error:
                lacking.append(error)
        # A label of one hemisphere need not be in the other one's file.
        if len(lacking) == len(parts):
            raise lacking[0]
    inside &= np.isfinite(values)
    if not inside.any():
        raise NoValueError(f"{files[0]}: {places.name} has no value in this region; expected a part with data")
    return float(np.average(values[inside].astype(np.float64), weights=places.areas[inside]))


def spatial_correlation(
    values: np.ndarray, places: Places, files: Sequence[str], hemisphere: str | None = None
) -> tuple[float, int]:
    """Pearson correlation over places between a map and another one, each place counting as one.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_places,)
    places : Places
    files : sequence of str
        A published map on the same mesh, 0 or NaN where it has no value; see `mean_in`.
    hemisphere : {"L", "R"}, optional

    Returns
    -------
    r : float
        Over the places in which both have a value, as Workbench's ``-cifti-correlation`` and nilearn take it: without
        areas.
    n : int
        How many these are.

    Raises
    ------
    NoValueError
        If they are too few, or one of the maps has one value alone.
    """
    theirs, _ = _read(files, hemisphere, places, "a published map")
    both = np.isfinite(values) & (values != 0) & (theirs != 0)
    a, b = values[both].astype(np.float64), theirs[both]
    if both.sum() < LEAST or np.ptp(a) == 0 or np.ptp(b) == 0:
        raise NoValueError(
            f"{files[0]}: has {int(both.sum())} {places.layout.words} in common with {places.name}; expected at least "
            f"{LEAST}, with more than one value"
        )
    return float(np.corrcoef(a, b)[0, 1]), int(both.sum())


def in_words(where: Mapping[str, Any]) -> str:
    """Where a value is from, for a table: ``vertex 2393 of L, 0.9 mm away``."""
    if "n_places" in where:
        return f"over {where['n_places']} places"
    if not where:
        return ""
    at = f"vertex {where['vertex']} of {where['hemisphere']}" if "vertex" in where else str(where["structure"])
    return at + (f", {where['distance_mm']:.1f} mm away" if "distance_mm" in where else "")

"""A contrast over all voxels of a group mask, those too that not every subject covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np

from ..base.errors import InputError
from . import glm
from .strata import Summary


def patterns(data: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Voxels by which rows have a value there.

    Parameters
    ----------
    data : numpy.ndarray of shape (n_rows, n_voxels)
        NaN where a row has no value.

    Yields
    ------
    rows : numpy.ndarray of bool, shape (n_rows,)
    voxels : numpy.ndarray of int
    """
    known = np.isfinite(data)
    packed, of_voxel = np.unique(np.packbits(known, axis=0), axis=1, return_inverse=True)
    of_voxel = of_voxel.ravel()
    order = np.argsort(of_voxel, kind="stable")
    for number, voxels in enumerate(np.split(order, np.searchsorted(of_voxel[order], range(1, packed.shape[1])))):
        yield np.unpackbits(packed[:, number], count=len(data)).astype(bool), voxels


def fit(
    data: np.ndarray,
    design: np.ndarray,
    contrast: np.ndarray,
    *,
    variance_groups: np.ndarray | None = None,
    subjects: np.ndarray | None = None,
    sessions: Sequence | None = None,
    summary: Summary | None = None,
    name: str = "contrast",
) -> dict[str, np.ndarray]:
    """Fit a contrast at every voxel, to the rows that have a value there.

    Parameters
    ----------
    data : numpy.ndarray of shape (n_rows, n_voxels)
        NaN where a row has no value.
    design, contrast, variance_groups, subjects, name
        See `glm.fit`.
    sessions : sequence of length n_rows, optional
        With `summary`: label of each row.
    summary : strata.Summary, optional
        What the contrast asks of each subject: the subjects' numbers are fitted, each of the rows that have a value.

    Returns
    -------
    dict of str to numpy.ndarray of float32, shape (n_voxels,)
        Maps by the fields of `glm.Fit`, those that the contrast has, and ``n_rows``, how many rows were fitted: those
        that have a value, of a paired design those whose partner has one too, and those that subjects' numbers are
        made of. NaN where they cannot tell the contrast.

    Raises
    ------
    InputError
        See `glm.fit`; for the rows of all subjects. Also where the rows can tell the contrast at no voxel.
    """
    found: dict[str, np.ndarray] = {"n_rows": np.isfinite(data).sum(axis=0).astype(np.float32)}
    # Once for all voxels: a row that is missing somewhere makes no other effect of it.
    pairs = summary is None and glm.paired(glm.partition(design, contrast, name), subjects)
    for rows, voxels in patterns(data):
        if pairs and subjects is not None:
            # One row of a pair says nothing of their difference.
            both = np.isin(subjects, [whose for whose in set(subjects[rows]) if (subjects[rows] == whose).sum() == 2])
            rows = rows & both
            found["n_rows"][voxels] = rows.sum()
        values, matrix = data[np.ix_(rows, voxels)], design[rows]
        groups = None if variance_groups is None else variance_groups[rows]
        complete = rows.all() and summary is None
        if summary is not None and subjects is not None and sessions is not None:
            own = summary.rows(subjects[rows].tolist(), np.asarray(sessions)[rows].tolist())
            values, matrix, groups = own.of(values), own.of(matrix), own.variance_groups(groups)
            found["n_rows"][voxels] = own.n_rows
        if not complete and not _can_tell(matrix, contrast, groups):
            continue
        fitted = glm.fit(values, matrix, contrast, variance_groups=groups, pairs=pairs, name=name)
        for field in fields(fitted):
            values = getattr(fitted, field.name)
            if isinstance(values, np.ndarray):
                of_map = found.setdefault(field.name, np.full(data.shape[1], np.nan, dtype=np.float32))
                of_map[voxels] = values
    if "statistic" not in found:
        most = int(found["n_rows"].max(initial=0))
        raise InputError(
            f"{name}: at none of the {data.shape[1]} voxels do the rows that have a value tell the contrast (at most "
            f"{most} of {len(data)} rows have one). Leave out the rows that lack most, or raise groups.mask_coverage"
        )
    return found


def _can_tell(design: np.ndarray, contrast: np.ndarray, variance_groups: np.ndarray | None) -> bool:
    """Whether a contrast can be estimated, with its variance, from some of the rows."""
    if not len(design):
        return False
    try:
        part = glm.partition(design, contrast)
        if variance_groups is not None:
            glm.VarianceGroups.of(part, variance_groups)
    except InputError:
        return False
    return True

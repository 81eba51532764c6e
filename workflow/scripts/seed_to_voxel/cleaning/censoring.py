"""Which volumes of a run are kept: dummy scans and volumes with head motion are left out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .confounds import Confounds

FD = "framewise_displacement"
STD_DVARS = "std_dvars"


@dataclass(frozen=True)
class Censoring:
    """Volumes that are kept, and why the others are not.

    Attributes
    ----------
    kept : numpy.ndarray of bool, shape (T,)
    reasons : dict of str to int
        How many volumes are left out as ``dummy_scans``, for ``fd`` or ``std_dvars`` above the threshold, since they
        are ``undefined``, or in a ``short_segment``; a volume counts for the first reason that it has.
    fd, std_dvars : numpy.ndarray of shape (T,) or None
        Framewise displacement (mm) and standardised DVARS, NaN where the table has none.
    """

    kept: np.ndarray
    reasons: dict[str, int]
    fd: np.ndarray | None
    std_dvars: np.ndarray | None

    @property
    def censored(self) -> np.ndarray:
        """Numbers of the volumes that are left out, from 0."""
        return np.flatnonzero(~self.kept)

    @property
    def longest_gap(self) -> int:
        """Volumes that are left out in a row between kept ones, at most."""
        numbers = np.flatnonzero(self.kept)
        return int(np.diff(numbers).max(initial=1)) - 1


def drop_short_segments(kept: np.ndarray, shortest: int) -> np.ndarray:
    """Leave out what is left of a run where it is shorter than a number of volumes.

    As in Power et al. 2014 (NeuroImage 84, 320) and in nilearn's ``scrub``, but the stretch after
    the dummy scans counts from their end, not from the run's start.

    Parameters
    ----------
    kept : numpy.ndarray of bool, shape (T,)
    shortest : int
        Volumes that a stretch needs at least.

    Returns
    -------
    numpy.ndarray of bool, shape (T,)
        Unchanged if nothing is left out yet.
    """
    if kept.all():
        return kept
    edges = np.flatnonzero(np.diff(np.concatenate([[0], kept.astype(int), [0]])))
    long_enough = np.zeros_like(kept)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        long_enough[start:stop] = stop - start >= shortest
    return long_enough


def motion_of(
    table: Confounds | None, n_volumes: int, needed: Collection[str] = ()
) -> tuple[np.ndarray | None, np.ndarray | None, int]:
    """Take from a confounds table what it says of head motion.

    Parameters
    ----------
    table : Confounds or None
        None for a run without a table.
    n_volumes : int
        T.
    needed : collection of str
        Columns in which only the first row may lack a value, as they decide what is left out.

    Returns
    -------
    fd, std_dvars : numpy.ndarray of shape (T,) or None
        NaN where the table has no number, as in the first row, where both are undefined.
    n_dummy : int
        Volumes up to the last one that a ``non_steady_state_outlier`` column marks.

    Raises
    ------
    InputError
        If the number of rows is wrong, or a value that is needed is no number.
    """
    if table is None:
        return None, None, 0
    dummies = [name for name in table.header if name.startswith("non_steady_state")]
    names = [*(name for name in (FD, STD_DVARS) if name in table.header), *dummies]
    if not names:
        return None, None, 0
    table.check_rows(n_volumes)
    values, _ = table.numbers(names)
    columns = dict(zip(names, values.T, strict=True))
    for name, numbers in columns.items():
        wrong = np.flatnonzero(np.isnan(numbers))
        if len(wrong) and (name in dummies or (name in needed and wrong[-1] > 0)):
            raise InputError(
                f"{table.path}, row {wrong[-1] + 1}, column {name!r}: found "
                f"{table.rows[wrong[-1]][table.header.index(name)]!r}, expected a number (only the first row may lack "
                "one)"
            )
    marked = np.flatnonzero(np.any([columns[name] for name in dummies], axis=0)) if dummies else np.empty(0, dtype=int)
    return columns.get(FD), columns.get(STD_DVARS), int(marked[-1]) + 1 if marked.size else 0


def censor(
    table: Confounds | None,
    n_volumes: int,
    dummy_scans: int | str,
    scrubbing: dict,
    undefined: Sequence[int] = (),
) -> Censoring:
    """Decide which volumes of a run are kept.

    Parameters
    ----------
    table : Confounds or None
        None for a run without a table.
    n_volumes : int
        T.
    dummy_scans : int or str
        Volumes to drop from the start; ``auto`` for those that the table marks as non-steady-state.
    scrubbing : dict
        ``fd_threshold`` (mm), ``std_dvars_threshold`` and ``min_segment`` (volumes); None for no
        threshold. A volume above a threshold is left out.
    undefined : sequence of int
        Numbers of volumes without a value, which are left out too.

    Returns
    -------
    Censoring

    Raises
    ------
    InputError
        If a threshold is set and the table lacks its column.
    """
    needed = [name for name, key in ((FD, "fd"), (STD_DVARS, "std_dvars")) if scrubbing[f"{key}_threshold"] is not None]
    fd, dvars, marked = motion_of(table, n_volumes, needed)
    kept = np.arange(n_volumes) >= (marked if dummy_scans == "auto" else int(dummy_scans))
    reasons = {"dummy_scans": int((~kept).sum())}
    for name, column, values in (("fd", FD, fd), ("std_dvars", STD_DVARS, dvars)):
        threshold = scrubbing[f"{name}_threshold"]
        reasons[name] = 0
        if threshold is None:
            continue
        if values is None:
            raise InputError(
                f"{table.path if table else 'the run has no confounds table'}: lacks the column {column!r}, which "
                f"cleaning.scrubbing.{name}_threshold needs; set it to null, or give a table with that column"
            )
        # A comparison with NaN is false: the first volume, which has no displacement, stays.
        moved = kept & (values > threshold)
        reasons[name] = int(moved.sum())
        kept = kept & ~moved
    lost = np.isin(np.arange(n_volumes), undefined)
    reasons["undefined"] = int((kept & lost).sum())
    kept = kept & ~lost
    thresholds = (scrubbing["fd_threshold"], scrubbing["std_dvars_threshold"])
    long_enough = drop_short_segments(kept, scrubbing["min_segment"] if any(thresholds) else 1)
    reasons["short_segment"] = int((kept & ~long_enough).sum())
    return Censoring(long_enough, reasons, fd, dvars)

"""Which volumes of a run are kept: dummy scans and volumes with head motion are left out."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .confounds import read_header

FD = "framewise_displacement"
STD_DVARS = "std_dvars"


@dataclass(frozen=True)
class Censoring:
    """Volumes that are kept, and why the others are not.

    Attributes
    ----------
    kept : numpy.ndarray of bool, shape (T,)
    reasons : dict of str to int
        How many volumes are left out as ``dummy_scans``, for ``fd`` or ``std_dvars`` above the
        threshold, or in a ``short_segment``; a volume counts for the first reason that it has.
    fd, std_dvars : numpy.ndarray of shape (T,) or None
        Framewise displacement (mm) and standardised DVARS, NaN where the table has none.
    """

    kept: np.ndarray
    reasons: dict
    fd: np.ndarray | None
    std_dvars: np.ndarray | None

    @property
    def censored(self):
        """Numbers of the volumes that are left out, from 0."""
        return np.flatnonzero(~self.kept)


def drop_short_segments(kept, shortest):
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


def read_motion(path, n_volumes, needed=()):
    """Read what a confounds table says of head motion.

    Parameters
    ----------
    path : str or path-like or None
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
    if path is None:
        return None, None, 0
    import pandas

    header = read_header(path)
    dummies = [name for name in header if name.startswith("non_steady_state")]
    present = [name for name in (FD, STD_DVARS) if name in header]
    if not present and not dummies:
        return None, None, 0
    table = pandas.read_csv(path, sep="\t", usecols=[*present, *dummies], na_values=["n/a"], dtype=object)
    if len(table) != n_volumes:
        raise InputError(
            f"{path}: found {len(table)} rows of confounds, expected {n_volumes}, one for each volume of the run"
        )
    numbers = table.apply(pandas.to_numeric, errors="coerce")
    for name in numbers:
        wrong = np.flatnonzero(~np.isfinite(numbers[name].to_numpy(dtype=float)))
        if len(wrong) and (name in dummies or (name in needed and wrong[-1] > 0)):
            raise InputError(
                f"{path}, row {wrong[-1] + 1}, column {name!r}: found {table[name].iloc[wrong[-1]]!r}, expected a "
                "number (only the first row may lack one)"
            )
    marked = np.flatnonzero(numbers[dummies].to_numpy(dtype=float).any(axis=1)) if dummies else []
    fd, dvars = (numbers[name].to_numpy(dtype=float) if name in present else None for name in (FD, STD_DVARS))
    return fd, dvars, int(marked[-1]) + 1 if len(marked) else 0


def censor(path, n_volumes, dummy_scans, scrubbing):
    """Decide which volumes of a run are kept.

    Parameters
    ----------
    path : str or path-like or None
        The confounds table.
    n_volumes : int
        T.
    dummy_scans : int or str
        Volumes to drop from the start; ``auto`` for those that the table marks as non-steady-state.
    scrubbing : dict
        ``fd_threshold`` (mm), ``std_dvars_threshold`` and ``min_segment`` (volumes); None for no
        threshold. A volume above a threshold is left out.

    Returns
    -------
    Censoring

    Raises
    ------
    InputError
        If a threshold is set and the table lacks its column.
    """
    needed = [name for name, key in ((FD, "fd"), (STD_DVARS, "std_dvars")) if scrubbing[f"{key}_threshold"] is not None]
    fd, dvars, marked = read_motion(path, n_volumes, needed)
    n_dummy = marked if dummy_scans == "auto" else dummy_scans
    kept = np.arange(n_volumes) >= n_dummy
    reasons = {"dummy_scans": int((~kept).sum())}
    for name, column, values in (("fd", FD, fd), ("std_dvars", STD_DVARS, dvars)):
        threshold = scrubbing[f"{name}_threshold"]
        reasons[name] = 0
        if threshold is None:
            continue
        if values is None:
            raise InputError(
                f"{path or 'the run has no confounds table'}: lacks the column {column!r}, which "
                f"cleaning.scrubbing.{name}_threshold needs; set it to null, or give a table with that column"
            )
        # A comparison with NaN is false: the first volume, which has no displacement, stays.
        moved = kept & (values > threshold)
        reasons[name] = int(moved.sum())
        kept = kept & ~moved
    thresholds = (scrubbing["fd_threshold"], scrubbing["std_dvars_threshold"])
    long_enough = drop_short_segments(kept, scrubbing["min_segment"] if any(thresholds) else 1)
    reasons["short_segment"] = int((kept & ~long_enough).sum())
    return Censoring(long_enough, reasons, fd, dvars)

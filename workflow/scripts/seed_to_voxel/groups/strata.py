"""Contrasts over subjects who have several rows: the rows of each subject taken to one, and these tested.

Rows of one subject have errors in common, so that the residuals over all rows are no measure of how much subjects
differ. What many contrasts ask of a subject, though, is a single number: its mean for a difference of groups, the
difference of two sessions for what changes in one group otherwise than in another. With v the weights of a subject's
sessions and k those of subjects, such a contrast's estimate is the sum of k_s (v'y_s); a model of the N numbers v'y_s,
whose design has the rows v'M_s, has the same coefficients, and residuals that are independent between subjects. This
is the analysis of summary measures (Frison & Pocock 1992, Statistics in Medicine 11, 1685), in other words the error
stratum that belongs to the contrast; it assumes nothing of how the errors of a subject's rows depend on each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .glm import basis_of, partition, residual

ALIKE = 1e-6
"""Share of the largest value below which another one, or a difference, is none."""


@dataclass(frozen=True)
class Rows:
    """Subjects' numbers as combinations of rows.

    Attributes
    ----------
    matrix : numpy.ndarray of shape (n_subjects, n_rows)
        Weights of the rows.
    subjects : list of str
        Those that have a number, in the order of their first rows.
    sizes : numpy.ndarray of int, shape (n_subjects,)
        How many rows each number is made of.
    left_out : list of str
        Those who lack a session that the contrast needs.
    """

    matrix: np.ndarray
    subjects: list
    sizes: np.ndarray
    left_out: list

    @property
    def n_rows(self) -> int:
        """How many rows the numbers are made of."""
        return int(self.sizes.sum())

    def of(self, values: np.ndarray) -> np.ndarray:
        """Numbers of the subjects.

        Parameters
        ----------
        values : numpy.ndarray of shape (n_rows, k)

        Returns
        -------
        numpy.ndarray of shape (n_subjects, k)
            Of the same kind.
        """
        return (self.matrix @ values).astype(values.dtype)

    def variance_groups(self, groups: np.ndarray | None) -> np.ndarray | None:
        """Which variance each number has: that of the variances of the rows that it is made of.

        Parameters
        ----------
        groups : numpy.ndarray of shape (n_rows,), optional

        Returns
        -------
        numpy.ndarray of shape (n_subjects,), or None
            None where all have the same.
        """
        if groups is None:
            return None
        kinds = [tuple(groups[row].tolist()) for row in self.matrix != 0]
        names = sorted(set(kinds), key=str)
        return np.array([names.index(kind) for kind in kinds]) if len(names) > 1 else None


@dataclass(frozen=True)
class Summary:
    """What a contrast asks of each subject.

    Attributes
    ----------
    weights : dict of hashable to float, or None
        By session: they add up to 1, or to 0 with positive ones that add up to 1. None for the mean of whatever rows a
        subject has.
    """

    weights: Mapping[Hashable, float] | None

    def rows(self, subjects: Sequence, sessions: Sequence) -> Rows:
        """The numbers of some subjects.

        Parameters
        ----------
        subjects, sessions : sequence of length n_rows

        Returns
        -------
        Rows
        """
        matrix, kept, sizes, left_out = [], [], [], []
        for subject, members in members_of(subjects).items():
            row = np.zeros(len(subjects))
            if self.weights is None:
                row[members] = 1 / len(members)
            else:
                row[members] = [self.weights.get(sessions[member], 0.0) for member in members]
                if set(self.weights) - {sessions[member] for member in members}:
                    left_out.append(subject)
                    continue
            matrix.append(row)
            kept.append(subject)
            sizes.append(np.count_nonzero(row))
        return Rows(np.array(matrix).reshape(len(kept), len(subjects)), kept, np.array(sizes, dtype=int), left_out)

    @property
    def words(self) -> str:
        """What it is of a subject's rows."""
        if self.weights is None:
            return "mean of the rows"
        if len(self.weights) == 1:
            return f"row of the session {next(iter(self.weights))}"
        # Words, as labels of sessions may be numbers: "02 - 01" would be read as a sum.
        terms = [
            f"{'less' if weight < 0 else 'plus'} {'' if abs(weight) == 1 else f'{abs(weight):.4g} x '}session {session}"
            for session, weight in sorted(self.weights.items(), key=lambda item: item[1] < 0)
        ]
        return " ".join(terms).removeprefix("plus ")


def members_of(subjects: Sequence) -> dict[Hashable, list[int]]:
    """Rows of each subject, by subjects in the order of their first rows."""
    found: dict[Hashable, list[int]] = {}
    for row, subject in enumerate(subjects):
        found.setdefault(subject, []).append(row)
    return found


def positions(subjects: Sequence) -> list[int]:
    """Sessions where nothing is known of them: the place of each row among those of its subject."""
    found = [0] * len(subjects)
    for members in members_of(subjects).values():
        for place, row in enumerate(members):
            found[row] = place
    return found


def summary_of(
    design: np.ndarray, contrast: np.ndarray, subjects: Sequence | None, sessions: Sequence | None = None
) -> Summary | None:
    """What a contrast asks of each subject, if it is a single number.

    Found in subjects who have the same sessions: there, the least-squares weights of rows are a product of something of
    the subject and something of the session. Columns that are no such product (the motion of each row) do not say
    what the contrast asks; they go into the model of the numbers, summarised like the data.

    Parameters
    ----------
    design : numpy.ndarray of shape (n, p)
    contrast : numpy.ndarray of shape (p,) or (q, p)
    subjects : sequence of length n, or None
        None where each row is another subject's.
    sessions : sequence of length n, optional
        Labels; the place among a subject's rows otherwise.

    Returns
    -------
    Summary or None
        None where each subject has one row; where the contrast lies within subjects whose own levels are in the design,
        so that the residuals over the rows are those within subjects; and where it asks for more than a number, or
        the subjects' numbers cannot tell it.
    """
    if subjects is None or len(set(subjects)) == len(subjects):
        return None
    design, contrast = np.asarray(design, dtype=np.float64), np.atleast_2d(np.asarray(contrast, dtype=np.float64))
    sessions = positions(subjects) if sessions is None else sessions
    members = members_of(subjects)
    if levels_are_in(design, subjects):
        return None
    tested = design[:, np.abs(contrast).max(axis=0) > 0]
    if not all(_is_product(column, members, sessions) for column in tested.T):
        return None
    constant = all(_is_constant(column, members) for column in tested.T)
    classes: dict[tuple, list[list[int]]] = {}
    for rows in members.values():
        if len(rows) > 1:
            classes.setdefault(tuple(sessions[row] for row in rows), []).append(rows)
    for labels, whose in sorted(classes.items(), key=lambda item: (-len(item[1]), -len(item[0]))):
        for weights in _weights(design[np.array(whose)], contrast):
            alike = np.ptp(weights) < ALIKE
            found = Summary(None if alike else {k: w for k, w in zip(labels, weights.tolist(), strict=True) if w})
            if _tells(found.rows(subjects, sessions), design, contrast, constant):
                return found
    return None


def _is_constant(column: np.ndarray, members: Mapping[Hashable, Sequence[int]]) -> bool:
    """Whether a column is the same in all rows of each subject."""
    least = ALIKE * np.abs(column).max()
    return all(np.ptp(column[rows]) <= least for rows in members.values())


def _is_product(column: np.ndarray, members: Mapping[Hashable, Sequence[int]], sessions: Sequence) -> bool:
    """Whether a column is something of the subject times something of the session, whatever sessions subjects have.

    So it is where any two sessions have one ratio in all who have both. Of subjects who share no two sessions with
    anybody (whose labels may be dates) no more can be seen than whether the column is the same in all of their rows.
    """
    if _is_constant(column, members):
        return True
    together: dict[frozenset, list[tuple[int, int]]] = {}
    alone: dict[Hashable, Sequence[int]] = dict(members)
    for rows in members.values():
        for one, two in itertools.combinations(sorted(rows, key=lambda row: str(sessions[row])), 2):
            together.setdefault(frozenset((sessions[one], sessions[two])), []).append((one, two))
    for subject, rows in members.items():
        own = (frozenset((sessions[one], sessions[two])) for one, two in itertools.combinations(rows, 2))
        if any(len(together[pair]) > 1 for pair in own):
            del alone[subject]
    for places in together.values():
        sizes = np.linalg.svd(column[np.array(places)], compute_uv=False)
        if len(places) > 1 and sizes[1] > ALIKE * sizes[0]:
            return False
    return _is_constant(column, alone)


def _tells(rows: Rows, design: np.ndarray, contrast: np.ndarray, constant: bool) -> bool:
    """Whether subjects' numbers tell a contrast.

    What differs between sessions differs between means of other numbers of rows, too, which would make an effect of
    sessions one of who came how often. So where what is tested is not `constant` within subjects, those with as many
    rows must tell it.
    """
    summarised = rows.of(design)
    try:
        partition(summarised, contrast)
    except InputError:
        return False
    sizes = set(rows.sizes.tolist())
    if constant or len(sizes) == 1:
        return True
    return any(_is_estimable(summarised[rows.sizes == size], contrast) for size in sizes)


def _is_estimable(design: np.ndarray, contrast: np.ndarray) -> bool:
    """Whether a contrast is a combination of a design's rows."""
    scale = np.linalg.norm(design, axis=0)
    scale[scale == 0] = 1
    wanted, scaled = contrast / scale, design / scale
    lost = wanted - wanted @ np.linalg.pinv(scaled, rcond=1e-8) @ scaled
    return bool(np.linalg.norm(lost) <= ALIKE * np.linalg.norm(wanted))


def _weights(design: np.ndarray, contrast: np.ndarray) -> Iterator[np.ndarray]:
    """Weights of the sessions of subjects who have the same that may be what a contrast asks, the likeliest first.

    Least squares weigh the rows. In a first model, what is not tested may have another effect in each session: that of
    age is then no reason to look at the second session where the first one's difference is asked for. Then come
    the model as it is, the mean, each session, and differences of two.

    Parameters
    ----------
    design : numpy.ndarray of shape (n_subjects, n_sessions, p)
    contrast : numpy.ndarray of shape (q, p)

    Yields
    ------
    numpy.ndarray of shape (n_sessions,)
        Nothing where a column is tested that is no product of something of the subject and something of the session.
    """
    n, m, p = design.shape
    patterns, sizes, _ = np.linalg.svd(design.transpose(2, 0, 1), full_matrices=False)
    product = np.ones(p, dtype=bool) if min(n, m) == 1 else sizes[:, 1] <= ALIKE * sizes[:, 0]
    tested = np.abs(contrast).max(axis=0) > 0
    if (tested & ~product).any():
        return
    columns = np.where(sizes[:, 0] > 0, design / np.where(sizes[:, 0] > 0, sizes[:, 0], 1), 0)
    wanted = contrast / np.where(sizes[:, 0] > 0, sizes[:, 0], 1)
    of_tested = patterns[tested, :, 0]
    apart = product & (sizes[:, 0] > 0) & (np.abs(patterns[:, :, 0] @ of_tested.T) < 1 - ALIKE).all(axis=1)
    free = np.einsum("js,kl->sljk", patterns[apart, :, 0], np.eye(m)).reshape(n, m, -1)
    kept = product & ~apart
    for given, weights in (
        (np.concatenate([columns[..., kept], free], axis=2), np.pad(wanted[:, kept], ((0, 0), (0, free.shape[2])))),
        (columns[..., product], wanted[:, product]),
    ):
        found = _pattern(given.reshape(n * m, -1), weights, m)
        if found is not None:
            yield found
    yield np.full(m, 1 / m)
    yield from np.eye(m)
    for first, later in itertools.combinations(np.eye(m), 2):
        yield later - first


def _pattern(design: np.ndarray, contrast: np.ndarray, m: int) -> np.ndarray | None:
    """Weights of m sessions in the least-squares weights of rows; None where these are no product, or tell nothing."""
    of_rows = contrast @ np.linalg.pinv(design, rcond=1e-8)
    if np.linalg.norm(contrast - of_rows @ design) > ALIKE * np.linalg.norm(contrast):
        return None
    _, strengths, patterns = np.linalg.svd(of_rows.reshape(-1, m), full_matrices=False)
    if len(strengths) > 1 and strengths[1] > ALIKE * strengths[0]:
        return None
    found = patterns[0] / np.abs(patterns[0]).max()
    found[np.abs(found) < ALIKE] = 0
    total = found.sum()
    if abs(total) < ALIKE:
        # Later sessions minus earlier ones.
        total = np.copysign(found[found > 0].sum(), found[np.flatnonzero(found)[-1]])
    return np.round(found / total, 9)


def levels_are_in(design: np.ndarray, subjects: Sequence[Hashable]) -> bool:
    """Whether each subject's own level is in a design.

    Parameters
    ----------
    design : numpy.ndarray of shape (n, p)
    subjects : sequence of hashable, length n

    Returns
    -------
    bool
    """
    members = members_of(subjects)
    levels = np.zeros((len(design), len(members)))
    for column, rows in enumerate(members.values()):
        levels[rows, column] = 1
    return bool(np.abs(residual(levels, basis_of(design))).max() < ALIKE)

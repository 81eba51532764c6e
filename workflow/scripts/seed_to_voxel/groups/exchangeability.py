"""What of a model's observations may be exchanged if the null hypothesis holds, and the rearrangements that are drawn.

A rearrangement of the residuals e of the nuisance model is y*[i] = signs[i] e[order[i]]. Observations, or whole blocks
of them, change places where their errors are exchangeable; they change signs where their errors are independent and
symmetric (Winkler et al. 2014, NeuroImage 92, 381; blocks: Winkler et al. 2015, NeuroImage 123, 253).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..base.errors import InputError
from .glm import SAME, Partition, residual


@dataclass(frozen=True)
class Scheme:
    """How observations may be rearranged.

    Attributes
    ----------
    blocks : numpy.ndarray of int, shape (n,), or None
        Block of each observation, such as its subject; None where all are exchangeable.
    whole : bool
        Blocks change places (or signs) as wholes, in the order of their rows; only blocks of the same size do.
    within : bool
        Observations change places (or signs) inside of their block.
    permute, flip : bool
        Whether places and signs change.
    reason : str
        A sentence for the sidecar and the methods text.
    """

    blocks: np.ndarray | None = None
    whole: bool = False
    within: bool = True
    permute: bool = True
    flip: bool = False
    reason: str = ""

    def same_as(self, other: Scheme) -> bool:
        """Whether both rearrange alike, so that maps under both share their rearrangements."""
        ours, theirs = self.blocks, other.blocks
        alike = ours is None if theirs is None else ours is not None and np.array_equal(ours, theirs)
        return alike and all(
            getattr(self, name) == getattr(other, name) for name in ("whole", "within", "permute", "flip")
        )


def numbered(values: Iterable[Hashable]) -> np.ndarray:
    """Numbers of values in the order of their first appearance.

    Parameters
    ----------
    values : iterable

    Returns
    -------
    numpy.ndarray of int, shape (n,)
    """
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.intp)


def tests_a_mean(part: Partition) -> bool:
    """Whether a contrast tests a mean: the constant lies in the model, yet not among its nuisance regressors."""
    constant = np.ones((len(part.tested), 1))
    least = SAME * math.sqrt(len(constant))
    beyond_all = residual(constant, np.hstack([part.tested, part.nuisance]))
    return bool(np.linalg.norm(beyond_all) < least < np.linalg.norm(residual(constant, part.nuisance)))


def _differ(rows: np.ndarray, members: Sequence[np.ndarray]) -> bool:
    """Whether two blocks of one size differ in their rows; those of other sizes never change places."""
    kinds: dict[int, set[bytes]] = {}
    for block in members:
        kinds.setdefault(len(block), set()).add(rows[block].tobytes())
    return any(len(found) > 1 for found in kinds.values())


def shares_within_and_between(part: Partition, members: Sequence[np.ndarray]) -> tuple[float, float]:
    """How much of what is tested no exchange of whole subjects can move, and how much none within subjects can.

    Parameters
    ----------
    part : Partition
    members : sequence of numpy.ndarray of int
        Observations of each subject, in the order of sessions.

    Returns
    -------
    common : float
        A pattern within subjects that they have in common: the share of the tested part's sum of squares that is left
        when each subject's mean is taken off and the rest is averaged over subjects with as many observations. 1 for
        sessions that all have, 0 for groups and for what changes with the session in one group otherwise than in
        another. Exchanging whole subjects cannot move it.
    between : float
        The share of subjects' means, which exchanging within subjects cannot move: 1 for groups, 0 for sessions that
        all have.

        Of an F contrast both are those of the combination of the tested regressors that has most of it.
    """
    patterns: dict[int, list[np.ndarray]] = {}
    means = []
    for block in members:
        own = part.tested[block]
        means.append(math.sqrt(len(block)) * own.mean(axis=0))
        patterns.setdefault(len(block), []).append(own - own.mean(axis=0))
    shared = np.concatenate([math.sqrt(len(found)) * np.mean(found, axis=0) for found in patterns.values()])
    # The tested part is orthonormal: the largest eigenvalue is that of the combination with the largest share.
    common, between = (float(np.linalg.norm(of, 2) ** 2) for of in (shared, np.stack(means)))
    return common, between


def _flips_of_subjects(blocks: np.ndarray, reason: str) -> Scheme:
    """Signs of whole subjects, where nothing may change places."""
    return Scheme(blocks, whole=True, within=False, permute=False, flip=True, reason=reason)


def scheme_for(
    part: Partition, subjects: Sequence[Hashable] | None = None, variance_groups: Sequence[Hashable] | None = None
) -> Scheme:
    """What may be rearranged for one contrast, from the design and whose the observations are.

    - A contrast that tests a mean leaves errors around zero: signs are flipped, of subjects as wholes.
    - Otherwise observations change places: freely where each subject has one row; subjects as wholes where what is
      tested differs between them (groups, ages, and their interactions with sessions); inside of each subject where
      it does not, or where at least half of it is alike within subjects (paired sessions, also if some subjects have
      other ones; `shares_within_and_between`); in both ways where an F contrast asks for both (groups and sessions),
      as each way alone would leave a part of it where it is in all permutations, and be blind to it.
    - Where they would change places with observations of another variance, they are not exchangeable: signs are
      flipped instead, of subjects as wholes where they have several rows. (Of Welch's t of 5 and 19 subjects, the
      former with three times the deviation, the largest of a map passes at 5 % in 40 % of simulated cohorts by places,
      and in 1 % by signs; benchmarks/group_null.py.)

    Parameters
    ----------
    part : Partition
    subjects : sequence, optional
        Whose each row is; a subject's rows in the order of sessions. None where each row is another subject's.
    variance_groups : sequence, optional
        Observations whose errors share a variance.

    Returns
    -------
    Scheme

    Raises
    ------
    InputError
        Where subjects have several rows, and no two with as many differ in what is tested, nor any within itself.
    """
    n = len(part.tested)
    blocks = numbered(subjects) if subjects is not None else None
    if blocks is not None and len(blocks) != n:
        raise InputError(f"exchangeability: {len(blocks)} subjects were given for {n} observations")
    repeated = blocks is not None and len(set(blocks.tolist())) < n
    if tests_a_mean(part):
        whom = "of subjects, all observations of each together," if repeated else "of observations"
        return Scheme(
            blocks if repeated else None,
            whole=repeated,
            within=not repeated,
            permute=False,
            flip=True,
            reason=f"A mean is tested: signs {whom} are flipped, which is valid where errors are symmetric.",
        )
    variances = numbered(variance_groups) if variance_groups is not None else np.zeros(n, dtype=np.intp)
    if blocks is None or not repeated:
        if variances.max():
            return Scheme(
                permute=False,
                flip=True,
                reason="Variances differ, so that observations are not exchangeable: signs of observations are "
                "flipped, which is valid where errors are symmetric.",
            )
        return Scheme(reason="Observations are independent, and exchangeable under the null hypothesis.")
    members = [np.flatnonzero(blocks == block) for block in range(blocks.max() + 1)]
    rows = np.round(part.regressors / np.abs(part.regressors).max(), 9) + 0.0
    between = _differ(rows, members)
    inside = any(len({rows[row].tobytes() for row in block}) > 1 for block in members)
    common, own = shares_within_and_between(part, members)
    if inside and (not between or common >= 0.5 - SAME):
        if any(len(set(variances[block].tolist())) > 1 for block in members):
            return _flips_of_subjects(
                blocks,
                "What is tested differs within subjects, whose observations have different variances and are "
                "therefore not exchangeable: signs of subjects, all observations of each together, are flipped, which "
                "is valid where errors are symmetric.",
            )
        # Exchange within subjects alone would find too much where a test has any part of subjects' means: of groups at
        # the first of three sessions together with sessions, 22 % of noise at 5 %.
        if between and part.rank > 1 and own > 1e-6:
            return Scheme(
                blocks,
                whole=True,
                within=True,
                reason="What is tested differs between subjects, and also within them, alike in all: subjects change "
                "places as wholes, and observations inside of each subject.",
            )
        return Scheme(
            blocks,
            whole=False,
            within=True,
            reason="What is tested differs within subjects, and alike in them: observations change places inside of "
            "each subject.",
        )
    if between:
        if _differ(variances, members):
            return _flips_of_subjects(
                blocks,
                "Variances differ between subjects, who are therefore not exchangeable: signs of subjects, all "
                "observations of each together, are flipped, which is valid where errors are symmetric.",
            )
        return Scheme(
            blocks,
            whole=True,
            within=False,
            reason="What is tested differs between subjects, who have several observations: subjects change places as "
            "wholes.",
        )
    raise _nothing_to_exchange(Counter(map(len, members)))


def scheme_for_summaries(
    part: Partition, sizes: np.ndarray, variance_groups: Sequence[Hashable] | None = None
) -> Scheme:
    """What may be rearranged where each subject's rows were taken to one number; see `strata`.

    Parameters
    ----------
    part : Partition
        Of the model of these numbers.
    sizes : numpy.ndarray of int, shape (n_subjects,)
        How many rows each is made of: means of other numbers of rows have another variance, and do not change places.
    variance_groups : sequence, optional
        Subjects whose errors share a variance.

    Returns
    -------
    Scheme

    Raises
    ------
    InputError
        Where no two subjects with as many rows differ in what is tested.
    """
    found = scheme_for(part, None, variance_groups)
    if not found.permute:
        return replace(found, reason=found.reason.replace("of observations", "of subjects"))
    blocks = numbered(sizes.tolist())
    if not blocks.max():
        return replace(
            found,
            reason="What is tested asks one number of each subject's rows: subjects are independent, and exchangeable "
            "under the null hypothesis.",
        )
    rows = np.round(part.regressors / np.abs(part.regressors).max(), 9) + 0.0
    if not any(len({rows[row].tobytes() for row in np.flatnonzero(blocks == block)}) > 1 for block in set(blocks)):
        raise _nothing_to_exchange(Counter(sizes.tolist()))
    return Scheme(
        blocks,
        whole=False,
        within=True,
        reason="What is tested asks one number of each subject's rows: subjects with as many rows, whose numbers have "
        "one variance, change places.",
    )


def _nothing_to_exchange(sizes: Mapping[int, int]) -> InputError:
    """What is said where a contrast has nothing to exchange; `sizes` are subjects by their observations."""
    return InputError(
        "exchangeability: no two subjects with as many observations differ in what is tested, nor does any within "
        f"itself, so that nothing can be exchanged (observations: subjects {dict(sorted(sizes.items()))}). Combine the "
        "sessions of each subject, or leave out subjects whom sessions are missing"
    )


def multinomial(counts: Iterable[int]) -> int:
    """How many distinct orders a multiset has, from how often each element stands in it."""
    counts = list(counts)
    ways = math.factorial(sum(counts))
    for count in counts:
        ways //= math.factorial(count)
    return ways


def order_of_rank(rank: int, counts: Counter) -> list:
    """Distinct order of a multiset by its number.

    Parameters
    ----------
    rank : int
        From 0, in lexicographic order.
    counts : collections.Counter
        How often each element stands in it.

    Returns
    -------
    list
    """
    left = dict(sorted(counts.items()))
    size = sum(left.values())
    ways = multinomial(left.values())
    found = []
    for remaining in range(size, 0, -1):
        for element, count in left.items():
            # Orders that go on with this element.
            here = ways * count // remaining
            if rank < here:
                found.append(element)
                left[element] = count - 1
                ways = here
                break
            rank -= here
    return found


def rank_of_order(order: Sequence, counts: Counter) -> int:
    """Inverse of `order_of_rank`."""
    left = dict(sorted(counts.items()))
    ways = multinomial(left.values())
    rank = 0
    for remaining, element in zip(range(len(order), 0, -1), order, strict=True):
        rank += sum(ways * count // remaining for other, count in left.items() if other < element)
        ways = ways * left[element] // remaining
        left[element] -= 1
    return rank


@dataclass(frozen=True)
class Places:
    """Slots among which elements change places; elements of one kind are not told apart.

    Attributes
    ----------
    kinds : tuple of int
        Kind of each slot's element at first.
    """

    kinds: tuple[int, ...]
    counts: Counter = field(init=False)
    first: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", Counter(self.kinds))
        object.__setattr__(self, "first", rank_of_order(self.kinds, self.counts))

    @property
    def number(self) -> int:
        """Of distinct orders."""
        return multinomial(self.counts.values())

    def sources(self, rank: int) -> np.ndarray:
        """Which element comes to each slot; rank 0 leaves all where they are."""
        arrangement = order_of_rank((rank + self.first) % self.number, self.counts)
        # The design's row of slot s goes to the element at which its kind stands: y*[slot] = e[element].
        wanted, given = np.argsort(self.kinds, kind="stable"), np.argsort(arrangement, kind="stable")
        found = np.empty(len(self.kinds), dtype=np.intp)
        found[wanted] = given
        return found


def rearranged(columns: np.ndarray, order: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """P'c of some columns: c'P e is what they have in common with rearranged residuals.

    Parameters
    ----------
    columns : numpy.ndarray of shape (n, c)
    order : numpy.ndarray of int, shape (k, n)
    signs : numpy.ndarray of int8, shape (k, n)

    Returns
    -------
    numpy.ndarray of shape (c, k, n)
    """
    found = np.empty((columns.shape[1], *order.shape))
    for row, column in zip(found, columns.T, strict=True):
        np.put_along_axis(row, order, column * signs, axis=1)
    return found


class Permutations:
    """Rearrangements of a model's observations, the first of which leaves all as it is.

    All distinct ones where there are no more than asked for; otherwise they are drawn, number k from `seed` and k
    alone, so that a part of them is the same whoever computes it. Draws may repeat: p values stay valid, as the first
    counts among them (Phipson & Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9, 39).

    Parameters
    ----------
    design : numpy.ndarray of shape (n, p)
        Observations with equal rows are not told apart.
    n : int
        How many are asked for.
    seed : int
        At least 0.
    scheme : Scheme

    Attributes
    ----------
    count : int
        How many there are: `n`, or fewer where all distinct ones are.
    exact : bool
        Whether these are all.
    distinct : int
        How many distinct ones exist.
    """

    def __init__(self, design: np.ndarray, n: int, seed: int, scheme: Scheme | None = None) -> None:
        self.scheme = scheme or Scheme()
        self.seed = seed
        self.n_observations = len(design)
        if n < 2:
            raise InputError(f"permutations: {n} asked for; at least 2 are needed, as the first leaves all as it is")
        if not (self.scheme.permute or self.scheme.flip):
            raise InputError("permutations: neither places nor signs may change; allow one of both")
        if not (self.scheme.whole or self.scheme.within):
            raise InputError("permutations: exchange neither of whole blocks nor within blocks; allow one of both")
        blocks = self.scheme.blocks
        if blocks is None:
            blocks = np.zeros(self.n_observations, dtype=np.intp)
            if self.scheme.whole:
                blocks = np.arange(self.n_observations)
        elif len(blocks) != self.n_observations:
            raise InputError(f"permutations: {len(blocks)} blocks given for {self.n_observations} observations")
        rows = numbered(row.tobytes() for row in np.asarray(design, dtype=np.float64) + 0.0)
        self.kinds = rows
        names = numbered(np.asarray(blocks).tolist())
        self.members = [np.flatnonzero(names == block) for block in range(names.max() + 1)]
        # One `Places` for the members of each block, and one for the blocks of each size.
        self.inner = [Places(tuple(rows[block].tolist())) for block in self.members]
        self.outer: list[tuple[np.ndarray, Places]] = []
        if self.scheme.whole:
            kinds = numbered(
                (len(block), *(sorted(rows[block].tolist()) if self.scheme.within else rows[block].tolist()))
                for block in self.members
            )
            sizes = np.array([len(block) for block in self.members])
            for size in np.unique(sizes):
                alike = np.flatnonzero(sizes == size)
                self.outer.append((alike, Places(tuple(kinds[alike].tolist()))))
        self.flips = self._flipped_together()
        self.distinct = 1
        if self.scheme.permute:
            for _, places in self.outer:
                self.distinct *= places.number
            if self.scheme.within:
                for places in self.inner:
                    self.distinct *= places.number
        if self.scheme.flip:
            self.distinct *= 2 ** len(self.flips)
        if self.distinct == 1:
            raise InputError(
                "permutations: nothing can be exchanged, since all rows of the design that may change places are "
                "equal; a mean is tested by flipping signs"
            )
        self.exact = self.distinct <= n
        self.count = self.distinct if self.exact else n

    @property
    def facts(self) -> tuple:
        """All that rearrangement k depends on, whatever k, but for whose the observations are."""
        scheme = self.scheme
        blocks = None if scheme.blocks is None else np.asarray(scheme.blocks).tolist()
        # Numbers of all distinct ones depend on what the design tells apart, those of random ones do not.
        kinds = self.kinds.tolist() if self.exact else None
        how = (blocks, scheme.whole, scheme.within, scheme.permute, scheme.flip)
        return (self.n_observations, self.seed, self.count, self.exact, kinds, *how)

    @property
    def smallest_p(self) -> float:
        """The smallest p that can be had, 1 / count; see `models.smallest_p` for that of a contrast."""
        return 1 / self.count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, part: slice) -> tuple[np.ndarray, np.ndarray]:
        """Some of the rearrangements.

        Parameters
        ----------
        part : slice
            Of numbers from 0 to `count`.

        Returns
        -------
        order : numpy.ndarray of int, shape (k, n)
        signs : numpy.ndarray of int8, shape (k, n)
            y*[i] = signs[i] e[order[i]].
        """
        numbers = range(*part.indices(self.count))
        order = np.empty((len(numbers), self.n_observations), dtype=np.intp)
        signs = np.ones((len(numbers), self.n_observations), dtype=np.int8)
        for row, number in enumerate(numbers):
            if self.exact:
                self._enumerated(number, order[row], signs[row])
            else:
                self._drawn(number, order[row], signs[row])
        return order, signs

    def _flipped_together(self) -> list[np.ndarray]:
        """Observations that share each sign."""
        if self.scheme.within:
            return [np.array([row]) for row in range(self.n_observations)]
        return self.members

    def _enumerated(self, number: int, order: np.ndarray, signs: np.ndarray) -> None:
        """Rearrangement of that number among all distinct ones."""
        if self.scheme.flip:
            number, which = divmod(number, 2 ** len(self.flips))
            for place, together in enumerate(self.flips):
                signs[together] = -1 if which >> place & 1 else 1
        order[:] = np.arange(self.n_observations)
        if not self.scheme.permute:
            return
        comes_from = np.arange(len(self.members))
        for alike, places in self.outer:
            number, rank = divmod(number, places.number)
            comes_from[alike] = alike[places.sources(rank)]
        for slot, block in enumerate(self.members):
            source = comes_from[slot]
            if self.scheme.within:
                number, rank = divmod(number, self.inner[slot].number)
                order[block] = self._inside(slot, source, rank)
            else:
                order[block] = self.members[source]

    def _inside(self, slot: int, source: int, rank: int) -> np.ndarray:
        """Observations of one block that come to the places of a block, by the rank of their order.

        The design's rows of the slot go round among the source's observations, so that every order of them comes once.
        """
        return self.members[source][self.inner[slot].sources(rank)]

    def _drawn(self, number: int, order: np.ndarray, signs: np.ndarray) -> None:
        """Rearrangement of that number among those drawn."""
        order[:] = np.arange(self.n_observations)
        if number == 0:
            return
        draw = np.random.default_rng((self.seed, number))
        if self.scheme.permute:
            comes_from = np.arange(len(self.members))
            for alike, _ in self.outer:
                comes_from[alike] = alike[draw.permutation(len(alike))]
            for slot, block in enumerate(self.members):
                found = self.members[comes_from[slot]]
                order[block] = draw.permutation(found) if self.scheme.within else found
        if self.scheme.flip:
            for together, sign in zip(self.flips, draw.integers(2, size=len(self.flips)), strict=True):
                signs[together] = 1 - 2 * sign

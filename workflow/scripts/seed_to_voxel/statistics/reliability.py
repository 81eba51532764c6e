"""Is one run enough? How well parts of a run give its maps again, and how long a run would have to be.

Two parts of a run make a map of a seed each; their reliability is the correlation over voxels of the two maps of
Fisher z. If a map is signal plus noise whose variance falls with the length of the run, a map of t minutes has

    reliability(t) = t / (t + k),

which is what Spearman and Brown found for tests of t items (Spearman 1910, British Journal of Psychology 3, 271; Brown
1910, ibid. 3, 296). Halves of T / 2 minutes that correlate by r give k = (T / 2) (1 - r) / r, so that the whole run has
2 r / (1 + r), and a reliability of R takes k R / (1 - R) minutes. Maps of t and of u minutes correlate by
sqrt(reliability(t) reliability(u)).

Each part is cleaned by itself, from its own volumes. What is regressed out of a run as a whole leaves opposite remains
in its halves, in seed and voxel alike, whose products agree: of noise with 24 confounds, halves that are cut from a
cleaned run of 200 volumes correlate by more than 0.2.

What lasts through a run is counted as signal, whether it is connectivity or an artefact: this says how much of a map a
longer run of the same kind would change, and is an upper bound for what another day would.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..cleaning.operators import clean_seeds, used_volumes
from ..connectivity.correlation import fisher_z, pearson
from ..series.passes import Smoothed

MINUTES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60)
"""Lengths at which growth is looked at."""

FEWEST = 10
"""Volumes of a part; with fewer, no map is made."""

GOAL = 0.8
"""Reliability of which it is said how many minutes it takes; the usual bound of what is called good."""


@dataclass(frozen=True)
class Split:
    """Two parts of a run that have no volume in common.

    Attributes
    ----------
    kind : {"halves", "growth"}
        First against second half; the beginning of the first half, or the end of the second, against the other half.
    minutes : float
        Kept time of the shorter part.
    first, second : numpy.ndarray of int
        Numbers of the volumes.
    """

    kind: str
    minutes: float
    first: np.ndarray
    second: np.ndarray


def splits(kept: np.ndarray, t_r: float) -> list[Split]:
    """Parts that a run is cut into.

    Parameters
    ----------
    kept : numpy.ndarray of bool, shape (T,)
        Volumes that cleaning keeps.
    t_r : float
        Repetition time, s.

    Returns
    -------
    list of Split
        None where a part would have fewer than `FEWEST` volumes. Time is that of kept volumes.
    """
    volumes = np.flatnonzero(kept)
    middle = len(volumes) // 2
    first, second = volumes[:middle], volumes[len(volumes) - middle :]
    found = [Split("halves", middle * t_r / 60, first, second)]
    for length in MINUTES:
        n = round(length * 60 / t_r)
        if n < middle:
            # As far from the other half as can be.
            found.append(Split("growth", length, first[:n], second))
            found.append(Split("growth", length, second[len(second) - n :], first))
    return [split for split in found if min(len(split.first), len(split.second)) >= FEWEST]


def volumes_of(parts: Sequence[Split]) -> list[np.ndarray]:
    """Volumes of each part that there is, once."""
    return list({volumes.tobytes(): volumes for part in parts for volumes in (part.first, part.second)}.values())


@dataclass(frozen=True)
class MapsOfParts:
    """Maps of Fisher z that are made of some volumes alone.

    Attributes
    ----------
    operators : dict of bytes to numpy.ndarray of shape (n, T), or None
        Of each part's volumes, as bytes, what cleans them by themselves; None where that leaves nothing of them.
    seeds : dict of bytes to numpy.ndarray of shape (n, n_there)
        Cleaned by each operator that there is, of the seeds that the run covers.
    there : numpy.ndarray of bool, shape (n_seeds,)
        Which those are.
    """

    operators: Mapping[bytes, np.ndarray | None]
    seeds: Mapping[bytes, np.ndarray]
    there: np.ndarray

    @classmethod
    def of(
        cls, parts: Sequence[Split], raw_seeds: np.ndarray, clean: Callable[[np.ndarray], np.ndarray | None]
    ) -> MapsOfParts:
        """Clean each part by itself.

        Parameters
        ----------
        parts : sequence of Split
        raw_seeds : numpy.ndarray of shape (T, n_seeds)
            Before cleaning; NaN throughout for a seed that the run does not cover.
        clean : callable
            Of a mask of volumes, of shape (T,), the operator that cleans them by themselves, or None.
        """
        every, there = np.arange(len(raw_seeds)), np.isfinite(raw_seeds).all(axis=0)
        operators = {volumes.tobytes(): clean(np.isin(every, volumes)) for volumes in volumes_of(parts)}
        known = {name: operator for name, operator in operators.items() if operator is not None}
        seeds = {name: clean_seeds(operator, raw_seeds[:, there]) for name, operator in known.items()}
        return cls(operators, seeds, there)

    @property
    def used(self) -> np.ndarray:
        """Numbers of the volumes that must have been read."""
        known = [used_volumes(operator) for operator in self.operators.values() if operator is not None]
        return np.unique(np.concatenate(known)) if known else np.array([], dtype=int)

    def maps(self, voxels: Smoothed, volumes: np.ndarray, places: slice) -> np.ndarray:
        """Maps of some voxels, made of a part's volumes.

        Returns
        -------
        numpy.ndarray of float32, shape (n_seeds, n)
            NaN where undefined.
        """
        name = volumes.tobytes()
        operator = self.operators[name]
        z = np.full((len(self.there), voxels.series[:, places].shape[1]), np.nan, dtype=np.float32)
        if operator is not None and self.there.any():
            z[self.there] = fisher_z(pearson(self.seeds[name], voxels.cleaned(operator, places)))
        return z


def agreement(
    maps: Callable[[np.ndarray, slice], np.ndarray], parts: Sequence[Split], tested: np.ndarray, slab: int = 8192
) -> np.ndarray:
    """How much the maps of two parts are alike, by the correlation over voxels of their Fisher z.

    Parameters
    ----------
    maps : callable
        Of numbers of volumes, those of a part, and of which voxels: maps of shape (n_seeds, n); see `MapsOfParts.maps`.
    parts : sequence of Split
    tested : numpy.ndarray of bool, shape (n_seeds, n_voxels)
        Voxels outside of each seed's own reach, where maps are alike for no other reason than that.
    slab : int
        Voxels worked on at once.

    Returns
    -------
    numpy.ndarray of shape (n_parts, n_seeds)
        NaN where fewer than three voxels have r in both.
    """
    n_seeds, n_voxels = tested.shape
    # Of each part and seed: how many, sums, sums of squares and of products.
    sums = np.zeros((6, len(parts), n_seeds))
    distinct = volumes_of(parts)
    for start in range(0, n_voxels, slab):
        there = slice(start, start + slab)
        z = {volumes.tobytes(): maps(volumes, there).astype(np.float64) for volumes in distinct}
        for number, part in enumerate(parts):
            one, other = z[part.first.tobytes()], z[part.second.tobytes()]
            known = tested[:, there] & np.isfinite(one) & np.isfinite(other)
            one, other = np.where(known, one, 0), np.where(known, other, 0)
            for row, values in enumerate((known, one, other, one * one, other * other, one * other)):
                sums[row, number] += values.sum(axis=1)
    n, one, other, squares, others, products = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (n * products - one * other) / np.sqrt((n * squares - one**2) * (n * others - other**2))
    return np.where(n >= 3, r, np.nan)


def spearman_brown(r: float, times: float = 2.0) -> float:
    """Reliability of what is so many times as long as parts that correlate by r; NaN where r is not above 0."""
    return times * r / (1 + (times - 1) * r) if r > 0 else math.nan


def minutes_needed(r: float, minutes: float, goal: float = GOAL) -> float:
    """How long a run would have to be.

    Parameters
    ----------
    r : float
        Correlation of the maps of two parts.
    minutes : float
        Length of each part.
    goal : float
        Reliability.

    Returns
    -------
    float
        Minutes; NaN where r is not above 0.
    """
    return minutes * (1 - r) / r * goal / (1 - goal) if r > 0 else math.nan


def expected(r: float, minutes: float, length: np.ndarray | float) -> np.ndarray:
    """What maps of another length correlate by with the map of a part, by the formula of Spearman and Brown.

    Parameters
    ----------
    r : float
        Correlation of the maps of two parts, above 0.
    minutes : float
        Length of each part.
    length : float or numpy.ndarray
        Minutes.

    Returns
    -------
    numpy.ndarray
    """
    k = minutes * (1 - r) / r
    length = np.asarray(length, dtype=float)
    return np.sqrt(length / (length + k) * r)


COLUMNS = {
    "seed": ("Label of the seed", None),
    "parts": (
        "halves: first against second half; growth: the beginning of the first half against the second, and the end of "
        "the second against the first, averaged",
        None,
    ),
    "minutes": ("Kept time of the shorter part", "min"),
    "r": ("Correlation over voxels of the two maps of Fisher z", None),
    "reliability": (
        "Of the whole run, by Spearman and Brown: 2 r / (1 + r); n/a but for halves, and where r <= 0",
        None,
    ),
    "minutes_for_goal": (f"Minutes that a reliability of {GOAL:g} would take, by the same formula", "min"),
}
"""Columns of the table, with what they are and their units."""


def as_table(agreed: np.ndarray, parts: Sequence[Split], labels: Sequence[str]) -> dict[str, list]:
    """What was found, a row for each seed and kind and length of parts.

    Parameters
    ----------
    agreed : numpy.ndarray of shape (n_parts, n_seeds)
        From `agreement`.
    parts : sequence of Split
    labels : sequence of str
        Of the seeds.

    Returns
    -------
    dict of str to list
        Columns `COLUMNS`; NaN where there is nothing.
    """
    rows = []
    alike: dict[tuple[str, float], list[int]] = {}
    for number, part in enumerate(parts):
        alike.setdefault((part.kind, part.minutes), []).append(number)
    for position, label in enumerate(labels):
        for (kind, minutes), numbers in alike.items():
            r = float(np.mean(agreed[numbers, position]))
            halves = kind == "halves"
            rows.append(
                (
                    label,
                    kind,
                    minutes,
                    r,
                    spearman_brown(r) if halves else math.nan,
                    minutes_needed(r, minutes) if halves else math.nan,
                )
            )
    return {name: [row[column] for row in rows] for column, name in enumerate(COLUMNS)}


def from_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[np.ndarray, list[Split], list[str]]:
    """What a table of `as_table` says, as it is drawn.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequence of str

    Returns
    -------
    agreed : numpy.ndarray of shape (n_parts, n_seeds)
        Parts of one kind and length are one, their mean.
    parts : list of Split
        Without their rows of the series.
    labels : list of str
    """
    place = {name: header.index(name) for name in COLUMNS}
    labels = list(dict.fromkeys(row[place["seed"]] for row in rows))
    keys = list(dict.fromkeys((row[place["parts"]], float(row[place["minutes"]])) for row in rows))
    agreed = np.full((len(keys), len(labels)), np.nan)
    for row in rows:
        key = (row[place["parts"]], float(row[place["minutes"]]))
        value = row[place["r"]]
        agreed[keys.index(key), labels.index(row[place["seed"]])] = math.nan if value == "n/a" else float(value)
    nothing = np.array([], dtype=int)
    return agreed, [Split(kind, minutes, nothing, nothing) for kind, minutes in keys], labels


def describe(reach: float) -> dict[str, object]:
    """The JSON file beside the table; `reach` is in mm."""
    return {
        "Description": (
            "How well parts of a run give its maps again. Each part was cleaned by itself and made a map of each "
            f"seed; maps are compared over the voxels of the brain mask farther than {reach:g} mm from the seed's own"
        ),
        "Formula": (
            "reliability(t) = t / (t + k) of t minutes; halves of T / 2 minutes that correlate by r give "
            "k = (T / 2) (1 - r) / r (Spearman 1910; Brown 1910)"
        ),
        "Caveat": (
            "What lasts through a run counts as signal, connectivity and artefact alike: an upper bound for what "
            "another day would give. Confounds cost each part as many degrees of freedom as the whole run, which is "
            "somewhat better than its parts say; parts of which cleaning leaves nothing have no map"
        ),
        **{name: {"Description": text, **({"Units": unit} if unit else {})} for name, (text, unit) in COLUMNS.items()},
    }

"""A group's model: design, contrasts, how each is permuted, and what is computed of its maps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from . import glm, strata
from .exchangeability import Permutations, Scheme, rearranged, scheme_for, scheme_for_summaries

STATISTICS = ("voxel", "extent", "mass", "tfce")
"""What maxima are taken of: the statistic, clusters' extent and mass, and TFCE."""


@dataclass(frozen=True)
class Settings:
    """What is computed of a map.

    Attributes
    ----------
    statistics : tuple of str
        Of `STATISTICS`.
    threshold : float
        p of a voxel, two-sided unless `two_sided` is False, below which it belongs to a cluster.
    two_sided : bool
        Of t contrasts; F has one side.
    scale : {"z", "statistic"}
        What clusters' mass and TFCE are computed on: the normal deviate with the same p, comparable over contrasts of
        other degrees of freedom, or t and F (t**2 of several rows) themselves, as nilearn and randomise do.
    extent, height : float
        Exponents of TFCE.
    extent_of_vertices : float
        That of the area of vertices, on a mesh.
    """

    statistics: tuple[str, ...] = STATISTICS
    threshold: float = 0.001
    two_sided: bool = True
    scale: str = "z"
    extent: float = 0.5
    height: float = 2.0
    extent_of_vertices: float = 1.0

    def __post_init__(self) -> None:
        unknown = [name for name in self.statistics if name not in STATISTICS]
        if unknown or not self.statistics:
            raise InputError(f"inference: statistics {unknown} are unknown; known are {', '.join(STATISTICS)}")
        if self.scale not in ("z", "statistic"):
            raise InputError(f"inference: scale is {self.scale!r} and must be z or statistic")
        if not 0 < self.threshold < 1:
            raise InputError(f"inference: the clusters' threshold is p < {self.threshold} and must lie between 0 and 1")

    @property
    def spatial(self) -> bool:
        """Whether whole maps are needed."""
        return set(self.statistics) != {"voxel"}

    def measured(self, parts: Iterable[str]) -> tuple[str, ...]:
        """Names of what maxima are taken of: the statistics, those of extents of each part of the grid apart.

        Parameters
        ----------
        parts : iterable of str
            See `clusters.Graph.parts`.

        Returns
        -------
        tuple of str
        """
        return tuple(
            f"{name}{part}"
            for part in parts
            for name in self.statistics
            # Deviates of vertices and of voxels can be compared.
            if name != "voxel" or not part
        )


@dataclass(frozen=True)
class View:
    """A model as a contrast sees it: over all rows, or over one number a subject.

    Attributes
    ----------
    design : numpy.ndarray of shape (n, p)
    part : glm.Partition
    variance_groups : numpy.ndarray of shape (n,), or None
    subjects : numpy.ndarray of shape (n,), or None
        Whose each row is, where subjects have several.
    rows : strata.Rows or None
        How the subjects' numbers are made; None where there is nothing to make.
    """

    design: np.ndarray
    part: glm.Partition
    variance_groups: np.ndarray | None
    subjects: np.ndarray | None
    rows: strata.Rows | None

    @classmethod
    def of(
        cls,
        design: np.ndarray,
        contrast: np.ndarray,
        subjects: Sequence | None,
        sessions: Sequence | None,
        variance_groups: Sequence | None,
        name: str,
    ) -> View:
        """See a model from a contrast; parameters as for `model_of`."""
        groups = None if variance_groups is None else np.asarray(variance_groups)
        summary = strata.summary_of(design, contrast, subjects, sessions)
        if summary is None or subjects is None:
            whose = None if subjects is None else np.asarray(subjects)
            return cls(design, glm.partition(design, contrast, name), groups, whose, None)
        rows = summary.rows(subjects, strata.positions(subjects) if sessions is None else sessions)
        reduced = rows.of(design)
        return cls(reduced, glm.partition(reduced, contrast, name), rows.variance_groups(groups), None, rows)

    def scheme(self) -> Scheme:
        """What may be rearranged; see `exchangeability`."""
        groups = None if self.variance_groups is None else self.variance_groups.tolist()
        if self.rows is not None:
            return scheme_for_summaries(self.part, self.rows.sizes, groups)
        return scheme_for(self.part, None if self.subjects is None else self.subjects.tolist(), groups)

    def data(self, values: np.ndarray) -> np.ndarray:
        """Data of the model's rows as the contrast sees them, of shape (n, n_voxels)."""
        return values if self.rows is None else self.rows.of(values)


@dataclass(frozen=True)
class Model:
    """A design and what is tested of it.

    Attributes
    ----------
    design : numpy.ndarray of shape (n, p)
    contrasts : dict of str to numpy.ndarray of shape (p,) or (q, p)
    views : dict of str to View
        How each contrast sees the model.
    permutations : dict of str to exchangeability.Permutations
        Of each contrast; contrasts that are rearranged alike share them.
    rows : tuple
        What each row is; its number where nothing is known.
    """

    design: np.ndarray
    contrasts: Mapping[str, np.ndarray]
    views: Mapping[str, View]
    permutations: Mapping[str, Permutations]
    rows: tuple

    def is_t(self, contrast: str) -> bool:
        """Whether a contrast is tested by t, which has a sign."""
        return len(np.atleast_2d(self.contrasts[contrast])) == 1

    def signature(self, contrast: str) -> str:
        """The same for contrasts that are rearranged alike, of this model or of another, and for no others."""
        view, permutations = self.views[contrast], self.permutations[contrast]
        whose = self.rows if view.rows is None else view.rows.subjects
        return hashlib.sha256(repr((list(whose), *permutations.facts)).encode()).hexdigest()

    def families(self) -> list[list[str]]:
        """Contrasts that are rearranged alike, family by family."""
        found: list[list[str]] = []
        for name, permutations in self.permutations.items():
            for family in found:
                if self.permutations[family[0]] is permutations:
                    family.append(name)
                    break
            else:
                found.append([name])
        return found


def model_of(
    design: np.ndarray,
    contrasts: Mapping[str, np.ndarray],
    *,
    n: int,
    seed: int,
    subjects: Sequence | None = None,
    sessions: Sequence | None = None,
    variance_groups: Sequence | None = None,
    schemes: Mapping[str, Scheme] | None = None,
    rows: Sequence | None = None,
) -> Model:
    """Prepare a model.

    Parameters
    ----------
    design : numpy.ndarray of shape (n_observations, p)
    contrasts : mapping of str to array of shape (p,) or (q, p)
        A row, or an array of one row, is a t contrast; several rows an F contrast.
    n : int
        Permutations asked for; fewer where fewer are distinct.
    seed : int
        Of their random numbers.
    subjects : sequence, optional
        Whose each row is, where subjects have several; a subject's rows in the order of sessions.
    sessions : sequence, optional
        Label of each row's session; its place among its subject's rows otherwise.
    variance_groups : sequence, optional
        Observations whose errors share a variance.
    schemes : mapping of str to exchangeability.Scheme, optional
        Of some contrasts, instead of what `View.scheme` finds.
    rows : sequence, optional
        What each row is, such as a subject's label: other models of the same rows may be rearranged alike.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        With the contrast's name.
    """
    design = np.asarray(design, dtype=np.float64)
    views = {
        name: View.of(design, contrast, subjects, sessions, variance_groups, name)
        for name, contrast in contrasts.items()
    }
    made: list[tuple[View, Permutations]] = []
    permutations = {}
    for name, view in views.items():
        try:
            permutations[name] = _permutations(view, n, seed, (schemes or {}).get(name) or view.scheme(), made)
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
    weights = {name: np.asarray(contrast, float) for name, contrast in contrasts.items()}
    return Model(design, weights, views, permutations, tuple(range(len(design)) if rows is None else rows))


def _permutations(view: View, n: int, seed: int, scheme: Scheme, made: list[tuple[View, Permutations]]) -> Permutations:
    """Permutations of a contrast: those of another one that is rearranged alike, or new ones, which join `made`."""
    for other, known in made:
        # Over all rows, one design is told apart as it was before.
        if view.rows is None and other.rows is None and known.scheme.same_as(scheme):
            return known
    found = Permutations(view.design, n, seed, scheme)
    for other, known in made:
        if view.rows and other.rows and view.rows.subjects == other.rows.subjects and known.facts == found.facts:
            return known
    made.append((view, found))
    return found


def smallest_p(model: Model, contrast: str, two_sided: bool = True) -> float:
    """The smallest p that a contrast can have: arrangements that give its statistic again, whatever the data, count.

    Parameters
    ----------
    model : Model
    contrast : str
    two_sided : bool

    Returns
    -------
    float
        With random permutations, 1 / their number.
    """
    permutations = model.permutations[contrast]
    if not permutations.exact:
        return 1 / permutations.count
    part = model.views[contrast].part
    same = 0
    for start in range(0, permutations.count, 4096):
        order, signs = permutations[start : start + 4096]
        moved = rearranged(np.hstack([part.tested, part.nuisance]), order, signs)
        q = part.rank
        across = np.einsum("in,jkn->kij", part.tested.T, moved[:q])
        kept = np.linalg.svd(across, compute_uv=False).min(axis=1) > 1 - 1e-9
        # And the nuisance explains nothing of the rearranged residuals.
        beyond = moved[q:] - moved[q:] @ part.nuisance @ part.nuisance.T
        kept &= np.abs(beyond).max(axis=(0, 2), initial=0.0) < 1e-6
        if q == 1 and model.is_t(contrast) and not two_sided:
            kept &= across[:, 0, 0] > 0
        same += int(kept.sum())
    return same / permutations.count

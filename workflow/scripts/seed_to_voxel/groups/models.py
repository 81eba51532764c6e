"""A group's model: design, contrasts, how each is permuted, and what is computed of its maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from . import glm
from .exchangeability import Permutations, Scheme, rearranged, scheme_for

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
    """

    statistics: tuple[str, ...] = STATISTICS
    threshold: float = 0.001
    two_sided: bool = True
    scale: str = "z"
    extent: float = 0.5
    height: float = 2.0

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


@dataclass(frozen=True)
class Model:
    """A design and what is tested of it.

    Attributes
    ----------
    design : numpy.ndarray of shape (n, p)
    contrasts : dict of str to numpy.ndarray of shape (p,) or (q, p)
    parts : dict of str to glm.Partition
    permutations : dict of str to exchangeability.Permutations
        Of each contrast; contrasts of one scheme share them.
    variance_groups : numpy.ndarray of shape (n,), or None
    subjects : numpy.ndarray of shape (n,), or None
    """

    design: np.ndarray
    contrasts: Mapping[str, np.ndarray]
    parts: Mapping[str, glm.Partition]
    permutations: Mapping[str, Permutations]
    variance_groups: np.ndarray | None = None
    subjects: np.ndarray | None = None

    def is_t(self, contrast: str) -> bool:
        """Whether a contrast is tested by t, which has a sign."""
        return len(np.atleast_2d(self.contrasts[contrast])) == 1

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
    variance_groups: Sequence | None = None,
    schemes: Mapping[str, Scheme] | None = None,
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
    variance_groups : sequence, optional
        Observations whose errors share a variance.
    schemes : mapping of str to exchangeability.Scheme, optional
        Of some contrasts, instead of what `exchangeability.scheme_for` finds.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        With the contrast's name.
    """
    design = np.asarray(design, dtype=np.float64)
    parts = {name: glm.partition(design, contrast, name) for name, contrast in contrasts.items()}
    made: list[Permutations] = []
    permutations = {}
    for name, part in parts.items():
        try:
            scheme = (schemes or {}).get(name) or scheme_for(part, subjects, variance_groups)
            for known in made:
                if known.scheme.same_as(scheme):
                    permutations[name] = known
                    break
            else:
                made.append(Permutations(design, n, seed, scheme))
                permutations[name] = made[-1]
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
    groups = None if variance_groups is None else np.asarray(variance_groups)
    whose = None if subjects is None else np.asarray(subjects)
    return Model(
        design, {name: np.asarray(c, float) for name, c in contrasts.items()}, parts, permutations, groups, whose
    )


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
    part = model.parts[contrast]
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

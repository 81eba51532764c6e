"""The tests of a study's model: its contrasts as `models` and `inference` take them, job by job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..base.errors import InputError
from . import designs, fitting, inference, models
from .design_files import Read
from .doubts import INDEPENDENCE, LEVELS, UNEQUAL
from .exchangeability import Scheme
from .glm import partition, within_subjects
from .inference import Maxima
from .strata import Summary, levels_are_in, summary_of

FLIPS = {"exchangeable": (True, False), "symmetric": (False, True), "both": (True, True)}
"""Whether places and signs change, by what the errors are said to be."""


def model_of(read: Read, contrasts: Sequence[Mapping[str, Any]], n: int, seed: int) -> models.Model:
    """A model with some of its contrasts.

    Permutations of a contrast do not depend on which others there are.

    Parameters
    ----------
    read : Read
        The design.
    contrasts : sequence of dict
        From `study.groups.Contrast.described`.
    n, seed : int

    Returns
    -------
    models.Model

    Raises
    ------
    InputError
        See `designs.weights` and `models.model_of`.
    """
    weights = {about["name"]: designs.weights(about, read.names, read.terms, read.model) for about in contrasts}
    subjects = read.subjects.tolist() if read.repeated else None
    variance_groups = None if read.variance_groups is None else read.variance_groups.tolist()
    schemes = {}
    for name, rows in weights.items():
        try:
            found = models.View.of(read.matrix, rows, subjects, read.labels, variance_groups, name).scheme()
        except InputError as error:
            raise InputError(f"groups.models, {read.model}, contrast {name}: {error}") from None
        schemes[name] = _scheme(found, read.errors)
    return models.model_of(
        read.matrix,
        weights,
        n=n,
        seed=seed,
        subjects=subjects,
        sessions=read.labels,
        variance_groups=variance_groups,
        schemes=schemes,
        rows=read.rows,
    )


def doubt(read: Read, weights: np.ndarray, name: str, summary: Summary | None = None) -> str | None:
    """What somebody who reads a contrast's uncorrected p must know.

    Parameters
    ----------
    read : Read
        The design.
    weights : numpy.ndarray of shape (n_tested, n_columns)
    name : str
        Of the contrast, for messages.
    summary : strata.Summary, optional
        What the contrast asks of each subject.

    Returns
    -------
    str or None
        `INDEPENDENCE`, `LEVELS` or `UNEQUAL`, where it holds.
    """
    if not read.repeated:
        return None
    if summary is not None:
        return UNEQUAL if len(set(summary.rows(read.subjects.tolist(), read.labels).sizes.tolist())) > 1 else None
    if not within_subjects(partition(read.matrix, weights, name), read.subjects):
        return INDEPENDENCE
    return None if levels_are_in(read.matrix, read.subjects.tolist()) else LEVELS


def check_permuted(doubted: str | None, permuted: bool, name: str) -> None:
    """Refuse a contrast of which nothing would hold, with an `InputError`.

    Parameters
    ----------
    doubted : str or None
        From `doubt`.
    permuted : bool
        Whether anything is permuted.
    name : str
        Of the model and the contrast.
    """
    if doubted == INDEPENDENCE and not permuted:
        raise InputError(
            f"{name}: subjects have several rows, what is tested differs between subjects and asks for no single "
            "number of each, and groups.permutations.n is 0. Without permutations of whole subjects rows of one "
            "subject would count as independent, and too much would be found. Ask for permutations, or combine the "
            "sessions (groups.sessions: combine)"
        )


@dataclass(frozen=True)
class Question:
    """What a contrast asks of a design.

    Attributes
    ----------
    read : Read
        The design.
    weights : numpy.ndarray of shape (n_tested, n_columns)
    name : str
        Of the model and the contrast, for messages.
    doubt : str or None
        From `doubt`.
    summary : strata.Summary or None
        What it asks of each subject, where subjects have several rows.
    """

    read: Read
    weights: np.ndarray
    name: str
    doubt: str | None
    summary: Summary | None = None

    def fit(self, data: np.ndarray, seed: str) -> dict[str, np.ndarray]:
        """Fit it to the maps of a seed, of shape (n_rows, n_voxels); see `fitting.fit`."""
        return fitting.fit(
            data,
            self.read.matrix,
            self.weights,
            variance_groups=self.read.variance_groups,
            subjects=self.read.subjects,
            sessions=self.read.labels,
            summary=self.summary,
            name=f"{self.name}, seed {seed}",
        )

    @property
    def summarised(self) -> dict[str, Any] | None:
        """What was made of each subject's rows, for sidecars; None where nothing was."""
        if self.summary is None:
            return None
        rows = self.summary.rows(self.read.subjects.tolist(), self.read.labels)
        sizes = Counter(rows.sizes.tolist())
        part = partition(rows.of(self.read.matrix), self.weights, self.name)
        return {
            "Description": (
                f"The rows of each subject are taken to one number, their {self.summary.words}, and so is its design: "
                "subjects are independent, and the contrast is tested over them"
            ),
            "Of": self.summary.words,
            "Weights": self.summary.weights and {str(name): value for name, value in self.summary.weights.items()},
            "NumberOfSubjects": len(rows.subjects),
            "SubjectsByRows": {str(size): count for size, count in sorted(sizes.items())},
            "LeftOut": rows.left_out,
            "DegreesOfFreedom": part.dof,
        }


def question(read: Read, contrast: Mapping[str, Any], permuted: bool) -> Question:
    """What a contrast asks, refused where nothing that is asked for would hold.

    Parameters
    ----------
    read : Read
        The design.
    contrast : dict
        From `study.groups.Contrast.described`.
    permuted : bool
        Whether anything is permuted.

    Returns
    -------
    Question

    Raises
    ------
    InputError
        See `designs.weights` and `check_permuted`.
    """
    weights = designs.weights(contrast, read.names, read.terms, read.model)
    name = f"{read.model}, contrast {contrast['name']}"
    subjects = read.subjects.tolist() if read.repeated else None
    summary = summary_of(read.matrix, weights, subjects, read.labels)
    doubted = doubt(read, weights, name, summary)
    check_permuted(doubted, permuted, f"groups.models, {name}")
    return Question(read, weights, name, doubted, summary)


def _scheme(found: Scheme, errors: str) -> Scheme:
    """A scheme with the errors that the config states."""
    if errors == "auto":
        return found
    permute, flip = FLIPS[errors]
    stated = {
        "exchangeable": "places change, as the config says that errors are exchangeable",
        "symmetric": "signs change, as the config says that errors are independent and symmetric",
        "both": "places and signs change, as the config says that errors are exchangeable and symmetric",
    }[errors]
    return replace(found, permute=permute, flip=flip, reason=f"{found.reason} By the config: {stated}.")


def settings_of(options: Mapping[str, Any], measures: Sequence[str]) -> models.Settings:
    """What is computed of permuted maps; `options` are the config's ``groups``."""
    return models.Settings(tuple(measures), options["clusters"]["threshold"])


def covered_by_all(data: np.ndarray) -> np.ndarray:
    """Voxels in which every row has a value for every seed: those that are permuted.

    Parameters
    ----------
    data : numpy.ndarray of shape (n_seeds, n_rows, n_voxels)

    Returns
    -------
    numpy.ndarray of bool, shape (n_voxels,)

    Raises
    ------
    InputError
        If there is none.
    """
    found = np.logical_and.reduce([np.isfinite(seed).all(axis=0) for seed in data])
    if not found.any():
        raise InputError(
            f"groups: none of the {data.shape[2]} voxels of the group mask has a value in all {data.shape[1]} rows, as "
            "permutations and clusters need it. Leave out the rows that cover least (see stat-coverage)"
        )
    return found


def together(parts: Mapping[str, Sequence[Maxima]]) -> Maxima:
    """Put the permutations of several contrasts together, each permuted by jobs of its own.

    Parameters
    ----------
    parts : dict of str to sequence of Maxima
        By the name that each contrast has among the others: its own, or with its model's before it.

    Returns
    -------
    Maxima
        As if all had been permuted at once.

    Raises
    ------
    InputError
        If their largest values are of other things, as of maps with vertices alone beside maps with voxels, too.
    """
    wholes = {name: inference.combine(of_contrast) for name, of_contrast in parts.items()}
    first, own = next(iter(wholes.values())), {name: whole.contrasts[0] for name, whole in wholes.items()}
    for name, whole in wholes.items():
        if whole.statistics != first.statistics:
            raise InputError(
                f"groups.correct_over is models, and {name} has the largest values of {', '.join(whole.statistics)}, "
                f"others those of {', '.join(first.statistics)}: maps without vertices, or without voxels, that all "
                "rows cover cannot be corrected with maps that have both. Set groups.correct_over to contrasts, or "
                "leave out the rows that cover least (see stat-coverage)"
            )
    return Maxima(
        first.statistics,
        tuple(wholes),
        first.seeds,
        {name: whole.values[own[name]] for name, whole in wholes.items()},
        dict.fromkeys(wholes, 0),
        {name: whole.counts[own[name]] for name, whole in wholes.items()},
        {name: whole.families[own[name]] for name, whole in wholes.items()},
    )


def filled(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Values of some voxels among all; NaN elsewhere."""
    found = np.full(where.shape, np.nan)
    found[where] = values
    return found

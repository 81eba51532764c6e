"""The tests of a study's model: its contrasts as `models` and `inference` take them, job by job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from . import designs, inference, models
from .design_files import Read
from .exchangeability import Scheme, scheme_for
from .glm import partition
from .inference import Maxima

FLIPS = {"exchangeable": (True, False), "symmetric": (False, True), "both": (True, True)}
"""Whether places and signs change, by what the errors are said to be."""


def model_of(
    read: Read, contrasts: Sequence[Mapping[str, Any]], model: str, errors: str, n: int, seed: int
) -> models.Model:
    """A model with some of its contrasts.

    Permutations of a contrast do not depend on which others there are.

    Parameters
    ----------
    read : Read
        The design.
    contrasts : sequence of dict
        From `study.groups.Contrast.described`.
    model : str
        Its name.
    errors : {"auto", "exchangeable", "symmetric", "both"}
        What permutations may assume of the errors.
    n, seed : int

    Returns
    -------
    models.Model

    Raises
    ------
    InputError
        See `designs.weights` and `models.model_of`.
    """
    weights = {about["name"]: designs.weights(about, read.names, read.terms, model) for about in contrasts}
    subjects = read.subjects.tolist() if len(set(read.subjects)) < len(read.subjects) else None
    variance_groups = None if read.variance_groups is None else read.variance_groups.tolist()
    schemes = {
        name: _scheme(scheme_for(partition(read.matrix, rows, name), subjects, variance_groups), errors)
        for name, rows in weights.items()
    }
    return models.model_of(
        read.matrix,
        weights,
        n=n,
        seed=seed,
        subjects=subjects,
        variance_groups=variance_groups,
        schemes=schemes,
    )


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
    """
    return np.logical_and.reduce([np.isfinite(seed).all(axis=0) for seed in data])


def together(parts: Mapping[str, Sequence[Maxima]], model: models.Model) -> Maxima:
    """Put the permutations of several contrasts together, each permuted by jobs of its own.

    Parameters
    ----------
    parts : dict of str to sequence of Maxima
        By contrast.
    model : models.Model
        With all of them.

    Returns
    -------
    Maxima
        As if all had been permuted at once.
    """
    wholes = {name: inference.combine(of_contrast) for name, of_contrast in parts.items()}
    first = next(iter(wholes.values()))
    return Maxima(
        first.statistics,
        tuple(wholes),
        first.seeds,
        {name: whole.values[name] for name, whole in wholes.items()},
        dict.fromkeys(wholes, 0),
        {name: whole.counts[name] for name, whole in wholes.items()},
        {name: number for number, family in enumerate(model.families()) for name in family},
    )


def filled(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Values of some voxels among all; NaN elsewhere."""
    found = np.full(where.shape, np.nan)
    found[where] = values
    return found


def minus_log10(p: np.ndarray) -> np.ndarray:
    """-log10 of p; 0 for a p of one, and not -0."""
    return np.abs(np.log10(p))

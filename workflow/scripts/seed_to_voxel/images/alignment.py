"""Maps of several runs at the same places: those of one layout, or moved there."""

from __future__ import annotations

import numpy as np

from ..base.errors import InputError
from . import resampling
from .layouts import Layout, Volume


def check_like(layout: Layout, reference: Layout, name: str, first: str, may_resample: bool) -> bool:
    """Whether places are those of a reference; refuse others that cannot, or may not, be moved there.

    Parameters
    ----------
    layout, reference : layouts.Layout
    name, first : str
        Of what has these places, and of what has those of the reference.
    may_resample : bool
        Whether voxels of another grid may be.

    Returns
    -------
    bool

    Raises
    ------
    InputError
    """
    if layout.is_like(reference):
        return True
    if isinstance(layout, Volume) and isinstance(reference, Volume):
        resampling.refuse_unless(may_resample, name, layout.reference, first, reference.reference)
        return False
    raise InputError(
        f"{name} has other {layout.words} than {first}: {layout.shape[0]} of them, expected the {reference.shape[0]} "
        f"of {first}, in the same order. Take runs with the same {layout.words}; there is no resampling of them"
    )


def onto(layout: Layout, values: np.ndarray, reference: Layout) -> np.ndarray:
    """Values of a map at the places of another layout, linear between voxels; see `resampling.resample`.

    Parameters
    ----------
    layout : layouts.Layout
    values : numpy.ndarray of shape `layout.shape`
        NaN where undefined or outside of the brain.
    reference : layouts.Layout
        That `check_like` lets pass.

    Returns
    -------
    numpy.ndarray of shape `reference.shape`
        As they stand where the places are the same.
    """
    if layout.is_like(reference):
        return values
    return resampling.resample(values, layout.affine, reference.shape, reference.affine)

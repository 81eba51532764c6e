"""What stands for the places of a run on the cortex: nibabel's axis of a CIFTI file, or its like for a GIFTI pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from nibabel.cifti2 import BrainModelAxis

from .layouts import CORTEX


class Vertices:
    """All vertices of both hemispheres, with what a `BrainModelAxis` of nibabel says of its places.

    That checks each place by its name, which takes longer than all else that is done to open a run.

    Parameters
    ----------
    counts : sequence of int
        Of the left and of the right hemisphere.
    """

    affine: Any = None
    volume_shape: Any = None

    def __init__(self, counts: Sequence[int]) -> None:
        self.nvertices = dict(zip(CORTEX.values(), counts, strict=True))

    def __len__(self) -> int:
        return sum(self.nvertices.values())

    @cached_property
    def name(self) -> np.ndarray:
        """The structure of each place, of shape (n_places,)."""
        return np.repeat([*self.nvertices], [*self.nvertices.values()])

    @cached_property
    def vertex(self) -> np.ndarray:
        """The number of each place in its hemisphere's mesh, of shape (n_places,)."""
        return np.concatenate([np.arange(count) for count in self.nvertices.values()])

    @cached_property
    def voxel(self) -> np.ndarray:
        """The indices of each place on a grid, which none has: -1, of shape (n_places, 3)."""
        return np.full((len(self), 3), -1)


def parts(axis: BrainModelAxis | Vertices) -> Iterator[tuple[str, slice]]:
    """The structures of an axis in their order, and where they stand, as `BrainModelAxis.iter_structures` has them."""
    bounds = [0, *(np.flatnonzero(axis.name[1:] != axis.name[:-1]) + 1).tolist(), len(axis)]
    for start, stop in pairwise(bounds):
        yield str(axis.name[start]), slice(start, stop)

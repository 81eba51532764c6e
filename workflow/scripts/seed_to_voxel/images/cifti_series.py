"""Runs in CIFTI, read a volume at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

BLOCK, PIECE = 2**24, 2**21
"""Values of a CIFTI file that are held at once, and that are read at once.

On disk the volumes of a place lie together. Some volumes of all places are held, and for them the whole file is read,
piece by piece: reading it a few times takes less than many thousands of short reads.
"""


class Volumes:
    """The volumes of a CIFTI file, read in blocks; none is kept, as they are not compressed.

    Parameters
    ----------
    data : nibabel array proxy, shape (n_volumes, n_places)
    """

    keep = False

    def __init__(self, data: Any) -> None:
        self.data, self.start, self.block = data, 0, np.empty((0, data.shape[1]))

    def __getitem__(self, t: int) -> np.ndarray:
        if not self.start <= t < self.start + len(self.block):
            n_volumes, n_places = self.data.shape
            n_held = min(max(BLOCK // n_places, 1), n_volumes - t)
            several = max(PIECE // n_volumes, 1)
            for first in range(0, n_places, several):
                piece = np.asarray(self.data[:, first : first + several])[t : t + n_held]
                if not first and (len(self.block), self.block.dtype) != (n_held, piece.dtype):
                    self.block = np.empty((n_held, n_places), dtype=piece.dtype)
                self.block[:, first : first + several] = piece
            self.start = t
        # A view would change when the next ones are read.
        return self.block[t - self.start].copy()

    def release(self) -> None:
        """See `gifti_series.Volumes`."""

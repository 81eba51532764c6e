"""Small pictures of maps on the three planes through a seed, all alike."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from .palette import few_colors
from .slices import Underlay

STEP = 2
"""mm of a thumbnail's pixel."""

PALETTE = 96
"""Colours of a thumbnail."""


class Thumbnails:
    """Small pictures of maps on three planes through a seed, all at the same place and in the same colours.

    Parameters
    ----------
    centre : tuple of float
        mm.
    threshold, vmax : float
    cmap : str
    background : nibabel image, optional
        What is drawn below the map: the run's mean, for a run outside of MNI space.
    """

    def __init__(
        self, centre: Sequence[float], threshold: float, vmax: float, cmap: str, background: Any = None
    ) -> None:
        self.underlay = Underlay(zip("xyz", centre, strict=True), STEP, background)
        self.colors = (threshold, vmax, cmap)

    def draw(self, image: Any) -> bytes:
        """Draw a map.

        Parameters
        ----------
        image : nibabel image
            Map of r.

        Returns
        -------
        bytes
            PNG.
        """
        return beside(self.underlay.lay(image, *self.colors))


def beside(panels: Sequence[np.ndarray]) -> bytes:
    """Put the pixels of planes beside each other, their middles at one height.

    Parameters
    ----------
    panels : sequence of numpy.ndarray of uint8, shape (height, width, 3)

    Returns
    -------
    bytes
        PNG.
    """
    from PIL import Image

    height = max(panel.shape[0] for panel in panels)
    padded = []
    for panel in panels:
        missing = height - panel.shape[0]
        around = ((missing // 2, missing - missing // 2), (0, 0), (0, 0))
        padded.append(np.pad(panel, around, constant_values=255))
    file = io.BytesIO()
    few_colors(Image.fromarray(np.concatenate(padded, axis=1)), PALETTE).save(file, "png", optimize=True)
    return file.getvalue()

"""What a run's maps are drawn on: slices of a brain, or both hemispheres of the cortex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..connectivity import summaries
from ..images import layouts, meshes, nifti
from ..study.bids import in_mni
from . import cortex, group_maps, published

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from nibabel.spatialimages import SpatialImage


class Canvas:
    """What maps are drawn on.

    Parameters
    ----------
    layout : layouts.Layout
        How the maps stand in their files.
    surfaces : dict, optional
        The meshes of maps on the cortical surface.
    background : nibabel image, optional
        What maps of voxels without MNI coordinates are drawn on.
    """

    def __init__(
        self,
        layout: layouts.Layout,
        surfaces: Mapping | None = None,
        background: SpatialImage | None = None,
    ) -> None:
        self.layout, self.surfaces, self.background = layout, surfaces, background
        self.drawn, self.greys = meshes.for_drawing(surfaces["space"], surfaces) if surfaces else ({}, {})

    @classmethod
    def of_run(
        cls,
        layout: layouts.Layout,
        run_labels: Mapping[str, str],
        mean: str | Sequence[str] | None = None,
        surfaces: Mapping | None = None,
    ) -> Canvas:
        """What maps of a run are drawn on, whose `mean` over time lies below those outside of MNI space."""
        below = isinstance(mean, str) and not surfaces and not in_mni(run_labels["space"])
        return cls(layout, surfaces, nifti.load(str(mean), 3) if below else None)

    @property
    def affine(self) -> np.ndarray | None:
        """Of a grid, of shape (4, 4)."""
        return None if self.surfaces else self.layout.affine

    def plot_map(
        self,
        paths: Sequence[str],
        brain: np.ndarray,
        seed: Mapping,
        threshold: float,
        vmax: float,
        title: str,
        cmap: str,
        label: str = "Pearson r",
    ) -> tuple[Figure, str]:
        """Draw a map of correlations with its seed.

        Parameters
        ----------
        paths : sequence of str
            Of the map; one, or one for each hemisphere.
        brain : numpy.ndarray of bool, of the shape of the layout
        seed : dict
            From the sidecar of the run's seed series.
        threshold, vmax : float
            |r| where the colours begin and end.
        title, cmap : str
        label : str
            Of the colour bar.

        Returns
        -------
        figure : matplotlib.figure.Figure
        alt : str
            What it shows, in words and numbers.
        """
        values = self.layout.read(paths)
        summary = summaries.summarise(values[brain].astype(np.float32), threshold)
        alt = self.layout.said(summaries.sentence(summary))
        if self.surfaces:
            remark = self.layout.said(summaries.remark(summary, seed))
            halves = self.layout.hemispheres(values)
            figure = cortex.plot_map(halves, self.drawn, self.greys, seed, threshold, vmax, title, remark, cmap, label)
        else:
            image = nifti.load(paths[0], 3)
            figure = published.plot_map(image, brain, seed, threshold, vmax, title, cmap, self.background, label)
        return figure, alt

    def plot_shown(
        self, shown: group_maps.Shown, highlight: bool, title: str, subtitle: str, cmap: str
    ) -> tuple[Figure, str]:
        """Draw a map with what passes of it; see `group_maps.plot`, and `plot_map` for what comes back."""
        if self.surfaces:
            halves, words = self.layout.hemispheres, self.layout.words
            figure = group_maps.plot_on_cortex(
                shown, highlight, halves, self.drawn, self.greys, title, subtitle, cmap, words
            )
        else:
            figure = group_maps.plot(shown, highlight, title, subtitle, cmap, self.background)
        return figure, self.layout.said(shown.sentence)

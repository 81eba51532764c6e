"""What chance would make of the peaks of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..images.grid import nearest_voxels
from .null import minus_log10_p

if TYPE_CHECKING:
    import pandas
    from nibabel.spatialimages import SpatialImage


def with_z(table: pandas.DataFrame, z_image: SpatialImage) -> pandas.DataFrame:
    """Add z-scores and p to the peaks of a table of clusters.

    Parameters
    ----------
    table : pandas.DataFrame
        From `nodes.cluster_table`.
    z_image : nibabel image
        Map of z-scores on the grid of the map that the clusters are of.

    Returns
    -------
    pandas.DataFrame
        With ``peak_z`` and ``minus_log10_p`` (two-sided, of this voxel alone) after ``peak_r``; NaN where z is
        undefined.
    """
    points = table[["x", "y", "z"]].to_numpy(dtype=float)
    voxels = nearest_voxels(z_image.affine, points)
    z = np.asarray(z_image.dataobj)[tuple(voxels.T)].astype(float)
    place = table.columns.get_loc("peak_r") + 1
    table = table.copy()
    table.insert(place, "peak_z", z)
    table.insert(place + 1, "minus_log10_p", minus_log10_p(z))
    return table

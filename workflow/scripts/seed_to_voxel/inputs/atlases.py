"""Nodes of the brain with the names of their networks, from the tables that nilearn ships."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas


def dosenbach(ordered: bool = True) -> pandas.DataFrame:
    """The 160 nodes of Dosenbach et al. 2010.

    Parameters
    ----------
    ordered : bool
        Network by network; else in the order of the publication.

    Returns
    -------
    pandas.DataFrame
        Columns x, y, z (MNI mm), label, name (without the number that tells nodes of one place apart), network.
    """
    from nilearn import datasets

    bunch = datasets.fetch_coords_dosenbach_2010(ordered_regions=ordered)
    labels = [str(label) for label in bunch.labels]
    # "post cingulate 111"
    names = [label.rsplit(" ", 1)[0] for label in labels]
    return _table(bunch.rois, label=labels, name=names, network=map(str, bunch.networks))


def seitzman() -> pandas.DataFrame:
    """The 300 nodes of Seitzman et al. 2018, those that belong to a network.

    Returns
    -------
    pandas.DataFrame
        Columns x, y, z (MNI mm), name (of the region), network.
    """
    from nilearn import datasets

    bunch = datasets.fetch_coords_seitzman_2018()
    regions = {"cortexL": "left cortex", "cortexR": "right cortex", "cortexMid": "midline cortex"}
    names = [regions.get(region, region) for region in bunch.regions]
    table = _table(bunch.rois, name=names, network=map(str, bunch.networks))
    return table[table["network"] != "unassigned"].reset_index(drop=True)


def _table(coordinates: pandas.DataFrame, **columns: Iterable[str]) -> pandas.DataFrame:
    """Put names beside coordinates."""
    table = coordinates[["x", "y", "z"]].reset_index(drop=True).astype(float)
    return table.assign(**{name: list(values) for name, values in columns.items()})

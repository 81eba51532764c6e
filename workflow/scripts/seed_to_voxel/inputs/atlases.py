"""Nodes of the brain with the names of their networks, from the tables that nilearn ships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import shipped

if TYPE_CHECKING:
    import pandas


def dosenbach() -> pandas.DataFrame:
    """The 160 nodes of Dosenbach et al. 2010, network by network.

    Returns
    -------
    pandas.DataFrame
        Columns x, y, z (MNI mm), label, name (without the number that tells nodes of one place apart), network; in the
        order of `nilearn.datasets.fetch_coords_dosenbach_2010`.
    """
    import pandas

    table = pandas.DataFrame(shipped.dosenbach()).sort_values(["network", "name", "y"], ignore_index=True)
    # "post cingulate 111"
    table["label"] = table["name"] + " " + table["number"].astype(str)
    return table[["x", "y", "z", "label", "name", "network"]]


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
    table = bunch.rois[["x", "y", "z"]].reset_index(drop=True).astype(float)
    table = table.assign(name=names, network=list(map(str, bunch.networks)))
    return table[table["network"] != "unassigned"].reset_index(drop=True)

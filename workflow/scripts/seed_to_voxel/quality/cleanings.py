"""Cleanings side by side over all runs of a study: medians of the runs' tables, and what goes with head motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import tables
from ..statistics.cleanings import COLUMNS as OF_A_RUN
from ..statistics.cleanings import NOT_TRUTH
from ..study.cleanings import MAIN
from . import qcfc

if TYPE_CHECKING:
    import pandas

WORDS = ("seed", "cleaning", "network", "excluded")
"""Columns of a run's table that are no numbers."""

NUMBERS = tuple(name for name in OF_A_RUN if name not in WORDS)
"""Those that are: their medians over the runs stand in the study's table."""

OF_MOTION = {
    "qcfc_edges": (
        "Edges, from the seed to the nodes of Dosenbach et al. (2010), that QC-FC could be computed of: the Pearson "
        "correlation over participants of an edge's Fisher z with the mean framewise displacement (Ciric et al. 2017)"
    ),
    "qcfc_median": (
        "Median of |QC-FC| over these edges. By chance it is about 0.67 / sqrt(n - 2) for n participants, and more or "
        "less of it by as much as edges depend on each other"
    ),
    "qcfc_share": "Share of these edges with p < 0.05, not corrected; 0.05 by chance",
    "qcfc_distance": (
        "Correlation over these edges of QC-FC with the distance between seed and node: motion that is left makes near "
        "places alike. Regression of the global signal is known to lower QC-FC and to leave more of this"
    ),
}
"""Columns of the study's table that are there where enough participants are, with what each is."""

COLUMNS = {
    "seed": OF_A_RUN["seed"],
    "cleaning": OF_A_RUN["cleaning"],
    "runs": "Runs with a map of the seed after this cleaning, whose medians follow",
    **{
        name: f"{what}. Median over these runs" if name in NUMBERS else what
        for name, what in OF_A_RUN.items()
        if name in (*NUMBERS, "network")
    },
    **OF_MOTION,
}
"""Columns of the study's table, with what each is."""


def read_rows(path: str) -> list[dict[str, Any]]:
    """Read a run's table of cleanings.

    Returns
    -------
    list of dict
        A seed after a cleaning each; None where there is no value.
    """
    names, *lines = tables.cells(path)
    return [
        {
            name: None if cell in tables.MISSING else cell if name in WORDS else float(cell)
            for name, cell in zip(names, line, strict=True)
        }
        for line in lines
    ]


def over_runs(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Medians over runs.

    Parameters
    ----------
    rows : sequence of dict
        From `read_rows`, of all runs; each has every seed and cleaning in the same order.

    Returns
    -------
    list of dict
        A seed after a cleaning each; see `COLUMNS`.
    """
    found = []
    for seed, cleaning in dict.fromkeys((row["seed"], row["cleaning"]) for row in rows):
        own = [row for row in rows if (row["seed"], row["cleaning"]) == (seed, cleaning) and not row["excluded"]]
        known = {name: [row[name] for row in own if row[name] is not None] for name in NUMBERS}
        medians = {name: float(np.median(values)) if values else None for name, values in known.items()}
        # A seed that is a peak of each run's own can lie in several.
        networks = sorted({row["network"] for row in own if row["network"] is not None})
        numbers = {**medians, "network": ", ".join(networks) or None}
        found.append(
            {
                "seed": seed,
                "cleaning": cleaning,
                "runs": len(own),
                **{name: numbers[name] for name in COLUMNS if name in numbers},
                **dict.fromkeys(OF_MOTION),
            }
        )
    return found


def with_motion(
    rows: Sequence[Mapping[str, Any]],
    z_maps: Mapping[str, Sequence[Sequence[str]]],
    labels: Sequence[str],
    mean_fd: Sequence[float | None],
    subjects: Sequence[str],
    nodes: pandas.DataFrame,
    places: Sequence[Sequence[float]],
    coordinates: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Say of each cleaning how far edges go with head motion over participants.

    Parameters
    ----------
    rows : sequence of dict
        From `over_runs`.
    z_maps : dict of str to sequence of sequence of str
        For each cleaning the files of the maps of Fisher z, the seeds of each run in turn.
    labels : sequence of str
        Of the seeds.
    mean_fd : sequence of float or None
        Of each run, mm.
    subjects : sequence of str
        Whose each run is.
    nodes : pandas.DataFrame
        From `atlases.dosenbach`.
    places : sequence of (x, y, z)
        Centres of the seeds, mm.
    coordinates : sequence of str
        See `qcfc.edges_of_runs`.

    Returns
    -------
    list of dict
    """
    found = [dict(row) for row in rows]
    for cleaning, paths in z_maps.items():
        edges = qcfc.of_subjects(qcfc.edges_of_runs(paths, len(labels), nodes, coordinates), mean_fd, subjects)
        table = qcfc.correlate_with_motion(*edges, labels, nodes, places)
        for row in found:
            if row["cleaning"] == cleaning:
                said = qcfc.describe(table[table["seed"] == row["seed"]])
                row["qcfc_edges"] = said["NumberOfEdges"]
                row["qcfc_median"] = said["MedianAbsoluteR"]
                row["qcfc_share"] = said["ShareOfEdgesBelow005"]
                row["qcfc_distance"] = said["CorrelationOfRWithDistance"]
    return found


def describe(does: Mapping[str, str], n_runs: int) -> dict[str, Any]:
    """The JSON file beside the study's table; `does` says what each cleaning does otherwise."""
    return {
        "Description": "Maps after several cleanings, side by side over all runs",
        "Caveat": NOT_TRUTH,
        "NumberOfRuns": n_runs,
        "Cleanings": {MAIN: "the study's own", **does},
        **{name: {"Description": text} for name, text in COLUMNS.items()},
    }

"""Designs as files: their table, what is said beside it, and how they are read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..base.provenance import versions
from ..study.groups import OWN_COLUMNS, names_in
from .designs import Design
from .strata import positions

ROW = "unit"
"""Column of a design's table that names the row: ``sub-01``, or ``sub-01_ses-A``."""

LEFT_OUT = {
    ROW: {"Description": "Subject, or session of a subject, that is in no row of the model"},
    "reason": {"Description": "Why it is in none"},
}
"""The JSON file beside the table of who was left out."""


def with_quality(
    unit: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]], statistics: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Add the quality of its runs to what is known of a unit.

    Parameters
    ----------
    unit : dict
        ``name``, ``subject``, ``session`` and ``runs``, those that were admitted.
    metrics : sequence of dict
        Of each run's quality: ``mean_fd``.
    statistics : sequence of dict
        Of each run: ``effective_degrees_of_freedom``, and ``seeds`` with the ``nu`` of each, None without a map.

    Returns
    -------
    dict
        With ``mean_fd``, the mean over the runs; ``nu``, the sum over them; and ``n_runs``. None where a run lacks one.
        ``without`` are the labels of seeds that no run has a map of.
    """
    fd = [run["mean_fd"] for run in metrics]
    nu = [run["effective_degrees_of_freedom"] for run in statistics]
    maps = [{label for label, seed in run["seeds"].items() if seed["nu"] is not None} for run in statistics]
    asked = [label for run in statistics[:1] for label in run["seeds"]]
    return {
        **{name: unit[name] for name in ("name", "subject", "session")},
        "without": [label for label in asked if not any(label in found for found in maps)],
        "mean_fd": float(np.mean(fd)) if fd and None not in fd else None,
        "nu": float(np.sum(nu)) if nu and None not in nu else None,
        "n_runs": len(metrics),
    }


def columns(design: Design) -> dict[str, list]:
    """A design as a table: the name of each row, whose it is, and the columns."""
    return {
        ROW: design.rows,
        "subject": design.subjects,
        **{name: column.tolist() for name, column in zip(design.names, design.matrix.T, strict=True)},
    }


def left_out_columns(design: Design) -> dict[str, list]:
    """Who is in no row of a design, as a table."""
    return {ROW: [name for name, _ in design.left_out], "reason": [why for _, why in design.left_out]}


def describe(design: Design, model: Mapping[str, Any], sources: Sequence[str]) -> dict[str, Any]:
    """The JSON file beside a design's table.

    Parameters
    ----------
    design : Design
    model : dict
        From `study.groups.Model.described`.
    sources : sequence of str
        BIDS URIs.

    Returns
    -------
    dict
        What `read` takes as well.
    """
    return {
        "Description": "Design of a model of the subjects' maps, a row a subject or a session of a subject",
        "Model": model["name"],
        "Formula": model["formula"],
        "Columns": design.names,
        "Terms": design.terms,
        "Errors": model["errors"],
        "VarianceGroups": (
            {"Column": model["variance_groups"], "Rows": design.variance_groups} if design.variance_groups else None
        ),
        "NumberOfSubjects": len(set(design.subjects)),
        "NumberOfRows": len(design.rows),
        "NumberOfColumns": len(design.names),
        "Groups": groups_of(design),
        "Notes": design.notes,
        "LeftOut": [{ROW: name, "Reason": why} for name, why in design.left_out],
        **({"Sessions": design.values["session"].tolist()} if len(set(design.subjects)) < len(design.rows) else {}),
        "ColumnsOfTheRuns": {name: text for name, text in OWN_COLUMNS.items() if name in names_in(model["formula"])},
        "Sources": list(sources),
        "Software": versions("formulaic", "numpy", "pandas"),
    }


def groups_of(design: Design) -> dict[str, dict[str, int]]:
    """How many subjects each level has of the columns of text in a model."""
    found = {}
    for name in design.values.columns:
        values = design.values[name]
        if name in ("name", "subject") or values.dtype.kind in "fi" or values.isna().any() or values.nunique() < 2:
            continue
        members = design.values.groupby(values, sort=True)["subject"].nunique()
        found[name] = {str(level): int(count) for level, count in members.items()}
    return found


def read(lines: Sequence[Sequence[str]], described: Mapping[str, Any]) -> Read:
    """A design from its files.

    Parameters
    ----------
    lines : list of list of str
        Cells of the table.
    described : dict
        The JSON file beside it.

    Returns
    -------
    Read
    """
    header, *rows = lines
    return Read(
        model=described["Model"],
        errors=described["Errors"],
        rows=[row[0] for row in rows],
        subjects=np.array([row[1] for row in rows]),
        names=list(header[2:]),
        matrix=np.array([[float(cell) for cell in row[2:]] for row in rows]),
        terms=described["Terms"],
        variance_groups=np.array(described["VarianceGroups"]["Rows"]) if described["VarianceGroups"] else None,
        sessions=described.get("Sessions"),
    )


class Read(NamedTuple):
    """A design as the jobs that fit it read it; see `Design`."""

    model: str
    errors: str
    rows: list[str]
    subjects: np.ndarray
    names: list[str]
    matrix: np.ndarray
    terms: dict[str, list[int]]
    variance_groups: np.ndarray | None
    sessions: list[str] | None = None

    @property
    def labels(self) -> list:
        """Session of each row: its label, or its place among its subject's rows."""
        return positions(self.subjects.tolist()) if self.sessions is None else self.sessions

    @property
    def repeated(self) -> bool:
        """Whether a subject has several rows."""
        return len(set(self.subjects.tolist())) < len(self.subjects)

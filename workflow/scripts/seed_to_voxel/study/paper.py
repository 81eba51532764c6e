"""What a paper asks for: its figures, each a grid of panels, its tables and the numbers that its text quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base.errors import InputError
from .paper_panels import Paths, Sources

JOURNALS: dict[str, tuple[float, float, float]] = {
    "generic": (85, 175, 230),
    "nature": (89, 183, 170),  # leaves room for the legend
    "science": (57, 121, 230),
    "cell": (85, 174, 235),
    "elsevier": (90, 190, 240),  # NeuroImage, Cortex, Neuropsychologia
    "wiley": (80, 180, 230),  # Human Brain Mapping
    "oxford": (86, 178, 230),  # Cerebral Cortex, Brain
    "springer": (84, 174, 234),
    "frontiers": (85, 180, 225),
    "plos": (132, 190.5, 222),
    "pnas": (87, 178, 225),
    "jneurosci": (85, 176, 235),
    "ieee": (88.9, 181, 216),
}
"""By the journal's or publisher's name, widths of one and of two columns and the largest height, mm, as guidelines for
authors state them. They change: a width in mm stands for any other."""

FORMATS = ("pdf", "svg", "png", "tiff")

TABLES = ("clusters", "participants", "quality")

OF_MAPS = (
    *("r_min", "r_max", "z_min", "z_max", "volumes", "voxels", "vertices"),
    *("r_at", "z_at", "r_mean", "z_mean", "r_spatial", "z_spatial"),
)
"""Quantities of a map of a run, as `pages.printed` has them."""

OF_FILES = ("_mean", "_spatial")
"""How quantities end that are of a map beside a file."""

PLACES_OF = {
    "vertex": ("_at",),
    "hemisphere": ("_at", "_mean", "_spatial"),
    "file_right": ("_mean", "_spatial"),
    "label": ("_mean",),
}
"""What quantities of runs on the cortical surface may have besides, by how they end."""

PLACES = ("at", "vertex", "hemisphere", "label")
KEYS_OF_FILES = ("file", "file_right")
"""Where a number is from: a place, and files."""

OF_TABLES = ("clusters",)
"""Quantities of a table of clusters."""

OF_STUDY = ("participants", "runs", "quality")
"""Quantities of all runs."""

DEFAULT_HEIGHT = 45.0
"""mm of a row of panels."""


@dataclass(frozen=True)
class Files:
    """A thing of the paper, and the files that it is made from.

    Attributes
    ----------
    described : dict
        What is to be made, as plain values, for the script.
    files : dict of str to str, or list of str
        By role; of figures, the panel's letter stands before it. An image of both hemispheres has two.
    runs : tuple of str
        Paths of the runs that they are of, all of which must go on.
    """

    described: dict[str, Any]
    files: Paths
    runs: tuple[str, ...] = ()

    @property
    def paths(self) -> list[str]:
        """All of the files."""
        return [path for paths in self.files.values() for path in ([paths] if isinstance(paths, str) else paths)]

    def checked(self, is_admitted: Callable[[str], bool]) -> Paths:
        """The files, if none of them is of a run that was refused.

        Parameters
        ----------
        is_admitted : callable
            Whether a run goes on.

        Raises
        ------
        InputError
            With the run.
        """
        for run in self.runs:
            if not is_admitted(run):
                raise InputError(
                    f"paper: {self.described['name']} is of {run.rpartition('/')[2]}, which is refused for its "
                    "quality; expected a run that goes on: name another by run, or change quality.refuse"
                )
        return self.files


WRITTEN = (("numbers.tex", "numbers.json"), ("figures.tex", "captions.md", "index.html"))
"""Files of the paper as a whole, those of a job together."""


def drawn(name: str) -> tuple[str, ...]:
    """Files of a figure for the paper's page, which are there whatever formats it has."""
    return f"page/{name}.json", f"page/{name}.png"


def in_formats(name: str, formats: Iterable[str]) -> tuple[str, ...]:
    """Files of a figure for a journal."""
    return tuple(f"figures/{name}.{ending}" for ending in formats)


def printed(name: str) -> tuple[str, ...]:
    """Files of a table."""
    return tuple(f"tables/{name}.{ending}" for ending in ("tex", "html", "tsv"))


@dataclass(frozen=True)
class Paper:
    """What is to be made.

    Attributes
    ----------
    figures, tables : dict of str to Files
        By their names.
    numbers : list of Files
    look : dict
        ``formats``, ``dpi``, ``font_size`` (pt) and ``font``.
    """

    figures: dict[str, Files]
    tables: dict[str, Files]
    numbers: list[Files]
    look: dict[str, Any]

    def __iter__(self) -> Iterator[Files]:
        yield from (*self.figures.values(), *self.tables.values(), *self.numbers)

    def __bool__(self) -> bool:
        return bool(self.figures or self.tables or self.numbers)

    @property
    def made(self) -> set[str]:
        """All files that it leaves, relative to its folder."""
        of_figures = [path for name in self.figures for path in (*drawn(name), *in_formats(name, self.look["formats"]))]
        of_tables = [path for name in self.tables for path in printed(name)]
        return {*of_figures, *of_tables, *(path for job in WRITTEN if self for path in job)}


class Reader:
    """Reads the section ``paper`` of a config.

    Parameters
    ----------
    sources : Sources
    """

    def __init__(self, sources: Sources) -> None:
        self.sources, self.config, self.names = sources, sources.config, sources.names

    def read(self, participants: str | None) -> Paper:
        """Find what all figures, tables and numbers are made from.

        Parameters
        ----------
        participants : str or None
            The table of participants, where there is one.

        Raises
        ------
        InputError
            With the figure and the panel, if something is not there.
        """
        wanted = self.config["paper"]
        look = {name: wanted[name] for name in ("formats", "dpi", "font_size", "font")}
        if self.config["part"] is not None:
            # As with groups: of one study there is one paper, and a part has not all of its runs.
            return Paper({}, {}, [], look)
        figures: dict[str, Files] = {}
        for number, figure in enumerate(wanted["figures"], start=1):
            where = f"paper.figures: figure {figure['name']}"
            if figure["name"] in figures:
                raise InputError(f"{where} is there twice; expected a name of its own for each figure")
            figures[figure["name"]] = self._figure(where, figure, number)
        tables: dict[str, Files] = {}
        for table in wanted["tables"]:
            where = f"paper.tables: table {table['name']}"
            if table["name"] in tables:
                raise InputError(f"{where} is there twice; expected a name of its own for each table")
            tables[table["name"]] = self._table(where, table, participants)
        numbers: list[Files] = []
        for entry in wanted["numbers"]:
            where = f"paper.numbers: {entry['name']}"
            if entry["name"] in {known.described["name"] for known in numbers}:
                raise InputError(f"{where} is there twice; expected a name of its own for each number")
            numbers.append(self._number(where, entry))
        return Paper(figures, tables, numbers, look)

    def _figure(self, where: str, figure: Mapping[str, Any], number: int) -> Files:
        single, double, highest = JOURNALS[self.config["paper"]["journal"]]
        width = {"single": single, "double": double}.get(figure["width"], figure["width"])
        if isinstance(width, str):
            raise InputError(f"{where}: width is {width!r}; expected single, double, or a number of mm")
        if not 25 <= width <= 300:
            raise InputError(f"{where}: width is {width:g} mm; expected 25 to 300")
        layout = figure["layout"]
        columns = {len(row) for row in layout}
        if len(columns) > 1:
            raise InputError(f"{where}: rows of its layout are of unlike length ({', '.join(layout)})")
        cells = grid(where, layout)
        panels = figure["panels"]
        if set(cells) != set(panels):
            raise InputError(
                f"{where}: its layout has {', '.join(sorted(cells))} and its panels are {', '.join(sorted(panels))}; "
                "expected the same letters"
            )
        heights = figure["row_heights"] or [DEFAULT_HEIGHT] * len(layout)
        if len(heights) != len(layout):
            raise InputError(f"{where}: row_heights has {len(heights)} values; expected {len(layout)}, one a row, mm")
        if sum(heights) > highest:
            raise InputError(
                f"{where}: its rows are {sum(heights):g} mm high together; expected {highest:g} at most, a page of "
                f"{self.config['paper']['journal']}"
            )
        files: Paths = {}
        described, runs = {}, []
        for letter in sorted(panels):
            if panels[letter]["kind"] != "image" and "model" not in panels[letter]:
                runs.append(self.sources.run(f"{where}, panel {letter}", panels[letter]).path)
            panel, own = self.sources.panel(f"{where}, panel {letter}", panels[letter])
            described[letter] = panel
            files |= {f"{letter}_{role}": path for role, path in own.items()}
        return Files(
            {
                "name": figure["name"],
                "number": number,
                "title": figure["title"],
                "caption": figure["caption"],
                "width": width,
                "heights": heights,
                "cells": cells,
                "panels": described,
            },
            files,
            tuple(dict.fromkeys(runs)),
        )

    def _table(self, where: str, table: Mapping[str, Any], participants: str | None) -> Files:
        described: dict[str, Any] = {name: table[name] for name in ("name", "kind", "columns", "caption", "rows")}
        kind = table["kind"]
        if kind == "quality":
            return Files(described, {"table": f"{self.names.over_runs}/qc.tsv"})
        if kind == "participants":
            if participants is None:
                raise InputError(
                    f"{where}: this study has no table of participants; expected participants.tsv in the dataset's "
                    "folder, or groups.participants"
                )
            return Files(described, {"table": participants})
        path, run = self.sources.clusters(where, table)
        return Files(described, {"table": path}, (run.path,) if run else ())

    def _number(self, where: str, entry: Mapping[str, Any]) -> Files:
        described = {name: entry.get(name) for name in ("name", "quantity", "format", "column", "of", *PLACES)}
        quantity = entry["quantity"]
        self._check_number(where, entry)
        if quantity in OF_STUDY:
            return Files(described, {"table": f"{self.names.over_runs}/qc.tsv"})
        seed = self.sources.seed(where, entry)
        if quantity == "clusters":
            path, run = self.sources.clusters(where, entry)
            of = {"run": run.labels} if run else {"model": entry["model"]}
            described |= {**of, "seed": seed, "row": entry["row"]}
            return Files(described, {"table": path}, (run.path,) if run else ())
        run = self.sources.run(where, entry)
        described |= {"run": run.labels, "seed": seed}
        if self.sources.surfaces:
            described["surfaces"] = self.sources.surfaces
        files: Paths = dict(self.sources.meshes)
        for name, stat in (("r", "pearsoncorrelation"), ("z", "fisherz")):
            files[name] = self.sources.derived(run, "statmap.json", seed=seed, stat=stat)
            files[f"{name}_map"] = self.sources.image(run, "statmap", seed=seed, stat=stat)
        return Files(described, files | {name: entry[name] for name in KEYS_OF_FILES if name in entry}, (run.path,))

    def _check_number(self, where: str, entry: Mapping[str, Any]) -> None:
        """Refuse a number that lacks what its quantity needs, or has what it does not take."""
        quantity, on_surface = entry["quantity"], self.sources.surfaces is not None
        if (quantity in ("quality", "clusters")) != ("column" in entry):
            raise InputError(
                f"{where}: column, of qc.tsv or of a table of clusters, is what the quantities quality and clusters "
                "need and no other"
            )
        if "model" in entry and quantity != "clusters":
            raise InputError(f"{where}: {quantity} is of a run; a model has clusters")
        if "vertex" in entry and "at" in entry:
            raise InputError(f"{where}: it has at and vertex; expected one of them")
        needs = {"at": quantity.endswith("_at") and "vertex" not in entry, "file": quantity.endswith(OF_FILES)}
        for name, needed in needs.items():
            if needed != (name in entry):
                also = " or vertex" if name == "at" and on_surface and needed else ""
                raise InputError(f"{where}: {quantity} {'needs' if needed else 'takes no'} {name}{also}")
        for name, owners in PLACES_OF.items():
            if name in entry and not (on_surface and quantity.endswith(owners)):
                raise InputError(
                    f"{where}: {quantity} takes no {name}, which is for {' and '.join(f'r{end}' for end in owners)} of "
                    "runs on the cortical surface"
                )
        if quantity == "vertices" and not on_surface:
            raise InputError(f"{where}: vertices are of runs on the cortical surface; expected voxels")
        if "file_right" in entry and "hemisphere" in entry:
            raise InputError(
                f"{where}: it has file_right and hemisphere {entry['hemisphere']}; expected one of them: file and "
                "file_right are of the left and of the right hemisphere"
            )
        if "vertex" in entry and "hemisphere" not in entry:
            raise InputError(f"{where}: the vertex {entry['vertex']} is of no hemisphere; expected L or R")


def grid(where: str, layout: Sequence[str]) -> dict[str, list[int]]:
    """Places of panels in a layout such as ``["AAB", "CCC"]``.

    Parameters
    ----------
    where : str
        The figure, for messages.
    layout : sequence of str
        A letter a cell; ``.`` for an empty one.

    Returns
    -------
    dict of str to list of int
        Of each letter its first row and column, and how many rows and columns it has.

    Raises
    ------
    InputError
        If a panel is no rectangle.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    for row, letters in enumerate(layout):
        for column, letter in enumerate(letters):
            if letter != ".":
                places.setdefault(letter, []).append((row, column))
    found = {}
    for letter, cells in places.items():
        if not re.fullmatch("[A-Z]", letter):
            raise InputError(f"{where}: its layout has {letter!r}; expected letters A to Z, and . for an empty cell")
        rows, columns = ([cell[axis] for cell in cells] for axis in (0, 1))
        size = (max(rows) - min(rows) + 1, max(columns) - min(columns) + 1)
        if size[0] * size[1] != len(cells):
            raise InputError(f"{where}: panel {letter} is no rectangle in its layout ({', '.join(layout)})")
        found[letter] = [min(rows), min(columns), *size]
    return found

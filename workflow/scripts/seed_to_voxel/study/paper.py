"""What a paper asks for: its figures, each a grid of panels, its tables and the numbers that its text quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base.errors import InputError
from . import bids, groups
from .names import Names

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

MAPS = ("slices", "glassbrain", "surface")
"""Kinds of panels with a map, of a run or of a group."""

KINDS = (*MAPS, "series", "voxels", "matrix", "distribution", "networks", "reliability", "image")

TABLES = ("clusters", "participants", "quality")

OF_MAPS = ("r_min", "r_max", "z_min", "z_max", "volumes", "voxels", "r_at", "z_at", "r_mean", "z_mean")
"""Quantities of a map of a run, as `pages.printed` has them."""

OF_STUDY = ("participants", "runs", "quality")
"""Quantities of all runs."""

DEFAULT_HEIGHT = 45.0
"""mm of a row of panels."""

COLORED = ("threshold", "vmax", "cmap")
"""Of ``maps``, what a panel with a map depends on, if it does not set it itself."""


@dataclass(frozen=True)
class Files:
    """A thing of the paper, and the files that it is made from.

    Attributes
    ----------
    described : dict
        What is to be made, as plain values, for the script.
    files : dict of str to str
        By role; of figures, the panel's letter stands before it.
    runs : tuple of str
        Paths of the runs that they are of, all of which must go on.
    """

    described: dict[str, Any]
    files: dict[str, str]
    runs: tuple[str, ...] = ()

    def checked(self, is_admitted: Callable[[str], bool]) -> dict[str, str]:
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


class Reader:
    """Reads the section ``paper`` of a config.

    Parameters
    ----------
    config : dict
        Checked, with its defaults.
    runs : dict of str to bids.Run
    labels : sequence of str
        Of the seeds.
    asked : groups.Groups
    names : Names
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        runs: Mapping[str, bids.Run],
        labels: Sequence[str],
        asked: groups.Groups,
        names: Names,
    ) -> None:
        self.config, self.runs, self.labels = config, runs, labels
        self.groups, self.names = asked, names

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
        files: dict[str, str] = {}
        described, runs = {}, []
        for letter in sorted(panels):
            if panels[letter]["kind"] != "image" and "model" not in panels[letter]:
                runs.append(self._run(f"{where}, panel {letter}", panels[letter]).path)
            panel, own = self._panel(f"{where}, panel {letter}", panels[letter])
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

    def _panel(self, where: str, panel: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        kind = panel["kind"]
        described: dict[str, Any] = {"kind": kind, "title": panel.get("title", "")}
        if kind == "image":
            if "file" not in panel:
                raise InputError(f"{where}: an image needs its file")
            described["file"] = panel["file"]
            return described, {"image": described["file"]}
        if "file" in panel:
            raise InputError(f"{where}: file is for the kind image, and this is {kind}")
        if kind in MAPS:
            described |= {name: panel.get(name, self.config["maps"][name]) for name in COLORED}
            if described["threshold"] > described["vmax"] and "model" not in panel:
                raise InputError(
                    f"{where}: threshold is {described['threshold']:g}; expected no more than vmax, "
                    f"{described['vmax']:g}, where colours end"
                )
            described |= {name: panel[name] for name in ("cuts", "views", "crosshair") if name in panel}
        if "model" in panel:
            if kind not in MAPS:
                raise InputError(f"{where}: a {kind} is of a run; a model has {', '.join(MAPS)}")
            return self._of_group(where, panel, described)
        run = self._run(where, panel)
        seed = self._seed(where, panel) if kind not in ("voxels", "matrix", "reliability") else None
        described |= {"run": run.labels, "seed": seed}
        in_mni = bids.in_mni(run.space)
        if kind in ("glassbrain", "surface", "networks") and not in_mni:
            raise InputError(f"{where}: a {kind} needs MNI coordinates, and {run.stem} is in {run.space} space")
        if kind == "distribution":
            described["threshold"] = panel.get("threshold", self.config["maps"]["threshold"])
        return described, self._of_run(where, kind, run, seed, in_mni)

    def _of_run(self, where: str, kind: str, run: bids.Run, seed: str | None, in_mni: bool) -> dict[str, str]:
        """Files that a panel of a run is drawn from."""

        def derived(suffix: str, **entities: str) -> str:
            return self.names.derived(suffix, **entities).format(run=run.path)

        sidecar = derived("timeseries.json", desc="seeds")
        if kind == "series":
            return {"series": derived("timeseries.tsv", desc="seeds"), "sidecar": sidecar}
        if kind == "voxels":
            return {"series": derived("timeseries.tsv", desc="examplevoxels"), "sidecar": sidecar}
        if kind == "reliability":
            return {"table": derived("table.tsv", desc="reliability")}
        if kind == "matrix":
            if len(self.labels) < 2:
                raise InputError(f"{where}: a matrix is of seeds among themselves, and there is {self.labels[0]} alone")
            return {
                "r": derived("relmat.tsv", seg="seeds", stat="pearsoncorrelation"),
                "partial": derived("relmat.tsv", seg="seeds", stat="partialcorrelation"),
                "about": derived("relmat.json", seg="seeds", stat="partialcorrelation"),
            }
        files = {
            "map": derived("statmap.nii.gz", seed=str(seed), stat="pearsoncorrelation"),
            "mask": derived("mask.nii.gz", desc="brain"),
            "sidecar": sidecar,
        }
        if kind == "distribution":
            files["metrics"] = derived("metrics.json", desc="statistics")
        if not in_mni:
            files["mean"] = derived("boldref.nii.gz", desc="mean")
        return files

    def _of_group(
        self, where: str, panel: Mapping[str, Any], described: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """A panel of a model's contrast, and its files."""
        if "run" in panel:
            raise InputError(f"{where}: it has a run and a model; expected one of them")
        model, contrast = self._test(where, panel)
        seed = self._seed(where, panel)
        stat, of_p = self.groups.shown_by
        test = groups.test_name(model.name, contrast.name)

        def of(stat: str) -> str:
            return self.groups.of_contrast("statmap.nii.gz", seed=seed, stat=stat).format(test=test)

        described |= {
            "seed": seed,
            "model": model.name,
            "contrast": contrast.name,
            "joint": contrast.joint,
            "highlight": panel.get("highlight", True),
            "level": self.config["groups"]["level"],
            "of_p": of_p,
            # None for what the map itself has.
            "vmax": panel.get("vmax"),
        }
        described.pop("threshold")
        files = {"map": of("F" if contrast.joint else "effect"), "z": of("z"), "p": of(stat)}
        first = next(iter(self.runs.values()))
        if not bids.in_mni(first.space):
            if described["kind"] != "slices":
                raise InputError(f"{where}: a {described['kind']} needs MNI coordinates; {first.space} has none")
            files["mask"] = self.groups.of_model("mask.nii.gz", desc="group").format(model=model.name)
        return described, files

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
        if "model" in table:
            model, contrast = self._test(where, table)
            test = groups.test_name(model.name, contrast.name)
            seed = self._seed(where, table)
            path = self.groups.of_contrast("table.tsv", seed=seed, desc="clusters").format(test=test)
            return Files(described, {"table": path})
        run, seed = self._run(where, table), self._seed(where, table)
        if not bids.in_mni(run.space):
            raise InputError(f"{where}: clusters need MNI coordinates, and {run.stem} is in {run.space} space")
        path = self.names.derived("table.tsv", seed=seed, desc="clusters").format(run=run.path)
        return Files(described, {"table": path}, (run.path,))

    def _number(self, where: str, entry: Mapping[str, Any]) -> Files:
        described = {name: entry.get(name) for name in ("name", "quantity", "format", "column", "of", "at")}
        quantity = entry["quantity"]
        if quantity in OF_STUDY:
            if (quantity == "quality") != ("column" in entry):
                raise InputError(f"{where}: column, of qc.tsv, is what the quantity quality needs and no other")
            return Files(described, {"table": f"{self.names.over_runs}/qc.tsv"})
        for name, needed in (("at", quantity.endswith("_at")), ("file", quantity.endswith("_mean"))):
            if needed != (name in entry):
                raise InputError(f"{where}: {quantity} {'needs' if needed else 'takes no'} {name}")
        run, seed = self._run(where, entry), self._seed(where, entry)
        described |= {"run": run.labels, "seed": seed}
        files = {
            f"{name}{end}": self.names.derived(f"statmap.{ending}", seed=seed, stat=stat).format(run=run.path)
            for name, stat in (("r", "pearsoncorrelation"), ("z", "fisherz"))
            for end, ending in (("", "json"), ("_map", "nii.gz"))
        }
        if "file" in entry:
            files["file"] = entry["file"]
        return Files(described, files, (run.path,))

    def _run(self, where: str, asked: Mapping[str, Any]) -> bids.Run:
        """The run that a name, or parts of it, stand for; the first where nothing is said."""
        if "run" not in asked:
            return next(iter(self.runs.values()))
        wanted = set(asked["run"].split("_"))
        found = [run for run in self.runs.values() if wanted <= set(run.stem.split("_"))]
        # A whole name means that run, also where it is a part of another's.
        found = [run for run in found if run.stem == asked["run"]] or found
        if len(found) != 1:
            some = ", ".join(run.stem for run in (found or list(self.runs.values()))[:5])
            raise InputError(
                f"{where}: run is {asked['run']!r}, which {len(found)} runs of the study are; expected one of {some}"
                + (", ..." if len(found or self.runs) > 5 else "")
            )
        return found[0]

    def _seed(self, where: str, asked: Mapping[str, Any]) -> str:
        label = asked.get("seed", self.labels[0])
        if label not in self.labels:
            raise InputError(f"{where}: seed is {label!r}; expected one of {', '.join(self.labels)}")
        return str(label)

    def _test(self, where: str, asked: Mapping[str, Any]) -> tuple[groups.Model, groups.Contrast]:
        models = self.groups.models
        if asked["model"] not in models:
            there = ", ".join(models) or "none"
            raise InputError(f"{where}: model is {asked['model']!r}; expected one of groups.models: {there}")
        model = models[asked["model"]]
        for contrast in model.contrasts:
            if contrast.name == asked.get("contrast", model.contrasts[0].name):
                return model, contrast
        known = ", ".join(contrast.name for contrast in model.contrasts)
        raise InputError(f"{where}: contrast is {asked['contrast']!r}; expected one of {known}")


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

"""What the panels of a paper's figures are made from: the run, seed or test of each, and its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..base.errors import InputError
from . import bids, groups
from .names import Names, image_in_form

Paths = dict[str, str | list[str]]
"""Files by their roles; of an image on the cortical surface perhaps those of both hemispheres, the left one first."""

MAPS = ("slices", "glassbrain", "surface")
"""Kinds of panels with a map, of a run or of a group."""

KINDS = (*MAPS, "seed", "series", "voxels", "matrix", "distribution", "networks", "reliability", "image")

COLORED = ("threshold", "vmax", "cmap")
"""Of ``maps``, what a panel with a map depends on, if it does not set it itself."""

CORTICAL = ("views", "hemispheres", "mesh", "folds")
"""How the cortex is seen, on which of its meshes, and whether greys show its folds."""

TAKES = {
    "slices": ("cuts", "crosshair"),
    "glassbrain": ("views",),
    "surface": (*CORTICAL, "crosshair"),
    "seed": CORTICAL,
}
"""Options of a kind of panels that others do not have."""

VIEWS = ("lateral", "medial", "dorsal", "ventral", "anterior", "posterior")
"""From where the cortex can be seen."""

GLASS = ("l", "y", "r", "z", "x")
"""The same of a glass brain."""

INSTEAD = {
    "slices": "surface, with views and hemispheres",
    "glassbrain": "surface, with views and hemispheres",
}
"""Kinds that are of volumes alone, with what runs on the cortical surface have in their place."""


class Sources:
    """Finds what panels, tables and numbers of a paper are of.

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

    @property
    def surfaces(self) -> dict[str, Any] | None:
        """The config's ``surfaces`` and the space of the runs; None where runs are on a grid."""
        if self.names.form == "volume":
            return None
        return {**self.config["surfaces"], "space": next(iter(self.runs.values())).space}

    @property
    def meshes(self) -> Paths:
        """Meshes that the config names, as files of what hangs on them."""
        found = [self.surfaces[side] for side in ("left", "right") if self.surfaces[side]] if self.surfaces else []
        return {"meshes": found} if found else {}

    def has_coordinates(self, run: bids.Run) -> bool:
        """Whether places of a run have MNI coordinates; those of the cortical surface have."""
        return self.surfaces is not None or bids.in_mni(run.space)

    def derived(self, run: bids.Run, suffix: str, **entities: str) -> str:
        """A file of a run."""
        return self.names.derived(suffix, **entities).format(run=run.path)

    def image(self, run: bids.Run, suffix: str, **entities: str) -> str | list[str]:
        """An image of a run."""
        return _each(self.names.image(suffix, **entities), run=run.path)

    def panel(self, where: str, panel: Mapping[str, Any]) -> tuple[dict[str, Any], Paths]:
        """A panel as it is drawn, and its files.

        Parameters
        ----------
        where : str
            Figure and panel, for messages.
        panel : dict
            As the config has it.

        Raises
        ------
        InputError
            If it is of something that is not there, or of a kind that the runs do not have.
        """
        kind = panel["kind"]
        described: dict[str, Any] = {"kind": kind, "title": panel.get("title", "")}
        if kind == "image":
            if "file" not in panel:
                raise InputError(f"{where}: an image needs its file")
            described["file"] = panel["file"]
            return described, {"image": described["file"]}
        if "file" in panel:
            raise InputError(f"{where}: file is for the kind image, and this is {kind}")
        self._check(where, panel)
        described |= {name: panel[name] for name in TAKES.get(kind, ()) if name in panel}
        if self.surfaces and ("mesh" in TAKES.get(kind, ()) or kind == "networks"):
            described["surfaces"] = self.surfaces
        if kind in MAPS:
            described |= {name: panel.get(name, self.config["maps"][name]) for name in COLORED}
            if described["threshold"] > described["vmax"] and "model" not in panel:
                raise InputError(
                    f"{where}: threshold is {described['threshold']:g}; expected no more than vmax, "
                    f"{described['vmax']:g}, where colours end"
                )
        if "model" in panel:
            if kind not in MAPS:
                raise InputError(f"{where}: a {kind} is of a run; a model has {', '.join(MAPS)}")
            return self._of_group(where, panel, described)
        run = self.run(where, panel)
        seed = self.seed(where, panel) if kind not in ("voxels", "matrix", "reliability") else None
        described |= {"run": run.labels, "seed": seed}
        if kind in ("glassbrain", "surface", "networks") and not self.has_coordinates(run):
            raise InputError(f"{where}: a {kind} needs MNI coordinates, and {run.stem} is in {run.space} space")
        if kind == "distribution":
            described["threshold"] = panel.get("threshold", self.config["maps"]["threshold"])
        return described, self._of_run(where, kind, run, seed)

    def _check(self, where: str, panel: Mapping[str, Any]) -> None:
        """Refuse a kind that the runs do not have, and options that a kind does not have."""
        kind, on_surface = panel["kind"], self.surfaces is not None
        if on_surface and kind in INSTEAD:
            raise InputError(
                f"{where}: {kind} is of volumes, and the runs are on the cortical surface; expected {INSTEAD[kind]}"
            )
        if kind == "seed" and not on_surface:
            raise InputError(
                f"{where}: seed is of runs on the cortical surface, and these are volumes; expected slices, whose "
                "cross is on the seed"
            )
        for name in dict.fromkeys(name for names in TAKES.values() for name in names):
            if name in panel and name not in TAKES.get(kind, ()):
                owners = ", ".join(other for other, names in TAKES.items() if name in names)
                raise InputError(f"{where}: {name} is for {owners}, and this is {kind}")
        if kind == "surface" and "crosshair" in panel and ("model" in panel or not on_surface):
            raise InputError(f"{where}: crosshair marks the seed of a run on the cortical surface; leave it out")
        mesh = panel.get("mesh", "inflated")
        if self.meshes and mesh != "inflated":
            raise InputError(
                f"{where}: mesh is {mesh}; expected none, as maps are drawn on the meshes that surfaces.left and "
                "surfaces.right name"
            )
        known = GLASS if kind == "glassbrain" else ("dorsal",) if mesh == "flat" else VIEWS
        if wrong := [view for view in panel.get("views", ()) if view not in known]:
            of = " of a flat mesh" if mesh == "flat" else ""
            raise InputError(f"{where}: views has {', '.join(wrong)}; expected{of} some of {', '.join(known)}")

    def _of_run(self, where: str, kind: str, run: bids.Run, seed: str | None) -> Paths:
        """Files that a panel of a run is drawn from."""
        sidecar = self.derived(run, "timeseries.json", desc="seeds")
        mask = self.image(run, "mask", desc="brain")
        if kind == "seed":
            voxels = self.derived(run, "voxels.tsv", desc="seeds")
            return {"voxels": voxels, "mask": mask, "sidecar": sidecar, **self.meshes}
        if kind == "series":
            return {"series": self.derived(run, "timeseries.tsv", desc="seeds"), "sidecar": sidecar}
        if kind == "voxels":
            return {"series": self.derived(run, "timeseries.tsv", desc="examplevoxels"), "sidecar": sidecar}
        if kind == "reliability":
            return {"table": self.derived(run, "table.tsv", desc="reliability")}
        if kind == "matrix":
            if len(self.labels) < 2:
                raise InputError(f"{where}: a matrix is of seeds among themselves, and there is {self.labels[0]} alone")
            return {
                "r": self.derived(run, "relmat.tsv", seg="seeds", stat="pearsoncorrelation"),
                "partial": self.derived(run, "relmat.tsv", seg="seeds", stat="partialcorrelation"),
                "about": self.derived(run, "relmat.json", seg="seeds", stat="partialcorrelation"),
            }
        # What a map's own sidecar says of its seed: the run's names all seeds, and is another once one of them is.
        of_map = {"seed": str(seed), "stat": "pearsoncorrelation"}
        r_map, about = self.image(run, "statmap", **of_map), self.derived(run, "statmap.json", **of_map)
        files: Paths = {"map": r_map, "mask": mask, "about": about}
        if kind == "distribution":
            return files
        if self.surfaces:
            own: Paths = {"voxels": self.derived(run, "voxels.tsv", desc="seeds")} if kind == "networks" else {}
            return {**files, **own, **self.meshes}
        if not bids.in_mni(run.space):
            files["mean"] = self.image(run, "boldref", desc="mean")
        return files

    def _of_group(
        self, where: str, panel: Mapping[str, Any], described: dict[str, Any]
    ) -> tuple[dict[str, Any], Paths]:
        """A panel of a model's contrast, and its files."""
        if "run" in panel:
            raise InputError(f"{where}: it has a run and a model; expected one of them")
        model, contrast = self.test(where, panel)
        seed = self.seed(where, panel)
        stat, of_p = self.groups.shown_by
        test = groups.test_name(model.name, contrast.name)

        def of(stat: str) -> str | list[str]:
            path = self.groups.of_contrast("statmap.nii.gz", seed=seed, stat=stat)
            return _each(image_in_form(path, self.names.form), test=test)

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
        files: Paths = {"map": of("F" if contrast.joint else "effect"), "z": of("z"), "p": of(stat)}
        first = next(iter(self.runs.values()))
        if not self.has_coordinates(first) and described["kind"] != "slices":
            raise InputError(f"{where}: a {described['kind']} needs MNI coordinates; {first.space} has none")
        if self.surfaces or not bids.in_mni(first.space):
            files["mask"] = _each(self.groups.image_of_model("mask", desc="group"), model=model.name)
        return described, {**files, **self.meshes}

    def run(self, where: str, asked: Mapping[str, Any]) -> bids.Run:
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

    def seed(self, where: str, asked: Mapping[str, Any]) -> str:
        """The label of the seed that is asked for; the first where nothing is said."""
        label = asked.get("seed", self.labels[0])
        if label not in self.labels:
            raise InputError(f"{where}: seed is {label!r}; expected one of {', '.join(self.labels)}")
        return str(label)

    def test(self, where: str, asked: Mapping[str, Any]) -> tuple[groups.Model, groups.Contrast]:
        """The model and the contrast that are asked for; its first where none is."""
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

    def clusters(self, where: str, asked: Mapping[str, Any]) -> tuple[str, bids.Run | None]:
        """The table of clusters of a run's map, or with ``model`` of a group's, and the run that it is of."""
        seed = self.seed(where, asked)
        if "model" in asked:
            model, contrast = self.test(where, asked)
            path = self.groups.of_contrast("table.tsv", seed=seed, desc="clusters")
            return path.format(test=groups.test_name(model.name, contrast.name)), None
        run = self.run(where, asked)
        if not self.has_coordinates(run):
            raise InputError(f"{where}: clusters need MNI coordinates, and {run.stem} is in {run.space} space")
        return self.derived(run, "table.tsv", seed=seed, desc="clusters"), run


def _each(paths: str | list[str], **names: str) -> str | list[str]:
    """A file, or those of both hemispheres, with names for their wildcards."""
    return paths.format(**names) if isinstance(paths, str) else [path.format(**names) for path in paths]

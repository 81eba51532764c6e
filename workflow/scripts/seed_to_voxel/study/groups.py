"""Groups: the models that the config states, the subjects that they are about, and the names of their files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base import tables
from ..base.errors import InputError
from .bids import Run
from .names import Names, image_in_form, in_form

OWN_COLUMNS = {
    "subject": "label of the participant",
    "session": "label of the session, where sessions are kept apart",
    "mean_fd": "mean framewise displacement (mm) over the subject's runs",
    "nu": "effective degrees of freedom: the sum over the subject's runs of the median over voxels and seeds",
    "n_runs": "how many runs went into the subject's maps",
}
"""Columns that a formula may use beside those of the table of participants."""

PARTICIPANT = "participant_id"
"""Column of the table of participants that names them, with or without ``sub-``."""

DEVELOPMENT_FMRI = (PARTICIPANT, "Age", "AgeGroup", "Child_Adult", "Gender", "Handedness")
"""Columns of development_fmri's table of participants, of those that nilearn reads."""

MEASURES = ("voxel", "extent", "mass", "tfce")
"""What is corrected for the family of tests by permutation: the voxel's own statistic, its cluster's extent and mass,
and its threshold-free cluster enhancement."""


@dataclass(frozen=True)
class Contrast:
    """A question to a model.

    Attributes
    ----------
    name : str
        Letters and digits.
    rows : tuple of str
        Linear expressions over the design's columns.
    joint : bool
        Whether the rows are tested together, by F; else there is one, tested by t.
    """

    name: str
    rows: tuple[str, ...]
    joint: bool

    @property
    def statistic(self) -> str:
        """Name of the statistic: t, or F."""
        return "F" if self.joint else "t"

    @property
    def described(self) -> dict[str, Any]:
        """The contrast for scripts."""
        return {"name": self.name, "rows": list(self.rows), "joint": self.joint}


@dataclass(frozen=True)
class Model:
    """A model of the subjects' maps.

    Attributes
    ----------
    name : str
        Letters and digits.
    formula : str
        For formulaic, its right-hand side.
    contrasts : tuple of Contrast
    errors : {"auto", "exchangeable", "symmetric", "both"}
        What permutations may assume of the errors.
    variance_groups : str or None
        The column whose values have a variance each.
    centre : bool
        Whether covariates are centred.
    """

    name: str
    formula: str
    contrasts: tuple[Contrast, ...]
    errors: str
    variance_groups: str | None
    centre: bool

    @property
    def columns(self) -> set[str]:
        """Names of columns that the formula and the variance groups use."""
        return names_in(self.formula) | ({self.variance_groups} if self.variance_groups else set())

    @property
    def described(self) -> dict[str, Any]:
        """The model for scripts, without its contrasts: another contrast does not change the design."""
        return {
            "name": self.name,
            "formula": self.formula,
            "errors": self.errors,
            "variance_groups": self.variance_groups,
            "centre": self.centre,
        }


@dataclass(frozen=True)
class Unit:
    """What a row of a design is about: a subject, or a session of a subject.

    Attributes
    ----------
    subject : str
    session : str or None
        None where sessions are combined, or there are none.
    runs : tuple of str
        `bids.Run.path` of each of its runs.
    """

    subject: str
    session: str | None
    runs: tuple[str, ...]

    @property
    def name(self) -> str:
        """In file names: ``sub-01``, or ``sub-01_ses-A``."""
        return f"sub-{self.subject}" + (f"_ses-{self.session}" if self.session is not None else "")


UNIT_PATTERN = r"sub-[a-zA-Z0-9]+(?:_ses-[a-zA-Z0-9]+)?"


@dataclass(frozen=True)
class Groups:
    """What is asked of groups.

    Attributes
    ----------
    options : dict
        The config's ``groups``.
    models : dict of str to Model
    units : dict of str to Unit
    participants : str or None
        The table of participants; the workflow makes that of the simulated cohort.
    derivatives : str
    labels : list of str
        Of the seeds.
    notes : list of str
        What is worth saying before anything is computed.
    form : {"volume", "gifti", "cifti"}
        How maps stand in files.
    """

    options: Mapping[str, Any]
    models: dict[str, Model]
    units: dict[str, Unit]
    participants: str | None
    derivatives: str
    labels: list[str]
    notes: list[str]
    form: str = "volume"

    @property
    def folder(self) -> str:
        """Folder of what is said of groups."""
        return f"{self.derivatives}/group"

    @property
    def permutes(self) -> bool:
        """Whether anything is permuted."""
        return bool(self.options["permutations"]["n"])

    @property
    def measures(self) -> list[str]:
        """Those of `MEASURES` that are asked for."""
        asked = [measure for measure in MEASURES if measure != "tfce" or self.options["tfce"]]
        return asked if self.permutes else []

    def subject(self, stat: str, ending: str) -> str:
        """A file of a unit, all seeds in it."""
        return f"{self.folder}/{{unit}}_stat-{stat}_statmap.{ending}"

    def images_of_subject(self, stat: str) -> str | list[str]:
        """The image of a unit, or those of both hemispheres."""
        return image_in_form(self.subject(stat, "nii.gz"), self.form)

    def image_of_model(self, suffix: str, **entities: str) -> str | list[str]:
        """An image of a model, ``image_of_model("mask", desc="group")``, or those of both hemispheres."""
        return image_in_form(self.of_model(f"{suffix}.nii.gz", **entities), self.form)

    def of_model(self, suffix: str, **entities: str) -> str:
        """A file of a model."""
        return f"{self.folder}/model-{{model}}{_joined(entities)}_{suffix}"

    def of_contrast(self, suffix: str, **entities: str) -> str:
        """A file of a contrast of a model; see `test_name`."""
        return f"{self.folder}/model-{{test}}{_joined(entities)}_{suffix}"

    def maps(self, stats: Iterable[str], ending: str) -> list[str]:
        """Maps of a contrast: for each seed in turn those of each statistic, such as ``pfwe_desc-voxel``.

        Of maps on the surface both hemispheres together.
        """
        return [
            path
            for label in self.labels
            for stat in stats
            for path in in_form(self.of_contrast(f"statmap.{ending}", seed=label, stat=stat), self.form)
        ]

    def related(self, stats: Iterable[str]) -> list[str]:
        """Statistics of matrices of seeds among themselves: those of a test, and what permutations give."""
        return [*stats, *(["pfwe"] if self.permutes else [])]

    @property
    def shown_by(self) -> tuple[str, str]:
        """The map of corrected p that figures are cut by, and what it is in words."""
        if "tfce" in self.measures:
            return "pfwe_desc-tfce", "family-wise over the voxels of the map, TFCE"
        if self.permutes:
            return "pfwe_desc-voxel", "family-wise over the voxels of the map, max-T"
        return "pfdr", "false discovery rate over the voxels beyond the seed's own reach"

    @staticmethod
    def unthresholded(contrast: Contrast) -> list[str]:
        """Statistics of a contrast whose maps somebody else may go on with."""
        return ["F"] if contrast.joint else ["effect", "t"]

    def label_of_runs(self, runs: Mapping[str, Run], entity: str) -> str:
        """What the runs of all units are labelled with; empty where there is none."""
        first = next((path for unit in self.units.values() for path in unit.runs), None)
        return getattr(runs[first], entity) if first is not None else ""

    def maps_of(self, stat: str) -> list[str]:
        """Maps of one statistic, seed by seed."""
        return self.maps([stat], "nii.gz")

    def of_seeds(self, suffix: str, **entities: str) -> list[str]:
        """A file of each seed of a contrast."""
        return [self.of_contrast(suffix, seed=label, **entities) for label in self.labels]

    @property
    def inferred(self) -> list[str]:
        """Statistics that permutations have maps of."""
        both = [f"{stat}_desc-{measure}" for measure in self.measures for stat in ("pfwe", "pfwestudy")]
        return both + (["tfce"] if "tfce" in self.measures else [])


FITTED_T = ("effect", "standarderror", "t", "z", "p", "pfdr", "hedgesg", "hedgesglow", "hedgesghigh")
FITTED_F = ("F", "z", "p", "pfdr")

RELATED_T, RELATED_F = ("effect", "t", "p", "pfdr"), ("F", "p", "pfdr")
"""Statistics of the seeds among themselves that there are matrices of; see `Groups.related`."""


def test_name(model: str, contrast: str) -> str:
    """A contrast of a model, as it stands in file names after ``model-``."""
    return f"{model}_contrast-{contrast}"


def _joined(entities: Mapping[str, str]) -> str:
    return "".join(f"_{key}-{value}" for key, value in entities.items())


def names_in(formula: str) -> set[str]:
    """Names of columns in a formula: what is no function, no number and no text.

    Parameters
    ----------
    formula : str

    Returns
    -------
    set of str
    """
    quoted = set(re.findall(r"`([^`]+)`", formula))
    bare = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\b\w+\s*=(?!=)", " ", formula)
    # A name with a dot, such as contr.sum, or before a bracket, such as C( or bs(, is formulaic's own.
    found = re.findall(r"(?<![\w.])[A-Za-z_]\w*(?![\w.]|\s*\()", bare)
    return quoted | set(found)


def read_models(options: Mapping[str, Any]) -> dict[str, Model]:
    """The models of a config.

    Parameters
    ----------
    options : dict
        The config's ``groups``, valid, with its defaults.

    Returns
    -------
    dict of str to Model

    Raises
    ------
    InputError
        If two have one name, or a contrast has nothing to test.
    """
    models: dict[str, Model] = {}
    for number, stated in enumerate(options["models"], start=1):
        where = f"groups.models, model {number}"
        if stated["name"].lower() in {name.lower() for name in models}:
            raise InputError(
                f"{where}: the name {stated['name']!r} is there twice (upper and lower case count as the same); give "
                "each model its own"
            )
        contrasts = [
            Contrast(name, (rows,) if isinstance(rows, str) else tuple(rows), not isinstance(rows, str))
            for name, rows in stated["contrasts"].items()
        ]
        lower = [contrast.name.lower() for contrast in contrasts]
        twice = next((name for name in lower if lower.count(name) > 1), None)
        if twice:
            raise InputError(
                f"{where}: the contrast {twice!r} is there twice (upper and lower case count as the same); give each "
                "its own name"
            )
        models[stated["name"]] = Model(
            stated["name"],
            stated["formula"],
            tuple(contrasts),
            stated["errors"],
            stated["variance_groups"],
            stated["centre"],
        )
    return models


def units_of(runs: Mapping[str, Run], options: Mapping[str, Any]) -> dict[str, Unit]:
    """Subjects, or their sessions, with their runs.

    Parameters
    ----------
    runs : dict of str to bids.Run
    options : dict
        The config's ``groups``.

    Returns
    -------
    dict of str to Unit

    Raises
    ------
    InputError
        If the runs are of several tasks, and the config does not say which; or are in several spaces.
    """
    task = options["task"]
    tasks = sorted({run.task for run in runs.values()})
    if task is None and len(tasks) > 1:
        raise InputError(
            f"groups.task is null, and the runs are of the tasks {', '.join(tasks)}; expected the one whose runs stand "
            "for a subject, since the mean of different tasks is neither"
        )
    if task is not None and task not in tasks:
        raise InputError(f"groups.task is {task!r}; expected one that there are runs of: {', '.join(tasks)}")
    chosen = {path: run for path, run in runs.items() if task in (None, run.task)}
    spaces: dict[str, str] = {}
    for path, run in chosen.items():
        spaces.setdefault(run.space, path)
    if len(spaces) > 1:
        (first, one), (second, other) = list(spaces.items())[:2]
        raise InputError(
            f"groups: {one} is in {first} space and {other} in {second}; expected one space, in which voxels of "
            "different runs are the same place. Take the runs of one space, or leave models out"
        )
    found: dict[tuple[str, str | None], list[str]] = {}
    for path, run in chosen.items():
        session = run.session if options["sessions"] == "keep" else None
        found.setdefault((run.subject, session), []).append(path)
    units = [Unit(subject, session, tuple(paths)) for (subject, session), paths in found.items()]
    return {unit.name: unit for unit in units}


def excluded_units(
    excluded: Iterable[Mapping[str, Any]], units: Iterable[str], options: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Subjects, or their sessions, all of whose runs were excluded beforehand.

    Parameters
    ----------
    excluded : iterable of dict
        Runs that were excluded, with their ``labels`` and why they are ``refused``.
    units : iterable of str
        Names of those that have runs.
    options : dict
        The config's ``groups``.

    Returns
    -------
    list of (str, str)
        Name, and the reasons.
    """
    known = set(units)
    reasons: dict[str, list[str]] = {}
    for run in excluded:
        labels = run["labels"]
        if options["task"] not in (None, labels.get("task")):
            continue
        session = labels.get("session") if options["sessions"] == "keep" else None
        name = Unit(labels["subject"], session, ()).name
        if name not in known:
            reasons.setdefault(name, []).extend(why for why in run["refused"] if why not in reasons.get(name, []))
    return [(name, f"all its runs were excluded beforehand: {'; '.join(why)}") for name, why in sorted(reasons.items())]


def read_groups(config: Mapping[str, Any], runs: Mapping[str, Run], names: Names, labels: list[str]) -> Groups:
    """What a config asks of groups.

    Parameters
    ----------
    config : dict
        Checked, with its defaults; paths as they were found.
    runs : dict of str to bids.Run
    names : Names
    labels : list of str
        Of the seeds.

    Returns
    -------
    Groups
        Without models and units where none is asked for, or a part of the runs is worked on.

    Raises
    ------
    InputError
        If a model, the runs, or the table of participants cannot be used.
    """
    options, dataset = config["groups"], config["dataset"]
    models = read_models(options)
    notes = []
    if models and config["part"] is not None:
        models = {}
        notes.append(f"groups are left out, since part is {config['part']}: they need all runs.")
    units = units_of(runs, options) if models else {}
    participants, made = options["participants"], []
    if participants is None and dataset["kind"] == "simulated":
        participants = f"{names.inputs}/simulated/participants.tsv"
        made = [PARTICIPANT, *(["group"] if dataset["simulated"]["groups"] else []), "age"]
    elif participants is None and dataset["kind"] == "development_fmri":
        participants, made = f"{names.inputs}/development_fmri/participants.tsv", list(DEVELOPMENT_FMRI)
    elif participants is None and dataset["kind"] == "fmriprep":
        beside = os.path.join(dataset["fmriprep"]["folder"], "participants.tsv")
        participants = beside if os.path.isfile(beside) else None
    if models:
        check_columns(models.values(), participants, made, options["sessions"] == "combine")
    if models and participants is not None and not made:
        listed = listed_participants(participants)
        own = sorted({unit.subject for unit in units.values()})
        if not set(listed) & set(own) and any(model.columns - set(OWN_COLUMNS) for model in models.values()):
            raise InputError(
                f"{participants}: has no row of a participant of this study ({_a_few(own)}); found "
                f"{_a_few(listed) or 'no row'}. Write the labels as the runs have them, with or without sub-"
            )
        absent = sorted(set(own) - set(listed))
        if absent:
            notes.append(f"participants without a row in {participants} are left out of models: {', '.join(absent)}.")
    return Groups(options, models, units, participants, names.derivatives, labels, notes, names.form)


def check_columns(
    models: Iterable[Model], participants: str | None, made: Sequence[str] = (), combined: bool = False
) -> None:
    """Refuse a formula over columns that are not there, before anything is computed.

    Parameters
    ----------
    models : iterable of Model
    participants : str or None
        The table of participants.
    made : sequence of str
        Its columns where the workflow will make it.
    combined : bool
        Whether the sessions of a subject are one row.

    Raises
    ------
    InputError
        If a model uses a column that neither the table nor `OWN_COLUMNS` has, one that both have, or a session that no
        row has; or the table cannot be read, lacks `PARTICIPANT`, or names a column twice.
    """
    columns: list[str] = list(made)
    where = participants or "no table of participants"
    if participants is not None and not made:
        lines = tables.cells(participants)
        columns = [name.strip() for name in lines[0]] if lines else []
        if PARTICIPANT not in columns:
            raise InputError(
                f"{participants}: the header is {' '.join(columns) or 'empty'}; expected a column {PARTICIPANT!r}, "
                "which names the participants"
            )
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise InputError(f"{participants}: has twice the column {', '.join(twice)}; expected each once")
    known = [name for name in columns if name != PARTICIPANT]
    clash = sorted(set(known) & set(OWN_COLUMNS))
    for model in models:
        hidden = [name for name in clash if name in model.columns]
        if hidden:
            raise InputError(
                f"groups.models, {model.name}: {', '.join(hidden)} is a column of {where} and what the runs themselves "
                "say of each row; rename the table's column"
            )
        if combined and "session" in model.columns:
            raise InputError(
                f"groups.models, {model.name}: uses session, and groups.sessions is combine, so that a row has no "
                "session; set it to keep"
            )
        absent = sorted(model.columns - {*known, *OWN_COLUMNS})
        if absent:
            raise InputError(
                f"groups.models, {model.name}: {model.formula!r} uses {', '.join(absent)}; expected columns of {where} "
                f"({', '.join(known) or 'none'}), or of the runs' own: {', '.join(OWN_COLUMNS)}"
            )


def listed_participants(path: str | os.PathLike[str]) -> list[str]:
    """Labels of the participants in a table, without ``sub-``, as often as they stand there."""
    header, *rows = tables.cells(path)
    column = [name.strip() for name in header].index(PARTICIPANT)
    return [row[column].strip().removeprefix("sub-") for row in rows]


def _a_few(labels: Sequence[str], most: int = 5) -> str:
    return ", ".join(labels[:most]) + (", ..." if len(labels) > most else "")

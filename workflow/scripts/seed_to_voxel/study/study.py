"""A study as a whole: its validated config, its runs and seeds, and what follows from them."""

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ..base import provenance
from ..base.errors import InputError
from . import (
    admission,
    bids,
    cleanings,
    configuration,
    confounds_named,
    fmriprep,
    groups,
    leftovers,
    nki_surface,
    outputs,
    paper,
    paper_panels,
    printed_numbers,
    strategies,
    targets,
)
from .leftovers import Left
from .names import RESULTS, Names
from .runs import find_runs
from .seeds import Seed, check_spaces, read_seeds
from .whereabouts import Whereabouts

RUN_FILES = ("bold", "bold_right", "mask", "sidecar", "confounds", "confounds_sidecar")
"""Kinds of files that a run may have."""

POOLED_PER_MB = 8
"""Participants that a megabyte of a page might hold; at the most that was seen, it holds 6."""

MENTIONED = 5
"""Excluded runs that are named when the study starts; the table of quality has all."""


@dataclass(frozen=True)
class Study:
    """What is to be done.

    Attributes
    ----------
    config : dict
        Checked, with its defaults.
    all_runs, runs : dict of str to bids.Run
        The dataset's runs by their path, and those of the part that is worked on.
    seeds : list of Seed
    names : Names
    declared : list of dict
        `workflow/outputs.yaml`.
    excluded : list of dict
        Runs that the config leaves out, as the table of quality lists them: their ``labels``, and the reason in
        ``refused``. Where the study is worked on in parts, the first lists them.
    groups : groups.Groups
        Without models where nothing is asked of groups.
    paper : paper.Paper
        False where nothing is asked of it.
    """

    config: dict
    all_runs: dict[str, bids.Run]
    runs: dict[str, bids.Run]
    seeds: list[Seed]
    names: Names
    declared: list[dict]
    excluded: list[dict]
    groups: groups.Groups
    paper: paper.Paper

    @property
    def kind(self) -> str:
        """Where the runs come from: simulated, development_fmri, nki_surface, fmriprep or table."""
        return self.config["dataset"]["kind"]

    @property
    def labels(self) -> list[str]:
        """Labels of the seeds."""
        return [seed.label for seed in self.seeds]

    @property
    def pairs(self) -> list[str]:
        """Pairs of seeds whose maps are compared, as file names have them."""
        return ["minus".join(pair) for pair in self.config["maps"]["differences"]]

    @property
    def cleanings(self) -> dict[str, dict]:
        """Cleanings that are laid beside the study's own, each with every key."""
        return cleanings.of_config(self.config)

    @property
    def cleanings_in_words(self) -> dict[str, str]:
        """What each of them does otherwise."""
        main = self.config["cleaning"]
        return {name: cleanings.in_words(main, changes) for name, changes in self.config["cleanings"].items()}

    @property
    def cleanings_without_global_signal(self) -> list[str]:
        """Names of all cleanings, the study's own among them, that regress the global signal out."""
        every = {cleanings.MAIN: self.config["cleaning"], **self.cleanings}
        return [name for name, cleaning in every.items() if cleanings.removes_global_signal(cleaning)]

    @property
    def seed_files(self) -> list[str]:
        """Images that seeds are made from."""
        return sorted({path for seed in self.seeds for path in seed.files})

    @property
    def subjects(self) -> list[str]:
        """Labels of the participants."""
        return sorted({run.subject for run in self.runs.values()})

    @property
    def source(self) -> str:
        """The folder of the dataset that the runs belong to."""
        options = self.config["dataset"].get(self.kind, {})
        return options["folder"] if self.kind == "fmriprep" else f"{self.names.inputs}/{self.kind}"

    @property
    def datasets(self) -> dict[str, str]:
        """Folders of datasets by their names in BIDS URIs; the empty name is what is being written."""
        others = {} if self.kind == "table" else {self.kind.replace("_", ""): self.source}
        return {"": self.names.derivatives, **others}

    @property
    def conditions(self) -> set[str]:
        """Conditions of `workflow/outputs.yaml` that the config and the seeds fulfil."""
        return self._conditions(self.config, self.runs)

    def _conditions(self, config: dict, runs: Mapping[str, bids.Run]) -> set[str]:
        """The same of another config, and of some runs."""
        by_maps = {name: bool(config["maps"][name]) for name in ("semipartial", "reliability", "differences")}
        repeated = by_maps["reliability"] and len(runs) > len({run.subject for run in runs.values()})
        asked = outputs.conditions(config)
        several = len(self.seeds) > 1
        further = {"several seeds": several, "agreement": repeated, **by_maps}
        further["groups of several seeds"] = several and "groups" in asked
        further["cleanings"] = bool(config["cleanings"])
        further["permutations of several seeds"] = several and "permutations" in asked
        further["runs on the cortical surface"] = self.surfaces is not None
        further["atlas of the cortical surface"] = self.surfaces is not None and bool(config["figures"]["atlas"])
        return asked | {name for name, holds in further.items() if holds}

    @property
    def listed(self) -> list[dict]:
        """Those of `declared` that this study leaves, or may leave where enough of its runs go on.

        They do not depend on the part that is worked on, as all parts share the text that lists them.
        """
        files = {"participants": "participants.tsv", "participants described": "participants.json"}
        met = {condition for condition, name in files.items() if self.source_file(name)}
        subjects = {run.subject for run in self.all_runs.values()}
        met |= {"parts"} | ({"ten participants"} if len(subjects) >= outputs.MIN_SUBJECTS else set())
        met |= self._conditions({**self.config, "part": None}, self.all_runs)
        return [output for output in self.declared if outputs.holds(output, met)]

    def facts(self, n_refused: int, n_warned: int = 0) -> dict[str, int | str]:
        """What the landing page says of the study beside its config: runs left out or warned of, and the filter."""
        cleaning = self.config["cleaning"]
        _, scrubbing = strategies.resolve(cleaning["confounds"], cleaning["scrubbing"])
        return {
            "refused": n_refused,
            "warned": n_warned,
            "excluded": len(self.excluded),
            "filter": strategies.chosen_filter(cleaning, scrubbing),
            "places": self.places,
        }

    @property
    def places(self) -> str:
        """What the places of the runs are called."""
        return {"gifti": "vertices", "cifti": "grayordinates"}.get(self.names.form, "voxels")

    @property
    def on_fsaverage5(self) -> bool:
        """Whether the runs are on the mesh that the workflow has with it, on which pages can show maps."""
        return self.surfaces is not None and self.surfaces["left"] is None

    @property
    def atlas_files(self) -> list[str]:
        """Files of the atlas that names peaks; see `configuration.atlas_files`."""
        return configuration.atlas_files(self.config, self.names.form, self.names.inputs)

    @property
    def printed_files(self) -> list[str]:
        """Images that results are compared with."""
        return printed_numbers.files_in(self.config["printed_numbers"])

    @property
    def refuses(self) -> bool:
        """Whether the config has limits that can refuse a run."""
        return "refusing" in self.conditions

    def run(self, path: str) -> bids.Run:
        """The run that a file belongs to.

        Raises
        ------
        InputError
            If the dataset, or the part that is worked on, has no such run.
        """
        if path not in self.runs:
            raise InputError(
                f"{path} is no run of this dataset; it has {', '.join(list(self.runs)[:5])}"
                + (", ..." if len(self.runs) > 5 else "")
            )
        return self.runs[path]

    def files(self, path: str, kinds: Iterable[str] = RUN_FILES) -> dict[str, str]:
        """Files of a run, those of some kinds that it has."""
        run = self.run(path)
        return {kind: file for kind in kinds if (file := getattr(run, kind)) is not None}

    @property
    def in_mni(self) -> bool:
        """Whether all runs have MNI coordinates."""
        return all(bids.in_mni(run.space) for run in self.runs.values())

    def has_many_subjects(self, admitted: Callable[[Iterable[str]], list[str]]) -> bool:
        """Whether something can be said over participants: enough of them go on, and the nodes are where they are.

        Parameters
        ----------
        admitted : callable
            Picks those of some runs that go on.
        """
        # Runs are not looked at, which may have to wait, where they are too few anyway.
        located = self.in_mni or self.surfaces is not None
        if not located or len(self.subjects) < outputs.MIN_SUBJECTS:
            return False
        return len({self.runs[run].subject for run in admitted(self.runs)}) >= outputs.MIN_SUBJECTS

    def has_repeated(self, admitted: Callable[[Iterable[str]], list[str]]) -> bool:
        """Whether a participant has several runs that go on; `admitted` picks those of some runs that do."""
        if len(self.runs) == len(self.subjects):
            return False
        whose = [self.runs[run].subject for run in admitted(self.runs)]
        return len(whose) > len(set(whose))

    def source_file(self, name: str) -> str | None:
        """A file at the top of the source's folder, where the dataset is somebody's and has it."""
        path = f"{self.source}/{name}"
        return path if self.kind == "fmriprep" and Path(path).is_file() else None

    def chosen_for_viewers(self) -> list[str]:
        """Runs whose maps the interactive viewers may show, by their paths."""
        chosen = self.config["figures"]["viewers"]["runs"]
        if isinstance(chosen, str):
            return [] if chosen == "none" else list(self.runs)
        subjects = {str(name).removeprefix("sub-") for name in chosen}
        return [path for path, run in self.runs.items() if run.subject in subjects]

    def shown_in_viewers(self, admitted: Callable[[Iterable[str]], list[str]]) -> list[str]:
        """Those of the chosen runs that the viewers show; the first where the config says so.

        Parameters
        ----------
        admitted : callable
            Picks those of some runs that go on.
        """
        shown = admitted(self.chosen_for_viewers())
        return shown[:1] if self.config["figures"]["viewers"]["runs"] == "first" else shown

    def explored(self, admitted: Callable[[Iterable[str]], list[str]]) -> list[str]:
        """Runs with a page on which every voxel is a seed; see `shown_in_viewers`."""
        asked = "explore" in self.config["figures"]["viewers"]["kinds"]
        return self.shown_in_viewers(admitted) if asked else []

    @cached_property
    def explored_together(self) -> dict[str, groups.Unit]:
        """Participants, with their runs, of the page on which every voxel is a seed of the group; none where not asked.

        Those of the config's ``figures.viewers.runs`` where that is a list, else all.
        """
        viewers = self.config["figures"]["viewers"]
        if outputs.OF_A_GROUP not in viewers["kinds"] or self.config["part"] is not None:
            return {}
        chosen = list(self.runs) if isinstance(viewers["runs"], str) else self.chosen_for_viewers()
        options = {**self.config["groups"], "sessions": "combine"}
        return groups.units_of({path: self.runs[path] for path in chosen}, options)

    @property
    def pooled(self) -> list[groups.Unit]:
        """Those of `explored_together` that are read: as many as might fit, were each as small as can be."""
        most = math.ceil(POOLED_PER_MB * self.config["figures"]["viewers"]["group_megabytes"])
        return list(self.explored_together.values())[:most]

    @property
    def surfaces(self) -> dict | None:
        """The config's ``surfaces`` and the space of the runs; None where runs are on a grid."""
        if self.names.form == "volume":
            return None
        return {**self.config["surfaces"], "space": next(iter(self.all_runs.values())).space}

    @property
    def mesh_files(self) -> list[str]:
        """Meshes that the config names for runs on the surface."""
        return [self.surfaces[side] for side in ("left", "right") if self.surfaces[side]] if self.surfaces else []

    def targets(self) -> Callable[[str], list[str]]:
        """What to ask for so that a run is whole; see `targets.of_run`."""
        names = {"pairs": self.pairs, "cleanings": list(self.config["cleanings"])}
        jobs = targets.jobs_of_runs(self.declared, self.labels, self.conditions - {"refusing"}, **names)
        return lambda run: targets.of_run(run, jobs, self.names.derivatives)

    def verdict(self, run: str) -> str:
        """File of the verdict on a run."""
        return f"{self.names.derivatives}/{run}{admission.SUFFIX}"

    def notes(self, is_module: bool = False, is_example: bool = False) -> list[str]:
        """What is worth saying of a study before anything is computed, a sentence each.

        Parameters
        ----------
        is_module : bool
            Whether another workflow imports this one, which may make its inputs.
        is_example : bool
            Whether no config was given, so that the example is run.

        Raises
        ------
        InputError
            If no table of confounds has what the config asks for; a job of the study does not look again. If the
            example would replace the results of a study.
        """
        links = provenance.dataset_links(self.datasets, self.names.derivatives)
        other = leftovers.another_dataset(self.names.derivatives, self.kind, links)
        if is_example and not is_module and self.kind == "simulated":
            leftovers.check_example(other)
        absent = fmriprep.missing_sessions(self.all_runs.values()) if self.kind == "fmriprep" else []
        if self.excluded:
            some = [f"{entry['stem']}: {entry['refused'][0]}" for entry in self.excluded[:MENTIONED]]
            more = "; ..." if len(self.excluded) > MENTIONED else ""
            absent.append(f"{len(self.excluded)} of the runs are excluded, see qc.tsv ({'; '.join(some)}{more})")
        return [
            *(f"{sentence}." for sentence in absent),
            *leftovers.of_another_dataset(other),
            *check_spaces(self.seeds, self.runs.values()),
            *self.groups.notes,
            *self._notes_of_pool(),
            *confounds_named.check(self.config, self.runs.values(), is_module),
            *configuration.notes(self.config, self.surfaces is not None),
        ]

    def _notes_of_pool(self) -> list[str]:
        """What is worth saying of the page of the mean over participants."""
        viewers = self.config["figures"]["viewers"]
        if outputs.OF_A_GROUP in viewers["kinds"] and self.config["part"] is not None:
            return [f"explore_group is left out, since part is {self.config['part']}: it needs all runs."]
        more = len(self.explored_together) - len(self.pooled)
        size = viewers["group_megabytes"]
        return [f"explore_group is of the first {len(self.pooled)} participants: more do not fit {size:g} MB."] * (
            more > 0
        )

    def leftovers(self) -> list[str]:
        """Results of seeds that are no longer in the table, beside those of the study's runs."""
        return leftovers.of_seeds(self.names.derivatives, self.all_runs, [*self.labels, *self.pairs])

    def not_asked_for(self) -> list[str]:
        """Results of kinds that the config does not ask for, such as figures of runs and pages of an earlier one."""
        conditions, others = self.conditions, list(self.config["cleanings"])
        endings: dict[bool, set[str]] = {True: set(), False: set()}
        for output in self.declared:
            if output["per"] in (*outputs.PER_RUN, "chosen run"):
                names = outputs.of_run(output, self.labels, self.pairs, others)
                asked = outputs.holds(output, conditions)
                endings[asked].update(output["path"].format(run="", **of_file) for of_file in names)
        own = (self.names.derivatives, self.all_runs)
        used = [path for asked in self.paper for path in asked.paths if path.endswith("_table.tsv")]
        # A figure and its table are made together, and a paper may use them of one run alone.
        found = [
            path
            for path in leftovers.of_outputs(*own, endings[False] - endings[True])
            if not path.startswith(tuple(f"{table.removesuffix('_table.tsv')}_" for table in used))
        ]
        found += leftovers.of_cleanings(*own, self.labels, others)
        # A part of a study asks for no pages of the whole one, which may be there.
        if self.config["part"] is None:
            found += filter(os.path.exists, self._pages_not_asked_for(conditions))
        return found

    def _pages_not_asked_for(self, conditions: set[str]) -> list[str]:
        """Where files of the whole study would be, of kinds that the config does not ask for."""
        met = {*conditions, *outputs.OF_DATA}
        of_study = [output for output in self.declared if output["per"] in ("study", outputs.OF_SEEDS)]
        unmet = [output for output in of_study if not outputs.holds(output, met)]
        paths = outputs.expected(unmet, (), self.labels, conditions={output["when"] for output in unmet})
        return [f"{self.names.derivatives}/{path}" for path in sorted(paths)]

    @property
    def files_of_groups(self) -> set[str]:
        """Files of groups that the study leaves, relative to the derivatives' folder."""
        of_groups = [output for output in self.declared if output["per"] in outputs.OF_GROUPS]
        return outputs.expected(of_groups, (), self.labels, conditions=self.conditions, groups=self.groups)

    def leftovers_of_groups(self) -> list[str]:
        """Files of groups that the study does not leave.

        A part of a study leaves none, and those of the whole one may be there.
        """
        if self.config["part"] is not None:
            return []
        return self._not_named(leftovers.of_groups(self.names.derivatives, self.declared, self.files_of_groups))

    def leftovers_of_paper(self) -> list[str]:
        """Files of a paper that the study does not leave, as of groups."""
        if self.config["part"] is not None:
            return []
        return self._not_named(leftovers.of_paper(self.names.paper, self.paper.made))

    def _not_named(self, paths: Iterable[str]) -> list[str]:
        """Those of some files that the config does not name itself, such as a map whose peak is a seed."""
        named = [*self.seed_files, *self.printed_files, *(path for asked in self.paper for path in asked.paths)]
        used = set(map(os.path.abspath, named))
        return [path for path in paths if os.path.abspath(path) not in used]

    def left(self) -> Left:
        """All results that are not of the study, as they lie there now."""
        return Left(
            of_seeds=self.leftovers(),
            of_outputs=self.not_asked_for(),
            of_groups=self.leftovers_of_groups(),
            of_paper=self.leftovers_of_paper(),
            of_runs=self.results_of_other_runs(),
        )

    def results_of_other_runs(self) -> list[str]:
        """Results of runs that the study does not have."""
        return leftovers.of_runs(self.names.derivatives, self.all_runs)


def read_study(config: dict, declared: list[dict], whereabouts: Whereabouts, results: str = RESULTS) -> Study:
    """Find the runs and seeds that a config names.

    Parameters
    ----------
    config : dict
        Checked, with its defaults; paths in it are replaced by where the files were found.
    declared : list of dict
        `workflow/outputs.yaml`.
    whereabouts : Whereabouts
        Where files are looked for.
    results : str
        Folder of everything that is generated.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If a file, a run or a seed cannot be used.
    """
    configuration.check_meaning(config, whereabouts.source)
    whereabouts.settle(config)
    names = Names(config["part"], config["report"]["format"], results)
    brought = {nki_surface.ATLAS: nki_surface.atlas_files(names.inputs)}
    seeds = read_seeds(config["seeds"], brought if config["dataset"]["kind"] == nki_surface.KIND else {})
    configuration.check_folder(config["dataset"], names.inputs)
    found = bids.index(_without_confounds_excluded(config, find_runs(config["dataset"], names.inputs)))
    form = configuration.check_forms(config, found.values())
    configuration.check_seeds(form, seeds)
    configuration.atlas_files(config, form, names.inputs)
    names, declared = replace(names, form=form), outputs.in_form(declared, form)
    all_runs = {path: run for path, run in found.items() if run.excluded is None}
    configuration.check_viewer_runs(config, all_runs.values())
    runs = bids.part_of(all_runs, config["part"])
    configuration.check_confounds(config, runs.values())
    check_spaces(seeds, runs.values())
    configuration.check_maps_of_several(config, [seed.label for seed in seeds])
    cleanings.check_distinct(config, outputs.descriptions(declared))
    configuration.check_figures(config, runs.values())
    excluded = [_listed(run) for run in found.values() if run.excluded is not None]
    first = config["part"] is None or config["part"].startswith("1/")
    labels = [seed.label for seed in seeds]
    asked = groups.read_groups(config, runs, names, labels)
    sources = paper_panels.Sources(config, runs, labels, asked, names)
    manuscript = paper.Reader(sources).read(_participants(config, asked))
    study = Study(config, all_runs, runs, seeds, names, declared, excluded if first else [], asked, manuscript)
    # Runs of several tasks or spaces are no group: refused before anything is computed.
    _ = study.explored_together
    return study


def _participants(config: dict, asked: groups.Groups) -> str | None:
    """The table of participants, where there is one."""
    if asked.participants:
        return asked.participants
    dataset = config["dataset"]
    path = Path(dataset["fmriprep"]["folder"]) / "participants.tsv" if dataset["kind"] == "fmriprep" else None
    return str(path) if path and path.is_file() else config["groups"]["participants"]


def _without_confounds_excluded(config: dict, runs: list[bids.Run]) -> list[bids.Run]:
    """The runs, those without the confounds that a config asks for excluded where it says so."""
    dataset = config["dataset"]
    if dataset[dataset["kind"]].get("on_missing") != "exclude":
        return runs
    runs = [replace(run, excluded=run.excluded or configuration.lacking(config, run)) for run in runs]
    fmriprep.check_some_left(runs)
    return runs


def _listed(run: bids.Run) -> dict:
    """An excluded run as an entry of the table of quality."""
    return {
        "stem": run.stem,
        "labels": run.labels,
        "excluded": True,
        "refused": [run.excluded],
        "metrics": {},
        "seeds": {},
    }

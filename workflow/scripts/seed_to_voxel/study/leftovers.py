"""Results that lie beside a study's own and are not of what it asks for now."""

import json
import os
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import InputError
from . import admission, groups, outputs, paper
from .names import as_volume

SEED = re.compile(r"(?:_hemi-[LR])?_seed-([a-zA-Z0-9]+)_")


def of_seeds(derivatives: str, runs: Iterable[str], labels: Collection[str]) -> list[str]:
    """Find the results of seeds that are not in the table of seeds.

    Parameters
    ----------
    derivatives : str
        The derivatives' folder.
    runs : iterable of str
        `bids.Run.path`; results of other runs are not looked at.
    labels : collection of str
        Of the seeds in the table.

    Returns
    -------
    list of str
        Paths, sorted.
    """
    return sorted(
        f"{folder}/{name}"
        # Pages of the whole study have this name in place of a run's.
        for folder, name, own in _files(derivatives, [*runs, "study"])
        if (seed := SEED.search(name)) and seed[1] not in labels and name[: seed.start()] in own
    )


def _files(derivatives: str, runs: Iterable[str]) -> Iterator[tuple[str, str, set[str]]]:
    """Files in the folders of runs' results: the folder, the file's name, and the names of the runs there."""
    stems: dict[str, set[str]] = {}
    for run in runs:
        folder, _, stem = f"{derivatives}/{run}".rpartition("/")
        stems.setdefault(folder, set()).add(stem)
    for folder, own in stems.items():
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            yield folder, name, own


def of_outputs(derivatives: str, runs: Iterable[str], endings: Collection[str]) -> list[str]:
    """Find results of some kinds, such as figures that the config does not ask for any more.

    Parameters
    ----------
    derivatives : str
        The derivatives' folder.
    runs : iterable of str
        `bids.Run.path`; results of other runs are not looked at.
    endings : collection of str
        What stands behind the run's name in the names of these files.

    Returns
    -------
    list of str
        Paths, sorted.
    """
    return sorted(
        f"{folder}/{name}"
        for folder, name, own in _files(derivatives, runs)
        if any(name[: at.start()] in own and name[at.start() :] in endings for at in re.finditer("_", name))
    )


CLEANED = re.compile(
    r"(?:_hemi-[LR])?_seed-([a-zA-Z0-9]+)_desc-([a-zA-Z0-9]+)_stat-(?:pearsoncorrelation|fisherz)_statmap"
    r"\.(?:nii\.gz|func\.gii|dscalar\.nii|json)$"
)
"""What the names of maps after other cleanings end with."""


def of_cleanings(
    derivatives: str, runs: Iterable[str], labels: Collection[str], cleanings: Collection[str]
) -> list[str]:
    """Find the maps after cleanings that a study does not have any more, of seeds that it has.

    Parameters
    ----------
    derivatives : str
        The derivatives' folder.
    runs : iterable of str
        `bids.Run.path`; results of other runs are not looked at.
    labels : collection of str
        Of the seeds in the table.
    cleanings : collection of str
        Names of those that it has.

    Returns
    -------
    list of str
        Paths, sorted.
    """
    return sorted(
        f"{folder}/{name}"
        for folder, name, own in _files(derivatives, runs)
        if (match := CLEANED.search(name))
        and match[1] in labels
        and match[2] not in cleanings
        and name[: match.start()] in own
    )


def of_runs(derivatives: str, runs: Iterable[str]) -> list[str]:
    """Find the results of runs that a study does not have: of another study in the same folder, or left out since.

    Parameters
    ----------
    derivatives : str
        The derivatives' folder.
    runs : iterable of str
        `bids.Run.path` of all runs of the study.

    Returns
    -------
    list of str
        Paths, sorted.
    """
    own = {os.path.basename(run) for run in runs}
    found = []
    for subject in os.scandir(derivatives) if os.path.isdir(derivatives) else ():
        if subject.name.startswith("sub-") and subject.is_dir():
            for folder, _, names in os.walk(subject.path):
                found += [f"{folder}/{name}" for name in names if not _is_of(name, own)]
    return sorted(found)


@dataclass(frozen=True)
class Left:
    """Paths of results that are not of a study, by what makes them so.

    Attributes
    ----------
    of_seeds, of_outputs, of_groups, of_paper, of_runs : list of str
        Of other seeds; that the config does not ask for; of other groups, papers and runs.
    """

    of_seeds: list[str]
    of_outputs: list[str]
    of_groups: list[str]
    of_paper: list[str]
    of_runs: list[str]

    @property
    def removable(self) -> list[str]:
        """Those that `remove_leftovers` removes."""
        return [*self.of_seeds, *self.of_outputs, *self.of_groups, *self.of_paper]

    @property
    def all(self) -> list[str]:
        """Those that the list of checksums leaves out."""
        return [*self.of_runs, *self.removable]


ENTITIES = {"unit": groups.UNIT_PATTERN, **dict.fromkeys(("model", "contrast", "seed"), "[a-zA-Z0-9]+")}
"""What may stand for the names in the paths of files of groups."""


def of_groups(derivatives: str, declared: Iterable[Mapping], expected: Collection[str]) -> list[str]:
    """Find files of groups that a study does not leave: of another model, contrast, seed or participant, or kind.

    Parameters
    ----------
    derivatives : str
        The derivatives' folder.
    declared : iterable of dict
        `workflow/outputs.yaml`.
    expected : collection of str
        Files of groups that the study leaves, relative to that folder.

    Returns
    -------
    list of str
        Paths, sorted. Names decide: a file that the workflow would never call so is somebody's own.
    """
    of_any = {as_volume(output["path"]) for output in declared if output["per"] in outputs.OF_GROUPS}
    made = re.compile("|".join(map(_pattern, sorted(of_any))) or "(?!)")
    folder = f"{derivatives}/{outputs.GROUP_FOLDER}"
    there = [entry.name for entry in os.scandir(folder) if entry.is_file()] if os.path.isdir(folder) else []
    paths = (f"{outputs.GROUP_FOLDER}{name}" for name in there)
    return sorted(f"{derivatives}/{path}" for path in paths if path not in expected and made.fullmatch(as_volume(path)))


def _pattern(path: str) -> str:
    """A regular expression of the paths that an output of groups may have."""
    # Text and names take turns.
    pieces = re.split(r"\{(\w+)\}", path)
    return "".join(ENTITIES[piece] if place % 2 else re.escape(piece) for place, piece in enumerate(pieces))


OWNER = re.compile(rf"{groups.UNIT_PATTERN}|model-[a-zA-Z0-9]+(?:_contrast-[a-zA-Z0-9]+)?")
"""What the names of files of groups begin with: whose they are."""


def _of_group(path: str) -> tuple[str, str, str]:
    """Of a file of groups whose it is, ``seed-`` with its seed where it is of one, and all that stands behind whose."""
    name = os.path.basename(path)
    owner = found[0] if (found := OWNER.match(name)) else ""
    seed = SEED.match(name, len(owner))
    return owner, f"seed-{seed[1]}" if seed else "", name[len(owner) :]


def of_groups_in_words(paths: Collection[str], expected: Collection[str], removing: str, at_most: int = 5) -> list[str]:
    """Say which files of groups are left, and how to be rid of them; nothing where there are none.

    Parameters
    ----------
    paths, expected : collection of str
        From `of_groups`, and as it takes them.
    removing : str
        The command that removes them; empty where there is none.
    at_most : int
        How many of what they are of are named.
    """
    if not paths:
        return []
    known = list(map(_of_group, expected))
    owners, seeds = {owner for owner, _, _ in known}, {"", *(seed for _, seed, _ in known)}
    # What is not of the study: whose the file is, or else its seed, or else its kind.
    gone = sorted(
        {
            owner if owner not in owners else seed if seed not in seeds else kind
            for owner, seed, kind in map(_of_group, paths)
        }
    )
    some = ", ".join(gone[:at_most]) + (", ..." if len(gone) > at_most else "")
    return [
        f"{len(paths)} files of groups that this config does not ask for lie among the results ({some}): of other "
        "participants, models, contrasts, seeds or options than it has. The list of checksums and the archive leave "
        "them out; " + _by(removing)
    ]


def of_paper(folder: str, expected: Collection[str]) -> list[str]:
    """Find files of a paper that a study does not leave: of another figure or table, in another format, or all of them.

    Parameters
    ----------
    folder : str
        The paper's.
    expected : collection of str
        Files that the study leaves, relative to it; see `paper.Paper.made`.

    Returns
    -------
    list of str
        Paths, sorted. Pictures and texts of somebody's own may have any name, so that a file counts alone where all is
        there that a job makes with it.
    """
    figures = [(paper.drawn(name), paper.in_formats(name, paper.FORMATS)) for name in _stems(folder, "page")]
    tables = [(paper.printed(name), ()) for name in _stems(folder, "tables")]
    jobs = [*figures, *tables, *((job, ()) for job in paper.WRITTEN)]

    def is_there(path: str) -> bool:
        return os.path.isfile(f"{folder}/{path}")

    made = {path for always, perhaps in jobs if all(map(is_there, always)) for path in (*always, *perhaps)}
    return sorted(f"{folder}/{path}" for path in made - set(expected) if is_there(path))


def _stems(folder: str, inside: str) -> list[str]:
    """Names, without their endings, of files that could be of a figure or a table of the paper."""
    stems = {path.stem for path in Path(folder, inside).glob("*.*")}
    return sorted(stem for stem in stems if re.fullmatch("[a-zA-Z0-9]+", stem))


def of_paper_in_words(paths: Collection[str], folder: str, removing: str, at_most: int = 5) -> list[str]:
    """Say which files of a paper are left, and how to be rid of them; nothing where there are none."""
    if not paths:
        return []
    found = [os.path.relpath(path, folder) for path in paths]
    some = ", ".join(found[:at_most]) + (", ..." if len(found) > at_most else "")
    return [
        f"{len(paths)} files of a paper that this config does not ask for lie in {folder} ({some}): of an earlier "
        f"config, or of one that is named beside it at other times; {_by(removing)}"
    ]


RESULT = re.compile(r"_(?:hemi|desc|seed|seg|stat)-")
"""What the names of results begin with behind the run's, for people."""


def _is_of(name: str, stems: Collection[str]) -> bool:
    """Whether a file's name is that of a run with something behind it."""
    return any(name[: match.start()] in stems for match in re.finditer("_", name))


def of_runs_in_words(paths: Collection[str], at_most: int = 5) -> list[str]:
    """Say which runs' results are left, and what to do; nothing where there are none."""
    if not paths:
        return []
    stems = sorted({RESULT.split(os.path.basename(path), maxsplit=1)[0] for path in paths})
    some = ", ".join(stems[:at_most]) + (", ..." if len(stems) > at_most else "")
    return [
        f"{len(paths)} files of {len(stems)} run{'s' * (len(stems) > 1)} not in this study ({some}) lie among the "
        "results: of another study, or of runs that were left out since. The list of checksums and the archive leave "
        "them out. A study of its own has a folder of its own (`--directory`); remove them if nobody wants them."
    ]


def command(
    directory: str | os.PathLike[str] | None,
    configs: Iterable[str | os.PathLike[str]],
    importer: tuple[str | os.PathLike[str], str] | None = None,
    given: Sequence[str] = (),
) -> str:
    """The command that removes what is left, with all that makes it this study and no other in another folder.

    Parameters
    ----------
    directory : path-like or None
        The working directory; None where it is the project's own.
    configs : iterable of path-like
        The study's config files.
    importer : (path-like, str), optional
        Of a module: the Snakefile that imports it, and what the rule `remove_leftovers` is called there.
    given : sequence of str
        What ``--config`` was given: without it, this would be another study, and other files its leftovers.
    """
    # Whoever imports this workflow has a Snakemake of their own.
    words = ["snakemake", importer[1]] if importer else ["uv", "run", "snakemake", "remove_leftovers"]
    words += ["--cores", "1", *(["--snakefile", os.fspath(importer[0])] if importer else [])]
    words += ["--directory", os.fspath(directory)] if directory else []
    files = [os.fspath(path) for path in configs]
    words += ["--configfile", *files] if files else []
    return shlex.join([*words, *(["--config", *given] if given else [])])


def _by(removing: str) -> str:
    """How to be rid of files: by a command, or by hand where there is none."""
    return f"`{removing}` removes them." if removing else "remove them if nobody wants them."


def in_words(paths: Collection[str], removing: str) -> list[str]:
    """Say which seeds' results are left, and how to be rid of them; nothing where there are none."""
    if not paths:
        return []
    labels = sorted({match[1] for path in paths if (match := SEED.search(os.path.basename(path)))})
    return [
        f"{len(paths)} files of seeds that are not in the table of seeds ({', '.join(labels)}) lie among the results, "
        f"made with whatever the config said then. The list of checksums leaves them out; {_by(removing)}"
    ]


def of_outputs_in_words(paths: Collection[str], removing: str, at_most: int = 5) -> list[str]:
    """Say which kinds of results are left that the config does not ask for; nothing where there are none."""
    if not paths:
        return []
    kinds = sorted({name[match.start() :] for name in map(os.path.basename, paths) if (match := RESULT.search(name))})
    some = ", ".join(kinds[:at_most]) + (", ..." if len(kinds) > at_most else "")
    return [
        f"{len(paths)} files that this config does not ask for lie among the results ({some}): of an earlier config, "
        "or asked for alone, and perhaps made with other settings. The report does not show them, and the list of "
        "checksums leaves them out; " + _by(removing)
    ]


def another_dataset(derivatives: str, kind: str, links: Mapping[str, str]) -> str | None:
    """Find that the folder has results of another dataset.

    Parameters
    ----------
    derivatives : str
        The derivatives' folder.
    kind : str
        Of this study's dataset.
    links : dict of str to str
        Where its datasets are, as `provenance.dataset_links` has them.

    Returns
    -------
    str or None
        What is there, in words; None where nothing is, or results of this dataset.
    """
    try:
        there = json.loads(Path(derivatives, "dataset_description.json").read_text(encoding="utf-8"))
        theirs, name = there.get("DatasetLinks", {}), there["Name"]
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    if theirs == dict(links) and name.endswith(f"({kind})"):
        return None
    # The links are relative to the folder, of which nobody thinks who reads this.
    folders = [os.path.abspath(os.path.join(derivatives, link)) for link in map(str, theirs.values())]
    told = ", ".join([name.rpartition("(")[2].rstrip(")"), *folders])
    return f"{derivatives} has results of another dataset ({told})"


def of_another_dataset(found: str | None) -> list[str]:
    """Say that this study's results would replace those of another dataset, or lie beside them.

    Parameters
    ----------
    found : str or None
        From `another_dataset`.
    """
    if found is None:
        return []
    return [
        f"{found}: this study's replace those of the same runs, and lie beside the others. A study of its own has a "
        "folder of its own (--directory)."
    ]


def check_example(found: str | None) -> None:
    """Refuse to run the example, which nobody has named, over the results of a study.

    Parameters
    ----------
    found : str or None
        From `another_dataset`.

    Raises
    ------
    InputError
    """
    if found is not None:
        raise InputError(
            f"no --configfile was given, so this would run the simulated example of config/config.yaml; {found}. "
            "Expected --configfile and the config of that study, or, for the example, another folder (--directory)"
        )


def of_refused(refused: Iterable[str], shown: Callable[[str], str] = str) -> list[str]:
    """Say where refused runs still have results of a run of the workflow that admitted them.

    Parameters
    ----------
    refused : iterable of str
        Verdicts that refuse their runs.
    shown : callable, optional
        Says a path as it can be opened from the user's shell.

    Returns
    -------
    list of str
        A sentence for each such run.
    """
    sentences = []
    for verdict in map(Path, refused):
        stem = verdict.name.removesuffix(admission.SUFFIX)
        if len(list(verdict.parent.glob(f"{stem}_*"))) > 1:
            sentences.append(
                f"{stem} is refused now, and has results of an earlier run that admitted it; remove them before "
                f"anything takes them up: {shown(f'{verdict.parent}/{stem}_*')}"
            )
    return sentences

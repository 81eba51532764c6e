"""Runs of a folder of fMRIPrep derivatives, found by listing it once; no index, no database."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from ..base.errors import InputError, UnusableRunError
from ..base.files import check_name, check_present
from .bids import CIFTI, ENTITIES, GIFTI, Run, on_surface, parse_name, sidecar_of, sidecar_there

VARIANTS = ("space", "cohort", "resolution", "echo", "density")
"""Entities in which several files of one and the same run can differ."""

IMAGES = (".nii.gz", ".nii")

HEMISPHERES = ("L", "R")

Files = Sequence[tuple[str, tuple[dict[str, str], str, str]]]
"""Names of files with what `bids.parse_name` makes of them."""

NO_LABEL = "none"
"""What stands in the config for files without an entity."""


def _folders(root: str, subjects: Sequence[str] | None, sessions: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """The `func` folders of the wanted subjects and sessions, in order.

    Yields
    ------
    tuple of (str, str)
        The subject's label and the folder.
    """
    try:
        with os.scandir(root) as entries:
            known = sorted(entry.name for entry in entries if entry.is_dir())
    except FileNotFoundError:
        raise InputError(
            f"dataset.fmriprep.folder: no such folder: {root} (looked for from {os.getcwd()}); expected the folder "
            "that holds fMRIPrep's sub-* folders"
        ) from None
    except NotADirectoryError:
        raise InputError(f"dataset.fmriprep.folder: {root} is a file; expected a folder of derivatives") from None
    labels = [name.removeprefix("sub-") for name in known if name.startswith("sub-")]
    if not labels:
        inner = [name for name in known if _has_subjects(os.path.join(root, name))]
        hint = f"; did you mean {os.path.join(root, inner[0])}?" if inner else ""
        raise InputError(
            f"dataset.fmriprep.folder: {root} has no sub-* folder; expected a folder of fMRIPrep derivatives{hint}"
        )
    absent = [label for label in subjects or () if label not in labels]
    if absent:
        raise InputError(
            f"dataset.fmriprep.subjects: {root} has no folder for {', '.join('sub-' + label for label in absent)}; "
            f"it has {_some('sub-' + label for label in labels)}"
        )
    for label in labels if subjects is None else subjects:
        parent = os.path.join(root, f"sub-{label}")
        with os.scandir(parent) as entries:
            inside = sorted(entry.name for entry in entries if entry.is_dir())
        for name in inside:
            if name == "func" and sessions is None:
                yield label, os.path.join(parent, name)
            elif name.startswith("ses-") and (sessions is None or name.removeprefix("ses-") in sessions):
                folder = os.path.join(parent, name, "func")
                if os.path.isdir(folder):
                    yield label, folder


def _has_subjects(folder: str) -> bool:
    try:
        return any(name.startswith("sub-") for name in os.listdir(folder))
    except OSError:
        return False


def _some(names: Iterable[str], at_most: int = 5) -> str:
    """A few of many names, for a message."""
    names = list(names)
    return ", ".join(names[:at_most]) + (f", ... ({len(names)} in all)" if len(names) > at_most else "")


def _is_wanted(label: str | None, choice: str | None) -> bool:
    return choice is None or (label is None if choice == NO_LABEL else label == choice)


def _one(paths: Sequence[str], what: str, advice: str) -> str | None:
    """The one path of a list, or None where there is none."""
    if len(paths) > 1:
        raise InputError(f"{what} is there {len(paths)} times: {', '.join(sorted(paths))}; {advice}")
    return paths[0] if paths else None


def _beside(
    folder: str,
    files: Files,
    entities: Mapping[str, str],
    desc: str,
    suffixes: Collection[str],
    endings: Collection[str],
    optional: set[str],
) -> list[str]:
    """Files that belong to a run: all its entities but those that they may lack, and no others."""
    found = []
    for name, (labels, suffix, ending) in files:
        if labels.get("desc") != desc or suffix not in suffixes or ending not in endings:
            continue
        own = {key: label for key, label in labels.items() if key != "desc"}
        lacking = entities.keys() - own.keys()
        if lacking <= optional and own.items() <= entities.items():
            found.append((len(lacking), os.path.join(folder, name)))
    # The file that shares most entities with the run is its own; one of all echoes stands in for it.
    return [path for count, path in found if count == min(found)[0]]


def find_runs(
    folder: str,
    space: str,
    resolution: str | None,
    cohort: str | None,
    echo: str | None,
    tasks: Sequence[str] | None,
    subjects: Sequence[str] | None,
    sessions: Sequence[str] | None,
    desc: str,
    t_r: float | None,
    exclude: Sequence[str],
    on_missing: str,
    density: str | None = None,
) -> list[Run]:
    """List the runs of a folder of fMRIPrep derivatives.

    Parameters
    ----------
    folder : str
        With fMRIPrep's ``sub-*`` folders, versions 20 to 25.
    space : str
        Label of the space entity; of fsaverage's spaces pairs of ``.func.gii`` are taken, of fsLR ``.dtseries.nii``.
    resolution, cohort, echo : str or None
        Labels of the ``res``, ``cohort`` and ``echo`` entities; ``none`` for files without the entity,
        None for whatever a run has, provided it has it once.
    tasks, subjects, sessions : sequence of str or None
        Labels, with or without ``sub-`` and so on; None for all.
    desc : str
        ``preproc``, or ``smoothAROMAnonaggr``.
    t_r : float or None
        Repetition time in seconds that the config states.
    exclude : sequence of str
        Names of runs or parts of them, see `is_named`.
    on_missing : {"stop", "exclude"}
        What becomes of a run that lacks its mask or its sidecar, or whose files are not downloaded.
    density : str or None
        Label of the ``den`` entity, as for `resolution`.

    Returns
    -------
    list of Run
        Sorted by folder and name; those that are excluded say why.

    Raises
    ------
    InputError
        If the folder has none, a subject, a session or an exclusion names what is not there, a run has two files, the
        files beside a run are missing or not downloaded, or all runs are excluded.
    """
    tasks, subjects, sessions = (
        None if labels is None else [label.removeprefix(f"{key}-") for label in labels]
        for key, labels in (("task", tasks), ("sub", subjects), ("ses", sessions))
    )
    check_name(folder, "dataset.fmriprep.folder")
    keys = {key: entity for entity, key in ENTITIES.items()}
    choices = {"space": space, "res": resolution, "cohort": cohort, "echo": echo, "den": density}
    seen: dict[str, set[str | None]] = {key: set() for key in ("space", "task", "res", "den", "echo", "desc")}
    endings = IMAGES if not on_surface(space) else (CIFTI,) if space.startswith("fsLR") else (GIFTI,)
    # fMRIPrep gives its images on surfaces no description.
    descs = (desc, None) if on_surface(space) else (desc,)
    runs, spared = [], []
    for subject, func in _folders(folder, subjects, sessions):
        files = [(name, parsed) for name in sorted(os.listdir(func)) if (parsed := parse_name(name))]
        candidates: dict[tuple, list[tuple[str, dict[str, str]]]] = {}
        for name, (labels, suffix, ending) in files:
            if suffix != "bold" or ending not in (*IMAGES, CIFTI, GIFTI):
                continue
            for key, labels_seen in seen.items():
                labels_seen.add(labels.get(key))
            if ending not in endings or ("hemi" in labels) != (endings == (GIFTI,)):
                continue
            unwanted = [key for key, choice in choices.items() if not _is_wanted(labels.get(key), choice)]
            if unwanted or labels.get("desc") not in descs or (tasks is not None and labels.get("task") not in tasks):
                continue
            own = {key: label for key, label in labels.items() if key not in ("desc", "hemi")}
            if labels.get("hemi") == "R" and name.replace("_hemi-R", "_hemi-L") in {known for known, _ in files}:
                # It goes with the left one.
                continue
            if own.get("sub") != subject:
                raise InputError(f"{os.path.join(func, name)}: found in the folder of sub-{subject}; move it")
            unknown = [key for key in own if key not in keys]
            if unknown or "task" not in own:
                spared.append(os.path.join(func, name))
                continue
            same = tuple(sorted((key, label) for key, label in own.items() if keys[key] not in VARIANTS))
            candidates.setdefault(same, []).append((name, own))
        for found in candidates.values():
            _one(
                [os.path.join(func, name) for name, _ in found],
                "a run",
                "choose one with dataset.fmriprep.resolution, cohort, echo or density (a label, or none for files "
                "without it), "
                "or remove the other",
            )
            name, own = found[0]
            labels = {keys[key]: label for key, label in own.items()}
            bold = os.path.join(func, name)
            run = Run(**labels, bold=bold, t_r=t_r, source=bold)
            runs.append(_admit(run, func, files, own, exclude, on_missing))
    if not runs:
        raise InputError(_nothing_found(folder, choices, tasks, sessions, desc, seen, spared))
    _check_all_there(runs, folder, subjects, sessions)
    _check_exclusions(runs, exclude)
    return runs


def is_named(run: Run, name: str) -> bool:
    """Whether a name, or a part of one, means a run.

    Parameters
    ----------
    run : Run
    name : str
        Parts of a BIDS name, joined by ``_``: ``sub-01``, ``sub-01_task-rest_run-2``, ``ses-2_run-*``. Each must be in
        the run's; ``*`` stands for any text.
    """
    own = run.stem.split("_")
    return all(any(fnmatchcase(part, wanted) for part in own) for wanted in name.split("_") if wanted)


def _admit(
    run: Run,
    func: str,
    files: Files,
    own: Mapping[str, str],
    exclude: Sequence[str],
    on_missing: str,
) -> Run:
    """A run with the files beside it, or with the reason why it is excluded."""
    named = next((wanted for wanted in exclude if is_named(run, wanted)), None)
    if named is not None:
        return replace(run, excluded=f"named by dataset.fmriprep.exclude ({named})")
    try:
        return _with_files(run, func, files, own)
    except UnusableRunError as error:
        if on_missing == "stop":
            raise
        return replace(run, excluded=str(error))


def _check_exclusions(runs: Sequence[Run], exclude: Sequence[str]) -> None:
    """Whatever is to be excluded must be there, and something must be left."""
    for name in exclude:
        if not any(is_named(run, name) for run in runs):
            raise InputError(
                f"dataset.fmriprep.exclude: {name!r} fits no run; expected a run's name or parts of it, such as "
                f"{runs[0].stem} or sub-{runs[0].subject}, with * for any text"
            )
    check_some_left(runs)


def check_some_left(runs: Collection[Run]) -> None:
    """Refuse a dataset all of whose runs are excluded, with an `InputError`."""
    if all(run.excluded for run in runs):
        first = next(iter(runs))
        raise InputError(
            f"dataset.fmriprep: all {len(runs)} runs that were found are excluded; {first.stem}: {first.excluded}"
        )


def _with_files(run: Run, func: str, files: Files, own: Mapping[str, str]) -> Run:
    """A run with the files beside it; an `UnusableRunError` says which one it lacks."""
    bold, name = run.bold, os.path.basename(run.bold)
    advice = "keep the one that belongs to this image"
    right = _other_hemisphere(bold)
    cortical = on_surface(run.space)
    mask = _one(
        _beside(func, files, own, "brain", ("mask",), IMAGES, {"echo", "part"}), f"the brain mask of {name}", advice
    )
    if mask is None and not cortical:
        raise UnusableRunError(
            f"{bold}: no brain mask beside it; expected {name.split('_desc-')[0]}_desc-brain_mask.nii.gz, "
            "as fMRIPrep writes it"
        )
    confounds = _one(
        _beside(
            func,
            files,
            own,
            "confounds",
            ("timeseries", "regressors"),
            (".tsv",),
            {"space", "cohort", "res", "den", "echo", "part"},
        ),
        f"the confounds table of {name}",
        advice,
    )
    sidecar = sidecar_of(bold) if os.path.lexists(sidecar_of(bold)) else None
    if sidecar is None and run.t_r is None:
        raise UnusableRunError(
            f"{bold}: no JSON sidecar beside it; expected {os.path.basename(sidecar_of(bold))} with "
            "RepetitionTime (seconds), or dataset.fmriprep.t_r in the config"
        )
    try:
        for path in filter(None, (bold, right, mask, confounds, sidecar)):
            check_present(path)
    except InputError as error:
        raise UnusableRunError(str(error)) from None
    return replace(
        run,
        bold_right=right,
        mask=None if cortical else mask,
        confounds=confounds,
        sidecar=sidecar,
        confounds_sidecar=sidecar_there(confounds),
    )


def _other_hemisphere(bold: str) -> str | None:
    """The file of the right hemisphere beside that of the left one; None for a run that is no pair."""
    if not bold.endswith(GIFTI):
        return None
    folder, name = os.path.split(bold)
    own = parse_name(name)
    side = own[0].get("hemi") if own else None
    other = os.path.join(folder, name.replace(f"_hemi-{side}", f"_hemi-{'R' if side == 'L' else 'L'}"))
    if side not in HEMISPHERES or not os.path.lexists(other):
        raise UnusableRunError(
            f"{bold}: the other hemisphere is missing; expected {os.path.basename(other)} beside it, as fMRIPrep "
            "writes it"
        )
    return other


def _nothing_found(
    folder: str,
    choices: Mapping[str, str | None],
    tasks: Sequence[str] | None,
    sessions: Sequence[str] | None,
    desc: str,
    seen: Mapping[str, set[str | None]],
    spared: Sequence[str],
) -> str:
    wanted = [f"desc-{desc}", *(f"{key}-{label}" for key, label in choices.items() if label is not None)]
    wanted += [f"task-{label}" for label in tasks or ()] + [f"ses-{label}" for label in sessions or ()]
    there = "; ".join(
        f"{key}: {', '.join(sorted(known))}"
        for key, labels in seen.items()
        if (known := {label for label in labels if label})
    )
    return (
        f"dataset.fmriprep: no run in {folder} is {' '.join(wanted)}; its images have {there or 'no bold image at all'}"
        + (f". Not used, as their names have entities that are not known here: {_some(spared)}" if spared else "")
    )


def _check_all_there(
    runs: Sequence[Run], folder: str, subjects: Sequence[str] | None, sessions: Sequence[str] | None
) -> None:
    """Whoever is named in the config must have a run; a session may be absent for some subjects, not for all."""
    for key, asked in {"subject": subjects, "session": sessions}.items():
        absent = sorted(set(asked or ()) - {getattr(run, key) for run in runs})
        if absent:
            raise InputError(
                f"dataset.fmriprep.{key}s: {folder} has no run that fits the other choices for "
                f"{', '.join(f'{ENTITIES[key]}-{label}' for label in absent)}"
            )


def missing_sessions(runs: Collection[Run]) -> list[str]:
    """Say which sessions are there for some subjects only.

    Parameters
    ----------
    runs : collection of Run

    Returns
    -------
    list of str
        A sentence a session.
    """
    sessions: dict[str, set[str | None]] = {}
    for run in runs:
        sessions.setdefault(run.subject, set()).add(run.session)
    known = sorted({run.session for run in runs if run.session})
    sentences = []
    for session in known:
        without = [f"sub-{subject}" for subject, own in sessions.items() if session not in own]
        if without:
            sentences.append(
                f"ses-{session} is there for {len(sessions) - len(without)} of {len(sessions)} subjects; "
                f"it is absent for {_some(without)}"
            )
    return sentences

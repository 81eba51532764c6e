"""A first config for a folder: what is in it, and what would be done with it."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from ..base import tables
from ..base.errors import InputError
from . import fmriprep, nifti_header, repetition_times
from .bids import CIFTI, GIFTI, Run, in_mni, on_surface, parse_name, sidecar_of

FEWEST = 20
"""Volumes; images with fewer are no runs."""

SHORT = 300
"""Seconds; default of ``quality.warn.min_seconds_kept``, below which a run is marked."""

MOST_FILES = 100_000
"""That a folder of any images may hold."""

MOST_NAMED = 5
"""Runs that a sentence names."""

RAW = {"sub", "ses", "task", "acq", "ce", "rec", "dir", "run", "echo", "part"}
"""Entities of a run that nobody has preprocessed."""

MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
TISSUE = ("csf", "white_matter")
IMAGES = (".nii.gz", ".nii")

SEEDS_ON_SURFACE = """\
label\tname\tkind\tx\ty\tz\tradius_mm\themisphere
PCC\tPosterior cingulate cortex\tsurface\t-5\t-52\t24\t8\tL
"""
"""A first table of seeds for runs on the cortex, where the default seed, a sphere of voxels, has no place."""

NOBODYS = {"anat", "bold", "data", "derivatives", "fmap", "func", "functional", "nifti", "rest", "runs"}
"""Names of folders that are no participants'."""


@dataclass
class Start:
    """What was found, and what follows.

    Attributes
    ----------
    config : str
        Text of a config file.
    found : list of str
        Sentences.
    to_check : list of str
        What was assumed, and only the user knows.
    to_give : dict of str to str
        Options of the starter without which there is nothing to write, as they are typed, and why.
    missing : list of str
        Without which nothing can be computed, to be filled into the config.
    table : str or None
        Text of a table of runs, where the config names one.
    seeds : str or None
        Text of a table of seeds, likewise.
    """

    config: str = ""
    found: list[str] = field(default_factory=list)
    to_check: list[str] = field(default_factory=list)
    to_give: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    table: str | None = None
    seeds: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """Texts by the names of their files."""
        texts = {"study.yaml": self.config, "runs.tsv": self.table, "seeds.tsv": self.seeds}
        return {name: text for name, text in texts.items() if text}


def look(folder: str, space: str | None = None, t_r: float | None = None) -> Start:
    """Look into a folder.

    Parameters
    ----------
    folder : str
        Of fMRIPrep derivatives, a dataset with such a folder inside, or any folder with preprocessed 4-D NIfTI images.
    space : str or None
        Label of the space to use; None to choose one with MNI coordinates.
    t_r : float or None
        Repetition time in seconds, where no sidecar says it.

    Returns
    -------
    Start

    Raises
    ------
    InputError
        If there is nothing to be used in it, or the repetition time is in milliseconds.
    """
    if t_r is not None:
        repetition_times.check(t_r, "--t-r")
    if os.path.isfile(folder):
        raise InputError(f"{folder}: is a file; expected the folder that it lies in, or one above")
    if not os.path.isdir(folder):
        raise InputError(f"{folder}: no such folder (looked for from {os.getcwd()})")
    if _is_of_this_workflow(folder):
        raise InputError(f"{folder}: results of this workflow; expected preprocessed runs, such as it reads itself")
    for place in _places(folder):
        seen = list(_derivatives(place))
        if seen:
            return _of_fmriprep(place, seen, space, t_r)
    return _of_images(folder, space, t_r)


def _places(folder: str) -> Iterator[str]:
    """Where derivatives may lie: the folder, and those inside of it that usually hold them."""
    yield folder
    for parent in (os.path.join(folder, "derivatives"), folder):
        if os.path.isdir(parent):
            inside = sorted(entry.path for entry in os.scandir(parent) if entry.is_dir())
            named = (path for path in inside if not os.path.basename(path).startswith((".", "sub-")))
            yield from (path for path in named if not _is_of_this_workflow(path))


def _is_of_this_workflow(folder: str) -> bool:
    """Whether a folder holds derivatives that this workflow has made, which are no runs to start with."""
    try:
        description = json.loads(Path(folder, "dataset_description.json").read_text(encoding="utf-8"))
        return any(made_by["Name"] == "seed-to-voxel" for made_by in description["GeneratedBy"])
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _n(count: int, noun: str) -> str:
    """A count and its noun: 1 run, 2 runs."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _having(count: int, total: int) -> str:
    """How many of the runs have what comes next."""
    return f"{count} of {_n(total, 'run')} {'has' if count == 1 else 'have'}"


def _derivatives(folder: str) -> Iterator[dict[str, str]]:
    """Entities of the preprocessed runs in the sub-* folders of a folder; a pair of GIFTI files is one."""
    for subject in sorted(Path(folder).glob("sub-*")):
        for func in (*subject.glob("func"), *subject.glob("ses-*/func")):
            for name in sorted(os.listdir(func)):
                entities, suffix, ending = parse_name(name) or ({}, "", "")
                if suffix != "bold" or "space" not in entities:
                    continue
                # fMRIPrep gives its images on surfaces no description.
                is_volume = ending in IMAGES and "desc" in entities
                if is_volume or ending == CIFTI or (ending == GIFTI and entities.get("hemi") == "L"):
                    yield entities


def _counts(seen: Sequence[dict[str, str]], key: str) -> str:
    """How often each label of an entity was seen, in words."""
    counter = Counter(entities.get(key, "none") for entities in seen)
    return ", ".join(f"{label} ({count})" for label, count in counter.most_common())


def _of_fmriprep(folder: str, seen: Sequence[dict[str, str]], space: str | None, t_r: float | None) -> Start:
    """Start with a folder of fMRIPrep derivatives."""
    start = Start()
    found = start.found
    found.append(f"{folder}: derivatives named as fMRIPrep does, {_n(len(seen), 'preprocessed image')}")
    for key, name in (
        ("space", "spaces"),
        ("task", "tasks"),
        ("ses", "sessions"),
        ("res", "resolutions"),
        ("den", "densities"),
        ("echo", "echoes"),
    ):
        if any(key in entities for entities in seen):
            found.append(f"{name}: {_counts(seen, key)}")
    chosen = space or _best_space(seen)
    options: dict[str, object] = {"folder": os.path.abspath(folder), "space": chosen}
    own = [entities for entities in seen if entities["space"] == chosen]
    if not own:
        raise InputError(f"--space is {chosen!r}; {folder} has {_counts(seen, 'space')}")
    descs = [entities.get("desc", "preproc") for entities in own]
    desc = "preproc" if "preproc" in descs else descs[0]
    if desc != "preproc":
        options["desc"] = desc
    own = [entities for entities, its in zip(own, descs, strict=True) if its == desc]
    for key, name, plural in (
        ("res", "resolution", "resolutions"),
        ("den", "density", "densities"),
        ("echo", "echo", "echoes"),
    ):
        labels = sorted({entities.get(key, fmriprep.NO_LABEL) for entities in own})
        if len(labels) > 1:
            options[name] = labels[0]
            start.to_check.append(f"of the {plural} {', '.join(labels)}, {labels[0]} was chosen")
    if t_r is not None:
        options["t_r"] = t_r
    if on_surface(chosen):
        start.seeds = SEEDS_ON_SURFACE
        if chosen != "fsaverage5":
            start.missing.append(
                f"meshes of {chosen}, which do not come with the workflow: put a midthickness surface of either "
                "hemisphere, for instance TemplateFlow's, into the config under surfaces.left and surfaces.right"
            )
    elif not in_mni(chosen):
        start.to_check.append(
            f"{chosen} has no MNI coordinates: seeds must be masks in it, and some figures are not made"
        )
    try:
        runs, missing = _runs_of(options)
    except InputError:
        # Perhaps all that they lack is a repetition time, for which there is an option.
        runs, missing = _runs_of({**options, "t_r": 1.0})
        runs = [replace(run, t_r=t_r) for run in runs]
    if missing:
        options["on_missing"] = "exclude"
        start.to_check.append(
            f"{_n(len(missing), 'run')} {'lacks' if len(missing) == 1 else 'lack'} files and would be left out: "
            f"{missing[0].excluded}"
        )
    used = _with_confounds(start, runs, "by dataset.fmriprep.on_missing")
    if len(used) < len(runs):
        options["on_missing"] = "exclude"
    runs = used
    _describe(start, runs)
    _ask_for_t_r(start, runs)
    names = _columns_of(runs)
    start.config = _config_text("fmriprep", options, cleaning_of(names, runs))
    return start


def _with_confounds(start: Start, runs: list[Run], how: str) -> list[Run]:
    """All runs but those without a confounds table, where most have one; otherwise all, and confounds are not used."""
    without = [run for run in runs if run.confounds is None]
    if not without:
        return runs
    few = 2 * len(without) < len(runs)
    names = ", ".join(run.stem for run in without[:MOST_NAMED]) + (", ..." if len(without) > MOST_NAMED else "")
    start.to_check.append(
        f"{_having(len(without), len(runs))} no confounds table"
        + (f" and would be left out {how}: " if few else ", so that none are regressed out and no volume is scrubbed: ")
        + names
    )
    return [run for run in runs if run.confounds is not None] if few else runs


def _best_space(seen: Sequence[dict[str, str]]) -> str:
    """The space that most runs are in: one with MNI coordinates before the cortical surface before others."""
    counter = Counter(entities["space"] for entities in seen)
    return min(
        counter,
        key=lambda label: (
            *(not in_mni(label), not on_surface(label), -counter[label]),
            # What comes with the workflow, or is fMRIPrep's default, where there are as many.
            *(label not in ("MNI152NLin2009cAsym", "fsaverage5"), label),
        ),
    )


def _runs_of(options: dict[str, object]) -> tuple[list[Run], list[Run]]:
    """Runs that can be used, and those that lack files."""
    defaults = dict.fromkeys(("resolution", "cohort", "echo", "density", "tasks", "subjects", "sessions", "t_r"))
    asked = {**defaults, "desc": "preproc", "exclude": [], "on_missing": "exclude", **options}
    runs = fmriprep.find_runs(**asked)  # type: ignore[arg-type]
    fmriprep.check_some_left(runs)
    return [run for run in runs if not run.excluded], [run for run in runs if run.excluded]


def _describe(start: Start, runs: Sequence[Run]) -> None:
    """Say what is known of the runs that would be used."""
    subjects = sorted({run.subject for run in runs})
    start.found.append(f"runs to use: {len(runs)} of {_n(len(subjects), 'participant')}, in {runs[0].space} space")
    times = Counter(_t_r_in_words(stated_t_r(run)) for run in runs)
    start.found.append(f"repetition times: {', '.join(f'{text} ({count})' for text, count in times.most_common())}")
    wrong = [run for run in runs if (time := stated_t_r(run)) and repetition_times.in_milliseconds(time)]
    if wrong:
        time = stated_t_r(wrong[0]) or 0.0
        start.to_check.append(
            f"{_having(len(wrong), len(runs))} a RepetitionTime that looks like milliseconds, such as {time:g} in "
            f"{_sidecar_of(wrong[0])}; expected seconds, as BIDS has it: write {time / 1000:g} there, as such a run is "
            "refused"
        )
    # What is in a file on the surface is read when it is computed.
    if not on_surface(runs[0].space):
        try:
            shape = nifti_header.read_shape(runs[0].bold)
        except InputError as error:
            start.to_check.append(str(error))
        else:
            # A single volume has no dimension of its own.
            volumes = shape[3] if len(shape) > 3 else 1
            start.found.append(f"the first: {_voxels(shape)}, {_n(volumes, 'volume')}")
        sizes = Counter(_voxels(shape) for _, shape in _shapes(runs))
        # In spaces of their own, subjects' images differ anyway.
        if len(sizes) > 1 and in_mni(runs[0].space):
            listed = [f"{size} ({_n(count, 'run')})" for size, count in sizes.most_common(3)]
            listed += [f"and {len(sizes) - 3} more"] if len(sizes) > 3 else []
            start.to_check.append(
                f"images differ in size: {'; '.join(listed)}. Each run has its own maps, but models of groups take "
                "runs on one grid, unless groups.resample is true"
            )
    n_confounds = sum(run.confounds is not None for run in runs)
    names = _columns_of(runs)
    start.found.append(
        f"confounds: {_having(n_confounds, len(runs))} a table"
        + (f", the first with {len(names)} columns" if names else "")
    )
    lengths = _lengths(runs)
    if n_short := sum(length < SHORT for length in lengths):
        start.to_check.append(
            f"{n_short} of {_n(len(runs), 'run')} {'lasts' if n_short == 1 else 'last'} less than {SHORT} s, the "
            f"shortest {min(lengths):g} s: correlations of so few volumes are uncertain, and such runs are marked in "
            "the table of quality (quality.warn.min_seconds_kept)"
        )


def _voxels(shape: Sequence[int]) -> str:
    return f"{' x '.join(map(str, shape[:3]))} voxels"


def _shapes(runs: Sequence[Run]) -> Iterator[tuple[Run, tuple[int, ...]]]:
    """Runs with the dimensions that their headers state, where these can be read."""
    for run in runs:
        # What is in a file on the surface is read when it is computed.
        if not on_surface(run.space):
            with suppress(InputError):
                yield run, nifti_header.read_shape(run.bold)


def _lengths(runs: Sequence[Run]) -> list[float]:
    """Seconds of the runs whose headers and repetition times can be read."""
    return [shape[3] * t_r for run, shape in _shapes(runs) if len(shape) > 3 and (t_r := _seconds(run))]


def _ask_for_t_r(start: Start, runs: Sequence[Run]) -> None:
    """Ask for the repetition time where nothing says it."""
    silent = [run for run in runs if stated_t_r(run) is None]
    if silent:
        start.to_give["--t-r SECONDS"] = (
            f"{_having(len(silent), len(runs))} no JSON sidecar with RepetitionTime, such as {silent[0].bold}: say "
            "it yourself, as headers are often wrong"
        )


def stated_t_r(run: Run) -> float | None:
    """Repetition time of a run as the config or its sidecar states it, seconds; None where neither does."""
    if run.t_r is not None:
        return run.t_r
    try:
        value = json.loads(Path(_sidecar_of(run)).read_text(encoding="utf-8")).get("RepetitionTime")
    except (OSError, ValueError, AttributeError):
        return None
    return float(value) if isinstance(value, (int, float)) else None


def _sidecar_of(run: Run) -> str:
    return run.sidecar or sidecar_of(run.bold)


def _seconds(run: Run) -> float | None:
    """Repetition time of a run; None where it is not stated, or as no run has it."""
    time = stated_t_r(run)
    return time if time is not None and 0 < time <= repetition_times.LONGEST else None


def _t_r_in_words(time: float | None) -> str:
    if not time:
        return "not stated"
    return f"{time:g} (milliseconds?)" if repetition_times.in_milliseconds(time) else f"{time:g} s"


def _columns_of(runs: Sequence[Run]) -> list[str]:
    """Columns that the runs' confounds tables share; none where a run has no table."""
    shared: list[str] | None = None
    for run in runs:
        if run.confounds is None:
            return []
        try:
            with open(run.confounds, encoding="utf-8-sig") as file:
                names = file.readline().rstrip("\n").split("\t")
        except (OSError, UnicodeDecodeError):
            return []
        shared = names if shared is None else [name for name in shared if name in names]
    return shared or []


def cleaning_of(names: Sequence[str], runs: Sequence[Run]) -> list[str]:
    """Lines of the section ``cleaning`` that fit what the confounds tables have.

    Parameters
    ----------
    names : sequence of str
        Columns that all tables share.
    runs : sequence of Run

    Returns
    -------
    list of str
        YAML, with comments.
    """
    lines = []
    slowest = max((time for run in runs if (time := _seconds(run))), default=None)
    low = "low_pass: 0.1 # Hz"
    if slowest is not None and 1 / (2 * slowest) <= 0.1:
        low = f"low_pass: null # a repetition time of {slowest:g} s holds nothing above {1 / (2 * slowest):.3g} Hz"
    full = [f"{name}{end}" for name in MOTION for end in ("", "_derivative1", "_power2", "_derivative1_power2")]
    if {*full, *TISSUE, "cosine00"} <= set(names):
        lines += [
            "  confounds: # nilearn's load_confounds",
            "    strategy: simple # 24 motion parameters, white matter and CSF, fMRIPrep's cosines",
            "    motion: full",
            "    wm_csf: basic",
            "  high_pass: null # the cosines are a high-pass filter already",
        ]
    else:
        there = [name for name in (*MOTION, *TISSUE) if name in names]
        lines += [f"  confounds: [{', '.join(there)}] # columns of the tables", "  high_pass: 0.01 # Hz"]
    lines.append(f"  {low}")
    if "framewise_displacement" in names:
        lines += ["  scrubbing:", "    fd_threshold: 0.5 # mm; null to keep all volumes"]
    return lines


def _config_text(kind: str, options: dict[str, object], cleaning: Sequence[str]) -> str:
    """A config file; JSON's way of writing a value is YAML's too."""
    space = str(options.get("space", "MNI"))
    further = ["distribution"]
    if in_mni(space) or on_surface(space):
        further.append("clusters")
    if in_mni(space):
        further.append("networks")
    section = "\n".join(f"    {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in options.items())
    return "\n".join(
        [
            "# A first config. Keys that are left out take their defaults; config/README.md explains them all.",
            "",
            "dataset:",
            f"  kind: {kind}",
            f"  {kind}:",
            section,
            "",
            "seeds: seeds.tsv # on the cortex, see docs/surfaces.md"
            if on_surface(space)
            else "# seeds: seeds.tsv # label x y z radius_mm, MNI mm; without it, the posterior cingulate cortex",
            "",
            "cleaning:",
            "  smoothing_fwhm: 6 # mm; null for none",
            *cleaning,
            "",
            "figures: # beside the published ones",
            f"  further: [{', '.join(further)}]",
            "",
        ]
    )


def _of_images(folder: str, space: str | None, t_r: float | None) -> Start:
    """Start with a folder of any 4-D images: a table of runs."""
    start = Start()
    runs, masks, tsvs, raw = [], [], [], 0
    for path in _files(folder):
        if path.endswith(".tsv"):
            tsvs.append(path)
        if not path.endswith(IMAGES):
            continue
        if participants := _participants_around(folder, path):
            raise InputError(f"{folder}: a folder of one participant; start with that of all, {participants}")
        if deeper := _derivatives_around(path, folder):
            raise InputError(f"{folder}: derivatives lie further inside, in {deeper}; start with that folder")
        try:
            shape = nifti_header.read_shape(path)
        except InputError as error:
            start.to_check.append(f"left out: {error}")
            continue
        if len(shape) == 4 and shape[3] >= FEWEST:
            runs.append((path, shape))
            parsed = parse_name(os.path.basename(path))
            raw += bool(parsed and parsed[1] == "bold" and {"sub", "task"} <= parsed[0].keys() <= RAW)
        elif len(shape) == 3 and "mask" in os.path.basename(path).lower():
            masks.append((path, shape))
    if not runs:
        raise InputError(
            f"{folder}: no 4-D NIfTI image of {FEWEST} volumes or more; expected fMRIPrep derivatives, or a folder "
            "of preprocessed runs as .nii or .nii.gz"
        )
    if raw == len(runs):
        raise InputError(
            f"{folder}: {_n(raw, 'run')} named as raw BIDS data, such as {runs[0][0]}; expected preprocessed runs. "
            "Preprocess them first, for instance with fMRIPrep, and start with its folder of derivatives"
        )
    start.found.append(f"{folder}: {_n(len(runs), '4-D image')}, {_n(len(masks), 'mask')}")
    made: list[Run] = []
    guessed = _guessed([path for path, _ in runs], folder)
    if guessed:
        some = ", ".join(f"{os.path.relpath(path, folder)}: {label}" for path, label in list(guessed.items())[:5])
        start.to_check.append(
            f"{_n(len(guessed), 'image')} without sub-<label> in the name; participants were guessed, in the column "
            f"subject ({some}{', ...' if len(guessed) > 5 else ''})"
        )
    for path, shape in runs:
        labels = _labels(path, guessed.get(path), {run.stem for run in made}, space)
        beside = [mask for mask, size in masks if size == shape[:3]]
        mask = _closest(path, beside) or (beside[0] if len(beside) == 1 else None)
        confounds = _closest(path, [tsv for tsv in tsvs if _is_confounds(tsv, shape[3])])
        made.append(Run(**labels, bold=path, source=path, mask=mask, confounds=confounds, t_r=t_r))
    made = _with_confounds(start, made, "of the table of runs")
    _describe(start, made)
    start.found.append(f"masks: {_having(sum(run.mask is not None for run in made), len(made))} one")
    if any(run.mask is None for run in made):
        start.to_check.append("runs without a mask get one of their own, from their background")
    _ask_for_t_r(start, made)
    if space is None and not all("_space-" in os.path.basename(run.bold) for run in made):
        start.to_check.append("images whose names say no space are taken to be in MNI space (MNI152)")
    names = [name for name in ("session", "run") if any(getattr(run, name) for run in made)]
    header = ["subject", *names[:1], "task", *names[1:], "space", "bold", "mask", "confounds", "t_r"]
    rows = [header] + [[str(getattr(run, name) or "n/a") for name in header] for run in made]
    start.table = "\n".join("\t".join(row) for row in rows) + "\n"
    start.config = _config_text("table", {"runs": "runs.tsv"}, cleaning_of(_columns_of(made), made))
    return start


def _derivatives_around(path: str, folder: str) -> str | None:
    """Folder of derivatives, inside of another one, that a preprocessed run lies in; None where it lies in none."""
    if not {"sub", "space", "desc"} <= _entities(path).keys():
        return None
    parts = Path(os.path.relpath(path, folder)).parts
    depth = next((number for number, part in enumerate(parts) if part.startswith("sub-")), 0)
    return os.path.join(folder, *parts[:depth]) if depth and "func" in parts else None


def _participants_around(folder: str, path: str) -> str | None:
    """Folder of all participants, where a folder is that of one, or inside of it, with a preprocessed run of theirs."""
    entities, parts = _entities(path), Path(os.path.abspath(folder)).parts
    own = f"sub-{entities.get('sub')}"
    if not {"sub", "space", "desc"} <= entities.keys() or own not in parts[1:]:
        return None
    return os.path.join(*parts[: parts.index(own)])


def _files(folder: str) -> Iterator[str]:
    """Files of a folder and those inside of it, but hidden ones and this workflow's own derivatives."""
    count = 0
    for parent, inside, names in os.walk(folder):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        inside[:] = [name for name in inside if not _is_of_this_workflow(os.path.join(parent, name))]
        for name in sorted(names):
            count += 1
            if count > MOST_FILES:
                raise InputError(f"{folder}: more than {MOST_FILES} files; expected the folder of one study")
            if not name.startswith("."):
                yield os.path.abspath(os.path.join(parent, name))


def _guessed(paths: Sequence[str], folder: str) -> dict[str, str]:
    """Participants of the images whose names say none, by their paths.

    The outermost folder that differs from image to image is a participant's; where none does, the name is, without
    the words at its end that all names share (`_rest_preproc`). Folders that are named as kinds of data are nobody's.
    """
    silent = [path for path in paths if "sub" not in _entities(path)]
    inside = {path: Path(os.path.relpath(path, folder)).parts[:-1] for path in silent}
    depth = min(map(len, inside.values()), default=0)
    levels = (level for level in range(depth) if len({parts[level] for parts in inside.values()}) > 1)
    level = next((one for one in levels if not {parts[one].lower() for parts in inside.values()} & NOBODYS), None)
    names = {path: os.path.basename(path).partition(".")[0] for path in silent}
    shared = _shared_end(list(names.values()))
    found = {}
    for path in silent:
        name = names[path].removesuffix(shared) if level is None else inside[path][level]
        # sub-01, sub_01 and sub01, but not subject01.
        own = re.sub(r"^sub(?=[-_]?\d)", "", name, flags=re.IGNORECASE)
        found[path] = re.sub("[^a-zA-Z0-9]", "", own)[:40] or "unnamed"
    return found


def _shared_end(names: Sequence[str]) -> str:
    """Words at the end, each behind a `_` or `-`, that several names have in common; nothing of a single name."""
    if len(set(names)) < 2:
        return ""
    from_the_end = zip(*(reversed(re.split("(?=[_-])", name)) for name in names), strict=False)
    shared = takewhile(lambda words: len(set(words)) == 1, from_the_end)
    return "".join(reversed([words[0] for words in shared]))


def _entities(path: str) -> dict[str, str]:
    parsed = parse_name(os.path.basename(path))
    return parsed[0] if parsed else {}


def _labels(path: str, guessed: str | None, taken: set[str], space: str | None) -> dict[str, Any]:
    """Labels of a run: those of its name; the participant else as guessed."""
    entities = _entities(path)
    labels: dict[str, Any] = {
        "subject": entities.get("sub", guessed),
        "task": entities.get("task", "rest"),
        "space": space or entities.get("space", "MNI152"),
    }
    labels |= {name: entities[key] for name, key in (("session", "ses"), ("run", "run")) if key in entities}
    number = 2
    while Run(**labels, bold=path, source=path).stem in taken:
        labels["run"] = str(number)
        number += 1
    return labels


def _closest(path: str, others: Sequence[str]) -> str | None:
    """Of files in a run's folder, the one whose name shares most of its beginning with the run's, or None."""
    own = os.path.basename(path)
    beside = [other for other in others if os.path.dirname(other) == os.path.dirname(path)]
    shared = {other: _shared(own, os.path.basename(other)) for other in beside}
    best = max(shared.values(), default=0)
    found = [other for other, length in shared.items() if length == best]
    return found[0] if len(found) == 1 and (best > 3 or len(beside) == 1) else None


def _shared(one: str, other: str) -> int:
    """How many signs two names have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _is_confounds(path: str, volumes: int) -> bool:
    """Whether a table has named columns and a row a volume."""
    try:
        header, *rows = tables.cells(path)
    except (InputError, OSError, ValueError):
        return False
    return len(rows) == volumes and all(re.match("[a-zA-Z]", name) for name in header)

"""Checks of the config that say what is wrong in the words of the person who wrote it."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError
from ..base.hints import meant
from . import cleanings, figure_kinds, nki_surface, outputs, repetition_times, strategies
from .bids import Run, in_mni
from .seeds import OF_SURFACES, Seed

if TYPE_CHECKING:
    from jsonschema import ValidationError

MAX_ENTRIES = 100_000
"""Of a config file; a few lines of anchors within anchors make billions."""

SHOWN = 120
"""Characters of a value that a message shows."""

VIEWERS_ON_SURFACE = ("surface", "explore")
"""Kinds of viewers that are made of runs on the cortical surface."""

VIEWER_RUNS = ("none", "first", "all")
"""What ``figures.viewers.runs`` may say instead of participants' labels."""


def read_yaml(path: str | Path) -> Any:
    """Content of a YAML file; an `InputError` says where one is no YAML."""
    import yaml

    return _parsed(path, yaml.load)


def _parsed(path: str | Path, parse: Callable[[str, Any], Any]) -> Any:
    """What a function of PyYAML makes of a file, with the quick loader where PyYAML was built with it."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return parse(Path(path).read_text(encoding="utf-8"), loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        found = ", ".join(filter(None, (error.context, error.problem)))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where, found = str(path), " ".join(str(error).split())
    raise InputError(
        f"{where}: {found}; expected YAML: `key: value`, indented by spaces, with every bracket and quote closed"
    )


def read_config(path: str | Path) -> Any:
    """Content of a config file, which must say what it seems to say.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    dict
        None for an empty file.

    Raises
    ------
    InputError
        If the file is no YAML; if a key is there twice, of which YAML takes the last in silence; or if anchors refer
        to themselves or grow beyond what anybody writes.
    """
    import yaml

    node = _parsed(path, yaml.compose)
    if node is not None and (size := _entries(node, str(path), (), {})) > MAX_ENTRIES:
        raise InputError(f"{path}, line 1: it has {size} entries once all of its anchors are put in; write them out")
    return read_yaml(path)


def _entries(node: Any, path: str, key: tuple[str, ...], known: dict[int, int]) -> int:
    """How many entries a node of YAML has with all of its anchors put in; `known` has those of nodes seen before."""
    if not isinstance(node.value, list):
        return 1
    where = f"{path}, line {node.start_mark.line + 1}: {'.'.join(key)}"
    if id(node) in known:
        if known[id(node)] < 0:
            raise InputError(f"{where} has an anchor that refers to itself; write it out")
        return known[id(node)]
    known[id(node)] = -1
    total, names = 1, set()
    for position, entry in enumerate(node.value):
        name, value = (entry[0].value, entry[1]) if isinstance(entry, tuple) else (str(position), entry)
        if isinstance(name, str) and name != "<<":
            if name in names:
                line = entry[0].start_mark.line + 1
                raise InputError(
                    f"{path}, line {line}: {'.'.join((*key, name))} is there twice, and the first would be dropped; "
                    "put both together"
                )
            names.add(name)
        total += _entries(value, path, (*key, str(name)), known)
    known[id(node)] = total
    return total


def check(config: dict, schema: dict, source: str) -> None:
    """Hold a config against its JSON Schema and report every mistake at once.

    Parameters
    ----------
    config : dict
    schema : dict
        JSON Schema 2020-12.
    source : str
        The files the config came from.

    Raises
    ------
    InputError
        One line for each mistake: key, found, expected.
    """
    from jsonschema import Draft202012Validator, validators

    if wrong := [*_unreadable(config, ()), *_read_otherwise(config, schema)]:
        raise InputError("\n".join(f"{source}: {sentence}" for sentence in wrong))
    # In JSON Schema 2.0 is an integer, to a loop it is none.
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    validator = validators.extend(Draft202012Validator, type_checker=types)
    errors = sorted(validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path)))
    if errors:
        raise InputError("\n".join(f"{source}: {_explain(error)}" for error in errors))


def fill_in(config: dict, schema: dict) -> None:
    """Give a config the defaults of what it leaves out, as `snakemake.utils.validate` does, in the schema's order.

    That function would read the schema once more, with PyYAML's slow loader, at each start of Snakemake and in each
    job of a cluster; the way to the defaults is the one of jsonschema's FAQ, there and here.

    Parameters
    ----------
    config : dict
        Valid; changed in place.
    schema : dict
        JSON Schema 2020-12.
    """
    from jsonschema import Draft202012Validator, validators

    validate = Draft202012Validator.VALIDATORS["properties"]

    def fill(validator: Any, properties: dict, instance: Any, schema: dict) -> Iterator[Any]:
        for name, described in properties.items():
            if "default" in described:
                instance.setdefault(name, deepcopy(described["default"]))
        # Of alternatives, a list may be what is there.
        if isinstance(instance, dict):
            # Snakemake compares what jobs are given as text: a default that is written out, or keys in another order,
            # would be a change.
            known = {name: instance[name] for name in properties if name in instance}
            others = {name: value for name, value in instance.items() if name not in known}
            instance.clear()
            instance.update(known | others)
        yield from validate(validator, properties, instance, schema)

    filling = validators.extend(Draft202012Validator, {"properties": fill})
    for error in filling(schema).iter_errors(config):
        raise error


def check_meaning(config: dict, source: str) -> None:
    """Refuse what a schema cannot see: keys that contradict each other.

    Parameters
    ----------
    config : dict
        Valid, with its defaults.
    source : str
        The files the config came from.

    Raises
    ------
    InputError
        One line: key, found, expected.
    """
    _check_repetition_time(config["dataset"], source)
    _check_band(config["cleaning"], source)
    _check_viewers(config["figures"]["viewers"], source)
    _check_colors(config["maps"], source)
    _check_strategy(config["cleaning"]["confounds"], source)
    for name, cleaning in cleanings.of_config(config).items():
        _check_band(cleaning, source, f"cleanings.{name}")
        _check_strategy(cleaning["confounds"], source, f"cleanings.{name}")
    if config["printed_numbers"] and any(limit is not None for limit in config["quality"]["refuse"].values()):
        raise InputError(
            f"{source}: quality.refuse has limits and printed_numbers is {config['printed_numbers']!r}; expected one "
            "of them at most, since printed numbers are compared with every run"
        )


def notes(config: dict, on_surface: bool = False) -> list[str]:
    """What a config leaves out that somebody may want to know of, a sentence each.

    Parameters
    ----------
    config : dict
        Valid, with its defaults.
    on_surface : bool
        Whether the runs are on the cortical surface, for which there are fewer further figures.

    Returns
    -------
    list of str
    """
    said = []
    if not config["cleaning"]["confounds"]:
        said.append("no confounds are regressed out (cleaning.confounds is []).")
    cleaning = config["cleaning"]
    high_pass, filter = cleaning["high_pass"], cleaning["filter"]
    if high_pass is not None and filter != "cosine" and strategies.brings_cosines(cleaning["confounds"]):
        said.append(
            "cleaning.confounds brings fMRIPrep's cosines, a high-pass filter, and cleaning.high_pass is "
            f"{high_pass:g} Hz besides: slow drifts cost degrees of freedom twice. high_pass: null is enough."
        )
    kinds = figure_kinds.ON_SURFACE if on_surface else figure_kinds.KINDS
    more = [f"figures.further ({', '.join(kinds)})"] if not config["figures"]["further"] else []
    if not on_surface and not any(
        _shown(kind, config["figures"]["viewers"]) for kind in config["figures"]["viewers"]["kinds"]
    ):
        more.append("figures.viewers (interactive pages)")
    if more:
        said.append(f"there is more to be had by {' and '.join(more)}; config/README.md explains every key.")
    return said


def _check_repetition_time(dataset: Mapping[str, Any], source: str) -> None:
    """What a schema would say without the reason: seconds and not milliseconds."""
    kind = dataset["kind"]
    t_r = dataset[kind].get("t_r")
    if t_r is not None:
        repetition_times.check(t_r, f"{source}: dataset.{kind}.t_r")


def _check_viewers(viewers: Mapping[str, Any], source: str) -> None:
    """What a schema says badly: a word of three, or a list of labels; and of whom a group is."""
    runs = viewers["runs"]
    if (
        outputs.OF_A_GROUP in viewers["kinds"]
        and not isinstance(runs, str)
        and len({str(name).removeprefix("sub-") for name in runs}) < 2
    ):
        raise InputError(
            f"{source}: figures.viewers.kinds has explore_group, and figures.viewers.runs names "
            f"{', '.join(map(str, runs))} alone; expected two participants or more, or none, first or all: "
            "the group is then of all participants"
        )
    if isinstance(runs, str) and runs not in VIEWER_RUNS:
        raise InputError(
            f"{source}: figures.viewers.runs is {runs!r}; expected one of {', '.join(VIEWER_RUNS)}, or a list of "
            "participants' labels"
        )


def _check_colors(maps: Mapping[str, Any], source: str) -> None:
    """What is coloured must have a colour of its own."""
    threshold, vmax = maps["threshold"], maps["vmax"]
    if threshold > vmax:
        raise InputError(
            f"{source}: maps.threshold is {threshold:g}; expected no more than maps.vmax, {vmax:g}, where colours end"
        )


def check_folder(dataset: Mapping[str, Any], inputs: str) -> None:
    """Refuse a folder of derivatives that the workflow made itself and might make anew, with an `InputError`.

    Parameters
    ----------
    dataset : dict
        The config's.
    inputs : str
        Where the workflow puts what it simulates and fetches.
    """
    if dataset["kind"] != "fmriprep":
        return
    folder = Path(dataset["fmriprep"]["folder"]).resolve()
    if folder.is_relative_to(Path(inputs).resolve()):
        raise InputError(
            f"dataset.fmriprep.folder is {dataset['fmriprep']['folder']}, where this workflow puts what it simulates "
            f"or fetches itself; expected a folder outside of {inputs}. Copy it, or keep this study in a directory of "
            "its own (snakemake --directory)"
        )


def check_maps_of_several(config: dict, labels: list[str]) -> None:
    """Refuse maps of several seeds that the table of seeds does not have, with an `InputError`."""
    if config["maps"]["semipartial"] and len(labels) < 2:
        raise InputError(
            f"maps.semipartial is true, and {config['seeds']} has the seed {', '.join(labels)} alone; expected two "
            "seeds or more, or false"
        )
    pairs = config["maps"]["differences"]
    for pair in pairs:
        if absent := [name for name in pair if name not in labels]:
            raise InputError(
                f"maps.differences: {config['seeds']} has no seed {', '.join(absent)}; it has {', '.join(labels)}"
            )
        name = "minus".join(pair)
        if name in labels or ["minus".join(other) for other in pairs].count(name) > 1:
            raise InputError(
                f"maps.differences: the maps of {' and '.join(pair)} would be those of {name}, as another seed's or "
                "pair's are; expected another label"
            )


def check_viewer_runs(config: dict, runs: Iterable[Run]) -> None:
    """Refuse viewers of participants that are not there, and a group of one, with an `InputError`."""
    chosen = config["figures"]["viewers"]["runs"]
    known = sorted({run.subject for run in runs})
    if outputs.OF_A_GROUP in config["figures"]["viewers"]["kinds"] and len(known) < 2:
        raise InputError(
            f"figures.viewers.kinds has explore_group, and the participant {known[0]} alone has runs; expected two or "
            "more"
        )
    absent = [] if isinstance(chosen, str) else sorted({str(name).removeprefix("sub-") for name in chosen} - set(known))
    if absent:
        raise InputError(
            f"figures.viewers.runs names {', '.join(absent)}; this dataset has {', '.join(known[:5])}"
            + (", ..." if len(known) > 5 else "")
        )


def _check_strategy(wanted: list[str] | str | dict, source: str, section: str = "cleaning") -> None:
    """What a schema cannot say: which options a strategy has."""
    try:
        strategies.check(wanted)
    except InputError as error:
        raise InputError(f"{source}: {str(error).replace('cleaning.', f'{section}.', 1)}") from None


def _check_band(cleaning: Mapping[str, Any], source: str, section: str = "cleaning") -> None:
    """What a schema cannot say: the pass band must not be empty, and cosines have no upper end."""
    low, high = cleaning["low_pass"], cleaning["high_pass"]
    if cleaning["filter"] == "cosine":
        if high is None:
            raise InputError(f"{source}: {section}.high_pass is null; expected a cut-off in Hz for filter: cosine")
        if low is not None:
            raise InputError(
                f"{source}: {section}.low_pass is {low:g} Hz; expected null with filter: cosine, whose regressors "
                "remove slow drifts only (use filter: auto, butterworth or fourier for a band)"
            )
    if low is not None and high is not None and low <= high:
        raise InputError(
            f"{source}: {section}.low_pass is {low:g} Hz; expected more than {section}.high_pass, {high:g} Hz"
        )


def check_forms(config: dict, runs: Iterable[Run]) -> str:
    """How the images of a study's runs stand in files.

    Parameters
    ----------
    config : dict
    runs : iterable of Run

    Returns
    -------
    str
        ``volume``, ``gifti`` or ``cifti``.

    Raises
    ------
    InputError
        If there are several, or runs on the cortical surface are of several spaces or without their meshes, or
        something is asked for that is made of volumes alone.
    """
    first, *others = runs
    other = next((run for run in others if run.form != first.form), None)
    if other is not None:
        raise InputError(
            f"{first.stem} ({first.source}) is of the form {first.form}, and {other.stem} ({other.source}) of the form "
            f"{other.form}; expected one form in a study (volumes, GIFTI or CIFTI): write a config for each"
        )
    if first.form == "volume":
        return first.form
    other = next((run for run in others if (run.space, run.density) != (first.space, first.density)), None)
    if other is not None:
        raise InputError(
            f"{first.stem} ({first.source}) and {other.stem} ({other.source}) are on different surfaces; expected one "
            "space and density in a study: write a config for each"
        )
    given = [side for side in ("left", "right") if config["surfaces"][side] is not None]
    if len(given) == 1:
        raise InputError(f"surfaces.{given[0]} is given alone; expected a mesh for either hemisphere, or none")
    if not given and first.space != "fsaverage5":
        raise InputError(
            f"{first.stem} is in {first.space}, whose meshes do not come with the workflow; expected surfaces.left and "
            "surfaces.right: a mesh for each hemisphere, for instance TemplateFlow's midthickness "
            f"(tpl-{first.space}_..._hemi-L_midthickness.surf.gii)"
        )
    _refuse_on_surface(config)
    return first.form


def atlas_files(config: Mapping[str, Any], form: str, inputs: str) -> list[str]:
    """Files of the atlas that names peaks, in the order in which they are read; none where there is none.

    Parameters
    ----------
    config : dict
    form : {"volume", "gifti", "cifti"}
        Of the runs.
    inputs : str
        Where the workflow puts what it fetches.

    Returns
    -------
    list of str
        Image and table of a volume; of the cortical surface a file for each hemisphere, or one of CIFTI.

    Raises
    ------
    InputError
        If the atlas is of another form than the runs, or comes with another dataset.
    """
    given = config["figures"]["atlas"] or {}
    if not given:
        return []
    if isinstance(given, str):
        if config["dataset"]["kind"] != nki_surface.KIND:
            raise InputError(
                f"figures.atlas is {given}, which is fetched with dataset.kind {nki_surface.KIND} alone, and this is "
                f"{config['dataset']['kind']}; expected files of your own (left and right, or image)"
            )
        return list(nki_surface.atlas_files(inputs))
    keys = tuple(key for key in ("image", "table", "left", "right") if given.get(key))
    allowed: dict[str, list[tuple[str, ...]]] = {
        "volume": [("image", "table")],
        "gifti": [("left", "right")],
        "cifti": [("image",), ("left", "right")],
    }
    if keys not in allowed[form]:
        wanted = " or ".join(" and ".join(each) for each in allowed[form])
        raise InputError(
            f"figures.atlas has {' and '.join(keys)}; expected {wanted}, as the runs are "
            f"{'volumes' if form == 'volume' else f'on the cortical surface ({form.upper()})'}"
        )
    if form != "volume" and keys == ("image",) and not given["image"].endswith(".dlabel.nii"):
        raise InputError(f"figures.atlas.image is {given['image']}; expected a .dlabel.nii, as the runs are in CIFTI")
    return [given[key] for key in keys]


def check_seeds(form: str, seeds: Iterable[Seed]) -> None:
    """Refuse seeds of a kind that runs of a form do not have, with an `InputError`; see `check_forms` for forms."""
    for seed in seeds:
        if form == "volume" and (seed.kind == "surface" or (seed.file or "").endswith(OF_SURFACES)):
            raise InputError(
                f"the seed {seed.label!r} is of the cortical surface (kind {seed.kind}), and the runs are volumes; "
                "expected a sphere, a mask, labels of an atlas in NIfTI, or a peak"
            )
        if form != "volume" and (seed.kind == "peak" or (form == "gifti" and seed.kind == "sphere")):
            raise InputError(
                f"the seed {seed.label!r} is of the kind {seed.kind}, which is made of voxels, and the runs are on the "
                "cortical surface; expected the kind surface (vertices around the one nearest to a coordinate), mask "
                "or atlas in the table of seeds"
            )


def _refuse_on_surface(config: dict) -> None:
    """Refuse what is made of volumes alone, with an `InputError`."""
    viewers = config["figures"]["viewers"]
    others = [kind for kind in viewers["kinds"] if kind not in VIEWERS_ON_SURFACE and _shown(kind, viewers)]
    further = [kind for kind in config["figures"]["further"] if kind not in figure_kinds.ON_SURFACE]
    if "surface" in viewers["kinds"] and viewers["runs"] != "none" and not others and config["surfaces"]["left"]:
        others = ["surface on other meshes than fsaverage5"]
    asked = {
        f"figures.further ({', '.join(further)})": bool(further),
        f"figures.viewers ({', '.join(others)})": bool(others),
    }
    if wanted := [name for name, is_asked in asked.items() if is_asked]:
        there = [f"of figures.further only {', '.join(figure_kinds.ON_SURFACE)}"] if further else []
        there += ["of figures.viewers.kinds only surface (on fsaverage5) and explore"] if others else []
        raise InputError(
            f"{' and '.join(wanted)} {'are' if len(wanted) > 1 else 'is'} not made for runs on the cortical surface so "
            f"far; expected {', and '.join(there)}, as maps (func.gii, dscalar.nii) can be taken to other programs"
        )


def _shown(kind: str, viewers: Mapping[str, Any]) -> bool:
    """Whether a kind of viewers is made: of the runs that are chosen, or of a group."""
    return viewers["runs"] != "none" or kind == outputs.OF_A_GROUP


def check_figures(config: dict, runs: Iterable[Run]) -> None:
    """Refuse figures on a template of runs that are not in its space, with an `InputError`."""
    # Of runs on the cortical surface `check_forms` has refused what there is not.
    outside = next((run for run in runs if not in_mni(run.space) and run.form == "volume"), None)
    if outside is None:
        return
    asked = [kind for kind in config["figures"]["further"] if figure_kinds.KINDS[kind].needs_mni]
    viewers = config["figures"]["viewers"]
    asked += ["viewers"] if any(_shown(kind, viewers) for kind in viewers["kinds"]) else []
    if asked:
        raise InputError(
            f"figures: {', '.join(asked)} need MNI coordinates, and {outside.stem} ({outside.source}) is in "
            f"{outside.space} space; expected location, mosaic and distribution at most, and no viewers"
        )


def needing_confounds(config: dict) -> list[str]:
    """Keys of a config by which a run needs a confounds table."""
    needs = {"statistics.bursts": config["statistics"]["bursts"]}
    for section, cleaning in _every_cleaning(config):
        needs[f"{section}.confounds"] = bool(cleaning["confounds"])
        needs[f"{section}.scrubbing"] = strategies.is_scrubbed(cleaning["scrubbing"])
    if needs["cleaning.confounds"] or needs["cleaning.scrubbing"]:
        # That others need one too says nothing more.
        needs = {key: needed for key, needed in needs.items() if not key.startswith("cleanings.")}
    return sorted(key for key, needed in needs.items() if needed)


def _every_cleaning(config: dict) -> Iterator[tuple[str, dict]]:
    """The study's own cleaning and those beside it, by the key of each."""
    yield "cleaning", config["cleaning"]
    yield from ((f"cleanings.{name}", cleaning) for name, cleaning in cleanings.of_config(config).items())


def needs_origins(config: dict) -> list[str]:
    """Sections that need the JSON file beside a confounds table, which says of which mask each component is."""
    found = []
    for section, cleaning in _every_cleaning(config):
        strategy, _ = strategies.resolve(cleaning["confounds"], cleaning["scrubbing"])
        found += [section] if strategy and "compcor" in strategy["strategy"] else []
    return found


def lacking(config: dict, run: Run) -> str | None:
    """What a run lacks of the confounds that a config asks for; None if nothing."""
    asking = needing_confounds(config)
    if asking and run.confounds is None:
        return f"no confounds table beside it, and {' and '.join(asking)} {'need' if len(asking) > 1 else 'needs'} one"
    if needs_origins(config) and run.confounds_sidecar is None:
        return f"no JSON file beside {run.confounds}, and CompCor needs one"
    return None


def check_confounds(config: dict, runs: Iterable[Run]) -> None:
    """Refuse to use confounds tables that runs do not have, with an `InputError` that names the runs."""
    asking = needing_confounds(config)
    without = [run.source for run in runs if run.confounds is None] if asking else []
    if without:
        raise InputError(
            f"{len(without)} of the runs have no confounds table, but {' and '.join(asking)} "
            f"{'need' if len(asking) > 1 else 'needs'} one: {_some(without)}. Give them a table "
            "(beside the image: ..._desc-confounds_timeseries.tsv), leave those runs out, or "
            + (
                "leave those cleanings out"
                if asking[0].startswith("cleanings.")
                else "set cleaning.confounds to [] and cleaning.scrubbing to its defaults"
            )
        )
    if asked_by := needs_origins(config):
        silent = [str(run.confounds) for run in runs if run.confounds_sidecar is None]
        if silent:
            raise InputError(
                f"{asked_by[0]}.confounds asks for CompCor, and {len(silent)} of the confounds tables have no JSON "
                f"file beside them that says of which mask each component is: {_some(silent)}. Copy fMRIPrep's, of the "
                "same name with the ending .json"
            )


def _some(names: Sequence[str], at_most: int = 5) -> str:
    """A few of many names, for a message."""
    return "; ".join(names[:at_most]) + ("; ..." if len(names) > at_most else "")


def _unreadable(value: object, key: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with a part of a config before it is held against a schema: keys that are no text, NaN."""
    name = ".".join(key) or "the config"
    if isinstance(value, Mapping):
        for inner, content in value.items():
            if isinstance(inner, str):
                yield from _unreadable(content, (*key, inner))
            else:
                yield f"{name} has the key {inner!r}; expected text as a key: write it in quotes, if it is meant"
    elif isinstance(value, list):
        for position, content in enumerate(value):
            yield from _unreadable(content, (*key, str(position)))
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{name} is {value}; expected a finite number"


def _read_otherwise(config: Mapping, schema: Mapping) -> Iterator[str]:
    """What stands in `cleanings` and belongs to `cleaning`: all of it, or how a run is read, which all share."""
    given = config.get("cleanings")
    known = schema.get("properties", {}).get("cleaning", {}).get("properties", {})
    for name, changes in given.items() if isinstance(given, Mapping) else ():
        if name in known and not (isinstance(changes, Mapping) and changes.keys() & known.keys()):
            yield f"unknown key cleanings.{name}, did you mean cleaning.{name}? (cleanings names other cleanings)"
        for key in changes if isinstance(changes, Mapping) else ():
            if key in known and key not in cleanings.CHANGEABLE:
                yield (
                    f"cleanings.{name}.{key} decides how a run is read, which is done once for all cleanings; expected "
                    f"{', '.join(cleanings.CHANGEABLE)} at most. Set cleaning.{key}, for all of them"
                )


def _explain(error: ValidationError) -> str:
    """Say one schema error as key, found, expected."""
    key = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = sorted(set(error.instance) - set(known))
        prefix = f"{key}." if key else ""
        hints = []
        for name in unknown:
            close = difflib.get_close_matches(str(name), known, 1)
            hints.append(f"unknown key {prefix}{name}" + (f", did you mean {prefix}{close[0]}?" if close else ""))
        return f"{'; '.join(hints)} (known here: {', '.join(known)})"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        wanted = error.schema["properties"][missing[0]]
        about = wanted.get("description") or "; ".join(f"{missing[0]}.{name}" for name in wanted.get("required", ()))
        return f"missing key {'.'.join(filter(None, [key, missing[0]]))}" + (f" ({about})" if about else "")
    if "propertyNames" in error.absolute_schema_path and error.validator == "pattern":
        name = f"{key}.{error.instance}"
        return (
            f"{name}: a name {NAMES_IN_WORDS.get(error.validator_value, f'is text matching {error.validator_value}')}"
        )
    shown = repr(error.instance)
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}... ({len(shown)} characters)"
    found = f"{key or 'the config'} is {shown}"
    rule = error.validator_value
    expected = {
        "enum": f"one of {', '.join(map(str, rule))}" if isinstance(rule, list) else rule,
        "minimum": f"at least {rule}",
        "maximum": f"at most {rule}",
        "exclusiveMinimum": f"more than {rule}",
        "exclusiveMaximum": f"less than {rule}",
        "minItems": f"at least {rule} entries",
        "minLength": "some text",
        "uniqueItems": "no entry twice",
        "pattern": _pattern_in_words(rule),
    }.get(error.validator, error.message)
    if error.validator == "type":
        expected = _type_in_words(rule, error.schema.get("examples", ()))
    if error.validator == "pattern" and isinstance(error.schema.get("type"), list) and "array" in error.schema["type"]:
        # A name that stands for a list, where the list was meant.
        expected += f", or a list: [{error.instance}]"
    if error.validator == "type" and "integer" in rule and isinstance(error.instance, float):
        whole = f": write {error.instance:.0f}" if error.instance.is_integer() else ""
        return f"{found}; expected a whole number{whole}"
    if (
        error.validator == "enum"
        and isinstance(error.instance, str)
        and (hint := meant(error.instance, map(str, rule)))
    ):
        expected += f"; {hint}"
    quoted = error.validator == "type" and rule == "string" and isinstance(error.instance, int)
    return f"{found}; expected {expected}" + ("; write it in quotes" if quoted else "")


NAMES_IN_WORDS = {"^[a-zA-Z0-9]+$": "has letters and digits only", "^[A-Z]$": "is one capital letter"}
"""What a name may be, by the schema's patterns of names."""

PATTERNS_IN_WORDS = {"^[a-zA-Z]+$": "letters only, since it becomes the name of a LaTeX macro"}
"""What a value may be, by the schema's patterns."""

TYPES = {
    "array": "a list",
    "object": "a section with keys of its own",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}
"""JSON's types as a user of YAML knows them."""


def _type_in_words(rule: str | list[str], examples: Sequence[object]) -> str:
    """What a value may be, with an example where the schema has one."""
    words = " or ".join(TYPES[name] for name in ([rule] if isinstance(rule, str) else rule))
    if not examples:
        return words
    # JSON's way of writing a value is YAML's too, which needs no quotes around keys.
    example = examples[0]
    if isinstance(example, Mapping):
        return f"{words}, such as {{{', '.join(f'{key}: {json.dumps(value)}' for key, value in example.items())}}}"
    return f"{words}, such as {json.dumps(example)}"


def _pattern_in_words(pattern: object) -> str:
    """A pattern that lists words, as these words."""
    words = str(pattern).removeprefix("^").removesuffix("$").strip("()").split("|")
    if all(word.isidentifier() for word in words):
        return f"{'one of ' if len(words) > 1 else ''}{', '.join(words)}"
    return PATTERNS_IN_WORDS.get(str(pattern), f"text matching {pattern}")

"""The list of everything that the workflow leaves, and what is written from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .names import in_form as files_in_form

if TYPE_CHECKING:
    from .groups import Groups

MIN_SUBJECTS = 10
"""Fewer participants say nothing of a correlation over them."""

PER_RUN = ("run", "seed", "pair", "cleaning")
"""What ``per`` says of files that each run has."""

OF_SEEDS = "seeds of the study"
"""What it says of files of each seed over all runs."""

OF_A_GROUP = "explore_group"
"""The viewer that is of participants together, whatever runs are chosen."""

OF_GROUPS = ("unit", "model", "test")
"""What it says of files of groups."""

OF_DATA = ("participants", "participants described", "parts", "ten participants")
"""Conditions that hang on more than the config: their files may be there although it seems to ask for none."""

GROUP_FOLDER = "group/"


def conditions(config: dict) -> set[str]:
    """Values of ``when`` that hold by what a config asks for.

    Parameters
    ----------
    config : dict
        With its defaults.

    Returns
    -------
    set of str
        Kinds of further figures, the viewers, ``refusing`` where a run can be refused, and what is asked of groups.
    """
    viewers = config["figures"]["viewers"]
    found = set(config["figures"]["further"])
    if viewers["runs"] != "none":
        found |= {f"{kind} viewer" for kind in viewers["kinds"] if kind != OF_A_GROUP}
    if OF_A_GROUP in viewers["kinds"] and config["part"] is None:
        found.add("group explorer")
    if any(limit is not None for limit in config["quality"]["refuse"].values()):
        found.add("refusing")
    groups = config["groups"]
    if groups["models"] and config["part"] is None:
        permuted = {"permutations", *(["TFCE"] if groups["tfce"] else [])} if groups["permutations"]["n"] else set()
        found |= {"groups", *permuted}
    return found


def in_form(declared: Sequence[dict], form: str) -> list[dict]:
    """What a study of runs of a form leaves.

    Parameters
    ----------
    declared : list of dict
        `workflow/outputs.yaml`.
    form : {"volume", "gifti", "cifti"}

    Returns
    -------
    list of dict
        The same for runs of voxels; else each image of a run or of groups as a file, or one a hemisphere.
    """
    if form == "volume":
        return list(declared)
    return [
        {
            **output,
            "path": path,
            "description": _on_surface(output["description"]),
            "bids": output.get("bids", True) and path == output["path"],
        }
        for output in declared
        for path in (
            files_in_form(output["path"], form)
            if output["per"] in (*PER_RUN, *OF_GROUPS, OF_SEEDS)
            else [output["path"]]
        )
    ]


def _on_surface(description: str) -> str:
    """What is said of a file, of vertices."""
    for word, other in {
        "Slices through the seed": "Both hemispheres",
        "Slices of the effect": "Both hemispheres with the effect",
        "a volume a seed": "a map a seed",
        "voxel": "vertex",
        "Voxel": "Vertex",
        "vertexs": "vertices",
        "Vertexs": "Vertices",
    }.items():
        description = description.replace(word, other)
    return description


def descriptions(declared: Iterable[Mapping]) -> list[str]:
    """Labels that the entity `desc` has in the names of files."""
    found = (re.search(r"_desc-([a-zA-Z0-9]+)_", output["path"]) for output in declared)
    return sorted({match[1] for match in found if match})


def holds(output: dict, conditions: Collection[str]) -> bool:
    """Whether an output is made under some conditions."""
    return output.get("when") is None or output["when"] in conditions


def expected(
    declared: Sequence[dict],
    runs: Iterable[str],
    labels: Sequence[str],
    refused: Collection[str] = (),
    conditions: Collection[str] = (),
    chosen: Collection[str] = (),
    groups: Groups | None = None,
    pairs: Sequence[str] = (),
    cleanings: Sequence[str] = (),
) -> set[str]:
    """Spell out the files of a study.

    Parameters
    ----------
    declared : list of dict
        `workflow/outputs.yaml`.
    runs : iterable of str
        Path of each run, from `bids.Run.path`.
    labels : sequence of str
        Of the seeds.
    refused : collection of str
        Runs that were refused; they leave their verdict alone.
    conditions : collection of str
        Which values of ``when`` hold.
    chosen : collection of str
        Runs that the viewers show.
    groups : Groups, optional
        What is asked of groups.
    pairs : sequence of str
        Of seeds whose maps are compared, from `study.Study.pairs`.
    cleanings : sequence of str
        Names of those that are laid beside the study's own.

    Returns
    -------
    set of str
        Paths relative to the derivatives' folder.
    """
    files = set()
    for output in declared:
        if not holds(output, conditions):
            continue
        if output["per"] == "study":
            files.add(output["path"])
            continue
        if output["per"] == OF_SEEDS:
            files.update(output["path"].format(seed=label) for label in labels)
            continue
        if output["per"] in OF_GROUPS:
            files.update(output["path"].format(**own) for own in (_of_groups(output, groups) if groups else ()))
            continue
        for run in chosen if output["per"] == "chosen run" else runs:
            if run in refused and output.get("when") != "refusing":
                continue
            for names in of_run(output, labels, pairs, cleanings):
                files.add(output["path"].format(run=run, **names))
    return files


def of_run(
    output: Mapping, labels: Sequence[str], pairs: Sequence[str], cleanings: Sequence[str] = ()
) -> list[dict[str, str]]:
    """What stands for the names in the path of an output of a run, file by file."""
    if output["per"] == "cleaning":
        return [{"seed": label, "cleaning": cleaning} for label in labels for cleaning in cleanings]
    if output["per"] == "seed":
        return [{"seed": label} for label in labels]
    return [{"pair": pair} for pair in pairs] if output["per"] == "pair" else [{}]


def _of_groups(output: Mapping, groups: Groups) -> list[dict[str, str]]:
    """What stands for the names in the path of an output of groups, file by file."""
    if output["per"] == "unit":
        return [{"unit": unit} for unit in groups.units]
    if output["per"] == "model":
        return [{"model": model} for model in groups.models]
    return [
        {"model": model.name, "contrast": contrast.name, "seed": label}
        for model in groups.models.values()
        for contrast in model.contrasts
        for label in groups.labels
        if output.get("test", contrast.statistic) == contrast.statistic
    ]


def ignored(declared: Sequence[dict]) -> list[str]:
    """Patterns of the names that BIDS does not have, for `.bidsignore`.

    Parameters
    ----------
    declared : list of dict

    Returns
    -------
    list of str
    """
    # The validator takes no pattern with anything after its second star.
    found = []
    for output in declared:
        if output.get("bids", True):
            continue
        head, seed, _ = output["path"].replace("{pair}", "{seed}").partition("{seed}")
        in_group = output["path"].startswith(GROUP_FOLDER)
        found.append(GROUP_FOLDER if in_group else f"{head.format(run='*')}{'*' if seed else ''}")
    return list(dict.fromkeys(found))


def readme(declared: Sequence[dict], name: str) -> str:
    """The text that explains the folder.

    Parameters
    ----------
    declared : list of dict
        Those that the study leaves.
    name : str
        Title.

    Returns
    -------
    str
        Markdown.
    """
    rows = []
    for output in declared:
        shown = output["path"].replace("{run}", "sub-*_task-*_space-*").replace("{unit}", "sub-*")
        for wildcard in ("seed", "pair", "cleaning", "model", "contrast"):
            shown = shown.replace(f"{{{wildcard}}}", "*")
        rows.append(f"| `{shown}` | {output['description']} |")
    return "\n".join(
        [
            f"# {name}",
            "",
            "Seed-to-voxel correlation maps in the style of BIDS derivatives, made by seed-to-voxel. `methods.md` says "
            "what was done. BIDS has no names for most of these files (`seed`, `stat`, `statmap`): `.bidsignore` lists "
            "them.",
            "",
            "| file | what it is |",
            "| --- | --- |",
            *rows,
            "",
        ]
    )

"""What an archive of a study holds, and under which names."""

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..base.steps import Step
from ..study import checksums, whereabouts
from ..study.names import Names
from ..study.whereabouts import PATHS
from . import sources

STUDY = "study"
"""Folder of what the user wrote: the config, and the tables that it names."""

CONFIG = f"{STUDY}/config.yaml"
INPUTS = "inputs.sha256"
BILL = "sbom.cdx.json"
METADATA = "ro-crate-metadata.json"
README = "README.md"

CODE = ("Snakefile", "pyproject.toml", "uv.lock", "LICENSE", "CITATION.cff", "workflow", "envs", "profiles")
"""Of the project, what its study needs to be run again."""

TABLES = {keys for keys in PATHS if keys != ("dataset", "fmriprep", "folder")}
"""Keys of the config whose files come along."""


@dataclass
class Contents:
    """An archive's files.

    Attributes
    ----------
    files : dict of str to pathlib.Path
        Where each is now, by its name in the archive.
    texts : dict of str to str
        Those that are written for it.
    digests : dict of str to str
        SHA-256 of the files that Snakemake knows of, by their path here; inputs that stay where they are included.
    left_out : list of str
        Paths of what jobs took or made that is not in the archive, but for what they removed.
    doubts : list of str
        What cannot be told of the inputs, from `sources.check`.
    """

    files: dict[str, Path] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Names in the archive, sorted."""
        return sorted({*self.files, *self.texts})


def code(root: Path) -> Iterator[Path]:
    """Files of the project that come along."""
    for name in CODE:
        path = root / name
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (one for one in found if one.is_file() and "__pycache__" not in one.parts)


def settled(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Path]]:
    """A config that names its tables, and a paper's images and masks, where the archive has them.

    Parameters
    ----------
    config : dict
        Checked, with its defaults, paths as they were found.

    Returns
    -------
    config : dict
    tables : dict of str to pathlib.Path
        Where each is now, by its name in the archive.
    """
    changed = copy.deepcopy(dict(config))
    tables: dict[str, Path] = {}
    for *parents, last in sorted(TABLES):
        section: Any = changed
        if parents[:1] == ["dataset"] and parents[1] != config["dataset"]["kind"]:
            continue
        for key in parents:
            section = section.get(key) if section else None
        if isinstance(section, dict) and section.get(last):
            section[last] = _named(Path(section[last]), tables)
    for _, section, name in whereabouts.of_paper(changed):
        section[name] = _named(Path(section[name]), tables)
    return changed, tables


def _named(path: Path, tables: dict[str, Path]) -> str:
    """Name of one more file in the archive; files of one name, from other folders, have folders of their own."""
    name, number = f"{STUDY}/{path.name}", 2
    while tables.get(name, path) != path or name == CONFIG:
        name, number = f"{STUDY}/{number}/{path.name}", number + 1
    tables[name] = path
    return name


def files_of(path: str) -> list[str]:
    """A file, or those in a folder that a job has made."""
    if not os.path.isdir(path):
        return [path]
    return sorted(str(one) for one in Path(path).rglob("*") if one.is_file() and not one.name.startswith("."))


def gather(steps: Sequence[Step], names: Names, root: Path) -> Contents:
    """List what a finished study leaves for an archive.

    Parameters
    ----------
    steps : sequence of seed_to_voxel.base.steps.Step
    names : seed_to_voxel.study.names.Names
    root : pathlib.Path
        The project's folder.

    Returns
    -------
    Contents
        Without the texts and the study's tables. Results that no job of this study has made are left out, and so are
        runs as such, which are large and somebody's: of them there is the SHA-256.

    Raises
    ------
    InputError
        If an input was replaced since, or a result is not in the list of checksums.
    """
    removed = {path for step in steps for path in step.removed}
    made = {path for step in steps for path in step.made} - removed
    taken = {path for step in steps for path in step.taken} - removed
    kept = sorted(one for path in made if not path.startswith(f"{names.inputs}/") for one in files_of(path))
    left_out = sorted({path for path in made | taken if Path(path).is_file()} - set(kept))
    known = checksums.read(names.checksums)
    contents = Contents(left_out=left_out)
    contents.digests = checksums.listed(Path(names.results) / INPUTS, {path: Path(path) for path in left_out})
    contents.doubts = sources.check(steps, contents.digests)
    for path in kept:
        inside = os.path.relpath(path, names.derivatives)
        if path.startswith(f"{names.derivatives}/") and inside not in known:
            raise InputError(
                f"{path}: expected its SHA-256 in {names.checksums}, found none, as it was changed since its job made "
                "it; delete it, and the same command makes it anew"
            )
        contents.digests[path] = known.get(inside) or checksums.sha256(path)
        contents.files[path] = Path(path)
    if os.path.exists(names.report):
        contents.files[names.report] = Path(names.report)
    contents.files |= {path.relative_to(root).as_posix(): path for path in code(root)}
    derived = {
        os.path.relpath(path, names.derivatives): digest
        for path, digest in contents.digests.items()
        if path.startswith(f"{names.derivatives}/") and path in contents.files
    }
    contents.texts[names.checksums] = checksums.written(derived)
    contents.texts[INPUTS] = checksums.written({path: contents.digests[path] for path in left_out})
    return contents

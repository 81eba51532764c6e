"""Whether an archive is whole, and whether its study makes the same bytes once more."""

import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..study import checksums
from . import contents

PLACE = re.compile(rb"file://[^\"]*/|(?<=\")(\.\./){4,}[^\"]*")
"""Where an input lies: a file of no dataset in a sidecar; a dataset outside of the working directory, which is three
folders above the results, in their description."""

NOT_COMPARED = re.compile(r"/report\.(html|zip)$")
"""The report says when its jobs ran."""

OWN = (".venv", ".snakemake")
"""Folders that come into an unpacked archive as it is verified from there."""

DEEPEST = 8
"""So many folders above the working directory inputs may lie, by their relative paths."""


def inside(folder: Path, name: str) -> Path:
    """The path of a name in a folder.

    Parameters
    ----------
    folder : pathlib.Path
    name : str
        As somebody else has given it.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        If it leads out of the folder, by itself or through a link.
    """
    root, path = Path(os.path.normpath(folder)), Path(os.path.normpath(folder / name))
    leads_out = "\0" in name or os.path.isabs(name) or path == root or not path.is_relative_to(root)
    # Nor may the folder that it is in be a link to elsewhere.
    if leads_out or not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(root)):
        raise InputError(f"the archive has the name {name!r}, which leads out of its folder; do not use it")
    return path


@dataclass
class Verdict:
    """How files compare.

    Attributes
    ----------
    same, moved, differing, missing, further : list of str
        Names: of the same bytes, of the same bytes but for the folder in which an input lies, of other bytes, not made
        once more, and made beyond what the archive has.
    """

    same: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    further: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return bool(self.same) and not (self.differing or self.missing or self.further)

    def lines(self) -> list[str]:
        """The verdict in words."""
        said = [f"{len(self.same)} files have the same bytes."]
        if self.moved:
            said.append(f"{len(self.moved)} sidecars too, but for the folder in which their inputs lie.")
        for names, what in (
            (self.differing, "differ"),
            (self.missing, "were not made once more"),
            (self.further, "are not in the archive"),
        ):
            if names:
                some = "".join(f"\n  {name}" for name in names[:10]) + ("\n  ..." if len(names) > 10 else "")
                said.append(f"{len(names)} {what}:{some}")
        return said


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive into a folder.

    Raises
    ------
    InputError
        If it is no archive of a study, or holds a name that leads out of the folder.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            for name in packed.namelist():
                inside(folder, name)
            packed.extractall(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{archive}: cannot be unpacked ({error}); expected what `snakemake crate` makes") from None


def described(folder: Path) -> dict[str, Any]:
    """The entities of an unpacked archive, by their names.

    Raises
    ------
    InputError
        If it is no description of a study, names a file that leads out of the folder, or has none or no hash of one.
    """
    path = folder / contents.METADATA
    try:
        entities = {one["@id"]: one for one in json.loads(path.read_text(encoding="utf-8"))["@graph"]}
        listed = [name for name, one in entities.items() if _is_file(one)]
        bare = [name for name in listed if not re.fullmatch("[0-9a-f]{64}", str(entities[name].get("sha256")))]
        unnamed = [name for name in listed if name.startswith("ni:") and not _has_path(entities[name])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not the description of a study's archive ({error})") from None
    for names, what in ((bare, "SHA-256"), (unnamed, "path (alternateName)")):
        if names:
            raise InputError(f"{path}: has no {what} of {len(names)} files, such as {names[0]}; expected one for each")
    for name in _in_archive(entities):
        inside(folder, name)
    return entities


def _is_file(entity: Mapping[str, Any]) -> bool:
    """Whether an entity is of a file with a content; the description itself has no hash, as it cannot have its own."""
    return entity["@id"] != contents.METADATA and ("File" in _several(entity.get("@type")) or "sha256" in entity)


def _has_path(entity: Mapping[str, Any]) -> bool:
    return isinstance(entity.get("alternateName"), str) and "\0" not in entity["alternateName"]


def _in_archive(entities: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Names of the files that an archive says it has."""
    yield from (name for name, entity in entities.items() if _is_file(entity) and "://" not in name)


def damaged(folder: Path, entities: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Files of an unpacked archive that are missing, or whose SHA-256 is not what the description says."""
    found = []
    for name in _in_archive(entities):
        path = inside(folder, name)
        if not path.is_file() or checksums.sha256(path) != entities[name]["sha256"]:
            found.append(name)
    return sorted(found)


def unlisted(folder: Path, entities: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Files of an unpacked archive that its description does not list, but for those that verifying makes there."""
    listed = {contents.METADATA, *_in_archive(entities)}
    found = []
    for parent, folders, names in os.walk(folder):
        here = Path(parent).relative_to(folder)
        # Links to folders would not be walked into.
        names += [name for name in folders if os.path.islink(os.path.join(parent, name))]
        folders[:] = [name for name in folders if name != "__pycache__" and (here / name).as_posix() not in OWN]
        found += [path for name in names if (path := (here / name).as_posix()) not in listed and path not in OWN]
    return sorted(found)


def given(entities: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """SHA-256 of the inputs that the study did not make itself, by their paths."""
    made = set()
    for entity in entities.values():
        if entity.get("@type") == "CreateAction" and entity["@id"] != "#run":
            made |= {one["@id"] for one in _several(entity.get("result"))}
    return {
        entity["alternateName"]: entity["sha256"]
        for name, entity in entities.items()
        if name.startswith("ni:") and name not in made
    }


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def lay_out(
    source: Path, folder: Path, entities: Mapping[str, Mapping[str, Any]], inputs: Path | None = None
) -> tuple[Path, list[str]]:
    """Lay a study out in a fresh folder, to be run there: code, config and tables as copies, inputs as links.

    Parameters
    ----------
    source : pathlib.Path
        The unpacked archive.
    folder : pathlib.Path
        Has to be empty.
    entities : dict
        From `described`.
    inputs : pathlib.Path, optional
        Where the relative paths of inputs start.

    Returns
    -------
    place : pathlib.Path
        Where it is to be run: the folder, or one in it where inputs lie above the working directory (``../data``), so
        that nothing is written outside of the folder.
    wrong : list of str
        Inputs that are missing or have changed, a sentence each.

    Raises
    ------
    InputError
        If a name leads out of the folder all the same.
    """
    start = inputs or Path.cwd()
    asked = given(entities)
    relative = [os.path.normpath(name) for name in asked if not os.path.isabs(name)]
    above = max((Path(name).parts.count(os.pardir) for name in relative), default=0)
    if above > DEEPEST:
        raise InputError(f"the archive's inputs lie {above} folders above its working directory; expected {DEEPEST}")
    place = folder.joinpath(*["study"] * above)
    place.mkdir(parents=True, exist_ok=True)
    for name in _in_archive(entities):
        if not name.startswith("results/"):
            content = inside(source, name).read_bytes()
            path = inside(place, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    _link_participants(place, folder, start)
    along = {entities[name]["sha256"] for name in _in_archive(entities) if name.startswith(f"{contents.STUDY}/")}
    wrong = []
    for name, sha256 in sorted(asked.items()):
        path = start / name
        fits = path.is_file() and checksums.sha256(path) == sha256
        if not fits and sha256 in along:
            # A table that the config names, and that came with it.
            continue
        if not path.is_file():
            wrong.append(f"{name}: not there; looked for {path.absolute()}")
        elif not fits:
            wrong.append(f"{name}: has changed; its SHA-256 is not what the archive says")
        elif not os.path.isabs(name) and not (place / name).exists():
            link = inside(folder, os.path.relpath(os.path.normpath(place / name), folder))
            if not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path.absolute())
            if not (place / name).exists():
                wrong.append(f"{name}: leads through a folder that is not in the archive; expected a plain path")
    return place, wrong


def _link_participants(place: Path, folder: Path, start: Path) -> None:
    """Link the participants' folders of a dataset by fMRIPrep, as runs that are excluded are known from these alone."""
    import yaml

    try:
        dataset = yaml.safe_load((place / contents.CONFIG).read_text(encoding="utf-8"))["dataset"]
        name = dataset["fmriprep"]["folder"] if dataset["kind"] == "fmriprep" else None
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise InputError(f"{contents.CONFIG}: not the config of a study ({error})") from None
    if name is None or os.path.isabs(name) or not (start / name).is_dir():
        return
    for entry in sorted((start / name).glob("sub-*")):
        link = inside(folder, os.path.relpath(os.path.normpath(place / name / entry.name), folder))
        if entry.is_dir() and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(entry.absolute())


def compare(
    folder: Path,
    entities: Mapping[str, Mapping[str, Any]],
    source: Path,
    read: Callable[[Path], bytes] = Path.read_bytes,
) -> Verdict:
    """Compare what was made once more with what an archive has.

    Parameters
    ----------
    folder : pathlib.Path
        Where the study was run again.
    entities : dict
        From `described`.
    source : pathlib.Path
        The unpacked archive.
    read : callable
        How files are read.

    Returns
    -------
    Verdict
    """
    verdict = Verdict()
    results = [name for name, one in entities.items() if name.startswith("results/") and "sha256" in one]
    for name in sorted(name for name in results if not NOT_COMPARED.search(name)):
        path = inside(folder, name)
        if not path.is_file():
            verdict.missing.append(name)
        elif checksums.sha256(path) == entities[name]["sha256"]:
            verdict.same.append(name)
        elif path.suffix == ".json" and PLACE.sub(b"", read(path)) == PLACE.sub(b"", read(source / name)):
            verdict.moved.append(name)
        else:
            verdict.differing.append(name)
    listed = {name for name in verdict.differing if name.endswith(f"/{checksums.NAME}")}
    if listed and len(verdict.differing) == len(listed) and verdict.moved:
        # It differs since those do.
        verdict.differing = []
    derivatives = folder / "results" / "derivatives"
    made = {path.relative_to(folder).as_posix() for path in derivatives.rglob("*") if path.is_file()}
    verdict.further = sorted(made - set(results))
    return verdict

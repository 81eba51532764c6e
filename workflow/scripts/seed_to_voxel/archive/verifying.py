"""Whether an archive is whole, and whether its study makes the same bytes once more."""

import json
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..base.errors import InputError
from ..study import checksums
from . import contents

PLACE = re.compile(rb"file://[^\"]*/")
"""Where a file lies, in a sidecar that names an input of no dataset."""

NOT_COMPARED = re.compile(r"/report\.(html|zip)$")
"""The report says when its jobs ran."""


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
                if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                    raise InputError(f"{archive}: holds {name!r}, which leads out of the folder; do not unpack it")
            packed.extractall(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{archive}: cannot be unpacked ({error}); expected what `snakemake crate` makes") from None


def described(folder: Path) -> dict[str, Any]:
    """The entities of an unpacked archive, by their names.

    Raises
    ------
    InputError
    """
    path = folder / contents.METADATA
    try:
        return {one["@id"]: one for one in json.loads(path.read_text(encoding="utf-8"))["@graph"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not the description of a study's archive ({error})") from None


def damaged(folder: Path, entities: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Files of an unpacked archive that are missing, or whose SHA-256 is not what the description says."""
    found = []
    for name, entity in entities.items():
        if "sha256" in entity and "://" not in name:
            path = folder / name
            if not path.is_file() or checksums.sha256(path) != entity["sha256"]:
                found.append(name)
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
) -> list[str]:
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
    list of str
        Inputs that are missing or have changed, a sentence each.
    """
    for name in entities:
        is_result = name.startswith("results/") or name.endswith("/")
        if (source / name).is_file() and not is_result and "://" not in name and "#" not in name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((source / name).read_bytes())
    wrong = []
    for name, sha256 in sorted(given(entities).items()):
        path = Path(name) if os.path.isabs(name) else (inputs or Path.cwd()) / name
        if not path.is_file():
            wrong.append(f"{name}: not there; looked for {path.absolute()}")
        elif checksums.sha256(path) != sha256:
            wrong.append(f"{name}: has changed; its SHA-256 is not what the archive says")
        elif not os.path.isabs(name) and not (folder / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(path.absolute())
    return wrong


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
        path = folder / name
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

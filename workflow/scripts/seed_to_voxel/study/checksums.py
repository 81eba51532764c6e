"""SHA-256 of everything that a study has left, in the format that ``sha256sum -c`` reads."""

import hashlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

NAME = "checksums.sha256"

LINE = re.compile(r"([0-9a-f]{64})  (.+)")

PARTS = "parts"
"""Folder of what is said of parts of the runs; each has a list of its own."""


def of_study(derivatives: Path) -> Iterator[Path]:
    """All files of a study, but those that are said of its parts, and hidden ones that are being written."""
    for folder, names, files in os.walk(derivatives):
        if Path(folder) == derivatives:
            names[:] = [name for name in names if name != PARTS]
        # Links that lead nowhere have no content to hash.
        yield from (path for name in files if (path := Path(folder, name)).is_file() and not _is_unfinished(path))


def _is_unfinished(path: Path) -> bool:
    """Whether a file is the beginning of one that is written beside and renamed."""
    return path.name.startswith(".") and path.name != ".bidsignore"


def of_part(derivatives: Path, over_runs: Path, runs: Collection[str]) -> Iterator[Path]:
    """The files of some runs, and those that are said of them together.

    Parameters
    ----------
    derivatives, over_runs : pathlib.Path
        The derivatives' folder, and that of the part.
    runs : collection of str
        `bids.Run.path`.
    """
    for folder in {derivatives / os.path.dirname(run) for run in runs}:
        for path in folder.glob("*"):
            if any(path.relative_to(derivatives).as_posix().startswith(f"{run}_") for run in runs):
                yield path
    yield from (path for path in over_runs.rglob("*") if path.is_file())


IsAsMade = Callable[[str, float | None], bool]
"""Whether a file is as its job made it, which a list of that time (seconds since 1970) has otherwise, or none has."""


def write(
    derivatives: str,
    over_runs: str,
    runs: Collection[str],
    foreign: Collection[str] = (),
    is_as_made: IsAsMade = lambda path, since: True,
) -> list[str]:
    """Write the list anew, reading the files alone that have come or changed since it was written.

    The list is in the folder `over_runs`, and paths in it are relative to that. It is replaced as a whole.

    Parameters
    ----------
    derivatives : str
        The derivatives' folder.
    over_runs : str
        The folder that the list is put into: the same, or that of a part of the runs.
    runs : collection of str
        `bids.Run.path` of the part's.
    foreign : collection of str
        Paths of files that lie there and are not of the study.
    is_as_made : callable, optional
        Asked of the files alone that the list does not have, or has with another SHA-256.

    Returns
    -------
    list of str
        Paths of the files that are not as their jobs made them, sorted: they keep the SHA-256 that they had, if any.
    """
    root, folder = Path(derivatives), Path(over_runs)
    target = folder / NAME
    if not folder.is_dir():
        return []
    passed_over = {target, *map(Path, foreign)}
    files = of_study(root) if folder == root else of_part(root, folder, runs)
    names = {Path(os.path.relpath(path, folder)).as_posix(): path for path in files if path not in passed_over}
    return _renew(target, names, is_as_made)[1]


def changed_in_words(paths: Collection[str], at_most: int = 5) -> list[str]:
    """Say which files are not as their jobs made them, and what to do; nothing where there are none."""
    if not paths:
        return []
    some = ", ".join(sorted(paths)[:at_most]) + (", ..." if len(paths) > at_most else "")
    told = (
        "1 file was changed since its job made it"
        if len(paths) == 1
        else f"{len(paths)} files were changed since their jobs made them"
    )
    return [
        f"{told}: {some}. {NAME} has the SHA-256 of what was made, or nothing, so that `sha256sum -c` and "
        "`snakemake crate` do not take what lies there. Delete what was changed and start again."
    ]


def listed(target: Path, files: Mapping[str, Path]) -> dict[str, str]:
    """Write a list of SHA-256, reading the files alone that have come or changed since it was written before.

    Parameters
    ----------
    target : pathlib.Path
        The list; it is replaced as a whole.
    files : dict of str to pathlib.Path
        By the names that they have in it.

    Returns
    -------
    dict of str to str
        What it says.
    """
    return _renew(target, files)[0]


def _renew(
    target: Path, files: Mapping[str, Path], is_as_made: IsAsMade = lambda path, since: True
) -> tuple[dict[str, str], list[str]]:
    """Write a list; what it says, and the paths of files that are not as they were made."""
    # What changes while files are read counts as changed the next time.
    begun = time.time_ns()
    known, since = read(target), target.stat().st_mtime_ns if target.exists() else 0
    lines: dict[str, str] = {}
    changed: list[str] = []
    for name, path in files.items():
        former = known.get(name)
        unchanged = former and max(path.stat().st_mtime_ns, path.stat().st_ctime_ns) < since
        digest = former if unchanged else sha256(path)
        # Records of jobs are files too: none is read for what is as it was.
        if digest != former and not is_as_made(str(path), since / 1e9 if former else None):
            changed.append(str(path))
            digest = former
        if digest:
            lines[name] = digest
    # As long as a file is not as it was made, it counts as changed, and is said each time.
    _replace(target, lines, since if changed and since else begun)
    return lines, sorted(changed)


def lists(path: str | os.PathLike, files: Collection[str]) -> bool:
    """Whether a list has one of some files.

    Parameters
    ----------
    path : path-like
        The list, if there is one.
    files : collection of str
        Their paths, as the list's own is given.
    """
    known = read(path) if files else {}
    return any(Path(os.path.relpath(file, os.path.dirname(path))).as_posix() in known for file in files)


def without_missing(target: Path) -> None:
    """Take from a list the files that are gone; the time since which files count as changed stays.

    Parameters
    ----------
    target : pathlib.Path
        The list, if there is one; it is replaced as a whole.
    """
    known = read(target)
    there = {name: digest for name, digest in known.items() if (target.parent / name).exists()}
    if there != known:
        _replace(target, there, target.stat().st_mtime_ns)


def _replace(target: Path, lines: Mapping[str, str], written_at: int) -> None:
    unfinished = target.with_name(f".{target.name}")
    unfinished.write_text(written(lines), encoding="utf-8")
    os.utime(unfinished, ns=(written_at, written_at))
    unfinished.replace(target)


def written(lines: Mapping[str, str]) -> str:
    """A list as a text: the SHA-256 of each file by its name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(lines.items()))


def read(path: str | os.PathLike) -> dict[str, str]:
    """The SHA-256 of each file in a list, by its path there; empty where there is no list."""
    if not os.path.exists(path):
        return {}
    found = map(LINE.fullmatch, Path(path).read_text(encoding="utf-8").splitlines())
    return {match[2]: match[1] for match in found if match}


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

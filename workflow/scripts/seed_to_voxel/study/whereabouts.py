"""Where the files are that a config names."""

import copy
import filecmp
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from . import configuration

PATHS = (
    ("seeds",),
    ("dataset", "table", "runs"),
    ("dataset", "fmriprep", "folder"),
    ("printed_numbers",),
    ("figures", "atlas", "image"),
    ("figures", "atlas", "table"),
    ("figures", "atlas", "left"),
    ("figures", "atlas", "right"),
    ("groups", "participants"),
    ("surfaces", "left"),
    ("surfaces", "right"),
)
"""Keys of the config that name a file or a folder which must be there."""


def of_paper(config: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any], str]]:
    """The images and masks that a paper names: their keys, the sections that have them, and under which name."""
    paper = config.get("paper") or {}
    for figure in paper.get("figures") or ():
        for panel in figure["panels"].values():
            # In panels of other kinds a file is a mistake, which is said elsewhere.
            if panel["kind"] == "image" and "file" in panel:
                yield ("paper", "figures"), panel, "file"
    for number in paper.get("numbers") or ():
        for name in ("file", "file_right") if number["quantity"].endswith(("_mean", "_spatial")) else ():
            if name in number:
                yield ("paper", "numbers"), number, name


@dataclass(frozen=True)
class Whereabouts:
    """Where files that a config names are looked for.

    Attributes
    ----------
    configs : sequence of (str, dict)
        The config files, with what stands in each, and what the command line sets; a later one overrides the earlier.
    shipped : pathlib.Path
        The project's folder, for the files that come with it.
    """

    configs: Sequence[tuple[str, Mapping]]
    shipped: Path

    @classmethod
    def of(
        cls,
        configs: Sequence[str | Path],
        shipped: Path,
        given: Mapping | None = None,
        command_line: Mapping | None = None,
    ) -> "Whereabouts":
        """Read which keys each config file sets.

        Parameters
        ----------
        configs : sequence of str or pathlib.Path
        shipped : pathlib.Path
        given : dict, optional
            The config of a workflow that another one imports, perhaps a section of its own; no file is read then.
        command_line : dict, optional
            What ``--config`` sets besides, whose paths are relative to the working directory.
        """
        if given is None:
            read = [(str(path), configuration.read_config(path)) for path in configs]
            return cls([*read, *([("--config", command_line)] if command_line else [])], shipped)
        source = configs[-1] if configs else "the module's config"
        return cls([(str(source), copy.deepcopy(dict(given)))], shipped)

    @property
    def source(self) -> str:
        """The config files, for messages."""
        return " + ".join(source for source, _ in self.configs)

    def settle(self, config: dict) -> None:
        """Replace the paths in a config by those under which the files are found.

        Parameters
        ----------
        config : dict
            Changed in place; only the dataset that is used is looked for.

        Raises
        ------
        InputError
            If a file is nowhere, or different files are in two places.
        """
        for keys in PATHS:
            *parents, last = keys
            if parents[:1] == ["dataset"] and parents[1] != config["dataset"]["kind"]:
                continue
            section: dict | None = config
            for key in parents:
                section = section and section.get(key)
            # An atlas that is fetched has a name, and no files in the config.
            if isinstance(section, dict) and section.get(last) is not None:
                section[last] = self.find(section[last], keys)
        # Of a part of a study there is no paper.
        for keys, section, name in of_paper(config) if config.get("part") is None else ():
            section[name] = self.find(section[name], keys)

    def find(self, path: str, keys: tuple[str, ...]) -> str:
        """Find a file that a key of the config names.

        Parameters
        ----------
        path : str
            Absolute, or relative to one of `folders`.
        keys : tuple of str
            The key.

        Returns
        -------
        str
            Relative to the working directory where it lies there, so that results do not depend on where that is.

        Raises
        ------
        InputError
        """
        name = ".".join(keys)
        source = next((source for source, content in reversed(self.configs) if _names(content, keys)), None)
        # Two of the folders may be one, named in two ways.
        by_place: dict[str, str] = {}
        for folder in self.folders(source):
            by_place.setdefault(os.path.abspath(os.path.join(folder, path)), os.path.join(folder, path))
        places = list(by_place.values())
        there = [place for place in places if os.path.exists(place)]
        if not there:
            looked = " and ".join(os.path.abspath(place) for place in places)
            raise InputError(
                f"{name} is {path!r}, and there is no such file or folder; looked for {looked}. Paths are absolute, or "
                "relative to the config file that names them or to the working directory"
            )
        # What comes with the project stands behind somebody's own file of that name.
        own = [place for place in there if os.path.dirname(place) != os.path.dirname(self.shipped / path)] or there[:1]
        if len({os.path.realpath(place) for place in own}) > 1 and not _same(*own):
            both = " and ".join(map(os.path.abspath, own))
            raise InputError(
                f"{name} is {path!r}, which is there twice, with different content: {both}; write the path of the one "
                "that is meant in full, or remove the other"
            )
        return _as_seen_from_here(there[0])

    def folders(self, source: str | None) -> list[str]:
        """Folders in which a relative path is looked for.

        Parameters
        ----------
        source : str or None
            The config file that names it; None for a default.

        Returns
        -------
        list of str
            The first in which it is found counts. What a default names comes with the project.
        """
        shipped, here = str(self.shipped), os.curdir
        if source is None:
            return [shipped, here]
        beside = os.path.dirname(os.path.abspath(source))
        return [beside, shipped, here] if self._comes_with_project(source) else [beside, here, shipped]

    def _comes_with_project(self, source: str) -> bool:
        return Path(source).resolve().parent == (self.shipped / "config").resolve()


def _names(content: Mapping, keys: tuple[str, ...]) -> bool:
    """Whether a config file sets a key."""
    for key in keys:
        if not isinstance(content, Mapping) or key not in content:
            return False
        content = content[key]
    return True


def _same(one: str, other: str) -> bool:
    return os.path.isfile(one) and os.path.isfile(other) and filecmp.cmp(one, other, shallow=False)


def _as_seen_from_here(path: str | Path) -> str:
    """A path relative to the working directory where it lies there, else absolute."""
    inside = os.path.relpath(path)
    return os.path.abspath(path) if inside.startswith(os.pardir) else inside

"""The order of rooms: a module imports only its own room and those before it, inside of functions too."""

import ast
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "workflow" / "scripts" / "seed_to_voxel"

ROOMS = (
    *("base", "study", "inputs", "images", "cleaning", "series"),
    *("connectivity", "statistics", "groups", "quality", "figures", "pages", "paper"),
    "archive",
)
"""In the data's way."""

BESIDE = {"snakemake_internals": {"base", "study"}}
"""Rooms that no other imports, and all that they may import of the package."""

PLANNING = {"base": set(), "study": {"jsonschema", "yaml"}}
"""Rooms that plan a study with the standard library alone; what they may import besides, inside of functions, Snakemake
has imported already."""


def imported(path, package):
    """What a file imports, anywhere: dotted names without aliases, and whether it stands at the file's top."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    here = path.relative_to(package.parent).parts
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = [*here[: -node.level], *filter(None, [node.module])] if node.level else [node.module]
            # `from . import room` names a room only in what it imports.
            yield from ((".".join([*parent, alias.name]), top) for alias in node.names)


def violations(package):
    """Sentences about every import that the order of rooms forbids."""
    found = []
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package)
        room = inside.parts[0] if len(inside.parts) > 1 else None
        if room is None and inside.name != "__init__.py":
            found.append(f"{inside} lies in no room")
            continue
        if room is not None and room not in (*ROOMS, *BESIDE):
            found.append(f"{inside}: {room} is no room; the rooms are {', '.join((*ROOMS, *BESIDE))}")
            continue
        for name, top in imported(path, package):
            first, *rest = name.split(".")
            if first == package.name:
                other = rest[0]
                allowed = BESIDE.get(room) or set(ROOMS[: ROOMS.index(room)] if room else ())
                if other not in {room, *allowed}:
                    found.append(f"{inside}: the room {room} must not import from the room {other} ({name})")
            elif first == "snakemake" and room not in BESIDE:
                found.append(f"{inside}: only snakemake_internals touches Snakemake ({name})")
            elif first in sys.stdlib_module_names or room not in PLANNING:
                continue
            elif top or first not in PLANNING[room]:
                found.append(f"{inside}: the room {room} plans with the standard library alone ({name})")
    return found


def test_every_room_imports_only_those_before_it():
    assert violations(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("images/nifti.py", "from ..figures import style", "the room images must not import from the room figures"),
        (
            "images/nifti.py",
            "from ..figures.style import save",
            "the room images must not import from the room figures",
        ),
        ("images/nifti.py", "from .. import figures", "the room images must not import from the room figures"),
        ("images/nifti.py", "import made_up.pages.viewers", "the room images must not import from the room pages"),
        (
            "cleaning/a.py",
            "def f():\n    from made_up.series import b",
            "the room cleaning must not import from the room se",
        ),
        ("quality/a.py", "from ..snakemake_internals import b", "must not import from the room snakemake_internals"),
        (
            "snakemake_internals/a.py",
            "from ..images import b",
            "snakemake_internals must not import from the room images",
        ),
        ("study/a.py", "def f():\n    import numpy", "the room study plans with the standard library alone (numpy)"),
        ("study/a.py", "import jsonschema", "the room study plans with the standard library alone (jsonschema)"),
        ("base/a.py", "import pandas as pd", "the room base plans with the standard library alone (pandas)"),
        ("pages/a.py", "def f():\n    from snakemake.io import b", "only snakemake_internals touches Snakemake"),
        ("a.py", "", "a.py lies in no room"),
        ("attic/a.py", "", "attic is no room"),
        ("__init__.py", "from .base import a", "the room None must not import from the room base"),
    ],
)
def test_a_forbidden_import_is_told_with_the_rooms_name(tmp_path, file, line, said):
    path = tmp_path / "made_up" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line + "\n")
    (sentence,) = violations(tmp_path / "made_up")
    assert sentence.startswith(f"{file}: ") or sentence.startswith(file)
    assert said in sentence


def test_imports_of_earlier_rooms_and_of_libraries_are_fine(tmp_path):
    package = tmp_path / "made_up"
    for file, text in {
        "base/a.py": "import os.path\nfrom . import b\n",
        "study/a.py": "from ..base.a import b\n\ndef f():\n    from jsonschema import Draft202012Validator\n",
        "figures/a.py": "import numpy\nfrom .. import connectivity\nfrom ..study import a\n",
        "snakemake_internals/a.py": "from snakemake.io import is_flagged\nfrom ..base import a\n",
    }.items():
        path = package / file
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert violations(package) == []


def test_the_rooms_are_those_of_the_package():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms <= {*ROOMS, *BESIDE}
    assert {Path(path).name for path in PACKAGE.glob("*/") if path.name != "__pycache__"} == rooms

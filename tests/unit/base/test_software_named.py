"""A sidecar lists software that its script has imported itself: one that starts anew has no other's imports."""

import ast
from functools import cache

import pytest
from conftest import ROOT

SCRIPTS = ROOT / "workflow" / "scripts"

READ_ALONE = {"design_files.py": {"make_design.py"}}
"""Modules of which some scripts read what others have written, with those that write."""

BRINGS = {"nilearn": "scipy", "formulaic": "pandas"}
"""Packages that cannot be imported without another."""


@cache
def at_the_top(path):
    """Absolute names that a file imports whenever it is imported."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = path.relative_to(SCRIPTS).parts[: -node.level] if node.level else ()
            parent = ".".join([*inside, *([node.module] if node.module else [])])
            found.update([parent, *(f"{parent}.{alias.name}" for alias in node.names)])
    return found


def reached(script):
    """Files of the package that a script imports at its top, itself and through one another; and all their imports."""
    files, names, waiting = set(), set(), [script]
    while waiting:
        file = waiting.pop()
        files.add(file)
        new = at_the_top(file)
        names |= new
        ours = {SCRIPTS.joinpath(*name.split(".")).with_suffix(".py") for name in new}
        waiting += [path for path in ours if path.is_file() and path not in files]
    return files, names


def listed(path):
    """Packages that a file lists as the software of what it describes."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {
        argument.value
        for call in calls
        if getattr(call.func, "id", getattr(call.func, "attr", None)) == "versions"
        for argument in call.args
    }


LISTING = {path: names for path in SCRIPTS.rglob("*.py") if (names := listed(path))}


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.name)
def test_what_a_script_lists_it_imports(script):
    files, names = reached(script)
    imported = {name.partition(".")[0] for name in names}
    imported |= {BRINGS[name] for name in imported & set(BRINGS)}
    for path in files & set(LISTING):
        if script.name in READ_ALONE.get(path.name, {script.name}):
            assert LISTING[path] <= imported, path.name


def test_software_is_listed_by_many():
    assert len(LISTING) > 8 and {"numpy", "formulaic", "nilearn"} <= set.union(*LISTING.values())

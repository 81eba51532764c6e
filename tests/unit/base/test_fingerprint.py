"""Imports are read from a file's text, statement by statement; Python's parser of whole files agrees."""

import ast

import pytest
from conftest import ROOT

from seed_to_voxel.base import fingerprint

SCRIPTS = ROOT / "workflow" / "scripts"
FILES = sorted(SCRIPTS.rglob("*.py"))


def imports_of_a_parsed_file(path):
    """As the parser sees them, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = path.relative_to(SCRIPTS).parts[: -node.level] if node.level else ()
            parent = ".".join([*inside, *([node.module] if node.module else [])])
            found.add(parent)
            if parent.startswith("seed_to_voxel"):
                found.update(f"{parent}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SCRIPTS).as_posix())
def test_imports_are_those_of_the_parser(path):
    assert fingerprint.imports(path) == imports_of_a_parsed_file(path)


def test_imports_in_all_their_forms(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        '''"""Prose:
import of something else, from here
"""
import a, b.c as d
from e import (
    f,  # said
    g as h,
)


def function():
    from i import j
    if h:
        import k
    important = "import l"
    imports = from_m = 1
FILES = (
    "one.html",
    "two.css",
)
'''
    )
    assert fingerprint.imports(path) == {"a", "b.c", "e", "i", "k"} == imports_of_a_parsed_file(path)
    assert [file.name for file in fingerprint.files(path)] == ["one.html", "two.css"]


@pytest.mark.parametrize(
    "text",
    [
        "from a import (\n    b,\n)  # noqa: F401\n",
        "from a import (  # as (b) says\n    c,\n)\nimport d\n",
        "from a import (\n    b,  # (b)\n    c,\n)\n",
        "from a import b, \\\n    c\nimport d\n",
        '"""Prose\nfrom here import (it goes on\n"""\nimport a\nprint(a)\n',
    ],
    ids=["comment behind", "comment in front", "comment inside", "backslash", "prose"],
)
def test_comments_and_prose_hide_no_import(text, tmp_path):
    path = tmp_path / "module.py"
    path.write_text(text)
    assert fingerprint.imports(path) == imports_of_a_parsed_file(path) != set()


def test_files_that_a_module_names_are_there():
    named = {path: fingerprint.files(path) for path in FILES}
    assert all(file.is_file() for files in named.values() for file in files)
    # The letters of all figures are among them.
    assert {file.name for file in named[SCRIPTS / "seed_to_voxel" / "figures" / "style.py"]} >= {"SeedToVoxelSans.ttf"}


@pytest.mark.parametrize("name", ["module.py", "other.py", "one.html"])
def test_a_script_changes_with_each_module_that_it_reaches_and_each_file_that_they_read(name, tmp_path, monkeypatch):
    package = tmp_path / "seed_to_voxel"
    package.mkdir()
    (tmp_path / "script.py").write_text("from seed_to_voxel import module\n")
    (package / "module.py").write_text("from . import other\n")
    (package / "other.py").write_text('FILES = ("one.html",)\n')
    (package / "one.html").write_text("<p>\n")
    (package / "unread.html").write_text("<p>\n")
    monkeypatch.setattr(fingerprint, "PACKAGE", package)

    def now():
        for cached in (fingerprint.parsed, fingerprint.imported_files, fingerprint.reached, fingerprint.of_script):
            cached.cache_clear()
        return fingerprint.of_script("script.py")

    before = now()
    (package / "unread.html").write_text("<b>\n")
    assert now() == before
    with (package / name).open("a") as file:
        file.write("# another\n")
    assert now() != before

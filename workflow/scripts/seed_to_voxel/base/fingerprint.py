"""Which modules of this package, and files that they read, a script reaches: an edit to one reruns the right jobs."""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+[.\w]+[ \t]+import[ \t]*(?:\((?:[^()#]++|#.*+)*+\)|[^(\n]).*|import[ \t]+.+)$", re.MULTILINE
)
"""A statement with its comments, as it stands in a formatted file."""

NAMED = re.compile(r"^FILES = ([(\[][^)\]]*[)\]])$", re.MULTILINE)


def import_statements(text: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports of a file, those of its functions included.

    Each is parsed by itself: parsing whole files takes ten times as long, at every start of Snakemake. That is done
    where something begins like an import and is none by itself: prose, or a line that goes on below.

    Parameters
    ----------
    text : str

    Yields
    ------
    ast.Import or ast.ImportFrom
    """
    statements: list[ast.AST] = []
    for found in IMPORT.finditer(text):
        try:
            statements += ast.parse(found[0].strip()).body
        except SyntaxError:
            statements = list(ast.walk(ast.parse(text)))
            break
    yield from (node for node in statements if isinstance(node, ast.Import | ast.ImportFrom))


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """Dotted name of the module or package that a ``from`` statement imports from.

    Parameters
    ----------
    node : ast.ImportFrom
    path : pathlib.Path
        The file it stands in; a relative import is one of this package's.

    Returns
    -------
    str
    """
    inside = path.relative_to(PACKAGE.parent).parts[: -node.level] if node.level else ()
    return ".".join(filter(None, [*inside, node.module]))


def module_file(name: str) -> Path:
    """Where a module of this package would lie.

    Parameters
    ----------
    name : str
        Absolute dotted name.

    Returns
    -------
    pathlib.Path
    """
    return PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py")


@cache
def parsed(path: Path) -> tuple[frozenset[str], tuple[str, ...]]:
    """What a file imports, and what it says of the files that it reads.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    imported : frozenset of str
        Absolute dotted names, functions' imports included; those of this package start with ``seed_to_voxel.``.
    named : tuple of str
        Its constant ``FILES``: names of the files beside a module that it reads, such as templates.
    """
    text = path.read_text(encoding="utf-8")
    imported: set[str] = set()
    for node in import_statements(text):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        else:
            parent = absolute(node, path)
            imported.add(parent)
            if parent.partition(".")[0] == PACKAGE.name:
                imported.update(f"{parent}.{alias.name}" for alias in node.names)
    files = NAMED.search(text)
    named: tuple[str, ...] = ast.literal_eval(files[1]) if files else ()
    return frozenset(imported), named


def imports(path: Path) -> frozenset[str]:
    """Names that a file imports anywhere; see `parsed`."""
    return parsed(path)[0]


def files(path: Path) -> tuple[Path, ...]:
    """Files beside a module that it reads, by its constant ``FILES``; see `parsed`."""
    return tuple(path.parent / name for name in parsed(path)[1])


@cache
def imported_files(path: Path) -> tuple[Path, ...]:
    """Files of this package that a file imports itself.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    tuple of pathlib.Path
    """
    ours = (module_file(name) for name in imports(path) if name.startswith(f"{PACKAGE.name}."))
    return tuple(file for file in ours if file.is_file())


@cache
def reached(script: Path) -> tuple[Path, ...]:
    """Files of this package that a script imports, directly or through one another.

    Parameters
    ----------
    script : pathlib.Path

    Returns
    -------
    tuple of pathlib.Path
        Sorted.
    """
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        new = set(imported_files(waiting.pop())) - found
        found |= new
        waiting.extend(new)
    return tuple(sorted(found))


@cache
def of_script(name: str) -> str:
    """Fingerprint of all modules that a script of this workflow reaches, and of the files that they name.

    Parameters
    ----------
    name : str
        File name of the script, beside this package.

    Returns
    -------
    str
        Twelve hexadecimal digits that change with any of the files.
    """
    digest = hashlib.sha256()
    for module in reached(PACKAGE.parent / name):
        for path in (module, *files(module)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

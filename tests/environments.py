"""What the rules, their scripts and the environment files say of each other."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import yaml
from packaging.utils import canonicalize_name

from seed_to_voxel.base import fingerprint

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))

CONDA_NAMES = {"isal": "python-isal", "matplotlib": "matplotlib-base"}
"""Names on conda-forge by names on PyPI, where the two differ."""
PYPI_NAMES = {conda: pypi for pypi, conda in CONDA_NAMES.items()}

FORGE = re.compile(r"https://conda\.anaconda\.org/conda-forge/(linux-64|noarch)/([^/#]+)\.(?:conda|tar\.bz2)(?:#\w+)?")


def declared(environment):
    """What an environment file asks for.

    Returns
    -------
    dict of str to str
        Pins by conda-forge's names, Python included.
    """
    content = yaml.safe_load(Path(environment).read_text(encoding="utf-8"))
    return dict(dependency.split(" =") for dependency in content["dependencies"])


def locked():
    """Versions in uv.lock by PyPI's names."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return {package["name"]: package["version"] for package in lock["package"] if "version" in package}


@cache
def _parsed(path):
    """Top-level definitions of a file, its other statements, and which of this package's names it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    definitions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    executed = [node for node in tree.body if node not in definitions.values() and not _for_types(node)]
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _of_package(node):
            for alias in node.names:
                bound[alias.asname or alias.name] = _imported(node, alias, path)
    return definitions, executed, bound


def _for_types(node):
    """Whether a statement is run by a type checker alone."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _of_package(node):
    return node.level or (node.module or "").partition(".")[0] == fingerprint.PACKAGE.name


def _imported(node, alias, path):
    """File and name of what an import from this package binds; the name of a module is None."""
    parent = fingerprint.absolute(node, path)
    module = fingerprint.module_file(f"{parent}.{alias.name}")
    return (module, None) if module.is_file() else (fingerprint.module_file(parent), alias.name)


def needs(script):
    """Packages that a script needs of its environment.

    Followed function by function, as a module shared by several rules imports what is heavy inside the
    functions that use it. What no import shows, but the text of a call, counts too: packages that are located
    (``find_spec``) and distributions whose versions are written down (``versions``).

    Parameters
    ----------
    script : pathlib.Path

    Returns
    -------
    set of str
        Names on PyPI, canonical.
    """
    names = set()
    done = set()
    waiting = [(script, None)]
    while waiting:
        unit = path, name = waiting.pop()
        definitions, executed, bound = _parsed(path) if path.is_file() else ({}, [], {})
        if unit in done or not (name is None or name in definitions):
            continue
        done.add(unit)
        for node in (each for top in ([definitions[name]] if name else executed) for each in ast.walk(top)):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                if _of_package(node):
                    waiting += [(_imported(node, alias, path)[0], None) for alias in node.names]
                else:
                    names.add(node.module)
            elif isinstance(node, ast.Name):
                waiting.append((path, node.id) if node.id in definitions else bound.get(node.id, (path, None)))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
                waiting.append((bound[node.value.id][0], node.attr))
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
                if called in ("find_spec", "versions"):
                    names.update(each.value for each in node.args if isinstance(each, ast.Constant))
    tops = {name.partition(".")[0] for name in names}
    return {
        canonicalize_name(_distributions().get(top, [top])[0])
        for top in tops - sys.stdlib_module_names - {fingerprint.PACKAGE.name}
    }


@cache
def _distributions():
    return metadata.packages_distributions()


def pin_faults(environment, pins):
    """What is wrong with a file of exact pins.

    Parameters
    ----------
    environment : path-like
        The environment file beside it.
    pins : str
        The text of the pin file.

    Returns
    -------
    list of str
        Empty if it names packages of conda-forge only, in the versions of the environment file.
    """
    lines = [line for line in map(str.strip, pins.splitlines()) if line and not line.startswith("#")]
    faults = [] if lines[:1] == ["@EXPLICIT"] else ["the first line is not @EXPLICIT"]
    versions = {}
    for line in lines[1:]:
        match = FORGE.fullmatch(line)
        if match:
            name, version, _ = match[2].rsplit("-", 2)
            versions[name] = version
        else:
            faults.append(f"{line} is no package of conda-forge for linux-64")
    for name, pin in declared(environment).items():
        version = versions.get(name, "none")
        if version != pin and not version.startswith(f"{pin}."):
            faults.append(f"{name} is {version}, expected {pin}")
    return faults

"""The environment files, against the lock file and against what the scripts import."""

import re
import tomllib
from pathlib import Path

import environments
import parsed_workflow
import pytest
import yaml
from environments import CONDA_NAMES, ENVIRONMENTS, PYPI_NAMES, ROOT, SCRIPTS, declared, needs, pin_faults

from seed_to_voxel.base import fingerprint

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
by_stem = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def rules():
    return parsed_workflow.rules()


def test_every_script_is_run_by_a_rule_and_every_environment_used(rules):
    assert {rule.script for rule in rules} == set(SCRIPTS)
    assert {rule.environment for rule in rules} == set(ENVIRONMENTS)


@by_stem
def test_form(environment):
    content = yaml.safe_load(environment.read_text(encoding="utf-8"))
    assert content.keys() == {"channels", "dependencies"}
    assert content["channels"] == ["conda-forge"]
    for dependency in content["dependencies"]:
        assert re.fullmatch(r"[a-z0-9-]+ =\d+(\.\d+)+", dependency), f"{dependency!r} is no exact pin"
    names = [dependency.split()[0] for dependency in content["dependencies"]]
    assert names == ["python", *sorted(names[1:])], "Python first, then by name"
    assert "matplotlib" not in names, "matplotlib brings a GUI toolkit along; matplotlib-base does not"


@by_stem
def test_pins_are_the_locked_versions(environment):
    locked = environments.locked()
    pins = declared(environment)
    del pins["python"]
    assert pins == {name: locked[PYPI_NAMES.get(name, name)] for name in pins}


@by_stem
def test_declared_packages_are_pinned_for_uv_too(environment):
    pinned = {requirement.replace("==", " =") for requirement in PROJECT["dependencies"]}
    for name, version in declared(environment).items():
        if name != "python":
            assert f"{PYPI_NAMES.get(name, name)} ={version}" in pinned


def test_one_python_that_the_project_allows():
    (version,) = {declared(environment)["python"] for environment in ENVIRONMENTS}
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert tuple(map(int, version.split("."))) >= tuple(map(int, lowest.split(".")))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_imports_are_declared_by_the_rules_environments(rules, script):
    wanted = {CONDA_NAMES.get(name, name) for name in needs(script)}
    for rule in rules:
        if rule.script == script:
            missing = wanted - declared(rule.environment).keys()
            assert not missing, f"{script.name} needs {sorted(missing)}, which {rule.environment.name} does not declare"


INDIRECT = {"viewers": {"plotly"}}
"""What an environment needs for a library's sake: nilearn draws surfaces with plotly where that is installed."""


@by_stem
def test_nothing_is_declared_that_no_rule_uses(rules, environment):
    used = {"python"} | INDIRECT.get(environment.stem, set())
    for rule in rules:
        if rule.environment == environment:
            used |= {CONDA_NAMES.get(name, name) for name in needs(rule.script)}
    assert declared(environment).keys() <= used


def test_correlation_needs_little(rules):
    for name in ("correlate", "fisher_z"):
        (rule,) = (rule for rule in rules if rule.name == name)
        assert needs(rule.script) == {"numpy", "nibabel", "isal"}
        assert declared(rule.environment).keys() == {"python", "numpy", "nibabel", "python-isal"}


def test_needs_are_followed_into_functions():
    scripts = {path.stem: needs(path) for path in SCRIPTS}
    # Imported inside of functions of modules that other scripts share.
    assert {"nilearn", "scipy"} <= scripts["extract_seeds"]
    # Of runs on the cortical surface alone nilearn (its meshes) and scipy.
    assert scripts["extract_voxels"] == {"isal", "nibabel", "nilearn", "numpy", "scipy"}
    assert "matplotlib" in scripts["draw_figures"]
    # Located, never imported.
    assert "nilearn" in scripts["fetch_development_fmri"]
    assert scripts["describe_derivatives"] == set()


def test_needs_of_a_made_up_script(tmp_path, monkeypatch):
    package = tmp_path / "seed_to_voxel"
    package.mkdir()
    monkeypatch.setattr(fingerprint, "PACKAGE", package)
    (package / "first.py").write_text(
        "import alpha\n\ndef used():\n    from beta.part import x\n    helper()\n\n"
        "def helper():\n    import gamma\n\ndef unused():\n    import delta\n"
    )
    (package / "second.py").write_text("from .first import unused as other\n\nclass Made:\n    def m(self): other()\n")
    script = tmp_path / "script.py"
    text = "import os\nfrom seed_to_voxel import first{}\n\ndef main():\n    first.used(){}\n\nmain()\n"
    script.write_text(text.format("", ""))
    assert needs(script) == {"alpha", "beta", "gamma"}
    environments._parsed.cache_clear()
    script.write_text(text.format(", second", "\n    second.Made()"))
    assert needs(script) == {"alpha", "beta", "gamma", "delta"}
    environments._parsed.cache_clear()


def test_pin_files_are_of_conda_forge_and_agree():
    for pins in (ROOT / "envs").glob("*.txt"):
        environment = ROOT / "envs" / pins.name.replace(".linux-64.pin.txt", ".yaml")
        assert environment in ENVIRONMENTS, f"{pins} has no environment file, or is for another platform"
        assert pin_faults(environment, pins.read_text(encoding="utf-8")) == []


FORGE = "https://conda.anaconda.org/conda-forge"
PINS = f"""\
# made by hand
@EXPLICIT
{FORGE}/linux-64/python-3.11.9-h1_0_cpython.conda#0123abc
{FORGE}/linux-64/numpy-2.4.6-py311h2_0.conda#0123abc
{FORGE}/noarch/nibabel-5.4.0-pyh3_0.conda
{FORGE}/linux-64/python-isal-1.8.0-py311h2_0.conda
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("", "", None),
        ("@EXPLICIT", "@explicit", "first line"),
        ("numpy-2.4.6", "numpy-2.4.60", "numpy is 2.4.60, expected 2.4.6"),
        ("python-3.11.9", "python-3.1.1", "python is 3.1.1, expected 3.11"),
        (f"{FORGE}/noarch/nibabel-5.4.0-pyh3_0.conda\n", "", "nibabel is none, expected 5.4.0"),
        ("conda-forge/noarch", "main/noarch", "is no package of conda-forge"),
        ("conda-forge/linux-64/numpy", "conda-forge/osx-64/numpy", "is no package of conda-forge"),
        ("https", "http", "is no package of conda-forge"),
    ],
)
def test_pin_faults(old, new, fault):
    found = pin_faults(Path(ROOT, "envs", "connectivity.yaml"), PINS.replace(old, new, 1))
    assert not found if fault is None else fault in "; ".join(found)


def test_the_documentation_names_every_environment():
    text = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(envs/\w+\.yaml)`", text)) == {f"envs/{path.name}" for path in ENVIRONMENTS}

"""What is installed is what is locked, and what runs on GitHub is what was looked at."""

import json
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml
from conftest import ROOT, absent

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def uv(*arguments):
    program = shutil.which("uv")
    if program is None:
        absent("workflow", "uv is not installed")
    return subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True)


def test_the_lock_fits_the_project():
    done = uv("lock", "--check", "--offline")
    if re.search(r"cache|network|offline", done.stderr) and done.returncode:
        absent("workflow", done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr


def test_every_package_of_the_lock_has_its_hash():
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    files = [file for package in locked for file in [*package.get("wheels", []), package.get("sdist")] if file]
    assert len(files) > 100
    assert [file for file in files if not file.get("hash", "").startswith("sha256:")] == []
    # The project itself is the only one that comes from no registry.
    assert [package["name"] for package in locked if "registry" not in package["source"]] == ["seed-to-voxel"]


def test_the_bill_of_materials_has_every_package_of_the_lock():
    done = uv("export", "--quiet", "--frozen", "--offline", "--all-groups", "--format", "cyclonedx1.5")
    if done.returncode:
        absent("workflow", f"this uv writes none: {done.stderr.strip()[:200]}")
    components = {component["name"] for component in json.loads(done.stdout)["components"]}
    locked = {package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    assert components == locked - {"seed-to-voxel"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_may_only_read(path):
    content = yaml.safe_load(path.read_text())
    assert content["permissions"] == {"contents": "read"}
    steps = [step for job in content["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used and all(re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action) for action in used), used
    # A token that stays in the checkout could be taken by whatever runs after it.
    assert all(step["with"]["persist-credentials"] is False for step in steps if "checkout" in step.get("uses", ""))
    assert all("permissions" not in job for job in content["jobs"].values())

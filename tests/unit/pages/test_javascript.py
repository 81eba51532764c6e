"""The pages' scripts: their own tests, and that what is joined for a page is one script that runs."""

import re
import shutil
import subprocess

import pytest
from conftest import ROOT, absent

from seed_to_voxel.pages import explorer, explorer_cortex, explorer_group, overview, page, viewers


@pytest.fixture(scope="module")
def node():
    """The program `node`, 18 or later."""
    program = shutil.which("node")
    if program is None:
        absent("javascript", "node is not installed")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.match(r"v(\d+)", version)[1]) < 18:
        absent("javascript", f"node is {version.strip()}, and its test runner came with 18")
    return program


def test_pure_functions(node):
    tests = sorted(map(str, (ROOT / "tests" / "javascript").glob("*.test.js")))
    done = subprocess.run([node, "--test", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\W*fail 0$", done.stdout, re.MULTILINE) and len(tests) >= 3


@pytest.mark.parametrize(
    ("script", "module"),
    [
        ("overview.js", overview),
        ("slices.js", viewers),
        ("surface.js", viewers),
        ("explorer_run.js", explorer),
        ("explorer_cortex.js", explorer_cortex),
        ("explorer_group.js", explorer_group),
    ],
)
def test_a_pages_script_is_one_module(node, tmp_path, script, module):
    bundle = page.bundle(script, module.FILES)
    assert not re.search(r"^import\b", bundle, re.MULTILINE), "an import is left that a page cannot follow"
    # Two scripts that give the same name to different things would not share a page.
    (tmp_path / "bundle.mjs").write_text(bundle, encoding="utf-8")
    done = subprocess.run([node, "--check", tmp_path / "bundle.mjs"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

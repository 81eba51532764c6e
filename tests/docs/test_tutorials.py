"""The tutorials, as they are written: their commands are run, and say what the pages say that they say."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, Workspace, absent

pytestmark = pytest.mark.workflow

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clone, in which one tutorial goes on where the one before it ended."""
    if not shutil.which("uv"):
        absent("workflow", "uv is not on PATH")
    return Workspace(tmp_path_factory.mktemp("tutorials") / "seed-to-voxel").path


def run(folder, commands):
    """Run commands as somebody who types them; what they printed."""
    # The environment is there: nothing is to be installed, wherever a project lies.
    surroundings = {**os.environ, "UV_PROJECT_ENVIRONMENT": sys.prefix, "UV_NO_SYNC": "1"}
    surroundings.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}"
    return done.stdout


def squeezed(line):
    return " ".join(line.split())


# In this order: the later ones begin with the results of the first.
@pytest.mark.parametrize("name", ["student", "lab", "author"])
def test_the_commands_of_a_tutorial_say_what_it_says(folder, name):
    printed, n_run, n_shown = "", 0, 0
    for language, text in BLOCK.findall((ROOT / "docs" / "tutorials" / f"{name}.md").read_text(encoding="utf-8")):
        if language == "bash":
            printed, n_run = run(folder, text), n_run + 1
        elif language == "text":
            said = {squeezed(line) for line in printed.splitlines()}
            for line in text.splitlines():
                n_shown += 1
                assert any(squeezed(line) in other for other in said), f"{name}.md: {line!r} is not in\n{printed}"
    assert n_run >= 3 and n_shown >= 3


def test_what_the_tutorials_leave_is_what_they_speak_of(folder):
    results = folder / "first/results"
    if not (results / "paper").is_dir():
        pytest.skip("the tutorials did not run before this")
    assert (results / "report.html").is_file() and (results / "paper/index.html").is_file()
    assert (folder / "cohort/results/report.html").is_file()
    assert not (folder / "mine/results").exists()
    # The project's own results are those of README's first command.
    assert not (folder / "results/derivatives").exists()

"""Other Snakemakes than the pinned one: the oldest that is claimed, and one that nothing can be changed in."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib

import pytest
from conftest import PLAIN_FIGURES, ROOT, SMALL, absent
from packaging.specifiers import SpecifierSet

from seed_to_voxel.snakemake_internals import session

pytestmark = pytest.mark.workflow

ONE_RUN = {"dataset": {"kind": "simulated", "simulated": {**SMALL, "participants": 1}}, "figures": PLAIN_FIGURES}

OBSTACLES = """
import sys
sys.path.insert(0, "workflow/scripts")
from seed_to_voxel.snakemake_internals import session
print([patch.obstacle() for patch in session.PATCHES if patch.package == "snakemake" and patch.obstacle()])
"""


def oldest():
    """The oldest Snakemake that the Snakefile lets run."""
    return re.search(r'^min_version\("([\d.]+)"\)', (ROOT / "Snakefile").read_text(), re.MULTILINE).group(1)


@pytest.fixture
def python_with_the_oldest(tmp_path):
    """A Python with the oldest Snakemake and what it needs, and all else from the environment of the tests."""
    uv = shutil.which("uv")
    if uv is None:
        absent("workflow", "uv is not installed")
    python = tmp_path / "oldest" / "bin" / "python"
    overrides = tmp_path / "overrides.txt"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    overrides.write_text("\n".join(project["tool"]["uv"]["override-dependencies"]) + "\n")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "oldest"], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", python, "--overrides", overrides]
    wanted = ["--resolution", "lowest-direct", f"snakemake[reports]>={oldest()}"]
    done = subprocess.run([*install, *wanted], capture_output=True, text=True)
    if done.returncode and re.search(r"error sending request|dns error|connect|timed out", done.stderr, re.IGNORECASE):
        absent("workflow", f"no package registry can be reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    find = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    folder = subprocess.run(find, capture_output=True, text=True, check=True).stdout.strip()
    # After the environment's own packages.
    with open(f"{folder}/tests_environment.pth", "w") as file:
        file.write(sysconfig.get_path("purelib") + "\n")
    return python


def test_the_oldest_snakemake_that_is_claimed(python_with_the_oldest, workspace):
    python = python_with_the_oldest
    version = subprocess.run([python, "-m", "snakemake", "--version"], capture_output=True, text=True).stdout.strip()
    assert version.startswith(oldest()) and version != sys.modules["snakemake"].__version__
    found = subprocess.run([python, "-c", OBSTACLES], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"
    printed = workspace.snakemake("--configfile", workspace.write_config(**ONE_RUN), python=python).stdout
    assert "Report: results/report.html" in printed
    assert "Note: With snakemake" not in printed and "Loading script code" not in printed
    report = (workspace.path / "results/report.html").read_text()
    assert f"snakemake {version}" in report
    assert "In numbers:" in report and "alt: new DOMParser" in report
    assert len(list(workspace.run_folder("01").glob("*_stat-fisherz_statmap.nii.gz"))) == 1


def test_every_change_is_for_the_oldest_and_the_pinned_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = [*project["project"]["dependencies"], *project["dependency-groups"]["slurm"]]
    for patch in session.PATCHES:
        (version,) = [line.partition("==")[2] for line in pinned if re.match(rf"{patch.package}(\[\w+\])?==", line)]
        assert version in SpecifierSet(patch.versions)
        assert patch.package != "snakemake" or oldest() in SpecifierSet(patch.versions)


def test_without_the_changes_the_workflow_goes_on_and_says_what_is_missing(workspace):
    """As with a Snakemake of the future: first what the page shows cannot be changed, then nothing can."""
    room = workspace.path / "workflow/scripts/seed_to_voxel/snakemake_internals"
    reporting = (room / "reporting.py").read_text()
    for name in ("NUMBERS", "TEXTS", "FRAMES"):
        reporting, changed = re.subn(rf"^({name} = Patch\()", r'\1versions=">=99",', reporting, flags=re.MULTILINE)
        assert changed == 1
    (room / "reporting.py").write_text(reporting)
    config = workspace.write_config(**ONE_RUN)
    printed = workspace.snakemake("--configfile", config).stdout
    notes = [line for line in printed.splitlines() if line.startswith("Note: With snakemake ")]
    assert len(notes) == 3 and all("is for the versions >=99" in note for note in notes)
    assert "Report: results/report.html" in printed
    path = workspace.path / "results/report.html"
    report = path.read_text()
    assert "In numbers:" not in report and "alt: new DOMParser" not in report and "asBlob" not in report
    assert "sub-01_task-rest_space-MNI152NLin2009cAsym_seed-PCC_stat-pearsoncorrelation_statmap.png" in report

    patches = (room / "patches.py").read_text()
    assert 'versions: str = ">=9.20,<10"' in patches
    (room / "patches.py").write_text(patches.replace('versions: str = ">=9.20,<10"', 'versions: str = ">=99"'))
    path.unlink()
    printed = workspace.snakemake("--configfile", config, "--forcerun", "summarise_quality").stdout
    notes = [line for line in printed.splitlines() if line.startswith("Note: With snakemake ")]
    assert len(notes) == len(set(notes)) == 27
    assert "Select jobs to execute..." in printed and "Gather the quality" in printed
    assert not path.exists()
    (advice,) = [note for note in notes if "the report is not made by itself" in note]
    assert "`snakemake --report results/report.html`" in advice
    workspace.snakemake("--report", "results/report.html", "--configfile", config)
    assert "seed-PCC_stat-pearsoncorrelation_statmap.png" in path.read_text()

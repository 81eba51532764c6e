"""The refusal of nilearn versions that compute wrong maps."""

import ast
import importlib
import os
import subprocess
import sys
from importlib import metadata

import pytest
from environments import ROOT, SCRIPTS

from seed_to_voxel.base import fingerprint, software
from seed_to_voxel.base.errors import InputError


@pytest.mark.parametrize("version", ["0.13.0", "0.13", "0.13.1", "0.13.0rc1", "0.14.0", "0.14.0.dev3"])
def test_wrong_versions_are_refused(version):
    with pytest.raises(InputError, match=rf"nilearn {version} .*wrong maps.*0\.14\.1"):
        software.check_nilearn(version)


@pytest.mark.parametrize("version", ["0.12.1", "0.14.1", "0.14.1rc0", "0.14.2", "0.15", "0.15.0.dev0", "1.0"])
def test_right_versions_pass(version):
    software.check_nilearn(version)


def test_the_locked_version_passes():
    software.check_nilearn(metadata.version("nilearn"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_does_all_its_work_where_versions_are_checked(script):
    """`joblog.capture` checks them before its body runs; nothing is computed before or beside it."""
    *definitions, guarded = ast.parse(script.read_text(encoding="utf-8")).body
    assert ast.unparse(guarded.test) == "__name__ == '__main__'"
    (inside,) = guarded.body
    assert isinstance(inside, ast.With)
    assert ast.unparse(inside.items[0].context_expr).startswith("joblog.capture(snakemake.log[0]")
    allowed = ast.Expr | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.Assign
    assert all(isinstance(node, allowed) for node in definitions)
    assigned = (node.value for node in definitions if isinstance(node, ast.Assign))
    assert not any(isinstance(each, ast.Call) for value in assigned for each in ast.walk(value))


def test_no_script_has_another_way_in():
    """The modules that scripts are made of are run by nobody else; what jobs are copies of is no module of theirs."""
    for path in fingerprint.PACKAGE.rglob("*.py"):
        if path.name != "copying.py":
            assert "__main__" not in path.read_text(encoding="utf-8").replace('sys.modules["__main__"]', ""), path


def installed(folder, version):
    """A folder that, put on the path, has a nilearn of some version, of which nothing can be used."""
    package = folder / "nilearn"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__version__ = {version!r}\n", encoding="utf-8")
    return str(folder)


SCRIPT = """\
import sys
{before}
from seed_to_voxel.base import joblog

if __name__ == "__main__":
    with joblog.capture(sys.argv[1]):
        print("begun")
        {inside}
        print("computed", "nilearn" in sys.modules)
"""


def run_script(tmp_path, version, before="", inside=""):
    """Run a script that imports nilearn somewhere; its status and its log."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(before=before, inside=inside), encoding="utf-8")
    paths = [installed(tmp_path / "site", version), str(ROOT / "workflow" / "scripts")]
    done = subprocess.run(
        [sys.executable, script, tmp_path / "log"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode, (tmp_path / "log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "printed"), [("before", ""), ("inside", "begun\n")], ids=["at the top", "in a function"]
)
def test_a_script_stops_where_it_imports_a_wrong_nilearn(tmp_path, place, printed):
    status, log = run_script(tmp_path, "0.14.0", **{place: "import nilearn"})
    assert status == 1
    assert log.startswith(f"{printed}Error: nilearn 0.14.0 is installed here")
    assert "Traceback" not in log
    assert "computed" not in log


@pytest.mark.parametrize("place", ["before", "inside"])
def test_a_right_nilearn_is_imported_as_ever(tmp_path, place):
    assert run_script(tmp_path, "0.14.1", **{place: "import nilearn"}) == (0, "begun\ncomputed True\n")


def test_a_script_that_uses_none_is_let_alone(tmp_path):
    inside = "from seed_to_voxel.connectivity import correlation"
    assert run_script(tmp_path, "0.14.0", inside=inside) == (0, "begun\ncomputed False\n")


def test_a_missing_nilearn_is_missing_as_ever(tmp_path):
    with software.nilearn_watched(), pytest.raises(ModuleNotFoundError, match=r"nilearn\.none"):
        importlib.import_module("nilearn.none")
    assert not any(isinstance(finder, software.Watch) for finder in sys.meta_path)


@pytest.mark.workflow
def test_the_workflow_ends_with_the_reason(workspace, tmp_path):
    done = workspace.snakemake(check=False, env={"PYTHONPATH": installed(tmp_path / "site", "0.13.1")})
    assert done.returncode != 0
    assert "nilearn 0.13.1 is installed here, and the versions 0.13.0 to 0.14.0 compute wrong maps" in done.stdout
    assert not list(workspace.path.rglob("*_bold.nii.gz"))

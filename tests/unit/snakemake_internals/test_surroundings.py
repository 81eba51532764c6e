"""What Snakemake would not say, or wait for without end, is said before anything begins."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import PLAIN_FIGURES, ROOT, SMALL

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.snakemake_internals import surroundings


@pytest.mark.parametrize("path", ["/home/my name/.venv/bin/python", "/a\tb/python"])
def test_a_python_by_a_path_with_a_space_is_refused(path):
    with pytest.raises(InputError, match="a path with a space in it.*UV_PROJECT_ENVIRONMENT"):
        surroundings.check_python(path)
    surroundings.check_python("/home/my-name/.venv/bin/python")


def test_slurm_that_is_not_here_is_refused(monkeypatch, tmp_path):
    executor = type("Executor", (), {"__module__": "snakemake_executor_plugin_slurm"})()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="sbatch is not found here.*login node"):
        surroundings.check_cluster(executor)
    surroundings.check_cluster(SimpleNamespace())
    (tmp_path / "sbatch").write_text("")
    (tmp_path / "sbatch").chmod(0o755)
    surroundings.check_cluster(executor)


def test_a_folder_that_cannot_be_written_is_refused_in_full_and_nothing_is_made(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    surroundings.check_folders(["results", "a/b"])
    assert list(tmp_path.iterdir()) == []
    # Root, as whom these tests may run, can write where permissions forbid it.
    monkeypatch.setattr(surroundings.os, "access", lambda path, mode: path != str(tmp_path))
    with pytest.raises(InputError) as refused:
        surroundings.check_folders(["a/b"])
    assert str(refused.value) == (
        f"cannot write in {tmp_path}, where a/b is to be made; choose another folder with --directory"
    )
    with pytest.raises(InputError, match=f"^cannot write in {tmp_path}; choose"):
        surroundings.check_folders(["."])


@pytest.mark.workflow
def test_results_that_cannot_be_written_are_told_in_a_sentence(workspace):
    config = workspace.write_config(dataset={"kind": "simulated", "simulated": SMALL}, figures=PLAIN_FIGURES)
    # A file in the folder's place refuses root, too.
    (workspace.path / "results").write_text("")
    done = workspace.snakemake("--configfile", config, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stdout
    assert f"cannot write in {workspace.path}/results; choose another folder" in " ".join(done.stdout.split())


def test_all_that_the_scripts_import_is_installed_here():
    scripts = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
    assert len(scripts) > 10
    assert {script.name: surroundings.absent_packages(script.name) for script in scripts} == {
        script.name: [] for script in scripts
    }
    assert surroundings.absent_packages("no_script.py") == []


@pytest.mark.workflow
def test_an_environment_in_a_folder_with_a_space(workspace, tmp_path):
    folder = tmp_path / "with space"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "ours.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")) + "\n")
    config = workspace.write_config(dataset={"kind": "simulated", "simulated": SMALL}, figures=PLAIN_FIGURES)
    done = workspace.snakemake("--configfile", config, python=folder / "bin" / "python", check=False)
    assert done.returncode == 1
    assert f"Python lies at '{folder}/bin/python'" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout and not (workspace.path / "results").exists()


@pytest.mark.workflow
def test_the_profile_for_slurm_names_what_installs_its_plugin(workspace, tmp_path):
    # As if it were not there: the profile and Snakemake look for it in other ways.
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util, pkgutil\n"
        "find, walk = importlib.util.find_spec, pkgutil.iter_modules\n"
        "gone = 'snakemake_executor_plugin_slurm'\n"
        "importlib.util.find_spec = lambda name, *more: None if name == gone else find(name, *more)\n"
        "pkgutil.iter_modules = lambda *given: (found for found in walk(*given) if found.name != gone)\n"
    )
    done = workspace.snakemake("--profile", "profiles/slurm", check=False, env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert "whose plugin is not installed; `uv sync --group slurm` installs it" in " ".join(done.stdout.split())

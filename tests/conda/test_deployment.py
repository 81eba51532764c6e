"""Per-rule environments, really deployed by Snakemake from a local channel; nothing is taken from the network."""

import filecmp
import gzip
import json
import os
import platform
import re
import shlex
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import conda_double
import environments
import local_channel
import parsed_workflow
import pytest
import yaml
from conftest import ROOT, SMALL, Workspace, absent, the_show
from osf_standin import OSFStandIn

from seed_to_voxel.inputs import development_fmri
from seed_to_voxel.study import checksums
from seed_to_voxel.study.runs import INPUTS

pytestmark = [pytest.mark.conda, pytest.mark.xdist_group("conda")]

STUDY = the_show(dataset={"kind": "simulated", "simulated": SMALL})
LOOKED_FOR = {"psutil"}
"""What libraries import if they happen to find it: joblib, to measure the memory of worker processes."""

DESCRIPTION = "results/derivatives/seed_to_voxel/dataset_description.json"
"""A result of the smallest environment, which needs no other."""

RUN_ALONE = {"logs", "benchmarks", "report.html"}
"""What differs from run to run: times, and what holds them."""

PARTICIPANT = "pixar123"
SCIENTIFIC = {"numpy", "scipy", "pandas", "nibabel", "nilearn", "matplotlib", "sklearn"}


class Conda(NamedTuple):
    """A conda that knows a local channel, and a Snakemake that has no scientific package.

    Attributes
    ----------
    binaries : pathlib.Path
        Where `conda` is.
    channel : pathlib.Path
    runner : pathlib.Path
        The Python that Snakemake runs in.
    """

    binaries: Path
    channel: Path
    runner: Path

    def env(self, **more):
        """Environment variables with this conda on PATH, and nothing of the project's own environment."""
        return {"PATH": f"{self.binaries}:/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": "", "VIRTUAL_ENV": "", **more}

    def call(self, command, folder, **more):
        """Run another command where this conda is; its standard output is returned."""
        env = os.environ | self.env(**more)
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def run(self, workspace, *arguments, check=True, **more):
        """Run the workflow with per-rule environments; `more` are environment variables."""
        return workspace.snakemake(
            "--sdm=conda", *arguments, check=check, env=self.env(**more), python=str(self.runner)
        )


class Deployed(NamedTuple):
    """A finished run: the workspace, and what each script told of itself, by the script's name."""

    workspace: Workspace
    told: dict
    conda: Conda


@pytest.fixture(scope="session")
def conda(tmp_path_factory):
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        absent("conda", f"the local channel is for linux-64, and this is {sys.platform} on {platform.machine()}")
    here = sysconfig.get_python_version()
    wanted = {environments.declared(environment)["python"] for environment in environments.ENVIRONMENTS}
    if wanted != {here}:
        absent("conda", f"the environments ask for Python {sorted(wanted)}, and the channel can only hold {here}")
    if "dist-packages" in Path(site.__file__).read_text(encoding="utf-8"):
        absent("conda", "Debian's own Python looks for packages where no environment has them; use uv's")
    folder = tmp_path_factory.mktemp("conda")
    names = {name for environment in environments.ENVIRONMENTS for name in environments.declared(environment)}
    channel = local_channel.build(
        folder / "channel", {environments.PYPI_NAMES.get(name, name) for name in names - {"python"}}
    )
    yield Conda(
        binaries=conda_double.install_command(folder / "installation", channel),
        channel=channel,
        runner=local_channel.make_runner(folder / "runner", ["snakemake[reports]"]),
    )
    # Half a gigabyte, which pytest would keep for three sessions.
    shutil.rmtree(folder)


def told_by(folder):
    """What scripts told as they ended, by the script's name."""
    told = {}
    for path in folder.iterdir():
        account = json.loads(path.read_text(encoding="utf-8"))
        # Snakemake runs a copy, tmp12345678.name.py.
        told.setdefault(Path(account["script"]).name.partition(".")[2], []).append(account)
    return told


@pytest.fixture(scope="session")
def deployed(conda, tmp_path_factory):
    """The whole default workflow, run with per-rule environments; do not change it."""
    folder = tmp_path_factory.mktemp("deployed")
    workspace = Workspace(folder / "project")
    config = workspace.write_config(**STUDY)
    witness = folder / "witness"
    witness.mkdir()
    conda.run(workspace, "--notemp", "--configfile", config, **{local_channel.WITNESS: str(witness)})
    return Deployed(workspace, told_by(witness), conda)


def prefixes(workspace):
    """Folders of the deployed environments by the names of their files in envs/; equal files share one."""
    found = {}
    for done in (workspace.path / ".snakemake" / "conda").glob("*.env_setup_done"):
        prefix = done.with_suffix("")
        content = prefix.with_suffix(".yaml").read_bytes()
        for path in (workspace.path / "envs").glob("*.yaml"):
            if path.read_bytes() == content:
                found.setdefault(path.stem, []).append(prefix)
    return found


def installed(prefix):
    """Versions of an environment's packages."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in (prefix / "conda-meta").glob("*.json")]
    return {record["name"]: record["version"] for record in records}


def snakemakes_own(conda):
    """What Snakemake's preamble of a script imports from the runner, whatever the script does.

    Returns
    -------
    tuple of str
        Files, and the folders of Snakemake's own packages, of which it unpickles what it hands to the script.
    """
    code = (
        "import json, pickle, sys; from snakemake.logging import logger; from snakemake.iocontainers import Snakemake;"
        "print(json.dumps([getattr(m, '__file__', None) for m in list(sys.modules.values())]))"
    )
    files = json.loads(conda.call([conda.runner, "-c", code], conda.channel))
    own = (path for path in conda.runner.parents[1].glob("lib/python*/site-packages/snakemake*") if path.is_dir())
    return (*filter(None, files), *(f"{path}/" for path in own))


def leaks(account, project, allowed):
    """Modules that a script imported from outside of its environment.

    Parameters
    ----------
    account : dict
        What the script told.
    project : pathlib.Path
        The workflow's own code is imported from there.
    allowed : tuple of str
        Files and folders of Snakemake's own.
    """
    inside = (f"{account['prefix']}/", f"{project}/workflow/scripts/", *allowed)
    return sorted(
        name
        for name, file in account["files"].items()
        if file and not file.startswith(inside) and name.partition(".")[0] not in LOOKED_FOR
    )


def test_the_runner_has_no_scientific_package(conda):
    code = "import importlib.util, sys; print(*[n for n in sys.argv[1:] if importlib.util.find_spec(n)])"
    found = conda.call([conda.runner, "-c", code, *SCIENTIFIC, "snakemake"], conda.channel)
    assert found.split() == ["snakemake"]


def test_one_environment_for_each_file(deployed):
    run = {name.removesuffix(".py") for name in deployed.told}
    wanted = {rule.environment.stem for rule in parsed_workflow.rules() if rule.script.stem in run}
    found = prefixes(deployed.workspace)
    assert found.keys() == wanted
    assert all(len(each) == 1 for each in found.values())


def test_environments_hold_the_pinned_versions(deployed):
    for name, (prefix,) in prefixes(deployed.workspace).items():
        versions = installed(prefix)
        for package, pin in environments.declared(deployed.workspace.path / "envs" / f"{name}.yaml").items():
            assert versions[package] == pin or (package == "python" and versions[package].startswith(f"{pin}."))


def test_correlation_deploys_little(deployed):
    (prefix,) = prefixes(deployed.workspace)["connectivity"]
    assert installed(prefix).keys() == {"python", "python-isal", *local_channel.closure(["numpy", "nibabel"])}


def test_every_script_runs_in_its_own_environment(deployed):
    # Each rule that runs leaves a benchmark under its name.
    ran = {path.stem for path in (deployed.workspace.path / "results" / "benchmarks").iterdir()}
    assert ran >= {"simulate_run", "extract_seeds", "extract_voxels", "correlate", "fisher_z", "draw_figures"}
    rules = parsed_workflow.rules()
    assert deployed.told.keys() >= {rule.script.name for rule in rules if rule.name in ran}
    found = prefixes(deployed.workspace)
    for script, accounts in deployed.told.items():
        named = {str(found[rule.environment.stem][0]) for rule in rules if rule.script.name == script}
        assert {account["prefix"] for account in accounts} == named
        assert all(account["python"].startswith(account["prefix"]) for account in accounts)


def test_every_module_comes_from_the_scripts_own_environment(deployed):
    allowed = snakemakes_own(deployed.conda)
    for script, accounts in deployed.told.items():
        for account in accounts:
            assert leaks(account, deployed.workspace.path, allowed) == [], script
            imported = {name.partition(".")[0] for name in account["files"]}
            assert "seed_to_voxel" in imported
            # What writes pages alone needs templates and no numbers.
            needed = environments.needs(ROOT / "workflow" / "scripts" / script)
            assert imported & {"numpy", "jinja2"} or not needed, script


def files_of(workspace):
    results = workspace.path / "results"
    paths = (path.relative_to(results) for path in results.rglob("*") if path.is_file())
    return {path for path in paths if path.parts[0] not in RUN_ALONE}


def differing(one, other, paths):
    """Those of the paths whose bytes differ between two workspaces."""
    pairs = {path: [workspace.path / "results" / path for workspace in (one, other)] for path in paths}
    return sorted(str(path) for path, pair in pairs.items() if not filecmp.cmp(*pair, shallow=False))


def test_the_same_bytes_as_with_uv(deployed, finished):
    """NIfTI, TSV, JSON, PDF and PNG."""
    wanted = files_of(finished)
    assert {path.suffix for path in wanted} >= {".gz", ".tsv", ".json", ".pdf", ".png"}
    # Run with --notemp, see the next test.
    assert wanted < files_of(deployed.workspace)
    # The list has the files that --notemp keeps.
    lists = {path for path in wanted if path.name == checksums.NAME}
    assert len(lists) == 1 and differing(finished, deployed.workspace, wanted - lists) == []


def test_the_same_intermediate_bytes_as_with_uv(deployed, finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "project", symlinks=True)
    workspace = Workspace.of_folder(tmp_path / "project")
    paths = sorted(path for path in files_of(deployed.workspace) if path.suffix == ".npy" and "sub-01" in path.name)
    assert {path.stem.rpartition("_desc-")[2] for path in paths} >= {"cleaning_operator", "voxels_timeseries"}
    workspace.snakemake(*(Path("results", path) for path in paths), "--notemp", "--configfile", "study.yaml")
    assert differing(workspace, deployed.workspace, paths) == []


def test_the_report_is_made_too(deployed):
    assert (deployed.workspace.path / "results" / "report.html").stat().st_size > 1e6


def test_a_second_run_deploys_and_runs_nothing(deployed):
    done = deployed.conda.run(deployed.workspace, "--configfile", "study.yaml", "--dry-run")
    assert "Nothing to be done" in done.stdout
    assert "will be created" not in done.stdout


def test_results_are_kept_over_a_change_of_the_way_if_wished(deployed):
    arguments = ("--configfile", "study.yaml", "--dry-run")
    done = deployed.workspace.snakemake(*arguments)
    assert "software environment definition has changed" in done.stdout
    done = deployed.workspace.snakemake(*arguments, "--rerun-triggers", "code", "input", "mtime", "params")
    assert "Nothing to be done" in done.stdout


def test_projects_share_environments_below_a_common_prefix(conda, tmp_path):
    workspaces = [Workspace(tmp_path / name) for name in ("one", "other")]
    arguments = ("--conda-prefix", tmp_path / "shared", "--conda-create-envs-only")
    first, second = (conda.run(workspace, DESCRIPTION, *arguments).stdout for workspace in workspaces)
    assert "Creating conda environment envs/connectivity.yaml" in first
    assert "Creating" not in second
    assert len(list((tmp_path / "shared").glob("*.env_setup_done"))) == 1
    assert not any((workspace.path / "results").exists() for workspace in workspaces)


def with_environment(workspace, name, old, new):
    """Change an environment file of a workspace."""
    path = workspace.path / "envs" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_version_that_is_not_to_be_had_is_named(workspace, conda):
    with_environment(workspace, "connectivity", "numpy =2.4.6", "numpy =2.4.99")
    done = conda.run(workspace, DESCRIPTION, check=False)
    assert done.returncode != 0
    assert "Could not create conda environment" in done.stdout
    assert "connectivity.yaml" in done.stdout
    assert re.search(r"numpy =?=?2\.4\.99", done.stdout), done.stdout
    assert prefixes(workspace) == {}


def test_a_missing_package_does_not_leak_in(workspace, conda):
    with_environment(workspace, "simulation", "  - nilearn =0.14.1\n", "")
    config = workspace.write_config(**STUDY)
    done = conda.run(workspace, "--configfile", config, "--until", "simulate_run", check=False)
    assert done.returncode != 0
    assert "No module named 'nilearn'" in done.stdout


LEAKY = """\
rule leak:
    output:
        "leaked.txt",
    conda:
        "bare.yaml"
    script:
        "leak.py"
"""


def test_a_leak_is_seen(conda, tmp_path):
    """Snakemake puts its own packages at the end of a script's path; the check above sees them."""
    (tmp_path / "Snakefile").write_text(LEAKY, encoding="utf-8")
    bare = f"channels: [conda-forge]\ndependencies: [python ={sysconfig.get_python_version()}]\n"
    (tmp_path / "bare.yaml").write_text(bare, encoding="utf-8")
    script = "import pygments\nimport json\nopen(snakemake.output[0], 'w').write(pygments.__file__)\n"
    (tmp_path / "leak.py").write_text(script, encoding="utf-8")
    (tmp_path / "witness").mkdir()
    command = [conda.runner, "-m", "snakemake", "--cores", "1", "--sdm", "conda"]
    conda.call(command, tmp_path, **{local_channel.WITNESS: str(tmp_path / "witness")})
    ((account,),) = told_by(tmp_path / "witness").values()
    assert (tmp_path / "leaked.txt").read_text().startswith(str(conda.runner.parents[1]))
    assert "pygments" in leaks(account, tmp_path, snakemakes_own(conda))


def pins_of(conda, prefix):
    """A file of exact pins of a deployed environment, with conda-forge's addresses."""
    index = json.loads((conda.channel / "linux-64" / "repodata.json").read_text(encoding="utf-8"))["packages.conda"]
    wanted = installed(prefix)
    urls = [
        f"{conda_double.FORGE}linux-64/{file}#{record['md5']}"
        for file, record in index.items()
        if record["name"] in wanted
    ]
    return "\n".join(["# platform: linux-64", "@EXPLICIT", *urls, ""])


def test_pin_files_are_used_and_checked(deployed, workspace):
    pins = pins_of(deployed.conda, prefixes(deployed.workspace)["connectivity"][0])
    environment = workspace.path / "envs" / "connectivity.yaml"
    assert environments.pin_faults(environment, pins) == []
    environment.with_suffix(".linux-64.pin.txt").write_text(pins, encoding="utf-8")
    done = deployed.conda.run(workspace, DESCRIPTION, "--conda-cleanup-pkgs", "tarballs")
    assert "Using pinnings from" in done.stdout
    assert "Failed to install" not in done.stdout
    (pinned,) = (workspace.path / ".snakemake" / "conda").glob("*.pin.txt")
    prefix = pinned.with_name(pinned.name.removesuffix(".pin.txt"))
    assert installed(prefix) == installed(prefixes(deployed.workspace)["connectivity"][0])
    assert (deployed.conda.binaries.parent / "cleaned").read_text() == "clean -y --tarballs"


def test_the_download_runs_in_its_environment(workspace, conda, tmp_path):
    keys = development_fmri.read_keys()[f"sub-{PARTICIPANT}"]
    files = {keys["bold"]: gzip.compress(bytes(1000)), keys["confounds"]: b"csf\ttrans_x\n1.0\t0.5\n"}
    name = f"sub-{PARTICIPANT}_task-pixar_desc-download_receipt.json"
    target = f"{INPUTS}/development_fmri/sub-{PARTICIPANT}/func/{name}"
    (tmp_path / "witness").mkdir()
    with OSFStandIn(files) as standin:
        config = workspace.write_config(
            dataset={
                "kind": "development_fmri",
                "development_fmri": {
                    "participants": [PARTICIPANT],
                    "data_dir": str(tmp_path / "data"),
                    "base_url": standin.base_url,
                },
            }
        )
        witness = {local_channel.WITNESS: str(tmp_path / "witness")}
        conda.run(workspace, target, "--configfile", config, **witness)
    ((account,),) = told_by(tmp_path / "witness").values()
    assert prefixes(workspace).keys() == {"download"}
    assert leaks(account, workspace.path, snakemakes_own(conda)) == []
    for name in ("pooch", "requests", "urllib3"):
        assert account["files"][name].startswith(account["prefix"])
    assert "nilearn" not in account["files"]
    (bold,) = (tmp_path / "data").rglob("*_bold.nii.gz")
    assert bold.read_bytes() == files[keys["bold"]]


def instructions(dockerfile):
    """Instructions of a Dockerfile: its words in capitals, and their arguments with continued lines joined."""
    text = re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def test_the_containers_definition_builds_every_environment(workspace, conda, tmp_path):
    """Its instructions are carried out one by one in a folder, in place of the root of an image."""
    steps = instructions(conda.call([conda.runner, "-m", "snakemake", "--containerize"], workspace.path))
    assert steps[0] == ("FROM", "condaforge/miniforge3:latest")
    assert {word for word, _ in steps} == {"FROM", "LABEL", "RUN", "COPY"}
    image = tmp_path / "image"
    for word, argument in steps:
        if word == "COPY":
            source, target = argument.split()
            shutil.copy(workspace.path / source, f"{image}{target}")
        elif word == "RUN":
            command = argument.replace("/conda-envs/", f"{shlex.quote(str(image))}/conda-envs/")
            conda.call(["sh", "-ec", command], workspace.path)
    built = {(path.parent / "environment.yaml").read_bytes(): path.parent for path in image.glob("conda-envs/*/bin")}
    assert built.keys() == {path.read_bytes() for path in environments.ENVIRONMENTS}
    for environment in environments.ENVIRONMENTS:
        assert environments.declared(environment).keys() <= installed(built[environment.read_bytes()]).keys()


def test_the_definition_for_apptainer_names_every_environment(workspace, conda):
    definition = conda.call([conda.runner, "-m", "snakemake", "--containerize", "apptainer"], workspace.path)
    head, *sections = re.split(r"^%(\w+)\n", definition, flags=re.MULTILINE)
    sections = dict(zip(sections[::2], sections[1::2], strict=True))
    assert yaml.safe_load(re.sub(r"^#.*\n", "", head, flags=re.MULTILINE))["Bootstrap"] == "docker"
    copied = dict(map(str.split, sections["files"].strip().splitlines()))
    contents = {path.read_bytes() for path in environments.ENVIRONMENTS}
    assert {(workspace.path / source).read_bytes() for source in copied} == contents
    for target in copied.values():
        assert f"conda env create --prefix {Path(target).parent} --file {target}" in sections["post"]

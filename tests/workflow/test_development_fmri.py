"""The published example end to end, against a server on this machine that stands in for the real one."""

import csv
import json

import pytest
from osf_standin import OSFStandIn
from test_whole import inputs

from seed_to_voxel.inputs import development_fmri

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def served(finished):
    """The keys of pixar123's files, with a simulated run behind them."""
    keys = development_fmri.read_keys()["sub-pixar123"]
    files = inputs(finished)
    return {keys["bold"]: files["bold"].read_bytes(), keys["confounds"]: files["confounds"].read_bytes()}


def configure(workspace, url, **options):
    """The shipped config, with another host."""
    host = workspace.write_config("host.yaml", dataset={"development_fmri": {"base_url": url, **options}})
    return ["--configfile", "config/development_fmri.yaml", host]


def test_the_published_example_runs_from_download_to_comparison(workspace, served):
    with OSFStandIn(served, fail_first=1) as host:
        printed = workspace.snakemake(*configure(workspace, host.base_url)).stdout
        asked = {request.key for request in host.requests}
    assert asked == set(served), "other files than the participant's were asked for"

    table = workspace.path / "results/printed_numbers.tsv"
    rows = list(csv.DictReader(table.open(), delimiter="\t"))
    assert [row["quantity"] for row in rows] == ["volumes", "voxels", "r_min", "r_max", "z_min", "z_max"]
    # The stand-in serves a simulated run, so that the printed numbers cannot agree, and that is said.
    assert {row["agrees"] for row in rows} == {"NO"}
    assert "6 of 6 printed numbers DISAGREE with ours" in printed
    assert "printed numbers DISAGREE" in (workspace.path / "results/printed_numbers.html").read_text()
    report = (workspace.path / "results/report.html").read_text()
    assert "printed and computed numbers" in report

    folder = workspace.run_folder("pixar123")
    for figure in ("seed-PCC_timeseries", "desc-examplevoxels_timeseries", "stat-pearsoncorrelation_statmap"):
        assert len(list(folder.glob(f"*{figure}.pdf"))) == 1, "the three figures of the page"
    sidecar = json.loads(next(folder.glob("*stat-fisherz_statmap.json")).read_text())
    assert sidecar["RepetitionTime"] == 2.0
    assert len(sidecar["Cleaning"]["confounds"]) == 15
    assert sidecar["Mask"].startswith("background")

    # The host is gone: everything is there, nothing is asked.
    again = workspace.snakemake(*configure(workspace, host.base_url)).stdout
    assert "Nothing to be done" in again


def test_files_that_are_there_already_are_used_without_network(workspace, served, tmp_path):
    keys = {key: kind for kind, key in development_fmri.read_keys()["sub-pixar123"].items()}
    kept = tmp_path / "nilearn_data"
    kept.mkdir()
    for key, content in served.items():
        (kept / development_fmri.FILE_NAMES[keys[key]].format("sub-pixar123")).write_bytes(content)
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    options = configure(workspace, "http://127.0.0.1:9", data_dir=str(kept))
    workspace.snakemake(*options, "--until", "extract_seeds")
    workspace.snakemake(*options, "--delete-all-output", check=False)
    assert {name: (kept / name).read_bytes() for name in before} == before


def test_a_host_that_cannot_be_reached_is_told_with_what_to_do(workspace):
    options = configure(workspace, "http://127.0.0.1:9", retries=0)
    done = workspace.snakemake(*options, check=False)
    assert done.returncode != 0
    flat = " ".join(done.stdout.split())
    assert "http://127.0.0.1:9" in flat
    assert "data_dir" in flat

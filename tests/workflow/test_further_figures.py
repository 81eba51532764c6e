"""Figures as files of the workflow: chosen by the config, or made alone by their names."""

import re

import pytest
from conftest import SMALL

pytestmark = pytest.mark.workflow

STEM = "results/derivatives/seed_to_voxel/sub-01/func/sub-01_task-rest_space-MNI152NLin2009cAsym_seed-PCC"


def test_a_figure_is_made_alone_and_no_job_is_repeated_for_it(workspace):
    config = workspace.write_config(
        dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 1}},
        figures={"further": ["distribution", "networks"]},
    )
    workspace.snakemake("--configfile", config)
    assert "Nothing to be done" in workspace.snakemake("-n", "--configfile", config).stdout
    folder = workspace.run_folder("01")
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*_seed-PCC_desc-*_figure.*")}
    assert len(kept) == 4

    # Those that the config does not ask for, with and without a table.
    for kind, endings in (("glassbrain", (".pdf", ".png")), ("clusters", (".pdf", ".png", ".tsv"))):
        asked = f"{STEM}_desc-{kind}_{'table.tsv' if '.tsv' in endings else 'figure.png'}"
        done = workspace.snakemake(asked, "--configfile", config).stdout
        assert "1 of 1 steps" in done
        assert {path.suffix for path in folder.glob(f"*_desc-{kind}_*")} == set(endings)
    assert {
        path.name: path.stat().st_mtime_ns for path in folder.glob("*_seed-PCC_desc-*_figure.*") if path.name in kept
    } == kept
    assert "Nothing to be done" in workspace.snakemake("-n", "--configfile", config).stdout

    # One that it asks for is made by the job that draws them all, and by no other.
    again = f"{STEM}_desc-networks_figure.png"
    (workspace.path / again).unlink()
    for targets in ([again], [again, f"{STEM}_stat-pearsoncorrelation_statmap.png"], ["all"]):
        assert re.search(r"^draw_figures +1$", workspace.snakemake("-n", *targets, "--configfile", config).stdout, re.M)
    assert "1 of 1 steps" in workspace.snakemake(again, "--configfile", config).stdout
    assert (workspace.path / again).is_file()
    assert "Nothing to be done" in workspace.snakemake("-n", "--configfile", config).stdout

    # One that was made alone is there when the config asks for it later: it is the same file.
    config = workspace.write_config(
        dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 1}},
        figures={"further": ["distribution", "networks", "glassbrain"]},
    )
    printed = workspace.snakemake("-n", "--configfile", config).stdout
    # The text that lists what there is says so.
    found = dict(re.findall(r"^(\w+) +(\d+)$", printed, re.M))
    assert found == {"describe_derivatives": "1", "all": "1", "total": "2"}


def test_a_figure_that_does_not_exist_is_refused(workspace):
    config = workspace.write_config(dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 1}})
    for wrong in ("seed-PCC_desc-moasic_figure.png", "seed-XYZ_desc-mosaic_figure.png"):
        done = workspace.snakemake("-n", f"{STEM.rpartition('_')[0]}_{wrong}", "--configfile", config, check=False)
        assert done.returncode != 0
        assert "No rule to produce" in done.stdout or "MissingRuleException" in done.stdout


def test_a_report_can_be_a_zip_archive(workspace):
    config = workspace.write_config(
        dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 1}},
        figures={"further": []},
        report={"format": "zip"},
    )
    workspace.snakemake("--configfile", config)
    assert (workspace.path / "results" / "report.zip").is_file()
    assert not list(workspace.run_folder("01").glob("*_seed-*_figure.*"))

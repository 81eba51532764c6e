"""Figures as files of the workflow: chosen by the config, or made alone by their names."""

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
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*_figure.*")}
    assert len(kept) == 4

    # One that the config does not ask for.
    alone = f"{STEM}_desc-glassbrain_figure.png"
    done = workspace.snakemake(alone, "--configfile", config).stdout
    assert (workspace.path / alone).is_file()
    assert "1 of 1 steps" in done
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*_figure.*") if path.name in kept} == kept

    # One that it asks for: made again, without its sisters and without a rerun of them after.
    again = f"{STEM}_desc-networks_figure.png"
    (workspace.path / again).unlink()
    done = workspace.snakemake(again, "--configfile", config).stdout
    assert "1 of 1 steps" in done
    changed = {
        path.name
        for path in folder.glob("*_figure.*")
        if path.name in kept and path.stat().st_mtime_ns != kept[path.name]
    }
    assert changed == {again.rsplit("/", 1)[1], again.rsplit("/", 1)[1].replace(".png", ".pdf")}

    # Together with one that is always drawn, and with everything.
    for others in (f"{STEM}_stat-pearsoncorrelation_statmap.png", "all"):
        (workspace.path / again).unlink()
        assert "1 of" in workspace.snakemake(again, others, "--configfile", config).stdout
        assert (workspace.path / again).is_file()
    assert "Nothing to be done" in workspace.snakemake("-n", "--configfile", config).stdout


def test_a_report_can_be_a_zip_archive(workspace):
    config = workspace.write_config(
        dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 1}},
        figures={"further": []},
        report={"format": "zip"},
    )
    workspace.snakemake("--configfile", config)
    assert (workspace.path / "results" / "report.zip").is_file()
    assert not list(workspace.run_folder("01").glob("*_figure.*"))

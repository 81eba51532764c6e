"""A run that fails: the others finish, and the list of failures is on the screen, in a table and in the report."""

import csv
import re

import pytest
from conftest import PLAIN_FIGURES, SMALL

pytestmark = pytest.mark.workflow


def test_local(finished, workspace):
    inputs = finished.path / "results" / "inputs" / "simulated"
    rows = ["subject\ttask\tspace\tbold\tmask\tconfounds\tt_r"]
    for subject in ("01", "02"):
        folder = inputs / f"sub-{subject}" / "func"
        (bold,), (mask,), (confounds,) = (
            list(folder.glob(pattern)) for pattern in ("*_bold.nii.gz", "*brain_mask.nii.gz", "*confounds*.tsv")
        )
        if subject == "02":
            cut = workspace.path / "cut_bold.nii.gz"
            cut.write_bytes(bold.read_bytes()[:20000])
            bold = cut
        rows.append(f"{subject}\trest\tMNI\t{bold}\t{mask}\t{confounds}\t2")
    (workspace.path / "runs.tsv").write_text("\n".join(rows) + "\n")
    config = workspace.write_config(dataset={"kind": "table", "table": {"runs": "runs.tsv"}})

    done = workspace.snakemake("--configfile", config, check=False)
    assert done.returncode == 1
    assert len(list(workspace.run_folder("01").glob("*_statmap.png"))) == 1
    table = workspace.path / "results" / "failed_runs.tsv"
    with table.open() as file:
        (failure,) = csv.DictReader(file, delimiter="\t")
    assert (failure["run"], failure["rule"]) == ("sub-02_task-rest_space-MNI", "extract_seeds")
    assert (workspace.path / failure["log"]).read_text().strip().splitlines()[-1] == failure["message"]
    screen = done.stdout[done.stdout.index("1 failed") :]
    assert all(failure[key] in screen for key in ("run", "rule", "log", "message"))
    # Where this project's own code has passed the failure on is nobody's business.
    assert "snakemake_internals" not in done.stdout and "tmp" in done.stdout
    report = (workspace.path / "results" / "report.html").read_text()
    assert "Runs that failed" in report and failure["log"] in report
    assert "sub-01_task-rest_space-MNI_seed-PCC_stat-pearsoncorrelation_statmap.png" in report

    # A start that was asked for something else says nothing of the run that is broken still.
    workspace.snakemake("describe_derivatives", "--forcerun", "describe_derivatives", "--configfile", config)
    assert failure["run"] in table.read_text()

    assert failure["earlier_results"] == "0"
    cut = (workspace.path / "cut_bold.nii.gz").read_bytes()
    (workspace.path / "cut_bold.nii.gz").write_bytes(next(inputs.glob("sub-02/func/*_bold.nii.gz")).read_bytes())
    done = workspace.snakemake("--configfile", config)
    assert "failed" not in done.stdout
    assert not table.exists()
    assert "Runs that failed" not in (workspace.path / "results" / "report.html").read_text()

    # Later than its seeds' series, what the run had is of the earlier time.
    (workspace.path / "cut_bold.nii.gz").write_bytes(cut)
    done = workspace.snakemake("--configfile", config, check=False)
    with table.open() as file:
        (failure,) = csv.DictReader(file, delimiter="\t")
    there = list(workspace.run_folder("02").iterdir())
    assert int(failure["earlier_results"]) == len(there) > 10
    assert f"{len(there)} of its results lie there from an earlier time" in done.stdout

    # Where nothing goes through any more, what there is to see is the earlier time's.
    path = workspace.path / "results" / "report.html"
    before = path.read_bytes()
    assert b"sub-01_task-rest" in before
    dataset = {"kind": "table", "table": {"runs": "runs.tsv"}}
    steep = workspace.write_config("steep.yaml", dataset=dataset, cleaning={"high_pass": 0.4, "low_pass": None})
    done = workspace.snakemake("--configfile", steep, check=False)
    assert "2 failed" in done.stdout and "cleaning.high_pass is 0.4 Hz" in done.stdout
    assert "Report: results/report.html stays as it was, of an earlier time" in done.stdout
    assert path.read_bytes() == before


def test_report_of_many_runs(workspace):
    module = workspace.path / "workflow/scripts/seed_to_voxel/snakemake_internals/reporting.py"
    text, changed = re.subn(r"^MAX_BYTES = \w+", "MAX_BYTES = 0.15e6", module.read_text(), flags=re.MULTILINE)
    assert changed == 1
    module.write_text(text)
    config = workspace.write_config(dataset={"kind": "simulated", "simulated": SMALL}, figures=PLAIN_FIGURES)
    workspace.snakemake("--configfile", config)
    report = (workspace.path / "results" / "report.html").read_text()
    assert re.search(r"figures of the first 1 of the 2 runs", report)
    assert "sub-01_task-rest" in report and "sub-02_task-rest_space-MNI152NLin2009cAsym_seed-PCC_t" not in report

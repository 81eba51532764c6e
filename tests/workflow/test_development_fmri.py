"""The published example end to end: a server on this machine and a made-up run stand in for the real ones."""

import csv
import gzip
import json
import re

import published_standin
import pytest
from osf_standin import OSFStandIn

from seed_to_voxel.inputs import development_fmri

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def served():
    """The keys of pixar123's files, with a run behind them that gives the published numbers."""
    keys = development_fmri.read_keys()["sub-pixar123"]
    run = published_standin.make()
    table = run.confounds.to_csv(sep="\t", index=False).encode()
    return {keys["bold"]: gzip.compress(run.bold.to_bytes(), 1), keys["confounds"]: table}


def configure(workspace, url, **options):
    """The shipped config, with another host."""
    host = workspace.write_config("host.yaml", dataset={"development_fmri": {"base_url": url, **options}})
    return ["--configfile", "config/development_fmri.yaml", host]


def comparison(workspace):
    """Rows of the comparison with the printed numbers."""
    with open(workspace.path / "results/printed_numbers.tsv") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def test_the_published_example_runs_from_download_to_comparison(workspace, served):
    with OSFStandIn(served, fail_first=1) as host:
        printed = workspace.snakemake(*configure(workspace, host.base_url)).stdout
        asked = {request.key for request in host.requests}
    assert asked == set(served), "other files than the participant's were asked for"

    rows = comparison(workspace)
    assert [row["quantity"] for row in rows] == ["volumes", "voxels", "r_min", "r_max", "z_min", "z_max"]
    assert [row["printed"] for row in rows] == ["168", "32504", "-0.646", "0.96", "-0.768", "1.941"]
    assert {row["agrees"] for row in rows} == {"yes"}, rows
    assert "All 6 printed numbers agree with ours" in printed
    assert "DISAGREE" not in (workspace.path / "results/printed_numbers.html").read_text()
    report = (workspace.path / "results/report.html").read_text()
    assert "printed and computed numbers" in report

    folder = workspace.run_folder("pixar123")
    for figure in ("seed-PCC_timeseries", "desc-examplevoxels_timeseries", "stat-pearsoncorrelation_statmap"):
        assert len(list(folder.glob(f"*{figure}.pdf"))) == 1, "the three figures of the page"
    sidecar = json.loads(next(folder.glob("*stat-fisherz_statmap.json")).read_text())
    assert sidecar["RepetitionTime"] == 2.0
    assert len(sidecar["Cleaning"]["confounds"]) == 15
    assert sidecar["Mask"].startswith("background")

    # The page's figures and their companion, for a manuscript.
    paper = workspace.path / "results/paper"
    figures = ["map", "seed", "surface", "voxels"]
    assert sorted(path.stem for path in (paper / "figures").glob("*.pdf")) == figures
    numbers = json.loads((paper / "numbers.json").read_text())
    printed_ones = {"largestR": 0.96, "smallestR": -0.646, "largestZ": 1.941, "voxels": 32504, "volumes": 168}
    assert {name: entry["value"] for name, entry in numbers.items()} == pytest.approx(printed_ones, abs=5e-3)
    assert r"\newcommand{\voxels}{32504}" in (paper / "numbers.tex").read_text()
    assert "over 32504 voxels and 168 volumes" in (paper / "captions.md").read_text()
    assert all(f"figures/{name}.pdf" in (paper / "figures.tex").read_text() for name in figures)
    assert r"\toprule" in (paper / "tables/quality.tex").read_text()

    # The host is gone: everything is there, nothing is asked.
    options = configure(workspace, host.base_url)
    assert "Nothing to be done" in workspace.snakemake(*options).stdout

    # Another threshold draws the map, whose figure has none of its own, and neither the series nor the surface.
    again = workspace.write_config("threshold.yaml", maps={"threshold": 0.4})
    planned = workspace.snakemake("paper", "-n", *options, again).stdout
    assert re.search(r"^draw_paper_figure +1$", planned, re.MULTILINE), planned
    assert "Draw the figure map of the paper" in planned
    assert "write_paper_numbers" not in planned

    # Had the page printed another number, that would be said, and nothing computed anew.
    published = (workspace.path / "config/published_example.tsv").read_text()
    (workspace.path / "other.tsv").write_text(published.replace("-0.646", "-0.664"))
    options.append(workspace.write_config("other.yaml", printed_numbers="other.tsv"))
    printed = workspace.snakemake(*options).stdout
    assert "1 of 6 printed numbers DISAGREE with ours: r_min of pixar123 PCC" in printed
    assert "2 of 2 steps" in printed, printed
    assert [row["agrees"] for row in comparison(workspace)] == ["yes", "yes", "NO", "yes", "yes", "yes"]
    assert "printed numbers DISAGREE" in (workspace.path / "results/printed_numbers.html").read_text()


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

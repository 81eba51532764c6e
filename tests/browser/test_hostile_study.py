"""A study in which every text that a user can give tries to run as a script wherever it is shown."""

import json

import fmriprep_folder
import pytest
from conftest import Workspace

from seed_to_voxel.inputs import simulation

pytestmark = pytest.mark.browser

STRUCK = "a text ran as a script"


def hostile(what):
    """A text that says so on the browser's console if it is run; what it is, is in it."""
    return f"{what}</script><img src=q onerror=console.error('{STRUCK}:{what}')>"


COLUMN = hostile("column")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two runs, the second of them cut short and so a failure that is listed with its path."""
    workspace = Workspace(tmp_path_factory.mktemp("hostile") / "project")
    root = workspace.path / hostile("folder")
    fmriprep_folder.write_dataset(root, ["01", "02"])
    described = root / "dataset_description.json"
    content = json.loads(described.read_text())
    content |= {"Name": hostile("dataset"), "DatasetDOI": hostile("doi")}
    content["GeneratedBy"] = [{"Name": hostile("maker"), "Version": hostile("version")}]
    described.write_text(json.dumps(content))
    (root / "participants.tsv").write_text(
        f"participant_id\t{hostile('measure')}\n" + "".join(f"sub-0{n}\t{hostile('value')}\n" for n in (1, 2))
    )
    for k, subject in enumerate(("01", "02")):
        run = simulation.simulate_run(k, 3, 8.0, 60, 2.0)
        table = fmriprep_folder.full_confounds(run).rename(columns={"csf": COLUMN})
        files = fmriprep_folder.write_run(root, subject, simulated=run, confounds=table)
        if subject == "02":
            files["bold"].write_bytes(files["bold"].read_bytes()[:30000])
    seed_file = workspace.path / f"{hostile('file')}.nii.gz"
    seed_file.parent.mkdir()
    run.mask.to_filename(seed_file)
    (workspace.path / "seeds.tsv").write_text(
        "label\tkind\tx\ty\tz\tradius_mm\tfile\tname\n"
        f"PCC\tsphere\t0\t-52\t18\t8\tn/a\t{hostile('sphere')}\n"
        f"all\tmask\tn/a\tn/a\tn/a\tn/a\t{seed_file.relative_to(workspace.path)}\t{hostile('mask')}\n"
    )
    workspace.options = {
        "seeds": "seeds.tsv",
        "dataset": {"kind": "fmriprep", "fmriprep": {"folder": str(root.relative_to(workspace.path))}},
        "cleaning": {"confounds": [COLUMN, "trans_x"]},
        "figures": {"further": ["clusters"], "viewers": {"runs": "first", "kinds": ["slices"]}},
    }
    config = workspace.write_config(**workspace.options)
    failed = workspace.snakemake("--configfile", config, check=False)
    assert failed.returncode == 1 and "1 failed" in failed.stdout, failed.stdout
    workspace.path.joinpath("results/report.html").rename(workspace.path / "report_of_failure.html")
    # What is said of all runs together waits for every run.
    workspace.options["dataset"]["fmriprep"]["subjects"] = ["01"]
    workspace.snakemake("--configfile", workspace.write_config(**workspace.options))
    return workspace


def walk(page):
    """Show each result of a report, what it is explained by and which rule made it; the names of all results."""
    paths = page.evaluate("Object.keys(results)")
    for path in paths:
        page.evaluate("(path) => app.showResultInfo(path)", path)
        page.wait_for_timeout(30)
        content = "html" if path.endswith(".html") else "img"
        page.evaluate(
            "([path, content]) => app.setView({content, contentPath: results[path].data_uri, resultPath: path})",
            [path, content],
        )
        page.wait_for_timeout(600 if content == "html" else 30)
    for rule in page.evaluate("Object.keys(rules)"):
        page.evaluate("(rule) => app.setView({navbarMode: 'ruleinfo', ruleinfo: rule})", rule)
        page.wait_for_timeout(30)
    return paths


@pytest.mark.parametrize("report", ["results/report.html", "report_of_failure.html"])
def test_no_text_of_a_study_runs_in_its_report(study, open_page, report):
    page = open_page(study.path / report)
    page.locator(".prose").wait_for()
    said = page.locator("#app").inner_text()
    assert hostile("folder").split("/")[0] in said
    paths = walk(page)
    assert len([path for path in paths if path.endswith(".png")]) >= 2 * 3 + 3
    if "failure" in report:
        assert "Runs that failed" in said and "sub-02" in said
    else:
        # The texts are there, letter by letter.
        params = page.evaluate("Object.values(results).map((result) => result.job_properties.params).join()")
        assert hostile("sphere") in params and COLUMN in params


def test_no_text_of_a_study_runs_in_its_pages(study, open_page):
    pages = [*study.path.glob("results/*.html"), *study.derivatives.rglob("*.html")]
    assert len(pages) >= 5
    for path in pages:
        page = open_page(path)
        page.wait_for_load_state("load")
        page.wait_for_timeout(500)
        assert page.locator("img[src=q]").count() == 0, path

"""A table of three runs: worked on part by part, shown in viewers by choice, refused after they were admitted."""

import re

import nibabel
import numpy as np
import pandas
import pytest
from conftest import PLAIN_FIGURES, Workspace
from crops import AFFINE, SHAPE, T_R, T

pytestmark = pytest.mark.workflow

SUBJECTS = ("A1", "B2", "C3")
MEAN_FD = {"A1": 0.1, "B2": 0.9, "C3": 0.2}
SHARED = {"dataset_description.json", "README.md", ".bidsignore"}


def write_runs(folder):
    """Three runs of noise with a mask and a table of displacements each."""
    rng = np.random.default_rng(8)
    nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE), folder / "mask.nii.gz")
    rows = ["subject\ttask\tspace\tbold\tmask\tconfounds\tt_r"]
    for subject in SUBJECTS:
        data = (9000 + 100 * rng.standard_normal((*SHAPE, T))).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(data, AFFINE), folder / f"{subject}.nii.gz")
        table = pandas.DataFrame({"framewise_displacement": [np.nan] + [MEAN_FD[subject]] * (T - 1)})
        table.to_csv(folder / f"{subject}.tsv", sep="\t", index=False, na_rep="n/a")
        rows.append(f"{subject}\trest\tMNI\t{subject}.nii.gz\tmask.nii.gz\t{subject}.tsv\t{T_R}")
    (folder / "runs.tsv").write_text("\n".join(rows) + "\n")


def configure(workspace, name="study.yaml", **sections):
    given = {
        "dataset": {"kind": "table", "table": {"runs": "runs.tsv"}},
        "cleaning": {"smoothing_fwhm": None, "confounds": []},
        "figures": PLAIN_FIGURES,
    }
    return ["--configfile", workspace.write_config(name, **(given | sections))]


def files_of(workspace):
    """All derivatives, with their content."""
    return {
        path.relative_to(workspace.derivatives).as_posix(): path.read_bytes()
        for path in workspace.derivatives.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The three runs, worked on at once."""
    workspace = Workspace(tmp_path_factory.mktemp("whole") / "project")
    write_runs(workspace.path)
    workspace.snakemake(*configure(workspace))
    return workspace


def test_parts_together_are_the_whole(whole, workspace):
    write_runs(workspace.path)
    config = configure(workspace)
    workspace.snakemake(*config, "--config", "part=1/2")
    first = files_of(workspace)
    assert {name.split("/")[0] for name in first} - SHARED == {"sub-A1", "parts"}
    pages = workspace.path / "results" / "parts"
    kept = {path: path.read_bytes() for path in pages.rglob("*") if path.is_file()}
    assert "report.html" in {path.name for path in kept}

    workspace.snakemake(*config, "--config", "part=2/2")
    both = files_of(workspace)
    assert {name: both[name] for name in first} == first, "the second part has changed what the first one left"
    assert {path: path.read_bytes() for path in kept} == kept
    tables = [pandas.read_csv(workspace.derivatives / f"parts/{n}of2/qc.tsv", sep="\t") for n in (1, 2)]
    assert [table["subject"].tolist() for table in tables] == [["A1"], ["B2", "C3"]]

    at_once = files_of(whole)
    of_runs = {name for name in at_once if name.startswith("sub-")}
    assert {name for name in both if name.startswith("sub-")} == of_runs
    maps = {name for name in of_runs if name.endswith((".nii.gz", ".tsv", ".npy"))}
    assert len(maps) >= 3 * 6
    assert [name for name in sorted(maps) if both[name] != at_once[name]] == []
    # What is said of all runs together is said of each part, in a place of its own.
    over_runs = {name for name in at_once if not name.startswith("sub-")} - SHARED
    assert {name for name in both if name.startswith("parts/")} == {
        f"parts/{n}of2/{name}" for n in (1, 2) for name in over_runs
    }
    assert "Nothing to be done" in workspace.snakemake("-n", *config, "--config", "part=1/2").stdout


@pytest.mark.parametrize(
    ("chosen", "shown"), [("all", SUBJECTS), (["sub-C3", "A1"], ("A1", "C3"))], ids=["all", "list"]
)
def test_viewers_show_the_chosen_runs(whole, chosen, shown):
    viewers = {"runs": chosen, "kinds": ["slices"]}
    config = configure(whole, "viewers.yaml", figures={"further": [], "viewers": viewers})
    printed = whole.snakemake(*config).stdout
    assert re.search(r"^make_viewers +1$", printed, re.MULTILINE)
    page = (whole.derivatives / "study_desc-slices_viewer.html").read_text()
    (choice,) = re.findall(r'<select id="map".*?</select>', page, re.DOTALL)
    names = re.findall(r"<option>(.*?)</option>", choice)
    assert [name.split(",")[0] for name in names] == [f"subject {subject}" for subject in shown], names


def test_a_viewer_of_somebody_who_is_not_there_is_refused(whole):
    figures = {"further": [], "viewers": {"runs": ["D4"], "kinds": ["slices"]}}
    done = whole.snakemake(*configure(whole, "viewers.yaml", figures=figures), "-n", check=False)
    assert done.returncode != 0 and "D4" in done.stdout


def test_a_run_refused_after_it_was_admitted_keeps_its_results_and_that_is_said(whole):
    refusing = configure(whole, "refusing.yaml", quality={"refuse": {"max_mean_fd": 0.5}})
    before = files_of(whole)
    printed = " ".join(whole.snakemake(*refusing).stdout.split())
    stem = "sub-B2_task-rest_space-MNI"
    assert f"Note: {stem} is refused now, and has results of an earlier run that admitted it" in printed
    assert printed.count("is refused now") == 1
    after = files_of(whole)
    of_run = {name for name in before if stem in name}
    assert len(of_run) > 10 and all(after[name] == before[name] for name in of_run)
    table = pandas.read_csv(whole.derivatives / "qc.tsv", sep="\t").set_index("subject")
    assert table["verdict"].to_dict() == {"A1": "accepted", "B2": "refused", "C3": "accepted"}

    # Once they are removed there is nothing to say.
    for name in of_run:
        (whole.derivatives / name).unlink()
    (whole.derivatives / "qc.tsv").unlink()
    assert "is refused now" not in whole.snakemake(*refusing).stdout
    assert {name for name in files_of(whole) if stem in name} == {f"sub-B2/func/{stem}_desc-admission_metrics.json"}

"""Adults against children of the published dataset: downloads and all, from a server on this machine."""

import gzip
import re

import nibabel
import numpy as np
import pandas
import pytest
from conftest import PLAIN_FIGURES
from osf_standin import OSFStandIn

from seed_to_voxel.base import tables
from seed_to_voxel.inputs import development_fmri, simulation
from seed_to_voxel.study.runs import everybody

pytestmark = pytest.mark.workflow

PEOPLE = {f"pixar{number:03d}": "child" if number < 100 else "adult" for number in (1, 2, 3, 4, 123, 124, 125, 126)}
AGES = dict(zip(PEOPLE, [4.8, 6.1, 9.3, 11.2, 27.0, 19.5, 33.1, 24.2], strict=True))


def content(table):
    return pandas.DataFrame(table).to_csv(sep="\t", index=False, na_rep="n/a").encode()


@pytest.fixture(scope="module")
def served():
    """Runs of a few participants behind the dataset's keys, and the table of all."""
    keys, files = development_fmri.read_keys(), {}
    for number, label in enumerate(PEOPLE):
        run = simulation.simulate_run(number, seed=3, voxel_size=8, n_volumes=70)
        own = keys[f"sub-{label}"]
        files |= {own["bold"]: gzip.compress(run.bold.to_bytes(), 1), own["confounds"]: content(run.confounds)}
    everyone = everybody()
    people = {
        "participant_id": [f"sub-{label}" for label in everyone],
        "Age": [AGES.get(label, 8.0) for label in everyone],
        "AgeGroup": ["5yo"] * len(everyone),
        "Child_Adult": [PEOPLE.get(label, "child") for label in everyone],
        "Gender": ["F"] * len(everyone),
        "Handedness": ["R"] * len(everyone),
    }
    return {**files, development_fmri.PARTICIPANTS_KEY: content(people)}


def test_all_participants_are_those_that_nilearn_has_keys_of():
    assert [f"sub-{label}" for label in everybody()] == sorted(development_fmri.read_keys())


def test_the_cohort_runs_from_download_to_maps(workspace, served):
    with OSFStandIn(served, fail_first=1) as host:
        options = {"base_url": host.base_url, "participants": list(PEOPLE)}
        few = workspace.write_config(
            "few.yaml",
            dataset={"development_fmri": options},
            groups={"permutations": {"n": 30, "parts": 1}},
            statistics={"null_seeds": 10},
            figures=PLAIN_FIGURES,
        )
        given = ["--configfile", "config/development_fmri_cohort.yaml", few]
        workspace.snakemake("groups", *given)
        assert {request.key for request in host.requests} == set(served)
    group = workspace.derivatives / "group"
    header, *rows = tables.cells(group / "model-development_design.tsv")
    assert header == ["unit", "subject", "Intercept", "Child_Adult[child]", "Age", "mean_fd"]
    ages = np.array(list(AGES.values()))
    found = {row[1]: [float(cell) for cell in row[2:]] for row in rows}
    for label, kind in PEOPLE.items():
        assert found[label][1] == (kind == "child")
        assert found[label][2] == pytest.approx(AGES[label] - ages.mean())
    for model, contrast in (
        ("development", "age"),
        ("groups", "children"),
        ("ages", "inchildren"),
        ("everyone", "mean"),
    ):
        assert (group / f"model-{model}_contrast-{contrast}_seed-PCC_stat-pfwe_desc-tfce_statmap.nii.gz").is_file()
    # The slope of age among children, and no other: by hand, from the subjects' maps.
    design = pandas.read_csv(group / "model-ages_design.tsv", sep="\t")
    child = design["Child_Adult[child]"] == 1
    alone = design[child]
    stack = [nibabel.load(group / f"{unit}_stat-effect_statmap.nii.gz").get_fdata()[..., 0] for unit in design["unit"]]
    brain = nibabel.load(group / "model-ages_desc-group_mask.nii.gz").get_fdata() > 0
    # At equal motion over both groups: what motion explains, by the whole model, is taken off first.
    z = np.array(stack)[:, brain]
    columns = design.drop(columns=["unit", "subject"]).to_numpy()
    z -= np.outer(design["mean_fd"], np.linalg.lstsq(columns, z)[0][list(design.columns).index("mean_fd") - 2])
    slope = np.polyfit(alone["Age"], z[child], 1)[0]
    stem = "model-ages_contrast-inchildren_seed-PCC_stat-effect_statmap.nii.gz"
    np.testing.assert_allclose(nibabel.load(group / stem).get_fdata()[brain], slope, rtol=1e-3, atol=1e-5)
    assert "4 subjects" not in (workspace.path / "results" / "model-development.html").read_text()
    assert "Nothing to be done" in workspace.snakemake("groups", "-n", *given).stdout


def test_all_155_are_planned(workspace):
    planned = workspace.snakemake("groups", "-n", "--configfile", "config/development_fmri_cohort.yaml").stdout
    counts = dict(re.findall(r"^(\w+) +(\d+)$", planned, re.MULTILINE))
    assert (counts["fetch_development_fmri"], counts["combine_runs"], counts["fetch_participants"]) == (
        "155",
        "155",
        "1",
    )

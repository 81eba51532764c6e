"""The list of outputs and what is written from it."""

import os

import pytest
import yaml
from conftest import ROOT

from seed_to_voxel.base import provenance
from seed_to_voxel.study import outputs

DECLARED = yaml.safe_load((ROOT / "workflow" / "outputs.yaml").read_text(encoding="utf-8"))


def test_the_list_is_well_formed():
    assert len({output["path"] for output in DECLARED}) == len(DECLARED)
    for output in DECLARED:
        assert set(output) <= {"path", "per", "when", "rule", "bids", "description"}
        assert ("rule" in output) == (output["per"] in outputs.PER_RUN)
        assert output["per"] in ("study", "seeds of the study", "run", "seed", "chosen run")
        assert ("{run}" in output["path"]) == (output["per"] in ("run", "seed", "chosen run"))
        assert ("{seed}" in output["path"]) == output["per"].startswith("seed")
        assert output["description"] and output.get("when", "always")


def test_expected_files():
    declared = [
        {"path": "qc.tsv", "per": "study"},
        {"path": "p.tsv", "per": "study", "when": "participants"},
        {"path": "{run}_a.json", "per": "run", "when": "refusing"},
        {"path": "{run}_b.tsv", "per": "run", "bids": False},
        {"path": "{run}_seed-{seed}_c.png", "per": "seed", "bids": False},
        {"path": "{run}_d.html", "per": "chosen run", "when": "explore viewer"},
    ]
    assert outputs.expected(declared, ["x", "y"], ["A", "B"]) == {
        "qc.tsv",
        *(f"{run}_b.tsv" for run in "xy"),
        *(f"{run}_seed-{seed}_c.png" for run in "xy" for seed in "AB"),
    }
    assert outputs.expected(declared, ["x", "y"], ["A"], ["y"], ["refusing", "participants"]) == {
        "qc.tsv",
        "p.tsv",
        "x_a.json",
        "y_a.json",
        "x_b.tsv",
        "x_seed-A_c.png",
    }
    shown = outputs.expected(declared, ["x", "y", "z"], [], ["y"], ["explore viewer"], chosen=["y", "z"])
    assert shown == {"qc.tsv", "x_b.tsv", "z_b.tsv", "z_d.html"}
    assert outputs.ignored(declared) == ["*_b.tsv", "*_seed-*"]
    assert "| `sub-*_task-*_space-*_seed-*_c.png` |" in outputs.readme(
        [{**output, "description": "d"} for output in declared], "Title"
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("results/derivatives/x/sub-01/a.nii.gz", "bids::sub-01/a.nii.gz"),
        ("/data/fmriprep/sub-01/b.tsv", "bids:fmriprep:sub-01/b.tsv"),
        ("/data/fmriprep2/b.tsv", "file:///data/fmriprep2/b.tsv"),
    ],
)
def test_uris(path, expected):
    assert provenance.uri(path, {"": "results/derivatives/x", "fmriprep": "/data/fmriprep"}) == expected


def test_links():
    links = provenance.dataset_links(
        {"": "results/derivatives/x", "fmriprep": "/data/fmriprep", "simulated": "results/inputs/simulated"},
        "results/derivatives/x",
    )
    assert links == {
        "fmriprep": os.path.relpath("/data/fmriprep", "results/derivatives/x"),
        "simulated": "../../inputs/simulated",
    }
    assert not any(link.startswith(("/", "file:")) for link in links.values())


def test_source_datasets():
    assert provenance.source_dataset("file:///x") == {"URL": "file:///x"}
    description = {"DatasetDOI": "doi:10/1", "GeneratedBy": [{"Name": "fMRIPrep", "Version": "24.0"}]}
    assert provenance.source_dataset("u", description) == {"URL": "u", "DOI": "doi:10/1", "Version": "24.0"}

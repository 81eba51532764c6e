"""The list of outputs and what is written from it."""

import os

import pytest
import yaml
from conftest import ROOT

from seed_to_voxel.base import provenance
from seed_to_voxel.study import groups, outputs

DECLARED = yaml.safe_load((ROOT / "workflow" / "outputs.yaml").read_text(encoding="utf-8"))


def test_the_list_is_well_formed():
    assert len({output["path"] for output in DECLARED}) == len(DECLARED)
    for output in DECLARED:
        assert set(output) <= {"path", "per", "when", "rule", "test", "bids", "description"}
        assert ("rule" in output) == (output["per"] in outputs.PER_RUN)
        assert output["per"] in ("study", "seeds of the study", "chosen run", *outputs.PER_RUN, *outputs.OF_GROUPS)
        assert output.get("test", "t") in ("t", "F")
        assert ("{unit}" in output["path"]) == (output["per"] == "unit")
        assert ("{model}" in output["path"]) == (output["per"] in ("model", "test"))
        assert ("{contrast}" in output["path"]) == (output["per"] == "test")
        assert ("{run}" in output["path"]) == (output["per"] in ("chosen run", *outputs.PER_RUN))
        of_seeds = "_seg-seeds_" in output["path"]
        assert ("{seed}" in output["path"]) == (
            output["per"].startswith("seed")
            or output["per"] == "cleaning"
            or (output["per"] == "test" and not of_seeds)
        )
        assert ("{cleaning}" in output["path"]) == (output["per"] == "cleaning")
        assert output["description"] and output.get("when", "always")


def test_expected_files():
    declared = [
        {"path": "qc.tsv", "per": "study"},
        {"path": "p.tsv", "per": "study", "when": "participants"},
        {"path": "{run}_a.json", "per": "run", "when": "refusing"},
        {"path": "{run}_b.tsv", "per": "run", "bids": False},
        {"path": "{run}_seed-{seed}_c.png", "per": "seed", "bids": False},
        {"path": "{run}_d.html", "per": "chosen run", "when": "explore viewer"},
        {"path": "{run}_seed-{seed}_desc-{cleaning}_e.json", "per": "cleaning", "when": "cleanings"},
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
    beside = outputs.expected(declared, ["x"], ["A", "B"], conditions=["cleanings"], cleanings=["g", "h"])
    assert {path for path in beside if path.endswith("e.json")} == {
        f"x_seed-{seed}_desc-{name}_e.json" for seed in "AB" for name in "gh"
    }
    assert outputs.descriptions([*declared, {"path": "{run}_desc-brain_mask.json"}]) == ["brain"]
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


def test_files_of_groups_are_those_of_units_models_and_tests():
    models = [
        {"name": "one", "formula": "1", "contrasts": {"mean": "Intercept"}},
        {"name": "two", "formula": "age", "contrasts": {"all": ["Intercept", "age"]}},
    ]
    filled = [{"errors": "auto", "variance_groups": None, "centre": True, **model} for model in models]
    units = {name: groups.Unit(name[4:], None, ()) for name in ("sub-1", "sub-2")}
    asked = groups.Groups({}, groups.read_models({"models": filled}), units, None, "d", ["A", "B"], [])
    declared = [
        {"path": "group/{unit}_u.json", "per": "unit", "when": "groups"},
        {"path": "group/model-{model}_m.tsv", "per": "model", "when": "groups", "bids": False},
        {
            "path": "group/model-{model}_contrast-{contrast}_seed-{seed}_t.gz",
            "per": "test",
            "test": "t",
            "when": "groups",
        },
        {
            "path": "group/model-{model}_contrast-{contrast}_seed-{seed}_F.gz",
            "per": "test",
            "test": "F",
            "when": "groups",
        },
        {"path": "group/model-{model}_contrast-{contrast}_seed-{seed}_p.gz", "per": "test", "when": "permutations"},
    ]
    found = outputs.expected(declared, [], ["A", "B"], conditions=["groups"], groups=asked)
    assert found == {
        *(f"group/sub-{number}_u.json" for number in (1, 2)),
        *(f"group/model-{name}_m.tsv" for name in ("one", "two")),
        *(f"group/model-one_contrast-mean_seed-{seed}_t.gz" for seed in "AB"),
        *(f"group/model-two_contrast-all_seed-{seed}_F.gz" for seed in "AB"),
    }
    assert outputs.expected(declared, [], ["A"], groups=asked) == set()
    assert outputs.ignored(declared) == ["group/"]

"""The folder for NeuroVault."""

import json

import export_neurovault
import pytest

from seed_to_voxel.base import provenance, tables
from seed_to_voxel.groups import neurovault

ABOUT = {
    **{"Model": "two", "ModelFormula": "group", "NumberOfSubjects": 24, "DegreesOfFreedom": 22.0},
    **{"Description": "t of the contrast", "Seed": {"label": "PCC"}},
    "Contrast": {"Name": "difference", "Columns": ["Intercept", "group[b]"], "Weights": [[0.0, 1.0]]},
}


@pytest.mark.parametrize(
    ("stat", "kind", "dof", "space", "target"),
    [
        ("t", "T", 22.0, "MNI152NLin2009cAsym", "MNI152NLin2009cAsym"),
        ("effect", "U", None, "MNI", "GenericMNI"),
    ],
)
def test_fields_have_neurovault_s_values(stat, kind, dof, space, target):
    found = neurovault.image("x/map.nii.gz", stat, ABOUT, "rest", space, 6)
    assert found["map_type"] == kind and found["analysis_level"] == "G" and found["modality"] == "fMRI-BOLD"
    assert found["statistic_parameters"] == dof and found["target_template_image"] == target
    assert found["contrast_definition"] == "1 * group[b]" and found["file"] == "map.nii.gz"
    assert found["is_thresholded"] is False and found["number_of_subjects"] == 24


def test_the_folder_has_the_maps_and_what_is_known_of_them(tmp_path):
    files = []
    for name in ("a", "b"):
        (tmp_path / f"{name}.nii.gz").write_bytes(name.encode())
        provenance.write_json(tmp_path / f"{name}.json", ABOUT)
        files.append(str(tmp_path / f"{name}.nii.gz"))
    folder = tmp_path / "neurovault"
    sidecars = [path.replace(".nii.gz", ".json") for path in files]
    export_neurovault.main(files, sidecars, ["t", "effect"], "rest", "MNI", None, "Study", str(folder))
    assert {path.name for path in folder.iterdir()} == {
        "a.nii.gz",
        "b.nii.gz",
        "images.tsv",
        "images.json",
        "README.md",
    }
    assert (folder / "b.nii.gz").read_bytes() == b"b"
    header, *rows = tables.cells(folder / "images.tsv")
    images = json.loads((folder / "images.json").read_text())
    assert header == list(images[0]) and len(rows) == len(images) == 2
    assert "2 unthresholded maps" in (folder / "README.md").read_text()

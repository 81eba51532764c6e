"""Maps of groups as NeuroVault's upload takes them: unthresholded, with what its form asks of each.

Fields and their values are those of NeuroVault's programming interface (neurovault.org/api-docs, and its client pynv).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

TYPES = {"t": "T", "F": "F", "effect": "U"}
"""NeuroVault's types of maps: T map, F map, univariate-beta map."""

TARGETS = ("MNI152NLin2009cAsym", "MNI152NLin6Asym")
"""Templates that NeuroVault tells apart; any other MNI space is its generic one."""

TO_CHOOSE = "cognitive_paradigm_cogatlas"
"""The field that nobody but the author can fill: a paradigm of the Cognitive Atlas."""


def image(
    path: str, stat: str, about: Mapping[str, Any], task: str, space: str, fwhm: float | None
) -> dict[str, str | int | float | bool | None]:
    """Fields of an image.

    Parameters
    ----------
    path : str
        Of the map.
    stat : str
        One of `TYPES`.
    about : dict
        Beside the map.
    task, space : str
        Labels of the runs.
    fwhm : float or None
        Smoothing of the voxels, mm.

    Returns
    -------
    dict
        None where nothing is known.
    """
    contrast, seed = about["Contrast"], about["Seed"]
    rows = [
        " + ".join(f"{weight:g} * {name}" for weight, name in zip(row, contrast["Columns"], strict=True) if weight)
        for row in contrast["Weights"]
    ]
    return {
        "file": Path(path).name,
        "name": f"{about['Model']}, {contrast['Name']}, seed {seed['label']}: {stat}",
        "description": (
            f"{about['Description']}. Seed-to-voxel correlation (Fisher z), model {about['ModelFormula']}, task "
            f"{task}; made by seed-to-voxel."
        ),
        "map_type": TYPES[stat],
        "modality": "fMRI-BOLD",
        "analysis_level": "G",
        TO_CHOOSE: None,
        "number_of_subjects": about["NumberOfSubjects"],
        "statistic_parameters": None if stat == "effect" else about["DegreesOfFreedom"],
        "smoothness_fwhm": fwhm,
        "contrast_definition": "; ".join(rows),
        "target_template_image": space if space in TARGETS else "GenericMNI",
        "is_thresholded": False,
    }


def readme(name: str, n_images: int) -> str:
    """What to do with the folder, in Markdown."""
    return (
        f"# {name}\n\n"
        f"{n_images} unthresholded maps for [NeuroVault](https://neurovault.org). Make a collection there and upload "
        "the images of this folder; `images.tsv` and `images.json` have what its form asks of each, by the names and "
        f"values of its programming interface. `{TO_CHOOSE}` is for you to choose.\n"
    )

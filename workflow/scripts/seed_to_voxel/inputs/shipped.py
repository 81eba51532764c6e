"""Data that nilearn's wheel ships: templates, and nodes with the names of their networks.

They are read here as they lie there: `nilearn.datasets`, which reads them too, takes a second to import.
"""

import csv
from pathlib import Path

import nilearn
import numpy as np

TEMPLATE = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
"""The MNI152 template at 1 mm without its skull (Fonov et al. 2011)."""

GREY_MATTER = "mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz"
WHITE_MATTER = "mni_icbm152_wm_tal_nlin_sym_09a_converted.nii.gz"
"""The template's parts, of 255."""


FROM_MNI305 = np.array(
    [
        [0.9975, -0.0073, 0.0176, -0.0429],
        [0.0146, 1.0009, -0.0024, 1.5496],
        [-0.0130, -0.0093, 0.9971, 1.1840],
        [0, 0, 0, 1],
    ]
)
"""From the space of fsaverage to MNI152, mm (FreeSurfer's documentation, CoordinateSystems, 8b)."""


def file(name: str) -> Path:
    """Where a file of nilearn's lies."""
    return Path(nilearn.__file__).parent / "datasets" / "data" / name


def dosenbach() -> dict[str, np.ndarray]:
    """Read the 160 nodes of Dosenbach et al. 2010.

    Returns
    -------
    dict of str to numpy.ndarray
        Columns number, x, y, z (MNI mm), name, network, in the order of the publication; numbers tell nodes apart whose
        names repeat.
    """
    with open(file("dosenbach_2010.csv"), newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    columns = {"number": np.array([int(row["number"]) for row in rows])}
    columns |= {axis: np.array([float(row[axis]) for row in rows]) for axis in "xyz"}
    return columns | {name: np.array([row[name] for row in rows]) for name in ("name", "network")}

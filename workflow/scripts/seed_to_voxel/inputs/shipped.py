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

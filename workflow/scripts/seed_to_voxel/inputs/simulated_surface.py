"""A simulated run on the cortical surface: what fMRIPrep makes of a run on fsaverage5."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel
import numpy as np

from . import shipped

if TYPE_CHECKING:
    from nibabel import Nifti1Image

SIDES = {"L": "left", "R": "right"}

WALL = 0.5
"""mm: where the cortex of fsaverage5 is thinner than that it is the medial wall, or next to it."""


def _arrays(name: str) -> list[np.ndarray]:
    """Data arrays of a GIFTI file that nilearn ships."""
    with gzip.open(shipped.file(f"fsaverage5/{name}.gii.gz")) as file:
        return [array.data for array in nibabel.GiftiImage.from_bytes(file.read()).darrays]


def project(image: Nifti1Image, mask: Nifti1Image | None = None) -> dict[str, np.ndarray]:
    """Sample an image in MNI space along the cortex of fsaverage5 (`nilearn.surface.vol_to_surf`).

    Parameters
    ----------
    image : nibabel image, 3-D or 4-D
    mask : nibabel image, 3-D, optional
        Voxels outside of it are not sampled, and a vertex takes the mean of samples between white and pial surface that
        are linear between voxels; without it, as labels need, what most of the samples have.

    Returns
    -------
    dict of str to numpy.ndarray of float32, shape (n_vertices,) or (n_vertices, T)
        By ``L`` and ``R``; NaN on the medial wall and where no sample is in the mask.
    """
    from nilearn.surface import InMemoryMesh, vol_to_surf

    found = {}
    for hemisphere, side in SIDES.items():
        white, pial = (
            InMemoryMesh(points @ shipped.FROM_MNI305[:3, :3].T + shipped.FROM_MNI305[:3, 3], triangles)
            for points, triangles in (_arrays(f"{surface}_{side}") for surface in ("white", "pial"))
        )
        values = vol_to_surf(
            image,
            pial,
            inner_mesh=white,
            mask_img=mask,
            interpolation="nearest_most_frequent" if mask is None else "linear",
        ).astype(np.float32)
        values[_arrays(f"thick_{side}")[0] < WALL] = np.nan
        found[hemisphere] = values
    return found


def write_run(paths: list[str], image: Nifti1Image, mask: Nifti1Image) -> None:
    """Write a run as a GIFTI file for each hemisphere, a data array a volume, as fMRIPrep does.

    Parameters
    ----------
    paths : list of str
        Of the left and of the right hemisphere.
    image : nibabel image, 4-D
    mask : nibabel image, 3-D
    """
    for path, (hemisphere, values) in zip(paths, project(image, mask).items(), strict=True):
        _write(path, hemisphere, list(values.T), "NIFTI_INTENT_TIME_SERIES", "NIFTI_TYPE_FLOAT32")


def write_labels(paths: list[str], labels: Nifti1Image, names: dict[int, str]) -> None:
    """Write labels as a GIFTI file for each hemisphere; 0 is for none.

    Parameters
    ----------
    paths : list of str
    labels : nibabel image, 3-D
    names : dict of int to str
    """
    table = nibabel.gifti.GiftiLabelTable()
    for key, name in {0: "none", **names}.items():
        red, green, blue = np.random.default_rng(key).uniform(0.2, 0.9, 3).tolist()
        label: Any = nibabel.gifti.GiftiLabel(key, red, green, blue, float(key > 0))
        label.label = name
        table.labels.append(label)
    for path, (hemisphere, values) in zip(paths, project(labels).items(), strict=True):
        numbers = np.nan_to_num(values).astype(np.int32)
        _write(path, hemisphere, [numbers], "NIFTI_INTENT_LABEL", "NIFTI_TYPE_INT32", table)


def _write(
    path: str,
    hemisphere: str,
    arrays: list[np.ndarray],
    intent: str,
    datatype: str,
    table: nibabel.gifti.GiftiLabelTable | None = None,
) -> None:
    image = nibabel.GiftiImage(
        labeltable=table,
        meta=nibabel.gifti.GiftiMetaData({"AnatomicalStructurePrimary": f"Cortex{SIDES[hemisphere].capitalize()}"}),
        darrays=[
            nibabel.gifti.GiftiDataArray(np.ascontiguousarray(array), intent=intent, datatype=datatype)
            for array in arrays
        ],
    )
    Path(path).write_bytes(image.to_bytes())

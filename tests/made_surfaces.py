"""Runs on the cortical surface, made in a moment: GIFTI pairs on fsaverage5, CIFTI files with holes in their order."""

import gzip
from pathlib import Path

import nibabel
import nilearn
import numpy as np
from nibabel.cifti2 import BrainModelAxis, Cifti2Image, LabelAxis, ScalarAxis, SeriesAxis

N = 10242
"""Vertices of a hemisphere of fsaverage5."""

T, T_R = 48, 2.0
SIDES = {"L": "left", "R": "right"}
NAMES = {"L": "CortexLeft", "R": "CortexRight"}
DATA = Path(nilearn.__file__).parent / "datasets" / "data" / "fsaverage5"

VOLUME_SHAPE = (20, 24, 20)
AFFINE = np.array([[4.0, 0, 0, -40], [0, 4, 0, -50], [0, 0, 4, -40], [0, 0, 0, 1]])
"""Of the volumetric part of the CIFTI files."""


def shipped(name):
    """Data arrays of a file of fsaverage5 that nilearn ships."""
    with gzip.open(DATA / f"{name}.gii.gz") as file:
        return [array.data for array in nibabel.GiftiImage.from_bytes(file.read()).darrays]


def midthickness(hemisphere):
    """Coordinates and triangles of the middle between white and pial surface."""
    (white, triangles), (pial, _) = (shipped(f"{name}_{SIDES[hemisphere]}") for name in ("white", "pial"))
    return (white + pial) / 2, triangles


def write_mesh(path, hemisphere):
    """Write the middle surface of a hemisphere as GIFTI."""
    points, triangles = midthickness(hemisphere)
    arrays = [
        nibabel.gifti.GiftiDataArray(points.astype(np.float32), intent="NIFTI_INTENT_POINTSET"),
        nibabel.gifti.GiftiDataArray(triangles.astype(np.int32), intent="NIFTI_INTENT_TRIANGLE"),
    ]
    meta = nibabel.gifti.GiftiMetaData({"AnatomicalStructurePrimary": NAMES[hemisphere]})
    nibabel.save(nibabel.GiftiImage(darrays=arrays, meta=meta), path)
    return str(path)


def write_gifti(path, hemisphere, arrays, **options):
    """Write data arrays of a hemisphere, float32 unless they are whole numbers."""
    kind = "NIFTI_TYPE_FLOAT32" if np.asarray(arrays[0]).dtype.kind == "f" else "NIFTI_TYPE_INT32"
    made = [
        nibabel.gifti.GiftiDataArray(
            np.asarray(array, np.float32 if "FLOAT" in kind else np.int32), datatype=kind, **options
        )
        for array in arrays
    ]
    meta = nibabel.gifti.GiftiMetaData({"AnatomicalStructurePrimary": NAMES[hemisphere]})
    nibabel.save(nibabel.GiftiImage(darrays=made, meta=meta), path)
    return str(path)


def write_labels(path, hemisphere, values, names):
    """Write a label file; `names` by number."""
    table = nibabel.gifti.GiftiLabelTable()
    for key, name in names.items():
        label = nibabel.gifti.GiftiLabel(key, 0.5, 0.5, 0.5, 1.0)
        label.label = name
        table.labels.append(label)
    array = nibabel.gifti.GiftiDataArray(
        np.asarray(values, np.int32), intent="NIFTI_INTENT_LABEL", datatype="NIFTI_TYPE_INT32"
    )
    meta = nibabel.gifti.GiftiMetaData({"AnatomicalStructurePrimary": NAMES[hemisphere]})
    nibabel.save(nibabel.GiftiImage(darrays=[array], labeltable=table, meta=meta), path)
    return str(path)


def noise(n_places, seed=3, n_volumes=T):
    """Independent noise on a baseline, of shape (T, n_places)."""
    rng = np.random.default_rng(seed)
    return (1000 + 10 * rng.standard_normal((n_volumes, n_places))).astype(np.float32)


def walls():
    """Which vertices of each hemisphere lie on the medial wall, about."""
    return {hemisphere: shipped(f"thick_{side}")[0] < 0.5 for hemisphere, side in SIDES.items()}


def gifti_run(folder, data=None, wall=True, **options):
    """Write a pair; the data of both hemispheres are side by side. The paths are returned, the left one first."""
    data = noise(2 * N) if data is None else data
    folder = Path(folder)
    paths = []
    for hemisphere, part in zip("LR", (data[:, :N], data[:, N:]), strict=True):
        part = part.copy()
        if wall and part.dtype.kind == "f":
            part[:, walls()[hemisphere]] = np.nan
        name = f"sub-01_task-rest_hemi-{hemisphere}_space-fsaverage5_bold.func.gii"
        paths.append(write_gifti(folder / name, hemisphere, list(part), **options))
    return paths


def brain_models():
    """Brain models as in fsLR files: no vertices on the medial wall, and two structures of voxels in an odd order."""
    cortex = {hemisphere: np.flatnonzero(~wall) for hemisphere, wall in walls().items()}
    boxes = {
        "THALAMUS_LEFT": np.stack(
            np.meshgrid(np.arange(7, 10), np.arange(8, 11), np.arange(10, 13), indexing="ij"), -1
        ),
        "THALAMUS_RIGHT": np.stack(
            np.meshgrid(np.arange(11, 14), np.arange(8, 11), np.arange(10, 13), indexing="ij"), -1
        ),
    }
    axis = BrainModelAxis.from_surface(cortex["L"], N, "CortexLeft")
    axis += BrainModelAxis.from_surface(cortex["R"], N, "CortexRight")
    for name, voxels in boxes.items():
        # As in files of the HCP, z runs slowest and x fastest.
        voxels = voxels.reshape(-1, 3)
        voxels = voxels[np.lexsort(voxels.T)]
        axis += BrainModelAxis(f"CIFTI_STRUCTURE_{name}", voxel=voxels, affine=AFFINE, volume_shape=VOLUME_SHAPE)
    return axis


def cifti_run(folder, data=None, axis=None, step=T_R):
    """Write a dense series; its path is returned."""
    axis = brain_models() if axis is None else axis
    data = noise(len(axis)) if data is None else data
    path = Path(folder) / "sub-01_task-rest_space-fsLR_den-10k_bold.dtseries.nii"
    image = Cifti2Image(data.astype(np.float32), (SeriesAxis(0, step, len(data)), axis))
    image.nifti_header.set_intent("ConnDenseSeries")
    nibabel.save(image, path)
    return str(path)


def cifti_map(path, values, axis=None, names=None):
    """Write a dscalar, or with names by number a dlabel."""
    axis = brain_models() if axis is None else axis
    if names is None:
        rows, intent = ScalarAxis(["map"]), "ConnDenseScalar"
    else:
        table = {key: (name, (0.5, 0.5, 0.5, 1.0)) for key, name in names.items()}
        rows, intent = LabelAxis(["labels"], [table]), "ConnDenseLabel"
    image = Cifti2Image(np.asarray(values, np.float32)[None], (rows, axis))
    image.nifti_header.set_intent(intent)
    nibabel.save(image, path)
    return str(path)


OPTIONS = {"space": "fsaverage5", "left": None, "right": None, "area_weights": True, "max_distance": 8}
"""The config's `surfaces` as scripts are given it."""


def own_meshes(folder):
    """The same for data in another space, with meshes in files."""
    folder = Path(folder)
    left, right = (write_mesh(folder / f"{hemisphere}.surf.gii", hemisphere) for hemisphere in "LR")
    return {**OPTIONS, "space": "fsLR", "left": left, "right": right}

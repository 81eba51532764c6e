"""Maps made for tests, on a coarse grid around the MNI brain."""

import nibabel
import numpy as np

AFFINE = np.array([[8.0, 0, 0, -92], [0, 8, 0, -128], [0, 0, 8, -76], [0, 0, 0, 1]])
SHAPE = (24, 29, 25)
SEED = {
    "label": "PCC",
    "name": "Posterior cingulate cortex",
    "x": 0.0,
    "y": -52.0,
    "z": 18.0,
    "radius_mm": 8.0,
    "n_voxels": 5,
    "n_voxels_in_mask": 5,
}


def world():
    """Coordinates of all voxels, shape (x, y, z, 3)."""
    voxels = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    return voxels @ AFFINE[:3, :3].T + AFFINE[:3, 3]


def brain():
    """An ellipsoid where the brain would be."""
    return ((((world() - (0, -18, 10)) / (70, 88, 65)) ** 2).sum(axis=-1) <= 1).astype(np.uint8)


def a_map(values):
    return nibabel.Nifti1Image(np.where(brain() != 0, values, 0).astype(np.float32), AFFINE)


def ordinary():
    rng = np.random.default_rng(1)
    r = np.tanh(rng.normal(0, 0.15, SHAPE))
    distance = np.linalg.norm(world() - (SEED["x"], SEED["y"], SEED["z"]), axis=-1)
    return a_map(np.where(distance < 20, 0.8, r))


def blobs(**values):
    """A map of 0 but for balls of 14 mm around (±40, -52, 18), by `left` and `right`."""
    r = np.zeros(SHAPE)
    for side, value in values.items():
        centre = (40 if side == "right" else -40, -52, 18)
        r[np.linalg.norm(world() - centre, axis=-1) < 14] = value
    return a_map(r)


def runs_like_each_other(n=8, odd=3):
    """Runs for the overview; one is noise."""
    rng = np.random.default_rng(5)
    shared = np.exp(-(np.linalg.norm(world() - (0, -52, 18), axis=-1) ** 2) / 1200)
    for position in range(n):
        r = np.tanh(shared + rng.normal(0, 0.1, SHAPE)) if position != odd else np.tanh(rng.normal(0, 0.3, SHAPE))
        yield {
            "title": f"subject {position:02d}",
            "image": a_map(r),
            "mask": brain() != 0,
            "nu": 38.8,
            "mean_fd": [0.3, 0.1, float("nan"), 0.2][position % 4] + position / 100,
        }


def brain_of(image):
    """Voxels of a map's brain: outside of it, it is 0."""
    return np.asarray(image.dataobj) != 0

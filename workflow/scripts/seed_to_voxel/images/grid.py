"""Where a run's voxels are: places on its grid."""

import numpy as np


def sphere_voxels(centre, radius_mm, affine, shape):
    """Voxels whose centres lie in a sphere, and the voxel that holds its centre.

    The same voxels as `nilearn.maskers.NiftiSpheresMasker` without a mask takes.

    Parameters
    ----------
    centre : tuple of float
        World coordinates in mm.
    radius_mm : float
    affine : numpy.ndarray of shape (4, 4)
    shape : tuple of int
        The image's first three dimensions.

    Returns
    -------
    numpy.ndarray of int, shape (n, 3)
        Voxel indices inside the image; empty if the sphere lies outside of it.
    """
    to_voxels = np.linalg.inv(affine)
    middle = to_voxels[:3, :3] @ centre + to_voxels[:3, 3]
    # The sphere is an ellipsoid in voxel space; a row's norm is its half-width along that axis.
    half = radius_mm * np.linalg.norm(to_voxels[:3, :3], axis=1)
    low = np.maximum(np.floor(middle - half).astype(int), 0)
    high = np.minimum(np.ceil(middle + half).astype(int) + 1, shape)
    if (low >= high).any():
        return np.empty((0, 3), dtype=int)
    box = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.linalg.norm(box @ affine[:3, :3].T + affine[:3, 3] - centre, axis=1)
    nearest = (box == np.round(middle).astype(int)).all(axis=1)
    return box[(distance <= radius_mm) | nearest]

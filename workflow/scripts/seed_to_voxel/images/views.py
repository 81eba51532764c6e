"""What is seen of a mesh from one side, pixel by pixel."""

import numpy as np

PIXEL = 1.75
"""mm of the inflated cortex that a pixel is wide."""

DIVISIONS = 8
"""Points that are tried along each edge of a triangle: pixels are smaller than a triangle."""


def nearest_faces(
    vertices: np.ndarray,
    faces: np.ndarray,
    across: np.ndarray,
    up: np.ndarray,
    toward: np.ndarray,
    pixel: float = PIXEL,
) -> np.ndarray:
    """Vertex that is seen at each pixel of a mesh, without perspective.

    Parameters
    ----------
    vertices : numpy.ndarray of shape (n_vertices, 3)
        mm.
    faces : numpy.ndarray of int, shape (n_faces, 3)
    across, up, toward : numpy.ndarray of shape (3,)
        Directions to the right and to the top of the picture, and to the one who looks.
    pixel : float
        mm that a pixel is wide.

    Returns
    -------
    numpy.ndarray of int32, shape (height, width)
        The nearest corner of the triangle in front; -1 where there is none.
    """
    first, second = np.meshgrid(np.arange(DIVISIONS + 1), np.arange(DIVISIONS + 1), indexing="ij")
    inside = first + second <= DIVISIONS
    shares = np.stack([first[inside], second[inside], (DIVISIONS - first - second)[inside]], 1) / DIVISIONS
    places = vertices @ np.column_stack([across, up, toward])
    points = np.einsum("pc,fca->fpa", shares, places[faces])
    corner = faces[:, shares.argmax(axis=1)].ravel()
    points = points.reshape(-1, 3)
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    column = ((points[:, 0] - low[0]) / pixel).astype(int) + 1
    row = ((high[1] - points[:, 1]) / pixel).astype(int) + 1
    seen = np.full((row.max() + 2, column.max() + 2), -1, dtype=np.int32)
    # Of points that fall on one pixel, the last is kept: the nearest.
    order = np.argsort(points[:, 2], kind="stable")
    seen[row[order], column[order]] = corner[order]
    return seen

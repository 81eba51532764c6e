"""Maps on planes through the brain, over the MNI152 template, a pixel a millimetre.

nilearn draws such slices too. They are here because importing its plotting takes longer than everything that
a run's figures need besides, and because all runs' thumbnails are to lie on the same pixels.
"""

from pathlib import Path

import numpy as np

from . import images

BOX = np.array([[-90, 90], [-126, 90], [-72, 108]])
"""mm that a plane spans along x, y and z: the MNI brain."""

ACROSS_AND_UP = {"x": (1, 2), "y": (0, 2), "z": (0, 1)}
"""Axes that a plane's pixels run along, by the axis that is cut: sagittal, coronal, axial."""


def template():
    """MNI152 template without its skull (Fonov et al. 2011), as nilearn ships it.

    Returns
    -------
    nibabel image
        At 1 mm.
    """
    # The folder alone: nilearn.datasets, which knows the file's name, takes a second to import.
    import nilearn

    folder = Path(nilearn.__file__).parent / "datasets" / "data"
    return images.load(folder / "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz", 3)


def colormap(name):
    """A colour map by its name, of matplotlib's or of nilearn's own.

    Parameters
    ----------
    name : str

    Returns
    -------
    matplotlib.colors.Colormap
    """
    import matplotlib

    if name not in matplotlib.colormaps:
        import nilearn.plotting  # noqa: F401, it registers its own
    return matplotlib.colormaps[name]


def sample(data, affine, points):
    """Values of an image at points, of the nearest voxel.

    Parameters
    ----------
    data : numpy.ndarray of shape (x, y, z)
    affine : numpy.ndarray of shape (4, 4)
    points : numpy.ndarray of shape (..., 3)
        World mm.

    Returns
    -------
    numpy.ndarray of shape (...)
        0 outside of the image.
    """
    to_voxels = np.linalg.inv(affine)
    voxels = np.rint(points @ to_voxels[:3, :3].T + to_voxels[:3, 3]).astype(int)
    inside = ((voxels >= 0) & (voxels < data.shape[:3])).all(axis=-1)
    values = np.zeros(points.shape[:-1], dtype=np.float32)
    values[inside] = data[tuple(voxels[inside].T)]
    return values


def plane(cut, position, step=1):
    """Points of a plane across the brain.

    Parameters
    ----------
    cut : {"x", "y", "z"}
        The axis that it cuts.
    position : float
        Where it cuts it, MNI mm.
    step : int
        mm from a point to the next.

    Returns
    -------
    numpy.ndarray of shape (height, width, 3)
        MNI mm; rows go from top to bottom, left is left.
    """
    across, up = ACROSS_AND_UP[cut]
    columns, rows = (np.arange(low, high + 1, step, dtype=float) for low, high in BOX[[across, up]])
    points = np.full((rows.size, columns.size, 3), float(position))
    points[..., across] = columns
    points[..., up] = rows[::-1, None]
    return points


class Underlay:
    """Planes with the template on them, to lay maps over.

    Parameters
    ----------
    cuts : sequence of tuple of str and float
        Of each plane, the axis that it cuts, and where.
    step : int
        mm a pixel.
    """

    def __init__(self, cuts, step=1):
        self.points = [plane(cut, position, step) for cut, position in cuts]
        brain = template()
        data = np.asarray(brain.dataobj)
        brightest = np.percentile(data, 99.5)
        self.backgrounds = []
        for points in self.points:
            grey = sample(data, brain.affine, points)
            shade = np.clip(0.35 + 0.6 * grey / brightest, 0, 1)
            shade[grey <= 0.05 * data.max()] = 1
            self.backgrounds.append(np.repeat(shade[..., None], 3, axis=2))

    def lay(self, image, threshold, vmax, cmap):
        """Lay a map over the template.

        Parameters
        ----------
        image : nibabel image
            Map of r.
        threshold : float
            Smaller |r|, and 0, is not coloured.
        vmax : float
            |r| at the ends of the colours.
        cmap : str

        Returns
        -------
        list of numpy.ndarray of uint8, shape (height, width, 3)
            Pixels of each plane.
        """
        data = np.nan_to_num(np.asarray(image.dataobj, dtype=np.float32))
        colors = colormap(cmap)
        panels = []
        for points, background in zip(self.points, self.backgrounds, strict=True):
            r = sample(data, image.affine, points)
            shown = (np.abs(r) >= threshold) & (r != 0)
            panel = np.where(shown[..., None], colors((r + vmax) / (2 * vmax))[..., :3], background)
            panels.append(np.rint(255 * panel).astype(np.uint8))
        return panels

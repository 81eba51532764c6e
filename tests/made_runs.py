"""A run made for tests: smooth noise in the ellipsoid of made_maps, its left on the grid's other side."""

import nibabel
import numpy as np
from made_maps import AFFINE, SEED, SHAPE, brain

from seed_to_voxel.cleaning.operators import cleaning_operator
from seed_to_voxel.statistics import significance

T = 80
LABELS = {"subject": "01", "task": "rest", "space": "MNI152NLin2009cAsym"}
LOOK = {"threshold": 0.3, "vmax": 1, "cmap": "RdBu_r"}


def explored(constant=()):
    """What `explorer.page` takes, and the places in mm of the voxels; some voxels of the mask may be constant."""
    rng = np.random.default_rng(11)
    operator = cleaning_operator(T, 2.0, True, 0.01, 0.1, rng.standard_normal((T, 3)))
    # As many scanners store it: the first axis goes to the left.
    flip = np.diag([-1.0, 1, 1, 1])
    flip[0, 3] = SHAPE[0] - 1
    affine, mask = AFFINE @ flip, brain()[::-1]
    field = rng.standard_normal((T, *SHAPE))
    for axis in (1, 2, 3):
        field = (field + np.roll(field, 1, axis) + np.roll(field, -1, axis)) / 3
    series = (operator @ field[:, mask != 0]).astype(np.float32)
    series -= series.mean(axis=0)
    series /= series.std(axis=0, ddof=1)
    series[:, list(constant)] = np.nan
    places = nibabel.affines.apply_affine(affine, np.argwhere(mask != 0))
    image = nibabel.Nifti1Image(mask.astype(np.uint8), affine)
    mean = nibabel.Nifti1Image(1000 * mask.astype(np.float32), affine)
    run = {"NumberOfVolumes": T, "CensoredVolumes": [], "Seeds": [{**SEED, "label": "PCC"}]}
    noise = significance.noise_of(operator, significance.kept_volumes(run), series[:, np.isfinite(series[0])])
    return {"run": run, "series": series, "images": (image, mean), "null_form": noise, "smoothing_fwhm": 6}, places

"""A run made for tests: smooth noise in the ellipsoid of made_maps, its left on the grid's other side."""

from functools import cache

import nibabel
import numpy as np
from made_maps import AFFINE, SEED, SHAPE, brain

from seed_to_voxel.cleaning.operators import cleaning_operator
from seed_to_voxel.connectivity import pooled
from seed_to_voxel.statistics import significance

T = 80
LABELS = {"subject": "01", "task": "rest", "space": "MNI152NLin2009cAsym"}
LOOK = {"threshold": 0.3, "vmax": 1, "cmap": "RdBu_r"}


@cache
def pooled_group():
    """Runs of three subjects, of which one has two, as `explorer_group.page` takes them; their series; their places."""
    members, series = [], []
    for number, (subject, constant) in enumerate({"01": [7], "02": [7, 900], "03": [], "03b": [40]}.items()):
        given, places = explored(constant, seed=20 + number)
        # What all have in common, so that the mean is not 0 everywhere.
        given["series"] += 0.7 * explored(seed=5)[0]["series"]
        about = {"run": f"sub-{subject}", "subject": subject[:2], "weight": 10.0 + number, "smoothing": 6}
        about["seeds"] = given["run"]["Seeds"]
        members.append(pooled.member_of(given["series"], *given["images"], about))
        series.append(given["series"])
    return members, series, places


def explored(constant=(), seed=11):
    """What `explorer.page` takes, and the places in mm of the voxels; some voxels of the mask may be constant."""
    rng = np.random.default_rng(seed)
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

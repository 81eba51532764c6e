"""A run on fsaverage5 made for tests: smooth noise along the surface, cleaned, and where it lies."""

import numpy as np
from made_surfaces import OPTIONS, N, midthickness, walls

from seed_to_voxel.cleaning.operators import cleaning_operator
from seed_to_voxel.images import layouts
from seed_to_voxel.pages import explorer_cortex
from seed_to_voxel.statistics import significance

T = 80
LABELS = {"subject": "01", "task": "rest", "space": "fsaverage5"}
SEED = {"label": "PCC", "kind": "surface", "hemisphere": "L", "vertex": 3000, "radius_mm": 8}


def neighbours_mean(values, triangles):
    """Mean of each vertex and of the corners of its triangles, of shape (T, n_vertices)."""
    found, count = values.copy(), np.ones(values.shape[1])
    for one in range(3):
        for other in range(3):
            if one != other:
                np.add.at(found.T, triangles[:, one], values.T[triangles[:, other]])
                np.add.at(count, triangles[:, one], 1)
    return found / count


def explored(options=OPTIONS, layout=None, vertices=None, seed=11):
    """What `explorer_cortex.page` takes, and cleaned series of all vertices, NaN on the medial wall.

    Parameters
    ----------
    options : dict
    layout : Layout, optional
        With `vertices`, for each place the vertex of both hemispheres that it is, -1 for none.
    """
    rng = np.random.default_rng(seed)
    operator = cleaning_operator(T, 2.0, True, 0.01, 0.1, rng.standard_normal((T, 3)))
    field = rng.standard_normal((T, 2 * N))
    for number, hemisphere in enumerate("LR"):
        half = slice(number * N, (number + 1) * N)
        for _ in range(2):
            field[:, half] = neighbours_mean(field[:, half], midthickness(hemisphere)[1])
    whole = (operator @ field).astype(np.float32)
    whole -= whole.mean(axis=0)
    whole /= whole.std(axis=0, ddof=1)
    whole[:, np.concatenate(list(walls().values()))] = np.nan
    if layout is None:
        layout, vertices = layouts.Hemispheres([N, N]), np.arange(2 * N)
    series = np.where(vertices >= 0, whole[:, vertices], rng.standard_normal((T, len(vertices))).astype(np.float32))
    brain = np.isfinite(series[0])
    run = {"NumberOfVolumes": T, "CensoredVolumes": [], "Seeds": [dict(SEED)]}
    noise = significance.noise_of(operator, significance.kept_volumes(run), series[:, brain])
    given = {"run": run, "labels": LABELS, "series": series[:, brain], "null_form": noise, "smoothing_fwhm": 6}
    given["cortex"] = explorer_cortex.Cortex(layout, brain, options)
    given["look"] = {"threshold": 0.3, "vmax": 1, "cmap": "RdBu_r"}
    return given, whole

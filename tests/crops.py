"""A small run around the seed, stored as somebody's own file, and a study of it."""

import nibabel
import numpy as np
from conftest import PLAIN_FIGURES

from seed_to_voxel.images import grid

AFFINE = np.array([[4.0, 0, 0, -20], [0, 4, 0, -70], [0, 0, 4, 0], [0, 0, 0, 1]])
SHAPE, T, T_R = (11, 10, 9), 120, 2.5
SEED = (0, -52, 18)
PLANTED = 0.6


def crop(dtype):
    """A noisy crop around the seed; beyond x = 4 mm voxels share the seed's series, with correlation `PLANTED`."""
    rng = np.random.default_rng(5)
    data = rng.standard_normal((*SHAPE, T))
    shared = rng.standard_normal(T)
    sphere = grid.sphere_voxels(SEED, 8, AFFINE, SHAPE)
    data[7:] = PLANTED * shared + np.sqrt(1 - PLANTED**2) * data[7:]
    data[tuple(sphere.T)] = shared
    return nibabel.Nifti1Image((9000 + 120 * data).astype(dtype), AFFINE)


def study(workspace, image, smoothing_fwhm=None, **columns):
    """Write a table of one run, and the config of its study."""
    nibabel.save(image, workspace.path / "bold.nii.gz")
    row = {"subject": "S1", "task": "rest", "space": "MNI", "bold": "bold.nii.gz", "t_r": T_R, **columns}
    table = "\t".join(row) + "\n" + "\t".join(map(str, row.values())) + "\n"
    (workspace.path / "runs.tsv").write_text(table)
    return workspace.write_config(
        dataset={"kind": "table", "table": {"runs": "runs.tsv"}},
        cleaning={"smoothing_fwhm": smoothing_fwhm, "confounds": []},
        figures=PLAIN_FIGURES,
    )


def whole_mask(workspace):
    """Write a mask of the whole crop; its name is returned."""
    nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE), workspace.path / "mask.nii.gz")
    return "mask.nii.gz"


def r_map(workspace, seed="PCC", task="rest"):
    """The map of r that a study of the crop has left."""
    name = f"sub-S1_task-{task}_space-MNI_seed-{seed}_stat-pearsoncorrelation_statmap.nii.gz"
    return np.asarray(nibabel.load(workspace.run_folder("S1") / name).dataobj)

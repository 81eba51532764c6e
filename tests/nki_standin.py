"""Files as NITRC serves them for nilearn's NKI runs on the surface: a made-up run, and a made-up atlas of its mesh."""

import nibabel
import numpy as np
from made_surfaces import N, midthickness

PARTICIPANT = "A00028185"
T = 150
SEED = "G_cingul-Post-dorsal"
NAMES = ["Unknown", "G_cuneus", SEED, "S_central", "Medial_wall"]
"""Of the atlas; the first and the last are what the page leaves out."""

CENTRES = {"L": (-5, -45, 25), "R": (5, -45, 25)}


def labels(hemisphere):
    """The atlas at the vertices of a hemisphere: a patch for the seed, the others in slices of the brain."""
    points, _ = midthickness(hemisphere)
    found = np.where(points[:, 1] < -60, NAMES.index("G_cuneus"), NAMES.index("S_central"))
    found[np.abs(points[:, 0]) < 3] = NAMES.index("Medial_wall")
    found[points[:, 2] < -40] = NAMES.index("Unknown")
    # The right patch is larger, so that a mean of two means would be another than that over all vertices.
    near = np.linalg.norm(points - CENTRES[hemisphere], axis=1) < {"L": 12, "R": 18}[hemisphere]
    found[near] = NAMES.index(SEED)
    return found


def series():
    """A course of slow noise in both patches, other ones elsewhere, without a mean, as filtered runs are."""
    rng = np.random.default_rng(8)
    common = rng.standard_normal(T).cumsum()
    made = {}
    for hemisphere in "LR":
        points, _ = midthickness(hemisphere)
        distance = np.linalg.norm(points - CENTRES[hemisphere], axis=1)
        share = np.exp(-((distance / 30) ** 2)) * (1 if hemisphere == "L" else -0.3)
        values = 10 * rng.standard_normal((N, T)) + 3 * share[:, None] * common
        made[hemisphere] = (values - values.mean(axis=1, keepdims=True)).astype(np.float32)
    return made


def served(folder):
    """Content by what stands behind the host's base URL; `folder` is for files on the way."""
    files = {"8470/pheno_nki_nilearn.csv": f"x\nSubject,Age,Hand,Sex\n{PARTICIPANT},30,R,F\n".encode()}
    numbers = {"L": ("lh", 8260, 9343), "R": ("rh", 8261, 9342)}
    for hemisphere, values in series().items():
        short, number, of_atlas = numbers[hemisphere]
        # One array a volume, and nothing that says of which hemisphere it is, as FreeSurfer writes them.
        arrays = [
            nibabel.gifti.GiftiDataArray(volume, intent="NIFTI_INTENT_TIME_SERIES", datatype="NIFTI_TYPE_FLOAT32")
            for volume in values.T
        ]
        name = f"{number}/{PARTICIPANT}_{short}_preprocessed_fsaverage5_fwhm6.gii"
        files[name] = nibabel.GiftiImage(darrays=arrays).to_bytes()
        path = folder / f"{short}.annot"
        colours = np.column_stack([np.arange(len(NAMES)) * 20 + 5, *[np.full(len(NAMES), 7)] * 2, np.zeros(len(NAMES))])
        nibabel.freesurfer.write_annot(path, labels(hemisphere), colours.astype(int), NAMES, fill_ctab=True)
        files[f"{of_atlas}/{short}.aparc.a2009s.annot"] = path.read_bytes()
    return files

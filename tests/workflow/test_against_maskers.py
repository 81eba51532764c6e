"""Ways of cleaning, seeding and storing that no other study has, each held against nilearn's maskers."""

import json

import nibabel
import numpy as np
import pandas
import pytest
from conftest import PLAIN_FIGURES
from crops import AFFINE, SEED, SHAPE, T_R, T, crop, r_map
from nilearn.maskers import NiftiSpheresMasker
from nilearn_way import correlate

from seed_to_voxel.images import grid

pytestmark = pytest.mark.workflow

HOT = (9, 6, 6)
"""Voxel in whose neighbourhood the seed's series is strongest."""

LONELY = (9, 2, 2)
"""A voxel that alone is stronger still."""


def run_with_a_peak():
    """The crop of the table's tests, with a hot neighbourhood on the right."""
    image = crop(np.float32)
    data = image.get_fdata(dtype=np.float32)
    shared = data[tuple(grid.sphere_voxels(SEED, 8, AFFINE, SHAPE)[0])]
    noise = 120 * np.random.default_rng(2).standard_normal(data.shape, dtype=np.float32)
    near = np.linalg.norm(np.moveaxis(np.indices(SHAPE), 0, -1) - HOT, axis=-1) <= 1.5
    data[near] = 0.8 * shared + 0.6 * noise[near]
    data[LONELY] = shared
    return nibabel.Nifti1Image(data, AFFINE)


def flipped(image):
    """The same image stored from right to left: the voxel size along x is negative."""
    affine = image.affine @ np.array([[-1, 0, 0, SHAPE[0] - 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    las = nibabel.Nifti1Image(np.asarray(image.dataobj)[::-1], affine)
    assert nibabel.aff2axcodes(affine) == ("L", "A", "S")
    return las


def test_a_peak_seed_in_an_image_that_runs_from_right_to_left(workspace):
    right = np.zeros(SHAPE, np.uint8)
    right[7:] = 1
    images = {"S1": run_with_a_peak(), "S2": flipped(run_with_a_peak())}
    masks = {"S1": nibabel.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE)}
    masks["S2"] = flipped(masks["S1"])
    rows = ["subject\ttask\tspace\tbold\tmask\tt_r"]
    for subject, image in images.items():
        image.to_filename(workspace.path / f"{subject}.nii.gz")
        masks[subject].to_filename(workspace.path / f"{subject}_mask.nii.gz")
        rows.append(f"{subject}\trest\tMNI\t{subject}.nii.gz\t{subject}_mask.nii.gz\t{T_R}")
    (workspace.path / "runs.tsv").write_text("\n".join(rows) + "\n")
    where = nibabel.Nifti1Image(right, AFFINE)
    where.to_filename(workspace.path / "right.nii.gz")
    (workspace.path / "seeds.tsv").write_text(
        "label\tkind\tx\ty\tz\tradius_mm\tfile\treference\n"
        f"PCC\tsphere\t{SEED[0]}\t{SEED[1]}\t{SEED[2]}\t8\tn/a\tn/a\n"
        "best\tpeak\tn/a\tn/a\tn/a\t6\tright.nii.gz\tPCC\n"
    )
    config = workspace.write_config(
        dataset={"kind": "table", "table": {"runs": "runs.tsv"}},
        seeds="seeds.tsv",
        cleaning={"smoothing_fwhm": 6, "confounds": []},
        figures=PLAIN_FIGURES,
    )
    workspace.snakemake("--configfile", config, "--until", "correlate")

    # The place, by nilearn alone: means of r in the neighbourhood of every voxel of the mask.
    r, inside = correlate(images["S1"], [SEED], 8, T_R, smoothing_fwhm=None, mask=where)
    volume = np.zeros(SHAPE)
    volume[inside] = r[0]
    centres = [tuple(AFFINE[:3, :3] @ voxel + AFFINE[:3, 3]) for voxel in np.argwhere(inside)]
    spheres = NiftiSpheresMasker(centres, radius=6, mask_img=where, allow_overlap=True, standardize=None)
    means = spheres.fit_transform(nibabel.Nifti1Image(volume, AFFINE)).ravel()
    place = centres[int(means.argmax())]
    assert place == tuple(AFFINE[:3, :3] @ HOT + AFFINE[:3, 3]) and r[0].max() == volume[LONELY]

    for subject, image in images.items():
        sidecar = next(workspace.run_folder(subject).glob("*_desc-seeds_timeseries.json"))
        best = json.loads(sidecar.read_text())["Seeds"][1]
        assert tuple(best[axis] for axis in "xyz") == place
        assert best["peak_mean_r"] == pytest.approx(means.max(), abs=1e-5)
        for label, centre, radius, seeds_mask in (("PCC", SEED, 8, None), ("best", place, 6, where)):
            expected, mask = correlate(image, [centre], radius, T_R, mask=masks[subject], seeds_mask=seeds_mask)
            found = nibabel.load(next(workspace.run_folder(subject).glob(f"*_seed-{label}_stat-pearson*.nii.gz")))
            np.testing.assert_allclose(found.affine, image.affine)
            np.testing.assert_allclose(np.asarray(found.dataobj)[mask], expected[0], atol=1e-5)


def test_slow_cosines_instead_of_the_butterworth_filter(workspace):
    rng = np.random.default_rng(3)
    image = crop(np.float32)
    data = image.get_fdata(dtype=np.float32)
    # What is slower than the filter's 0.01 Hz is the larger part, and the same everywhere.
    data += 800 * np.sin(2 * np.pi * 0.004 * T_R * np.arange(T), dtype=np.float32)
    nibabel.Nifti1Image(data, AFFINE).to_filename(workspace.path / "bold.nii.gz")
    nibabel.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE).to_filename(workspace.path / "mask.nii.gz")
    confounds = pandas.DataFrame(rng.standard_normal((T, 3)).cumsum(axis=0), columns=["trans_x", "csf", "other"])
    confounds.to_csv(workspace.path / "confounds.tsv", sep="\t", index=False)
    (workspace.path / "runs.tsv").write_text(
        f"subject\ttask\tspace\tbold\tmask\tconfounds\tt_r\nS1\trest\tMNI\tbold.nii.gz\tmask.nii.gz\tconfounds.tsv\t{T_R}\n"
    )
    cleaning = {"smoothing_fwhm": None, "confounds": ["trans_x", "csf"], "high_pass": 0.01}
    config = workspace.write_config(
        dataset={"kind": "table", "table": {"runs": "runs.tsv"}},
        cleaning={**cleaning, "filter": "cosine", "low_pass": None},
        figures=PLAIN_FIGURES,
    )
    workspace.snakemake("--configfile", config, "--until", "correlate")
    options = {"confounds": confounds[["trans_x", "csf"]].to_numpy(), "smoothing_fwhm": None, "low_pass": None}
    mask = workspace.path / "mask.nii.gz"
    maps = {
        name: correlate(workspace.path / "bold.nii.gz", [SEED], 8, T_R, mask=mask, clean_args=clean_args, **options)[0]
        for name, clean_args in (("cosine", {"filter": "cosine"}), ("butterworth", {"butterworth__copy": True}))
    }
    found = r_map(workspace).ravel()
    np.testing.assert_allclose(found, maps["cosine"][0], atol=1e-5)
    assert np.abs(found - maps["butterworth"][0]).max() > 1e-3, "the two filters cannot be told apart here"

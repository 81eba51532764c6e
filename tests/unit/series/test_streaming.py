"""The fast path against nilearn's own: the same r to rounding, and memory that does not grow with the volumes."""

import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
from nilearn.image import smooth_img
from nilearn.maskers import NiftiMasker, NiftiSpheresMasker
from scipy.ndimage import gaussian_filter1d

from seed_to_voxel.cleaning import operators
from seed_to_voxel.connectivity import correlation
from seed_to_voxel.images import nifti, smoothing
from seed_to_voxel.series import passes

SHAPE = (18, 21, 16)
VOLUMES = 80
T_R = 2.0
STRAIGHT = np.array([[4.0, 0, 0, -34], [0, 4, 0, -40], [0, 0, 4.5, -30], [0, 0, 0, 1]])
OBLIQUE = np.array([[3.9, 0.5, 0, -34], [-0.5, 3.9, 0.4, -38], [0, -0.4, 4.4, -30], [0, 0, 0, 1]])
SEEDS = [
    {"label": "A", "x": 0.0, "y": -8.0, "z": 6.0, "radius_mm": 8.0},
    {"label": "B", "x": 14.0, "y": 12.0, "z": -4.0, "radius_mm": 10.0},
]
BAND = {"detrend": True, "high_pass": 0.01, "low_pass": 0.1}


def brain(border):
    """An ellipsoid well inside the image, or a block that reaches three of its faces."""
    if border:
        mask = np.zeros(SHAPE, dtype=bool)
        mask[0:12, 4:21, 0:13] = True
        return mask
    grid = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    return (((grid - np.array(SHAPE) / 2) / (np.array(SHAPE) / 2 - 3)) ** 2).sum(axis=-1) < 1


def run_image(dtype, affine=STRAIGHT):
    """A baseline of 8,000 to 10,000, a hundred times its fluctuation, part of which all voxels share."""
    rng = np.random.default_rng(3)
    shared = rng.standard_normal((4, VOLUMES)).cumsum(axis=1)
    weights = rng.standard_normal((*SHAPE, 4))
    data = 9000 + 500 * rng.standard_normal(SHAPE)[..., None]
    data = data + 10 * weights @ shared + 60 * rng.standard_normal((*SHAPE, VOLUMES))
    if np.dtype(dtype).kind == "i":
        data = np.round(data)
    image = nibabel.Nifti1Image(data.astype(dtype), affine)
    image.header.set_zooms((*image.header.get_zooms()[:3], T_R))
    return image


def confounds_of(with_confounds):
    return np.random.default_rng(4).standard_normal((VOLUMES, 6)) if with_confounds else None


def ours(image, mask, fwhm, confounds):
    operator = operators.cleaning_operator(VOLUMES, T_R, **BAND, confounds=confounds)
    spheres = passes.seed_spheres(SEEDS, image)
    seeds = operators.clean_seeds(operator, passes.scan(image, spheres).seed_series)
    return correlation.pearson(seeds, passes.read_voxels(image, mask, fwhm, operator).series)


def nilearns(image, mask, fwhm, confounds, dtype=None):
    """The gallery example's steps; `dtype` is what the maskers read the image as."""
    options = {**BAND, "t_r": T_R, "standardize": "zscore_sample", "dtype": dtype}
    centres = [(seed["x"], seed["y"], seed["z"]) for seed in SEEDS]
    table = None if confounds is None else [confounds]
    # One radius a masker.
    seeds = np.hstack(
        [
            NiftiSpheresMasker([centre], radius=seed["radius_mm"], **options).fit_transform(image, confounds=table)
            for seed, centre in zip(SEEDS, centres, strict=True)
        ]
    )
    mask_image = nibabel.Nifti1Image(mask.astype(np.uint8), image.affine)
    masker = NiftiMasker(mask_img=mask_image, smoothing_fwhm=fwhm, **options)
    voxels = masker.fit_transform(image, confounds=table)
    return (seeds.T @ voxels) / (VOLUMES - 1)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 60])
@pytest.mark.parametrize("sigma", [0.1, 0.64, 1.27, 5.0, 40.0])
def test_the_smoothing_matrix_is_scipys(n, sigma):
    expected = gaussian_filter1d(np.eye(n), sigma, axis=0)
    np.testing.assert_allclose(smoothing.smoothing_matrix(n, sigma), expected, rtol=0, atol=1e-15)


def test_without_smoothing_the_matrix_changes_nothing():
    np.testing.assert_array_equal(smoothing.smoothing_matrix(5, 0.0), np.eye(5))


@pytest.mark.parametrize("border", [False, True], ids=["inside", "border"])
@pytest.mark.parametrize("affine", [STRAIGHT, OBLIQUE], ids=["straight", "oblique"])
@pytest.mark.parametrize("fwhm", [6, 11.5])
def test_windowed_smoothing_is_nilearns(border, affine, fwhm):
    image = run_image(np.float64, affine).slicer[..., 0]
    mask = brain(border)
    expected = smooth_img(image, fwhm).get_fdata()[mask]
    found = smoothing.WindowedSmoothing(mask, fwhm, affine)(image.get_fdata().astype(np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize(("summed", "n_volumes"), [(1, 5), (8, 5), (8, 16), (8, 21)])
def test_fluctuations_are_numpys_whenever_they_are_asked_for(monkeypatch, dtype, summed, n_volumes):
    monkeypatch.setattr(passes.Fluctuation, "SLAB", 7)
    values = np.random.default_rng(2).normal(1000, 30, (n_volumes, 45)).astype(dtype)
    values[:, 11] = 4
    fluctuation = passes.Fluctuation(values[0].astype(np.float32), summed=summed)
    for n, volume in enumerate(values, 1):
        fluctuation.add(volume)
        if n in (3, n_volumes):
            seen = values[:n].astype(float)
            with np.errstate(divide="ignore"):
                expected = np.where(seen.std(axis=0) > 0, seen.mean(axis=0) / seen.std(axis=0, ddof=1), np.nan)
            for _ in range(2):
                np.testing.assert_allclose(fluctuation.tsnr(), expected, rtol=1e-5)


def test_what_is_taken_off_may_be_another_each_time():
    volumes = [run_image(np.int16).dataobj[..., t] for t in range(3)]
    mask = brain(False)
    smooth = smoothing.WindowedSmoothing(mask, 8, STRAIGHT)
    for one, other in [(0, None), (0, 1), (2, 1), (1, None), (2, 0)]:
        less = 0.0 if other is None else volumes[other].astype(float)
        expected = smooth_img(nibabel.Nifti1Image(volumes[one] - less, STRAIGHT), 8).get_fdata()[mask]
        found = smooth(volumes[one], None if other is None else volumes[other])
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.int32, np.float32])
@pytest.mark.parametrize("border", [False, True], ids=["inside", "border"])
def test_what_is_taken_off_does_not_overflow(dtype, border):
    limits = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(np.float16)
    ends = np.random.default_rng(5).integers(0, 2, (2, *SHAPE)).astype(bool)
    volume, less = np.where(ends, limits.max, limits.min).astype(dtype)
    mask = brain(border)
    expected = smooth_img(nibabel.Nifti1Image(volume.astype(float) - less.astype(float), STRAIGHT), 8).get_fdata()
    found = smoothing.WindowedSmoothing(mask, 8, STRAIGHT)(volume, less)
    np.testing.assert_allclose(found, expected[mask], rtol=0, atol=2e-6 * float(limits.max))


@pytest.mark.parametrize("voxel", [(0, 0, 0), (17, 20, 15), (9, 10, 8)])
def test_a_mask_of_one_voxel_is_smoothed_even_in_a_corner(voxel):
    image = run_image(np.float64).slicer[..., 0]
    mask = np.zeros(SHAPE, dtype=bool)
    mask[voxel] = True
    found = smoothing.WindowedSmoothing(mask, 8, STRAIGHT)(image.get_fdata().astype(np.float32))
    np.testing.assert_allclose(found, smooth_img(image, 8).get_fdata()[voxel], rtol=1e-6)


def test_without_smoothing_the_masks_voxels_are_read_as_they_are():
    volume = run_image(np.float32).get_fdata(dtype=np.float32)[..., 0]
    for mask in (brain(False), brain(True)):
        np.testing.assert_array_equal(smoothing.WindowedSmoothing(mask, None, STRAIGHT)(volume), volume[mask])
        # The array's own order does not matter.
        np.testing.assert_array_equal(
            smoothing.WindowedSmoothing(mask, None, STRAIGHT)(np.asfortranarray(volume)), volume[mask]
        )


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
@pytest.mark.parametrize("with_confounds", [True, False], ids=["confounds", "no confounds"])
@pytest.mark.parametrize("fwhm", [6, None])
@pytest.mark.parametrize(
    ("border", "affine"), [(False, STRAIGHT), (True, OBLIQUE)], ids=["straight", "border, oblique"]
)
def test_r_is_nilearns(tmp_path, dtype, with_confounds, fwhm, border, affine):
    path = tmp_path / "bold.nii.gz"
    nibabel.save(run_image(dtype, affine), path)
    mask, confounds = brain(border), confounds_of(with_confounds)
    found = ours(nifti.load_run(path), mask, fwhm, confounds)
    # The same values in double precision: given float32, nilearn smooths baseline and fluctuation together in it, which
    # moves its own r by some 1e-5; given int16, it cuts the spheres' means to integers (see below).
    exact = nibabel.Nifti1Image(nibabel.load(path).get_fdata(), affine)
    np.testing.assert_allclose(found, nilearns(exact, mask, fwhm, confounds), atol=1e-6, rtol=0)


def test_nilearn_still_cuts_the_means_of_integer_spheres(tmp_path):
    """When this fails, nilearn has mended it: say so in docs/scaling.md and in benchmarks/compare_nilearn.py."""
    image = run_image(np.int16)
    options = {"radius": 8.0, "standardize": None}
    centre = [(0.0, -8.0, 6.0)]
    cut = NiftiSpheresMasker(centre, **options).fit_transform(image)
    whole = NiftiSpheresMasker(centre, dtype="float32", **options).fit_transform(image)
    np.testing.assert_array_equal(cut, np.trunc(whole))
    assert (cut != whole).any()
    # Ours are those of the values themselves.
    scanned = passes.scan(image, passes.seed_spheres(SEEDS[:1], image))
    np.testing.assert_allclose(scanned.seed_series, whole, rtol=1e-6)
    mask, confounds = brain(False), confounds_of(True)
    moved = np.abs(ours(image, mask, 6, confounds) - nilearns(image, mask, 6, confounds)).max()
    assert 1e-5 < moved < 0.05


def test_a_first_volume_that_is_much_brighter_costs_no_precision():
    """Before a steady state is reached, volumes are brighter; the first one is what all others are held against."""
    data = run_image(np.float32).get_fdata()
    data[..., 0] *= 1.4
    mask, confounds = brain(True), confounds_of(True)
    found = ours(nibabel.Nifti1Image(data.astype(np.float32), STRAIGHT), mask, 6, confounds)
    exact = nibabel.Nifti1Image(data.astype(np.float32).astype(np.float64), STRAIGHT)
    np.testing.assert_allclose(found, nilearns(exact, mask, 6, confounds), atol=3e-6, rtol=0)


def test_a_baseline_taken_off_before_cleaning_comes_back():
    """Without detrending or a high-pass the operator keeps what a constant becomes."""
    rng = np.random.default_rng(5)
    raw = 5000 + 50 * rng.standard_normal((60, 300))
    confounds = 1 + rng.random((60, 3))
    operator = operators.cleaning_operator(60, T_R, False, None, 0.1, confounds)
    whole = raw.astype(np.float32)
    operators.clean_voxels(operator, whole)
    baseline = raw[0]
    apart = (raw - baseline).astype(np.float32)
    operators.clean_voxels(operator, apart, baseline, slab=128)
    np.testing.assert_allclose(apart, whole, atol=2e-4)


def test_constant_voxels_are_undefined_in_the_whole_path():
    data = run_image(np.float32).get_fdata(dtype=np.float32)
    data[2:9, 2:9, 2:9] = 4321.0
    mask = brain(True)
    operator = operators.cleaning_operator(VOLUMES, T_R, **BAND)
    series = passes.read_voxels(nibabel.Nifti1Image(data, STRAIGHT), mask, None, operator).series
    constant = np.zeros(SHAPE, dtype=bool)
    constant[2:9, 2:9, 2:9] = True
    assert np.isnan(series[:, constant[mask]]).all()
    assert np.isfinite(series[:, ~constant[mask]]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_signal_to_noise_is_that_of_the_kept_volumes(dtype):
    image, mask = run_image(dtype), brain(True)
    kept = np.ones(VOLUMES, dtype=bool)
    kept[[0, 1, 30]] = False
    data = np.array(image.dataobj)
    # The first volumes are brighter, as before magnetisation is steady; one voxel is constant.
    data[..., :2] += np.array(3000, dtype=dtype)
    voxel = tuple(np.argwhere(mask)[7])
    data[voxel] = 4321
    image = nibabel.Nifti1Image(data, STRAIGHT)
    operator = operators.cleaning_operator(VOLUMES, T_R, **BAND, kept=kept)
    used = operators.used_volumes(operator)
    spheres = [*passes.seed_spheres(SEEDS, image), np.array([voxel])]
    scan = passes.scan(image, spheres, used=used)
    found = passes.read_voxels(image, mask, 6, operator, sampled=[0, 3, 11])
    data = data[..., kept].astype(float)
    with np.errstate(divide="ignore"):
        tsnr = data.mean(axis=-1) / data.std(axis=-1, ddof=1)
    tsnr[voxel] = np.nan
    np.testing.assert_allclose(found.tsnr, tsnr[mask], rtol=1e-5)
    expected = [*(np.median(tsnr[tuple(sphere.T)]) for sphere in spheres[:2])]
    assert scan.seed_tsnr[:2] == pytest.approx(expected, rel=1e-9)
    assert scan.seed_tsnr[2] is None
    np.testing.assert_array_equal(found.sample, np.asarray(image.dataobj)[mask][[0, 3, 11]].T)


def test_smoothed_seeds_keep_their_fluctuation_on_a_large_baseline():
    """A thousandth of the baseline: single precision holds four digits of it, beside the baseline."""
    rng = np.random.default_rng(9)
    data = 20_000 + rng.standard_normal((*SHAPE, VOLUMES)).cumsum(axis=-1)
    image = nibabel.Nifti1Image(data.astype(np.float32), STRAIGHT)
    exact = smooth_img(nibabel.Nifti1Image(np.asarray(image.dataobj).astype(float), STRAIGHT), 6).get_fdata()
    spheres = passes.seed_spheres(SEEDS, image)
    expected = np.stack([exact[tuple(sphere.T)].mean(axis=0) for sphere in spheres], axis=1)
    found = passes.scan(image, spheres, fwhm=6, candidates=spheres[0])
    np.testing.assert_allclose(found.seed_series - found.seed_series[0], expected - expected[0], atol=2e-5)
    np.testing.assert_allclose(found.smoothed_candidates.mean(axis=1), found.seed_series[:, 0], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, ">i2"])
def test_whole_numbers_at_their_limits_do_not_overflow(tmp_path, dtype):
    limits = np.iinfo(dtype)
    rng = np.random.default_rng(8)
    data = np.where(rng.random((*SHAPE, VOLUMES)) < 0.7, limits.max, limits.min).astype(dtype)
    path, mask = tmp_path / "bold.nii", brain(True)
    nibabel.save(nibabel.Nifti1Image(data, STRAIGHT, dtype=np.dtype(dtype).type), path)
    exact = nibabel.Nifti1Image(data.astype(float), STRAIGHT)
    found = ours(nifti.load_run(path), mask, 6, None)
    np.testing.assert_allclose(found, nilearns(exact, mask, 6, None), atol=1e-6, rtol=0)
    operator = operators.cleaning_operator(VOLUMES, T_R, **BAND)
    tsnr = data.astype(float).mean(axis=-1) / data.astype(float).std(axis=-1, ddof=1)
    np.testing.assert_allclose(
        passes.read_voxels(nifti.load_run(path), mask, 6, operator).tsnr, tsnr[mask], rtol=1e-5, atol=1e-6
    )
    spheres = passes.seed_spheres(SEEDS, exact)
    scan = passes.scan(nifti.load_run(path), spheres)
    np.testing.assert_allclose(scan.mean, data.astype(float).mean(axis=-1), rtol=1e-5, atol=0.01)
    np.testing.assert_allclose(
        scan.seed_series, np.stack([data[tuple(s.T)].mean(axis=0, dtype=float) for s in spheres], axis=1), rtol=1e-6
    )


STREAM = """
import sys
import tracemalloc
sys.path.insert(0, sys.argv[1])
import numpy as np
from seed_to_voxel.images import nifti, smoothing
from seed_to_voxel.series import passes
image = nifti.load_run(sys.argv[2])
mask = np.zeros(image.shape[:3], dtype=bool)
mask[10:30, 10:30, 10:30] = True
operator = np.eye(image.shape[3]) - 1 / image.shape[3]
sphere = np.argwhere(mask)[:200]
tracemalloc.start()
if sys.argv[3] == "scan":
    passes.scan(image, [sphere])
else:
    passes.read_voxels(image, mask, 6, operator, range(100))
print(tracemalloc.get_traced_memory()[1])
"""


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("way", ["scan", "voxels"])
def test_memory_stays_flat_when_the_volumes_double(tmp_path, dtype, way):
    """What numpy and Python allocate at most, counted in a process of its own; the masked series are apart."""
    rng = np.random.default_rng(0)
    peaks = {}
    for volumes in (40, 80, 160):
        path = tmp_path / f"{volumes}.nii.gz"
        block = (9000 + 60 * rng.standard_normal((40, 40, 40, 1))).astype(dtype)
        data = np.concatenate([block + np.array(t % 7, dtype=dtype) for t in range(volumes)], axis=-1)
        nibabel.save(nibabel.Nifti1Image(data, np.diag([4, 4, 4, 1])), path)
        command = [sys.executable, "-c", STREAM, Path(nifti.__file__).parents[2], path, way]
        peaks[volumes] = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    series = 8000 * 4  # bytes a volume of the mask's voxels
    volume = 40**3 * 4
    kept = {n: peak - (n * series if way == "voxels" else 0) for n, peak in peaks.items()}
    # Cleaning works on slabs of 2,048 voxels and a matrix of T x T: little beside one copy of the run.
    slabs = {n: (4 * 2048 * n * 4 + 24 * n * n if way == "voxels" else 0) for n in peaks}
    for n, peak in kept.items():
        assert peak < 8 * volume + slabs[n], (n, peaks)
    assert kept[160] - kept[40] < 0.1 * 120 * volume + slabs[160] - slabs[40], peaks

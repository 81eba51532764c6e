"""Opening, masking, spheres and saving; the smoothing is held against nilearn's in test_streaming.py."""

import gzip

import nibabel
import numpy as np
import pytest
from nilearn.maskers import NiftiSpheresMasker

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import preparation
from seed_to_voxel.images import grid, nifti
from seed_to_voxel.series import passes

AFFINE = np.array([[3.0, 0, 0, -30], [0, 3, 0, -36], [0, 0, 3.5, -20], [0, 0, 0, 1]])
OBLIQUE = np.array([[2.9, 0.4, 0, -30], [-0.4, 2.9, 0.3, -30], [0, -0.3, 3.4, -22], [0, 0, 0, 1]])


def run_image(affine=AFFINE, dtype=np.float32, volumes=6):
    rng = np.random.default_rng(0)
    return nibabel.Nifti1Image((1000 + 50 * rng.standard_normal((20, 24, 12, volumes))).astype(dtype), affine)


@pytest.mark.parametrize("affine", [AFFINE, OBLIQUE], ids=["straight", "oblique"])
@pytest.mark.parametrize("radius", [1.0, 4.0, 8.0])
def test_spheres_have_the_voxels_that_nilearn_takes(affine, radius):
    image = run_image(affine)
    corner = (affine @ [18.8, 22.7, 10.6, 1])[:3]  # its sphere reaches out of the image
    seeds = [(0, 0, 0), (7.3, -11.2, 4.9), (-20, 20, 10), tuple(corner)]
    expected = NiftiSpheresMasker(seeds, radius=radius, allow_overlap=True, standardize=None).fit_transform(image)
    spheres = [grid.sphere_voxels(seed, radius, affine, image.shape[:3]) for seed in seeds]
    np.testing.assert_allclose(passes.scan(image, spheres).seed_series, expected, rtol=1e-6)


def test_a_sphere_outside_the_image_is_empty():
    assert grid.sphere_voxels((500, 0, 0), 8, AFFINE, (20, 24, 12)).shape == (0, 3)
    seed = {"label": "Far", "x": 500, "y": 0, "z": 0, "radius_mm": 8}
    with pytest.raises(InputError, match="'Far' at .* lies outside of"):
        passes.seed_spheres([seed], run_image())


def test_coverage_counts_the_spheres_voxels_in_the_mask():
    image = run_image()
    mask = np.zeros(image.shape[:3], dtype=bool)
    mask[:10] = True
    seed = {"label": "Edge", "x": -1.5, "y": 0, "z": 0, "radius_mm": 8}
    (sphere,) = passes.seed_spheres([seed], image)
    (described,) = passes.seed_coverage([seed], [sphere], mask, image)
    assert described["n_voxels"] == len(sphere)
    assert described["n_voxels_in_mask"] == (sphere[:, 0] < 10).sum()
    assert 0 < described["coverage"] < 1


def test_a_seed_without_a_voxel_in_the_mask_is_refused_with_the_distance():
    image = run_image()
    mask = np.zeros(image.shape[:3], dtype=bool)
    mask[0, 12, 6] = True  # at (-30, 0, 1) mm
    seed = {"label": "PCC", "x": 0, "y": 0, "z": 1, "radius_mm": 8}
    spheres = passes.seed_spheres([seed], image)
    with pytest.raises(InputError, match=r"'PCC' at \(0, 0, 1\) mm .* the nearest one is 30.0 mm away"):
        passes.seed_coverage([seed], spheres, mask, image)


def test_missing_wrong_and_three_dimensional_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        nifti.load_run(tmp_path / "none.nii.gz")
    text = tmp_path / "text.nii.gz"
    text.write_text("hello")
    with pytest.raises(InputError, match="cannot be read as an image"):
        nifti.load_run(text)
    flat = tmp_path / "flat.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 4, 4)), np.eye(4)), flat)
    with pytest.raises(InputError, match=r"found 3 dimensions \(4, 4, 4\), expected a 4-D run"):
        nifti.load_run(flat)


def test_an_image_of_another_format_is_refused(tmp_path):
    nibabel.save(nibabel.MGHImage(np.ones((3, 3, 3), np.float32), np.eye(4)), tmp_path / "mask.mgz")
    with pytest.raises(InputError, match=r"mask\.mgz: found an image of the kind MGHImage; expected NIfTI"):
        nifti.load(tmp_path / "mask.mgz", 3)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Pair, nibabel.Nifti2Image], ids=["pair", "NIfTI-2"])
def test_every_kind_of_nifti_will_do(tmp_path, kind):
    image = kind(np.ones((3, 3, 3), np.float32), np.eye(4))
    image.set_sform(np.eye(4), code="mni")
    name = "mask.img" if kind is nibabel.Nifti1Pair else "mask.nii"
    nibabel.save(image, tmp_path / name)
    assert nifti.load(tmp_path / name, 3).shape == (3, 3, 3)


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_a_truncated_run_is_refused_at_the_volume_where_it_ends(tmp_path, ending):
    whole = tmp_path / f"whole.{ending}"
    nibabel.save(run_image(dtype=np.int16), whole)
    content = gzip.decompress(whole.read_bytes()) if ending == "nii.gz" else whole.read_bytes()
    cut = content[: 352 + int(3.5 * 20 * 24 * 12 * 2)]
    path = tmp_path / f"cut.{ending}"
    # A gzip file that is cut in transfer has no trailer either.
    path.write_bytes(gzip.compress(cut)[:-8] if ending == "nii.gz" else cut)
    with pytest.raises(InputError, match="truncated or damaged"):
        list(nifti.volumes(nifti.load_run(path)))


def test_volumes_are_scaled_and_what_is_not_finite_is_zero(tmp_path):
    data = run_image().get_fdata()
    data[3, 4, 5, 2] = np.nan
    data[3, 4, 5, 3] = np.inf
    nibabel.save(nibabel.Nifti1Image(data.astype(np.float32), AFFINE), tmp_path / "x.nii.gz")
    read = list(nifti.volumes(nifti.load_run(tmp_path / "x.nii.gz")))
    assert [volume[3, 4, 5] for volume in read[2:4]] == [0, 0]
    np.testing.assert_allclose(read[1], data[..., 1].astype(np.float32))
    scaled = nibabel.Nifti1Image(np.arange(16, dtype=np.int16).reshape(2, 2, 2, 2), np.eye(4))
    scaled.header.set_slope_inter(0.5, 3)
    nibabel.save(scaled, tmp_path / "scaled.nii")
    image = nifti.load_run(tmp_path / "scaled.nii")
    np.testing.assert_allclose(np.stack(list(nifti.volumes(image)), axis=-1), image.get_fdata())


def test_a_mask_must_lie_on_the_runs_grid_and_hold_a_voxel(tmp_path):
    image = run_image()
    path = tmp_path / "mask.nii.gz"

    def save(data, affine=AFFINE):
        nibabel.save(nibabel.Nifti1Image(data.astype(np.uint8), affine), path)

    save(np.ones((10, 12, 6)))
    with pytest.raises(InputError, match=r"mask.nii.gz: the mask is on another grid .* \(10, 12, 6\)"):
        nifti.load_mask(path, image)
    save(np.ones((20, 24, 12)), OBLIQUE)
    with pytest.raises(InputError, match="another grid"):
        nifti.load_mask(path, image)
    save(np.zeros((20, 24, 12)))
    with pytest.raises(InputError, match="no voxel is in the mask"):
        nifti.load_mask(path, image)
    save(np.ones((20, 24, 12)))
    assert nifti.load_mask(path, image).all()


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"x.json": None, "t_r": None}, ["no repetition time is stated in x.json or t_r", "header says 1"]),
        ({"x.json": 0, "t_r": None}, ["x.json", "is 0", "more than 0"]),
        ({"x.json": "2", "t_r": None}, ["x.json", "'2'"]),
        ({"x.json": 2000, "t_r": None}, ["x.json: the", "is 2000,", "milliseconds; expected seconds", "write 2 there"]),
        ({"x.json": 2.0, "t_r": 2000.0}, ["t_r: the repetition time is 2000, which looks like milliseconds"]),
        ({"x.json": 2.0, "t_r": 2.4}, ["contradict", "2 s in x.json", "2.4 s in t_r"]),
    ],
)
def test_a_repetition_time_must_be_stated_positive_and_without_contradiction(stated, words):
    with pytest.raises(InputError) as error:
        preparation.repetition_time(1.0, stated)
    assert all(word in str(error.value) for word in words), error.value


def test_the_header_is_no_source_of_the_repetition_time():
    assert preparation.repetition_time(1.0, {"x.json": None, "t_r": 2.4}) == 2.4


def test_saved_maps_are_float32_on_the_runs_grid_without_a_scaling(tmp_path):
    reference = run_image(OBLIQUE, np.int16)
    reference.header.set_slope_inter(0.01, 5)
    reference.set_sform(OBLIQUE, 4)
    mask = np.zeros((20, 24, 12), dtype=bool)
    mask[5:9, 5:9, 5:9] = True
    values = np.linspace(-1, 1, 64)
    values[3] = np.nan
    nifti.save_map(tmp_path / "map.nii.gz", values, mask, reference)
    saved = nibabel.load(tmp_path / "map.nii.gz")
    assert saved.get_data_dtype() == np.float32
    assert (saved.dataobj.slope, saved.dataobj.inter) == (1, 0)
    assert int(saved.header["sform_code"]) == 4
    np.testing.assert_allclose(saved.affine, OBLIQUE, rtol=1e-6)
    np.testing.assert_array_equal(np.asarray(saved.dataobj)[mask], values.astype(np.float32))
    assert (np.asarray(saved.dataobj)[~mask] == 0).all()
    first = (tmp_path / "map.nii.gz").read_bytes()
    nifti.save_map(tmp_path / "map.nii.gz", values, mask, reference)
    assert (tmp_path / "map.nii.gz").read_bytes() == first


def saved(path, data, affine=AFFINE, sform=2, qform=0):
    image = nibabel.Nifti1Image(data, affine)
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    image.to_filename(path)
    return path


def test_an_image_that_does_not_say_where_it_lies_is_refused(tmp_path):
    path = saved(tmp_path / "run.nii.gz", np.ones((4, 4, 4, 3), np.float32), sform=0, qform=0)
    with pytest.raises(InputError, match=r"run.nii.gz: the header does not say where the image lies"):
        nifti.load_run(path)


@pytest.mark.parametrize(("sform", "qform"), [(4, 0), (0, 3), (1, 4), (2, 2)])
def test_a_map_says_of_its_space_what_its_run_says(tmp_path, sform, qform):
    run = nifti.load_run(saved(tmp_path / "run.nii", np.ones((4, 4, 4, 3), np.float32), sform=sform, qform=qform))
    nifti.save(tmp_path / "map.nii.gz", np.ones((4, 4, 4), np.float32), run)
    header = nibabel.load(tmp_path / "map.nii.gz").header
    assert int(header["sform_code"]) == (sform or qform)
    assert int(header["qform_code"]) == qform


@pytest.mark.parametrize(
    ("dtype", "name"),
    [(np.complex64, "complex64"), (np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]), "RGB")],
)
def test_anything_but_real_numbers_is_refused(tmp_path, dtype, name):
    path = saved(tmp_path / "run.nii.gz", np.zeros((4, 4, 4, 3), dtype))
    with pytest.raises(InputError, match=rf"run.nii.gz: its values are of the type {name}; expected one real number"):
        nifti.load_run(path)


@pytest.mark.parametrize("values", [[0, 1], [0, 255], [0, 1.0], [0, 1, 17, 42], [0, 1, np.nan]])
def test_what_a_mask_may_hold(tmp_path, values):
    data = np.resize(np.array(values), (4, 4, 4))
    mask = nifti.inside(data, "mask.nii.gz")
    np.testing.assert_array_equal(mask, np.isfinite(data) & (data != 0))


@pytest.mark.parametrize("values", [[0, 0.4, 1], [-1, 1], [0, 1, np.inf], [0, 0.999]])
def test_a_map_of_probabilities_or_of_a_statistic_is_no_mask(tmp_path, values):
    path = saved(tmp_path / "mask.nii.gz", np.resize(np.array(values, dtype=np.float32), (4, 4, 4)))
    run = nifti.load_run(saved(tmp_path / "run.nii.gz", np.ones((4, 4, 4, 3), np.float32)))
    with pytest.raises(InputError, match=r"mask.nii.gz: found values from .*; expected a mask"):
        nifti.load_mask(path, run)

"""Seeds of four kinds: what their table may say, and which voxels they take."""

import nibabel
import numpy as np
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import operators
from seed_to_voxel.images import nifti
from seed_to_voxel.series import passes, regions
from seed_to_voxel.study import seeds

SHAPE, T = (12, 14, 10), 80
AFFINE = np.array([[4.0, 0, 0, -24], [0, 4, 0, -28], [0, 0, 4, -20], [0, 0, 0, 1]])


def write_seeds(folder, *rows, columns="label\tkind\tx\ty\tz\tradius_mm\tfile\tlabels\treference\tmap\tmean"):
    path = folder / "seeds.tsv"
    names = columns.split("\t")
    lines = ["\t".join(str(row.get(name, "n/a")) for name in names) for row in rows]
    path.write_text("\n".join([columns, *lines]) + "\n")
    return path


def save(path, data, affine=AFFINE):
    nibabel.Nifti1Image(np.asarray(data, dtype=np.float32), affine).to_filename(path)
    return str(path)


@pytest.fixture
def run(tmp_path):
    """A run of noise in which two blobs follow a common signal, the second one more closely."""
    rng = np.random.default_rng(2)
    data = 1000 + 5 * rng.standard_normal((*SHAPE, T))
    signal = 20 * np.sin(np.arange(T) * 0.4)
    data[2, 2, 2] += signal
    data[5:8, 6:9, 5:8] += signal
    data[9, 11, 7] += 3 * signal
    path = tmp_path / "bold.nii"
    nibabel.Nifti1Image(data.astype(np.float32), AFFINE).to_filename(path)
    return nifti.load_run(path)


@pytest.fixture
def operator():
    return operators.cleaning_operator(T, 2.0, True, None, None)


def raw(run, voxels, weights=None):
    return np.average(np.asarray(run.dataobj)[tuple(np.asarray(voxels).T)].astype(float), axis=0, weights=weights)


def extract(tmp_path, run, operator, *rows, fwhm=None):
    table = [seed.described for seed in seeds.read_seeds(write_seeds(tmp_path, *rows))]
    return regions.extract(table, run, operator, fwhm)


def region_mask(region):
    mask = np.zeros(SHAPE)
    mask[tuple(region.voxels.T)] = 1
    return mask


SPHERE = {"label": "ball", "x": -12, "y": -16, "z": -8, "radius_mm": 5}


def test_spheres_are_as_before(tmp_path, run, operator):
    path = tmp_path / "old.tsv"
    path.write_text("label\tx\ty\tz\tradius_mm\tname\nPCC\t0\t-20\t8\t8\tPosterior cingulate cortex\n")
    (seed,) = seeds.read_seeds(path)
    assert seed.described == {
        "label": "PCC",
        "x": 0,
        "y": -20,
        "z": 8,
        "radius_mm": 8,
        "name": "Posterior cingulate cortex",
    }
    found, scan = regions.extract([seed.described], run, operator)
    (voxels,) = passes.seed_spheres([seed.described], run)
    np.testing.assert_array_equal(found[0].voxels, voxels)
    np.testing.assert_allclose(scan.seed_series[:, 0], raw(run, voxels))


def test_a_mask_on_the_grid(tmp_path, run, operator):
    mask = np.zeros(SHAPE)
    mask[5:8, 6:9, 5:8] = 1
    (region,), scan = extract(
        tmp_path, run, operator, {"label": "blob", "kind": "mask", "file": save(tmp_path / "mask.nii", mask)}
    )
    np.testing.assert_array_equal(region.voxels, np.argwhere(mask))
    np.testing.assert_allclose(scan.seed_series[:, 0], raw(run, np.argwhere(mask)))
    assert [region.seed[axis] for axis in "xyz"] == [0, 0, 4]
    assert "resampled" not in region.seed


def test_a_weighted_mean(tmp_path, run, operator):
    weights = np.zeros(SHAPE)
    weights[5, 6, 5], weights[6, 6, 5], weights[7, 6, 5] = 1, 3, -2
    path = save(tmp_path / "probabilities.nii", weights)
    _, scan = extract(tmp_path, run, operator, {"label": "w", "kind": "mask", "file": path, "mean": "weighted"})
    np.testing.assert_allclose(scan.seed_series[:, 0], raw(run, [(5, 6, 5), (6, 6, 5)], [1, 3]), rtol=1e-6)
    _, scan = extract(tmp_path, run, operator, {"label": "w", "kind": "mask", "file": path})
    np.testing.assert_allclose(scan.seed_series[:, 0], raw(run, [(5, 6, 5), (6, 6, 5), (7, 6, 5)]), rtol=1e-6)


def test_a_mask_on_another_grid_is_resampled_and_said(tmp_path, run, operator):
    fine = np.diag([2.0, 2, 2, 1])
    fine[:3, 3] = AFFINE[:3, 3]
    mask = np.zeros((24, 28, 20))
    mask[10:16, 12:18, 10:16] = 1
    path = save(tmp_path / "fine.nii", mask, fine)
    (region,), _ = extract(tmp_path, run, operator, {"label": "fine", "kind": "mask", "file": path})
    assert region.seed["resampled"] == "nearest neighbour"
    np.testing.assert_array_equal(region.voxels, np.argwhere(mask[::2, ::2, ::2]))


def test_a_mask_that_is_empty_after_resampling(tmp_path, run, operator):
    fine = np.diag([1.0, 1, 1, 1])
    fine[:3, 3] = AFFINE[:3, 3] + 1.4
    mask = np.zeros((40, 40, 40))
    mask[20, 20, 20] = 1
    path = save(tmp_path / "tiny.nii", mask, fine)
    with pytest.raises(
        InputError, match=r"tiny\.nii: the seed 'tiny' has no voxel after resampling .*voxels of 4, 4, 4"
    ):
        extract(tmp_path, run, operator, {"label": "tiny", "kind": "mask", "file": path})


def test_labels_of_an_atlas(tmp_path, run, operator):
    atlas = np.zeros(SHAPE)
    atlas[1:3, 1, 1], atlas[5, 5:8, 5], atlas[8, 8, 8] = 3, 17, 21
    path = save(tmp_path / "atlas.nii", atlas)
    (one, two), _ = extract(
        tmp_path,
        run,
        operator,
        {"label": "one", "kind": "atlas", "file": path, "labels": "17"},
        {"label": "two", "kind": "atlas", "file": path, "labels": "3, 21"},
    )
    np.testing.assert_array_equal(one.voxels, np.argwhere(atlas == 17))
    np.testing.assert_array_equal(two.voxels, np.argwhere((atlas == 3) | (atlas == 21)))
    with pytest.raises(InputError, match=r"the label 4 of the seed 'none' is not in the atlas"):
        extract(tmp_path, run, operator, {"label": "none", "kind": "atlas", "file": path, "labels": "3,4"})


def test_the_peak_of_local_mean_correlation(tmp_path, run, operator):
    # A single voxel correlates most of all, but alone: the blob's middle has the best neighbourhood.
    path = save(tmp_path / "search.nii", np.pad(np.ones((9, 10, 8)), [(3, 0), (4, 0), (2, 0)]))
    sphere = {"label": "reference", "x": -16, "y": -20, "z": -12, "radius_mm": 1}
    found, scan = extract(
        tmp_path,
        run,
        operator,
        {"label": "peak", "kind": "peak", "file": path, "radius_mm": 6, "reference": "reference"},
        sphere,
    )
    assert [found[0].seed[axis] for axis in "xyz"] == [0, 0, 4]
    assert found[0].seed["peak_mean_r"] > 0.85
    assert [region.seed["label"] for region in found] == ["peak", "reference"]
    np.testing.assert_allclose(scan.seed_series[:, 0], raw(run, found[0].voxels), rtol=1e-6)
    np.testing.assert_allclose(scan.seed_series[:, 1], raw(run, found[1].voxels), rtol=1e-6)
    assert len(found[0].voxels) == 19
    # With a radius that takes no neighbour the strongest single voxel wins.
    lone, _ = extract(
        tmp_path,
        run,
        operator,
        sphere,
        {"label": "peak", "kind": "peak", "file": path, "radius_mm": 1, "reference": "reference"},
    )
    assert lone[1].voxels.tolist() == [[9, 11, 7]]


@pytest.mark.parametrize("fwhm", [None, 6])
def test_peaks_are_found_in_the_pass_that_reads_the_seeds(tmp_path, run, operator, monkeypatch, fwhm):
    passed = []
    volumes = nifti.volumes
    monkeypatch.setattr(nifti, "volumes", lambda image, **options: passed.append(image) or volumes(image, **options))
    path = save(tmp_path / "search.nii", np.pad(np.ones((9, 10, 8)), [(3, 0), (4, 0), (2, 0)]))
    reference = {"label": "reference", "x": -16, "y": -20, "z": -12, "radius_mm": 1}
    peak = {"label": "peak", "kind": "peak", "file": path, "radius_mm": 6, "reference": "reference"}
    found, scan = extract(
        tmp_path, run, operator, reference, peak, {**peak, "label": "wide", "radius_mm": 9}, fwhm=fwhm
    )
    assert len(passed) == 1
    again, expected = extract(
        tmp_path,
        run,
        operator,
        *(
            {"label": name, "kind": "mask", "file": save(tmp_path / f"{name}.nii", region_mask(region))}
            for name, region in zip(("one", "two", "three"), found, strict=True)
        ),
        fwhm=fwhm,
    )
    for region, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(region.voxels, other.voxels)
    np.testing.assert_allclose(scan.seed_series, expected.seed_series, rtol=1e-6)
    assert scan.seed_tsnr == pytest.approx(expected.seed_tsnr, rel=1e-6)


def test_the_strongest_voxel_of_a_map(tmp_path, run, operator):
    heights = np.zeros(SHAPE)
    heights[6, 7, 6], heights[9, 3, 3] = 5, 9
    mask = np.zeros(SHAPE)
    mask[4:9, 5:10, 4:9] = 1
    row = {
        "label": "peak",
        "kind": "peak",
        "file": save(tmp_path / "mask.nii", mask),
        "map": save(tmp_path / "map.nii", heights),
        "radius_mm": 4,
    }
    (region,), _ = extract(tmp_path, run, operator, row)
    assert [region.seed[axis] for axis in "xyz"] == [0, 0, 4]
    assert len(region.voxels) == 7
    row["map"] = save(tmp_path / "flat.nii", np.zeros(SHAPE))
    with pytest.raises(InputError, match=r"flat\.nii: it is 0 everywhere inside the mask"):
        extract(tmp_path, run, operator, row)


def test_smoothing_of_the_seeds_image(tmp_path, run, operator):
    from nilearn.image import smooth_img

    (region,), scan = extract(tmp_path, run, operator, SPHERE, fwhm=8)
    smoothed = smooth_img(nibabel.Nifti1Image(np.asarray(run.dataobj), AFFINE), 8)
    expected = np.asarray(smoothed.dataobj)[tuple(region.voxels.T)].mean(axis=0)
    np.testing.assert_allclose(scan.seed_series[:, 0], expected, rtol=1e-6)
    _, plain = extract(tmp_path, run, operator, SPHERE)
    assert np.abs(plain.seed_series - scan.seed_series).max() > 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": "blob"}, "kind is 'blob'; expected sphere, mask, atlas, peak"),
        ({"x": 1, "y": 2}, "a seed of the kind sphere needs x, y, z, radius_mm; 'z', 'radius_mm' are empty"),
        ({"kind": "atlas", "file": "a.nii"}, "'labels' is empty"),
        ({"kind": "atlas", "file": "a.nii", "labels": "three"}, "the column 'labels' is 'three'"),
        ({"kind": "mask", "file": "a.nii", "x": 3}, "x has no meaning for a seed of the kind mask"),
        ({"kind": "mask", "file": "nowhere.nii"}, "no such file: nowhere.nii"),
        ({"kind": "mask", "file": "a.nii", "mean": "median"}, "mean is 'median'"),
        ({"kind": "peak", "file": "a.nii", "radius_mm": 4}, "needs either a reference .* or a map"),
        ({"kind": "peak", "file": "a.nii", "radius_mm": 4, "reference": "A"}, "the reference 'A'; expected the label"),
    ],
)
def test_bad_rows(tmp_path, monkeypatch, row, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.nii").write_bytes(b"\0")
    with pytest.raises(InputError, match=message):
        seeds.read_seeds(write_seeds(tmp_path, {"label": "A", **row}))


def test_a_seed_file_that_is_not_downloaded_yet(tmp_path):
    link = tmp_path / "mask.nii.gz"
    link.symlink_to(".git/annex/objects/aa/bb/KEY/KEY")
    with pytest.raises(InputError, match="not downloaded yet"):
        seeds.read_seeds(write_seeds(tmp_path, {"label": "A", "kind": "mask", "file": link}))


@pytest.mark.parametrize("kind", ["sphere", "mask", "weighted"])
def test_a_seed_is_read_in_the_brain_alone(tmp_path, run, operator, kind):
    """A signal outside of the brain must not become the seed's."""
    blob = np.zeros(SHAPE)
    blob[5:8, 6:9, 5:8] = np.arange(1, 28).reshape(3, 3, 3) if kind == "weighted" else 1
    path = save(tmp_path / "blob.nii", blob)
    row = {"label": "s", "kind": "mask", "file": path, **({"mean": "weighted"} if kind == "weighted" else {})}
    if kind == "sphere":
        row = {"label": "s", "x": 0, "y": 0, "z": 4, "radius_mm": 8}
    table = [seed.described for seed in seeds.read_seeds(write_seeds(tmp_path, row))]
    brain = np.zeros(SHAPE, dtype=bool)
    brain[6:] = True
    (whole,), _ = regions.extract(table, run, operator)
    (region,), scan = regions.extract(table, run, operator, None, brain)
    np.testing.assert_array_equal(region.voxels, whole.voxels)
    inside = [voxel for voxel in region.voxels if voxel[0] >= 6]
    assert 0 < len(inside) < len(region.voxels)
    weights = [blob[tuple(voxel)] for voxel in inside] if kind == "weighted" else None
    np.testing.assert_allclose(scan.seed_series[:, 0], raw(run, inside, weights))


def test_a_seed_of_two_parts_is_where_its_parts_are(tmp_path, run, operator):
    """In the middle between them there is nothing of it."""
    atlas = np.zeros(SHAPE)
    atlas[2:5, 2:5, 2:5], atlas[9:11, 8:10, 6:8] = 3, 17
    path = save(tmp_path / "atlas.nii", atlas)
    (both,), _ = extract(tmp_path, run, operator, {"label": "both", "kind": "atlas", "file": path, "labels": "3,17"})
    larger = AFFINE[:3, :3] @ [3, 3, 3] + AFFINE[:3, 3]
    assert [both.seed[axis] for axis in "xyz"] == larger.tolist()
    (smaller,) = both.seed["further_centres"]
    voxel = np.linalg.inv(AFFINE) @ [*smaller, 1]
    assert atlas[tuple(np.rint(voxel[:3]).astype(int))] == 17
    # A part with a hole in its middle is where it has a voxel too.
    ring = np.ones((5, 5, 1), dtype=bool)
    ring[1:4, 1:4] = False
    (place,) = regions.centres(np.argwhere(ring), np.eye(4))
    assert ring[tuple(np.rint(place).astype(int))]


def test_a_compact_seed_is_at_its_centre_of_mass(tmp_path, run, operator):
    blob = np.zeros(SHAPE)
    blob[5:8, 6:9, 5:8] = 1
    (region,), _ = extract(
        tmp_path, run, operator, {"label": "b", "kind": "mask", "file": save(tmp_path / "b.nii", blob)}
    )
    expected = AFFINE[:3, :3] @ np.argwhere(blob).mean(axis=0) + AFFINE[:3, 3]
    np.testing.assert_allclose([region.seed[axis] for axis in "xyz"], expected, atol=1e-3)
    assert "further_centres" not in region.seed

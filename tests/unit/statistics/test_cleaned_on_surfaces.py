"""What is made of a cleaned run on the cortical surface, beside nilearn's masker and ordinary regression."""

import functools
import json

import numpy as np
import pytest
from made_surfaces import OPTIONS, T_R, N, T, gifti_run, midthickness, noise, walls
from nilearn.signal import clean

from seed_to_voxel.base import provenance, tables
from seed_to_voxel.cleaning import operators
from seed_to_voxel.images import places
from seed_to_voxel.inputs import shipped
from seed_to_voxel.series import passes, regions
from seed_to_voxel.statistics import cleaned, differences, reliability, semipartial

BAND = (0.01, 0.1)
SEEDS = {"A": {"hemisphere": "L", "vertex": 4000}, "B": {"hemisphere": "R", "vertex": 4000}}
"""The same number on either side, so that exchanged hemispheres would exchange the seeds."""


def around(hemisphere, vertex, distance):
    """Vertices within a distance straight on."""
    points = midthickness(hemisphere)[0]
    return np.linalg.norm(points - points[vertex], axis=1) <= distance


@pytest.fixture(scope="module")
def data():
    """Noise, with a course of its own around each seed, and what both have in common."""
    values, rng = noise(2 * N), np.random.default_rng(11)
    common = 8 * rng.standard_normal((T, 1))
    for start, own in ((0, SEEDS["A"]), (N, SEEDS["B"])):
        patch = start + np.flatnonzero(around(own["hemisphere"], own["vertex"], 25))
        values[:, patch] += (common + 12 * rng.standard_normal((T, 1))).astype(np.float32)
    return values


@pytest.fixture(scope="module")
def made(tmp_path_factory, data):
    """The run as the steps before leave it."""
    folder = tmp_path_factory.mktemp("cleaned")
    image = places.open_run(gifti_run(folder, data), {**OPTIONS, "area_weights": False})
    operator = operators.cleaning_operator(T, T_R, True, *BAND)
    brain, layout = image.places.brain, image.places.layout
    seeds = [{"label": label, "kind": "surface", "radius_mm": 6.0, **own} for label, own in SEEDS.items()]
    found, scan = regions.extract(seeds, image, operator, None, brain)
    files = {
        name: str(folder / name)
        for name in (
            "seeds",
            "seed_voxels",
            "seeds_sidecar",
            "voxels_sidecar",
            "voxels.npy",
            "operator.npy",
            "where.npy",
        )
    }
    files = {name.removesuffix(".npy"): path for name, path in files.items()}
    files["coordinates"] = files.pop("where")
    files["mask"] = [str(folder / f"hemi-{hemisphere}_mask.func.gii") for hemisphere in "LR"]
    layout.save(files["mask"], brain.astype(np.uint8))
    np.save(files["voxels"], passes.read_voxels(image, brain, None, operator).series)
    np.save(files["operator"], operator)
    np.save(files["coordinates"], image.places.coordinates)
    series = operators.clean_seeds(operator, scan.seed_series)
    tables.write(files["seeds"], dict(zip(SEEDS, series.T, strict=True)))
    rows = [(label, place) for label, region in zip(SEEDS, found, strict=True) for place in region.voxels[:, 0]]
    lines = ["seed\tplace", *(f"{label}\t{place}" for label, place in rows)]
    (folder / "seed_voxels").write_text("\n".join(lines) + "\n")
    run = {
        "NumberOfVolumes": T,
        "CensoredVolumes": [],
        "RepetitionTime": T_R,
        "Seeds": [region.seed for region in found],
        "SeedSmoothing": None,
    }
    provenance.write_json(files["seeds_sidecar"], json.loads(json.dumps(run, default=float)))
    provenance.write_json(files["voxels_sidecar"], {"smoothing_fwhm": 5.0})
    return cleaned.CleanedRun(files)


@pytest.fixture(scope="module")
def nilearns(data):
    """Series of all vertices with data, and the mean of either seed's, cleaned by nilearn."""
    from nilearn.maskers import SurfaceMasker
    from nilearn.surface import InMemoryMesh, PolyMesh, SurfaceImage

    mesh = PolyMesh(**{side: InMemoryMesh(*midthickness(h)) for h, side in (("L", "left"), ("R", "right"))})
    run = SurfaceImage(mesh, {"left": data[:, :N].T.astype(float), "right": data[:, N:].T.astype(float)})
    options = {"detrend": True, "high_pass": BAND[0], "low_pass": BAND[1], "t_r": T_R, "standardize": None}
    return SurfaceMasker(**options).fit_transform(run)


def own_vertices(made, label):
    """Positions among all vertices of those of a seed."""
    return np.array([int(row[1]) for row in tables.cells(made.files["seed_voxels"])[1:] if row[0] == label])


def test_the_files_of_both_hemispheres_are_one_run(made):
    wall = np.concatenate(list(walls().values()))
    np.testing.assert_array_equal(made.brain, ~wall)
    assert made.layout.words == "vertices" and made.series.shape == (T, (~wall).sum())
    assert own_vertices(made, "A").max() < N <= own_vertices(made, "B").min()


def test_vertices_out_of_reach_of_seeds_are_tested(made):
    points = np.concatenate([midthickness(hemisphere)[0] for hemisphere in "LR"])
    in_mni = points @ shipped.FROM_MNI305[:3, :3].T + shipped.FROM_MNI305[:3, 3]
    for labels in (["A"], ["B"], ["A", "B"]):
        own = np.concatenate([own_vertices(made, label) for label in labels])
        away = np.linalg.norm(in_mni[:, None] - in_mni[own], axis=2).min(axis=1)
        # Two widths of 5 mm.
        np.testing.assert_array_equal(made.tested(labels), (away > 10)[made.brain])


def test_semipartial_maps_are_those_of_regression_on_nilearns_series(made, nilearns):
    means = np.column_stack([nilearns[:, own_vertices(made, label)].mean(axis=1) for label in SEEDS])
    for number, label in enumerate(SEEDS):
        found = semipartial.of_seed(made.operator, made.kept, made.seeds, number, made.series)
        design = np.column_stack([np.ones(T), np.delete(means, number, axis=1)])
        left = means[:, number] - design @ np.linalg.lstsq(design, means[:, number], rcond=None)[0]
        voxels = nilearns[:, made.brain] - nilearns[:, made.brain].mean(axis=0)
        expected = left @ voxels / (np.linalg.norm(left) * np.linalg.norm(voxels, axis=0))
        np.testing.assert_allclose(found.r, expected, atol=1e-5)
        # What is a seed's own is around it, in its own hemisphere.
        whole = np.full(2 * N, np.nan)
        whole[made.brain] = found.r
        halves = made.layout.hemispheres(whole)
        mine, other = SEEDS[label], SEEDS["B" if label == "A" else "A"]
        near, far = (around(seed["hemisphere"], seed["vertex"], 15) for seed in (mine, other))
        assert np.nanmean(halves[mine["hemisphere"]][near]) > 0.5
        assert abs(np.nanmean(halves[other["hemisphere"]][far])) < 0.25


def test_the_difference_of_seeds_has_the_sign_of_its_hemisphere(made, nilearns):
    found = differences.of_pair(made.operator, made.kept, made.seeds, tuple(SEEDS), made.series)
    means = [nilearns[:, own_vertices(made, label)].mean(axis=1) for label in SEEDS]
    outside = made.tested(list(SEEDS))
    voxels = nilearns[:, made.brain][:, outside]
    first, second = (np.array([np.corrcoef(mean, voxel)[0, 1] for voxel in voxels[:, ::50].T]) for mean in means)
    np.testing.assert_allclose(found.effect[outside][::50], np.arctanh(first) - np.arctanh(second), atol=1e-4)
    whole = np.full(2 * N, np.nan)
    whole[made.brain] = found.z
    halves = made.layout.hemispheres(whole)
    assert np.nanmean(halves["L"][around("L", 4000, 20)]) > 1 and np.nanmean(halves["R"][around("R", 4000, 20)]) < -1


def test_halves_agree_as_nilearn_cleans_each(made, data):
    tested = np.stack([made.tested([label]) for label in made.labels])
    raw = data.astype(float)
    means = np.column_stack([raw[:, own_vertices(made, label)].mean(axis=1) for label in SEEDS])
    nothing = np.zeros(int(made.brain.sum()), dtype=np.float32)
    fluctuation = (raw - raw[0])[:, made.brain]
    voxels = passes.Smoothed(np.arange(T), fluctuation.astype(np.float32), nothing, nothing, fluctuation[:, :0])
    (halves,) = [part for part in reliability.splits(made.kept, T_R) if part.kind == "halves"]
    by_itself = functools.partial(operators.cleaning_operator, T, T_R, True, None, None)
    of_halves = reliability.MapsOfParts.of([halves], means, lambda mask: by_itself(kept=mask))
    found = reliability.agreement(functools.partial(of_halves.maps, voxels), [halves], tested)[0]
    for number in range(len(SEEDS)):
        z = []
        for rows in (slice(0, T // 2), slice(T // 2, T)):
            series = np.column_stack([means[rows, number], raw[rows][:, made.brain][:, tested[number]]])
            cleaned_half = clean(series, standardize="zscore_sample", filter=False)
            z.append(np.arctanh(cleaned_half[:, 0] @ cleaned_half[:, 1:] / (T // 2 - 1)))
        assert found[number] == pytest.approx(np.corrcoef(*z)[0, 1], abs=1e-4)

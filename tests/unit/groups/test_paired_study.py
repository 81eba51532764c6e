"""Runs, sessions and subjects made by hand, from maps of runs to corrected maps of a paired model, script by script."""

import combine_runs
import fit_model
import gather_subjects
import infer_model
import make_design
import mark_seeds_of_model
import nibabel
import numpy as np
import permute_model
import pytest
from scipy import stats

from seed_to_voxel.base import provenance, tables
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import groups

SHAPE, AFFINE = (6, 7, 5), np.diag([4.0, 4, 4, 1])
N, SESSIONS, RUNS, SEEDS = 7, ("1", "2"), 2, ("A", "B")
RAISED = (slice(1, 4), slice(2, 5), slice(1, 4))
"""Voxels whose z is higher in the second session, for the first seed."""
CONTRAST = {"name": "later", "rows": ["session[2]"], "joint": False}
OPTIONS = {
    **{"permutations": {"n": 500, "seed": 1, "parts": 2}, "clusters": {"threshold": 0.01, "neighbours": 26}},
    "tfce": True,
}
MEASURES = list(groups.MEASURES)


def save(path, values, affine=AFFINE):
    image = nibabel.Nifti1Image(values.astype(np.float32), affine)
    image.set_sform(affine, 4)
    image.to_filename(path)
    return str(path)


def write_run(folder, name, rng, base, raised, missing=(), affine=AFFINE):
    """Maps of Fisher z and nu of each seed, and the mask; z is NaN nowhere and 0 outside."""
    brain = np.ones(SHAPE)
    brain[0] = 0
    for voxel in missing:
        brain[voxel] = 0
    z_maps, nu_maps = [], []
    for seed in SEEDS:
        nu = rng.uniform(40, 60, SHAPE)
        z = base[seed] + rng.standard_normal(SHAPE) / np.sqrt(nu - 2)
        z[RAISED] += raised if seed == "A" else 0
        z_maps.append(save(folder / f"{name}_{seed}_z.nii.gz", z * brain, affine))
        nu_maps.append(save(folder / f"{name}_{seed}_nu.nii.gz", nu * brain, affine))
    return z_maps, nu_maps, save(folder / f"{name}_mask.nii.gz", brain, affine)


def combine(folder, unit, runs, made, may_resample=False, apart=3.0):
    images = {name: str(folder / f"{unit['name']}_stat-{name}.nii.gz") for name in ("effect", "variance", "q", "i2")}
    sidecar = str(folder / f"{unit['name']}.json")
    z_maps, nu_maps = ([path for each in made for path in each[k]] for k in range(2))
    masks, datasets = [each[2] for each in made], {"": str(folder)}
    combine_runs.main(runs, SEEDS, z_maps, nu_maps, masks, may_resample, apart, unit, datasets, images, sidecar)
    return images, sidecar


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """All files of the study, by what they are."""
    return made_study(tmp_path_factory.mktemp("paired"), "session + subject")


def made_study(folder, formula, contrasts=()):
    rng = np.random.default_rng(5)
    units, files = [], {}
    for number in range(N):
        base = {seed: 0.3 * rng.standard_normal(SHAPE) for seed in SEEDS}
        for session in SESSIONS:
            unit = {"name": f"sub-{number}_ses-{session}", "subject": str(number), "session": session}
            runs = [f"{unit['name']}_run-{run}" for run in range(RUNS)]
            # One voxel is not covered by one session of one subject.
            missing = [(2, 3, 2)] if (number, session) == (3, "1") else []
            made = [write_run(folder, run, rng, base, 0.6 * (session == "2"), missing) for run in runs]
            files[unit["name"]] = combine(folder, unit, runs, made)
            units.append({**unit, "runs": runs})
    model = {
        "name": "paired",
        "formula": formula,
        "errors": "auto",
        "variance_groups": None,
        "centre": True,
    }
    quality, statistics = folder / "quality.json", folder / "statistics.json"
    quality.write_text('{"metrics": {"mean_fd": 0.1}}')
    statistics.write_text('{"effective_degrees_of_freedom": 50, "seeds": {"A": {"nu": 50}, "B": {"nu": 50}}}')
    runs = [run for unit in units for run in unit["runs"]]
    of = {name: str(folder / name) for name in ("design.tsv", "design.json", "out.tsv", "out.json", "d.pdf", "d.png")}
    make_design.main(
        model,
        units[::-1],
        dict.fromkeys(runs, str(quality)),
        dict.fromkeys(runs, str(statistics)),
        *(None, [], {"": str(folder)}, of["design.tsv"], of["design.json"], of["out.tsv"], of["out.json"]),
        [of["d.pdf"], of["d.png"]],
        contrasts,
    )
    gathered = {
        name: str(folder / f"{name}{ending}")
        for name, ending in (
            *(("data", ".npy"), ("mask", ".nii.gz"), ("mask_sidecar", ".json"), ("coverage", ".nii.gz")),
            *(("coverage_sidecar", ".json"), ("runs", ".tsv"), ("runs_sidecar", ".json")),
        )
    }
    names = [unit["name"] for unit in units]
    gather_subjects.main(
        of["design.tsv"],
        of["design.json"],
        names,
        [files[name][0]["effect"] for name in names],
        [files[name][0]["variance"] for name in names],
        [files[name][1] for name in names],
        *(False, 0.9, {"": str(folder)}),
        **gathered,
    )
    return {"folder": folder, "units": units, **of, **gathered}


def test_a_misspelt_contrast_is_said_before_anything_is_gathered(tmp_path):
    wrong = {"name": "later", "rows": ["session[3]"], "joint": False}
    with pytest.raises(InputError, match=r"paired, contrast later: .*no 'session\[3\]', did you mean 'session\[2\]'"):
        made_study(tmp_path, "session", [CONTRAST, wrong])
    assert not (tmp_path / "design.tsv").exists()


def inside(study, path):
    mask = np.asarray(nibabel.load(study["mask"]).dataobj) > 0
    return np.asarray(nibabel.load(path).dataobj)[mask]


@pytest.fixture(scope="module")
def fitted(study):
    return fitted_maps(study)


NEAR = {"A": [(2, 3, 2), (2, 3, 3)], "B": []}
"""Voxels of the seeds, of one subject alone; with 5 mm around, their neighbours by faces lie near, too."""


def marked(study, masks=None):
    """Mark what lies near the seeds; returns the file."""
    folder, tables_of = study["folder"], {}
    for unit in study["units"]:
        own = NEAR if unit["subject"] == "3" else {}
        for run in unit["runs"]:
            lines = [f"{seed}\t{i}\t{j}\t{k}\t1\n" for seed, places in own.items() for i, j, k in places]
            (folder / f"{run}_seeds.tsv").write_text("seed\ti\tj\tk\tin_mask\n" + "".join(lines))
            tables_of[run] = str(folder / f"{run}_seeds.tsv")
    near = str(folder / "near.npy")
    shared = (study["design.tsv"], study["design.json"], study["mask"], study["units"], SEEDS)
    mark_seeds_of_model.main(*shared, tables_of, masks or {}, 5.0, near)
    return near


def test_what_lies_near_the_seed_of_anybody_is_marked(study):
    near = np.load(marked(study))
    expected = np.zeros(SHAPE, dtype=bool)
    for i, j, k in NEAR["A"]:
        expected[i, j, k] = True
        for axis, step in ((axis, step) for axis in range(3) for step in (-1, 1)):
            place = [i, j, k]
            place[axis] += step
            expected[tuple(place)] = True
    inside_mask = np.asarray(nibabel.load(study["mask"]).dataobj) > 0
    np.testing.assert_array_equal(near[0], expected[inside_mask])
    assert not near[1].any()
    # The same, on a grid of that subject's own that is a voxel farther along the first axis.
    moved = AFFINE.copy()
    moved[0, 3] = 4
    there = save(study["folder"] / "there.nii.gz", np.ones(SHAPE), moved)
    masks = {run: there for unit in study["units"] for run in unit["runs"]}
    np.testing.assert_array_equal(np.load(marked(study, masks))[0], np.roll(expected, 1, axis=0)[inside_mask])


def test_the_rate_of_false_discoveries_is_that_beyond_the_seed(study, fitted):
    p, rate = (10 ** -inside(study, fitted["A", stat]).astype(float) for stat in ("p", "pfdr"))
    near = np.load(marked(study))[0]
    np.testing.assert_allclose(rate[~near], stats.false_discovery_control(p[~near]), rtol=1e-4)
    said = provenance.read_json(fitted["A", "pfdr"].replace(".nii.gz", ".json"))
    assert said["NumberOfVoxelsNearTheSeed"] == near.sum() == 12
    assert said["NumberOfTestedVoxels"] == (~near).sum() and "farther than 5 mm" in said["Tested"]
    assert "Tested" not in provenance.read_json(fitted["A", "p"].replace(".nii.gz", ".json"))


def fitted_maps(study):
    near = marked(study)
    folder, stats_of = study["folder"], groups.FITTED_T
    maps = {(seed, stat): str(folder / f"{seed}_{stat}.nii.gz") for seed in SEEDS for stat in stats_of}
    fit_model.main(
        *(study["data"], study["mask"], study["design.tsv"], study["design.json"], CONTRAST, stats_of),
        [{"label": seed} for seed in SEEDS],
        {"fdr": "benjamini_hochberg"},
        True,
        *(near, 5.0),
        {"": str(folder)},
        list(maps.values()),
        [path.replace(".nii.gz", ".json") for path in maps.values()],
    )
    return maps


@pytest.fixture(scope="module")
def inferred(study):
    folder = study["folder"]
    shared = (study["data"], study["mask"], study["design.tsv"], study["design.json"])
    parts = [str(folder / f"part-{part}.npz") for part in (1, 2)]
    for part, path in enumerate(parts, start=1):
        permute_model.main(*shared, CONTRAST, SEEDS, OPTIONS, MEASURES, part, path)
    stat_names = [*(f"{kind}_desc-{measure}" for measure in MEASURES for kind in ("pfwe", "pfwestudy")), "tfce"]
    maps = {(seed, stat): str(folder / f"{seed}_{stat}.nii.gz") for seed in SEEDS for stat in stat_names}
    clusters = {seed: str(folder / f"{seed}_clusters.tsv") for seed in SEEDS}
    infer_model.main(
        *shared,
        {"later": parts},
        *(CONTRAST, [CONTRAST], 1, [{"label": seed} for seed in SEEDS], stat_names, OPTIONS, MEASURES, False),
        {"": str(folder)},
        list(maps.values()),
        [path.replace(".nii.gz", ".json") for path in maps.values()],
        list(clusters.values()),
        [path.replace(".tsv", ".json") for path in clusters.values()],
        atlas_files=[],
    )
    return maps, clusters


def test_t_is_scipys_paired_test(study, fitted):
    data = np.load(study["data"])
    for number, seed in enumerate(SEEDS):
        first, second = data[number][0::2], data[number][1::2]
        t, p, effect = (inside(study, fitted[seed, stat]) for stat in ("t", "p", "effect"))
        whole = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
        assert (~whole).sum() == 1
        expected = stats.ttest_rel(second, first, nan_policy="omit")
        # Without the subject whom the voxel is missing of.
        np.testing.assert_allclose(t, expected.statistic, rtol=1e-4)
        np.testing.assert_allclose(p, -np.log10(expected.pvalue), rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(effect[whole], (second - first).mean(axis=0)[whole], rtol=1e-4, atol=1e-6)


def test_without_subjects_in_the_formula_it_is_the_same_test_and_said(tmp_path):
    study = made_study(tmp_path, "session")
    fitted = fitted_maps(study)
    data = np.load(study["data"])[0]
    first, second = data[0::2], data[1::2]
    expected = stats.ttest_rel(second, first, nan_policy="omit")
    np.testing.assert_allclose(inside(study, fitted["A", "t"]), expected.statistic, rtol=1e-4)
    said = provenance.read_json(fitted["A", "t"].replace(".nii.gz", ".json"))
    assert said["Caveat"] is None and said["DegreesOfFreedom"] == N - 1
    assert said["SubjectsSummarised"]["Weights"] == {"1": -1.0, "2": 1.0}
    assert said["SubjectsSummarised"]["SubjectsByRows"] == {"2": N} and said["SubjectsSummarised"]["LeftOut"] == []
    assert provenance.read_json(study["design.json"])["Sessions"] == ["1", "2"] * N


def test_sessions_are_exchanged_within_subjects_and_all_of_it(study, inferred):
    maps, _ = inferred
    said = provenance.read_json(study["folder"] / "A_pfwe_desc-voxel.json")["Permutations"]
    # 2 ** 7 ways to exchange the sessions of seven subjects; exchanging all turns the sign around.
    assert (said["Number"], said["Exact"], said["Blocks"]) == (2**N, True, "within subjects")
    assert said["SmallestP"] == 2 / 2**N
    assert said["NumberOfVoxelsNotCoveredByAll"] == 1
    raised = np.zeros(SHAPE, dtype=bool)
    raised[RAISED] = True
    for measure in MEASURES:
        p = np.asarray(nibabel.load(maps["A", f"pfwe_desc-{measure}"]).dataobj)
        passing = p >= -np.log10(0.05) - 1e-6
        assert passing[raised].mean() > 0.5 and passing[~raised].mean() < 0.03, measure
        assert np.nanmax(p) <= -np.log10(2 / 2**N) + 1e-6
        assert np.isnan(p[2, 3, 2])
        study_wide = np.asarray(nibabel.load(maps["A", f"pfwestudy_desc-{measure}"]).dataobj)
        assert (np.nan_to_num(study_wide) <= np.nan_to_num(p) + 1e-6).all()
        assert not (np.asarray(nibabel.load(maps["B", f"pfwestudy_desc-{measure}"]).dataobj) > 1.31).any()


def test_clusters_are_listed_where_they_are(inferred):
    header, *rows = tables.cells(inferred[1]["A"])
    first = dict(zip(header, rows[0], strict=True))
    assert first["sign"] == "1" and float(first["p_mass"]) < 0.05 and first["node"] == "n/a"
    place = np.array([float(first[axis]) for axis in "xyz"]) / 4
    assert all(part.start <= at < part.stop for part, at in zip(RAISED, place, strict=True))
    assert float(first["volume_mm3"]) == 64 * int(first["extent"])


def test_the_group_mask_and_the_coverage(study):
    coverage = np.asarray(nibabel.load(study["coverage"]).dataobj)
    assert coverage[2, 3, 2] == pytest.approx(1 - 1 / (2 * N)) and (coverage[0] == 0).all()
    mask = np.asarray(nibabel.load(study["mask"]).dataobj) > 0
    np.testing.assert_array_equal(mask, coverage >= 0.9)
    said = provenance.read_json(study["mask_sidecar"])
    assert said["NumberOfVoxels"] - said["NumberOfVoxelsThatAllCover"] == 1
    header, *rows = tables.cells(study["runs"])
    assert len(rows) == 2 * N * RUNS * len(SEEDS) and header[-1] == "apart"
    # Runs of a session differ by chance alone.
    assert np.mean([float(row[3]) for row in rows]) == pytest.approx(1, abs=0.1)


def test_runs_on_another_grid_are_refused_by_name_or_resampled(study, tmp_path, capsys):
    rng = np.random.default_rng(0)
    base = dict.fromkeys(SEEDS, 0.0)
    moved = AFFINE.copy()
    moved[0, 3] = 2.0
    made = [write_run(tmp_path, "one", rng, base, 0), write_run(tmp_path, "two", rng, base, 0, affine=moved)]
    unit = {"name": "sub-1", "subject": "1", "session": None}
    with pytest.raises(InputError, match=r"two is on another grid than one: .*groups.resample"):
        combine(tmp_path, unit, ["one", "two"], made)
    _, sidecar = combine(tmp_path, unit, ["one", "two"], made, may_resample=True)
    assert provenance.read_json(sidecar)["Resampled"]["Runs"] == ["two"]


def test_a_mask_without_a_voxel_is_refused(study, tmp_path):
    files = {name: str(tmp_path / name) for name in ("data", "mask", "mask_sidecar", "coverage", "coverage_sidecar")}
    effects = [str(study["folder"] / f"{unit['name']}_stat-effect.nii.gz") for unit in study["units"]]
    nothing = save(tmp_path / "none.nii.gz", np.zeros((*SHAPE, len(SEEDS))))
    with pytest.raises(InputError, match="no voxel is covered by so many of the 14 rows"):
        gather_subjects.main(
            *(study["design.tsv"], study["design.json"], [unit["name"] for unit in study["units"]], effects),
            *([nothing] * len(effects), [], False, 1.0, {}),
            **files,
            runs=str(tmp_path / "r"),
            runs_sidecar=str(tmp_path / "s"),
        )

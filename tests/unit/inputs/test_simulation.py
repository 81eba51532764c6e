"""The simulated run: its form, its reproducibility, and that what it claims to plant is really there."""

import dataclasses
import json
import time

import nibabel
import numpy
import pandas
import pytest
import simulate_run
from nilearn import datasets, masking, signal
from scipy import ndimage

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.inputs import shipped, simulated_brain, simulated_confounds, simulated_networks, simulation

N_VOLUMES = 120
T_R = 2.0
FIFTEEN = [
    *simulated_confounds.MOTION,
    "framewise_displacement",
    *(f"a_comp_cor_{k:02d}" for k in range(6)),
    "csf",
    "white_matter",
]


def simulate(run_index, seed=7, **changes):
    run = simulation.simulate_run(run_index, seed, **{"voxel_size": 8.0, "n_volumes": N_VOLUMES, "t_r": T_R, **changes})
    tables = ("confounds", "networks", "network_series", "nodes")
    return dataclasses.replace(run, **{name: pandas.DataFrame(getattr(run, name)) for name in tables})


@pytest.fixture(scope="module")
def run():
    return simulate(3)


@pytest.fixture(scope="module")
def other():
    return simulate(4)


def inside(run):
    """Give the intensities of the brain's voxels, shape (n_volumes, n_voxels)."""
    return numpy.asarray(run.bold.dataobj)[numpy.asarray(run.mask.dataobj) > 0].T.astype(float)


def explained(series, regressors):
    """Give the part of each column's variance that the regressors and a constant explain."""
    design = numpy.column_stack([numpy.ones(len(series)), regressors])
    residual = series - design @ numpy.linalg.lstsq(design, series, rcond=None)[0]
    return 1 - residual.var(axis=0) / series.var(axis=0)


@pytest.mark.parametrize(
    ("voxel_size", "shape", "origin"),
    [
        (4, (50, 59, 50), (-96, -132, -78)),
        (2, (97, 115, 97), (-96.5, -132.5, -78.5)),
        (8, (25, 30, 25), (-94, -130, -76)),
    ],
)
def test_grid(voxel_size, shape, origin):
    found, affine = simulated_brain.mni_grid(voxel_size)
    assert found == shape
    numpy.testing.assert_array_equal(affine[:3, 3], origin)
    numpy.testing.assert_array_equal(affine[:3, :3], numpy.eye(3) * voxel_size)


def test_what_nilearn_ships_is_read_as_nilearn_reads_it():
    template = datasets.load_mni152_template(resolution=1)
    grey = datasets.load_mni152_gm_template(resolution=1)
    white = datasets.load_mni152_wm_template(resolution=1)
    for name, expected in {shipped.TEMPLATE: template, shipped.GREY_MATTER: grey, shipped.WHITE_MATTER: white}.items():
        found = nibabel.load(shipped.file(name))
        data = numpy.asarray(found.dataobj)
        assert data.dtype == numpy.uint8 and data.max() == 255
        numpy.testing.assert_array_equal(found.affine, expected.affine)
        numpy.testing.assert_array_equal(data.astype(numpy.float32) / 255, numpy.asarray(expected.dataobj))
    expected = datasets.fetch_coords_dosenbach_2010(ordered_regions=False)
    nodes = pandas.DataFrame(shipped.dosenbach())
    pandas.testing.assert_frame_equal(nodes[["x", "y", "z"]], expected.rois.astype(float))
    assert [f"{node['name']} {node['number']}" for _, node in nodes.iterrows()] == expected.labels
    assert nodes["network"].tolist() == list(expected.networks)


def test_averaging_keeps_the_volume_and_the_place():
    rng = numpy.random.default_rng(0)
    fine = numpy.zeros((40, 50, 60))
    fine[8:32, 9:41, 10:50] = rng.random((24, 32, 40))
    source = numpy.diag([1.0, 1, 1, 1])
    target = nibabel.affines.from_matvec(numpy.eye(3) * 4, [1.5, 1.5, 1.5])
    coarse = simulated_brain.average_onto((fine, source), (10, 12, 15), target)
    assert coarse.sum() * 64 == pytest.approx(fine.sum(), rel=1e-5)
    assert coarse[3, 4, 5] == pytest.approx(fine[12:16, 16:20, 20:24].mean(), rel=1e-5)


def test_images_have_the_form_of_preprocessed_ones(run):
    shape, affine = simulated_brain.mni_grid(8)
    assert run.bold.shape == (*shape, N_VOLUMES)
    assert run.mask.shape == run.network_labels.shape == shape
    for image, dtype in ((run.bold, "int16"), (run.mask, "uint8"), (run.network_labels, "int16")):
        numpy.testing.assert_array_equal(image.affine, affine)
        assert image.get_data_dtype() == dtype
        assert image.header["sform_code"] == 4
    assert run.bold.header.get_zooms() == (8, 8, 8, T_R)
    assert run.bold.header.get_xyzt_units() == ("mm", "sec")
    assert run.metadata["RepetitionTime"] == T_R


def test_brain_is_where_the_mask_says(run):
    brain = numpy.asarray(run.mask.dataobj) > 0
    bold = numpy.asarray(run.bold.dataobj)
    assert (bold[~brain] == 0).all()
    assert (bold[brain] > 0).all()
    assert 8000 < bold[brain].mean() < 10000
    litres = brain.sum() * 8**3 / 1e6
    assert 1.6 < litres < 2.2  # the MNI152 brain with its ventricles has 1.9
    background = masking.compute_background_mask(run.bold, opening=False, connected=False)
    numpy.testing.assert_array_equal(numpy.asarray(background.dataobj) > 0, brain)


def test_fluctuations_are_a_few_percent(run):
    series = inside(run)
    percent = 100 * series.std(axis=0) / series.mean(axis=0)
    assert 0.8 < numpy.median(percent) < 3
    assert numpy.percentile(percent, 99) < 10


def test_same_seed_same_run_other_index_another(run, other):
    again = simulate(3)
    numpy.testing.assert_array_equal(run.bold.dataobj, again.bold.dataobj)
    pandas.testing.assert_frame_equal(run.confounds, again.confounds)
    pandas.testing.assert_frame_equal(run.network_series, again.network_series)
    for different in (other, simulate(3, seed=8)):
        assert (numpy.asarray(run.bold.dataobj) != numpy.asarray(different.bold.dataobj)).mean() > 0.1
        shared = numpy.corrcoef(run.network_series.T, different.network_series.T)[:6, 6:]
        assert numpy.abs(shared).max() < 0.7


def test_what_is_planted_in_time_does_not_depend_on_the_grid(run):
    coarser = simulate(3, voxel_size=12.0)
    pandas.testing.assert_frame_equal(run.network_series, coarser.network_series)
    pandas.testing.assert_frame_equal(run.nodes, coarser.nodes)
    columns = list(simulated_confounds.MOTION)
    pandas.testing.assert_frame_equal(run.confounds[columns], coarser.confounds[columns])


def test_confounds_are_named_as_fmriprep_names_them(run):
    expected = ["global_signal", "csf", "white_matter", "std_dvars", "framewise_displacement"]
    expected += [f"a_comp_cor_{k:02d}" for k in range(6)] + ["cosine00", "cosine01"]
    expected += [f"{name}{suffix}" for name in simulated_confounds.MOTION for suffix in ("", "_derivative1")]
    assert list(run.confounds) == expected
    assert len(run.confounds) == N_VOLUMES
    gaps = run.confounds.isna()
    without_first = {c for c in expected if c.endswith("derivative1") or c in ("std_dvars", expected[4])}
    assert set(gaps.columns[gaps.iloc[0]]) == without_first
    assert not gaps.iloc[1:].any(axis=None)


def test_confounds_are_computed_from_the_run(run):
    series, table = inside(run), run.confounds
    numpy.testing.assert_allclose(table["global_signal"], series.mean(axis=1), rtol=1e-6)
    changes = numpy.sqrt((numpy.diff(series, axis=0) ** 2).mean(axis=1))
    ratio = table["std_dvars"].to_numpy()[1:] / changes
    numpy.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
    assert table["std_dvars"].median() == pytest.approx(1, abs=0.2)
    arcs = table[list(simulated_confounds.MOTION)] * [1, 1, 1, 50, 50, 50]
    numpy.testing.assert_allclose(table["framewise_displacement"][1:], arcs.diff().abs().sum(axis=1)[1:], atol=1e-9)
    components = table.filter(like="a_comp_cor").to_numpy()
    numpy.testing.assert_allclose(components.T @ components, numpy.eye(6), atol=1e-6)
    cosines = table.filter(like="cosine").to_numpy()
    numpy.testing.assert_allclose(components.T @ cosines, 0, atol=1e-5)


def test_cosines_are_those_of_nilearn():
    from nilearn.glm.first_level.design_matrix import create_cosine_drift

    # nilearn goes one frequency farther than fMRIPrep, and ends with a constant.
    expected = create_cosine_drift(1 / 128, numpy.arange(168) * 2.0)[:, :4]
    numpy.testing.assert_allclose(simulated_confounds.cosine_drifts(168, 2.0), expected, atol=1e-10)
    assert simulated_confounds.cosine_drifts(40, 2.0).shape == (40, 0)


def test_confounds_explain_the_noise_of_this_run(run, other):
    brain = numpy.asarray(run.mask.dataobj) > 0
    edge = (brain & ~ndimage.binary_erosion(brain))[brain]
    # Any two drifts resemble each other: without them, another run's confounds show what chance explains.
    drifts = numpy.column_stack([run.confounds.filter(like="cosine"), numpy.ones(N_VOLUMES), numpy.arange(N_VOLUMES)])
    series = inside(run)
    series -= drifts @ numpy.linalg.lstsq(drifts, series, rcond=None)[0]
    own = run.confounds[FIFTEEN].fillna(0)
    elsewhere = other.confounds[FIFTEEN].fillna(0)
    by_chance = numpy.median(explained(series, elsewhere))
    assert numpy.median(explained(series, own)) > 1.6 * by_chance
    assert numpy.median(explained(series[:, edge], own)) > 1.6 * by_chance
    motion = list(simulated_confounds.MOTION)
    steps = numpy.diff(series, axis=0)
    by_own = explained(steps, own[motion].diff()[1:])
    by_another = explained(steps, elsewhere[motion].diff()[1:])
    assert numpy.median(by_own[edge]) > 2 * numpy.median(by_another[edge])
    assert numpy.median(by_own[edge]) > 1.2 * numpy.median(by_own[~edge])


def test_network_series_stay_within_the_band(run):
    series = run.network_series.to_numpy()
    numpy.testing.assert_allclose(series.mean(axis=0), 0, atol=1e-10)
    numpy.testing.assert_allclose(series.std(axis=0), 1)
    frequencies = numpy.fft.rfftfreq(N_VOLUMES, T_R)
    power = numpy.abs(numpy.fft.rfft(series, axis=0)) ** 2
    outside = (frequencies < 0.01) | (frequencies > 0.1)
    assert power[outside].sum() < 1e-9 * power.sum()


def test_planted_correlation_is_what_the_shares_predict():
    rng = numpy.random.default_rng(0)
    networks = simulated_networks.draw_network_series(20000, T_R, rng)
    correlation = pandas.DataFrame(networks).corr()
    numpy.testing.assert_allclose(correlation, simulated_networks.PLANTED_CORRELATION, atol=0.08)
    nodes = simulated_networks.draw_nodes(shipped.dosenbach(), rng)
    found = numpy.corrcoef(simulated_networks.node_series(nodes, networks, T_R, rng).T)
    between = correlation.loc[nodes["network"], nodes["network"]].to_numpy()
    expected = between * numpy.sqrt(numpy.outer(nodes["share"], nodes["share"]))
    off = ~numpy.eye(160, dtype=bool)
    numpy.testing.assert_allclose(found[off], expected[off], atol=0.1)


def test_networks_are_named(run):
    assert run.networks["index"].tolist() == [1, 2, 3, 4, 5, 6]
    assert run.networks["network"].tolist() == list(run.network_series)
    assert run.networks["n_nodes"].sum() == 160
    assert run.networks.set_index("network")["n_nodes"]["default"] == 34
    labels = numpy.asarray(run.network_labels.dataobj)
    assert set(numpy.unique(labels)) == set(range(7))
    assert (labels[numpy.asarray(run.mask.dataobj) == 0] == 0).all()


def test_default_network_is_there_after_cleaning(run):
    series = inside(run)
    labels = numpy.asarray(run.network_labels.dataobj)[numpy.asarray(run.mask.dataobj) > 0]
    cleaned = signal.clean(
        series,
        confounds=run.confounds[FIFTEEN].fillna(0).to_numpy(),
        t_r=T_R,
        high_pass=0.01,
        low_pass=0.1,
        standardize=None,
    )
    default = 1 + list(run.network_series).index("default")
    correlation = numpy.corrcoef(cleaned.T)
    ours, none = labels == default, labels == 0
    others = ~ours & ~none
    within = correlation[numpy.ix_(ours, ours)][numpy.triu_indices(ours.sum(), k=1)].mean()
    assert within > 0.3
    assert correlation[numpy.ix_(ours, others)].mean() < 0.1
    assert abs(correlation[numpy.ix_(ours, none)].mean()) < 0.15


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"run_index": -1}, "run_index is -1"),
        ({"run_index": 0, "seed": -2}, "seed is -2"),
        ({"run_index": 0, "voxel_size": 0.5}, "voxel_size is 0.5"),
        ({"run_index": 0, "t_r": 6.0}, "t_r is 6.0"),
        ({"run_index": 0, "n_volumes": 12}, "n_volumes is 12"),
    ],
)
def test_impossible_runs_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        simulate(**changes)


def test_files_are_the_same_byte_for_byte(tmp_path):
    names = {
        "bold": "bold.nii.gz",
        "sidecar": "bold.json",
        "mask": "mask.nii.gz",
        "confounds": "confounds.tsv",
        "network_labels": "labels.nii.gz",
        "network_names": "labels.tsv",
        "network_series": "series.tsv",
    }
    folders = tmp_path / "once", tmp_path / "again"
    for folder in folders:
        folder.mkdir()
        paths = {key: str(folder / name) for key, name in names.items()}
        simulate_run.main(**paths, run_index=0, seed=1, voxel_size=12.0, n_volumes=40, t_r=2.0, task="rest")
        time.sleep(1.1)  # a time stamp in a gzip header counts seconds
    for name in names.values():
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name

    bold = nibabel.load(folders[0] / "bold.nii.gz")
    assert bold.header.get_zooms() == (12, 12, 12, 2)
    assert (bold.dataobj.slope, bold.dataobj.inter) == (1, 0)
    sidecar = json.loads((folders[0] / "bold.json").read_text())
    assert sidecar["RepetitionTime"] == 2
    assert sidecar["SimulationSeed"] == 1
    assert len(sidecar["SimulationNetworkShareOfNode"]) == 160
    lines = (folders[0] / "confounds.tsv").read_text().splitlines()
    assert len(lines) == 41
    row = dict(zip(lines[0].split("\t"), lines[1].split("\t"), strict=True))
    assert row["framewise_displacement"] == row["trans_x_derivative1"] == row["std_dvars"] == "n/a"
    assert pandas.read_csv(folders[0] / "series.tsv", sep="\t").shape == (40, 6)

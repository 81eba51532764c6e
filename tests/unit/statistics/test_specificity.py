"""Whether a seed's map stands out in the seed's own network."""

import nibabel
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from seed_to_voxel.cleaning.operators import cleaning_operator
from seed_to_voxel.images import grid
from seed_to_voxel.inputs import shipped
from seed_to_voxel.series import passes
from seed_to_voxel.statistics import specificity

T, T_R = 120, 2.0
AFFINE = np.array([[6.0, 0, 0, -90], [0, 6, 0, -120], [0, 0, 6, -72], [0, 0, 0, 1]])
SHAPE = (31, 37, 31)
PCC = {"x": 0.0, "y": -52.0, "z": 18.0}
N_NULL = 100


def centres(table):
    return np.column_stack([table[axis] for axis in "xyz"]).astype(float)


@pytest.fixture(scope="module")
def table():
    return shipped.dosenbach()


@pytest.fixture(scope="module")
def brain():
    brain = np.ones(SHAPE, dtype=bool)
    brain[:2] = False
    return brain


@pytest.fixture(scope="module")
def nodes(table, brain):
    return specificity.place(table, brain, AFFINE)


@pytest.fixture(scope="module")
def run(table, brain, nodes):
    """Noise in which the nodes of the default network, and what lies around them, share a course."""
    rng = np.random.default_rng(5)
    data = rng.standard_normal((*SHAPE, T)).astype(np.float32)
    course = rng.standard_normal(T)
    for centre, network in zip(centres(table), table["network"], strict=True):
        if network != "default":
            continue
        data[tuple(grid.sphere_voxels(centre, 8, AFFINE, SHAPE).T)] += 0.8 * course
    image = nibabel.Nifti1Image(1000 + 10 * data, AFFINE)
    return passes.read_smoothed(image, brain, None, np.arange(T)), course


def measure(run, seeds, nodes, networks, brain, away=None):
    operator = cleaning_operator(T, T_R, True, 0.01, 0.1)
    every = np.ones(int(brain.sum()), dtype=bool)
    tested = [every if away is None else away] * len(networks)
    return specificity.of_cleaning(run[0], operator, np.ones(T, bool), seeds, nodes, networks, tested, N_NULL)


def test_the_area_is_that_under_the_curve():
    rng = np.random.default_rng(1)
    values = np.round(rng.standard_normal((4, 30)), 1)
    inside = np.arange(30) % 3 == 0
    expected = [roc_auc_score(inside, row) for row in values]
    np.testing.assert_allclose(specificity.area(values, inside), expected, rtol=1e-12)


def test_a_seeds_network_is_that_of_the_node_nearest_to_it(table):
    assert specificity.network_of(PCC, table) == "default"
    assert specificity.network_of({"x": 0, "y": 0, "z": 100}, table) is None


def test_nodes_have_the_vertices_that_are_near(table):
    """Where places are not on a grid, whichever order they are in."""
    rng = np.random.default_rng(3)
    where = np.concatenate([centres(table) + rng.uniform(-4, 4, (160, 3)) for _ in range(20)])
    brain = rng.random(len(where)) < 0.9
    nodes = specificity.place(table, brain, where)
    inside = where[brain]
    distances = np.linalg.norm(centres(table)[:, None] - inside, axis=2)
    assert len(nodes.networks) == 160 and 1000 < len(nodes.voxels) < brain.sum()
    for number, away in enumerate(distances):
        np.testing.assert_array_equal(nodes.voxels[nodes.owners == number], np.flatnonzero(away <= 5))
    none = specificity.place(table, np.ones(4, dtype=bool), np.full((4, 3), 200.0))
    assert not len(none.voxels) and not len(none.networks)


def test_nodes_have_the_voxels_of_their_spheres(table, brain, nodes):
    position = np.argwhere(brain)
    own = position[nodes.voxels[nodes.owners == 7]]
    distance = np.linalg.norm(own @ AFFINE[:3, :3].T + AFFINE[:3, 3] - centres(table)[7], axis=1)
    assert len(own) and distance.max() <= 6 and len(nodes.networks) == len(table["x"]) == 160
    values = np.full((1, len(nodes.voxels)), np.nan)
    values[0, nodes.owners == 7] = np.arange((nodes.owners == 7).sum())
    means = nodes.means(values)
    assert means[0, 7] == pytest.approx(((nodes.owners == 7).sum() - 1) / 2) and np.isnan(means[0, 8])


def test_a_planted_network_stands_out_and_only_for_its_own_seed(run, nodes, brain):
    rng = np.random.default_rng(6)
    seeds = 700 + np.column_stack([3 * run[1] + rng.standard_normal(T), rng.standard_normal(T)])
    (planted, by_chance), (alone, bound), (other, _) = measure(
        run, np.column_stack([seeds, seeds[:, 0]]), nodes, ["default", "default", "occipital"], brain
    )
    assert planted > 0.9 and 0.5 < by_chance < planted
    assert alone < bound + 0.2 and bound == pytest.approx(by_chance, abs=0.02)
    # The same map is low in another network.
    assert other < 0.5


def test_seeds_that_have_nothing_to_do_with_the_run_exceed_the_bound_one_time_in_twenty(run, nodes, brain):
    rng = np.random.default_rng(7)
    n = 300
    found = measure(run, 700 + rng.standard_normal((T, n)), nodes, ["default"] * n, brain)
    share = np.mean([value > bound for value, bound in found])
    # The nodes of the network share a course, so that chance is far wider than for nodes on their own.
    assert found[0][1] > 0.7
    # Two errors: of 300 seeds and of the quantile of 100.
    assert share == pytest.approx(0.05, abs=0.06)


def test_what_cannot_be_said_is_none(run, nodes, brain):
    seeds = 700 + np.column_stack([run[1], np.full(T, np.nan), run[1], run[1]])
    found = measure(run, seeds, nodes, ["default", "default", None, "default"], brain)
    assert found[0][0] is not None and found[1] == found[2] == (None, None)
    nothing = np.zeros(int(brain.sum()), dtype=bool)
    assert measure(run, seeds[:, :1], nodes, ["default"], brain, nothing) == [(None, None)]
    empty = specificity.place({name: [] for name in ("x", "y", "z", "network")}, brain, AFFINE)
    assert measure(run, seeds[:, :1], empty, ["default"], brain) == [(None, None)]

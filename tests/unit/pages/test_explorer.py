"""The explorer's page without a browser: where its voxels lie, what it says, and how it keeps small."""

import base64
import re
import zlib

import numpy as np
import pytest
from made_maps import SHAPE
from made_runs import LABELS, LOOK, explored
from parsed_page import HOSTILE, ParsedPage

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.connectivity import reduced
from seed_to_voxel.images.thinned import Grid
from seed_to_voxel.pages import explorer


def bytes_of(text):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)


@pytest.fixture(scope="module")
def made():
    given, places = explored(constant=[7])
    return given, places, explorer.page(labels=LABELS, look=LOOK, **given)


def test_the_grid_is_turned_and_holds_each_voxel_where_it_is(made):
    given, places, _ = made
    defined = np.isfinite(given["series"][0])
    grid = explorer.grid_of(*given["images"], defined)
    assert np.all(np.diag(grid.affine)[:3] > 0), "the axes go right, anterior and superior"
    there = np.argwhere(grid.mask) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    np.testing.assert_allclose(there, places[grid.voxels])
    assert sorted(grid.voxels) == sorted(np.flatnonzero(defined))
    assert set(np.unique(grid.background[grid.mask])) == {1000}


def test_a_run_that_is_too_large_is_rounded_more_and_then_thinned_out(made):
    given, places, _ = made
    defined = np.isfinite(given["series"][0])
    budget, tried = 10**7, []

    def thinned(step):
        return explorer.grid_of(*given["images"], defined, step)

    while not tried or tried[-1][0] == 1:
        grid, found, texts = explorer.fit(given["series"], defined, thinned, budget)
        tried.append((grid.step, found.fineness))
        taken = sum(map(len, texts.values()))
        assert taken <= budget
        budget = taken - 1
        there = np.argwhere(grid.mask) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
        np.testing.assert_allclose(there, places[grid.voxels])
        assert found.levels.shape[1] == len(grid.voxels) == grid.mask.sum()
    assert tried == [*((1, fineness) for fineness in reduced.FINENESS), (2, 500)]


def test_a_run_of_many_components_leaves_room_for_its_degrees_of_freedom():
    n_kept, shape = 240, (9, 9, 9)
    rng = np.random.default_rng(5)
    series = rng.standard_normal((n_kept, 9**3)).astype(np.float32)
    grid = Grid(np.ones(shape, dtype=bool), np.eye(4), np.arange(9**3), np.ones(shape, np.float32), 1)
    budget = 3.6e5
    _, found, texts = explorer.fit(series, np.ones(9**3, dtype=bool), {1: grid}.__getitem__, budget)
    # A symmetric matrix of single precision, which nothing compresses.
    n = len(found.levels)
    form = explorer.text_of(rng.standard_normal(n * (n + 1) // 2).astype(np.float32))
    assert n > 200 and len(form) > 1e5
    assert 0.7 * budget < sum(map(len, texts.values())) + len(form) <= budget


def test_the_page_says_how_exact_it_is_and_asks_for_nothing(made):
    given, _, written = made
    page = ParsedPage(written)
    data = page.data
    assert data["voxels"] == np.isfinite(given["series"][0]).sum()
    assert np.unpackbits(bytes_of(data["mask"]))[: np.prod(data["shape"])].sum() == data["voxels"]
    assert bytes_of(data["lower"]).size == bytes_of(data["upper"]).size == data["components"] * data["voxels"]
    assert np.all(np.array(data["shape"]) <= SHAPE)
    assert re.search(r"r is within 0\.00\d+</strong>", written)
    assert not re.search(r'(?:src|href)="http', written)
    assert written == explorer.page(labels=LABELS, look=LOOK, **given), "the same run makes the same page"
    names = {name for *_, name, _ in data["nodes"]}
    assert "post cingulate" in names and len(data["nodes"]) > 400


def test_a_hostile_name_stays_text():
    given, _ = explored()
    given["run"]["Seeds"][0]["label"] = HOSTILE
    page = ParsedPage(explorer.page(labels={**LABELS, "subject": HOSTILE}, look=LOOK, **given))
    assert HOSTILE in page.find("h1")[0].text and not page.find("img")


def test_a_run_without_a_voxel_is_refused():
    given, _ = explored()
    given["series"][:] = np.nan
    with pytest.raises(InputError, match="every voxel in the mask is constant"):
        explorer.page(labels=LABELS, look=LOOK, **given)


@pytest.mark.parametrize(("error", "said"), [(0.00412, "0.0042"), (0.0171, "0.018"), (0.01, "0.010"), (0, "0.0000")])
def test_errors_are_rounded_up(error, said):
    assert explorer.rounded_up(error) == said

"""The page of a run on the cortical surface without a browser: its r, its patches, what it holds and what it says."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from conftest import ROOT, absent
from made_cortex import explored
from made_surfaces import N, brain_models, midthickness, own_meshes, walls
from parsed_page import HOSTILE, ParsedPage

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.images import layouts, meshes, sheets
from seed_to_voxel.pages import explorer_cortex

BOTH = [meshes.Mesh(*midthickness(hemisphere), np.eye(4)) for hemisphere in "LR"]


@pytest.fixture(scope="module")
def made():
    given, whole = explored()
    return given, whole, explorer_cortex.page(**given)


def read(page, path, radius, *seeds):
    """What the page's own scripts make of it."""
    node = shutil.which("node")
    if node is None:
        absent("javascript", "node is not installed")
    path.write_text(page, encoding="utf-8")
    command = [node, ROOT / "tests" / "javascript" / "read_cortex_explorer.mjs", path, str(radius), ";".join(seeds)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def said(page):
    return float(re.search(r"r is within ([\d.]+)</strong>", page)[1])


def off(found, whole, vertices, seed):
    """The largest difference between a page's r and that of the series."""
    exact = np.corrcoef(seed, whole[:, vertices].T)[0, 1:]
    return np.abs(np.array(found["r"]) - exact).max()


def test_r_of_a_vertex_is_that_of_the_series(made, tmp_path):
    _, whole, page = made
    found = read(page, tmp_path / "page.html", 0, "L 3000", "R 77")
    assert found["vertices"] == np.flatnonzero(np.isfinite(whole[0])).tolist()
    for own, vertex in zip(found["maps"], (3000, N + 77), strict=True):
        assert own["chosen"] == [vertex]
        # Part of all pairs were compared when the page was made.
        assert 0 < off(own, whole, found["vertices"], whole[:, vertex]) < 1.2 * said(page) < 0.02
        assert 5 < own["nu"] < 80
    left = midthickness("L")[0] @ meshes.to_mni("fsaverage5")[:3, :3].T + meshes.to_mni("fsaverage5")[:3, 3]
    np.testing.assert_allclose(np.array(found["mni"]).reshape(-1, 3)[:N], left, atol=0.01)


@pytest.mark.parametrize("weighted", [True, False])
def test_a_patch_is_the_mean_of_its_vertices_along_the_surface(made, tmp_path, weighted):
    _, whole, page = made
    if not weighted:
        page = page.replace('"area_weights":true', '"area_weights":false')
    (own,) = read(page, tmp_path / "page.html", 7.5, "R 3000")["maps"]
    mesh = BOTH[1]
    patch = mesh.around(3000, 7.5)
    patch = patch[np.isfinite(whole[0, N + patch])]
    assert sorted(own["chosen"]) == (N + patch).tolist() and len(patch) > 20
    weights = mesh.areas[patch] if weighted else np.ones(len(patch))
    # Series have the standard deviation 1.
    seed = whole[:, N + patch] @ weights
    assert off(own, whole, np.flatnonzero(np.isfinite(whole[0])), seed) < 1.2 * said(page)


def test_a_page_with_too_little_room_thins_out_and_says_so(made, tmp_path):
    given, whole, page = made
    cortex = given["cortex"]
    mesh = sum(map(len, explorer_cortex.texts_in(explorer_cortex.mesh_data(cortex.options, cortex.meshes()))))
    small = explorer_cortex.page(**given, whole=mesh + 0.12 * (len(page) - mesh))
    assert len(small) < 0.75 * len(page)
    found = read(small, tmp_path / "page.html", 0, "L 3000")
    kept = np.array(found["vertices"])
    assert re.search(rf"of 19424 vertices with data it keeps {len(kept)};", ParsedPage(small).find("details")[0].text)
    assert 1000 < len(kept) < 12000
    assert "a patch is the mean of the kept ones in it" in " ".join(ParsedPage(small).find("details")[0].text.split())
    (own,) = found["maps"]
    assert off(own, whole, kept, whole[:, own["chosen"][0]]) < 1.2 * said(small)
    # The one that stands for the vertex that was asked for is the nearest along the surface.
    ways = {vertex: radius for radius in range(20, 0, -1) for vertex in BOTH[0].around(3000, radius)}
    nearest = min((vertex for vertex in kept if vertex in ways), key=ways.get)
    assert ways[own["chosen"][0]] == ways[nearest]


def test_what_is_thinned_out_is_even_and_levels_come_back():
    columns = np.where(np.concatenate(list(walls().values())), -1, np.arange(2 * N))
    sheet = sheets.sheet_of(BOTH, columns, 1)
    edges = np.concatenate([BOTH[0].edges, BOTH[1].edges + N])
    kept = np.zeros(2 * N, dtype=bool)
    kept[sheet.kept] = True
    assert not kept[edges].all(axis=1).any(), "two neighbours are kept"
    there = columns >= 0
    assert (sheet.numbers[there] >= 0).all() and (sheet.numbers[~there] == -1).all()
    beside = np.zeros(2 * N, dtype=bool)
    beside[edges[kept[edges].any(axis=1)].ravel()] = True
    assert beside[there].mean() > 0.99, "each has a neighbour that is kept"
    # fsaverage's coarser meshes are its first vertices: 2,562 of them are fsaverage4.
    assert np.mean(sheet.kept[sheet.kept < N] < 2562) > 0.97


def test_a_cifti_file_shows_its_cortex_and_says_what_is_not_shown(tmp_path):
    axis = brain_models()
    vertices = np.where(axis.surface_mask, axis.vertex + N * (axis.name == "CIFTI_STRUCTURE_CORTEX_RIGHT"), -1)
    given, whole = explored(own_meshes(tmp_path), layouts.Grayordinates(axis), vertices)
    given["run"]["Seeds"].append(
        {"label": "Deep", "structure": "CIFTI_STRUCTURE_THALAMUS_LEFT", "x": 8, "y": 0, "z": 0}
    )
    page = explorer_cortex.page(**given)
    assert "54 voxels (subcortical structures and cerebellum) are not shown" in page
    assert "Drawn are the meshes that surfaces.left and surfaces.right name." in page
    found = read(page, tmp_path / "page.html", 0, "R 3000")
    assert set(found["vertices"]) == set(vertices[vertices >= 0].tolist())
    assert off(found["maps"][0], whole, found["vertices"], whole[:, N + 3000]) < 1.2 * said(page)
    assert [seed["label"] for seed in ParsedPage(page).data["seeds"]] == ["PCC"]


def test_a_hemisphere_that_a_file_lacks_has_no_vertex_with_data(tmp_path):
    axis = brain_models()
    axis = axis[axis.name != "CIFTI_STRUCTURE_CORTEX_LEFT"]
    brain = np.ones(len(axis), dtype=bool)
    brain[5] = False
    cortex = explorer_cortex.Cortex(layouts.Grayordinates(axis), brain, own_meshes(tmp_path))
    columns = cortex.columns(cortex.meshes())
    assert (columns[:N] == -1).all() and cortex.n_voxels == 54
    # Places of the mask in the file's order, the sixth of which has no data.
    right = axis.vertex[axis.surface_mask]
    assert columns[N + right[:8]].tolist() == [0, 1, 2, 3, 4, -1, 5, 6]
    assert (columns[N:] >= 0).sum() == len(right) - 1


def test_the_page_is_offline_repeats_itself_and_keeps_a_hostile_name_a_text(made):
    given, _, page = made
    assert not re.search(r'(?:src|href)="http', page) and len(page) < 3e6
    assert page == explorer_cortex.page(**given), "the same run makes the same page"
    given = {**given, "labels": {**given["labels"], "subject": HOSTILE}}
    hostile = ParsedPage(explorer_cortex.page(**given))
    assert HOSTILE in hostile.find("h1")[0].text and not hostile.find("img")


def test_a_run_without_a_vertex_or_on_meshes_that_fill_the_page_is_refused(made):
    given = made[0]
    with pytest.raises(InputError, match="every vertex of the cortex is constant"):
        explorer_cortex.page(**{**given, "series": np.full_like(given["series"], np.nan)})
    with pytest.raises(InputError, match=r"have 20484 vertices, which take 0\.\d MB of a page of 0\.3 MB"):
        explorer_cortex.page(**given, whole=3e5)

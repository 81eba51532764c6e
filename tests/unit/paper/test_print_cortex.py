"""Panels of a paper on the cortical surface: which hemispheres, which vertices, which colours, which words."""

import json
from itertools import pairwise

import numpy as np
import pytest
from made_surfaces import OPTIONS, N, brain_models, own_meshes, walls
from nilearn.datasets import load_fsaverage

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.figures import style
from seed_to_voxel.images import layouts, meshes
from seed_to_voxel.paper import figure
from seed_to_voxel.study.paper import grid

LABELS = {"subject": "01", "task": "rest", "space": "fsaverage5"}
SEED = {"label": "PCC", "name": "Cingulate", "x": -5, "y": -50, "z": 24, "hemisphere": "L", "vertex": 2393}
SEED |= {"n_voxels": 2, "n_voxels_in_mask": 2}
BASE = {"run": LABELS, "seed": "PCC", "title": "", "surfaces": OPTIONS}
MAP = {**BASE, "kind": "surface", "threshold": 0.5, "vmax": 1, "cmap": "RdBu_r"}
AT_SIDE = {"pial": {"views": ["lateral"]}, "inflated": {"views": ["medial"]}, "flat": {}}
PAIR = layouts.Hemispheres([N, N])


@pytest.fixture(scope="module", autouse=True)
def the_style():
    style.use_style()


def saved(layout, folder, name, values):
    endings = [f"{name}.dscalar.nii"] if isinstance(layout, layouts.Grayordinates) else [f"{name}{h}.gii" for h in "LR"]
    paths = [str(folder / ending) for ending in endings]
    layout.save(paths, values)
    return paths


def described(folder, **more):
    (folder / "run.json").write_text(json.dumps({"Seeds": [SEED], "RepetitionTime": 2.0, **more}))
    return str(folder / "run.json")


def about_map(folder):
    (folder / "map.json").write_text(json.dumps({"Seed": SEED, "DegreesOfFreedom": 40.0}))
    return str(folder / "map.json")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A map with a patch of 0.8 around a vertex of the left hemisphere, and the files beside it."""
    folder = tmp_path_factory.mktemp("run")
    brain = ~np.concatenate(list(walls().values()))
    r = np.where(brain, 0.1, np.nan).astype(np.float32)
    r[meshes.template("fsaverage5", OPTIONS)["L"].around(2393, 15)] = 0.8
    rows = [["seed", "place", "in_mask"], ["PCC", "2393", "1"], ["PCC", str(N + 5), "1"], ["V1", "9", "1"]]
    (folder / "seeds.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    (folder / "series.tsv").write_text("voxel10\tvoxel45\n" + "0.5\t-1\n-0.5\t1\n" * 20)
    return {
        "map": saved(PAIR, folder, "map", r),
        "mask": saved(PAIR, folder, "mask", brain.astype(np.uint8)),
        "sidecar": described(folder, Places="vertices", NumberOfVolumes=40, CensoredVolumes=[]),
        **{"voxels": str(folder / "seeds.tsv"), "about": about_map(folder)},
        "series": str(folder / "series.tsv"),
    }


def draw(files, layout=("A",), width=90, **panels):
    asked = {"name": "first", "width": width, "heights": [50] * len(layout), "cells": grid("f", layout)}
    named = {f"{letter}_{role}": path for letter in panels for role, path in files.items()}
    return figure.draw({**asked, "panels": panels}, named, 7)


def brains(drawn):
    return [axes for axes in drawn.axes if axes.name == "3d"]


def texts(drawn):
    return [text.get_text() for text in drawn.texts]


def colours(axes):
    """Colours of the triangles that are drawn, in no order."""
    drawn = next(part for part in axes.collections if len(part.get_facecolor()) > 1000)
    return drawn.get_facecolor()[:, :3]


def is_grey(colors):
    return np.ptp(colors, axis=1) < 0.02


def test_views_and_hemispheres_are_those_that_were_asked_for(files):
    whole, said = draw(files, width=183, A=MAP)
    assert len(brains(whole)) == 8 and {"left", "right", "lateral", "ventral"} <= set(texts(whole))
    assert "with each vertex" in said["A"] and "voxel" not in said["A"]
    one, _ = draw(files, A={**MAP, "views": ["posterior"], "hemispheres": ["right"]})
    assert len(brains(one)) == 1 and "right, posterior" in texts(one)
    assert is_grey(colours(brains(one)[0])).all(), "the patch is in the other hemisphere"


def test_names_of_views_do_not_lie_over_one_another(files):
    right = {**BASE, "kind": "seed", "hemispheres": ["right"]}
    drawn, _ = draw(files, width=45, A=right)
    assert {"right", "lateral", "ventral"} <= set(texts(drawn)), "the hemisphere is named once"
    extents = [t.get_window_extent() for t in drawn.texts if t.get_text() in ("lateral", "medial", "dorsal", "ventral")]
    assert all(one.x1 < other.x0 for one, other in pairwise(extents))
    with pytest.raises(
        InputError,
        match=r"^paper.figures: figure first, panel A has no room for 4 views .* 27 mm .*; expected fewer views",
    ):
        draw(files, width=27, A=right)


@pytest.mark.parametrize("width", [36, 40, 44.5, 60])
def test_a_long_label_lies_within_its_panel(files, width):
    drawn, _ = draw(files, width=width, A={**BASE, "kind": "networks"})
    (axes,) = drawn.axes
    box = axes.xaxis.label.get_window_extent(drawn.canvas.get_renderer())
    assert box.x0 >= 0 and box.x1 <= drawn.bbox.x1 and box.y0 >= 0
    assert axes.xaxis.label.get_text().replace("\n", " ") == "Mean Fisher z in a node's sphere of 5 mm"


def test_the_seed_is_marked_unless_it_should_not_be(files):
    asked = {**MAP, "views": ["medial"], "hemispheres": ["left"]}
    dots = [len(brains(draw(files, A={**asked, **more})[0])[0].collections) for more in ({}, {"crosshair": False})]
    assert dots == [2, 1]


def test_the_seed_s_vertices_alone_are_coloured(files):
    both, said = draw(files, A={**BASE, "kind": "seed", "views": ["medial"]})
    triangles = meshes.template("fsaverage5", OPTIONS)["L"].triangles
    for axes, vertex in zip(brains(both), (2393, 5), strict=True):
        coloured = (~is_grey(colours(axes))).sum()
        assert coloured == (triangles == vertex).any(axis=1).sum(), "all triangles around one vertex"
    assert said["A"].startswith(
        "The seed Cingulate: 2 vertices, 1 in the left hemisphere and 1 in the right hemisphere"
    )


@pytest.mark.parametrize("mesh", ["inflated", "pial", "white", "flat"])
def test_a_map_lies_on_the_mesh_that_was_asked_for(files, mesh):
    drawn, _ = draw(files, A={**MAP, "mesh": mesh, "hemispheres": ["left"], "crosshair": False})
    axes = brains(drawn)
    assert len(axes) == (1 if mesh == "flat" else 4)
    expected = load_fsaverage("fsaverage5")[{"white": "white_matter"}.get(mesh, mesh)].parts["left"]
    # Of a closed mesh those triangles that can be seen.
    share = len(colours(axes[0])) / len(expected.faces)
    assert share == 1 if mesh == "flat" else 0.5 < share < 0.75
    on, _ = meshes.for_drawing("fsaverage5", OPTIONS, mesh)
    np.testing.assert_array_equal(on["L"].coordinates, expected.coordinates)


@pytest.mark.parametrize("width", [40, 60, 150])
def test_a_brain_lies_within_its_panel(files, width):
    for mesh in ("pial", "inflated", "flat"):
        drawn, _ = draw(
            files, width=width, A={**BASE, "kind": "seed", "mesh": mesh, "hemispheres": ["left"], **AT_SIDE[mesh]}
        )
        drawn.canvas.draw()
        pixels = np.asarray(drawn.canvas.buffer_rgba())[..., :3]
        assert (pixels[:, [0, -1]] == 255).all() and (pixels[[0, -1]] == 255).all()
        # And fills it.
        inked = (pixels < 250).any(axis=2)
        assert np.ptp(np.flatnonzero(inked.any(axis=0))) > 0.5 * min(pixels.shape[1], pixels.shape[0])


def test_without_folds_greys_are_those_of_light(files):
    two, many = (
        np.unique(colours(brains(draw(files, A={**MAP, "hemispheres": ["right"], "views": ["lateral"], **more})[0])[0]))
        for more in ({}, {"folds": False})
    )
    # Triangles have the mean of three vertices.
    assert len(two) <= 4 < 50 < len(many)
    assert two.min() == pytest.approx(meshes.SULCI, abs=0.01) and two.max() == pytest.approx(meshes.GYRI, abs=0.01)


def test_maps_of_one_range_share_a_colour_bar(files):
    one = {**MAP, "views": ["medial"], "hemispheres": ["left"]}
    for other, n_bars in (({}, 1), ({"threshold": 0.2}, 2)):
        drawn, _ = draw(files, ("AB",), 183, A=one, B={**one, **other})
        assert sum(axes.get_ylabel() == "Pearson r" for axes in drawn.axes) == n_bars


def test_charts_speak_of_vertices(files):
    panels = {"A": {**BASE, "kind": "distribution", "threshold": 0.5}, "B": {**BASE, "kind": "voxels"}}
    drawn, said = draw(files, ("AB",), 183, **panels)
    n = int((~np.concatenate(list(walls().values()))).sum())
    legends = [text.get_text() for axes in drawn.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    assert f"{n:,} vertices" in legends and "vertex 10" in legends
    assert f"over {n} vertices" in said["A"] and said["B"].startswith("Cleaned series of 2 vertices")


def test_nodes_are_means_of_the_vertices_around_them(files):
    drawn, said = draw(files, width=120, A={**BASE, "kind": "networks"})
    offsets = [part.get_offsets() for axes in drawn.axes for part in axes.collections if len(part.get_offsets())]
    z = np.concatenate(offsets)[:, 0]
    # Everywhere 0.1, and 0.8 in a patch at the seed.
    assert np.isclose(z, np.arctanh(0.1), atol=1e-3).sum() > 80 and z.max() > 0.3
    assert said["A"].startswith("Profile of the seed Cingulate (subject 01, task rest)")


def test_a_group_is_coloured_where_it_passes(tmp_path):
    effect = np.full(2 * N, 0.25, dtype=np.float32)
    effect[walls()["L"].nonzero()[0]] = np.nan
    passing = meshes.template("fsaverage5", OPTIONS)["R"].around(2393, 15)
    p = np.zeros(2 * N, dtype=np.float32)
    p[N + passing] = 3
    files = {name: saved(PAIR, tmp_path, name, values) for name, values in (("map", effect), ("z", effect), ("p", p))}
    group = {"model": "m", "contrast": "c", "seed": "PCC", "joint": False, "highlight": False, "level": 0.05}
    group |= {
        "kind": "surface",
        "title": "",
        "of_p": "over voxels",
        "vmax": None,
        "cmap": "RdBu_r",
        "surfaces": OPTIONS,
    }
    drawn, said = draw(files, A={**group, "views": ["lateral"]})
    left, right = (~is_grey(colours(axes)) for axes in brains(drawn))
    triangles = meshes.template("fsaverage5", OPTIONS)["R"].triangles
    assert not left.any() and right.sum() == pytest.approx(np.isin(triangles, passing).any(axis=1).sum(), rel=0.02)
    assert f"{len(passing)} of " in said["A"] and "vertices pass at p < 0.05 (over vertices)" in said["A"]
    (bar,) = (axes for axes in drawn.axes if axes.get_ylabel() == "Effect (Fisher z)")
    assert bar.get_ylim() == pytest.approx((-0.25, 0.25))


def test_a_cifti_map_is_drawn_on_its_own_meshes_and_its_voxels_are_said_to_be_left_out(tmp_path):
    options, layout = own_meshes(tmp_path), layouts.Grayordinates(brain_models())
    r = np.full(layout.shape, 0.9, dtype=np.float32)
    files = {
        "map": saved(layout, tmp_path, "map", r),
        "mask": saved(layout, tmp_path, "mask", np.ones_like(r)),
        **{"sidecar": described(tmp_path), "about": about_map(tmp_path)},
    }
    drawn, said = draw(files, A={**MAP, "surfaces": options, "views": ["lateral"]})
    assert len(brains(drawn)) == 2 and not is_grey(colours(brains(drawn)[0])).all()
    assert "with each grayordinate" in said["A"] and said["A"].endswith("Voxels of the file are counted and not drawn.")
    (tmp_path / "seeds.tsv").write_text(f"seed\tplace\tin_mask\nPCC\t{len(r) - 1}\t1\n")
    asked = {**BASE, "kind": "seed", "surfaces": options, "views": ["lateral"], "hemispheres": ["left"]}
    _, said = draw({**files, "voxels": str(tmp_path / "seeds.tsv")}, A=asked)
    assert said["A"].startswith("The seed Cingulate: 1 grayordinates, none of them on the cortex (")

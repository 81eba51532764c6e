"""Maps on the cortical surface, drawn on meshes of eight triangles a hemisphere."""

import io
from dataclasses import replace

import numpy as np
import pytest
from made_surfaces import OPTIONS
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from seed_to_voxel.figures import cortex, kinds, published, style
from seed_to_voxel.images import meshes
from seed_to_voxel.images.meshes import Mesh

LOOK = {"threshold": 0.2, "vmax": 1.0, "cmap": "RdBu_r"}


@pytest.fixture
def octahedra():
    """A mesh of six vertices for each hemisphere."""
    points = 30.0 * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    triangles = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
    return {h: Mesh(points + np.array([x, 0, 0]), triangles, np.eye(4)) for h, x in (("L", -40), ("R", 40))}


@pytest.mark.parametrize("lacking", ["L", "R"])
def test_a_map_of_one_hemisphere_is_drawn_and_the_other_one_grey(octahedra, lacking):
    own = "R" if lacking == "L" else "L"
    values = {lacking: np.empty(0, np.float32), own: np.linspace(0.6, 0.9, 6, dtype=np.float32)}
    greys = {hemisphere: np.full(6, 0.6) for hemisphere in "LR"}
    picture = cortex.CorticalThumbnails(octahedra, greys, **LOOK).draw(values)
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    columns = np.flatnonzero((np.ptp(pixels, axis=2) > 50).any(axis=0))
    # The left hemisphere's two pictures come first.
    half = pixels.shape[1] / 2
    assert len(columns) and ((columns < half) == (own == "L")).all()
    seed = {"hemisphere": own, "vertex": 0}
    figure = cortex.plot_map(values, octahedra, greys, seed, title="Map", remark="", label="semipartial r", **LOOK)
    assert [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()] == ["semipartial r"]
    sides = ["left"] * 4 + ["right"] * 4
    views = [axes for axes in figure.axes if axes.name == "3d"]
    coloured = {
        side
        for side, axes in zip(sides, views, strict=True)
        if (np.ptp(axes.collections[0].get_facecolor()[:, :3], axis=1) > 0.2).any()
    }
    assert coloured == {"left" if own == "L" else "right"}


@pytest.mark.parametrize("side", ["L", "R"])
def test_a_seed_is_drawn_in_its_hemisphere_on_the_mean(octahedra, side):
    mean = {hemisphere: np.linspace(500.0, 1000.0, 6) for hemisphere in "LR"}
    mean["L"][5] = np.nan
    own = {hemisphere: np.zeros(6) for hemisphere in "LR"}
    own[side][[0, 2]] = 1
    figure = cortex.plot_location(mean, own, octahedra, "Seed", "subtitle", "")
    views = [axes for axes in figure.axes if axes.name == "3d"]
    for row, hemisphere in enumerate("LR"):
        # Seen from the right: medial of the left hemisphere, lateral of the right one. Four triangles look there.
        colors = views[4 * row + (hemisphere == "L")].collections[0].get_facecolor()[:, :3]
        assert len(colors) == 4
        orange = np.abs(colors - to_rgb(style.OUTLINE)).max(axis=1) < 0.01
        # In order of their depth: the two that have both vertices, one of them among the lower two.
        assert orange.sum() == (2 if hemisphere == side else 0)
        # The vertex without data is a corner of the lower two, which are bluer than grey.
        bluish = colors[:, 2] - colors[:, 0] > 0.01
        assert (bluish & ~orange).sum() == ((1 if side == "L" else 2) if hemisphere == "L" else 0)
    nowhere = cortex.plot_location(mean, {h: np.zeros(6) for h in "LR"}, octahedra, "Seed", "", "")
    assert any("made of voxels" in text.get_text() for text in nowhere.texts)


def test_the_dot_of_a_seed_is_on_its_vertex_and_the_mesh_stays_where_it_is(octahedra):
    values, greys = ({h: np.full(6, value, np.float32) for h in "LR"} for value in (0.3, 0.6))
    octahedra = {
        h: replace(mesh, coordinates=mesh.coordinates + np.array([0, 17, -9])) for h, mesh in octahedra.items()
    }
    before = {h: mesh.coordinates.copy() for h, mesh in octahedra.items()}
    figure = Figure(figsize=(4, 4))
    seed = {"hemisphere": "R", "vertex": 0}
    seen = {"views": ["lateral"], "hemispheres": ["right"]}
    cortex.draw_map(figure, (0, 0, 1, 0.9), values, octahedra, greys, seed, **LOOK, **seen)
    FigureCanvasAgg(figure).draw()
    triangles, dot = figure.axes[0].collections
    # The vertex that all four share that are seen from the right.
    found = [np.abs(path.vertices - dot.get_offsets()[0]).max(axis=1).min() for path in triangles.get_paths()]
    assert len(found) == 4 and max(found) < 1e-6
    for hemisphere, coordinates in before.items():
        np.testing.assert_array_equal(octahedra[hemisphere].coordinates, coordinates)


def test_triangles_of_a_closed_surface_look_outwards_whichever_way_they_turn(octahedra):
    mesh = octahedra["R"]
    normals = mesh.outward
    middles = mesh.coordinates[mesh.triangles].mean(axis=1) - mesh.coordinates.mean(axis=0)
    np.testing.assert_allclose(normals, middles / np.linalg.norm(middles, axis=1, keepdims=True))
    np.testing.assert_allclose(replace(mesh, triangles=mesh.triangles[:, ::-1]).outward, normals)
    # With a border, or where neighbours do not turn the same way, nothing is known to be behind.
    assert replace(mesh, triangles=mesh.triangles[1:]).outward is None
    mixed = np.vstack([mesh.triangles[:1, ::-1], mesh.triangles[1:]])
    assert replace(mesh, triangles=mixed).outward is None


@pytest.mark.parametrize("kind", ["inflated", "pial"])
def test_what_is_behind_is_left_out_and_the_picture_is_the_same(monkeypatch, kind):
    drawn, greys = meshes.for_drawing("fsaverage5", OPTIONS, kind, True)
    values = {h: np.sin(mesh.coordinates[:, 1] / 8).astype(np.float32) for h, mesh in drawn.items()}

    def picture():
        figure = Figure(figsize=(6, 4))
        seen = {"views": [*cortex.VIEWS, "anterior", "posterior"], "hemispheres": ["left"]}
        cortex.draw_map(figure, (0, 0, 1, 0.9), values, drawn, greys, None, **LOOK, **seen)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        counts = [len(axes.collections[0].get_facecolor()) for axes in figure.axes]
        return np.asarray(canvas.buffer_rgba()), counts

    pixels, counts = picture()
    monkeypatch.setattr(cortex, "AROUND", 2)
    whole, all_counts = picture()
    assert all_counts == [len(drawn["L"].triangles)] * 6
    assert all(0.4 < count / all_counts[0] < 0.8 for count in counts)
    # Triangles are drawn in the order of their middles: now and then, one behind came before one in front.
    assert (pixels != whole).any(axis=-1).mean() < 5e-5


def test_a_coordinate_that_is_rounded_to_0_has_no_sign():
    table = {
        "cluster": [1],
        "hemisphere": ["L"],
        "x": [-0.3],
        "y": [-52.0],
        "z (mm)": [-0.2],
        "z": [-0.2],
        "vertex": [7],
        "peak_r": [0.5],
        "peak_z": [4.0],
        "mean_r": [0.4],
        "area_mm2": [120.0],
    }
    written = [text.get_text() for text in cortex.plot_clusters(table, "Clusters", "", "").texts]
    assert written.count("0") == 2 and "-52" in written and "-0" not in written


def test_titles_call_a_vertex_a_vertex_and_places_have_a_tenth_of_a_millimetre():
    labels = {"subject": "1", "space": "fsaverage5"}
    titles = [published.map_title({"label": "PCC"}, labels, words) for words in ("voxels", "vertices", "grayordinates")]
    assert [title.split(" (")[0] for title in titles] == [
        "Seed-to-voxel correlation",
        "Seed-to-vertex correlation",
        "Seed-to-grayordinate correlation",
    ]
    assert kinds.in_mm({"x": -5.29871, "y": -0.04, "z": 24}) == "(-5.3, 0, 24) mm"

"""Maps on planes: the right voxel at the right pixel."""

import os
import subprocess
import sys

import matplotlib.pyplot as plt
import nibabel
import numpy as np
import pytest
from conftest import ROOT, SCHEMA
from made_maps import AFFINE, SEED, SHAPE, a_map, brain_of, ordinary, world
from matplotlib.backends.backend_agg import FigureCanvasAgg

from seed_to_voxel.figures import brains, published, slices, style
from seed_to_voxel.inputs import shipped


def test_the_template_is_the_one_that_nilearn_names():
    from nilearn.datasets.struct import MNI152_FILE_PATH

    assert shipped.file(shipped.TEMPLATE) == MNI152_FILE_PATH


def test_the_templates_range_is_what_was_noted():
    data, _ = slices.template()
    assert (data.max(), np.percentile(data, 99.5)) == slices.TEMPLATE_RANGE


def test_cold_and_hot_are_nilearns():
    from nilearn.plotting.cm import cold_hot

    levels = np.linspace(0, 1, 256)
    np.testing.assert_allclose(slices.colormap("cold_hot")(levels), cold_hot(levels), atol=0.02)


DRAW = """
import sys
import nibabel
import numpy
from seed_to_voxel.figures import published, style
style.use_style()
image = nibabel.Nifti1Image(numpy.full((20, 20, 20), 0.7, numpy.float32), numpy.diag([4, 4, 4, 1]))
for cmap in sys.argv[1:]:
    drawn = published.plot_map(image, image.get_fdata() != 0, {"x": 8, "y": 8, "z": 8}, 0.5, 1, "Map", cmap)
    style.save(drawn, cmap)
print(*{"nilearn.plotting", "nilearn.datasets", "sklearn", "scipy.stats", "pandas"} & set(sys.modules))
"""


def test_a_runs_map_is_drawn_in_every_colour_without_importing_what_takes_longer(tmp_path):
    colors = SCHEMA["properties"]["maps"]["properties"]["cmap"]["enum"]
    command = [sys.executable, "-c", DRAW, *colors]
    scripts = {**os.environ, "PYTHONPATH": str(ROOT / "workflow" / "scripts")}
    done = subprocess.run(command, cwd=tmp_path, env=scripts, check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
    assert sorted(path.stem for path in tmp_path.glob("*.pdf")) == sorted(colors)


@pytest.mark.parametrize("turned", [False, True])
def test_a_plane_has_the_values_that_nilearn_resamples_it_to(turned):
    from nilearn.image import resample_img

    affine = AFFINE.copy()
    if turned:
        angle = 0.3
        affine[:2, :2] = affine[:2, :2] @ [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    image = nibabel.Nifti1Image(np.random.default_rng(0).normal(size=SHAPE).astype(np.float32), affine)
    low, high = slices.BOX.T
    grid = np.eye(4)
    grid[:3, 3] = low
    whole = resample_img(
        image, grid, (high - low + 1).tolist(), interpolation="nearest", force_resample=True, copy_header=True
    ).get_fdata()
    for position, (cut, place) in enumerate({"x": 1, "y": -51, "z": 19}.items()):
        expected = np.moveaxis(whole, position, 0)[place - low[position]].T[::-1].astype(np.float32)
        points = slices.plane(cut, place)
        voxels = (points - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
        # nilearn ends an image at the middle of its last voxels; half-way between two, either is the nearest.
        clear = (np.abs(voxels - np.floor(voxels) - 0.5) > 1e-6).all(axis=-1)
        clear &= ((voxels >= 0) & (voxels <= np.array(SHAPE) - 1)).all(axis=-1)
        assert clear.mean() > 0.5
        assert np.array_equal(slices.sample(image.get_fdata(), affine, points)[clear], expected[clear])


@pytest.mark.parametrize(
    ("voxel", "origin", "step"),
    [(2, (90, -126, -72), 1), (4, (-96, -132, -78), 1), (4, (-96, -132, -78), 2), (2, (-96.5, -132.5, -78.5), 1)],
    ids=["FSL", "4 mm", "thumbnail", "TemplateFlow"],
)
def test_all_voxels_are_drawn_alike(voxel, origin, step):
    """Also where pixels lie half-way between voxels."""
    affine = np.diag([-voxel if origin[0] > 0 else voxel, voxel, voxel, 1.0])
    affine[:3, 3] = origin
    shape = (97, 115, 97) if voxel == 2 else (49, 58, 49)
    for axis in range(3):
        numbered = np.arange(shape[axis]).reshape([-1 if other == axis else 1 for other in range(3)])
        cut = "xyz"[(axis + 1) % 3]
        drawn = slices.sample(np.broadcast_to(numbered, shape), affine, slices.plane(cut, 0, step))
        along = drawn[0] if slices.ACROSS_AND_UP[cut][0] == axis else drawn[:, 0]
        inner = np.unique(along, return_counts=True)[1][2:-2]
        assert inner.size > 20
        assert (inner == voxel / step).all()


def test_a_sample_outside_of_an_image_is_zero():
    points = np.array([[0.0, 0, 0], [500, 0, 0]])
    assert slices.sample(np.ones(SHAPE), AFFINE, points).tolist() == [1, 0]


def test_colours_begin_at_the_threshold_and_nothing_else_is_coloured():
    values = np.full(SHAPE, 0.49)
    values[world()[..., 0] > 0] = 0.5
    values[world()[..., 2] > 30] = np.nan
    (panel,) = slices.Underlay([("y", -20.0)]).lay(a_map(values), 0.5, 1, "RdBu_r")
    coloured = np.ptp(panel.astype(int), axis=2) > 30
    points = slices.plane("y", -20.0)
    assert coloured.any()
    # A voxel reaches half its width beyond its middle.
    assert points[coloured][:, 0].min() == 0
    assert points[coloured][:, 2].max() <= 34
    (empty,) = slices.Underlay([("y", -20.0)]).lay(a_map(np.zeros(SHAPE)), 0, 1, "RdBu_r")
    assert not (np.ptp(empty.astype(int), axis=2) > 0).any()


@pytest.mark.parametrize("moved", [{}, {"y": 95.0, "z": -90.0}])
def test_a_pixel_of_the_figure_is_a_millimetre(moved):
    """Each panel stands in the picture as it was laid, but for the cross, the marker and the letters."""
    seed = {**SEED, **moved}
    figure = published.plot_map(ordinary(), brain_of(ordinary()), seed, 0.5, 1, "Map")
    figure.set_dpi(style.DPI["png"])
    for axes in figure.axes[:3]:
        for drawn in [*axes.lines, *axes.collections, *axes.texts]:
            drawn.remove()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    centre = [seed[axis] for axis in "xyz"]
    panels = slices.Underlay(zip("xyz", centre, strict=True)).lay(ordinary(), 0.5, 1, "RdBu_r")
    for axes, panel in zip(figure.axes, panels, strict=False):
        left, bottom = np.rint(axes.get_window_extent().min).astype(int)
        top = pixels.shape[0] - bottom - panel.shape[0]
        assert np.array_equal(pixels[top : top + panel.shape[0], left : left + panel.shape[1]], panel)
    plt.close(figure)


def test_a_pixel_of_the_mosaic_is_two_millimetres_and_its_slices_rise():
    figure = brains.plot_mosaic(ordinary(), 0.5, 1, "Map", "", "", "RdBu_r")
    *axes, _ = figure.axes
    heights = [int(axis.texts[0].get_text().removeprefix("z=")) for axis in axes]
    places = [axis.get_position() for axis in axes]
    assert heights == sorted(heights) and len(heights) == 21
    assert sorted(range(21), key=lambda k: (-round(places[k].y0, 3), places[k].x0)) == list(range(21))
    for axis in axes:
        for drawn in list(axis.texts):
            drawn.remove()
    figure.set_dpi(style.DPI["png"])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    panels = slices.Underlay([("z", z) for z in heights], brains.MOSAIC_STEP).lay(ordinary(), 0.5, 1, "RdBu_r")
    for axis, panel in zip(axes, panels, strict=True):
        left, bottom = np.rint(axis.get_window_extent().min).astype(int)
        top = pixels.shape[0] - bottom - panel.shape[0]
        assert np.array_equal(pixels[top : top + panel.shape[0], left : left + panel.shape[1]], panel)
    plt.close(figure)


@pytest.mark.parametrize("label", ["Pearson r", "semipartial r"])
def test_the_colour_bar_says_what_the_colours_are(label):
    figure = published.plot_map(ordinary(), brain_of(ordinary()), SEED, 0.5, 1, "Map", label=label)
    assert [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()] == [label]


def test_the_cross_is_at_the_seed_and_right_is_right():
    figure = published.plot_map(ordinary(), brain_of(ordinary()), {**SEED, "x": 40.0}, 0.5, 1, "Map")
    sagittal, coronal, axial = figure.axes[:3]
    assert [axes.collections[0].get_offsets()[0].tolist() for axes in (sagittal, coronal, axial)] == [
        [-52, 18],
        [40, 18],
        [40, -52],
    ]
    for axes in (coronal, axial):
        sides = {text.get_text(): text.get_window_extent().x0 for text in axes.texts}
        assert sides["L"] < sides["R"]
        assert axes.transData.transform((40, 0))[0] > axes.transData.transform((-40, 0))[0]
    assert {text.get_text() for text in sagittal.texts} == {"x=40"}
    plt.close(figure)


def test_a_run_outside_of_mni_is_laid_over_its_own_mean():
    """A brain 300 mm away from the MNI box, bright in its left half."""
    affine = np.array([[4.0, 0, 0, 200], [0, 4, 0, 150], [0, 0, 4, -400], [0, 0, 0, 1]])
    mean = np.zeros((30, 36, 30), dtype=np.float32)
    mean[5:25, 5:31, 5:25] = 500
    mean[5:15, 5:31, 5:25] = 1000
    middle = affine[:3, :3] @ [14.5, 17.5, 14.5] + affine[:3, 3]
    background = nibabel.Nifti1Image(mean, affine)
    underlay = slices.Underlay([("z", middle[2])], 1, background)
    np.testing.assert_array_equal(underlay.box[:, 1] - underlay.box[:, 0], slices.BOX[:, 1] - slices.BOX[:, 0])
    assert np.abs(underlay.box.mean(axis=1) - middle).max() <= 1
    r = np.zeros_like(mean)
    r[20, 17, 15] = 0.9
    (panel,) = underlay.lay(nibabel.Nifti1Image(r, affine), 0.5, 1, "RdBu_r")
    assert panel.shape[:2] == (217, 181)
    height = panel.shape[0]
    at = {name: panel[height // 2, int(x - underlay.box[0, 0])] for name, x in (("left", 240), ("right", 270))}
    assert (np.ptp(at["left"]), np.ptp(at["right"])) == (0, 0)
    assert at["left"][0] > at["right"][0], "the left half of the brain is brighter"
    assert (panel[5, 5] == 255).all(), "white outside of the brain"
    x, y = (affine[:3, :3] @ [20, 17, 15] + affine[:3, 3])[:2]
    red = panel[int(underlay.box[1, 1] - y), int(x - underlay.box[0, 0])].astype(int)
    assert red[0] - red[2] > 80

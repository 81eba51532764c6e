"""Figures of groups: what passes is coloured, what does not is not hidden, and designs are legible."""

import numpy as np
import pandas
import pytest

from seed_to_voxel.figures import brains, group_designs, group_maps, slices, style
from seed_to_voxel.groups.designs import Design

AFFINE = np.array([[4.0, 0, 0, -96], [0, 4, 0, -132], [0, 0, 4, -78], [0, 0, 0, 1]])
SHAPE = (50, 59, 50)
PASSING, WEAK = (20, 30, 25), (30, 30, 25)
"""Two voxels on the plane z = 22 mm."""


@pytest.fixture(autouse=True)
def the_style():
    style.use_style()


def shown(**changes):
    values, z, p = (np.zeros(SHAPE) for _ in range(3))
    values[10:40, 10:50, 15:35] = 0.001
    z[values != 0] = 0.01
    for voxel, effect, deviate, strength in ((PASSING, 0.5, 5.0, 2.0), (WEAK, -0.5, 2.5, 0.3)):
        values[voxel], z[voxel], p[voxel] = effect, deviate, strength
    made = {"values": values, "z": z, "minus_log10_p": p, "level": 0.05, "affine": AFFINE}
    return group_maps.Shown(**{**made, "of_values": "effect", "of_p": "family-wise", "one_sided": False, **changes})


def pixel(panel, voxel):
    """The colour of a voxel's middle on an axial plane of 2 mm a pixel."""
    place = AFFINE[:3, :3] @ voxel + AFFINE[:3, 3]
    column, row = round((place[0] + 90) / 2), round((90 - place[1]) / 2)
    return panel[row, column].astype(int)


def test_what_passes_is_said_in_numbers():
    said = shown().sentence
    assert said.startswith("1 of ") and "1 with positive effect" in said and "from 0.5 to 0.5" in said
    nothing = shown(minus_log10_p=np.zeros(SHAPE)).sentence
    assert nothing.startswith("0 of ") and "from" not in nothing
    # A p of exactly the level passes, whatever single precision makes of it.
    edge = np.zeros(SHAPE, dtype=np.float32)
    edge[PASSING] = -np.log10(0.05)
    assert shown(minus_log10_p=edge).passing.sum() == 1


@pytest.mark.parametrize(("top", "vmax"), [(0.431, 0.44), (12.01, 13), (0.0, 1)])
def test_colours_end_at_two_digits(top, vmax):
    values = np.zeros(SHAPE)
    values[:10] = top
    assert shown(values=values).vmax == pytest.approx(vmax)


def test_what_does_not_pass_is_half_transparent_and_what_passes_is_outlined():
    made = shown()
    underlay = slices.Underlay([("z", 22)], brains.MOSAIC_STEP)
    (below,) = underlay.lay(made.image(np.zeros(SHAPE)), 0, 1, "RdBu_r")
    (hidden,) = underlay.lay(made.image(np.where(made.passing, made.values, 0)), 0, 0.5, "RdBu_r")
    opacity = np.where(made.passing, 1, np.minimum(0.85, (np.abs(made.z) / 5) ** 2))
    (lit,) = underlay.highlight(made.image(made.values), made.image(opacity), made.image(made.passing), 0.5, "RdBu_r")
    # Where only the passing voxel is coloured, the weak one looks like the brain below.
    np.testing.assert_array_equal(pixel(hidden, WEAK), pixel(below, WEAK))
    blue = np.array(slices.colormap("RdBu_r")(0.0)[:3]) * 255
    expected = 0.25 * blue + 0.75 * pixel(below, WEAK)
    np.testing.assert_allclose(pixel(lit, WEAK), expected, atol=2)
    # A voxel of 4 mm is two pixels wide: all of them are its outline.
    assert pixel(lit, PASSING).sum() == 0


@pytest.mark.parametrize("highlight", [True, False])
def test_a_figure_says_when_nothing_passes(highlight):
    nothing = shown(minus_log10_p=np.zeros(SHAPE))
    figure = group_maps.plot(nothing, highlight, "Title", "Subtitle", "RdBu_r")
    texts = [text.get_text() for text in figure.texts]
    assert "No voxel passes at p < 0.05 (family-wise)." in texts
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert "Effect" in labels and len(figure.axes) == 22


def test_a_figure_says_when_nothing_can_pass():
    # Three against three: 20 ways to share six subjects out, of which two give each t up to its sign.
    said = "6 subjects allow no p below 0.1: nothing can pass 0.05."
    nothing = shown(minus_log10_p=np.zeros(SHAPE), out_of_reach=said)
    figure = group_maps.plot(nothing, True, "Title", "Subtitle", "RdBu_r")
    texts = [text.get_text() for text in figure.texts]
    assert said in texts and not any(text.startswith("No voxel passes") for text in texts)
    assert nothing.sentence.endswith(f"(family-wise). {said}")


def test_a_bar_of_f_begins_at_zero():
    figure = group_maps.plot(shown(one_sided=True, of_values="F"), True, "T", "S", "RdBu_r")
    bar = next(axes for axes in figure.axes if axes.get_ylabel() == "F")
    assert bar.get_ylim()[0] == 0


@pytest.mark.parametrize("n", [12, 200])
def test_a_design_is_drawn_with_its_names(n, tmp_path):
    rows, age = [f"sub-{number:03d}" for number in range(n)], np.linspace(-1, 1, n)
    names = ["Intercept", "group[patient]", "age", "group[patient]:age"]
    group = np.arange(n) % 2
    matrix = np.column_stack([np.ones(n), group, age, group * age])
    design = Design(rows, rows, names, matrix, {}, None, [], [], pandas.DataFrame())
    figure, alt = group_designs.plot_design(design, "two")
    assert alt == f"{n} rows of {n} subjects, 4 columns: {', '.join(names)}."
    (constant,) = set(figure.axes[0].images[0].get_array()[:, 0])
    alone = Design(rows, rows, names[:1], matrix[:, :1], {}, None, [], [], pandas.DataFrame())
    figure_of_one, alt_of_one = group_designs.plot_design(alone, "one")
    assert set(figure_of_one.axes[0].images[0].get_array().ravel()) == {constant}
    assert [one.axes[0].images[0].get_clim() for one in (figure, figure_of_one)] == [(0, 1)] * 2
    assert "1 column: " in alt_of_one
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    shown_rows = [label.get_text() for label in axes.get_yticklabels()]
    assert shown_rows == (rows if n <= group_designs.MOST_ROWS else [rows[0], rows[-1]])
    style.save(figure, tmp_path / "design", alt)
    # No name is cut off at the figure's edge.
    canvas = figure.canvas.get_renderer()
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        box, whole = label.get_window_extent(canvas), figure.bbox
        assert box.x0 >= whole.x0 and box.y0 >= whole.y0 and box.x1 <= whole.x1

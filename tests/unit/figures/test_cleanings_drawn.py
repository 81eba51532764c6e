"""Cleanings side by side: the right map in the right row, with its numbers."""

import nibabel
import numpy as np
import pytest

from seed_to_voxel.figures import cleanings as figures
from seed_to_voxel.figures import cortex, style
from seed_to_voxel.statistics import cleanings

AFFINE = np.array([[4.0, 0, 0, -92], [0, 4, 0, -126], [0, 0, 4, -72], [0, 0, 0, 1]])
SHAPE = (47, 56, 46)
CENTRE = (-40.0, -20.0, 32.0)


def row(name, r, excluded=None, background=None):
    """A map that is r in the left half of the brain and nothing on the right."""
    names, planes = figures.underlay(CENTRE, background)
    data = np.zeros(SHAPE, dtype=np.float32)
    data[: SHAPE[0] // 2] = r
    values = data[data != 0]
    left = {"NumberOfVolumesKept": 88, "DegreesOfFreedomWhiteNoise": 31.5}
    nu = None if excluded else 28.0
    stands_out = ("default", None if excluded else 0.81, 0.7)
    numbers = cleanings.row(
        "A",
        name,
        left,
        nu,
        values,
        np.linspace(-0.4, 0.5, values.size),
        np.ones(values.size, bool),
        0.05,
        stands_out,
        excluded,
    )
    panels = planes.lay(nibabel.Nifti1Image(data, AFFINE), 0.5, 1.0, "RdBu_r")
    return names, planes, figures.Row(numbers, f"what {name} does", panels, np.histogram(values, figures.BINS)[0])


@pytest.fixture
def drawn():
    style.use_style()
    names, planes, main = row("main", 0.7)
    others = [row("gsr", -0.8)[2], row("none", np.nan, "12 volumes are left")[2]]
    return figures.plot([main, *others], names, "Title", "Subtitle", 0.5, 1.0, "RdBu_r", planes.box), main, others


def distributions(figure):
    return [axes for axes in figure.axes if axes.patches and not axes.images and axes.get_xlim() == (-1.0, 1.0)]


def test_planes_go_through_the_seed_and_lie_away_from_it():
    names, planes = figures.underlay(CENTRE)
    assert names[:3] == ["x = -40", "y = -20", "z = 32"] and len(names) == len(planes.points) == 6
    heights = [int(name.split()[-1]) for name in names[3:]]
    assert heights == sorted(heights) and all(abs(height - 32) > 8 for height in heights)


def test_every_cleaning_has_a_row_with_its_own_map(drawn):
    figure, main, others = drawn
    pictures = [axes for axes in figure.axes if axes.images]
    assert len(pictures) == 3 * 6
    shown = [np.asarray(axes.images[0].get_array()) for axes in pictures]
    for number, own in enumerate((main, *others)):
        for panel, picture in zip(own.panels, shown[6 * number : 6 * number + 6], strict=True):
            np.testing.assert_array_equal(picture, panel)
    # Red where r is positive, blue where it is negative, on the left alone; nothing where there is no map.
    reddest = [
        (panel[..., 0].astype(int) - panel[..., 2]) for panel in (main.panels[2], *(one.panels[2] for one in others))
    ]
    half = reddest[0].shape[1] // 2
    assert reddest[0][:, : half - 2].max() > 100 and reddest[1][:, : half - 2].min() < -100
    assert np.abs(reddest[2]).max() == 0 and all(np.abs(one[:, half + 2 :]).max() == 0 for one in reddest)


def test_it_says_where_the_critical_r_does_not_hold(drawn):
    figure, main, others = drawn
    remark = "supposes a mean of 0"
    assert not any(remark in text.get_text() for text in figure.texts)
    names, planes, _ = row("main", 0.7)
    look = ("Title", "Subtitle", 0.5, 1.0, "RdBu_r", planes.box)
    figure = figures.plot([main, *others], names, *look, ["gsr"])
    (said,) = [text.get_text() for text in figure.texts if remark in text.get_text()]
    assert said.startswith("– gsr: critical |r|")
    # Its number and its dashed lines are not shown.
    written = [text.get_text() for text in figure.texts]
    assert (
        sum("critical |r| –" in text for text in written) == 1
        and sum("critical |r| 0.37" in text for text in written) == 1
    )
    at = [[round(line.get_xdata()[0], 6) for line in axes.lines] for axes in distributions(figure)]
    critical = round(main.numbers["critical_r"], 6)
    assert others[0].numbers["critical_r"] is not None and at == [[0, -critical, critical], [0], [0]]
    assert "critical |r| –" in figures.sentence("A", [main, *others], ["gsr"])


def test_texts_say_the_numbers(drawn):
    figure, main, others = drawn
    said = [text.get_text() for text in figure.texts]
    assert "main: what main does" in said and "gsr: what gsr does" in said
    assert "no map: 12 volumes are left" in said
    assert figures.in_words(main.numbers) == "ν 28.0, critical |r| 0.37, r < 0 in 0 %, specificity 0.81 (default)"
    gsr = figures.in_words(others[0].numbers)
    assert "r < 0 in 100 %" in gsr
    sentence = figures.sentence("A", [main, *others])
    assert sentence.startswith("Maps of the seed A after several cleanings. main (what main does): ν 28.0")


def test_distributions_have_the_critical_r(drawn):
    figure, main, _ = drawn
    found = distributions(figure)
    assert len(found) == 3
    at = sorted({round(line.get_xdata()[0], 6) for line in found[0].lines})
    critical = round(main.numbers["critical_r"], 6)
    assert at == [-critical, 0, critical]
    assert [round(line.get_xdata()[0], 6) for line in found[2].lines] == [0]


def test_panels_of_the_cortex_are_drawn_as_they_are():
    style.use_style()
    _, _, main = row("main", 0.7)
    panels = [np.full((90, 120, 3), shade, np.uint8) for shade in (10, 90, 170, 250)]
    rows = [figures.Row(main.numbers, main.does, panels, main.counts)]
    figure = figures.plot(rows, cortex.SEEN, "Title", "", 0.5, 1.0, "RdBu_r", None, words="vertices")
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(shown, panels)
    texts = [text.get_text() for text in figure.texts]
    assert texts.index("left lateral") < texts.index("right lateral")
    assert [axes.get_xlabel() for axes in distributions(figure)] == ["r of the vertices"]


def test_a_run_outside_of_mni_space_lies_on_its_own_mean():
    style.use_style()
    mean = nibabel.Nifti1Image(np.full(SHAPE, 900, np.float32), AFFINE)
    names, planes, main = row("main", 0.7, background=mean)
    figure = figures.plot([main], names, "Title", "", 0.5, 1.0, "RdBu_r", planes.box)
    assert len([axes for axes in figure.axes if axes.images]) == 6

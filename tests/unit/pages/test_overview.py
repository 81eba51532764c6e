"""The contact sheet: what is on it, and that its pictures show the maps."""

import base64
import io
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from made_maps import SEED, SHAPE, a_map, blobs, brain, runs_like_each_other
from parsed_page import HOSTILE, ParsedPage
from PIL import Image

from seed_to_voxel.pages import overview

LOOK = (0.5, 1, "RdBu_r")
# Pixels of a thumbnail are 2 mm: 109 along y, 91 along x and z; planes lie side by side, in the middle of 109 rows.
Y, X = 109, 91


@pytest.fixture(scope="module")
def entries():
    return overview.collect(SEED, runs_like_each_other(), *LOOK)


@pytest.fixture(scope="module")
def page(entries):
    return ParsedPage(overview.page(SEED, entries, *LOOK))


def test_runs_are_sorted_by_motion_and_the_odd_one_is_marked(entries, page):
    known = [entry.mean_fd for entry in entries if entry.mean_fd == entry.mean_fd]
    assert known == sorted(known)
    assert all(np.isnan(entry.mean_fd) for entry in entries[len(known) :])
    assert [entry.title for entry in entries if entry.odd] == ["subject 03"]
    (marked,) = page.find("figure", class_="odd")
    assert "subject 03" in marked.text and "Unlike the other runs: its map is not similar to theirs" in marked.text
    assert "One run is unlike the others." in page.find("p")[0].text


def pixels_of(page):
    """Pixels of each picture of a page."""
    for image in page.find("img"):
        head, encoded = image.attributes["src"].split(",")
        assert head == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(encoded))) as opened:
            yield np.asarray(opened.convert("RGB"), dtype=int)


def page_of(*images, seed=SEED, look=LOOK):
    runs = [
        {"title": f"run {n}", "image": image, "mask": brain() != 0, "nu": 9.0, "mean_fd": 0.1 * n}
        for n, image in enumerate(images)
    ]
    return ParsedPage(overview.page(seed, overview.collect(seed, runs, *look), *look))


@pytest.mark.parametrize("cmap", ["RdBu_r", "viridis"])
@pytest.mark.parametrize(("left", "right"), [(-0.8, 0.9), (0.6, -1.0)])
def test_a_thumbnail_has_the_colour_of_r_at_its_place(left, right, cmap):
    (picture,) = pixels_of(page_of(blobs(left=left, right=right), look=(0.5, 1, cmap)))
    row = (Y - X) // 2 + (108 - 18) // 2
    for x, r in ((-40, left), (40, right)):
        expected = 255 * np.array(matplotlib.colormaps[cmap]((1 + r) / 2)[:3])
        # Coronal and axial: left is left. A thumbnail has 96 colours.
        for at in (picture[row, Y + (x + 90) // 2], picture[(90 + 52) // 2, Y + X + (x + 90) // 2]):
            np.testing.assert_allclose(at, expected, atol=10)
    # Between the two there is no r, and the brain is grey; so is the sagittal plane, which meets neither.
    grey = picture[row, Y + 90 // 2]
    assert np.ptp(grey) <= 8 and 90 <= grey.mean() <= 250
    assert (np.ptp(picture[:, :Y], axis=-1) <= 8).all()


def test_the_sagittal_plane_goes_through_the_seed():
    (picture,) = pixels_of(page_of(blobs(right=0.9), seed={**SEED, "x": 40.0}))
    red = picture[:, :Y, 0] - picture[:, :Y, 2] > 60
    rows, columns = np.argwhere(red).T
    assert columns.mean() == pytest.approx((-52 + 126) / 2, abs=2)
    assert rows.mean() == pytest.approx((Y - X) / 2 + (108 - 18) / 2, abs=2)


def test_below_the_threshold_nothing_is_coloured_and_an_empty_map_is_a_brain():
    pictures = list(pixels_of(page_of(blobs(right=0.45), a_map(np.full(SHAPE, np.nan)), blobs())))
    for picture in pictures:
        assert (np.ptp(picture, axis=-1) <= 8).all()
        np.testing.assert_array_equal(picture, pictures[-1])
        # The template is there: grey inside, white around.
        assert (picture[Y // 2, Y // 2] < 250).all() and (picture[0, 0] == 255).all()


def test_every_run_is_described_in_words_and_numbers(entries, page):
    alts = [image.attributes["alt"] for image in page.find("img")]
    assert len(alts) == 8
    for entry, alt, card in zip(entries, alts, page.find("figcaption"), strict=True):
        said = f"mean FD {entry.mean_fd:.2f} mm" if entry.mean_fd == entry.mean_fd else "mean FD n/a"
        for words in (entry.title, said, f"similarity {entry.similarity:.2f}", f"ν\N{NO-BREAK SPACE}{entry.nu:.1f}"):
            assert words in alt and words in card.text
    assert page.asks_for() == []


def test_the_script_gets_what_is_sorted_by_in_the_order_of_the_cards(entries, page):
    runs = page.data["runs"]
    assert [run["title"] for run in runs] == [card.text for card in page.find("strong")[1:]]
    for run, entry in zip(runs, entries, strict=True):
        assert run["fd"] == (None if np.isnan(entry.mean_fd) else pytest.approx(entry.mean_fd, abs=1e-6))
        assert run["share"] == pytest.approx(entry.summary.share, abs=1e-6)
    offered = {option.attributes["value"].lstrip("-") for option in page.find("option")}
    assert offered <= runs[0].keys()


def test_the_scale_is_blank_below_the_threshold(page):
    (scale,) = page.find("div", class_="colors")
    stops = scale.attributes["style"].split("to right, ")[1].rstrip(")").replace("rgb(", "").split(", ")
    assert stops.count("#ccc") == 99
    # 201 colours from -1 to 1, three numbers each where coloured.
    assert len(stops) == 99 + 3 * 102
    (ticks,) = page.find("div", class_="ticks")
    assert "grey: |r| < 0.5" in ticks.text


def test_an_undefined_map_is_said_to_be_empty():
    page = page_of(a_map(np.full(SHAPE, np.nan)))
    assert "the map is empty" in page.find("figure", class_="odd")[0].text
    assert page.data["runs"][0]["share"] is None
    assert "1 run, each" in page.find("p")[0].text


@pytest.mark.parametrize("where", ["seed", "run"])
def test_names_stay_text(entries, where):
    seed = {**SEED, "name": HOSTILE} if where == "seed" else SEED
    shown = [replace(entries[0], title=HOSTILE)] if where == "run" else entries[:1]
    page = ParsedPage(overview.page(seed, shown, *LOOK))
    assert HOSTILE in page.text
    assert len(page.find("img")) == 1 and len(page.find("script")) == 2
    assert page.data["runs"][0]["title"] == shown[0].title

"""The explorer of a run on the cortical surface in a browser: a click makes the map of that vertex, and it turns."""

import re

import nibabel
import numpy as np
import pytest
from in_browser import pixels
from made_cortex import explored
from made_surfaces import N, midthickness, walls

from seed_to_voxel.images import meshes
from seed_to_voxel.pages import explorer_cortex

pytestmark = pytest.mark.browser

SEED = re.compile(r"vertex (\d+) of the (left|right) hemisphere, \((-?[\d.]+), (-?[\d.]+), (-?[\d.]+)\) mm, (\d+) vert")


@pytest.fixture(scope="module")
def run():
    return explored()


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "page.html"
    path.write_text(explorer_cortex.page(**run[0]), encoding="utf-8")
    return path


def opened(open_page, file, address=""):
    page = open_page(file)
    if address:
        page.goto("about:blank")
        page.goto(address)
    page.locator("#loading").wait_for(state="hidden")
    page.locator("#seed", has_text="vert").wait_for()
    return page


@pytest.fixture
def page(file, open_page):
    return opened(open_page, file)


def seed(page):
    """Vertex of both hemispheres that is the seed, and how many vertices it has."""
    own, side, *_, size = SEED.match(page.locator("#seed").inner_text()).groups()
    return int(own) + N * (side == "right"), int(size)


def saved(page, side, path):
    with page.expect_download() as download:
        page.locator(f"#save-{side}").click()
    download.value.save_as(path)
    assert f"_hemi-{side[0].upper()}_seed-X" in download.value.suggested_filename
    return nibabel.load(path)


def click(page, picture, across, down):
    canvas = page.locator(f"#cortex-{picture}")
    box = canvas.bounding_box()
    canvas.click(position={"x": across * box["width"], "y": down * box["height"]})


def moved_on(page, before):
    page.wait_for_function("(text) => document.getElementById('seed').textContent !== text", arg=before)


@pytest.mark.parametrize(("picture", "side", "wanted"), [(0, "left", -1), (1, "right", 1)])
def test_a_click_makes_the_map_of_the_vertex_below_it(run, page, tmp_path, picture, side, wanted):
    before = page.locator("#seed").inner_text()
    click(page, picture, 0.45, 0.4)
    moved_on(page, before)
    vertex, size = seed(page)
    assert size == 1 and page.locator("#here").inner_text().startswith(f"r = 1.00 at vertex {vertex % N} of the {side}")
    # On the side of the head that the picture shows.
    x = midthickness("LR"[picture])[0][vertex % N, 0]
    assert wanted * x > 25
    said = float(re.search(r"r is within ([\d.]+)", page.locator("details").text_content())[1])
    whole = run[1]
    exact = np.array([np.corrcoef(whole[:, vertex], series)[0, 1] for series in whole.T[::7]])
    found = np.concatenate(
        [saved(page, name, tmp_path / f"{name}.func.gii").darrays[0].data for name in ("left", "right")]
    )
    assert np.isfinite(exact).sum() > 2500
    np.testing.assert_array_equal(np.isfinite(found[::7]), np.isfinite(exact))
    # Part of all pairs were compared when the page was made.
    assert np.nanmax(np.abs(found[::7] - exact)) < 1.2 * said
    there = pixels(page.locator(f"#cortex-{picture}").screenshot())
    red = (there[..., 0] - there[..., 2] > 60).sum()
    blue = (there[..., 2] - there[..., 0] > 60).sum()
    page.locator("#threshold").fill("0.95")
    page.wait_for_function("document.getElementById('threshold-value').textContent === '0.95'")
    there = pixels(page.locator(f"#cortex-{picture}").screenshot())
    assert red > 10 * (there[..., 0] - there[..., 2] > 60).sum() and blue > 200


def test_the_medial_wall_is_light_and_no_seed(page):
    wall = np.flatnonzero(walls()["L"])
    before = page.locator("#seed").inner_text()
    click(page, 2, 0.5, 0.55)
    here = page.locator("#here")
    assert int(re.match(r"no r at vertex (\d+) of the left", here.inner_text())[1]) in wall
    assert page.locator("#seed").inner_text() == before
    there = pixels(page.locator("#cortex-2").screenshot())
    middle = there[int(0.55 * len(there)), there.shape[1] // 2]
    assert np.ptp(middle) < 3 and middle.min() > 190


def test_dragging_turns_both_hemispheres_and_leaves_the_seed(page):
    before = [page.locator(f"#cortex-{number}").screenshot() for number in range(4)]
    told = page.locator("#seed").inner_text()
    box = page.locator("#cortex-0").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 320, box["y"] + 190, steps=3)
    page.mouse.up()
    page.wait_for_function("/turn=(?!0&)/.test(location.hash)")
    assert page.locator("#seed").inner_text() == told
    turn, tilt = (float(re.search(rf"{name}=([-\d.]+)", page.url)[1]) for name in ("turn", "tilt"))
    # The side that is seen follows the pointer: to the right, where the back of the left hemisphere is, and down.
    assert turn > 20 and tilt > 5
    assert all(page.locator(f"#cortex-{number}").screenshot() != before[number] for number in range(4))
    page.locator("#turn-sides").click()
    page.wait_for_function("/turn=0&tilt=0/.test(location.hash)")
    assert page.locator("#cortex-3").screenshot() == before[3]


def test_a_vertex_a_place_and_a_seed_of_the_study_can_be_named(page, file, open_page):
    place = page.locator("#place")
    for text, vertex in (("R 77", N + 77), ("412 l", 412)):
        before = page.locator("#seed").inner_text()
        place.fill(text)
        page.keyboard.press("Enter")
        moved_on(page, before)
        assert seed(page) == (vertex, 1)
    place.fill("-5, -52, 24")
    page.keyboard.press("Enter")
    page.locator(
        "#seed", has_text=re.compile(r"1 vertex, the vertex nearest to \(-5, -52, 24\) mm, \d\.\d mm away")
    ).wait_for()
    page.locator("#seeds").select_option("PCC")
    page.locator("#seed", has_text="vertex 3000 of the left").wait_for()
    assert float(page.locator("#radius").input_value()) == 8 and seed(page)[1] > 30
    page.locator("#turn-above").click()
    page.wait_for_function("/tilt=90/.test(location.hash)")
    told = page.locator("dl").inner_text()
    again = opened(open_page, file, page.url)
    assert again.locator("dl").inner_text() == told and "tilt=90" in again.url
    place.fill("nowhere")
    page.keyboard.press("Enter")
    assert "such as L 1234" in page.locator("#seed").inner_text()


def test_what_is_no_vertex_is_refused_and_the_last_one_is_a_seed(page):
    place = page.locator("#place")
    for number, text in enumerate(("R 10242", "L -3", "R−412", "L 1.5", "<img src=x>")):
        place.fill(text)
        page.keyboard.press("Enter")
        refusal = page.locator("#seed").inner_text()
        assert "such as L 1234" in refusal, text
        place.fill(f"left {number}")
        page.keyboard.press("Enter")
        moved_on(page, refusal)
        assert seed(page) == (number, 1)
    for text, vertex in (("R 10241", 2 * N - 1), ("R 0", N)):
        before = page.locator("#seed").inner_text()
        place.fill(text)
        page.keyboard.press("Enter")
        moved_on(page, before)
        assert page.locator("#seed").inner_text().startswith(f"vertex {vertex - N} of the right")
    place.fill(f"{'9' * 200}, 0, 0")
    page.keyboard.press("Enter")
    page.locator("#seed", has_text="the vertex nearest to").wait_for()
    assert re.match(r"vertex \d+ of the (left|right) hemisphere, \(-?\d", page.locator("#seed").inner_text())


def test_a_named_vertex_that_is_thinned_out_is_said_to_be_replaced(run, open_page, tmp_path):
    cortex = run[0]["cortex"]
    mesh = sum(map(len, explorer_cortex.texts_in(explorer_cortex.mesh_data(cortex.options, cortex.meshes()))))
    small = tmp_path / "small.html"
    small.write_text(explorer_cortex.page(**run[0], whole=mesh + 1.5e5), encoding="utf-8")
    page = opened(open_page, small)
    before = page.locator("#seed").inner_text()
    page.locator("#place").fill("R 10241")
    page.keyboard.press("Enter")
    moved_on(page, before)
    told = re.fullmatch(
        r"vertex (\d+) of the right hemisphere, .* 1 vertex, the vertex nearest to \((.*)\) mm, (\d\.\d) mm away",
        page.locator("#seed").inner_text(),
    )
    assert int(told[1]) != 10241 and 0 < float(told[3]) < 9
    middle = midthickness("R")[0][10241] @ meshes.to_mni("fsaverage5")[:3, :3].T + meshes.to_mni("fsaverage5")[:3, 3]
    np.testing.assert_allclose([float(value) for value in told[2].split(",")], middle, atol=0.06)


@pytest.mark.parametrize(
    "view",
    [
        "x=1e200&y=0&z=-1e200",
        "turn=1e308&tilt=1e308&radius=1e300&threshold=-7&range=-1e9",
        "turn=-1e308&tilt=-1e308&radius=-3&threshold=1e9&range=0&x=%3Cscript%3E&y=1&z=2",
    ],
)
def test_a_hostile_address_leaves_a_page_that_works(file, open_page, view):
    page = opened(open_page, file, f"{file.as_uri()}#{view}")
    assert re.match(r"vertex \d+ of the (left|right) hemisphere, \(-?\d", page.locator("#seed").inner_text())
    page.wait_for_function("/turn=/.test(location.hash)")
    turn, tilt = (float(re.search(rf"{name}=([-\d.e+]+)", page.url)[1]) for name in ("turn", "tilt"))
    assert -180 <= turn <= 180 and -90 <= tilt <= 90
    there = pixels(page.locator("#cortex-0").screenshot())
    assert (there.min(axis=2) < 200).mean() > 0.1, "the cortex is seen"

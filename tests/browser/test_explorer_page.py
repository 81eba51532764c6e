"""The explorer in a browser: a click makes the map of that voxel, at once, by mouse, keys and address."""

import re

import nibabel
import numpy as np
import pytest
from in_browser import opened_explorer, saved_map
from made_runs import LABELS, LOOK, explored

from seed_to_voxel.pages import explorer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run():
    return explored()


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "page.html"
    path.write_text(explorer.page(labels=LABELS, look=LOOK, **run[0]), encoding="utf-8")
    return path


@pytest.fixture
def page(file, open_page):
    return opened_explorer(open_page, file)


def place(page):
    return tuple(map(float, page.locator("#place").input_value().split(",")))


def wait_for_place(page, wanted):
    page.wait_for_function("(text) => document.getElementById('place').value === text", arg=wanted)


def test_clicks_make_the_maps_of_their_voxels_within_100_ms(run, page, tmp_path):
    given, places = run
    said = float(re.search(r"r is within ([\d.]+)", page.locator("details").text_content())[1])
    axial = page.locator("#axial")
    box = axial.bounding_box()
    page.evaluate("performance.clearMeasures()")
    seen = []
    for click in range(30):
        across, up = 0.3 + 0.4 * (click % 6) / 5, 0.3 + 0.4 * (click // 6) / 4
        axial.click(position={"x": across * box["width"], "y": up * box["height"]})
        count = "performance.getEntriesByName('map').length"
        page.wait_for_function(f"(done) => {count} > done", arg=click)
        seen.append(place(page))
        if click % 10:
            continue
        image = saved_map(page, tmp_path / f"{click}.nii")
        voxels = np.rint(nibabel.affines.apply_affine(np.linalg.inv(image.affine), places)).astype(int)
        seed = np.flatnonzero(np.abs(places - seen[-1]).max(axis=1) < 0.1)
        exact = np.corrcoef(given["series"][:, seed[0]], given["series"].T)[0, 1:]
        # Part of all pairs were compared when the page was made.
        assert np.abs(image.get_fdata()[tuple(voxels.T)] - exact).max() < 1.2 * said
        assert image.header.get_sform(coded=True)[1] == 4
    assert len(set(seen)) == 30
    times = page.evaluate("performance.getEntriesByName('map').map((entry) => entry.duration)")
    print(f"\nmaps of {len(places)} voxels: at most {max(times):.1f} ms, median {np.median(times):.1f} ms")
    # Others may have the processor at the worst of moments.
    assert len(times) == 30 and np.median(times) < 100


def test_dragging_moves_the_seed_and_the_pointer_is_told_r(page):
    box = page.locator("#coronal").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 40, middle[1], steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    x, y, _ = place(page)
    assert x > 8 and y == -48
    assert page.locator("#here").inner_text().startswith("r = 1.00 at ")
    page.mouse.move(middle[0] - 60, middle[1] - 40)
    assert re.match(r"r = −?0\.\d\d at \(-\d+", page.locator("#here").inner_text())
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    assert page.locator("#here").inner_text().startswith("no r")


def test_a_click_on_the_cortex_moves_the_seed_there(page):
    for number, side in ((0, -1), (3, 1)):
        box = page.locator(f"#cortex-{number}").bounding_box()
        page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.45 * box["height"])
        page.wait_for_timeout(100)
        assert side * place(page)[0] > 20
        assert page.locator("#here").inner_text().startswith("r = 1.00 at ")
        colour = f"""() => {{
            const canvas = document.getElementById("cortex-{number}");
            const at = canvas.getContext("2d").getImageData(0.5 * canvas.width, 0.45 * canvas.height, 1, 1).data;
            return at[0] - at[2];
        }}"""
        assert page.evaluate(colour) > 60, "where the seed is, r is 1"


def test_keys_alone_do(page):
    page.locator("#place").fill("4, -16, 12")
    page.keyboard.press("Enter")
    wait_for_place(page, "4, -16, 12")
    page.locator("#axial").focus()
    for key, wanted in {
        "ArrowRight": "12, -16, 12",
        "ArrowUp": "12, -8, 12",
        "PageUp": "12, -8, 20",
        "Shift+ArrowLeft": "-28, -8, 20",
    }.items():
        page.keyboard.press(key)
        wait_for_place(page, wanted)
    page.locator("#seeds").select_option("PCC")
    wait_for_place(page, "4, -48, 20")
    # The study's seed with its radius, and what became of coordinates between the voxels' centres.
    assert float(page.locator("#radius").input_value()) == 8
    assert "nearest to" not in page.locator("#seed").inner_text()
    page.locator("#place").fill("5, -47, 20")
    page.keyboard.press("Enter")
    page.locator("#seed", has_text="the voxel nearest to (5, -47, 20) mm, 1.4 mm away").wait_for()
    page.locator("#place").fill("nowhere")
    page.keyboard.press("Enter")
    assert "three numbers" in page.locator("#seed").inner_text()


def test_outside_of_the_brain_there_is_no_map(page):
    page.locator("#place").fill("-84, -100, -60")
    page.keyboard.press("Enter")
    page.locator("#seed", has_text="no voxel of the brain").wait_for()
    assert page.locator("#save").is_disabled() and page.locator("#row").is_disabled()
    assert page.locator("#shown").inner_text() == "–"


def test_an_address_brings_a_view_back(page, file, open_page):
    page.locator("#place").fill("20, 16, 36")
    page.keyboard.press("Enter")
    page.locator("#radius").fill("9")
    page.locator("#threshold").fill("0.25")
    page.locator("#range").fill("0.8")
    page.wait_for_function("location.hash.includes('range=0.8')")
    told = page.locator("dl").inner_text()
    assert "7 voxels" in told
    again = open_page(file)
    again.goto("about:blank")
    again.goto(page.url)
    again.locator("#seed", has_text="7 voxels").wait_for()
    assert again.locator("dl").inner_text() == told
    assert again.locator("#threshold").input_value() == "0.25"


def test_keys_between_two_pictures_all_count(page):
    before = place(page)
    page.evaluate(
        """() => {
            for (let key = 0; key < 3; key++)
                document.getElementById("axial").dispatchEvent(
                    new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
        }"""
    )
    page.wait_for_timeout(200)
    moved = np.subtract(place(page), before)
    size = np.abs(given_affine(page)).max()
    np.testing.assert_allclose(moved, [3 * size, 0, 0], atol=0.1)


def given_affine(page):
    """Rows of axes of the page's grid."""
    affine = page.evaluate("JSON.parse(document.getElementById('data').textContent).affine")
    return np.array(affine)[:3, :3]

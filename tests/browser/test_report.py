"""The report as somebody sees it: opened from disk, offline, every category walked, the viewers used."""

import re
import zipfile

import numpy as np
import pytest
from conftest import LONG, SMALL, Workspace
from in_browser import FAINT, MENU, pixels

from seed_to_voxel.snakemake_internals import reporting
from seed_to_voxel.study import figure_kinds

pytestmark = pytest.mark.browser

CATEGORIES = ["1 Overview", "2 Maps", "3 Time series", "4 Quality", "5 Statistics", "6 Methods"]
PAGES = ("table of quality",)
"""Results among the figures that are pages."""

FURTHER = list(figure_kinds.KINDS) if LONG else ["location", "glassbrain", "distribution"]
"""Each is drawn four times; pictures of all kinds are looked at in tests/unit/figures too.

Of two kinds in a category, Snakemake's report makes a switch and no rows.
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two runs and two seeds with further figures and all viewers."""
    workspace = Workspace(tmp_path_factory.mktemp("report") / "project")
    (workspace.path / "config" / "two.tsv").write_text(
        "label\tx\ty\tz\tradius_mm\tname\nPCC\t0\t-52\t18\t8\tPosterior cingulate\nM1\t-38\t-26\t56\t8\tMotor cortex\n"
    )
    config = workspace.write_config(
        dataset={"kind": "simulated", "simulated": SMALL},
        seeds="config/two.tsv",
        figures={
            "further": FURTHER,
            "viewers": {"runs": "first", "kinds": ["slices", "surface", "explore"]},
        },
    )
    workspace.snakemake("--configfile", config)
    return workspace


@pytest.fixture
def report(study, open_page):
    return open_page(study.path / "results" / "report.html")


def go_home(page):
    page.locator("nav nav a").first.click()


def choose(page, text):
    page.locator(MENU).get_by_text(text, exact=True).first.click()


def test_the_landing_page_says_what_was_run_and_lists_categories_in_reading_order(report):
    said = report.locator("#app").inner_text()
    for expected in ("Seed-to-voxel correlation maps", "2, all of which went through", "nilearn 0.14.1", "6 mm"):
        assert expected in said
    heading = report.get_by_role("heading", name="Seed-to-voxel correlation maps").bounding_box()
    assert heading["y"] >= 0, "the top of the landing page is cut off"
    shown = [item for item in report.locator(f"{MENU} li").all_inner_texts() if item[:1].isdigit()]
    assert shown == CATEGORIES
    report.locator("#app .prose a", has_text="4 Quality").click()
    report.locator(MENU).get_by_text("all runs", exact=True).wait_for()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_landing_page_is_legible_and_whole(report, scheme, width):
    report.set_viewport_size({"width": width, "height": 900})
    report.emulate_media(color_scheme=scheme)
    report.wait_for_timeout(300)
    box = report.locator(".prose").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert report.evaluate("document.documentElement.scrollWidth") <= width
    assert report.evaluate(FAINT, ".prose") == []
    assert (pixels(report.screenshot())[890, width - 5].mean() > 200) == (scheme == "light")


def test_every_image_of_every_category_is_seen_at_its_natural_size_and_described(report, study):
    seen = 0
    for category in CATEGORIES[1:-1]:
        go_home(report)
        choose(report, category)
        subcategories = report.evaluate("(category) => Object.keys(categories[category])", category)
        for subcategory in subcategories:
            choose(report, subcategory)
            rows = report.locator(f"{MENU} tbody tr")
            for row in range(rows.count()):
                if any(page in rows.nth(row).inner_text() for page in PAGES):
                    continue
                rows.nth(row).locator("td:last-child a").first.click()
                image = report.locator(".grow img")
                image.evaluate("(image) => image.decode()")
                facts = image.evaluate(
                    "(image) => [image.naturalWidth, image.naturalHeight, image.width, image.height, image.alt]"
                )
                assert facts[:2] == facts[2:4], "the image is not shown at its natural size"
                assert facts[0] > 500
                assert "In numbers:" in facts[4] and any(character.isdigit() for character in facts[4])
                assert image.evaluate(BLANK) > 5, "the image is blank"
                seen += 1
            report.locator("nav nav").get_by_text(category, exact=True).click()
    figures = list(study.derivatives.rglob("*.png"))
    assert seen == len(figures) == 2 * (2 * (2 + len(FURTHER)) + 4)


BLANK = """(image) => {
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let sum = 0, squares = 0, n = data.length / 4;
    for (let i = 0; i < data.length; i += 4) { sum += data[i + 1]; squares += data[i + 1] ** 2; }
    return Math.sqrt(squares / n - (sum / n) ** 2);
}"""


def open_result(report, ending):
    go_home(report)
    choose(report, "1 Overview")
    row = {
        **{"overview_page": "every run's map", "slices_viewer": "viewer: slices"},
        **{"surface_viewer": "viewer: surface", "explore_viewer": "every voxel a seed"},
    }
    report.locator(f"{MENU} tbody tr", has_text=row[ending]).first.locator("td:last-child a").first.click()
    return report.frame_locator("iframe")


def test_an_image_is_explained_with_its_formula_and_its_numbers(report):
    choose(report, "5 Statistics")
    choose(report, "PCC seed")
    row = report.locator(f"{MENU} tbody tr", has_text="distribution of r").first
    row.locator("td:last-child a").nth(1).click()
    said = report.locator(MENU).inner_text()
    assert "arctanh(r)" in said and "In numbers: r has mean" in said


def test_the_contact_sheet_shows_every_run_and_sorts(report):
    frame = open_result(report, "overview_page")
    names = frame.locator("figcaption strong")
    names.first.wait_for()
    assert sorted(names.all_inner_texts()) == ["subject 01, task rest", "subject 02, task rest"]

    def displacements():
        return [float(text.split("mean FD ")[1].split()[0]) for text in frame.locator("figcaption").all_inner_texts()]

    before = displacements()
    assert before == sorted(before) and before[0] != before[1]
    frame.locator("#sort").select_option("-fd")
    assert displacements() == before[::-1]


def shown(frame):
    return int(frame.locator("#shown").inner_text().split()[0])


def move_threshold(frame, page, value):
    before = frame.locator("#shown").inner_text()
    frame.locator("#threshold").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", str(value)
    )
    for _ in range(100):
        if frame.locator("#shown").inner_text() != before:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the viewer did not follow its threshold")


def test_the_slice_viewer_moves_its_cut_changes_its_threshold_and_its_map(report):
    frame = open_result(report, "slices_viewer")
    frame.locator("#shown", has_text="voxels").wait_for()
    canvas = frame.locator("canvas").first
    report.wait_for_timeout(500)
    first = pixels(canvas.screenshot())
    red = (first[..., 0] - first[..., 2] > 60).sum()
    assert red > 100, "no voxel is coloured"
    many = shown(frame)
    move_threshold(frame, report, 0.8)
    report.wait_for_timeout(500)
    fewer = pixels(canvas.screenshot())
    assert 0 < shown(frame) < many
    assert 0 < (fewer[..., 0] - fewer[..., 2] > 60).sum() < red

    box = canvas.bounding_box()
    report.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    report.mouse.down()
    report.mouse.move(box["x"] + 0.28 * box["width"], box["y"] + 0.4 * box["height"], steps=5)
    report.mouse.up()
    report.wait_for_timeout(300)
    assert np.abs(pixels(canvas.screenshot()) - fewer).mean() > 1, "the cut did not move"

    before = frame.locator("#shown").inner_text()
    frame.locator("#map").select_option(index=1)
    frame.locator("#shown").filter(has_not_text=before).wait_for()


def test_the_surface_viewer_turns_and_changes_its_threshold(report):
    frame = open_result(report, "surface_viewer")
    frame.locator("#shown", has_text="vertices").wait_for()
    plot = frame.locator("#surface-plot")
    report.wait_for_timeout(2500)
    first = pixels(plot.screenshot())
    assert first.std() > 10, "nothing is drawn"
    many = shown(frame)
    move_threshold(frame, report, 0.1)
    report.wait_for_timeout(1500)
    coloured = pixels(plot.screenshot())
    assert shown(frame) > many
    assert np.abs(coloured - first).mean() > 1
    frame.locator("#select-view").select_option("back")
    report.wait_for_timeout(1500)
    assert np.abs(pixels(plot.screenshot()) - coloured).mean() > 1, "the brain did not turn"


def test_every_voxel_is_a_seed_inside_of_the_report(report):
    frame = open_result(report, "explore_viewer")
    frame.locator("#shown", has_text="voxels").wait_for()
    first = frame.locator("#shown").inner_text()
    box = frame.locator("#axial").bounding_box()
    report.mouse.click(box["x"] + 0.35 * box["width"], box["y"] + 0.4 * box["height"])
    frame.locator("#shown").filter(has_not_text=first).wait_for()
    # In a frame the page has no address of its own; a row that cannot be copied is shown.
    assert frame.locator("#link").is_hidden()
    frame.locator("#row").click()
    assert re.match(r"Row copied|X[mp]\d", frame.locator("#said").inner_text())


def test_a_zip_archive_opens_as_well(study, open_page, tmp_path):
    config = (study.path / "study.yaml").read_text() + "report: {format: zip}\n"
    (study.path / "zipped.yaml").write_text(config)
    study.snakemake("--configfile", "zipped.yaml", "--forcerun", "describe_derivatives")
    with zipfile.ZipFile(study.path / "results" / "report.zip") as archive:
        archive.extractall(tmp_path)
    page = open_page(tmp_path / "report" / "report.html")
    frame = open_result(page, "surface_viewer")
    frame.locator("#shown", has_text="vertices").wait_for()


def test_descriptions_are_those_of_the_files(study):
    figure = next(study.derivatives.rglob("*_desc-glassbrain_figure.png"))
    assert "r is between" in reporting.description(figure)

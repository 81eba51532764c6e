"""The page of a group in a browser: a click makes the mean of the subjects' Fisher z, as their series have it."""

import re

import nibabel
import numpy as np
import pytest
from in_browser import opened_explorer, saved_map
from made_runs import LOOK, pooled_group

from seed_to_voxel.pages import explorer_group

pytestmark = pytest.mark.browser

PLACES = [(4, -48, 20), (-36, 16, 28), (28, -80, 4), (-52, -24, 12), (44, -8, -12), (4, 48, 12)]


@pytest.fixture(scope="module")
def group():
    return pooled_group()


@pytest.fixture(scope="module")
def file(group, tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "group.html"
    path.write_text(explorer_group.page(group[0], 0.5, 25, LOOK), encoding="utf-8")
    return path


@pytest.fixture
def page(file, open_page):
    return opened_explorer(open_page, file)


def go(page, place):
    text = ", ".join(map(str, place))
    page.locator("#place").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_function("(text) => document.getElementById('place').value === text", arg=text)
    page.locator("#seed", has_text=f"({text}) mm").wait_for()


def of_subjects(group, chosen):
    """Fisher z of the mean series of some voxels with every voxel, a row a subject, straight from the series."""
    members, series, _ = group
    rows = {}
    for member, own in zip(members, series, strict=True):
        known = chosen[np.isfinite(own[0, chosen])]
        units = own[:, known] / own[:, known].std(axis=0) if len(known) else own[:, chosen]
        with np.errstate(invalid="ignore"):
            r = np.corrcoef(units.mean(axis=1), own.T)[0, 1:]
        z = np.arctanh(np.clip(r, -1 + 1e-7, 1 - 1e-7))
        rows.setdefault(member.about["subject"], []).append((member.about["weight"], z))
    found = []
    for runs in rows.values():
        weights = np.array([weight for weight, _ in runs])[:, None] * np.isfinite([z for _, z in runs])
        with np.errstate(invalid="ignore"):
            found.append(np.nansum(weights * np.nan_to_num([z for _, z in runs]), axis=0) / weights.sum(axis=0))
    return np.array(found)


def said(page):
    text = page.locator("details").text_content()
    return float(re.search(r"z̄ is within ([\d.]+)", text)[1]), float(
        re.search(r"tanh\(z̄\) is within\s+([\d.]+)", text)[1]
    )


@pytest.mark.parametrize("radius", [0, 9])
def test_maps_are_the_mean_of_the_subjects_fisher_z(group, page, tmp_path, radius):
    places = group[2]
    of_z, of_r = said(page)
    page.locator("#radius").fill(str(radius))
    for number, place in enumerate(PLACES):
        go(page, place)
        image = saved_map(page, tmp_path / f"{number}.nii")
        voxels = np.rint(nibabel.affines.apply_affine(np.linalg.inv(image.affine), places)).astype(int)
        found = image.get_fdata()[tuple(voxels.T)]
        chosen = np.flatnonzero(np.linalg.norm(places - place, axis=1) <= max(radius, 0.1))
        rows = of_subjects(group, chosen)
        # The mask: what half of the subjects have.
        inside = np.isfinite(rows).mean(axis=0) >= 0.5
        assert inside.sum() == (found != 0).sum() > 3000
        exact = np.nanmean(rows[:, inside], axis=0)
        # Part of all pairs were compared when the page was made.
        off = np.abs(found[inside] - exact)
        assert off[np.abs(exact) < 1].max() < 1.2 * of_z
        assert np.abs(np.tanh(found[inside]) - np.tanh(exact)).max() < 1.2 * of_r
        assert "3 of 3" in page.locator("#chance").inner_text()
        assert f"{len(chosen)} voxel" in page.locator("#seed").inner_text()


def test_below_the_pointer_stand_mean_t_and_number(group, page):
    places = group[2]
    of_z, _ = said(page)
    go(page, PLACES[0])
    seed = np.flatnonzero(np.abs(places - PLACES[0]).max(axis=1) < 0.1)
    rows = of_subjects(group, seed)
    box = page.locator("#axial").bounding_box()
    seen = 0
    for across, up in ((0.35, 0.4), (0.6, 0.3), (0.45, 0.62), (0.7, 0.55), (0.3, 0.7)):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + up * box["height"])
        text = page.locator("#here").inner_text().replace("−", "-")
        place = np.array(re.search(r"at \((.*)\) mm", text)[1].split(", "), dtype=float)
        voxel = np.flatnonzero(np.abs(places - place).max(axis=1) < 0.1)[0]
        z = rows[:, voxel][np.isfinite(rows[:, voxel])]
        shown = re.match(r"mean z = (\S+), r = (\S+); t\((\d+)\) = (\S+), uncorrected; (\d+) participants", text)
        assert float(shown[1]) == pytest.approx(z.mean(), abs=1.2 * of_z + 0.0005)
        assert float(shown[2]) == pytest.approx(np.tanh(z.mean()), abs=1.2 * of_z + 0.005)
        t = z.mean() / (z.std(ddof=1) / np.sqrt(len(z)))
        # Both the mean and the deviation of few subjects are rounded.
        assert float(shown[4]) == pytest.approx(t, rel=0.1, abs=0.1)
        assert int(shown[5]) == len(z) == int(shown[3]) + 1
        seen += 1
    assert seen == 5
    # The seed with itself: all alike.
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    assert page.locator("#here").inner_text().startswith("no r")


def test_whoever_lacks_the_seed_is_not_counted(group, page):
    places = group[2]
    # Voxel 900 is constant in one subject.
    place = tuple(int(value) for value in places[900])
    go(page, place)
    assert page.locator("#chance").inner_text() == "2 of 3"


def test_keys_and_an_address_do_as_on_a_runs_page(page, file, open_page):
    go(page, (4, -16, 12))
    page.locator("#axial").focus()
    for key, wanted in {"ArrowRight": "12, -16, 12", "PageUp": "12, -16, 20"}.items():
        page.keyboard.press(key)
        page.wait_for_function("(text) => document.getElementById('place').value === text", arg=wanted)
    page.locator("#radius").fill("9")
    page.locator("#threshold").fill("0.25")
    page.wait_for_function("location.hash.includes('threshold=0.25') && location.hash.includes('radius=9')")
    told = page.locator("dl").inner_text()
    assert "3 of 3" in told and "7 voxels" in told
    again = open_page(file)
    again.goto("about:blank")
    again.goto(page.url)
    again.locator("#seed", has_text="7 voxels").wait_for()
    assert again.locator("dl").inner_text() == told


def test_each_click_makes_a_map_within_100_ms(page, file):
    axial = page.locator("#axial")
    box = axial.bounding_box()
    page.evaluate("performance.clearMeasures()")
    for click in range(20):
        across, up = 0.3 + 0.4 * (click % 5) / 4, 0.3 + 0.4 * (click // 5) / 3
        axial.click(position={"x": across * box["width"], "y": up * box["height"]})
        page.wait_for_function("(done) => performance.getEntriesByName('map').length > done", arg=click)
    times = page.evaluate("performance.getEntriesByName('map').map((entry) => entry.duration)")
    size = file.stat().st_size / 1e6
    print(f"\na page of {size:.1f} MB, 4 runs: at most {max(times):.1f} ms, median {np.median(times):.1f} ms")
    assert len(times) == 20 and np.median(times) < 100

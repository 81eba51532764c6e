"""A browser for tests that look at pages as somebody sees them."""

import io
import os
import shutil

import nibabel
import numpy as np
import pytest
from conftest import absent
from PIL import Image
from playwright.sync_api import sync_playwright

MENU = "nav.h-screen"
"""The menu; the line of what was chosen lies in it and is a `nav` too."""

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    # WebGL without a graphics card.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Watched:
    """A page, and everything it complained of or asked the network for."""

    def __init__(self, page):
        self.page = page
        self.complaints = []
        self.requests = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note)

    def _note(self, request):
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            self.requests.append(request.url)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser with a fresh profile and no network; `SEED_TO_VOXEL_CHROMIUM` names another executable."""
    executable = os.environ.get("SEED_TO_VOXEL_CHROMIUM") or shutil.which("chromium")
    if not executable:
        absent("browser", "no Chromium is installed (Debian's package chromium)")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=executable,
            args=FLAGS,
            offline=True,
            # Wide enough for the widest figure beside the menu.
            viewport={"width": 1920, "height": 1080},
        )
        yield context
        context.close()


@pytest.fixture
def open_page(browser):
    """Open a file; at the end of the test it must have been silent and offline."""
    opened = []

    def open_file(path, timeout=60_000):
        watched = Watched(browser.new_page())
        opened.append(watched)
        watched.page.goto(path.resolve().as_uri(), timeout=timeout)
        return watched.page

    yield open_file
    for watched in opened:
        watched.page.close()
    assert [watched.complaints for watched in opened] == [[] for _ in opened]
    assert [watched.requests for watched in opened] == [[] for _ in opened]


def pixels(screenshot):
    """Colours of a screenshot, as numbers."""
    with Image.open(io.BytesIO(screenshot)) as image:
        return np.asarray(image.convert("RGB"), dtype=int)


FAINT = """(selector) => {
    const channels = (text) => text.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b]
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const [r, g, b, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
            if (alpha === 1) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const found = [];
    const texts = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, select")) continue;
        const pair = [channels(getComputedStyle(element).color), ground(element)].map(luminance);
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        if (ratio < 4.5) found.push(`${ratio.toFixed(2)}: ${texts.currentNode.data.trim().slice(0, 40)}`);
    }
    return found;
}"""
"""Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, level AA)."""


def opened_explorer(open_page, file):
    """A page on which every voxel is a seed, once it shows its first map."""
    page = open_page(file)
    page.locator("#loading").wait_for(state="hidden")
    page.locator("#seed", has_text="voxel").wait_for()
    return page


def saved_map(page, path):
    """The map that such a page saves, as somebody would open it."""
    with page.expect_download() as download:
        page.locator("#save").click()
    download.value.save_as(path)
    return nibabel.load(path)

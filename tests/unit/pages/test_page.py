"""What all pages stand on: the base, the style sheet, how scripts and data get into a page."""

import json
import re

import jinja2
import pytest
from conftest import ROOT
from parsed_page import HOSTILE, ParsedPage

from seed_to_voxel.base import fingerprint
from seed_to_voxel.pages import page

ROOM = page.ROOM
STYLE = (ROOM / "style.css").read_text(encoding="utf-8")


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A room of its own, with the base and some made-up files."""
    for name in page.FILES:
        (tmp_path / name).write_text((ROOM / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "a.html.j2").write_text(
        "{% extends 'base.html.j2' %}{% block title %}{{ name }}{% endblock %}"
        "{% block body %}<h1>{{ name }}</h1>{% endblock %}"
    )
    (tmp_path / "one.js").write_text(
        'import { two } from "./two.js";\nimport { three } from "./three.js";\none(two, three);\n'
    )
    (tmp_path / "two.js").write_text('import { three } from "./three.js";\nexport const two = 2 * three;\n')
    (tmp_path / "three.js").write_text("export const three = 3;\n")
    (tmp_path / "bad.js").write_text("const text = '</script>';\n")
    monkeypatch.setattr(page, "ROOM", tmp_path)
    page.read.cache_clear()
    yield tmp_path
    page.read.cache_clear()


def test_text_is_escaped_and_data_arrive_as_they_were(room):
    made = ParsedPage(page.render("a.html.j2", ("a.html.j2",), name=HOSTILE, data={"name": HOSTILE, "x": [1, None]}))
    assert made.find("h1")[0].text == made.find("title")[0].text == HOSTILE
    assert made.data == {"name": HOSTILE, "x": [1, None]}
    assert len(made.find("script")) == 1 and not made.find("img")


def test_data_with_nan_are_refused(room):
    with pytest.raises(ValueError, match="Out of range float"):
        page.render("a.html.j2", ("a.html.j2",), name="a", data=[float("nan")])


def test_a_value_that_is_not_there_is_no_empty_text(room):
    with pytest.raises(jinja2.UndefinedError, match="name"):
        page.render("a.html.j2", ("a.html.j2",))


def test_scripts_are_joined_in_the_order_they_need_each_other(room):
    files = ("one.js", "two.js", "three.js")
    assert page.bundle("one.js", files) == (
        "export const three = 3;\n\nexport const two = 2 * three;\n\none(two, three);\n"
    )
    made = ParsedPage(page.render("a.html.j2", ("a.html.j2", *files), script="one.js", name="a"))
    (script,) = made.find("script", type="module")
    assert script.text.strip() == page.bundle("one.js", files).strip()


def test_what_is_not_named_cannot_be_put_in(room):
    with pytest.raises(ValueError, match=r"three.js is not named in FILES; expected one of one.js, two.js"):
        page.bundle("one.js", ("one.js", "two.js"))
    with pytest.raises(jinja2.TemplateNotFound, match=r"a\.html\.j2"):
        page.render("a.html.j2", (), name="a")


def test_a_script_that_would_end_its_element_is_refused(room):
    with pytest.raises(ValueError, match="stands in a script of a page"):
        page.render("a.html.j2", ("a.html.j2", "bad.js"), script="bad.js", name="a")


def test_every_file_of_the_room_belongs_to_a_module():
    """A file that no module names would rerun nothing when it changes."""
    named = {path.name for module in ROOM.glob("*.py") for path in fingerprint.files(module)}
    there = {path.name for path in ROOM.iterdir() if path.is_file() and path.suffix != ".py"}
    # It tells node that the scripts are modules, and is read by nothing of ours.
    assert named == there - {"package.json"}


def test_a_changed_template_changes_the_fingerprint_of_those_who_use_it(tmp_path, monkeypatch):
    package = tmp_path / "seed_to_voxel"
    package.mkdir()
    monkeypatch.setattr(fingerprint, "PACKAGE", package)
    (package / "first.py").write_text("FILES = ('first.html', 'both.css')\n")
    (package / "second.py").write_text("from . import first\nFILES = ('second.html',)\n")
    for name in ("first.html", "both.css", "second.html", "other.html"):
        (package / name).write_text("a")
    for name in ("first", "second"):
        (tmp_path / f"{name}.py").write_text(f"from seed_to_voxel import {name}\n")

    def fingerprints():
        for function in (fingerprint.parsed, fingerprint.reached, fingerprint.of_script):
            function.cache_clear()
        return [fingerprint.of_script(f"{name}.py") for name in ("first", "second")]

    before = fingerprints()
    for name, changed in {
        "first.html": [True, True],
        "both.css": [True, True],
        "second.html": [False, True],
        "other.html": [False, False],
    }.items():
        (package / name).write_text("b")
        after = fingerprints()
        assert [one != other for one, other in zip(before, after, strict=True)] == changed, name
        before = after
    (package / "both.css").unlink()
    with pytest.raises(FileNotFoundError, match=r"both\.css"):
        fingerprints()
    for function in (fingerprint.parsed, fingerprint.reached, fingerprint.of_script):
        function.cache_clear()


def test_the_real_scripts_reach_the_style_sheet():
    for script in (
        *("summarise_quality.py", "compare_printed_numbers.py", "write_methods.py"),
        *("show_overview.py", "make_viewers.py", "explore_run.py", "explore_group.py"),
    ):
        reached = fingerprint.reached(ROOT / "workflow" / "scripts" / script)
        assert ROOM / "style.css" in {path for module in reached for path in fingerprint.files(module)}


def luminance(color):
    """Relative luminance of a colour (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def schemes():
    """Colours of the style sheet by their names, light and dark."""
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    )
    assert light.keys() == dark.keys()
    return [light, dark]


@pytest.mark.parametrize("colors", schemes(), ids=["light", "dark"])
def test_all_text_is_told_from_its_ground(colors):
    for name in colors.keys() - {"ground", "line"}:
        if not name.endswith("-ground"):
            for ground in {"ground", f"{name}-ground"} & colors.keys():
                lighter, darker = sorted((luminance(colors[name]), luminance(colors[ground])), reverse=True)
                assert (lighter + 0.05) / (darker + 0.05) >= 4.5, f"{name} on {ground}"


def test_the_style_sheet_asks_for_nothing():
    assert not re.search(r"url\(|@import|https?:", STYLE)
    assert json.loads((ROOM / "package.json").read_text()) == {"private": True, "type": "module"}

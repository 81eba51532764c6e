"""What the documentation's site is made of beside its pages."""

import importlib.util

import pytest
import yaml
from conftest import ROOT, SCHEMA


@pytest.fixture(scope="module")
def site():
    specification = importlib.util.spec_from_file_location("site_of_docs", ROOT / "docs" / "site.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("source", "page", "text", "expected"),
    [
        ("README.md", "index.md", "[a](docs/paper.md#panels)", "[a](paper.md#panels)"),
        ("README.md", "index.md", "![a](docs/pictures/map.png)", "![a](pictures/map.png)"),
        ("docs/paper.md", "paper.md", "[a](../config/README.md)", "[a](configuration.md)"),
        ("docs/tutorials/lab.md", "tutorials/lab.md", "[a](../groups.md)", "[a](../groups.md)"),
        ("docs/tutorials/lab.md", "tutorials/lab.md", "[a](../../README.md)", "[a](../index.md)"),
        ("config/README.md", "configuration.md", "[s](../workflow/outputs.yaml)", "s (`workflow/outputs.yaml`)"),
        ("README.md", "index.md", "[workflow/outputs.yaml](workflow/outputs.yaml)", "workflow/outputs.yaml"),
        ("README.md", "index.md", "[a](https://b.c/d.md) [e](#f)", "[a](https://b.c/d.md) [e](#f)"),
        # Left as it is, so that the build refuses it.
        ("README.md", "index.md", "[a](tests/nowhere.md)", "[a](tests/nowhere.md)"),
    ],
)
def test_links_lead_to_pages_or_say_a_path(site, source, page, text, expected):
    assert site.linked(text, source, page) == expected


def keys(node, path=""):
    """Every key of a schema that is no section, whatever it is nested in."""
    for name, inner in node.get("properties", {}).items():
        here = f"{path}{name}"
        if "properties" not in inner:
            yield here
        yield from keys(inner, f"{here}.")
        yield from keys(inner.get("items", {}), f"{here}[].")
        more = inner.get("additionalProperties")
        yield from keys(more if isinstance(more, dict) else {}, f"{here}.*.")


def test_the_reference_has_every_key_with_its_default(site):
    text = site.reference(SCHEMA)
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    expected = set(keys(SCHEMA))
    assert len(expected) > 120
    assert expected <= set(rows)
    meaning = "Smaller \\|r\\| is not coloured in figures."
    assert rows["maps.threshold"] == f"| `maps.threshold` | number, ≥ 0, < 1 | `0.5` | {meaning} |"
    assert "`[pdf, png]`" in rows["paper.formats"] and "array of `pdf`, `svg`" in rows["paper.formats"]
    assert "one of `slices`" in rows["paper.figures[].panels.*.kind"]
    assert "`null`" in rows["cleaning.seed_smoothing_fwhm"]


def test_every_page_of_the_docs_is_in_the_sites_menu():
    menu = yaml.safe_dump(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    for path in (ROOT / "docs").rglob("*.md"):
        assert path.relative_to(ROOT / "docs").as_posix() in menu

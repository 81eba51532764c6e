"""A page as a browser's parser takes it apart: its elements, their text, its data."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

HOSTILE = "</script><img src=q onerror=alert(1)>"
"""A name that would run a script wherever it is not shown as text."""

VOID = {"base", "img", "br", "hr", "input", "link", "meta"}


@dataclass(eq=False)
class Element:
    """An element with its attributes and all text inside of it."""

    tag: str
    attributes: dict
    text: str = ""
    parents: list = field(default_factory=list)

    @property
    def classes(self):
        return (self.attributes.get("class") or "").split()


class ParsedPage(HTMLParser):
    """The elements of a page, in their order."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {[element.tag for element in self.open]}"

    def handle_starttag(self, tag, attributes):
        element = Element(tag, dict(attributes), parents=list(self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> where <{self.open[-1].tag}> is open"
        self.open.pop()

    def handle_data(self, text):
        # What a script says is not read by anybody.
        inside = self.open[-1:] if self.open and self.open[-1].tag in ("script", "style") else self.open
        for element in inside:
            element.text += text

    def find(self, tag, **attributes):
        """Elements of a kind whose attributes have these values; `class_` is one of the classes."""
        wanted = attributes.pop("class_", None)
        return [
            element
            for element in self.elements
            if element.tag == tag
            and (wanted is None or wanted in element.classes)
            and all(element.attributes.get(name) == value for name, value in attributes.items())
        ]

    @property
    def text(self):
        """What is read: no scripts, no style."""
        return self.find("body")[0].text

    @property
    def data(self):
        """What the page's script reads."""
        (element,) = self.find("script", id="data")
        return json.loads(element.text)

    def rows(self):
        """Cells of all rows of its tables, headers first."""
        found = []
        for row in self.find("tr"):
            found.append(
                [cell.text.strip() for cell in self.elements if cell.tag in ("th", "td") and row in cell.parents]
            )
        return found

    def asks_for(self):
        """What it would load: sources, style sheets, icons; data that it brings along are not among them."""
        sources = [element.attributes.get("src") for element in self.elements]
        linked = [element.attributes.get("href") for element in self.find("link")]
        return [address for address in (*sources, *linked) if address and not address.startswith("data:")]

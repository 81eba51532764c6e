"""What the site has that is no page of docs/: pages made from the repository's files, and links that lead out of docs/.

mkdocs calls the functions (`hooks` in mkdocs.yml). The README is the first page; config/README.md and CHANGELOG.md are
pages, and the reference of the config is made from its schema. A link to another file of the repository, which the site
does not have, becomes its path.
"""

import posixpath
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]

PAGES = {"README.md": "index.md", "config/README.md": "configuration.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the site by the files that they are made from."""

REFERENCE = "reference.md"

SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def on_files(files, config):
    """Add the pages that are made."""
    from mkdocs.structure.files import File

    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    files.append(File.generated(config, REFERENCE, content=reference(schema)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Let links lead to pages of the site, or say the path of a file that it does not have."""
    sources = {made: source for source, made in PAGES.items()}
    source = sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    parts = re.split(r"(^```.*?^```)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.startswith("```") else linked(part, source, page.file.src_uri) for part in parts)


def linked(text, source, page):
    """A text with its links as they are on the site.

    Parameters
    ----------
    text : str
    source : str
        The file that the text is from, relative to the repository.
    page : str
        The page that it becomes, relative to the site.
    """

    def replace(match):
        sign, shown, target = match.groups()
        path, mark, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", target):
            return match.group()
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        made = PAGES.get(inside) or (inside.removeprefix("docs/") if inside.startswith("docs/") else None)
        if made is not None:
            return f"{sign}[{shown}]({posixpath.relpath(made, posixpath.dirname(page) or '.')}{mark}{anchor})"
        # What is not there stays a link, which the build then refuses.
        if not (ROOT / inside).exists():
            return match.group()
        return shown if inside in shown else f"{shown} (`{inside}`)"

    return LINK.sub(replace, text)


def reference(schema):
    """The reference of the config, from its JSON Schema, as Markdown."""
    lines = ["# Every key of the config", "", "Made from the schema, which also sets the defaults.", ""]
    for name, node in schema["properties"].items():
        lines += [f"## `{name}`", ""]
        if node.get("description"):
            lines += [cell(node["description"]), ""]
        rows = list(keys(name, node))
        lines += ["| key | is | default | meaning |", "| --- | --- | --- | --- |", *rows, ""]
    return "\n".join(lines)


def keys(path, node):
    """Rows of a key and of all below it."""
    if "properties" not in node or ("default" in node and node["default"] != {}):
        # YAML ends a document of one word with a line of its own.
        written = yaml.safe_dump(node.get("default"), default_flow_style=True, width=1000).partition("\n")[0]
        default = f"`{written}`" if "default" in node else ""
        yield f"| `{path}` | {kind(node)} | {default} | {cell(node.get('description', ''))} |"
    for name, inner in node.get("properties", {}).items():
        yield from keys(f"{path}.{name}", inner)
    items = node.get("items", {})
    for name, inner in items.get("properties", {}).items():
        yield from keys(f"{path}[].{name}", inner)
    more = node.get("additionalProperties")
    if isinstance(more, dict):
        for name, inner in more.get("properties", {}).items():
            yield from keys(f"{path}.*.{name}", inner)


def kind(node):
    """What a value may be, in words."""
    if "enum" in node:
        return "one of " + ", ".join(f"`{'null' if value is None else value}`" for value in node["enum"])
    types = node.get("type", "anything")
    said = " or ".join(types) if isinstance(types, list) else types
    if "array" in said and "enum" in node.get("items", {}):
        said += " of " + ", ".join(f"`{value}`" for value in node["items"]["enum"])
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {node[name]:g}" for name, sign in bounds.items() if name in node]
    return said + (f", {', '.join(limits)}" if limits else "")


def cell(text):
    """A text as a cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")

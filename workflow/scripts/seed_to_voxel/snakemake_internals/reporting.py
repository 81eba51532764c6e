"""Snakemake's report, with the numbers of each figure in its caption and in the image's alternative text."""

import html
import platform
import struct
import zlib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

SOFTWARE = ("snakemake", "nilearn", "nibabel", "numpy", "scipy", "matplotlib")

CHANGES = {
    # Snakemake gives images no alternative text.
    "{ src: this.props.app.state.contentPath }": """{
        src: this.props.app.state.contentPath,
        alt: new DOMParser().parseFromString(
            (results[this.props.app.state.resultPath] || {caption: ""}).caption, "text/html"
        ).body.textContent.trim()
    }""",
    # Chromium shows nothing of a data URI beyond 2 MB in a frame; a blob may have any size.
    "{ src: this.props.app.state.contentPath, className:": "{ src: asBlob(this.props.app.state), className:",
    "class ContentDisplay extends": """const blobs = new Map();
function asBlob(state) {
    if (!state.contentPath.startsWith("data:")) return state.contentPath;
    if (!blobs.has(state.resultPath)) {
        const [head, body] = state.contentPath.split(";base64,");
        const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
        const type = head.slice(5).split(";")[0] + ";charset=utf-8";
        blobs.set(state.resultPath, URL.createObjectURL(new Blob([bytes], {type: type})));
    }
    return blobs.get(state.resultPath);
}

class ContentDisplay extends""",
}
"""What is changed in the page's part that shows a result: found, put instead."""


def changed(source):
    """A part of Snakemake's page with `CHANGES`."""
    for found, put in CHANGES.items():
        source = source.replace(found, put)
    return source


def description(path):
    """What a PNG of ours says of itself.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    str
        Empty if it says nothing.
    """
    content = Path(path).read_bytes()
    position = 8
    while position + 8 <= len(content):
        size, kind = struct.unpack(">I4s", content[position : position + 8])
        chunk = content[position + 8 : position + 8 + size]
        if kind == b"iTXt" and chunk.startswith(b"Description\0"):
            # After the keyword: a flag and a method of compression, a language and a translation, each ended by 0.
            text = chunk[14:].split(b"\0", 2)[2]
            return (zlib.decompress(text) if chunk[12] else text).decode("utf-8")
        position += 12 + size
    return ""


def facts(n_runs, version):
    """What the landing page says of a finished study beside its config.

    Parameters
    ----------
    n_runs : int
    version : str
        Of this workflow.

    Returns
    -------
    dict
    """
    software = {}
    for name in SOFTWARE:
        try:
            software[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            # Each rule may have an environment of its own; the sidecars say what was in it.
            continue
    return {"runs": n_runs, "version": version, "python": platform.python_version(), "software": software}


def plugin():
    """Snakemake's HTML reporter, made to tell what is on its images.

    Returns
    -------
    object
        With a `reporter`, as Snakemake's registry of report plugins gives.
    """
    from snakemake.report.html_reporter import Reporter

    class DescribingReporter(Reporter):
        def __post_init__(self):
            super().__post_init__()
            read = self.env.filters["get_resource_as_string"]
            self.env.filters["get_resource_as_string"] = lambda path: changed(read(path))
            for subcategories in self.results.values():
                for record in (record for records in subcategories.values() for record in records):
                    if record.mime == "image/png" and (said := description(record.path)):
                        record.caption += f"<p><strong>In numbers:</strong> {html.escape(said)}</p>"

    return SimpleNamespace(reporter=DescribingReporter)

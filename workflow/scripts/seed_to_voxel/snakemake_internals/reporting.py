"""Snakemake's report, with the numbers of each figure in its caption and in the image's alternative text."""

import html
import os
import platform
import struct
import zlib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

from snakemake.io import is_flagged

MAX_BYTES = 42e6
"""Of the figures in a report that is one HTML file; as text in it they take a third more."""

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


def budget(path):
    """Bytes of figures that a report can hold; those of a zip are read one by one."""
    return MAX_BYTES if Path(path).suffix == ".html" else float("inf")


class Finished:
    """The part of a DAG that a report can show: jobs whose results are there, of as many runs as a browser bears.

    Parameters
    ----------
    dag : snakemake.dag.DAG
    runs : iterable of str
        The wildcards of all runs, in the order in which they are shown.
    max_bytes : float
        Of the figures, those of all runs together included.

    Attributes
    ----------
    jobs : list of snakemake.jobs.Job
    n_shown, n_done : int
        Runs whose figures are in the report, and runs that have figures.
    """

    def __init__(self, dag, runs, max_bytes):
        self.dag = dag
        # After a failure, what lies there of an earlier run is not what this config asks for.
        done = [
            job
            for job in dag.jobs
            if job.output and dag.noneedrun_finished(job) and all(map(self.is_there, job.output))
        ]
        sizes = {}
        for job in done:
            run = job.wildcards.get("run")
            shown = [os.path.getsize(path) for path in job.output if is_flagged(path, "report")]
            sizes[run] = sizes.get(run, 0) + sum(shown)
        left = max_bytes - sizes.pop(None, 0)
        shown = {None}
        for run in filter(sizes.get, runs):
            left -= sizes[run]
            if left < 0:
                break
            shown.add(run)
        self.jobs = [job for job in done if job.wildcards.get("run") in shown]
        self.n_shown = len(shown) - 1
        self.n_done = sum(map(bool, sizes.values()))

    @staticmethod
    def is_there(path):
        """Whether a result is there, or was removed after it had been used."""
        return is_flagged(path, "temp") or os.path.exists(path)

    def __getattr__(self, name):
        return getattr(self.dag, name)


def write(workflow, dag, path, stylesheet):
    """Write a report.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    dag : Finished
    path, stylesheet : pathlib.Path
    """
    from snakemake.report import auto_report
    from snakemake.report.html_reporter import ReportSettings
    from snakemake.settings.types import GlobalReportSettings

    settings = ReportSettings(path=Path(path), stylesheet_path=Path(stylesheet))
    workflow.async_run(auto_report(dag, plugin(), settings, GlobalReportSettings()))

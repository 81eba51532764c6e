"""Snakemake's report, with the numbers of each figure in its caption and in the image's alternative text."""

import html
import inspect
import os
import platform
import shutil
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import wraps
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
from snakemake.io import is_flagged

from .patches import Patch

MAX_BYTES = 42e6
"""Of the figures in a report that is one HTML file; as text in it they take a third more."""

UNFINISHED = ".report-"
"""How the folder's name begins in which a report is written, beside where it will be; the process' number follows."""

SOFTWARE = ("snakemake", "nilearn", "nibabel", "numpy", "scipy", "matplotlib")

CONTENT = "content.js"
"""The part of Snakemake's page that shows a result."""

CONTENT_UPSTREAM = "https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/report/html_reporter/template/components/content.js"

ALTERNATIVE = {
    "{ src: this.props.app.state.contentPath }": """{
        src: this.props.app.state.contentPath,
        alt: new DOMParser().parseFromString(
            (results[this.props.app.state.resultPath] || {caption: ""}).caption, "text/html"
        ).body.textContent.trim()
    }""",
}
"""Found in `CONTENT`, put instead: images get their caption as alternative text."""

BLOBS = {
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
"""The same: pages and PDFs are shown from a blob, which may have any size."""


PAGE = "index.html.jinja2"
"""The template of Snakemake's page."""

DATA = ("workflow_desc", "results", "categories", "rulegraph", "runtimes", "timeline", "rules", "metadata")
"""What the template writes into scripts as JSON: parameters and names that somebody gave among it."""


def template(name: str) -> str:
    """Snakemake's own source of a part of its page."""
    from snakemake.report import html_reporter

    return (Path(html_reporter.__file__).parent / "template" / name).read_text(encoding="utf-8")


def content() -> str:
    """Snakemake's own source of `CONTENT`."""
    return template(f"components/{CONTENT}")


def page() -> str:
    """Snakemake's own source of `PAGE`."""
    return template(PAGE)


def has_each_once(source: str, changes: dict[str, str]) -> bool:
    """Whether each text that is to be replaced is in a source, and only once."""
    return all(source.count(found) == 1 for found in changes)


def can_report() -> bool:
    """Whether a report can be made from a graph of jobs that this process holds."""
    from snakemake.api import Workflow
    from snakemake.dag import DAG
    from snakemake.report import auto_report
    from snakemake.report.html_reporter import ReportSettings
    from snakemake.settings.types import DAGSettings, GlobalReportSettings  # noqa: F401

    parameters = ["dag", "report_plugin", "report_settings", "global_report_settings"]
    return (
        list(inspect.signature(auto_report).parameters) == parameters
        and {"path", "stylesheet_path"} <= {field.name for field in fields(ReportSettings)}
        and {"targets", "until", "omit_from"} <= {field.name for field in fields(DAGSettings)}
        and {"jobs", "noneedrun_finished"} <= set(vars(DAG))
        and {"async_run", "dryrun", "execute", "persistence", "touch"} <= set(vars(Workflow))
    )


def can_add_numbers() -> bool:
    """Whether the records of figures have captions when the reporter gets them, and it has filters for its sources."""
    from snakemake.report import FileRecord
    from snakemake.report.html_reporter import Reporter

    return (
        {"path", "mime", "caption"} <= {field.name for field in fields(FileRecord)}
        and "get_resource_as_string" in inspect.getsource(Reporter.__post_init__)
        and "self.jobs" in inspect.getsource(Reporter.render)
        and "__post_init__" in vars(Reporter)
    )


def can_hold_texts_back() -> bool:
    """Whether the page has the data where they are looked for, and its reporter the environment of its template."""
    from snakemake.report.html_reporter import Reporter

    source = inspect.getsource(Reporter)
    return (
        has_each_once(page(), dict.fromkeys(map(written, DATA), ""))
        and "self.env = Environment(" in source
        and f'self.env.get_template("{PAGE}")' in source
    )


AT_THE_END = Patch(
    name="report at the end",
    replaces="auto_report and the graph of jobs that it takes",
    without="the report is not made by itself; `snakemake --report results/report.html` with the same options makes it",
    # A profile's `report-after-run` would break dry runs on a clean tree and leaves out what failed.
    upstream="https://github.com/snakemake/snakemake/issues/3418",
    is_there=can_report,
)

INERT = Patch(
    name="texts that stay texts",
    replaces=f"the data in {PAGE}",
    without="the report is not made, since a name that holds a script would run in it",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/report/html_reporter/template/index.html.jinja2",
    is_there=can_hold_texts_back,
)

NUMBERS = Patch(
    name="numbers in captions",
    replaces="the captions that the HTML reporter is given",
    without="captions in the report do not say the figures' numbers",
    upstream="https://github.com/snakemake/snakemake/blob/v9.27.1/src/snakemake/report/html_reporter/__init__.py",
    is_there=can_add_numbers,
)

TEXTS = Patch(
    name="alternative texts",
    replaces=f"the image in {CONTENT}",
    without="images in the report have no alternative text for people who cannot see them",
    upstream=CONTENT_UPSTREAM,
    is_there=lambda: can_add_numbers() and has_each_once(content(), ALTERNATIVE),
)

FRAMES = Patch(
    name="large pages",
    replaces=f"the frame in {CONTENT}",
    without="pages of more than 2 MB, such as viewers, stay empty in the report in Chromium; open their files instead",
    upstream=CONTENT_UPSTREAM,
    is_there=lambda: can_add_numbers() and has_each_once(content(), BLOBS),
)


def written(name: str) -> str:
    """How the template writes some data."""
    return f"{{{{{name}}}}}"


def inert(data: str) -> str:
    """JSON that can stand in a script: the same values, without a letter that HTML looks for there."""
    # In JSON, these stand inside of texts alone.
    return data.replace("<", "\\u003c").replace(">", "\\u003e")


def hold_texts_back() -> None:
    """Let no text that somebody gave end the script it is written into, in all reports that are made from now on."""
    from jinja2 import FunctionLoader
    from snakemake.report.html_reporter import Reporter

    prepare = Reporter.__post_init__
    if getattr(prepare, "holds_texts_back", False):
        return
    put = {written(name): written(f"{name}|inert") for name in DATA}

    # Whoever looks at the source sees Snakemake's own.
    @wraps(prepare)
    def prepare_inert(self: Any) -> None:
        prepare(self)
        environment, loader = self.env, self.env.loader
        environment.filters["inert"] = inert
        environment.loader = FunctionLoader(lambda name: changed(loader.get_source(environment, name)[0], put))

    prepare_inert.holds_texts_back = True  # type: ignore[attr-defined]
    Reporter.__post_init__ = prepare_inert


def changed(source: str, changes: dict[str, str]) -> str:
    """A part of Snakemake's page with other texts in it, found and put instead."""
    for found, put in changes.items():
        source = source.replace(found, put)
    return source


def description(path: str | os.PathLike) -> str:
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


def facts(n_runs: int, version: str) -> dict[str, Any]:
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


def stopped_clock() -> float | None:
    """When all jobs ran, where a report shall be the same bytes twice: what SOURCE_DATE_EPOCH says, seconds since 1970.

    https://reproducible-builds.org/specs/source-date-epoch. In local time, as the report shows it, it is the same in
    every time zone. None where it is not set, or is no number.
    """
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not said.isdecimal():
        return None
    return datetime.fromtimestamp(int(said), UTC).replace(tzinfo=None).timestamp()


def plugin(may: Callable[[Patch], bool]) -> Any:
    """Snakemake's HTML reporter, made to tell what is on its images.

    Parameters
    ----------
    may : callable
        Whether a patch can be made; says so if not.

    Returns
    -------
    object
        With a `reporter`, as Snakemake's registry of report plugins gives.
    """
    from snakemake.report.html_reporter import Reporter

    changes = (ALTERNATIVE if may(TEXTS) else {}) | (BLOBS if may(FRAMES) else {})
    with_numbers = may(NUMBERS)
    clock = stopped_clock()
    if not changes and not with_numbers and clock is None:
        return SimpleNamespace(reporter=Reporter)

    class DescribingReporter(Reporter):
        def __post_init__(self) -> None:
            super().__post_init__()
            read = self.env.filters["get_resource_as_string"]
            self.env.filters["get_resource_as_string"] = lambda path: (
                changed(read(path), changes) if Path(path).name == CONTENT else read(path)
            )
            if clock is not None:
                for record in self.jobs:
                    record.starttime = record.endtime = clock
            if not with_numbers:
                return
            for subcategories in self.results.values():
                for record in (record for records in subcategories.values() for record in records):
                    if record.mime == "image/png" and (said := description(record.path)):
                        record.caption += f"<p><strong>In numbers:</strong> {html.escape(said)}</p>"

    return SimpleNamespace(reporter=DescribingReporter)


def budget(path: str | os.PathLike) -> float:
    """Bytes of figures that a report can hold; those of a zip are read one by one."""
    return MAX_BYTES if Path(path).suffix == ".html" else float("inf")


class Finished:
    """The part of a DAG that a report can show: jobs whose results are there, of as many runs as a browser bears.

    Parameters
    ----------
    dag : snakemake.dag.DAG
    own : callable
        Picks the jobs of this workflow.
    runs : iterable of str
        The wildcards of all runs, in the order in which they are shown.
    max_bytes : float
        Of the figures, those of all runs together included.
    seen : snakemake.workflow.Workflow
        What the report sees of the workflow, its config and the text of its landing page.

    Attributes
    ----------
    jobs : list of snakemake.jobs.Job
    n_shown, n_done : int
        Runs whose figures are in the report, and runs that have figures.
    """

    def __init__(
        self, dag: Any, own: Callable[[Iterable[Any]], list[Any]], runs: Iterable[str], max_bytes: float, seen: Any
    ) -> None:
        self.dag = dag
        self.workflow = seen
        # After a failure, what lies there of an earlier run is not what this config asks for.
        done = [
            job
            for job in own(dag.jobs)
            if job.output and dag.noneedrun_finished(job) and all(map(self.is_there, job.output))
        ]
        sizes: dict[str | None, int] = {}
        for job in done:
            run = job.wildcards.get("run")
            figures = [os.path.getsize(path) for path in job.output if is_flagged(path, "report")]
            sizes[run] = sizes.get(run, 0) + sum(figures)
        left = max_bytes - sizes.pop(None, 0)
        shown: set[str | None] = {None}
        for run in filter(sizes.get, runs):
            left -= sizes[run]
            if left < 0:
                break
            shown.add(run)
        self.jobs = [job for job in done if job.wildcards.get("run") in shown]
        self.n_shown = len(shown) - 1
        self.n_done = sum(map(bool, sizes.values()))

    @staticmethod
    def is_there(path: str) -> bool:
        """Whether a result is there, or was removed after it had been used."""
        return is_flagged(path, "temp") or os.path.exists(path)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dag, name)


def would_lose_all(finished: Finished, failed: Sequence[Mapping[str, Any]], path: str | os.PathLike) -> bool:
    """Whether a report of nothing but failures would replace one of results.

    Parameters
    ----------
    finished : Finished
    failed : sequence of dict
        The failures of this time, with the fields of `failures.Failure`.
    path : str or path-like
        The report.
    """
    # Where nothing went through before, the report that is there is about failures too.
    had_results = any(failure["earlier_results"] for failure in failed)
    return had_results and not finished.n_done and os.path.exists(path)


WHOLE = {"all", "crate"}
"""Targets that are all results."""


def is_whole(workflow: Any) -> bool:
    """Whether this run of Snakemake was asked for all results."""
    chosen = workflow.dag_settings
    return not (set(chosen.targets) - WHOLE or chosen.until or chosen.omit_from)


def is_current(dag: Any, own: Callable[[Iterable[Any]], list[Any]], paths: Sequence[str | os.PathLike]) -> bool:
    """Whether a report is there and not older than anything that it can show.

    Parameters
    ----------
    dag : snakemake.dag.DAG
    own : callable
        Picks the jobs of this workflow.
    paths : sequence of str or path-like
        The report, and what else is made with it.
    """
    if not all(map(os.path.exists, paths)):
        return False
    shown = (
        file for job in own(dag.jobs) for file in job.output if is_flagged(file, "report") and os.path.exists(file)
    )
    return max(map(os.path.getmtime, shown), default=0) <= min(map(os.path.getmtime, paths))


def write(workflow: Any, dag: Finished, path: Path, stylesheet: Path, may: Callable[[Patch], bool]) -> None:
    """Write a report; until all of it is written, that of an earlier time stays.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    dag : Finished
    path, stylesheet : pathlib.Path
    may : callable
        See `plugin`.
    """
    from snakemake.report import auto_report
    from snakemake.report.html_reporter import ReportSettings
    from snakemake.settings.types import GlobalReportSettings

    # What is kept in memory of the job that ended last is from before its metadata were written.
    if forget := getattr(workflow.persistence, "deactivate_cache", None):
        forget()
    for left in Path(path).parent.glob(f"{UNFINISHED}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(UNFINISHED))):
            shutil.rmtree(left, ignore_errors=True)
    # The file's name is that of the folder inside of a zip archive.
    unfinished = Path(path).parent / f"{UNFINISHED}{os.getpid()}" / Path(path).name
    unfinished.parent.mkdir(parents=True)
    try:
        settings = ReportSettings(path=unfinished, stylesheet_path=Path(stylesheet))
        workflow.async_run(auto_report(dag, plugin(may), settings, GlobalReportSettings()))
        unfinished.replace(path)
    finally:
        shutil.rmtree(unfinished.parent, ignore_errors=True)

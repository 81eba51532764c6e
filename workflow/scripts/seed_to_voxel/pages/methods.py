"""The methods text: what was done, in sentences for a paper, from the config and what the runs say.

Here are the facts; the words are in ``methods.md.j2`` and, for a model of groups, ``methods_groups.md.j2``; the works
that they cite are in ``references.bib``. A model has a text of its own, so that one that fails takes no other along.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markupsafe import Markup

from ..base import words
from ..groups import doubts
from ..groups.attainable import out_of_reach
from .page import environment, read, render
from .references import Bibliography, parse

FILES = ("methods.md.j2", "methods_groups.md.j2", "methods_words.md.j2", "methods.html.j2", "references.bib")

ORIGINS = {"simple": "fox2005", "scrubbing": "power2012", "compcor": "behzadi2007", "ica_aroma": "pruim2015"}
"""Where each strategy of nilearn's comes from."""


class Written(NamedTuple):
    """A methods text: Markdown, and the works that it cites, BibTeX."""

    text: str
    bibliography: str

    def save(self, text: str, bibliography: str, page: str) -> None:
        """Write both, and the text as a page for the report, to files."""
        for path, content in ((text, self.text), (bibliography, self.bibliography), (page, as_page(self))):
            Path(path).write_text(content, encoding="utf-8")


def number(value: float) -> str:
    """A number as text wants it: 0.01, 8, 120."""
    return f"{value:.4g}"


def listed(words: Iterable[str]) -> str:
    """Words as a list in a sentence."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def span(values: Iterable[float], unit: str = "") -> str:
    """The range of some values, or their one value."""
    low, high = min(values), max(values)
    text = number(low) if low == high else f"{number(low)} to {number(high)}"
    return f"{text} {unit}".strip()


def one_line(text: str) -> Markup:
    """Join the lines of a paragraph; a line that begins with a punctuation mark follows without a space."""
    return Markup(" ".join(re.sub(r"\s*\n\s*(?=[.,;:)])", "", text).split()))


def capital(text: str) -> Markup:
    """Begin a sentence."""
    text = text.lstrip()
    return Markup(text[:1].upper() + text[1:])


def verbatim(text: str) -> str:
    """Escape what Markdown would not show letter by letter."""
    return re.sub(r"([\\`*\[\]<>&~]|(?<!\w)_|_(?!\w))", r"\\\1", text)


def data_facts(dataset: Mapping, runs: Sequence[Mapping], entries: Sequence[Mapping], source: Mapping | None) -> dict:
    """What was analysed, and what was refused."""
    made_by: Mapping = next(iter((source or {}).get("GeneratedBy") or []), {})
    return {
        "dataset": dataset["kind"],
        "fmriprep": made_by.get("Version") or "",
        # A folder can be laid out as fMRIPrep does it and be made by something else.
        "known_maker": "fmriprep" in str(made_by.get("Name", "")).lower(),
        "n_runs": len(entries),
        "n_participants": len({entry["labels"]["subject"] for entry in entries}),
        "n_refused": sum(bool(entry["refused"]) and not entry.get("excluded") for entry in entries),
        "n_excluded": sum(bool(entry.get("excluded")) for entry in entries),
        "n_used": len(runs),
        "spaces": sorted({entry["labels"]["space"] for entry in entries}),
        "tasks": sorted({entry["labels"]["task"] for entry in entries}),
        "sessions": sorted({session for entry in entries if (session := entry["labels"].get("session"))}),
        "runs_each": list(Counter(entry["labels"]["subject"] for entry in entries).values()),
        "voxel_sizes": sorted(
            {" x ".join(f"{size:.3g}" for size in run["VoxelSize"]) for run in runs if "VoxelSize" in run}
        ),
        **surface_facts(runs),
        "masks": sorted({run["Mask"] for run in runs}),
        "volumes": {run["NumberOfVolumes"] for run in runs},
        "t_r": {run["RepetitionTime"] for run in runs},
    }


def surface_facts(runs: Sequence[Mapping]) -> dict:
    """Where the places of runs on the cortical surface are; nothing of it for runs of voxels."""
    own = [run for run in runs if "NumberOfVertices" in run]
    if not own:
        return {"on_surface": None}
    return {
        "on_surface": own[0]["Places"],
        "n_vertices": own[0]["NumberOfVertices"],
        "with_data": [sum(run["NumberOfVerticesWithData"].values()) for run in own],
        "n_subcortical": own[0]["NumberOfVoxels"],
        "area_weights": own[0]["AreaWeights"],
    }


def volume_facts(runs: Sequence[Mapping], dummy_scans: int | str) -> dict:
    """Which volumes were left out; `dummy_scans` is the config's."""
    scrubbing = runs[0]["Cleaning"]["scrubbing"]
    unsteady = [run["CensoringReasons"]["dummy_scans"] for run in runs] if dummy_scans == "auto" else []
    return {
        "unsteady": unsteady if any(unsteady) else [],
        "dropped": 0 if dummy_scans == "auto" else dummy_scans,
        **{name: scrubbing[name] for name in ("fd_threshold", "std_dvars_threshold", "min_segment")},
        "kept": [run["NumberOfVolumesKept"] for run in runs],
        "undefined": sum(len(run["UndefinedVolumes"]) for run in runs),
        "seconds": [run["SecondsKept"] for run in runs],
    }


def cleaning_facts(runs: Sequence[Mapping]) -> dict:
    """How series were cleaned, and of which columns."""
    cleaning = runs[0]["Cleaning"]
    strategy = cleaning["confounds_strategy"]
    columns = [set(run["Cleaning"]["confounds"]) for run in runs]
    everywhere, anywhere = set.intersection(*columns), set.union(*columns)
    band = cleaning["high_pass"], cleaning["low_pass"]
    removed = {
        "trend": cleaning["detrend"],
        "cosines": cleaning["filter"] == "cosine",
        "frequencies": cleaning["filter"] == "fourier" and any(band),
        "confounds": bool(anywhere),
    }
    return {
        "strategy": strategy,
        "origin": strategy and ORIGINS.get(strategy["name"]),
        "components": [name for name in (strategy or {}).get("strategy", ()) if is_said(name, strategy, anywhere)],
        "denoised_by_aroma": strategy is not None and strategy.get("ica_aroma") == "full",
        "columns": sorted(anywhere),
        "everywhere": sorted(everywhere),
        "somewhere": sorted(anywhere - everywhere),
        "n_columns": [len(run["Cleaning"]["confounds"]) for run in runs],
        "filtered": cleaning["filter"] == "butterworth" and any(band),
        "high_pass": band[0],
        "low_pass": band[1],
        "detrend": cleaning["detrend"],
        "removed": [name for name, there in removed.items() if there],
        "censored": any(run["CensoredVolumes"] for run in runs),
        "gaps": any(run["LongestGap"] for run in runs),
    }


def statistics_facts(options: Mapping, statistics: Sequence[Mapping]) -> dict:
    """How r was held against chance, and whether that holds."""
    nu = [run["effective_degrees_of_freedom"] for run in statistics]
    checks = [run["null_seeds"]["shares"][0] for run in statistics]
    return {
        "reach": max(run["reach"] for run in statistics),
        "nu": [round(value) for value in nu if value is not None],
        "passing": [round(100 * share, 1) for share in checks if share is not None],
        "n_null_seeds": options["null_seeds"],
        "yekutieli": options["fdr"] == "benjamini_yekutieli",
        "level": f"{options['level']:g}",
        "bursts": options["bursts"],
    }


def group_facts(options: Mapping[str, Any], design: Mapping, tests: Sequence[Mapping]) -> dict[str, Any]:
    """What was asked of groups, how it was tested.

    Parameters
    ----------
    options : dict
        The config's ``groups``.
    design : dict
        Beside the model's design.
    tests : sequence of dict
        Beside a map of each of its tests: its ``Contrast``, and ``Permutations`` where there were any.
    """
    asked = [test["Permutations"] for test in tests if test.get("Permutations")]
    reasons = [
        f"{'all ' if about['Exact'] else ''}{about['Number']} rearrangements of {listed(about['Rearranged'])}"
        + (f", {about['Blocks']}," if about["Blocks"] else "")
        + f" for {listed(test['Contrast']['Name'] for test in tests if test.get('Permutations') == about)}"
        for position, about in enumerate(asked)
        if about not in asked[:position]
    ]
    return {
        "model": {
            "name": design["Model"],
            "formula": design["Formula"],
            "n_subjects": design["NumberOfSubjects"],
            "n_rows": design["NumberOfRows"],
            "groups": design["Groups"],
            "left_out": len(design["LeftOut"]),
            "centred": [note.split(" is centred")[0] for note in design["Notes"] if " is centred" in note],
            "variance_groups": design["VarianceGroups"] and design["VarianceGroups"]["Column"],
            "contrasts": [
                f"{test['Contrast']['Name']} ({listed(test['Contrast']['Expressions'])}, "
                f"by {test['Contrast']['Test'][0]})"
                for test in tests
            ],
        },
        "sessions_kept": options.get("sessions") == "keep",
        "coverage": options.get("mask_coverage", 1),
        "permuted": reasons,
        "blocks": [
            how
            for name, how in (("whole", "as a whole"), ("within", "within it"))
            if any(name in (about["Blocks"] or "") for about in asked)
        ],
        "out_of_reach": [
            f"for {test['Contrast']['Name']}, {said.removesuffix('.')}"
            for test in tests
            if (said := out_of_reach(test, options.get("level", 0.05)))
        ],
        "flipped": any("signs" in about["Rearranged"] for about in asked),
        "summarised": _summarised(tests),
        "dependent": [test["Contrast"]["Name"] for test in tests if test.get("Caveat") == doubts.INDEPENDENCE],
        "without_levels": [test["Contrast"]["Name"] for test in tests if test.get("Caveat") == doubts.LEVELS],
        "threshold": options.get("clusters", {}).get("threshold", 0),
        "tfce": options.get("tfce", False),
        "over_models": options.get("correct_over") == "models",
        "exponent": next((about["TFCE"]["E"] for about in asked if about.get("TFCE")), None),
    }


def _summarised(tests: Sequence[Mapping]) -> list[dict[str, Any]]:
    """What was made of the subjects' rows, and for which tests; see `groups.testing.Question.summarised`."""
    asked = [test["SubjectsSummarised"] for test in tests if test.get("SubjectsSummarised")]
    return [
        {
            "of": about["Of"],
            "names": [test["Contrast"]["Name"] for test in tests if test.get("SubjectsSummarised") == about],
            "n_subjects": about["NumberOfSubjects"],
            "unequal": len(about["SubjectsByRows"]) > 1,
        }
        for position, about in enumerate(asked)
        if about not in asked[:position]
    ]


def is_said(component: str, strategy: Mapping, columns: Iterable[str]) -> bool:
    """Whether a component of a strategy is among the regressors."""
    if component == "high_pass":
        return any(name.startswith("cosine") for name in columns)
    # Otherwise the images themselves were denoised.
    return component != "ica_aroma" or strategy["ica_aroma"] == "basic"


def write(
    config: Mapping,
    seeds: Sequence[Mapping],
    runs: Sequence[Mapping],
    entries: Sequence[Mapping],
    statistics: Sequence[Mapping],
    version: str,
    snakemake_version: str,
    source: Mapping | None = None,
    qcfc: bool = False,
    models: Sequence[str] = (),
) -> Written:
    """Write the methods text.

    Parameters
    ----------
    config : dict
        As it ran: its ``dataset``, its ``cleaning``, its ``statistics`` and, of its ``cleanings``, what each ``does``
        otherwise and which are ``without_global_signal``.
    seeds : sequence of dict
        From `seeds.Seed.described`.
    runs : sequence of dict
        Sidecars of the seeds' series of the runs that were used.
    entries : sequence of dict
        Verdicts on the quality of all runs, those that were excluded beforehand among them.
    statistics : sequence of dict
        From `statistics.map_sidecars.metrics`, of the runs that were used.
    version, snakemake_version : str
    source : dict, optional
        ``dataset_description.json`` of the source dataset.
    qcfc : bool
        Whether edges were correlated with motion over runs.
    models : sequence of str
        Names of the models of groups; see `write_groups`.

    Returns
    -------
    Written
        A title, a paragraph a topic, and the works cited.
    """
    cleaning = config["cleaning"]
    facts: dict[str, Any] = data_facts(config["dataset"], runs, entries, source)
    facts["seeds"] = [{"kind": "sphere", "mean": None, "reference": None, **seed} for seed in seeds]
    facts["seeds_in_mask"] = any(run.get("SeedVoxels") == "those in the brain mask" for run in runs)
    facts["reached"] = sorted({width for run in statistics if (width := run.get("smoothing_reached_fwhm"))})
    facts |= {"seed_fwhm": cleaning["seed_smoothing_fwhm"], "fwhm": cleaning["smoothing_fwhm"], "qcfc": qcfc}
    facts["min_seed_coverage"] = cleaning["min_seed_coverage"]
    facts["uncovered"] = sum("excluded" in seed for run in runs for seed in run["Seeds"])
    if runs:
        software = runs[0]["Software"]
        facts |= volume_facts(runs, cleaning["dummy_scans"]) | cleaning_facts(runs)
        facts |= {
            **statistics_facts(config["statistics"], statistics),
            **config["maps"],
            "cleanings": config["cleanings"]["does"],
            "without_global_signal": config["cleanings"]["without_global_signal"],
            "models": list(models),
            "version": version,
            "snakemake_version": snakemake_version,
            "software": software,
            "others": [f"{name} {value}" for name, value in software.items() if name != "nilearn"],
        }
    return _filled("methods.md.j2", facts)


def write_groups(
    options: Mapping[str, Any], fdr: str, design: Mapping, tests: Sequence[Mapping], places: str = "voxels"
) -> Written:
    """Write the methods text of a model of groups.

    Parameters
    ----------
    options : dict
        The config's ``groups``.
    fdr : str
        The config's ``statistics.fdr``.
    design, tests : dict, sequence of dict
        See `group_facts`.
    places : str
        What the places of maps are called.

    Returns
    -------
    Written
        A title, a paragraph a topic, and the works cited.
    """
    facts = {**group_facts(options, design, tests), "yekutieli": fdr == "benjamini_yekutieli"}
    facts["on_surface"] = places if places != "voxels" else None
    return _filled("methods_groups.md.j2", facts)


def _filled(template: str, facts: Mapping[str, Any]) -> Written:
    """A text from its template."""
    works = Bibliography(parse(read(FILES)["references.bib"]))
    markdown = environment(FILES, verbatim)
    for function in (number, listed, span, one_line, capital):
        markdown.filters[function.__name__] = function
    text = markdown.get_template(template).render(**facts, works=works, cite=works.cite)
    if places := facts.get("on_surface"):
        text = words.of_places(text, places)
    return Written(f"{text.strip()}\n", works.entries())


def as_page(written: Written) -> str:
    """The text as a page for the report.

    Parameters
    ----------
    written : Written

    Returns
    -------
    str
        HTML.
    """
    html = MarkdownIt("commonmark", {"html": False}).render(written.text)
    return render("methods.html.j2", FILES, text=Markup(html), entries=written.bibliography)

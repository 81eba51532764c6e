"""The report's landing page: what it says of every kind of study, as Snakemake makes it."""

import copy
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from conftest import ROOT, SCHEMA
from docutils.core import publish_parts
from jinja2 import Environment
from parsed_page import HOSTILE, ParsedPage

from seed_to_voxel.study import configuration

TEMPLATE = (ROOT / "workflow/report/workflow.rst").read_text(encoding="utf-8")
CATEGORIES = ["1 Overview", "2 Maps", "4 Quality"]
FACTS = {"runs": 12, "refused": 0, "version": "1.2", "python": "3.11", "software": {"numpy": "2.4", "scipy": "1.17"}}


def landing(config, categories=CATEGORIES, **more):
    config = copy.deepcopy({"dataset": {"kind": "simulated"}, **config})
    configuration.fill_in(config, SCHEMA)
    links = "".join(f"\n.. _{name}: javascript:app.showCategory('{quote(name)}')\n" for name in categories)
    text = Environment(trim_blocks=True, lstrip_blocks=True).from_string(TEMPLATE + "\n" + links)
    said = text.render(
        snakemake=SimpleNamespace(config=config | more),
        categories=[SimpleNamespace(name=name) for name in categories],
        files=["would", "be", "listed"],
    )
    page = ParsedPage(f"<body>{publish_parts(said, writer='html')['body']}</body>")
    assert "System Message" not in page.text, page.text
    return page


def told(page):
    """The table of what was run, by its first column; `1 Overview` and the like are in it too."""
    return {first: " ".join(second.split()) for first, second, *_ in page.rows()}


def test_only_what_the_report_has_is_offered_and_is_a_link():
    page = landing({})
    links = {link.text: link.attributes["href"] for link in page.find("a") if link.attributes.get("href")}
    assert links == {name: f"javascript:app.showCategory('{quote(name)}')" for name in CATEGORIES}
    assert "Where to look" not in landing({}, categories=[]).text


def test_categories_are_listed_in_the_order_of_their_numbers():
    page = landing({}, categories=["4 Quality", "6 Methods", "1 Overview"])
    assert [row[0] for row in page.rows()][:3] == ["1 Overview", "4 Quality", "6 Methods"]


@pytest.mark.parametrize(
    ("config", "name", "expected"),
    [
        ({}, "Dataset", "simulated cohort, 2 participants"),
        ({"dataset": {"kind": "table", "table": {"runs": "my runs.tsv"}}}, "Dataset", "runs of my runs.tsv"),
        ({"dataset": {"kind": "fmriprep", "fmriprep": {"folder": "/a/b"}}}, "Dataset", "fMRIPrep derivatives in /a/b"),
        (
            {"dataset": {"kind": "development_fmri", "development_fmri": {"participants": ["pixar1", "pixar2"]}}},
            "Dataset",
            "development_fmri (film watching), pixar1, pixar2",
        ),
        (
            {"dataset": {"kind": "nki_surface", "nki_surface": {"participants": ["A1", "A2"]}}},
            "Dataset",
            "NKI-Rockland Sample on the cortical surface (at rest), A1, A2",
        ),
        (
            {"dataset": {"kind": "nki_surface", "nki_surface": {"participants": "all"}}},
            "Dataset",
            "NKI-Rockland Sample on the cortical surface (at rest), all participants",
        ),
        ({"cleaning": {"confounds": []}}, "Confounds", "none"),
        ({"cleaning": {"confounds": ["csf", "rot_*"]}}, "Confounds", "csf, rot_*"),
        ({"cleaning": {"confounds": "simple"}}, "Confounds", "strategy simple of nilearn's load_confounds"),
        (
            {"cleaning": {"confounds": {"strategy": ["high_pass", "motion"], "motion": "basic"}}},
            "Confounds",
            "nilearn's load_confounds: strategy high_pass + motion, motion basic",
        ),
        (
            {"cleaning": {"high_pass": 0.01, "low_pass": 0.08}},
            "Filter",
            "0.01 to 0.08 Hz (Butterworth, order 5, zero phase)",
        ),
        (
            {"cleaning": {"high_pass": None, "low_pass": 0.1}},
            "Filter",
            "below 0.1 Hz (Butterworth, order 5, zero phase)",
        ),
        (
            {"cleaning": {"high_pass": 0.01, "low_pass": None}},
            "Filter",
            "above 0.01 Hz (Butterworth, order 5, zero phase)",
        ),
        (
            {"cleaning": {"filter": "fourier"}},
            "Filter",
            "0.01 to 0.1 Hz (regression of sines and cosines outside of it)",
        ),
        ({"cleaning": {"high_pass": None, "low_pass": None}}, "Filter", "none"),
        ({"cleaning": {"filter": "cosine", "low_pass": None}}, "Filter", "regression of cosines up to 0.01 Hz"),
        ({"cleaning": {"smoothing_fwhm": None}}, "Smoothing of voxels", "none"),
        ({"cleaning": {"smoothing_fwhm": 5}}, "Smoothing of voxels", "5 mm (full width at half maximum)"),
        (
            {"cleaning": {"scrubbing": {"fd_threshold": 0.4}}},
            "Scrubbing",
            "threshold of framewise displacement: 0.4 mm; of standardised DVARS: none",
        ),
        (
            {"cleaning": {"confounds": "scrubbing", "scrubbing": {"std_dvars_threshold": 2}}},
            "Scrubbing",
            "threshold of framewise displacement: that of nilearn's strategy; of standardised DVARS: 2",
        ),
        ({"maps": {"threshold": 0.3}}, "Colours", "from |r| = 0.3 to 1, the same for every run"),
    ],
)
def test_what_was_run_is_said(config, name, expected):
    assert told(landing(config))[name] == expected


def test_what_nilearn_does_is_said_of_its_own_filters_alone():
    other = "signal.clean does with another filter, which nilearn does not have;"
    for config, facts, there in (
        ({}, {"filter": "butterworth"}, False),
        ({}, {"filter": "fourier"}, True),
        ({"cleaning": {"filter": "fourier"}}, {}, True),
        ({"cleaning": {"high_pass": None, "low_pass": None}}, {"filter": "fourier"}, False),
    ):
        said = " ".join(landing(config, facts=FACTS | facts).text.split())
        assert (other in said) is there and ("signal.clean does;" in said) is not there


@pytest.mark.parametrize("places", ["voxels", "vertices", "grayordinates"])
def test_what_there_is_of_maps_is_said_by_their_places(places):
    on_grid = places == "voxels"
    plain = told(landing({}, ["2 Maps"], facts=FACTS | {"places": places}))["2 Maps"]
    assert plain == f"each map on {'slices' if on_grid else 'the cortex'}, by seed"
    further = {"figures": {"further": ["surface", "glassbrain"] if on_grid else ["distribution"]}}
    found = told(landing(further, ["2 Maps"], facts=FACTS | {"places": places}))
    assert ("slices, on the cortex, through the brain, by seed" in found["2 Maps"]) is on_grid
    assert "cortex" in found["2 Maps"]


@pytest.mark.parametrize(
    ("further", "expected"),
    [
        ([], "whether z holds in each run"),
        (
            ["distribution", "clusters"],
            "whether z holds in each run, distribution of r against chance, clusters and peaks",
        ),
        (["mosaic", "networks"], "whether z holds in each run, network profile"),
    ],
)
def test_figures_of_statistics_that_were_not_asked_for_are_not_promised(further, expected):
    assert told(landing({"figures": {"further": further}}, ["5 Statistics"]))["5 Statistics"] == expected


def test_a_run_of_which_a_late_step_failed_is_not_said_to_have_nothing():
    failure = {"run": "sub-01", "rule": "compare_cleanings", "message": "Error: x", "log": "a.log"}
    said = " ".join(landing({}, failed_runs=[failure]).text.split())
    assert "no results here" not in said and "lack the results of the step that failed" in said
    assert "what was made before it is here" in said


def test_a_finished_study_is_counted():
    rows = told(landing({}, facts=FACTS))
    assert rows["Runs"] == "12, all of which went through"
    assert rows["Software"] == "seed-to-voxel 1.2, Python 3.11, numpy 2.4, scipy 1.17"
    failure = {"run": "sub-01", "rule": "correlate", "message": "Error: `no` \\ room", "log": "a.log"}
    page = landing({}, facts={**FACTS, "refused": 2}, failed_runs=[failure] * 2)
    assert told(page)["Runs"] == "12 (2 refused for quality, see Quality) (1 failed, listed above)"
    assert ["sub-01", "correlate", "Error: 'no' \\ room", "a.log"] in page.rows()
    page = landing({}, runs_shown=3, runs_done=9)
    assert "the figures of the first 3 of the 9 runs" in " ".join(page.text.split())


INJECTED = "x`_\n\n.. raw:: html\n\n   <img src=q onerror=alert(1)>\n"


@pytest.mark.parametrize("name", [HOSTILE, INJECTED, "`", "\\", "a`b`c_", "*a*", "|x|", "", " "])
def test_names_stay_text(name):
    failure = {"run": name, "rule": "correlate", "message": name, "log": name}
    page = landing(
        {
            "dataset": {"kind": "table", "table": {"runs": name or "x"}},
            "seeds": name or "x",
            "cleaning": {"confounds": [name or "x", "y"]},
        },
        failed_runs=[failure],
    )
    assert not page.find("img") and not page.find("script") and page.text.count("Seed-to-voxel") == 0
    shown = " ".join(name.replace("`", "'").split())
    if shown:
        assert shown in told(page)["Seeds"] and shown in told(page)["Dataset"] and shown in told(page)["Confounds"]

"""Every page by itself, on a wide screen and on a phone, light and dark: legible, whole, and deaf to hostile names."""

import numpy as np
import pytest
from in_browser import FAINT, pixels
from made_maps import AFFINE, SEED, ordinary, runs_like_each_other
from made_runs import LABELS, explored
from made_runs import LOOK as EXPLORED_LOOK
from parsed_page import HOSTILE

from seed_to_voxel.figures import cleanings as drawn
from seed_to_voxel.figures import thumbnails
from seed_to_voxel.pages import cleanings, explorer, methods, overview, printed, quality, viewers
from seed_to_voxel.quality import cleanings as side_by_side
from seed_to_voxel.quality import limits, table

pytestmark = pytest.mark.browser

LOOK = (0.5, 1, "RdBu_r")
NAMED = {**SEED, "name": HOSTILE, "label": "PCC"}


def quality_page():
    entries = [
        {
            "labels": {"subject": name, "session": "1", "task": "rest", "space": "MNI152NLin2009cAsym"},
            "refused": refused,
            "metrics": {"mean_fd": fd, "n_volumes": 168, "median_tsnr": 61.2345},
            "seeds": {} if refused else {"PCC": {"coverage": 1.0, "tsnr": 55.5}},
        }
        for name, refused, fd in (
            (HOSTILE, [], 0.1),
            ("02", ["30 s are kept, expected at least 60"], 0.2),
            ("03", [], 0.9),
        )
    ]
    rows = table.rows_of(entries, ["PCC"], {**dict.fromkeys(limits.LIMITS), "max_mean_fd": 0.5})
    return quality.as_page(rows, table.describe(["PCC"]))


def printed_page():
    rows = [printed.Comparison(HOSTILE, "PCC", "r_max", 0.96, ours, 0.001) for ours in (0.9603, 0.91)]
    return printed.as_page(rows)


def overview_page():
    runs = ({**run, "title": f"{HOSTILE} {run['title']}"} for run in runs_like_each_other())
    return overview.page(NAMED, overview.collect(NAMED, runs, *LOOK), *LOOK)


def methods_page():
    seeds = [{"label": "M", "kind": "mask", "file": HOSTILE, "mean": "plain"}]
    run = {
        "RepetitionTime": 2.0,
        **{
            "NumberOfVolumes": 100,
            "NumberOfVolumesKept": 100,
            "SecondsKept": 200.0,
            "DegreesOfFreedomWhiteNoise": 31.4,
            "LongestGap": 0,
            "VoxelSize": [4.0, 4.0, 4.0],
            "Mask": "given with the run",
            "UndefinedVolumes": [],
            "Seeds": [],
        },
        **{"CensoredVolumes": [], "CensoringReasons": {"dummy_scans": 0}, "Software": {"nilearn": "1", "numpy": "2"}},
        "Cleaning": {
            **{"detrend": True, "filter": "butterworth", "high_pass": 0.01, "low_pass": 0.1, "dummy_scans": 0},
            **{"confounds_strategy": None, "confounds": [f"a_comp_cor_{n:02d}" for n in range(50)]},
            "scrubbing": {"fd_threshold": None, "std_dvars_threshold": None, "min_segment": 5},
        },
    }
    entry = {"labels": {"subject": "01", "space": "MNI", "task": "rest"}, "refused": []}
    cleaning = {"smoothing_fwhm": 6, "seed_smoothing_fwhm": None, "dummy_scans": 0, "min_seed_coverage": 0.5}
    statistics = {"fdr": "benjamini_hochberg", "level": 0.05, "bursts": False, "null_seeds": 300}
    maps = {"semipartial": True, "differences": [["A", "B"]], "reliability": True}
    config = {"dataset": {"kind": "table"}, "cleaning": cleaning, "statistics": statistics, "maps": maps}
    config["cleanings"] = {"does": {"gsr": "with global_signal"}, "without_global_signal": ["gsr"]}
    tested = [{"reach": 12.0, "effective_degrees_of_freedom": 36.2, "null_seeds": {"shares": [0.05, 0.01, 0.001]}}]
    return methods.as_page(methods.write(config, seeds, [run], [entry], tested, "1", "9"))


def cleanings_page():
    names, underlay = drawn.underlay(tuple(SEED[axis] for axis in "xyz"))
    numbers = {name: None for name in side_by_side.COLUMNS if name not in ("seed", "cleaning", "runs")}
    rows = [
        {
            "seed": "PCC",
            "cleaning": cleaning,
            "runs": runs,
            **numbers,
            "nu": 31.5,
            "qcfc_edges": 160,
            "qcfc_median": 0.2,
        }
        for cleaning, runs in (("main", 12), ("gsr", 11))
    ]
    picture = thumbnails.beside(underlay.lay(ordinary(), *LOOK))
    pictures = {("PCC", row["cleaning"]): picture for row in rows}
    said = ({"gsr": HOSTILE}, ["gsr"], 12, 12, 0.05, LOOK)
    return cleanings.page(rows, [NAMED], pictures, {"PCC": names}, *said)


def explorer_page():
    return explorer.page(labels={**LABELS, "subject": HOSTILE}, look=EXPLORED_LOOK, **explored()[0])


def whole_quality_page():
    """With the columns of two seeds and two sessions, and the same volumes and confounds in all runs."""
    labels = ("PCC", "mPFC")
    entries = [
        {
            "labels": {"subject": f"NDAR{k:04d}", "session": f"0{k}", "task": "rest", "space": "MNI152NLin2009cAsym"},
            "refused": ["30 s are kept, expected at least 60"] if k else [],
            "metrics": {
                name: 101.234 + k if name not in quality.SHARED or name == "longest_gap" else 412
                for name in table.COLUMNS
            },
            "seeds": {label: {"coverage": 0.9876 + k / 1000, "tsnr": 55.512 + k} for label in labels},
        }
        for k in range(2)
    ]
    return quality.as_page(table.rows_of(entries, labels, dict.fromkeys(limits.LIMITS)), table.describe(labels))


def whole_cleanings_page():
    rows = [
        {**dict.fromkeys(side_by_side.COLUMNS, -0.1234), "seed": "PCC", "cleaning": name, "runs": 12, "network": None}
        for name in ("main", "withoutfilter")
    ]
    rows = [{**row, "nu": 101.2, "nu_white": 153.4, "volumes_kept": 412} for row in rows]
    return cleanings.page(rows, [NAMED], {}, {}, {"withoutfilter": "no filter"}, [], 12, 12, 0.05, LOOK)


@pytest.mark.parametrize("width", [1280, 1366, 1920])
@pytest.mark.parametrize("make", [whole_quality_page, whole_cleanings_page])
def test_tables_fit_a_screen(make, width, open_page, tmp_path):
    (tmp_path / "page.html").write_text(make(), encoding="utf-8")
    page = open_page(tmp_path / "page.html")
    page.set_viewport_size({"width": width, "height": 800})
    # As wide as nothing of it is hidden, and in letters that can be read.
    (wide,) = page.eval_on_selector_all(".scroll", "all => all.map(one => one.scrollWidth - one.clientWidth)")
    assert wide == 0
    assert page.eval_on_selector("td.number", "cell => parseFloat(getComputedStyle(cell).fontSize)") >= 12


PAGES = {
    "methods": methods_page,
    "quality": quality_page,
    "printed": printed_page,
    "overview": overview_page,
    "cleanings": cleanings_page,
    "slices": lambda: viewers.slices_page([(HOSTILE, SEED, ordinary())], *LOOK),
    "explorer": explorer_page,
    "surface": lambda: viewers.surface_page([(HOSTILE, SEED, ordinary())], *LOOK),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make a page once."""
    folder, done = tmp_path_factory.mktemp("pages"), {}

    def make(name):
        if name not in done:
            done[name] = folder / f"{name}.html"
            done[name].write_text(PAGES[name](), encoding="utf-8")
        return done[name]

    return make


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_legible_whole_and_runs_nobodys_name(made, open_page, name, scheme, width):
    page = open_page(made(name))
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.reload()
    page.wait_for_load_state("load")
    if name in ("slices", "surface"):
        page.locator("#shown", has_text="shown").wait_for()
    if name == "explorer":
        page.locator("#shown", has_text="voxels").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page has to be moved sideways"
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert page.evaluate(FAINT, "body") == []
    ground = pixels(page.screenshot())[2, 2]
    assert (ground.mean() > 200) == (scheme == "light")
    assert dialogs == [] and page.locator("img[src=q]").count() == 0
    assert HOSTILE in page.locator("body").inner_text() or HOSTILE in page.locator("#map option").all_inner_texts()


@pytest.mark.parametrize("threshold", [0, 0.5])
def test_the_slices_say_r_under_the_cross(made, open_page, threshold):
    page = open_page(made("slices"))
    here = page.locator("#here")
    here.filter(has_text="r = ").wait_for()
    r = np.asarray(ordinary().dataobj)
    page.locator("#threshold").fill(str(threshold))
    box = page.locator("canvas").bounding_box()
    seen = set()
    for across, up in ((0.2, 0.5), (0.17, 0.45), (0.5, 0.5), (0.55, 0.6), (0.85, 0.4)):
        page.mouse.click(box["x"] + across * box["width"], box["y"] + up * box["height"])
        page.wait_for_timeout(200)
        value, place = here.inner_text().split(" at ")
        place = [float(number) for number in place.strip("() m").split(", ")]
        voxel = tuple(np.floor(np.linalg.inv(AFFINE)[:3] @ (*place, 1) + 0.5).astype(int))
        if value == "no r":
            assert not np.nan_to_num(r[voxel])
        else:
            assert float(value.removeprefix("r = ")) == pytest.approx(r[voxel], abs=0.5 / 127 + 0.005)
        seen.add(value)
    assert len(seen - {"no r"}) >= 3

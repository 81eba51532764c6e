"""The methods text: for every combination of choices it says what was done, and nothing else; and its references."""

import itertools
import re

import pytest
from parsed_page import HOSTILE, ParsedPage

from seed_to_voxel.groups import doubts
from seed_to_voxel.pages import methods, page, references
from seed_to_voxel.study import strategies

OFF = {"fd_threshold": None, "std_dvars_threshold": None, "min_segment": 5, "max_gap": 5}
WANTED = {
    "none": ([], []),
    "columns": (["csf", "trans_x"], ["csf", "trans_x"]),
    "simple": ("simple", ["cosine00", "csf", "trans_x"]),
    "global": ({"strategy": "simple", "global_signal": "full"}, ["cosine00", "csf", "global_signal", "trans_x"]),
    "compcor": ({"strategy": "compcor", "n_compcor": 5}, ["a_comp_cor_00", "cosine00", "trans_x"]),
    "aroma": ("ica_aroma", ["csf"]),
    "scrubbing": ("scrubbing", ["cosine00", "csf", "trans_x"]),
}
BANDS = {
    "band": ("butterworth", 0.01, 0.1),
    "high": ("butterworth", 0.01, None),
    "low": ("butterworth", None, 0.1),
    "fourier": ("fourier", 0.01, 0.1),
    "fourier low": ("fourier", None, 0.1),
    "none": ("butterworth", None, None),
    "cosine": ("cosine", 0.008, None),
}
SEEDS = [{"label": "PCC", "x": 0, "y": -52, "z": 18, "radius_mm": 8, "name": "PCC"}]


def run_of(wanted, columns, band, detrend, scrubbing, censored):
    strategy, scrubbing = strategies.resolve(wanted, scrubbing)
    filtering, high, low = band
    return {
        "RepetitionTime": 2.0,
        "NumberOfVolumes": 100,
        "VoxelSize": [4.0, 4.0, 4.0],
        "Mask": "given with the run",
        "UndefinedVolumes": [],
        "Seeds": [],
        "NumberOfVolumesKept": 100 - len(censored),
        "SecondsKept": 2.0 * (100 - len(censored)),
        "CensoredVolumes": censored,
        "CensoringReasons": {"dummy_scans": min(2, len(censored)), "fd": 0, "std_dvars": 0, "short_segment": 0},
        "LongestGap": 1 if 50 in censored else 0,
        "DegreesOfFreedomWhiteNoise": 31.4,
        "Software": {"nilearn": "0.14.1", "numpy": "2.4.6", "scipy": "1.17.1"},
        "Cleaning": {
            "detrend": detrend,
            "filter": filtering,
            "high_pass": high,
            "low_pass": low,
            "confounds_strategy": strategy,
            "confounds": columns,
            "dummy_scans": "auto",
            "scrubbing": scrubbing,
        },
    }


WORKS = references.parse((page.ROOM / "references.bib").read_text(encoding="utf-8"))
CITED = {work.cited: work for work in WORKS.values()}


def text_of(*arguments, **others):
    return written(*arguments, **others).text


def written(
    runs,
    seeds=SEEDS,
    kind="fmriprep",
    fwhm=6,
    seed_fwhm=None,
    dummies="auto",
    refused=(),
    excluded=0,
    statistics=None,
    maps=None,
    cleanings=None,
    without_global_signal=(),
    found=((36.2, 0.047), (41.7, 0.0512), (30.4, 0.05)),
    **others,
):
    statistics = statistics or {}
    config = {
        "dataset": {"kind": kind},
        "cleaning": {
            "smoothing_fwhm": fwhm,
            "seed_smoothing_fwhm": seed_fwhm,
            "dummy_scans": dummies,
            "min_seed_coverage": 0.5,
        },
        "statistics": {
            "fdr": "benjamini_hochberg",
            "level": 0.05,
            "bursts": False,
            "null_seeds": 300,
            **dict(statistics),
        },
        "maps": {"semipartial": False, "differences": [], "reliability": False, **(maps or {})},
        "cleanings": {"does": cleanings or {}, "without_global_signal": without_global_signal},
    }
    tested = [
        {"reach": 12.0, "effective_degrees_of_freedom": nu, "null_seeds": {"shares": [share, 0.01, 0.001]}}
        for (nu, share), _ in zip(found, runs, strict=False)
    ]
    entries = [
        {"labels": {"subject": str(k), "space": "MNI", "task": "rest"}, "refused": ["why"] if k in refused else []}
        for k in range(len(runs) + len(refused))
    ]
    entries += [
        {"labels": {"subject": f"x{k}", "space": "MNI", "task": "rest"}, "refused": ["why"], "excluded": True}
        for k in range(excluded)
    ]
    return methods.write(config, seeds, runs, entries, tested, "1.2.3", "9.27.1", **others)


CASES = list(itertools.product(WANTED, BANDS, [True, False], [True, False]))


@pytest.mark.parametrize(("wanted", "band", "detrend", "censored"), CASES)
def test_every_combination(wanted, band, detrend, censored):
    scrubbing = {**OFF, "fd_threshold": 0.4} if censored else OFF
    chosen, columns = WANTED[wanted]
    run = run_of(chosen, columns, BANDS[band], detrend, scrubbing, [0, 1, 50] if censored else [])
    text = text_of([run, run])
    filtered = band in ("band", "high", "low")
    said = {
        "Butterworth": filtered,
        "band-pass from 0.01 to 0.1 Hz": band == "band",
        "high-pass at 0.01 Hz": band == "high",
        "low-pass at 0.1 Hz": band == "low",
        "iscrete cosines up to 0.008 Hz": band == "cosine",
        "linearly detrended": detrend and filtered,
        "inear trend": detrend and not filtered,
        "filter and regression are orthogonal": filtered and bool(columns),
        "No confounds were regressed out": not columns,
        "cubic splines": filtered and censored,
        "ines and cosines outside of 0.01 to 0.1 Hz": band == "fourier",
        "ines and cosines above 0.1 Hz": band == "fourier low",
        "orthogonal projection": band.startswith("fourier"),
        "No filter was applied": band == "none" and (detrend or bool(columns)),
        "displacement above 0.4 mm": censored,
        "displacement above 0.5 mm": wanted == "scrubbing" and not censored,
        "DVARS above 1.5": wanted == "scrubbing",
        "All volumes were used": not censored and wanted != "scrubbing",
        "global signal, its first derivatives": wanted == "global",
        "the first 5 components of CompCor (anat combined": wanted == "compcor",
        "denoised by ICA-AROMA": wanted == "aroma",
        "2 columns of the confounds table (csf, trans_x)": wanted == "columns",
        "the strategy simple of nilearn's load_confounds (Fox et al. 2005)": wanted in ("simple", "global"),
        "fMRIPrep's discrete cosines": "cosine00" in columns,
    }
    for words, expected in said.items():
        assert (words in text) == expected, (words, text)
    check_form(text)


def check_form(text):
    body, _, listed = text.partition("## References")
    works = re.findall(r"^- (\S+?),.*? \((\d{4})\)\. .+ <https://doi\.org/(.+)>$", listed, re.MULTILINE)
    assert len(works) == listed.count("\n- ")
    cited = [work for name, work in CITED.items() if name in body]
    assert works == [(work.authors[0].split(",")[0], work.fields["year"], work.fields["doi"]) for work in cited]
    # Whatever looks like a citation has its work in the list.
    for found in re.findall(r"(?:[A-Z]\w+ and )?[A-Z]\w+ (?:et al\. )?(?:19|20)\d\d", body):
        assert found in CITED, found
    assert not re.search(r"None|nan|True|False|Undefined|  |\{|\}| [.,;:)]|\( |\(\)|,,|;\.", body), body
    assert all(line.endswith(".") for line in body.split("\n") if line.startswith("**"))


def test_data_of_every_kind():
    run = run_of([], [], BANDS["band"], True, OFF, [])
    assert "was simulated" in text_of([run], kind="simulated")
    assert "Richardson et al. 2018" in text_of([run], kind="development_fmri")
    nki = text_of([run], kind="nki_surface")
    assert "at rest (Nooner et al. 2012) was analysed, as nilearn provides it: preprocessed" in nki
    check_form(nki)
    source = {"GeneratedBy": [{"Name": "fMRIPrep", "Version": "23.1.4"}]}
    assert "preprocessed by fMRIPrep 23.1.4 (Esteban et al. 2019)" in text_of([run], source=source)
    assert "(the folder does not say by what)" in text_of([run]) and "fMRIPrep" not in text_of([run])
    assert "fMRIPrep" not in text_of([run], kind="table")
    refused = text_of([run, run], refused=[2])
    assert "3 runs of 3 participants" in refused and "1 run was refused for its quality" in refused
    assert "which left 2" in refused
    assert "there is no map" in text_of([], refused=[0, 1])


def test_excluded_runs_are_no_refused_ones():
    run = run_of([], [], BANDS["band"], True, OFF, [])
    text = text_of([run, run], excluded=2)
    assert "4 runs of 4 participants" in text
    assert "2 runs were excluded beforehand (listed with the reasons in qc.tsv), which left 2." in text
    assert "refused" not in text
    text = text_of([run], refused=[1], excluded=1)
    assert "1 run was excluded beforehand" in text and "1 run was refused for its quality" in text
    assert text.count("which left") == 1 and "which left 1." in text
    check_form(text)


def test_seeds_of_every_kind():
    run = run_of([], [], BANDS["band"], True, OFF, [])
    seeds = [
        *SEEDS,
        {"label": "M", "kind": "mask", "file": "m.nii", "name": "M", "mean": "weighted"},
        {"label": "L", "kind": "atlas", "file": "a.nii", "labels": [3, 17], "name": "L"},
        {
            "label": "D",
            "kind": "atlas",
            "file": "l",
            "atlas": "destrieux",
            "hemisphere": "R",
            "labels": ["G_x"],
            "name": "D",
        },
        {
            "label": "E",
            "kind": "atlas",
            "file": "l",
            "file_right": "r",
            "atlas": "destrieux",
            "labels": ["G_x"],
            "name": "E",
        },
        {"label": "P", "kind": "peak", "file": "m.nii", "radius_mm": 6, "reference": "PCC", "name": "P"},
        {"label": "Q", "kind": "peak", "file": "m.nii", "radius_mm": 6, "map": "z.nii", "name": "Q"},
    ]
    text = text_of([run], seeds, seed_fwhm=4, fwhm=None)
    for words in (
        "D, label G_x of the Destrieux atlas (Destrieux et al. 2010), right hemisphere;",
        "E, label G_x of the Destrieux atlas (Destrieux et al. 2010), both hemispheres together;",
        "7 seeds were used: PCC, a sphere of 8 mm radius around (0, -52, 18) mm",
        "M, a mask (m.nii, its voxels weighted by its values)",
        "L, labels 3, 17 of an atlas (a.nii)",
        "with the seed PCC is highest in each run",
        "the highest voxel of a map (z.nii)",
        "smoothed with a Gaussian of 4 mm",
        "nearest neighbour",
        "voxels' series were taken from the unsmoothed image",
    ):
        assert words in text, words
    check_form(text)
    assert "nearest neighbour" not in text_of([run])


def test_dummy_scans_and_motion_over_runs():
    run = run_of([], [], BANDS["band"], True, OFF, [0, 1])
    assert "marks as non-steady-state were dropped (2 a run)" in text_of([run])
    assert "The first 2 volumes of each run were dropped" in text_of([run], dummies=2)
    assert "98 volumes, 196 s, a run" in text_of([run])
    text = text_of([run], qcfc=True)
    assert "QC-FC; Ciric et al. 2017" in text and "Dosenbach et al. 2010" in text
    check_form(text)


def test_columns_of_a_strategy_are_named():
    one = run_of(*WANTED["simple"], BANDS["band"], True, OFF, [])
    two = run_of("simple", ["cosine00", "cosine01", "csf", "trans_x"], BANDS["band"], True, OFF, [])
    text = text_of([one, two])
    assert "Regressed out of every run: cosine00, csf, trans_x. Of some runs: cosine01." in text
    check_form(text)


def test_the_bibliography_has_the_works_that_are_cited_and_no_other():
    made = written([run_of(*WANTED["simple"], BANDS["band"], True, OFF, [])])
    keys = [key for key, work in WORKS.items() if work.cited in made.text.partition("## References")[0]]
    assert "fox2005" in keys and "pruim2015" not in keys
    assert made.bibliography == "\n".join(WORKS[key].entry for key in keys)
    assert list(references.parse(made.bibliography)) == keys


def test_the_page_has_the_same_words():
    made = written([run_of(*WANTED["simple"], BANDS["band"], True, OFF, [])])
    shown = ParsedPage(methods.as_page(made))
    said = [element.text for element in shown.elements if element.tag in ("h1", "h2", "p", "li")]
    plain = re.sub(r"\*\*|(?<= )\*|\*(?= )|[<>]|^#+ |^- ", "", made.text, flags=re.MULTILINE)
    assert said == plain.replace("\n\n", "\n").strip().split("\n")
    links = [link.attributes["href"] for link in shown.find("a")]
    assert links == re.findall(r"<(https://doi\.org/.+)>", made.text) and len(links) > 5
    assert shown.find("pre")[0].text.strip() == made.bibliography.strip()
    assert shown.asks_for() == []


def hostile(where):
    """What is written where somebody gave a name that would run a script."""
    name = lambda here: HOSTILE if where == here else "x"  # noqa: E731
    seeds = [
        {"label": name("label"), "kind": "mask", "file": name("file"), "mean": "plain"},
        {"label": "L", "kind": "atlas", "file": "a.nii", "labels": [name("atlas label")]},
        {"label": "Q", "kind": "peak", "file": "m.nii", "radius_mm": 6, "map": name("map")},
    ]
    run = run_of([name("column")], [name("column")], BANDS["band"], True, OFF, [])
    run["Software"] |= {name("package"): "1"}
    return written([run], seeds, source={"GeneratedBy": [{"Name": "fMRIPrep", "Version": name("version")}]})


@pytest.mark.parametrize("where", ["label", "file", "atlas label", "map", "column", "package", "version"])
def test_names_stay_text(where):
    made = hostile(where)
    assert HOSTILE not in made.text and r"\<img" in made.text
    shown = ParsedPage(methods.as_page(made))
    assert HOSTILE in shown.text and not shown.find("img") and not shown.find("script")


@pytest.mark.parametrize(
    "name",
    ["a_b_c", "_a_", "*a*", "`a`", "[a](b)", "<https://a.b>", "&amp;", r"\a", "~~a~~", "![a](b)", "a*b*c", "x__y__z"],
)
def test_markdown_shows_names_letter_by_letter(name):
    run = run_of([name, "b"], [name, "b"], BANDS["band"], True, OFF, [])
    assert f"({', '.join(sorted([name, 'b']))})" in ParsedPage(methods.as_page(written([run]))).text


def test_ordinary_columns_are_not_disfigured():
    assert "(a_comp_cor_00, trans_x)" in text_of(
        [run_of(["trans_x"], ["a_comp_cor_00", "trans_x"], BANDS["band"], True, OFF, [])]
    )


def test_nothing_was_interpolated_where_dummy_scans_alone_were_dropped():
    text = text_of([run_of(*WANTED["columns"], BANDS["band"], True, OFF, [0, 1])])
    assert "interpolated" not in text and "cut off" in text
    check_form(text)


def test_maps_that_were_asked_for_besides():
    run = run_of([], [], BANDS["band"], True, OFF, [])
    assert "semipartial" not in text_of([run]) and "two halves" not in text_of([run])
    text = text_of([run], maps={"semipartial": True, "differences": [["A", "B"], ["A", "C"]], "reliability": True})
    assert "The maps of A and B, of A and C were compared" in text and "(Williams 1959; Steiger 1980)" in text
    assert "(semipartial correlation)" in text and "2 r / (1 + r) (Spearman 1910; Brown 1910)" in text
    check_form(text)


def test_cleanings_that_were_laid_beside_it():
    run = run_of([], [], BANDS["band"], True, OFF, [])
    assert "otherwise" not in text_of([run])
    does = {"gsr": "with global_signal", "nofilter": "no high-pass; no low-pass"}
    text = text_of([run], cleanings=does, without_global_signal=["gsr"])
    assert (
        "(Ciric et al. 2017), each run was also cleaned otherwise, in 2 ways: gsr (with global_signal), nofilter (no "
        "high-pass; no low-pass); the rest was as above"
    ) in text
    assert "Regression of the global signal (gsr) moves" in text and "(Murphy and Fox 2017)" in text
    check_form(text)
    plain = text_of([run], cleanings={"raw": "no confounds"})
    assert "in one way: raw (no confounds);" in plain and "Murphy" not in plain
    check_form(plain)


def test_what_chance_would_make_of_r():
    run = run_of([], [], BANDS["band"], True, OFF, [])
    text = text_of([run, run])
    assert "Over voxels and seeds, the median nu of a run is 36 to 42" in text
    assert "300 seeds" in text and "4.7 to 5.1 % of the voxels passed at 5 %" in text
    assert "two-sided, and thresholds at 0.05" in text
    assert "(Benjamini and Hochberg 1995)" in text and "DVARS" not in text
    other = text_of([run], statistics={"fdr": "benjamini_yekutieli", "bursts": True, "null_seeds": 50, "level": 0.01})
    assert (
        "thresholds at 0.01" in other
        and "(Benjamini and Yekutieli 2001)" in other
        and "following DVARS" in other
        and "50 seeds" in other
    )
    # So few degrees of freedom that no share can be told.
    few = text_of([run], found=[(None, None)])
    assert "too few degrees of freedom are left to say." in few and "median voxel" not in few


def test_a_contrast_between_subjects_with_several_rows_is_doubted():
    design = {
        **{"Model": "m", "Formula": "group", "NumberOfSubjects": 8, "NumberOfRows": 16, "Groups": {}, "LeftOut": []},
        **{"Notes": [], "VarianceGroups": None},
    }
    contrast = {"Name": "patients", "Expressions": ["group[b]"], "Test": "t, two-sided"}
    test = {"Model": "m", "Contrast": contrast}
    for caveat, said in (
        (doubts.INDEPENDENCE, "patients tests differs between subjects who have several rows"),
        (doubts.LEVELS, "patients tests lies within subjects, whose own levels are not in the model"),
        (None, None),
    ):
        options = {"sessions": "keep", "mask_coverage": 0.9, "clusters": {"threshold": 0.001}, "tfce": True}
        made = methods.write_groups(options, "benjamini_hochberg", design, [{**test, "Caveat": caveat}])
        for other in ("tests differs between", "tests lies within"):
            assert (other in made.text) is bool(said and other in said)
        assert said is None or said in made.text
        assert made.text.startswith("# Methods of the model m\n\n**Subjects.** A subject's map is the mean")
        assert "The model m (group) has 8 subjects in 16 rows." in made.text
        assert "## References" in made.text and "hedges1981" in made.bibliography
        check_form(made.text)


def test_what_was_made_of_the_rows_of_subjects_is_said():
    design = {
        **{"Model": "m", "Formula": "group", "NumberOfSubjects": 8, "NumberOfRows": 15, "Groups": {}, "LeftOut": []},
        **{"Notes": [], "VarianceGroups": None},
    }
    means = {"Of": "mean of the rows", "NumberOfSubjects": 8, "SubjectsByRows": {"1": 1, "2": 7}}
    tests = [
        {"Contrast": {"Name": name, "Expressions": ["x"], "Test": "t, two-sided"}, "Caveat": caveat, **more}
        for name, caveat, more in (
            ("patients", "Other numbers of rows.", {"SubjectsSummarised": means}),
            ("age", "Other numbers of rows.", {"SubjectsSummarised": means}),
            ("motion", doubts.INDEPENDENCE, {}),
        )
    ]
    options = {"sessions": "keep", "mask_coverage": 0.9, "clusters": {"threshold": 0.001}, "tfce": True}
    made = methods.write_groups(options, "benjamini_hochberg", design, tests)
    said = " ".join(made.text.split())
    assert (
        "For patients and age the rows of each subject, and those of the design, were first taken to one: the mean"
        in said
    )
    assert "numbers of 8 subjects (Frison and Pocock 1992); subjects have different numbers of rows" in said
    permuted = {**{"Exact": False, "Number": 99, "Rearranged": ["places"], "Blocks": None}}
    tests = [{**tests[0], "Permutations": permuted}]
    for over, expected in (
        ("contrasts", "contrasts of a model as well."),
        ("models", "contrasts of all models as well, by"),
    ):
        text = methods.write_groups({**options, "correct_over": over}, "benjamini_hochberg", design, tests).text
        assert expected in " ".join(text.split())
    few = {**permuted, "Exact": True, "Number": 20, "SmallestP": 0.1}
    short = {**{key: value for key, value in tests[0].items() if key != "SubjectsSummarised"}, "NumberOfSubjects": 6}
    for level, there in ((0.05, True), (0.1, False)):
        asked = {**options, "level": level}
        text = methods.write_groups(asked, "benjamini_hochberg", design, [{**short, "Permutations": few}]).text
        assert (
            "For patients, 6 subjects allow no p below 0.1: nothing can pass 0.05." in " ".join(text.split())
        ) is there
        check_form(text)
    assert "What motion tests differs between subjects" in said and "frison1992" in made.bibliography
    assert "The false discovery rate over the voxels beyond the seed's own reach" in said
    for blocks, expected in (
        (["whole subjects"], "Rows of a subject were rearranged as a whole (Winkler"),
        (["within subjects", None], "Rows of a subject were rearranged within it (Winkler"),
        (["within subjects", "whole subjects"], "Rows of a subject were rearranged as a whole and within it (Winkler"),
        (["whole subjects and within subjects"], "Rows of a subject were rearranged as a whole and within it (Winkler"),
    ):
        each = [{**tests[0], "Permutations": {**permuted, "Blocks": blocks_of}} for blocks_of in blocks]
        text = methods.write_groups(options, "benjamini_hochberg", design, each).text
        assert expected in " ".join(text.split())
    check_form(made.text)


def test_models_of_groups_are_named():
    run = run_of([], [], BANDS["band"], True, OFF, [])
    text = text_of([run], models=["two", "one"])
    assert "put into the models two and one; the methods text of each lies beside its design." in text
    assert "**Groups.**" not in text_of([run])
    check_form(text)

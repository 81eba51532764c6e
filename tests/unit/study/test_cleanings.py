"""Other cleanings beside a study's own: how they are read, and what is refused."""

import copy

import pytest
import yaml
from conftest import ROOT, SCHEMA

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import bids, cleanings, configuration, confounds_named
from seed_to_voxel.study.study import read_study
from seed_to_voxel.study.whereabouts import Whereabouts

DECLARED = yaml.safe_load((ROOT / "workflow" / "outputs.yaml").read_text(encoding="utf-8"))
OWN = {"confounds": ["trans_x", "csf"], "scrubbing": {"fd_threshold": 0.5, "min_segment": 3}}


def read(others, own=None, **sections):
    """A study with some cleanings, as the workflow reads it."""
    own = copy.deepcopy(OWN if own is None else own)
    config = {"dataset": {"kind": "simulated"}, "cleaning": own, "cleanings": copy.deepcopy(others), **sections}
    configuration.check(config, SCHEMA, "study.yaml")
    configuration.fill_in(config, SCHEMA)
    return read_study(config, DECLARED, Whereabouts([("study.yaml", {})], ROOT))


def test_what_is_not_given_is_as_in_the_studys_own():
    made = read(
        {"gsr": {"confounds": ["trans_x", "csf", "global_signal"]}, "still": {"scrubbing": {"fd_threshold": 0.2}}}
    )
    own = made.config["cleaning"]
    assert made.cleanings["gsr"] == {**own, "confounds": ["trans_x", "csf", "global_signal"]}
    # Defaults of the schema do not come in: `min_segment` is the study's own 3.
    assert made.cleanings["still"] == {**own, "scrubbing": {**own["scrubbing"], "fd_threshold": 0.2}}
    assert made.cleanings["still"]["scrubbing"]["min_segment"] == 3
    assert made.config["cleanings"]["still"] == {"scrubbing": {"fd_threshold": 0.2}}


def test_they_are_asked_for_where_there_are_any():
    made = read({"gsr": {"confounds": ["global_signal"]}})
    run = "sub-01/func/sub-01_task-rest_space-MNI152NLin2009cAsym"
    assert "cleanings" in made.conditions
    # Of the job that draws the maps, which brings along the one that makes them.
    asked = [path for path in made.targets()(run) if "_desc-gsr_" in path or "_desc-cleanings_" in path]
    assert len(asked) == 1 and all(run in path for path in asked)
    none = read({})
    assert "cleanings" not in none.conditions
    assert len(none.targets()(run)) == len(made.targets()(run)) - 1


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"gsr": {"high_pas": None}}, r"unknown key cleanings\.gsr\.high_pas, did you mean cleanings\.gsr\.high_pass"),
        (
            {"gsr": {"smoothing_fwhm": 8}},
            r"cleanings\.gsr\.smoothing_fwhm decides how a run is read, .*Set cleaning\.sm",
        ),
        (
            {"confounds": ["csf"], "smoothing_fwhm": 6},
            r"^study\.yaml: unknown key cleanings\.confounds, did you mean cleaning\.confounds\? .*\n"
            r"study\.yaml: unknown key cleanings\.smoothing_fwhm, did you mean cleaning\.smoothing_fwhm\? [^\n]*$",
        ),
        ({"gsr": {"undefined_volumes": "censor"}}, r"cleanings\.gsr\.undefined_volumes decides how a run is read"),
        ({"gsr": {}}, r"cleanings\.gsr"),
        ({"no-gsr": {"confounds": []}}, r"study\.yaml: cleanings\.no-gsr: a name has letters and digits only$"),
        ({"gsr": {"low_pass": -1}}, r"cleanings\.gsr\.low_pass is -1; expected more than 0"),
        (
            {"gsr": {"low_pass": 0.005}},
            r"cleanings\.gsr\.low_pass is 0\.005 Hz; expected more than cleanings\.gsr\.high",
        ),
        ({"gsr": {"scrubbing": {"fd": 1}}}, r"unknown key cleanings\.gsr\.scrubbing\.fd"),
        (
            {"gsr": {"confounds": {"strategy": "simple", "n_compcor": 5}}},
            r"study\.yaml: cleanings\.gsr\.confounds: n_compcor has no meaning for the strategy simple",
        ),
        ({"main": {"confounds": []}}, r"cleanings\.main: 'main' names other files, or another cleaning"),
        ({"Brain": {"confounds": []}}, r"cleanings\.Brain: 'Brain' names other files"),
        ({"semipartial": {"confounds": []}}, r"cleanings\.semipartial: 'semipartial' names other files"),
        ({"a": {"confounds": []}, "A": {"detrend": False}}, r"cleanings\.A: 'A' names other files, or another"),
        ({"same": {"high_pass": 0.01}}, r"cleanings\.same does what cleaning does; expected at least one key"),
        ({"same": {"confounds": ["csf", "trans_x"]}}, r"cleanings\.same does what cleaning does"),
        # Scrubbing makes `auto` the filter fourier.
        ({"same": {"filter": "fourier"}}, r"cleanings\.same does what cleaning does"),
        # No filter interpolates, so that no gap is too long.
        ({"same": {"scrubbing": {"max_gap": 2}}}, r"cleanings\.same does what cleaning does"),
        (
            {
                "a": {"high_pass": None, "low_pass": None},
                "b": {"high_pass": None, "low_pass": None, "filter": "butterworth"},
            },
            r"b does what cleanings\.a does",
        ),
        # What a wildcard takes in is there already; the message has both lists.
        (
            {"a": {"confounds": ["trans_*"]}, "b": {"confounds": ["trans_x", "trans_*"]}},
            r"^cleanings\.b does what cleanings\.a does \(confounds trans_\*, and trans_x, trans_\*: a wildcard",
        ),
        ({"a": {"confounds": "simple"}, "b": {"confounds": {"strategy": "simple"}}}, r"b does what cleanings\.a does"),
    ],
)
def test_what_is_refused(others, message):
    with pytest.raises(InputError, match=message):
        read(others)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"confounds": ["trans_x", "csf", "global_signal"]}, "with global_signal"),
        ({"confounds": ["trans_x", "global_signal"]}, "with global_signal, without csf"),
        # What a wildcard takes in is not left out.
        ({"confounds": ["trans_*", "csf"]}, "with trans_*"),
        ({"confounds": ["trans_*"]}, "with trans_*, without csf"),
        ({"confounds": []}, "no confounds"),
        (
            {"confounds": {"strategy": "simple", "global_signal": "basic"}},
            "confounds by the strategy simple, global_signal basic",
        ),
        ({"confounds": {"strategy": ["motion", "wm_csf"]}}, "confounds by the strategy motion + wm_csf"),
        ({"high_pass": None, "low_pass": 0.08}, "no high-pass; low-pass at 0.08 Hz"),
        (
            {"detrend": False, "filter": "butterworth", "dummy_scans": 4},
            "no detrending; filter butterworth; first 4 vol",
        ),
        # Without a threshold, `auto` is another filter.
        (
            {"scrubbing": {"fd_threshold": None}},
            "no limit to framewise displacement; filter butterworth instead of fourier (auto)",
        ),
        ({"scrubbing": {"fd_threshold": None}, "filter": "fourier"}, "no limit to framewise displacement; filter four"),
        ({"scrubbing": {"fd_threshold": None}, "low_pass": None, "high_pass": None}, "no limit to framewise displac"),
        ({"scrubbing": {"fd_threshold": 0.2}}, "volumes above 0.2 mm of framewise displacement left out"),
    ],
)
def test_what_they_do_otherwise_in_words(changes, words):
    said = cleanings.in_words(read({}).config["cleaning"], changes)
    assert said.startswith(words)
    assert ("without" in said) == ("without" in words)
    assert ("instead of" in said) == ("instead of" in words)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (["trans_x", "csf"], "of trans_* only trans_x"),
        (["trans_x", "trans_y"], "without csf, of trans_* only trans_x, trans_y"),
        (["trans_*", "csf", "trans_x", "rot_x"], "with rot_x"),
        (["csf"], "without trans_*"),
    ],
)
def test_what_stays_of_a_wildcard_is_neither_added_nor_left_out(wanted, words):
    main = read({}, own={"confounds": ["trans_*", "csf"]}).config["cleaning"]
    assert cleanings.in_words(main, {"confounds": wanted}) == words


def test_what_matters_where_volumes_are_left_out_makes_no_difference_elsewhere():
    whole = {"confounds": ["trans_x"]}
    for limit in ({"min_segment": 3}, {"max_gap": 3}):
        with pytest.raises(InputError, match="cleanings.same does what cleaning does"):
            read({"same": {"scrubbing": limit}}, own=whole)
    lost = {**whole, "undefined_volumes": "censor", "filter": "butterworth"}
    assert set(
        read({"a": {"scrubbing": {"min_segment": 3}}, "b": {"scrubbing": {"max_gap": 3}}}, own=lost).cleanings
    ) == {
        "a",
        "b",
    }


@pytest.mark.parametrize(
    ("confounds", "expected"),
    [
        (["csf", "global_signal"], True),
        (["glob*"], True),
        (["global_signal_derivative1"], True),
        (["csf"], False),
        ([], False),
        ("simple", False),
        ({"strategy": "simple", "global_signal": "basic"}, True),
        ({"strategy": ["motion", "global_signal"]}, True),
    ],
)
def test_whether_the_global_signal_goes(confounds, expected):
    limits = {"fd_threshold": None, "std_dvars_threshold": None}
    assert cleanings.removes_global_signal({"confounds": confounds, "scrubbing": limits}) is expected


def test_one_of_them_may_need_a_table_that_the_studys_own_does_not():
    run = bids.Run(subject="01", task="rest", space="MNI", bold="x.nii", source="runs.tsv, row 3")
    made = read({"gsr": {"confounds": ["global_signal"]}}, own={})
    with pytest.raises(InputError, match=r"no confounds table, but cleanings.gsr.confounds needs one: runs.tsv, row 3"):
        configuration.check_confounds(made.config, [run])
    configuration.check_confounds(read({"wide": {"low_pass": None}}, own={}).config, [run])
    assert configuration.needs_origins(made.config) == []
    with pytest.raises(
        InputError, match=r"^cleanings.compcor.confounds asks for CompCor, and 2 of the confounds tables"
    ):
        read({"compcor": {"confounds": "compcor"}})


def test_a_misspelt_column_of_one_of_them_is_refused(tmp_path):
    (tmp_path / "c.tsv").write_text("trans_x\tframewise_displacement\tcsf\tglobal_signal\n")
    run = bids.Run(subject="01", task="rest", space="MNI", bold="x.nii", confounds=str(tmp_path / "c.tsv"))
    made = read({"gsr": {"confounds": ["csf", "gobal_signal"]}})
    with pytest.raises(InputError, match=r"^cleanings.gsr.confounds asks for 'gobal_.*; did you mean 'global_signal'"):
        confounds_named.check({**made.config, "dataset": {"kind": "table"}}, [run])


def test_maps_on_the_cortical_surface_have_a_file_a_hemisphere():
    dataset = {"kind": "simulated", "simulated": {"space": "fsaverage5"}}
    made = read({"gsr": {"confounds": []}}, dataset=dataset, seeds="config/surface_seeds.tsv")
    found = made.names.maps("z", "nii.gz", ["A"], list(made.cleanings))
    assert found == [made.names.derived("seed-A_desc-gsr_stat-z_statmap.func.gii", hemi=h) for h in "LR"]


def test_a_message_names_the_keys_of_its_own_cleaning():
    said = "/data/cleaning.confounds/a.tsv: no column matches 'b' of cleaning.confounds; see cleaning.scrubbing.max_gap"
    assert cleanings.under_name(said, "gsr") == (
        "/data/cleaning.confounds/a.tsv: no column matches 'b' of cleanings.gsr.confounds; see "
        "cleanings.gsr.scrubbing.max_gap"
    )
    # What all cleanings of a study share stays where it is.
    shared = "see cleaning.min_seed_coverage and cleanings.gsr.filter"
    assert cleanings.under_name(shared, "x") == shared

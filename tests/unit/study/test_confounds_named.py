"""Confounds that no table has are refused when a study is planned; what some tables lack is said."""

import pytest
import yaml

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import bids, confounds_named

LIMITS = {"fd_threshold": None, "std_dvars_threshold": None, "min_segment": 5, "max_gap": None}
MOTION = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
MODELLED = [f"{name}{end}" for name in MOTION for end in ("", "_derivative1", "_power2", "_derivative1_power2")]
NO_SQUARES = [name for name in MODELLED if "power2" not in name] + ["csf", "white_matter"]


def looked_at(named, *tables, cleanings=None, bursts=False, bold="x.nii", kind="table", are_made=False, **scrubbing):
    config = {
        "dataset": {"kind": kind},
        "cleaning": {"confounds": named, "scrubbing": {**LIMITS, **scrubbing}},
        "cleanings": cleanings or {},
        "statistics": {"bursts": bursts},
    }
    runs = [
        bids.Run(subject=str(number), task="rest", space="MNI", bold=bold, confounds=str(table))
        for number, table in enumerate(tables)
    ]
    return confounds_named.check(config, runs, are_made)


@pytest.fixture
def write(tmp_path):
    def write(name, *columns):
        path = tmp_path / f"{name}.tsv"
        path.write_text("\t".join(columns) + "\n" + "\t".join("1" for _ in columns) + "\n")
        return path

    return write


@pytest.fixture
def table(write):
    return write("a", "trans_x", "trans_y", "csf ", "white_matter")


def refused(*arguments, **options):
    with pytest.raises(InputError) as error:
        looked_at(*arguments, **options)
    return str(error.value)


def test_a_column_that_the_one_table_lacks_is_refused_with_what_may_be_meant(table):
    assert refused(["trans_x", "tran_y", "rot_*"], table) == (
        f"cleaning.confounds asks for 'tran_y', 'rot_*', which {table} does not have; did you mean 'trans_y'?"
    )
    assert refused(["zzz"], table).endswith("does not have; it has trans_x, trans_y, csf, ... (4 columns)")


def test_a_column_that_no_table_has_is_refused_and_one_that_some_lack_is_said(write, table):
    others = [write(str(number), "trans_x", "rot_x", "csf") for number in range(4)]
    assert f"which none of 5 tables has ({table}, ...)" in refused(["trans_y", "fcs"], table, *others)
    assert looked_at(["trans_*", "csf"], table, *others) == []
    assert looked_at(["trans_y", "csf", "white_matter", "rot_x"], table, *others) == [
        "4 of 5 tables of confounds lack 'trans_y', 'white_matter', which cleaning.confounds asks for; their runs will "
        f"fail: {', '.join(map(str, others[:3]))}, ....",
        f"1 of 5 tables of confounds lacks 'rot_x', which cleaning.confounds asks for; its run will fail: {table}.",
    ]


def test_columns_that_a_strategy_needs_are_known_with_its_model(write):
    simple = write("simple", *MODELLED, "csf", "white_matter")
    assert looked_at("simple", simple) == looked_at({"strategy": "simple", "motion": "basic"}, simple) == []
    assert refused({"strategy": "simple", "global_signal": "power2"}, simple) == (
        "the strategy 'simple' of cleaning.confounds asks for 'global_signal', 'global_signal_power2', which "
        f"{simple} does not have; asked for by global_signal: power2; set {{strategy: simple}} instead, whose columns "
        "are there"
    )
    assert looked_at({"strategy": ["motion"], "motion": "full"}, write("motion", *MODELLED)) == []
    assert "asks for 'csf'" in refused("simple", write("motion", *MODELLED))


@pytest.mark.parametrize(
    ("wanted", "header", "said"),
    [
        ("simple", NO_SQUARES, "asked for by motion: full; set {strategy: simple, motion: derivatives} instead, whose"),
        (
            {"strategy": "simple", "wm_csf": "full", "global_signal": "basic"},
            [*NO_SQUARES, "global_signal"],
            "asked for by motion: full and wm_csf: full; set {strategy: simple, motion: derivatives, global_signal: "
            "basic} instead",
        ),
        ("simple", MODELLED, "asked for by wm_csf: basic; set {strategy: [high_pass, motion]} instead"),
        (
            "compcor",
            NO_SQUARES,
            "motion: full and compcor: anat_combined; set {strategy: [high_pass, motion], motion: ",
        ),
        (
            {"strategy": ["motion", "high_pass"], "motion": "power2"},
            NO_SQUARES,
            "set {strategy: [motion, high_pass], motion: derivatives} instead",
        ),
        ("simple", ["x"], "asked for by motion: full and wm_csf: basic; choose another strategy or other options, or"),
    ],
)
def test_columns_of_a_strategy_are_told_with_the_option_and_what_to_set(write, wanted, header, said):
    message = refused(wanted, write("one", *header))
    assert said in message and "did you mean" not in message
    # What is proposed is taken.
    if "{" in said:
        proposed = yaml.safe_load(message.split("set ")[-1].split(" instead")[0])
        assert looked_at(proposed, write("one", *header)) == []


@pytest.mark.parametrize(
    ("strategy", "column"),
    [
        ({"strategy": ["high_pass", "compcor"]}, "a_comp_cor_00"),
        ({"strategy": ["high_pass", "compcor"], "compcor": "anat_separated"}, "w_comp_cor_00"),
        ({"strategy": ["high_pass", "compcor"], "compcor": "temporal"}, "t_comp_cor_00"),
        ({"strategy": ["ica_aroma"], "ica_aroma": "basic"}, "aroma_motion_01"),
    ],
)
def test_of_components_one_column_at_least_is_needed(strategy, column, write):
    assert looked_at(strategy, write("with", "csf", column)) == []
    assert "does not have" in refused(strategy, write("without", "csf", "d_comp_cor_00"))


def test_a_strategy_for_denoised_images_needs_one(table):
    strategy = {"strategy": ["ica_aroma"]}
    assert "x.nii: not denoised by ICA-AROMA" in refused(strategy, table, table)
    assert looked_at(strategy, table, bold="sub-1_desc-smoothAROMAnonaggr_bold.nii.gz") == []


def test_thresholds_need_their_columns(write, table):
    assert refused([], table, fd_threshold=0.5) == (
        f"cleaning.scrubbing.fd_threshold asks for 'framewise_displacement', which {table} does not have; it has "
        "trans_x, trans_y, csf, ... (4 columns)"
    )
    assert "statistics.bursts asks for 'std_dvars'" in refused([], table, bursts=True)
    moved = write("moved", "framewise_displacement", "std_dvars")
    assert looked_at([], moved, fd_threshold=0.5, std_dvars_threshold=1.5, bursts=True) == []


def test_other_cleanings_are_told_by_their_names_and_repeat_nothing(table):
    said = refused(["fcs"], table, cleanings={"gsr": {"confounds": ["fcs", "gobal_signal"]}, "hp": {"high_pass": 0.01}})
    assert [line.split(", which")[0] for line in said.splitlines()] == [
        "cleaning.confounds asks for 'fcs'",
        "cleanings.gsr.confounds asks for 'gobal_signal'",
    ]


def test_a_table_that_is_not_there_yet_or_cannot_be_read_is_left_alone(tmp_path, table):
    (tmp_path / "bytes.tsv").write_bytes(b"\xff\xfe")
    unreadable = tmp_path / "none.tsv", tmp_path / "bytes.tsv"
    assert looked_at(["trans_x"], *unreadable) == looked_at(["trans_x"]) == []
    assert looked_at(["trans_x"], table, *unreadable) == []
    assert "which none of" not in refused(["zzz"], table, *unreadable)


def test_a_table_that_the_workflow_simulates_is_made_anew_and_not_held_against_a_config(table):
    assert looked_at(["zzz"], table, kind="simulated") == []
    with pytest.raises(InputError, match="not denoised by ICA-AROMA"):
        looked_at({"strategy": ["ica_aroma"]}, table, kind="simulated")


def test_in_a_module_whose_importer_may_make_the_tables_nothing_is_refused(table):
    said = looked_at(["trans_x", "tran_y"], table, are_made=True)
    assert said == [
        f"cleaning.confounds asks for 'tran_y', which {table} does not have; did you mean 'trans_y'? (jobs will "
        "fail, unless the tables are made anew)."
    ]


def test_a_path_in_a_message_stays_as_it_is(table):
    asked = {"confounds": {"strategy": ["ica_aroma"]}}
    said = refused(["csf"], table, cleanings={"aroma": asked}, bold="/data/cleaning.d/x.nii")
    assert said.startswith("/data/cleaning.d/x.nii: not denoised") and "of cleanings.aroma.confounds expects" in said


def test_names_are_read_as_jobs_read_them(tmp_path):
    path = tmp_path / "quoted.tsv"
    path.write_text('\ufeff\n"trans_x"\tcsf[1]\n1\t2\n', encoding="utf-8")
    assert looked_at(["trans_x", "csf[1]"], path) == []
    # Square brackets are no pattern in a config.
    assert "'csf[2]'" in refused(["csf[2]"], path)

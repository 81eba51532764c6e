"""What is settled before a run is cleaned: its filter, redundant confounds, gaps that are too long, what is said."""

import numpy as np
import pytest

from seed_to_voxel.base.errors import InputError, UnusableRunError
from seed_to_voxel.cleaning import confounds, preparation

T = 100
NONE = {"fd_threshold": None, "std_dvars_threshold": None, "min_segment": 1, "max_gap": 5}
OPTIONS = {
    "detrend": True,
    "filter": "auto",
    "undefined_volumes": "refuse",
    "high_pass": 0.01,
    "low_pass": 0.1,
    "confounds": [],
    "dummy_scans": "auto",
    "scrubbing": NONE,
}
FD = {**NONE, "fd_threshold": 0.5}


def table_of(moved=(), **columns):
    """A confounds table in which some volumes are too far moved."""
    rng = np.random.default_rng(0)
    fd = np.full(T, 0.1)
    fd[list(moved)] = 0.9
    found = {"framewise_displacement": fd, "csf": rng.standard_normal(T), "white_matter": rng.standard_normal(T)}
    found |= columns
    rows = [[f"{value:.9g}" for value in row] for row in np.column_stack(list(found.values()))]
    return confounds.Confounds("confounds.tsv", tuple(found), rows)


def prepare(table=None, **options):
    return preparation.prepare(T, 2.0, {"the sidecar": 2.0}, {**OPTIONS, **options}, "sub-01_bold.nii.gz", table)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "butterworth"),
        ({"scrubbing": FD}, "fourier"),
        ({"scrubbing": {**NONE, "std_dvars_threshold": 1.5}}, "fourier"),
        # The strategy brings thresholds of its own.
        ({"confounds": "scrubbing"}, "fourier"),
        # Dummy scans leave no gap.
        ({"dummy_scans": 4}, "butterworth"),
        ({"scrubbing": FD, "filter": "butterworth"}, "butterworth"),
        ({"filter": "fourier"}, "fourier"),
        ({"undefined_volumes": "censor"}, "fourier"),
        ({"scrubbing": FD, "filter": "cosine", "low_pass": None}, "cosine"),
        ({"scrubbing": FD, "high_pass": None, "low_pass": None}, "butterworth"),
    ],
)
def test_the_config_alone_decides_on_the_filter(options, expected):
    model = ("", "_derivative1", "_power2", "_derivative1_power2")
    parts = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z", "csf", "white_matter")
    rng = np.random.default_rng(1)
    columns = {f"{part}{end}": rng.standard_normal(T) for part in parts for end in model}
    # No volume of this run is moved: what another run needs decides here too.
    found = prepare(table_of(std_dvars=np.ones(T), **columns), **options)
    assert found.described["Cleaning"]["filter"] == expected


def test_a_band_that_the_sampling_does_not_hold_names_the_run_and_where_the_repetition_time_is_from():
    stated = {"sub-01_bold.json": 6.0, "the dataset (t_r)": None}
    with pytest.raises(InputError) as error:
        preparation.prepare(T, 6.0, stated, OPTIONS, "sub-01_bold.nii.gz")
    said = str(error.value)
    assert said.startswith("sub-01_bold.nii.gz: cleaning.low_pass is 0.1 Hz; expected less than 0.0833333 Hz")
    assert said.endswith("a repetition time of 6 s (or null for none). The repetition time is from sub-01_bold.json")


def test_what_was_decided_is_done():
    table = table_of(moved=range(40, 52))
    operator, described = prepare(table, scrubbing=FD).operator()
    assert described["Cleaning"]["filter"] == "fourier" and described["LongestGap"] == 12
    kept = operator[:, operator.any(axis=0)]
    np.testing.assert_allclose(kept @ kept, kept, atol=1e-9)


def test_a_gap_that_is_too_long_for_the_butterworth_filter_is_refused():
    found = prepare(table_of(moved=range(40, 46)), scrubbing=FD, filter="butterworth")
    with pytest.raises(
        UnusableRunError, match=r"6 volumes are censored in a row; expected at most 5 .*max_gap.*fourier"
    ):
        found.operator()
    for scrubbing in ({**FD, "max_gap": None}, {**FD, "max_gap": 6}):
        prepare(table_of(moved=range(40, 46)), scrubbing=scrubbing, filter="butterworth").operator()
    prepare(table_of(moved=[*range(30, 35), *range(50, 55)]), scrubbing=FD, filter="butterworth").operator()
    # Nothing is interpolated at the ends, nor without a filter.
    prepare(table_of(moved=[*range(12), *range(80, 100)]), scrubbing=FD, filter="butterworth").operator()
    prepare(table_of(moved=range(40, 60)), scrubbing=FD, high_pass=None, low_pass=None).operator()


@pytest.mark.parametrize(
    ("moved", "longest"),
    [([], 0), ([5], 1), (range(10), 0), (range(90, 100), 0), ([3, 4, 8, 20, 21, 22], 3), ([0, 1, 40, 99], 1)],
)
def test_the_longest_gap_lies_between_kept_volumes(moved, longest):
    assert prepare(table_of(moved), scrubbing=FD).described["LongestGap"] == longest


def test_redundant_confounds_are_named_and_left_out():
    table = table_of()
    csf, white = table.numbers(["csf", "white_matter"])[0].T
    table = table_of(csf_wm=0.4 * csf + 0.6 * white, ones=np.ones(T), outlier=np.eye(T)[7])
    found = prepare(table, confounds=["*"])
    cleaning = found.described["Cleaning"]
    assert cleaning["confounds"] == ["csf", "white_matter", "outlier"]
    assert cleaning["confounds_redundant"] == ["framewise_displacement", "csf_wm", "ones"]
    assert found.confounds.shape == (T, 3)
    assert "left out: framewise_displacement, csf_wm, ones" in found.notes[0]
    assert found.described["Notes"] == list(found.notes)
    plain = prepare(table, confounds=["csf", "white_matter", "outlier"])
    np.testing.assert_array_equal(found.operator()[0], plain.operator()[0])
    assert plain.notes == () and "Notes" not in plain.described


def test_a_regressor_of_a_censored_volume_is_redundant():
    table = table_of(moved=[7], outlier=np.eye(T)[7], other=np.eye(T)[8])
    found = prepare(table, confounds=["csf", "outlier", "other"], scrubbing=FD)
    assert found.described["Cleaning"]["confounds_redundant"] == ["outlier"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, True),
        ({"filter": "fourier"}, True),
        ({"high_pass": None}, False),
        ({"filter": "cosine", "low_pass": None}, False),
    ],
)
def test_slow_drifts_that_are_taken_out_twice_are_said(options, said):
    times = np.arange(T) + 0.5
    cosines = {f"cosine0{k}": np.cos(np.pi * (k + 1) * times / T) for k in range(2)}
    found = prepare(table_of(**cosines), confounds=["csf", "cosine*"], **options)
    assert any("2 cosines" in note for note in found.notes) == said
    assert not any("cosines" in note for note in prepare(table_of(**cosines), confounds=["csf"], **options).notes)

"""The config of cleaning and of fMRIPrep folders: what is taken, and what is said of mistakes before any job."""

import copy

import pytest
from conftest import SCHEMA

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import configuration


def check(cleaning=None, **others):
    config = {"dataset": {"kind": "fmriprep"}, "cleaning": copy.deepcopy(cleaning or {}), **others}
    configuration.check(config, SCHEMA, "study.yaml")
    configuration.fill_in(config, SCHEMA)
    configuration.check_meaning(config, "study.yaml")


@pytest.mark.parametrize(
    "cleaning",
    [
        {"confounds": []},
        {"confounds": ["trans_*", "csf"]},
        {"confounds": "compcor"},
        {"confounds": {"strategy": "simple", "global_signal": None}},
        {"confounds": {"strategy": "compcor", "n_compcor": "all", "compcor": "anat_separated"}},
        {"confounds": {"strategy": ["motion", "high_pass", "compcor"], "n_compcor": 5}},
        {"filter": "cosine", "high_pass": 0.008, "low_pass": None},
        {"dummy_scans": 4, "scrubbing": {"fd_threshold": 0.2, "std_dvars_threshold": 1.5, "min_segment": 3}},
        {"dummy_scans": "auto", "high_pass": None, "low_pass": None},
        {"filter": "fourier", "scrubbing": {"fd_threshold": 0.2, "max_gap": None}},
    ],
)
def test_what_is_taken(cleaning):
    check(cleaning)


@pytest.mark.parametrize(
    ("cleaning", "message"),
    [
        (
            {"confounds": "simpel"},
            r"cleaning\.confounds is 'simpel'; expected one of simple, scrubbing, compcor, ica_a",
        ),
        ({"confounds": 3}, r"expected a list or text or a section with keys of its own"),
        ({"confounds": {"motion": "full"}}, r"missing key cleaning\.confounds\.strategy"),
        ({"confounds": {"strategy": "simple", "motoin": "full"}}, r"did you mean cleaning\.confounds\.motion"),
        ({"confounds": {"strategy": "simple", "motion": "all"}}, r"expected one of basic, power2, derivatives, full"),
        ({"confounds": {"strategy": "simple", "n_compcor": 5}}, r"n_compcor has no meaning for the strategy simple"),
        ({"confounds": {"strategy": "ica_aroma", "ica_aroma": "basic"}}, r"ica_aroma has no meaning for the strategy"),
        ({"confounds": {"strategy": ["compcor"]}}, r"compcor without high_pass"),
        ({"confounds": {"strategy": "compcor", "n_compcor": "some"}}, r"n_compcor is 'some'; expected all"),
        ({"filter": "cosine"}, r"low_pass is 0\.1 Hz; expected null with filter: cosine"),
        ({"filter": "cosine", "high_pass": None, "low_pass": None}, r"high_pass is null; expected a cut-off"),
        ({"filter": "chebyshev"}, r"filter is 'chebyshev'; expected one of auto, butterworth, fourier, cosine"),
        ({"dummy_scans": -1}, r"dummy_scans is -1; expected at least 0"),
        ({"dummy_scans": "some"}, r"dummy_scans is 'some'; expected auto"),
        ({"scrubbing": {"fd": 0.5}}, r"unknown key cleaning\.scrubbing\.fd"),
        ({"scrubbing": {"max_gap": -1}}, r"max_gap is -1; expected at least 0"),
        ({"scrubbing": {"fd_threshold": 0}}, r"fd_threshold is 0; expected more than 0"),
    ],
)
def test_what_is_said_of_mistakes(cleaning, message):
    with pytest.raises(InputError, match=message):
        check(cleaning)


def test_limits_of_quality():
    check(quality={"refuse": {"min_seed_coverage": 0.5}, "warn": {"max_mean_fd": None}})
    with pytest.raises(InputError, match=r"min_seed_coverage is 50; expected at most 1"):
        check(quality={"refuse": {"min_seed_coverage": 50}})
    with pytest.raises(InputError, match=r"unknown key quality\.refuse\.max_fd, did you mean .*max_mean_fd"):
        check(quality={"refuse": {"max_fd": 1}})


def test_printed_numbers_need_all_runs():
    with pytest.raises(InputError, match=r"quality\.refuse has limits and printed_numbers is 'p\.tsv'"):
        check(quality={"refuse": {"max_mean_fd": 1}}, printed_numbers="p.tsv")
    check(quality={"refuse": {"max_mean_fd": None}}, printed_numbers="p.tsv")

"""Runs are assessed before they are read: what is refused, with which words."""

import json

import assess_run
import fmriprep_folder
import numpy as np
import pandas
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.inputs import simulation

NO_LIMITS = {
    "min_seconds_kept": None,
    "min_degrees_of_freedom": None,
    "min_seed_coverage": None,
    "max_mean_fd": None,
}
CLEANING = {
    "detrend": True,
    "filter": "butterworth",
    "high_pass": 0.01,
    "low_pass": 0.1,
    "confounds": ["trans_x"],
    "undefined_volumes": "refuse",
    "dummy_scans": "auto",
    "scrubbing": {"fd_threshold": 0.5, "std_dvars_threshold": None, "min_segment": 5, "max_gap": None},
}
PCC = {"label": "PCC", "x": 0, "y": -52, "z": 18, "radius_mm": 8}


@pytest.fixture(scope="module")
def run():
    return simulation.simulate_run(0, 3, 8.0, 60, 2.0)


@pytest.fixture
def assess(tmp_path, run):
    paths = fmriprep_folder.write_run(tmp_path, "01", simulated=run)

    def main(fd, limits=(), seeds=(PCC,), with_mask=True, **cleaning):
        table = pandas.read_csv(paths["confounds"], sep="\t")
        table["framewise_displacement"] = fd
        table.to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a")
        assess_run.main(
            bold=paths["bold"],
            seeds=list(seeds),
            options={**CLEANING, **cleaning},
            limits={**NO_LIMITS, **dict(limits)},
            t_r=None,
            labels={"subject": "01"},
            verdict=tmp_path / "verdict.json",
            mask=paths["mask"] if with_mask else None,
            confounds=paths["confounds"],
            sidecar=paths["sidecar"],
        )
        return json.loads((tmp_path / "verdict.json").read_text())

    return main


def test_a_good_run_is_let_through(assess):
    found = assess(0.1, {"min_seconds_kept": 120, "max_mean_fd": 0.1001, "min_seed_coverage": 1})
    assert found["refused"] == []
    assert found["metrics"]["mean_fd"] == pytest.approx(0.1)
    assert found["metrics"]["degrees_of_freedom"] > 5 and found["seeds"]["PCC"]["coverage"] == 1


def test_everything_scrubbed_is_a_reason_and_no_crash(assess):
    (reason,) = assess(0.9)["refused"]
    assert "0 of 60 volumes are left after censoring" in reason


def test_too_little_left_for_the_filter(assess):
    found = assess(np.where(np.arange(60) < 20, 0.1, 0.9), {"min_seconds_kept": 60})
    assert "20 volumes to work with; expected at least 34" in found["refused"][0]
    assert found["refused"][1] == "40 s are kept, expected at least 60 (min_seconds_kept)"
    assert found["metrics"]["degrees_of_freedom"] is None


@pytest.mark.parametrize("with_mask", [True, False])
def test_coverage(assess, with_mask):
    edge = {"label": "edge", "x": 0, "y": -105, "z": 0, "radius_mm": 14}
    outside = {"label": "outside", "x": 0, "y": 400, "z": 0, "radius_mm": 5}
    found = assess(0.1, {"min_seed_coverage": 0.9}, [PCC, edge, outside], with_mask)
    assert found["seeds"]["PCC"]["coverage"] == 1 and 0 < found["seeds"]["edge"]["coverage"] < 0.9
    assert found["seeds"]["outside"]["coverage"] == 0
    assert "0 of a seed lies in the brain mask" in found["refused"][0]


def test_mistakes_of_the_config_are_errors_and_no_verdicts(assess):
    with pytest.raises(InputError, match="lacks the confound 'nonsense'"):
        assess(0.1, confounds=["nonsense"])

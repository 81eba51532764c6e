"""What is told of a run's quality."""

import numpy as np
import pytest

from seed_to_voxel.quality import measures

RUN = {
    "RepetitionTime": 2.0,
    "NumberOfVolumes": 5,
    "NumberOfVolumesKept": 4,
    "LongestGap": 1,
    "SecondsKept": 8.0,
    "UndefinedVolumes": [2],
    "UndefinedValues": 7,
    "DegreesOfFreedomWhiteNoise": 3.2,
    "Cleaning": {"confounds": ["trans_x", "csf"]},
    "Seeds": [
        {"label": "A", "coverage": 1.0, "tsnr": 55.5, "x": 0},
        {"label": "B", "coverage": 0.25, "tsnr": None, "x": 1},
    ],
}


def test_an_entry_has_what_the_table_shows():
    fd = np.array([np.nan, 0.1, 0.3, 0.2, 0.2])
    entry = measures.entry({"subject": "01"}, RUN, fd, np.full(5, np.nan), 61.5)
    assert entry == {
        "labels": {"subject": "01"},
        "refused": [],
        "warnings": [],
        "repetition_time": 2.0,
        "metrics": {
            "n_volumes": 5,
            "n_volumes_kept": 4,
            "longest_gap": 1,
            "n_undefined_volumes": 1,
            "n_undefined_values": 7,
            "seconds_kept": 8.0,
            "degrees_of_freedom": 3.2,
            "n_confounds": 2,
            "mean_fd": pytest.approx(0.2),
            "max_fd": pytest.approx(0.3),
            "mean_std_dvars": None,
            "median_tsnr": 61.5,
            "min_seed_coverage": 0.25,
        },
        "seeds": {"A": {"coverage": 1.0, "tsnr": 55.5}, "B": {"coverage": 0.25, "tsnr": None}},
    }
    assert measures.sentence(entry["metrics"]) == (
        "4 of 5 volumes kept; mean framewise displacement 0.20 mm; median temporal signal-to-noise ratio 62."
    )


@pytest.mark.parametrize(("header", "said"), [(3.0, 1), (1.0, 0), (0.0, 0), (2000.0, 0), (None, 0)])
def test_a_header_that_contradicts_is_a_warning_unless_it_knows_nothing(header, said):
    warned = measures.entry({"subject": "01"}, {**RUN, "RepetitionTimeInHeader": header}, None, None, None)["warnings"]
    expected = "the repetition time is 2 s, and the image's header says 3 s, which is not used"
    assert warned == [expected] * said


def test_a_run_without_motion():
    assert measures.motion_metrics(None, None) == {"mean_fd": None, "max_fd": None, "mean_std_dvars": None}
    entry = measures.entry({"subject": "01"}, RUN, None, None, None)
    assert measures.sentence(entry["metrics"]) == "4 of 5 volumes kept."

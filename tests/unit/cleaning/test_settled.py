"""What a cleaning of a run comes to that has been read before."""

import nibabel
import numpy as np
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import preparation
from seed_to_voxel.cleaning.operators import degrees_of_freedom

T = 60
OPTIONS = {
    **{"detrend": True, "filter": "auto", "high_pass": None, "low_pass": None, "confounds": ["a"], "dummy_scans": 0},
    "scrubbing": {"fd_threshold": None, "std_dvars_threshold": None, "min_segment": 5, "max_gap": 5},
    "undefined_volumes": "refuse",
}


@pytest.fixture
def settle(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((2, 2, 2, T), np.float32), np.eye(4))
    rng = np.random.default_rng(2)
    rows = "\n".join(
        f"{value}\t{fd}" for value, fd in zip(rng.standard_normal(T), np.linspace(0.1, 0.5, T), strict=True)
    )
    (tmp_path / "c.tsv").write_text(f"a\tframewise_displacement\n{rows}\n")

    def settled(lost=(), **changes):
        return preparation.settle(
            image, "bold.nii.gz", {**OPTIONS, **changes}, 2.0, str(tmp_path / "c.tsv"), None, lost
        )

    return settled


def test_a_cleaning_that_leaves_something(settle):
    found = settle()
    assert found.operator.shape == (T, T) and found.kept.all() and found.unusable is None
    assert found.described["DegreesOfFreedomWhiteNoise"] == degrees_of_freedom(found.operator) == pytest.approx(T - 3)


def test_volumes_without_any_value_are_left_out_or_are_why_nothing_is_left(settle):
    refused = settle(lost=[0, 30])
    assert refused.operator is None and "no voxel has a value" in refused.unusable
    assert refused.described["DegreesOfFreedomWhiteNoise"] is None
    censored = settle(lost=[0, 30], undefined_volumes="censor")
    assert censored.operator.shape == (T - 2, T) and censored.described["CensoredVolumes"] == [0, 30]
    assert not censored.operator[:, [0, 30]].any()
    # One that leaves them out anyway has nothing to refuse.
    assert settle(lost=[0, 1], dummy_scans=2).unusable is None


def test_too_few_volumes_are_said_and_a_users_mistake_is_an_error(settle):
    scrubbing = {**OPTIONS["scrubbing"], "fd_threshold": 0.01}
    found = settle(scrubbing=scrubbing)
    assert found.operator is None and "volumes are left after censoring" in found.unusable and not found.kept.any()
    with pytest.raises(InputError, match="gsr"):
        settle(confounds=["a", "gsr"])

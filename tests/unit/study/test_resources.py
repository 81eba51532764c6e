import nibabel
import numpy as np
import pytest

from seed_to_voxel.study import resources
from seed_to_voxel.study.bids import Run

BIG = {"kind": "table", "table": {"runs": "runs.tsv"}}


def save(path, data):
    nibabel.save(nibabel.Nifti1Image(data, np.eye(4)), path)
    return str(path)


def run_of(tmp_path, shape, brain, name="01"):
    data = np.zeros(shape[:3], dtype=np.uint8)
    data.flat[:brain] = 1
    return Run(
        subject=name,
        task="rest",
        space="MNI",
        bold=save(tmp_path / f"{name}_bold.nii.gz", np.zeros(shape, dtype=np.int16)),
        mask=save(tmp_path / f"{name}_mask.nii.gz", data),
    )


def test_sizes_of_a_table(tmp_path):
    sizes = resources.Sizes(BIG)
    assert sizes.of(run_of(tmp_path, (10, 10, 10, 40), 250)) == resources.Size(1000, 40, 250)
    # One mask a grid is read.
    assert sizes.of(run_of(tmp_path, (10, 10, 10, 50), 300, "02")) == resources.Size(1000, 50, 250)
    assert sizes.of(run_of(tmp_path, (10, 10, 20, 50), 300, "03")) == resources.Size(2000, 50, 300)


def test_unreadable_run_is_left_to_its_job(tmp_path):
    bold = tmp_path / "bold.nii.gz"
    bold.write_bytes(b"no image")
    run = Run(subject="01", task="rest", space="MNI", bold=str(bold))
    assert resources.Sizes(BIG).of(run) == resources.DEVELOPMENT_FMRI


def test_simulated_size_is_the_simulation_s():
    from seed_to_voxel.inputs import simulated_brain

    for edge in (2, 3, 4, 6.5, 8, 12):
        shape, _ = simulated_brain.mni_grid(edge)
        assert resources.simulated_size({"voxel_size": edge, "volumes": 50}).grid == np.prod(shape)


@pytest.mark.parametrize("rule", resources.COSTS)
def test_more_for_more(rule):
    small, large = resources.Size(10**4, 100, 2000), resources.Size(10**6, 1000, 2 * 10**5)
    for amount in (resources.memory_mb, resources.runtime_minutes):
        assert amount(rule, small, 1) <= amount(rule, large, 1)
        assert amount(rule, small, 1, attempt=2) >= 2 * amount(rule, small, 1) - 1
    assert resources.script_seconds(rule, large, 5) >= resources.script_seconds(rule, large, 1)

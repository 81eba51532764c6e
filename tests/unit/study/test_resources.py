import gzip

import nibabel
import numpy as np
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import resources
from seed_to_voxel.study.bids import Run

BIG = {"kind": "table", "table": {"runs": "runs.tsv"}}


def save(path, data, kind=nibabel.Nifti1Image):
    nibabel.save(kind(data, np.eye(4)), path)
    return str(path)


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_shape_from_header(tmp_path, kind, ending):
    path = save(tmp_path / f"bold.{ending}", np.zeros((5, 6, 7, 8), dtype=np.int16), kind)
    assert resources.read_shape(path) == (5, 6, 7, 8)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("order", "<>")
def test_brain_counted(tmp_path, dtype, order, kind):
    data = (np.random.default_rng(3).random((5, 6, 7)) > 0.6).astype(dtype)
    header = kind.header_class(endianness=order)
    header.set_data_dtype(np.dtype(dtype).newbyteorder(order))
    path = tmp_path / "mask.nii.gz"
    nibabel.save(kind(data, np.eye(4), header), path)
    assert resources.read_shape(str(path)) == (5, 6, 7)
    assert resources.count_brain(str(path)) == np.count_nonzero(data)


def test_only_the_header_is_read(tmp_path):
    whole = tmp_path / "whole.nii.gz"
    save(whole, np.random.default_rng(1).integers(0, 99, (20, 20, 20, 30), dtype=np.int16))
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(whole.read_bytes()[:2000])
    assert resources.read_shape(str(cut)) == (20, 20, 20, 30)


@pytest.mark.parametrize(
    "content", [b"", b"no image", gzip.compress(bytes(600)), gzip.compress(b"x" * 9000)[:40]], ids=range(4)
)
def test_no_image(tmp_path, content):
    path = tmp_path / "bold.nii.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bold\.nii\.gz"):
        resources.read_shape(str(path))


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

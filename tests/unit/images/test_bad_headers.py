"""Headers that cannot be true: the file, what was found, what was expected, and next to no memory."""

import gzip
import struct
import tracemalloc

import nibabel
import numpy as np
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.images import nifti
from seed_to_voxel.study import nifti_header

SHAPE = (6, 7, 5, 40)
PLACES = {"dim": (40, "8h"), "datatype": (70, "2h"), "scaling": (112, "2f"), "sform": (280, "12f")}
"""Where fields of a NIfTI-1 header stand, and their types."""

STRAIGHT = (3, 0, 0, -9, 0, 3, 0, -9, 0, 0, 3, -9)
CASES = {
    "zero affine": ("sform", (0,) * 12, "affine .* expected one that gives each voxel a place of its own"),
    "singular affine": ("sform", (3, 3, 0, 0, 3, 3, 0, 0, 0, 0, 3, 0), "affine .* place of its own"),
    "affine with NaN": ("sform", (float("nan"), *STRAIGHT[1:]), "affine .* place of its own"),
    "affine with infinity": ("sform", (*STRAIGHT[:3], float("inf"), *STRAIGHT[4:]), "affine .* place of its own"),
    "no voxel": ("dim", (4, 0, 7, 5, 40, 1, 1, 1), "dimensions"),
    "negative": ("dim", (4, 6, -7, 5, 40, 1, 1, 1), "dimensions"),
    "no dimension": ("dim", (0, 6, 7, 5, 40, 1, 1, 1), "dimensions|image"),
    "nine dimensions": ("dim", (9, 6, 7, 5, 40, 1, 1, 1), "dimensions|image"),
    "no volume": ("dim", (4, 6, 7, 5, 0, 1, 1, 1), "dimensions"),
    "one volume": ("dim", (4, 6, 7, 5, 1, 1, 1, 1), "1 volume.* expected a run of many"),
    "a terabyte": ("dim", (4, 30000, 30000, 1000, 40, 1, 1, 1), "the header states .* bytes, .* the file has"),
    "infinite intercept": ("scaling", (1.0, float("inf")), "intercept|scaling"),
    "RGB": ("datatype", (128, 24), "RGB"),
}


def spoilt(path, field, values):
    """A run whose header is another one in a field; its values stay."""
    image = nibabel.Nifti1Image(np.zeros(SHAPE, np.int16), np.array([*STRAIGHT, 0, 0, 0, 1]).reshape(4, 4))
    content = bytearray(image.to_bytes())
    place, kind = PLACES[field]
    struct.pack_into(f"<{kind}", content, place, *values)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def read(path):
    """Whatever is read of a run: its size while planning, its header and its volumes in a job."""
    nifti_header.read_shape(str(path))
    return list(nifti.volumes(nifti.load_run(path)))


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
@pytest.mark.parametrize("case", CASES)
def test_a_header_that_cannot_be_true_is_refused(tmp_path, case, ending):
    field, values, words = CASES[case]
    path = spoilt(tmp_path / f"bold.{ending}", field, values)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=words) as refused:
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(refused.value).startswith(str(path))
    assert peak < 20e6


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_a_header_that_is_true_is_read(tmp_path, ending):
    path = spoilt(tmp_path / f"bold.{ending}", "sform", STRAIGHT)
    assert len(read(path)) == SHAPE[3]


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_a_mask_of_a_terabyte_is_refused_while_planning_and_in_a_job(tmp_path, ending):
    path = spoilt(tmp_path / f"mask.{ending}", "dim", (3, 30000, 30000, 1000, 1, 1, 1, 1))
    with pytest.raises(InputError, match=r"mask.*the header states"):
        nifti_header.count_brain(str(path))
    with pytest.raises(InputError, match=r"mask.*the header states"):
        nifti.load(path, 3)

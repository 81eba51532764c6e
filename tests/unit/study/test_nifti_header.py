"""Our reading of headers, held against nibabel's."""

import gzip

import nibabel
import numpy as np
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import nifti_header

VERSIONS = pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image], ids=["NIfTI-1", "NIfTI-2"])
ORDERS = pytest.mark.parametrize("order", "<>", ids=["little-endian", "big-endian"])
ENDINGS = pytest.mark.parametrize("ending", ["nii", "nii.gz"])


def save(path, data, kind, order="<"):
    header = kind.header_class(endianness=order)
    header.set_data_dtype(data.dtype.newbyteorder(order))
    nibabel.save(kind(data, np.eye(4), header), path)
    return path


@VERSIONS
@ORDERS
@ENDINGS
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 6, 7), (300, 2, 3, 40)])
def test_the_header_is_what_nibabel_reads(tmp_path, kind, order, ending, dtype, shape):
    path = save(tmp_path / f"image.{ending}", np.zeros(shape, dtype), kind, order)
    image = nibabel.load(path)
    assert image.header.endianness == order
    with nifti_header.open_image(path) as file:
        found = nifti_header.parse(file.read(540), path)
    assert found == (image.shape, image.get_data_dtype().itemsize, image.dataobj.offset)
    assert nifti_header.read_shape(str(path)) == image.shape


@VERSIONS
def test_what_comes_between_header_and_values_is_skipped(tmp_path, kind):
    data = np.arange(60, dtype=np.int16).reshape(3, 4, 5) % 3
    image = kind(data, np.eye(4))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"of another program" * 20))
    nibabel.save(image, tmp_path / "mask.nii.gz")
    assert nibabel.load(tmp_path / "mask.nii.gz").dataobj.offset > 540
    assert nifti_header.count_brain(str(tmp_path / "mask.nii.gz")) == np.count_nonzero(data)


def test_ones_at_the_end_are_no_dimensions(tmp_path):
    path = save(tmp_path / "mask.nii", np.zeros((5, 6, 1, 1, 1), np.uint8), nibabel.Nifti1Image)
    assert nibabel.load(path).shape == (5, 6, 1, 1, 1)
    assert nifti_header.read_shape(str(path)) == (5, 6, 1)


@VERSIONS
@ORDERS
@ENDINGS
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_a_brain_is_counted(tmp_path, kind, order, ending, dtype):
    data = (np.random.default_rng(3).random((5, 6, 7)) > 0.6).astype(dtype)
    path = save(tmp_path / f"mask.{ending}", data, kind, order)
    assert nifti_header.count_brain(str(path)) == np.count_nonzero(data)


def test_only_the_header_is_read(tmp_path):
    data = np.random.default_rng(1).integers(0, 99, (20, 20, 20, 30), dtype=np.int16)
    whole = save(tmp_path / "whole.nii.gz", data, nibabel.Nifti1Image)
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(whole.read_bytes()[:2000])
    assert nifti_header.read_shape(str(cut)) == (20, 20, 20, 30)
    with pytest.raises(InputError, match=r"cut\.nii\.gz: cannot be read as a mask"):
        nifti_header.count_brain(str(cut))


@pytest.mark.parametrize(
    "content", [b"", b"no image", gzip.compress(bytes(600)), gzip.compress(b"x" * 9000)[:40]], ids=range(4)
)
def test_no_image(tmp_path, content):
    path = tmp_path / "bold.nii.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bold\.nii\.gz"):
        nifti_header.read_shape(str(path))


@pytest.mark.parametrize("shape", [(5, 6), (5, 0, 7)])
def test_no_dimensions_of_an_image(tmp_path, shape):
    header = nibabel.Nifti1Header()
    header["dim"][: len(shape) + 1] = [len(shape), *shape]
    path = tmp_path / "bold.nii"
    path.write_bytes(header.binaryblock)
    with pytest.raises(InputError, match=r"bold\.nii: the header states the dimensions .*; expected 3 or 4 positive"):
        nifti_header.read_shape(str(path))

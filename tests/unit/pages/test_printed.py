"""Printed numbers beside ours: which agree, and how they are shown."""

import re

import nibabel
import numpy as np
import pytest
from made_maps import AFFINE, SHAPE, brain, world
from nilearn.image import resample_img
from nilearn.maskers import NiftiMasker
from parsed_page import HOSTILE, ParsedPage
from scipy.stats import pearsonr

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.pages import printed
from seed_to_voxel.study import printed_numbers

SIDE_R = {"Range": [-0.6461, 0.9603], "NumberOfVoxels": 32504, "NumberOfVolumes": 168}
SIDE_Z = {"Range": [-0.7687, 1.9490]}
RESULT = printed.Result(SIDE_R, SIDE_Z, "r.nii.gz", "z.nii.gz")
HEADER = ("subject", "seed", "quantity", "printed", "tolerance")


@pytest.fixture
def table(tmp_path):
    """Write printed numbers as a table."""

    def write(*rows):
        path = tmp_path / "printed.tsv"
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in (HEADER, *rows)), encoding="utf-8")
        return path

    return write


def compared(table, subject="1"):
    rows = (
        (subject, "PCC", "r_max", 0.96, 0.001),
        (subject, "PCC", "r_min", -0.642, 0.001),
        (subject, "PCC", "voxels", 32504, 0),
    )
    return printed.compare(table(*rows), {(subject.removeprefix("sub-"), "PCC"): [RESULT]})


def test_printed_numbers_agree_within_their_tolerance_only(table):
    rows = compared(table, "sub-1")
    assert [row.agrees for row in rows] == [True, False, True]
    assert "1 of 3 printed numbers DISAGREE with ours: r_min of 1 PCC" in printed.verdict(rows)
    assert printed.columns(rows)["agrees"][1] == "NO"


def test_the_page_has_the_tables_cells_and_marks_what_disagrees(table):
    rows = compared(table)
    page = ParsedPage(printed.as_page(rows))
    columns = printed.columns(rows)
    assert page.rows() == [list(columns), *map(list, zip(*columns.values(), strict=True))]
    assert [badge.classes[-1] for badge in page.find("span", class_="badge")] == ["good", "bad", "good"]
    assert printed.verdict(rows) in page.text and page.find("p", class_="bad")


def test_where_all_agree_the_page_says_so(table):
    rows = [row for row in compared(table) if row.agrees]
    page = ParsedPage(printed.as_page(rows))
    assert page.find("p", class_="good")[0].text == "All 2 printed numbers agree with ours."
    assert not page.find("p", class_="bad")


def test_names_stay_text(table):
    page = ParsedPage(printed.as_page(compared(table, HOSTILE)))
    assert page.rows()[1][0] == HOSTILE and not page.find("img") and not page.find("script")


def test_a_printed_number_of_something_unknown_is_refused(table):
    with pytest.raises(InputError, match="unknown quantity 'p'"):
        printed.compare(table(("1", "PCC", "p", 1, 1)), {("1", "PCC"): [RESULT]})
    with pytest.raises(InputError, match="row 1: subject '1' has 2 runs in this study; expected one"):
        printed.compare(table(("1", "PCC", "r_max", 1, 1)), {("1", "PCC"): [RESULT] * 2})
    with pytest.raises(InputError, match="no result for subject '2' and seed 'PCC'"):
        printed.compare(table(("2", "PCC", "r_max", 1, 1)), {("1", "PCC"): [RESULT]})


@pytest.fixture
def maps(tmp_path, monkeypatch):
    """Maps of r and z, a region and a published map on a grid of its own; paths are relative to the folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    r = np.where(brain(), np.tanh(rng.standard_normal(SHAPE) / 3), 0).astype(np.float32)
    region = (np.linalg.norm(world() - (0, -50, 20), axis=-1) < 20).astype(np.uint8)
    published = (2 * np.arctanh(r) + 0.2 * rng.standard_normal(SHAPE)) * brain()
    images = {"r": r, "z": np.arctanh(r), "region": region, "published": published.astype(np.float32)}
    for name, values in images.items():
        image = nibabel.Nifti1Image(values, AFFINE)
        image.set_sform(AFFINE, "mni")
        nibabel.save(image, f"{name}.nii.gz")
    finer = resample_img("published.nii.gz", np.diag([3.0, 3, 3]), force_resample=True, copy_header=True)
    finer.set_sform(finer.affine, "mni")
    nibabel.save(finer, "finer.nii.gz")
    return {("1", "PCC"): [RESULT]}


def rows_with(tmp_path, *rows):
    header = (*HEADER, "x", "y", "z", "file")
    (tmp_path / "more.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in (header, *rows)))
    return tmp_path / "more.tsv"


def test_values_at_places_means_in_regions_and_published_maps_as_nilearn_has_them(maps, tmp_path):
    none = ("n/a",) * 3
    table = rows_with(
        tmp_path,
        ("1", "PCC", "r_at", 0, 1, 10, -44, 21, "n/a"),
        ("1", "PCC", "z_at", 0, 1, 10, -44, 21, "n/a"),
        ("1", "PCC", "r_mean", 0, 1, *none, "region.nii.gz"),
        ("1", "PCC", "z_spatial", 0, 1, *none, "published.nii.gz"),
        ("1", "PCC", "z_spatial", 0, 1, *none, "finer.nii.gz"),
    )
    found = printed.compare(table, maps)
    near = np.linalg.norm(world() - (10, -44, 21), axis=-1).argmin()
    r, z, published = (np.asarray(nibabel.load(f"{name}.nii.gz").dataobj) for name in ("r", "z", "published"))
    assert [row.ours for row in found[:2]] == pytest.approx([r.flat[near], z.flat[near]])
    masker = NiftiMasker("region.nii.gz", standardize=None).fit()
    inside = masker.transform("r.nii.gz")
    assert found[2].ours == pytest.approx(inside[inside != 0].mean(), abs=1e-6)
    both = (z != 0) & (published != 0)
    assert found[3].ours == pytest.approx(pearsonr(z[both], published[both]).statistic, abs=1e-6)
    assert 0.9 < found[4].ours < found[3].ours
    assert [row.quantity for row in found][1:4:2] == ["z_at (10, -44, 21)", "z_spatial published.nii.gz"]
    assert printed_numbers.files_in(str(table)) == ["region.nii.gz", "published.nii.gz", "finer.nii.gz"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("r_at", 0, 1, 10, "n/a", 21, "n/a"), "row 1: the quantity r_at needs x, y, z; y is empty"),
        (("r_mean", 0, 1, 1, 2, 3, "n/a"), "row 1: the quantity r_mean needs file; file is empty"),
    ],
)
def test_what_a_row_lacks_is_said(row, said, maps, tmp_path):
    with pytest.raises(InputError, match=said):
        printed.compare(rows_with(tmp_path, ("1", "PCC", *row)), maps)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("r_at", 0, 1, 900, 0, 0, "n/a"), r"r.nii.gz: has no value at \(900, 0, 0\) mm"),
        (("z_spatial", 0, 1, 1, 2, 3, "lonely.nii.gz"), "lonely.nii.gz: has 1 voxels in common with .*z.nii.gz"),
        (("r_mean", 0, 1, 1, 2, 3, "away.nii.gz"), "away.nii.gz: .*r.nii.gz has no value in this region"),
    ],
)
def test_where_a_map_has_no_value_the_other_comparisons_are_not_lost(row, said, maps, tmp_path):
    for name, place in {"lonely": np.argwhere(brain())[0], "away": np.argwhere(~brain())[0]}.items():
        values = np.zeros(SHAPE, dtype=np.uint8)
        values[tuple(place)] = 1
        image = nibabel.Nifti1Image(values, AFFINE)
        image.set_sform(AFFINE, "mni")
        nibabel.save(image, f"{name}.nii.gz")
    lacking, other = printed.compare(
        rows_with(tmp_path, ("1", "PCC", *row), ("1", "PCC", "voxels", 32504, 0, *["n/a"] * 4)), maps
    )
    assert lacking.ours is None and not lacking.agrees and other.agrees
    assert re.search(said, printed.verdict([lacking, other]))
    assert printed.cells(lacking)["ours"] == "n/a"


def test_a_file_that_is_not_there_is_said_before_anything_is_computed(tmp_path):
    table = rows_with(tmp_path, ("1", "PCC", "r_mean", 0, 1, 1, 2, 3, "absent.nii.gz"))
    with pytest.raises(InputError, match="more.tsv, row 1: no such file: absent.nii.gz"):
        printed_numbers.files_in(str(table))
    assert printed_numbers.files_in(None) == []

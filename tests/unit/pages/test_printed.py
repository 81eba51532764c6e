"""Printed numbers beside ours: which agree, and how they are shown."""

import pytest
from parsed_page import HOSTILE, ParsedPage

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.pages import printed

SIDE_R = {"Range": [-0.6461, 0.9603], "NumberOfVoxels": 32504, "NumberOfVolumes": 168}
SIDE_Z = {"Range": [-0.7687, 1.9490]}
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
    return printed.compare(table(*rows), {(subject.removeprefix("sub-"), "PCC"): [(SIDE_R, SIDE_Z)]})


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
        printed.compare(table(("1", "PCC", "p", 1, 1)), {("1", "PCC"): [(SIDE_R, SIDE_Z)]})
    with pytest.raises(InputError, match="row 1: subject '1' has 2 runs in this study; expected one"):
        printed.compare(table(("1", "PCC", "r_max", 1, 1)), {("1", "PCC"): [(SIDE_R, SIDE_Z)] * 2})
    with pytest.raises(InputError, match="no result for subject '2' and seed 'PCC'"):
        printed.compare(table(("2", "PCC", "r_max", 1, 1)), {("1", "PCC"): [(SIDE_R, SIDE_Z)]})

import numpy as np
import pandas
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import confounds


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "confounds.tsv"

    def write(text):
        path.write_text(text)
        return path

    return write


def read_values(path, columns, n_volumes):
    return confounds.values_of(confounds.read(path), columns, n_volumes)


def test_columns_come_in_the_order_they_were_asked_for(table):
    values, filled = read_values(table("a\tb\tc\n1\t2\t3\n4\t5\t6\n"), ["c", "a"], 2)
    np.testing.assert_array_equal(values, [[3, 1], [6, 4]])
    assert filled == []


def test_a_gap_in_the_first_row_takes_the_second_rows_value_as_in_nilearn(table):
    values, filled = read_values(table("fd\ta\nn/a\t1\n0.5\t2\n0.7\t3\n"), ["fd", "a"], 3)
    np.testing.assert_array_equal(values, [[0.5, 1], [0.5, 2], [0.7, 3]])
    assert filled == ["fd"]


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("a\n1\n2\n", ["a", "b", "c"], ["lacks the confound 'b', 'c'", "it has a"]),
        ("a\n1\n2\n3\n", ["a"], ["found 3 rows", "expected 2"]),
        ("a\n1\nn/a\n", ["a"], ["row 2, column 'a'", "found 'n/a'", "finite number"]),
        ("a\nx\n2\n", ["a"], ["row 1, column 'a'", "found 'x'"]),
        ("a\n1\ninf\n", ["a"], ["row 2, column 'a'", "found 'inf'"]),
        ("a\nn/a\nn/a\n", ["a"], ["row 1, column 'a'", "2 such cells"]),
        ("", ["a"], ["the table is empty"]),
    ],
)
def test_a_bad_table_is_refused_with_row_and_column(table, text, columns, words):
    path = table(text)
    with pytest.raises(InputError) as error:
        read_values(path, columns, 2)
    assert all(word in str(error.value) for word in [str(path), *words]), error.value


@pytest.mark.parametrize("header_too", [True, False])
def test_a_tab_at_the_end_of_each_row_shifts_no_column(table, header_too):
    # MATLAB leaves such tables; pandas takes the first column for an index, and every name for its neighbour's.
    header = "csf\twhite_matter" + "\t" * header_too
    path = table(f"{header}\n1\t10\t\n2\t20\t\n3\t31\t\n")
    values, _ = read_values(path, ["csf", "white_matter"], 3)
    np.testing.assert_array_equal(values, [[1, 10], [2, 20], [3, 31]])
    assert confounds.read(path).header == ("csf", "white_matter")


def test_a_row_with_more_or_fewer_cells_than_the_header_is_refused(table):
    for row, count in {"1\t2\t3": 3, "1": 1}.items():
        with pytest.raises(InputError, match=rf"confounds\.tsv, row 2: found {count} cells .*, expected 2"):
            confounds.read(table(f"a\tb\n1\t2\n{row}\n"))


def test_a_column_that_stands_twice_is_refused_where_it_is_used(table):
    path = table("a\tb\ta\n1\t2\t3\n4\t5\t6\n")
    np.testing.assert_array_equal(read_values(path, ["b"], 2)[0], [[2], [5]])
    for columns in (["a"], confounds.match(confounds.read(path), ["*"])):
        with pytest.raises(InputError, match=r"confounds\.tsv: the column 'a' stands twice"):
            read_values(path, columns, 2)


def test_cells_that_pandas_calls_missing_or_numbers_are_read_alike(table):
    cells = ["1", "-2.5e-3", " 3 ", "n/a", "NaN", "", "NA", "nan", "1e400", "0x10", "text"]
    path = table("a\tb\n" + "".join(f"{cell}\t0\n" for cell in cells))
    values, empty = confounds.read(path).numbers(["a"])
    column = pandas.read_csv(path, sep="\t", dtype=object)["a"]
    numbers = pandas.to_numeric(column.str.strip(), errors="coerce").replace([np.inf, -np.inf], np.nan)
    np.testing.assert_array_equal(values[:, 0], numbers)
    np.testing.assert_array_equal(empty[:, 0], column.isna())

import numpy as np
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning.confounds import read_confounds


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "confounds.tsv"

    def write(text):
        path.write_text(text)
        return path

    return write


def test_columns_come_in_the_order_they_were_asked_for(table):
    values, filled = read_confounds(table("a\tb\tc\n1\t2\t3\n4\t5\t6\n"), ["c", "a"], 2)
    np.testing.assert_array_equal(values, [[3, 1], [6, 4]])
    assert filled == []


def test_a_gap_in_the_first_row_takes_the_second_rows_value_as_in_nilearn(table):
    values, filled = read_confounds(table("fd\ta\nn/a\t1\n0.5\t2\n0.7\t3\n"), ["fd", "a"], 3)
    np.testing.assert_array_equal(values, [[0.5, 1], [0.5, 2], [0.7, 3]])
    assert filled == ["fd"]


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("a\n1\n2\n", ["a", "b", "c"], ["lacks the confound 'b', 'c'", "it has a"]),
        ("a\n1\n2\n3\n", ["a"], ["found 3 rows", "expected 2"]),
        ("a\n1\nn/a\n", ["a"], ["row 2, column 'a'", "found nan", "finite number"]),
        ("a\nx\n2\n", ["a"], ["row 1, column 'a'", "found 'x'"]),
        ("a\n1\ninf\n", ["a"], ["row 2, column 'a'", "found 'inf'"]),
        ("a\nn/a\nn/a\n", ["a"], ["row 1, column 'a'", "2 such cells"]),
        ("", ["a"], ["cannot be read"]),
    ],
)
def test_a_bad_table_is_refused_with_row_and_column(table, text, columns, words):
    path = table(text)
    with pytest.raises(InputError) as error:
        read_confounds(path, columns, 2)
    assert all(word in str(error.value) for word in [str(path), *words]), error.value

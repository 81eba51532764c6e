"""Misspelt confounds are said when a study is planned."""

from types import SimpleNamespace

import pytest

from seed_to_voxel.study import confounds_named


def notes(named, *tables):
    runs = [SimpleNamespace(confounds=str(table)) for table in tables]
    return confounds_named.notes({"cleaning": {"confounds": named}}, runs)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "confounds.tsv"
    path.write_text("trans_x\ttrans_y\tcsf \n1\t2\t3\n")
    return path


def test_a_misspelt_column_is_said_with_what_may_be_meant(table):
    (sentence,) = notes(["trans_x", "tran_y", "rot_*"], table, "a table that is not looked at")
    assert sentence == (
        f"{table} lacks 'tran_y', 'rot_*' of cleaning.confounds; did you mean 'trans_y'? "
        "Runs whose table lacks one will fail."
    )


@pytest.mark.parametrize("named", [["trans_*", "csf"], [], "simple", {"strategy": "simple"}])
def test_nothing_is_said_of_columns_that_are_there_and_of_strategies(named, table):
    assert notes(named, table) == []


def test_a_table_that_is_not_there_yet_is_left_alone(tmp_path):
    assert notes(["trans_x"], tmp_path / "none.tsv") == notes(["trans_x"]) == []

"""The tables that users write: seeds, runs."""

import os
from pathlib import Path

import numpy as np
import pandas
import pytest

from seed_to_voxel.base import tables
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import bids
from seed_to_voxel.study.runs import find_runs, simulated_runs
from seed_to_voxel.study.seeds import read_seeds


@pytest.fixture
def table(tmp_path):
    """Write rows of cells as a tab-separated table."""

    def write(*rows, name="table.tsv"):
        path = tmp_path / name
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


def test_numbers_are_written_as_pandas_and_numpy_write_them(tmp_path):
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((50, 3)) * 10.0 ** rng.integers(-12, 12, (50, 3))
    frame = pandas.DataFrame(numbers, columns=["a", "b", "c"])
    frame.loc[3, "b"] = np.nan
    frame["whole"] = np.arange(50)
    frame["text"] = ["", None, 'say "so"', *["é"] * 47]
    tables.write(tmp_path / "ours.tsv", frame, digits=9)
    frame.replace("", None).to_csv(tmp_path / "pandas.tsv", sep="\t", index=False, na_rep="n/a", float_format="%.9g")
    assert (tmp_path / "ours.tsv").read_bytes() == (tmp_path / "pandas.tsv").read_bytes()
    single = numbers.astype(np.float32)
    tables.write(tmp_path / "ours.tsv", dict(zip("abc", single.T, strict=True)), digits=7)
    np.savetxt(tmp_path / "numpy.tsv", single, "%.7g", "\t", header="a\tb\tc", comments="")
    assert (tmp_path / "ours.tsv").read_bytes() == (tmp_path / "numpy.tsv").read_bytes()


def test_numbers_come_back_and_missing_ones_are_nan(tmp_path):
    tables.write(tmp_path / "motion.tsv", {"fd": [np.nan, 0.25, 1e-9], "kept": np.array([True, False, True])})
    assert (tmp_path / "motion.tsv").read_text() == "fd\tkept\nn/a\t1\n0.25\t0\n1e-09\t1\n"
    names, rows = tables.read_numbers(tmp_path / "motion.tsv")
    assert names == ["fd", "kept"]
    np.testing.assert_array_equal(rows, [[np.nan, 1], [0.25, 0], [1e-9, 1]])
    np.testing.assert_array_equal(rows, np.genfromtxt(tmp_path / "motion.tsv", delimiter="\t", skip_header=1))


def test_columns_of_different_lengths_are_no_table(tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        tables.write(tmp_path / "t.tsv", {"a": [1, 2], "b": [1]})


SEEDS = ("label", "x", "y", "z", "radius_mm")


def test_seeds_are_read_in_order_with_their_own_radii_and_names(table):
    path = table((*SEEDS, "name"), ("PCC", 0, -52, 18, 8, "Posterior cingulate"), ("M1", 36, -25.5, 57, 6, ""))
    first, second = read_seeds(path)
    assert (first.label, first.centre, first.radius_mm, first.name) == ("PCC", (0, -52, 18), 8, "Posterior cingulate")
    assert (second.label, second.centre, second.radius_mm, second.name) == ("M1", (36, -25.5, 57), 6, "M1")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("P_CC", 0, 0, 0, 8), ["row 1", "'label'", "'P_CC'", "letters and digits"]),
        (("PCC", "left", 0, 0, 8), ["row 1", "'x'", "'left'", "number"]),
        (("PCC", 0, "nan", 0, 8), ["row 1", "'y'", "number"]),
        (("PCC", 0, 0, 0, 0), ["row 1", "radius_mm", "more than 0"]),
        (("PCC", 0, 0, "", 8), ["row 1", "'z'", "empty"]),
        (("PCC", 0, 0, 8), ["row 1", "4 cells", "expected 5"]),
    ],
)
def test_a_bad_seed_is_refused_with_its_row_and_column(table, row, words):
    path = table(SEEDS, row)
    with pytest.raises(InputError) as error:
        read_seeds(path)
    assert all(word in str(error.value) for word in [str(path), *words]), error.value


def test_a_seed_that_is_there_twice_is_refused_even_in_another_case(table):
    with pytest.raises(InputError, match=r"row 2: the seed 'pcc' is there twice"):
        read_seeds(table(SEEDS, ("PCC", 0, 0, 0, 8), ("pcc", 1, 1, 1, 8)))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (("label", "x", "y", "z"), ["needs x, y, z, radius_mm", "'radius_mm' is empty or not there"]),
        ((*SEEDS, "colour"), ["unknown column 'colour'; expected label"]),
        (("label", "X", "y", "z", "radius"), ["'X', 'radius', did you mean 'x'? did you mean 'radius_mm'?; expected"]),
        ((*SEEDS, "x"), ["twice the column 'x'"]),
        (("label,x,y,z,radius_mm",), ["separated by tabs"]),
    ],
)
def test_a_bad_header_is_refused(table, header, words):
    with pytest.raises(InputError) as error:
        read_seeds(table(header, ["1"] * len(header)))
    assert all(word in str(error.value) for word in words), error.value


def test_missing_and_empty_tables_are_told_apart(table, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        tables.read(tmp_path / "none.tsv", ["a"])
    with pytest.raises(InputError, match="empty"):
        tables.read(table(), ["a"])
    with pytest.raises(InputError, match="no row"):
        tables.read(table(["a"]), ["a"])


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "excel.tsv"
    path.write_bytes("\ufefflabel\tx\ty\tz\tradius_mm\r\nPCC\t0\t-52\t18\t8\r\n\r\n".encode())
    assert read_seeds(path)[0].centre == (0, -52, 18)


RUNS = ("subject", "session", "task", "run", "space", "bold", "mask", "confounds", "t_r")


@pytest.fixture
def bold(tmp_path):
    path = tmp_path / "bold.nii.gz"
    path.touch()
    return path


def dataset(path):
    return {"kind": "table", "table": {"runs": str(path)}}


def test_runs_of_a_table_keep_their_files_where_they_are(table, bold):
    bold.with_name("bold.json").write_text("{}")
    path = table(
        RUNS, ("01", "n/a", "rest", "", "MNI", bold, "", "n/a", ""), ("02", "A", "rest", 1, "MNI", bold, "", "", 2.4)
    )
    first, second = find_runs(dataset(path))
    assert first.path == "sub-01/func/sub-01_task-rest_space-MNI"
    assert (first.session, first.run, first.mask, first.confounds, first.t_r) == (None,) * 5
    assert second.path == "sub-02/ses-A/func/sub-02_ses-A_task-rest_run-1_space-MNI"
    assert second.t_r == 2.4
    assert first.bold == str(bold)
    assert Path(first.sidecar) == bold.with_name("bold.json")


def test_entity_prefixes_in_the_table_are_accepted(table, bold):
    (run,) = find_runs(dataset(table(RUNS, ("sub-01", "", "task-rest", "", "space-MNI", bold, "", "", ""))))
    assert run.stem == "sub-01_task-rest_space-MNI"


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("bold", "gone.nii.gz", ["row 1", "'bold'", "no such file: gone.nii.gz"]),
        ("mask", "gone.nii.gz", ["row 1", "'mask'", "no such file"]),
        ("confounds", "gone.tsv", ["row 1", "'confounds'", "no such file"]),
        ("task", "re_st", ["row 1", "'task'", "'re_st'"]),
        ("t_r", "0", ["row 1", "t_r", "more than 0"]),
        ("t_r", "fast", ["row 1", "'t_r'", "'fast'", "seconds"]),
    ],
)
def test_a_bad_run_is_refused_with_its_row_and_column(table, bold, column, value, words):
    row = dict(zip(RUNS, ("01", "", "rest", "", "MNI", bold, "", "", "2"), strict=True))
    path = table(RUNS, {**row, column: value}.values())
    with pytest.raises(InputError) as error:
        find_runs(dataset(path))
    assert all(word in str(error.value) for word in [str(path), *words]), error.value


def test_two_rows_that_would_write_the_same_files_are_refused(table, bold):
    row = ("01", "", "rest", "", "MNI", bold, "", "", "2")
    with pytest.raises(InputError, match=r"row 2: sub-01_task-rest_space-MNI is there twice, first in .*row 1"):
        bids.index(find_runs(dataset(table(RUNS, row, row))))


def test_the_simulated_cohort_names_its_runs_the_same_for_any_size():
    few, many = list(simulated_runs(2)), list(simulated_runs(99))
    assert few == many[:2]
    assert len(bids.index(many)) == 99


def refused_table(tmp_path, text):
    path = tmp_path / "table.tsv"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        tables.cells(path)
    assert str(refused.value).startswith(str(path))
    assert len(str(refused.value)) < 600
    return str(refused.value)


def test_what_cannot_be_taken_apart_is_told_in_a_short_sentence(tmp_path):
    assert "row 2: found 3 cells (1, 2, 3), expected 2" in refused_table(tmp_path, "a\tb\n1\t2\n1\t2\t3\n")
    wide = "\t".join(f"column{n}" for n in range(400))
    assert "found 399 cells" in refused_table(tmp_path, f"{wide}\n" + "\t".join(["0.123456789"] * 399) + "\n")
    assert "quotation mark" in refused_table(tmp_path, 'a\tb\n1\t"2\n1\t2\n')
    assert "quotation mark" in refused_table(tmp_path, 'a\tb\n1\t"2\n1\t"2\n')
    assert "131072" in refused_table(tmp_path, "a\tb\n1\t" + "2" * 200_000 + "\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(InputError, match="folder: is a folder; expected a tab-separated table"):
        tables.cells(folder)
    os.mkfifo(tmp_path / "pipe")
    for read in (tables.cells, tables.header):
        with pytest.raises(InputError, match="pipe: is a pipe, which can be read but once"):
            read(tmp_path / "pipe")


@pytest.mark.parametrize("cell", ["2_0", "1e400", "٣", "0x10", "1,5", "nan", "infinity", "2 0", "1_e3", "--1"])
def test_what_is_no_number_to_anybody_else_is_none_here(cell):
    with pytest.raises(InputError, match="the column 'x' is .*; expected a number in mm"):
        tables.number(cell, "row 1", "x", "mm")


@pytest.mark.parametrize(("cell", "value"), [("2", 2), ("-2.5", -2.5), ("+.5", 0.5), ("1e-3", 0.001), ("2.", 2)])
def test_numbers_as_people_write_them(cell, value):
    assert tables.number(cell, "row 1", "x") == value


def test_a_long_cell_is_shown_in_part():
    with pytest.raises(InputError) as refused:
        tables.number("x" * 100_000, "row 1", "x")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("path", ["a{x}.nii.gz", "{run}.nii.gz", "data/<x>/b.nii.gz", "a}b.nii.gz"])
def test_paths_in_which_snakemake_would_put_something_are_refused(tmp_path, path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_bytes(b"x" * 2000)
    with pytest.raises(InputError, match="which Snakemake takes for a name to put in; rename"):
        find_runs(dataset(write_runs(tmp_path, path)))


def write_runs(folder, bold, subjects=("01",)):
    path = folder / "runs.tsv"
    rows = "".join(f"{subject}\trest\tMNI\t{bold}\t2\n" for subject in subjects)
    path.write_text(f"subject\ttask\tspace\tbold\tt_r\n{rows}")
    return path


def test_subjects_that_differ_in_case_alone_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.nii.gz").write_bytes(b"x" * 2000)
    found = find_runs(dataset(write_runs(tmp_path, "b.nii.gz", ("aB", "Ab"))))
    with pytest.raises(InputError, match="sub-Ab_task-rest_space-MNI differs from sub-aB_task-rest_space-MNI in upper"):
        bids.index(found)


def test_labels_that_make_names_too_long_for_a_disk_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.nii.gz").write_bytes(b"x" * 2000)
    with pytest.raises(InputError, match="300 characters; expected at most"):
        find_runs(dataset(write_runs(tmp_path, "b.nii.gz", ("a" * 300,))))
    many = bids.Run(**dict.fromkeys(("subject", "task", "space", "session", "run"), "a" * 60), bold="b.nii")
    with pytest.raises(InputError, match="name has .* characters; expected at most"):
        bids.index([many])


def test_a_table_of_our_own_that_is_empty_is_said_to_be_damaged(tmp_path):
    path = tmp_path / "relmat.tsv"
    path.write_text("")
    for read in (tables.made, tables.read_numbers):
        with pytest.raises(InputError, match=r"relmat.tsv: the table is empty.*delete it and start again"):
            read(path)

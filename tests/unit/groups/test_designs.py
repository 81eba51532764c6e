"""Designs by formula: against patsy-like closed forms, and one sentence for each mistake."""

import numpy as np
import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.groups import design_files, designs

AGES = [20, 31, 45, 28, 60, 52, 39, 70, 25, 33, 48, 57]
UNITS = [
    {"name": f"sub-{k:02d}", "subject": f"{k:02d}", "session": None, "n_runs": 1, "mean_fd": 0.1 + 0.01 * k, "nu": 25.0}
    for k in range(12)
]
PEOPLE = {
    f"{k:02d}": {"group": "ab"[k % 2], "age": str(age), "site": str(1 + k % 3), "hand": "right"}
    for k, age in enumerate(AGES)
}
SESSIONS = [
    {**unit, "name": f"{unit['name']}_ses-{session}", "session": session, "mean_fd": fd}
    for session, displacements in (("2", [0.3, 0.1, 0.2, 0.5, 0.1, 0.2]), ("1", [0.2, 0.4, 0.1, 0.2, 0.3, 0.1]))
    for unit, fd in zip(UNITS, displacements, strict=False)
]


def build(formula, units=UNITS, people=PEOPLE, **more):
    model = {"name": "m", "formula": formula, "errors": "auto", "variance_groups": None, "centre": True, **more}
    return designs.build(model, units, people)


def weights(design, *rows, joint=False):
    return designs.weights({"name": "c", "rows": rows, "joint": joint}, design.names, design.terms, "m")


def test_groups_covariates_and_their_interaction():
    design = build("group * age")
    age, b = np.array(AGES) - np.mean(AGES), np.arange(12) % 2
    assert design.names == ["Intercept", "group[b]", "age", "group[b]:age"]
    np.testing.assert_allclose(design.matrix, np.column_stack([np.ones(12), b, age, age * b]))
    assert design.notes == ["age is centred: its mean over the rows, 42.33, is subtracted."]
    np.testing.assert_array_equal(weights(design, "group[b]"), [[0, 1, 0, 0]])
    # As formulaic calls it, too.
    np.testing.assert_array_equal(weights(design, "group[T.b]"), [[0, 1, 0, 0]])
    np.testing.assert_array_equal(weights(design, "2 * group[b]:age - age"), [[0, 0, -1, 2]])
    np.testing.assert_array_equal(weights(design, "group", "age", joint=True), [[0, 1, 0, 0], [0, 0, 1, 0]])


def test_what_a_function_is_given_is_not_centred():
    design = build("np.log(age) + I(mean_fd ** 2)")
    fd = np.array([unit["mean_fd"] for unit in UNITS])
    np.testing.assert_allclose(design.matrix[:, 1], np.log(AGES))
    np.testing.assert_allclose(design.matrix[:, 2], (fd - fd.mean()) ** 2)
    assert [note.split()[0] for note in design.notes] == ["mean_fd"]
    np.testing.assert_allclose(build("age", centre=False).matrix[:, 1], AGES)


def test_sites_by_number_are_groups_in_c():
    design = build("C(site)")
    assert design.names == ["Intercept", "C(site)[2]", "C(site)[3]"]
    np.testing.assert_array_equal(weights(design, "C(site)", joint=True), [[0, 1, 0], [0, 0, 1]])
    with pytest.raises(InputError, match=r"contrast c: 'C\(site\)' stands for 2 columns.*\[C\(site\)\], for an F test"):
        weights(design, "C(site)")


def test_one_row_tested_by_f_is_written_twice():
    np.testing.assert_array_equal(weights(build("group"), "group[b]", joint=True), [[0, 1], [0, 1]])


def test_paired_sessions_are_sorted_by_subject():
    design = build("session + subject", SESSIONS)
    assert design.rows[:4] == ["sub-00_ses-1", "sub-00_ses-2", "sub-01_ses-1", "sub-01_ses-2"]
    assert design.names[:2] == ["Intercept", "session[2]"] and design.matrix.shape == (12, 7)
    np.testing.assert_array_equal(design.matrix[:, 1], [0, 1] * 6)
    assert len(set(design.subjects)) == 6


def test_a_subject_with_one_session_says_nothing_in_a_paired_design():
    design = build("session + subject", [*SESSIONS, {**UNITS[7], "name": "sub-07_ses-1", "session": "1"}])
    assert design.left_out == [("sub-07_ses-1", "one row only, and the formula has a column for each subject")]


def test_who_is_left_out_is_listed_with_the_reason():
    people = {**PEOPLE, "03": {**PEOPLE["03"], "age": None}}
    del people["05"]
    units = [{**unit, "n_runs": 0} if unit["subject"] == "07" else unit for unit in UNITS]
    design = build("group + age", units, people)
    assert dict(design.left_out) == {
        "sub-03": "no value in age",
        "sub-05": "the participant has no row in the table of participants",
        "sub-07": "all its runs were refused for their quality",
    }
    assert len(design.rows) == 9
    assert np.isclose(design.matrix[:, 2].mean(), 0)
    # A model that does not use the table needs no row in it.
    assert len(build("mean_fd", units, people).rows) == 11


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("hand", "hand is right in all 12 rows; a constant says nothing"),
        ("nu", "nu is 25 in all 12 rows"),
        ("age + I(2 * age)", r"age, I\(2 \* age\) are collinear"),
        ("subject", r"\(Intercept, .*0 of 12 rows can be used|0 of 12 rows"),
        ("age + bs(mean_fd, df=11)", "the design has 13 columns .* for 12 rows; expected fewer columns"),
        ("group + unheard(age)", "cannot be evaluated: .*unheard"),
        ("group + (", "cannot be evaluated"),
        ("age ~ group", "has two sides"),
        ("np.log(age - 20)", "no finite number"),
    ],
)
def test_mistakes_are_one_sentence(formula, said):
    with pytest.raises(InputError, match=said) as caught:
        build(formula)
    assert str(caught.value).startswith("groups.models, m: ") and "\n" not in str(caught.value)


def test_a_group_of_one_is_named():
    people = {**PEOPLE, "04": {**PEOPLE["04"], "group": "c"}}
    with pytest.raises(InputError, match=r"the group group c has one participant \(sub-04\)"):
        build("group", people=people)
    people = {**PEOPLE, "04": {**PEOPLE["04"], "site": "9"}}
    with pytest.raises(InputError, match=r"the group site 9 has one participant \(sub-04\)"):
        build("C(site)", people=people)
    assert build("site", people=people).names == ["Intercept", "site"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("group[bb]", r"there is no 'group\[bb\]', did you mean 'group\[b\]'\?; .*Intercept, group\[b\], age"),
        ("group[b] - agee", "columns: there is no 'agee', did you mean 'age'"),
        ("sex", "columns: there is no 'sex'; expected names"),
        ("sex", "'sex' is no linear expression .*Intercept, group"),
        ("group[b] * age", "no linear expression"),
        ("age = 3", "no contrast: expected a combination of columns that is held against 0"),
        ("age -", "no linear expression"),
    ],
)
def test_contrasts_that_cannot_be_read_are_refused(row, said):
    with pytest.raises(InputError, match=f"groups.models, m, contrast c: .*{said}"):
        weights(build("group + age"), row)


def test_the_table_of_participants():
    lines = [["participant_id", "group", "age"], ["sub-01", "a", "n/a"], ["02", "b", "31"]]
    assert designs.read_participants(lines, "p.tsv") == {
        "01": {"group": "a", "age": None},
        "02": {"group": "b", "age": "31"},
    }
    with pytest.raises(InputError, match="p.tsv, row 3: the participant '01' is there twice"):
        designs.read_participants([*lines, ["01", "a", "3"]], "p.tsv")
    with pytest.raises(InputError, match="p.tsv: the header is id age; expected a column 'participant_id'"):
        designs.read_participants([["id", "age"]], "p.tsv")


def test_quality_of_the_runs_is_summed_up_by_subject():
    unit = {"name": "sub-1", "subject": "1", "session": None, "runs": ["a", "b"]}
    seeds = {"PCC": {"nu": 20.0}}
    found = design_files.with_quality(
        unit,
        [{"mean_fd": 0.1}, {"mean_fd": 0.3}],
        [{"effective_degrees_of_freedom": v, "seeds": seeds} for v in (20.0, 25.0)],
    )
    assert found["mean_fd"] == pytest.approx(0.2) and found["nu"] == 45 and found["n_runs"] == 2
    assert found["without"] == []
    none = design_files.with_quality(
        unit, [{"mean_fd": None}], [{"effective_degrees_of_freedom": 20.0, "seeds": seeds}]
    )
    assert none["mean_fd"] is None and none["nu"] == 20


def test_a_row_that_lacks_a_seed_is_left_out_by_name():
    unit = {"name": "sub-03", "subject": "03", "session": None, "runs": ["a", "b"]}
    first, second = (
        {"effective_degrees_of_freedom": 20.0, "seeds": {"PCC": {"nu": 20.0}, "Amygdala": {"nu": nu}}}
        for nu in (None, 18.0)
    )
    metrics = [{"mean_fd": 0.1}, {"mean_fd": 0.2}]
    # Another run has it.
    assert design_files.with_quality(unit, metrics, [first, second])["without"] == []
    lacking = design_files.with_quality(unit, metrics, [first, first])
    assert lacking["without"] == ["Amygdala"]
    units = [lacking if known["name"] == "sub-03" else known for known in UNITS]
    design = build("age", units)
    assert design.left_out == [("sub-03", "none of its runs has a map of Amygdala (cleaning.min_seed_coverage)")]
    assert "sub-03" not in design.rows and len(design.rows) == 11


def test_a_design_is_read_as_it_was_written(tmp_path):
    from seed_to_voxel.base import tables

    design = build("session + subject + mean_fd", SESSIONS, variance_groups="session")
    described = design_files.describe(
        design, {"name": "m", "formula": "1", "errors": "auto", "variance_groups": "session"}, []
    )
    tables.write(tmp_path / "d.tsv", design_files.columns(design), digits=17)
    read = design_files.read(tables.cells(tmp_path / "d.tsv"), described)
    np.testing.assert_array_equal(read.matrix, design.matrix)
    assert read.rows == design.rows and read.names == design.names and read.subjects.tolist() == design.subjects
    assert read.variance_groups.tolist() == ["1", "2"] * 6
    assert described["NumberOfSubjects"] == 6 and described["NumberOfRows"] == 12
    assert described["Groups"] == {"session": {"1": 6, "2": 6}}


@pytest.mark.parametrize("cell", ["NA", "<NA>", "N/A", "nan", "NULL", " "])
def test_what_others_write_for_no_value_is_no_group(cell):
    lines = [["participant_id", "group", "score"], ["01", "control", "1"], ["02", cell, "2"], ["03", "patient", cell]]
    found = designs.read_participants(lines, "p.tsv")
    assert found["02"]["group"] is None and found["03"]["score"] is None
    units = [{"name": f"sub-{who}", "subject": who, "session": None, "n_runs": 1} for who in found]
    rows, left_out = designs.gather(units, found, {"group"})
    assert [row["group"] for row in rows] == ["control", "patient"]
    assert left_out == [("sub-02", "no value in group")]
    # Of a drug, none is a level.
    assert designs.read_participants([["participant_id", "drug"], ["01", "none"]], "p.tsv")["01"]["drug"] == "none"


def test_groups_whose_names_differ_in_capitals_are_noted():
    people = {label: {**about, "sex": "mfM"[int(label) % 3]} for label, about in PEOPLE.items()}
    said = "sex: M and m differ in capitals alone, and are groups of their own."
    assert build("sex", people=people).notes == [said]
    assert build("group", people=people).notes == []


@pytest.mark.parametrize("cell", ["NA", "nan", "unknown", "inf"])
def test_words_among_numbers_make_no_groups(cell):
    people = {**PEOPLE, "03": {**PEOPLE["03"], "age": cell}}
    said = rf"^groups.models, m: age is a number in 11 of 12 rows, and '{cell}' \(sub-03\); expected numbers, or n/a"
    with pytest.raises(InputError, match=said):
        build("age", people=people)
    # A model that does not use it may have it, and labels of sites that are mostly numbers are stated as groups.
    assert len(build("group", people=people).rows) == 12
    sites = {**PEOPLE, **{label: {**PEOPLE[label], "site": "2b"} for label in ("03", "04")}}
    assert build("C(site)", people=sites).names == ["Intercept", "C(site)[2]", "C(site)[2b]", "C(site)[3]"]


def test_rows_that_a_function_cannot_take_are_named_and_not_dropped():
    # 20, 28, 25 are less than 30: the square root of a negative number is none.
    with pytest.raises(InputError, match=r"is no finite number in 3 of 12 rows \(sub-00, sub-03, sub-08\)"):
        build("np.sqrt(age - 30)")


def test_who_was_excluded_beforehand_is_listed():
    model = {"name": "m", "formula": "age", "errors": "auto", "variance_groups": None, "centre": True}
    design = designs.build(model, UNITS, PEOPLE, [("sub-77", "all its runs were excluded beforehand: no mask")])
    assert design_files.left_out_columns(design) == {
        "unit": ["sub-77"],
        "reason": ["all its runs were excluded beforehand: no mask"],
    }

"""What the config asks of groups, known before anything is computed."""

import copy

import pytest
from conftest import ROOT, SCHEMA

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import bids, configuration, groups, outputs, study
from seed_to_voxel.study.whereabouts import Whereabouts

MODEL = {"name": "two", "formula": "group + age", "contrasts": {"difference": "group[b]", "any": ["group[b]", "age"]}}


def read(dataset=None, part=None, models=(MODEL,), **options):
    simulated = {"participants": 4, "groups": ["a", "b"], **(dataset or {})}
    config = {
        "dataset": {"kind": "simulated", "simulated": simulated},
        "groups": {"models": list(models), **options},
        "part": part,
    }
    config = copy.deepcopy(config)
    configuration.check(config, SCHEMA, "study.yaml")
    configuration.fill_in(config, SCHEMA)
    return study.read_study(config, [], Whereabouts([("study.yaml", config)], ROOT))


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("1", set()),
        ("0 + group:session + `handed ness`", {"group", "session", "handed ness"}),
        ("np.log(age) + C(site, contr.treatment(base='x')) + I(mean_fd ** 2)", {"age", "site", "mean_fd"}),
        ("bs(age, df=3) * (sex - 1)", {"age", "sex"}),
    ],
)
def test_names_of_columns_in_a_formula(formula, names):
    assert groups.names_in(formula) == names


def test_nothing_is_asked_where_there_is_no_model():
    asked = read(models=())
    assert asked.groups.models == {} and asked.groups.units == {}
    assert "groups" not in asked.conditions


def test_models_contrasts_and_units():
    asked = read()
    (model,) = asked.groups.models.values()
    assert [(contrast.name, contrast.statistic) for contrast in model.contrasts] == [("difference", "t"), ("any", "F")]
    assert model.columns == {"group", "age"}
    assert list(asked.groups.units) == ["sub-01", "sub-02", "sub-03", "sub-04"]
    assert asked.groups.participants == "results/inputs/simulated/participants.tsv"
    assert asked.conditions >= {"groups", "permutations", "TFCE"}
    assert asked.groups.measures == list(groups.MEASURES)
    alone = read(permutations={"n": 0})
    assert alone.groups.measures == [] and "permutations" not in alone.conditions
    assert alone.groups.shown_by[0] == "pfdr" and alone.groups.inferred == []


def test_sessions_are_combined_or_kept():
    combined, kept = (read({"sessions": 2}, sessions=how).groups.units for how in ("combine", "keep"))
    assert len(combined["sub-01"].runs) == 2
    assert list(kept)[:2] == ["sub-01_ses-01", "sub-01_ses-02"] and len(kept) == 8
    assert kept["sub-01_ses-02"].runs == ("sub-01/ses-02/func/sub-01_ses-02_task-rest_space-MNI152NLin2009cAsym",)


def test_a_part_of_the_runs_has_no_groups():
    asked = read(part="1/2")
    assert asked.groups.models == {} and "groups are left out, since part is 1/2" in asked.notes()[0]
    assert "groups" not in outputs.conditions(asked.config)


@pytest.mark.parametrize(
    ("models", "options", "said"),
    [
        ([{**MODEL, "formula": "group + sex"}], {}, "'group \\+ sex' uses sex; expected columns of .*participants.tsv"),
        ([{**MODEL, "variance_groups": "site"}], {}, "uses site"),
        ([MODEL, {**MODEL, "name": "TWO"}], {}, "model 2: the name 'TWO' is there twice"),
        ([{**MODEL, "contrasts": {"a": "age", "A": "age"}}], {}, "the contrast 'a' is there twice"),
        ([MODEL], {"task": "movie"}, "groups.task is 'movie'; expected one that there are runs of: rest"),
        ([{**MODEL, "name": "my_model"}], {}, "groups.models.0.name is 'my_model'; expected text matching"),
        ([{"name": "m", "formula": "1"}], {}, "missing key groups.models.0.contrasts"),
        ([{**MODEL, "contrasts": {}}], {}, "groups.models.0.contrasts"),
        ([MODEL], {"permutation": {}}, "unknown key groups.permutation, did you mean groups.permutations"),
        ([MODEL], {"participants": "nowhere.tsv"}, "groups.participants is 'nowhere.tsv', and there is no such file"),
    ],
)
def test_mistakes_are_found_before_anything_is_computed(models, options, said):
    with pytest.raises(InputError, match=said):
        read(models=models, **options)


def test_columns_of_a_table_of_ones_own(tmp_path):
    table = tmp_path / "people.tsv"
    table.write_text("participant_id\tgroup\tage\nsub-01\ta\t3\nsub-02\tb\t4\nsub-03\ta\t5\n")
    asked = read(participants=str(table))
    assert any("participants without a row" in note and "04" in note for note in asked.notes())
    table.write_text("participant_id\tgroup\tage\tage\n")
    with pytest.raises(InputError, match="has twice the column age"):
        read(participants=str(table))
    table.write_text("id\tgroup\tage\n")
    with pytest.raises(InputError, match="expected a column 'participant_id'"):
        read(participants=str(table))
    table.write_text("participant_id\tgroup\tage\tmean_fd\n")
    with pytest.raises(InputError, match="mean_fd is a column of .* and what the runs themselves say"):
        read(participants=str(table), models=[{**MODEL, "formula": "group + age + mean_fd"}])
    table.write_text("participant_id\tgroup\tage\tsession\n")
    for how in ("combine", "keep"):
        with pytest.raises(InputError, match="session is a column of .* and what the runs themselves say"):
            read(participants=str(table), models=[{**MODEL, "formula": "group + session"}], sessions=how)


def test_a_session_that_no_row_has_is_refused():
    with pytest.raises(InputError, match="two: uses session, and groups.sessions is combine"):
        read({"sessions": 2}, models=[{**MODEL, "formula": "session"}])
    assert read({"sessions": 2}, models=[{**MODEL, "formula": "session"}], sessions="keep").groups.models


def test_units_all_of_whose_runs_were_excluded():
    excluded = [
        {"labels": {"subject": subject, "session": session, "task": task}, "refused": [why]}
        for subject, session, task, why in (
            ("1", "A", "rest", "no mask"),
            ("1", "B", "rest", "no confounds"),
            ("2", "A", "rest", "no mask"),
            ("3", "A", "movie", "no mask"),
        )
    ]
    combined = groups.excluded_units(excluded, ["sub-2"], {"task": "rest", "sessions": "combine"})
    assert combined == [("sub-1", "all its runs were excluded beforehand: no mask; no confounds")]
    kept = groups.excluded_units(excluded, ["sub-2_ses-B"], {"task": None, "sessions": "keep"})
    assert [name for name, _ in kept] == ["sub-1_ses-A", "sub-1_ses-B", "sub-2_ses-A", "sub-3_ses-A"]


def run(subject, **labels):
    return bids.Run(subject=subject, **{"task": "rest", "space": "MNI", "bold": "x.nii.gz", **labels})


def test_several_tasks_or_spaces_are_refused():
    options = {"task": None, "sessions": "combine"}
    tasks = bids.index([run("1"), run("1", task="movie")])
    with pytest.raises(InputError, match="groups.task is null, and the runs are of the tasks movie, rest"):
        groups.units_of(tasks, options)
    (unit,) = groups.units_of(tasks, {**options, "task": "rest"}).values()
    assert unit.runs == ("sub-1/func/sub-1_task-rest_space-MNI",)
    with pytest.raises(InputError, match="one space, in which voxels of different runs are the same place"):
        groups.units_of(bids.index([run("1"), run("2", space="T1w")]), options)

"""Where the files are that a config names."""

import copy
from pathlib import Path

import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study.whereabouts import Whereabouts

SEEDS = ("seeds",)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A project, a folder of somebody's configs, and a working directory."""
    folders = {name: tmp_path / name for name in ("project", "configs", "here")}
    for folder in folders.values():
        (folder / "config").mkdir(parents=True)
    monkeypatch.chdir(folders["here"])
    return folders


def found(places, path, config="configs/study.yaml", content=None):
    source = str(places["project"].parent / config)
    configs = [(source, {"seeds": path} if content is None else content)]
    return Whereabouts(configs, places["project"]).find(path, SEEDS)


def test_beside_the_config_that_names_it(places):
    (places["configs"] / "seeds.tsv").write_text("a")
    assert found(places, "seeds.tsv") == str(places["configs"] / "seeds.tsv")


def test_in_the_working_directory_and_then_relative_to_it(places):
    (places["here"] / "seeds.tsv").write_text("a")
    assert found(places, "seeds.tsv") == "seeds.tsv"


def test_the_last_config_that_names_it_counts(places):
    for name in ("configs", "project"):
        (places[name] / "seeds.tsv").write_text(name)
    sources = [(str(places[name] / "study.yaml"), {"seeds": "seeds.tsv"}) for name in ("project", "configs")]
    assert Whereabouts(sources, places["project"]).find("seeds.tsv", SEEDS) == str(places["configs"] / "seeds.tsv")
    sources.append((str(places["here"] / "other.yaml"), {"cleaning": {}}))
    assert Whereabouts(sources, places["project"]).find("seeds.tsv", SEEDS) == str(places["configs"] / "seeds.tsv")


def test_a_default_comes_with_the_project_whatever_lies_in_the_working_directory(places):
    for name in ("project", "here"):
        (places[name] / "config" / "seeds.tsv").write_text(name)
    expected = str(places["project"] / "config" / "seeds.tsv")
    assert found(places, "config/seeds.tsv", content={"dataset": {}}) == expected
    # A name of one's own config is one's own file.
    assert found(places, "config/seeds.tsv") == "config/seeds.tsv"
    # The project's configs mean the project's files.
    assert found(places, "config/seeds.tsv", config="project/config/config.yaml") == expected


def test_what_the_command_line_names_lies_in_the_working_directory(places):
    for name in ("project", "here"):
        (places[name] / "config" / "seeds.tsv").write_text(name)
    (places["configs"] / "study.yaml").write_text("cleaning: {detrend: true}\n")
    given = {"seeds": "config/seeds.tsv"}
    whereabouts = Whereabouts.of([places["configs"] / "study.yaml"], places["project"], command_line=given)
    assert whereabouts.find("config/seeds.tsv", SEEDS) == "config/seeds.tsv"
    assert whereabouts.source == f"{places['configs'] / 'study.yaml'} + --config"
    # Without it, the default's own.
    whereabouts = Whereabouts.of([places["configs"] / "study.yaml"], places["project"], command_line={})
    assert whereabouts.find("config/seeds.tsv", SEEDS) == str(places["project"] / "config" / "seeds.tsv")


def test_files_of_a_paper_are_settled_too(places):
    for name in ("mine.png", "mask.nii.gz"):
        (places["configs"] / name).write_text("a")
    panels = {"A": {"kind": "image", "file": "mine.png"}, "B": {"kind": "series"}}
    numbers = [{"quantity": "r_mean", "file": "mask.nii.gz"}, {"quantity": "runs"}]
    config = {"dataset": {"kind": "simulated"}, "paper": {"figures": [{"panels": panels}], "numbers": numbers}}
    config |= dict.fromkeys(("seeds", "printed_numbers"))
    whereabouts = Whereabouts([(str(places["configs"] / "study.yaml"), copy.deepcopy(config))], places["project"])
    whereabouts.settle(config)
    assert panels["A"]["file"] == str(places["configs"] / "mine.png")
    assert numbers[0]["file"] == str(places["configs"] / "mask.nii.gz")


def test_different_files_in_two_places_are_refused_and_copies_are_not(places):
    (places["here"] / "seeds.tsv").write_text("a")
    (places["configs"] / "seeds.tsv").write_text("a")
    assert found(places, "seeds.tsv") == str(places["configs"] / "seeds.tsv")
    (places["here"] / "seeds.tsv").write_text("b")
    with pytest.raises(InputError, match=r"seeds is 'seeds.tsv', which is there twice, with different content"):
        found(places, "seeds.tsv")


def test_a_miss_says_where_it_was_looked_for(places):
    with pytest.raises(InputError) as error:
        found(places, "seeds.tsv")
    for folder in ("configs", "here", "project"):
        assert str(places[folder] / "seeds.tsv") in str(error.value)
    absolute = places["here"] / "absent.tsv"
    with pytest.raises(InputError) as error:
        found(places, str(absolute))
    assert str(error.value).count(str(absolute)) == 2


def test_the_keys_of_the_dataset_that_is_used_are_settled(places):
    (places["configs"] / "runs.tsv").write_text("a")
    (places["project"] / "config" / "seeds.tsv").write_text("a")
    config = {
        "seeds": "config/seeds.tsv",
        "dataset": {"kind": "table", "table": {"runs": "runs.tsv"}, "fmriprep": {"folder": "nowhere"}},
        "printed_numbers": None,
        "groups": {"participants": "people.tsv"},
    }
    (places["here"] / "people.tsv").write_text("a")
    own = {"dataset": {"kind": "table", "table": {"runs": "runs.tsv"}}}
    Whereabouts([(str(places["configs"] / "study.yaml"), own)], places["project"]).settle(config)
    assert Path(config["dataset"]["table"]["runs"]) == places["configs"] / "runs.tsv"
    assert config["dataset"]["fmriprep"]["folder"] == "nowhere"
    assert config["groups"]["participants"] == "people.tsv"

"""Mistakes in the config, in the words of who made them; and the schema against what is shipped."""

import copy
import re

import pytest
import yaml
from conftest import ROOT, SCHEMA
from snakemake.utils import validate

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import bids, configuration

DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())


def check(config):
    """What a start of Snakemake checks, in its order."""
    config = copy.deepcopy(config)
    configuration.check(config, SCHEMA, "my.yaml")
    configuration.fill_in(config, SCHEMA)
    configuration.check_meaning(config, "my.yaml")
    return config


@pytest.mark.parametrize("path", sorted(ROOT.glob("config/*.yaml")), ids=lambda path: path.name)
def test_defaults_are_those_that_snakemake_fills_in(path):
    ours, theirs = yaml.safe_load(path.read_text()), yaml.safe_load(path.read_text())
    configuration.fill_in(ours, SCHEMA)
    validate(theirs, str(ROOT / "workflow/schemas/config.schema.yaml"))
    assert ours == theirs
    # They are this config's own.
    ours["cleaning"]["scrubbing"]["changed"] = ours["quality"]["warn"]["changed"] = True
    another = {"dataset": {"kind": "simulated"}}
    configuration.fill_in(another, SCHEMA)
    assert "changed" not in another["cleaning"]["scrubbing"] | another["quality"]["warn"]


def test_a_default_that_is_written_out_and_keys_in_another_order_are_the_same_config():
    few, all_of_it = copy.deepcopy(DEFAULT), copy.deepcopy(DEFAULT)
    configuration.fill_in(all_of_it, SCHEMA)

    def turned(config):
        return {name: turned(value) for name, value in reversed(config.items())} if isinstance(config, dict) else config

    backwards = turned(all_of_it)
    # Of sections whose names are the user's own, the order is the user's, too.
    for names in (("cleanings",), ("paper",)):
        backwards[names[0]] = all_of_it[names[0]]
    for config in (few, backwards):
        configuration.fill_in(config, SCHEMA)
        # Snakemake compares what jobs are given as text.
        assert repr(config) == repr(all_of_it)


def changed(dotted, value):
    """The default config with one key set."""
    config = copy.deepcopy(DEFAULT)
    *parents, last = dotted.split(".")
    place = config
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = value
    return config


def test_a_column_that_stands_alone_is_said_to_be_a_list():
    with pytest.raises(InputError, match=r"confounds is 'csf'; expected one of simple, .*, or a list: \[csf\]$"):
        check(changed("cleaning.confounds", "csf"))


@pytest.mark.parametrize("path", sorted(ROOT.glob("config/*.yaml")), ids=lambda path: path.name)
def test_every_config_that_is_shipped_is_valid(path):
    check(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("cleaning.low_pas", 0.1, ["unknown key cleaning.low_pas", "did you mean cleaning.low_pass?"]),
        ("colour", "red", ["unknown key colour", "known here: cleaning, cleanings, dataset"]),
        ("dataset.kind", "fmriprp", ["dataset.kind is 'fmriprp'", "table; did you mean 'fmriprep'?"]),
        (
            "dataset.table",
            "a.tsv",
            ["is 'a.tsv'; expected a section with keys of its own, such as {runs: \"runs.tsv\"}"],
        ),
        (
            "paper",
            {"numbers": [{"name": "peak_r", "quantity": "r_max"}]},
            ["paper.numbers.0.name is 'peak_r'; expected letters only, since it becomes the name of a LaTeX macro"],
        ),
        ("dataset.kind", "bids", ["dataset.kind is 'bids'", "one of simulated"]),
        ("cleaning.low_pass", "0.1", ["cleaning.low_pass is '0.1'", "expected a number or null"]),
        ("cleaning.detrend", "yes", ["cleaning.detrend is 'yes'", "expected true or false"]),
        ("maps.differences", ["PCC", "M1"], ["maps.differences.0 is 'PCC'", 'expected a list, such as ["PCC", "M1"]']),
        ("cleaning.high_pass", 0, ["cleaning.high_pass is 0", "more than 0"]),
        ("cleaning.smoothing_fwhm", -6, ["cleaning.smoothing_fwhm is -6", "more than 0"]),
        ("dataset.simulated.participants", 0, ["dataset.simulated.participants is 0", "at least 1"]),
        ("dataset.development_fmri.participants", [], ["participants is []", "at least 1 entries"]),
        ("maps.threshold", 1, ["maps.threshold is 1", "less than 1"]),
        ("maps.voxels", [1, 1], ["maps.voxels is [1, 1]", "no entry twice"]),
        ("dataset.simulated.participants", 2.0, ["dataset.simulated.participants is 2.0", "whole number", "write 2"]),
        ("dataset.simulated.t_r", float("nan"), ["dataset.simulated.t_r is nan", "a finite number"]),
        ("dataset.simulated.t_r", 2000, ["dataset.simulated.t_r is 2000", "milliseconds", "30 at most: write 2 there"]),
        ("cleaning.low_pass", float("inf"), ["cleaning.low_pass is inf", "a finite number"]),
        ("maps.voxels", [10, float("nan")], ["maps.voxels.1 is nan", "a finite number"]),
        ("cleaning.scrubbing", {1: 2}, ["cleaning.scrubbing has the key 1", "text", "in quotes"]),
        ("cleaning.scrubbing", {None: 2, "fd_threshold": 1}, ["cleaning.scrubbing has the key None"]),
        ("maps.cmap", "x" * 200_000, ["maps.cmap is 'xxx", "one of RdBu_r"]),
        ("maps.vmax", 0.3, ["maps.threshold is 0.5", "no more than maps.vmax, 0.3"]),
        ("cleaning.low_pass", 0.01, ["cleaning.low_pass is 0.01 Hz", "more than cleaning.high_pass, 0.01 Hz"]),
    ],
)
def test_a_mistake_names_key_found_and_expected(key, value, words):
    with pytest.raises(InputError) as error:
        check(changed(key, value))
    assert all(word in str(error.value) for word in ["my.yaml: ", *words]), error.value


def test_a_missing_key_is_named():
    with pytest.raises(InputError, match=r"my.yaml: missing key dataset.kind"):
        configuration.check({"dataset": {}}, SCHEMA, "my.yaml")


def test_all_mistakes_are_reported_at_once():
    config = changed("cleaning.low_pas", 1)
    config["maps"]["threshold"] = 2
    with pytest.raises(InputError) as error:
        configuration.check(config, SCHEMA, "my.yaml")
    assert len(str(error.value).splitlines()) == 2


def test_a_study_of_ones_own_inherits_nothing_of_the_show():
    config = check({"dataset": {"kind": "table"}})
    assert config["figures"]["further"] == []
    assert config["figures"]["viewers"]["runs"] == "none"
    assert config["cleaning"]["confounds"] == []
    none, more = configuration.notes(config)
    assert "no confounds" in none and "cleaning.confounds" in none
    for key in ("figures.further (location, mosaic", "figures.viewers", "config/README.md"):
        assert key in more
    # On the cortical surface what is made there alone.
    _, more = configuration.notes(config, on_surface=True)
    assert "figures.further (location, distribution, clusters, networks);" in more and "viewers" not in more
    assert configuration.notes(check(DEFAULT)) == []


def test_confounds_need_a_table():
    run = bids.Run(subject="01", task="rest", space="MNI", bold="x.nii", source="runs.tsv, row 3")
    filled = check(DEFAULT)
    with pytest.raises(InputError, match=r"no confounds table, but cleaning.confounds needs one: runs.tsv, row 3"):
        configuration.check_confounds(filled, [run])


def parents(schema):
    """Every object schema that has properties, with its path."""
    waiting = [("config", schema)]
    while waiting:
        path, node = waiting.pop()
        if "properties" in node:
            yield path, node
            waiting += [(f"{path}.{name}", child) for name, child in node["properties"].items()]


@pytest.mark.parametrize(
    ("path", "node"), list(parents(SCHEMA)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_part_of_the_config_is_open_and_every_default_is_reached(path, node):
    assert node["additionalProperties"] is False
    if path not in ("config", "config.dataset", "config.cleaning.confounds", "config.figures.atlas"):
        assert node["default"] == {}, "defaults below a parent without a default are skipped"


def documented():
    """Keys of config/README.md with the defaults that it states, where it states one."""
    for line in (ROOT / "config/README.md").read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        keys = re.findall(r"`([a-z_.]+)`", cells[0]) if len(cells) == 3 else []
        if keys and cells[1] not in ("", "nilearn's"):
            # One default for all keys of a row, or one for each.
            stated = [yaml.safe_load(text.strip("`")) for text in re.split(r", (?![^\[]*\])", cells[1])]
            yield from zip(keys, stated * (len(keys) // len(stated)), strict=True)


@pytest.mark.parametrize(("key", "default"), list(documented()))
def test_the_documented_default_is_the_schemas(key, default):
    node = SCHEMA
    for name in key.split("."):
        node = node["properties"][name]
    assert default == node["default"]


def test_most_defaults_are_documented():
    assert len(list(documented())) > 40


def test_every_key_is_explained():
    text = (ROOT / "config/README.md").read_text()
    for path, node in parents(SCHEMA):
        for name in node["properties"]:
            key = f"{path}.{name}".removeprefix("config.")
            assert f"`{key}`" in text, f"config/README.md does not explain {key}"


@pytest.mark.parametrize("runs", ["some", "sub-01"])
def test_a_word_that_names_no_runs_is_refused(runs):
    with pytest.raises(InputError, match=r"figures.viewers.runs is .* expected one of none, first, all"):
        check({"dataset": {"kind": "simulated"}, "figures": {"viewers": {"runs": runs}}})


def read(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return configuration.read_config(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cleaning: {detrend: true}\nmaps: {}\ncleaning: {low_pass: 0.1}\n", "line 3: cleaning is there twice"),
        ("dataset:\n  kind: table\n  kind: simulated\n", "line 3: dataset.kind is there twice"),
        ("maps: {voxels: [{a: 1, a: 2}]}\n", "line 1: maps.voxels.0.a is there twice"),
        ("a: &a [1, *a]\n", "line 1: a.1 .*refers to itself"),
        (
            "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(12)),
            "entries once all of its anchors are put in",
        ),
    ],
    ids=["a section", "a key", "in a list", "in itself", "bomb"],
)
def test_yaml_that_says_other_than_it_seems_is_refused(tmp_path, text, words):
    with pytest.raises(InputError, match=words) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path / 'study.yaml'}, ") and len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("maps: {}\na: b: c\n", "line 2: mapping values are not allowed"),
        ('maps: {}\nseeds: "x\n', "line 3: .*unexpected end of stream"),
        ("maps:\n\tcmap: x\n", "line 2: .*cannot start any token"),
        ("maps: [1,\nb: 2\n", "line 3: .*flow sequence"),
        ("maps: \x00\n", "unacceptable character|special characters|control characters"),
    ],
    ids=["two colons", "an open quote", "a tab", "an open bracket", "a zero"],
)
def test_what_is_no_yaml_is_said_with_its_line(tmp_path, text, words):
    with pytest.raises(InputError, match=words) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path / 'study.yaml'}") and "\n" not in str(refused.value)
    # The schema and the list of outputs are read by this alone.
    with pytest.raises(InputError, match=words):
        configuration.read_yaml(tmp_path / "study.yaml")


def test_ordinary_anchors_and_merges_are_fine(tmp_path):
    text = "x: &x {a: 1, b: 2}\ny: {<<: *x, a: 3}\nz: [*x, *x]\n"
    assert read(tmp_path, text) == {"x": {"a": 1, "b": 2}, "y": {"a": 3, "b": 2}, "z": [{"a": 1, "b": 2}] * 2}
    assert read(tmp_path, "") is None


def test_a_message_shows_no_more_of_a_value_than_can_be_read():
    with pytest.raises(InputError) as refused:
        check(changed("maps.cmap", "x" * 200_000))
    assert len(str(refused.value)) < 400

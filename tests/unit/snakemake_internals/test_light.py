"""What is kept in less memory says the same as what Snakemake keeps."""

import pickle
from collections import defaultdict
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from snakemake.io import IOFile, _IOFile, ancient, temp
from snakemake.iocontainers import InputFiles, Namedlist, Wildcards

from seed_to_voxel.snakemake_internals import light

RULE = SimpleNamespace(pathvars=SimpleNamespace(apply=lambda path: path))


LIST_ATTRIBUTES = ("_names", "_allowed_overrides", "index", "sort", "__getstate__")


@contextmanager
def as_they_were():
    """Classes of Snakemake are once more what they were before."""
    before = [
        (owner, name, vars(owner)[name])
        for owner, names in ((_IOFile, ("clone_flags", "flags")), (Namedlist, ("__init__", "_set_name")))
        for name in names
    ]
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
        for name in LIST_ATTRIBUTES:
            if name in vars(Namedlist):
                delattr(Namedlist, name)


@pytest.fixture
def restored():
    with as_they_were():
        yield


def concrete(pattern):
    return IOFile(pattern, rule=RULE).apply_wildcards({"run": "sub-1"})


@pytest.mark.parametrize("mark", [lambda path: path, temp, lambda path: ancient(temp(path))])
def test_a_file_has_the_flags_of_its_pattern(mark, restored):
    theirs = concrete(mark("out/{run}_mask.nii.gz"))
    light.flag_only_the_flagged()
    ours = concrete(mark("out/{run}_mask.nii.gz"))
    assert (str(ours), hash(ours), ours.flags) == (str(theirs), hash(theirs), theirs.flags)
    assert ours == theirs == "out/sub-1_mask.nii.gz" == ours
    assert (ours.is_temp, ours.is_ancient, ours.is_storage) == (theirs.is_temp, theirs.is_ancient, theirs.is_storage)
    assert (type(ours._file) is str) == (not theirs.flags)


@pytest.mark.parametrize(
    "put",
    [
        lambda flags: flags.__setitem__("ancient", True),
        lambda flags: flags.update({"ancient": True}),
        lambda flags: flags.setdefault("ancient", True),
    ],
)
def test_a_flag_that_is_set_later_is_the_files_own(put, restored):
    light.flag_only_the_flagged()
    pattern = IOFile("out/{run}.tsv", rule=RULE)
    file, other = (pattern.apply_wildcards({"run": "sub-1"}) for _ in range(2))
    kept = file.flags
    put(kept)
    kept["temp"] = True
    assert file.is_ancient and file.is_temp and file.flags == {"ancient": True, "temp": True}
    assert not other.is_ancient and other.flags == {}
    # And goes along with what is made of it.
    again = IOFile("out/again.tsv", rule=RULE)
    again.clone_flags(file)
    file.flags["protected"] = True
    assert again.flags == {"ancient": True, "temp": True}


def described(items):
    """What a list says to Snakemake and to scripts."""
    with pytest.raises(AttributeError, match="cannot be used on snakemake input"):
        items.sort()
    return (
        list(items),
        list(items.keys()),
        [(name, item if isinstance(item, str) else list(item)) for name, item in items.items()],
        [name for name, _ in items._allitems()],
        items.get("index", "none"),
        items.get("maps", "none"),
        list(items._plainstrings().keys()),
        sorted(items._clone().__getstate__()) if hasattr(items, "__getstate__") else None,
    )


def lists():
    """Lists as Snakemake makes them: of files with names, without, of wildcards; one that is named bit by bit."""
    files = InputFiles(["a", "b", "c"])
    files._set_name("maps", 0, end=2)
    files._set_name("mask", 2)
    bit_by_bit = InputFiles()
    bit_by_bit.append("a")
    bit_by_bit._add_name("index")
    bit_by_bit.update({"maps": "b"})
    return [files, files.maps, InputFiles(["a"]), InputFiles(), Wildcards(fromdict={"run": "sub-1"})], bit_by_bit


def test_lists_say_what_snakemakes_say(restored):
    theirs, named = lists()
    expected = [described(items) for items in theirs]
    light.name_only_the_named()
    ours, also_named = lists()
    assert [described(items) for items in ours] == expected
    assert (also_named.index, list(also_named.items())) == (named.index, list(named.items())) == ("a", [*named.items()])
    with pytest.raises(ValueError, match="already exists"):
        also_named.update({"maps": "c"})
    # One that has names leaves the others without.
    assert not vars(ours[2]) and not list(InputFiles().keys())


def test_a_script_reads_lists_with_a_snakemake_that_is_not_changed():
    with as_they_were():
        light.name_only_the_named()
        written = [pickle.dumps(items) for items in lists()[0]]
    theirs, _ = lists()
    for text, items in zip(written, theirs, strict=True):
        read = pickle.loads(text)
        assert set(vars(read)) == set(vars(items))
        assert described(read) == described(items)


def test_both_ends_of_an_edge_hold_one_set():
    class Graph:
        def __init__(self):
            self._dependencies = {"map": {"series": {"a", "b"}, "mask": {"c"}}, "series": {}, "mask": {}}
            self.depending = defaultdict(dict, series={"map": {"a", "b"}}, mask={"map": {"c", "d"}})

        def cleanup(self):
            self.cleaned = True

    light.share_edges(Graph)
    graph = Graph()
    graph.cleanup()
    assert graph.cleaned and graph.depending == Graph().depending
    assert graph.depending["series"]["map"] is graph._dependencies["map"]["series"]
    assert graph.depending["mask"]["map"] is not graph._dependencies["map"]["mask"]


def test_jobs_share_what_they_have_none_of():
    class Job:
        output_by_path = None

        def __init__(self, *temporary):
            self.output = [concrete("out/{run}.tsv"), concrete(temp("out/{run}.npy"))]
            for name in light.SETS:
                setattr(self, name, set())
            self.temp_output.update(temporary)

    light.hold_nothing_once(Job)
    one, other = Job(), Job("a")
    assert other.temp_output == {"a"} and one.temp_output == set()
    assert all(getattr(one, name) is one.touch_output for name in light.SETS)
    assert one.output_by_path["out/sub-1.npy"] is one.output[1]
    # What has no flags has none that a copy could have lost; Snakemake then takes the copy.
    assert one.output_by_path.get("out/sub-1.tsv", "the copy") in ("the copy", one.output[0])

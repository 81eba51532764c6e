"""Planning asks the same of every file as Snakemake does, in less time."""

from types import SimpleNamespace
from typing import ClassVar

import pytest
from snakemake.exceptions import ChildIOException
from snakemake.io import IOFile
from snakemake.output_index import OutputIndex

from seed_to_voxel.snakemake_internals import planning

PATTERNS = {
    "series": ["out/{run}_desc-seeds_timeseries.tsv", "out/{run}_desc-seeds_timeseries.json"],
    "maps": ["out/{run}_seed-A_stat-z_statmap.nii.gz", "out/{run}_seed-B_stat-z_statmap.nii.gz"],
    "any_seed": ["out/{run}_seed-{seed}_stat-z_statmap.nii.gz"],
    "constrained": ["out/{run,sub-[0-9]+}_timeseries.tsv"],
    "one": ["out/qc.tsv"],
    "everything": ["{path}"],
    "elsewhere": ["other/{run}_desc-seeds_timeseries.tsv"],
}

FILES = (
    *("out/sub-1_desc-seeds_timeseries.tsv", "out/sub-1_desc-seeds_timeseries.json", "out/sub-1_timeseries.tsv"),
    *("out/sub-x_timeseries.tsv", "out/sub-1_seed-A_stat-z_statmap.nii.gz", "out/sub-1_seed-C_stat-z_statmap.nii.gz"),
    *("out/qc.tsv", "qc.tsv", "out/", "other/sub-1_desc-seeds_timeseries.tsv", "out/_desc-seeds_timeseries.tsv", "a"),
)


class Rule:
    """As much of Snakemake's rule as the lookup of outputs needs; the matching is Snakemake's."""

    def __init__(self, name, patterns):
        self.name = name
        self.files = [IOFile(pattern) for pattern in patterns]

    def products(self):
        return iter(self.files)

    def is_producer(self, path):
        return any(file.match(path) for file in self.files)


@pytest.mark.parametrize("path", FILES)
def test_the_same_rules_make_a_file(path):
    rules = [Rule(*entry) for entry in PATTERNS.items()]
    theirs, ours = OutputIndex(rules), planning.MakersByEnding(rules)
    assert ours.match(path) == theirs.match(path)
    assert ours.match_producers(path) == theirs.match_producers(path)
    assert "everything" in {rule.name for rule in ours.match_producers(path)}


class Job:
    """As much of a job as the comparison and its message need."""

    def __init__(self, files, number):
        self.output = files
        self.rule = SimpleNamespace(name=f"rule {number}", lineno=1, snakefile="Snakefile")


def jobs(*outputs):
    return SimpleNamespace(jobs=[Job(files, number) for number, files in enumerate(outputs)])


@pytest.mark.parametrize(
    ("nested", "outputs"),
    [
        (False, [["out/a", "out/b"], ["out/ab", "in/a"]]),
        (True, [["out/a"], ["out/a/b/c"]]),
        (True, [["out/a"], ["{here}/out/a/b"]]),
        (False, [["out/a"], ["{here}/out/b"]]),
    ],
)
def test_files_in_files_are_refused_as_by_snakemake(nested, outputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = jobs(*[[path.format(here=tmp_path) for path in files] for files in outputs])

    class Checked:
        check_directory_outputs = planning.DAG.check_directory_outputs

    theirs, calls = Checked.check_directory_outputs, []
    Checked.check_directory_outputs = lambda self: (calls.append(1), theirs(self))
    planning.compare_only_nested(Checked)
    if nested:
        with pytest.raises(ChildIOException):
            theirs(graph)
        with pytest.raises(ChildIOException):
            Checked.check_directory_outputs(graph)
    else:
        theirs(graph)
        Checked.check_directory_outputs(graph)
    assert len(calls) == int(nested)


def test_a_script_is_looked_at_once_unless_its_name_has_wildcards():
    class Processor:
        script_type = "script"
        looked: ClassVar[list] = []

        def process_job(self, job):
            self.looked.append(job.number)
            if job.rule.script == "absent.py":
                raise FileNotFoundError

    planning.look_once_at_scripts(Processor)
    fixed, varying, absent = (SimpleNamespace(script=name) for name in ("a.py", "{step}.py", "absent.py"))
    processor = Processor()
    for number, rule in enumerate([HashableRule(fixed), HashableRule(varying)] * 2):
        processor.process_job(SimpleNamespace(number=number, rule=rule))
    assert Processor.looked == [0, 1, 3]
    # What is not there is said for each job, as Snakemake does.
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            processor.process_job(SimpleNamespace(number=9, rule=HashableRule(absent)))


class HashableRule:
    """As much of a rule as the look at its script needs; two of one script are one rule."""

    def __init__(self, rule):
        self.script = rule.script

    def __eq__(self, other):
        return self.script == other.script

    def __hash__(self):
        return hash(self.script)

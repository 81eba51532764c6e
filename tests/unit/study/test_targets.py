"""What a run of the workflow asks for: a file of each job, and what is missing beside it."""

import pytest

from seed_to_voxel.study import outputs, targets

DECLARED = [
    {"path": "qc.tsv", "per": "study"},
    {"path": "{run}_v.json", "per": "run", "rule": "assess", "when": "refusing"},
    {"path": "{run}_a.tsv", "per": "run", "rule": "first"},
    {"path": "{run}_seed-{seed}_b.nii.gz", "per": "seed", "rule": "second"},
    {"path": "{run}_a.json", "per": "run", "rule": "first"},
    {"path": "{run}_seed-{seed}_m.png", "per": "seed", "rule": "drawing", "when": "mosaic"},
]
RUN = "sub-01/func/sub-01_task-rest_space-MNI"


def test_jobs_have_all_their_files_and_those_of_unmet_conditions_are_left_out():
    first = ["{run}_a.tsv", "{run}_a.json"]
    second = ["{run}_seed-A_b.nii.gz", "{run}_seed-B_b.nii.gz"]
    assert targets.jobs_of_runs(DECLARED, ["A", "B"], set()) == {"first": first, "second": second}
    drawn = ["{run}_seed-A_m.png", "{run}_seed-B_m.png"]
    assert targets.jobs_of_runs(DECLARED, ["A", "B"], {"mosaic"}) == {
        "first": first,
        "second": second,
        "drawing": drawn,
    }


def test_a_new_run_asks_for_one_file_a_job(tmp_path):
    jobs = targets.jobs_of_runs(DECLARED, ["A", "B"], set())
    asked = targets.of_run(RUN, jobs, str(tmp_path))
    assert asked == [f"{tmp_path}/{RUN}_a.tsv", f"{tmp_path}/{RUN}_seed-A_b.nii.gz"]


def test_what_went_missing_beside_a_jobs_first_file_is_asked_for(tmp_path):
    jobs = targets.jobs_of_runs(DECLARED, ["A", "B"], set())
    folder = tmp_path / "sub-01" / "func"
    folder.mkdir(parents=True)
    stem = RUN.rpartition("/")[2]
    for name in ("a.tsv", "a.json", "seed-A_b.nii.gz"):
        (folder / f"{stem}_{name}").touch()
    asked = targets.of_run(RUN, jobs, str(tmp_path))
    assert asked == [
        f"{tmp_path}/{RUN}_a.tsv",
        f"{tmp_path}/{RUN}_seed-A_b.nii.gz",
        f"{tmp_path}/{RUN}_seed-B_b.nii.gz",
    ]


def test_conditions_follow_the_config():
    config = {
        "figures": {"further": ["mosaic"], "viewers": {"runs": "first", "kinds": ["slices"]}},
        "quality": {"refuse": {"max_mean_fd": None}},
        "groups": {"models": [], "permutations": {"n": 100}, "tfce": True},
        "part": None,
    }
    assert outputs.conditions(config) == {"mosaic", "slices viewer"}
    config["figures"]["viewers"]["runs"] = "none"
    config["quality"]["refuse"]["max_mean_fd"] = 0.5
    assert outputs.conditions(config) == {"mosaic", "refusing"}
    config["groups"]["models"] = [{}]
    assert outputs.conditions(config) >= {"groups", "permutations", "TFCE"}
    config["groups"]["permutations"]["n"] = 0
    assert not outputs.conditions(config) & {"permutations", "TFCE"}


TAKEN_BY = {"first": "second"}
FILES = ("a.tsv", "a.json", "seed-A_b.nii.gz", "seed-B_b.nii.gz")


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        # Who takes it brings along what nothing is there of.
        ((), ["seed-A_b.nii.gz"]),
        (FILES, ["seed-A_b.nii.gz"]),
        (("a.tsv", "a.json"), ["seed-A_b.nii.gz"]),
        # And does not look whether all is there of what is there.
        (("a.tsv",), ["a.json", "seed-A_b.nii.gz"]),
        (("a.json",), ["a.tsv", "seed-A_b.nii.gz"]),
        (("a.json", "seed-A_b.nii.gz", "seed-B_b.nii.gz"), ["a.tsv", "seed-A_b.nii.gz"]),
        (("a.tsv", "seed-A_b.nii.gz", "seed-B_b.nii.gz"), ["a.json", "seed-A_b.nii.gz"]),
        # What is there need not be made, and brings nothing along.
        (("seed-A_b.nii.gz", "seed-B_b.nii.gz"), ["a.tsv", "seed-A_b.nii.gz"]),
        (("a.tsv", "a.json", "seed-A_b.nii.gz"), ["seed-A_b.nii.gz", "seed-B_b.nii.gz"]),
        (("a.tsv", "a.json", "seed-B_b.nii.gz"), ["seed-A_b.nii.gz"]),
    ],
)
def test_a_job_that_another_one_takes_is_asked_for_where_that_would_not_bring_it_along(there, asked, tmp_path):
    jobs = targets.jobs_of_runs(DECLARED, ["A", "B"], set())
    folder, stem = (tmp_path / RUN).parent, RUN.rpartition("/")[2]
    folder.mkdir(parents=True)
    for name in there:
        (folder / f"{stem}_{name}").touch()
    # Of a run whose name begins alike.
    (folder / f"{stem}_res-2_a.tsv").touch()
    found = targets.of_run(RUN, jobs, str(tmp_path), TAKEN_BY)
    assert found == [f"{tmp_path}/{RUN}_{name}" for name in asked]

"""Results that are not of what a study asks for now."""

import json

from seed_to_voxel.study import admission, leftovers

RUN = "sub-01/func/sub-01_task-rest_space-MNI"


def verdict(folder, stem, reasons):
    path = folder / f"{stem}{admission.SUFFIX}"
    path.write_text(json.dumps({"refused": reasons}))
    return path


def test_what_a_refused_run_has_left_is_said_and_nothing_else(tmp_path):
    alone, with_results = (verdict(tmp_path, f"sub-{n}_task-rest", ["x"]) for n in ("01", "02"))
    (tmp_path / "sub-02_task-rest_desc-seeds_timeseries.tsv").touch()
    # The name of a run that is the beginning of another's.
    (tmp_path / "sub-01_task-resting_desc-seeds_timeseries.tsv").touch()
    (sentence,) = leftovers.of_refused([str(alone), str(with_results)])
    assert sentence.startswith("sub-02_task-rest is refused now")
    assert f"{tmp_path}/sub-02_task-rest_*" in sentence


def test_results_of_seeds_that_are_gone_are_found_and_no_others(tmp_path):
    folder = tmp_path / "sub-01" / "func"
    folder.mkdir(parents=True)
    kept = ["space-MNI_seed-PCC_timeseries.png", "space-MNI_desc-brain_mask.nii.gz"]
    gone = ["space-MNI_seed-PCC2_timeseries.png", "space-MNI_seed-M1_stat-fisherz_statmap.nii.gz"]
    # Another run's, whose name begins like this one's.
    others = ["space-MNI152_seed-M1_timeseries.png"]
    for name in kept + gone + others:
        (folder / f"sub-01_task-rest_{name}").touch()
    (tmp_path / "study_seed-M1_desc-overview_page.html").touch()
    found = leftovers.of_seeds(str(tmp_path), [RUN, "sub-02/func/sub-02_task-rest_space-MNI"], ["PCC"])
    assert found == sorted(
        [str(tmp_path / "study_seed-M1_desc-overview_page.html")]
        + [f"{folder}/sub-01_task-rest_{name}" for name in gone]
    )
    (sentence,) = leftovers.in_words(found)
    assert sentence.startswith("3 files of seeds that are not in the table of seeds (M1, PCC2)")
    assert leftovers.in_words([]) == []

"""Results that are not of what a study asks for now."""

import json

import pytest
from conftest import ROOT

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study import admission, checksums, configuration, leftovers, outputs

REMOVING = leftovers.command("/my studies/one", ["/configs/study.yaml"])

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
    (sentence,) = leftovers.of_refused([str(with_results)], shown=lambda path: f"mine/{path}")
    assert f"mine/{tmp_path}/sub-02_task-rest_*" in sentence


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
    (sentence,) = leftovers.in_words(found, REMOVING)
    assert sentence.startswith("3 files of seeds that are not in the table of seeds (M1, PCC2)")
    assert leftovers.in_words([], REMOVING) == []


def test_results_of_kinds_that_are_not_asked_for_are_found_and_said(tmp_path):
    folder = tmp_path / "sub-01" / "func"
    folder.mkdir(parents=True)
    gone = ["desc-explore_viewer.html", "seed-PCC_desc-mosaic_figure.png"]
    kept = ["seed-PCC_stat-z_statmap.nii.gz", "seed-PCC2_desc-mosaic_figure.png"]
    for name in gone + kept:
        (folder / f"sub-01_task-rest_space-MNI_{name}").touch()
    # Another run's, whose name begins like this one's.
    (folder / "sub-01_task-rest_space-MNI152_desc-explore_viewer.html").touch()
    found = leftovers.of_outputs(str(tmp_path), [RUN], {f"_{name}" for name in gone})
    assert found == [f"{folder}/sub-01_task-rest_space-MNI_{name}" for name in gone]
    (sentence,) = leftovers.of_outputs_in_words(found, REMOVING)
    assert sentence.startswith("2 files that this config does not ask for")
    assert "(_desc-explore_viewer.html, _seed-PCC_desc-mosaic_figure.png)" in sentence
    assert leftovers.of_outputs_in_words([], REMOVING) == []


def test_maps_after_a_cleaning_that_the_config_has_no_more_are_found(tmp_path):
    folder = tmp_path / "sub-01" / "func"
    folder.mkdir(parents=True)
    gone = [
        f"seed-PCC_desc-old_stat-{stat}_statmap.{end}"
        for stat in ("fisherz", "pearsoncorrelation")
        for end in ("json", "nii.gz")
    ]
    kept = [
        "seed-PCC_desc-gsr_stat-fisherz_statmap.nii.gz",
        "seed-PCC_desc-semipartial_stat-z_statmap.nii.gz",
        "seed-PCC_stat-fisherz_statmap.nii.gz",
        # Of a seed that is gone: found with all that is of it.
        "seed-M1_desc-old_stat-fisherz_statmap.nii.gz",
    ]
    for name in gone + kept:
        (folder / f"sub-01_task-rest_space-MNI_{name}").touch()
    (folder / "sub-01_task-rest_space-MNI152_seed-PCC_desc-old_stat-fisherz_statmap.json").touch()
    found = leftovers.of_cleanings(str(tmp_path), [RUN], ["PCC"], ["gsr"])
    assert found == [f"{folder}/sub-01_task-rest_space-MNI_{name}" for name in gone]


def test_results_of_another_study_in_the_same_folder_are_found_said_and_not_certified(tmp_path):
    own = ["sub-01/func/sub-01_task-rest_space-MNI_desc-brain_mask.nii.gz", "qc.tsv", "group/notes.txt"]
    # Another task, another space whose name begins like the study's, another subject with sessions.
    others = [
        "sub-01/func/sub-01_task-film_space-MNI_seed-PCC_stat-z_statmap.nii.gz",
        "sub-01/func/sub-01_task-rest_space-MNI152_desc-brain_mask.nii.gz",
        "sub-010/ses-1/func/sub-010_ses-1_task-rest_space-MNI_seg-seeds_pairs.tsv",
    ]
    for name in own + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = leftovers.of_runs(str(tmp_path), [RUN])
    assert found == [str(tmp_path / name) for name in others]
    (sentence,) = leftovers.of_runs_in_words(found)
    assert sentence.startswith("3 files of 3 runs not in this study (sub-010_ses-1_task-rest_space-MNI, ")
    assert leftovers.of_runs_in_words([]) == [] and leftovers.of_runs(str(tmp_path / "none"), [RUN]) == []
    checksums.write(str(tmp_path), str(tmp_path), [RUN], found)
    listed = checksums.read(tmp_path / checksums.NAME)
    assert set(listed) == set(own)


DECLARED = configuration.read_yaml(ROOT / "workflow" / "outputs.yaml")
TEST = "model-two_contrast-diff"


def test_files_of_groups_that_are_not_of_the_study_are_found_and_said(tmp_path):
    expected = {
        "group/sub-01_stat-effect_statmap.nii.gz",
        "group/sub-02_ses-A_stat-effect_statmap.nii.gz",
        "group/model-two_design.tsv",
        f"group/{TEST}_seed-PCC_stat-t_statmap.nii.gz",
    }
    gone = [
        "model-one_design.tsv",
        "model-one_desc-leftout_table.json",
        "model-two_contrast-old_seed-PCC_desc-clusters_table.tsv",
        "model-two_contrast-old_seg-seeds_pairs.tsv",
        f"{TEST}_hemi-R_seed-PCC_stat-t_statmap.func.gii",
        f"{TEST}_seed-M1_stat-t_statmap.nii.gz",
        f"{TEST}_seed-PCC_stat-pfwe_desc-tfce_statmap.dscalar.nii",
        "sub-02_stat-effect_statmap.nii.gz",
        "sub-06_stat-i2_statmap.nii.gz",
    ]
    theirs = [
        "README.md",
        "model-two_notes.txt",
        "mymodel-two_design.tsv",
        "model-two_design.tsv.bak",
        "sub-09_design.tsv",
        f"{TEST}_seed-PCC_stat-t_statmap.func.gii",
        f"{TEST}_seed-PCC_stat-t_statmap_edited.nii.gz",
        f"{TEST}_seed-PCC_stat-tXnii.gz",
    ]
    (tmp_path / "group" / "model-a_design.tsv").mkdir(parents=True)
    for name in [*gone, *theirs, *(path.removeprefix("group/") for path in expected)]:
        (tmp_path / "group" / name).touch()
    found = leftovers.of_groups(str(tmp_path), DECLARED, expected)
    assert found == [f"{tmp_path}/group/{name}" for name in sorted(gone)]
    # A study on the surface has other files, and finds those of volumes all the same.
    assert leftovers.of_groups(str(tmp_path), outputs.in_form(DECLARED, "gifti"), expected) == found
    assert leftovers.of_groups(str(tmp_path / "none"), DECLARED, expected) == []
    (sentence,) = leftovers.of_groups_in_words(found, expected, REMOVING, at_most=10)
    assert sentence.startswith(
        "9 files of groups that this config does not ask for lie among the results (_hemi-R_seed-PCC_stat-t_statmap"
        ".func.gii, _seed-PCC_stat-pfwe_desc-tfce_statmap.dscalar.nii, model-one, model-two_contrast-old, seed-M1, "
        "sub-02, sub-06): "
    )
    assert sentence.endswith(f"out; `{REMOVING}` removes them.")
    (sentence,) = leftovers.of_groups_in_words(found, set(), "", at_most=2)
    assert "(model-one, model-two_contrast-diff, ...)" in sentence
    assert sentence.endswith("; remove them if nobody wants them.")
    # One seed alone, which was one of several.
    one = {f"group/{TEST}_seed-PCC_stat-t_statmap.nii.gz"}
    (sentence,) = leftovers.of_groups_in_words([f"x/group/{TEST}_seg-seeds_pairs.tsv"], one, REMOVING)
    assert "(_seg-seeds_pairs.tsv)" in sentence
    assert leftovers.of_groups_in_words([], expected, REMOVING) == []


def test_files_of_a_paper_that_is_not_the_study_s_are_found_and_said(tmp_path):
    whole = ["numbers.tex", "numbers.json", "figures.tex", "captions.md", "index.html"]
    kept = {"figures/now.pdf", "page/now.json", "page/now.png", "tables/t1.tex", "tables/t1.html", "tables/t1.tsv"}
    gone = [
        *("figures/now.svg", "figures/old.pdf", "figures/old.tiff", "page/old.json", "page/old.png"),
        *("tables/t2.html", "tables/t2.tex", "tables/t2.tsv"),
    ]
    # Somebody's own: no job has left what it makes with it.
    theirs = ["figures/photo.png", "figures/old.ai", "page/x.json", "tables/t3.tex", "tables/t3.tsv", "paper.tex"]
    for name in [*whole, *kept, *gone, *theirs]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = leftovers.of_paper(str(tmp_path), {*kept, *whole})
    assert found == [f"{tmp_path}/{name}" for name in gone]
    assert leftovers.of_paper(str(tmp_path), []) == sorted(f"{tmp_path}/{name}" for name in [*whole, *kept, *gone])
    (tmp_path / "captions.md").unlink()
    assert f"{tmp_path}/index.html" not in leftovers.of_paper(str(tmp_path), [])
    assert leftovers.of_paper(str(tmp_path / "none"), []) == []
    (sentence,) = leftovers.of_paper_in_words(found, str(tmp_path), REMOVING)
    assert sentence.startswith(f"8 files of a paper that this config does not ask for lie in {tmp_path} (figures/now.s")
    assert "page/old.png, ...): " in sentence and sentence.endswith(f"; `{REMOVING}` removes them.")
    assert leftovers.of_paper_in_words([], str(tmp_path), REMOVING) == []


def test_what_is_left_is_removed_by_a_command_that_means_this_study_alone():
    (sentence,) = leftovers.of_outputs_in_words(["a/sub-01_desc-explore_viewer.html"], REMOVING)
    expected = (
        "uv run snakemake remove_leftovers --cores 1 --directory '/my studies/one' --configfile /configs/study.yaml"
    )
    assert f"`{expected}` removes them" in sentence
    assert leftovers.command(None, []) == "uv run snakemake remove_leftovers --cores 1"
    # Another study without what the command line set, whose own files would be leftovers.
    given = ["seeds=my seeds.tsv", "part=1/2"]
    assert leftovers.command(None, ["/c.yaml"], given=given) == (
        "uv run snakemake remove_leftovers --cores 1 --configfile /c.yaml --config 'seeds=my seeds.tsv' part=1/2"
    )
    assert leftovers.command("/theirs", ["/theirs/c.yaml"], ("/theirs/Snakefile", "conn_remove_leftovers")) == (
        "snakemake conn_remove_leftovers --cores 1 --snakefile /theirs/Snakefile --directory /theirs --configfile "
        "/theirs/c.yaml"
    )


def test_without_a_command_people_remove_by_hand():
    said = [*leftovers.of_outputs_in_words(["x_desc-mosaic_figure.png"], ""), *leftovers.in_words(["x_seed-A_b"], "")]
    assert [sentence.endswith("; remove them if nobody wants them.") for sentence in said] == [True, True]


def test_results_of_another_dataset_are_said_before_anything_is_computed(tmp_path):
    links = {"simulated": "../../inputs/simulated"}
    assert leftovers.of_another_dataset(leftovers.another_dataset(str(tmp_path), "simulated", links)) == []
    there = {"Name": "Seed-to-voxel correlation maps (simulated)", "DatasetLinks": links}
    (tmp_path / "dataset_description.json").write_text(json.dumps(there))
    assert leftovers.of_another_dataset(leftovers.another_dataset(str(tmp_path), "simulated", links)) == []
    (sentence,) = leftovers.of_another_dataset(
        leftovers.another_dataset(str(tmp_path), "fmriprep", {"fmriprep": "../../../../data"})
    )
    simulated = tmp_path.parents[1] / "inputs/simulated"
    assert f"has results of another dataset (simulated, {simulated})" in sentence and "--directory" in sentence
    (sentence,) = leftovers.of_another_dataset(leftovers.another_dataset(str(tmp_path), "table", {}))
    assert "another dataset" in sentence
    # One of the same kind in another folder.
    elsewhere = leftovers.another_dataset(str(tmp_path), "simulated", {"simulated": "../../../other/simulated"})
    assert elsewhere is not None and elsewhere.endswith(f"another dataset (simulated, {simulated})")
    leftovers.check_example(None)
    with pytest.raises(InputError) as error:
        leftovers.check_example(leftovers.another_dataset(str(tmp_path), "table", {}))
    assert str(error.value).startswith("no --configfile was given, so this would run the simulated example")
    assert f"(simulated, {simulated}). Expected --configfile" in str(error.value)

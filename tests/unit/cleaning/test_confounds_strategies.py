"""Confounds by strategy, pattern or name, held against nilearn's own loaders, and what is censored."""

import copy
import inspect
import json

import fmriprep_folder
import numpy as np
import pandas
import pytest
from nilearn.interfaces.fmriprep import load_confounds, load_confounds_strategy
from nilearn.interfaces.fmriprep.load_confounds_strategy import preset_strategies

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import censoring, confounds, strategies
from seed_to_voxel.inputs import simulation
from seed_to_voxel.study import strategies as study_strategies

OFF = {"fd_threshold": None, "std_dvars_threshold": None, "min_segment": 5, "max_gap": 5}


@pytest.fixture(scope="module")
def simulated():
    return simulation.simulate_run(0, 3, 8.0, 80, 2.0)


@pytest.fixture
def paths(tmp_path, simulated):
    return fmriprep_folder.write_run(tmp_path, "01", simulated=simulated, dummies=2)


def columns_of(paths, wanted, scrubbing=OFF):
    strategy, scrubbing = study_strategies.resolve(wanted, scrubbing)
    table = confounds.read(paths["confounds"])
    columns = strategies.columns_of(table, strategy, paths["bold"]) if strategy else confounds.match(table, wanted)
    return columns, scrubbing


def censor(paths, *arguments):
    return censoring.censor(confounds.read(paths["confounds"]), *arguments)


STRATEGIES = {
    "simple": ("simple", {}),
    "simple, few": ("simple", {"motion": "basic", "wm_csf": "power2"}),
    "simple with global signal": ("simple", {"global_signal": "full"}),
    "scrubbing": ("scrubbing", {}),
    "compcor": ("compcor", {}),
    "compcor, five": ("compcor", {"n_compcor": 3, "motion": "derivatives"}),
    "compcor, separated": ("compcor", {"compcor": "anat_separated", "n_compcor": 2}),
    "compcor, temporal": ("compcor", {"compcor": "temporal", "global_signal": "basic"}),
}


@pytest.mark.parametrize("case", STRATEGIES)
def test_strategies_are_nilearns(paths, case):
    name, options = STRATEGIES[case]
    expected, _ = load_confounds_strategy(str(paths["bold"]), denoise_strategy=name, **options)
    found, _ = columns_of(paths, {"strategy": name, **options})
    assert found == list(expected.columns)
    if not options:
        assert columns_of(paths, name)[0] == found


def test_lists_of_components_are_nilearns(paths):
    wanted = {"strategy": ["motion", "wm_csf", "global_signal"], "motion": "power2", "global_signal": "derivatives"}
    expected, _ = load_confounds(
        str(paths["bold"]), ("motion", "wm_csf", "global_signal"), motion="power2", global_signal="derivatives"
    )
    assert columns_of(paths, wanted)[0] == list(expected.columns)


def test_what_nobody_says_is_as_in_nilearn():
    presets = copy.deepcopy(preset_strategies)
    thresholds = {key: presets["scrubbing"].pop(key) for key in ("fd_threshold", "std_dvars_threshold")}
    assert thresholds == study_strategies.SCRUBBING and presets["scrubbing"].pop("scrub") == OFF["min_segment"]
    for preset in presets.values():
        assert preset.pop("demean") and preset.pop("global_signal") is None
        preset["strategy"] = tuple(name for name in preset["strategy"] if name != "scrub")
    assert presets == study_strategies.PRESETS
    defaults = inspect.signature(load_confounds).parameters
    for options in study_strategies.COMPONENTS.values():
        assert options == {name: defaults[name].default for name in options}


@pytest.mark.parametrize(
    "kind", ["anat_combined", "anat_separated", "temporal_anat_combined", "temporal_anat_separated"]
)
@pytest.mark.parametrize("count", ["all", 1, 3])
def test_compcor_of_old_and_large_tables_is_nilearns(paths, kind, count):
    # Up to fMRIPrep 20.2 one row of numbers went through all masks; keeping all components makes three digits of it.
    table = pandas.read_csv(paths["confounds"], sep="\t")
    table = table.drop(columns=[name for name in table if "_comp_cor_" in name])
    rng = np.random.default_rng(0)
    names = [f"a_comp_cor_{k:02d}" for k in range(106)] + [f"t_comp_cor_{k:02d}" for k in range(4)]
    components = pandas.DataFrame(rng.standard_normal((len(table), len(names))), columns=names)
    table = pandas.concat([table, components], axis=1)
    table.to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a")
    masks = ["combined"] * 4 + ["CSF"] * 2 + ["WM"] * 100
    described = {name: {"Mask": mask} for name, mask in zip(names, masks, strict=False)}
    described |= {name: {"Method": "tCompCor"} for name in names[106:]}
    paths["confounds_json"].write_text(json.dumps(described))
    wanted = {"strategy": ["high_pass", "compcor"], "compcor": kind, "n_compcor": count}
    expected, _ = load_confounds(str(paths["bold"]), **wanted)
    assert columns_of(paths, wanted)[0] == list(expected.columns)


def test_components_of_ica_aroma_are_nilearns(paths):
    table = pandas.read_csv(paths["confounds"], sep="\t").assign(aroma_motion_02=1.0, aroma_motion_11=2.0)
    table.to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a")
    wanted = {"strategy": ["ica_aroma", "wm_csf"], "ica_aroma": "basic"}
    expected, _ = load_confounds(str(paths["bold"]), **wanted)
    assert columns_of(paths, wanted)[0] == list(expected.columns)


def test_ica_aroma_takes_denoised_images_only(tmp_path, simulated, paths):
    with pytest.raises(InputError, match=r"not denoised by ICA-AROMA.*smoothAROMAnonaggr"):
        columns_of(paths, "ica_aroma")
    denoised = fmriprep_folder.write_run(tmp_path / "aroma", "01", desc="smoothAROMAnonaggr", simulated=simulated)
    expected, _ = load_confounds_strategy(str(denoised["bold"]), denoise_strategy="ica_aroma")
    assert columns_of(denoised, "ica_aroma")[0] == list(expected.columns)


@pytest.mark.parametrize(
    ("wanted", "dropped", "named"),
    [
        ("simple", ["trans_y_power2"], r"needs the column trans_y_power2, which is not there"),
        ("simple", ["csf", "white_matter"], r"needs the columns csf, white_matter, which are not there"),
        ({"strategy": "simple", "global_signal": "basic"}, ["global_signal"], r"needs the column global_signal,"),
        ({"strategy": ["ica_aroma"], "ica_aroma": "basic"}, [], r"needs the column aroma_motion_01, \.\.\."),
    ],
)
def test_columns_that_a_strategy_lacks_are_named(paths, wanted, dropped, named):
    table = pandas.read_csv(paths["confounds"], sep="\t").drop(columns=dropped)
    table.to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a")
    with pytest.raises(InputError, match=named):
        columns_of(paths, wanted)


def test_compcor_without_components_or_their_description(paths):
    table = pandas.read_csv(paths["confounds"], sep="\t")
    paths["confounds_json"].unlink()
    with pytest.raises(InputError, match=r"confounds_timeseries\.json: no such file; .*'compcor'"):
        columns_of(paths, "compcor")
    table = table[[name for name in table if "comp_cor" not in name]]
    table.to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a")
    with pytest.raises(InputError, match=r"a_comp_cor_00"):
        columns_of(paths, "compcor")


def test_options_without_a_meaning_are_refused(paths):
    with pytest.raises(InputError, match=r"n_compcor has no meaning for the strategy simple"):
        columns_of(paths, {"strategy": "simple", "n_compcor": 5})
    with pytest.raises(InputError, match=r"compcor without high_pass"):
        columns_of(paths, {"strategy": ["compcor"]})


def test_patterns(paths):
    header = list(confounds.read(paths["confounds"]).header)
    found, _ = columns_of(paths, ["trans_x", "rot_*_power2", "*comp_cor_00"])
    squares = [name for name in header if name.startswith("rot_") and name.endswith("_power2")]
    firsts = [name for name in header if name.endswith("comp_cor_00")]
    assert len(squares) == 6 and len(firsts) == 4
    assert found == ["trans_x", *squares, *firsts]
    with pytest.raises(InputError, match=r"no column matches 'aroma\*'"):
        columns_of(paths, ["aroma*"])
    assert columns_of(paths, ["*"])[0] == header
    assert columns_of(paths, ["csf", "csf*"])[0][0] == "csf"
    assert len(set(columns_of(paths, ["csf", "csf*"])[0])) == 4


def spoil(paths, fd=(), dvars=()):
    table = pandas.read_csv(paths["confounds"], sep="\t")
    # Quiet but for what is asked, so that the outcome is known.
    table["framewise_displacement"] = np.where(np.arange(len(table)) == 0, np.nan, 0.1)
    table["std_dvars"] = np.where(np.arange(len(table)) == 0, np.nan, 1.0)
    table.loc[list(fd), "framewise_displacement"] = 0.9
    table.loc[list(dvars), "std_dvars"] = 2.0
    table.to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a")
    return len(table)


def test_censored_volumes_are_nilearns(paths):
    n_volumes = spoil(paths, fd=[20, 23, 40], dvars=[41, 60])
    _, scrubbing = columns_of(paths, "scrubbing")
    assert scrubbing == {"fd_threshold": 0.5, "std_dvars_threshold": 1.5, "min_segment": 5, "max_gap": 5}
    found = censor(paths, n_volumes, "auto", scrubbing)
    _, sample_mask = load_confounds_strategy(str(paths["bold"]), denoise_strategy="scrubbing")
    np.testing.assert_array_equal(np.flatnonzero(found.kept), sample_mask)
    assert found.reasons == {"dummy_scans": 2, "fd": 3, "std_dvars": 2, "undefined": 0, "short_segment": 2}
    assert found.censored.tolist() == [0, 1, 20, 21, 22, 23, 40, 41, 60]


def test_the_stretch_after_the_dummy_scans_counts_from_their_end(paths):
    n_volumes = spoil(paths, fd=[6])
    found = censor(paths, n_volumes, "auto", {**OFF, "fd_threshold": 0.5})
    assert found.censored.tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_dummy_scans_by_number(paths):
    n_volumes = spoil(paths)
    assert censor(paths, n_volumes, 4, OFF).censored.tolist() == [0, 1, 2, 3]
    assert censoring.censor(None, 30, 3, OFF).censored.tolist() == [0, 1, 2]
    assert censoring.censor(None, 30, "auto", OFF).kept.all()


def test_everything_scrubbed(paths):
    n_volumes = spoil(paths, fd=range(1, 80))
    found = censor(paths, n_volumes, 0, {**OFF, "fd_threshold": 0.5})
    assert not found.kept.any()
    assert found.reasons == {"dummy_scans": 0, "fd": 79, "std_dvars": 0, "undefined": 0, "short_segment": 1}


def test_bad_tables(paths):
    n_volumes = spoil(paths)
    scrubbing = {**OFF, "fd_threshold": 0.5}
    with pytest.raises(InputError, match=r"found 80 rows of confounds, expected 79"):
        censor(paths, 79, "auto", scrubbing)
    table = pandas.read_csv(paths["confounds"], sep="\t")
    table.loc[7, "framewise_displacement"] = np.nan
    table.to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a")
    with pytest.raises(InputError, match=r"row 8, column 'framewise_displacement'"):
        censor(paths, n_volumes, "auto", scrubbing)
    # Where it decides nothing, a gap does no harm.
    assert censor(paths, n_volumes, 0, OFF).kept.all()
    table.drop(columns="framewise_displacement").to_csv(paths["confounds"], sep="\t", index=False, na_rep="n/a")
    with pytest.raises(InputError, match=r"lacks the column 'framewise_displacement', which cleaning.scrubbing.fd_th"):
        censor(paths, n_volumes, "auto", scrubbing)

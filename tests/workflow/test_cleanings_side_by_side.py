"""Other cleanings beside a study's own: held against nilearn's maskers, and what they make run again."""

import json
import re

import nibabel
import numpy as np
import pandas
import pytest
import yaml
from conftest import PLAIN_FIGURES, Workspace
from crops import AFFINE, SEED, SHAPE, T_R, T, crop
from nilearn_way import correlate, read_confounds

from seed_to_voxel.study import outputs

pytestmark = pytest.mark.workflow

RUN = "sub-{}/func/sub-{}_task-rest_space-MNI"
OWN = ["trans_x", "csf"]
OTHERS = {
    "gsr": {"confounds": [*OWN, "global_signal"]},
    "nofilter": {"high_pass": None, "low_pass": None},
    "dropped": {"dummy_scans": 6, "detrend": False},
    # More of it than there are volumes left.
    "impossible": {"scrubbing": {"fd_threshold": 0.0001}},
}
FD = 0.5


def confounds_of(image):
    """A table whose global signal is the image's own, computed by hand."""
    rng = np.random.default_rng(8)
    table = pandas.DataFrame(rng.standard_normal((T, 3)).cumsum(axis=0), columns=["trans_x", "csf", "other"])
    table["global_signal"] = image.get_fdata().reshape(-1, T).mean(axis=0)
    table["framewise_displacement"] = FD
    return table


def write_run(workspace, subject, image):
    image.to_filename(workspace.path / f"{subject}.nii.gz")
    confounds_of(image).to_csv(workspace.path / f"{subject}.tsv", sep="\t", index=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two runs, of which one does not cover a seed; each cleaned in four other ways."""
    workspace = Workspace(tmp_path_factory.mktemp("cleanings") / "project")
    whole = np.ones(SHAPE, np.uint8)
    less = whole.copy()
    less[8:] = 0
    rows = ["subject\ttask\tspace\tbold\tmask\tconfounds\tt_r"]
    for subject, mask in (("S1", whole), ("S2", less)):
        image = crop(np.float32)
        data = image.get_fdata(dtype=np.float32)
        # What the whole brain shares, for the global signal to take out.
        data += 80 * np.random.default_rng(int(subject[1])).standard_normal(T, dtype=np.float32)
        write_run(workspace, subject, nibabel.Nifti1Image(data, AFFINE))
        nibabel.Nifti1Image(mask, AFFINE).to_filename(workspace.path / f"{subject}_mask.nii.gz")
        rows.append(f"{subject}\trest\tMNI\t{subject}.nii.gz\t{subject}_mask.nii.gz\t{subject}.tsv\t{T_R}")
    (workspace.path / "runs.tsv").write_text("\n".join(rows) + "\n")
    (workspace.path / "seeds.tsv").write_text(
        f"label\tx\ty\tz\tradius_mm\nPCC\t{SEED[0]}\t{SEED[1]}\t{SEED[2]}\t8\nright\t12\t-52\t18\t8\n"
    )
    config = workspace.write_config(
        dataset={"kind": "table", "table": {"runs": "runs.tsv"}},
        seeds="seeds.tsv",
        cleaning={"smoothing_fwhm": 6, "confounds": OWN, "min_seed_coverage": 0.5},
        cleanings=OTHERS,
        figures=PLAIN_FIGURES,
    )
    workspace.printed = workspace.snakemake("--configfile", config).stdout
    return workspace


def map_of(study, subject, seed, cleaning, stat="pearsoncorrelation"):
    middle = f"_desc-{cleaning}" if cleaning else ""
    (path,) = study.run_folder(subject).glob(f"*_seed-{seed}{middle}_stat-{stat}_statmap.nii.gz")
    described = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
    return np.asarray(nibabel.load(path).dataobj), described


def by_nilearn(study, columns, **cleaning):
    path = study.path / "S1.nii.gz"
    table = study.path / "S1.tsv"
    mask = study.path / "S1_mask.nii.gz"
    return correlate(path, [SEED], 8, T_R, confounds=read_confounds(table, columns), mask=mask, **cleaning)


@pytest.mark.parametrize(
    ("cleaning", "columns", "arguments"),
    [
        (None, OWN, {}),
        ("gsr", [*OWN, "global_signal"], {}),
        ("nofilter", OWN, {"high_pass": None, "low_pass": None, "clean_args": {}}),
        ("dropped", OWN, {"detrend": False, "sample_mask": np.arange(6, T)}),
    ],
)
def test_r_is_nilearns_after_each_cleaning(study, cleaning, columns, arguments):
    expected, mask = by_nilearn(study, columns, **arguments)
    found, _ = map_of(study, "S1", "PCC", cleaning)
    np.testing.assert_allclose(found[mask], expected[0], atol=1e-5)
    z, _ = map_of(study, "S1", "PCC", cleaning, "fisherz")
    np.testing.assert_allclose(z[mask], np.arctanh(np.clip(expected[0], -1 + 1e-7, 1 - 1e-7)), atol=2e-3)
    if cleaning:
        own, _ = map_of(study, "S1", "PCC", None)
        assert np.abs(found - own)[mask].max() > 0.01, "the cleaning makes no difference here"


def test_sidecars_have_the_cleaning_in_full(study):
    _, described = map_of(study, "S1", "PCC", "gsr")
    assert described["Cleaning"]["confounds"] == [*OWN, "global_signal"] and described["Cleaning"]["high_pass"] == 0.01
    assert described["CleaningName"] == "gsr" and described["CleaningDiffersBy"] == "with global_signal"
    assert 0 < described["CriticalAbsR"] < 1 and "Murphy & Fox 2017" in described["Caveats"][0]
    _, described = map_of(study, "S1", "PCC", "dropped", "fisherz")
    assert described["NumberOfVolumesKept"] == T - 6 and described["Cleaning"]["detrend"] is False
    assert described["Caveats"] == []


def test_the_tables_numbers_are_those_of_the_maps(study):
    (path,) = study.run_folder("S1").glob("*_desc-cleanings_table.tsv")
    table = pandas.read_csv(path, sep="\t").set_index(["seed", "cleaning"])
    described = json.loads(path.with_suffix(".json").read_text())
    assert described.keys() >= set(table.reset_index().columns)
    assert described["CleaningsInFull"]["nofilter"]["low_pass"] is None and described["Caveat"]
    # Voxels nearer to the seed's than two widths of the smoothing are not compared.
    places = np.argwhere(np.ones(SHAPE)) @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    own = places[np.linalg.norm(places - SEED, axis=1) <= 8]
    gap = np.linalg.norm(places[:, None] - own[None], axis=2).min(axis=1)
    far = (gap > described["Reach"]["mm"]).reshape(SHAPE)
    assert described["Reach"]["mm"] == 12 and 50 < far.sum() < 0.6 * far.size
    main, _ = map_of(study, "S1", "PCC", None)
    for name in ("gsr", "nofilter", "dropped"):
        r, _ = map_of(study, "S1", "PCC", name)
        row = table.loc["PCC", name]
        a, b = np.arctanh(r[far].astype(float)), np.arctanh(main[far].astype(float))
        assert row["similarity"] == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-3)
        assert row["mean_abs_difference"] == pytest.approx(np.abs(a - b).mean(), rel=1e-3)
        assert row["share_negative"] == pytest.approx((r[far] < 0).mean(), abs=1e-4)
        assert row["mean_r"] == pytest.approx(r[far].mean(), abs=1e-4)
    assert table.loc["PCC", "main"]["similarity"] == 1 and table.loc["PCC", "main"]["mean_abs_difference"] == 0
    # What all voxels share is what the global signal takes out.
    assert table.loc["PCC", "gsr"]["mean_r"] < table.loc["PCC", "main"]["mean_r"] - 0.1
    # A crop holds too few nodes of networks to say whether the map stands out in one.
    assert (table.loc["PCC"]["network"] == "default").all() and table["specificity"].isna().all()
    assert table.loc["PCC", "nofilter"]["nu_white"] > table.loc["PCC", "main"]["nu_white"] + 20


def test_a_cleaning_that_leaves_nothing_has_no_map_and_says_why(study):
    r, described = map_of(study, "S1", "PCC", "impossible")
    assert np.isnan(r).all() and "volumes are left after censoring" in described["Caveats"][0]
    (path,) = study.run_folder("S1").glob("*_desc-cleanings_table.tsv")
    table = pandas.read_csv(path, sep="\t").set_index(["seed", "cleaning"])
    row = table.loc["PCC", "impossible"]
    assert "volumes are left after censoring" in row["excluded"] and np.isnan(row["nu"])
    over = pandas.read_csv(study.derivatives / "study_desc-cleanings_table.tsv", sep="\t").set_index(
        ["seed", "cleaning"]
    )
    assert over.loc["PCC", "impossible"]["runs"] == 0
    log = next((study.path / "results" / "logs" / "compare_cleanings").rglob("*.log")).read_text()
    assert "cleaning impossible: no maps: " in log


def test_a_seed_that_a_run_does_not_cover_has_no_map_in_any(study):
    r, _ = map_of(study, "S2", "right", "gsr")
    inside = np.asarray(nibabel.load(study.path / "S2_mask.nii.gz").dataobj) != 0
    assert np.isnan(r[inside]).all() and (r[~inside] == 0).all()
    over = pandas.read_csv(study.derivatives / "study_desc-cleanings_table.tsv", sep="\t").set_index(
        ["seed", "cleaning"]
    )
    assert over.loc["right", "gsr"]["runs"] == 1 and over.loc["PCC", "gsr"]["runs"] == 2
    one = pandas.read_csv(next(study.run_folder("S1").glob("*_desc-cleanings_table.tsv")), sep="\t")
    own = one[(one["seed"] == "right") & (one["cleaning"] == "gsr")].iloc[0]
    assert over.loc["right", "gsr"]["nu"] == pytest.approx(own["nu"], rel=1e-3)


def test_the_page_the_report_and_the_methods_have_them(study):
    page = (study.derivatives / "study_desc-cleanings_page.html").read_text()
    # Two seeds after three cleanings that leave something, and the study's own.
    assert page.count("data:image/png") == 2 * 4
    methods = (study.derivatives / "methods.md").read_text()
    # Keys of a config that was written by a program are in their order.
    assert "each run was also cleaned otherwise, in 4 ways: dropped (no detrending" in methods
    assert "gsr (with global_signal)" in methods
    assert "Murphy" in methods and "Ciric" in methods
    report = (study.path / "results" / "report.html").read_text()
    assert "cleanings side by side" in report and "Undefined substitution" not in study.printed


def test_exactly_the_declared_files(study):
    declared = yaml.safe_load((study.path / "workflow" / "outputs.yaml").read_text())
    runs = [RUN.format(subject, subject) for subject in ("S1", "S2")]
    files = {path.relative_to(study.derivatives).as_posix() for path in study.derivatives.rglob("*") if path.is_file()}
    conditions = ("several seeds", "cleanings")
    expected = outputs.expected(declared, runs, ["PCC", "right"], conditions=conditions, cleanings=list(OTHERS))
    assert files == expected


def jobs_after(study, **changes):
    """What a change of the config makes run, by rule."""
    config = yaml.safe_load((study.path / "study.yaml").read_text())
    printed = study.snakemake("-n", "--configfile", study.write_config("other.yaml", **{**config, **changes})).stdout
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", printed, re.MULTILINE) if name != "total"}


def test_one_more_cleaning_makes_its_own_jobs_run_and_no_other(study):
    assert jobs_after(study) == {}
    more = {**OTHERS, "detrended": {"high_pass": None, "low_pass": None, "confounds": []}}
    pages = {"show_cleanings": 1, "write_methods": 1, "all": 1}
    # Another threshold draws anew, and reads no run.
    assert "compare_cleanings" not in jobs_after(study, maps={"threshold": 0.4})
    assert jobs_after(study, cleanings=more) == {"compare_cleanings": 2, "draw_cleanings": 2, **pages}
    # Without any, what lists the study's files and methods is written anew.
    assert jobs_after(study, cleanings={}) == {"describe_derivatives": 1, "write_methods": 1, "all": 1}


def test_parts_and_refused_runs_are_followed(study):
    config = yaml.safe_load((study.path / "study.yaml").read_text())
    more = {"part": "2/2", "quality": {"refuse": {"max_mean_fd": 0.9}}}
    study.snakemake("--configfile", study.write_config("part.yaml", **{**config, **more}))
    (table,) = (study.derivatives / "parts").rglob("study_desc-cleanings_table.json")
    assert json.loads(table.read_text())["NumberOfRuns"] == 1


def test_a_cleaning_that_cannot_be_made_is_not_said_to_have_been(study):
    config = yaml.safe_load((study.path / "study.yaml").read_text())
    text = study.derivatives / "methods.md"
    before = text.read_text()
    more = {**OTHERS, "steep": {"high_pass": 0.4, "low_pass": None}}
    done = study.snakemake(
        "--configfile", study.write_config("steep.yaml", **{**config, "cleanings": more}), check=False
    )
    assert done.returncode and "cleanings.steep.high_pass is 0.4 Hz; expected less than 0.2 Hz" in done.stdout
    assert text.read_text() == before
    report = (study.path / "results" / "report.html").read_text()
    assert "lack the results of the step that failed" in report and "have no results here" not in report

"""Whole studies on the cortical surface: the simulated cohort as GIFTI, and fMRIPrep's CIFTI."""

import json
import re
import shutil
import subprocess

import nibabel
import numpy as np
import pandas
import pytest
import scipy.signal
import yaml
from conftest import ROOT
from made_surfaces import (
    T_R,
    N,
    T,
    brain_models,
    cifti_map,
    cifti_run,
    midthickness,
    noise,
    own_meshes,
    walls,
    write_labels,
)

from seed_to_voxel.base import tables
from seed_to_voxel.study import outputs

SMALL = {"participants": 1, "volumes": 60, "voxel_size": 8, "seed": 7, "space": "fsaverage5"}
STEM = "sub-01_task-rest_space-fsaverage5"


def values(path):
    return nibabel.load(path).darrays[0].data


@pytest.mark.workflow
def test_a_planted_network_is_recovered_on_fsaverage5(workspace):
    asked = yaml.safe_load((ROOT / "config" / "surface.yaml").read_text(encoding="utf-8"))
    asked["dataset"]["simulated"] = SMALL
    for hemisphere in "LR":
        front = np.where(midthickness(hemisphere)[0][:, 1] > 0, 1, 2)
        write_labels(
            workspace.path / f"hemi-{hemisphere}.label.gii", hemisphere, front, {0: "???", 1: "front", 2: "back"}
        )
    further = ["location", "distribution", "clusters", "networks"]
    asked["figures"] = {"further": further, "viewers": {"runs": "first", "kinds": ["surface", "explore"]}}
    asked["maps"] = {"differences": [["PCC", "V1"]], "reliability": True}
    asked["statistics"] = {"null_seeds": 10}
    asked["cleanings"] = {"gsr": {"confounds": [*asked["cleaning"]["confounds"], "global_signal"]}}
    asked["figures"]["atlas"] = {"left": "hemi-L.label.gii", "right": "hemi-R.label.gii"}
    workspace.snakemake("--configfile", workspace.write_config(**asked))
    folder = workspace.run_folder("01")
    inputs = workspace.path / "results/inputs/simulated/sub-01/func"
    r = {h: values(folder / f"{STEM}_hemi-{h}_seed-PCC_stat-pearsoncorrelation_statmap.func.gii") for h in "LR"}
    truth = {h: inputs / f"sub-01_task-rest_hemi-{h}_space-fsaverage5_desc-networks_dseg.label.gii" for h in "LR"}
    numbers = {name: number for number, name in nibabel.load(truth["L"]).labeltable.get_labels_as_dict().items()}
    labels = np.concatenate([values(path) for path in truth.values()])
    whole = np.concatenate(list(r.values()))
    means = {name: np.nanmean(whole[labels == number]) for name, number in numbers.items() if name != "cerebellum"}
    default = means.pop("default")
    assert default > 0.4 and all(default > other + 0.25 for other in means.values())
    # The medial wall has no value, and is said.
    for hemisphere, wall in walls().items():
        assert np.isnan(r[hemisphere][wall]).all()
    sidecar = json.loads((folder / f"{STEM}_seed-PCC_stat-z_statmap.json").read_text())
    assert sidecar["NumberOfVerticesWithData"]["L"] == np.isfinite(r["L"]).sum() < N
    assert "no data (the medial wall)" in sidecar["Undefined"] and "vertices" in sidecar["Thresholds"]["Tested"]
    assert 4 < sidecar["Cleaning"]["smoothing_reached_fwhm"] < 7
    z = values(folder / f"{STEM}_hemi-R_seed-PCC_stat-fisherz_statmap.func.gii")
    np.testing.assert_allclose(np.tanh(z), r["R"], atol=1e-6)
    # Everything that was promised is there, and nothing besides.
    declared = yaml.safe_load((ROOT / "workflow" / "outputs.yaml").read_text(encoding="utf-8"))
    conditions = {"several seeds", "runs on the cortical surface", "surface viewer", "explore viewer", *further}
    conditions |= {"atlas of the cortical surface", "differences", "reliability", "cleanings"}
    run = f"sub-01/func/{STEM}"
    in_form = outputs.in_form(declared, "gifti")
    promised = outputs.expected(
        *(in_form, [run], ["PCC", "V1"]),
        chosen=[run],
        conditions=conditions,
        pairs=["PCCminusV1"],
        cleanings=["gsr"],
    )
    made = {path.relative_to(workspace.derivatives).as_posix() for path in workspace.derivatives.rglob("*.*")}
    assert made == {path for path in promised if not path.endswith("/")}
    # What goes with one seed more than with the other is on its side, the medial wall undefined.
    for label, side, sign in (("PCC", "L", 1), ("V1", "R", -1)):
        stem = folder / f"{STEM}_hemi-{side}_seed-PCCminusV1_stat-z_statmap.func.gii"
        z = sign * values(stem)
        vertex = json.loads((folder / f"{STEM}_seed-{label}_stat-z_statmap.json").read_text())["Seed"]["vertex"]
        assert z[vertex] > 2 and z[vertex] > np.nanmax(z) - 2 and np.isnan(z[walls()[side]]).all()
    profile = pandas.read_csv(folder / f"{STEM}_seed-PCC_desc-networks_table.tsv", sep="\t")
    by_network = profile[profile["at_seed"] == 0].groupby("network")["z_mean"].mean()
    assert by_network.idxmax() == "default" and profile["n_voxels"].gt(0).sum() > 120
    _, first, *_ = tables.cells(folder / f"{STEM}_seed-PCC_desc-clusters_table.tsv")
    assert first[1] == "L" and float(first[6]) > 0.9 and float(first[9]) > 50 and first[-1] == "back"
    _, *regions = tables.cells(folder / f"{STEM}_desc-regions_coverage.tsv")
    assert len(regions) == 4 and all(0.7 < float(row[-1]) < 1 for row in regions)
    methods = (workspace.derivatives / "methods.md").read_text()
    assert "weighted by their areas" in methods and "mm as measured on noise" in methods
    # The seed stands out in its network after either cleaning, and the page has the mean maps on the cortex.
    names, *rows = tables.cells(folder / f"{STEM}_desc-cleanings_table.tsv")
    rows = {(row[0], row[1]): dict(zip(names, row, strict=True)) for row in rows}
    for cleaning in ("main", "gsr"):
        row = rows["PCC", cleaning]
        assert row["network"] == "default" and float(row["specificity"]) > float(row["specificity_chance"])
    assert float(rows["PCC", "gsr"]["mean_r"]) < float(rows["PCC", "main"]["mean_r"])
    page = (workspace.derivatives / "study_desc-cleanings_page.html").read_text()
    assert page.count("data:image/png") == 2 * 2 and "left lateral, left medial" in page and "voxel" not in page
    overview = (workspace.derivatives / "study_seed-PCC_desc-overview_page.html").read_text()
    assert "on both hemispheres" in overview
    assert "every vertex a seed: subject 01" in (workspace.path / "results/report.html").read_text()


@pytest.mark.workflow
def test_fmriprep_on_fslr_gives_maps_in_the_files_brain_models(workspace):
    func = workspace.path / "prep" / "sub-01" / "func"
    func.mkdir(parents=True)
    axis = brain_models()
    data, signal = noise(len(axis)), np.random.default_rng(4).standard_normal((T, 1)).astype(np.float32)
    right = np.flatnonzero(axis.name == "CIFTI_STRUCTURE_CORTEX_RIGHT")
    labels = np.zeros(len(axis))
    labels[right[axis.vertex[right] < 500]] = 3
    data[:, right] += 20 * signal
    bold = cifti_run(func, data)
    (func / bold.split("/")[-1].replace(".dtseries.nii", ".json")).write_text(json.dumps({"RepetitionTime": T_R}))
    atlas = cifti_map(workspace.path / "atlas.dlabel.nii", labels, names={0: "???", 3: "G_own"})
    columns = ("label", "kind", "x", "y", "z", "radius_mm", "file", "labels", "space")
    rows = [
        ("Own", "atlas", *["n/a"] * 4, atlas, "G_own", "fsLR"),
        ("Deep", "sphere", 8, -14, 4, 6, *["n/a"] * 3),
    ]
    lines = ["\t".join(map(str, row)) for row in (columns, *rows)]
    (workspace.path / "seeds.tsv").write_text("\n".join(lines) + "\n")
    meshes = own_meshes(workspace.path)
    config = workspace.write_config(
        dataset={"kind": "fmriprep", "fmriprep": {"folder": "prep", "space": "fsLR"}},
        seeds="seeds.tsv",
        surfaces={"left": meshes["left"], "right": meshes["right"]},
        cleaning={"smoothing_fwhm": None, "high_pass": None, "low_pass": None, "detrend": False},
        quality={"refuse": {"min_seed_coverage": 0.5}},
        maps={"semipartial": True, "differences": [["Own", "Deep"]], "reliability": True},
        statistics={"null_seeds": 10},
        cleanings={"straight": {"detrend": True}},
        figures={"viewers": {"runs": "first", "kinds": ["explore"]}},
    )
    workspace.snakemake("--configfile", config)
    stem = "sub-01_task-rest_space-fsLR_den-10k"
    folder = workspace.run_folder("01")
    image = nibabel.load(folder / f"{stem}_seed-Own_stat-pearsoncorrelation_statmap.dscalar.nii")
    assert image.header.get_axis(1) == axis
    r = np.asarray(image.dataobj)[0]
    # Weighted by area, so that it is not the plain mean; the other hemisphere and the voxels have nothing of it.
    own = data[:, labels == 3].astype(float)
    plain = np.corrcoef(own.mean(axis=1), data[:, right[-50:]].T)[0, 1:]
    np.testing.assert_allclose(r[right[-50:]], plain, atol=0.02)
    other = np.setdiff1d(np.arange(len(axis)), right)
    assert r[right].min() > 0.6 and np.abs(r[other]).max() < 0.7 and abs(r[other].mean()) < 0.05
    deep = json.loads((folder / f"{stem}_seed-Deep_stat-fisherz_statmap.json").read_text())
    assert deep["Seed"]["n_voxels"] < 27 and "grayordinate" in deep["Undefined"]
    assert (folder / f"{stem}_seed-Deep_stat-pearsoncorrelation_statmap.png").is_file()

    def of_map(name):
        return np.asarray(nibabel.load(folder / f"{stem}_seed-{name}_statmap.dscalar.nii").dataobj)[0]

    # Nothing was cleaned but the mean: against ordinary regression on the run itself.
    series = np.array(tables.read_numbers(folder / f"{stem}_desc-rawseeds_timeseries.tsv")[1])
    design = np.column_stack([np.ones(T), series[:, 1]])
    left = series[:, 0] - design @ np.linalg.lstsq(design, series[:, 0], rcond=None)[0]
    each = [np.corrcoef(one, data[:, ::97].T)[0, 1:] for one in (left, *series.T)]
    np.testing.assert_allclose(of_map("Own_stat-semipartialcorrelation")[::97], each[0], atol=1e-4)
    np.testing.assert_allclose(
        of_map("OwnminusDeep_stat-fisherz")[::97], np.arctanh(each[1]) - np.arctanh(each[2]), atol=1e-3
    )
    z = of_map("OwnminusDeep_stat-z")
    assert z[right].min() > 1.5 and abs(np.median(z[other])) < 0.5
    straight = of_map("Own_desc-straight_stat-pearsoncorrelation")
    detrended = [scipy.signal.detrend(values, axis=0) for values in (series[:, 0], data[:, ::97].astype(float))]
    np.testing.assert_allclose(straight[::97], np.corrcoef(detrended[0], detrended[1].T)[0, 1:], atol=1e-4)
    assert (folder / f"{stem}_seed-Deep_desc-cleanings_figure.png").is_file()
    # The explorer's r of a vertex is that of the run itself, within what its page says.
    page = folder / f"{stem}_desc-explore_viewer.html"
    assert "54 voxels (subcortical structures and cerebellum) are not shown" in page.read_text()
    if node := shutil.which("node"):
        command = [node, ROOT / "tests" / "javascript" / "read_cortex_explorer.mjs", page, "0", "R 3000"]
        read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        of_page = {vertex: r for vertex, r in zip(read["vertices"], read["maps"][0]["r"], strict=True) if vertex >= N}
        seed = data[:, right[axis.vertex[right] == 3000][0]]
        exact = {N + axis.vertex[at]: np.corrcoef(seed, data[:, at])[0, 1] for at in right[::11]}
        said = float(re.search(r"r is within ([\d.]+)</strong>", page.read_text())[1])
        assert len(exact) > 800 and all(abs(of_page[vertex] - r) < 1.2 * said < 0.02 for vertex, r in exact.items())
    halves = tables.cells(folder / f"{stem}_desc-reliability_table.tsv")[1]
    # The run is one network of one hemisphere, in either half.
    assert halves[:2] == ["Own", "halves"] and float(halves[3]) > 0.9
    said = json.loads((folder / f"{stem}_desc-differences_table.json").read_text())
    assert "grayordinates" in said["n_tested"]["Description"].lower()

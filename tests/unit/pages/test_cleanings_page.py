"""Cleanings side by side over all runs: medians, motion, and the page."""

import json

import nibabel
import numpy as np
import pytest
import show_cleanings
from nibabel.cifti2 import BrainModelAxis
from parsed_page import HOSTILE, ParsedPage
from scipy.stats import pearsonr

from seed_to_voxel.base import tables
from seed_to_voxel.images import layouts, meshes
from seed_to_voxel.inputs import atlases
from seed_to_voxel.pages import cleanings as pages
from seed_to_voxel.quality import cleanings
from seed_to_voxel.statistics import cleanings as of_a_run

DOES = {"gsr": "with global_signal"}


def rows_of(nu, excluded=None):
    """A run's rows as they are read."""
    blank = dict.fromkeys(of_a_run.COLUMNS)
    return [
        {**blank, "seed": "PCC", "cleaning": "main", "volumes_kept": 168.0, "nu": nu},
        {**blank, "seed": "PCC", "cleaning": "gsr", "volumes_kept": 160.0, "nu": nu - 1, "excluded": excluded},
    ]


def test_a_table_is_read_as_it_was_written(tmp_path):
    row = of_a_run.row(
        "PCC",
        "gsr",
        {"NumberOfVolumesKept": 160, "DegreesOfFreedomWhiteNoise": 39.5},
        31.25,
        np.linspace(-0.5, 0.5, 60),
        np.linspace(-0.4, 0.6, 60),
        np.ones(60, dtype=bool),
        0.05,
    )
    tables.write(tmp_path / "t.tsv", {name: [row[name]] for name in of_a_run.COLUMNS}, digits=9)
    (found,) = cleanings.read_rows(str(tmp_path / "t.tsv"))
    assert found == {name: pytest.approx(value) if isinstance(value, float) else value for name, value in row.items()}


def test_medians_are_over_the_runs_that_have_a_map():
    rows = cleanings.over_runs([*rows_of(30.0), *rows_of(40.0), *rows_of(56.0, "too short")])
    main, gsr = rows
    assert (main["runs"], main["nu"], main["cleaning"]) == (3, 40.0, "main")
    assert (gsr["runs"], gsr["nu"], gsr["volumes_kept"], gsr["similarity"]) == (2, 34.0, 160.0, None)
    assert list(main) == list(cleanings.COLUMNS) and main["qcfc_edges"] is None


def test_what_goes_with_motion_is_found_after_one_cleaning_and_not_after_the_other(tmp_path):
    """Maps that are the displacement itself, moved by noise, and maps that are noise alone."""
    rng = np.random.default_rng(2)
    affine = np.array([[6.0, 0, 0, -90], [0, 6, 0, -120], [0, 0, 6, -72], [0, 0, 0, 1]])
    fd = np.linspace(0.1, 0.6, 14)
    z_maps = {"main": [], "gsr": []}
    for name, share in (("main", 4.0), ("gsr", 0.0)):
        for number, displacement in enumerate(fd):
            data = (0.2 + share * displacement + rng.standard_normal((31, 37, 31))).astype(np.float32)
            path = tmp_path / f"{name}{number}.nii.gz"
            nibabel.Nifti1Image(data, affine).to_filename(path)
            z_maps[name].append([str(path)])
    nodes = atlases.dosenbach()
    subjects = [f"{n:02d}" for n in range(14)]
    rows = [row for _ in fd for row in rows_of(30.0)]
    main, gsr = cleanings.with_motion(
        cleanings.over_runs(rows), z_maps, ["PCC"], fd.tolist(), subjects, nodes, [(0, -52, 18)]
    )
    assert main["qcfc_edges"] == gsr["qcfc_edges"] == len(nodes)
    assert main["qcfc_median"] > 0.6 and main["qcfc_share"] > 0.8
    assert gsr["qcfc_median"] == pytest.approx(0.67 / np.sqrt(12), abs=0.06) and gsr["qcfc_share"] < 0.15
    assert -1 <= main["qcfc_distance"] <= 1
    # What chance leaves, as the table says it.
    chance = [abs(pearsonr(*rng.standard_normal((2, 14)))[0]) for _ in range(4000)]
    assert np.median(chance) == pytest.approx(0.67 / np.sqrt(12), abs=0.01)


def test_a_mean_on_the_cortex_is_over_the_runs_that_have_the_vertex(tmp_path):
    """Files of CIFTI with other vertices, in another order of the hemispheres, and without one."""
    left, right = (
        BrainModelAxis.from_surface(np.arange(own), 6, f"Cortex{side}") for own, side in ((6, "Left"), (4, "Right"))
    )
    maps, layouts_of_runs = [], []
    for number, (axis, z) in enumerate(
        [(left + right, np.arange(10)), (right + left, -np.arange(10)), (left, np.ones(6))]
    ):
        maps.append([str(tmp_path / f"{number}.dscalar.nii")])
        layouts_of_runs.append(layouts.Grayordinates(axis))
        layouts_of_runs[-1].save(maps[-1], 0.1 * z.astype(np.float32))
    mesh = meshes.Mesh(np.zeros((6, 3)), np.zeros((0, 3), int), np.eye(4))
    mean = show_cleanings.mean_on_cortex(maps, layouts_of_runs, {"L": mesh, "R": mesh})
    expected = (np.arange(6) - (4 + np.arange(6)) + 1) / 3
    np.testing.assert_allclose(mean["L"], np.tanh(0.1 * expected), atol=1e-6)
    expected = (6 + np.arange(4) - np.arange(4)) / 2
    np.testing.assert_allclose(mean["R"], [*np.tanh(0.1 * expected), np.nan, np.nan], atol=1e-6)


def page_of(rows, does=DOES, without=("gsr",), pictures=True, n_runs=2, name="PCC"):
    seeds = [{"label": "PCC", "name": name}]
    made = {("PCC", row["cleaning"]): b"png" for row in rows} if pictures else {}
    planes = {"PCC": ["x = 0", "z = 18"]} if pictures else {}
    html = pages.page(rows, seeds, made, planes, does, without, n_runs, 2, 0.05, (0.5, 1.0, "RdBu_r"))
    return ParsedPage(html)


def test_the_page_shows_what_was_found_with_what_it_means():
    page = page_of(cleanings.over_runs([*rows_of(30.0), *rows_of(40.0)]))
    head, *rows = page.rows()
    shown = [dict(zip(head, row, strict=True)) for row in rows]
    assert [row["cleaning"] for row in shown] == ["main", "gsr"]
    assert [row["ν"] for row in shown] == ["35.0", "34.0"] and shown[0]["critical |r|"] == "n/a"
    assert not any("QC-FC" in title for title in head) and "MNI space or on the cortical surface" in page.text
    described = {element.text for element in page.find("dt")}
    assert set(head) <= described
    assert "grey: |r| < 0.5" in page.find("div", class_="ticks")[0].text
    assert len(page.find("img")) == 2 and "Murphy & Fox 2017" in page.text and of_a_run.NOT_TRUTH in page.text
    assert "have no map" not in page.text and "has no map" not in page.text


def test_a_critical_r_that_does_not_hold_is_not_shown():
    rows = [{**row, "critical_r": 0.37} for row in cleanings.over_runs(rows_of(30.0))]
    for without, expected in (("gsr",), ["0.370", "–"]), ((), ["0.370", "0.370"]):
        page = page_of(rows, without=without, n_runs=1)
        head, *shown = page.rows()
        assert [dict(zip(head, row, strict=True))["critical |r|"] for row in shown] == expected
        assert ("the tables have – in its place" in page.text) is bool(without)


def test_what_is_not_there_is_said():
    lost = page_of(cleanings.over_runs([*rows_of(30.0), *rows_of(40.0, "too short")]), pictures=False)
    assert "PCC after gsr: 1 run has no map" in lost.text
    assert "There is no mean map" in lost.text and not lost.find("img")
    plain = page_of(cleanings.over_runs(rows_of(30.0)), without=(), n_runs=1)
    assert of_a_run.GLOBAL_SIGNAL not in plain.text


def test_what_is_lost_alike_is_said_together():
    blank = dict.fromkeys(cleanings.COLUMNS)
    runs = {("A", "main"): 4, ("A", "gsr"): 4, ("A", "hard"): 0, ("B", "main"): 3, ("B", "gsr"): 3, ("B", "hard"): 0}
    rows = [{**blank, "seed": seed, "cleaning": name, "runs": n} for (seed, name), n in runs.items()]
    assert pages.lacking(rows, 4) == [(["A", "B"], ["hard"], 4), (["B"], ["main", "gsr"], 1)]


def test_the_network_that_specificity_is_of_has_its_name():
    runs = [[{**row, "network": "default"} for row in rows_of(30.0)], rows_of(40.0)]
    rows = cleanings.over_runs([row for rows in runs for row in rows])
    assert [row["network"] for row in rows] == ["default", "default"]
    assert "the seed's own network: default" in page_of(rows).text
    unknown = cleanings.over_runs(rows_of(30.0))
    assert unknown[0]["network"] is None and "own network:" not in page_of(unknown, n_runs=1).text


def test_qcfc_stands_on_the_page_where_it_is_known():
    rows = cleanings.over_runs(rows_of(30.0))
    rows = [
        {**row, "qcfc_edges": 160, "qcfc_median": 0.2123, "qcfc_share": 0.06, "qcfc_distance": -0.3} for row in rows
    ]
    page = page_of(rows, n_runs=1)
    head, first, _ = page.rows()
    assert dict(zip(head, first, strict=True))["median |QC-FC|"] == "0.212"
    assert "0.67 / sqrt(n - 2)" in page.text


def test_names_stay_text():
    page = page_of(cleanings.over_runs(rows_of(30.0)), does={"gsr": HOSTILE}, name=HOSTILE, n_runs=1)
    assert HOSTILE in page.text and not page.find("script")
    assert all(image.attributes["src"].startswith("data:image/png") for image in page.find("img"))


def test_every_column_is_described():
    for described in (cleanings.describe(DOES, 2), of_a_run.describe(0.05, 12.0, DOES)):
        assert json.dumps(described) and described["Cleanings"]["gsr"] == "with global_signal" and described["Caveat"]
    assert set(cleanings.COLUMNS) <= set(cleanings.describe(DOES, 2))
    assert set(of_a_run.COLUMNS) <= set(of_a_run.describe(0.05, 12.0, DOES))

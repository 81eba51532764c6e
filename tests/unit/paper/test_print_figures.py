"""Figures of a paper: their size, their text, their colour bars, and what lies where."""

import json
import re
import shutil
import subprocess

import nibabel
import numpy as np
import pytest
from conftest import absent
from made_maps import AFFINE, SEED, a_map, brain, ordinary
from matplotlib.text import Text
from PIL import Image

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.figures import style
from seed_to_voxel.paper import figure, panels, places
from seed_to_voxel.statistics import reliability

LABELS = {"subject": "01", "task": "rest", "space": "MNI152"}
MAP = {"run": LABELS, "seed": "PCC", "title": "", "threshold": 0.5, "vmax": 1, "cmap": "RdBu_r"}
OTHER = {"run": LABELS, "seed": "PCC", "title": ""}


RELIABLE = [
    *(("PCC", "halves", 5, 0.6), ("PCC", "blocks", 5, 0.65), ("PCC", "growth", 1, 0.2), ("PCC", "growth", 2, 0.4)),
    *(("M1", "halves", 5, 0.8), ("M1", "blocks", 5, 0.75), ("M1", "growth", 1, 0.5), ("M1", "growth", 2, "n/a")),
]


@pytest.fixture(scope="module", autouse=True)
def the_style():
    style.use_style()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of a run, by the roles that panels have for them."""
    folder = tmp_path_factory.mktemp("run")
    nibabel.save(ordinary(), folder / "map.nii.gz")
    nibabel.save(nibabel.Nifti1Image(brain(), AFFINE), folder / "mask.nii.gz")
    sidecar = {"Seeds": [SEED], "RepetitionTime": 2.0, "NumberOfVolumes": 60, "CensoredVolumes": [7]}
    (folder / "run.json").write_text(json.dumps(sidecar))
    rng = np.random.default_rng(3)
    columns = rng.standard_normal((59, 3))
    (folder / "series.tsv").write_text("PCC\n" + "\n".join(f"{row[0]:.4f}" for row in columns) + "\n")
    rows = ["\t".join(f"{value:.4f}" for value in row) for row in columns]
    (folder / "voxels.tsv").write_text("\n".join(["voxel10\tvoxel45\tvoxel100", *rows]) + "\n")
    matrix = "\n".join(["seed\tPCC\tM1", "PCC\t1\t0.25", "M1\t0.25\t1"]) + "\n"
    (folder / "matrix.tsv").write_text(matrix)
    (folder / "about.json").write_text(json.dumps({"Shrinkage": 0.1}))
    (folder / "map.json").write_text(json.dumps({"Seed": SEED, "DegreesOfFreedom": 40.0}))
    rows = [f"{seed}\t{parts}\t{minutes}\t{r}\tn/a\tn/a" for seed, parts, minutes, r in RELIABLE]
    (folder / "reliability.tsv").write_text("\n".join(["\t".join(reliability.COLUMNS), *rows]) + "\n")
    Image.new("RGB", (300, 100), "navy").save(folder / "mine.png")
    of_map = {"map": "map.nii.gz", "mask": "mask.nii.gz", "about": "map.json"}
    roles = {
        "slices": of_map,
        "glassbrain": of_map,
        "surface": of_map,
        "series": {"series": "series.tsv", "sidecar": "run.json"},
        "voxels": {"series": "voxels.tsv", "sidecar": "run.json"},
        "matrix": {"r": "matrix.tsv", "partial": "matrix.tsv", "about": "about.json"},
        "distribution": of_map,
        "networks": of_map,
        "reliability": {"table": "reliability.tsv"},
        "image": {"image": "mine.png"},
    }
    return {kind: {role: str(folder / name) for role, name in of.items()} for kind, of in roles.items()}


def draw(files, heights, layout, width=183, size=7, **asked):
    """Draw panels, by their letters a kind or a whole panel."""
    from seed_to_voxel.study.paper import grid

    wanted = {letter: {"kind": panel} if isinstance(panel, str) else panel for letter, panel in asked.items()}
    base = {letter: MAP if panel["kind"] in panels.ON_MAPS else OTHER for letter, panel in wanted.items()}
    described = {
        "name": "first",
        "width": width,
        "heights": heights,
        "cells": grid("first", layout),
        "panels": {
            letter: {**base[letter], "threshold": 0.5, **panel}
            if panel["kind"] == "distribution"
            else {**base[letter], **panel}
            for letter, panel in wanted.items()
        },
    }
    of_letters = {
        f"{letter}_{role}": path for letter, panel in wanted.items() for role, path in files[panel["kind"]].items()
    }
    return figure.draw(described, of_letters, size)


@pytest.fixture(scope="module")
def full(files):
    """A figure with a panel of nearly every kind."""
    asked = {"A": "slices", "B": {"kind": "slices", "cuts": ["z=40"]}, "C": "matrix", "D": "series"}
    asked |= {"E": "networks", "F": "distribution", "G": "image", "H": "voxels"}
    return draw(files, [45, 50, 60, 40], ["AAB", "CDD", "EFF", "GHH"], **asked)


def shown_texts(drawn):
    """Texts that are seen, ticks' labels included."""
    drawn.canvas.draw()
    return [text for text in drawn.findobj(Text) if text.get_visible() and text.get_text().strip()]


def test_no_text_is_smaller_than_six_points(full, files):
    drawn, _ = full
    assert min(text.get_fontsize() for text in shown_texts(drawn)) >= 6
    small, _ = draw(files, [40, 60], ["A", "B"], width=85, size=6, A="series", B="distribution")
    assert min(text.get_fontsize() for text in shown_texts(small)) == 6


def test_everything_lies_on_the_figure_and_labels_lie_in_their_panels(full):
    drawn, _ = full
    renderer = drawn.canvas.get_renderer()
    # Inches, of all that is drawn.
    taken = drawn.get_tightbbox(renderer)
    width, height = drawn.get_size_inches()
    assert taken.x0 > -0.01 and taken.y0 > -0.01
    assert taken.x1 < width + 0.01 and taken.y1 < height + 0.01
    cells = {"E": [2, 0, 1, 1], "F": [2, 1, 1, 2]}
    _, where = places.of_panels(183, [45, 50, 60, 40], cells)
    by_label = {axes.get_xlabel().replace("\n", " "): axes for axes in drawn.axes}
    pixel = drawn.dpi / 25.4
    for label, letter in (("Mean Fisher z in a node's sphere of 5 mm", "E"), ("Pearson r", "F")):
        box, place = by_label[label].get_tightbbox(renderer), where[letter]
        assert box.x0 / pixel >= place.left - 0.3 and box.x1 / pixel <= place.right + 0.3, label


def test_letters_and_sentences_are_the_panels(full):
    drawn, sentences = full
    bold = [text.get_text() for text in drawn.texts if text.get_fontweight() == "bold"]
    assert bold == list("abcdefgh")
    assert "coloured where |r| ≥ 0.5" in sentences["A"]
    assert "below the diagonal r" in sentences["C"]
    assert sentences["G"] == ""


def bars(drawn):
    """Colour bars of maps, by what stands beside them."""
    return [axes for axes in drawn.axes if axes.get_ylabel() == "Pearson r"]


def test_maps_of_one_range_share_a_colour_bar_and_others_have_their_own(full, files):
    assert len(bars(full[0])) == 1
    other, _ = draw(files, [45], ["AB"], A="slices", B={"kind": "slices", "threshold": 0.3})
    assert len(bars(other)) == 2
    stacked, _ = draw(files, [45, 45], ["A", "B"], A="slices", B="glassbrain")
    assert len(bars(stacked)) == 1


def test_slices_through_the_seed_are_crossed_and_chosen_ones_are_not(files):
    drawn, _ = draw(files, [45], ["AB"], A="slices", B={"kind": "slices", "cuts": ["x=-4", "z=20"]})
    cut = [axes for axes in drawn.axes if axes.images]
    assert [len(axes.lines) for axes in cut if axes.get_ylabel() == ""][:5] == [2, 2, 2, 0, 0]
    texts = {text.get_text() for text in shown_texts(drawn)}
    assert {"x=0", "y=-52", "z=18", "x=-4", "z=20"} <= texts


@pytest.mark.parametrize(("height", "width"), [(45, 183), (80, 57)])
def test_where_slices_cut_is_written_over_no_brain(files, height, width):
    drawn, _ = draw(files, [height], ["A"], width=width, A="slices")
    renderer = drawn.canvas.get_renderer()
    cut = [axes for axes in drawn.axes if axes.images and axes.texts]
    assert len(cut) == 3
    names = [text.get_window_extent(renderer) for axes in cut for text in axes.texts if "=" in text.get_text()]
    # The one touches the other at its edge.
    assert not any(name.padded(-1).overlaps(axes.get_window_extent(renderer)) for name in names for axes in cut)
    assert min(name.y0 for name in names) >= 0


def test_files_have_the_size_and_the_letters_that_were_asked_for(full, tmp_path):
    drawn, _ = full
    style.save_print(drawn, tmp_path / "first", ["pdf", "svg", "png", "tiff"], 300, "What is shown")
    for ending in ("png", "tiff"):
        with Image.open(tmp_path / f"first.{ending}") as image:
            assert image.mode == "RGB"
            assert image.size == (int(183 / 25.4 * 300), int(195 / 25.4 * 300))
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    svg = (tmp_path / "first.svg").read_text()
    points = [float(value) for value in re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()]
    assert np.array(points) * 25.4 / 72 == pytest.approx([183, 195], abs=0.1)
    assert ">Pearson r</text>" in svg
    assert style.FONT not in svg and "'DejaVu Sans', Arial, Helvetica, sans-serif" in svg
    if not shutil.which("pdffonts"):
        absent("pdf", "pdffonts (poppler-utils) is not installed")
    told = subprocess.run(["pdfinfo", tmp_path / "first.pdf"], capture_output=True, text=True, check=True).stdout
    points = [float(value) for value in re.search(r"Page size: +([\d.]+) x ([\d.]+) pts", told).groups()]
    assert np.array(points) * 25.4 / 72 == pytest.approx([183, 195], abs=0.1)
    fonts = subprocess.run(["pdffonts", tmp_path / "first.pdf"], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in fonts.splitlines()[2:]]
    assert rows
    # Name, type (two words), encoding, embedded.
    assert {(row[2], row[4]) for row in rows} == {("TrueType", "yes")}, fonts
    # A PDF lists its fonts by where their files lie: those of one folder are in the same order wherever that is.
    assert {row[0].partition("+")[2] for row in rows} == {"Seed-to-voxelSans", "Seed-to-voxelSans-Bold"}, fonts


def test_the_same_figure_is_the_same_file(files, tmp_path):
    for name in ("one", "two"):
        drawn, _ = draw(files, [40], ["A"], width=85, A="series")
        style.save_print(drawn, tmp_path / name, ["pdf", "svg", "png"], 150, "Series")
    for ending in ("pdf", "svg", "png"):
        assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()


def test_a_panel_without_room_is_refused_with_what_to_do(files):
    with pytest.raises(
        InputError,
        match=r"figure .*, panel .*no room beside the labels; expected a wider or higher panel: change row_heig",
    ):
        draw(files, [14], ["AB"], width=50, A="distribution", B="series")


def test_a_font_that_is_not_there_is_told_with_some_that_are():
    with pytest.raises(InputError, match=r"paper.font is 'Made Up', which matplotlib does not find; .*DejaVu Sans"):
        figure.use_font("Made Up")


@pytest.mark.parametrize("more", [{}, {"mesh": "flat"}, {"mesh": "white", "folds": False, "views": ["medial"]}])
def test_a_volume_is_drawn_on_the_mesh_that_was_asked_for(files, more):
    drawn, said = draw(files, [50], ["A"], A={"kind": "surface", "hemispheres": ["left"], **more})
    brains = [axes for axes in drawn.axes if axes.name == "3d"]
    assert len(brains) == {None: 4, "flat": 1, "white": 1}[more.get("mesh")] and "with each voxel" in said["A"]
    colors = brains[0].collections[0].get_facecolor()[:, :3]
    greys = colors[np.ptp(colors, axis=1) < 0.02]
    assert len(np.unique(greys[:, 0])) > 50 if more.get("folds") is False else len(np.unique(greys[:, 0])) <= 5
    assert any("left" in text.get_text() for text in drawn.texts)


def test_a_group_map_shares_the_larger_range(tmp_path):
    values = np.zeros(brain().shape)
    values[12, 9, 12] = 0.5
    group = {"model": "m", "contrast": "c", "seed": "PCC", "joint": False, "highlight": True, "level": 0.05}
    group |= {"of_p": "made up", "vmax": None, "cmap": "RdBu_r", "title": "", "kind": "slices", "cuts": ["z=20"]}
    files = {}
    for letter, share in (("A", 1.0), ("B", 0.5)):
        for role, image in (("map", a_map(share * values)), ("z", a_map(8 * values)), ("p", a_map(6 * values))):
            nibabel.save(image, tmp_path / f"{letter}{role}.nii.gz")
            files[f"{letter}_{role}"] = str(tmp_path / f"{letter}{role}.nii.gz")
    described = {"name": "g", "width": 100, "heights": [40], "cells": {"A": [0, 0, 1, 1], "B": [0, 1, 1, 1]}}
    drawn, said = figure.draw({**described, "panels": {"A": group, "B": group}}, files, 7)
    (bar,) = (axes for axes in drawn.axes if axes.get_ylabel() == "Effect (Fisher z)")
    assert bar.get_ylim() == pytest.approx((-0.5, 0.5))
    assert "1 of " in said["A"] and "pass at p < 0.05 (made up)" in said["A"]


def test_an_effect_and_an_f_have_scales_of_their_own(tmp_path):
    values = np.zeros(brain().shape)
    values[12, 9, 12] = 0.5
    group = {"model": "m", "contrast": "c", "seed": "PCC", "joint": False, "highlight": True, "level": 0.05}
    group |= {"of_p": "made up", "vmax": None, "cmap": "RdBu_r", "title": "", "kind": "slices", "cuts": ["z=20"]}
    files = {}
    for letter, share in (("A", 1), ("B", 80)):
        for role, image in (("map", a_map(share * values)), ("z", a_map(8 * values)), ("p", a_map(6 * values))):
            nibabel.save(image, tmp_path / f"{letter}{role}.nii.gz")
            files[f"{letter}_{role}"] = str(tmp_path / f"{letter}{role}.nii.gz")
    described = {"name": "g", "width": 140, "heights": [40], "cells": {"A": [0, 0, 1, 1], "B": [0, 1, 1, 1]}}
    drawn, _ = figure.draw({**described, "panels": {"A": group, "B": {**group, "joint": True}}}, files, 7)
    ends = {axes.get_ylabel(): axes.get_ylim()[1] for axes in drawn.axes if axes.get_ylabel()}
    assert ends == pytest.approx({"Effect (Fisher z)": 0.5, "F": 40})


def test_a_curve_of_reliability_is_that_of_its_table(files):
    drawn, said = draw(files, [45], ["A"], width=120, A="reliability")
    (axes,) = drawn.axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert lines["PCC"] == [[1, 0.2], [2, 0.4], [5, 0.6]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["PCC", "M1"]
    # 2 x 0.6 / 1.6, by Spearman and Brown.
    assert "PCC: halves of 5.0 minutes correlate by 0.60, the whole run has 0.75" in said["A"]


def test_tiles_are_as_large_as_fits():
    place = places.Rectangle(10, 20, 100, 50)
    (tile,) = places.of_tiles(place, [(300, 100)])
    assert (tile.width, tile.height) == pytest.approx((100, 100 / 3))
    four = places.of_tiles(places.Rectangle(0, 0, 101, 101), [(10, 10)] * 4, gap=1)
    assert [(round(tile.left), round(tile.bottom)) for tile in four] == [(0, 51), (51, 51), (0, 0), (51, 0)]
    assert {round(tile.width, 6) for tile in four} == {50}
    named = places.of_tiles(places.Rectangle(0, 0, 101, 101), [(10, 10)] * 4, gap=1, below=5)
    assert [round(tile.bottom) for tile in named] == [56, 56, 5, 5]

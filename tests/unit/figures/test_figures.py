"""Figures: drawn from any map, with what is unusual said on them, readable by those who do not see them."""

import contextlib
import io
import re
import shutil
import string
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pandas
import pytest
from conftest import absent
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont
from made_maps import AFFINE, SEED, SHAPE, a_map, brain, brain_of, ordinary, world
from matplotlib import font_manager

from seed_to_voxel.connectivity import nodes, summaries
from seed_to_voxel.figures import charts, kinds, published, style
from seed_to_voxel.inputs import atlases
from seed_to_voxel.snakemake_internals import reporting
from seed_to_voxel.study import figure_kinds

OPTIONS = {"threshold": 0.5, "vmax": 1, "cmap": "RdBu_r", "cluster_volume": 0}
LABELS = {"subject": "01", "task": "rest", "space": "MNI"}


ODD_MAPS = {
    "all NaN": (np.full(SHAPE, np.nan), {}, "No voxel has a defined r"),
    "constant": (np.full(SHAPE, 0.75), {}, "r is the same, 0.75, in every voxel"),
    "below the threshold": (np.linspace(-0.3, 0.3, np.prod(SHAPE)).reshape(SHAPE), {}, "No voxel reaches |r| = 0.5"),
    "seed at the edge": (
        np.linspace(-0.9, 0.9, np.prod(SHAPE)).reshape(SHAPE),
        {"x": 0.0, "y": 92.0, "z": 100.0, "n_voxels": 9, "n_voxels_in_mask": 1},
        "Only 1 of the seed's 9 voxels lie in the brain mask",
    ),
}


def texts(figure):
    import matplotlib.text

    return " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def pixels(path):
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), dtype=float)


@pytest.fixture(autouse=True, scope="module")
def one_look():
    style.use_style()


def draw(kind, image, seed):
    mean = nibabel.Nifti1Image(1000 * brain().astype(np.float32), AFFINE)
    z = nibabel.Nifti1Image(np.float32(7) * np.asarray(image.dataobj), AFFINE)
    return kinds.draw(kind, seed, image, brain() != 0, mean, 38.8, z, OPTIONS, LABELS)


def test_a_mask_is_outlined_where_it_lies(tmp_path):
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[9:14, 8:12, 10:13] = 1
    nibabel.Nifti1Image(mask, AFFINE).to_filename(tmp_path / "mask.nii.gz")
    centre = AFFINE[:3, :3] @ [11, 9.5, 11] + AFFINE[:3, 3]
    seed = {**SEED, "kind": "mask", "file": str(tmp_path / "mask.nii.gz"), **dict(zip("xyz", centre, strict=True))}
    del seed["radius_mm"]
    figure, _, _ = draw("location", ordinary(), seed)
    style.save(figure, tmp_path / "figure", "")
    orange = np.abs(pixels(tmp_path / "figure.png") - [255, 140, 26]).sum(axis=2) < 60
    figure, _, _ = draw("location", ordinary(), {**SEED, **dict(zip("xyz", centre, strict=True)), "radius_mm": 0.1})
    style.save(figure, tmp_path / "cross", "")
    cross = np.abs(pixels(tmp_path / "cross.png") - [255, 140, 26]).sum(axis=2) < 60
    assert orange.sum() > 3 * cross.sum() > 0


@pytest.mark.parametrize("kind", figure_kinds.KINDS)
def test_an_ordinary_map_is_drawn_without_a_warning_and_described_in_numbers(kind, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure, alt, table = draw(kind, ordinary(), SEED)
        style.save(figure, tmp_path / "figure", alt)
    assert pixels(tmp_path / "figure.png").std() > 5
    assert any(character.isdigit() for character in alt)
    assert reporting.description(tmp_path / "figure.png") == alt
    assert (table is not None) == figure_kinds.KINDS[kind].table


@pytest.mark.parametrize("kind", figure_kinds.KINDS)
@pytest.mark.parametrize("odd", ODD_MAPS)
def test_an_odd_map_is_drawn_and_says_what_is_odd(kind, odd, tmp_path):
    values, moved, said = ODD_MAPS[odd]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure, alt, _ = draw(kind, a_map(values), {**SEED, **moved})
        assert said in texts(figure)
        style.save(figure, tmp_path / "figure", alt)
    assert len(caught) <= 1, [str(warning.message) for warning in caught]
    assert pixels(tmp_path / "figure.png").std() > 3


@pytest.mark.parametrize("odd", ODD_MAPS)
def test_the_published_map_of_an_odd_map_says_what_is_odd(odd, tmp_path):
    values, moved, said = ODD_MAPS[odd]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure = published.plot_map(a_map(values), brain_of(a_map(values)), {**SEED, **moved}, 0.5, 1, "Map")
        assert said in texts(figure)
        style.save(figure, tmp_path / "figure")
    assert len(caught) <= 1, [str(warning.message) for warning in caught]


def test_a_series_that_is_constant_says_so():
    assert "No series" in texts(published.plot_series(np.full((40, 1), np.nan), "Seed", 2.0))


@pytest.mark.parametrize("kind", figure_kinds.KINDS)
def test_pdfs_embed_their_fonts_and_have_something_on_their_page(kind, tmp_path):
    if not (shutil.which("pdffonts") and shutil.which("pdftoppm")):
        absent("pdf", "pdffonts and pdftoppm (poppler-utils) are not installed")
    figure, alt, _ = draw(kind, ordinary(), SEED)
    style.save(figure, tmp_path / "figure", alt)
    listed = subprocess.run(["pdffonts", tmp_path / "figure.pdf"], capture_output=True, text=True, check=True).stdout
    fonts = [line for line in listed.splitlines()[2:] if line.strip()]
    assert fonts
    for font in fonts:
        # Columns from the right: emb sub uni object ID.
        assert font.split()[-5] == "yes" and "Type 3" not in font, listed
    subprocess.run(["pdftoppm", "-r", "60", "-png", tmp_path / "figure.pdf", tmp_path / "page"], check=True)
    pages = list(tmp_path.glob("page*.png"))
    assert len(pages) == 1
    assert pixels(pages[0]).std() > 5


def test_fonts_in_a_pdf_have_their_glyphs_and_nothing_that_a_pdf_cannot_use(tmp_path):
    style.save(published.plot_series(np.eye(40)[:, :1], "Seed", 2.0), tmp_path / "figure")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", (tmp_path / "figure.pdf").read_bytes(), re.DOTALL)
    unpacked = []
    for stream in streams:
        with contextlib.suppress(zlib.error):
            unpacked.append(zlib.decompress(stream))
    (font,) = [TTFont(io.BytesIO(data)) for data in unpacked if data.startswith(b"\0\1\0\0")]
    # ISO 32000-1, 9.9: what a TrueType font in a PDF has, beside its instructions (cvt, fpgm, prep).
    read = {"glyf", "head", "hhea", "hmtx", "loca", "maxp"}
    useless = {"GDEF", "GPOS", "GSUB", "MATH", "kern"}
    assert read <= set(font.keys())
    assert not useless & set(font.keys())
    # Of the font's glyphs those that have outlines here are the letters of the figure.
    outlines = [name for name in font.getGlyphOrder() if font["glyf"][name].numberOfContours]
    assert 10 < len(outlines) < 80


@pytest.mark.parametrize(("file", "name"), [(style.FONT_FILE, "DejaVu Sans"), (style.BOLD_FILE, "DejaVu Sans:bold")])
def test_the_figures_font_has_the_letters_of_dejavu_sans(file, name):
    ours, whole = TTFont(file), TTFont(font_manager.findfont(name))
    theirs, names = whole.getBestCmap(), ours.getBestCmap()
    assert {*map(ord, string.printable.strip()), *map(ord, "äéñøßčŁžİνσ²–·×≤−→○")} <= names.keys()
    for code, name in names.items():
        assert ours["hmtx"][name][0] == whole["hmtx"][theirs[code]][0], chr(code)
        drawn = []
        for glyphs, glyph in ((ours.getGlyphSet(), name), (whole.getGlyphSet(), theirs[code])):
            # Accents are parts of their own.
            drawn.append(DecomposingRecordingPen(glyphs))
            glyphs[glyph].draw(drawn[-1])
        assert drawn[0].value == drawn[1].value, chr(code)


def test_other_letters_are_drawn_from_the_whole_font(tmp_path):
    if not shutil.which("pdftotext"):
        absent("pdf", "pdftotext (poppler-utils) is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        style.save(published.plot_series(np.eye(40)[:, :2], "Ряд Łódź", 2.0, ["чёрт", "ordinary"]), tmp_path / "other")
        style.save(published.plot_series(np.eye(40)[:, :2], "Łódź", 2.0, ["a", "b"]), tmp_path / "own")
    fonts = {}
    for name in ("other", "own"):
        listed = subprocess.run(["pdffonts", tmp_path / f"{name}.pdf"], capture_output=True, text=True, check=True)
        fonts[name] = {line.split()[0].partition("+")[2] for line in listed.stdout.splitlines()[2:]}
    assert fonts["own"] == {"Seed-to-voxelSans"}
    # Not both, which a PDF would list by the folders that they lie in.
    assert fonts["other"] == {"DejaVuSans"}
    read = subprocess.run(["pdftotext", tmp_path / "other.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "Ряд Łódź" in read and "чёрт" in read


def test_the_expected_distribution_is_that_of_independent_series():
    rng = np.random.default_rng(3)
    n = 40
    series = rng.standard_normal((n, 4000))
    series -= series.mean(axis=0)
    series /= np.linalg.norm(series, axis=0)
    r = (series[:, :2000] * series[:, 2000:]).sum(axis=0)
    # White noise of n volumes has n - 1 degrees of freedom.
    nu = n - 1
    assert charts.null_spread(nu) == pytest.approx(r.std(), rel=0.05)
    assert (np.abs(r) > charts.null_bound(nu)).mean() == pytest.approx(0.05, abs=0.015)
    grid = np.linspace(-0.99999, 0.99999, 20001)
    assert np.trapezoid(charts.null_density(grid, nu), grid) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("nu", [2.5, 6.5, 200])
def test_numbers_of_the_distribution_lie_over_no_line_and_no_legend(nu):
    values = np.tanh(np.random.default_rng(0).standard_normal(999) * 0.4)
    figure, _ = charts.plot_distribution(values, nu, 0.5, "Distribution", "subject 01", "")
    figure.canvas.draw()
    (axes,) = figure.axes
    (numbers,) = axes.texts
    box = numbers.get_window_extent()
    assert box.y0 >= axes.get_window_extent().y1 and box.x1 <= figure.bbox.x1
    assert not box.overlaps(axes.get_legend().get_window_extent())
    legend = axes.get_legend().get_window_extent()
    assert not any(text.get_window_extent().overlaps(legend) for text in figure.texts)


def test_planted_clusters_are_found_with_their_peak_sign_volume_and_nearest_node():
    values = np.zeros(SHAPE)
    points = world()
    table = atlases.dosenbach()
    targets = {0.8: table[table["name"] == "precuneus"].iloc[0], -0.7: table[table["name"] == "vFC"].iloc[0]}
    expected = {}
    for r, node in targets.items():
        distance = np.linalg.norm(points - node[["x", "y", "z"]].to_numpy(float), axis=-1)
        peak = np.unravel_index(distance.argmin(), SHAPE)
        blob = distance < 14
        values[blob] = 0.75 * r
        values[peak] = r
        expected[r] = (points[peak], 512 * int(blob.sum()))
    found = nodes.cluster_table(nibabel.Nifti1Image(values.astype(np.float32), AFFINE), 0.4)
    main = found[found["cluster"].str.isdigit()].reset_index(drop=True)
    assert main["peak_r"].tolist() == pytest.approx([0.8, -0.7])
    assert main["cluster"].tolist() == ["1", "2"]
    for row, (r, (place, volume)) in zip(main.to_dict("records"), expected.items(), strict=True):
        assert (row["x"], row["y"], row["z"]) == tuple(place)
        assert row["volume_mm3"] == volume
        candidates = pandas.concat([atlases.dosenbach(), atlases.seitzman()])
        distances = np.linalg.norm(candidates[["x", "y", "z"]].to_numpy() - place, axis=1)
        assert row["distance_mm"] == round(float(distances.min()), 1)
        assert row["node"] == candidates.iloc[distances.argmin()]["name"], r


def test_small_clusters_are_left_out():
    values = np.zeros(SHAPE)
    values[5, 5, 5] = 0.9
    values[12:15, 12:15, 12:15] = 0.8
    image = nibabel.Nifti1Image(values.astype(np.float32), AFFINE)
    assert len(nodes.cluster_table(image, 0.5)["cluster"]) >= 2
    kept = nodes.cluster_table(image, 0.5, min_volume=2 * 512)
    assert kept["peak_r"].max() == pytest.approx(0.8)


@pytest.mark.parametrize("turn", [0.0, 0.3])
@pytest.mark.parametrize("size", [2.0, 2.1])
def test_a_cluster_as_large_as_the_limit_is_kept_and_a_smaller_one_is_not(turn, size):
    values = np.zeros(SHAPE)
    values[5:8, 5:8, 5] = 0.8
    values[12:15, 12:15, 12] = 0.7
    values[12:15, 12, 13] = 0.7
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    affine[:3, :3] *= size
    image = nibabel.Nifti1Image(values.astype(np.float32), affine)
    for n, larger in ((9, 2), (9.01, 1), (10, 1), (12, 1), (12.01, 0)):
        found = nodes.cluster_table(image, 0.5, min_volume=n * size**3)
        assert len(found["volume_mm3"].dropna()) == larger, n


def test_the_network_profile_finds_the_planted_network_and_leaves_out_nodes_at_the_seed():
    table = atlases.dosenbach()
    points = world()
    values = np.zeros(SHAPE)
    for node in table[table["network"] == "default"][["x", "y", "z"]].to_numpy():
        values[np.linalg.norm(points - node, axis=-1) < 10] = 0.5
    others = table[table["network"] != "default"][["x", "y", "z"]].to_numpy()
    # Spheres of a neighbour that reach into another network's node would blur what is expected.
    for node in others:
        values[np.linalg.norm(points - node, axis=-1) < 8] = 0.1
    profile = nodes.node_profile(
        nibabel.Nifti1Image(values.astype(np.float32), AFFINE), np.ones(SHAPE, dtype=bool), SEED
    )
    assert len(profile) == 160
    near = np.linalg.norm(profile[["x", "y", "z"]].to_numpy() - (0, -52, 18), axis=1) <= 13
    assert profile["at_seed"].tolist() == near.tolist()
    means = nodes.network_means(profile)
    assert means.index[0] == "default"
    used = profile[~profile["at_seed"]]
    assert means["default"] == pytest.approx(used[used["network"] == "default"]["z_mean"].mean())
    inside, outside, difference = nodes.default_against_others(profile)
    assert inside == pytest.approx(np.arctanh(0.5), abs=0.1)
    assert outside == pytest.approx(np.arctanh(0.1), abs=0.05)
    assert difference == pytest.approx(inside - outside)


def test_nodes_of_vertices_are_means_of_those_that_are_near():
    table, rng = atlases.dosenbach(), np.random.default_rng(8)
    centres = table[["x", "y", "z"]].to_numpy()
    where = np.concatenate([centres[:100] + rng.uniform(-6, 6, (100, 3)) for _ in range(10)])
    r = rng.uniform(-0.9, 0.9, len(where)).astype(np.float32)
    brain = rng.random(len(where)) < 0.9
    r[::50] = np.nan
    seed = centres[7] + [[0, 4, 0], [60, 60, 60]]
    profile = nodes.profile_of(r, brain, where, seed, nodes.RADIUS)
    for number, centre in enumerate(centres):
        near = brain & np.isfinite(r) & (np.linalg.norm(where - centre, axis=1) <= 5)
        row = profile.iloc[number]
        assert row["n_voxels"] == near.sum()
        if near.any():
            assert row["z_mean"] == pytest.approx(np.arctanh(r[near]).mean(), abs=1e-5)
    assert profile["n_voxels"][:100].median() > 1 and profile["at_seed"][7] and profile["at_seed"].sum() <= 2


def test_a_summary_counts_both_sides():
    summary = summaries.summarise(np.array([-0.6, -0.5, 0.1, 0.5, np.nan], dtype=np.float32), 0.5)
    assert (summary.n_voxels, summary.n_defined, summary.n_positive, summary.n_negative) == (5, 4, 1, 2)
    assert summary.share == 0.75
    assert "undefined in 20 %" in summaries.remark(summary)


def test_the_same_figure_is_the_same_file(tmp_path):
    for name in ("a", "b"):
        figure, alt, _ = draw("distribution", ordinary(), SEED)
        style.save(figure, tmp_path / name, alt)
    for ending in style.FORMATS:
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


@pytest.mark.parametrize("dpi", [72, 94, 300])
def test_a_label_below_axes_stands_where_matplotlib_finds_it_to_fit(dpi):
    from matplotlib.figure import Figure

    places = []
    for put in (lambda axes: None, style.label_below):
        figure = Figure(figsize=(5, 3), dpi=dpi)
        axes = figure.add_axes((0.2, 0.3, 0.7, 0.6))
        axes.set(xlabel="Scan number", xlim=(0, 160))
        put(axes)
        figure.savefig(io.BytesIO(), format="png", dpi=dpi)
        places.append(axes.xaxis.label.get_window_extent().extents * 72 / dpi)
    # Points; numbers are whole pixels high.
    np.testing.assert_allclose(places[1], places[0], atol=1)


def test_labels_that_say_nothing_need_no_place(tmp_path, monkeypatch):
    def saved(name):
        figure = published.plot_series(np.random.default_rng(0).standard_normal((50, 2)), "A title", 2.0, ["a", "b"])
        style.save(figure, tmp_path / name)
        return [(tmp_path / f"{name}.{ending}").read_bytes() for ending in style.FORMATS]

    found = saved("without")
    monkeypatch.setattr(style, "leave_unsaid", lambda figure: None)
    assert found == saved("with")


READY = """
import sys
import threading
import matplotlib
before = dict(matplotlib.rcParams)
sys.path.insert(0, sys.argv[1])
from seed_to_voxel.figures import ready, slices
assert {name for name in before if before[name] != matplotlib.rcParams[name]} <= {"backend"}
assert threading.active_count() == 1
assert slices.template.cache_info().currsize == 1
"""


def test_what_comes_with_a_first_figure_leaves_style_and_threads_as_they_are():
    scripts = Path(style.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", READY, str(scripts)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

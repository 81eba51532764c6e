"""Captions, tables and numbers of a paper."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import nibabel
import numpy as np
import pytest
from made_maps import SEED, a_map

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.pages import paper as page
from seed_to_voxel.paper import captions, latex, numbers, print_tables

FIGURE = {"name": "first", "number": 1, "title": "The first", "caption": None, "width": 183, "heights": [45]}


def test_a_caption_is_all_panels_in_turn_or_what_its_template_says():
    said = {"A": "One.", "B": "", "C": "Three."}
    assert captions.caption(FIGURE, said, {}) == "(a) One. (c) Three."
    assert captions.caption(FIGURE, {"A": "One."}, {}) == "One."
    assert captions.caption(FIGURE, {"A": "From -0.5 to 2 in sub-01, 3-4."}, {}) == "From −0.5 to 2 in sub-01, 3-4."
    asked = {**FIGURE, "caption": "Left: {A} The peak is {peakR}, in {{braces}}."}
    assert captions.caption(asked, said, {"peakR": "0.96"}) == "Left: One. The peak is 0.96, in {braces}."


@pytest.mark.parametrize(("template", "said"), [("{D}", "{D} stands for nothing; .* A, B"), ("{", "braces that are")])
def test_a_template_that_stands_for_nothing_is_told(template, said):
    with pytest.raises(InputError, match=f"figure first: caption: .*{said}"):
        captions.caption({**FIGURE, "caption": template}, {"A": "", "B": ""}, {})


def test_floats_include_the_files_at_their_width():
    text = captions.as_latex([FIGURE], ["|r| ≥ 0.5 in 50 %"], "pdf", "results/paper")
    assert r"\includegraphics[width=183mm]{\seedtovoxel/figures/first.pdf}" in text
    assert r"\providecommand{\seedtovoxel}{results/paper}" in text
    assert r"\caption{\textbf{The first.} \textbar{}r\textbar{} $\geq$ 0.5 in 50 \%}" in text


def test_a_figure_wider_than_a_column_spans_both():
    small = {**FIGURE, "name": "small", "width": 89}
    text = captions.as_latex([FIGURE, small], ["Wide", "Narrow"], "pdf", "results/paper")
    wide, narrow = text.split(r"\label{fig:first}")
    assert r"\begin{figure*}[tbp]" in wide and narrow.lstrip().startswith(r"\end{figure*}")
    assert r"\begin{figure}[tbp]" in narrow and narrow.endswith("\\end{figure}\n")


@pytest.fixture
def results(tmp_path):
    """A map of r and one of z with their sidecars, and a table of quality."""
    r = np.zeros(a_map(0).shape)
    r[12, 9, 12] = 0.5
    files = {}
    for name, values in (("r", r), ("z", np.arctanh(r))):
        nibabel.save(a_map(values), tmp_path / f"{name}.nii.gz")
        sidecar = {"Range": [0, float(values.max())], "NumberOfVolumes": 60, "NumberOfVoxels": 9, "Seed": SEED}
        (tmp_path / f"{name}.json").write_text(json.dumps(sidecar))
        files |= {name: str(tmp_path / f"{name}.json"), f"{name}_map": str(tmp_path / f"{name}.nii.gz")}
    table = "subject\tmean_fd\tverdict\n01\t0.1\taccepted\n01\t0.2\twarned\n02\tn/a\taccepted\n03\t9\trefused\n"
    (tmp_path / "qc.tsv").write_text(table)
    return files, {"table": str(tmp_path / "qc.tsv")}


def number(quantity, **more):
    return {"name": "n", "quantity": quantity, "format": None, "column": None, "of": "mean", "at": None, **more}


def test_numbers_are_those_of_the_maps_and_the_runs(results):
    of_map, of_study = results
    assert numbers.value_of(number("r_max"), of_map)[0] == pytest.approx(0.5)
    assert numbers.value_of(number("volumes"), of_map)[0] == 60
    # Voxel (12, 9, 12) of the grid.
    assert numbers.value_of(number("z_at", at=[4, -56, 20]), of_map)[0] == pytest.approx(np.arctanh(0.5), rel=1e-6)
    assert numbers.value_of(number("runs"), of_study)[0] == 3
    assert numbers.value_of(number("participants"), of_study)[0] == 2
    assert numbers.value_of(number("quality", column="mean_fd"), of_study)[0] == pytest.approx(0.15)
    sd, _ = numbers.value_of(number("quality", column="mean_fd", of="sd"), of_study)
    assert sd == pytest.approx(0.1 / np.sqrt(2))
    with pytest.raises(InputError, match=r"n: .*qc.tsv has no column fd; expected one of subject, mean_fd"):
        numbers.value_of(number("quality", column="fd"), of_study)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.9597, None, "0.96"),
        (-0.646, ".3f", "−0.646"),
        (168, None, "168"),
        (32504.0, "d", "32504"),
        (0.0, None, "0.00"),
        (-0.001, None, "0.00"),
        (-0.4, "d", "0"),
    ],
)
def test_numbers_as_they_are_printed(value, form, text):
    assert numbers.written(value, form) == text


def test_a_mask_of_the_users_is_named_as_an_archive_has_it(results, tmp_path):
    of_map, _ = results
    mask = np.zeros(a_map(0).shape)
    mask[12, 9, 12] = 1
    nibabel.save(a_map(mask), tmp_path / "region.nii.gz")
    entry = numbers.entry(number("z_mean"), {**of_map, "file": str(tmp_path / "region.nii.gz")}, "1")
    assert list(entry["from"]) == [of_map["z_map"], "region.nii.gz"]


def test_files_of_one_name_are_told_apart_by_their_folders():
    assert numbers.named(["a/x/mask.gii", "b/y/mask.gii"]) == {
        "x/mask.gii": "a/x/mask.gii",
        "y/mask.gii": "b/y/mask.gii",
    }
    deep = ["a/x/mask.gii", "b/x/mask.gii"]
    assert numbers.named(deep) == dict(zip(deep, deep, strict=True))
    assert numbers.named(["/data/lh.gii", "/data/rh.gii"]) == {"lh.gii": "/data/lh.gii", "rh.gii": "/data/rh.gii"}
    assert numbers.named(["/data/both.gii"] * 2) == {"both.gii": "/data/both.gii"}


def test_a_number_without_a_value_is_named(results):
    of_map, _ = results
    with pytest.raises(InputError, match=r"^paper.numbers: n: .*r.nii.gz: has no value at \(0, 0, 900\) mm"):
        numbers.value_of(number("r_at", at=[0, 0, 900]), of_map)


def test_a_number_says_where_it_comes_from(results):
    of_map, _ = results
    entry = numbers.entry(number("r_max", seed="PCC"), of_map, "1.2.3")
    assert entry["from"] == {of_map["r_map"]: hashlib.sha256(Path(of_map["r_map"]).read_bytes()).hexdigest()}
    # The sidecar of the map says where inputs lie, which is no part of a number.
    sidecar = json.loads(Path(of_map["r"]).read_text()) | {"Sources": ["file:///elsewhere/bold.nii.gz"]}
    Path(of_map["r"]).write_text(json.dumps(sidecar))
    assert numbers.entry(number("r_max", seed="PCC"), of_map, "1.2.3") == entry
    assert (entry["text"], entry["seed"], entry["made_by"]) == ("0.50", "PCC", "seed-to-voxel 1.2.3")
    macros = numbers.as_latex({"peakR": entry, "lowest": {**entry, "text": "−0.20"}})
    assert r"\newcommand{\peakR}{0.50}% quantity r_max, seed PCC" in macros
    assert r"\newcommand{\lowest}{\ensuremath{-}0.20}" in macros


TABLE = {"name": "peaks", "kind": "clusters", "columns": None, "caption": "R & D, 5 %", "rows": None}


@pytest.fixture
def clusters(tmp_path):
    path = tmp_path / "clusters.tsv"
    path.write_text(
        "cluster\tx\ty\tpeak_r\tvolume_mm3\tnode\tregion\tp_tfce\n"
        "1\t-4\t52\t0.98471\t51136\tpost_cing & co\tn/a\t0.0002\n1a\t8\t-6\t0.7\tn/a\tn/a\tn/a\t0.03\n"
    )
    return str(path)


def test_a_table_has_a_choice_of_columns_or_those_that_are_asked_for(clusters):
    frame = print_tables.read(TABLE, clusters)
    assert list(frame) == ["Cluster", "x (mm)", "y (mm)", "Peak r", "Volume (mm³)", "p (TFCE)", "Nearest node"]
    assert frame["Peak r"].tolist() == ["0.98", "0.70"]
    assert frame["x (mm)"].tolist() == ["−4", "8"]
    assert frame["p (TFCE)"].tolist() == ["<0.001", "0.030"]
    assert frame["Volume (mm³)"].tolist() == ["51136", ""]
    asked = print_tables.read({**TABLE, "columns": {"peak_r": "r", "region": ""}, "rows": 1}, clusters)
    assert asked.to_dict("list") == {"r": ["0.98"], "region": [""]}
    with pytest.raises(InputError, match=r"table peaks: .* has no column mass; expected some of cluster, x"):
        print_tables.read({**TABLE, "columns": {"mass": "Mass"}}, clusters)


def test_what_rounds_to_zero_has_no_sign():
    assert print_tables.printed(["-0.001", "-0.5", "0.004"]) == ["0.00", "−0.50", "0.00"]


def test_two_columns_of_one_heading_are_refused(clusters):
    asked = {**TABLE, "columns": {"x": "Place", "y": "Place"}}
    with pytest.raises(InputError, match=r"table peaks: the heading 'Place' is there more than once"):
        print_tables.read(asked, clusters)


def test_tables_are_escaped_for_latex_and_for_word_processors(clusters):
    frame = print_tables.read(TABLE, clusters)
    text = print_tables.as_latex(TABLE, frame)
    assert r"\caption{R \& D, 5 \%}" in text and r"\toprule" in text
    assert r"post\_cing \& co" in text
    html = print_tables.as_html(TABLE, frame)
    assert "<p>R &amp; D, 5 %</p>" in html and "post_cing &amp; co" in html


def test_a_table_without_a_caption_has_a_number_of_its_own(clusters):
    table = {**TABLE, "caption": ""}
    assert "\\caption{}\n\\label{tab:peaks}" in print_tables.as_latex(table, print_tables.read(table, clusters))


needs_latex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")


def compiled(folder, body, head=""):
    """What LaTeX says of a document of two columns in a folder, which it is run on twice for its references."""
    packages = r"\documentclass[twocolumn]{article}\usepackage{booktabs, graphicx}"
    (folder / "a.tex").write_text(f"{packages}{head}\\begin{{document}}{body}\\end{{document}}")
    for _ in range(2):
        done = subprocess.run(
            ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "a.tex"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
    return done.stdout


@needs_latex
@pytest.mark.parametrize(
    ("folder", "head"), [("study", ""), ("manuscript", r"\newcommand{\seedtovoxel}{../study/results/paper}")]
)
def test_a_manuscript_takes_figures_and_tables_in_from_where_it_lies(folder, head, clusters, tmp_path):
    from PIL import Image

    paper = tmp_path / "study/results/paper"
    (paper / "figures").mkdir(parents=True)
    (tmp_path / "manuscript").mkdir()
    Image.new("RGB", (3, 2)).save(paper / "figures/first.png")
    (paper / "figures.tex").write_text(captions.as_latex([FIGURE], ["All of it"], "png", "results/paper"))
    for name, words in (("peaks", "R & D"), ("bare", "")):
        table = {**TABLE, "name": name, "caption": words}
        (paper / f"{name}.tex").write_text(print_tables.as_latex(table, print_tables.read(table, clusters)))
    there = "../study/results/paper" if head else "results/paper"
    taken = "".join(f"\\input{{{there}/{name}.tex}}" for name in ("figures", "peaks", "bare"))
    references = r"\ref{fig:first}, \ref{tab:peaks}, \ref{tab:bare}"
    said = compiled(tmp_path / folder, taken + references, head)
    assert "first.png" in said and "undefined" not in said
    numbers_of = (tmp_path / folder / "a.aux").read_text()
    for label in (r"\newlabel{fig:first}{{1}", r"\newlabel{tab:peaks}{{1}", r"\newlabel{tab:bare}{{2}"):
        assert label in numbers_of


@needs_latex
def test_latex_takes_it(clusters, tmp_path):
    body = print_tables.as_latex(TABLE, print_tables.read(TABLE, clusters)) + latex.escape("|r| ≥ 0.5 ± ν²~^_{}\\")
    compiled(tmp_path, body)


def test_the_page_is_whole_and_what_it_prints_is_escaped(tmp_path):
    from PIL import Image

    Image.new("RGB", (3, 2)).save(tmp_path / "first.png")
    rows = [{"macro": r"\n", "text": "0.5", "quantity": "r_max", "from": "a.json"}]
    table = ({**TABLE, "caption": "<b>"}, ["Cluster"], [["<i>"]])
    text = page.as_page([FIGURE], ["What <is> shown"], [str(tmp_path / "first.png")], [table], rows, ["pdf"])
    assert "What &lt;is&gt; shown" in text and "&lt;b&gt;" in text and "&lt;i&gt;" in text
    assert "data:image/png;base64," in text and "183 x 45 mm" in text

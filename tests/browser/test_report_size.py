"""A report of many runs and three seeds, with what a run gets by default and two further figures."""

import shutil
import subprocess
import sys
import time

import nibabel
import numpy as np
import pytest
from conftest import LONG, Workspace, takes_long
from in_browser import MENU
from scipy.ndimage import gaussian_filter

from seed_to_voxel.connectivity import nodes, summaries
from seed_to_voxel.figures import charts, published, quality, style
from seed_to_voxel.figures.null_seeds import plot_null_seeds
from seed_to_voxel.figures.relations import plot_relations
from seed_to_voxel.pages import overview
from seed_to_voxel.statistics import null_seeds

pytestmark = pytest.mark.browser

RUNS, LABELS = 100 if LONG else 20, ("PCC", "M1", "V1")
LIMIT_MB = 5 + 0.55 * RUNS
"""60 MB for a hundred runs; the first part is what any report has."""

NAME = "sub-{0}/func/sub-{0}_task-rest_space-MNI152NLin2009cAsym"
OF_RUN = {
    "examples": "desc-examplevoxels_timeseries",
    "carpet": "desc-carpet_bold",
    "null seeds": "desc-nullseeds_figure",
    "relations": "seg-seeds_relmat",
}
SEED = {"label": "PCC", "name": "PCC", "x": 0.0, "y": -52.0, "z": 18.0, "radius_mm": 8.0}


def simulated_map(rng, voxel, smoothness):
    """A smooth random map on the MNI brain, as full of detail as a real one."""
    affine = np.diag([voxel, voxel, voxel, 1.0])
    affine[:3, 3] = (-90, -126, -72)
    shape = tuple(int(span // voxel) + 1 for span in (180, 216, 180))
    noise = gaussian_filter(rng.standard_normal(shape), smoothness / voxel)
    return nibabel.Nifti1Image(np.tanh(0.45 * noise / noise.std()).astype(np.float32), affine)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A workspace with the figures of many runs; figures are drawn once, from a map of 2 mm, and copied."""
    workspace = Workspace(tmp_path_factory.mktemp("many") / "project")
    rows = "".join(f"{label}\t0\t-52\t18\t8\n" for label in LABELS)
    (workspace.path / "config" / "three.tsv").write_text("label\tx\ty\tz\tradius_mm\n" + rows)
    workspace.write_config(
        dataset={"kind": "simulated", "simulated": {"participants": RUNS}},
        seeds="config/three.tsv",
        figures={"further": ["distribution", "networks"], "viewers": {"runs": "none"}},
    )
    style.use_style()
    drawn = tmp_path_factory.mktemp("drawn")
    rng = np.random.default_rng(0)
    fine = simulated_map(rng, 2.0, 4.0)
    mask = np.ones(fine.shape, dtype=bool)
    series = rng.standard_normal((168, 5))
    normal = np.histogram(rng.standard_normal(100_000), null_seeds.EDGES)[0]
    shares = {"shares": [0.05, 0.01, 0.001], "errors": [0.003, 0.001, 0.0003]}
    of_seeds = np.corrcoef(series[:, : len(LABELS)].T)
    words = ("Title", "subject 01, task rest", "")
    made = {
        "stat-pearsoncorrelation_statmap": published.plot_map(
            fine, np.ones(fine.shape, dtype=bool), SEED, 0.5, 1, "Map"
        ),
        "timeseries": published.plot_series(series[:, :1], "Series", 2.0),
        "examples": published.plot_series(series, "Series", 2.0, list("abcde")),
        "carpet": quality.plot_carpet(
            rng.standard_normal((500, 168)),
            rng.standard_normal((500, 168)),
            np.column_stack([rng.random(168), 1 + rng.random(168), np.ones(168)]),
            {"fd_threshold": None, "std_dvars_threshold": None},
            2.0,
            "subject 01, task rest",
        ),
        "null seeds": plot_null_seeds({**shares, "counts": normal, "n_seeds": 300, "n_voxels": 200}, words[1])[0],
        "relations": plot_relations(of_seeds, of_seeds, LABELS, None, "RdBu_r", words[1])[0],
        "desc-distribution_figure": charts.plot_distribution(fine.get_fdata(), 38.8, 0.5, *words)[0],
        "desc-networks_figure": charts.plot_networks(nodes.node_profile(fine, mask, SEED), *words)[0],
    }
    assert summaries.summarise(fine.get_fdata().ravel(), 0.5).n_positive > 1000
    for name, figure in made.items():
        style.save(figure, drawn / name, "r is between -0.9 and 0.9")
    for position in range(1, RUNS + 1):
        stem = workspace.derivatives / NAME.format(f"{position:02d}")
        stem.parent.mkdir(parents=True)
        for name in made:
            if name in OF_RUN:
                shutil.copy(drawn / f"{name}.png", f"{stem}_{OF_RUN[name]}.png")
            else:
                for label in LABELS:
                    shutil.copy(drawn / f"{name}.png", f"{stem}_seed-{label}_{name}.png")
    maps = [simulated_map(rng, 4.0, 6.0) for _ in range(RUNS)]
    inside = np.ones(maps[0].shape, dtype=bool)
    entries = overview.collect(
        SEED,
        (
            {"title": f"subject {i:03d}", "image": image, "mask": inside, "nu": 38.8, "mean_fd": i / RUNS}
            for i, image in enumerate(maps)
        ),
        0.5,
        1,
        "RdBu_r",
    )
    for name in ("quality", "methods"):
        (workspace.path / "results" / f"{name}.html").write_text(f"<h1>{name}</h1>")
    shutil.copy(drawn / "desc-distribution_figure.png", workspace.derivatives / "qcfc.png")
    for label in LABELS:
        page = overview.page({**SEED, "label": label}, entries, 0.5, 1, "RdBu_r")
        (workspace.derivatives / f"study_seed-{label}_desc-overview_page.html").write_text(page, encoding="utf-8")
    return workspace


@pytest.mark.parametrize("ending", ["html", pytest.param("zip", marks=takes_long)])
def test_many_runs_and_three_seeds_are_a_report_below_60_mb_a_hundred_that_opens(many, ending, open_page, tmp_path):
    report = tmp_path / f"report.{ending}"
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", "--report", report],
        cwd=many.path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    size = report.stat().st_size / 1e6
    took = time.monotonic() - started
    print(f"{RUNS} runs, {len(LABELS)} seeds: report.{ending} has {size:.1f} MB, made in {took:.0f} s")
    assert 0.05 * RUNS < size < LIMIT_MB
    if ending == "zip":
        shutil.unpack_archive(report, tmp_path)
        report = tmp_path / "report" / "report.html"
    page = open_page(report)
    page.get_by_role("heading", name="Seed-to-voxel correlation maps").wait_for()
    assert page.evaluate("Object.keys(results).length") == RUNS * (3 * 4 + len(OF_RUN)) + 3 + 2 + 1
    page.evaluate("app.showCategory('2 Maps')")
    page.locator(MENU).get_by_text("V1 seed", exact=True).click()
    rows = page.locator(f"{MENU} tbody tr")
    assert rows.count() == RUNS
    rows.last.locator("td:last-child a").first.click()
    image = page.locator(".grow img")
    image.evaluate("(image) => image.decode()")
    assert image.evaluate("(image) => image.naturalWidth") > 500

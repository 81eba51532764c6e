"""Make the pictures of the gallery from the simulated cohort.

    uv run python docs/make_pictures.py

runs the embedded default in a temporary folder, and puts its figures, made small, into docs/pictures. With
`--results F`, the results of a finished run of the default in F are used instead. Pages need Chromium.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
WIDTH = 900

FIGURES = {
    "map": "seed-PCC_stat-pearsoncorrelation_statmap",
    "surface": "seed-PCC_desc-surface_figure",
    "glassbrain": "seed-PCC_desc-glassbrain_figure",
    "mosaic": "seed-PCC_desc-mosaic_figure",
    "location": "seed-PCC_desc-location_figure",
    "distribution": "seed-PCC_desc-distribution_figure",
    "clusters": "seed-PCC_desc-clusters_figure",
    "networks": "seed-PCC_desc-networks_figure",
    "seed_series": "seed-PCC_timeseries",
}


CLEANINGS = """
dataset: {kind: simulated, simulated: {participants: 1}}
cleaning: {confounds: [trans_*, rot_*, csf, white_matter]}
cleanings:
  gsr: {confounds: [trans_*, rot_*, csf, white_matter, global_signal]}
  nofilter: {high_pass: null, low_pass: null}
"""
"""A study of several cleanings."""


def run_default(folder, *arguments):
    """Run the embedded default in a folder, or what the arguments say; its results folder is returned."""
    for part in ("Snakefile", "config", "workflow", "envs", "profiles", "pyproject.toml"):
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    subprocess.run([sys.executable, "-m", "snakemake", "--cores", "2", *arguments], cwd=folder, check=True)
    return folder / "results"


def shrink(source, target, colors=192):
    """Scale a picture to `WIDTH` and write it with few colours."""
    from PIL import Image

    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    from seed_to_voxel.figures import style

    with Image.open(source) as image:
        image = image.convert("RGB")
        height = round(image.height * min(1, WIDTH / image.width))
        small = image.resize((min(WIDTH, image.width), height), Image.Resampling.LANCZOS)
        style.few_colors(small, colors).save(target, optimize=True)


def photograph(page, target, executable, height=560):
    """Make a picture of an HTML page in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        opened = browser.new_page(viewport={"width": 1000, "height": height})
        opened.goto(page.resolve().as_uri())
        opened.wait_for_timeout(3000)
        opened.screenshot(path=target)
        browser.close()


def main(results):
    """Put all pictures into `PICTURES`."""
    PICTURES.mkdir(exist_ok=True)
    study = results / "derivatives" / "seed_to_voxel"
    for name, ending in FIGURES.items():
        shrink(next(study.glob(f"sub-01/func/*_{ending}.png")), PICTURES / f"{name}.png")
    with tempfile.TemporaryDirectory() as temporary:
        paper = run_default(Path(temporary), "paper", "--configfile", "config/paper.yaml") / "paper"
        shrink(paper / "page" / "network.png", PICTURES / "paper.png")
    with tempfile.TemporaryDirectory() as temporary:
        paper = run_default(Path(temporary), "paper", "--configfile", "config/surface_paper.yaml") / "paper"
        shrink(paper / "page" / "network.png", PICTURES / "surface_paper.png")
    with tempfile.TemporaryDirectory() as temporary:
        (Path(temporary) / "cleanings.yaml").write_text(CLEANINGS)
        only = ("--configfile", "cleanings.yaml", "--until", "draw_cleanings")
        cleaned = run_default(Path(temporary), *only) / "derivatives"
        shrink(next(cleaned.rglob("*_desc-cleanings_figure.png")), PICTURES / "cleanings.png")
    if executable := shutil.which("chromium"):
        pages = {"viewer_slices": "study_desc-slices_viewer", "viewer_surface": "study_desc-surface_viewer"}
        for name, stem in {"overview": "study_seed-PCC_desc-overview_page", **pages}.items():
            picture = PICTURES / f"{name}.png"
            photograph(study / f"{stem}.html", picture, executable)
            shrink(picture, picture)
        with tempfile.TemporaryDirectory() as temporary:
            page = "results/derivatives/seed_to_voxel/study_desc-explore_viewer.html"
            kinds = "figures={viewers: {kinds: [explore_group]}}"
            made = run_default(Path(temporary), page, "--config", kinds)
            picture = PICTURES / "explorer_group.png"
            photograph(made.parent / page, picture, executable)
            shrink(picture, picture)
        with tempfile.TemporaryDirectory() as temporary:
            folder = "results/derivatives/seed_to_voxel/sub-01/func"
            page = f"{folder}/sub-01_task-rest_space-fsaverage5_desc-explore_viewer.html"
            made = run_default(Path(temporary), page, "--configfile", "config/surface.yaml")
            picture = PICTURES / "explorer_cortex.png"
            photograph(made.parent / page, picture, executable, 1040)
            shrink(picture, picture)
    size = sum(path.stat().st_size for path in PICTURES.glob("*.png"))
    print(f"{len(list(PICTURES.glob('*.png')))} pictures, {size / 1e6:.2f} MB together")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args().results
    if given:
        main(given)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(run_default(Path(temporary)))

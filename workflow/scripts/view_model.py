"""Make an interactive viewer of the maps of a model of groups: normal deviates of every contrast and seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

# Functions import nilearn anyway; here, once for all jobs.
import nilearn.plotting  # noqa: F401

from seed_to_voxel.base import joblog
from seed_to_voxel.figures import style
from seed_to_voxel.images import layouts, meshes, nifti
from seed_to_voxel.pages import viewers

THRESHOLD = 3.29
"""p < 0.001, two-sided; the page has a slider."""


def main(
    maps: Sequence[str],
    names: Sequence[str],
    seeds: Sequence[Mapping],
    cmap: str,
    page: str,
    model: str,
    on_surface: bool = False,
) -> None:
    """Write the page, on slices or on fsaverage5; `names` and `seeds` say what maps show and where seeds lie."""
    style.use_style()
    shown = [
        (
            name,
            {"x": 0, "y": 0, "z": 0, **seed},
            meshes.on_fsaverage5(paths) if on_surface else nifti.load(paths[0], 3),
        )
        for name, seed, paths in zip(names, seeds, layouts.in_turn(maps, len(names)), strict=True)
    ]
    make = viewers.surface_page if on_surface else viewers.slices_page
    written = make(shown, THRESHOLD, viewers.DEVIATE.reach, cmap, viewers.DEVIATE, f"model {model}")
    Path(page).write_text(written, encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            maps=list(snakemake.input.maps),
            names=snakemake.params.names,
            seeds=snakemake.params.seeds,
            cmap=snakemake.params.cmap,
            page=snakemake.output.page,
            model=snakemake.wildcards.model,
            on_surface=snakemake.params.on_surface,
        )

"""Make interactive viewers of chosen runs' maps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Functions import nilearn anyway; here, once for all jobs.
import nilearn.plotting  # noqa: F401

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.figures import style
from seed_to_voxel.images import layouts, meshes, nifti
from seed_to_voxel.pages import viewers


def main(
    maps: Sequence[str],
    sidecars: Sequence[str],
    shown: Sequence[Mapping],
    kinds: Sequence[str],
    options: Mapping[str, Any],
    pages: Sequence[str],
    on_surface: bool = False,
) -> None:
    """Write a page of each kind with all maps: `shown` says whose each map is, its sidecar where the seed lies."""
    style.use_style()
    named = [
        (
            f"{style.run_title(about['labels'])} – {about['seed']['label']}",
            provenance.read_json(sidecar)["Seed"],
            meshes.on_fsaverage5(paths) if on_surface else nifti.load(paths[0], 3),
        )
        for about, paths, sidecar in zip(shown, layouts.in_turn(maps, len(sidecars)), sidecars, strict=True)
    ]
    make = {"slices": viewers.slices_page, "surface": viewers.surface_page}
    for kind, page in zip(kinds, pages, strict=True):
        written = make[kind](named, options["threshold"], options["vmax"], options["cmap"])
        Path(page).write_text(written, encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            maps=snakemake.input.maps,
            sidecars=snakemake.input.sidecars,
            shown=snakemake.params.shown,
            kinds=snakemake.params.kinds,
            options=snakemake.params.options,
            pages=snakemake.output.pages,
            on_surface=snakemake.params.on_surface,
        )

"""Make interactive viewers of chosen runs' maps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

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
            _drawn(paths, on_surface),
        )
        for about, paths, sidecar in zip(shown, layouts.in_turn(maps, len(sidecars)), sidecars, strict=True)
    ]
    make = {"slices": viewers.slices_page, "surface": viewers.surface_page}
    for kind, page in zip(kinds, pages, strict=True):
        written = make[kind](named, options["threshold"], options["vmax"], options["cmap"])
        Path(page).write_text(written, encoding="utf-8")


def _drawn(paths: Sequence[str], on_surface: bool) -> Any:
    """A map as the viewers take it."""
    if not on_surface:
        return nifti.load(paths[0], 3)
    layout = layouts.of_files(paths)
    # The page is on the mesh of fsaverage5.
    both = meshes.template("fsaverage5", {"left": None, "right": None})
    return np.concatenate(list(meshes.filled(layout.hemispheres(layout.read(paths)), both).values()))


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

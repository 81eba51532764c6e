"""Lay out every run's map on one page for each seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.figures import cortex, style
from seed_to_voxel.images import layouts, meshes, nifti
from seed_to_voxel.pages import overview
from seed_to_voxel.study.bids import in_mni


def main(
    maps: Sequence[str],
    sidecars: Sequence[str],
    masks: Sequence[str],
    means: Sequence[str],
    metrics: Sequence[str],
    statistics: Sequence[str],
    options: Mapping,
    pages: Sequence[str],
    surfaces: Mapping | None = None,
) -> None:
    """Write the page of each seed; `maps` has all seeds of the first run, then of the next, all else a file a run.

    Images of runs on the cortical surface, whose meshes `surfaces` has, may be two files each.
    """
    n_seeds = len(pages)
    cleaned = [provenance.read_json(path) for path in sidecars]
    measured = [provenance.read_json(path) for path in metrics]
    tested = [provenance.read_json(path)["seeds"] for path in statistics]
    colors = {name: options[name] for name in ("threshold", "vmax", "cmap")}
    n_runs = len(sidecars)
    images = layouts.in_turn(maps, n_runs * n_seeds)
    brains, backgrounds = layouts.in_turn(masks, n_runs), layouts.in_turn(means, n_runs)
    thumbnails = None
    if surfaces:
        thumbnails = cortex.CorticalThumbnails(*meshes.for_drawing(surfaces["space"], surfaces), **colors)
    for position, page in enumerate(pages):
        seed = cleaned[0]["Seeds"][position]
        entries = overview.collect(
            seed,
            (
                {
                    "title": style.run_title(quality["labels"]),
                    **(
                        _on_surface(path, mask, thumbnails)
                        if thumbnails
                        else {
                            "image": nifti.load(path[0], 3),
                            "mean": None if in_mni(quality["labels"]["space"]) else nifti.load(mean[0], 3),
                            "mask": np.asarray(nifti.load(mask[0], 3).dataobj) != 0,
                        }
                    ),
                    "place": [run["Seeds"][position][axis] for axis in "xyz"],
                    "excluded": run["Seeds"][position].get("excluded"),
                    "nu": float("nan") if (nu := nu_of[seed["label"]]["nu"]) is None else nu,
                    "mean_fd": float("nan") if (fd := quality["metrics"]["mean_fd"]) is None else fd,
                }
                for run, quality, nu_of, path, mask, mean in zip(
                    cleaned, measured, tested, images[position::n_seeds], brains, backgrounds, strict=True
                )
            ),
            **colors,
        )
        Path(page).write_text(overview.page(seed, entries, **colors), encoding="utf-8")


def _on_surface(path: Sequence[str], mask: Sequence[str], thumbnails: cortex.CorticalThumbnails) -> dict:
    """A map of a run on the surface, as `overview.collect` takes it."""
    layout = layouts.of_files(mask)
    values = layout.read(path)
    return {
        "values": values,
        "mask": layout.read(mask) != 0,
        "thumbnail": thumbnails.draw(layout.hemispheres(values)),
        "word": layout.said,
    }


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            maps=snakemake.input.maps,
            sidecars=snakemake.input.sidecars,
            masks=snakemake.input.masks,
            means=snakemake.input.means,
            metrics=snakemake.input.metrics,
            statistics=snakemake.input.statistics,
            options=snakemake.params.options,
            surfaces=snakemake.params.surfaces,
            pages=snakemake.output.pages,
        )

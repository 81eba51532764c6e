"""Lay the cleanings of all runs side by side: a table, and a page with the mean maps."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables, words
from seed_to_voxel.figures import cleanings as figures
from seed_to_voxel.figures import cortex, thumbnails
from seed_to_voxel.images import layouts, meshes, nifti
from seed_to_voxel.inputs import atlases
from seed_to_voxel.pages import cleanings as pages
from seed_to_voxel.quality import cleanings
from seed_to_voxel.study.bids import in_mni
from seed_to_voxel.study.cleanings import MAIN


def mean_map(maps: Sequence[Sequence[str]], planes: figures.Underlay) -> list[np.ndarray]:
    """The mean map of some runs on planes: tanh of the mean of Fisher z over those that have a value there."""
    total = [np.zeros(points.shape[:2]) for points in planes.points]
    there = [np.zeros(points.shape[:2]) for points in planes.points]
    for (path,) in maps:
        for number, z in enumerate(planes.cut(nifti.load(path, 3))):
            total[number] += z
            # Maps are 0 outside of the brain.
            there[number] += z != 0
    return [np.tanh(one / np.maximum(count, 1)) for one, count in zip(total, there, strict=True)]


def mean_on_cortex(
    maps: Sequence[Sequence[str]], each: Sequence[layouts.Layout], drawn: Mapping[str, meshes.Mesh]
) -> dict[str, np.ndarray]:
    """The same of runs on the cortical surface, by hemisphere; NaN where no run has a value.

    `each` has the layouts of the runs: files of CIFTI need not have the same vertices.
    """
    total, there = ({side: np.zeros(mesh.n_vertices) for side, mesh in drawn.items()} for _ in range(2))
    for paths, layout in zip(maps, each, strict=True):
        for side, z in meshes.filled(layout.hemispheres(layout.read(paths)), drawn).items():
            total[side] += np.nan_to_num(z)
            there[side] += np.isfinite(z)
    with np.errstate(invalid="ignore"):
        return {side: np.tanh(total[side] / there[side]).astype(np.float32) for side in drawn}


def main(
    run_tables: Sequence[str],
    z_maps: Mapping[str, Sequence[str]],
    sidecars: Sequence[str],
    metrics: Sequence[str],
    does: Mapping[str, str],
    without_global_signal: Sequence[str],
    of_motion: bool,
    level: float,
    options: Mapping,
    table: str,
    sidecar: str,
    page: str,
    surfaces: Mapping | None = None,
    coordinates: Sequence[str] = (),
) -> None:
    """Write the study's table, its description and the page.

    `z_maps` has for each cleaning the seeds of the first run, then of the next; all else is a file a run. `of_motion`:
    whether there are participants enough for QC-FC. `surfaces` has the meshes of runs on the cortical surface, and
    `coordinates` where the places of each are, MNI mm.
    """
    runs = [provenance.read_json(path) for path in sidecars]
    measured = [provenance.read_json(path) for path in metrics]
    subjects = [run["labels"]["subject"] for run in measured]
    seeds = [{"name": seed["label"], **seed} for seed in runs[0]["Seeds"]]
    labels = [seed["label"] for seed in seeds]
    places = np.mean([[[seed[axis] for axis in "xyz"] for seed in run["Seeds"]] for run in runs], axis=0)
    maps_of = {name: layouts.in_turn(paths, len(runs) * len(labels)) for name, paths in z_maps.items()}
    rows = cleanings.over_runs([row for path in run_tables for row in cleanings.read_rows(path)])
    if of_motion:
        mean_fd = [run["metrics"]["mean_fd"] for run in measured]
        of_runs = (labels, mean_fd, subjects, atlases.dosenbach(), places, coordinates)
        rows = cleanings.with_motion(rows, maps_of, *of_runs)
    tables.write(table, {name: [row[name] for row in rows] for name in cleanings.COLUMNS}, digits=5)
    # Sidecars of runs on a grid do not name their places.
    word = runs[0].get("Places", "voxels")
    provenance.write_json(sidecar, words.of_places(cleanings.describe(does, len(runs)), word))

    pictures, planes = {}, dict[str, Sequence[str]]()
    colors = (options["threshold"], options["vmax"], options["cmap"])
    if surfaces:
        drawn, greys = meshes.for_drawing(surfaces["space"], surfaces)
        cortical = cortex.CorticalThumbnails(drawn, greys, *colors)
        each = layouts.of_each(maps_of[MAIN][:: len(labels)])

    def laid(place: Sequence[float]) -> tuple[Sequence[str], Callable[[Sequence[Sequence[str]]], bytes]]:
        """What the pictures of a seed show, and what makes one of the maps of all runs."""
        if surfaces:
            return cortex.SEEN, lambda maps: cortical.draw(mean_on_cortex(maps, each, drawn))
        names, underlay = figures.underlay(place)
        return names, lambda maps: thumbnails.beside(underlay.paint(mean_map(maps, underlay), *colors))

    alike = surfaces is not None or all(in_mni(run["labels"]["space"]) for run in measured)
    for number, label in enumerate(labels if alike else ()):
        planes[label], draw = laid(places[number])
        for row in (row for row in rows if row["seed"] == label and row["runs"]):
            pictures[label, row["cleaning"]] = draw(maps_of[row["cleaning"]][number :: len(labels)])
    n_subjects = len(set(subjects))
    said = (does, without_global_signal, len(runs), n_subjects, level, colors)
    Path(page).write_text(pages.page(rows, seeds, pictures, planes, *said, word), encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        others = list(snakemake.params.does)
        n_runs = len(snakemake.input.tables)
        # A run's are in turn those of each cleaning, of all seeds.
        in_turn = layouts.in_turn(snakemake.input.of_cleanings, n_runs * len(others))
        main(
            run_tables=list(snakemake.input.tables),
            z_maps={
                MAIN: list(snakemake.input.maps),
                **{
                    name: [path for paths in in_turn[position :: len(others)] for path in paths]
                    for position, name in enumerate(others)
                },
            },
            sidecars=list(snakemake.input.sidecars),
            metrics=list(snakemake.input.metrics),
            does=snakemake.params.does,
            without_global_signal=snakemake.params.without_global_signal,
            of_motion=snakemake.params.of_motion,
            level=snakemake.params.level,
            options=snakemake.params.options,
            surfaces=snakemake.params.surfaces,
            coordinates=list(snakemake.input.coordinates),
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
            page=snakemake.output.page,
        )

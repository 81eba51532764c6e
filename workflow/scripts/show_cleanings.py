"""Lay the cleanings of all runs side by side: a table, and a page with the mean maps."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.figures import cleanings as figures
from seed_to_voxel.figures import thumbnails
from seed_to_voxel.images import nifti
from seed_to_voxel.inputs import atlases
from seed_to_voxel.pages import cleanings as pages
from seed_to_voxel.quality import cleanings
from seed_to_voxel.study.bids import in_mni
from seed_to_voxel.study.cleanings import MAIN


def mean_map(paths: Sequence[str], planes: figures.Underlay) -> list[np.ndarray]:
    """The mean map of some runs on planes: tanh of the mean of Fisher z over those that have a value there."""
    total = [np.zeros(points.shape[:2]) for points in planes.points]
    there = [np.zeros(points.shape[:2]) for points in planes.points]
    for path in paths:
        for number, z in enumerate(planes.cut(nifti.load(path, 3))):
            total[number] += z
            # Maps are 0 outside of the brain.
            there[number] += z != 0
    return [np.tanh(one / np.maximum(count, 1)) for one, count in zip(total, there, strict=True)]


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
) -> None:
    """Write the study's table, its description and the page.

    `z_maps` has for each cleaning the seeds of the first run, then of the next; all else is a file a run. `of_motion`:
    whether there are participants enough for QC-FC.
    """
    runs = [provenance.read_json(path) for path in sidecars]
    measured = [provenance.read_json(path) for path in metrics]
    subjects = [run["labels"]["subject"] for run in measured]
    seeds = [{"name": seed["label"], **seed} for seed in runs[0]["Seeds"]]
    labels = [seed["label"] for seed in seeds]
    places = np.mean([[[seed[axis] for axis in "xyz"] for seed in run["Seeds"]] for run in runs], axis=0)
    rows = cleanings.over_runs([row for path in run_tables for row in cleanings.read_rows(path)])
    if of_motion:
        mean_fd = [run["metrics"]["mean_fd"] for run in measured]
        rows = cleanings.with_motion(rows, z_maps, labels, mean_fd, subjects, atlases.dosenbach(), places)
    tables.write(table, {name: [row[name] for row in rows] for name in cleanings.COLUMNS}, digits=5)
    provenance.write_json(sidecar, cleanings.describe(does, len(runs)))

    pictures, planes = {}, {}
    colors = (options["threshold"], options["vmax"], options["cmap"])
    for number, label in enumerate(labels if all(in_mni(run["labels"]["space"]) for run in measured) else ()):
        planes[label], underlay = figures.underlay(places[number])
        for row in (row for row in rows if row["seed"] == label and row["runs"]):
            values = mean_map(z_maps[row["cleaning"]][number :: len(labels)], underlay)
            pictures[label, row["cleaning"]] = thumbnails.beside(underlay.paint(values, *colors))
    n_subjects = len(set(subjects))
    said = (does, without_global_signal, len(runs), n_subjects, level, colors)
    Path(page).write_text(pages.page(rows, seeds, pictures, planes, *said), encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        others, n_seeds = list(snakemake.params.does), len(snakemake.params.labels)
        every = list(snakemake.input.of_cleanings)
        # A run's are in turn those of each cleaning, of all seeds.
        in_turn = [every[start : start + n_seeds] for start in range(0, len(every), n_seeds)]
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
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
            page=snakemake.output.page,
        )

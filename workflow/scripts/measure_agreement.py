"""Measure how alike maps are from run to run, and from session to session, and what share of it is the subject's."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.base.joblog import logger
from seed_to_voxel.figures import agreement as pictures
from seed_to_voxel.figures import style
from seed_to_voxel.images import layouts
from seed_to_voxel.quality import agreement
from seed_to_voxel.statistics import multiplicity


def main(
    runs: Mapping[str, Mapping[str, str]],
    labels: Sequence[str],
    z_maps: Sequence[str],
    masks: Sequence[str],
    seed_voxels: Sequence[str],
    sidecars: Sequence[str],
    smoothing: float | None,
    datasets: Mapping[str, str],
    outputs: Mapping[str, Sequence[str]],
    coordinates: Sequence[str] = (),
) -> None:
    """Write the table with its sidecar, a figure, and the maps of both intraclass correlations of each seed.

    `runs` has the labels of each run, `z_maps` the seeds run by run, `outputs` the names that the rule gives, and
    `coordinates` where the places of each run are, MNI mm, where they are not on a grid.
    """
    files_of = layouts.in_turn(masks, len(runs))
    every = layouts.of_each(files_of)
    # Maps are compared where most runs are: on one grid.
    layout = max(every, key=every.count)
    here = [other is layout for other in every]
    names = list(runs)
    elsewhere = [name for name, same in zip(names, here, strict=True) if not same]
    if elsewhere:
        logger.warning(f"not compared, as they lie on another grid than the others: {', '.join(elsewhere)}")
    found = agreement.sources({name: labels for name, labels in runs.items() if name not in elsewhere})
    at = [position for position, same in enumerate(here) if same]
    brain = np.logical_and.reduce([layout.read(files_of[position]) != 0 for position in at])
    where = np.load(coordinates[at[0]]) if coordinates else layout.affine
    reach = multiplicity.reach(smoothing, provenance.read_json(sidecars[at[0]])["SeedSmoothing"])
    # One table of all runs' seeds.
    places = [["seed"], *(row for position in at for row in tables.cells(seed_voxels[position])[1:])]
    rows, missing = [], {}
    maps_of = layouts.in_turn(z_maps, len(runs) * len(labels))
    for number, label in enumerate(labels):
        paths = [maps_of[position * len(labels) + number] for position in at]
        maps = np.stack([layout.read(files)[brain] for files in paths])
        there = np.isfinite(maps).any(axis=1)
        missing[label] = [source.run for source, known in zip(found, there, strict=True) if not known]
        known = [source for source, defined in zip(found, there, strict=True) if defined]
        maps = maps[there]
        away = multiplicity.away_from(places, [label], reach, where, brain)
        shared = np.isfinite(maps).all(axis=0) & away
        rows += agreement.rows_of_seed(label, known, agreement.agreements(maps[:, shared]))
        task = agreement.main_task(known)
        subjects, occasions = agreement.complete([source for source in known if source.task == task])
        values, used = agreement.by_occasion(maps, known, subjects, occasions, task)
        given = [provenance.uri(path, datasets) for row in np.flatnonzero(there)[used].tolist() for path in paths[row]]
        for stat, of_map in zip(("icc21", "icc31"), agreement.intraclass(values), strict=True):
            files = layouts.in_turn(outputs[f"{stat}_maps"], len(labels))[number]
            layout.save_map(files, of_map, brain, f"{agreement.ICC[stat][0]}, seed {label}"[:79])
            about = agreement.describe_map(stat, label, of_map, subjects, occasions, task, given)
            provenance.write_json(outputs[f"{stat}_sidecars"][number], layout.said(about))
    (table,), (described,) = outputs["table"], outputs["sidecar"]
    tables.write(table, {name: [row[name] for row in rows] for name in agreement.COLUMNS}, digits=5)
    sessions = agreement.by_session({source.run: runs[source.run] for source in found})
    n_voxels = int(brain.sum())
    about = agreement.describe(reach, n_voxels, found, sessions, elsewhere, missing)
    provenance.write_json(described, layout.said(about))
    subtitle = f"{len(found)} runs of {len({source.subject for source in found})} subjects, Fisher z over the brain"
    figure, alt = pictures.plot_agreement(rows, labels, subtitle)
    style.save(figure, style.stem_of(outputs["figure"]), alt)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        main(
            runs=snakemake.params.runs,
            labels=snakemake.params.labels,
            z_maps=list(snakemake.input.maps),
            masks=list(snakemake.input.masks),
            seed_voxels=list(snakemake.input.seed_voxels),
            sidecars=list(snakemake.input.sidecars),
            smoothing=snakemake.params.smoothing,
            datasets=snakemake.params.datasets,
            outputs={
                name: [paths] if isinstance(paths, str) else list(paths) for name, paths in snakemake.output.items()
            },
            coordinates=list(snakemake.input.coordinates),
        )

"""Measure how alike maps are from run to run, and from session to session, and what share of it is the subject's."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.base.joblog import logger
from seed_to_voxel.figures import agreement as pictures
from seed_to_voxel.figures import style
from seed_to_voxel.images import nifti, resampling
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
) -> None:
    """Write the table with its sidecar, a figure, and the maps of both intraclass correlations of each seed.

    `runs` has the labels of each run, `z_maps` the seeds run by run, and `outputs` the names that the rule gives.
    """
    names, found = list(runs), agreement.sources(runs)
    reference = nifti.load(masks[0], 3)
    brain = np.ones(reference.shape, dtype=bool)
    for name, path in zip(names, masks, strict=True):
        image = nifti.load(path, 3)
        if not resampling.same_grid(image, reference):
            resampling.refuse_unless(False, name, image, names[0], reference)
        brain &= np.asarray(image.dataobj) != 0
    reach = multiplicity.reach(smoothing, provenance.read_json(sidecars[0])["SeedSmoothing"])
    subjects, occasions = agreement.complete(found)
    rows = []
    for number, label in enumerate(labels):
        maps = np.stack([np.asarray(nifti.load(path, 3).dataobj)[brain] for path in z_maps[number :: len(labels)]])
        own = np.concatenate(
            [[place[:3] for owner, *place in tables.cells(path)[1:] if owner == label] for path in seed_voxels]
        ).astype(int)
        near = multiplicity.within_reach(np.unique(own, axis=0), reach, reference.affine, brain.shape)[brain]
        defined = np.isfinite(maps).all(axis=0) & ~near
        if not defined.any():
            logger.warning(f"seed {label}: no voxel has a value in every run, so that its maps are not compared")
        rows += agreement.rows_of_seed(label, found, agreement.agreements(maps[:, defined]))
        cells = [
            [
                np.mean([row for row, source in zip(maps, found, strict=True) if of_cell(source, subject, at)], axis=0)
                for at in occasions
            ]
            for subject in subjects
        ]
        values = np.array(cells) if cells else np.full((2, 2, int(brain.sum())), np.nan)
        for stat, of_map in zip(("icc21", "icc31"), agreement.intraclass(values), strict=True):
            path, sidecar = (outputs[f"{stat}_{kind}"][number] for kind in ("maps", "sidecars"))
            nifti.save_map(path, of_map, brain, reference, f"{agreement.ICC[stat][0]}, seed {label}"[:79])
            given = [provenance.uri(source, datasets) for source in z_maps[number :: len(labels)]]
            provenance.write_json(sidecar, agreement.describe_map(stat, label, of_map, subjects, occasions, given))
    (table,), (described,) = outputs["table"], outputs["sidecar"]
    tables.write(table, {name: [row[name] for row in rows] for name in agreement.COLUMNS}, digits=5)
    provenance.write_json(described, agreement.describe(reach, int(brain.sum()), found))
    subtitle = f"{len(names)} runs of {len({source.subject for source in found})} subjects, Fisher z over the brain"
    figure, alt = pictures.plot_agreement(rows, labels, subtitle)
    style.save(figure, style.stem_of(outputs["figure"]), alt)


def of_cell(source: agreement.Source, subject: str, occasion: str) -> bool:
    """Whether a run is one of a subject's at an occasion."""
    return source.subject == subject and source.occasion == occasion


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
        )

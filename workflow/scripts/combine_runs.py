"""Combine the runs of a subject to one map of Fisher z a seed, weighted by what each run is worth."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.connectivity import relations
from seed_to_voxel.groups import pairs, subject_sidecars, subjects
from seed_to_voxel.images import alignment, layouts


def main(
    runs: Sequence[str],
    labels: Sequence[str],
    z_maps: Sequence[str],
    nu_maps: Sequence[str],
    masks: Sequence[str],
    may_resample: bool,
    apart: float,
    unit: Mapping[str, Any],
    datasets: Mapping[str, str],
    images: Mapping[str, str | Sequence[str]],
    sidecar: str,
    of_pairs: Sequence[str] = (),
    matrix: Sequence[str] = (),
) -> None:
    """Write images of mean, variance and heterogeneity, a volume a seed; `z_maps` has the seeds run by run.

    `of_pairs` has each run's table of pairs of seeds, and `matrix` the files of their mean and its sidecar, where
    there are several seeds.
    """
    n_seeds, n_maps = len(labels), len(runs) * len(labels)
    reference = layouts.of_files(layouts.in_turn(z_maps, n_maps)[0])
    brains, moved = [], []
    for run, paths in zip(runs, layouts.in_turn(masks, len(runs)), strict=True):
        layout = layouts.of_files(paths)
        if not alignment.check_like(layout, reference, run, runs[0], may_resample):
            moved.append(run)
        brains.append((layout, np.where(layout.read(paths) != 0, 1.0, np.nan)))
    found = {name: np.full((*reference.shape, n_seeds), reference.outside, dtype=np.float32) for name in images}
    described = []
    for number, label in enumerate(labels):
        z, nu = (
            np.stack(
                [
                    alignment.onto(
                        layout,
                        layout.read(of_seeds[position * n_seeds + number]).astype(float) * brain,
                        reference,
                    )
                    for position, (layout, brain) in enumerate(brains)
                ]
            )
            for of_seeds in (layouts.in_turn(maps, n_maps) for maps in (z_maps, nu_maps))
        )
        combined = subjects.combine(z, nu)
        for name, values in (
            ("effect", combined.mean),
            ("variance", combined.variance),
            ("q", combined.q),
            ("i2", combined.i2),
        ):
            # As in all maps of this workflow, 0 outside of the brain, or NaN on the surface.
            found[name][..., number] = np.where(combined.n_runs > 0, values, reference.outside)
        distances = subjects.distances(z.reshape(len(runs), -1), nu.reshape(len(runs), -1))
        described.append(subject_sidecars.of_seed(label, combined, distances, runs, apart))
    for name, files in images.items():
        text = f"{subject_sidecars.IMAGES[name][0]}, a volume a seed"[:79]
        reference.save_several(layouts.listed(files), found[name], labels, text)
    sources = [provenance.uri(path, datasets) for path in z_maps]
    content = subject_sidecars.of_unit(unit, runs, described, moved, sources, apart)
    provenance.write_json(sidecar, reference.said_of_groups(content))
    if matrix:
        names, mean = pairs.of_runs(of_pairs)
        values, seeds = pairs.as_matrix(mean, names)
        tables.write(matrix[0], relations.as_matrix(values, seeds), digits=7)
        said = pairs.describe_unit(unit, runs, seeds, [provenance.uri(path, datasets) for path in of_pairs])
        provenance.write_json(matrix[1], said)
    for sentence in subject_sidecars.warnings(content):
        print(sentence, file=joblog.screen)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            runs=snakemake.params.runs,
            labels=snakemake.params.labels,
            z_maps=list(snakemake.input.z_maps),
            nu_maps=list(snakemake.input.nu_maps),
            masks=list(snakemake.input.masks),
            may_resample=snakemake.params.resample,
            apart=snakemake.params.apart,
            unit=snakemake.params.unit,
            datasets=snakemake.params.datasets,
            images={name: snakemake.output[name] for name in subject_sidecars.IMAGES},
            sidecar=snakemake.output.sidecar,
            of_pairs=list(snakemake.input.pairs),
            matrix=list(snakemake.output.matrix),
        )

"""Permute a contrast of a model for the maps of every seed: one part of the permutations."""

from collections.abc import Mapping, Sequence

# Functions import formulaic anyway; here, once for all jobs.
import formulaic.utils.constraints  # noqa: F401
import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.groups import clusters, design_files, inference, testing
from seed_to_voxel.images import layouts, places


def main(
    data: str,
    mask: str | Sequence[str],
    design: str,
    design_sidecar: str,
    contrast: Mapping,
    labels: Sequence[str],
    options: Mapping,
    measures: Sequence[str],
    part: int,
    maxima: str,
    surfaces: Mapping | None = None,
) -> None:
    """Write the largest values of the permuted maps; `part` counts from 1.

    `surfaces` has the meshes of runs on the cortical surface.
    """
    read = design_files.read(tables.cells(design), provenance.read_json(design_sidecar))
    asked = options["permutations"]
    model = testing.model_of(read, [contrast], asked["n"], asked["seed"])
    files = layouts.listed(mask)
    brain = layouts.of_files(files).read(files) != 0
    values = np.load(data, mmap_mode="r")
    whole = testing.covered_by_all(values)
    brain[brain] = whole
    found = inference.maxima_of_part(
        {label: seed[:, whole] for label, seed in zip(labels, values, strict=True)},
        model,
        clusters.among(brain, options["clusters"]["neighbours"], places.of_mask(files, surfaces)),
        part - 1,
        asked["parts"],
        testing.settings_of(options, measures),
    )
    np.savez(maxima, allow_pickle=False, **found.arrays())


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            data=snakemake.input.data,
            mask=snakemake.input.mask,
            design=snakemake.input.design,
            design_sidecar=snakemake.input.design_sidecar,
            contrast=snakemake.params.contrast,
            labels=snakemake.params.labels,
            options=snakemake.params.options,
            measures=snakemake.params.measures,
            part=int(snakemake.wildcards.part),
            maxima=snakemake.output.maxima,
            surfaces=snakemake.params.surfaces,
        )

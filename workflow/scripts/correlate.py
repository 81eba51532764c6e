"""Correlate every seed of a run with each of its voxels."""

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.connectivity import correlation, map_sidecars
from seed_to_voxel.images import nifti


def main(seed_series, seed_sidecar, voxel_series, voxel_sidecar, mask, output_maps, output_sidecars):
    """Write the map of Pearson's r of each seed, with its sidecar; the outputs are in the seeds' order."""
    _, seeds = tables.read_numbers(seed_series)
    r = correlation.pearson(np.array(seeds), np.load(voxel_series, mmap_mode="r"))
    mask_image = nifti.load(mask, 3)
    brain = np.asarray(mask_image.dataobj) != 0
    run = provenance.read_json(seed_sidecar)
    voxels = provenance.read_json(voxel_sidecar)
    for seed, values, path, sidecar in zip(run["Seeds"], r, output_maps, output_sidecars, strict=True):
        nifti.save_map(path, values, brain, mask_image, f"Pearson r, seed {seed['label']}")
        provenance.write_json(sidecar, map_sidecars.correlation_sidecar(values, seed, run, voxels))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            seed_series=snakemake.input.seeds,
            seed_sidecar=snakemake.input.seeds_sidecar,
            voxel_series=snakemake.input.voxels,
            voxel_sidecar=snakemake.input.voxels_sidecar,
            mask=snakemake.input.mask,
            output_maps=snakemake.output.maps,
            output_sidecars=snakemake.output.sidecars,
        )

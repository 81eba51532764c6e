"""Correlate every seed of a run with each of its voxels, and transform the correlations to Fisher z."""

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.connectivity import correlation, map_sidecars
from seed_to_voxel.images import nifti


def main(seed_series, seed_sidecar, voxel_series, voxel_sidecar, mask, datasets, outputs):
    """Write the maps of Pearson's r and of Fisher z, with their sidecars; outputs are in the seeds' order."""
    _, seeds = tables.read_numbers(seed_series)
    r = correlation.pearson(np.array(seeds), np.load(voxel_series, mmap_mode="r"))
    mask_image = nifti.load(mask, 3)
    brain = np.asarray(mask_image.dataobj) != 0
    run = provenance.read_json(seed_sidecar)
    voxels = provenance.read_json(voxel_sidecar)
    files = zip(*(outputs[name] for name in ("maps", "sidecars", "z_maps", "z_sidecars")), strict=True)
    for seed, values, (r_map, r_sidecar, z_map, z_sidecar) in zip(run["Seeds"], r, files, strict=True):
        described = map_sidecars.correlation_sidecar(values, seed, run, voxels)
        nifti.save_map(r_map, values, brain, mask_image, f"Pearson r, seed {seed['label']}")
        provenance.write_json(r_sidecar, described)
        z = correlation.fisher_z(values)
        nifti.save_map(z_map, z, brain, mask_image, f"Fisher z, seed {seed['label']}")
        provenance.write_json(z_sidecar, map_sidecars.fisher_z_sidecar(described, provenance.uri(r_map, datasets)))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            seed_series=snakemake.input.seeds,
            seed_sidecar=snakemake.input.seeds_sidecar,
            voxel_series=snakemake.input.voxels,
            voxel_sidecar=snakemake.input.voxels_sidecar,
            mask=snakemake.input.mask,
            datasets=snakemake.params.datasets,
            outputs=dict(snakemake.output.items()),
        )

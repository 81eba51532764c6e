"""Transform a run's correlation maps to Fisher z."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.connectivity import correlation, map_sidecars
from seed_to_voxel.images import nifti


def main(
    r_maps: Sequence[str],
    r_sidecars: Sequence[str],
    z_maps: Sequence[str],
    z_sidecars: Sequence[str],
    datasets: Mapping[str, str],
) -> None:
    """Write the map of Fisher z beside each map of r, with its sidecar."""
    for r_map, r_sidecar, z_map, z_sidecar in zip(r_maps, r_sidecars, z_maps, z_sidecars, strict=True):
        image = nifti.load(r_map, 3)
        z = correlation.fisher_z(np.asarray(image.dataobj))
        described = provenance.read_json(r_sidecar)
        nifti.save(z_map, z, image, f"Fisher z, seed {described['Seed']['label']}")
        provenance.write_json(z_sidecar, map_sidecars.fisher_z_sidecar(described, provenance.uri(r_map, datasets)))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            r_maps=snakemake.input.maps,
            r_sidecars=snakemake.input.sidecars,
            z_maps=snakemake.output.maps,
            z_sidecars=snakemake.output.sidecars,
            datasets=snakemake.params.datasets,
        )

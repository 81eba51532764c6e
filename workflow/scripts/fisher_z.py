"""Transform a run's correlation maps to Fisher z."""

from collections.abc import Mapping, Sequence

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.connectivity import correlation, map_sidecars
from seed_to_voxel.images import layouts


def main(
    r_maps: Sequence[str],
    r_sidecars: Sequence[str],
    z_maps: Sequence[str],
    z_sidecars: Sequence[str],
    datasets: Mapping[str, str],
) -> None:
    """Write the map of Fisher z beside each map of r, with its sidecar."""
    n_seeds = len(r_sidecars)
    files = zip(layouts.in_turn(r_maps, n_seeds), r_sidecars, layouts.in_turn(z_maps, n_seeds), z_sidecars, strict=True)
    for r_map, r_sidecar, z_map, z_sidecar in files:
        layout = layouts.of_files(r_map)
        described = provenance.read_json(r_sidecar)
        layout.save(z_map, correlation.fisher_z(layout.read(r_map)), f"Fisher z, seed {described['Seed']['label']}")
        sources = [provenance.uri(path, datasets) for path in r_map]
        provenance.write_json(z_sidecar, map_sidecars.fisher_z_sidecar(described, sources))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            r_maps=snakemake.input.maps,
            r_sidecars=snakemake.input.sidecars,
            z_maps=snakemake.output.maps,
            z_sidecars=snakemake.output.sidecars,
            datasets=snakemake.params.datasets,
        )

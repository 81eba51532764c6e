"""Correlate each edge from a seed to a node with head motion over all runs (QC-FC)."""

from collections.abc import Mapping, Sequence

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.figures import quality, style
from seed_to_voxel.inputs import atlases
from seed_to_voxel.quality import qcfc


def main(
    z_maps: Sequence[str],
    metrics: Sequence[str],
    labels: Sequence[str],
    seeds: Sequence[Mapping],
    table: str,
    sidecar: str,
    figure_files: Sequence[str],
) -> None:
    """Write the table of edges, its description, and the figure; `z_maps` has the runs' maps seed by seed."""
    mean_fd = [provenance.read_json(path)["metrics"]["mean_fd"] for path in metrics]
    places = atlases.dosenbach()
    edges = qcfc.edges_of_runs(z_maps, len(labels), places)
    rows = qcfc.correlate_with_motion(edges, mean_fd, labels, places, seeds)
    tables.write(table, rows)
    provenance.write_json(sidecar, qcfc.describe(rows))
    style.use_style()
    style.save(quality.plot_qcfc(rows), style.stem_of(figure_files))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            z_maps=list(snakemake.input.maps),
            metrics=list(snakemake.input.metrics),
            labels=snakemake.params.labels,
            seeds=provenance.read_json(snakemake.input.seeds_sidecar)["Seeds"],
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
            figure_files=list(snakemake.output.figure),
        )

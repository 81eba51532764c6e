"""Correlate each edge from a seed to a node with head motion over participants (QC-FC)."""

from collections.abc import Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables, words
from seed_to_voxel.figures import quality, style
from seed_to_voxel.images import layouts
from seed_to_voxel.inputs import atlases
from seed_to_voxel.quality import qcfc


def main(
    z_maps: Sequence[str],
    metrics: Sequence[str],
    labels: Sequence[str],
    sidecars: Sequence[str],
    table: str,
    sidecar: str,
    figure_files: Sequence[str],
    coordinates: Sequence[str] = (),
) -> None:
    """Write the table of edges, its description, and the figure.

    `z_maps` has the seeds run by run, and `coordinates` where the places of each run are, where that is no grid.
    """
    measured = [provenance.read_json(path) for path in metrics]
    nodes = atlases.dosenbach()
    edges, mean_fd = qcfc.of_subjects(
        qcfc.edges_of_runs(layouts.in_turn(z_maps, len(metrics) * len(labels)), len(labels), nodes, coordinates),
        [run["metrics"]["mean_fd"] for run in measured],
        [run["labels"]["subject"] for run in measured],
    )
    runs = [provenance.read_json(path) for path in sidecars]
    places = [[[seed[axis] for axis in "xyz"] for seed in run["Seeds"]] for run in runs]
    rows = qcfc.correlate_with_motion(edges, mean_fd, labels, nodes, np.mean(places, axis=0))
    tables.write(table, rows)
    # Sidecars of runs on a grid do not name their places.
    provenance.write_json(sidecar, words.of_places(qcfc.describe(rows), runs[0].get("Places", "voxels")))
    style.use_style()
    style.save(quality.plot_qcfc(rows), style.stem_of(figure_files))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            z_maps=list(snakemake.input.maps),
            metrics=list(snakemake.input.metrics),
            labels=snakemake.params.labels,
            sidecars=list(snakemake.input.sidecars),
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
            coordinates=list(snakemake.input.coordinates),
            figure_files=list(snakemake.output.figure),
        )

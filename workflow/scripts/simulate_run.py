"""Simulate one run of a cohort, and write it with its confounds and the truth planted in it."""

import json
from collections.abc import Sequence
from pathlib import Path

from isal import igzip

from seed_to_voxel.base import joblog, tables
from seed_to_voxel.inputs import simulated_cohort, simulated_surface, simulation


def main(
    bold: str | Sequence[str],
    sidecar: str,
    mask: str | Sequence[str],
    confounds: str,
    network_labels: str | Sequence[str],
    network_names: str,
    network_series: str,
    *,
    run_index: int,
    seed: int,
    voxel_size: float,
    n_volumes: int,
    t_r: float,
    task: str = "rest",
    session_index: int = 0,
    takeovers: Sequence[simulated_cohort.Takeover] = (),
) -> None:
    """Write the run, its sidecar, mask and confounds, and which voxels carry which network's series.

    On the cortical surface `bold` and `network_labels` have a file for each hemisphere, and there is no mask.
    """
    run = simulation.simulate_run(run_index, seed, voxel_size, n_volumes, t_r, task, session_index, takeovers)
    if isinstance(bold, str):
        for path, image in ((bold, run.bold), (mask, run.mask), (network_labels, run.network_labels)):
            # Ten times as fast as Python's gzip; without the time of writing.
            Path(str(path)).write_bytes(igzip.compress(image.to_bytes(), 2, mtime=0))
    else:
        names = dict(zip(run.networks["index"].tolist(), run.networks["network"].tolist(), strict=True))
        simulated_surface.write_run(list(bold), run.bold, run.mask)
        simulated_surface.write_labels(list(network_labels), run.network_labels, names)
    Path(sidecar).write_text(json.dumps(run.metadata, indent=2) + "\n")
    # Nine digits: exact enough, and the last bits of another machine's linear algebra do not show.
    for path, table in (
        (confounds, run.confounds),
        (network_names, run.networks),
        (network_series, run.network_series),
    ):
        tables.write(path, table, digits=9)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            bold=snakemake.output.bold,
            sidecar=snakemake.output.sidecar,
            mask=snakemake.output.mask,
            confounds=snakemake.output.confounds,
            network_labels=snakemake.output.network_labels,
            network_names=snakemake.output.network_names,
            network_series=snakemake.output.network_series,
            run_index=snakemake.params.run_index,
            session_index=snakemake.params.session_index,
            takeovers=simulated_cohort.takeovers(
                snakemake.params.run_index, snakemake.params.session_index, snakemake.params.planted
            ),
            seed=snakemake.params.planted["seed"],
            voxel_size=snakemake.params.voxel_size,
            n_volumes=snakemake.params.n_volumes,
            t_r=snakemake.params.t_r,
            task=snakemake.params.task,
        )

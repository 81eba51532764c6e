"""Correlate every seed of a run with each of its voxels, and say what chance would make of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.connectivity import correlation, relations
from seed_to_voxel.connectivity import map_sidecars as r_sidecars
from seed_to_voxel.images import layouts
from seed_to_voxel.statistics import bursts, cleaned, map_sidecars, null, significance

INTENTS = {"z": "z score", "p": "log10 p value", "nu": None}


def write_relations(made: cleaned.CleanedRun, nu: np.ndarray, paths: Sequence[str]) -> None:
    """Write what the seeds have to do with each other: matrices of r and of partial r, and a table of pairs."""
    found = relations.relate(made.seeds, made.operator, nu)
    z = null.z_score(found.r, found.nu)
    matrices = {"pearsoncorrelation": found.r, "partialcorrelation": found.partial}
    for (stat, values), table, described in zip(matrices.items(), paths[0::2], paths[1::2], strict=False):
        tables.write(table, relations.as_matrix(values, made.labels), digits=7)
        provenance.write_json(described, relations.sidecar(stat, found, made.labels, made.run))
    tables.write(paths[-2], relations.as_pairs(found, made.labels, z, null.minus_log10_p(z)))
    provenance.write_json(paths[-1], {name: {"Description": text} for name, text in relations.PAIRS.items()})


def main(
    inputs: Mapping[str, Any],
    options: Mapping,
    datasets: Mapping[str, str],
    maps: Mapping[str, Sequence[str]],
    related: Sequence[str],
    metrics: str,
) -> None:
    """Write the maps of r, z, p and nu of each seed, with their sidecars, in the seeds' order, and how seeds relate.

    `inputs` and `maps` have the names that the rule gives them, `related` the files of matrices and pairs.
    """
    made = cleaned.CleanedRun(inputs)
    run, layout, n_seeds = made.run, made.layout, len(made.labels)
    if options["bursts"]:
        bursts.check(made.std_dvars, inputs["seeds_sidecar"])
    r = correlation.pearson(made.seeds, made.series)
    found = significance.of_run(
        made.operator,
        made.kept,
        made.seeds,
        made.series,
        r,
        made.raw_seeds,
        options["null_seeds"],
        made.std_dvars,
        options["bursts"],
    )
    for number, (seed, values) in enumerate(zip(run["Seeds"], r, strict=True)):
        label = seed["label"]
        files = {name: layouts.in_turn(paths, n_seeds)[number] for name, paths in maps.items()}
        described = r_sidecars.correlation_sidecar(values, found.nu[number], seed, run, made.voxels)
        layout.save_map(files["maps"], values, made.brain, f"Pearson r, seed {label}")
        provenance.write_json(files["sidecars"][0], layout.said(described))
        uris = [provenance.uri(path, datasets) for path in files["maps"]]
        tested = made.tested([label])
        sidecars = map_sidecars.sidecars(described, found, number, values, tested, options, made.reach, uris)
        for name, content in sidecars.items():
            map_of = {"z": found.z, "p": found.minus_log10_p, "nu": found.nu}[name][number]
            text = f"{content['Units'].partition(':')[0]}, seed {label}"[:79]
            layout.save_map(files[f"{name}_maps"], map_of, made.brain, text, INTENTS[name])
            provenance.write_json(files[f"{name}_sidecars"][0], layout.said(content))
    if found.seed_nu is not None:
        write_relations(made, found.seed_nu, related)
    provenance.write_json(metrics, map_sidecars.metrics(run, found, made.reach, made.voxels))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            inputs=dict(snakemake.input.items()),
            options=snakemake.params.statistics,
            datasets=snakemake.params.datasets,
            maps={
                name: list(paths) for name, paths in snakemake.output.items() if name not in ("metrics", "relations")
            },
            related=snakemake.output.relations,
            metrics=snakemake.output.metrics,
        )

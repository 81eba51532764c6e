"""Correlate every seed of a run with each of its voxels, and say what chance would make of it."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.connectivity import correlation, relations
from seed_to_voxel.connectivity import map_sidecars as r_sidecars
from seed_to_voxel.images import layouts
from seed_to_voxel.statistics import bursts, map_sidecars, multiplicity, null, significance

INTENTS = {"z": "z score", "p": "log10 p value", "nu": None}


def write_relations(
    run: Mapping, seeds: np.ndarray, operator: np.ndarray, nu: np.ndarray, paths: Sequence[str]
) -> None:
    """Write what the seeds have to do with each other: matrices of r and of partial r, and a table of pairs."""
    labels = [seed["label"] for seed in run["Seeds"]]
    found = relations.relate(seeds, operator, nu)
    z = null.z_score(found.r, found.nu)
    matrices = {"pearsoncorrelation": found.r, "partialcorrelation": found.partial}
    for (stat, values), table, described in zip(matrices.items(), paths[0::2], paths[1::2], strict=False):
        tables.write(table, relations.as_matrix(values, labels), digits=7)
        provenance.write_json(described, relations.sidecar(stat, found, labels, run))
    tables.write(paths[-2], relations.as_pairs(found, labels, z, null.minus_log10_p(z)))
    provenance.write_json(paths[-1], {name: {"Description": text} for name, text in relations.PAIRS.items()})


def main(
    seed_series: str,
    seed_sidecar: str,
    seed_voxels: str,
    voxel_series: str,
    voxel_sidecar: str,
    mask: str | Sequence[str],
    operator: str,
    motion: str,
    raw_seeds: str,
    options: Mapping,
    datasets: Mapping[str, str],
    maps: Mapping[str, Sequence[str]],
    related: Sequence[str],
    metrics: str,
    coordinates: str | None = None,
) -> None:
    """Write the maps of r, z, p and nu of each seed, with their sidecars, in the seeds' order, and how seeds relate.

    `coordinates` has those of each place, MNI mm, where places are not on a grid.
    """
    std_dvars = np.array(tables.read_numbers(motion)[1])[:, 1]
    if options["bursts"]:
        bursts.check(std_dvars, seed_sidecar)
    run, voxels = provenance.read_json(seed_sidecar), provenance.read_json(voxel_sidecar)
    # A plain array: each slab that is cut from a `memmap` would be one too, which takes its time.
    seeds, series = np.array(tables.read_numbers(seed_series)[1]), np.asarray(np.load(voxel_series, mmap_mode="r"))
    layout = layouts.of_files(layouts.listed(mask))
    brain = layout.read(layouts.listed(mask)) != 0
    r = correlation.pearson(seeds, series)
    found = significance.of_run(
        np.load(operator),
        significance.kept_volumes(run),
        seeds,
        series,
        r,
        np.array(tables.read_numbers(raw_seeds)[1]),
        options["null_seeds"],
        std_dvars,
        options["bursts"],
    )
    reach = multiplicity.reach(voxels["smoothing_fwhm"], run["SeedSmoothing"])
    places = tables.cells(seed_voxels)
    where = np.load(coordinates) if coordinates else layout.affine
    n_seeds = len(run["Seeds"])
    for number, (seed, values) in enumerate(zip(run["Seeds"], r, strict=True)):
        label = seed["label"]
        files = {name: layouts.in_turn(paths, n_seeds)[number] for name, paths in maps.items()}
        described = r_sidecars.correlation_sidecar(values, found.nu[number], seed, run, voxels)
        layout.save_map(files["maps"], values, brain, f"Pearson r, seed {label}")
        provenance.write_json(files["sidecars"][0], layout.said(described))
        uris = [provenance.uri(path, datasets) for path in files["maps"]]
        tested = multiplicity.away_from(places, [label], reach, where, brain)
        sidecars = map_sidecars.sidecars(described, found, number, values, tested, options, reach, uris)
        for name, content in sidecars.items():
            map_of = {"z": found.z, "p": found.minus_log10_p, "nu": found.nu}[name][number]
            text = f"{content['Units'].partition(':')[0]}, seed {label}"[:79]
            layout.save_map(files[f"{name}_maps"], map_of, brain, text, INTENTS[name])
            provenance.write_json(files[f"{name}_sidecars"][0], layout.said(content))
    if found.seed_nu is not None:
        write_relations(run, seeds, np.load(operator), found.seed_nu, related)
    provenance.write_json(metrics, map_sidecars.metrics(run, found, reach, voxels))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            seed_series=snakemake.input.seeds,
            seed_sidecar=snakemake.input.seeds_sidecar,
            seed_voxels=snakemake.input.seed_voxels,
            voxel_series=snakemake.input.voxels,
            voxel_sidecar=snakemake.input.voxels_sidecar,
            mask=snakemake.input.mask,
            operator=snakemake.input.operator,
            motion=snakemake.input.motion,
            raw_seeds=snakemake.input.raw_seeds,
            options=snakemake.params.statistics,
            datasets=snakemake.params.datasets,
            maps={
                name: list(paths) for name, paths in snakemake.output.items() if name not in ("metrics", "relations")
            },
            related=snakemake.output.relations,
            metrics=snakemake.output.metrics,
            coordinates=snakemake.input.coordinates or None,
        )

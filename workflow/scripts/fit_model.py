"""Fit a model to the maps of every seed, and test one contrast voxel by voxel."""

from collections.abc import Mapping, Sequence

# Functions import formulaic anyway; here, once for all jobs.
import formulaic.utils.constraints  # noqa: F401
import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.groups import design_files, map_sidecars, testing
from seed_to_voxel.images import layouts
from seed_to_voxel.statistics import multiplicity


def main(
    data: str,
    mask: str | Sequence[str],
    design: str,
    design_sidecar: str,
    contrast: Mapping,
    stats: Sequence[str],
    seeds: Sequence[Mapping],
    options: Mapping,
    permuted: bool,
    near: str,
    reach: float,
    datasets: Mapping[str, str],
    maps: Sequence[str],
    sidecars: Sequence[str],
) -> None:
    """Write the maps of each statistic, seed by seed, with their sidecars."""
    described = provenance.read_json(design_sidecar)
    read = design_files.read(tables.cells(design), described)
    question = testing.question(read, contrast, permuted)
    layout = layouts.of_files(layouts.listed(mask))
    brain = layout.read(layouts.listed(mask)) != 0
    by_yekutieli = options["fdr"] == "benjamini_yekutieli"
    files = iter(zip(layouts.in_turn(maps, len(sidecars)), sidecars, strict=True))
    sources = [provenance.uri(path, datasets) for path in (design, *layouts.listed(mask))]
    for seed, of_seed, beside in zip(seeds, np.load(data, mmap_mode="r"), np.load(near), strict=True):
        fitted = question.fit(of_seed, seed["label"])
        shared = map_sidecars.of_test(
            described, contrast, question.weights, seed, sources, question.doubt, question.summarised
        )
        fitted["false_discovery_rate"] = multiplicity.false_discovery_rates(
            fitted["minus_log10_p"], by_yekutieli, ~beside
        )
        for stat in stats:
            paths, sidecar = next(files)
            about = map_sidecars.STATISTICS[stat]
            values = fitted[about.field]
            text = f"{about.title}, {read.model} {contrast['name']}, seed {seed['label']}"[:79]
            layout.save_map(paths, values, brain, text, about.intent)
            said = map_sidecars.fitted(stat, values, fitted, shared, options, beside, reach)
            provenance.write_json(sidecar, layout.said_of_groups(said))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            data=snakemake.input.data,
            mask=snakemake.input.mask,
            design=snakemake.input.design,
            design_sidecar=snakemake.input.design_sidecar,
            contrast=snakemake.params.contrast,
            stats=snakemake.params.stats,
            seeds=snakemake.params.seeds,
            options=snakemake.params.options,
            permuted=snakemake.params.permuted,
            near=snakemake.input.near,
            reach=multiplicity.reach(**snakemake.params.smoothing),
            datasets=snakemake.params.datasets,
            maps=list(snakemake.output.maps),
            sidecars=list(snakemake.output.sidecars),
        )

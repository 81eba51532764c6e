"""Hold a contrast's maps against the permutations of its model, and list their clusters."""

from collections.abc import Mapping, Sequence

# Functions import formulaic and nilearn anyway; here, once for all jobs.
import formulaic.utils.constraints  # noqa: F401
import nilearn.reporting  # noqa: F401
import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.connectivity import atlas
from seed_to_voxel.groups import (
    cluster_tables,
    clusters,
    design_files,
    inference,
    map_sidecars,
    testing,
)
from seed_to_voxel.images import layouts, places
from seed_to_voxel.series import surface_atlas


def main(
    data: str,
    mask: str | Sequence[str],
    design: str,
    design_sidecar: str,
    maxima: Mapping[str, Sequence[str]],
    contrast: Mapping,
    contrasts: Sequence[Mapping],
    n_models: int,
    seeds: Sequence[Mapping],
    stats: Sequence[str],
    options: Mapping,
    measures: Sequence[str],
    in_mni: bool,
    datasets: Mapping[str, str],
    maps: Sequence[str],
    sidecars: Sequence[str],
    cluster_files: Sequence[str],
    cluster_sidecars: Sequence[str],
    atlas_files: Sequence[str],
    surfaces: Mapping | None = None,
) -> None:
    """Write corrected p and clusters, seed by seed.

    `maxima` has the files of the parts of each contrast, those of `n_models` models under names that are not the
    contrasts of this one, `atlas_files` image and table of an atlas, or nothing; `surfaces` the meshes of runs on the
    cortical surface.
    """
    described = provenance.read_json(design_sidecar)
    read = design_files.read(tables.cells(design), described)
    mask_files = layouts.listed(mask)
    layout = layouts.of_files(mask_files)
    brain = layout.read(mask_files) != 0
    values = np.load(data, mmap_mode="r")
    whole = testing.covered_by_all(values)
    tested = brain.copy()
    tested[brain] = whole
    on_surface = places.of_mask(mask_files, surfaces)
    grid = clusters.among(tested, options["clusters"]["neighbours"], on_surface)
    where = (
        cluster_tables.Where.on_surface(tested, on_surface)
        if on_surface
        else cluster_tables.Where.on_grid(tested, layout.affine)
    )
    asked, settings = options["permutations"], testing.settings_of(options, measures or ["extent"])
    question = testing.question(read, contrast, bool(measures))
    named = None
    if atlas_files:
        if on_surface:
            regions, numbers = surface_atlas.read(atlas_files, on_surface), np.flatnonzero(tested)
            named = lambda peaks: regions.at(numbers[peaks])  # noqa: E731
        else:
            own_atlas = atlas.read_atlas(*atlas_files)
            named = lambda peaks: own_atlas.at(where.coordinates[peaks])  # noqa: E731
    sources = [provenance.uri(path, datasets) for path in (design, *mask_files)]
    files = iter(zip(layouts.in_turn(maps, len(sidecars)) if sidecars else [], sidecars, strict=True))
    if measures:
        model = testing.model_of(read, contrasts, asked["n"], asked["seed"])
        parts = {name: [inference.Maxima.of_arrays(np.load(path)) for path in paths] for name, paths in maxima.items()}
        null = testing.together(parts)
    for number, seed in enumerate(seeds):
        shared = map_sidecars.of_test(
            described, contrast, question.weights, seed, sources, question.doubt, question.summarised
        )
        if measures:
            found = inference.infer(
                values[number][:, whole], model, contrast["name"], seed["label"], null, grid, settings
            )
            facts = map_sidecars.of_permutations(model, contrast["name"], options, tested, brain, grid)
            for stat in stats:
                paths, sidecar = next(files)
                of_map = testing.filled(map_sidecars.inferred_values(stat, found), whole)
                about = map_sidecars.inferred(
                    stat, of_map, shared, facts, null, contrast["name"], seed["label"], grid, n_models
                )
                about = layout.said_of_groups(about)
                intent = None if stat == "tfce" else "log10 p value"
                layout.save_map(paths, of_map, brain, about["Description"][:79], intent)
                provenance.write_json(sidecar, about)
            table = cluster_tables.of_inference(found, where, in_mni, named)
        else:
            fitted = question.fit(values[number], seed["label"])
            table = cluster_tables.of_fit(fitted, whole, grid, settings.threshold, where, in_mni, named)
        tables.write(cluster_files[number], table)
        described_clusters = cluster_tables.describe(options, bool(measures), where, bool(atlas_files))
        provenance.write_json(cluster_sidecars[number], described_clusters)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        n_parts = snakemake.params.options["permutations"]["parts"]
        names = snakemake.params.corrected_with
        paths = list(snakemake.input.maxima)
        main(
            data=snakemake.input.data,
            mask=snakemake.input.mask,
            design=snakemake.input.design,
            design_sidecar=snakemake.input.design_sidecar,
            maxima={name: paths[number * n_parts : (number + 1) * n_parts] for number, name in enumerate(names)},
            contrast=snakemake.params.contrast,
            contrasts=snakemake.params.contrasts,
            n_models=snakemake.params.n_models,
            seeds=snakemake.params.seeds,
            stats=snakemake.params.stats,
            options=snakemake.params.options,
            measures=snakemake.params.measures,
            in_mni=snakemake.params.in_mni,
            datasets=snakemake.params.datasets,
            maps=list(snakemake.output.get("maps", [])),
            sidecars=list(snakemake.output.get("sidecars", [])),
            cluster_files=list(snakemake.output.clusters),
            cluster_sidecars=list(snakemake.output.cluster_sidecars),
            atlas_files=list(snakemake.input.atlas),
            surfaces=snakemake.params.surfaces,
        )

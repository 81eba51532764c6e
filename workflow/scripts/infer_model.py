"""Hold a contrast's maps against the permutations of its model, and list their clusters."""

from collections.abc import Mapping, Sequence

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
from seed_to_voxel.images import nifti


def main(
    data: str,
    mask: str,
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
) -> None:
    """Write corrected p and clusters, seed by seed.

    `maxima` has the files of the parts of each contrast, those of `n_models` models under names that are not the
    contrasts of this one, `atlas_files` image and table of an atlas, or nothing.
    """
    described = provenance.read_json(design_sidecar)
    read = design_files.read(tables.cells(design), described)
    image = nifti.load(mask, 3)
    brain = np.asarray(image.dataobj) != 0
    values = np.load(data, mmap_mode="r")
    whole = testing.covered_by_all(values)
    tested = brain.copy()
    tested[brain] = whole
    grid = clusters.Grid(tested, options["clusters"]["neighbours"])
    asked, settings = options["permutations"], testing.settings_of(options, measures or ["extent"])
    question = testing.question(read, contrast, bool(measures))
    named_by = atlas.read_atlas(*atlas_files) if atlas_files else None
    sources = [provenance.uri(path, datasets) for path in (design, mask)]
    files = iter(zip(maps, sidecars, strict=True))
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
            facts = map_sidecars.of_permutations(model, contrast["name"], null, options, tested, brain)
            for stat in stats:
                path, sidecar = next(files)
                of_map = testing.filled(map_sidecars.inferred_values(stat, found), whole)
                about = map_sidecars.inferred(
                    stat, of_map, shared, facts, null, contrast["name"], seed["label"], n_models
                )
                nifti.save_map(
                    path, of_map, brain, image, about["Description"][:79], None if stat == "tfce" else "log10 p value"
                )
                provenance.write_json(sidecar, about)
            table = cluster_tables.of_inference(found, tested, image.affine, in_mni, named_by)
        else:
            fitted = question.fit(values[number], seed["label"])
            table = cluster_tables.of_fit(
                fitted, whole, grid, settings.threshold, tested, image.affine, in_mni, named_by
            )
        tables.write(cluster_files[number], table)
        provenance.write_json(
            cluster_sidecars[number], cluster_tables.describe(options, bool(measures), bool(atlas_files))
        )


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
        )

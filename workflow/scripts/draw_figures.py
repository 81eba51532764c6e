"""Draw the figures of a run: of its seeds and voxels, of the map of every seed, and of its quality."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.figures import canvas, kinds, null_seeds, published, quality, relations, style
from seed_to_voxel.images import layouts
from seed_to_voxel.quality import measures
from seed_to_voxel.study import figure_kinds


def main(
    seed_series: str,
    run: Mapping,
    examples: str,
    r_maps: Sequence[str],
    options: Mapping,
    run_labels: Mapping[str, str],
    series_figures: Sequence[Sequence[str]],
    example_figures: Sequence[str],
    map_figures: Sequence[Sequence[str]],
    mask: str | Sequence[str],
    mean: str | Sequence[str] | None = None,
    surfaces: Mapping | None = None,
) -> None:
    """Draw the series and the maps; `series_figures` and `map_figures` have the files of each seed in turn.

    `surfaces` has the meshes of a run on the cortical surface.
    """
    t_r = run["RepetitionTime"]
    layout = layouts.of_files(layouts.listed(mask))
    brain = layout.read(layouts.listed(mask)) != 0
    drawn_on = canvas.Canvas.of_run(layout, run_labels, mean, surfaces)
    columns = published.in_time(np.array(tables.read_numbers(seed_series)[1]), run)
    for seed, series, r_map, series_files, map_files in zip(
        run["Seeds"],
        columns.T,
        layouts.in_turn(r_maps, len(run["Seeds"])),
        series_figures,
        map_figures,
        strict=True,
    ):
        if seed is not run["Seeds"][0]:
            style.let_go()
        figure = published.plot_series(series[:, None], f"Seed time series ({seed['name']})", t_r)
        style.save(figure, style.stem_of(series_files), published.series_alt(series, "Seed series"))
        title = published.map_title(seed, run_labels, layout.words)
        colors = {name: options[name] for name in ("threshold", "vmax", "cmap")}
        figure, alt = drawn_on.plot_map(r_map, brain, seed, title=title, **colors)
        style.save(figure, style.stem_of(map_files), alt)
        del figure
    voxels, series = tables.read_numbers(examples)
    names = [voxel.replace("voxel", f"{layout.word} ") for voxel in voxels]
    series = published.in_time(np.array(series), run)
    figure = published.plot_series(series, f"Time series of {len(names)} {layout.words}", t_r, names)
    style.save(
        figure, style.stem_of(example_figures), published.series_alt(series, f"{layout.words.capitalize()}' series")
    )


def draw_carpet(
    run: Mapping,
    carpet: str,
    motion: str,
    metrics: str,
    run_labels: Mapping[str, str],
    files: Sequence[str],
    words: str = "voxels",
) -> None:
    """Draw the run's motion above its carpet."""
    before, after = np.load(carpet)
    figure = quality.plot_carpet(
        before,
        after,
        np.array(tables.read_numbers(motion)[1]),
        run["Cleaning"]["scrubbing"],
        run["RepetitionTime"],
        style.run_title(run_labels),
        words,
    )
    style.save(figure, style.stem_of(files), measures.sentence(provenance.read_json(metrics)["metrics"]))


def draw_relations(written: Sequence[str], cmap: str, run_labels: Mapping[str, str], files: Sequence[str]) -> None:
    """Draw the seeds among themselves; `written` has their matrices and what these are."""
    r, partial, names = relations.read_matrices(written[0], written[2])
    shrinkage = provenance.read_json(written[3])["Shrinkage"]
    figure, alt = relations.plot_relations(r, partial, names, shrinkage, cmap, style.run_title(run_labels))
    style.save(figure, style.stem_of(files), alt)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        run = provenance.read_json(snakemake.input.seeds_sidecar)
        run_labels = snakemake.params.run_labels
        statistics = provenance.read_json(snakemake.input.statistics)
        shared = {"r_maps": snakemake.input.maps, "options": snakemake.params.options, "run_labels": run_labels}
        files = {name: [paths] if isinstance(paths, str) else list(paths) for name, paths in snakemake.output.items()}
        wanted = {name: paths for name, paths in files.items() if figure_kinds.is_further(name)}
        if "figure" in files:
            alone = figure_kinds.output_name(snakemake.wildcards.kind, snakemake.wildcards.seed)
            wanted = {alone: files["figure"]}
        else:
            formats = len(style.FORMATS)
            seeds = range(0, len(files["maps"]), formats)
            main(
                snakemake.input.seeds,
                run,
                snakemake.input.examples,
                series_figures=[files["series"][start : start + formats] for start in seeds],
                example_figures=files["examples"],
                mask=snakemake.input.mask,
                mean=snakemake.input.mean,
                surfaces=snakemake.params.surfaces,
                map_figures=[files["maps"][start : start + formats] for start in seeds],
                **shared,
            )
            # Sidecars of runs on a grid do not name their places.
            words = run.get("Places", "voxels")
            draw_carpet(
                run,
                snakemake.input.carpet,
                snakemake.input.motion,
                snakemake.input.quality,
                run_labels,
                files["carpet"],
                words,
            )
            figure, alt = null_seeds.plot_null_seeds(statistics["null_seeds"], style.run_title(run_labels), words)
            style.save(figure, style.stem_of(files["null_seeds"]), alt)
            if files["relations"]:
                cmap = snakemake.params.options["cmap"]
                draw_relations(snakemake.input.relations, cmap, run_labels, files["relations"])
        # In the same process, as importing the plotting library takes longer than drawing with it.
        if wanted:
            further = {name: snakemake.input[name] for name in ("z_maps", "mask", "mean")}
            kinds.draw_all(
                wanted,
                run,
                statistics,
                **further,
                **shared,
                atlas_files=list(snakemake.input.atlas),
                surfaces=snakemake.params.surfaces,
                seed_voxels=str(snakemake.input.seed_voxels),
            )

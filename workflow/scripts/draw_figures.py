"""Draw the figures of a run: of its seeds and voxels, of the map of every seed, and of its quality."""

import numpy as np

from seed_to_voxel import carpet, figures, further_figures, images, joblog, provenance, quality, summaries


def main(seed_series, run, examples, r_maps, options, run_labels, series_figures, example_figures, map_figures):
    """Draw the series and the maps; `series_figures` and `map_figures` have the files of each seed in turn."""
    t_r = run["RepetitionTime"]
    columns = figures.in_time(np.loadtxt(seed_series, delimiter="\t", skiprows=1, ndmin=2), run)
    for seed, series, r_map, series_files, map_files in zip(
        run["Seeds"], columns.T, r_maps, series_figures, map_figures, strict=True
    ):
        figure = figures.plot_series(series[:, None], f"Seed time series ({seed['name']})", t_r)
        figures.save(figure, figures.stem_of(series_files), figures.series_alt(series, "Seed series"))
        title = figures.map_title(seed, run_labels)
        image = images.load(r_map, 3)
        figure = figures.plot_map(image, seed, options["threshold"], options["vmax"], title, options["cmap"])
        summary = summaries.summarise(summaries.brain_values(image), options["threshold"])
        figures.save(figure, figures.stem_of(map_files), summaries.sentence(summary))
    with open(examples, encoding="utf-8") as table:
        names = [name.replace("voxel", "voxel ") for name in table.readline().split()]
        series = figures.in_time(np.loadtxt(table, delimiter="\t", ndmin=2), run)
    figure = figures.plot_series(series, f"Time series from {len(names)} random voxels", t_r, names)
    figures.save(figure, figures.stem_of(example_figures), figures.series_alt(series, "Voxels' series"))


def draw_carpet(run, picture, motion, metrics, run_labels, files):
    """Draw the run's motion above its carpet."""
    before, after = carpet.read(picture)
    figure = carpet.plot(
        before,
        after,
        np.genfromtxt(motion, delimiter="\t", skip_header=1),
        run["Cleaning"]["scrubbing"],
        run["RepetitionTime"],
        run_labels,
    )
    figures.save(figure, figures.stem_of(files), quality.sentence(provenance.read_json(metrics)["metrics"]))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        figures.use_style()
        formats = len(figures.FORMATS)
        seeds = range(0, len(snakemake.output.maps), formats)
        run = provenance.read_json(snakemake.input.seeds_sidecar)
        shared = {
            "run": run,
            "r_maps": snakemake.input.maps,
            "options": snakemake.params.options,
            "run_labels": snakemake.params.run_labels,
        }
        main(
            seed_series=snakemake.input.seeds,
            examples=snakemake.input.examples,
            series_figures=[snakemake.output.series[start : start + formats] for start in seeds],
            example_figures=snakemake.output.examples,
            map_figures=[snakemake.output.maps[start : start + formats] for start in seeds],
            **shared,
        )
        draw_carpet(
            run,
            picture=snakemake.input.carpet,
            motion=snakemake.input.motion,
            metrics=snakemake.input.quality,
            run_labels=snakemake.params.run_labels,
            files=snakemake.output.carpet,
        )
        wanted = {name: list(files) for name, files in snakemake.output.items() if "__" in name}
        # In the same process, as importing the plotting library takes longer than drawing with it.
        further_figures.draw_all(wanted, mask=snakemake.input.mask, mean=snakemake.input.mean, **shared)

"""Draw a further figure of a run alone."""

from seed_to_voxel import figures, further_figures, joblog, provenance

if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        figures.use_style()
        further_figures.draw_all(
            {name: list(files) for name, files in snakemake.output.items()},
            run=provenance.read_json(snakemake.input.seeds_sidecar),
            r_maps=snakemake.input.maps,
            mask=snakemake.input.mask,
            mean=snakemake.input.mean,
            options=snakemake.params.options,
            run_labels=snakemake.params.run_labels,
        )

"""Draw further figures of the maps of a run: those of one kind and seed, or all that the config asks for."""

import numpy as np

from seed_to_voxel import (
    brain_figures,
    figures,
    images,
    joblog,
    nodes,
    provenance,
    statistics_figures,
    summaries,
)


def draw(kind, seed, image, mask, mean, nu, options, run_labels):
    """Draw one figure of a map; returned are the figure, its description, and its table or None."""
    values = summaries.brain_values(image, mask)
    summary = summaries.summarise(values, options["threshold"])
    remark = summaries.remark(summary, seed)
    alt = " ".join(filter(None, [summaries.sentence(summary), remark]))
    place = f"{seed['label']} seed at ({seed['x']:g}, {seed['y']:g}, {seed['z']:g}) mm"
    # Seeds that are masks have a centre and no radius.
    place += f", {seed['radius_mm']:g} mm radius" if "radius_mm" in seed else f", {seed['n_voxels']} voxels"
    words = {"subtitle": f"{figures.run_title(run_labels)}  ·  {place}", "remark": remark}
    colors = {name: options[name] for name in ("threshold", "vmax", "cmap")}
    if kind == "location":
        share = f"{seed['n_voxels_in_mask']} of {seed['n_voxels']} voxels in the brain mask"
        title = f"Seed on the mean image – {seed['name']}"
        return brain_figures.plot_location(mean, seed, title, **words), f"{place}; {share}.", None
    if kind == "mosaic":
        return brain_figures.plot_mosaic(image, title="Seed-to-voxel correlation", **words, **colors), alt, None
    if kind == "glassbrain":
        title = "Seed-to-voxel correlation through the brain"
        return brain_figures.plot_glass_brain(image, seed, title=title, **words, **colors), alt, None
    if kind == "surface":
        title = "Seed-to-voxel correlation on the cortical surface"
        return brain_figures.plot_surface(image, title=title, **words, **colors), alt, None
    if kind == "distribution":
        return *statistics_figures.plot_distribution(
            values, nu, options["threshold"], "Distribution of r over the brain", **words
        ), None
    if kind == "clusters":
        table = nodes.cluster_table(image, options["threshold"], options["cluster_volume"])
        title = f"Clusters at |r| > {options['threshold']:g}, of {options['cluster_volume']:g} mm³ or more"
        return *statistics_figures.plot_clusters(table, options["threshold"], title, **words), table
    profile = nodes.node_profile(image, mask, seed)
    return *statistics_figures.plot_networks(profile, "Connectivity with the brain's networks", **words), profile


def main(seeds, r_maps, mask, mean, wanted, options, run_labels):
    """Draw the figures in `wanted`: for each, its seed, its kind, and its files, the table last if it has one."""
    figures.use_style()
    run = provenance.read_json(seeds)
    described = {seed["label"]: (seed, path) for seed, path in zip(run["Seeds"], r_maps, strict=True)}
    brain = np.asarray(images.load(mask, 3).dataobj) != 0
    mean = images.load(mean, 3)
    for label, kind, files in wanted:
        seed, path = described[label]
        figure, alt, table = draw(
            kind, seed, images.load(path, 3), brain, mean, run["DegreesOfFreedom"], options, run_labels
        )
        formats = len(figures.FORMATS)
        figures.save(figure, figures.stem_of(files[:formats]), alt)
        for file in files[formats:]:
            table.to_csv(file, sep="\t", index=False, na_rep="n/a", float_format="%.6g")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            seeds=snakemake.input.seeds_sidecar,
            r_maps=snakemake.input.maps,
            mask=snakemake.input.mask,
            mean=snakemake.input.mean,
            # Names of outputs are kind__seed: labels have neither '_' nor '-'.
            wanted=[
                (*name.split("__")[::-1], [files] if isinstance(files, str) else list(files))
                for name, files in snakemake.output.items()
            ],
            options=snakemake.params.options,
            run_labels=snakemake.params.run_labels,
        )

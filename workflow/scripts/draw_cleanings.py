"""Lay a run's maps after several cleanings beside each other, a figure a seed."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.figures import cleanings as pictures
from seed_to_voxel.figures import cortex, style
from seed_to_voxel.images import layouts, meshes, nifti
from seed_to_voxel.quality.cleanings import read_rows
from seed_to_voxel.study.bids import in_mni
from seed_to_voxel.study.cleanings import MAIN

PIXEL = 1.3
"""mm of the inflated cortex that a pixel is wide: four pictures of it take about the room of six slices."""

Lay = Callable[[Sequence[str]], Sequence[np.ndarray]]
"""Gives the pixels of the panels of a map, by its files."""


def main(
    seeds: Sequence[Mapping],
    maps: Mapping[str, Sequence[str]],
    table: str,
    mask: str | Sequence[str],
    mean: str | Sequence[str],
    does: Mapping[str, str],
    without_global_signal: Sequence[str],
    level: float,
    options: Mapping,
    run_labels: Mapping[str, str],
    figures: Sequence[Sequence[str]],
    surfaces: Mapping | None = None,
) -> None:
    """Draw the figures; `maps` has those of all seeds by their cleaning, and `figures` the files of each seed.

    `surfaces` has the meshes of a run on the cortical surface.
    """
    layout = layouts.of_files(layouts.listed(mask))
    brain = layout.read(layouts.listed(mask)) != 0
    colors = (options["threshold"], options["vmax"], options["cmap"])
    subtitle = (
        f"{style.run_title(run_labels)}; coloured where |r| ≥ {options['threshold']:g}; right: distribution of r "
        f"(black line: {MAIN}; dashed: critical |r| at {level:g})"
    )
    numbers = {(row["seed"], row["cleaning"]): row for row in read_rows(table)}
    maps_of = {name: layouts.in_turn(paths, len(seeds)) for name, paths in maps.items()}
    background = None
    if surfaces:
        cortical = cortex.CorticalThumbnails(*meshes.for_drawing(surfaces["space"], surfaces), *colors, PIXEL)
    elif not in_mni(run_labels["space"]):
        background = nifti.load(layouts.listed(mean)[0], 3)

    def laid(seed: Mapping) -> tuple[Sequence[str], Lay, np.ndarray | None]:
        """What the panels show, what lays a map on them, and the mm that they span where they are slices."""
        if surfaces:
            return cortex.SEEN, lambda paths: cortical.panels(layout.hemispheres(layout.read(paths))), None
        names, underlay = pictures.underlay([seed[axis] for axis in "xyz"], background)
        return names, lambda paths: underlay.lay(nifti.load(paths[0], 3), *colors), underlay.box

    def draw(number: int, seed: Mapping) -> None:
        """Draw the figure of a seed."""
        names, lay, box = laid(seed)
        rows = []
        for name, of_seeds in maps_of.items():
            r = layout.read(of_seeds[number])[brain]
            counts = np.histogram(r[np.isfinite(r)], pictures.BINS)[0]
            panels = lay(of_seeds[number])
            rows.append(pictures.Row(numbers[seed["label"], name], does.get(name, "the study's own"), panels, counts))
        title = f"Cleanings side by side: correlation with {seed.get('name', seed['label'])}"
        figure = pictures.plot(rows, names, title, subtitle, *colors, box, without_global_signal, layout.words)
        said = pictures.sentence(seed["label"], rows, without_global_signal)
        style.save(figure, style.stem_of(figures[number]), said)

    for number, seed in enumerate(seeds):
        draw(number, seed)
        # Here, where no variable names the figure any more.
        style.let_go()


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        seeds = provenance.read_json(snakemake.input.seeds_sidecar)["Seeds"]
        does, formats, files = snakemake.params.does, len(style.FORMATS), list(snakemake.output.figures)
        # All seeds of a cleaning, then of the next.
        others = layouts.in_turn(snakemake.input.of_cleanings, len(does))
        main(
            seeds,
            maps={MAIN: list(snakemake.input.maps), **dict(zip(does, others, strict=True))},
            table=snakemake.input.table,
            mask=snakemake.input.mask,
            mean=snakemake.input.mean,
            does=does,
            without_global_signal=snakemake.params.without_global_signal,
            level=snakemake.params.level,
            options=snakemake.params.options,
            run_labels=snakemake.params.run_labels,
            surfaces=snakemake.params.surfaces,
            figures=[files[n * formats : (n + 1) * formats] for n in range(len(seeds))],
        )

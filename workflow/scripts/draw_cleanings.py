"""Lay a run's maps after several cleanings beside each other, a figure a seed."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.figures import cleanings as pictures
from seed_to_voxel.figures import style
from seed_to_voxel.images import nifti
from seed_to_voxel.quality.cleanings import read_rows
from seed_to_voxel.study.bids import in_mni
from seed_to_voxel.study.cleanings import MAIN


def main(
    seeds: Sequence[Mapping],
    maps: Mapping[str, Sequence[str]],
    table: str,
    mask: str,
    mean: str,
    does: Mapping[str, str],
    without_global_signal: Sequence[str],
    level: float,
    options: Mapping,
    run_labels: Mapping[str, str],
    figures: Sequence[Sequence[str]],
) -> None:
    """Draw the figures; `maps` has those of all seeds by their cleaning, and `figures` the files of each seed."""
    brain = np.asarray(nifti.load(mask, 3).dataobj) != 0
    background = None if in_mni(run_labels["space"]) else nifti.load(mean, 3)
    colors = (options["threshold"], options["vmax"], options["cmap"])
    subtitle = (
        f"{style.run_title(run_labels)}; coloured where |r| ≥ {options['threshold']:g}; right: distribution of r "
        f"(black line: {MAIN}; dashed: critical |r| at {level:g})"
    )
    numbers = {(row["seed"], row["cleaning"]): row for row in read_rows(table)}

    def draw(number: int, seed: Mapping) -> None:
        """Draw the figure of a seed."""
        names, underlay = pictures.underlay([seed[axis] for axis in "xyz"], background)
        rows = []
        for name, paths in maps.items():
            image = nifti.load(paths[number], 3)
            r = np.asarray(image.dataobj)[brain]
            counts = np.histogram(r[np.isfinite(r)], pictures.BINS)[0]
            panels = underlay.lay(image, *colors)
            rows.append(pictures.Row(numbers[seed["label"], name], does.get(name, "the study's own"), panels, counts))
        title = f"Cleanings side by side: correlation with {seed.get('name', seed['label'])}"
        figure = pictures.plot(rows, names, title, subtitle, *colors, underlay.box, without_global_signal)
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
        others = list(snakemake.input.of_cleanings)
        main(
            seeds,
            # All seeds of a cleaning, then of the next.
            maps={
                MAIN: list(snakemake.input.maps),
                **{name: others[n * len(seeds) : (n + 1) * len(seeds)] for n, name in enumerate(does)},
            },
            table=snakemake.input.table,
            mask=snakemake.input.mask,
            mean=snakemake.input.mean,
            does=does,
            without_global_signal=snakemake.params.without_global_signal,
            level=snakemake.params.level,
            options=snakemake.params.options,
            run_labels=snakemake.params.run_labels,
            figures=[files[n * formats : (n + 1) * formats] for n in range(len(seeds))],
        )

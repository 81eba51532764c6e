"""Correlate with each voxel what is left of each seed of a run given the others, and draw the maps."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.base.joblog import logger
from seed_to_voxel.connectivity import map_sidecars as r_sidecars
from seed_to_voxel.connectivity import summaries
from seed_to_voxel.figures import published, style
from seed_to_voxel.images import nifti
from seed_to_voxel.statistics import cleaned, map_sidecars, semipartial
from seed_to_voxel.study.bids import in_mni


def main(
    inputs: Mapping[str, str],
    statistics: Mapping,
    look: Mapping,
    run_labels: Mapping[str, str],
    datasets: Mapping[str, str],
    outputs: Mapping[str, Sequence[str]],
) -> None:
    """Write for each seed in turn the map, that of its z, their sidecars, and a figure.

    `inputs` and `outputs` have the names that the rule gives them, and `look` the threshold, largest value and colours.
    """
    made = cleaned.CleanedRun(inputs)
    seeds, run, brain, reach = made.seeds, made.run, made.brain, made.reach
    swelling = made.swelling(statistics["bursts"])
    background = None if in_mni(run_labels["space"]) else made.mean
    # A seed that is hardly covered has no series, and explains nothing of the others.
    defined = np.flatnonzero(np.isfinite(seeds).all(axis=0))
    labels = [made.labels[number] for number in defined.tolist()]
    semipartial.check_own(labels, semipartial.inflations(seeds[:, defined]), len(seeds))
    nothing = np.full(made.series.shape[1], np.nan, dtype=np.float32)
    for number, seed in enumerate(run["Seeds"]):
        label = seed["label"]
        found = semipartial.Semipartial(nothing, nothing, nothing, nothing, float("nan"))
        if number in defined:
            at = int(np.flatnonzero(defined == number)[0])
            found = semipartial.of_seed(made.operator, made.kept, seeds[:, defined], at, made.series, swelling)
        if found.inflation > semipartial.INFLATED:
            logger.warning(
                f"seed {label}: the other seeds explain most of it (variance inflation {found.inflation:.1f}), so that "
                "its semipartial map is that of a small remainder"
            )
        files = {name: paths[number] for name, paths in outputs.items() if name != "figures"}
        tested = made.tested([label])
        of_r = r_sidecars.correlation_sidecar(found.r, found.nu, seed, run, made.voxels)
        of_r, of_z = map_sidecars.semipartial_sidecars(
            of_r,
            found,
            [other for other in labels if other != label],
            tested,
            statistics,
            reach,
            provenance.uri(files["maps"], datasets),
        )
        nifti.save_map(files["maps"], found.r, brain, made.mask, f"Semipartial r, seed {label}")
        provenance.write_json(files["sidecars"], of_r)
        nifti.save_map(files["z_maps"], found.z, brain, made.mask, f"z of partial r, seed {label}", "z score")
        provenance.write_json(files["z_sidecars"], of_z)
        image = nifti.load(files["maps"], 3)
        title = f"Semipartial correlation, given the other seeds ({label} seed) – {style.run_title(run_labels)}"
        figure = published.plot_map(
            image, brain, seed, look["threshold"], look["vmax"], title, look["cmap"], background
        )
        formats = len(style.FORMATS)
        summary = summaries.summarise(summaries.brain_values(image, brain), look["threshold"])
        drawn = outputs["figures"][number * formats : (number + 1) * formats]
        style.save(figure, style.stem_of(drawn), summaries.sentence(summary))
        del figure
        style.let_go()


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        main(
            dict(snakemake.input.items()),
            snakemake.params.statistics,
            snakemake.params.options,
            snakemake.params.run_labels,
            snakemake.params.datasets,
            {name: list(paths) for name, paths in snakemake.output.items()},
        )

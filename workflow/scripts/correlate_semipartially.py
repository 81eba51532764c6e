"""Correlate with each voxel what is left of each seed of a run given the others, and draw the maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.base.joblog import logger
from seed_to_voxel.connectivity import map_sidecars as r_sidecars
from seed_to_voxel.figures import canvas, style
from seed_to_voxel.images import layouts
from seed_to_voxel.statistics import cleaned, map_sidecars, semipartial


def main(
    inputs: Mapping[str, Any],
    statistics: Mapping,
    look: Mapping,
    run_labels: Mapping[str, str],
    datasets: Mapping[str, str],
    outputs: Mapping[str, Sequence[str]],
    surfaces: Mapping | None = None,
) -> None:
    """Write for each seed in turn the map, that of its z, their sidecars, and a figure.

    `inputs` and `outputs` have the names that the rule gives them, `look` the threshold, largest value and colours, and
    `surfaces` the meshes of a run on the cortical surface.
    """
    made = cleaned.CleanedRun(inputs)
    seeds, run, layout = made.seeds, made.run, made.layout
    swelling = made.swelling(statistics["bursts"])
    drawn_on = canvas.Canvas.of_run(layout, run_labels, inputs["mean"], surfaces)
    colors = {name: look[name] for name in ("threshold", "vmax", "cmap")}
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
        files = {name: layouts.in_turn(paths, len(run["Seeds"]))[number] for name, paths in outputs.items()}
        tested = made.tested([label])
        of_r = r_sidecars.correlation_sidecar(found.r, found.nu, seed, run, made.voxels)
        of_r, of_z = map_sidecars.semipartial_sidecars(
            of_r,
            found,
            [other for other in labels if other != label],
            tested,
            statistics,
            made.reach,
            [provenance.uri(path, datasets) for path in files["maps"]],
        )
        layout.save_map(files["maps"], found.r, made.brain, f"Semipartial r, seed {label}")
        provenance.write_json(files["sidecars"][0], layout.said(of_r))
        layout.save_map(files["z_maps"], found.z, made.brain, f"z of partial r, seed {label}", "z score")
        provenance.write_json(files["z_sidecars"][0], layout.said(of_z))
        title = f"Semipartial correlation, given the other seeds ({label} seed) – {style.run_title(run_labels)}"
        figure, alt = drawn_on.plot_map(files["maps"], made.brain, seed, title=title, label="semipartial r", **colors)
        style.save(figure, style.stem_of(files["figures"]), alt)
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
            snakemake.params.surfaces,
        )

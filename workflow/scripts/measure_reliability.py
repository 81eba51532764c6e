"""Measure how well parts of a run give its maps again, each cleaned by itself."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.cleaning import preparation
from seed_to_voxel.figures import reliability as pictures
from seed_to_voxel.figures import style
from seed_to_voxel.images import layouts, places
from seed_to_voxel.series import passes
from seed_to_voxel.statistics import cleaned, reliability


def main(
    inputs: Mapping[str, Any],
    cleaning: Mapping,
    t_r: float | None,
    run_labels: Mapping[str, str],
    table: str,
    sidecar: str,
    figure_files: list[str],
    surfaces: Mapping | None = None,
) -> None:
    """Read the run once; write the table with its sidecar, and the figure.

    `inputs` has the names that the rule gives them, and `surfaces` the meshes of a run on the cortical surface.
    """
    made = cleaned.CleanedRun(inputs)
    bold = [inputs[name] for name in ("bold", "bold_right") if inputs.get(name)]
    image = places.open_run(bold, surfaces, layouts.listed(inputs["mask"]))
    of_run = (inputs.get("confounds"), inputs.get("sidecar"), made.run["UndefinedVolumes"])
    material = preparation.settle(image, bold[0], dict(cleaning), t_r, *of_run).material
    parts = reliability.splits(made.kept, material.t_r)
    raw_seeds = made.raw_seeds
    raw_seeds[:, ["excluded" in seed for seed in made.run["Seeds"]]] = np.nan
    of_parts = reliability.MapsOfParts.of(parts, raw_seeds, material.operator_of)
    volumes = np.union1d(np.flatnonzero(made.kept), of_parts.used)
    voxels = passes.read_smoothed(image, made.brain, made.voxels["smoothing_fwhm"], volumes)
    tested = np.stack([made.tested([label]) for label in made.labels])
    found = reliability.agreement(partial(of_parts.maps, voxels), parts, tested)
    tables.write(table, reliability.as_table(found, parts, made.labels), digits=5)
    provenance.write_json(sidecar, made.layout.said(reliability.describe(made.reach)))
    figure, alt = pictures.plot_reliability(found, parts, made.labels, style.run_title(run_labels))
    style.save(figure, style.stem_of(figure_files), alt)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        main(
            dict(snakemake.input.items()),
            snakemake.params.cleaning,
            snakemake.params.t_r,
            snakemake.params.run_labels,
            snakemake.output.table,
            snakemake.output.sidecar,
            list(snakemake.output.figure),
            snakemake.params.surfaces,
        )

"""Measure how well parts of a run give its maps again."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.figures import reliability as pictures
from seed_to_voxel.figures import style
from seed_to_voxel.statistics import cleaned, reliability


def main(
    inputs: Mapping[str, Any], run_labels: Mapping[str, str], table: str, sidecar: str, figure_files: list[str]
) -> None:
    """Write the table with its sidecar, and the figure; `inputs` has the names that the rule gives them."""
    made = cleaned.CleanedRun(inputs)
    tested = np.stack([made.tested([label]) for label in made.labels])
    parts = reliability.splits(made.kept, made.run["RepetitionTime"])
    found = reliability.agreement(made.seeds, made.series, parts, tested)
    tables.write(table, reliability.as_table(found, parts, made.labels), digits=5)
    provenance.write_json(sidecar, made.layout.said(reliability.describe(made.reach)))
    figure, alt = pictures.plot_reliability(found, parts, made.labels, style.run_title(run_labels))
    style.save(figure, style.stem_of(figure_files), alt)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        main(
            dict(snakemake.input.items()),
            snakemake.params.run_labels,
            snakemake.output.table,
            snakemake.output.sidecar,
            list(snakemake.output.figure),
        )

"""Measure how well parts of a run give its maps again."""

from collections.abc import Mapping

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.figures import reliability as pictures
from seed_to_voxel.figures import style
from seed_to_voxel.images import nifti
from seed_to_voxel.statistics import multiplicity, reliability, significance


def main(
    inputs: Mapping[str, str], run_labels: Mapping[str, str], table: str, sidecar: str, figure_files: list[str]
) -> None:
    """Write the table with its sidecar, and the figure; `inputs` has the names that the rule gives them."""
    run, voxels = provenance.read_json(inputs["seeds_sidecar"]), provenance.read_json(inputs["voxels_sidecar"])
    seeds, series = np.array(tables.read_numbers(inputs["seeds"])[1]), np.load(inputs["voxels"], mmap_mode="r")
    mask = nifti.load(inputs["mask"], 3)
    brain = np.asarray(mask.dataobj) != 0
    reach = multiplicity.reach(voxels["smoothing_fwhm"], run["SeedSmoothing"])
    places = tables.cells(inputs["seed_voxels"])
    labels = [seed["label"] for seed in run["Seeds"]]
    tested = np.stack([multiplicity.away_from(places, [label], reach, mask.affine, brain) for label in labels])
    parts = reliability.splits(significance.kept_volumes(run), run["RepetitionTime"])
    found = reliability.agreement(seeds, series, parts, tested)
    tables.write(table, reliability.as_table(found, parts, labels), digits=5)
    provenance.write_json(sidecar, reliability.describe(reach))
    figure, alt = pictures.plot_reliability(found, parts, labels, style.run_title(run_labels))
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

"""Gather the maps of a model's subjects, and find where enough of them have a value."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.groups import design_files, map_sidecars, subject_sidecars, subjects
from seed_to_voxel.images import nifti, resampling


def main(
    design: str,
    design_sidecar: str,
    units: Sequence[str],
    effects: Sequence[str],
    variances: Sequence[str],
    sidecars: Sequence[str],
    may_resample: bool,
    at_least: float,
    datasets: Mapping[str, str],
    data: str,
    mask: str,
    mask_sidecar: str,
    coverage: str,
    coverage_sidecar: str,
    runs: str,
    runs_sidecar: str,
) -> None:
    """Write the data of all seeds (seed, row, voxel of the mask), the mask, and how runs agree within subjects."""
    read = design_files.read(tables.cells(design), provenance.read_json(design_sidecar))
    places = {unit: position for position, unit in enumerate(units)}
    wanted = [places[row] for row in read.rows]
    reference = nifti.load(effects[wanted[0]], 4)
    values, moved = [], []
    for position in wanted:
        effect, variance = nifti.load(effects[position], 4), nifti.load(variances[position], 4)
        same = resampling.same_grid(effect, reference)
        if not same:
            resampling.refuse_unless(may_resample, units[position], effect, read.rows[0], reference)
            moved.append(units[position])
        z = np.asarray(effect.dataobj, dtype=np.float32)
        z[~(np.asarray(variance.dataobj) > 0)] = np.nan
        if not same:
            z = np.stack(
                [
                    resampling.resample(part, effect.affine, reference.shape, reference.affine)
                    for part in np.moveaxis(z, 3, 0)
                ],
                axis=3,
                dtype=np.float32,
            )
        values.append(z)
    # A row counts where all seeds have a value.
    share = subjects.coverage(np.stack([np.isfinite(z).all(axis=3) for z in values]))
    brain = share >= max(at_least - 1e-9, 1e-9)
    map_sidecars.check_mask(brain, share, read.rows, at_least)
    np.save(data, np.stack([z[brain].T for z in values], axis=1).astype(np.float32))
    nifti.save(mask, brain.astype(np.uint8), reference, "Group mask")
    nifti.save(coverage, share.astype(np.float32), reference, "Share of the rows that cover the voxel")
    sources = [provenance.uri(sidecars[position], datasets) for position in wanted]
    said = map_sidecars.of_mask(share, brain, read.rows, at_least, moved, sources)
    for path, content in zip((mask_sidecar, coverage_sidecar), said, strict=True):
        provenance.write_json(path, content)
    tables.write(
        runs, subject_sidecars.table_of_runs([provenance.read_json(sidecars[position]) for position in wanted])
    )
    provenance.write_json(runs_sidecar, subject_sidecars.describe_runs())


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            design=snakemake.input.design,
            design_sidecar=snakemake.input.design_sidecar,
            units=snakemake.params.units,
            effects=list(snakemake.input.effects),
            variances=list(snakemake.input.variances),
            sidecars=list(snakemake.input.sidecars),
            may_resample=snakemake.params.resample,
            at_least=snakemake.params.mask_coverage,
            datasets=snakemake.params.datasets,
            **dict(snakemake.output.items()),
        )

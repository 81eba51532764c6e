"""Gather the maps of a model's subjects, and find where enough of them have a value."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.groups import design_files, map_sidecars, subject_sidecars, subjects
from seed_to_voxel.images import alignment, layouts


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
    mask: str | Sequence[str],
    mask_sidecar: str,
    coverage: str | Sequence[str],
    coverage_sidecar: str,
    runs: str,
    runs_sidecar: str,
) -> None:
    """Write the data of all seeds (seed, row, voxel of the mask), the mask, and how runs agree within subjects."""
    read = design_files.read(tables.cells(design), provenance.read_json(design_sidecar))
    places = {unit: position for position, unit in enumerate(units)}
    wanted = [places[row] for row in read.rows]
    of_units = [layouts.in_turn(paths, len(units)) for paths in (effects, variances)]
    reference = layouts.of_several(of_units[0][wanted[0]])
    values, moved = [], []
    for position in wanted:
        of_effect, of_variance = (paths[position] for paths in of_units)
        layout = layouts.of_several(of_effect)
        same = alignment.check_like(layout, reference, units[position], read.rows[0], may_resample)
        z = layout.read_several(of_effect).astype(np.float32)
        z[~(layout.read_several(of_variance) > 0)] = np.nan
        if not same:
            moved.append(units[position])
            z = np.stack(
                [alignment.onto(layout, part, reference) for part in np.moveaxis(z, -1, 0)], axis=-1, dtype=np.float32
            )
        values.append(z)
    # A row counts where all seeds have a value.
    share = subjects.coverage(np.stack([np.isfinite(z).all(axis=-1) for z in values]))
    brain = share >= max(at_least - 1e-9, 1e-9)
    map_sidecars.check_mask(brain, share, read.rows, at_least)
    np.save(data, np.stack([z[brain].T for z in values], axis=1).astype(np.float32))
    reference.save(layouts.listed(mask), brain.astype(np.uint8), "Group mask")
    text = reference.said("Share of the rows that cover the voxel")
    reference.save(layouts.listed(coverage), share.astype(np.float32), text)
    sources = [provenance.uri(sidecars[position], datasets) for position in wanted]
    said = map_sidecars.of_mask(share, brain, read.rows, at_least, moved, sources, reference.words)
    for path, content in zip((mask_sidecar, coverage_sidecar), said, strict=True):
        provenance.write_json(path, reference.said_of_groups(content))
    tables.write(
        runs, subject_sidecars.table_of_runs([provenance.read_json(sidecars[position]) for position in wanted])
    )
    provenance.write_json(runs_sidecar, reference.said_of_groups(subject_sidecars.describe_runs()))


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

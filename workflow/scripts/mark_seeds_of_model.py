"""Mark the voxels of a model that smoothing alone makes like the seeds: those near a seed of any of its runs."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.groups import design_files
from seed_to_voxel.images import layouts, nifti, places
from seed_to_voxel.statistics import multiplicity


def main(
    design: str,
    design_sidecar: str,
    mask: str | Sequence[str],
    units: Sequence[Mapping],
    labels: Sequence[str],
    seed_voxels: Mapping[str, str],
    masks: Mapping[str, str],
    reach: float,
    near: str,
    surfaces: Mapping | None = None,
) -> None:
    """Write which voxels are near each seed, of shape (seed, voxel of the mask).

    `seed_voxels` has the table of seeds' voxels of each run, `masks` its brain mask where runs are on other grids, and
    `surfaces` the meshes of runs on the cortical surface.
    """
    rows = set(design_files.read(tables.cells(design), provenance.read_json(design_sidecar)).rows)
    layout = layouts.of_files(layouts.listed(mask))
    brain = layout.read(layouts.listed(mask)) != 0
    on_surface = places.of_mask(layouts.listed(mask), surfaces)
    points: dict[str, list[np.ndarray]] = {label: [] for label in labels}
    for unit in units:
        for run in unit["runs"] if unit["name"] in rows else []:
            table = tables.cells(seed_voxels[run])
            affine = np.eye(4) if on_surface else nifti.load(masks[run], 3).affine if masks else layout.affine
            for label in labels:
                own = multiplicity.own_voxels(table, [label], 1 if on_surface else 3)
                where = on_surface.coordinates[own[:, 0]] if on_surface else own @ affine[:3, :3].T + affine[:3, 3]
                points[label].append(where)
    coordinates = (
        on_surface.coordinates[brain]
        if on_surface
        else np.argwhere(brain) @ layout.affine[:3, :3].T + layout.affine[:3, 3]
    )
    found = [
        multiplicity.near_points(np.unique(np.concatenate(points[label]), axis=0), reach, coordinates)
        for label in labels
    ]
    np.save(near, np.stack(found))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        runs = snakemake.params.runs
        main(
            design=snakemake.input.design,
            design_sidecar=snakemake.input.design_sidecar,
            mask=snakemake.input.mask,
            units=snakemake.params.units,
            labels=snakemake.params.labels,
            seed_voxels=dict(zip(runs, snakemake.input.seed_voxels, strict=True)),
            masks=dict(zip(runs, snakemake.input.masks, strict=True)) if snakemake.input.masks else {},
            reach=multiplicity.reach(**snakemake.params.smoothing),
            near=snakemake.output.near,
            surfaces=snakemake.params.surfaces,
        )

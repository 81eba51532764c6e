"""Measure how much of each region of an atlas has data in a run on the cortical surface."""

from collections.abc import Mapping, Sequence

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.images import layouts, places
from seed_to_voxel.series import surface_atlas


def main(mask: str | Sequence[str], atlas: Sequence[str], surfaces: Mapping, table: str, sidecar: str) -> None:
    """Write the table of regions and its sidecar; `surfaces` has the meshes of the run."""
    files = layouts.listed(mask)
    run = places.of_mask(files, surfaces)
    if run is None:
        raise InputError(
            f"{files[0]}: a run of volumes has no table of how much of an atlas' regions has data; expected one on the "
            "cortical surface, with the files of figures.atlas"
        )
    brain = run.layout.read(files) != 0
    tables.write(table, surface_atlas.coverage(surface_atlas.read(atlas, run), run, brain))
    provenance.write_json(sidecar, surface_atlas.describe(atlas, run.layout.words))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            mask=snakemake.input.mask,
            atlas=list(snakemake.input.atlas),
            surfaces=snakemake.params.surfaces,
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
        )

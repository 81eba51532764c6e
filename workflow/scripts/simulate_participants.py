"""Write the table of a simulated cohort's participants, with what was planted in them."""

from collections.abc import Mapping

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.inputs import simulated_cohort


def main(options: Mapping, table: str, sidecar: str) -> None:
    """Write the table and what its columns are; `options` are the config's ``dataset.simulated``."""
    tables.write(table, simulated_cohort.participants(options["participants"], options))
    provenance.write_json(sidecar, simulated_cohort.describe(options))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            options=snakemake.params.options,
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
        )

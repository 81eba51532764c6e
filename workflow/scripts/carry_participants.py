"""Carry the source dataset's table of participants along, for those who were analysed."""

import shutil
from collections.abc import Sequence

from seed_to_voxel.base import joblog, tables


def main(
    source: str, subjects: Sequence[str], carried: str, sidecar: str | None = None, carried_sidecar: str | None = None
) -> None:
    """Copy the header and the rows of the subjects, in the order of the source, and what the columns mean."""
    header, *rows = tables.cells(source)
    column = header.index("participant_id") if "participant_id" in header else 0
    found = [row[column].removeprefix("sub-") for row in rows]
    absent = sorted(set(subjects) - set(found))
    if absent:
        print(f"{source} has no row for {', '.join(f'sub-{subject}' for subject in absent)}")
    kept = [row for subject, row in zip(found, rows, strict=True) if subject in subjects]
    if sidecar and carried_sidecar:
        shutil.copyfile(sidecar, carried_sidecar)
    tables.write(carried, {name: [row[place] for row in kept] for place, name in enumerate(header)})


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            source=snakemake.input.table,
            subjects=snakemake.params.subjects,
            carried=snakemake.output.table,
            sidecar=snakemake.input.get("sidecar"),
            carried_sidecar=snakemake.output.get("sidecar"),
        )

"""Carry the source dataset's table of participants along, for those who were analysed."""

from seed_to_voxel.base import joblog


def main(source, subjects, carried):
    """Copy the header and the rows of the subjects, in the order of the source."""
    with open(source, encoding="utf-8-sig") as table:
        header, *rows = [line.rstrip("\r\n") for line in table if line.strip()]
    column = header.split("\t").index("participant_id") if "participant_id" in header.split("\t") else 0
    kept = [row for row in rows if row.split("\t")[column].removeprefix("sub-") in subjects]
    absent = sorted(set(subjects) - {row.split("\t")[column].removeprefix("sub-") for row in kept})
    if absent:
        print(f"{source} has no row for {', '.join(f'sub-{subject}' for subject in absent)}")
    with open(carried, "w", encoding="utf-8") as table:
        table.write("\n".join([header, *kept]) + "\n")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            source=snakemake.input.table,
            subjects=snakemake.params.subjects,
            carried=snakemake.output.table,
        )

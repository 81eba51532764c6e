"""Compare the study's results with printed numbers; a disagreement is said loudly and loses nothing."""

from pathlib import Path

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.pages import printed


def main(numbers, results, table, page):
    """Write the comparison; `results` has, by subject and seed, the paths of the two maps' sidecars."""
    read = {key: tuple(map(provenance.read_json, sidecars)) for key, sidecars in results.items()}
    rows = printed.compare(numbers, read)
    tables.write(table, printed.columns(rows))
    Path(page).write_text(printed.as_page(rows), encoding="utf-8")
    sentence = printed.verdict(rows)
    print(sentence)
    print(f"{sentence} (see {table})", file=joblog.screen)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            numbers=snakemake.input.printed,
            results=dict(
                zip(snakemake.params.compared, zip(snakemake.input.r, snakemake.input.z, strict=True), strict=True)
            ),
            table=snakemake.output.table,
            page=snakemake.output.page,
        )

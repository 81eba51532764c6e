"""Compare the study's results with printed numbers; a disagreement is said loudly and loses nothing."""

from collections.abc import Mapping
from pathlib import Path

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.pages import printed


def main(numbers: str, results: Mapping[tuple[str, str], tuple[str, str]], table: str, page: str) -> None:
    """Write the comparison; `results` has, by subject and seed, the paths of the two maps' sidecars."""
    read = {key: (provenance.read_json(r), provenance.read_json(z)) for key, (r, z) in results.items()}
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

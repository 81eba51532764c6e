"""Gather the quality of all runs in one table, refused ones with their reasons."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.pages import quality
from seed_to_voxel.quality import table as quality_table


def main(
    found: Sequence[str],
    statistics: Sequence[str],
    excluded: Sequence[dict],
    labels: Sequence[str],
    limits: Mapping,
    table: str,
    sidecar: str,
    page: str,
) -> None:
    """Write the table of quality, the description of its columns, and a page; `statistics` has runs that go on."""
    entries, tested = [provenance.read_json(path) for path in found], map(provenance.read_json, statistics)
    # Those that were refused have none.
    entries = [entry if entry["refused"] else quality_table.with_statistics(entry, next(tested)) for entry in entries]
    rows = quality_table.rows_of([*entries, *excluded], labels, limits)
    described = quality_table.describe(labels)
    tables.write(table, quality_table.columns(rows))
    provenance.write_json(sidecar, described)
    Path(page).write_text(quality.as_page(rows, described), encoding="utf-8")
    print(quality_table.verdict(rows))
    for row in rows:
        if row["verdict"] == "refused":
            run = " ".join(f"{name} {row[name]}" for name in ("subject", "session", "task", "run") if row.get(name))
            print(f"Refused: {run}: {row['reasons']} (see {table})", file=joblog.screen)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            found=list(snakemake.input.found),
            statistics=list(snakemake.input.statistics),
            excluded=snakemake.params.excluded,
            labels=snakemake.params.labels,
            limits=snakemake.params.limits,
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
            page=snakemake.output.page,
        )

"""Print a table of the paper: for LaTeX, for a word processor, and tab-separated."""

from collections.abc import Mapping
from pathlib import Path

from seed_to_voxel.base import joblog, tables
from seed_to_voxel.paper import print_tables


def main(table: Mapping, source: str, latex: str, html: str, tsv: str) -> None:
    """Write the table three times."""
    frame = print_tables.read(table, source)
    Path(latex).write_text(print_tables.as_latex(table, frame), encoding="utf-8")
    Path(html).write_text(print_tables.as_html(table, frame), encoding="utf-8")
    tables.write(tsv, frame)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            table=snakemake.params.table,
            source=snakemake.input.table,
            latex=snakemake.output.latex,
            html=snakemake.output.html,
            tsv=snakemake.output.tsv,
        )

"""Write the captions of the paper's figures, and the page that shows all of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.pages import paper as page
from seed_to_voxel.paper import captions, numbers


def main(
    figures: Sequence[Mapping],
    about: Sequence[str],
    printed: Sequence[Mapping],
    cells: Sequence[str],
    counted: str,
    formats: Sequence[str],
    latex: str,
    markdown: str,
    html: str,
) -> None:
    """Write them; `about` has what each figure shows, `cells` the tables, `counted` the numbers."""
    entries = provenance.read_json(counted)
    texts = {name: entry["text"] for name, entry in entries.items()}
    found = [
        captions.caption(figure, provenance.read_json(path)["sentences"], texts)
        for figure, path in zip(figures, about, strict=True)
    ]
    ending = next((ending for ending in ("pdf", "png") if ending in formats), formats[0])
    Path(latex).write_text(captions.as_latex(figures, found, ending, Path(latex).parent.as_posix()), encoding="utf-8")
    Path(markdown).write_text(captions.as_markdown(figures, found), encoding="utf-8")
    pictures = [str(Path(path).with_suffix(".png")) for path in about]
    shown = [(table, *_read(path)) for table, path in zip(printed, cells, strict=True)]
    Path(html).write_text(
        page.as_page(figures, found, pictures, shown, numbers.rows(entries), formats), encoding="utf-8"
    )


def _read(path: str) -> tuple[list[str], list[list[str]]]:
    header, *rows = tables.cells(path)
    return header, [["" if cell in tables.MISSING else cell for cell in row] for row in rows]


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            figures=snakemake.params.figures,
            about=list(snakemake.input.about),
            printed=snakemake.params.tables,
            cells=list(snakemake.input.tables),
            counted=snakemake.input.numbers,
            formats=snakemake.params.formats,
            latex=snakemake.output.latex,
            markdown=snakemake.output.markdown,
            html=snakemake.output.html,
        )

"""Draw a figure of the paper: its panels, at the size that it is printed in."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.figures import style
from seed_to_voxel.paper import figure

PREVIEW_DPI = 150
"""Of the small picture for the page."""


def main(
    described: Mapping, files: Mapping[str, str | Sequence[str]], look: Mapping, figures: Sequence[str], about: str
) -> None:
    """Draw the figure in all formats; `about` keeps what each panel shows, and is beside a small picture."""
    figure.use_font(look["font"])
    drawn, sentences = figure.draw(described, files, look["font_size"])
    alt = " ".join(f"({letter.lower()}) {said}" for letter, said in sentences.items() if said)
    style.save_print(drawn, style.stem_of(figures), look["formats"], look["dpi"], alt)
    style.save_print(drawn, Path(about).with_suffix(""), ["png"], PREVIEW_DPI, alt)
    size = [described["width"], sum(described["heights"])]
    provenance.write_json(about, {"name": described["name"], "sentences": sentences, "size_mm": size})


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        main(
            described=snakemake.params.figure,
            files=dict(snakemake.input.items()),
            look=snakemake.params.look,
            figures=list(snakemake.output.figures),
            about=snakemake.output.about,
        )

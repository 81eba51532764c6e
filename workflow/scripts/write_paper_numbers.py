"""Write the numbers that the paper's text quotes: as macros, and with where each comes from."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.paper import numbers


def main(
    asked: Sequence[Mapping], files: Sequence[Mapping[str, str | list[str]]], version: str, latex: str, json: str
) -> None:
    """Write both; `files` has those of each number by their roles."""
    entries = {number["name"]: numbers.entry(number, own, version) for number, own in zip(asked, files, strict=True)}
    provenance.write_json(json, entries)
    Path(latex).write_text(numbers.as_latex(entries), encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            asked=snakemake.params.asked,
            files=snakemake.params.files,
            version=snakemake.params.version,
            latex=snakemake.output.latex,
            json=snakemake.output.json,
        )

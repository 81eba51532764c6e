"""Write the methods text of a model of groups, as Markdown with its references in BibTeX, and as a page."""

from collections.abc import Mapping, Sequence

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.pages import methods


def main(
    options: Mapping,
    fdr: str,
    design: str,
    tests: Sequence[str],
    places: str,
    text: str,
    bibliography: str,
    page: str,
) -> None:
    """Write what was done, from the config that ran and what is said beside the design and a map of each test."""
    written = methods.write_groups(
        options, fdr, provenance.read_json(design), [provenance.read_json(path) for path in tests], places
    )
    written.save(text, bibliography, page)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            options=snakemake.params.options,
            fdr=snakemake.params.fdr,
            design=snakemake.input.design,
            tests=list(snakemake.input.tests),
            places=snakemake.params.places,
            text=snakemake.output.text,
            bibliography=snakemake.output.bibliography,
            page=snakemake.output.page,
        )

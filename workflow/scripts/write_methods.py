"""Write the methods text of a study, as Markdown with its references in BibTeX, and as a page for the report."""

from collections.abc import Mapping, Sequence

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.pages import methods


def main(
    config: Mapping,
    seeds: Sequence[Mapping],
    runs: Sequence[str],
    entries: Sequence[str],
    statistics: Sequence[str],
    excluded: Sequence[Mapping],
    version: str,
    snakemake_version: str,
    text: str,
    bibliography: str,
    page: str,
    source: str | None = None,
    qcfc: str | None = None,
    models: Sequence[str] = (),
) -> None:
    """Write what was done, from the config that ran and what the runs' sidecars say."""
    written = methods.write(
        config,
        seeds,
        [provenance.read_json(path) for path in runs],
        [*map(provenance.read_json, entries), *excluded],
        [provenance.read_json(path) for path in statistics],
        version,
        snakemake_version,
        provenance.read_json(source) if source else None,
        # Without framewise displacement there is no edge to speak of.
        bool(qcfc and provenance.read_json(qcfc)["NumberOfEdges"]),
        models,
    )
    written.save(text, bibliography, page)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            config=snakemake.params.configuration,
            seeds=snakemake.params.seeds,
            runs=list(snakemake.input.runs),
            entries=list(snakemake.input.entries),
            statistics=list(snakemake.input.statistics),
            excluded=snakemake.params.excluded,
            version=snakemake.params.version,
            snakemake_version=snakemake.params.snakemake_version,
            qcfc=next((path for path in snakemake.input.qcfc if path.endswith(".json")), None),
            text=snakemake.output.text,
            bibliography=snakemake.output.bibliography,
            page=snakemake.output.page,
            source=snakemake.input.get("source"),
            models=snakemake.params.models,
        )

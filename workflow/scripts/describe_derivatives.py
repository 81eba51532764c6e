"""Write the files that make the results a BIDS derivative dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.study import outputs


def main(
    version: str,
    dataset: str,
    datasets: Mapping[str, str],
    declared: Sequence[dict],
    listed: Sequence[dict],
    description: str,
    bidsignore: str,
    readme: str,
    source: str | None = None,
) -> None:
    """Write `dataset_description.json`, `.bidsignore` (of all that can be) and `README.md` (of what there is)."""
    name = f"Seed-to-voxel correlation maps ({dataset})"
    links = provenance.dataset_links(datasets, Path(description).parent)
    described = provenance.read_json(source) if source else None
    sources = [provenance.source_dataset(url, described) for url in links.values()]
    provenance.write_json(
        description,
        {
            "Name": name,
            "BIDSVersion": "1.11.0",
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": "seed-to-voxel", "Version": version}],
            **({"SourceDatasets": sources, "DatasetLinks": links} if links else {}),
        },
    )
    Path(bidsignore).write_text("\n".join(outputs.ignored(declared)) + "\n", encoding="utf-8")
    Path(readme).write_text(outputs.readme(listed, name), encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            version=snakemake.params.version,
            dataset=snakemake.params.dataset,
            datasets=snakemake.params.datasets,
            declared=snakemake.params.declared,
            listed=snakemake.params.listed,
            description=snakemake.output.description,
            bidsignore=snakemake.output.bidsignore,
            readme=snakemake.output.readme,
            source=snakemake.input.get("source"),
        )

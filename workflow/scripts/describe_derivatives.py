"""Write the files that make the results a BIDS derivative dataset."""

from pathlib import Path

from seed_to_voxel import joblog, provenance

# BIDS 1.11 has no `seed` and `stat` entities and no `statmap` suffix; validators are told to pass over them.
IGNORED = ["*_seed-*", "*_desc-seeds_timeseries.*", "*_desc-examplevoxels_timeseries.*"]


def main(version, dataset, description, bidsignore):
    """Write `dataset_description.json` and `.bidsignore`."""
    provenance.write_json(
        description,
        {
            "Name": f"Seed-to-voxel correlation maps ({dataset})",
            "BIDSVersion": "1.11.0",
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": "seed-to-voxel", "Version": version}],
        },
    )
    Path(bidsignore).write_text("\n".join(IGNORED) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            version=snakemake.params.version,
            dataset=snakemake.params.dataset,
            description=snakemake.output.description,
            bidsignore=snakemake.output.bidsignore,
        )

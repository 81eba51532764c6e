"""Download the table of participants of nilearn's development_fmri dataset, or use the one on disk."""

from seed_to_voxel.base import joblog
from seed_to_voxel.inputs import development_fmri, download


def main(data_dir: str, base_url: str, table: str, retries: int = 5) -> None:
    """Make sure that the table is in `data_dir`, and write a link to it."""
    download.link(development_fmri.fetch_participants(data_dir, base_url, retries).path, table)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            data_dir=snakemake.params.data_dir,
            base_url=snakemake.params.base_url,
            table=snakemake.output.table,
            retries=snakemake.params.retries,
        )

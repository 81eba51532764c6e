"""Download one participant of nilearn's development_fmri dataset, or use what is on disk already."""

from datetime import UTC, datetime

from seed_to_voxel.base import joblog
from seed_to_voxel.inputs import development_fmri, download, records


def main(
    participant: str, data_dir: str, base_url: str, bold: str, confounds: str, receipt: str, retries: int = 5
) -> None:
    """Make sure that the participant's files are in `data_dir`; write links to them, and a receipt."""
    # The rule's outputs are links: Snakemake deletes outputs before it reruns a job, never the data.
    files = development_fmri.fetch_participant(participant, data_dir, base_url, retries)
    download.link(files["bold"].path, bold)
    download.link(files["confounds"].path, confounds)
    records.write_receipt(receipt, development_fmri.receipt(participant, files, datetime.now(UTC)))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            participant=snakemake.params.participant,
            data_dir=snakemake.params.data_dir,
            base_url=snakemake.params.base_url,
            bold=snakemake.output.bold,
            confounds=snakemake.output.confounds,
            receipt=snakemake.output.receipt,
            retries=snakemake.params.retries,
        )

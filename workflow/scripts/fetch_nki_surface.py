"""Download a participant of nilearn's NKI runs on the surface, or their atlas, or use what is on disk already."""

from collections.abc import Mapping
from datetime import UTC, datetime

from seed_to_voxel.base import joblog
from seed_to_voxel.inputs import download, nki_surface, records


def main(
    participant: str | None, data_dir: str, base_url: str, links: Mapping[str, str], receipt: str, retries: int = 5
) -> None:
    """Make sure that the files are in `data_dir`; write links to them, and a receipt. No participant is the atlas."""
    # The rule's outputs are links: Snakemake deletes outputs before it reruns a job, never the data.
    files = nki_surface.fetch(participant, data_dir, base_url, retries)
    for kind, held in files.items():
        download.link(held.path, links[kind])
    whose = {"participant": f"sub-{participant}"} if participant else {"atlas": "destrieux"}
    records.write_receipt(receipt, records.receipt("nki_surface", files, datetime.now(UTC), **whose))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            participant=snakemake.params.get("participant"),
            data_dir=snakemake.params.data_dir,
            base_url=snakemake.params.base_url,
            links=dict(snakemake.output.items()),
            receipt=snakemake.output.receipt,
            retries=snakemake.params.retries,
        )

"""Remove results of seeds that are no longer in the table of seeds, and of kinds that the config does not ask for."""

from collections.abc import Sequence
from pathlib import Path

from seed_to_voxel.base import joblog
from seed_to_voxel.study import checksums


def main(paths: Sequence[str], listed: str) -> None:
    """Remove files, and their lines of the list of checksums; those that are gone already are none the worse."""
    for path in paths:
        Path(path).unlink(missing_ok=True)
        print(f"removed {path}", file=joblog.screen)
    checksums.without_missing(Path(listed))
    print(f"{len(paths)} files removed", file=joblog.screen)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(snakemake.params.paths, snakemake.params.listed)

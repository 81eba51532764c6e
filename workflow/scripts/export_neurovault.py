"""Copy the unthresholded maps of groups to a folder, with what NeuroVault's upload form asks of them."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.groups import neurovault


def main(
    maps: Sequence[str],
    sidecars: Sequence[str],
    stats: Sequence[str],
    task: str,
    space: str,
    fwhm: float | None,
    title: str,
    folder: str,
) -> None:
    """Write the folder; `stats` says of each map what it holds."""
    to = Path(folder)
    to.mkdir(parents=True, exist_ok=True)
    images = []
    for path, sidecar, stat in zip(maps, sidecars, stats, strict=True):
        shutil.copyfile(path, to / Path(path).name)
        images.append(neurovault.image(path, stat, provenance.read_json(sidecar), task, space, fwhm))
    tables.write(to / "images.tsv", {name: [image[name] for image in images] for name in images[0]})
    (to / "images.json").write_text(json.dumps(images, indent=2) + "\n", encoding="utf-8")
    (to / "README.md").write_text(neurovault.readme(title, len(images)), encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            maps=list(snakemake.input.maps),
            sidecars=list(snakemake.input.sidecars),
            stats=snakemake.params.stats,
            task=snakemake.params.task,
            space=snakemake.params.space,
            fwhm=snakemake.params.fwhm,
            title=snakemake.params.title,
            folder=snakemake.output.folder,
        )

"""Make an interactive viewer of the maps of a model of groups: normal deviates of every contrast and seed on slices."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seed_to_voxel.base import joblog
from seed_to_voxel.figures import style
from seed_to_voxel.images import nifti
from seed_to_voxel.pages import viewers

THRESHOLD = 3.29
"""p < 0.001, two-sided; the page has a slider."""


def main(maps: Sequence[str], names: Sequence[str], seeds: Sequence[Mapping], cmap: str, page: str) -> None:
    """Write the page; `names` and `seeds` say what each map shows and where its seed lies."""
    style.use_style()
    shown = [
        (name, {"x": 0, "y": 0, "z": 0, **seed}, nifti.load(path, 3))
        for name, seed, path in zip(names, seeds, maps, strict=True)
    ]
    written = viewers.slices_page(shown, THRESHOLD, viewers.DEVIATE.reach, cmap, viewers.DEVIATE)
    Path(page).write_text(written, encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            maps=list(snakemake.input.maps),
            names=snakemake.params.names,
            seeds=snakemake.params.seeds,
            cmap=snakemake.params.cmap,
            page=snakemake.output.page,
        )

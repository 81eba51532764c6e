"""Make the page of a group on which every voxel is a seed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog
from seed_to_voxel.connectivity import pooled
from seed_to_voxel.pages import explorer_group


def read(values: str, described: str) -> pooled.Member:
    """A run as `reduce_run.py` left it; its values stay in their file until they are asked for."""
    with np.load(described) as found:
        return pooled.Member(
            json.loads(str(found["about"])),
            np.load(values, mmap_mode="r"),
            found["mask"],
            found["affine"],
            found["background"],
            tuple(found["image_shape"].tolist()),
            found["image_affine"],
        )


def main(
    values: Sequence[str],
    described: Sequence[str],
    at_least: float,
    megabytes: float,
    look: Mapping[str, Any],
    not_read: Sequence[str],
    page: str,
) -> None:
    """Write the page; `look` has threshold, largest value and colours of the maps."""
    members = [read(*files) for files in zip(values, described, strict=True)]
    written = explorer_group.page(members, at_least, megabytes, look, not_read)
    Path(page).write_text(written, encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            list(snakemake.input.values),
            list(snakemake.input.described),
            snakemake.params.mask_coverage,
            snakemake.params.megabytes,
            # As of a run's page: it opens with these and can change them.
            {name: snakemake.config["maps"][name] for name in ("threshold", "vmax", "cmap")},
            snakemake.params.not_read,
            snakemake.output.page,
        )

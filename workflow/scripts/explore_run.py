"""Make the page of a run on which every voxel is a seed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Functions import nilearn anyway; here, once for all jobs.
import nilearn.datasets
import nilearn.surface  # noqa: F401

from seed_to_voxel.base import joblog
from seed_to_voxel.pages import explorer
from seed_to_voxel.statistics import cleaned, significance


def main(
    inputs: Mapping[str, str], labels: Mapping[str, str], look: Mapping[str, Any], meet_bursts: bool, page: str
) -> None:
    """Write the page; `inputs` has the names that the rule gives them.

    `look` has threshold, largest value and colours of the maps.
    """
    made = cleaned.CleanedRun(inputs)
    written = explorer.page(
        made.run,
        labels,
        made.series,
        (made.mask, made.mean),
        significance.noise_of(made.operator, made.kept, made.series, made.swelling(meet_bursts)),
        look,
        made.voxels["smoothing_fwhm"],
    )
    Path(page).write_text(written, encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            inputs=dict(snakemake.input.items()),
            labels=snakemake.params.run_labels,
            # No parameter of the rule: the page opens with these and can change them, so that another threshold is no
            # reason to read the run again.
            look={name: snakemake.config["maps"][name] for name in ("threshold", "vmax", "cmap")},
            meet_bursts=snakemake.params.bursts,
            page=snakemake.output.page,
        )

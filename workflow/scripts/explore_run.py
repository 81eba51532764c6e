"""Make the page of a run on which every voxel, or every vertex, is a seed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Functions import nilearn anyway; here, once for all jobs.
import nilearn.datasets
import nilearn.surface  # noqa: F401

from seed_to_voxel.base import joblog
from seed_to_voxel.pages import explorer, explorer_cortex
from seed_to_voxel.statistics import cleaned, significance


def main(
    inputs: Mapping[str, Any],
    labels: Mapping[str, str],
    look: Mapping[str, Any],
    meet_bursts: bool,
    page: str,
    surfaces: Mapping[str, Any] | None = None,
) -> None:
    """Write the page; `inputs` has the names that the rule gives them.

    `look` has threshold, largest value and colours of the maps, `surfaces` the meshes of a run on the cortical surface.
    """
    made = cleaned.CleanedRun(inputs)
    noise = significance.noise_of(made.operator, made.kept, made.series, made.swelling(meet_bursts))
    after = noise, look, made.voxels["smoothing_fwhm"]
    if surfaces:
        places = explorer_cortex.Cortex(made.layout, made.brain, surfaces)
        written = explorer_cortex.page(made.run, labels, made.series, places, *after)
    else:
        written = explorer.page(made.run, labels, made.series, (made.mask, made.mean), *after)
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
            surfaces=snakemake.params.surfaces,
        )

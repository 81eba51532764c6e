"""Make the page of a run on which every voxel is a seed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.images import nifti
from seed_to_voxel.pages import explorer
from seed_to_voxel.statistics import bursts, significance


def main(
    voxel_series: str,
    voxel_sidecar: str,
    seed_sidecar: str,
    operator: str,
    motion: str,
    mask: str,
    mean: str,
    labels: Mapping[str, str],
    look: Mapping[str, Any],
    meet_bursts: bool,
    page: str,
) -> None:
    """Write the page; `look` has threshold, largest value and colours of the maps."""
    run = provenance.read_json(seed_sidecar)
    series = np.load(voxel_series, mmap_mode="r")
    swelling = None
    if meet_bursts:
        std_dvars = np.array(tables.read_numbers(motion)[1])[:, 1]
        bursts.check(std_dvars, seed_sidecar)
        swelling = bursts.deviations(std_dvars)
    written = explorer.page(
        run,
        labels,
        series,
        (nifti.load(mask, 3), nifti.load(mean, 3)),
        significance.noise_of(np.load(operator), significance.kept_volumes(run), series, swelling),
        look,
        provenance.read_json(voxel_sidecar)["smoothing_fwhm"],
    )
    Path(page).write_text(written, encoding="utf-8")


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            voxel_series=snakemake.input.voxels,
            voxel_sidecar=snakemake.input.voxels_sidecar,
            seed_sidecar=snakemake.input.seeds_sidecar,
            operator=snakemake.input.operator,
            motion=snakemake.input.motion,
            mask=snakemake.input.mask,
            mean=snakemake.input.mean,
            labels=snakemake.params.run_labels,
            # No parameter of the rule: the page opens with these and can change them, so that another threshold is no
            # reason to read the run again.
            look={name: snakemake.config["maps"][name] for name in ("threshold", "vmax", "cmap")},
            meet_bursts=snakemake.params.bursts,
            page=snakemake.output.page,
        )

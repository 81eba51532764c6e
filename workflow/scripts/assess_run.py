"""Decide from its header, mask and confounds whether a run is good enough to be used."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.base.errors import InputError, UnusableRunError
from seed_to_voxel.cleaning import preparation
from seed_to_voxel.images import places
from seed_to_voxel.quality import measures
from seed_to_voxel.quality.limits import judge
from seed_to_voxel.series import passes, regions


def coverage_of(seed: dict, image: Any, brain: np.ndarray) -> float:
    """Share of a seed's voxels in the brain; 0 where the seed is outside of the image."""
    try:
        region = regions.fixed_region(seed, image)
    except InputError as error:
        print(error)
        return 0.0
    # Vertices for which a file has no place belong to the seed too.
    return float(brain[tuple(region.voxels.T)].sum() / (len(region.voxels) + region.seed.get("n_absent", 0)))


def main(
    bold: str,
    seeds: Sequence[dict],
    options: dict,
    limits: Mapping[str, Any],
    t_r: float | None,
    labels: Mapping[str, str],
    verdict: str,
    mask: str | None = None,
    confounds: str | None = None,
    sidecar: str | None = None,
    surfaces: Mapping | None = None,
    bold_right: str | None = None,
) -> None:
    """Write the run's metrics as far as they are known before it is read, and why it is refused, if it is."""
    image = places.open_run([path for path in (bold, bold_right) if path], surfaces)
    material = preparation.read_material(image, bold, options, t_r, confounds, sidecar)
    for note in material.notes:
        joblog.logger.warning(note)
    described, reasons, coverage = material.described, [], {}
    try:
        _, described = material.operator()
    except UnusableRunError as error:
        reasons.append(str(error))
    if limits["min_seed_coverage"] is not None:
        brain = places.brain(image, mask)
        if brain is None:
            scan = passes.scan(image, [])
            brain = passes.background_mask(scan.mean, image)
        # Where a peak lies is known only once the run has been read.
        coverage = {seed["label"]: coverage_of(seed, image, brain) for seed in seeds if not seed.get("reference")}
    metrics = {
        **measures.cleaning_metrics(described),
        **measures.motion_metrics(material.censoring.fd, material.censoring.std_dvars),
        "min_seed_coverage": min(coverage.values()) if coverage else None,
    }
    reasons += judge(metrics, limits)
    if limits["max_mean_fd"] is not None and metrics["mean_fd"] is None:
        reasons.append("the confounds table has no framewise_displacement (max_mean_fd)")
    provenance.write_json(
        verdict,
        {
            "labels": labels,
            "refused": reasons,
            "metrics": metrics,
            "seeds": {label: {"coverage": value} for label, value in coverage.items()},
        },
    )


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            **{name: snakemake.input.get(name) for name in ("bold", "bold_right", "mask", "confounds", "sidecar")},
            seeds=snakemake.params.seeds,
            options=snakemake.params.cleaning,
            limits=snakemake.params.limits,
            t_r=snakemake.params.t_r,
            labels=snakemake.params.labels,
            surfaces=snakemake.params.surfaces,
            verdict=snakemake.output.verdict,
        )

"""Extract the mean series of every seed of a run, and prepare the run's mask and cleaning operator."""

from collections.abc import Mapping, Sequence
from typing import Any

import nilearn  # noqa: F401  its version goes into the sidecar, and is refused where it computes wrong maps
import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.cleaning import operators, preparation
from seed_to_voxel.images import layouts, places
from seed_to_voxel.series import passes, regions

RUN_FILES = ("bold", "bold_right", "mask", "confounds", "sidecar", "confounds_sidecar")
"""A run's; all but the first may be absent."""


def main(
    bold: str,
    seeds: Sequence[dict],
    options: dict,
    t_r: float | None,
    outputs: Mapping[str, Any],
    datasets: Mapping[str, str],
    space: str,
    resolution: str | None = None,
    surfaces: Mapping | None = None,
    bold_right: str | None = None,
    mask: str | None = None,
    confounds: str | None = None,
    sidecar: str | None = None,
    confounds_sidecar: str | None = None,
    seed_files: Sequence[str] = (),
) -> None:
    """Read the unsmoothed run once; write seed series and voxels, mask, mean image, motion, cleaning operator.

    `surfaces` has the meshes of a run on the cortical surface, and `bold_right` is its other hemisphere where it is a
    pair.
    """
    files = [path for path in (bold, bold_right) if path]
    image = places.open_run(files, surfaces)
    given = places.brain(image, mask)
    # Without a mask of the run's own, the brain is known only after this pass.
    # A vertex without data would count as 0 in a seed's mean.
    only_in = given if options["seeds_in_mask"] or surfaces else None
    smoothing = options["seed_smoothing_fwhm"]
    material = preparation.read_material(image, bold, options, t_r, confounds, sidecar)
    operator, cleaned = material.operator()
    found, scan = regions.extract(seeds, image, operator, smoothing, only_in)
    lost, undefined = scan.lost.tolist(), scan.undefined
    if preparation.check_undefined(lost, material.censoring, options["undefined_volumes"], bold):
        # Only such a run is read once more.
        material = preparation.read_material(image, bold, options, t_r, confounds, sidecar, lost)
        operator, cleaned = material.operator()
        found, scan = regions.extract(seeds, places.open_run(files, surfaces), operator, smoothing, only_in)
    n_zeroed = int(undefined[material.censoring.kept].sum())
    for note in (*material.notes, *preparation.undefined_notes(bold, len(lost), n_zeroed)):
        joblog.logger.warning(note)
    brain = passes.background_mask(scan.mean, image) if given is None else given
    spheres = [region.voxels for region in found]
    described = passes.seed_coverage([region.seed for region in found], spheres, brain, image)
    described = [{**seed, "tsnr": tsnr} for seed, tsnr in zip(described, scan.seed_tsnr, strict=True)]
    series = operators.clean_seeds(operator, scan.seed_series)
    reasons = passes.exclusions(described, options["min_seed_coverage"])
    covered = np.array([reason is None for reason in reasons])
    passes.check_defined(series[:, covered], [seed for seed, there in zip(seeds, covered, strict=True) if there])
    series[:, ~covered] = np.nan
    for seed, reason in zip(described, reasons, strict=True):
        if reason is not None:
            seed["excluded"] = reason
            joblog.logger.warning(f"{bold}: the seed {seed['label']!r} has no map: {reason}")

    labels = [seed["label"] for seed in seeds]
    tables.write(outputs["series"], dict(zip(labels, series.T, strict=True)), digits=9)
    tables.write(outputs["raw_series"], dict(zip(labels, scan.seed_series.T, strict=True)), digits=9)
    own = np.concatenate(spheres)
    owners = [label for label, voxels in zip(labels, spheres, strict=True) for _ in voxels]
    tables.write(outputs["voxels"], {"seed": owners, **places.table(image, own), "in_mask": brain[tuple(own.T)]})
    np.save(outputs["operator"], operator)
    layout = places.layout(image)
    layout.save(layouts.listed(outputs["mask"]), brain.astype(np.uint8), "brain mask")
    layout.save(layouts.listed(outputs["mean"]), scan.mean.astype(np.float32), "mean over time")
    if outputs.get("coordinates"):
        np.save(outputs["coordinates"], places.coordinates(image, np.ones(brain.shape, dtype=bool)).astype(np.float32))
    censoring = material.censoring
    none = np.full(len(censoring.kept), np.nan)
    motion = {
        "framewise_displacement": none if censoring.fd is None else censoring.fd,
        "std_dvars": none if censoring.std_dvars is None else censoring.std_dvars,
        "kept": censoring.kept,
    }
    tables.write(outputs["motion"], motion, digits=9)
    sources = (*files, mask, confounds, sidecar, confounds_sidecar, *seed_files)
    where = places.described(image)
    origin = "given with the run" if mask else places.brain_from(image)
    if surfaces:
        joblog.logger.info(f"{bold}: {int(brain.sum())} of {brain.size} {layout.words} have data")
    provenance.write_json(
        outputs["mask_sidecar"],
        {
            "Description": f"Brain mask, {origin}",
            "Type": "Brain",
            "SpatialReference": space,
            # BIDS wants it of files with the entity `res`.
            **({"Resolution": f"{resolution}: voxels of {_size(where)} mm"} if resolution and not surfaces else {}),
            **(where if surfaces else {}),
            "Sources": [provenance.uri(mask or bold, datasets)],
        },
    )
    provenance.write_json(
        outputs["sidecar"],
        {
            "Description": "Mean series of each seed, cleaned and standardised, at the volumes that were kept",
            "Units": "standard deviations (sample)",
            **where,
            "SeedSmoothing": options["seed_smoothing_fwhm"],
            "SeedVoxels": "all of each seed" if only_in is None else "those in the brain mask",
            **cleaned,
            "UndefinedVolumes": lost,
            "UndefinedValues": n_zeroed,
            "Mask": origin,
            "Seeds": described,
            "Sources": [provenance.uri(path, datasets) for path in sources if path],
            "Software": provenance.versions("nilearn", "numpy", "scipy", "nibabel"),
        },
    )


def _size(where: Mapping) -> str:
    return " x ".join(f"{size:.3g}" for size in where["VoxelSize"])


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            **{name: snakemake.input.get(name) for name in RUN_FILES},
            seed_files=snakemake.input.seed_files,
            seeds=snakemake.params.seeds,
            options=snakemake.params.cleaning,
            t_r=snakemake.params.t_r,
            datasets=snakemake.params.datasets,
            space=snakemake.params.space,
            resolution=snakemake.params.resolution,
            surfaces=snakemake.params.surfaces,
            outputs=dict(snakemake.output.items()),
        )

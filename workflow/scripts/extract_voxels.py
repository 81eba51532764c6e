"""Extract the smoothed, cleaned series of every voxel of a run, and measure the run's quality on the way."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.images import places
from seed_to_voxel.quality import carpet, measures
from seed_to_voxel.series import passes, stored


def main(
    bold: str | Sequence[str],
    mask: str | Sequence[str],
    operator: str,
    seed_sidecar: str,
    motion: str,
    smoothing_fwhm: float | None,
    wanted: Sequence[int],
    labels: Mapping[str, str],
    outputs: Mapping[str, str],
    surfaces: Mapping | None = None,
) -> None:
    """Read the run once, volume by volume; write its voxels' series, those of a few voxels apart, and its quality."""
    image = places.open_run(bold, surfaces, mask)
    brain = places.load_mask(mask, image)
    cleaning = np.load(operator)
    n_voxels = int(brain.sum())
    shown = carpet.spread_over(n_voxels)
    with stored.series_in(outputs["series"], (len(cleaning), n_voxels)) as series:
        voxels = passes.read_voxels(image, brain, smoothing_fwhm, cleaning, shown, series)
    examples = passes.example_voxels(wanted, n_voxels)
    tables.write(outputs["examples"], {f"voxel{voxel}": voxels.series[:, voxel] for voxel in examples}, digits=7)
    provenance.write_json(
        outputs["sidecar"],
        {
            "smoothing_fwhm": smoothing_fwhm,
            **places.reached(image, brain, smoothing_fwhm),
            "n_voxels": n_voxels,
            "n_constant_voxels": int(np.isnan(voxels.series[0]).sum()),
        },
    )
    fd, std_dvars, _ = np.array(tables.read_numbers(motion)[1]).T
    run = provenance.read_json(seed_sidecar)
    provenance.write_json(outputs["metrics"], measures.entry(labels, run, fd, std_dvars, passes.median(voxels.tsnr)))
    # Three digits are more than a grey tells.
    np.save(outputs["carpet"], carpet.before_and_after(voxels.sample, cleaning).astype(np.float16))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            bold=[*snakemake.input.bold],
            surfaces=snakemake.params.surfaces,
            mask=snakemake.input.mask,
            operator=snakemake.input.operator,
            seed_sidecar=snakemake.input.seeds_sidecar,
            motion=snakemake.input.motion,
            smoothing_fwhm=snakemake.params.smoothing_fwhm,
            wanted=snakemake.params.examples,
            labels=snakemake.params.labels,
            outputs=dict(snakemake.output.items()),
        )

"""Extract the smoothed, cleaned series of every voxel of a run."""

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.images import nifti
from seed_to_voxel.series import passes


def main(bold, mask, operator, smoothing_fwhm, wanted, series, sidecar, examples):
    """Read the run once, volume by volume; write its voxels' series, and those of a few voxels apart."""
    image = nifti.load_run(bold)
    brain = nifti.load_mask(mask, image)
    cleaned = passes.voxel_series(image, brain, smoothing_fwhm, np.load(operator))
    np.save(series, cleaned)
    shown = passes.example_voxels(wanted, cleaned.shape[1])
    tables.write(examples, {f"voxel{voxel}": cleaned[:, voxel] for voxel in shown}, digits=7)
    provenance.write_json(
        sidecar,
        {
            "smoothing_fwhm": smoothing_fwhm,
            "n_voxels": cleaned.shape[1],
            "n_constant_voxels": int(np.isnan(cleaned[0]).sum()),
        },
    )


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            bold=snakemake.input.bold,
            mask=snakemake.input.mask,
            operator=snakemake.input.operator,
            smoothing_fwhm=snakemake.params.smoothing_fwhm,
            wanted=snakemake.params.examples,
            series=snakemake.output.series,
            sidecar=snakemake.output.sidecar,
            examples=snakemake.output.examples,
        )

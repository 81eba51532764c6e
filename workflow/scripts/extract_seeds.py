"""Extract the mean series of every seed of a run, and prepare the run's mask and cleaning operator."""

import numpy as np

from seed_to_voxel import cleaning, images, joblog, provenance, timeseries
from seed_to_voxel.confounds import read_confounds


def main(bold, seeds, options, t_r, outputs, mask=None, confounds=None, sidecar=None):
    """Read the unsmoothed run once; write seed series, brain mask, mean image and cleaning operator."""
    image = images.load(bold, 4)
    n_volumes = image.shape[3]
    stated = {
        str(sidecar or "the JSON sidecar"): sidecar and provenance.read_json(sidecar).get("RepetitionTime"),
        "the dataset (t_r)": t_r,
    }
    t_r = images.repetition_time(float(image.header.get_zooms()[3]), stated)
    columns = options["confounds"] if confounds else []
    values, filled = read_confounds(confounds, columns, n_volumes) if columns else (None, [])
    band = {key: options[key] for key in ("detrend", "high_pass", "low_pass")}
    operator = cleaning.cleaning_operator(n_volumes, t_r, **band, confounds=values)

    spheres = timeseries.seed_spheres(seeds, image)
    given = images.load_mask(mask, image) if mask else None
    scan = timeseries.scan(image, spheres)
    brain = timeseries.background_mask(scan.mean, image) if given is None else given
    described = timeseries.seed_coverage(seeds, spheres, brain, image.affine)
    series = cleaning.clean_seeds(operator, scan.seed_series)
    timeseries.check_defined(series, seeds)

    labels = [seed["label"] for seed in seeds]
    np.savetxt(outputs["series"], series, "%.9g", "\t", header="\t".join(labels), comments="")
    np.save(outputs["operator"], operator)
    images.save(outputs["mask"], brain.astype(np.uint8), image, "brain mask")
    images.save(outputs["mean"], scan.mean.astype(np.float32), image, "mean over time")
    provenance.write_json(
        outputs["sidecar"],
        {
            "Description": "Mean series of each seed's sphere in the unsmoothed image, cleaned and standardised",
            "Units": "standard deviations (sample)",
            "RepetitionTime": t_r,
            "NumberOfVolumes": n_volumes,
            "DegreesOfFreedom": cleaning.degrees_of_freedom(operator),
            "Cleaning": {**band, "confounds": columns, "confounds_first_row_filled": filled},
            "Mask": "given with the run" if mask else "background mask (nilearn)",
            "Seeds": described,
            "Sources": [str(path) for path in (bold, mask, confounds, sidecar) if path],
            "Software": provenance.versions("nilearn", "numpy", "scipy", "nibabel", "pandas"),
        },
    )


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            bold=snakemake.input.bold,
            mask=snakemake.input.get("mask"),
            confounds=snakemake.input.get("confounds"),
            sidecar=snakemake.input.get("sidecar"),
            seeds=snakemake.params.seeds,
            options=snakemake.params.cleaning,
            t_r=snakemake.params.t_r,
            outputs=dict(snakemake.output.items()),
        )

"""Measure the quality of a run: its motion, its signal, and its carpet before and after cleaning."""

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.cleaning.censoring import Censoring, motion_of
from seed_to_voxel.cleaning.confounds import read
from seed_to_voxel.images import nifti
from seed_to_voxel.quality import carpet, measures
from seed_to_voxel.series import regions


def main(bold, mask, operator, seed_sidecar, labels, metrics, motion, carpet_picture, confounds=None):
    """Read the run once more, as it was before smoothing; write its metrics, its motion and its carpet."""
    run = provenance.read_json(seed_sidecar)
    image = nifti.load_run(bold)
    brain = nifti.load_mask(mask, image)
    kept = np.ones(run["NumberOfVolumes"], dtype=bool)
    kept[run["CensoredVolumes"]] = False
    fd, std_dvars, _ = motion_of(read(confounds) if confounds else None, len(kept))
    censoring = Censoring(kept, run["CensoringReasons"], fd, std_dvars)
    voxels = [regions.described_voxels(seed, image) for seed in run["Seeds"]]
    median, seed_tsnr, before, after = measures.measure(image, brain, np.load(operator), voxels)
    coverage = [seed["coverage"] for seed in run["Seeds"]]
    found = {
        **measures.cleaning_metrics(run),
        **measures.motion_metrics(censoring),
        "median_tsnr": median,
        "min_seed_coverage": min(coverage),
    }
    seeds = {
        seed["label"]: {"coverage": seed["coverage"], "tsnr": value}
        for seed, value in zip(run["Seeds"], seed_tsnr, strict=True)
    }
    provenance.write_json(metrics, {"labels": labels, "refused": [], "metrics": found, "seeds": seeds})
    none = np.full(len(kept), np.nan)
    columns = {
        "framewise_displacement": none if fd is None else fd,
        "std_dvars": none if std_dvars is None else std_dvars,
        "kept": kept,
    }
    tables.write(motion, columns)
    carpet.write(carpet_picture, before, after)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            bold=snakemake.input.bold,
            mask=snakemake.input.mask,
            operator=snakemake.input.operator,
            confounds=snakemake.input.get("confounds"),
            seed_sidecar=snakemake.input.seeds_sidecar,
            labels=snakemake.params.labels,
            metrics=snakemake.output.metrics,
            motion=snakemake.output.motion,
            carpet_picture=snakemake.output.carpet,
        )

"""Reduce a run to what correlations between its voxels need, for the page of a group."""

import json
from collections.abc import Mapping

import numpy as np

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.connectivity import pooled
from seed_to_voxel.statistics import cleaned


def main(inputs: Mapping[str, str], run: str, labels: Mapping[str, str], values: str, described: str) -> None:
    """Write the values, and beside them where they are from; `inputs` has the names that the rule gives them."""
    made = cleaned.CleanedRun(inputs)
    nu = provenance.read_json(inputs["statistics"])["effective_degrees_of_freedom"]
    about = {
        "run": run,
        "subject": labels["subject"],
        "weight": None if nu is None else nu - 2,
        "seeds": made.run["Seeds"],
        "smoothing": made.voxels["smoothing_fwhm"],
    }
    member = pooled.member_of(made.series, made.mask, made.mean, about)
    np.save(values, member.values)
    rest = {name: getattr(member, name) for name in ("mask", "affine", "background", "image_shape", "image_affine")}
    np.savez(described, about=json.dumps(member.about), **rest)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            dict(snakemake.input.items()),
            snakemake.wildcards.run,
            snakemake.params.run_labels,
            snakemake.output.values,
            snakemake.output.described,
        )

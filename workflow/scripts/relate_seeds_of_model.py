"""Test a contrast of a model of groups on the correlations of the seeds among themselves."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.groups import design_files, map_sidecars, pairs, testing


def main(
    design: str,
    design_sidecar: str,
    of_runs: Mapping[str, str],
    units: Sequence[Mapping],
    contrast: Mapping,
    options: Mapping,
    by_yekutieli: bool,
    permutes: bool,
    datasets: Mapping[str, str],
    table: str,
    sidecar: str,
) -> None:
    """Write the table of pairs, and its sidecar; `of_runs` has the table of pairs of each run."""
    described = provenance.read_json(design_sidecar)
    read = design_files.read(tables.cells(design), described)
    question = testing.question(read, contrast, permutes)
    runs_of = {unit["name"]: unit["runs"] for unit in units}
    data: list[np.ndarray] = []
    labels: list[tuple[str, str]] = []
    for row in read.rows:
        of_unit = []
        for run in runs_of[row]:
            header, *cells = tables.cells(of_runs[run])
            columns = dict(zip(header, zip(*cells, strict=True), strict=True))
            own = list(zip(columns["seed_1"], columns["seed_2"], strict=True))
            labels = labels or own
            if own != labels:
                raise InputError(f"{of_runs[run]}: its pairs of seeds are not those of the other runs; make it anew")
            of_unit.append(
                {
                    name: np.array([np.nan if cell in tables.MISSING else float(cell) for cell in columns[name]])
                    for name in ("fisher_z", "nu")
                }
            )
        data.append(pairs.of_unit(of_unit))
    asked = options["permutations"]
    model = testing.model_of(read, [contrast], asked["n"], asked["seed"]) if permutes else None
    found = pairs.test(np.stack(data), question, model, contrast["name"], by_yekutieli)
    tables.write(
        table, {"seed_1": [pair[0] for pair in labels], "seed_2": [pair[1] for pair in labels], **found}, digits=6
    )
    sources = [provenance.uri(path, datasets) for path in (design, *of_runs.values())]
    shared = map_sidecars.of_test(
        described, contrast, question.weights, {}, sources, question.doubt, question.summarised
    )
    count = model.permutations[contrast["name"]].count if model else None
    provenance.write_json(sidecar, pairs.describe(shared, count))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            design=snakemake.input.design,
            design_sidecar=snakemake.input.design_sidecar,
            of_runs=dict(zip(snakemake.params.runs, snakemake.input.pairs, strict=True)),
            units=snakemake.params.units,
            contrast=snakemake.params.contrast,
            options=snakemake.params.options,
            by_yekutieli=snakemake.params.by_yekutieli,
            permutes=snakemake.params.permutes,
            datasets=snakemake.params.datasets,
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
        )

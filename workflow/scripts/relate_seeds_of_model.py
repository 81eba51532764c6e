"""Test a contrast of a model of groups on the correlations of the seeds among themselves."""

from collections.abc import Mapping, Sequence

# Functions import formulaic anyway; here, once for all jobs.
import formulaic.utils.constraints  # noqa: F401
import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.connectivity import relations
from seed_to_voxel.figures import relations as pictures
from seed_to_voxel.figures import style
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
    look: Mapping,
    table: str,
    sidecar: str,
    matrices: Mapping[str, tuple[str, str]],
    figure: Sequence[str],
) -> None:
    """Write the table of pairs, matrices, their sidecars and a figure; `of_runs` has the table of pairs of each run.

    `matrices` has the files of each of `pairs.MATRICES` and of its sidecar, and `look` the level of corrected p and the
    colours of the figure.
    """
    described = provenance.read_json(design_sidecar)
    read = design_files.read(tables.cells(design), described)
    question = testing.question(read, contrast, permutes)
    runs_of = {unit["name"]: unit["runs"] for unit in units}
    data: list[np.ndarray] = []
    labels: pairs.Labels | None = None
    for row in read.rows:
        labels, z = pairs.of_runs([of_runs[run] for run in runs_of[row]], labels)
        data.append(z)
    assert labels is not None
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
    said = pairs.describe(shared, count)
    provenance.write_json(sidecar, said)
    for stat, (values_of, described_in) in matrices.items():
        values, seeds = pairs.as_matrix(found[pairs.MATRICES[stat][0]], labels)
        tables.write(values_of, relations.as_matrix(values, seeds), digits=6)
        provenance.write_json(described_in, pairs.describe_matrix(said, stat, seeds))
    shown, corrected = ("statistic" if contrast["joint"] else "effect"), ("p_fwe" if model else "p_fdr")
    drawn, alt = pictures.plot_tested(
        pairs.as_matrix(found[shown], labels)[0],
        pairs.as_matrix(found[corrected], labels)[0],
        list(dict.fromkeys(label for pair in labels for label in pair)),
        pictures.in_order(pairs.mean_matrix(np.stack(data), labels)),
        look["level"],
        (
            "F" if contrast["joint"] else "effect (Fisher z)",
            "family-wise over the pairs, max-T" if model else "false discovery rate over the pairs",
        ),
        look["cmap"],
        (f"Seeds among themselves, {contrast['name']}", f"Model {described['Model']}, {len(read.rows)} rows"),
        0.0 if contrast["joint"] else pictures.FAINTEST,
    )
    style.save(drawn, style.stem_of(figure), alt)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
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
            look=snakemake.params.look,
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
            matrices=dict(
                zip(
                    snakemake.params.stats,
                    zip(snakemake.output.matrices, snakemake.output.matrix_sidecars, strict=True),
                    strict=True,
                )
            ),
            figure=list(snakemake.output.figure),
        )

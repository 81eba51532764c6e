"""Build the design of a model: a row a subject, with who was left out and why."""

from collections.abc import Mapping, Sequence
from typing import Any

# Functions import formulaic and nilearn anyway; here, once for all jobs.
import formulaic.utils.constraints  # noqa: F401
import nilearn.plotting  # noqa: F401

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.figures import group_designs, style
from seed_to_voxel.groups import design_files, designs
from seed_to_voxel.study.groups import read_models


def main(
    model: Mapping[str, Any],
    units: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, str],
    statistics: Mapping[str, str],
    participants: str | None,
    excluded: Sequence[tuple[str, str]],
    datasets: Mapping[str, str],
    table: str,
    sidecar: str,
    left_out: str,
    left_out_sidecar: str,
    figure_files: Sequence[str],
    contrasts: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write the design, who is in no row of it, and its picture; `metrics` and `statistics` are files of runs.

    The `contrasts` are read for their mistakes alone: the jobs that use them come after all maps are gathered.
    """
    known = [
        design_files.with_quality(
            unit,
            [provenance.read_json(metrics[run])["metrics"] for run in unit["runs"]],
            [provenance.read_json(statistics[run]) for run in unit["runs"]],
        )
        for unit in units
    ]
    people = designs.read_participants(tables.cells(participants), participants) if participants else None
    design = designs.build(model, known, people, excluded)
    for contrast in contrasts:
        designs.weights(contrast, design.names, design.terms, model["name"])
    tables.write(table, design_files.columns(design), digits=17)
    sources = [provenance.uri(participants, datasets)] if participants else []
    provenance.write_json(sidecar, design_files.describe(design, model, sources))
    tables.write(left_out, design_files.left_out_columns(design))
    provenance.write_json(left_out_sidecar, design_files.LEFT_OUT)
    for name, why in design.left_out:
        print(f"Note: {name} is in no row of the model {model['name']}: {why}", file=joblog.screen)
    style.use_style()
    figure, alt = group_designs.plot_design(design, model["name"])
    style.save(figure, style.stem_of(figure_files), alt)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        runs = snakemake.params.runs
        main(
            model=snakemake.params.model,
            units=snakemake.params.units,
            metrics=dict(zip(runs, snakemake.input.metrics, strict=True)),
            statistics=dict(zip(runs, snakemake.input.statistics, strict=True)),
            participants=snakemake.input.get("participants"),
            excluded=snakemake.params.excluded,
            datasets=snakemake.params.datasets,
            table=snakemake.output.table,
            sidecar=snakemake.output.sidecar,
            left_out=snakemake.output.left_out,
            left_out_sidecar=snakemake.output.left_out_sidecar,
            figure_files=list(snakemake.output.figure),
            # No parameter of the rule: another contrast makes no design anew.
            contrasts=[
                contrast.described
                for contrast in read_models(snakemake.config["groups"])[snakemake.params.model["name"]].contrasts
            ],
        )

"""Compare the maps of pairs of seeds of a run, voxel by voxel, and draw their differences."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.figures import canvas, group_maps, style
from seed_to_voxel.images import layouts
from seed_to_voxel.statistics import cleaned, differences, map_sidecars, multiplicity


def main(
    inputs: Mapping[str, Any],
    fisherz: Sequence[str],
    fisherz_sidecars: Sequence[str],
    z_sidecars: Sequence[str],
    pairs: Sequence[Sequence[str]],
    statistics: Mapping,
    cmap: str,
    run_labels: Mapping[str, str],
    datasets: Mapping[str, str],
    outputs: Mapping[str, Sequence[str]],
    table: str,
    table_sidecar: str,
    surfaces: Mapping | None = None,
) -> None:
    """Write for each pair in turn the difference of Fisher z, its z-score, their sidecars, and a figure; and a table.

    `inputs` and `outputs` have the names that the rule gives them, `surfaces` the meshes of a run on the cortical
    surface.
    """
    made = cleaned.CleanedRun(inputs)
    swelling = made.swelling(statistics["bursts"])
    layout, brain, reach = made.layout, made.brain, made.reach
    drawn_on = canvas.Canvas.of_run(layout, run_labels, inputs["mean"], surfaces)
    of_seeds = layouts.in_turn(fisherz, len(made.labels))
    numbers = {label: number for number, label in enumerate(made.labels)}
    by_yekutieli = statistics["fdr"] == "benjamini_yekutieli"
    rows = []
    for position, pair in enumerate(pairs):
        chosen = [numbers[label] for label in pair]
        found = differences.of_pair(made.operator, made.kept, made.seeds[:, chosen], pair, made.series, swelling)
        tested = made.tested(pair)
        first, second = (provenance.read_json(fisherz_sidecars[number]) for number in chosen)
        sources = [provenance.uri(path, datasets) for number in chosen for path in of_seeds[number]]
        said = [sentence for number in chosen for sentence in provenance.read_json(z_sidecars[number])["Caveats"]]
        of_effect, of_z = map_sidecars.difference_sidecars(
            first, second, found, tested, statistics, reach, sources, list(dict.fromkeys(said))
        )
        files = {name: layouts.in_turn(paths, len(pairs))[position] for name, paths in outputs.items()}
        title = " less ".join(pair)
        layout.save_map(files["maps"], found.effect, brain, f"Fisher z, {title}"[:79])
        provenance.write_json(files["sidecars"][0], layout.said(of_effect))
        layout.save_map(files["z_maps"], found.z, brain, f"z of the difference, {title}"[:79], "z score")
        provenance.write_json(files["z_sidecars"][0], layout.said(of_z))
        passing = np.where(tested, found.minus_log10_p, np.nan)
        maps = np.zeros((3, *brain.shape), dtype=np.float32)
        maps[:, brain] = found.effect, found.z, multiplicity.false_discovery_rates(passing, by_yekutieli)
        shown = group_maps.Shown(
            values=maps[0],
            z=maps[1],
            minus_log10_p=maps[2],
            level=statistics["level"],
            affine=drawn_on.affine,
            of_values="difference (Fisher z)",
            of_p="false discovery rate",
            one_sided=False,
        )
        rows.append(differences.row(pair, found, maps[2, brain], statistics["level"]))
        subtitle = (
            f"{style.run_title(run_labels)}; the weaker the evidence, the more transparent; outlined where p < "
            f"{statistics['level']:g}, false discovery rate"
        )
        figure, alt = drawn_on.plot_shown(shown, True, f"Correlation with {title}", subtitle, cmap)
        style.save(figure, style.stem_of(files["figures"]), alt)
        del figure
        style.let_go()
    tables.write(table, {name: [row[name] for row in rows] for name in differences.COLUMNS}, digits=5)
    provenance.write_json(table_sidecar, layout.said(differences.describe(statistics["level"], reach)))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        inputs = dict(snakemake.input.items())
        outputs = dict(snakemake.output.items())
        main(
            inputs,
            list(inputs.pop("fisherz")),
            list(inputs.pop("fisherz_sidecars")),
            list(inputs.pop("z_sidecars")),
            snakemake.params.pairs,
            snakemake.params.statistics,
            snakemake.params.cmap,
            snakemake.params.run_labels,
            snakemake.params.datasets,
            {name: list(paths) for name, paths in outputs.items() if not name.startswith("table")},
            outputs["table"],
            outputs["table_sidecar"],
            snakemake.params.surfaces,
        )

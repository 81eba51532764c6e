"""Make a run's maps after other cleanings than the study's own, from one reading, and lay them beside each other."""

from collections.abc import Mapping
from typing import Any

import nibabel
import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.cleaning import preparation
from seed_to_voxel.cleaning.operators import used_volumes
from seed_to_voxel.connectivity.correlation import fisher_z
from seed_to_voxel.figures import cleanings as pictures
from seed_to_voxel.figures import style
from seed_to_voxel.images import nifti, places
from seed_to_voxel.series import passes
from seed_to_voxel.statistics import bursts, cleanings, multiplicity
from seed_to_voxel.study.bids import in_mni
from seed_to_voxel.study.cleanings import MAIN, removes_global_signal


def main(
    inputs: Mapping[str, Any],
    alternatives: Mapping[str, Mapping],
    does: Mapping[str, str],
    smoothing_fwhm: float | None,
    statistics: Mapping,
    options: Mapping,
    t_r: float | None,
    run_labels: Mapping[str, str],
    datasets: Mapping[str, str],
    outputs: Mapping[str, Any],
) -> None:
    """Write each cleaning's maps, seed by seed; the run's table; and a figure of each seed.

    `inputs` and `outputs` have the names that the rule gives them; `does` says what each cleaning does otherwise.
    """
    run, level = provenance.read_json(inputs["seeds_sidecar"]), statistics["level"]
    of_main = provenance.read_json(inputs["statistics"])["seeds"]
    std_dvars = np.array(tables.read_numbers(inputs["motion"])[1])[:, 1]
    if statistics["bursts"]:
        bursts.check(std_dvars, inputs["seeds_sidecar"])
    swelling = bursts.deviations(std_dvars) if statistics["bursts"] else None
    raw = np.array(tables.read_numbers(inputs["raw_seeds"])[1])
    raw[:, ["excluded" in seed for seed in run["Seeds"]]] = np.nan
    mask = nifti.load(inputs["mask"], 3)
    brain = np.asarray(mask.dataobj) != 0
    background = None if in_mni(run_labels["space"]) else nifti.load(inputs["mean"], 3)
    reach = multiplicity.reach(smoothing_fwhm, run["SeedSmoothing"])
    own = tables.cells(inputs["seed_voxels"])
    labels = [seed["label"] for seed in run["Seeds"]]
    tested = [multiplicity.away_from(own, [label], reach, mask.affine, brain) for label in labels]

    image, ways = places.open_run([inputs["bold"]]), {}
    files_of_run = (inputs.get("confounds"), inputs.get("sidecar"))
    for name, cleaning in alternatives.items():
        way = preparation.settle(image, inputs["bold"], dict(cleaning), t_r, *files_of_run, run["UndefinedVolumes"])
        for note in way.notes + ((f"no maps: {way.unusable}",) if way.unusable else ()):
            joblog.logger.warning(f"cleaning {name}: {note}")
        ways[name] = way
    usable = [used_volumes(way.operator) for way in ways.values() if way.operator is not None]
    voxels = passes.read_smoothed(image, brain, smoothing_fwhm, np.unique(np.concatenate(usable))) if usable else None

    main_r = [np.asarray(nifti.load(path, 3).dataobj)[brain] for path in inputs["maps"]]
    planes = [pictures.underlay([seed[axis] for axis in "xyz"], background) for seed in run["Seeds"]]
    colors = (options["threshold"], options["vmax"], options["cmap"])
    drawn: list[list[pictures.Row]] = [[] for _ in labels]

    def lay_out(name: str, number: int, r: np.ndarray, nu: float | None, left: Mapping, excluded: str | None) -> None:
        """Take a map into its seed's figure and the table."""
        excluded = run["Seeds"][number].get("excluded") or excluded
        if excluded is None and not np.isfinite(r).any():
            excluded = "the cleaning leaves nothing of the seed's series"
        row = cleanings.row(labels[number], name, left, nu, r, main_r[number], tested[number], level, excluded)
        volume = np.zeros(brain.shape, dtype=np.float32)
        volume[brain] = r
        panels = planes[number][1].lay(nibabel.Nifti1Image(volume, mask.affine), *colors)
        counts = np.histogram(r[np.isfinite(r)], pictures.BINS)[0]
        drawn[number].append(pictures.Row(row, does.get(name, "the study's own"), panels, counts))

    for number, label in enumerate(labels):
        lay_out(MAIN, number, main_r[number], of_main[label]["nu"], run, None)
    n_seeds = len(labels)
    for position, (name, way) in enumerate(ways.items()):
        if way.operator is None or voxels is None:
            found = cleanings.undefined(n_seeds, int(brain.sum()))
        else:
            found = cleanings.correlate(voxels, way.operator, way.kept, raw, swelling)
        said = [cleanings.GLOBAL_SIGNAL] if removes_global_signal(alternatives[name]) else []
        said += [f"No map: {way.unusable}"] if way.unusable else []
        for number, seed in enumerate(run["Seeds"]):
            files = {kind: paths[position * n_seeds + number] for kind, paths in outputs["of_cleanings"].items()}
            r = found.r[number]
            nifti.save_map(files["maps"], r, brain, mask, f"Pearson r, {name}, seed {labels[number]}"[:79])
            nifti.save_map(files["z_maps"], fisher_z(r), brain, mask, f"Fisher z, {name}, seed {labels[number]}"[:79])
            smoothing, uri = {"smoothing_fwhm": smoothing_fwhm}, provenance.uri(files["maps"], datasets)
            left = {**run, **way.described}
            of_r, of_z = cleanings.sidecars(name, does[name], found, number, seed, left, smoothing, level, uri, said)
            provenance.write_json(files["sidecars"], of_r)
            provenance.write_json(files["z_sidecars"], of_z)
            lay_out(name, number, r, cleanings.median(found.nu[number]), left, way.unusable)

    rows = [row.numbers for of_seed in drawn for row in of_seed]
    tables.write(outputs["table"], {name: [row[name] for row in rows] for name in cleanings.COLUMNS}, digits=5)
    in_full = {MAIN: run["Cleaning"], **{name: way.described["Cleaning"] for name, way in ways.items()}}
    described = {**cleanings.describe(level, reach, does), "CleaningsInFull": in_full}
    provenance.write_json(outputs["table_sidecar"], described)
    formats = len(style.FORMATS)
    for number, (seed, of_seed, (names, underlay)) in enumerate(zip(run["Seeds"], drawn, planes, strict=True)):
        title = f"Cleanings side by side: correlation with {seed.get('name', seed['label'])}"
        subtitle = (
            f"{style.run_title(run_labels)}; coloured where |r| ≥ {options['threshold']:g}; right: distribution of r "
            f"(black line: {MAIN}; dashed: critical |r| at {level:g})"
        )
        figure = pictures.plot(of_seed, names, title, subtitle, *colors, underlay.box)
        stem = style.stem_of(outputs["figures"][number * formats : (number + 1) * formats])
        style.save(figure, stem, pictures.sentence(seed["label"], of_seed))
        style.let_go()


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        made = dict(snakemake.output.items())
        main(
            inputs={**dict(snakemake.input.items()), "maps": list(snakemake.input.maps)},
            alternatives=snakemake.params.cleanings,
            does=snakemake.params.does,
            smoothing_fwhm=snakemake.params.smoothing_fwhm,
            statistics=snakemake.params.statistics,
            options=snakemake.params.options,
            t_r=snakemake.params.t_r,
            run_labels=snakemake.params.run_labels,
            datasets=snakemake.params.datasets,
            outputs={
                "table": made["table"],
                "table_sidecar": made["table_sidecar"],
                "figures": list(made["figures"]),
                "of_cleanings": {name: list(made[name]) for name in ("maps", "sidecars", "z_maps", "z_sidecars")},
            },
        )

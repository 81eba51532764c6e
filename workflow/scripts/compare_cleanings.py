"""Make a run's maps after other cleanings than the study's own, from one reading, and compare them in numbers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import preparation
from seed_to_voxel.cleaning.operators import used_volumes
from seed_to_voxel.connectivity.correlation import fisher_z
from seed_to_voxel.images import layouts, places
from seed_to_voxel.inputs import shipped
from seed_to_voxel.series import passes
from seed_to_voxel.statistics import bursts, cleanings, multiplicity, significance, specificity
from seed_to_voxel.study.bids import in_mni, on_surface
from seed_to_voxel.study.cleanings import MAIN, removes_global_signal, under_name

Ways = Mapping[str, preparation.Settled]
Specificities = Sequence[tuple[float | None, float | None]]


def settle(
    inputs: Mapping[str, Any], image: Any, alternatives: Mapping[str, Mapping], t_r: float | None, run: Mapping
) -> Ways:
    """What each cleaning of the run comes to; `run` is what the study's own came to, whose notes are known already."""
    bold, files = inputs["bold"], (inputs.get("confounds"), inputs.get("sidecar"))
    ways = {}
    for name, cleaning in alternatives.items():
        try:
            ways[name] = way = preparation.settle(image, bold, dict(cleaning), t_r, *files, run["UndefinedVolumes"])
        except InputError as error:
            raise InputError(under_name(str(error), name)) from None
        new = [note for note in way.notes if note not in run.get("Notes", ())]
        for note in [*new, *([f"no maps: {way.unusable}"] if way.unusable else [])]:
            joblog.logger.warning(f"cleaning {name}: {note}")
    return ways


def make_maps(
    inputs: Mapping[str, Any],
    image: Any,
    ways: Ways,
    run: Mapping,
    brain: np.ndarray,
    fwhm: float | None,
    swelling: np.ndarray | None,
    specific: Callable[..., Specificities],
    save: Callable[[str, cleanings.Maps], None],
) -> dict[str, Specificities]:
    """Read the run once for all cleanings, and let `save` have the maps of one after the other.

    `specific` measures the specificity of the seeds after a cleaning; these come back, of the study's own cleaning too.
    """
    raw = np.array(tables.read_numbers(inputs["raw_seeds"])[1])
    raw[:, ["excluded" in seed for seed in run["Seeds"]]] = np.nan
    operators = {MAIN: np.load(inputs["operator"]), **{name: way.operator for name, way in ways.items()}}
    kept = {MAIN: significance.kept_volumes(run), **{name: way.kept for name, way in ways.items()}}
    used = [used_volumes(operator) for operator in operators.values() if operator is not None]
    voxels = passes.read_smoothed(image, brain, fwhm, np.unique(np.concatenate(used)))
    found = {}
    for name, operator in operators.items():
        if operator is None:
            save(name, cleanings.undefined(raw.shape[1], int(brain.sum())))
            continue
        if name != MAIN:
            save(name, cleanings.correlate(voxels, operator, kept[name], raw, swelling))
        found[name] = specific(voxels, operator, kept[name], raw)
    return found


def main(
    inputs: Mapping[str, Any],
    alternatives: Mapping[str, Mapping],
    does: Mapping[str, str],
    smoothing_fwhm: float | None,
    statistics: Mapping,
    t_r: float | None,
    run_labels: Mapping[str, str],
    datasets: Mapping[str, str],
    maps: Mapping[str, Sequence[str]],
    table: str,
    table_sidecar: str,
    surfaces: Mapping | None = None,
) -> None:
    """Write each cleaning's maps, seed by seed, and the run's table.

    `inputs` and `maps` have the names that the rule gives them; `does` says what each cleaning does otherwise, and
    `surfaces` has the meshes of a run on the cortical surface.
    """
    run, level = provenance.read_json(inputs["seeds_sidecar"]), statistics["level"]
    std_dvars = np.array(tables.read_numbers(inputs["motion"])[1])[:, 1]
    if statistics["bursts"]:
        bursts.check(std_dvars, inputs["seeds_sidecar"])
    mask = layouts.listed(inputs["mask"])
    layout = layouts.of_files(mask)
    brain = layout.read(mask) != 0
    seeds = run["Seeds"]
    image = places.open_run([inputs[name] for name in ("bold", "bold_right") if inputs.get(name)], surfaces, mask)
    ways = settle(inputs, image, alternatives, t_r, run)
    of_own = layouts.in_turn(inputs["maps"], len(seeds))
    # Of each seed's map after each cleaning, what it left of the run, the median nu, and its file.
    of_main = provenance.read_json(inputs["statistics"])["seeds"]
    made = {(MAIN, n): (run, of_main[seed["label"]]["nu"], of_own[n]) for n, seed in enumerate(seeds)}

    def save(name: str, found: cleanings.Maps) -> None:
        """Write the maps after a cleaning, with their sidecars."""
        left, position = {**run, **ways[name].described}, list(ways).index(name)
        said = [cleanings.GLOBAL_SIGNAL] if removes_global_signal(alternatives[name]) else []
        said += [f"No map: {ways[name].unusable}"] if ways[name].unusable else []
        for number, seed in enumerate(seeds):
            at, n_maps = position * len(seeds) + number, len(ways) * len(seeds)
            files = {kind: layouts.in_turn(paths, n_maps)[at] for kind, paths in maps.items()}
            r, title = found.r[number], f"{name}, seed {seed['label']}"
            layout.save_map(files["maps"], r, brain, f"Pearson r, {title}"[:79])
            layout.save_map(files["z_maps"], fisher_z(r), brain, f"Fisher z, {title}"[:79])
            uris = [provenance.uri(path, datasets) for path in files["maps"]]
            told = cleanings.sidecars(name, does[name], found, number, seed, left, smoothing, level, uris, said)
            for kind, content in zip(("sidecars", "z_sidecars"), told, strict=True):
                provenance.write_json(files[kind][0], layout.said(content))
            made[name, number] = (left, cleanings.median(found.nu[number]), files["maps"])

    smoothing = {"smoothing_fwhm": smoothing_fwhm, **places.reached(image, brain, smoothing_fwhm)}
    swelling = bursts.deviations(std_dvars) if statistics["bursts"] else None
    reach, own = multiplicity.reach(smoothing_fwhm, run["SeedSmoothing"]), tables.cells(inputs["seed_voxels"])
    where = layout.affine if inputs.get("coordinates") is None else np.load(inputs["coordinates"])
    tested = [multiplicity.away_from(own, [seed["label"]], reach, where, brain) for seed in seeds]
    # Nodes have places in MNI space alone; coordinates of vertices are moved there.
    table_of_nodes, known = shipped.dosenbach(), in_mni(run_labels["space"]) or on_surface(run_labels["space"])
    networks = [specificity.network_of(seed, table_of_nodes) if known else None for seed in seeds]
    nodes = specificity.place(table_of_nodes, brain, where)

    def specific(voxels: passes.Smoothed, operator: np.ndarray, kept: np.ndarray, raw: np.ndarray) -> Specificities:
        """How far each seed's map stands out in its network."""
        cleaned = (voxels, operator, kept, raw)
        return specificity.of_cleaning(*cleaned, nodes, networks, tested, statistics["null_seeds"])

    specifics = make_maps(inputs, image, ways, run, brain, smoothing_fwhm, swelling, specific, save)

    rows, blank = [], [(None, None)] * len(seeds)
    for number, seed in enumerate(seeds):
        main_r = layout.read(of_own[number])[brain]
        for name in (MAIN, *ways):
            left, nu, paths = made[name, number]
            r = layout.read(paths)[brain]
            excluded = seed.get("excluded") or (ways[name].unusable if name in ways else None)
            if excluded is None and not np.isfinite(r).any():
                excluded = "the cleaning leaves nothing of the seed's series"
            stands_out = (networks[number], *specifics.get(name, blank)[number])
            rows.append(
                cleanings.row(seed["label"], name, left, nu, r, main_r, tested[number], level, stands_out, excluded)
            )
    tables.write(table, {name: [row[name] for row in rows] for name in cleanings.COLUMNS}, digits=5)
    in_full = {MAIN: run["Cleaning"], **{name: way.described["Cleaning"] for name, way in ways.items()}}
    about = layout.said(cleanings.describe(level, reach, does))
    provenance.write_json(table_sidecar, {**about, "CleaningsInFull": in_full})


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            inputs={
                **dict(snakemake.input.items()),
                "maps": list(snakemake.input.maps),
                "coordinates": snakemake.input.coordinates or None,
            },
            alternatives=snakemake.params.cleanings,
            does=snakemake.params.does,
            smoothing_fwhm=snakemake.params.smoothing_fwhm,
            statistics=snakemake.params.statistics,
            t_r=snakemake.params.t_r,
            run_labels=snakemake.params.run_labels,
            datasets=snakemake.params.datasets,
            maps={name: list(snakemake.output[name]) for name in ("maps", "sidecars", "z_maps", "z_sidecars")},
            table=snakemake.output.table,
            table_sidecar=snakemake.output.table_sidecar,
            surfaces=snakemake.params.surfaces,
        )

"""The further figures of a run's maps: which picture, in which words, with which table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import tables
from ..base.errors import InputError
from ..connectivity import atlas, nodes, summaries
from ..images import layouts, nifti
from ..statistics import peaks
from ..statistics.null import FEWEST
from ..study import figure_kinds
from ..study.bids import in_mni
from . import brains, charts, cortical_kinds, style

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure
    from nibabel.spatialimages import SpatialImage


def in_mm(seed: Mapping) -> str:
    """Where a seed lies, to a tenth of a millimetre: the centre of a mask or a vertex has many more digits."""
    # A small negative number is rounded to minus zero, which + 0 makes zero.
    return f"({', '.join(f'{round(float(seed[axis]), 1) + 0:g}' for axis in 'xyz')}) mm"


def draw(
    kind: str,
    seed: dict,
    image: SpatialImage,
    mask: np.ndarray,
    mean: SpatialImage,
    nu: float,
    z_image: SpatialImage,
    options: Mapping,
    run_labels: Mapping[str, str],
    named_by: atlas.Atlas | None = None,
) -> tuple[Figure, str, pandas.DataFrame | None]:
    """Draw one figure of a map.

    Parameters
    ----------
    kind : str
        One of `figure_kinds.KINDS`.
    seed : dict
        From the sidecar of the run's seed series.
    image : nibabel image
        Map of r.
    mask : numpy.ndarray of bool, shape (x, y, z)
    mean : nibabel image
        Mean of the run over time.
    nu : float
        Effective degrees of freedom of the median voxel.
    z_image : nibabel image
        Map of z-scores.
    options : dict
        ``threshold``, ``vmax``, ``cmap`` and ``cluster_volume`` (mm³).
    run_labels : dict of str to str
        The run's entities, for the titles.
    named_by : atlas.Atlas, optional
        Names the peaks of clusters.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        What it shows, in words and numbers.
    table : pandas.DataFrame or None
    """
    if figure_kinds.KINDS[kind].needs_mni and not in_mni(run_labels["space"]):
        raise InputError(
            f"a figure of the kind {kind} was asked for of a run in {run_labels['space']} space; expected a run in MNI "
            "space, which its template and nodes are in. Ask for location, mosaic or distribution instead"
        )
    values = summaries.brain_values(image, mask)
    summary = summaries.summarise(values, options["threshold"])
    remark = summaries.remark(summary, seed)
    alt = " ".join(filter(None, [summaries.sentence(summary), remark]))
    place = f"{seed['label']} seed at {in_mm(seed)}"
    # Seeds that are masks have a centre and no radius.
    place += f", {seed['radius_mm']:g} mm radius" if "radius_mm" in seed else f", {seed['n_voxels']} voxels"
    words: dict[str, Any] = {"subtitle": f"{style.run_title(run_labels)}  ·  {place}", "remark": remark}
    colors = {name: options[name] for name in ("threshold", "vmax", "cmap")}
    if kind == "location":
        share = f"{seed['n_voxels_in_mask']} of {seed['n_voxels']} voxels in the brain mask"
        title = f"Seed on the mean image – {seed['name']}"
        return brains.plot_location(mean, seed, title, **words), f"{place}; {share}.", None
    if kind == "mosaic":
        # The template is where MNI coordinates are.
        below = None if in_mni(run_labels["space"]) else mean
        title = "Seed-to-voxel correlation"
        return brains.plot_mosaic(image, title=title, background=below, **words, **colors), alt, None
    if kind == "glassbrain":
        title = "Seed-to-voxel correlation through the brain"
        return brains.plot_glass_brain(image, seed, title=title, **words, **colors), alt, None
    if kind == "surface":
        title = "Seed-to-voxel correlation on the cortical surface"
        return brains.plot_surface(image, title=title, **words, **colors), alt, None
    if kind == "distribution":
        return *charts.plot_distribution(
            values, nu, options["threshold"], "Distribution of r over the brain", **words
        ), None
    if kind == "clusters":
        table = nodes.cluster_table(image, options["threshold"], options["cluster_volume"], named_by)
        table = peaks.with_z(table, z_image)
        title = f"Clusters at |r| > {options['threshold']:g}, of {options['cluster_volume']:g} mm³ or more"
        return *charts.plot_clusters(table, options["threshold"], title, **words), table
    profile = nodes.node_profile(image, mask, seed)
    return *charts.plot_networks(profile, "Connectivity with the brain's networks", **words), profile


def draw_all(
    wanted: Mapping[str, Sequence[str]],
    run: Mapping,
    statistics: Mapping,
    r_maps: Sequence[str],
    z_maps: Sequence[str],
    mask: str | Sequence[str],
    mean: str | Sequence[str],
    options: Mapping,
    run_labels: Mapping[str, str],
    atlas_files: Sequence[str] = (),
    surfaces: Mapping | None = None,
    seed_voxels: str = "",
) -> None:
    """Draw figures of a run's maps and save them.

    Parameters
    ----------
    wanted : dict of str to list of str
        By ``kind__label`` the files of a figure, its table last if it has one.
    run : dict
        Sidecar of the run's seed series.
    statistics : dict
        From `statistics.map_sidecars.metrics`.
    r_maps, z_maps : sequence of str
        Maps of r and of z-scores in the order of the seeds.
    mask, mean : str, or sequence of str
        The run's brain mask and its mean over time; for a run on the cortical surface perhaps two files each.
    options, run_labels : dict
        See `draw`.
    atlas_files : sequence of str
        Of an atlas, or none; see `study.configuration.atlas_files`.
    surfaces : dict, optional
        The meshes of a run on the cortical surface.
    seed_voxels : str
        Of such a run the table of its seeds' places.
    """
    if surfaces:
        title, files_of = style.run_title(run_labels), (layouts.listed(mask), layouts.listed(mean))
        on_surface = cortical_kinds.Run(*files_of, seed_voxels, surfaces, options, title, atlas_files)
        cortical_kinds.draw_all(wanted, run["Seeds"], statistics, (r_maps, z_maps), on_surface, in_mm)
        return
    layout = layouts.of_files(layouts.listed(mask))
    described = {seed["label"]: (seed, *paths) for seed, *paths in zip(run["Seeds"], r_maps, z_maps, strict=True)}
    brain = layout.read(layouts.listed(mask)) != 0
    background = nifti.load(layouts.listed(mean)[0], 3)
    clusters = any(name.startswith("clusters") for name in wanted)
    named_by = atlas.read_atlas(*atlas_files) if atlas_files and clusters else None
    for name, files in wanted.items():
        style.let_go()
        kind, label = name.split(figure_kinds.SEPARATOR)
        seed, *paths = described[label]
        image, z_image = (nifti.load(path, 3) for path in paths)
        # Of a map without a defined r there is none.
        nu = max(statistics["seeds"][label]["nu"] or 0, FEWEST)
        figure, alt, table = draw(kind, seed, image, brain, background, nu, z_image, options, run_labels, named_by)
        formats = len(style.FORMATS)
        style.save(figure, style.stem_of(files[:formats]), alt)
        if table is not None:
            tables.write(files[formats], table)
        del figure

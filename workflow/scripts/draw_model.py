"""Draw what holds of a contrast: the map of every seed, what passes alone and highlighted among the rest."""

from collections.abc import Mapping, Sequence

import numpy as np

from seed_to_voxel.base import joblog, provenance
from seed_to_voxel.figures import canvas, group_maps, style
from seed_to_voxel.groups import attainable
from seed_to_voxel.images import layouts, nifti


def main(
    effects: Sequence[str],
    z_maps: Sequence[str],
    p_maps: Sequence[str],
    p_sidecars: Sequence[str],
    mask: str | Sequence[str],
    of_p: str,
    level: float,
    joint: bool,
    seeds: Sequence[Mapping],
    titles: Mapping[str, str],
    cmap: str,
    in_mni: bool,
    mosaics: Sequence[Sequence[str]],
    highlights: Sequence[Sequence[str]],
    surfaces: Mapping | None = None,
) -> None:
    """Draw the two figures of each seed; `mosaics` and `highlights` have the files of each seed in turn.

    `surfaces` has the meshes of runs on the cortical surface.
    """
    mask_files = layouts.listed(mask)
    layout = layouts.of_files(mask_files)
    background = None if in_mni or surfaces else nifti.load(mask_files[0], 3)
    drawn_on = canvas.Canvas(layout, surfaces, background)
    maps = [layouts.in_turn(paths, len(seeds)) for paths in (effects, z_maps, p_maps)]
    for number, seed in enumerate(seeds):
        style.let_go()
        effect, z, p = (layout.read(paths[number]).astype(np.float32) for paths in maps)
        shown = group_maps.Shown(
            values=effect,
            z=z,
            minus_log10_p=p,
            level=level,
            affine=drawn_on.affine,
            of_values="F" if joint else "effect (Fisher z)",
            of_p=layout.said(of_p),
            one_sided=joint,
            out_of_reach=attainable.out_of_reach(provenance.read_json(p_sidecars[number]), level),
        )
        title = f"{titles['model']}, contrast {titles['contrast']} – {seed.get('name', seed['label'])}"
        for highlight, files in ((False, mosaics[number]), (True, highlights[number])):
            how = "the weaker the evidence, the more transparent; outlined" if highlight else "coloured"
            subtitle = f"{how} where p < {level:g}, {shown.of_p}"
            figure, alt = drawn_on.plot_shown(shown, highlight, title, subtitle, cmap)
            style.save(figure, style.stem_of(files), alt)
            del figure


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        style.use_style()
        formats = len(style.FORMATS)
        starts = range(0, len(snakemake.output.mosaics), formats)
        main(
            effects=list(snakemake.input.effects),
            z_maps=list(snakemake.input.z_maps),
            p_maps=list(snakemake.input.p_maps),
            p_sidecars=list(snakemake.input.p_sidecars),
            mask=snakemake.input.mask,
            of_p=snakemake.params.of_p,
            level=snakemake.params.level,
            joint=snakemake.params.joint,
            seeds=snakemake.params.seeds,
            titles=snakemake.params.titles,
            cmap=snakemake.params.cmap,
            in_mni=snakemake.params.in_mni,
            surfaces=snakemake.params.surfaces,
            mosaics=[snakemake.output.mosaics[start : start + formats] for start in starts],
            highlights=[snakemake.output.highlights[start : start + formats] for start in starts],
        )

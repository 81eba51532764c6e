"""Compare the study's results with printed numbers; a disagreement is said loudly and loses nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.images import layouts
from seed_to_voxel.pages import printed


def main(
    numbers: str,
    compared: Sequence[tuple[str, str]],
    surfaces: Mapping | None,
    r_sidecars: Sequence[str],
    z_sidecars: Sequence[str],
    r_maps: Sequence[str],
    z_maps: Sequence[str],
    table: str,
    page: str,
) -> None:
    """Write the comparison; `compared` has the subject and the seed of each map, `surfaces` the meshes of vertices."""
    read: dict[tuple[str, str], list[printed.Result]] = {}
    maps = [layouts.in_turn(paths, len(compared)) for paths in (r_maps, z_maps)]
    for key, r, z, r_map, z_map in zip(compared, r_sidecars, z_sidecars, *maps, strict=True):
        sidecars = (provenance.read_json(r), provenance.read_json(z))
        read.setdefault(key, []).append(printed.Result(*sidecars, r_map, z_map, surfaces))
    rows = printed.compare(numbers, read)
    tables.write(table, printed.columns(rows))
    Path(page).write_text(printed.as_page(rows), encoding="utf-8")
    sentence = printed.verdict(rows)
    print(sentence)
    print(f"{sentence} (see {table})", file=joblog.screen)


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        main(
            numbers=snakemake.input.printed,
            compared=snakemake.params.compared,
            surfaces=snakemake.params.surfaces,
            r_sidecars=snakemake.input.r,
            z_sidecars=snakemake.input.z,
            r_maps=snakemake.input.r_maps,
            z_maps=snakemake.input.z_maps,
            table=snakemake.output.table,
            page=snakemake.output.page,
        )

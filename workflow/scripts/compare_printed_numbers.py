"""Compare the study's results with printed numbers; a disagreement is said loudly and loses nothing."""

from collections.abc import Sequence
from pathlib import Path

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.pages import printed


def main(
    numbers: str,
    compared: Sequence[tuple[str, str]],
    r_sidecars: Sequence[str],
    z_sidecars: Sequence[str],
    r_maps: Sequence[str],
    z_maps: Sequence[str],
    table: str,
    page: str,
) -> None:
    """Write the comparison; `compared` has the subject and the seed of each map."""
    read: dict[tuple[str, str], list[printed.Result]] = {}
    for key, r, z, *maps in zip(compared, r_sidecars, z_sidecars, r_maps, z_maps, strict=True):
        read.setdefault(key, []).append(printed.Result(provenance.read_json(r), provenance.read_json(z), *maps))
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
            r_sidecars=snakemake.input.r,
            z_sidecars=snakemake.input.z,
            r_maps=snakemake.input.r_maps,
            z_maps=snakemake.input.z_maps,
            table=snakemake.output.table,
            page=snakemake.output.page,
        )

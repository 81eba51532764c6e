"""Show a model of groups on a page: who is in it, its design, and what holds of each contrast."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seed_to_voxel.base import joblog, provenance, tables
from seed_to_voxel.pages import group_model


def main(
    design: str,
    left_out: str,
    runs: str,
    mask: str,
    picture: str,
    tests: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    level: float,
    page: str,
) -> None:
    """Write the page; of each of `tests`, ``sidecars``, ``figures`` and ``clusters`` are files of the seeds in turn.

    ``pairs`` is the table of the seeds among themselves and ``related`` their figure, or None.
    """
    _, *absent = tables.cells(left_out)
    header, *table = tables.cells(runs)
    apart = {row[header.index("run")] for row in table if row[header.index("apart")] == "1"}
    contrasts = []
    for test in tests:
        seeds = []
        for position, label in enumerate(labels):
            figure = Path(test["figures"][position])
            seeds.append(
                {
                    "label": label,
                    "sentence": test["sentences"][position],
                    "picture": figure.read_bytes(),
                    "clusters": tables.cells(test["clusters"][position]),
                }
            )
        pairs = tables.cells(test["pairs"]) if test["pairs"] else []
        drawn = test["related"]
        related = {"picture": Path(drawn).read_bytes(), "sentence": test["related_sentence"]} if drawn else None
        about = provenance.read_json(test["sidecars"][0])
        contrasts.append({"about": about, "seeds": seeds, "pairs": pairs, "related": related})
    about_mask = provenance.read_json(mask)
    # Sidecars of runs on a grid do not name their places.
    places = about_mask.get("Places", "voxels")
    Path(page).write_text(
        group_model.as_page(
            provenance.read_json(design),
            absent,
            sorted(apart),
            f"{about_mask[f'NumberOf{places.capitalize()}']} {places}",
            Path(picture).read_bytes(),
            contrasts,
            level,
        ),
        encoding="utf-8",
    )


def description(path: str) -> str:
    """What a figure says of itself: its alternative text."""
    from PIL import Image

    with Image.open(path) as image:
        return str(image.info.get("Description", ""))


if __name__ == "__main__":
    with joblog.capture(snakemake.log[0]):
        n_seeds = len(snakemake.params.labels)
        tests = []
        pairs, related = list(snakemake.input.pairs), list(snakemake.input.related)
        for start in range(0, len(snakemake.input.figures), n_seeds):
            part = slice(start, start + n_seeds)
            figures = list(snakemake.input.figures[part])
            tests.append(
                {
                    "sidecars": list(snakemake.input.sidecars[part]),
                    "figures": figures,
                    "sentences": [description(path) for path in figures],
                    "clusters": list(snakemake.input.clusters[part]),
                    "pairs": pairs[start // n_seeds] if pairs else None,
                    "related": related[start // n_seeds] if related else None,
                    "related_sentence": description(related[start // n_seeds]) if related else "",
                }
            )
        main(
            design=snakemake.input.design,
            left_out=snakemake.input.left_out,
            runs=snakemake.input.runs,
            mask=snakemake.input.mask,
            picture=snakemake.input.picture,
            tests=tests,
            labels=snakemake.params.labels,
            level=snakemake.params.level,
            page=snakemake.output.page,
        )

"""The quality of all runs as a page."""

import math
from collections.abc import Mapping, Sequence

from ..base import tables
from ..quality import table
from .page import render

FILES = ("quality.html.j2",)

ORDER = ("excluded", "refused", "warned", "accepted")
"""Verdicts, those first that are to be looked at."""

FIRST = (
    *("verdict", "reasons", "mean_fd", "median_tsnr", "min_seed_coverage", "seconds_kept"),
    *("effective_degrees_of_freedom", "null_seeds_5"),
)
"""Columns that stand first, as limits are set to them."""

ENTITIES = ("task", "run", "space")
"""What is said once above the table where it is the same in all runs."""

SHARED = ("n_volumes", "longest_gap", "n_undefined_volumes", "n_undefined_values", "n_confounds")
"""Numbers of which the same holds, and the seeds' coverage: they are mostly the same in a study."""

HEADS = {
    "n_volumes": "volumes",
    "n_volumes_kept": "volumes kept",
    "seconds_kept": "kept",
    "longest_gap": "gap",
    "n_undefined_volumes": "volumes undefined",
    "n_undefined_values": "values undefined",
    "degrees_of_freedom": "ν of white noise",
    "effective_degrees_of_freedom": "ν",
    "null_seeds_5": "null seeds: % pass at 5\N{NO-BREAK SPACE}%",
    "null_seeds_1": "null seeds: % pass at 1\N{NO-BREAK SPACE}%",
    "null_seeds_01": "null seeds: % pass at 0.1\N{NO-BREAK SPACE}%",
    "n_confounds": "confounds",
    "mean_fd": "mean FD",
    "max_fd": "max FD",
    "mean_std_dvars": "mean DVARS",
    "median_tsnr": "tSNR",
    "min_seed_coverage": "least cover",
}
"""Short headings, with which the table fits a screen; the others are the columns' names."""

OF_SEEDS = {"coverage_": "cover", "tsnr_": "tSNR"}
"""How columns of a seed begin, and their headings."""


def shown(value: object) -> str:
    """A value to three digits, at most three of them after the point; the table beside the page has more."""
    if isinstance(value, float) and math.isfinite(value):
        value = round(value) if abs(value) >= 1000 else round(value, 3)
    return tables.cell(value, digits=3)


def head(name: str, described: Mapping[str, Mapping]) -> str:
    """The heading of a column, with its unit."""
    title = HEADS.get(name, name.replace("_", " "))
    for start, short in OF_SEEDS.items() if name in described else ():
        if name.startswith(start):
            title = f"{short} {name.removeprefix(start)}"
    unit = described.get(name, {}).get("Units")
    return f"{title} ({unit})" if unit and "%" not in title else title


def as_page(rows: Sequence[Mapping], described: Mapping[str, Mapping]) -> str:
    """The table of quality as a page, refused runs first.

    Parameters
    ----------
    rows : sequence of dict
        From `quality.table.rows_of`.
    described : dict
        What the columns are, from `quality.table.describe`.

    Returns
    -------
    str
        HTML.
    """
    numbers = [name for name in described if name in SHARED or name.startswith("coverage_")]
    shared = [
        name
        for name in (*ENTITIES, *numbers)
        if name in rows[0] and len({row[name] for row in rows}) == 1 < len(rows) and rows[0][name] is not None
    ]
    common = [(head(name, described), shown(rows[0][name])) for name in shared]
    known = [name for name in rows[0] if name not in shared and any(row[name] is not None for row in rows)]
    # Who the run is, what is decided on most often, and then the rest in the table's order.
    front = [name for name in known if name not in described] + [name for name in FIRST if name in known]
    names = front + [name for name in known if name not in front]
    columns = [
        {
            "name": name,
            "title": head(name, described),
            "described": described.get(name, {}).get("Description"),
            "kind": "words" if name == "reasons" else "number" if name in described and name != "verdict" else "",
        }
        for name in names
    ]
    return render(
        "quality.html.j2",
        FILES,
        verdict=table.verdict(rows),
        common=common,
        columns=columns,
        explained=[
            (head(name, described), name, described[name]["Description"])
            for name in [*names, *shared]
            if name in described
        ],
        rows=[
            {name: shown(row[name]) for name in names}
            for row in sorted(rows, key=lambda row: ORDER.index(row["verdict"]))
        ],
        tones={"excluded": "bad", "refused": "bad", "warned": "doubt", "accepted": "good"},
    )

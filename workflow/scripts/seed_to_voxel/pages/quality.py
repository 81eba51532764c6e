"""The quality of all runs as a page."""

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


def shown(value: object) -> str:
    """A value to three digits; the table beside the page has more."""
    return tables.cell(value, digits=3)


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
    shared = [name for name in ENTITIES if name in rows[0] and len({row[name] for row in rows}) == 1 < len(rows)]
    common = {name: rows[0][name] for name in shared if rows[0][name] is not None}
    known = [name for name in rows[0] if name not in shared and any(row[name] is not None for row in rows)]
    # Who the run is, what is decided on most often, and then the rest in the table's order.
    front = [name for name in known if name not in described] + [name for name in FIRST if name in known]
    names = front + [name for name in known if name not in front]
    columns = [
        {
            "name": name,
            "title": name.replace("_", " ") + (f" ({unit})" if (unit := described.get(name, {}).get("Units")) else ""),
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
        rows=[
            {name: shown(row[name]) for name in names}
            for row in sorted(rows, key=lambda row: ORDER.index(row["verdict"]))
        ],
        tones={"excluded": "bad", "refused": "bad", "warned": "doubt", "accepted": "good"},
    )

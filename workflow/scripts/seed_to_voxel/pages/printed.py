"""Comparison of a study's results with numbers that a paper or a page has printed."""

import html
from dataclasses import dataclass

from ..base import tables
from ..base.errors import InputError

QUANTITIES = {
    "volumes": lambda r, z: r["NumberOfVolumes"],
    "voxels": lambda r, z: r["NumberOfVoxels"],
    "r_min": lambda r, z: r["Range"][0],
    "r_max": lambda r, z: r["Range"][1],
    "z_min": lambda r, z: z["Range"][0],
    "z_max": lambda r, z: z["Range"][1],
}
"""What can be compared, and where the sidecars of the maps of r and z have it."""


@dataclass(frozen=True)
class Comparison:
    """One printed number beside ours."""

    subject: str
    seed: str
    quantity: str
    printed: float
    ours: float | None
    tolerance: float

    @property
    def agrees(self):
        """Whether the two differ by no more than the tolerance."""
        return self.ours is not None and abs(self.ours - self.printed) <= self.tolerance


def compare(path, results):
    """Hold results against a table of printed numbers.

    Parameters
    ----------
    path : str or path-like
        Tab-separated table ``subject seed quantity printed tolerance``.
    results : dict of (str, str) to (dict, dict)
        By subject and seed, the sidecars of the map of r and of the map of z.

    Returns
    -------
    list of Comparison
        In the table's order.

    Raises
    ------
    InputError
        If a row names a subject, seed or quantity that is not there.
    """
    rows = []
    for where, row in tables.read(path, ("subject", "seed", "quantity", "printed", "tolerance")):
        if row["quantity"] not in QUANTITIES:
            raise InputError(f"{where}: unknown quantity {row['quantity']!r}; expected one of {', '.join(QUANTITIES)}")
        key = (row["subject"].removeprefix("sub-"), row["seed"])
        if key not in results:
            raise InputError(
                f"{where}: there is no result for subject {key[0]!r} and seed {key[1]!r}; the study has "
                + ", ".join(f"{subject} {seed}" for subject, seed in results)
            )
        numbers = {name: tables.number(row[name], where, name) for name in ("printed", "tolerance")}
        rows.append(Comparison(*key, row["quantity"], **numbers, ours=QUANTITIES[row["quantity"]](*results[key])))
    return rows


def _cells(row):
    ours = "n/a" if row.ours is None else f"{row.ours:.6g}"
    return [
        row.subject,
        row.seed,
        row.quantity,
        f"{row.printed:g}",
        ours,
        f"{row.tolerance:g}",
        "yes" if row.agrees else "NO",
    ]


HEADER = ["subject", "seed", "quantity", "printed", "ours", "tolerance", "agrees"]


def as_table(rows):
    """The comparison as tab-separated text.

    Parameters
    ----------
    rows : list of Comparison

    Returns
    -------
    str
    """
    return "".join("\t".join(cells) + "\n" for cells in [HEADER, *map(_cells, rows)])


def verdict(rows):
    """The comparison in one sentence.

    Parameters
    ----------
    rows : list of Comparison

    Returns
    -------
    str
    """
    wrong = [row for row in rows if not row.agrees]
    if not wrong:
        return f"All {len(rows)} printed numbers agree with ours."
    names = ", ".join(f"{row.quantity} of {row.subject} {row.seed}" for row in wrong)
    return f"{len(wrong)} of {len(rows)} printed numbers DISAGREE with ours: {names}."


def as_page(rows):
    """The comparison as a self-contained HTML page.

    Parameters
    ----------
    rows : list of Comparison

    Returns
    -------
    str
    """
    lines = []
    for row in rows:
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(row))
        lines.append(f'<tr class="{"agrees" if row.agrees else "disagrees"}">{cells}</tr>')
    header = "".join(f"<th>{name}</th>" for name in HEADER)
    tone = "agrees" if all(row.agrees for row in rows) else "disagrees"
    body = "\n".join(lines)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Printed and computed numbers</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .35rem .9rem; text-align: left; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums; }}
p.agrees {{ color: #1b6e3c; font-weight: 600; }}
p.disagrees {{ color: #a3131b; font-weight: 600; font-size: 1.2em; }}
tr.disagrees td {{ background: #fde8e8; color: #a3131b; font-weight: 600; }}
</style>
</head>
<body>
<h1>Printed and computed numbers</h1>
<p class="{tone}">{html.escape(verdict(rows))}</p>
<table>
<thead><tr>{header}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</body>
</html>
"""

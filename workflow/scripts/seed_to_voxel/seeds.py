"""The table of seeds."""

from dataclasses import dataclass

from . import tables
from .bids import check_label
from .errors import InputError


@dataclass(frozen=True)
class Seed:
    """A sphere in MNI space.

    Attributes
    ----------
    label : str
        Letters and digits, for instance ``PCC``.
    x, y, z : float
        Centre in mm.
    radius_mm : float
        Radius in mm.
    name : str
        What figures call it; the label where the table gives no name.
    """

    label: str
    x: float
    y: float
    z: float
    radius_mm: float
    name: str

    @property
    def centre(self):
        """The centre as (x, y, z), in mm."""
        return (self.x, self.y, self.z)


def read_seeds(path):
    """Read a table of seeds: ``label x y z radius_mm`` and perhaps ``name``.

    Parameters
    ----------
    path : str or path-like
        A tab-separated table, a seed a row; coordinates and radii in mm.

    Returns
    -------
    list of Seed

    Raises
    ------
    InputError
        If a label, coordinate or radius cannot be used, or a label is there twice.
    """
    seeds = {}
    for where, row in tables.read(path, ("label", "x", "y", "z", "radius_mm"), ("name",)):
        label = check_label(row["label"], f"{where}, column 'label'")
        numbers = {name: tables.number(row[name], where, name, "mm") for name in ("x", "y", "z", "radius_mm")}
        if numbers["radius_mm"] <= 0:
            raise InputError(f"{where}: radius_mm is {row['radius_mm']}; expected more than 0 mm")
        if label.lower() in {known.lower() for known in seeds}:
            raise InputError(
                f"{where}: the seed {label!r} is there twice (upper and lower case count as the same, as "
                "some file systems do not tell them apart); give each seed its own label"
            )
        seeds[label] = Seed(label, **numbers, name=row["name"] or label)
    return list(seeds.values())

"""Names of places after an atlas of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from ..base import tables
from ..base.errors import InputError
from ..images import grid, nifti

if TYPE_CHECKING:
    import numpy.typing as npt

COLUMNS = ("index", "name")
"""What a table of labels has, as BIDS wants it of ``*_dseg.tsv``."""


@dataclass(frozen=True)
class Atlas:
    """Regions by their numbers.

    Attributes
    ----------
    values : numpy.ndarray of shape (x, y, z)
        The number of each voxel's region, 0 for none.
    affine : numpy.ndarray of shape (4, 4)
    names : dict of int to str
    """

    values: np.ndarray
    affine: np.ndarray
    names: dict[int, str]

    def at(self, points: npt.ArrayLike) -> list[str | None]:
        """The region that each point lies in.

        Parameters
        ----------
        points : array_like of shape (n, 3)
            mm.

        Returns
        -------
        list of str or None
            None where the atlas has no region; a number that the table lacks is told as such.
        """
        found: list[str | None] = []
        for voxel in grid.nearest_voxels(self.affine, np.atleast_2d(points)):
            inside = (voxel >= 0).all() and (voxel < self.values.shape).all()
            value = int(self.values[tuple(voxel)]) if inside else 0
            found.append(self.names.get(value, f"region {value}") if value else None)
        return found


def read_atlas(image: str | PathLike[str], table: str | PathLike[str]) -> Atlas:
    """Read an atlas and the names of its regions.

    Parameters
    ----------
    image : str or path-like
        A 3-D NIfTI image of whole numbers, a region each.
    table : str or path-like
        Tab-separated, with the columns ``index`` and ``name``, and perhaps others.

    Returns
    -------
    Atlas

    Raises
    ------
    InputError
        If the image or the table is none of that.
    """
    loaded = nifti.load(image, 3)
    values = np.nan_to_num(nifti.values(loaded))
    if (values != np.rint(values)).any():
        raise InputError(f"{image}: found fractions; expected an atlas, a whole number for each region")
    header, *rows = tables.cells(table) or [[]]
    if absent := [name for name in COLUMNS if name not in header]:
        raise InputError(
            f"{table}: the header lacks {' and '.join(absent)}; found {', '.join(header) or 'nothing'}, expected a "
            "tab-separated table of the atlas's regions with the columns index and name"
        )
    at, named = (header.index(name) for name in COLUMNS)
    names: dict[int, str] = {}
    for number, row in enumerate(rows, start=1):
        index = tables.number(row[at], f"{table}, row {number}", "index")
        if index != round(index):
            raise InputError(f"{table}, row {number}: the index is {row[at]}; expected a whole number")
        if index in names:
            raise InputError(f"{table}, row {number}: the index {row[at]} is there twice; expected each region once")
        names[int(index)] = row[named]
    return Atlas(values.astype(int), loaded.affine, names)

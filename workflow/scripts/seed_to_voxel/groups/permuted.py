"""Statistics of rearranged data, a block of permutations at a time.

Residuals of the nuisance model are rearranged and fitted anew (Freedman & Lane 1983, J. Bus. Econ. Stat. 1, 292). What
has to be computed of a permutation P is small: with e a voxel's residuals, of length one, U and Q orthonormal bases of
tested and nuisance part, the share of variance that the rearranged model explains is

    R^2 = |U'Pe|^2 / (1 - |Q'Pe|^2)

so that a block of permutations is one matrix product, (P'U, P'Q)' e, and t = sqrt(dof) R / sqrt(1 - R^2) follows.
Regressors of Q that no rearrangement leads out of their span, as the constant, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from ..base.errors import InputError
from . import clusters, glm, tfce
from .exchangeability import Permutations, rearranged
from .models import Model, Settings

BLOCK, SLAB = 1024, 1024
"""Rows of permuted regressors, and voxels, that are worked on at once: as many as a core's cache holds."""

TILE = 48
"""Permutations that a matrix product works on alike: it adds up in an order that depends on a row's place among them.

Rows keep their places whatever part of the permutations they are computed with, or the last digits of a maximum would
depend on the number of parts. Multiples of 48 were enough for each of OpenBLAS's kernels that was tried.
"""

MOST_BYTES = 64 * 2**20
"""Of what is kept of a number of permutations at once."""

TOGETHER = 2**18
"""Voxels of maps that are searched for clusters at once."""

STEPS = 2**14
CLOSE = 0.98
"""R up to which its deviate is looked up in a table of so many steps."""

FARTHEST = 40.0
"""Deviate beyond which none lies."""

LEAST = {"float32": 1e-6, "float64": 1e-12}
"""Share of a voxel's variance that rearranged nuisance regressors leave, at least, lest rounding divides by it."""


def product(rows: np.ndarray, right: np.ndarray, number: int) -> np.ndarray:
    """Matrix product of rows in their places; see `TILE`.

    Parameters
    ----------
    rows : numpy.ndarray of shape (c, k, n)
        Of k permutations.
    right : numpy.ndarray of shape (n, m)
    number : int
        Of the first permutation.

    Returns
    -------
    numpy.ndarray of shape (c, k, m)
    """
    c, k, n = rows.shape
    before = number % TILE
    in_place = np.zeros((c, -(-(before + k) // TILE) * TILE, n), rows.dtype)
    in_place[:, before : before + k] = rows
    return (in_place.reshape(-1, n) @ right).reshape(c, in_place.shape[1], right.shape[1])[:, before : before + k]


@dataclass(frozen=True)
class Kernel:
    """One contrast, ready to be permuted.

    Attributes
    ----------
    part : glm.Partition
    nuisance : numpy.ndarray of shape (n, m)
        Its nuisance basis, turned so that regressors whose span no rearrangement changes stand alone.
    beyond : numpy.ndarray of shape (n, n - m)
        Orthonormal basis of what the nuisance leaves, in which residuals are kept, as it has fewer dimensions.
    is_t : bool
    exact : bool
        Whether all distinct rearrangements are there.
    settings : Settings
    groups : glm.VarianceGroups or None
    """

    part: glm.Partition
    nuisance: np.ndarray
    beyond: np.ndarray
    is_t: bool
    exact: bool
    settings: Settings
    groups: glm.VarianceGroups | None

    @classmethod
    def of(cls, model: Model, contrast: str, settings: Settings) -> Kernel:
        """Prepare a model's contrast.

        Parameters
        ----------
        model : Model
        contrast : str
        settings : Settings

        Returns
        -------
        Kernel
        """
        part = model.views[contrast].part
        groups = glm.VarianceGroups.of(part, model.views[contrast].variance_groups)
        if groups is not None and settings.scale == "statistic":
            raise InputError(
                "inference: with variance groups, degrees of freedom differ among voxels: set the scale to z, on which "
                "these can be compared"
            )
        nuisance = part.nuisance
        if nuisance.shape[1]:
            moved = rearranged(nuisance, *model.permutations[contrast][1:9])
            left = moved - moved @ nuisance @ nuisance.T
            nuisance = nuisance @ np.linalg.eigh(np.einsum("ikn,jkn->ij", left, left))[1]
        beyond = np.hstack([part.tested, part.error])
        exact = model.permutations[contrast].exact
        return cls(part, nuisance, beyond, model.is_t(contrast), exact, settings, groups)

    @property
    def two_sided(self) -> bool:
        """Whether negative values count as positive ones do."""
        return self.is_t and self.settings.two_sided

    def precision(self, data: np.ndarray) -> type[np.floating]:
        """What data are computed in: float32, or float64 where they are, or where all rearrangements are there.

        Among all of them are those that give the data's own values again, which count for p. Of the few rows that have
        so few rearrangements R can be next to 1, where t magnifies the rounding of float32 beyond any tolerance.
        """
        return np.float64 if self.exact or data.dtype == np.float64 else np.float32

    @property
    def threshold(self) -> float:
        """Of clusters, on the scale."""
        p = self.settings.threshold
        if self.settings.scale == "z":
            return float(-special.ndtri(p / 2 if self.settings.two_sided else p))
        if self.is_t:
            return float(-special.stdtrit(self.part.dof, p / 2 if self.two_sided else p))
        return float(special.fdtri(self.part.rank, self.part.dof, 1 - p))

    def deviates(self, share: np.ndarray) -> np.ndarray:
        """Normal deviates of correlations R between tested regressors and data: positive, or one-sided with F's median.

        Parameters
        ----------
        share : numpy.ndarray
            R; the sign is kept where t is tested.

        Returns
        -------
        numpy.ndarray of float64
        """
        square = np.minimum(np.square(share, dtype=np.float64), 1 - 1e-14)
        tail = glm.log_p(square / (1 - square) * self.part.dof / self.part.rank, self.part.rank, self.part.dof)
        if self.is_t:
            return np.copysign(glm.deviate(tail), share)
        return np.maximum(glm.deviate(tail, self.settings.two_sided), -FARTHEST)

    @cached_property
    def table(self) -> np.ndarray:
        """Values on the scale of clusters at equal steps of R, from 0 to `CLOSE`."""
        return self.exactly(np.linspace(0, CLOSE, STEPS + 1)).astype(np.float32)

    def exactly(self, share: np.ndarray) -> np.ndarray:
        """Values of R on the scale of clusters."""
        if self.settings.scale == "z":
            return self.deviates(share)
        square = np.minimum(np.square(share, dtype=np.float64), 1 - 1e-14)
        found = square / (1 - square) * self.part.dof / self.part.rank
        return np.copysign(np.sqrt(found), share) if self.is_t else found

    def scaled(self, share: np.ndarray) -> np.ndarray:
        """Values of R on the scale of clusters, from the table where that is right to 1e-6.

        Parameters
        ----------
        share : numpy.ndarray

        Returns
        -------
        numpy.ndarray of float32, shape as `share`
        """
        at = np.abs(share) * np.float32(STEPS / CLOSE)
        below = np.minimum(at, STEPS - 1).astype(np.int32)
        at -= below
        found = self.table[below]
        found += at * (self.table[below + 1] - found)
        if self.is_t:
            found = np.copysign(found, share)
        beyond = np.abs(share) > CLOSE
        found[beyond] = self.exactly(share[beyond])
        return found

    def rows(self, order: np.ndarray, signs: np.ndarray, number: int) -> np.ndarray:
        """What residuals are multiplied with: the tested basis, then what counts of the nuisance, rearranged.

        Parameters
        ----------
        order, signs : numpy.ndarray of shape (k, n)
        number : int
            Of the first permutation.

        Returns
        -------
        numpy.ndarray of shape (c, k, n - m)
        """
        tested, nuisance = (
            product(rearranged(of, order, signs), self.beyond, number) for of in (self.part.tested, self.nuisance)
        )
        counts = np.abs(nuisance).max(axis=(1, 2), initial=0.0) > 1e-6
        return np.concatenate([tested, nuisance[counts]])

    def residuals(self, data: np.ndarray) -> np.ndarray:
        """Residuals of the nuisance model along `beyond`, each voxel's of length one; zero where there are none.

        Parameters
        ----------
        data : numpy.ndarray of shape (n, n_voxels)

        Returns
        -------
        numpy.ndarray of `precision`, of shape (n - m, n_voxels)
        """
        values = glm.checked(data, "inference")
        rest = self.beyond.T @ values
        length, size = (np.sqrt(np.einsum("iv,iv->v", of, of)) for of in (rest, values))
        rest /= np.where(length > 1e-6 * size, length, np.inf)
        return rest.astype(self.precision(data), copy=False)

    def maxima(
        self, data: np.ndarray, permutations: Permutations, start: int, stop: int, grid: clusters.Grid | clusters.Graph
    ) -> np.ndarray:
        """Largest values of one seed's permuted maps.

        Parameters
        ----------
        data : numpy.ndarray of shape (n, n_voxels)
        permutations : exchangeability.Permutations
        start, stop : int
            Which of them.
        grid : clusters.Grid or clusters.Graph

        Returns
        -------
        numpy.ndarray of shape (n_statistics, stop - start)
            As `models.Settings.measured` names them.
        """
        whole_maps = self.settings.spatial or self.groups is not None
        n, n_voxels = data.shape
        per_permutation = (
            np.dtype(self.precision(data)).itemsize * n_voxels if whole_maps else 8 * n * (1 + self.nuisance.shape[1])
        )
        size = max(1, MOST_BYTES // per_permutation)
        size = min(size, BLOCK) if whole_maps else size
        found = np.empty((len(self.settings.measured(grid.parts)), stop - start))
        for first in range(start, stop, size):
            order, signs = permutations[first : min(first + size, stop)]
            here = slice(first - start, first - start + len(order))
            if self.groups is not None:
                found[:, here] = self._of_maps(self._maps_with_groups(data, order, signs), grid)
            elif whole_maps:
                found[:, here] = self._of_maps(self._maps(data, order, signs, first), grid)
            else:
                found[:, here] = self._largest(data, order, signs, first)
        return found

    def _shares(self, residuals: np.ndarray, rows: np.ndarray, signed: bool, number: int) -> np.ndarray:
        """R of some permutations (k, from `number` on) and voxels, or its square where it need not be signed."""
        q = self.part.rank
        c = len(rows)
        products = product(rows, residuals, number)
        left: np.ndarray | None = None
        if c > q:
            nuisance = products[q:]
            np.multiply(nuisance, nuisance, out=nuisance)
            left = nuisance[0]
            for more in nuisance[1:]:
                left += more
            np.subtract(1, left, out=left)
            np.maximum(left, LEAST[residuals.dtype.name], out=left)
        found = products[0]
        if signed:
            if left is not None:
                found /= np.sqrt(left, out=left)
            return found
        found *= found
        for more in products[1:q]:
            found += np.multiply(more, more, out=more)
        if left is not None:
            found /= left
        return found

    def _largest(self, data: np.ndarray, order: np.ndarray, signs: np.ndarray, number: int) -> np.ndarray:
        """Largest deviate of each permutation, from `number` on, of shape (k,)."""
        signed = self.is_t and not self.two_sided
        rows = self.rows(order, signs, number).astype(self.precision(data))
        size = max(1, BLOCK // len(rows))
        most = np.full(len(order), -1.0 if signed else 0.0)
        for wide in glm.slabs(data.shape[1]):
            residuals = self.residuals(data[:, wide])
            for narrow in glm.slabs(residuals.shape[1], SLAB):
                values = np.ascontiguousarray(residuals[:, narrow])
                for first in range(0, len(order), size):
                    here = slice(first, first + size)
                    found = self._shares(values, rows[:, here], signed, number + first).max(axis=1)
                    np.maximum(most[here], found, out=most[here])
        return self.deviates(most if signed else np.sqrt(most))

    def _maps(self, data: np.ndarray, order: np.ndarray, signs: np.ndarray, number: int) -> np.ndarray:
        """Each permutation's values on the scale of clusters, from `number` on, of shape (k, n_voxels)."""
        kind = self.precision(data)
        rows = self.rows(order, signs, number).astype(kind)
        found = np.empty((len(order), data.shape[1]), dtype=kind)
        for wide in glm.slabs(data.shape[1]):
            residuals = self.residuals(data[:, wide])
            for narrow in glm.slabs(residuals.shape[1], SLAB):
                values = np.ascontiguousarray(residuals[:, narrow])
                shares = self._shares(values, rows, self.is_t, number)
                where = slice(wide.start + narrow.start, wide.start + narrow.stop)
                found[:, where] = self.scaled(shares if self.is_t else np.sqrt(shares))
        return found

    def _maps_with_groups(self, data: np.ndarray, order: np.ndarray, signs: np.ndarray) -> np.ndarray:
        """Deviates of each permutation of data whose variance differs among groups, of shape (k, n_voxels)."""
        assert self.groups is not None
        q = self.part.rank
        found = np.empty((len(order), data.shape[1]), dtype=np.float32)
        for wide in glm.slabs(data.shape[1]):
            residuals = self.residuals(data[:, wide])
            for row, places, flips in zip(found, order, signs, strict=True):
                moved = (self.beyond[places] * flips[:, None]) @ residuals
                statistic, dof = self.groups.statistic(moved, q)
                # Several rows of rank one are an F contrast.
                statistic = statistic if self.is_t or q > 1 else statistic**2
                row[wide] = np.nan_to_num(self.of_statistic(statistic, dof))
        return found

    def of_statistic(self, statistic: np.ndarray, dof: np.ndarray | float) -> np.ndarray:
        """Deviates of t or v, F or G."""
        q = self.part.rank
        if self.is_t:
            return np.copysign(glm.deviate(glm.log_p(statistic**2, 1, dof)), statistic)
        return np.maximum(glm.deviate(glm.log_p(statistic, q, dof), self.settings.two_sided), -FARTHEST)

    def _of_maps(self, maps: np.ndarray, grid: clusters.Grid | clusters.Graph) -> np.ndarray:
        """Largest values of some maps on the scale of clusters, of shape (n_statistics, k)."""
        settings = self.settings
        names = settings.measured(grid.parts)
        found = np.empty((len(names), len(maps)))
        exponents = grid.exponents(settings.extent, settings.extent_of_vertices)
        # Small maps are searched several at a time.
        for part in glm.slabs(len(maps), max(1, TOGETHER // grid.size)):
            values, most = maps[part], {}
            if "voxel" in settings.statistics:
                most["voxel"] = self.deviates_of_scale((np.abs(values) if self.two_sided else values).max(axis=1))
            if {"extent", "mass"} & set(settings.statistics):
                of_clusters = clusters.largest(values, self.threshold, grid, self.two_sided)
                for ending, (extent, mass) in of_clusters.items():
                    most |= {f"extent{ending}": extent, f"mass{ending}": mass}
            if "tfce" in settings.statistics:
                enhanced = tfce.largest(values, grid, self.two_sided, exponents, settings.height)
                most |= {f"tfce{ending}": largest for ending, largest in enhanced.items()}
            found[:, part] = [most[name] for name in names]
        return found

    def deviates_of_scale(self, values: np.ndarray) -> np.ndarray:
        """Deviates of values on the scale of clusters."""
        if self.settings.scale == "z":
            return values
        return self.of_statistic(values.astype(np.float64), self.part.dof)

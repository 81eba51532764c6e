"""The linear model of a group, voxel by voxel: effects, t and F, their p and z, and standardised effects.

    Y = M beta + error,   H0: C beta = 0

M (n, p) may lack full rank as long as the contrast C (q, p) is estimable. The columns of M are turned into a tested and
a nuisance part, M = [X Z] (Beckmann, Jenkinson & Smith 2001; Winkler et al. 2014, NeuroImage 92, 381, appendix A), of
which only the spans matter: with U an orthonormal basis of what X has beyond Z, and e what Y has beyond Z,

    F = (|U'e|^2 / q) / ((|e|^2 - |U'e|^2) / dof),   t = sign(U'e) sqrt(F) for q = 1,   dof = n - rank M.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from ..base.errors import InputError

SAME = 1e-8
"""Below this share of its length a residual counts as zero."""

SLAB = 2048
"""Voxels worked on at once."""


def basis_of(matrix: np.ndarray) -> np.ndarray:
    """Orthonormal basis of a matrix's columns.

    Parameters
    ----------
    matrix : numpy.ndarray of shape (n, k)

    Returns
    -------
    numpy.ndarray of shape (n, rank)
    """
    if not matrix.size:
        return np.zeros((len(matrix), 0))
    # Columns in units that differ by orders of magnitude (ages beside mean displacements) are one as good as the other.
    lengths = np.linalg.norm(matrix, axis=0)
    basis, sizes, _ = np.linalg.svd(matrix[:, lengths > 0] / lengths[lengths > 0], full_matrices=False)
    return basis[:, sizes > SAME * sizes.max(initial=1e-300)]


def residual(of: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """What a matrix's columns have beyond an orthonormal basis.

    Parameters
    ----------
    of : numpy.ndarray of shape (n, k)
    basis : numpy.ndarray of shape (n, m)

    Returns
    -------
    numpy.ndarray of shape (n, k)
    """
    # Twice, since the first pass leaves rounding errors of the size of what it removed.
    for _ in range(2 if basis.shape[1] else 0):
        of = of - basis @ (basis.T @ of)
    return of


@dataclass(frozen=True)
class Partition:
    """A model, seen from one contrast.

    Attributes
    ----------
    tested : numpy.ndarray of shape (n, q)
        Orthonormal basis of what the tested regressors have beyond the nuisance; for q = 1 it points as the effect
        does.
    nuisance : numpy.ndarray of shape (n, m)
        Orthonormal basis of the nuisance regressors.
    error : numpy.ndarray of shape (n, dof)
        Orthonormal basis of what the whole model leaves.
    regressors : numpy.ndarray of shape (n, q)
        The tested regressors as they stand in the design.
    unit : float
        Standard error of the effect for errors of variance one, sqrt(c (M'M)^- c'); NaN for q > 1.
    """

    tested: np.ndarray
    nuisance: np.ndarray
    error: np.ndarray
    regressors: np.ndarray
    unit: float

    @property
    def dof(self) -> int:
        """Degrees of freedom of the residuals."""
        return self.error.shape[1]

    @property
    def rank(self) -> int:
        """Of the contrast, q."""
        return self.tested.shape[1]


def partition(design: np.ndarray, contrast: np.ndarray, name: str = "contrast") -> Partition:
    """Take a model apart into what a contrast tests and what it does not.

    Parameters
    ----------
    design : numpy.ndarray of shape (n, p)
    contrast : numpy.ndarray of shape (p,) or (q, p)
        Equal or dependent rows count once.
    name : str
        For messages.

    Returns
    -------
    Partition

    Raises
    ------
    InputError
        If the contrast is empty, does not fit the design or is not estimable, or no degree of freedom is left.
    """
    design = np.asarray(design, dtype=np.float64)
    contrast = np.atleast_2d(np.asarray(contrast, dtype=np.float64))
    n, p = design.shape
    if contrast.shape[1] != p:
        raise InputError(f"{name}: {contrast.shape[1]} weights were given for a design of {p} columns")
    if not np.isfinite(design).all() or not np.isfinite(contrast).all():
        raise InputError(f"{name}: design and contrast must be finite numbers")
    rows = basis_of(contrast.T)
    if not rows.shape[1]:
        raise InputError(f"{name}: all weights are zero, so that nothing is tested")
    q = rows.shape[1]
    scale = np.linalg.norm(design, axis=0)
    scale[scale == 0] = 1
    scaled = design / scale
    inverse = np.linalg.pinv(scaled, rcond=SAME)
    lost = contrast / scale
    lost = lost - lost @ inverse @ scaled
    if np.linalg.norm(lost) > 1e-6 * np.linalg.norm(contrast / scale):
        raise InputError(
            f"{name}: it is not estimable, as columns of the design depend on each other: other weights would give "
            "the same. Leave out a column, or test a difference that the design can tell"
        )
    dof = n - basis_of(design).shape[1]
    if dof < 1:
        raise InputError(f"{name}: {n} observations leave no degree of freedom for a design of rank {n - dof}")
    unused = np.linalg.svd(contrast)[2][q:]
    nuisance = basis_of(design @ unused.T)
    regressors = design @ np.linalg.pinv(contrast)
    beyond = residual(regressors if len(contrast) == 1 else design @ rows, nuisance)
    if len(contrast) == 1:
        tested = beyond / np.linalg.norm(beyond)
        unit = float(np.linalg.norm((contrast / scale) @ inverse))
    else:
        tested, unit = basis_of(beyond), math.nan
        regressors = design @ rows
    model = np.hstack([tested, nuisance])
    error = np.linalg.qr(model, mode="complete")[0][:, model.shape[1] :]
    return Partition(tested, nuisance, error, regressors, unit)


def log_p(statistic: np.ndarray, q: int, dof: np.ndarray | float) -> np.ndarray:
    """Natural logarithm of the upper tail of F; of t**2 with q = 1, this is the two-sided p of t.

    Parameters
    ----------
    statistic : numpy.ndarray
        F.
    q : int
    dof : float or numpy.ndarray

    Returns
    -------
    numpy.ndarray
        Also where p itself underflows, by the first term of the incomplete beta function's series.
    """
    a, b = np.asarray(dof) / 2, q / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        x = a / (a + b * statistic)
        found = np.log(special.betainc(a, b, x))
        far = found < -600
        if np.any(far):
            found = np.where(far, a * np.log(x) - np.log(a) - special.betaln(a, b), found)
    return found


def deviate(log_of_p: np.ndarray, two_sided: bool = True) -> np.ndarray:
    """Normal deviate that is exceeded with a probability.

    Parameters
    ----------
    log_of_p : numpy.ndarray
        Natural logarithm of the probability.
    two_sided : bool
        Exceeded in size, so that it is positive.

    Returns
    -------
    numpy.ndarray
    """
    return -special.ndtri_exp(log_of_p - math.log(2)) if two_sided else -special.ndtri_exp(log_of_p)


def elimination(moments: np.ndarray, q: int) -> np.ndarray:
    """What is left of symmetric matrices' first rows and columns when the others are eliminated (Schur complement).

    Parameters
    ----------
    moments : numpy.ndarray of shape (r, r, n_voxels)
        Positive definite; overwritten.
    q : int

    Returns
    -------
    numpy.ndarray of shape (q, q, n_voxels)
    """
    for pivot in range(len(moments) - 1, q - 1, -1):
        share = moments[:pivot, pivot] / moments[pivot, pivot]
        moments[:pivot, :pivot] -= share[:, None] * moments[pivot, :pivot]
    return moments[:q, :q]


@dataclass(frozen=True)
class VarianceGroups:
    """Observations whose errors share a variance.

    Attributes
    ----------
    rows : list of numpy.ndarray of int
        Of each group.
    residual_dof : numpy.ndarray of shape (n_groups,)
        Sum of the residual-forming matrix's diagonal over each group.
    model : numpy.ndarray of shape (n, q + m)
        Orthonormal basis of the model, the tested part first.
    squares : numpy.ndarray of shape (n_groups, q + m, q + m)
        M'M of each group, in that basis.
    """

    rows: list[np.ndarray]
    residual_dof: np.ndarray
    model: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, part: Partition, groups: np.ndarray | None) -> VarianceGroups | None:
        """Prepare a model's variance groups; none where there is but one.

        Parameters
        ----------
        part : Partition
        groups : numpy.ndarray of shape (n,), optional
            Group of each observation.

        Returns
        -------
        VarianceGroups or None

        Raises
        ------
        InputError
            If a group's residuals are zero whatever the data are.
        """
        if groups is None:
            return None
        names, numbers = np.unique(np.asarray(groups), return_inverse=True)
        model = np.hstack([part.tested, part.nuisance])
        if len(numbers) != len(model):
            raise InputError(f"variance groups: {len(numbers)} were given for {len(model)} observations")
        if len(names) == 1:
            return None
        rows = [np.flatnonzero(numbers == number) for number in range(len(names))]
        left = 1 - np.square(model).sum(axis=1)
        residual_dof = np.array([left[row].sum() for row in rows])
        for name, value, row in zip(names, residual_dof, rows, strict=True):
            if value < 0.5:
                raise InputError(
                    f"variance groups: the variance of group {name!s} ({len(row)} observations) cannot be estimated, "
                    "as the design fits it entirely. Join it with another group"
                )
        return cls(rows, residual_dof, model, np.stack([model[row].T @ model[row] for row in rows]))

    def statistic(self, data: np.ndarray, q: int) -> tuple[np.ndarray, np.ndarray]:
        """Aspin and Welch's v (q = 1) or G, Welch's v**2 for several rows, with their degrees of freedom.

        Winkler et al. 2014, NeuroImage 92, 381; Welch 1951, Biometrika 38, 330. v of two groups is Welch's t.

        Parameters
        ----------
        data : numpy.ndarray of shape (n, n_voxels)
        q : int

        Returns
        -------
        statistic, dof : numpy.ndarray of shape (n_voxels,)
        """
        weights = self.model.T @ data
        rest = data - self.model @ weights
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.stack(
                [
                    dof / np.einsum("iv,iv->v", rest[row], rest[row])
                    for row, dof in zip(self.rows, self.residual_dof, strict=True)
                ]
            )
            schur = elimination(np.einsum("gij,gv->ijv", self.squares, precision), q)
            share = precision * np.array([len(row) for row in self.rows])[:, None]
            spread = ((1 - share / share.sum(axis=0)) ** 2 / self.residual_dof[:, None]).sum(axis=0)
            dof = q * (q + 2) / (3 * spread)
            if q == 1:
                return weights[0] * np.sqrt(schur[0, 0]), dof
            found = np.einsum("iv,ijv,jv->v", weights[:q], schur, weights[:q]) / q
            return found / (1 + 2 * (q - 1) / (q * (q + 2)) * spread), dof


def correction(dof: float) -> float:
    """Hedges' factor that takes the bias from a standardised effect, exactly (Hedges 1981, J. Educ. Stat. 6, 107)."""
    return math.exp(math.lgamma(dof / 2) - math.lgamma((dof - 1) / 2)) / math.sqrt(dof / 2) if dof > 1 else math.nan


LARGEST_T = 1e4


def noncentrality(t: np.ndarray, dof: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Interval of the noncentrality parameters under which a t is not extreme.

    Parameters
    ----------
    t : numpy.ndarray
    dof : float
    level : float
        Such as 0.95.

    Returns
    -------
    low, high : numpy.ndarray
        Inverted exactly on a grid (Steiger & Fouladi 1997), interpolated by cubic splines between, to 1e-5. NaN where
        the noncentral t distribution takes seconds a value, or cannot be computed: beyond |t| of `LARGEST_T`.
    """
    from scipy.interpolate import CubicSpline

    finite = t[np.abs(t) <= LARGEST_T]
    if not finite.size:
        return np.full_like(t, np.nan), np.full_like(t, np.nan)
    # The limits are odd functions of t, each other's mirror image; they bend with arcsinh(t / sqrt(2 dof)).
    bend = math.sqrt(2 * dof)
    ends = np.arcsinh(np.abs(finite).max() / bend)
    places = np.linspace(-ends, ends, 2 * max(16, math.ceil(ends / 0.02)) + 1)
    grid = np.sinh(places) * bend
    upper = np.array([inverted(value, dof, (1 - level) / 2) for value in grid])
    if len(np.unique(grid)) < 2:
        return np.full_like(t, -upper[0]), np.full_like(t, upper[0])
    # Where the distribution cannot be computed, there are no limits.
    known = np.isfinite(upper)
    if known.sum() < 2:
        return np.full_like(t, np.nan), np.full_like(t, np.nan)
    spline = CubicSpline(places[known], upper[known], extrapolate=False)
    with np.errstate(invalid="ignore"):
        at = np.arcsinh(t / bend)
    return -spline(-at), spline(at)


def inverted(t: float, dof: float, p: float) -> float:
    """Noncentrality under which a t falls below the given one with probability p; NaN where it cannot be computed."""
    from scipy.optimize import brentq

    def excess(delta: float) -> float:
        return float(special.nctdtr(dof, delta, t)) - p

    middle, width = t, 4.0 + abs(t) / math.sqrt(dof)
    low, high = middle - width, middle + width
    while excess(low) < 0:
        low -= width
    while excess(high) > 0:
        high += width
    try:
        return float(brentq(excess, low, high, xtol=1e-7))
    except ValueError:
        # scipy's distribution is NaN there.
        return math.nan


@dataclass(frozen=True)
class Fit:
    """A contrast's maps; everything is NaN in voxels whose residuals are zero.

    Attributes
    ----------
    effect, standard_error : numpy.ndarray of shape (n_voxels,), or None for an F contrast
        In the units of the data and of the contrast.
    statistic : numpy.ndarray of shape (n_voxels,)
        t or F; Aspin and Welch's v or G with variance groups.
    q : int
        Rank of the contrast, the numerator's degrees of freedom.
    is_t : bool
    dof : numpy.ndarray of shape (n_voxels,)
        Of the denominator.
    z, minus_log10_p : numpy.ndarray of shape (n_voxels,)
        p is two-sided for t, the upper tail for F.
    g, g_low, g_high : numpy.ndarray of shape (n_voxels,), or None for an F contrast
        Hedges' g and its confidence interval.
    """

    effect: np.ndarray | None
    standard_error: np.ndarray | None
    statistic: np.ndarray
    q: int
    is_t: bool
    dof: np.ndarray
    z: np.ndarray
    minus_log10_p: np.ndarray
    g: np.ndarray | None
    g_low: np.ndarray | None
    g_high: np.ndarray | None


def slabs(n_voxels: int, size: int = SLAB) -> Iterator[slice]:
    """Parts of a map that are worked on one at a time."""
    yield from (slice(start, min(start + size, n_voxels)) for start in range(0, n_voxels, size))


def within_subjects(part: Partition, subjects: np.ndarray) -> bool:
    """Whether what a contrast tests sums to zero within every subject, so that subjects' own levels drop out.

    Parameters
    ----------
    part : Partition
    subjects : numpy.ndarray of shape (n,)

    Returns
    -------
    bool
    """
    _, numbers = np.unique(np.asarray(subjects), return_inverse=True)
    return all(np.abs(np.bincount(numbers, weights=column)).max() < 1e-6 for column in part.tested.T)


def paired(part: Partition, subjects: np.ndarray | None) -> bool:
    """Whether a contrast compares two observations of each subject, whose own level is in the model.

    Parameters
    ----------
    part : Partition
    subjects : numpy.ndarray of shape (n,), optional

    Returns
    -------
    bool
        False without a column for each subject: residuals then hold the subjects' differences, so that they are not
        those of the differences between observations.
    """
    if subjects is None or part.rank > 1:
        return False
    _, numbers, counts = np.unique(np.asarray(subjects), return_inverse=True, return_counts=True)
    if not (counts == 2).all() or not within_subjects(part, subjects):
        return False
    own = residual(np.eye(len(counts))[numbers], part.nuisance)
    return bool(np.abs(own).max() < 1e-6)


def fit(
    data: np.ndarray,
    design: np.ndarray,
    contrast: np.ndarray,
    *,
    variance_groups: np.ndarray | None = None,
    subjects: np.ndarray | None = None,
    pairs: bool | None = None,
    level: float = 0.95,
    name: str = "contrast",
) -> Fit:
    """Fit a model by ordinary least squares and test one contrast.

    Hedges' g is the effect in units of the errors' standard deviation, times J(dof) = Gamma(dof/2) / (sqrt(dof/2)
    Gamma((dof-1)/2)) (Hedges 1981):

    - one sample: mean / SD;
    - two groups: difference of means / pooled SD, in general c beta / SD of the residuals;
    - paired, that is where each subject has two rows and a column of its own, and the contrast sums to zero within
      each: mean difference / SD of the differences (Cohen's d_z).

    Its interval inverts the noncentral t distribution (Steiger & Fouladi 1997; Cumming & Finch 2001), and is that of
    the effect in the population, which g estimates without bias. It is exact for normal errors of one variance; with
    variance groups it remains that of the pooled variance. For a contrast over a continuous regressor, g is the change
    per unit of it.

    Parameters
    ----------
    data : numpy.ndarray of shape (n, n_voxels)
        May lie on disk (memmap).
    design : numpy.ndarray of shape (n, p)
    contrast : numpy.ndarray of shape (p,) or (q, p)
    variance_groups : numpy.ndarray of shape (n,), optional
        Observations whose errors share a variance; all do where None.
    subjects : numpy.ndarray of shape (n,), optional
        Whose each row is, to know paired designs.
    pairs : bool, optional
        Whether the design is paired, where that is known from more rows than these; found by `paired` otherwise.
    level : float
        Of the confidence interval.
    name : str
        Of the contrast, for messages.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        See `partition` and `VarianceGroups.of`; also for data that are not finite.
    """
    part = partition(design, contrast, name)
    q = part.rank
    is_t = q == 1 and len(np.atleast_2d(contrast)) == 1
    groups = VarianceGroups.of(part, variance_groups)
    n_voxels = data.shape[1]
    statistic, effect, error = (np.empty(n_voxels) for _ in range(3))
    dof = np.full(n_voxels, float(part.dof))
    plain = np.empty(n_voxels)
    basis = np.hstack([part.tested, part.error]).T.copy()
    for where in slabs(n_voxels):
        here = checked(data[:, where], name)
        along = basis @ here
        left = np.einsum("iv,iv->v", along[q:], along[q:])
        # Rounding leaves something of residuals that are zero.
        left[left <= 1e-12 * np.einsum("iv,iv->v", here, here)] = np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.einsum("iv,iv->v", along[:q], along[:q]) / q / (left / part.dof)
            plain[where] = np.copysign(np.sqrt(found), along[0]) if is_t else found
            statistic[where] = plain[where]
            effect[where] = along[0] * part.unit
            error[where] = np.sqrt(left / part.dof) * part.unit
            if groups is not None:
                value, own = groups.statistic(here, q)
                undefined = np.isnan(left) | ~np.isfinite(value)
                statistic[where] = np.where(undefined, np.nan, value if is_t or q > 1 else value**2)
                dof[where] = own
                error[where] = np.where(undefined, np.nan, np.abs(effect[where] / value)) if q == 1 else np.nan
    undefined = ~np.isfinite(statistic)
    effect[undefined] = np.nan
    tail = log_p(statistic**2 if is_t else statistic, q, dof)
    z = np.copysign(deviate(tail), statistic) if is_t else deviate(tail, two_sided=False)
    g = low = high = None
    if is_t:
        # t / unit is the effect in standard deviations; of differences between two observations, sqrt(2) times as wide.
        unit = part.unit / (math.sqrt(2) if (paired(part, subjects) if pairs is None else pairs) else 1)
        g = plain * unit * correction(part.dof)
        low, high = (limit * unit for limit in noncentrality(plain, part.dof, level))
    return Fit(
        effect if is_t else None,
        error if is_t else None,
        statistic,
        q,
        is_t,
        np.where(undefined, np.nan, dof),
        z,
        -tail / math.log(10),
        g,
        low,
        high,
    )


def checked(values: np.ndarray, name: str) -> np.ndarray:
    """Values of some voxels as float64.

    Raises
    ------
    InputError
        If any is not finite.
    """
    found = np.asarray(values, dtype=np.float64)
    if not np.isfinite(found).all():
        row, column = np.argwhere(~np.isfinite(found))[0]
        raise InputError(
            f"{name}: observation {row + 1} has {found[row, column]} in a voxel; all observations must cover all "
            "voxels of the group mask"
        )
    return found

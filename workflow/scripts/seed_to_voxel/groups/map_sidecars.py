"""What is said beside the maps of groups: the mask, what was fitted, and what is family-wise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..base.errors import InputError
from ..base.provenance import versions
from ..connectivity.map_sidecars import value_range
from .attainable import out_of_reach
from .inference import critical_value
from .models import smallest_p

if TYPE_CHECKING:
    from .clusters import Graph, Grid
    from .inference import Inference, Maxima
    from .models import Model

CORRECTIONS = {
    "benjamini_hochberg": "Benjamini & Hochberg 1995: tests that are independent or depend positively",
    "benjamini_yekutieli": "Benjamini & Yekutieli 2001: any dependence among tests",
}

INTERVAL = 95
"""Per cent, of the confidence interval of Hedges' g."""

ESTIMATE = "ordinary least squares at each voxel, t (or F) of the contrast with the residuals' degrees of freedom"
WELCH = (
    "ordinary least squares at each voxel; Aspin and Welch's v (or Welch's G) with a variance for each of the groups "
    "of {0}, in place of t (or F)"
)


class Statistic(NamedTuple):
    """A kind of map.

    Attributes
    ----------
    title : str
        For headers and pages.
    field : str
        Where the values are in what `fitting.fit` returns.
    intent : str or None
        NIfTI's code, by nibabel's name.
    units, formula : str
    """

    title: str
    field: str
    intent: str | None
    units: str
    formula: str


STATISTICS = {
    "effect": Statistic("Effect", "effect", "estimate", "1 (Fisher z, in units of the contrast)", "c b, b of OLS"),
    "standarderror": Statistic("Standard error of the effect", "standard_error", None, "1 (Fisher z)", "effect / t"),
    "t": Statistic("t", "statistic", None, "1 (Student's t)", "effect / standard error"),
    "F": Statistic("F", "statistic", None, "1 (F)", "(explained sum of squares / q) / (residual sum of squares / dof)"),
    "z": Statistic("z", "z", "z score", "1 (standard normal deviate)", "normal deviate with the p of t, or of F"),
    "p": Statistic(
        "-log10 p, uncorrected",
        "minus_log10_p",
        "log10 p value",
        "-log10(p): 1.301 is p = 0.05",
        "-log10 of the two-sided p of t, or of the upper tail of F",
    ),
    "pfdr": Statistic(
        "-log10 p, adjusted for the false discovery rate",
        "false_discovery_rate",
        "log10 p value",
        "-log10(p): 1.301 is a rate of 0.05",
        "-log10 of the smallest false discovery rate at which the voxel passes, over the voxels of this map that lie "
        "beyond the seed's own reach",
    ),
    "hedgesg": Statistic(
        "Hedges' g",
        "g",
        None,
        "1 (standard deviations)",
        "J effect / SD, J = Gamma(dof / 2) / (sqrt(dof / 2) Gamma((dof - 1) / 2)); SD of the residuals, of the "
        "differences where each subject has two rows that are compared",
    ),
    "hedgesglow": Statistic(
        "Hedges' g, lower limit", "g_low", None, "1 (standard deviations)", f"{INTERVAL} % interval, noncentral t"
    ),
    "hedgesghigh": Statistic(
        "Hedges' g, upper limit", "g_high", None, "1 (standard deviations)", f"{INTERVAL} % interval, noncentral t"
    ),
}


def check_mask(brain: np.ndarray, share: np.ndarray, rows: Sequence[str], at_least: float) -> None:
    """Refuse a group mask without a voxel, with an `InputError`."""
    if not brain.any():
        raise InputError(
            f"groups.mask_coverage is {at_least:g}, and no voxel is covered by so many of the {len(rows)} rows (at "
            f"most {share.max():.2f} of them); do the runs lie in one space? Or lower groups.mask_coverage"
        )


def of_mask(
    share: np.ndarray,
    brain: np.ndarray,
    rows: Sequence[str],
    at_least: float,
    resampled: Sequence[str],
    sources: Sequence[str],
    places: str = "voxels",
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe a group mask and the map of coverage.

    Parameters
    ----------
    share : numpy.ndarray of shape (x, y, z)
        Of the rows that cover each voxel.
    brain : numpy.ndarray of bool, shape (x, y, z)
    rows : list of str
        Units of the model.
    at_least : float
        The config's ``groups.mask_coverage``.
    resampled : list of str
        Units whose maps were moved to the first one's grid.
    sources : list of str
    places : str
        What they are called.

    Returns
    -------
    mask, coverage : dict
    """
    shared = {
        **({"Places": places} if places != "voxels" else {}),
        "NumberOfRows": len(rows),
        "Resampled": {"Units": list(resampled), "Method": "linear, to the first one's grid"} if resampled else None,
        "Sources": list(sources),
        "Software": versions("numpy", "scipy", "nibabel"),
    }
    everybody = int((share[brain] >= 1 - 1e-9).sum())
    mask = {
        "Description": "Voxels in which the model is tested",
        "Type": "Brain",
        "Threshold": f"covered by {at_least:g} of the rows at least",
        "NumberOfVoxels": int(brain.sum()),
        "NumberOfVoxelsThatAllCover": everybody,
        **shared,
    }
    coverage = {
        "Description": "Share of the rows of the model that cover the voxel: that have a value there for every seed",
        "Units": "1",
        "Formula": "rows with a value / rows",
        **shared,
    }
    return mask, coverage


def of_test(
    described: Mapping[str, Any],
    contrast: Mapping[str, Any],
    weights: np.ndarray,
    seed: Mapping[str, Any],
    sources: Sequence[str],
    doubt: str | None,
    summarised: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the sidecars of a contrast's maps have in common.

    Parameters
    ----------
    described : dict
        Beside the design's table.
    contrast : dict
        From `study.groups.Contrast.described`.
    weights : numpy.ndarray of shape (n_tested, n_columns)
    seed : dict
    sources : list of str
        BIDS URIs.
    doubt : str or None
        From `testing.doubt`.
    summarised : dict, optional
        From `testing.Question.summarised`.

    Returns
    -------
    dict
    """
    return {
        "Model": described["Model"],
        "ModelFormula": described["Formula"],
        "Contrast": {
            "Name": contrast["name"],
            "Expressions": contrast["rows"],
            "Test": "F" if contrast["joint"] else "t, two-sided",
            "Columns": described["Columns"],
            "Weights": np.unique(weights, axis=0).tolist() if contrast["joint"] else weights.tolist(),
        },
        "Seed": seed,
        "NumberOfSubjects": described["NumberOfSubjects"],
        "NumberOfRows": described["NumberOfRows"],
        "Groups": described["Groups"],
        "Notes": described["Notes"],
        "VarianceGroups": described["VarianceGroups"] and described["VarianceGroups"]["Column"],
        **({"SubjectsSummarised": dict(summarised)} if summarised else {}),
        "Caveat": doubt,
        "Undefined": "NaN where the rows that have a value cannot tell the contrast; 0 outside of the group mask",
        "Sources": list(sources),
    }


def described_as(title: str, shared: Mapping[str, Any]) -> str:
    """What a map is, in a sentence."""
    contrast, seed = shared["Contrast"]["Name"], shared["Seed"]["label"]
    return f"{title} of the contrast {contrast} of the model {shared['Model']}, seed {seed}"


def fitted(
    stat: str,
    values: np.ndarray,
    maps: Mapping[str, np.ndarray],
    shared: Mapping[str, Any],
    options: Mapping[str, Any],
    near: np.ndarray,
    reach: float,
) -> dict[str, Any]:
    """Describe a map of a fit.

    Parameters
    ----------
    stat : str
        One of `STATISTICS`.
    values : numpy.ndarray of shape (n_voxels,)
    maps : dict of str to numpy.ndarray
        From `fitting.fit`.
    shared : dict
        From `of_test`.
    options : dict
        The config's ``statistics``.
    near : numpy.ndarray of bool, shape (n_voxels,)
        Voxels within the seed's own reach.
    reach : float
        mm.

    Returns
    -------
    dict
    """
    about, column = STATISTICS[stat], shared["VarianceGroups"]
    estimate = WELCH.format(column) if column else ESTIMATE
    dof = maps["dof"][np.isfinite(maps["dof"])]
    return {
        "Description": described_as(about.title, shared),
        "Units": about.units,
        "Formula": about.formula,
        "Estimate": estimate,
        **shared,
        "DegreesOfFreedom": float(np.median(dof)) if dof.size else None,
        "DegreesOfFreedomRange": value_range(dof),
        "Correction": CORRECTIONS[options["fdr"]] if stat == "pfdr" else None,
        **(_family_of_rates(maps["minus_log10_p"], near, reach) if stat == "pfdr" else {}),
        "ConfidenceInterval": f"{INTERVAL} %" if stat.startswith("hedgesg") else None,
        "Range": value_range(values),
        "NumberOfVoxels": int(values.size),
        "NumberOfUndefinedVoxels": int((~np.isfinite(values)).sum()),
        "Software": versions("numpy", "scipy", "nibabel"),
    }


def _family_of_rates(strength: np.ndarray, near: np.ndarray, reach: float) -> dict[str, Any]:
    """Among which voxels the false discovery rate holds."""
    known = np.isfinite(strength)
    return {
        "Tested": f"voxels of the group mask farther than {reach:g} mm from the seed's own in any run",
        "NumberOfTestedVoxels": int((known & ~near).sum()),
        "NumberOfVoxelsNearTheSeed": int((known & near).sum()),
        "NearTheSeed": "not counted among the tests; shown at the rate at which a tested voxel of that p passes",
    }


MEASURES = {
    "voxel": "the voxel's statistic (largest |z| of a map, max-T)",
    "extent": "the extent of the voxel's cluster",
    "mass": "the mass of the voxel's cluster",
    "tfce": "the voxel's threshold-free cluster enhancement",
}
"""What a family-wise p is of."""

SYMMETRY = (
    "Flipping signs is valid where the errors of the rows are independent and symmetric around zero; skewed errors "
    "make it liberal (Eklund, Knutsson & Nichols 2018, Human Brain Mapping 40, 2017)."
)


def _family(stat: str) -> tuple[str, bool]:
    """Measure of a map of corrected p, and whether it is corrected over all maps of the model."""
    kind, _, measure = stat.partition("_desc-")
    return measure, kind == "pfwestudy"


def inferred_values(stat: str, found: Inference) -> np.ndarray:
    """Values of an inferred map.

    Parameters
    ----------
    stat : str
        ``tfce``, or such as ``pfwe_desc-mass``.
    found : Inference

    Returns
    -------
    numpy.ndarray of shape (n_voxels,)
        Of p, -log10; of clusters, that of the voxel's cluster, and 0 in none.
    """
    if stat == "tfce":
        assert found.tfce is not None
        return found.tfce
    measure, study = _family(stat)
    ending = "_study" if study else ""
    if measure in ("voxel", "tfce"):
        p = getattr(found, f"p{ending}" if measure == "voxel" else f"p_tfce{ending}")
    else:
        assert found.clusters is not None and found.labels is not None
        of_clusters = getattr(found.clusters, f"p_{measure}{ending}")
        p = np.concatenate([[1.0], of_clusters])[found.labels]
        p[np.isnan(found.deviate)] = np.nan
    return np.abs(np.log10(p))


def neighbours(grid: Grid | Graph, options: Mapping[str, Any]) -> int | str:
    """Which places touch; `options` are the config's ``groups``."""
    n = options["clusters"]["neighbours"]
    if grid.areas is None or grid.are_voxels.all():
        return n
    mesh = "edges of the mesh"
    # With hyphens, as what is said of voxels is otherwise said of all places.
    return f"{mesh}; {n} voxel-neighbours within each structure" if len(grid.parts) > 1 else mesh


EXPONENTS = {"voxels": 0.5, "vertices": 1}
"""E of TFCE: of the number of voxels, and of the area of vertices in mm2."""


def exponents(grid: Grid | Graph) -> float | str:
    """E of TFCE in words, where there are several."""
    if grid.areas is None or grid.are_voxels.all():
        return EXPONENTS["voxels"]
    if len(grid.parts) > 1:
        return f"{EXPONENTS['vertices']} of the vertices' area in mm2, {EXPONENTS['voxels']} of the voxel-count"
    return EXPONENTS["vertices"]


def _families(grid: Grid | Graph) -> str | None:
    """What is said where measures of clusters have several families in one map."""
    if len(grid.parts) == 1:
        return None
    return (
        "Areas of vertices and voxel-counts cannot be compared: extent, mass and TFCE of each kind are held "
        f"against its own maxima, and their p is multiplied by {len(grid.parts)} (Bonferroni)"
    )


def of_permutations(
    model: Model,
    contrast: str,
    options: Mapping[str, Any],
    tested: np.ndarray,
    brain: np.ndarray,
    grid: Grid | Graph,
) -> dict[str, Any]:
    """What the sidecars say of a contrast's permutations.

    Parameters
    ----------
    model : models.Model
    contrast : str
    options : dict
        The config's ``groups``.
    tested, brain : numpy.ndarray of bool
        Voxels that were permuted, and of the group mask.
    grid : clusters.Grid or clusters.Graph
        Of those that were.

    Returns
    -------
    dict
    """
    permutations = model.permutations[contrast]
    scheme, side = permutations.scheme, "two-sided" if model.is_t(contrast) else "of F"
    blocks = None
    if model.views[contrast].rows is not None:
        blocks = "whole subjects"
    elif scheme.blocks is not None:
        ways = [("whole subjects", scheme.whole), ("within subjects", scheme.within)]
        blocks = " and ".join(name for name, does in ways if does)
    return {
        "Number": permutations.count,
        "Exact": permutations.exact,
        "NumberOfDistinct": permutations.distinct if permutations.distinct < 1e15 else f"{permutations.distinct:.3e}",
        "SmallestP": smallest_p(model, contrast),
        "SeedNumber": options["permutations"]["seed"],
        "Method": "Freedman & Lane 1983: residuals of the nuisance regressors are rearranged",
        "Rearranged": [name for name, does in (("places", scheme.permute), ("signs", scheme.flip)) if does],
        "Blocks": blocks,
        "Why": scheme.reason,
        "Assumption": SYMMETRY if scheme.flip else None,
        "ClusterThreshold": f"p < {options['clusters']['threshold']:g}, {side}",
        "Neighbours": neighbours(grid, options),
        "TFCE": (
            {"E": exponents(grid), "H": 2, "Values": "normal deviates", "Steps": "none, exact"}
            if options["tfce"]
            else None
        ),
        "NumberOfVoxels": int(tested.sum()),
        "NumberOfVoxelsNotCoveredByAll": int(brain.sum() - tested.sum()),
        **({"Families": families} if (families := _families(grid)) else {}),
    }


def inferred(
    stat: str,
    values: np.ndarray,
    shared: Mapping[str, Any],
    permutations: Mapping[str, Any],
    null: Maxima,
    contrast: str,
    seed: str,
    grid: Grid | Graph,
    n_models: int = 1,
) -> dict[str, Any]:
    """Describe a map that permutations gave.

    Parameters
    ----------
    stat : str
        See `inferred_values`.
    values : numpy.ndarray of shape (n_voxels,)
        NaN where not every row has a value.
    shared : dict
        From `of_test`.
    permutations : dict
        From `of_permutations`.
    null : Maxima
    contrast, seed : str
    grid : clusters.Grid or clusters.Graph
    n_models : int
        How many models the contrasts of `null` are of.

    Returns
    -------
    dict
    """
    passing = int((values >= -np.log10(0.05)).sum())
    permutations = dict(permutations)
    if stat != "tfce":
        measure, study = _family(stat)
        families = len(set(null.families.values())) if study else 1
        factor = families * (1 if measure == "voxel" else len(grid.parts))
        if factor > 1:
            permutations |= {"SmallestP": min(factor * permutations["SmallestP"], 1.0), "BonferroniFactor": factor}
        said = out_of_reach({**shared, "Permutations": permutations}, 0.05)
        shared = {**shared, "Notes": [*shared["Notes"], *([said] if said else [])]}
    if stat == "tfce":
        text: dict[str, Any] = {
            "Description": described_as("TFCE", shared),
            "Units": f"1 (E {exponents(grid)}, H 2, of normal deviates; negative where the statistic is)",
            "Formula": (
                f"integral of extent(h)^{'E' if len(grid.parts) > 1 else exponents(grid)} h^2 dh (Smith & Nichols "
                "2009), exact"
            ),
        }
    else:
        over = "the voxels of this map"
        if study:
            of = "the model" if n_models == 1 else f"{n_models} models"
            over = f"the voxels of all maps of {of}, {len(null.seeds)} seeds and {len(null.contrasts)} contrasts"
            over += f", of which {families} families are permuted each in its own way (Bonferroni)" * (families > 1)
        text = {
            "Description": described_as(f"-log10 p, family-wise, of {MEASURES[measure]}", shared),
            "Units": "-log10(p): 1.301 is p = 0.05",
            "Formula": "share of the permutations whose largest value is as large, the data as they are among them",
            "Correction": f"family-wise error over {over}",
            "CriticalValue": None if study else _critical(measure, null, contrast, seed, grid),
            "NumberOfVoxelsBelow005": passing,
        }
    return {
        **text,
        **shared,
        "Permutations": permutations,
        "Range": value_range(values),
        "NumberOfUndefinedVoxels": int((~np.isfinite(values)).sum()),
        "Undefined": "NaN where not every row has a value: what all cover is permuted; 0 outside of the mask",
        "Software": versions("numpy", "scipy", "nibabel"),
    }


def _critical(
    measure: str, null: Maxima, contrast: str, seed: str, grid: Grid | Graph
) -> float | dict[str, float | None] | None:
    """What a measure must reach for p = 0.05 over its map; where vertices and voxels have their own, of each."""
    endings = list(grid.parts) if measure != "voxel" else [""]
    values = {}
    for ending in endings:
        own = null.values[contrast][null.statistics.index(f"{measure}{ending}"), null.seeds.index(seed)]
        values["voxels" if ending else "vertices"] = critical_value(own, 0.05 / len(endings))
    return values if len(values) > 1 else values["vertices"]

"""What the sidecars of a run's z, p and nu say, and what limits them in this run."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..base.provenance import versions
from ..connectivity.map_sidecars import value_range
from . import bursts, multiplicity
from .differences import Difference
from .null import FEWEST
from .semipartial import INFLATED, Semipartial
from .significance import Significance
from .verdicts import off_line

METHOD = (
    "Degrees of freedom given the seed's series and through the cleaning operator: nu = 1 / E r^2 for Gaussian and "
    "stationary noise, whose spectrum before cleaning is a mixture weighted by the voxel's periodogram (Whittle "
    "likelihood); Student's t with nu - 1 degrees of freedom, corrected for kurtosis, as a normal deviate"
)
BURSTS = "; the noise's standard deviation follows the run's DVARS"
HYPOTHESIS = (
    "The voxel's series has nothing to do with the seed's: it is noise that went through the same cleaning. Head "
    "motion and physiology that both share are against it as much as neural coupling is"
)

FEW = 10
"""With fewer degrees of freedom z is approximate."""

LONG_GAP = 5
"""Volumes censored in a row that the Butterworth filter interpolates without harm."""

CORRECTIONS = {
    "benjamini_hochberg": "Benjamini-Hochberg (independent or positively dependent tests)",
    "benjamini_yekutieli": "Benjamini-Yekutieli (any dependence)",
}
"""Ways to hold the false discovery rate, by their names in the config."""


def median(values: np.ndarray) -> float | None:
    """Median of the values that are defined; None where there is none."""
    defined = values[np.isfinite(values)]
    return float(np.median(defined)) if defined.size else None


def caveats(found: Significance, nu: np.ndarray, described: Mapping, met: bool) -> list[str]:
    """What somebody who reads a map's z must know, a sentence each.

    Parameters
    ----------
    found : Significance
    nu : numpy.ndarray of shape (n_voxels,)
        Of the map.
    described : dict
        Sidecar of the map of r.
    met : bool
        Whether z takes account of bursts.
    """
    said = []
    defined = nu[np.isfinite(nu)]
    if (few := int((defined < FEW).sum())) > 0:
        said.append(
            f"{few} of {defined.size} voxels have fewer than {FEW} degrees of freedom: z is approximate there, and "
            f"undefined at {FEWEST} or fewer"
        )
    if found.loud is None:
        said.append("No std_dvars in the confounds table: bursts of noise that were not censored are not seen")
    elif found.loud and not met:
        said.append(
            f"{found.loud} volumes with bursts of noise (DVARS above {bursts.QUIET:g} medians) were kept: where seed "
            "and voxel share them, |z| is too large. Censor them, or set statistics.bursts"
        )
    cleaning = described["Cleaning"]
    filtered = cleaning["filter"] == "butterworth" and any((cleaning["high_pass"], cleaning["low_pass"]))
    if filtered and described["LongestGap"] > LONG_GAP:
        said.append(
            f"{described['LongestGap']} volumes in a row were interpolated for the Butterworth filter: z is less than "
            "it need be. The filter fourier needs no interpolation"
        )
    if any(name.startswith("global_signal") for name in cleaning["confounds"]):
        said.append("The global signal was regressed out: r of voxels that have nothing in common is not 0 on average")
    if off := off_line(found.check.shares, found.check.errors):
        said.append(f"z does not hold in this run: {off}")
    return said


def sidecars(
    described: Mapping,
    found: Significance,
    number: int,
    r: np.ndarray,
    tested: np.ndarray,
    options: Mapping,
    reach: float,
    sources: Sequence[str],
) -> dict[str, dict]:
    """Describe the maps of z, p and nu of a seed.

    Parameters
    ----------
    described : dict
        Sidecar of the map of r.
    found : Significance
    number : int
        Of the seed.
    r : numpy.ndarray of shape (n_voxels,)
    tested : numpy.ndarray of bool, shape (n_voxels,)
        Outside of the seed's reach.
    options : dict
        The config's ``statistics``.
    reach : float
        mm.
    sources : sequence of str
        BIDS URIs of what the maps were made from.

    Returns
    -------
    dict
        By the name of the statistic: ``z``, ``p``, ``nu``.
    """
    label = described["Seed"]["label"]
    nu, z, strength = found.nu[number], found.z[number], found.minus_log10_p[number]
    # Without DVARS there is nothing to follow.
    met = options["bursts"] and found.loud is not None
    shared = {
        **{
            name: value for name, value in described.items() if name not in ("Description", "Units", "Formula", "Range")
        },
        "Method": METHOD + (BURSTS if met else ""),
        "NullHypothesis": HYPOTHESIS,
        "Caveats": caveats(found, nu, described, met),
        "Sources": list(sources),
        "Software": versions("numpy", "nibabel"),
    }
    thresholds = _thresholds(r[tested], z[tested], strength[tested], options, reach)
    return {
        "z": {
            "Description": f"z-score of r with the seed {label}: standard normal under the null hypothesis",
            "Units": "1 (standard normal deviate)",
            "Formula": "normal deviate of t = sqrt(nu - 1) r / sqrt(1 - r^2) with nu - 1 degrees of freedom (Method)",
            **shared,
            "NumberOfUndefinedVoxels": int(np.isnan(z).sum()),
            "Range": value_range(z),
            "Thresholds": thresholds,
        },
        "p": {
            "Description": f"-log10 of the two-sided p of the correlation with the seed {label}, a voxel at a time",
            "Units": "-log10(p): 1.301 is p = 0.05; p itself would underflow",
            "Formula": "-log10(2 Phi(-|z|)), Phi the standard normal distribution function",
            **shared,
            "NumberOfUndefinedVoxels": int(np.isnan(strength).sum()),
            "Range": value_range(strength),
            "Thresholds": thresholds,
        },
        "nu": {
            "Description": (
                f"Effective degrees of freedom nu of the correlation with the seed {label}; the standard error of "
                "arctanh(r) is 1 / sqrt(nu - 2)"
            ),
            "Units": "1 (degrees of freedom)",
            "Formula": "nu = 1 / E r^2 under the null hypothesis",
            **shared,
            "NumberOfUndefinedVoxels": int(np.isnan(nu).sum()),
            "Range": value_range(nu),
        },
    }


def _thresholds(
    r: np.ndarray,
    z: np.ndarray,
    strength: np.ndarray,
    options: Mapping,
    reach: float,
    whose: str = "the seed's",
    of_r: str = "R",
) -> dict:
    """Where the tested voxels may be cut; `options` are the config's ``statistics``."""
    by_yekutieli = options["fdr"] == "benjamini_yekutieli"
    cuts = multiplicity.thresholds(r, z, strength, options["level"], by_yekutieli, of_r)
    cuts["FalseDiscoveryRate"] = {"Method": CORRECTIONS[options["fdr"]], **cuts["FalseDiscoveryRate"]}
    return {
        "Level": options["level"],
        "Tested": f"two-sided, voxels of the brain mask farther than {reach:g} mm from {whose} own",
        "NumberOfTests": int(np.isfinite(strength).sum()),
        **cuts,
    }


def semipartial_sidecars(
    described: Mapping,
    found: Semipartial,
    given: Sequence[str],
    tested: np.ndarray,
    options: Mapping,
    reach: float,
    sources: Sequence[str],
) -> tuple[dict, dict]:
    """Describe a map of semipartial r, and that of its z.

    Parameters
    ----------
    described : dict
        As if it were a map of r.
    found : Semipartial
    given : sequence of str
        Labels of the seeds that were held constant.
    tested : numpy.ndarray of bool, shape (n_voxels,)
        Outside of the seed's reach.
    options : dict
        The config's ``statistics``.
    reach : float
        mm.
    sources : sequence of str
        BIDS URIs of the map of semipartial r.

    Returns
    -------
    of_r, of_z : dict
    """
    label, known = described["Seed"]["label"], bool(np.isfinite(found.inflation))
    others, said = ", ".join(given) or "no other seed, as the run covers none", []
    if known and found.inflation > INFLATED:
        said.append(
            f"The other seeds explain {100 * (1 - 1 / found.inflation):.0f} % of the seed's variance: what is left is "
            "small, and errors of measurement weigh in it"
        )
    shared = {
        "GivenSeeds": list(given),
        "VarianceInflationFactor": found.inflation if known else None,
        "Caveats": said,
    }
    of_r = {
        **described,
        "Description": f"Semipartial correlation of the seed {label}, given {others}, with every voxel",
        "Formula": "r = cov(e, voxel) / (sd(e) sd(voxel)), e what regression on the other seeds leaves of the seed",
        **shared,
    }
    of_z = {
        **of_r,
        "Description": (
            f"z-score of the partial correlation with the seed {label} given {others}: standard normal where "
            "the voxel has nothing of its own in common with it"
        ),
        "Units": "1 (standard normal deviate)",
        "Formula": "as that of r, the other seeds regressed out of seed, voxel and noise (Method)",
        "Method": METHOD + (BURSTS if options["bursts"] else ""),
        "Range": value_range(found.z),
        "NumberOfUndefinedVoxels": int(np.isnan(found.z).sum()),
        "Thresholds": _thresholds(found.r[tested], found.z[tested], found.minus_log10_p[tested], options, reach),
        "Sources": list(sources),
    }
    return of_r, of_z


def difference_sidecars(
    first: Mapping,
    second: Mapping,
    found: Difference,
    tested: np.ndarray,
    options: Mapping,
    reach: float,
    sources: Sequence[str],
    caveats_of_run: Sequence[str],
) -> tuple[dict, dict]:
    """Describe a map of the difference of two seeds' Fisher z, and that of its z-score.

    Parameters
    ----------
    first, second : dict
        Sidecars of the seeds' maps of Fisher z.
    found : Difference
    tested : numpy.ndarray of bool, shape (n_voxels,)
        Outside of either seed's reach.
    options : dict
        The config's ``statistics``.
    reach : float
        mm.
    sources : sequence of str
        BIDS URIs of the two maps of Fisher z.
    caveats_of_run : sequence of str
        Of the seeds' own maps of z, whose noise is that of the difference.

    Returns
    -------
    of_effect, of_z : dict
    """
    one, other = first["Seed"]["label"], second["Seed"]["label"]
    known = bool(np.isfinite(found.r_of_seeds))
    said = list(caveats_of_run) if known else ["The run does not cover both seeds: the map is undefined throughout"]
    own = ("Description", "Units", "Formula", "Range", "Seed", "StandardError", "StandardErrorRange", "Sources")
    nu = ("DegreesOfFreedom", "DegreesOfFreedomRange")
    shared = {
        **{name: value for name, value in first.items() if name not in own + nu},
        "Seeds": [first["Seed"], second["Seed"]],
        "CorrelationOfSeeds": found.r_of_seeds if known else None,
        "Caveats": said,
        "NullHypothesis": f"The voxel correlates with {one} as it does with {other}",
        "Software": versions("numpy", "nibabel"),
    }
    of_effect = {
        "Description": f"Fisher z of the seed {one} less that of the seed {other}",
        "Units": "1 (Fisher z)",
        "Formula": f"arctanh r({one}, voxel) - arctanh r({other}, voxel)",
        **shared,
        "Range": value_range(found.effect),
        "NumberOfUndefinedVoxels": int(np.isnan(found.effect).sum()),
        "Sources": list(sources),
    }
    effect, z, strength = (values[tested] for values in (found.effect, found.z, found.minus_log10_p))
    of_z = {
        "Description": (
            f"z-score of the difference between the correlations with {one} and with {other}: standard normal where "
            "both are the same"
        ),
        "Units": "1 (standard normal deviate)",
        "Formula": (
            f"that of the partial correlation with {one} - {other} given {one} + {other}, the seeds' series scaled to "
            "unit length (Williams 1959; Steiger 1980)"
        ),
        **shared,
        "Method": METHOD + (BURSTS if options["bursts"] else ""),
        "DegreesOfFreedom": median(found.nu),
        "Range": value_range(found.z),
        "NumberOfUndefinedVoxels": int(np.isnan(found.z).sum()),
        "Thresholds": _thresholds(effect, z, strength, options, reach, "either seed's", "Difference"),
        "Sources": list(sources),
    }
    return of_effect, of_z


def metrics(run: Mapping, found: Significance, reach: float, voxels: Mapping | None = None) -> dict:
    """What quality, figures and pages are told of a run's statistics.

    Parameters
    ----------
    run : dict
        Sidecar of the run's seed series.
    found : Significance
    reach : float
        How far around a seed voxels are not tested, mm.
    voxels : dict, optional
        Facts of the run's voxel series.

    Returns
    -------
    dict
        ``reach``, ``smoothing_reached_fwhm`` of a run on the cortical surface, ``effective_degrees_of_freedom`` (median
        over seeds and voxels), the same for each seed, and ``null_seeds``.
    """
    check = found.check
    labels = [seed["label"] for seed in run["Seeds"]]
    return {
        "reach": reach,
        **{name: value for name, value in (voxels or {}).items() if name == "smoothing_reached_fwhm"},
        "effective_degrees_of_freedom": median(found.nu),
        "seeds": {label: {"nu": median(nu)} for label, nu in zip(labels, found.nu, strict=True)},
        "null_seeds": {
            "shares": check.shares,
            "errors": check.errors,
            "counts": check.counts.tolist(),
            "n_seeds": check.n_seeds,
            "n_voxels": check.n_voxels,
        },
    }
